/* simulate/random.h: random numbers that are the same on every machine of one architecture, and
 * Gaussian noise fast enough for wide recordings. Only IEEE 754 operations that round correctly are
 * used: no libm, no code picked by processor. */
#ifndef SIMULATE_RANDOM_H
#define SIMULATE_RANDOM_H

#include <complex.h>
#include <stddef.h>
#include <stdint.h>

/* xoshiro256++ 1.0 (Blackman, Vigna, "Scrambled Linear Pseudorandom Number Generators", ACM TOMS
 * 47(4), 2021), state filled by splitmix64. */
struct ls_random {
    uint64_t state[4];
};

/* Equal (seed, stream) give equal numbers; different ones are unrelated. */
void ls_random_init(struct ls_random *random, uint64_t seed, uint64_t stream);

/* 64 uniform bits. */
uint64_t ls_random_bits(struct ls_random *random);

/* Uniform in [0, 1). */
double ls_random_uniform(struct ls_random *random);

/* Uniform in 0..count-1; count > 0. */
uint64_t ls_random_below(struct ls_random *random, uint64_t count);

/* Standard normal deviate. */
double ls_random_normal(struct ls_random *random);

/* Adds circular white Gaussian noise of the given mean power (both components together) to
 * samples[n]. */
void ls_random_add_noise(struct ls_random *random, float complex *samples, size_t n, double power);

#endif
