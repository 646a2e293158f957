/* simulate/stream.h: streams of random numbers by name. A stream depends on the seed, the name of
 * its owner, the unit and the purpose, and on nothing else: what another emitter draws does not
 * matter. */
#ifndef SIMULATE_STREAM_H
#define SIMULATE_STREAM_H

#include <gsl/gsl_rng.h>
#include <stdint.h>

#include "simulate/scenario.h"

/* 64 bits that stand for the four. */
uint64_t ls_stream_key(uint64_t seed, const char *name, uint64_t unit, const char *purpose);

/* A GSL generator (xoshiro256++ of simulate/random.h). NULL when memory is out. The caller frees
 * it with gsl_rng_free. */
gsl_rng *ls_stream_create(uint64_t key);

/* 64 uniform bits. */
uint64_t ls_stream_bits(const gsl_rng *rng);

/* A hold or gap, >= 0 s. */
double ls_stream_wait(const gsl_rng *rng, const struct ls_wait *wait);

/* Its mean, s. */
double ls_stream_wait_mean(const struct ls_wait *wait);

#endif
