#include "dsp/prototype.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

enum { CHANNELS = 64, LENGTH_MAX = 12 * CHANNELS };

static void design(size_t taps, double stopband_db, float *ret_h) {
    const struct ls_prototype_opts opts = {
        .channels = CHANNELS, .taps = taps, .stopband_db = stopband_db};
    struct ls_err err = {0};
    cr_assert_eq(ls_prototype_design(&opts, ret_h, &err), LS_OK, "%s", err.text);
}

/* Largest gain in dB at `from` channels off centre and beyond. */
static double stopband_from(const float *h, size_t taps, double from) {
    double worst = 0.0;
    for (double f = from; f <= CHANNELS / 2.0; f += 0.003) {
        worst = fmax(worst, ls_prototype_gain(h, taps * CHANNELS, CHANNELS, f));
    }
    return 10.0 * log10(worst);
}

Test(prototype, stopband_is_what_the_header_says) {
    static const struct {
        size_t taps;
        double edge_channels; /* 60 dB down from here */
        double from_1_db;
        double alias_db; /* from 1.5 channels */
    } rows[] = {{4, 1.07, -40.0, -62.0}, {8, 0.79, -63.0, -68.0}, {12, 0.69, -67.0, -72.0}};
    for (size_t i = 0; i < LS_COUNT(rows); i++) {
        float h[LENGTH_MAX];
        design(rows[i].taps, 60.0, h);
        cr_expect_lt(stopband_from(h, rows[i].taps, rows[i].edge_channels), -60.0);
        cr_expect_lt(stopband_from(h, rows[i].taps, 1.0), rows[i].from_1_db);
        cr_expect_lt(stopband_from(h, rows[i].taps, 1.5), rows[i].alias_db);
    }
}

Test(prototype, asked_for_stopband_holds_at_the_alias_edge) {

    for (size_t taps = 4; taps <= 12; taps += 4) {
        for (double db = 30.0; db <= 90.0; db += 20.0) {
            float h[LENGTH_MAX];
            design(taps, db, h);
            double got = stopband_from(h, taps, 1.5);
            cr_expect_lt(got, -db, "%zu taps, %g dB: %.1f dB", taps, db, got);
        }
    }
}

Test(prototype, tone_between_channels_keeps_its_power_in_their_sum) {
    for (size_t taps = 4; taps <= 12; taps += 4) {
        float h[LENGTH_MAX];
        size_t length = taps * CHANNELS;
        design(taps, 60.0, h);
        double edge_db = 10.0 * log10(ls_prototype_gain(h, length, CHANNELS, 0.5));
        cr_expect_float_eq(edge_db, -3.0103, 1e-3);
        cr_expect_float_eq(ls_prototype_gain(h, length, CHANNELS, 0.0), 1.0, 1e-6);
        for (double f = 0.0; f <= 0.5; f += 0.01) {
            double sum = ls_prototype_gain(h, length, CHANNELS, f) +
                         ls_prototype_gain(h, length, CHANNELS, 1.0 - f);
            cr_expect_float_eq(10.0 * log10(sum), 0.0, 0.05, "%zu taps at %.2f", taps, f);
        }
    }
}

Test(prototype, is_symmetric_about_a_sample_with_unit_sum) {
    float h[8 * CHANNELS];
    design(8, 60.0, h);
    double sum = 0.0;
    for (size_t n = 0; n < LS_COUNT(h); n++) {
        sum += (double)h[n];
    }
    cr_expect_float_eq(sum, 1.0, 1e-6);
    cr_expect_eq(h[0], 0.0F);
    for (size_t n = 1; n < LS_COUNT(h); n++) {
        cr_expect_eq(h[n], h[LS_COUNT(h) - n]);
    }
}

Test(prototype, noise_figures_are_what_the_header_says) {
    float h[8 * CHANNELS];
    design(8, 60.0, h);
    size_t length = LS_COUNT(h);
    cr_expect_float_eq(ls_prototype_noise_bandwidth(h, length, CHANNELS), 1.004, 1e-3);
    cr_expect_float_eq(ls_prototype_correlation(h, length, CHANNELS, 0, 0), 1.0, 1e-12);
    cr_expect_float_eq(ls_prototype_correlation(h, length, CHANNELS, 1, 0), 0.62, 0.005);
    cr_expect_float_eq(ls_prototype_correlation(h, length, CHANNELS, 3, 0), -0.165, 0.005);
    cr_expect_float_eq(ls_prototype_correlation(h, length, CHANNELS, 0, 1), 0.12, 0.005);
    cr_expect_eq(ls_prototype_correlation(h, length, CHANNELS, 16, 0), 0.0,
                 "frames share no sample");
}

Test(prototype, shape_does_not_depend_on_the_channel_count) {
    float few[8 * CHANNELS];
    design(8, 60.0, few);
    const struct ls_prototype_opts opts = {.channels = 1000, .taps = 8};
    LS_AUTO(float) many = malloc(8 * 1000 * sizeof *many);
    cr_assert_eq(ls_prototype_design(&opts, many, NULL), LS_OK);
    for (double f = 0.0; f < 3.0; f += 0.1) {
        double a = ls_prototype_gain(few, 8 * CHANNELS, CHANNELS, f);
        double b = ls_prototype_gain(many, 8 * 1000, 1000, f);
        /* The window's ends are cut one sample in CHANNELS * 8 apart. */
        cr_expect_float_eq(sqrt(a), sqrt(b), 2e-3, "at %.1f", f);
    }
}

Test(prototype, refuses_what_it_cannot_make) {
    static const struct {
        struct ls_prototype_opts opts;
        const char *word;
    } rows[] = {{{.channels = 0}, "channels"},
                {{.channels = 7}, "channels"},
                {{.channels = 8, .taps = 3}, "taps"},
                {{.channels = 8, .taps = 34}, "taps"},
                {{.channels = 8, .stopband_db = 10.0}, "stopband"},
                {{.channels = 8, .stopband_db = (double)NAN}, "stopband"}};
    for (size_t i = 0; i < LS_COUNT(rows); i++) {
        float h[1] = {7.0F};
        struct ls_err err = {0};
        cr_expect_eq(ls_prototype_design(&rows[i].opts, h, &err), LS_ERR_ARG);
        cr_expect_not_null(strstr(err.text, rows[i].word), "%s", err.text);
        cr_expect_eq(h[0], 7.0F);
    }
}
