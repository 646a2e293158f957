#include "pattern/tally.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

void ls_tally_init(struct ls_tally *tally) { *tally = (struct ls_tally){.law = {1.0}}; }

void ls_tally_add(struct ls_tally *tally, double chance, bool hit) {
    double *law = tally->law;
    law[LS_TALLY_EXACT] += law[LS_TALLY_EXACT - 1] * chance;
    for (int k = LS_TALLY_EXACT - 1; k > 0; k--) {
        law[k] += chance * (law[k - 1] - law[k]);
    }
    law[0] *= 1.0 - chance;
    tally->trials++;
    tally->hits += hit;
    tally->mean += chance;
}

/* Chernoff's bound, where the tail itself underflows. */
static double bound_log10(double n, double hits, double share) {
    double x = hits / n;
    double rest = x < 1.0 ? (1.0 - x) * log((1.0 - x) / (1.0 - share)) : 0.0;
    return -n * (x * log(x / share) + rest) / M_LN10;
}

double ls_tally_log10(const struct ls_tally *tally, double u) {
    double n = (double)tally->trials;
    if (tally->hits == 0 && tally->trials == 0) {
        return 0.0;
    }
    if (tally->hits < LS_TALLY_EXACT) {
        double above = 0.0;
        for (uint64_t k = LS_TALLY_EXACT; k > tally->hits; k--) {
            above += tally->law[k];
        }
        return fmin(0.0, log10(fmax(above + u * tally->law[tally->hits], 1e-300)));
    }
    double share = fmin(1.0, tally->mean / n);
    double p = gsl_cdf_binomial_Q((unsigned)tally->hits - 1, share, (unsigned)tally->trials);
    if (p > 1e-290 || (double)tally->hits <= tally->mean) {
        return fmin(0.0, log10(fmax(p, 1e-300)));
    }
    return fmin(0.0, bound_log10(n, (double)tally->hits, share));
}
