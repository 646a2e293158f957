/* dsp/floor.h: the noise power of each channel at one tuning: learned at the start of a stretch,
 * tracked slowly while it lasts, and kept for the next stretch at that tuning.
 *
 * Learning, per channel over time: forward consecutive mean excision (dsp/excise.h) on short
 * averages. Then over frequency: the estimates are opened (greyscale erosion and dilation) with a
 * window of two thirds of the band, so a carrier that is on from the first sample, and narrower
 * than that, stands out of its neighbours' floor instead of becoming the floor.
 *
 * Tracking: the mean of the cells that no box claimed, with a common gain that may move fast and a
 * shape that may not, so the floor follows drift and does not chase a carrier. Power is linear
 * everywhere.
 *
 * Coming back: what was learned in earlier stretches still holds but for a common gain, which a few
 * frames show, and for an error that grows with the time away. Stretches too short to learn all
 * from add up.
 *
 * Channels are in rising frequency here: index 0 is -rate/2, index channels/2 is the tuned centre.
 */
#ifndef DSP_FLOOR_H
#define DSP_FLOOR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "dsp/looks.h"

struct ls_floor;

enum { LS_FLOOR_FRAMES_MIN = 8 }; /* fewer say little */

struct ls_floor_opts {
    size_t channels;  /* required */
    double least_pow; /* no floor is below it: quantisation noise in one channel; > 0 */
    const bool
        *masked; /* [channels] or NULL: DC and spurs, whose own level is their floor; copied */
    const struct ls_looks *looks; /* of the bank; borrowed, required */
    size_t learn_frames;          /* a full measure of learning; required */
    double frame_s;               /* from one frame to the next; required */
};

/* LS_ERR_ARG, LS_ERR_NOMEM. The caller destroys *ret. */
int ls_floor_create(struct ls_floor **ret, const struct ls_floor_opts *opts, struct ls_err *err);
void ls_floor_destroy(struct ls_floor *floor);

/* Frames that learning wants when it begins after away_s seconds in which nobody listened here: few
 * when what is known still holds, <= learn_frames. */
size_t ls_floor_wanted(const struct ls_floor *floor, double away_s);

/* A stretch begins, away_s >= 0 after the last one at this tuning ended (not used for the first).
 * LS_ERR_NOMEM: no room to learn in. */
int ls_floor_begin(struct ls_floor *floor, double away_s, struct ls_err *err);

/* One frame of channel powers in FFT order (bin 0 first), as the channelizer writes it. Frames
 * beyond learn_frames are ignored. */
void ls_floor_learn(struct ls_floor *floor, const float *power);

/* End of learning: estimates the floor. False when it rests on fewer than LS_FLOOR_FRAMES_MIN
 * frames; it is then their lowest quartile over time and frequency and says little. */
bool ls_floor_settle(struct ls_floor *floor);

/* The stretch ended: gives back memory that only learning needs. */
void ls_floor_rest(struct ls_floor *floor);

/* What a piece of listening left over. mean_pow: [channels], mean power of the cells that no box
 * claimed; clean: [channels], share of cells that were not claimed, 0..1. seconds: its length. The
 * piece may have been searched with an older floor: power, unlike a ratio to that floor, corrects
 * nothing twice. */
void ls_floor_track(struct ls_floor *floor, const float *mean_pow, const float *clean,
                    double seconds);

/* [channels]: noise power of a cell; borrowed, valid until the next call that changes the floor. */
const float *ls_floor_power(const struct ls_floor *floor);

/* [channels]: was this channel occupied all through learning? */
const bool *ls_floor_occupied(const struct ls_floor *floor);

/* Relative standard error of the floor in one channel, >= 0: of what was learned, and of what time
 * did to it since. */
double ls_floor_error(const struct ls_floor *floor);

#endif
