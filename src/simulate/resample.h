/* simulate/resample.h: one rate to any other, with exact sample positions for hours of signal.
 * A polyphase Kaiser low-pass with coefficients interpolated linearly between 256 phases (Smith and
 * Gossett, "A Flexible Sampling-Rate Conversion Method", ICASSP 1984). liquid's resamp was not
 * taken: its step has 24 bits, which moves burst edges by a sample within seconds. */
#ifndef SIMULATE_RESAMPLE_H
#define SIMULATE_RESAMPLE_H

#include <complex.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct ls_resample_opts {
    double in_sps;  /* > 0 */
    double out_sps; /* > 0, at least in_sps / 256 */
    double span_hz; /* two-sided band of the input that carries power, < 2 in_sps */
};

struct ls_resample;

/* LS_ERR_ARG: rates out of range. LS_ERR_NOMEM. The caller destroys *ret. */
int ls_resample_create(struct ls_resample **ret, const struct ls_resample_opts *opts,
                       struct ls_err *err);
void ls_resample_destroy(struct ls_resample *rs);

/* Inputs on each side of an output's position that it depends on. */
size_t ls_resample_reach(const struct ls_resample *rs);

/* Where an output lies, in inputs from the start: whole + frac / 2^64. */
struct ls_resample_position {
    int64_t whole;
    uint64_t frac;
};

/* inputs may be negative: outputs before the first input. */
struct ls_resample_position ls_resample_position_at(double inputs);

/* Moves on by `outputs` outputs. */
void ls_resample_advance(const struct ls_resample *rs, struct ls_resample_position *position,
                         size_t outputs);

/* Writes n outputs from *position on and moves it. in[0] is input number in_first; it must hold
 * all from the first whole - reach + 1 to the last whole + reach. Allocates nothing. */
void ls_resample_execute(const struct ls_resample *rs, struct ls_resample_position *position,
                         const float complex *in, int64_t in_first, float complex *ret, size_t n);

#endif
