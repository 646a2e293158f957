/* Logs: bytes, order, exposures, and that they read back. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fit.h"
#include "model/line.h"
#include "simulate/lines.h"

#define SCENE                                                                                      \
    "duration_s: 2h\nsensor:\n  rate_sps: 2M\n  false_per_day: 200\n"                              \
    "  sites: [{name: km-1, place_m: [0, 0, 10]}, {name: km-3, place_m: [2000, 0, 10]}]\n"         \
    "  hop: {centers_hz: [868M, 878M], dwell_s: 2s, dwell_spread: 0.2, settle_s: 20ms}\n"          \
    "  loss: {rate_per_hour: 60, length_s: 0.1s}\n"                                                \
    "propagation: {exponent: 3, shadowing_db: 6, fading: rician}\n"                                \
    "emitters:\n"                                                                                  \
    "  - {name: post, pattern: periodic-telemetry, waveform: {id: fsk, bytes: 12}, channels_hz: "  \
    "[868.3M], ppm: 4, place_m: [300, 100, 2], script: {kind: clock, period_s: 7s, jitter_s: "     \
    "0.1}}\n"                                                                                      \
    "  - {name: mast, waveform: {id: carrier}, channels_hz: [877.5M], place_m: [500, 500, 30], "   \
    "script: {kind: always}}\n"                                                                    \
    "trains:\n  - {name: ic, speed_mps: 70, headway_s: 15min, first_h: 0, last_h: 24, cab: "       \
    "{waveform: {id: gsm}, channels_hz: [877.9M]}}\n"

struct log {
    char *lines;
    size_t lines_length;
    char *truth;
    size_t truth_length;
    struct ls_lines_result result;
};

static struct log make(const char *yaml, uint64_t seed) {
    struct log log = {0};
    struct ls_scenario *scenario;
    struct ls_scene *scene;
    struct ls_err err = {0};
    struct ls_scene_opts opts = {.seed = seed, .seed_given = true};
    struct ls_lines_opts out = {.lines = open_memstream(&log.lines, &log.lines_length),
                                .truth = open_memstream(&log.truth, &log.truth_length)};
    cr_assert_eq(ls_scenario_parse(&scenario, yaml, strlen(yaml), "test.yaml", &err), LS_OK, "%s",
                 err.text);
    cr_assert_eq(ls_scene_create(&scene, scenario, &opts, &err), LS_OK, "%s", err.text);
    cr_assert_eq(ls_lines_write(scene, &out, &log.result, &err), LS_OK, "%s", err.text);
    fclose(out.lines);
    fclose(out.truth);
    ls_scene_destroy(scene);
    ls_scenario_destroy(scenario);
    return log;
}

static void drop(struct log *log) {
    free(log->lines);
    free(log->truth);
}

Test(lines, equal_seeds_give_equal_bytes) {
    struct log a = make(SCENE, 3);
    struct log b = make(SCENE, 3);
    struct log c = make(SCENE, 4);
    cr_assert_eq(a.lines_length, b.lines_length);
    cr_assert_eq(memcmp(a.lines, b.lines, a.lines_length), 0);
    cr_assert_eq(a.truth_length, b.truth_length);
    cr_assert_eq(memcmp(a.truth, b.truth, a.truth_length), 0);
    cr_expect(a.lines_length != c.lines_length || memcmp(a.lines, c.lines, a.lines_length) != 0);
    drop(&a);
    drop(&b);
    drop(&c);
}

/* Rows of a sensor rise in time, each lies within one stretch in which that sensor listened to that
 * frequency, and the stretches abut. */
Test(lines, rows_lie_within_their_observation) {
    struct log log = make(SCENE, 3);
    struct ls_observation window[2] = {{0}, {0}};
    int64_t last_ns[2] = {0};
    uint64_t rows = 0;
    char *line = log.lines;
    for (char *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        struct ls_line read;
        struct ls_err err = {0};
        cr_assert_eq(ls_line_parse(line, (size_t)(end - line), NULL, &read, &err), LS_OK, "%s",
                     err.text);
        if (read.kind == LS_LINE_OBSERVATION) {
            int site = strcmp(read.observation.sensor, "km-1") == 0 ? 0 : 1;
            cr_assert(window[site].stop_ns == 0 ||
                      window[site].stop_ns == read.observation.start_ns);
            window[site] = read.observation;
            continue;
        }
        const struct ls_transmission *row = &read.transmission;
        int site = strcmp(row->sensor, "km-1") == 0 ? 0 : 1;
        cr_assert_eq(window[site].state, LS_OBSERVED);
        cr_assert_geq(row->start_ns, window[site].start_ns);
        cr_assert_leq(row->start_ns + row->duration_ns, window[site].stop_ns);
        cr_assert(row->center_hz > window[site].low_hz && row->center_hz < window[site].high_hz);
        cr_assert_geq(row->start_ns, last_ns[site]);
        last_ns[site] = row->start_ns;
        rows++;
    }
    cr_expect_eq(rows, log.result.rows);
    cr_expect_gt(rows, 3000U);
    drop(&log);
}

/* The mast is on for good: a row in every stretch on its tuning, as long as the stretch. */
Test(lines, what_is_always_on_fills_every_exposure) {
    struct log log = make("duration_s: 100s\nsensor:\n  rate_sps: 2M\n  hop: {centers_hz: [868M, "
                          "878M], dwell_s: 2s, settle_s: 50ms}\nemitters:\n  - {name: mast, "
                          "waveform: {id: carrier}, channels_hz: [877.5M], snr_db: 40, script: "
                          "{kind: always}}\n",
                          1);
    /* 100 s of 2.05 s: 49 dwells, the even ones on 878 MHz, the last cut short. */
    cr_expect_eq(log.result.rows, 24);
    cr_expect_float_eq(log.result.observed_s, 100.0 - 48.0 * 0.05, 1e-6);
    drop(&log);
}

Test(lines, false_rows_have_their_rate) {
    struct log log = make("duration_s: 30d\nsensor: {center_hz: 868M, false_per_day: 100}\n", 1);
    cr_expect_lt(fabs((double)log.result.rows - 3000.0), 4.0 * sqrt(3000.0));
    drop(&log);
}

Test(lines, stopping_is_an_error_of_its_own) {
    atomic_int stop = 1;
    struct fit_scene scene = fit_scene_open("duration_s: 1s\nsensor: {center_hz: 868M}\n", 1);
    struct ls_scene *fresh;
    struct ls_scene_opts opts = {.seed = 1};
    struct ls_err err = {0};
    char *text = NULL;
    size_t length = 0;
    struct ls_lines_opts out = {.lines = open_memstream(&text, &length), .stop = &stop};
    struct ls_lines_result result;
    cr_assert_eq(ls_scene_create(&fresh, scene.scenario, &opts, &err), LS_OK);
    cr_expect_eq(ls_lines_write(fresh, &out, &result, &err), LS_ERR_STOPPED);
    fclose(out.lines);
    free(text);
    ls_scene_destroy(fresh);
    fit_scene_close(&scene);
}
