/* dsp/box.h: what the detector's parts share: the cells of a piece with their marks, and boxes.
 * Channels are in rising frequency: index 0 is -rate/2. */
#ifndef DSP_BOX_H
#define DSP_BOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dsp/required.h"

/* A box: half-open intervals of rows (2 frames each) and channels of the piece. */
struct ls_box {
    uint32_t row_start;
    uint32_t row_stop;
    uint32_t channel_low;
    uint32_t channel_high;
    float start_frame; /* edges to a fraction of a row, in frames of the piece */
    float stop_frame;
    double excess_pow; /* mean over the duration of (sum over channels of power - floor), in power
                          of the bank's cells */
    double floor_pow;  /* sum over channels of the floor */
    bool from_start;   /* was on in the first row */
    bool to_stop;      /* was on in the last row */
};

enum ls_declined {
    LS_DECLINED_LEAKAGE, /* what the bank lets through of a stronger box */
    LS_DECLINED_IMAGE,   /* the receiver's I/Q image of a stronger box */
    LS_DECLINED_PRODUCT, /* keying click, pedestal or clipping product of a stronger box */
    LS_DECLINED_FLOOR,   /* the floor itself, higher for a while: drift, gain */
    LS_DECLINED_IMPULSE, /* part of the whole band's being up for some rows, which is one box */
    LS_DECLINED_WEAK,    /* no power left once its edges were found */
    LS_DECLINED_COUNT
};

/* What a mark says of a cell. */
enum {
    LS_MARK_FREE = 0,    /* noise */
    LS_MARK_CLAIMED = 1, /* part of something that stands out */
    LS_MARK_TAKEN = 2    /* the same, and made part of a box */
};

struct ls_profiles;

/* Channels that are kept account of together. */
enum { LS_PANEL_CHANNELS = 64 };

/* The cells of one piece. */
struct ls_cells {
    const float *cells;   /* [rows][stride], noise mean 1; 0 outside the analysed channels */
    unsigned char *marks; /* [rows][stride]: LS_MARK_* */
    bool *claimed; /* [channels / LS_PANEL_CHANNELS + 1]: in these channels, cells are or were
                      claimed; elsewhere all are free */
    bool *changed; /* [channels / LS_PANEL_CHANNELS + 1]: in these channels, cells of boxes were
                      given back to the noise or taken from it */
    const float *floor_pow; /* [channels] noise power of a cell, and the receiver's own lines */
    const float *noise_pow; /* [channels] the same without the lines */
    struct ls_required *required; /* of fitted windows; borrowed */
    struct ls_profiles *profiles; /* sums of these cells (dsp/profiles.h); borrowed */
    size_t rows;
    size_t channels;
    size_t stride;      /* >= channels, from a row to the next */
    float seed_limit;   /* a cell above it stands out alone */
    float grow_limit;   /* a cell above it stands out beside one that does */
    bool clipped;       /* the converter was at its limits in this piece */
    double floor_stray; /* relative: how far channels' means stray from the floor beyond what their
                           number of looks explains */
    float leakage_pow;  /* as in ls_detector_opts */
};

/* Cells of the channels [low, high) change sides. */
static inline void ls_cells_change(const struct ls_cells *cells, size_t low, size_t high) {
    for (size_t panel = low / LS_PANEL_CHANNELS; panel * LS_PANEL_CHANNELS < high; panel++) {
        cells->changed[panel] = true;
        cells->claimed[panel] = true;
    }
}

#endif
