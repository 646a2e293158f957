#include "detect/spectrum.h"

#include <criterion/criterion.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/util.h"

enum { BINS = 512, MIDDLE = BINS / 2 };

/* Shares of a signal's power in each bin, centred on the middle of bin MIDDLE. */
static void flat_band(double *ret, double width) {
    for (size_t i = 0; i < BINS; i++) {
        ret[i] = fabs((double)i - MIDDLE) <= width / 2.0 ? 1.0 : 0.0;
    }
}

/* Root raised cosine pulses: the power spectrum is a raised cosine of roll-off 0.35. */
static void raised_cosine(double *ret, double symbol_rate) {
    double a = 0.35;
    for (size_t i = 0; i < BINS; i++) {
        double f = fabs((double)i - MIDDLE) / symbol_rate;
        double edge = (f - (1.0 - a) / 2.0) / a;
        ret[i] = edge <= 0.0 ? 1.0 : (edge >= 1.0 ? 0.0 : 0.5 + 0.5 * cos(M_PI * edge));
    }
}

/* A tone under a Hann window. */
static void tone(double *ret) {
    memset(ret, 0, BINS * sizeof *ret);
    ret[MIDDLE] = 1.0;
    ret[MIDDLE - 1] = ret[MIDDLE + 1] = 0.25;
}

/* Its own 99 % bandwidth, bins as steps. */
static double true_bandwidth(const double *shape) {
    double total = 0.0;
    for (size_t i = 0; i < BINS; i++) {
        total += shape[i];
    }
    double edges[2] = {0.0, 0.0};
    double sum = 0.0;
    for (size_t i = 0; i < BINS; i++) {
        for (int k = 0; k < 2; k++) {
            double at = (k == 0 ? 0.005 : 0.995) * total;
            if (sum < at && sum + shape[i] >= at) {
                edges[k] = (double)i + (at - sum) / shape[i];
            }
        }
        sum += shape[i];
    }
    return edges[1] - edges[0];
}

/* The shape's strongest bin is snr_db above the noise; estimated from so many transforms. */
static struct ls_spectrum noisy(gsl_rng *rng, const double *shape, double snr_db, double averages) {
    float power[BINS];
    for (size_t i = 0; i < BINS; i++) {
        double mean = 1.0 + exp10(snr_db / 10.0) * shape[i];
        power[i] = (float)(mean * gsl_ran_gamma(rng, averages, 1.0 / averages));
    }
    struct ls_spectrum spectrum = {0};
    cr_assert_eq(ls_spectrum_add(&spectrum, 1000, power, BINS, 0.1, averages, 1.0), LS_OK);
    return spectrum;
}

static void expect_bandwidth(const char *name, const double *shape, double snr_db, double averages,
                             double tolerance) {
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    double truth = true_bandwidth(shape);
    for (size_t trial = 0; trial < 20; trial++) {
        struct ls_spectrum spectrum = noisy(rng, shape, snr_db, averages);
        struct ls_occupied found = ls_spectrum_occupied(&spectrum, 1.0);
        double width = found.high_bin - found.low_bin;
        cr_expect_float_eq(width / truth, 1.0, tolerance, "%s at %g dB: %.1f bins, not %.1f", name,
                           snr_db, width, truth);
        double center = 0.5 * (found.low_bin + found.high_bin) - 1000.0 - MIDDLE - 0.5;
        cr_expect_lt(fabs(center), fmax(0.5, 0.03 * truth), "%s at %g dB: centre off by %.2f bins",
                     name, snr_db, center);
        ls_spectrum_finish(&spectrum);
    }
    gsl_rng_free(rng);
}

Test(spectrum, occupied_bandwidth_of_known_shapes_is_within_a_tenth) {
    double shape[BINS];
    for (double snr_db = 15.0; snr_db <= 45.0; snr_db += 15.0) {
        flat_band(shape, 100.0);
        expect_bandwidth("flat band", shape, snr_db, 16.0, 0.1);
        raised_cosine(shape, 100.0);
        expect_bandwidth("raised cosine", shape, snr_db, 16.0, 0.1);
    }
    /* Half a percent of a tone's 1.5 bins is in the outer two. It stands 12 dB higher in a fine bin
     * than in its channel, and among 512 bins some are 2 sigma of noise: below 30 dB they count. */
    tone(shape);
    expect_bandwidth("tone", shape, 30.0, 16.0, 0.1);
    expect_bandwidth("tone", shape, 45.0, 16.0, 0.1);
}

Test(spectrum, is_the_same_whatever_the_order_and_pieces) {
    float low[40];
    float high[60];
    for (size_t i = 0; i < 60; i++) {
        low[i % 40] = 2.0F + (float)(i % 7);
        high[i] = 1.0F + (float)(i % 5);
    }
    struct ls_spectrum one = {0};
    struct ls_spectrum other = {0};
    struct ls_spectrum part = {0};
    ls_spectrum_add(&one, 100, low, 40, 0.25, 4.0, 1.0);
    ls_spectrum_add(&one, 120, high, 60, 0.5, 8.0, 1.0);
    ls_spectrum_add(&other, 120, high, 60, 0.5, 8.0, 1.0);
    ls_spectrum_add(&part, 100, low, 40, 0.25, 4.0, 1.0);
    ls_spectrum_add_all(&other, &part, 1.0);
    cr_assert_eq(one.first, 100);
    cr_assert_eq(one.count, 80);
    cr_assert_eq(other.first, one.first);
    cr_assert_eq(other.count, one.count);
    for (size_t i = 0; i < one.count; i++) {
        cr_expect_float_eq(one.energy[i], other.energy[i], 1e-6F);
    }
    /* Outside a part only its noise: bin 100 had 0.5 s of it, bin 179 a quarter. */
    cr_expect_float_eq(one.energy[0], low[0] * 0.25F + 0.5F, 1e-6F);
    cr_expect_float_eq(one.energy[79], high[59] * 0.5F + 0.25F, 1e-6F);
    cr_expect_eq(one.seconds, 0.75);
    cr_expect_eq(other.averages, 12.0);
    ls_spectrum_finish(&one);
    ls_spectrum_finish(&other);
    ls_spectrum_finish(&part);
}

Test(spectrum, is_whole_range_when_nothing_stands_out) {
    float power[30];
    for (size_t i = 0; i < 30; i++) {
        power[i] = 1.0F;
    }
    struct ls_spectrum spectrum = {0};
    ls_spectrum_add(&spectrum, 7, power, 30, 1.0, 4.0, 1.0);
    struct ls_occupied found = ls_spectrum_occupied(&spectrum, 1.0);
    cr_expect_eq(found.low_bin, 7.0);
    cr_expect_eq(found.high_bin, 37.0);
    ls_spectrum_finish(&spectrum);
    cr_expect_eq(spectrum.count, 0);
}

/* Clipping puts a pedestal 20 dB down around the signal. */
Test(spectrum, trap_clipping) {
    double shape[BINS];
    flat_band(shape, 40.0);
    double truth = true_bandwidth(shape);
    for (size_t i = MIDDLE - 150; i < MIDDLE + 150; i++) {
        shape[i] = fmax(shape[i], 0.01);
    }
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    struct ls_spectrum spectrum = noisy(rng, shape, 45.0, 16.0);
    spectrum.clipped = true;
    struct ls_occupied found = ls_spectrum_occupied(&spectrum, 1.0);
    cr_expect_float_eq(found.high_bin - found.low_bin, truth, 0.1 * truth);
    ls_spectrum_finish(&spectrum);
    gsl_rng_free(rng);
}
