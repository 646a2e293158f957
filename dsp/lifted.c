#include "dsp/lifted.h"

#include <math.h>
#include <stddef.h>

#include "dsp/excess.h"
#include "dsp/sort.h"

enum {
    GROUPS = 6,         /* so few that a spark of some ten microseconds has looks in each */
    EDGE_PARTS = 32,    /* of the band: the part at each edge */
    BRIEF_ROWS_MAX = 6, /* an impulse and the bank's step responses around it */
    LONG_ROWS_MIN = 8
};

/* Of the middle group's excess: less in any group, and the band is not lifted as a whole. Groups of
 * a brief lift are ragged, since its noise has few looks. */
static const double BRIEF_SHARE = 0.12;
static const double LONG_SHARE = 0.75;
/* The same at the very edges, which are smaller. What does not reach them was sent by somebody. */
static const double EDGE_SHARE = 0.1;
/* 0.4 dB: as much as that stands out of a group's noise. */
static const double EXCESS_MIN = 0.1;
static const double WIDE = 0.5; /* of the band */

/* Mean excess of rows [row_start, row_stop) over channels [low, high). */
static double mean_excess(const struct ls_cells *in, uint32_t row_start, uint32_t row_stop,
                          size_t low, size_t high) {
    const struct ls_rectangle cells = {.cells = in->cells + row_start * in->stride + low,
                                       .stride = in->stride,
                                       .rows = row_stop - row_start,
                                       .channels = high - low};
    return ls_excess_sum(&cells) / ((double)cells.rows * (double)cells.channels);
}

static bool rows_are_lifted(const struct ls_cells *in, uint32_t row_start, uint32_t row_stop,
                            double share) {
    size_t width = (in->channels - 1) / GROUPS; /* channel 0 is not analysed */
    size_t edge = (in->channels - 1) / EDGE_PARTS;
    if (edge == 0) {
        return false;
    }
    float excess[GROUPS];
    for (size_t g = 0; g < GROUPS; g++) {
        size_t low = 1 + g * width;
        excess[g] = (float)fmax(0.0, mean_excess(in, row_start, row_stop, low, low + width));
    }
    ls_sort_powers(excess, GROUPS);
    double middle = (double)excess[GROUPS / 2];
    if (middle < EXCESS_MIN || (double)excess[0] < share * middle) {
        return false;
    }
    double low = mean_excess(in, row_start, row_stop, 1, 1 + edge);
    double high = mean_excess(in, row_start, row_stop, in->channels - edge, in->channels);
    return fmin(low, high) > EDGE_SHARE * middle;
}

bool ls_lifted_is_brief(const struct ls_box *box) {
    return box->row_stop - box->row_start <= BRIEF_ROWS_MAX;
}

bool ls_lifted_is(struct ls_lifted *last, const struct ls_cells *in, const struct ls_box *box) {
    uint32_t rows = box->row_stop - box->row_start;
    double width = (double)(box->channel_high - box->channel_low);
    bool brief = ls_lifted_is_brief(box);
    bool end = rows >= LONG_ROWS_MIN && (box->row_start == 0 || box->row_stop == in->rows);
    if (!brief && (!end || width < WIDE * (double)in->channels)) {
        return false;
    }
    if (last->row_start != box->row_start || last->row_stop != box->row_stop) {
        last->row_start = box->row_start;
        last->row_stop = box->row_stop;
        last->is =
            rows_are_lifted(in, box->row_start, box->row_stop, brief ? BRIEF_SHARE : LONG_SHARE);
    }
    return last->is;
}
