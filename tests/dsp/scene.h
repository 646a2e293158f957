/* tests/dsp/scene.h: noise and signals of known power behind the real bank. Positions in time are
 * frames (frame k is centred on input sample k * hop of the piece), positions in frequency are
 * channels in rising order: channel c is centred on c, so it spans [c - 0.5, c + 0.5). Powers are
 * mean |x|^2; noise of mean power 1 gives cells of mean noise_pow. */
#ifndef TESTS_DSP_SCENE_H
#define TESTS_DSP_SCENE_H

#include <complex.h>
#include <gsl/gsl_rng.h>
#include <stddef.h>

#include "dsp/channelizer.h"
#include "dsp/detector.h"
#include "dsp/looks.h"

struct scene {
    gsl_rng *rng;
    struct ls_channelizer *bank;
    struct ls_looks *looks;
    size_t channels;
    size_t rows;
    size_t hop;
    size_t half;            /* samples[half] is the centre of frame 0 */
    size_t span;            /* samples that 2 * rows frames need */
    double noise_pow;       /* sum h^2 */
    double ramp_frames;     /* raised cosine at both ends of signals, outside them; init: 0 */
    float complex *samples; /* [span] */
    float *power;           /* [2 * rows][channels], FFT order */
    float *floor_pow;       /* [channels], all noise_pow */
};

void scene_init(struct scene *scene, size_t channels, size_t rows, unsigned long seed);
void scene_finish(struct scene *scene);

/* White Gaussian noise of mean power 1 in place of what is there. */
void scene_noise(struct scene *scene);

/* Adds a tone, and Gaussian noise that is flat between two channel positions. */
void scene_tone(struct scene *scene, double from_frame, double to_frame, double channel,
                double pow);
void scene_band(struct scene *scene, double from_frame, double to_frame, double low_channel,
                double high_channel, double pow);

/* Fills in power[] from samples[]. */
void scene_transform(struct scene *scene);

/* Two frames, one after the other, as one row; frames is overwritten with their sum. */
void scene_push(struct ls_detector *detector, float *frames, size_t channels);

/* Holds power[] against floor_pow. */
struct ls_detection scene_detect_frames(struct scene *scene, struct ls_detector *detector,
                                        bool clipped);

/* Transforms, and holds the piece against floor_pow. */
struct ls_detection scene_detect(struct scene *scene, struct ls_detector *detector, bool clipped);

/* A detector over all channels but the first, with the scene's sizes. */
struct ls_detector *scene_detector(const struct scene *scene, double false_alarms);

/* Power of a signal whose level is db above the noise of one channel. */
double scene_pow(const struct scene *scene, double db);

#endif
