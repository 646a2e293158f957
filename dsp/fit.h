/* dsp/fit.h: the window that fits a burst best, near one that was tested. Time and frequency are
 * fitted in turn, each to all pairs of edges on a grid of an eighth of the window, until neither
 * moves; a window that has grown or shrunk is the start of the next round on its own grid. The best
 * window is the one whose log-likelihood ratio is the largest in units of what a window of its size
 * needs (dsp/limits.h). */
#ifndef DSP_FIT_H
#define DSP_FIT_H

#include <stdbool.h>
#include <stddef.h>

#include "dsp/box.h"

/* Rows [row, row + rows) by channels [channel, channel + channels) of a piece. */
struct ls_window {
    size_t row;
    size_t rows;
    size_t channel;
    size_t channels;
};

/* Mean excess over the noise of the window's free cells; claimed ones count as noise. */
float ls_fit_excess(const struct ls_cells *in, const struct ls_window *window);

/* Log-likelihood ratio for each look of cells whose mean is 1 + excess against noise of mean 1, of
 * exponentials: 1/2 excess^2 for weak signals; for strong ones it lets a window reach over the
 * moments in which a signal fades. */
float ls_fit_evidence(float excess);

/* May the evidence of an excess be more than so many times that of another? Both are positive. No
 * is certain, and takes no logarithm. */
bool ls_fit_may_exceed(float excess, float other, float times);

/* Moves *window to the best fit near it. Returns its evidence over what it needs: from 1 on it
 * stands out. */
float ls_fit_window(const struct ls_cells *in, struct ls_window *window);

#endif
