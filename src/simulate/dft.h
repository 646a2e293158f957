/* simulate/dft.h: discrete Fourier transforms of sizes 2^a 3^b 5^c for the OFDM waveforms. FFTW is
 * not taken: it picks its code by processor, and recordings must have the same bytes on every
 * machine of one architecture. Private to src/simulate. */
#ifndef SIMULATE_DFT_H
#define SIMULATE_DFT_H

#include <complex.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct ls_dft {
    size_t n;
    float complex *twiddles; /* [n]: exp(-j 2 pi k / n) */
    float complex *work;     /* [n] */
};

/* n > 0 with no other prime factor than 2, 3, 5. LS_ERR_NOMEM. Owns memory until ls_dft_finish,
 * which takes a zeroed object too. */
int ls_dft_init(struct ls_dft *dft, size_t n, struct ls_err *err);
void ls_dft_finish(struct ls_dft *dft);

/* data: [n], replaced by its transform, not scaled; bin k at k / n cycles a sample. */
void ls_dft_forward(struct ls_dft *dft, float complex *data);
void ls_dft_inverse(struct ls_dft *dft, float complex *data);

#endif
