/* pattern/chance.h: random numbers for surrogates, the same on every machine: xoshiro256++ 1.0
 * (Blackman, Vigna, "Scrambled Linear Pseudorandom Number Generators", ACM TOMS 47(4), 2021),
 * seeded by splitmix64. The seed comes from the data, so that a search repeated gives the same
 * answer. */
#ifndef PATTERN_CHANCE_H
#define PATTERN_CHANCE_H

#include <stddef.h>
#include <stdint.h>

struct ls_chance {
    uint64_t state[4];
};

void ls_chance_init(struct ls_chance *chance, uint64_t seed);

/* A seed that depends on each of the times. */
uint64_t ls_chance_seed(const double *t_s, size_t count);

/* Uniform in [0, 1). */
double ls_chance_uniform(struct ls_chance *chance);

#endif
