/* pattern/surrogate.h: what a log looks like that has no pattern but everything else of this one.
 *
 * Events that lie close together are one clump (the repeats of a button, the phones of one train)
 * and count once. Each of those that remain goes to a place drawn uniformly within its own block of
 * two minutes of good time. So day, timetable, clusters and the receiver's own schedule stay, and
 * only the structure finer than a block goes. Uniform shuffling of clustered traffic would make
 * every cluster look like a pattern. Sources: interval jitter of Amarasingham, Harrison,
 * Hatsopoulos, Geman, "Conditional modeling and the jitter method of spike resampling", J.
 * Neurophysiology 107, 2012; blocks as in Kunsch, "The jackknife and the bootstrap for general
 * stationary observations", Ann. Stat. 17, 1989. */
#ifndef PATTERN_SURROGATE_H
#define PATTERN_SURROGATE_H

#include <stddef.h>

#include "pattern/chance.h"
#include "pattern/exposure.h"

enum { LS_ARRIVALS_MAX = 1024 };

/* Events of one search, ascending. */
struct ls_arrivals {
    const double *t_s; /* [count], from good->origin_ns */
    size_t count;      /* 2 to LS_ARRIVALS_MAX */
    double gap_s;      /* no two are closer: clumps were taken out; 0: they were not */
    const struct ls_good_time *good; /* when somebody listened */
};

struct ls_surrogate {
    const struct ls_arrivals *from;
    double block_s;   /* of good time */
    double quantum_s; /* times are whole multiples of this; 0: they are not */
};

/* Keeps the first event of each clump: of times t_s[count], ascending, in total_s of good time.
 * ret_kept: [count], room for their indices; *ret_gap_s: what was taken for a clump. Returns how
 * many there are. */
size_t ls_surrogate_declump(const double *t_s, size_t count, double total_s, size_t *ret_kept,
                            double *ret_gap_s);

/* Looks at the events; from is borrowed. */
void ls_surrogate_init(struct ls_surrogate *surrogate, const struct ls_arrivals *from);

/* ret_t_s: [count], ascending. */
void ls_surrogate_draw(const struct ls_surrogate *surrogate, struct ls_chance *chance,
                       double *ret_t_s);

#endif
