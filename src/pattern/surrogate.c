#include "pattern/surrogate.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { SWEEPS = 4 }; /* moves a clump: one in fifty has not moved, one in a thousand by the hub */
static const double rounding_s = 1e-9;
/* The longest structure that a clock is looked for in: LS_CLOCK_LOW_HZ of clock_test.h. */
static const double block_s = 120.0;
static const double clump_max_s = 60.0;
/* A clump is what lies closer than this share of the mean interval: of Poisson traffic that is one
 * event in seven, of a clock none, and of trains and buttons nearly all that belongs together. */
static const double clump_share = 0.15;

double ls_surrogate_quantum(const struct ls_arrivals *from) {
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
                            double *ret_extent_s, double *ret_gap_s) {
    double gap_s = clump_share * total_s / (double)count;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        bool joins = kept > 0 && t_s[i] - t_s[i - 1] < gap_s &&
                     t_s[i] - t_s[ret_kept[kept - 1]] < clump_max_s;
        if (joins) {
            ret_extent_s[kept - 1] = t_s[i] - t_s[ret_kept[kept - 1]];
        } else {
            ret_extent_s[kept] = 0.0;
            ret_kept[kept++] = i;
        }
    }
    *ret_gap_s = gap_s;
    return kept;
}

/* Whether the second of two clumps that follow each other is one of its own. */
static bool apart(const struct ls_place *first, const struct ls_place *second) {
    return second->t_s - first->t_s >= first->need_s - rounding_s;
}

/* Takes the clump at index i to t_s if it meets none there. */
static void move(struct ls_place *places, size_t n, size_t i, double t_s) {
    struct ls_place moved = places[i];
    moved.t_s = t_s;
    size_t to = i;
    while (to > 0 && places[to - 1].t_s > t_s) {
        to--;
    }
    while (to + 1 < n && places[to + 1].t_s <= t_s) {
        to++;
    }
    /* Its neighbours there, itself left out. */
    const struct ls_place *before = to <= i ? &places[to] - 1 : &places[to];
    const struct ls_place *after = to < i ? &places[to] : &places[to] + 1;
    if ((to > 0 && !apart(before, &moved)) || (to + 1 < n && !apart(&moved, after))) {
        return;
    }
    if (to < i) {
        memmove(&places[to + 1], &places[to], (i - to) * sizeof *places);
    } else {
        memmove(&places[i], &places[i + 1], (to - i) * sizeof *places);
    }
    places[to] = moved;
}

/* Which clump moves next is chance too, so that the chain looks the same backwards. */
static void walk(const struct ls_surrogate *s, struct ls_chance *chance, struct ls_place *places) {
    size_t n = s->from->count;
    for (size_t step = 0; step < SWEEPS * n; step++) {
        size_t i = (size_t)(ls_chance_uniform(chance) * (double)n);
        double u = ls_chance_uniform(chance);
        if (places[i].block < 0.0) {
            continue;
        }
        double t_s = ls_good_time_moment(s->from->good, (places[i].block + u) * s->block_s);
        if (s->quantum_s > 0.0) {
            double origin = s->from->t_s[0];
            t_s = origin + rint((t_s - origin) / s->quantum_s) * s->quantum_s;
        }
        move(places, n, i, t_s);
    }
}

void ls_surrogate_init(struct ls_surrogate *surrogate, const struct ls_arrivals *from) {
    assert(from->count >= 2 && from->count <= LS_ARRIVALS_MAX);
    double total = ls_good_time_total(from->good);
    double blocks = fmax(1.0, rint(total / block_s));
    surrogate->from = from;
    surrogate->block_s = total / blocks;
    surrogate->quantum_s = ls_surrogate_quantum(from);
    for (size_t i = 0; i < from->count; i++) {
        double clock = ls_good_time_clock(from->good, from->t_s[i]);
        double extent = from->extent_s == NULL ? 0.0 : from->extent_s[i];
        /* Good time begins and ends with an event: these two are where they are by definition. */
        bool stays = i == 0 || i + 1 == from->count;
        surrogate->hub[i] = (struct ls_place){
            .t_s = from->t_s[i],
            .block = stays ? -1.0 : fmin(floor(clock / surrogate->block_s), blocks - 1.0),
            .need_s = from->extent_s == NULL ? 0.0 : fmin(extent + from->gap_s, clump_max_s)};
    }
    struct ls_chance chance;
    ls_chance_init(&chance, ls_chance_seed(from->t_s, from->count) + 2);
    walk(surrogate, &chance, surrogate->hub);
}

void ls_surrogate_draw(const struct ls_surrogate *surrogate, struct ls_chance *chance,
                       double *ret_t_s) {
    struct ls_place places[LS_ARRIVALS_MAX];
    size_t n = surrogate->from->count;
    memcpy(places, surrogate->hub, n * sizeof *places);
    walk(surrogate, chance, places);
    for (size_t i = 0; i < n; i++) {
        ret_t_s[i] = places[i].t_s;
    }
}
