/* simulate/track.h: one emission on its way to a sensor: its waveform with the level, fading,
 * Doppler and oscillator errors of the scene, as baseband samples of the receiver. Positions are
 * samples of the wall clock since the scenario's start, less the delay of the receiver's filter. */
#ifndef SIMULATE_TRACK_H
#define SIMULATE_TRACK_H

#include <complex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "simulate/scene.h"

struct ls_track;

struct ls_track_opts {
    const struct ls_scene *scene; /* borrowed */
    size_t site;
    const struct ls_emission *emission; /* copied */
    size_t delay;                       /* of the receiver: the signal comes this much earlier */
};

/* *ret NULL with LS_OK: no tuning of the scenario has any of it in its band. LS_ERR_ARG,
 * LS_ERR_NOMEM. The caller destroys *ret. */
int ls_track_create(struct ls_track **ret, const struct ls_track_opts *opts, struct ls_err *err);
void ls_track_destroy(struct ls_track *track);

const struct ls_emission *ls_track_emission(const struct ls_track *track);
const struct ls_waveform_info *ls_track_info(const struct ls_track *track);

/* First sample of the wall clock that it is in, and the one after the last. */
uint64_t ls_track_start(const struct ls_track *track);
uint64_t ls_track_stop(const struct ls_track *track);

/* Whether 99 % of its power (all of it or a part) lies in the band of a tuning, and if so between
 * which frequencies the receiver shows it at position `at`. */
bool ls_track_visible(const struct ls_track *track, double tuning_hz, uint64_t at,
                      double *ret_low_hz, double *ret_high_hz);

/* Writes the n samples from position `first` on, tuned to tuning_hz; first never goes back. False:
 * all are zero, ret is undefined. What lies between calls is passed over. One thread at a time. */
bool ls_track_render(struct ls_track *track, double tuning_hz, int64_t first, float complex *ret,
                     size_t n);

/* Nothing but zeros will follow at this tuning. */
bool ls_track_ended(const struct ls_track *track, double tuning_hz);

#endif
