#include "dsp/artefacts.h"

#include <math.h>
#include <stdbool.h>

#include "dsp/lifted.h"

/* 25 dB: no receiver in use suppresses its image by less. */
static const double IMAGE_POWER = 3e-3;
/* 20 dB: keying clicks and pedestals are weaker than what makes them. */
static const double CLICK_POWER = 1e-2;
/* 30 dB, and of the stronger box's width: what its transmitter's filter lets through beside it. */
static const double SKIRT_POWER = 1e-3;
static const double SKIRT_WIDTH = 0.25;
static const double SKIRT_TIME = 0.8; /* of its own is in the other's */
enum { SKIRT_CHANNELS = 8 };          /* of a box that has any */
/* 12 dB: products of an overdriven receiver, and the part of their time that it is overdriven. */
static const double CLIPPED_POWER = 6e-2;
static const double CLIPPED_SHARE = 0.3;
/* Of the band: wider boxes are asked whether they are the floor itself. */
static const double FLOOR_BAND = 0.25;
/* 3 dB: a box above that is no floor. */
static const double FLOOR_EXCESS_MAX = 1.0;
/* 1 dB: what gain and temperature do to a floor (noise uncertainty). */
static const double FLOOR_EXCESS = 0.26;
/* 0.04 dB: the same where the band beside the box says how far it rose. */
static const double FLOOR_EXCESS_KNOWN = 0.01;
/* 2 dB: the same where more than half the band is lifted and little is left to compare with. */
static const double FLOOR_EXCESS_HALF = 0.6;
/* Of the floor's own stray: a box below it is part of that. */
static const double STRAY_SIGMA = 8.0;
/* An impulse lifts the free cells of its rows by more than this, and single boxes in it by up to so
 * many times as much, 8 dB at most. */
static const double IMPULSE_RISE = 0.04;
/* Of its own excess: an impulse lifts what lies beside a box by more, and by 0.4 dB, however few
 * cells tell. */
static const double IMPULSE_SHARE = 0.125;
static const double IMPULSE_RISE_SURE = 0.1;
static const double IMPULSE_RAGGED = 20.0;
static const double IMPULSE_EXCESS_MAX = 6.0;
/* 3 dB: the same of one that leaves nothing beside it. */
static const double IMPULSE_EXCESS_ALONE = 2.0;
/* Of a cell, noise mean 1: one cell in fifty of noise is above it. */
static const float CELL_CAP = 3.0F;
/* Deviations of a mean of capped cells, two to a look, by which a rise must be more than noise. */
static const double RISE_SIGMA = 2.0;
static const double CELLS_PER_LOOK = 2.0;
/* Edges this close are one event. */
static const double SAME_EDGE_ROWS = 2.0;
/* 6 dB within a click's length: the stronger box was switched. */
static const double SWITCH_POWER = 4.0;
/* A keying click or an impulse, with the bank's step response. */
enum { BRIEF_ROWS_MAX = 4 };

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

/* Does the stronger box go on or off within two rows of the box? Trains that were not cut have such
 * edges inside. */
static bool switches_near(const struct ls_cells *in, const struct ls_box *strong,
                          const struct ls_box *box) {
    size_t from = box->row_start > 2 ? box->row_start - 2 : 0;
    size_t to = box->row_stop + 2 < in->rows ? box->row_stop + 2 : in->rows;
    double least = INFINITY;
    double most = 0.0;
    for (size_t r = from; r < to; r++) {
        double power = 0.0;
        for (size_t c = strong->channel_low; c < strong->channel_high; c++) {
            power += (double)in->cells[r * in->stride + c] * (double)in->floor_pow[c];
        }
        least = fmin(least, power);
        most = fmax(most, power);
    }
    return most > SWITCH_POWER * least;
}

/* Is the box what switching makes of a much stronger one: a click where it goes on or off, or
 * something that is on and off with it? */
static bool is_click(const struct ls_cells *in, const struct ls_box *box,
                     const struct ls_box *strong) {
    bool inside = box->row_start + SAME_EDGE_ROWS >= strong->row_start &&
                  box->row_stop <= strong->row_stop + SAME_EDGE_ROWS;
    if (!inside || cell_power(box) >= CLICK_POWER * cell_power(strong)) {
        return false;
    }
    bool edges =
        near_row(box->row_start, strong->row_start) && near_row(box->row_stop, strong->row_stop);
    bool brief = box->row_stop - box->row_start <= BRIEF_ROWS_MAX;
    return edges || (brief && switches_near(in, strong, box));
}

/* Is the box beside a wide and much stronger one, in its time? */
static bool is_skirt(const struct ls_box *box, const struct ls_box *strong) {
    double width = (double)(strong->channel_high - strong->channel_low);
    /* Edges of the weak one are not known well. */
    double from = fmax(box->row_start, strong->row_start);
    double to = fmin(box->row_stop, strong->row_stop);
    bool inside = to - from >= SKIRT_TIME * (double)(box->row_stop - box->row_start);
    double below = (double)strong->channel_low - (double)box->channel_low;
    double above = (double)box->channel_high - (double)strong->channel_high;
    return inside && width >= SKIRT_CHANNELS && fmax(below, above) <= SKIRT_WIDTH * width &&
           cell_power(box) < SKIRT_POWER * cell_power(strong);
}

/* Is the converter overdriven by stronger boxes for much of the box's time? Then it cannot be told
 * from what clipping makes of them. */
static bool is_clipping(const struct ls_box *boxes, size_t count, size_t i) {
    double rows = 0.0;
    for (size_t k = 0; k < count; k++) {
        uint32_t from =
            boxes[k].row_start > boxes[i].row_start ? boxes[k].row_start : boxes[i].row_start;
        uint32_t to = boxes[k].row_stop < boxes[i].row_stop ? boxes[k].row_stop : boxes[i].row_stop;
        bool strong = boxes[i].excess_pow < CLIPPED_POWER * boxes[k].excess_pow;
        rows += strong && to > from ? (double)(to - from) : 0.0;
    }
    return rows >= CLIPPED_SHARE * (double)(boxes[i].row_stop - boxes[i].row_start);
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

/* Mean of the free cells of rows [from, to) outside channels [low, high), each counted up to
 * CELL_CAP so that skirts of strong boxes do not carry it. 0 when too few are free to say.
 * ret_cells: how many they are. */
static double capped_mean(const struct ls_cells *in, size_t from, size_t to, size_t low,
                          size_t high, double *ret_cells) {
    double sum = 0.0;
    size_t cells = 0;
    for (size_t r = from; r < to; r++) {
        for (size_t c = 0; c < in->channels; c++) {
            size_t i = r * in->stride + c;
            bool beside = c < low || c >= high;
            if (beside && in->marks[i] == LS_MARK_FREE && in->cells[i] > 0.0F) {
                sum += (double)fminf(in->cells[i], CELL_CAP);
                cells++;
            }
        }
    }
    *ret_cells = (double)cells;
    return cells * 8 > (to - from) * in->channels ? sum / (double)cells : 0.0;
}

/* How much higher than in the rest of the piece the floor beside the box is while it lasts, and
 * what of that noise may make. False when too little lies beside it to say: 0 then. */
static bool rise_beside(const struct ls_cells *in, const struct ls_box *box, double *usual,
                        double *ret_rise, double *ret_noise) {
    double cells;
    double all;
    double now =
        capped_mean(in, box->row_start, box->row_stop, box->channel_low, box->channel_high, &cells);
    if (*usual < 0.0) {
        *usual = capped_mean(in, 0, in->rows, 0, 0, &all);
    }
    bool known = now > 0.0 && *usual > 0.0;
    *ret_rise = known ? fmax(0.0, now / *usual - 1.0) : 0.0;
    *ret_noise = known ? RISE_SIGMA * sqrt(CELLS_PER_LOOK / cells) : 0.0;
    return known;
}

/* Is the box no more than the floor itself, higher for a while? A box must stand out of how far
 * this floor strays anyway. A brief one is held against an impulse, which lifts the whole band at
 * once and is ragged; a wide one against what lies beside it and, since that may be little, against
 * what gain and temperature do to a floor. usual: capped mean of the whole piece. */
static bool is_floor(const struct ls_cells *in, const struct ls_box *box, double *usual) {
    double excess = box->excess_pow / box->floor_pow;
    if (excess < STRAY_SIGMA * in->floor_stray) {
        return true;
    }
    double width = (double)(box->channel_high - box->channel_low);
    bool brief = box->row_stop - box->row_start <= BRIEF_ROWS_MAX;
    double rise;
    double noise;
    if (brief && excess < IMPULSE_EXCESS_MAX) {
        if (!rise_beside(in, box, usual, &rise, &noise)) {
            return width > 0.5 * (double)in->channels && excess < IMPULSE_EXCESS_ALONE;
        }
        double sure = fmax(IMPULSE_RISE_SURE, IMPULSE_SHARE * excess);
        double least = fmax(IMPULSE_RISE, fmin(noise, sure));
        return rise > least && excess < FLOOR_EXCESS + IMPULSE_RAGGED * rise;
    }
    if (width < FLOOR_BAND * (double)in->channels || excess > FLOOR_EXCESS_MAX) {
        return false;
    }
    if (rise_beside(in, box, usual, &rise, &noise)) {
        return excess < FLOOR_EXCESS_KNOWN + 2.0 * fmax(0.0, rise - noise);
    }
    return excess < (width > 0.5 * (double)in->channels ? FLOOR_EXCESS_HALF : FLOOR_EXCESS);
}

/* Why the box is none of its own, or LS_DECLINED_COUNT. Judged against all boxes, so their order
 * does not matter. */
static enum ls_declined artefact(const struct ls_box *boxes, size_t count, size_t i,
                                 const struct ls_cells *in, double *usual,
                                 struct ls_lifted *lifted) {
    if (is_floor(in, &boxes[i], usual)) {
        return LS_DECLINED_FLOOR;
    }
    if (ls_lifted_is(lifted, in, &boxes[i])) {
        return ls_lifted_is_brief(&boxes[i]) ? LS_DECLINED_IMPULSE : LS_DECLINED_FLOOR;
    }
    if (in->clipped && is_clipping(boxes, count, i)) {
        return LS_DECLINED_PRODUCT;
    }
    for (size_t k = 0; k < count; k++) {
        if (k != i && is_leakage(&boxes[i], &boxes[k], (double)in->leakage_pow)) {
            return LS_DECLINED_LEAKAGE;
        }
        if (k != i && is_image(&boxes[i], &boxes[k], in->channels)) {
            return LS_DECLINED_IMAGE;
        }
        if (k != i && (is_click(in, &boxes[i], &boxes[k]) || is_skirt(&boxes[i], &boxes[k]))) {
            return LS_DECLINED_PRODUCT;
        }
    }
    return LS_DECLINED_COUNT;
}

void ls_artefacts_judge(const struct ls_cells *in, const struct ls_box *boxes, size_t count,
                        enum ls_declined *ret_verdicts) {
    double usual = -1.0; /* taken when it is first asked for */
    struct ls_lifted lifted = {0};
    for (size_t i = 0; i < count; i++) {
        ret_verdicts[i] = artefact(boxes, count, i, in, &usual, &lifted);
    }
}
