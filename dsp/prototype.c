#include "dsp/prototype.h"

#include <complex.h>
#include <gsl/gsl_sf_bessel.h>
#include <liquid/liquid.h>
#include <math.h>
#include <stdlib.h>

#include "base/util.h"

static double sinc(double x) { return x == 0.0 ? 1.0 : sin(M_PI * x) / (M_PI * x); }

/* Tap at distance t samples from the centre, cutoff in cycles a sample, before normalisation. */
static double tap(const float *window, size_t t, double cutoff) {
    return (double)window[t] * sinc(2.0 * cutoff * (double)t);
}

/* Amplitude at frequency (cycles a sample) relative to that at 0. window: from the centre out,
 * count of them. */
static double amplitude(const float *window, size_t count, double cutoff, double frequency) {
    double at_zero = tap(window, 0, cutoff);
    double at_frequency = at_zero;
    for (size_t t = 1; t < count; t++) {
        double both = 2.0 * tap(window, t, cutoff);
        at_zero += both;
        at_frequency += both * cos(2.0 * M_PI * frequency * (double)t);
    }
    return at_frequency / at_zero;
}

/* The cutoff at which the channel edge (half a spacing from its centre) is down by 3.01 dB. The
 * amplitude there rises with the cutoff: false position, in the Illinois variant (Dowell, Jarratt,
 * 1971), takes some eight steps. */
static double solve_cutoff(const float *window, size_t count, size_t channels) {
    double edge = 0.5 / (double)channels;
    double low = 0.5 * edge;
    double high = 3.0 * edge;
    double below = amplitude(window, count, low, edge) - M_SQRT1_2;
    double above = amplitude(window, count, high, edge) - M_SQRT1_2;
    double middle = edge;
    for (int step = 0; step < 50 && high - low > 1e-9 * edge; step++) {
        middle = (low * above - high * below) / (above - below);
        double value = amplitude(window, count, middle, edge) - M_SQRT1_2;
        if (fabs(value) < 1e-9) {
            break;
        }
        if (value > 0.0) {
            high = middle;
            above = value;
            below /= 2.0;
        } else {
            low = middle;
            below = value;
            above /= 2.0;
        }
    }
    return middle;
}

static int check(struct ls_prototype_opts *o, struct ls_err *err) {
    o->taps = o->taps == 0 ? 8 : o->taps;
    o->stopband_db = o->stopband_db == 0.0 ? 60.0 : o->stopband_db;
    if (o->channels < 2 || o->channels % 2 != 0) {
        return ls_err_set(err, LS_ERR_ARG, "%zu channels: must be even", o->channels);
    }
    if (o->taps != 1 && (o->taps < 2 || o->taps > 32 || o->taps % 2 != 0)) {
        return ls_err_set(err, LS_ERR_ARG, "%zu taps a branch: must be even, 2 to 32, or 1",
                          o->taps);
    }
    if (!(o->stopband_db >= 30.0 && o->stopband_db <= 90.0)) {
        return ls_err_set(err, LS_ERR_ARG, "stopband of %g dB: must be 30 to 90 dB",
                          o->stopband_db);
    }
    return LS_OK;
}

/* A Kaiser window of 2 * half - 1 taps, of which only the centre and one side are needed. */
static void fill_window(float *ret, size_t half, double stopband_db) {
    double beta = (double)kaiser_beta_As((float)stopband_db);
    double norm = gsl_sf_bessel_I0(beta);
    for (size_t t = 0; t < half; t++) {
        double r = (double)t / (double)(half - 1 > 0 ? half - 1 : 1);
        ret[t] = (float)(gsl_sf_bessel_I0(beta * sqrt(1.0 - r * r)) / norm);
    }
}

/* Harris, "On the Use of Windows for Harmonic Analysis with the Discrete Fourier Transform", Proc.
 * IEEE 66(1), 1978, eq. 27, periodic. */
static void design_hann(size_t length, float *ret_h) {
    for (size_t n = 0; n < length; n++) {
        double w = 1.0 - cos(2.0 * M_PI * (double)n / (double)length);
        ret_h[n] = (float)(w / (double)length);
    }
}

int ls_prototype_design(const struct ls_prototype_opts *opts, float *ret_h, struct ls_err *err) {
    struct ls_prototype_opts o = *opts;
    int rc = check(&o, err);
    if (rc != LS_OK) {
        return rc;
    }
    size_t length = o.channels * o.taps;
    size_t half = length / 2;
    if (o.taps == 1) {
        design_hann(length, ret_h);
        return LS_OK;
    }
    LS_AUTO(float) window = malloc(half * sizeof *window);
    if (window == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "no memory for a prototype of %zu taps", length);
    }
    fill_window(window, half, o.stopband_db);
    double cutoff = solve_cutoff(window, half, o.channels);
    double sum = tap(window, 0, cutoff);
    for (size_t t = 1; t < half; t++) {
        sum += 2.0 * tap(window, t, cutoff);
    }
    ret_h[0] = 0.0F;
    ret_h[half] = (float)(tap(window, 0, cutoff) / sum);
    for (size_t t = 1; t < half; t++) {
        ret_h[half - t] = (float)(tap(window, t, cutoff) / sum);
        ret_h[half + t] = ret_h[half - t];
    }
    return LS_OK;
}

double ls_prototype_energy(const float *h, size_t length) {
    double energy = 0.0;
    for (size_t n = 0; n < length; n++) {
        energy += (double)h[n] * (double)h[n];
    }
    return energy;
}

double ls_prototype_noise_bandwidth(const float *h, size_t length, size_t channels) {
    double sum = 0.0;
    for (size_t n = 0; n < length; n++) {
        sum += (double)h[n];
    }
    return (double)channels * ls_prototype_energy(h, length) / (sum * sum);
}

double ls_prototype_correlation(const float *h, size_t length, size_t channels, size_t frames_apart,
                                size_t channels_apart) {
    double squares = ls_prototype_energy(h, length);
    size_t shift = frames_apart * (channels / 2);
    double turn = 2.0 * M_PI * (double)(channels_apart % channels) / (double)channels;
    double sum = 0.0;
    /* From the middle of the overlap the product is even, so its cosine part is all there is. The
     * turn goes on step by step: its error grows to 1e-12 over a long prototype. */
    double complex at = cexp((double complex)I * turn * (double)shift / 2.0) *
                        cexp((double complex)I * turn * -(double)length / 2.0);
    double complex step = cexp((double complex)I * turn);
    for (size_t n = shift; n < length; n++, at *= step) {
        sum += (double)h[n] * (double)h[n - shift] * creal(at);
    }
    return sum / squares;
}

double ls_prototype_gain(const float *h, size_t length, size_t channels, double offset_channels) {
    double turn = 2.0 * M_PI * offset_channels / (double)channels;
    double at_zero = 0.0;
    double at_offset = 0.0;
    for (size_t n = 0; n < length; n++) {
        at_zero += (double)h[n];
        at_offset += (double)h[n] * cos(turn * ((double)n - (double)length / 2.0));
    }
    return at_offset * at_offset / (at_zero * at_zero);
}
