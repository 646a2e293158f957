/* simulate/frontend.h: what a receiver makes of the signals at its antenna port: noise, passband,
 * I/Q imbalance, DC spike, spurs, a converter that clips. Levels are dBFS as in base/iq.h.
 *
 *   signals + noise -> passband filter -> I/Q imbalance -> DC and spurs -> rounding and clipping */
#ifndef SIMULATE_FRONTEND_H
#define SIMULATE_FRONTEND_H

#include <complex.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/iq.h"

struct ls_frontend_spur {
    double offset_hz; /* from the centre of the tuning */
    double level_dbfs;
};

struct ls_frontend_opts {
    double rate_sps; /* > 0; required */
    enum ls_format format;
    double ripple_db;    /* the gain varies by +- this over the band, three times */
    double edge_db;      /* droop at +- rate_sps / 2 against the centre, >= 0 */
    double iq_gain_db;   /* gain of Q against I */
    double iq_phase_deg; /* error of the 90 degrees between them */
    double dc_amplitude; /* of the DC spike, full scale 1; 0: none */
    const struct ls_frontend_spur *spurs; /* [spur_count], copied */
    size_t spur_count;
    uint64_t seed; /* of the noise */
};

struct ls_frontend;

/* LS_ERR_ARG: no rate, no format, a negative droop. LS_ERR_NOMEM. The caller destroys *ret. */
int ls_frontend_create(struct ls_frontend **ret, const struct ls_frontend_opts *opts,
                       struct ls_err *err);
void ls_frontend_destroy(struct ls_frontend *receiver);

/* The passband filter delays by this many samples: the renderer sends signals that much earlier. */
size_t ls_frontend_delay(const struct ls_frontend *receiver);

/* Takes samples[n] of signals (replaced by what the converter sees), the first one number `first`
 * of the wall clock, adds noise of noise_pow (mean |x|^2 over the whole rate) and writes n samples
 * of the format to ret_bytes. Returns how many components were clipped. In order; one thread at a
 * time. */
uint64_t ls_frontend_process(struct ls_frontend *receiver, uint64_t first, double noise_pow,
                             float complex *samples, size_t n, void *ret_bytes);

/* I/Q as float complex to a format: nearest value, ties to even, cut at full scale; NaN becomes 0
 * in integer formats. Returns how many components were cut; cf32_le cuts nothing. */
uint64_t ls_frontend_quantise(enum ls_format format, const float complex *in, size_t n,
                              void *ret_bytes);

#endif
