#include "tests/dsp/scene.h"

#include <criterion/criterion.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/fft.h"

void scene_init(struct scene *scene, size_t channels, size_t rows, unsigned long seed) {
    memset(scene, 0, sizeof *scene);
    struct ls_err err = {0};
    scene->rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(scene->rng, seed);
    struct ls_channelizer_opts opts = {.channels = channels, .format = LS_FORMAT_CF32_LE};
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
    float *parts = (float *)scene->samples;
    for (size_t i = 0; i < 2 * scene->span; i++) {
        parts[i] = (float)gsl_ran_gaussian_ziggurat(scene->rng, M_SQRT1_2);
    }
}

/* Sample at which a frame is centred, within the scene. */
static size_t sample_at(const struct scene *scene, double frame) {
    double at = (double)scene->half + frame * (double)scene->hop;
    return at <= 0.0 ? 0 : (size_t)fmin((double)scene->span, round(at));
}

/* Radians a sample of a channel position. */
static double turn_of(const struct scene *scene, double channel) {
    return 2.0 * M_PI * (channel / (double)scene->channels - 0.5);
}

/* Keying of a signal over frames [from, to), ramps outside of it. */
static double keying(const struct scene *scene, double from_frame, double to_frame, size_t sample) {
    double frame = ((double)sample - (double)scene->half) / (double)scene->hop;
    double outside = fmax(0.0, fmax(from_frame - frame, frame - to_frame));
    return outside > 0.0 ? 0.5 + 0.5 * cos(M_PI * fmin(1.0, outside / scene->ramp_frames)) : 1.0;
}

void scene_tone(struct scene *scene, double from_frame, double to_frame, double channel,
                double pow) {
    double turn = turn_of(scene, channel);
    size_t to = sample_at(scene, to_frame + scene->ramp_frames);
    for (size_t i = sample_at(scene, from_frame - scene->ramp_frames); i < to; i++) {
        double angle = turn * (double)i;
        double amplitude = sqrt(pow) * keying(scene, from_frame, to_frame, i);
        scene->samples[i] += (float complex)(amplitude * CMPLX(cos(angle), sin(angle)));
    }
}

void scene_band(struct scene *scene, double from_frame, double to_frame, double low_channel,
                double high_channel, double pow) {
    size_t from = sample_at(scene, from_frame - scene->ramp_frames);
    size_t to = sample_at(scene, to_frame + scene->ramp_frames);
    /* Few lengths, so that few are planned. */
    size_t length = 64;
    while (length < to - from) {
        length *= 2;
    }
    struct ls_fft *fft = NULL;
    cr_assert_eq(
        ls_fft_create(&fft, &(struct ls_fft_opts){.length = length, .inverse = true}, NULL), LS_OK);
    float complex *bins = ls_fft_alloc(length);
    float complex *wave = ls_fft_alloc(length);
    double n = (double)scene->channels;
    long low = lround((low_channel / n - 0.5) * (double)length);
    long high = lround((high_channel / n - 0.5) * (double)length);
    double sigma = sqrt(pow / (double)(high - low) / 2.0);
    for (long k = low; k < high; k++) {
        size_t i = (size_t)(k < 0 ? k + (long)length : k);
        double re = gsl_ran_gaussian_ziggurat(scene->rng, sigma);
        bins[i] = (float complex)CMPLX(re, gsl_ran_gaussian_ziggurat(scene->rng, sigma));
    }
    ls_fft_execute(fft, bins, wave);
    for (size_t i = from; i < to; i++) {
        scene->samples[i] += (float)keying(scene, from_frame, to_frame, i) * wave[i - from];
    }
    ls_fft_destroy(fft);
    free(bins);
    free(wave);
}

void scene_transform(struct scene *scene) {
    ls_channelizer_power(scene->bank, scene->samples, 2 * scene->rows, scene->power,
                         scene->channels, NULL);
}

struct ls_detection scene_detect(struct scene *scene, struct ls_detector *detector, bool clipped) {
    scene_transform(scene);
    ls_detector_begin(detector, scene->floor_pow);
    for (size_t r = 0; r < scene->rows; r++) {
        const float *first = scene->power + 2 * r * scene->channels;
        ls_detector_push(detector, first, first + scene->channels);
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
