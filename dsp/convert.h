/* dsp/convert.h: recorded samples to float complex, full scale 1.0 (base/iq.h). What full scale is:
 * cu8 (v - 127.5) / 127.5, from -1 to 1; ci8 v / 128 and ci16_le v / 32768, from -1 to just below
 * 1; cf32_le as it is. */
#ifndef DSP_CONVERT_H
#define DSP_CONVERT_H

#include <complex.h>
#include <stddef.h>

#include "base/iq.h"

/* A cf32 sample beyond this, or not finite, is invalid: its power would soon overflow. The largest
 * integer in use, 2^31, stays 100 dB below. */
#define LS_CONVERT_LARGEST 1e15F

/* Counts of samples (I and Q together are one). */
struct ls_convert_stats {
    size_t invalid; /* cf32: I or Q not finite or beyond LS_CONVERT_LARGEST; taken as 0 */
    size_t clipped; /* integers: I or Q at an end of the format's range. Not told of cf32, which has
                       no full scale of its own, nor of a 12 bit converter in 16 bits */
};

/* in: [n] samples, aligned to one I or Q; ret: [n]. Adds to *stats; stats may be NULL. format is
 * not LS_FORMAT_NONE. Any thread. */
void ls_convert(enum ls_format format, const void *in, size_t n, float complex *ret,
                struct ls_convert_stats *stats);

struct ls_kernels;

/* The same by certain kernels (dsp/kernels.h), for tests. */
void ls_convert_with(const struct ls_kernels *kernels, enum ls_format format, const void *in,
                     size_t n, float complex *ret, struct ls_convert_stats *stats);

/* For those who call kernels themselves and are told to look closer: add to *stats what is invalid
 * or clipped in n samples as recorded; and zero what is invalid in n converted ones. */
void ls_convert_count(enum ls_format format, const void *in, size_t n,
                      struct ls_convert_stats *stats);
void ls_convert_repair(enum ls_format format, float complex *samples, size_t n);

#endif
