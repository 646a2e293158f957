#include "dsp/artefacts.h"

#include <math.h>
#include <stdbool.h>

/* 25 dB: no receiver in use suppresses its image by less. */
static const double IMAGE_POWER = 3e-3;
/* 20 dB: keying clicks and pedestals are weaker than what makes them. */
static const double CLICK_POWER = 1e-2;
/* 15 dB: products of an overdriven receiver. */
static const double CLIPPED_POWER = 3e-2;
/* Of the band: wider boxes are asked whether they are the floor itself. */
static const double FLOOR_BAND = 0.25;
/* 3 dB: a box above that is no floor. */
static const double FLOOR_EXCESS_MAX = 1.0;
/* 1 dB: what gain and temperature do to a floor (noise uncertainty). */
static const double FLOOR_EXCESS = 0.26;
/* Edges this close are one event. */
static const double SAME_EDGE_ROWS = 2.0;
/* A keying click with the bank's step response. */
enum { CLICK_ROWS_MAX = 4 };

static double cell_power(const struct ls_box *box) {
    return box->excess_pow / (double)(box->channel_high - box->channel_low);
}

/* Is the box no more than what the bank lets through of a stronger one at the same time? */
static bool is_leakage(const struct ls_box *box, const struct ls_box *strong, double leakage) {
    bool same_time =
        strong->row_start <= box->row_start + 1 && box->row_stop <= strong->row_stop + 1;
    return same_time && cell_power(box) < leakage * cell_power(strong);
}

static bool near_row(uint32_t a, uint32_t b) {
    return fabs((double)a - (double)b) <= SAME_EDGE_ROWS;
}

/* Is the box what switching or overdriving makes of a much stronger one: a click at one of its
 * edges, or something that is on and off with it; while the converter clips, also anything within
 * its time? */
static bool is_product(const struct ls_box *box, const struct ls_box *strong, bool clipped) {
    double ratio = cell_power(box) / cell_power(strong);
    bool starts = near_row(box->row_start, strong->row_start);
    bool stops = near_row(box->row_stop, strong->row_stop);
    bool at_edge = starts || stops || near_row(box->row_start, strong->row_stop) ||
                   near_row(box->row_stop, strong->row_start);
    bool brief = box->row_stop - box->row_start <= CLICK_ROWS_MAX;
    bool inside = box->row_start + SAME_EDGE_ROWS >= strong->row_start &&
                  box->row_stop <= strong->row_stop + SAME_EDGE_ROWS;
    return (ratio < CLICK_POWER && ((starts && stops) || (brief && at_edge))) ||
           (clipped && ratio < CLIPPED_POWER && inside);
}

/* Is the box the mirror of a much stronger one about the tuned centre, on and off with it? Gain and
 * phase errors of the two branches leave an image 25 to 60 dB down. */
static bool is_image(const struct ls_box *box, const struct ls_box *strong, size_t channels) {
    double mirror_low = (double)channels + 1.0 - (double)strong->channel_high;
    double mirror_high = (double)channels + 1.0 - (double)strong->channel_low;
    bool mirrored = fmin(mirror_high, box->channel_high) - fmax(mirror_low, box->channel_low) >=
                    0.5 * (double)(box->channel_high - box->channel_low);
    bool edges =
        near_row(box->row_start, strong->row_start) && near_row(box->row_stop, strong->row_stop);
    return mirrored && edges && cell_power(box) < IMAGE_POWER * cell_power(strong);
}

/* Mean of the unclaimed cells outside the box's channels while it lasts; 1 when there are too few
 * to say. */
static double level_beside(const struct ls_cells *in, const struct ls_box *box) {
    double sum = 0.0;
    size_t cells = 0;
    for (size_t r = box->row_start; r < box->row_stop; r++) {
        for (size_t c = 0; c < in->channels; c++) {
            size_t i = r * in->channels + c;
            bool beside = c < box->channel_low || c >= box->channel_high;
            if (beside && in->marks[i] == LS_MARK_FREE && in->cells[i] > 0.0F) {
                sum += (double)in->cells[i];
                cells++;
            }
        }
    }
    size_t box_cells = (box->row_stop - box->row_start) * in->channels;
    return cells * 8 > box_cells ? sum / (double)cells : 1.0;
}

/* Is the box no more than the floor itself, higher for a while over much of the band? A wide box
 * must stand out of what lies beside it, and where too little does, out of what gain and
 * temperature do to a floor. */
static bool is_floor(const struct ls_box *box, const struct ls_cells *in) {
    double width = (double)(box->channel_high - box->channel_low);
    double excess = box->excess_pow / box->floor_pow;
    if (width < FLOOR_BAND * (double)in->channels || excess > FLOOR_EXCESS_MAX) {
        return false;
    }
    return excess < FLOOR_EXCESS + 2.0 * fmax(0.0, level_beside(in, box) - 1.0);
}

/* Why the box is none of its own, or LS_DECLINED_COUNT. Judged against all boxes, so their order
 * does not matter. */
static enum ls_declined artefact(const struct ls_box *boxes, size_t count, size_t i,
                                 const struct ls_cells *in) {
    if (is_floor(&boxes[i], in)) {
        return LS_DECLINED_FLOOR;
    }
    for (size_t k = 0; k < count; k++) {
        if (k != i && is_leakage(&boxes[i], &boxes[k], (double)in->leakage_pow)) {
            return LS_DECLINED_LEAKAGE;
        }
        if (k != i && is_image(&boxes[i], &boxes[k], in->channels)) {
            return LS_DECLINED_IMAGE;
        }
        if (k != i && is_product(&boxes[i], &boxes[k], in->clipped)) {
            return LS_DECLINED_PRODUCT;
        }
    }
    return LS_DECLINED_COUNT;
}

void ls_artefacts_judge(const struct ls_cells *in, const struct ls_box *boxes, size_t count,
                        enum ls_declined *ret_verdicts) {
    for (size_t i = 0; i < count; i++) {
        ret_verdicts[i] = artefact(boxes, count, i, in);
    }
}
