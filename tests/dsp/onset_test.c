#include "dsp/onset.h"

#include <criterion/criterion.h>
#include <gsl/gsl_randist.h>
#include <math.h>

#include "tests/dsp/scene.h"

enum { ROWS = LS_ONSET_ROWS_MAX };

/* No noise: the instant on a slope that the model has. */
Test(onset, is_where_a_clean_slope_is_half_way) {
    for (double at = 8.0; at < 40.0; at += 3.25) {
        double power[ROWS];
        for (size_t r = 0; r < ROWS; r++) {
            double sum = 0.0;
            for (int side = 0; side < 2; side++) {
                double frame = 2.0 * (double)r + (double)side;
                sum += 0.5 * fmin(1.0, fmax(0.0, 0.5 * (1.0 + frame - at)));
            }
            power[r] = 1.0 + 20.0 * sum;
        }
        const struct ls_onset onset = {.level = 20.0, .channels = 1};
        double found = ls_onset_find(&onset, power, ROWS);
        cr_expect_float_eq(found, at, 0.26, "%g at %g", found, at);
    }
}

Test(onset, what_is_on_all_the_time_came_on_before) {
    double power[ROWS];
    for (size_t r = 0; r < ROWS; r++) {
        power[r] = 11.0;
    }
    const struct ls_onset onset = {.level = 10.0, .alone = 1.0, .channels = 1};
    cr_expect_eq(ls_onset_find(&onset, power, ROWS), 0.0);
}

/* Two rows of a band of 128 channels, 4 dB below the noise: the rows before them are noise and not
 * a steadier signal. Their deviation is a twelfth, a fifth of the signal. */
Test(onset, of_a_brief_weak_band) {
    enum { BEFORE = 12, ON = 2, CHANNELS = 128, COUNT = 100 };
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, 82);
    size_t near = 0;
    for (size_t i = 0; i < COUNT; i++) {
        double power[BEFORE + ON];
        for (size_t r = 0; r < BEFORE + ON; r++) {
            double looks = 1.5 * CHANNELS;
            double mean = r < BEFORE ? 1.0 : 1.4;
            power[r] = gsl_ran_gamma(rng, looks, mean / looks);
        }
        const struct ls_onset onset = {.level = 0.4, .channels = CHANNELS};
        near += fabs(ls_onset_find(&onset, power, BEFORE + ON) - 2.0 * BEFORE) <= 2.0 ? 1 : 0;
    }
    cr_expect_geq(near, 95, "%zu of %d within a row", near, COUNT);
    gsl_rng_free(rng);
}

/* Carriers 10 dB above the noise of a channel, behind the real bank, at instants and frequencies of
 * every kind: half of the instants within half a frame, nine in ten within two. 200 of them: each
 * share is known to 5 %. */
Test(onset, of_carriers_at_10_db) {
    enum { COUNT = 200 };
    struct scene scene;
    scene_init(&scene, 64, 64, 81);
    size_t close = 0;
    size_t near = 0;
    for (size_t i = 0; i < COUNT; i++) {
        double at = 40.0 + 20.0 * gsl_rng_uniform(scene.rng);
        double offset = gsl_rng_uniform(scene.rng);
        size_t low = 20;
        size_t high = offset > 0.25 ? 22 : 21;
        low = offset > 0.75 ? 21 : low;
        scene_noise(&scene);
        scene_tone(&scene, at, 140.0, 20.0 + offset, scene_pow(&scene, 10.0));
        scene_transform(&scene);
        double power[ROWS];
        size_t first = 25 - ROWS / 2;
        for (size_t r = 0; r < ROWS; r++) {
            double sum = 0.0;
            for (size_t c = low; c < high; c++) {
                size_t bin = (c + 32) % 64; /* rising order to FFT order */
                sum += (double)scene.power[2 * (first + r) * 64 + bin];
                sum += (double)scene.power[(2 * (first + r) + 1) * 64 + bin];
            }
            power[r] = sum / (2.0 * scene.noise_pow * (double)(high - low));
        }
        double level = 10.0 / (double)(high - low);
        double alone = high - low == 1 ? 1.0 : 0.0;
        const struct ls_onset onset = {.level = level, .alone = alone, .channels = high - low};
        double error = 2.0 * (double)first + ls_onset_find(&onset, power, ROWS) - at;
        close += fabs(error) < 0.5 ? 1 : 0;
        near += fabs(error) < 2.0 ? 1 : 0;
    }
    cr_expect_geq(close, 45 * COUNT / 100, "%zu of %d within half a frame", close, COUNT);
    cr_expect_geq(near, 85 * COUNT / 100, "%zu of %d within two frames", near, COUNT);
    scene_finish(&scene);
}
