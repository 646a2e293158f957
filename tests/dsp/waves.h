/* tests/dsp/waves.h: noise and signals of known power and place, added to samples. Frequencies are
 * in cycles a sample, -0.5 to 0.5; powers are mean |x|^2. */
#ifndef TESTS_DSP_WAVES_H
#define TESTS_DSP_WAVES_H

#include <complex.h>
#include <gsl/gsl_rng.h>
#include <stddef.h>

/* When a signal is on: samples [from, to), and raised-cosine ramps of ramp samples outside that. */
struct wave_keying {
    double from;
    double to;
    double ramp; /* >= 0 */
};

/* Adds white Gaussian noise to x[n]. */
void waves_noise(gsl_rng *rng, float complex *x, size_t n, double pow);

/* Adds a tone to what of it lies within x[n]. */
void waves_tone(float complex *x, size_t n, const struct wave_keying *keying, double frequency,
                double pow);

/* Adds Gaussian noise that is flat between two frequencies. */
void waves_band(gsl_rng *rng, float complex *x, size_t n, const struct wave_keying *keying,
                double low, double high, double pow);

#endif
