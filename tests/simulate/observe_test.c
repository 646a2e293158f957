/* The model of detection and measurement in logs, against the radiometer's tables and against what
 * its header states. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "fit.h"
#include "simulate/observe.h"
#include "simulate/stream.h"

/* SNR for Pd 0.9 at Pfa 1e-9 of a Gaussian signal in N looks, from an independent computation
 * (scipy.special.gammaincc); here 1 dB of loss comes on top. */
Test(observe, detection_is_the_radiometer) {
    static const struct {
        double looks;
        double snr_db;
    } table[] = {{1, 22.9},   {4, 12.0},    {16, 5.7},   {64, 1.1},
                 {256, -2.6}, {1024, -6.0}, {4096, -9.2}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        double length_s = table[i].looks / 100e3;
        double pd = ls_observe_detection(100e3, length_s, table[i].snr_db + 1.0);
        /* The table is rounded to 0.05 dB, over which Pd moves by this much at most. */
        double slope = ls_observe_detection(100e3, length_s, table[i].snr_db + 1.05) -
                       ls_observe_detection(100e3, length_s, table[i].snr_db + 0.95);
        cr_expect_float_eq(pd, 0.9, fmax(0.01, slope), "N %g: %g", table[i].looks, pd);
    }
}

struct sample {
    size_t found;
    size_t made;
    double start_s[4000];
    double offset_hz[4000];
    double snr_db[4000];
    double bandwidth[4000];
    size_t unknown;
};

/* 2,000 packets of one kind, looked at over all of their time. */
static void take(const char *snr, struct sample *ret) {
    char yaml[1024];
    snprintf(yaml, sizeof yaml,
             "duration_s: 2000s\nsensor: {center_hz: 868M}\nemitters:\n"
             "  - {name: a, waveform: {id: fsk, bytes: 20}, channels_hz: [868.3M], snr_db: %s, "
             "ppm: 3, script: {kind: clock, period_s: 1s, phase_s: 0.3s}}\n",
             snr);
    struct fit_scene scene = fit_scene_open(yaml, 5);
    gsl_rng *rng = ls_stream_create(ls_stream_key(5, "test", 0, "observe"));
    struct ls_observe_window window = {.start_ns = scene.scenario->start_ns,
                                       .stop_ns = scene.scenario->start_ns + INT64_C(2001000000000),
                                       .center_hz = 868e6};
    memset(ret, 0, sizeof *ret);
    ret->made = scene.count;
    for (size_t i = 0; i < scene.count; i++) {
        struct ls_waveform_info info;
        struct ls_transmission row;
        ls_scene_describe(scene.scene, &scene.emissions[i], &info);
        if (ls_observe_emission(scene.scene, 0, &scene.emissions[i], &info, &window, rng, &row)) {
            size_t n = ret->found++;
            ret->start_s[n] = (double)(row.start_ns - scene.emissions[i].start_ns) / 1e9;
            ret->offset_hz[n] = row.offset_hz - 3e-6 * 868.3e6;
            ret->snr_db[n] = row.snr_db;
            ret->bandwidth[n] = row.bandwidth_hz / (info.high_hz - info.low_hz) - 1.0;
            ret->unknown += strcmp(row.class_name, "unknown") == 0;
        }
    }
    gsl_rng_free(rng);
    fit_scene_close(&scene);
}

static struct sample sample;

Test(observe, losses_follow_the_detection_probability) {
    static const char *const levels[] = {"-6", "-4", "-3", "-2", "0"};
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        take(levels[i], &sample);
        struct fit_scene scene = fit_scene_open(
            "duration_s: 1s\nsensor: {center_hz: 868M}\nemitters:\n  - {name: a, waveform: {id: "
            "fsk, bytes: 20}, channels_hz: [868.3M], script: {kind: list, times_s: [0]}}\n",
            1);
        struct ls_waveform_info info;
        ls_scene_describe(scene.scene, &scene.emissions[0], &info);
        double pd = ls_observe_detection(info.high_hz - info.low_hz, info.burst_s, atof(levels[i]));
        double n = (double)sample.made;
        cr_expect_eq(sample.made, 2000);
        cr_expect_lt(fabs((double)sample.found - n * pd), 4.0 * sqrt(n * pd * (1.0 - pd)) + 1.0,
                     "at %s dB: %zu of %g", levels[i], sample.found, n * pd);
        fit_scene_close(&scene);
    }
}

/* Standard errors of 2,000: 1.6 % of a deviation; four of them and the rounding of the rows. */
Test(observe, measurements_have_the_stated_errors) {
    take("10", &sample);
    cr_assert_eq(sample.found, 2000);
    double s = 10.0;
    cr_expect_float_eq(fit_sd(sample.start_s, 2000), 1e-4 * (1.0 + 1.0 / sqrt(s)), 1e-5);
    cr_expect_float_eq(fit_sd(sample.snr_db, 2000), 0.3, 0.025);
    cr_expect_float_eq(fit_mean(sample.snr_db, 2000), 10.0, 0.03);
    cr_expect_float_eq(fit_sd(sample.bandwidth, 2000), 0.03 + 0.1 / sqrt(s), 0.005);
    cr_expect_lt(fabs(fit_mean(sample.offset_hz, 2000)),
                 4.0 * fit_sd(sample.offset_hz, 2000) / sqrt(2000.0) + 0.05);
    /* 1 / (1 + exp(5 - 10)) are named. */
    cr_expect_lt(fabs((double)sample.unknown - 2000.0 * 0.0067), 15.0);
}

Test(observe, nothing_is_seen_outside_window_and_band) {
    struct fit_scene scene = fit_scene_open(
        "duration_s: 10s\nsensor: {center_hz: 868M, rate_sps: 1M, usable: 0.8}\nemitters:\n"
        "  - {name: out, waveform: {id: carrier}, channels_hz: [868.5M], snr_db: 60, script: "
        "{kind: list, times_s: [1s], hold_s: 1s}}\n"
        "  - {name: in, waveform: {id: carrier}, channels_hz: [868.3M], snr_db: 60, script: "
        "{kind: list, times_s: [1s], hold_s: 1s}}\n",
        1);
    gsl_rng *rng = ls_stream_create(1);
    int64_t start = scene.scenario->start_ns;
    struct ls_observe_window all = {start, start + INT64_C(10000000000), 868e6};
    struct ls_observe_window early = {start, start + INT64_C(1000000000), 868e6};
    struct ls_observe_window half = {start + INT64_C(1500000000), start + INT64_C(1700000000),
                                     868e6};
    struct ls_waveform_info info;
    struct ls_transmission row;
    ls_scene_describe(scene.scene, &scene.emissions[0], &info);
    cr_expect_not(ls_observe_emission(scene.scene, 0, &scene.emissions[0], &info, &all, rng, &row));
    cr_expect(ls_observe_emission(scene.scene, 0, &scene.emissions[1], &info, &all, rng, &row));
    cr_expect_eq(row.flags, 0);
    cr_expect_not(
        ls_observe_emission(scene.scene, 0, &scene.emissions[1], &info, &early, rng, &row));
    cr_expect(ls_observe_emission(scene.scene, 0, &scene.emissions[1], &info, &half, rng, &row));
    cr_expect_geq(row.start_ns, half.start_ns);
    cr_expect_leq(row.start_ns + row.duration_ns, half.stop_ns);
    gsl_rng_free(rng);
    fit_scene_close(&scene);
}
