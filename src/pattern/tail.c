#include "pattern/tail.h"

#include <assert.h>
#include <gsl/gsl_sf_erf.h>
#include <math.h>

enum {
    RANKS = 5, /* with fewer surrogates above, the law says more than the rank */
    TOP = 40   /* what the law of excesses is fitted to */
};

static double law_log10(double mean, double deviation, double score, enum ls_tail_law law) {
    if (law == LS_TAIL_NORMAL) {
        double z = (score - mean) / deviation;
        return fmin(0.0, (gsl_sf_log_erfc(z / M_SQRT2) - M_LN2) / M_LN10);
    }
    double scale = deviation * sqrt(6.0) / M_PI;
    double at = (score - mean) / scale + 0.57721566490153286;
    /* Far out, 1 - exp(-exp(-x)) is exp(-x). */
    return at > 20.0 ? -at / M_LN10 : fmin(0.0, log10(-expm1(-exp(-at))));
}

static const double clear_log10 = -1.3; /* no pattern */
static const double sure_log10 = -8.0;  /* far beyond all ranks */

/* The scores beyond the TOP-th are as far from it as an exponential law has them; the line goes
 * through the last rank. 0: they are all alike. */
static double excess_log10(const double *scores, size_t n, double score) {
    double top[TOP + 1];
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        size_t at = count;
        for (; at > 0 && top[at - 1] < scores[i]; at--) {
            top[at] = top[at - 1];
        }
        top[at] = scores[i];
        count = count < TOP ? count + 1 : TOP;
    }
    double sum = 0.0;
    for (size_t i = 0; i + 1 < count; i++) {
        sum += top[i] - top[count - 1];
    }
    double scale = sum / ((double)count - 1.0);
    return scale > 0.0 ? log10((double)RANKS / ((double)n + 1.0)) -
                             (score - top[RANKS - 1]) / scale / M_LN10
                       : 0.0;
}

double ls_tail_log10(const double *scores, size_t n, double score, double u, enum ls_tail_law law) {
    assert(n >= 20);
    double sum = 0.0;
    double squares = 0.0;
    size_t above = 0;
    size_t equal = 0;
    for (size_t i = 0; i < n; i++) {
        sum += scores[i];
        squares += scores[i] * scores[i];
        above += scores[i] > score;
        equal += scores[i] == score;
    }
    double mean = sum / (double)n;
    double variance = (squares - sum * mean) / ((double)n - 1.0);
    double rank = ((double)above + u * (double)(equal + 1)) / ((double)n + 1.0);
    if (above + equal >= RANKS || !(variance > 0.0)) {
        return log10(fmax(rank, 1e-300));
    }
    /* The law takes over where the rank has no more to say; never above it. */
    double most = log10((double)RANKS / ((double)n + 1.0));
    if (law == LS_TAIL_EXCESS) {
        return fmin(most, excess_log10(scores, n, score));
    }
    return fmin(most, law_log10(mean, sqrt(variance), score, law));
}

double ls_tail_two_looks(double (*draw)(void *context), void *context, double score, double u,
                         double *ret_highest) {
    double scores[LS_TAIL_ALL];
    double highest = -INFINITY;
    double log10_p = 0.0;
    for (size_t k = 0; k < LS_TAIL_ALL; k++) {
        scores[k] = draw(context);
        highest = fmax(highest, scores[k]);
        if (k + 1 == LS_TAIL_FIRST) {
            log10_p = ls_tail_log10(scores, LS_TAIL_FIRST, score, u, LS_TAIL_GUMBEL);
            if (log10_p > clear_log10 || log10_p < sure_log10) {
                break;
            }
        } else if (k + 1 == LS_TAIL_ALL) {
            log10_p = ls_tail_log10(scores, LS_TAIL_ALL, score, u, LS_TAIL_EXCESS);
        }
    }
    if (ret_highest != NULL) {
        *ret_highest = highest;
    }
    return log10_p;
}
