/* pattern/tally.h: a count of hits, each with its own chance: how surely chance alone gives fewer.
 * The number of hits is Poisson-binomial; its law is kept exactly for up to 63 hits by adding one
 * trial after the other. Beyond that a binomial law of the same mean bounds the tail (Hoeffding,
 * "On the distribution of the number of successes in independent trials", Ann. Math. Stat. 27,
 * 1956). */
#ifndef PATTERN_TALLY_H
#define PATTERN_TALLY_H

#include <stdbool.h>
#include <stdint.h>

enum { LS_TALLY_EXACT = 64 };

struct ls_tally {
    uint64_t trials;
    uint64_t hits;
    double mean;                    /* hits expected */
    double law[LS_TALLY_EXACT + 1]; /* [k]: probability of k hits; the last: of that and more */
};

void ls_tally_init(struct ls_tally *tally);

/* chance: 0 to 1. */
void ls_tally_add(struct ls_tally *tally, double chance, bool hit);

/* log10 of the probability of as many hits or more. u in [0, 1) tells by how much a tie counts, so
 * that the probability is uniform when there is no pattern. */
double ls_tally_log10(const struct ls_tally *tally, double u);

#endif
