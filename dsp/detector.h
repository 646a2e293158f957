/* dsp/detector.h: boxes of cells that noise alone would not make, found in one piece of listening.
 *
 * A piece is a fixed number of frames. Pairs of frames, divided by the floor, are rows of cells
 * with mean 1. Rows are summed over a pyramid of durations (1, 2, 4 ... rows) and bandwidths (1, 2,
 * 4 ... channels), windows overlapping by half, and each sum is held against a lower limit
 * (dsp/limits.h). In a piece without a crossing that is all. Otherwise the piece is searched again
 * from fine to coarse: a window that crosses is fitted to what made it cross (dsp/fit.h) and held
 * against the limit proper; what it explains is taken out before a coarser one is tested, single
 * cells grow by a lower threshold
 * (localisation with double thresholding: Vartiainen, Lehtomaki, Saarnisaari, "Double-Threshold
 * Based Narrowband Signal Extraction", IEEE VTC Spring 2005), and connected cells become boxes.
 *
 * Channels are in rising frequency: index 0 is -rate/2. */
#ifndef DSP_DETECTOR_H
#define DSP_DETECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "dsp/box.h"
#include "dsp/looks.h"

struct ls_detector;

struct ls_detector_opts {
    size_t channels;      /* even, required */
    size_t frames;        /* frames of a piece at most; even, required */
    size_t first_channel; /* analysed channels [first_channel, last_channel) */
    size_t last_channel;
    const struct ls_looks *looks;   /* borrowed as long as the object */
    double false_alarms;            /* expected crossings of noise alone in one piece, > 0 */
    double floor_error;             /* relative standard error of one channel's floor, >= 0 */
    const struct ls_limits *limits; /* of another detector with these options, copied; NULL: they
                                       are planned, which takes some ms */
    const bool *masked; /* [channels]: the receiver's own lines, whose power is part of the floor;
                           borrowed, NULL: none */
    float leakage_pow;  /* a cell below this part of the strongest cell of its row is taken for the
                           bank's  leakage; 0 means 1e-6 */
};

enum { LS_SLOTS = 16 }; /* parts of a full piece, for windows longer than that (dsp/slow.h) */

struct ls_detection {
    const struct ls_box
        *boxes; /* in order of row_start, then channel_low; borrowed until the next piece */
    size_t box_count;
    const float *residual; /* [channels]: mean of the cells no box claimed, in units of the floor; 1
                              when none */
    const float *clean;    /* [channels]: share of cells no box claimed */
    const float *slot_sums;   /* [slots][channels]: of those cells, in units of the floor */
    const float *slot_counts; /* [slots][channels]: how many they are */
    size_t slots;             /* whole ones; a slot has frames / 2 / LS_SLOTS rows, 1 at least */
    size_t declined[LS_DECLINED_COUNT];
};

/* LS_ERR_ARG, LS_ERR_NOMEM. The caller destroys *ret. */
int ls_detector_create(struct ls_detector **ret, const struct ls_detector_opts *opts,
                       struct ls_err *err);
void ls_detector_destroy(struct ls_detector *det);

/* What windows are held against; borrowed as long as the object. */
const struct ls_limits *ls_detector_limits(const struct ls_detector *det);

/* Begin a piece. floor_pow: [channels] noise power of a cell, copied. */
void ls_detector_begin(struct ls_detector *det, const float *floor_pow);

/* A row: channel powers of two frames, summed, in FFT order. At most opts.frames / 2 calls a piece.
 */
void ls_detector_push(struct ls_detector *det, const float *power_sum);

/* End the piece, however many rows it got. clipped: the converter was at its limits in it. */
void ls_detector_finish(struct ls_detector *det, bool clipped, struct ls_detection *ret);

#endif
