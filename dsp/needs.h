/* dsp/needs.h: what windows longer than a part of a piece must show (dsp/slow.h), as dsp/limits.h
 * has it, held against what lies beside them. */
#ifndef DSP_NEEDS_H
#define DSP_NEEDS_H

#include <stddef.h>

#include "dsp/limits.h"

enum {
    LS_NEEDS_LEAST = 2, /* slots of a window */
    LS_NEEDS_SHORTEST =
        4, /* granules of a window, which are 2^octave slots, but for those of less */
    LS_NEEDS_LONGEST = 7,
    LS_NEEDS_OCTAVES_MAX = LS_LEVELS_MAX - 3,
    LS_NEEDS_WIDTHS_MAX = 40
};

struct ls_needs_opts {
    const struct ls_looks *looks; /* borrowed */
    double looks_share;           /* as in struct ls_looks_box */
    size_t channels;              /* analysed ones */
    size_t octaves;
    size_t slot_rows; /* rows of 2 frames in a slot */
    double slot_s;
    double false_alarms_per_day;
    size_t widest;  /* channels of a window at most; 0: three quarters of them all */
    double shorter; /* share of slots with which windows of fewer than four of them end */
};

struct ls_needs {
    struct ls_needs_opts opts;
    struct ls_limits limits; /* levels: log2 of slots */
    size_t widths[LS_NEEDS_WIDTHS_MAX];
    size_t width_count;
    /* [octave][granules][width]: sum of the cells' excess */
    float sums[LS_NEEDS_OCTAVES_MAX][LS_NEEDS_LONGEST + 1][LS_NEEDS_WIDTHS_MAX];
    double planned; /* relative variance of a channel's reference that this is for; 0: of none */
};

/* Octaves of windows up to ten seconds, on slots this long. */
size_t ls_needs_octaves(double slot_s);

void ls_needs_init(struct ls_needs *needs, const struct ls_needs_opts *opts);

/* The references are known this well by now: relative variance of one channel. Returns the one that
 * is planned for, which is not much larger. */
double ls_needs_plan(struct ls_needs *needs, double variance);

/* A window lifts the mean of all channels, which is what it is held against, by its share of the
 * band: so much of its excess is left. */
float ls_needs_shown(const struct ls_needs *needs, size_t width);

/* The excess that a window must show where all channels are known as well as planned. */
float ls_needs_excess(const struct ls_needs *needs, size_t slots, size_t width);

#endif
