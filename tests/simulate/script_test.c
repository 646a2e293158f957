/* Rates and distributions of the scripts. Every test is one draw with a fixed seed; a p-value below
 * 0.001 fails, so that one true hypothesis in a thousand would. Counts are stated at each. */
#include <criterion/criterion.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

#include "fit.h"

static const double p_low = 1e-3;

#define HEAD    "duration_s: 30d\nsensor: {center_hz: 868M}\nemitters:\n"
#define CARRIER "    waveform: {id: carrier}\n    channels_hz: [868.1M]\n"

static double exponential(double value, const void *mean) {
    return 1.0 - exp(-value / *(const double *)mean);
}

static double uniform(double value, const void *range) {
    const double *r = range;
    return fmin(1.0, fmax(0.0, (value - r[0]) / (r[1] - r[0])));
}

static double normal(double value, const void *parameters) {
    const double *p = parameters;
    return gsl_cdf_ugaussian_P((value - p[0]) / p[1]);
}

static double log_normal(double value, const void *parameters) {
    const double *p = parameters;
    return gsl_cdf_lognormal_P(value, log(p[0]), p[1]);
}

static double *room_for(size_t n) {
    double *values = calloc(n, sizeof *values);
    cr_assert_not_null(values);
    return values;
}

static double *holds(const struct fit_scene *scene) {
    double *values = room_for(scene->count);
    for (size_t i = 0; i < scene->count; i++) {
        values[i] = (double)scene->emissions[i].duration_ns / 1e9;
    }
    return values;
}

static double stop_s(const struct fit_scene *scene, size_t i) {
    return fit_start_s(scene, i) + (double)scene->emissions[i].duration_ns / 1e9;
}

/* 30 days at 20 an hour: 14,400 arrivals expected. */
Test(script, poisson_arrivals_are_exponential) {
    struct fit_scene scene = fit_scene_open(
        HEAD "  - name: people\n" CARRIER
             "    script: {kind: poisson, rate_per_hour: 20, hold_s: median 40s sigma 1.2}\n",
        1);
    double mean_s = 180.0;
    double *gaps = room_for(scene.count);
    for (size_t i = 1; i < scene.count; i++) {
        gaps[i - 1] = fit_start_s(&scene, i) - fit_start_s(&scene, i - 1);
    }
    cr_expect_lt(fabs((double)scene.count - 14400.0), 4.0 * sqrt(14400.0));
    cr_expect_gt(fit_ks(gaps, scene.count - 1, exponential, &mean_s), p_low);
    double *lengths = holds(&scene);
    const double hold[] = {40.0, 1.2};
    cr_expect_gt(fit_ks(lengths, scene.count, log_normal, hold), p_low);
    free(lengths);
    free(gaps);
    fit_scene_close(&scene);
}

Test(script, day_cycle_follows_its_cosine) {
    struct fit_scene scene = fit_scene_open(
        HEAD "  - name: people\n" CARRIER
             "    script: {kind: poisson, rate_per_hour: 20, day_depth: 0.8, day_peak_h: 18}\n",
        2);
    double counts[24] = {0};
    double expected[24];
    for (size_t i = 0; i < scene.count; i++) {
        counts[(size_t)fmod(fit_start_s(&scene, i) / 3600.0, 24.0)]++;
    }
    for (int h = 0; h < 24; h++) {
        /* Mean of the cosine over the hour: 30 days of 20. */
        double from = 2.0 * M_PI * (h - 18.0) / 24.0;
        double to = 2.0 * M_PI * (h + 1 - 18.0) / 24.0;
        expected[h] = 600.0 * (1.0 + 0.8 * (sin(to) - sin(from)) / (to - from));
    }
    cr_expect_gt(fit_chi_square(counts, expected, 24, 0), p_low);
    cr_expect_gt(counts[18], 4.0 * counts[6], "peak and trough must differ for this to test");
    fit_scene_close(&scene);
}

Test(script, clusters_have_their_size_and_are_no_poisson_process) {
    struct fit_scene scene = fit_scene_open(HEAD "  - name: bursts\n" CARRIER
                                                 "    script: {kind: bursty, rate_per_hour: 4, "
                                                 "cluster_size: 5, cluster_s: 10s}\n",
                                            3);
    /* 2,880 clusters of geometric size with mean 5 and variance 20: sd of the sum 2880 (20 + 25).
     */
    cr_expect_lt(fabs((double)scene.count - 14400.0), 4.0 * sqrt(2880.0 * 45.0));
    static double counts[720];
    for (size_t i = 0; i < scene.count; i++) {
        counts[(size_t)(fit_start_s(&scene, i) / 3600.0)]++;
    }
    double fano = fit_sd(counts, 720) * fit_sd(counts, 720) / fit_mean(counts, 720);
    /* E[size^2] / E[size] = 9 when clusters fit into an hour; most do. */
    cr_expect_gt(fano, 7.0);
    cr_expect_lt(fano, 10.5);
    fit_scene_close(&scene);
}

/* 54,000 ticks of 48 s in 30 days, a tenth of them missed, against the clock that was asked for. */
Test(script, clock_keeps_period_jitter_misses_and_drift) {
    struct fit_scene scene = fit_scene_open(
        HEAD "  - name: post\n" CARRIER
             "    script: {kind: clock, period_s: 48s, phase_s: 7s, jitter_s: 0.3, miss: 10%, "
             "drift_ppm: 20, hold_s: 0.2s}\n",
        4);
    double ticks = 54000.0 / (1.0 + 20e-6);
    double *errors = room_for(scene.count);
    double sum_k = 0.0;
    double sum_kk = 0.0;
    double sum_t = 0.0;
    double sum_kt = 0.0;
    for (size_t i = 0; i < scene.count; i++) {
        double t = fit_start_s(&scene, i) - 7.0;
        double k = round(t / (48.0 * (1.0 + 20e-6)));
        errors[i] = t - k * 48.0 * (1.0 + 20e-6);
        sum_k += k;
        sum_kk += k * k;
        sum_t += t;
        sum_kt += k * t;
    }
    double n = (double)scene.count;
    cr_expect_lt(fabs(n - 0.9 * ticks), 4.0 * sqrt(ticks * 0.09));
    const double jitter[] = {0.0, 0.3};
    cr_expect_gt(fit_ks(errors, scene.count, normal, jitter), p_low);
    double period = (n * sum_kt - sum_k * sum_t) / (n * sum_kk - sum_k * sum_k);
    /* Slope of n times with jitter: sqrt(12) jitter / n^1.5 per tick, five of them. */
    double error_ppm = (period / 48.0 - 1.0) * 1e6 - 20.0;
    cr_expect_lt(fabs(error_ppm), 5.0 * sqrt(12.0) * 0.3 / pow(n, 1.5) / 48.0 * 1e6);
    free(errors);
    fit_scene_close(&scene);
}

Test(script, units_of_a_clock_differ_in_phase_and_crystal) {
    struct fit_scene scene = fit_scene_open(
        "duration_s: 1d\nsensor: {center_hz: 868M}\nemitters:\n  - name: posts\n    count: 400\n"
        "    ppm_spread: 10\n" CARRIER
        "    script: {kind: clock, period_s: 1h, drift_spread_ppm: 30, hold_s: 0.2s}\n",
        5);
    static double first[400];
    static double last[400];
    static double offsets[400];
    for (size_t i = 0; i < scene.count; i++) {
        uint32_t unit = scene.emissions[i].unit;
        first[unit] = first[unit] > 0.0 ? first[unit] : fit_start_s(&scene, i);
        last[unit] = fit_start_s(&scene, i);
        offsets[unit] = scene.emissions[i].ppm;
    }
    const double phases[] = {0.0, 3600.0};
    const double crystal[] = {0.0, 10.0};
    static double drift[400];
    for (int u = 0; u < 400; u++) {
        double ticks = round((last[u] - first[u]) / 3600.0);
        drift[u] = ((last[u] - first[u]) / ticks / 3600.0 - 1.0) * 1e6;
    }
    const double clocks[] = {0.0, 30.0};
    cr_expect_gt(fit_ks(drift, 400, normal, clocks), p_low);
    cr_expect_gt(fit_ks(offsets, 400, normal, crystal), p_low);
    cr_expect_gt(fit_ks(first, 400, uniform, phases), p_low);
    fit_scene_close(&scene);
}

/* About 19,900 cycles of 120 s hold and a uniform 5 to 15 s wait. */
Test(script, cycle_waits_after_release) {
    struct fit_scene scene =
        fit_scene_open(HEAD "  - name: rig\n" CARRIER
                            "    script: {kind: cycle, hold_s: 120s +- 0.3s, gap_s: 5s..15s}\n",
                       6);
    double *gaps = room_for(scene.count);
    for (size_t i = 1; i < scene.count; i++) {
        gaps[i - 1] = fit_start_s(&scene, i) - stop_s(&scene, i - 1);
    }
    const double range[] = {5.0, 15.0};
    const double hold[] = {120.0, 0.3};
    double *lengths = holds(&scene);
    cr_expect_lt(fabs((double)scene.count - 30.0 * 86400.0 / 130.0), 20.0);
    cr_expect_gt(fit_ks(gaps, scene.count - 1, uniform, range), p_low);
    cr_expect_gt(fit_ks(lengths, scene.count, normal, hold), p_low);
    free(lengths);
    free(gaps);
    fit_scene_close(&scene);
}

/* The phase of a wait-after-release script walks at random: its variance grows with the number of
 * cycles, which a clock's does not. 200 units, sd of one cycle sqrt(100 / 12 + 0.09). */
Test(script, cycle_forgets_its_phase) {
    struct fit_scene scene = fit_scene_open(
        "duration_s: 4h\nsensor: {center_hz: 868M}\nemitters:\n  - name: rigs\n    count: "
        "200\n" CARRIER "    script: {kind: cycle, hold_s: 120s +- 0.3s, gap_s: 5s..15s}\n",
        7);
    static double first[200];
    static double hundredth[200];
    static size_t seen[200];
    for (size_t i = 0; i < scene.count; i++) {
        uint32_t unit = scene.emissions[i].unit;
        if (seen[unit] == 0) {
            first[unit] = fit_start_s(&scene, i);
        }
        if (seen[unit]++ == 100) {
            hundredth[unit] = fit_start_s(&scene, i) - first[unit];
        }
    }
    const double walk[] = {13000.0, sqrt(100.0 * (100.0 / 12.0 + 0.09))};
    cr_expect_gt(fit_ks(hundredth, 200, normal, walk), p_low);
    fit_scene_close(&scene);
}

Test(script, followers_keep_lag_and_jitter) {
    struct fit_scene scene = fit_scene_open(
        "duration_s: 10d\nsensor: {center_hz: 868M}\nemitters:\n  - name: lead\n" CARRIER
        "    script: {kind: cycle, hold_s: 60s, gap_s: 20s..40s}\n  - name: twin\n" CARRIER
        "    script: {kind: follow, leader: lead, lag_s: 0.5s, jitter_s: 0.05, join: 0.9}\n",
        8);
    double *lags = room_for(scene.count);
    size_t followed = 0;
    size_t led = 0;
    double last_s = 0.0;
    for (size_t i = 0; i < scene.count; i++) {
        if (scene.emissions[i].emitter == 0) {
            last_s = fit_start_s(&scene, i);
            led++;
        } else {
            lags[followed++] = fit_start_s(&scene, i) - last_s;
            cr_expect_eq(scene.emissions[i].duration_ns, 60000000000);
        }
    }
    const double lag[] = {0.5, 0.05};
    cr_expect_gt(fit_ks(lags, followed, normal, lag), p_low);
    cr_expect_lt(fabs((double)followed - 0.9 * (double)led), 4.0 * sqrt((double)led * 0.09));
    free(lags);
    fit_scene_close(&scene);
}

Test(script, sweep_steps_exactly) {
    struct fit_scene scene = fit_scene_open(
        "duration_s: 1min\nsensor: {center_hz: 868M}\nemitters:\n  - name: sweep\n"
        "    waveform: {id: carrier}\n    script: {kind: sweep, low_hz: 867M, high_hz: 868M, "
        "step_hz: 25k, dwell_s: 0.1s, period_s: 6s, phase_s: 1s, direction: both}\n",
        9);
    cr_assert_eq(scene.count, 41 * 10);
    for (size_t i = 0; i < scene.count; i++) {
        size_t sweep = i / 41;
        size_t step = sweep % 2 == 0 ? i % 41 : 40 - i % 41;
        cr_expect_float_eq(scene.emissions[i].center_hz, 867e6 + 25e3 * (double)step, 1e-6);
        cr_expect_float_eq(fit_start_s(&scene, i),
                           1.0 + 6.0 * (double)sweep + 0.1 * (double)(i % 41), 2e-9);
        cr_expect_eq(scene.emissions[i].duration_ns, 100000000);
    }
    fit_scene_close(&scene);
}

Test(script, hours_and_windows_bound_it) {
    struct fit_scene scene = fit_scene_open(
        HEAD "  - name: night\n" CARRIER
             "    script: {kind: clock, period_s: 600s, from_h: '22:30', until_h: 4, start_s: 2d, "
             "stop_s: 9d, hold_s: 1s}\n",
        10);
    /* 5.5 h a night, 7 nights, 6 an hour; the first and last night are whole. */
    cr_expect_lt(fabs((double)scene.count - 7 * 33.0), 3.0);
    for (size_t i = 0; i < scene.count; i++) {
        double hour = fmod(fit_start_s(&scene, i) / 3600.0, 24.0);
        cr_expect(hour >= 22.5 || hour < 4.0, "%g", hour);
        cr_expect(fit_start_s(&scene, i) >= 2 * 86400.0 && fit_start_s(&scene, i) < 9 * 86400.0);
    }
    fit_scene_close(&scene);
}

Test(script, listed_times_are_kept) {
    struct fit_scene scene = fit_scene_open(
        "duration_s: 1h\nsensor: {center_hz: 868M}\nemitters:\n  - name: once\n" CARRIER
        "    script: {kind: list, times_s: [5s, 60s, 59min], hold_s: 2s}\n",
        11);
    cr_assert_eq(scene.count, 3);
    cr_expect_float_eq(fit_start_s(&scene, 0), 5.0, 1e-9);
    cr_expect_float_eq(fit_start_s(&scene, 1), 60.0, 1e-9);
    cr_expect_float_eq(fit_start_s(&scene, 2), 3540.0, 1e-9);
    fit_scene_close(&scene);
}

Test(script, one_radio_never_talks_over_itself) {
    struct fit_scene scene =
        fit_scene_open(HEAD "  - name: busy\n" CARRIER
                            "    script: {kind: clock, period_s: 10s, jitter_s: 2.5, hold_s: 8s}\n",
                       12);
    for (size_t i = 1; i < scene.count; i++) {
        cr_assert_geq(fit_start_s(&scene, i), stop_s(&scene, i - 1) - 1e-9);
    }
    fit_scene_close(&scene);
}
