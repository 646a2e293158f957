/* What a receiver does to a band, and what transmitters do to each other, from samples to rows. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "tests/dsp/waves.h"
#include "tests/survey/heard.h"

static const int64_t start_ns = INT64_C(1795000000000000000);
static const double noise_pow = 1e-6; /* of the whole band */

struct scene {
    gsl_rng *rng;
    float complex *x;
    size_t n;
    struct ls_tuning tuning;
    struct heard heard;
};

static void scene_init(struct scene *scene, double rate_sps, double seconds, unsigned long seed) {
    memset(scene, 0, sizeof *scene);
    scene->rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(scene->rng, seed);
    scene->n = (size_t)(rate_sps * seconds);
    scene->x = calloc(scene->n, sizeof *scene->x);
    cr_assert_not_null(scene->x);
    scene->tuning =
        (struct ls_tuning){.center_hz = 868e6, .rate_sps = rate_sps, .format = LS_FORMAT_CF32_LE};
    waves_noise(scene->rng, scene->x, scene->n, noise_pow);
}

static void scene_finish(struct scene *scene) {
    heard_finish(&scene->heard);
    gsl_rng_free(scene->rng);
    free(scene->x);
}

static void listen(struct scene *scene) {
    heard_search(&scene->heard, &(struct heard_opts){.threads = 2}, &scene->tuning, start_ns,
                 scene->x, scene->n);
    if (getenv("DBG")) {
        for (size_t i = 0; i < scene->heard.burst_count; i++) {
            const struct ls_burst *b = &scene->heard.bursts[i].burst;
            printf("%9.5f %9.5f %9.1f %8.1f %5.1f row %d fl %u\n",
                   (double)(b->start_ns - start_ns) / 1e9, (double)b->duration_ns / 1e9,
                   (b->center_hz - 868e6) / 1e3, b->bandwidth_hz / 1e3, b->snr_db,
                   (int)scene->heard.bursts[i].number, b->flags);
        }
        for (int k = 0; k < LS_DECLINED_COUNT; k++)
            printf("declined %d %d\n", k, (int)scene->heard.counts.declined[k]);
        fflush(stdout);
    }
}

/* snr_db in its own band. */
static void add_band(struct scene *scene, double from_s, double to_s, double offset_hz,
                     double width_hz, double snr_db) {
    double rate = scene->tuning.rate_sps;
    struct wave_keying keying = {.from = from_s * rate, .to = to_s * rate, .ramp = 40e-6 * rate};
    waves_band(scene->rng, scene->x, scene->n, &keying, (offset_hz - width_hz / 2.0) / rate,
               (offset_hz + width_hz / 2.0) / rate,
               noise_pow * width_hz / rate * exp10(snr_db / 10.0));
}

static void scale(struct scene *scene, double from_s, double to_s, double db) {
    size_t to = (size_t)(to_s * scene->tuning.rate_sps);
    for (size_t i = (size_t)(from_s * scene->tuning.rate_sps); i < to && i < scene->n; i++) {
        scene->x[i] *= (float)exp10(db / 20.0);
    }
}

/* Bursts that begin within a millisecond of at_s and offset_hz. */
static size_t bursts_near(const struct scene *scene, double at_s, double offset_hz,
                          double reach_hz) {
    size_t count = 0;
    for (size_t i = 0; i < scene->heard.burst_count; i++) {
        const struct ls_burst *burst = &scene->heard.bursts[i].burst;
        double late_s = (double)(burst->start_ns - start_ns) / 1e9 - at_s;
        count +=
            fabs(late_s) < 1e-3 && fabs(burst->center_hz - 868e6 - offset_hz) < reach_hz ? 1 : 0;
    }
    return count;
}

/* Somebody turned the gain in the middle of a piece: the floor is elsewhere at once. Up or down,
 * there may be a row that says so, but no flood; and what is there before and after is found. */
Test(scenes, trap_gain_step_within_a_piece) {
    static const double steps_db[] = {-12.0, -3.0, 1.0, 3.0, 6.0, 12.0};
    for (size_t i = 0; i < LS_COUNT(steps_db); i++) {
        struct scene scene;
        scene_init(&scene, 1e6, 6.0, 300 + i);
        add_band(&scene, 1.0, 1.05, 200e3, 25e3, 20.0);
        add_band(&scene, 5.5, 5.55, -200e3, 25e3, 20.0);
        scale(&scene, 3.21, 6.0, steps_db[i]);
        listen(&scene);
        cr_expect_leq(scene.heard.row_count, 4, "%+g dB: %zu rows", steps_db[i],
                      scene.heard.row_count);
        cr_expect_leq(scene.heard.burst_count, 6, "%+g dB: %zu bursts", steps_db[i],
                      scene.heard.burst_count);
        cr_expect_eq(bursts_near(&scene, 1.0, 200e3, 10e3), 1, "%+g dB: before", steps_db[i]);
        cr_expect_eq(bursts_near(&scene, 5.5, -200e3, 10e3), 1, "%+g dB: after", steps_db[i]);
        scene_finish(&scene);
    }
}

/* Sparks: a hundred a second, 10 to 300 us, up to 25 dB over the whole band. Duration and bandwidth
 * tell them from transmissions: each is one burst, and all are some rows; a burst among them is
 * found. */
Test(scenes, trap_impulses_are_one_burst_each) {
    struct scene scene;
    scene_init(&scene, 1e6, 4.0, 310);
    size_t sparks = 0;
    for (double at = 0.005; at < 4.0; at += 0.01) {
        double length_s = 10e-6 * pow(30.0, gsl_rng_uniform(scene.rng));
        scale(&scene, at, at + length_s, 5.0 + 20.0 * gsl_rng_uniform(scene.rng));
        sparks++;
    }
    add_band(&scene, 2.0, 2.2, 150e3, 25e3, 20.0);
    listen(&scene);
    cr_expect_eq(bursts_near(&scene, 2.0, 150e3, 10e3), 1);
    /* A spark of ten microseconds has so few looks that some of the band may show nothing of it. */
    cr_expect_leq(scene.heard.burst_count, sparks * 3 / 2, "%zu bursts of %zu sparks",
                  scene.heard.burst_count, sparks);
    cr_expect_leq(scene.heard.row_count, sparks / 10, "%zu rows of %zu sparks",
                  scene.heard.row_count, sparks);
    scene_finish(&scene);
}

/* Two neighbours 25 kHz apart on and off in the same instant, the weaker one 15 to 35 dB up. They
 * are noise-like and narrow, so a deep fade may cut one of them. */
Test(scenes, synchronous_neighbours_25_khz_apart_are_two) {
    struct scene scene;
    scene_init(&scene, 1e6, 4.0, 320);
    size_t planted = 0;
    for (double at = 0.3; at < 3.8; at += 0.1) {
        double snr_db = 20.0 + 20.0 * gsl_rng_uniform(scene.rng);
        double offset = -300e3 + 100e3 * gsl_rng_uniform(scene.rng);
        add_band(&scene, at, at + 0.02, offset, 8e3, snr_db);
        add_band(&scene, at, at + 0.02, offset + 25e3, 8e3, snr_db - 5.0);
        planted += 2;
    }
    listen(&scene);
    cr_expect_geq(scene.heard.burst_count, planted * 95 / 100, "%zu bursts of %zu",
                  scene.heard.burst_count, planted);
    cr_expect_leq(scene.heard.burst_count, planted * 107 / 100, "%zu bursts of %zu",
                  scene.heard.burst_count, planted);
    scene_finish(&scene);
}

/* One slot of eight, as GSM has them, for a second: every slot a burst of its own, and one row. */
Test(scenes, slots_of_a_call_are_bursts_of_one_row) {
    struct scene scene;
    scene_init(&scene, 1e6, 2.0, 330);
    const double frame_s = 60.0 / 13.0 * 1e-3;
    size_t slots = 0;
    for (double at = 0.4; at < 1.4; at += frame_s) {
        add_band(&scene, at, at + frame_s / 8.0 - 30e-6, 100e3, 200e3, 20.0);
        slots++;
    }
    listen(&scene);
    cr_expect_eq(scene.heard.row_count, 1, "%zu rows", scene.heard.row_count);
    cr_expect_leq(scene.heard.burst_count, slots, "%zu bursts of %zu slots",
                  scene.heard.burst_count, slots);
    cr_expect_geq(scene.heard.burst_count, slots - 2, "%zu bursts of %zu slots",
                  scene.heard.burst_count, slots);
    scene_finish(&scene);
}

/* A hard-keyed train 40 dB up, and 100 kHz beside it a weak burst of 12 dB: its clicks do not hide
 * it, nor become rows. */
Test(scenes, weak_burst_beside_a_hard_keyed_train) {
    struct scene scene;
    scene_init(&scene, 1e6, 2.0, 340);
    for (double at = 0.3; at < 1.7; at += 2e-3) {
        double rate = scene.tuning.rate_sps;
        struct wave_keying keying = {.from = at * rate, .to = (at + 1e-3) * rate};
        waves_tone(scene.x, scene.n, &keying, 0.1, noise_pow * 6250.0 / rate * exp10(4.0));
    }
    add_band(&scene, 1.0, 1.1, -100e3, 25e3, 12.0);
    listen(&scene);
    cr_expect_eq(bursts_near(&scene, 1.0, -100e3, 10e3), 1);
    cr_expect_leq(scene.heard.row_count, 5, "%zu rows", scene.heard.row_count);
    scene_finish(&scene);
}

/* At 10 dB, in 62500 rows: one fade may still look like a silence. */
Test(scenes, ten_seconds_are_one_row) {
    struct scene scene;
    scene_init(&scene, 250e3, 13.0, 350);
    add_band(&scene, 1.5, 11.5, -50e3, 25e3, 10.0);
    listen(&scene);
    cr_assert_eq(scene.heard.row_count, 1, "%zu rows", scene.heard.row_count);
    cr_expect_leq(scene.heard.burst_count, 2, "%zu bursts", scene.heard.burst_count);
    cr_expect_float_eq((double)scene.heard.rows[0].duration_ns / 1e9, 10.0, 1e-3);
    scene_finish(&scene);
}

/* A DC spike 30 dB up that goes up by 6 dB a minute, as the floor may. */
Test(scenes, trap_drifting_dc) {
    struct scene scene;
    scene_init(&scene, 250e3, 20.0, 360);
    double top = sqrt(noise_pow / 40.0) * exp10(30.0 / 20.0);
    for (size_t i = 0; i < scene.n; i++) {
        double part = (double)i / (double)scene.n;
        scene.x[i] += (float)(top * exp10(0.1 * part));
    }
    listen(&scene);
    cr_expect_eq(scene.heard.row_count, 0, "%zu rows", scene.heard.row_count);
    scene_finish(&scene);
}
