#include "pattern/surrogate.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* The longest structure that a clock is looked for in: LS_CLOCK_LOW_HZ of clock_test.h. */
static const double block_s = 120.0;
static const double clump_max_s = 60.0;
/* A clump is what lies closer than a twentieth of the mean interval: of Poisson traffic that is one
 * event in twenty, of a clock none. */
static const double clump_share = 0.05;

/* Resolution of the time stamps, as logs have it: 1 s, 0.1 s, ... 0 below 1 ms. */
static double quantum(const struct ls_arrivals *from) {
    static const double steps[] = {1.0, 0.1, 0.01, 0.001};
    for (size_t k = 0; k < sizeof steps / sizeof steps[0]; k++) {
        size_t i = 0;
        while (i < from->count) {
            double steps_to = (from->t_s[i] - from->t_s[0]) / steps[k];
            if (fabs(steps_to - rint(steps_to)) > 1e-4) {
                break;
            }
            i++;
        }
        if (i == from->count) {
            return steps[k];
        }
    }
    return 0.0;
}

size_t ls_surrogate_declump(const double *t_s, size_t count, double total_s, size_t *ret_kept) {
    double gap_s = clump_share * total_s / (double)count;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        bool joins = kept > 0 && t_s[i] - t_s[i - 1] < gap_s &&
                     t_s[i] - t_s[ret_kept[kept - 1]] < clump_max_s;
        if (!joins) {
            ret_kept[kept++] = i;
        }
    }
    return kept;
}

void ls_surrogate_init(struct ls_surrogate *surrogate, const struct ls_arrivals *from) {
    assert(from->count >= 2 && from->count <= LS_ARRIVALS_MAX);
    double total = ls_good_time_total(from->good);
    double blocks = fmax(1.0, rint(total / block_s));
    *surrogate = (struct ls_surrogate){.from = from,
                                       .clump_s = clump_share * total / (double)from->count,
                                       .block_s = total / blocks,
                                       .quantum_s = quantum(from)};
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

void ls_surrogate_draw(const struct ls_surrogate *surrogate, struct ls_chance *chance,
                       double *ret_t_s) {
    const struct ls_arrivals *from = surrogate->from;
    double total = ls_good_time_total(from->good);
    for (size_t i = 0; i < from->count; i++) {
        double clock = ls_good_time_clock(from->good, from->t_s[i]);
        double block = fmin(floor(clock / surrogate->block_s),
                            fmax(0.0, rint(total / surrogate->block_s) - 1.0));
        ret_t_s[i] = ls_good_time_moment(from->good,
                                         (block + ls_chance_uniform(chance)) * surrogate->block_s);
    }
    if (surrogate->quantum_s > 0.0) {
        for (size_t i = 0; i < from->count; i++) {
            double steps = (ret_t_s[i] - from->t_s[0]) / surrogate->quantum_s;
            ret_t_s[i] = from->t_s[0] + rint(steps) * surrogate->quantum_s;
        }
    }
    qsort(ret_t_s, from->count, sizeof *ret_t_s, ascending);
}
