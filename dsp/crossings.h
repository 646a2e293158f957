/* dsp/crossings.h: where the windows of a piece cross in the detector's first pass, so that the
 * second goes over these parts of it and no others. */
#ifndef DSP_CROSSINGS_H
#define DSP_CROSSINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "dsp/limits.h"
#include "dsp/screen.h"

enum {
    LS_SEGMENT_WIDTH = 6, /* a crossing of a window up to this wide is noted by segment */
    LS_SEGMENT_CHANNELS = 1 << LS_SEGMENT_WIDTH,
    LS_SEGMENTS_MAX = 1024
};

struct ls_crossings {
    bool any;
    bool segment[LS_SEGMENTS_MAX]; /* of a window that starts in this segment */
    bool wide[LS_LEVELS_MAX];      /* of windows wider than a segment, in a level */
    bool *rows[LS_LEVELS_MAX];     /* [windows of the level]: of a window in these rows */
    const struct ls_limits *limits;
    size_t channels;
    size_t rows_max;
    float *work;       /* [channels] */
    float *width_sums; /* [channels + LS_ROWS_SCRATCH(channels)] */
};

/* limits: borrowed. LS_ERR_NOMEM; finish also takes what init left half-made. */
int ls_crossings_init(struct ls_crossings *crossings, const struct ls_limits *limits,
                      size_t rows_max, size_t channels);
void ls_crossings_finish(struct ls_crossings *crossings);

/* A piece begins. */
void ls_crossings_begin(struct ls_crossings *crossings);

/* A window of rows of a level, in which something may cross. */
struct ls_crossings_row {
    size_t level;
    size_t window;     /* its number in the level */
    const float *sums; /* [channels] */
    struct ls_screened may_cross;
    const float *scratch; /* of the screen that says so */
};
void ls_crossings_look(struct ls_crossings *crossings, const struct ls_crossings_row *row);

#endif
