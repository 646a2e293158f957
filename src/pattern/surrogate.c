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

size_t ls_surrogate_declump(const double *t_s, size_t count, double total_s, size_t *ret_kept,
                            double *ret_gap_s) {
    double gap_s = clump_share * total_s / (double)count;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        bool joins = kept > 0 && t_s[i] - t_s[i - 1] < gap_s &&
                     t_s[i] - t_s[ret_kept[kept - 1]] < clump_max_s;
        if (!joins) {
            ret_kept[kept++] = i;
        }
    }
    *ret_gap_s = gap_s;
    return kept;
}

void ls_surrogate_init(struct ls_surrogate *surrogate, const struct ls_arrivals *from) {
    assert(from->count >= 2 && from->count <= LS_ARRIVALS_MAX);
    double total = ls_good_time_total(from->good);
    double blocks = fmax(1.0, rint(total / block_s));
    *surrogate =
        (struct ls_surrogate){.from = from, .block_s = total / blocks, .quantum_s = quantum(from)};
}

struct place {
    double t_s;
    double block; /* number of its block */
};

static int ascending(const void *a, const void *b) {
    const struct place *x = a;
    const struct place *y = b;
    return (x->t_s > y->t_s) - (x->t_s < y->t_s);
}

static double draw(const struct ls_surrogate *s, struct ls_chance *chance, double block) {
    return ls_good_time_moment(s->from->good, (block + ls_chance_uniform(chance)) * s->block_s);
}

/* Events whose clumps were taken out keep apart: those that fell too close are drawn again. A few
 * rounds do, as few of them ever meet; what remains is left. */
static void keep_apart(const struct ls_surrogate *s, struct ls_chance *chance,
                       struct place *places) {
    size_t n = s->from->count;
    for (int round = 0; round < 8; round++) {
        size_t moved = 0;
        for (size_t i = 1; i < n; i++) {
            if (places[i].t_s - places[i - 1].t_s < s->from->gap_s) {
                places[i].t_s = draw(s, chance, places[i].block);
                moved++;
                i++; /* the next one has a new neighbour: it is looked at in the next round */
            }
        }
        if (moved == 0) {
            return;
        }
        qsort(places, n, sizeof *places, ascending);
    }
}

void ls_surrogate_draw(const struct ls_surrogate *surrogate, struct ls_chance *chance,
                       double *ret_t_s) {
    const struct ls_arrivals *from = surrogate->from;
    struct place places[LS_ARRIVALS_MAX];
    double last = fmax(0.0, rint(ls_good_time_total(from->good) / surrogate->block_s) - 1.0);
    for (size_t i = 0; i < from->count; i++) {
        double clock = ls_good_time_clock(from->good, from->t_s[i]);
        places[i].block = fmin(floor(clock / surrogate->block_s), last);
        places[i].t_s = draw(surrogate, chance, places[i].block);
    }
    qsort(places, from->count, sizeof *places, ascending);
    if (from->gap_s > 0.0) {
        keep_apart(surrogate, chance, places);
    }
    double quantum = surrogate->quantum_s;
    for (size_t i = 0; i < from->count; i++) {
        ret_t_s[i] = quantum > 0.0
                         ? from->t_s[0] + rint((places[i].t_s - from->t_s[0]) / quantum) * quantum
                         : places[i].t_s;
    }
}
