#include "tests/dsp/scene.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/quarters.h"
#include "tests/dsp/waves.h"

void scene_init(struct scene *scene, size_t channels, size_t rows, unsigned long seed) {
    memset(scene, 0, sizeof *scene);
    struct ls_err err = {0};
    scene->rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(scene->rng, seed);
    struct ls_channelizer_opts opts = {
        .channels = channels, .keep_frames = LS_QUARTERS_KEEP, .format = LS_FORMAT_CF32_LE};
    cr_assert_eq(ls_channelizer_create(&scene->bank, &opts, &err), LS_OK, "%s", err.text);
    size_t length;
    const float *h = ls_channelizer_prototype(scene->bank, &length);
    cr_assert_eq(ls_looks_create(&scene->looks, h, length, channels, &err), LS_OK);
    for (size_t i = 0; i < length; i++) {
        scene->noise_pow += (double)h[i] * (double)h[i];
    }
    scene->channels = channels;
    scene->rows = rows;
    scene->hop = channels / 2;
    scene->half = length / 2;
    scene->span = ls_channelizer_span(scene->bank, 2 * rows);
    scene->samples = calloc(scene->span, sizeof *scene->samples);
    scene->power = calloc(2 * rows * channels, sizeof *scene->power);
    scene->floor_pow = calloc(channels, sizeof *scene->floor_pow);
    cr_assert(scene->samples != NULL && scene->power != NULL && scene->floor_pow != NULL);
    for (size_t c = 0; c < channels; c++) {
        scene->floor_pow[c] = (float)scene->noise_pow;
    }
}

void scene_finish(struct scene *scene) {
    gsl_rng_free(scene->rng);
    ls_channelizer_destroy(scene->bank);
    ls_looks_destroy(scene->looks);
    free(scene->samples);
    free(scene->power);
    free(scene->floor_pow);
}

void scene_noise(struct scene *scene) {
    memset(scene->samples, 0, scene->span * sizeof *scene->samples);
    waves_noise(scene->rng, scene->samples, scene->span, 1.0);
}

static struct wave_keying keying(const struct scene *scene, double from_frame, double to_frame) {
    double half = (double)scene->half;
    double hop = (double)scene->hop;
    return (struct wave_keying){.from = half + from_frame * hop,
                                .to = half + to_frame * hop,
                                .ramp = scene->ramp_frames * hop};
}

/* Cycles a sample of a channel position. */
static double frequency_of(const struct scene *scene, double channel) {
    return channel / (double)scene->channels - 0.5;
}

void scene_tone(struct scene *scene, double from_frame, double to_frame, double channel,
                double pow) {
    struct wave_keying on = keying(scene, from_frame, to_frame);
    waves_tone(scene->samples, scene->span, &on, frequency_of(scene, channel), pow);
}

void scene_band(struct scene *scene, double from_frame, double to_frame, double low_channel,
                double high_channel, double pow) {
    struct wave_keying on = keying(scene, from_frame, to_frame);
    waves_band(scene->rng, scene->samples, scene->span, &on, frequency_of(scene, low_channel),
               frequency_of(scene, high_channel), pow);
}

void scene_transform(struct scene *scene) {
    ls_channelizer_power(scene->bank, scene->samples, 2 * scene->rows, scene->power,
                         scene->channels, NULL);
}

void scene_push(struct ls_detector *detector, float *frames, size_t channels) {
    for (size_t c = 0; c < channels; c++) {
        frames[c] += frames[channels + c];
    }
    ls_detector_push(detector, frames);
}

struct ls_detection scene_detect(struct scene *scene, struct ls_detector *detector, bool clipped) {
    scene_transform(scene);
    return scene_detect_frames(scene, detector, clipped);
}

struct ls_detection scene_detect_frames(struct scene *scene, struct ls_detector *detector,
                                        bool clipped) {
    ls_detector_begin(detector, scene->floor_pow);
    for (size_t r = 0; r < scene->rows; r++) {
        scene_push(detector, scene->power + 2 * r * scene->channels, scene->channels);
    }
    struct ls_detection found;
    ls_detector_finish(detector, clipped, &found);
    return found;
}

struct ls_detector *scene_detector(const struct scene *scene, double false_alarms) {
    struct ls_detector_opts opts = {.channels = scene->channels,
                                    .frames = 2 * scene->rows,
                                    .first_channel = 1,
                                    .last_channel = scene->channels,
                                    .looks = scene->looks,
                                    .false_alarms = false_alarms};
    struct ls_detector *detector = NULL;
    struct ls_err err = {0};
    cr_assert_eq(ls_detector_create(&detector, &opts, &err), LS_OK, "%s", err.text);
    return detector;
}

double scene_pow(const struct scene *scene, double db) {
    return exp10(db / 10.0) * scene->noise_pow;
}
