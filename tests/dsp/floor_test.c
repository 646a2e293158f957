#include "dsp/floor.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "base/util.h"
#include "tests/dsp/scene.h"

enum { CHANNELS = 64, ROWS = 2048, MIDDLE = CHANNELS / 2 };

static double db(double ratio) { return 10.0 * log10(ratio); }

/* The floor that is learnt from the scene; gain: [CHANNELS] power gain of a passband, or NULL. */
static struct ls_floor *learn(struct scene *scene, const float *gain, const bool *masked) {
    struct ls_floor_opts opts = {.channels = CHANNELS,
                                 .least_pow = 1e-20,
                                 .masked = masked,
                                 .looks = scene->looks,
                                 .learn_frames = 2 * scene->rows,
                                 .frame_s = 0.01};
    struct ls_floor *floor = NULL;
    struct ls_err err = {0};
    cr_assert_eq(ls_floor_create(&floor, &opts, &err), LS_OK, "%s", err.text);
    cr_assert_eq(ls_floor_begin(floor, 0.0, &err), LS_OK, "%s", err.text);
    scene_transform(scene);
    for (size_t f = 0; f < 2 * scene->rows; f++) {
        float *frame = scene->power + f * CHANNELS;
        for (size_t c = 0; gain != NULL && c < CHANNELS; c++) {
            frame[(c + MIDDLE) % CHANNELS] *= gain[c];
        }
        ls_floor_learn(floor, frame);
    }
    cr_expect(ls_floor_settle(floor));
    return floor;
}

/* Error in dB of the mean floor of channels [low, high). */
static double mean_error_db(const struct scene *scene, const struct ls_floor *floor, size_t low,
                            size_t high) {
    double sum = 0.0;
    for (size_t c = low; c < high; c++) {
        sum += (double)ls_floor_power(floor)[c];
    }
    return db(sum / (double)(high - low) / scene->noise_pow);
}

static double worst_error_db(const struct scene *scene, const struct ls_floor *floor) {
    double worst = 0.0;
    for (size_t c = 0; c < CHANNELS; c++) {
        worst = fmax(worst, fabs(db((double)ls_floor_power(floor)[c] / scene->noise_pow)));
    }
    return worst;
}

Test(floor, is_the_mean_of_white_noise) {
    struct scene scene;
    scene_init(&scene, CHANNELS, ROWS, 21);
    scene_noise(&scene);
    struct ls_floor *floor = learn(&scene, NULL, NULL);
    cr_expect_lt(fabs(mean_error_db(&scene, floor, 0, CHANNELS)), 0.1);
    /* 4096 frames of 0.58 looks: 2 % or 0.09 dB; four deviations. */
    cr_expect_lt(worst_error_db(&scene, floor), 0.36);
    cr_expect_float_eq(ls_floor_error(floor), 0.02, 0.005);
    for (size_t c = 0; c < CHANNELS; c++) {
        cr_expect_not(ls_floor_occupied(floor)[c], "channel %zu", c);
    }
    ls_floor_destroy(floor);
    scene_finish(&scene);
}

/* Bursts of `on` frames over half of the band that are on for this share of the time. */
static double error_when_occupied_db(double share, double on, double snr_db, unsigned long seed) {
    struct scene scene;
    scene_init(&scene, CHANNELS, ROWS, seed);
    scene_noise(&scene);
    double period = on / share;
    for (double at = 7.0; at < 2.0 * ROWS; at += period) {
        scene_band(&scene, at, at + on, 16.0, 48.0, 32.0 * scene_pow(&scene, snr_db));
    }
    struct ls_floor *floor = learn(&scene, NULL, NULL);
    double error = mean_error_db(&scene, floor, 20, 44);
    ls_floor_destroy(floor);
    scene_finish(&scene);
    return error;
}

/* The bank's step response is 16 frames long: gaps shorter than that show no noise alone. */
Test(floor, is_within_half_a_db_up_to_60_percent_of_occupied_time) {
    for (double snr_db = 10.0; snr_db <= 30.0; snr_db += 10.0) {
        for (double on = 80.0; on <= 320.0; on *= 2.0) {
            for (int percent = 20; percent <= 60; percent += 20) {
                double error = error_when_occupied_db(percent / 100.0, on, snr_db, 22);
                cr_log_info("%g dB, %g frames, %d %%: %+.2f dB", snr_db, on, percent, error);
                cr_expect_lt(fabs(error), 0.5, "%g dB, %g frames, %d %% occupied: %+.2f dB", snr_db,
                             on, percent, error);
            }
        }
    }
}

Test(floor, is_within_a_db_at_80_percent_of_occupied_time) {
    for (double snr_db = 10.0; snr_db <= 30.0; snr_db += 10.0) {
        for (double on = 80.0; on <= 640.0; on *= 2.0) {
            double error = error_when_occupied_db(0.8, on, snr_db, 23);
            cr_log_info("%g dB, %g frames, 80 %%: %+.2f dB", snr_db, on, error);
            cr_expect_lt(fabs(error), 1.0, "%g dB, %g frames, 80 %% occupied: %+.2f dB", snr_db, on,
                         error);
        }
    }
}

Test(floor, keeps_the_shape_of_a_passband) {
    struct scene scene;
    float gain[CHANNELS];
    for (size_t c = 0; c < CHANNELS; c++) {
        /* 12 dB down at the edges, over a tenth of the band on each side. */
        double edge = fmin((double)c, (double)(CHANNELS - 1 - c)) / CHANNELS;
        gain[c] = (float)exp10(-1.2 * fmax(0.0, 1.0 - edge / 0.1));
    }
    scene_init(&scene, CHANNELS, ROWS, 24);
    scene_noise(&scene);
    struct ls_floor *floor = learn(&scene, gain, NULL);
    for (size_t c = 0; c < CHANNELS; c++) {
        double error = db((double)ls_floor_power(floor)[c] / (scene.noise_pow * (double)gain[c]));
        cr_expect_lt(fabs(error), 0.4, "channel %zu: %+.2f dB", c, error);
        cr_expect_not(ls_floor_occupied(floor)[c], "channel %zu", c);
    }
    ls_floor_destroy(floor);
    scene_finish(&scene);
}

/* 3.5 dB high and as wide as the band: its top stands out of the opened floor by 2.6 dB. */
Test(floor, takes_no_hump_of_the_passband_for_a_carrier) {
    struct scene scene;
    float gain[CHANNELS];
    for (size_t c = 0; c < CHANNELS; c++) {
        gain[c] = (float)exp10(0.175 * (1.0 - cos(2.0 * M_PI * (double)c / (CHANNELS - 1))));
    }
    scene_init(&scene, CHANNELS, ROWS, 32);
    scene_noise(&scene);
    struct ls_floor *floor = learn(&scene, gain, NULL);
    for (size_t c = 0; c < CHANNELS; c++) {
        double error = db((double)ls_floor_power(floor)[c] / (scene.noise_pow * (double)gain[c]));
        cr_expect_lt(fabs(error), 0.4, "channel %zu: %+.2f dB", c, error);
        cr_expect_not(ls_floor_occupied(floor)[c], "channel %zu", c);
    }
    ls_floor_destroy(floor);
    scene_finish(&scene);
}

static void expect_carrier_apart(double low, double high, double pow_db, unsigned long seed) {
    struct scene scene;
    scene_init(&scene, CHANNELS, ROWS, seed);
    scene_noise(&scene);
    double width = high - low;
    if (width < 1.0) {
        scene_tone(&scene, -8.0, 2.0 * ROWS + 8.0, low, scene_pow(&scene, pow_db));
    } else {
        double pow = width * scene_pow(&scene, pow_db);
        scene_band(&scene, -8.0, 2.0 * ROWS + 8.0, low - 0.5, high - 0.5, pow);
    }
    struct ls_floor *floor = learn(&scene, NULL, NULL);
    /* The opening takes a minimum of channels that scatter by 0.09 dB. */
    cr_expect_lt(worst_error_db(&scene, floor), 0.5, "carrier at %g to %g: %.2f dB", low, high,
                 worst_error_db(&scene, floor));
    for (double c = ceil(low); c < high; c += 1.0) {
        cr_expect(ls_floor_occupied(floor)[(size_t)c], "channel %g", c);
    }
    ls_floor_destroy(floor);
    scene_finish(&scene);
}

Test(floor, trap_carrier_from_first_sample) {
    expect_carrier_apart(20.0, 20.5, 30.0, 25);
    expect_carrier_apart(0.0, 0.5, 30.0, 26);
    expect_carrier_apart(63.0, 63.5, 30.0, 27);
}

Test(floor, trap_carrier_from_first_sample_over_40_percent_of_the_band) {
    expect_carrier_apart(18.0, 44.0, 20.0, 28);
    expect_carrier_apart(1.0, 27.0, 20.0, 29);
    expect_carrier_apart(37.0, 63.0, 20.0, 30);
}

Test(floor, trap_dc_spike_is_its_own_floor_and_nobody_elses) {
    struct scene scene;
    bool masked[CHANNELS] = {[MIDDLE] = true};
    scene_init(&scene, CHANNELS, ROWS, 31);
    scene_noise(&scene);
    scene_tone(&scene, -8.0, 2.0 * ROWS + 8.0, MIDDLE, scene_pow(&scene, 30.0));
    struct ls_floor *floor = learn(&scene, NULL, masked);
    const float *power = ls_floor_power(floor);
    cr_expect_float_eq(db((double)power[MIDDLE] / scene.noise_pow), 30.0, 0.1);
    cr_expect_lt(fabs(mean_error_db(&scene, floor, 0, MIDDLE)), 0.1);
    cr_expect_lt(fabs(mean_error_db(&scene, floor, MIDDLE + 1, CHANNELS)), 0.1);
    cr_expect_not(ls_floor_occupied(floor)[MIDDLE]);
    ls_floor_destroy(floor);
    scene_finish(&scene);
}

/* A floor of 1 in every channel, to be tracked. */
static struct ls_floor *flat(struct scene *scene) {
    scene_init(scene, CHANNELS, ROWS, 32);
    scene_noise(scene);
    float gain[CHANNELS];
    for (size_t c = 0; c < CHANNELS; c++) {
        gain[c] = (float)(1.0 / scene->noise_pow);
    }
    return learn(scene, gain, NULL);
}

/* One piece of `seconds` whose noise is at truth and whose channels [low, high) hold more. */
static void track(struct ls_floor *floor, double truth, double seconds, size_t low, size_t high,
                  double more, float clean_share) {
    float mean_pow[CHANNELS];
    float clean[CHANNELS];
    for (size_t c = 0; c < CHANNELS; c++) {
        bool carrier = c >= low && c < high;
        mean_pow[c] = (float)(truth * (carrier ? more : 1.0));
        clean[c] = carrier ? clean_share : 1.0F;
    }
    ls_floor_track(floor, mean_pow, clean, seconds);
}

Test(floor, follows_a_drift_of_6_db_in_a_minute) {
    struct scene scene;
    struct ls_floor *floor = flat(&scene);
    for (int sign = -1; sign <= 1; sign += 2) {
        double level = 0.0;
        for (double t = 0.0; t < 60.0; t += 0.2) {
            level = sign * 6.0 * t / 60.0;
            track(floor, exp10(level / 10.0), 0.2, 0, 0, 1.0, 1.0F);
        }
        /* Lags by its time constant of a second, 0.1 dB, and a piece. */
        double error = db((double)ls_floor_power(floor)[MIDDLE]) - level;
        cr_expect_lt(fabs(error), 0.2, "%+.2f dB behind", error);
        for (double t = 0.0; t < 60.0; t += 0.2) {
            track(floor, 1.0, 0.2, 0, 0, 1.0, 1.0F);
        }
    }
    ls_floor_destroy(floor);
    scene_finish(&scene);
}

Test(floor, trap_floor_follows_carrier) {
    struct scene scene;
    struct ls_floor *floor = flat(&scene);
    /* Ten minutes of a strong carrier that boxes claim, over a third of the band. */
    for (double t = 0.0; t < 600.0; t += 0.2) {
        track(floor, 1.0, 0.2, 10, 30, 100.0, 0.0F);
    }
    double error = db((double)ls_floor_power(floor)[20]);
    cr_expect_lt(fabs(error), 0.3, "a claimed carrier moved its floor by %+.2f dB", error);
    /* Ten seconds of a burst train of which a tenth of the cells slips through. */
    for (double t = 0.0; t < 10.0; t += 0.2) {
        track(floor, 1.0, 0.2, 10, 30, 100.0, 0.1F);
    }
    error = db((double)ls_floor_power(floor)[20]);
    cr_expect_lt(fabs(error), 0.3, "left-overs of a carrier moved its floor by %+.2f dB", error);
    ls_floor_destroy(floor);
    scene_finish(&scene);
}

/* Learns from frames [first, first + frames) of the scene's powers times gain, after away_s. */
static void learn_stretch(struct ls_floor *floor, const struct scene *scene, size_t first,
                          size_t frames, double gain, double away_s) {
    float frame[CHANNELS];
    cr_assert_eq(ls_floor_begin(floor, away_s, NULL), LS_OK);
    for (size_t f = first; f < first + frames; f++) {
        for (size_t c = 0; c < CHANNELS; c++) {
            frame[c] = (float)gain * scene->power[f * CHANNELS + c];
        }
        ls_floor_learn(floor, frame);
    }
    cr_expect(ls_floor_settle(floor));
    ls_floor_rest(floor);
}

static struct ls_floor *empty_floor(const struct scene *scene) {
    struct ls_floor_opts opts = {.channels = CHANNELS,
                                 .least_pow = 1e-20,
                                 .looks = scene->looks,
                                 .learn_frames = 2 * scene->rows,
                                 .frame_s = 0.01};
    struct ls_floor *floor = NULL;
    cr_assert_eq(ls_floor_create(&floor, &opts, NULL), LS_OK);
    return floor;
}

/* Dwells of 40 frames, between which the gain drifts by 0.5 dB, and a burst in half of them. */
Test(floor, short_stretches_add_up) {
    struct scene scene;
    scene_init(&scene, CHANNELS, ROWS, 35);
    scene_noise(&scene);
    for (size_t at = 0; at < 2 * ROWS; at += 80) {
        double from = (double)at;
        scene_band(&scene, from, from + 40.0, 16.0, 40.0, 24.0 * scene_pow(&scene, 15.0));
    }
    scene_transform(&scene);
    struct ls_floor *floor = empty_floor(&scene);
    double gain = 1.0;
    double errors[3] = {0};
    for (size_t i = 0; i < 100; i++) {
        gain = exp10(0.05 * sin((double)i));
        learn_stretch(floor, &scene, 40 * i, 40, gain, 5.0);
        errors[0] = i == 0 ? ls_floor_error(floor) : errors[0];
        errors[1] = i == 11 ? ls_floor_error(floor) : errors[1];
    }
    errors[2] = ls_floor_error(floor);
    cr_expect_gt(errors[0], 0.2);
    cr_expect_lt(errors[1], 0.5 * errors[0]);
    cr_expect_lt(errors[2], 0.08, "%.2f after 100 stretches", errors[2]);
    double mean = mean_error_db(&scene, floor, 0, CHANNELS);
    /* The gain of 32 frames in 64 channels, half of them excised: 0.25 dB; the burst's edges in
     * every dwell: 0.3 dB over the band. */
    cr_expect_lt(fabs(mean - db(gain)), 0.6, "%+.2f dB", mean - db(gain));
    ls_floor_destroy(floor);
    scene_finish(&scene);
}

/* Known, left for a while, found again with another gain: 32 frames are enough. */
Test(floor, comes_back_with_its_shape_at_another_gain) {
    struct scene scene;
    scene_init(&scene, CHANNELS, ROWS, 36);
    scene_noise(&scene);
    scene_transform(&scene);
    static const double steps_db[] = {0.0, 0.1, -0.5, 3.0, -10.0, 20.0};
    for (size_t i = 0; i < LS_COUNT(steps_db); i++) {
        struct ls_floor *floor = empty_floor(&scene);
        learn_stretch(floor, &scene, 0, 2048, 1.0, 0.0);
        cr_expect_eq(ls_floor_wanted(floor, 1.0), 32);
        cr_expect_eq(ls_floor_wanted(floor, 3600.0), 2 * ROWS, "after an hour it is learnt anew");
        learn_stretch(floor, &scene, 3000, 32, exp10(steps_db[i] / 10.0), 1.0);
        double error = mean_error_db(&scene, floor, 0, CHANNELS) - steps_db[i];
        /* 32 frames in 64 channels are some 1000 looks: 3 % or 0.14 dB. */
        cr_expect_lt(fabs(error), 0.3, "%+.1f dB: %+.2f dB off", steps_db[i], error);
        cr_expect_lt(ls_floor_error(floor), 0.06);
        ls_floor_destroy(floor);
    }
    scene_finish(&scene);
}

Test(floor, says_when_it_learnt_too_little_and_never_goes_below_the_least) {
    struct scene scene;
    scene_init(&scene, CHANNELS, 16, 33);
    struct ls_floor_opts opts = {.channels = CHANNELS,
                                 .least_pow = 1e-3,
                                 .looks = scene.looks,
                                 .learn_frames = 100,
                                 .frame_s = 0.01};
    struct ls_floor *floor = NULL;
    struct ls_err err = {0};
    float quiet[CHANNELS] = {0};
    for (size_t frames = 0; frames < 16; frames++) {
        cr_assert_eq(ls_floor_create(&floor, &opts, &err), LS_OK, "%s", err.text);
        cr_assert_eq(ls_floor_begin(floor, 0.0, &err), LS_OK, "%s", err.text);
        for (size_t f = 0; f < frames; f++) {
            ls_floor_learn(floor, quiet);
        }
        cr_expect_eq(ls_floor_settle(floor), frames >= 8);
        for (size_t c = 0; c < CHANNELS; c++) {
            cr_expect_eq(ls_floor_power(floor)[c], 1e-3F);
        }
        ls_floor_destroy(floor);
    }
    scene_finish(&scene);
}

Test(floor, refuses_what_it_cannot_learn_from) {
    struct scene scene;
    scene_init(&scene, CHANNELS, 16, 34);
    struct ls_floor_opts good = {.channels = CHANNELS,
                                 .least_pow = 1e-9,
                                 .looks = scene.looks,
                                 .learn_frames = 100,
                                 .frame_s = 0.01};
    struct ls_floor_opts bad[4] = {good, good, good, good};
    bad[0].channels = 2;
    bad[1].least_pow = 0.0;
    bad[2].learn_frames = 0;
    bad[3].frame_s = 0.0;
    for (size_t i = 0; i < LS_COUNT(bad); i++) {
        struct ls_floor *floor = NULL;
        cr_expect_eq(ls_floor_create(&floor, &bad[i], NULL), LS_ERR_ARG);
        cr_expect_null(floor);
    }
    scene_finish(&scene);
}
