#include "pattern/hours_test.h"

#include <gsl/gsl_sf_gamma.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void ls_hours_table_fill(struct ls_hours_table *t, const uint32_t mine[LS_HOURS],
                         const uint32_t others[LS_HOURS], const uint32_t hours[LS_HOURS],
                         uint32_t other_channels) {
    for (size_t h = 0; h < LS_HOURS; h++) {
        uint32_t other_hours = hours[h] * other_channels;
        t->mine[h] = mine[h];
        t->all[h] = mine[h] + others[h];
        /* A transfer that began with the listening may be in an hour that was not counted. */
        t->mine_hours[h] = hours[h] > mine[h] ? hours[h] : mine[h];
        t->other_hours[h] = other_hours > others[h] ? other_hours : others[h];
    }
}

static double ln_choose(unsigned n, unsigned k) {
    return gsl_sf_lnfact(n) - gsl_sf_lnfact(k) - gsl_sf_lnfact(n - k);
}

/* Ways in which this channel can have k of the transfers of one hour, on a scale of their own. */
static void weigh_hour(const struct ls_hours_table *t, size_t h, uint32_t most,
                       double *ret_weight) {
    double highest = -(double)INFINITY;
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t k = 0; k <= most; k++) {
            bool possible =
                k <= t->mine_hours[h] && k <= t->all[h] && t->all[h] - k <= t->other_hours[h];
            double ln = possible ? ln_choose(t->mine_hours[h], k) +
                                       ln_choose(t->other_hours[h], t->all[h] - k)
                                 : -(double)INFINITY;
            highest = fmax(highest, ln);
            ret_weight[k] = exp(ln - highest); /* in the second pass */
        }
    }
}

/* The same for all quiet, or all busy, hours together; ret: [total + 1]. */
static void weigh_hours(const struct ls_hours_table *t, bool quiet, uint32_t total, double *ret,
                        double *work) {
    double *weight = work;
    double *sum = work + total + 1;
    memset(ret, 0, (total + 1) * sizeof *ret);
    ret[0] = 1.0;
    for (size_t h = 0; h < LS_HOURS; h++) {
        if (t->quiet[h] != quiet) {
            continue;
        }
        uint32_t most = t->mine_hours[h] < total ? t->mine_hours[h] : total;
        double highest = 0.0;
        weigh_hour(t, h, most, weight);
        for (uint32_t k = 0; k <= total; k++) {
            sum[k] = 0.0;
            for (uint32_t i = 0; i <= most && i <= k; i++) {
                sum[k] += weight[i] * ret[k - i];
            }
            highest = fmax(highest, sum[k]);
        }
        for (uint32_t k = 0; k <= total; k++) {
            ret[k] = sum[k] / highest;
        }
    }
}

int ls_hours_test(const struct ls_hours_table *t, struct ls_chance *chance, double *ret_p,
                  struct ls_err *err) {
    uint32_t total = 0;
    uint32_t seen = 0;
    for (size_t h = 0; h < LS_HOURS; h++) {
        total += t->mine[h];
        seen += t->quiet[h] ? t->mine[h] : 0;
    }
    size_t room = (size_t)total + 1;
    double *work = malloc(4 * room * sizeof *work);
    if (work == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for %u transfers", total);
    }
    double *quiet = work;
    double *busy = work + room;
    weigh_hours(t, true, total, quiet, work + 2 * room);
    weigh_hours(t, false, total, busy, work + 2 * room);
    double above = 0.0;
    double all = 0.0;
    for (uint32_t k = 0; k <= total; k++) {
        all += quiet[k] * busy[total - k];
        above += k > seen ? quiet[k] * busy[total - k] : 0.0;
    }
    double at = quiet[seen] * busy[total - seen];
    *ret_p = fmax((above + ls_chance_uniform(chance) * at) / all, 1e-300);
    free(work);
    return LS_OK;
}
