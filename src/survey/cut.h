/* survey/cut.h: how a stretch at a rate is cut into channels, frames and pieces. */
#ifndef SURVEY_CUT_H
#define SURVEY_CUT_H

#include "survey/searcher.h"

/* Channels for a rate: the spacing nearest to channel_hz (0: 6.25 kHz) with 16 to 1024 channels and
 * a length that FFTW does fast. */
size_t ls_cut_channels(double rate_sps, double channel_hz);

/* Fills in everything but looks. budget_per_day: false alarms of noise. taps: of the bank's filter.
 */
void ls_cut_plan(struct ls_cut *ret, const struct ls_tuning *tuning, double channel_hz, size_t taps,
                 double budget_per_day);

/* Samples the floor is learned from: two seconds, two million samples at most. */
size_t ls_cut_learn_samples(const struct ls_cut *cut);

#endif
