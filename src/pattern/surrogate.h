/* pattern/surrogate.h: what a log looks like that has no pattern but everything else of this one.
 *
 * Events that lie close together are one clump (the repeats of a button, the phones of one train)
 * and count once. Each clump but the first and the last goes to a place drawn uniformly within its
 * own block of two minutes of good time, where it meets no other. So day, timetable, clusters and
 * the receiver's own schedule stay, and only the structure finer than a block goes. Uniform
 * shuffling of clustered traffic would make every cluster look like a pattern. Sources: interval
 * jitter of Amarasingham, Harrison, Hatsopoulos, Geman, "Conditional modeling and the jitter method
 * of spike resampling", J. Neurophysiology 107, 2012; blocks as in Kunsch, "The jackknife and the
 * bootstrap for general stationary observations", Ann. Stat. 17, 1989.
 *
 * Places where no two clumps meet are drawn by a Markov chain: from the events to a hub, and from
 * the hub to each surrogate anew. Events and surrogates are then exchangeable however well the
 * chain mixes, so that a rank among them is exact (Besag, Clifford, "Generalized Monte Carlo
 * significance tests", Biometrika 76, 1989, the parallel method). */
#ifndef PATTERN_SURROGATE_H
#define PATTERN_SURROGATE_H

#include <stddef.h>

#include "pattern/chance.h"
#include "pattern/exposure.h"

enum { LS_ARRIVALS_MAX = 1024 };

/* Events of one search, ascending. */
struct ls_arrivals {
    const double *t_s;      /* [count], from good->origin_ns: the first of each clump */
    const double *extent_s; /* [count]: to the last of it; NULL: clumps were not taken out */
    size_t count;           /* 2 to LS_ARRIVALS_MAX */
    double gap_s;           /* closer than this to the last of a clump is the same clump */
    const struct ls_good_time *good; /* when somebody listened */
};

/* Keeps the first event of each clump: of times t_s[count], ascending, in total_s of good time.
 * ret_kept, ret_extent_s: [count], room for their indices and extents; *ret_gap_s: what was taken
 * for a clump. Returns how many there are. */
size_t ls_surrogate_declump(const double *t_s, size_t count, double total_s, size_t *ret_kept,
                            double *ret_extent_s, double *ret_gap_s);

/* Resolution of the time stamps, as logs have it: 1 s, 0.1 s, ... 0 below 1 ms. */
double ls_surrogate_quantum(const struct ls_arrivals *from);

/* One clump in a surrogate. */
struct ls_place {
    double t_s;
    double block;  /* number of its block; negative: it stays */
    double need_s; /* the next one is no closer */
};

struct ls_surrogate {
    const struct ls_arrivals *from;
    double block_s;                       /* of good time */
    double quantum_s;                     /* times are whole multiples of this; 0: they are not */
    struct ls_place hub[LS_ARRIVALS_MAX]; /* ascending */
};

/* Looks at the events and goes to the hub; from is borrowed. */
void ls_surrogate_init(struct ls_surrogate *surrogate, const struct ls_arrivals *from);

/* ret_t_s: [count], ascending. */
void ls_surrogate_draw(const struct ls_surrogate *surrogate, struct ls_chance *chance,
                       double *ret_t_s);

#endif
