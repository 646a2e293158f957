/* dsp/limits.h: what windows of a piece are held against. Every scale, a duration by a bandwidth,
 * has its own share of the false-alarm budget: shares are such that each scale loses the same
 * number of dB to the trials of all others. A scale with few looks, or with few windows in a day,
 * loses more for each decade and so gets more of the budget.
 *
 * Two limits belong to a scale. The lower one is for the streaming pass, whose windows of powers of
 * two fit a burst badly by up to 1.5 dB: what crosses it is worth a closer look. The upper one is
 * for windows fitted to the burst, of any size. */
#ifndef DSP_LIMITS_H
#define DSP_LIMITS_H

#include <stddef.h>

#include "dsp/looks.h"

enum {
    LS_LEVELS_MAX = 16, /* durations: 2^level rows of 2 frames, starting every 2^(level - 1) rows */
    LS_WIDTHS_MAX = 14  /* bandwidths: 2^width channels, starting every 2^(width - 1) */
};

struct ls_limits {
    size_t levels;
    size_t widths;
    float screen[LS_LEVELS_MAX][LS_WIDTHS_MAX]; /* sums of cells, noise mean 1 */
    /* log2 of (mean - 1) that a fitted window needs; one more of each for windows between the
     * largest and twice that */
    float excess[LS_LEVELS_MAX + 1][LS_WIDTHS_MAX + 1];
    float seed; /* a cell above it stands out alone */
    float grow; /* single cells next to a claimed one are claimed above it */
};

struct ls_limits_opts {
    const struct ls_looks *looks;
    size_t levels;
    size_t first_level; /* shorter ones are not tested */
    size_t widths;
    size_t frames_per_row; /* 0: 2 */
    /* As many tell the gain while a window lasts, but for those in it: a window is held against
     * what lies beside it. 0: the gain is known. */
    double gain_channels;
    double looks_share;  /* as in struct ls_looks_box */
    size_t rows;         /* of a piece */
    size_t channels;     /* analysed ones */
    double false_alarms; /* expected of noise alone in one piece, > 0 */
    double floor_error;  /* relative standard error of one channel's floor, >= 0 */
    /* [levels]: so many windows of a grid are tested for each that is counted here, half
     * overlapping ones of powers of two, and none is fitted before it has crossed. NULL: windows
     * are fitted. */
    const double (*tested)[LS_WIDTHS_MAX];
};

void ls_limits_plan(struct ls_limits *ret, const struct ls_limits_opts *opts);

/* Excess over the noise mean that the mean of a fitted window of rows x channels must reach;
 * between powers of two by interpolation. rows, channels >= 1. */
float ls_limits_excess(const struct ls_limits *limits, size_t rows, size_t channels);

/* The sensitivity that the limits claim: SNR in dB, in its own band, at which a Gaussian burst of
 * rows x channels is found nine times in ten by a window that fits it. */
double ls_limits_sensitivity_db(const struct ls_limits *limits, const struct ls_looks *looks,
                                size_t rows, size_t channels);

#endif
