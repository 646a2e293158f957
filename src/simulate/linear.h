/* simulate/linear.h: linear modulation: complex symbols through a root raised cosine. Private to
 * src/simulate. */
#ifndef SIMULATE_LINEAR_H
#define SIMULATE_LINEAR_H

#include <complex.h>
#include <stddef.h>

#include "base/err.h"

struct ls_linear {
    size_t samples_per_symbol;
    size_t length;        /* of the pulse, samples */
    float *pulse;         /* symbols of power 1 give samples of power 1 */
    float complex *carry; /* ring of length: pulse parts of what comes next */
    size_t head;
};

/* reach: half the pulse in symbols. LS_ERR_NOMEM. Owns memory until ls_linear_finish, which takes a
 * zeroed object too. */
int ls_linear_init(struct ls_linear *linear, size_t samples_per_symbol, size_t reach,
                   double rolloff, struct ls_err *err);
void ls_linear_finish(struct ls_linear *linear);

/* Puts symbols[count] at sample `offset` of this call and on, and writes n samples. A symbol peaks
 * length / 2 samples after where it is put. offset + count * samples_per_symbol <= n. */
void ls_linear_modulate(struct ls_linear *linear, const float complex *symbols, size_t count,
                        size_t offset, float complex *ret, size_t n);

/* 99 % bandwidth of white symbols behind a root raised cosine, in symbol rates. */
double ls_linear_bandwidth(double rolloff);

#endif
