/* dsp/prototype.h: the low-pass filter of the channelizer, and what it does to white noise.
 *
 * A sinc under a Kaiser window (Kaiser, "Nonrecursive digital filter design using the I0-sinh
 * window function", Proc. IEEE ISCAS, 1974; window and its beta from liquid-dsp). The cutoff is
 * solved for, so that neighbouring channels cross at -3.01 dB: a tone between two channels keeps
 * its power in their sum. Length channels * taps; h[0] = 0 and the rest is symmetric about h[length
 * / 2], so that a frame is centred on a sample and adds no delay of half a sample. sum h = 1.
 *
 * One tap a branch is no filter but a window: Hann's, of `channels` samples (harris, Proc. IEEE
 * 66(1), 1978), for a plain short-time Fourier transform with half overlap.
 *
 * In channels from the centre, for 60 dB (tests/dsp/prototype_test.c holds them):
 *                                     4 taps   8 taps   12 taps
 *   60 dB down from                     1.07     0.79      0.69
 *   from 1.0 on                        40 dB    63 dB     67 dB
 *   from 1.5 on, what aliases at 2x    62 dB    68 dB     72 dB
 *   a tone, own and next channel's sum  within 0.05 dB at any offset; own channel alone -3.01 dB
 *   noise bandwidth                    1.005    1.004     1.003
 *   correlation, 1 and 3 hops   0.57, -0.07  0.62, -0.17  0.63, -0.19
 *   correlation, 1 channel              0.24     0.12      0.08 */
#ifndef DSP_PROTOTYPE_H
#define DSP_PROTOTYPE_H

#include <stddef.h>

#include "base/err.h"

struct ls_prototype_opts {
    size_t channels;    /* even, >= 2; required */
    size_t taps;        /* coefficients a branch, even, 2 to 32, or 1; 0 means 8 */
    double stopband_db; /* 30 to 90; 0 means 60 */
};

/* ret_h: room for channels * taps coefficients. LS_ERR_ARG, LS_ERR_NOMEM. */
int ls_prototype_design(const struct ls_prototype_opts *opts, float *ret_h, struct ls_err *err);

/* Sum h^2: white noise of mean |x|^2 = v gives cells of mean v times it. */
double ls_prototype_energy(const float *h, size_t length);

/* Equivalent noise bandwidth in channels (spacing = 1): channels * sum h^2 / (sum h)^2. White noise
 * of mean |x|^2 = v gives cells of mean v * bandwidth / channels. */
double ls_prototype_noise_bandwidth(const float *h, size_t length, size_t channels);

/* Correlation coefficient of two cells in white noise, frames_apart hops (channels / 2 samples) and
 * channels_apart channels away from each other: E(X conj Y) / sqrt(E|X|^2 E|Y|^2) but for a sign or
 * phase that depends on where the pair lies, and that |.|^2 does not see. Real, since h is
 * symmetric; 1 at (0, 0). Powers of Gaussian cells correlate by its square. */
double ls_prototype_correlation(const float *h, size_t length, size_t channels, size_t frames_apart,
                                size_t channels_apart);

/* |H|^2 at offset_channels from the channel's centre, linear; 1 at 0. */
double ls_prototype_gain(const float *h, size_t length, size_t channels, double offset_channels);

#endif
