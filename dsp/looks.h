/* dsp/looks.h: how many independent looks a box of cells is worth, and the power it must reach.
 *
 * Cells of a 2x oversampled bank overlap, so n cells hold fewer than n independent values. For
 * white noise the powers of cells i and j have covariance |rho_ij|^2, with rho the correlation of
 * the bank's outputs, so the mean of a box has the variance of K = n^2 / sum_ij |rho_ij|^2
 * independent exponentials (Welch, "The Use of Fast Fourier Transform for the Estimation of Power
 * Spectra", IEEE Trans. Audio Electroacoust. 15(2), 1967, eq. 12, for cells in place of segments).
 * Where only K is asked for, its law is Gamma(K, 1/K): the radiometer of Urkowitz, "Energy
 * Detection of Unknown Deterministic Signals", Proc. IEEE 55(4), 1967. The exact law of a box is
 * that of a sum of exponentials weighted with the eigenvalues of its cells' covariance, whose far
 * tail is heavier; it is taken by the saddlepoint method of Lugannani and Rice, "Saddle Point
 * Approximation for the Distribution of the Sum of Independent Random Variables", Adv. Appl.
 * Probab. 12(2), 1980. A large box has the eigenvalues of a small one inside it, as many times more
 * often as it has looks. */
#ifndef DSP_LOOKS_H
#define DSP_LOOKS_H

#include <stddef.h>

#include "base/err.h"

struct ls_looks;

/* prototype: length coefficients of the bank's filter; of a bank of channels, 2x oversampled. The
 * caller destroys *ret. LS_ERR_NOMEM. */
int ls_looks_create(struct ls_looks **ret, const float *prototype, size_t length, size_t channels,
                    struct ls_err *err);
void ls_looks_destroy(struct ls_looks *looks);

/* Effective independent looks of a box of frames x channels cells, >= 1. */
double ls_looks_effective(const struct ls_looks *looks, size_t frames, size_t channels);

/* A box of cells held against a floor that is itself uncertain. */
struct ls_looks_box {
    size_t frames;
    size_t channels;
    double floor_variance; /* relative, of the floor's mean over the box; >= 0 */
    double looks_share;    /* of the looks of its cells, that its mean holds; 0: all */
};

/* Natural logarithm of the probability that the box's mean exceeds t > 1, by its exact law: within
 * 10 % of the probability below 0.1. */
double ls_looks_box_log_tail(const struct ls_looks *looks, const struct ls_looks_box *box,
                             double t);

/* The mean that noise exceeds with probability p by the same law; 1e-300 < p < 0.1. */
double ls_looks_box_threshold(const struct ls_looks *looks, const struct ls_looks_box *box,
                              double p);

/* Mean power, in units of the noise mean, that K looks of noise exceed with probability p: > 1 for
 * small p. K > 0, 1e-300 < p < 1. */
double ls_looks_threshold(double looks, double p);

/* Natural logarithm of the probability that the mean of K looks of noise exceeds t > 0; stays
 * finite far out. */
double ls_looks_log_tail(double looks, double t);

/* E[x | x < t] of the mean of K looks with mean 1: the bias of a mean cut at t. */
double ls_looks_truncated_mean(double looks, double t);

/* t with P(x < t) = q, for the mean of K looks. */
double ls_looks_quantile(double looks, double q);

#endif
