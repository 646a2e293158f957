/* tests/pattern/railway.h: trains, what they carry, and the neighbours, row by row from a seed. */
#ifndef TESTS_PATTERN_RAILWAY_H
#define TESTS_PATTERN_RAILWAY_H

#include <stddef.h>

#include "pattern/chance.h"
#include "tests/pattern/stand.h"

enum { RAILWAY_PER_DAY = 38 };

struct railway {
    struct stand *stand;
    struct ls_chance chance;
    double delay_s[40][RAILWAY_PER_DAY]; /* of each train */
};

/* days <= 40 of trains every half hour from 5 h on, each in sight for 100 s with a cab radio, and
 * with passengers on four channels whose phones all signal within seconds of 20 s before the
 * closest moment; neighbours call on three channels. */
void railway_init(struct railway *railway, struct stand *stand, uint64_t seed, size_t days);

/* Middle of the passage, seconds from the beginning. */
double railway_time(const struct railway *railway, size_t day, size_t train);

/* A transmission on board: what of it is in sight is planted, at the level of its middle. */
void railway_plant(struct railway *railway, size_t day, size_t train, double t_s, double duration_s,
                   double center_hz);

double railway_normal(struct railway *railway);

#endif
