/* simulate/ofdm.h: what LTE, NR and NB-IoT share: symbols of n points with a cyclic prefix of 9/128
 * n, a longer one every half millisecond; sequences of constant amplitude. Sources: 3GPP TS 36.211
 * clauses 5.6 and 6.12, TS 38.211 clause 5.3.1. Private to src/simulate. */
#ifndef SIMULATE_OFDM_H
#define SIMULATE_OFDM_H

#include <complex.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "simulate/dft.h"
#include "simulate/random.h"

struct ls_ofdm {
    struct ls_dft dft;
    float complex *bins;  /* [n], bin k at k subcarriers from the centre, negative ones from n down;
                             cleared by ls_ofdm_symbol */
    float complex *shift; /* [n]: half a subcarrier up; NULL when there is none */
};

/* n a multiple of 128. LS_ERR_NOMEM. Owns memory until ls_ofdm_finish, which takes a zeroed object
 * too. */
int ls_ofdm_init(struct ls_ofdm *ofdm, size_t n, bool half_shift, struct ls_err *err);
void ls_ofdm_finish(struct ls_ofdm *ofdm);

/* Bin of subcarrier k of `count`, where the middle lies between k = count/2 - 1 and count/2; with
 * skip_dc the upper half moves up by one. */
size_t ls_ofdm_bin(const struct ls_ofdm *ofdm, size_t k, size_t count, bool skip_dc);

/* Writes prefix + n samples of the bins, each bin of power 1 adding `scale`^2 of power, and clears
 * the bins. Returns their number. */
size_t ls_ofdm_symbol(struct ls_ofdm *ofdm, size_t prefix, float scale, float complex *ret);

/* Random QPSK of mean power 1. */
float complex ls_ofdm_qpsk(struct ls_random *random);

/* Zadoff-Chu sequence of odd length, root prime to it: entry `index` (taken modulo length). */
float complex ls_ofdm_zadoff_chu(size_t root, size_t index, size_t length);

/* How far beyond a block of width_hz the edge of 99 % of its power lies, with symbols that follow
 * each other unshaped: their 1/f^2 skirts matter below 1 MHz. 0 for wide blocks. */
double ls_ofdm_skirt(double width_hz);

/* Largest prime <= n; n >= 2. */
size_t ls_ofdm_prime(size_t n);

#endif
