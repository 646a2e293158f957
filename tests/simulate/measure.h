/* tests/simulate/measure.h: arithmetic of the tests alone, in double, so that no generator can
 * agree with itself. */
#ifndef TESTS_SIMULATE_MEASURE_H
#define TESTS_SIMULATE_MEASURE_H

#include <complex.h>
#include <stddef.h>

#include "simulate/waveform.h"

/* A waveform from start to end, with some silence after it. */
struct measured {
    struct ls_waveform_info info;
    double rate_sps;
    float complex *samples; /* freed by measure_free */
    size_t count;
};

/* Fails the test when the waveform cannot be made; cuts at most_s. */
void measure_render(const struct ls_waveform_opts *opts, double most_s, struct measured *ret);
void measure_free(struct measured *measured);

/* In place, n a power of two; sign -1 forward. */
void measure_fft(double complex *x, size_t n, int sign);

/* Power spectrum: bins ordered from -1/2, in n bins (power of two), Hann-windowed segments that
 * overlap by half; shorter input is padded and not windowed. Added to ret[n]. */
void measure_spectrum(const float complex *x, size_t count, size_t n, double *ret);

/* Where the running sum of spectrum[n] passes share of the whole, in cycles a sample. */
double measure_quantile(const double *spectrum, size_t n, double share);

double measure_power(const float complex *x, size_t count);

/* mean(|x|^4) / mean(|x|^2)^2 */
double measure_kurtosis(const float complex *x, size_t count);

/* First sample at and after `from` whose power is over (or, above false, under) the threshold;
 * count when none. */
size_t measure_edge(const float complex *x, size_t count, size_t from, double threshold,
                    bool above);

#endif
