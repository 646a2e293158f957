#include "dsp/sync.h"

#include <criterion/criterion.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>

static void add_noise(gsl_rng *rng, float complex *x, size_t count, double power) {
    double each = sqrt(power / 2.0);
    for (size_t n = 0; n < count; n++) {
        double re = gsl_ran_gaussian(rng, each);
        double im = gsl_ran_gaussian(rng, each);
        x[n] += (float complex)(re + im * (double complex)I);
    }
}

/* MSK of random symbols, with a burst of one tone every ten frames: what matters of a broadcast
 * carrier. */
static void add_gsm(gsl_rng *rng, float complex *x, size_t count, double rate_sps, double hz,
                    size_t first) {
    double phase = 0.0;
    double symbol = rate_sps / (1625e3 / 6.0);
    double sign = 1.0;
    double next = 0.0;
    double ten_frames = 0.6 / 13.0 * rate_sps;
    for (size_t n = 0; n < count; n++) {
        double into = fmod((double)n + ten_frames - (double)first, ten_frames);
        bool correction = into < 148.0 * symbol;
        if ((double)n >= next) {
            sign = gsl_rng_uniform(rng) < 0.5 ? -1.0 : 1.0;
            next += symbol;
        }
        phase += 0.5 * M_PI * (correction ? 1.0 : sign) / symbol + 2.0 * M_PI * hz / rate_sps;
        x[n] += (float complex)cexp((double complex)I * phase);
    }
}

Test(sync, gsm_is_found_and_its_offset_measured) {
    static const double rates[] = {325e3, 500e3, 1e6};
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, 3);
    for (size_t r = 0; r < sizeof rates / sizeof rates[0]; r++) {
        size_t count = (size_t)(0.16 * rates[r]);
        float complex *x = calloc(count, sizeof *x);
        struct ls_sync *sync;
        struct ls_sync_value value;
        struct ls_sync_opts opts = {.rate_sps = rates[r]};
        cr_assert_not_null(x);
        cr_assert_eq(ls_sync_create(&sync, &opts, NULL), LS_OK);
        size_t first = (size_t)(0.01 * rates[r]);
        add_gsm(rng, x, count, rates[r], 7300.0, first);
        add_noise(rng, x, count, 0.05 * rates[r] / 270e3);
        cr_assert(ls_sync_find(sync, x, count, &value), "%g S/s", rates[r]);
        cr_expect_float_eq(value.hz, 7300.0, 30.0, "%g Hz", value.hz);
        cr_expect_leq(value.error_hz, 20.0);
        cr_expect_float_eq(value.at, (double)first, 0.1e-3 * rates[r]);
        cr_expect_geq(value.seen, 3);
        ls_sync_destroy(sync);
        free(x);
    }
    gsl_rng_free(rng);
}

/* Half-frames of a carrier whose data are noise, with the symbol of root 25, 29 or 34 in each. */
static void add_lte(gsl_rng *rng, float complex *x, size_t count, double hz, int number,
                    size_t first) {
    static const double roots[] = {25.0, 29.0, 34.0};
    const double rate_sps = 1.92e6;
    add_noise(rng, x, count, 1.0);
    for (size_t at = first; at + 128 < count; at += 9600) {
        for (size_t n = 0; n < 128; n++) {
            double complex sum = 0.0;
            for (int i = 0; i < 62; i++) {
                double m = i < 31 ? i : i + 1;
                double k = i < 31 ? i - 31 : i - 30;
                sum += cexp(2.0 * M_PI * (double complex)I *
                            (-roots[number] * m * (m + 1.0) / 126.0 + k * (double)n / 128.0));
            }
            x[at + n] = (float complex)(sum / sqrt(62.0));
        }
    }
    for (size_t n = 0; n < count; n++) {
        x[n] *= (float complex)cexp(2.0 * M_PI * (double complex)I * hz * (double)n / rate_sps);
    }
}

Test(sync, lte_is_found_with_its_root_and_offset) {
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, 4);
    const size_t count = 153600;
    float complex *x = calloc(count, sizeof *x);
    struct ls_sync *sync;
    struct ls_sync_opts opts = {.rate_sps = 1.92e6, .lte = true};
    cr_assert_not_null(x);
    cr_assert_eq(ls_sync_create(&sync, &opts, NULL), LS_OK);
    for (int root = 0; root < 3; root++) {
        struct ls_sync_value value;
        double hz = -37e3 + 31.7e3 * root;
        for (size_t n = 0; n < count; n++) {
            x[n] = 0.0F;
        }
        add_lte(rng, x, count, hz, root, 1000);
        add_noise(rng, x, count, 0.3);
        cr_assert(ls_sync_find(sync, x, count, &value), "root %d", root);
        cr_expect_eq(value.root, root);
        cr_expect_float_eq(value.hz, hz, 4.0 * fmax(value.error_hz, 50.0), "%g for %g", value.hz,
                           hz);
        cr_expect_leq(value.error_hz, 500.0);
        cr_expect_float_eq(value.at, 1000.0, 1.5);
    }
    ls_sync_destroy(sync);
    free(x);
    gsl_rng_free(rng);
}

/* 0 of 8: the stated chance is one in a million for LTE; GSM has none in noise of 8 x 160 ms. */
Test(sync, noise_and_random_keying_hold_no_cell) {
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, 5);
    const size_t count = 153600;
    float complex *x = calloc(count, sizeof *x);
    cr_assert_not_null(x);
    for (int lte = 0; lte < 2; lte++) {
        struct ls_sync *sync;
        struct ls_sync_value value;
        struct ls_sync_opts opts = {.rate_sps = lte ? 1.92e6 : 960e3, .lte = lte == 1};
        cr_assert_eq(ls_sync_create(&sync, &opts, NULL), LS_OK);
        for (int trial = 0; trial < 4; trial++) {
            for (size_t n = 0; n < count; n++) {
                x[n] = 0.0F;
            }
            add_noise(rng, x, count, 1.0);
            cr_expect(!ls_sync_find(sync, x, count, &value), "lte %d, trial %d", lte, trial);
        }
        ls_sync_destroy(sync);
    }
    free(x);
    gsl_rng_free(rng);
}

Test(sync, wrong_rates_are_refused) {
    struct ls_sync *sync = NULL;
    struct ls_err err;
    cr_expect_eq(ls_sync_create(&sync, &(struct ls_sync_opts){.rate_sps = 250e3}, &err),
                 LS_ERR_ARG);
    cr_expect_eq(
        ls_sync_create(&sync, &(struct ls_sync_opts){.rate_sps = 500e3, .lte = true}, &err),
        LS_ERR_ARG);
    cr_expect_eq(ls_sync_create(&sync, &(struct ls_sync_opts){.rate_sps = 20e6}, &err), LS_ERR_ARG);
    cr_expect_null(sync);
}
