/* dsp/fft.h: complex transforms by FFTW in single precision, and the lock of its planner.
 *
 * Unnormalised: forward X[c] = sum_n x[n] exp(-2 pi i c n / length), inverse with +; a forward and
 * an inverse one multiply by length. Plans are measured (Frigo, Johnson, "The Design and
 * Implementation of FFTW3", Proc. IEEE 93(2), 2005): FFTW_MEASURE to length 2048, FFTW_PATIENT
 * above, two seconds at most. What was learnt (wisdom) is kept for the next run in
 * XDG_CACHE_HOME/lineside, else HOME/.cache/lineside, one file per FFTW version and CPU model. A
 * missing, damaged or unwritable file costs time and nothing else. LINESIDE_WISDOM=off in the
 * environment neither reads nor writes one.
 *
 * Which plan wins is a matter of timing, and plans differ in rounding (about 1e-7 of the largest
 * bin). Within a process, and with a wisdom file, the same request gives the same plan. */
#ifndef DSP_FFT_H
#define DSP_FFT_H

#include <complex.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct ls_fft;

struct ls_fft_opts {
    size_t length;     /* >= 1; required */
    size_t batch;      /* transforms done by one call; 0 means 1 */
    size_t in_stride;  /* samples from one input to the next, >= length; 0 means length */
    size_t ret_stride; /* the same for results */
    bool inverse;
};

enum { LS_FFT_ALIGNMENT = 64 };

/* A product of 2, 3, 5 and 7, which FFTW does fast. False for 0. */
bool ls_fft_good_length(size_t length);

/* LS_ERR_ARG: length 0 or above 2^24, strides below length. LS_ERR_NOMEM. The caller destroys *ret.
 * Any thread; takes the planner lock. */
int ls_fft_create(struct ls_fft **ret, const struct ls_fft_opts *opts, struct ls_err *err);
void ls_fft_destroy(struct ls_fft *fft);

/* in: [batch][in_stride], kept; ret_bins: [batch][ret_stride]. Both aligned to LS_FFT_ALIGNMENT
 * bytes, not overlapping. Any number of threads at once. */
void ls_fft_execute(const struct ls_fft *fft, const float complex *in, float complex *ret_bins);

/* count complex samples, zeroed, aligned to LS_FFT_ALIGNMENT; NULL when out of memory. The caller
 * frees with free(). */
float complex *ls_fft_alloc(size_t count);

/* Held around everything else that plans with FFTW, such as creating and destroying liquid objects
 * that own transforms. Not recursive. */
void ls_fft_lock(void);
void ls_fft_unlock(void);

#endif
