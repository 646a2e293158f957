/* pattern/real_fft.h: the spectrum of few events on many points, over and over, for the surrogates
 * of the timing tests.
 *
 * Radix 2, decimation in time, of real numbers: Sorensen, Jones, Heideman, Burrus, "Real-valued
 * fast Fourier transform algorithms", IEEE Trans. ASSP 35(6), 1987. Here with the arithmetic and
 * the twiddle factors of gsl_fft_real_radix2_transform, in the same order for each number, so that
 * what comes out is the same to the last bit wherever neither fuses multiplication and addition:
 * ranks that were stored stay as they are. What differs: each block is worked through from one end
 * to the other, points without events cost nothing to begin with, and factors are kept. */
#ifndef PATTERN_REAL_FFT_H
#define PATTERN_REAL_FFT_H

#include <stddef.h>

#include "base/err.h"

struct ls_real_fft;

/* most: the largest size, a power of two from 16 on. The caller destroys *ret. LS_ERR_NOMEM. */
int ls_real_fft_create(struct ls_real_fft **ret, size_t most, struct ls_err *err);
void ls_real_fft_destroy(struct ls_real_fft *fft);

/* size points without an event; a power of two, 16 to most. */
void ls_real_fft_begin(struct ls_real_fft *fft, size_t size);
/* One more event at point < size. */
void ls_real_fft_add(struct ls_real_fft *fft, size_t point);
/* [size]: the real part of frequency k <= size / 2 at k, the imaginary one at size - k. Valid until
 * the next begin, which comes before the next event. */
const double *ls_real_fft_run(struct ls_real_fft *fft);

#endif
