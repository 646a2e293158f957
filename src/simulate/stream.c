#include "simulate/stream.h"

#include <gsl/gsl_randist.h>
#include <math.h>

#include "simulate/random.h"

static void set_state(void *state, unsigned long seed) { ls_random_init(state, seed, 0); }

static unsigned long get_bits(void *state) { return (unsigned long)(ls_random_bits(state) >> 32); }

static double get_double(void *state) { return ls_random_uniform(state); }

static const gsl_rng_type xoshiro = {.name = "xoshiro256++",
                                     .max = 0xffffffffUL,
                                     .min = 0,
                                     .size = sizeof(struct ls_random),
                                     .set = set_state,
                                     .get = get_bits,
                                     .get_double = get_double};

/* Finaliser of splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators",
 * OOPSLA 2014). */
static uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* FNV-1a, 64 bits. */
static uint64_t hash_text(uint64_t hash, const char *text) {
    for (; *text != '\0'; text++) {
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    }
    return hash;
}

uint64_t ls_stream_key(uint64_t seed, const char *name, uint64_t unit, const char *purpose) {
    uint64_t key = hash_text(UINT64_C(0xcbf29ce484222325), name);
    key = hash_text(mix(key), purpose);
    return mix(mix(key + UINT64_C(0x9e3779b97f4a7c15) * (unit + 1)) ^ mix(seed + 1));
}

gsl_rng *ls_stream_create(uint64_t key) {
    gsl_rng *rng = gsl_rng_alloc(&xoshiro);
    if (rng != NULL) {
        gsl_rng_set(rng, key);
    }
    return rng;
}

uint64_t ls_stream_bits(const gsl_rng *rng) {
    uint64_t high = gsl_rng_get(rng);
    return high << 32 | gsl_rng_get(rng);
}

double ls_stream_wait(const gsl_rng *rng, const struct ls_wait *wait) {
    switch (wait->kind) {
    case LS_WAIT_UNIFORM:
        return wait->low_s + (wait->high_s - wait->low_s) * gsl_rng_uniform(rng);
    case LS_WAIT_LOG_NORMAL:
        return wait->seconds > 0.0 ? gsl_ran_lognormal(rng, log(wait->seconds), wait->spread) : 0.0;
    case LS_WAIT_EXPONENTIAL:
        return gsl_ran_exponential(rng, wait->seconds);
    default:
        return wait->spread > 0.0 ? fmax(0.0, wait->seconds + gsl_ran_gaussian(rng, wait->spread))
                                  : wait->seconds;
    }
}

double ls_stream_wait_mean(const struct ls_wait *wait) {
    switch (wait->kind) {
    case LS_WAIT_UNIFORM:
        return (wait->low_s + wait->high_s) / 2.0;
    case LS_WAIT_LOG_NORMAL:
        return wait->seconds * exp(wait->spread * wait->spread / 2.0);
    default:
        return wait->seconds;
    }
}
