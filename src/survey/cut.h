/* survey/cut.h: how a stretch at a rate is cut into channels, frames and pieces. */
#ifndef SURVEY_CUT_H
#define SURVEY_CUT_H

#include "survey/searcher.h"

/* Of the budget of false alarms: for windows longer than a part of a piece (dsp/slow.h). */
#define LS_CUT_SLOW_SHARE 0.5

/* Of that share: for such windows on quarters of channels (dsp/quarters.h), where they are
 * searched. */
#define LS_CUT_QUARTERS_SHARE 0.5

/* Channels for a rate: the spacing nearest to channel_hz (0: 6.25 kHz) with 16 to 1024 channels and
 * a length that FFTW does fast. */
size_t ls_cut_channels(double rate_sps, double channel_hz);

/* Fills in everything but what bank, looks and reader give. budget_per_day: false alarms of
 * noise. taps: of the bank's filter. LS_ERR_ARG: a budget of more than 86.4 for each
 * sample/s. */
int ls_cut_plan(struct ls_cut *ret, const struct ls_tuning *tuning, double channel_hz, size_t taps,
                double budget_per_day, struct ls_err *err);

/* Samples the floor is learned from: two seconds, two million samples at most. */
size_t ls_cut_learn_samples(const struct ls_cut *cut);

/* Whole frames that so many samples hold, context included. */
size_t ls_cut_frames(const struct ls_cut *cut, size_t samples);

/* The same of what begins with half a filter of padding, less the frames that see it. */
size_t ls_cut_clear_frames(const struct ls_cut *cut, size_t samples);

/* Noise of rounding to the format's steps, in one channel: a quarter of it, since a constant input
 * has none. */
double ls_cut_least_power(const struct ls_cut *cut);

/* The error of a floor, up to the next step: uncertain floors want higher thresholds, and tools
 * made for one serve the next stretch. */
double ls_cut_floor_error(double error);

/* ret_masked: [channels], the channels of the tuned centre, which carries the receiver's own DC
 * spike, and of the lines at spurs_hz, of which one between two channels is in both. */
void ls_cut_mask(const struct ls_cut *cut, double center_hz, const double *spurs_hz, size_t count,
                 bool *ret_masked);

/* Is the box of a piece, from first_frame on, one to look at closely? Boxes that fill their pieces
 * are parts of something long, and ten of them a second show what it is. */
bool ls_cut_looks_at(const struct ls_cut *cut, uint64_t first_frame, const struct ls_box *box);

/* The middle one of n > 0 powers, which are sorted. */
double ls_cut_middle(float *powers, size_t n);

#endif
