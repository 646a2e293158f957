/* simulate/cpm.h: frequency modulation by shaped symbols: FSK, 4FSK, GFSK, GMSK. Each symbol adds a
 * frequency pulse; the sum is integrated to a phase, so the envelope is constant. Private to
 * src/simulate. */
#ifndef SIMULATE_CPM_H
#define SIMULATE_CPM_H

#include <complex.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum ls_cpm_shape {
    LS_CPM_RECT,     /* one symbol of constant frequency */
    LS_CPM_GAUSSIAN, /* rect through a Gaussian filter; factor: bandwidth-time product */
    LS_CPM_RRC,      /* root raised cosine; factor: roll-off */
};

struct ls_cpm_opts {
    size_t samples_per_symbol; /* >= 2 */
    enum ls_cpm_shape shape;
    double factor;
    double turns; /* phase that a symbol of level 1 adds: deviation_hz / symbol_rate */
};

struct ls_cpm {
    size_t samples_per_symbol;
    size_t length; /* of the pulse, samples */
    float *pulse;  /* 2^-32 turns a sample for level 1 */
    float *carry;  /* pulse parts that reach into the next call: [length] */
    uint32_t phase;
};

/* LS_ERR_NOMEM. cpm owns memory until ls_cpm_finish, which takes a zeroed object too. */
int ls_cpm_init(struct ls_cpm *cpm, const struct ls_cpm_opts *opts, struct ls_err *err);
void ls_cpm_finish(struct ls_cpm *cpm);

/* Samples from where a symbol is put to where it starts to count: half the overlap. */
size_t ls_cpm_delay(const struct ls_cpm *cpm);

/* Puts levels[count] at sample `offset` of this call and on, and writes n samples. offset + count *
 * samples_per_symbol <= n. */
void ls_cpm_modulate(struct ls_cpm *cpm, const float *levels, size_t count, size_t offset,
                     float complex *ret, size_t n);

#endif
