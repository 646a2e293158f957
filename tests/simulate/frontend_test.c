#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "simulate/frontend.h"
#include "simulate/measure.h"
#include "simulate/resample.h"

static void tone(float complex *x, size_t n, double cycles, double amplitude) {
    for (size_t i = 0; i < n; i++) {
        double turns = fmod(cycles * (double)i, 1);
        x[i] = (float complex)(amplitude * cexp(CMPLX(0, 2 * M_PI * turns)));
    }
}

/* Amplitude of the tone at cycles a sample (whole number of cycles in n). */
static double amplitude_at(const float complex *x, size_t n, double cycles) {
    double complex sum = 0;
    for (size_t i = 0; i < n; i++) {
        double turns = fmod(-cycles * (double)i, 1);
        sum += (double complex)x[i] * cexp(CMPLX(0, 2 * M_PI * turns));
    }
    return cabs(sum) / (double)n;
}

/* cf32 out of the receiver, as samples. */
static void receive(const struct ls_frontend_opts *opts, double noise_pow, float complex *x,
                    size_t n) {
    struct ls_frontend *receiver;
    struct ls_err err = {0};
    LS_AUTO(float complex) out = calloc(n, sizeof *out);
    cr_assert_eq(ls_frontend_create(&receiver, opts, &err), LS_OK, "%s", err.text);
    cr_expect_eq(ls_frontend_process(receiver, 0, noise_pow, x, n, out), 0);
    memcpy(x, out, n * sizeof *x);
    ls_frontend_destroy(receiver);
}

Test(frontend, values_round_to_the_nearest_and_clip_at_full_scale) {
    const float complex in[] = {CMPLXF(0, 1), CMPLXF(-1, 0.5f), CMPLXF(2, -2),
                                CMPLXF(0.004f, -0.004f), CMPLXF(NAN, 0)};
    uint8_t u8[10];
    cr_expect_eq(ls_frontend_quantise(LS_FORMAT_CU8, in, 5, u8), 2);
    const uint8_t wanted_u8[] = {128, 255, 0, 191, 255, 0, 128, 127, 128, 128};
    cr_expect_arr_eq(u8, wanted_u8, sizeof u8);
    int8_t i8[10];
    cr_expect_eq(ls_frontend_quantise(LS_FORMAT_CI8, in, 5, i8), 3, "+1.0 is beyond 127");
    const int8_t wanted_i8[] = {0, 127, -128, 64, 127, -128, 1, -1, 0, 0};
    cr_expect_arr_eq(i8, wanted_i8, sizeof i8);
    uint8_t i16[20];
    cr_expect_eq(ls_frontend_quantise(LS_FORMAT_CI16_LE, in, 5, i16), 3);
    cr_expect_eq(i16[2] | i16[3] << 8, 32767);
    cr_expect_eq(i16[4] | i16[5] << 8, 32768, "-1.0 fits");
    cr_expect_eq(i16[12] | i16[13] << 8, 131);
    float f32[10];
    cr_expect_eq(ls_frontend_quantise(LS_FORMAT_CF32_LE, in, 5, f32), 0);
    cr_expect_arr_eq(f32, in, 8 * sizeof *f32);
    cr_expect(isnan(f32[8]), "readers see what they have to guard against");
}

Test(frontend, noise_has_the_power_asked_for) {
    enum { N = 1 << 20 };
    LS_AUTO(float complex) x = calloc(N, sizeof *x);
    struct ls_frontend_opts opts = {.rate_sps = 1e6, .format = LS_FORMAT_CF32_LE, .seed = 4};
    receive(&opts, 1e-4, x, N);
    /* Mean of N exponential variables: five standard errors. */
    cr_expect_float_eq(measure_power(x, N) / 1e-4, 1, 5 / sqrt(N));
}

Test(frontend, unequal_branches_make_an_image_of_the_expected_level) {
    enum { N = 10000 };
    LS_AUTO(float complex) x = calloc(N, sizeof *x);
    struct ls_frontend_opts opts = {
        .rate_sps = 1e6, .format = LS_FORMAT_CF32_LE, .iq_gain_db = 0.5, .iq_phase_deg = 2};
    tone(x, N, 0.1, 0.5);
    receive(&opts, 0, x, N);
    double g = pow(10, 0.5 / 20);
    double phi = 2 * M_PI / 180;
    double wanted = sqrt((1 - 2 * g * cos(phi) + g * g) / (1 + 2 * g * cos(phi) + g * g));
    double ratio = amplitude_at(x, N, -0.1) / amplitude_at(x, N, 0.1);
    cr_expect_float_eq(20 * log10(ratio), 20 * log10(wanted), 0.05, "%.2f dB, wanted %.2f",
                       20 * log10(ratio), 20 * log10(wanted));
}

Test(frontend, dc_spike_and_spurs_have_their_levels) {
    enum { N = 10000 };
    LS_AUTO(float complex) x = calloc(N, sizeof *x);
    const struct ls_frontend_spur spurs[] = {{100e3, -40}, {-250e3, -60}};
    struct ls_frontend_opts opts = {.rate_sps = 1e6,
                                    .format = LS_FORMAT_CF32_LE,
                                    .dc_amplitude = 0.01,
                                    .spurs = spurs,
                                    .spur_count = 2};
    receive(&opts, 0, x, N);
    cr_expect_float_eq(amplitude_at(x, N, 0), 0.01, 1e-6);
    cr_expect_float_eq(amplitude_at(x, N, 0.1), 0.01, 1e-6);
    cr_expect_float_eq(amplitude_at(x, N, -0.25), 0.001, 1e-6);
    cr_expect_lt(amplitude_at(x, N, 0.2), 1e-6);
}

/* Away from the steep edge, where 49 taps do not follow, the gain is what was asked for. */
Test(frontend, passband_ripples_and_droops_and_keeps_the_delay_it_states) {
    enum { N = 20000 };
    LS_AUTO(float complex) x = calloc(N, sizeof *x);
    struct ls_frontend_opts opts = {
        .rate_sps = 1e6, .format = LS_FORMAT_CF32_LE, .ripple_db = 0.5, .edge_db = 6};
    for (double f = -0.44; f < 0.45; f += 0.04) {
        tone(x, N, f, 0.5);
        receive(&opts, 0, x, N);
        double got = 20 * log10(amplitude_at(&x[1000], 10000, f) / 0.5);
        double wanted = 0.5 * cos(6 * M_PI * f) - 6 * pow(fabs(2 * f), 8);
        cr_expect_float_eq(got, wanted, 0.2, "at %.2f: %.2f dB, wanted %.2f", f, got, wanted);
    }
    struct ls_frontend *receiver;
    cr_assert_eq(ls_frontend_create(&receiver, &opts, NULL), LS_OK);
    memset(x, 0, N * sizeof *x);
    x[500] = 1;
    LS_AUTO(float complex) out = calloc(N, sizeof *out);
    ls_frontend_process(receiver, 0, 0, x, N, out);
    size_t peak = 0;
    for (size_t i = 0; i < N; i++) {
        peak = cabsf(out[i]) > cabsf(out[peak]) ? i : peak;
    }
    cr_expect_eq(peak, 500 + ls_frontend_delay(receiver));
    ls_frontend_destroy(receiver);
}

Test(frontend, wrong_settings_are_refused) {
    struct ls_frontend *receiver = NULL;
    struct ls_frontend_opts wrong[] = {{.format = LS_FORMAT_CU8},
                                       {.rate_sps = 1e6},
                                       {.rate_sps = 1e6, .format = LS_FORMAT_CU8, .edge_db = -1}};
    for (size_t i = 0; i < LS_COUNT(wrong); i++) {
        cr_expect_eq(ls_frontend_create(&receiver, &wrong[i], NULL), LS_ERR_ARG);
    }
    cr_expect_null(receiver);
    ls_frontend_destroy(NULL);
}

/* A tone in the band comes out at the same frequency and amplitude, 60 dB cleaner than itself. */
Test(resample, tones_keep_frequency_and_amplitude) {
    const double rates[] = {48e3, 250e3, 1e6, 1.0833333e6, 2.4e6, 10e6};
    for (size_t r = 0; r < LS_COUNT(rates); r++) {
        struct ls_resample_opts opts = {.in_sps = 1e6, .out_sps = rates[r], .span_hz = 400e3};
        struct ls_resample *rs;
        cr_assert_eq(ls_resample_create(&rs, &opts, NULL), LS_OK);
        size_t reach = ls_resample_reach(rs);
        double edge = fmin(0.2, 0.4 * rates[r] / 1e6);
        enum { OUT = 2000, IN_MAX = 60000 };
        LS_AUTO(float complex) in = calloc(IN_MAX, sizeof *in);
        LS_AUTO(float complex) out = calloc(OUT, sizeof *out);
        for (double f = -edge; f <= edge; f += edge / 3) {
            tone(in, IN_MAX, f, 1);
            struct ls_resample_position position = ls_resample_position_at((double)reach + 0.3);
            ls_resample_execute(rs, &position, in, 0, out, OUT);
            double worst = 0;
            for (size_t k = 0; k < OUT; k++) {
                double at = (double)reach + 0.3 + (double)k * 1e6 / rates[r];
                double complex wanted = cexp(CMPLX(0, 2 * M_PI * fmod(f * at, 1)));
                worst = fmax(worst, cabs((double complex)out[k] - wanted));
            }
            cr_expect_lt(20 * log10(worst), -60, "%.0f at %.3f: %.1f dB", rates[r], f,
                         20 * log10(worst));
        }
        ls_resample_destroy(rs);
    }
}

Test(resample, positions_stay_exact_over_hours) {
    struct ls_resample_opts opts = {.in_sps = 13e6 / 12, .out_sps = 2.4e6, .span_hz = 500e3};
    struct ls_resample *rs;
    cr_assert_eq(ls_resample_create(&rs, &opts, NULL), LS_OK);
    struct ls_resample_position a = ls_resample_position_at(-3.7);
    struct ls_resample_position b = a;
    for (int i = 0; i < 100000; i++) {
        ls_resample_advance(rs, &a, 1);
    }
    ls_resample_advance(rs, &b, 100000);
    cr_expect(a.whole == b.whole && a.frac == b.frac);
    for (int i = 0; i < 10; i++) {
        ls_resample_advance(rs, &b, 3456000000); /* ten times 24 minutes */
    }
    double inputs = -3.7 + (100000.0 + 3.456e10) * (13e6 / 12) / 2.4e6;
    /* A ratio has 53 bits: 3.456e10 steps of it are exact to 4e-6 of an input. */
    cr_expect_float_eq((double)b.whole + (double)b.frac * 0x1p-64, inputs, 2e-5);
    ls_resample_destroy(rs);
    cr_expect_eq(ls_resample_create(&rs, &(struct ls_resample_opts){1e6, 1000, 1e3}, NULL),
                 LS_ERR_ARG);
}
