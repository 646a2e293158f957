#include "tests/dsp/waves.h"

#include <criterion/criterion.h>
#include <gsl/gsl_fft_complex.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>

#include "base/util.h"

void waves_noise(gsl_rng *rng, float complex *x, size_t n, double pow) {
    float *parts = (float *)x;
    double sigma = sqrt(pow / 2.0);
    for (size_t i = 0; i < 2 * n; i++) {
        parts[i] += (float)gsl_ran_gaussian_ziggurat(rng, sigma);
    }
}

struct span {
    size_t from;
    size_t to;
};

/* Samples of x[n] that the keying touches. */
static struct span touched(const struct wave_keying *keying, size_t n) {
    double from = round(keying->from - keying->ramp);
    double to = round(keying->to + keying->ramp);
    return (struct span){.from = from <= 0.0 ? 0 : (size_t)fmin((double)n, from),
                         .to = to <= 0.0 ? 0 : (size_t)fmin((double)n, to)};
}

static double amplitude_at(const struct wave_keying *keying, size_t i) {
    double outside = fmax(keying->from - (double)i, (double)i - keying->to);
    return outside > 0.0 && keying->ramp > 0.0
               ? 0.5 + 0.5 * cos(M_PI * fmin(1.0, outside / keying->ramp))
               : 1.0;
}

void waves_tone(float complex *x, size_t n, const struct wave_keying *keying, double frequency,
                double pow) {
    struct span span = touched(keying, n);
    for (size_t i = span.from; i < span.to; i++) {
        double angle = 2.0 * M_PI * frequency * (double)i;
        double amplitude = sqrt(pow) * amplitude_at(keying, i);
        x[i] += (float complex)(amplitude * CMPLX(cos(angle), sin(angle)));
    }
}

void waves_band(gsl_rng *rng, float complex *x, size_t n, const struct wave_keying *keying,
                double low, double high, double pow) {
    struct span span = touched(keying, n);
    /* GSL's transform of powers of two: nothing is planned. */
    size_t length = 64;
    while (length < span.to - span.from) {
        length *= 2;
    }
    LS_AUTO(double) wave = calloc(2 * length, sizeof *wave);
    cr_assert_not_null(wave);
    long first = lround(low * (double)length);
    long stop = lround(high * (double)length);
    double sigma = sqrt(pow / (double)(stop - first) / 2.0);
    for (long k = first; k < stop; k++) {
        size_t i = (size_t)(k < 0 ? k + (long)length : k);
        wave[2 * i] = gsl_ran_gaussian_ziggurat(rng, sigma);
        wave[2 * i + 1] = gsl_ran_gaussian_ziggurat(rng, sigma);
    }
    gsl_fft_complex_radix2_backward(wave, 1, length);
    for (size_t i = span.from; i < span.to; i++) {
        double amplitude = amplitude_at(keying, i);
        const double *part = wave + 2 * (i - span.from);
        x[i] += (float complex)(amplitude * CMPLX(part[0], part[1]));
    }
}
