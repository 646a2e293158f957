#include "dsp/mend.h"

#include <math.h>
#include <string.h>

#include "dsp/fit.h"
#include "dsp/profiles.h"

/* 8 dB: mean excess of a cell. Above it single rows and channels tell signal from noise. */
static const double WEAK_EXCESS = 6.0;

/* A few cells up to 20 dB may be the strongest moment of a weak burst. */
static const double MOMENT_EXCESS = 100.0;
enum { MOMENT_CELLS = 32 };

/* 10 dB: parts of one burst that noise and fading set apart. */
static const float ALIKE = 10.0F;

/* In a piece: more are left as they are. */
enum { MENDED_MAX = 256 };

/* Pieces of one burst are likelier to lie close together than bursts of two are: so much evidence
 * against a signal between them is no proof. In nepers. */
static const float TOGETHER = 3.0F;

static struct ls_window window_of(const struct ls_box *box) {
    return (struct ls_window){.row = box->row_start,
                              .rows = box->row_stop - box->row_start,
                              .channel = box->channel_low,
                              .channels = box->channel_high - box->channel_low};
}

/* Sum of all cells of a window less the noise, claimed or not. */
static double sum_of(const struct ls_cells *in, const struct ls_window *window) {
    const struct ls_area area = {.row_start = window->row,
                                 .row_stop = window->row + window->rows,
                                 .low = window->channel,
                                 .high = window->channel + window->channels};
    return ls_profiles_sum(in, &area);
}

static double mean_of(const struct ls_cells *in, const struct ls_window *window) {
    return sum_of(in, window) / (double)(window->rows * window->channels);
}

bool ls_mend_is_weak(const struct ls_box *box, double excess) {
    struct ls_window window = window_of(box);
    return excess < WEAK_EXCESS * (double)(window.rows * window.channels);
}

static uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

static uint32_t most(uint32_t a, uint32_t b) { return a > b ? a : b; }

/* Do intervals share half of the shorter one? */
static bool share(uint32_t a0, uint32_t a1, uint32_t b0, uint32_t b1) {
    uint32_t from = most(a0, b0);
    uint32_t to = least(a1, b1);
    return to > from && 2 * (to - from) >= least(a1 - a0, b1 - b0);
}

/* What lies between two intervals that do not meet; false when there is nothing, or when it is
 * longer than both. */
static bool gap(uint32_t a0, uint32_t a1, uint32_t b0, uint32_t b1, size_t *ret_from,
                size_t *ret_length) {
    uint32_t from = least(a1, b1);
    uint32_t to = most(a0, b0);
    *ret_from = from;
    *ret_length = to > from ? to - from : 0;
    return to > from && to - from <= most(a1 - a0, b1 - b0);
}

/* The window between two boxes that stand one after the other or side by side. */
static bool between(const struct ls_box *a, const struct ls_box *b, struct ls_window *ret) {
    if (share(a->channel_low, a->channel_high, b->channel_low, b->channel_high)) {
        ret->channel = most(a->channel_low, b->channel_low);
        ret->channels = least(a->channel_high, b->channel_high) - ret->channel;
        return gap(a->row_start, a->row_stop, b->row_start, b->row_stop, &ret->row, &ret->rows);
    }
    if (share(a->row_start, a->row_stop, b->row_start, b->row_stop)) {
        ret->row = most(a->row_start, b->row_start);
        ret->rows = least(a->row_stop, b->row_stop) - ret->row;
        return gap(a->channel_low, a->channel_high, b->channel_low, b->channel_high, &ret->channel,
                   &ret->channels);
    }
    return false;
}

static bool one_burst(const struct ls_cells *in, const struct ls_box *a, const struct ls_box *b) {
    struct ls_window middle;
    if (!between(a, b, &middle)) {
        return false;
    }
    struct ls_window first = window_of(a);
    struct ls_window second = window_of(b);
    float left = (float)mean_of(in, &first);
    float right = (float)mean_of(in, &second);
    float weaker = left < right ? left : right;
    float stronger = left < right ? right : left;
    /* Log-likelihood ratio of a signal as strong as the weaker side to none, a look a cell. */
    float mean = 1.0F + (float)mean_of(in, &middle);
    float look = mean * weaker / (1.0F + weaker) - log1pf(weaker);
    return stronger < ALIKE * weaker && (float)(middle.rows * middle.channels) * look > -TOGETHER;
}

static void join(struct ls_box *into, const struct ls_box *box) {
    into->row_start = least(into->row_start, box->row_start);
    into->row_stop = most(into->row_stop, box->row_stop);
    into->channel_low = least(into->channel_low, box->channel_low);
    into->channel_high = most(into->channel_high, box->channel_high);
}

static void mark(const struct ls_cells *in, const struct ls_box *box, unsigned char what) {
    ls_cells_change(in, box->channel_low, box->channel_high);
    for (size_t r = box->row_start; r < box->row_stop; r++) {
        memset(in->marks + r * in->stride + box->channel_low, what,
               box->channel_high - box->channel_low);
    }
}

/* A weak box takes the window that fits it; a stronger one is none for a rectangle and only grows
 * into it. */
static void refit(const struct ls_cells *in, struct ls_box *box) {
    struct ls_window window = window_of(box);
    bool weak = ls_mend_is_weak(box, sum_of(in, &window));
    mark(in, box, LS_MARK_FREE);
    ls_fit_window(in, &window);
    struct ls_box fitted = {.row_start = (uint32_t)window.row,
                            .row_stop = (uint32_t)(window.row + window.rows),
                            .channel_low = (uint32_t)window.channel,
                            .channel_high = (uint32_t)(window.channel + window.channels)};
    if (!weak) {
        join(&fitted, box);
    }
    *box = fitted;
    mark(in, box, LS_MARK_TAKEN);
}

/* Puts the boxes that may be mended first. Returns how many. */
static size_t part_weak(const struct ls_cells *in, struct ls_box *boxes, size_t count) {
    size_t weak = 0;
    for (size_t i = 0; i < count && weak < MENDED_MAX; i++) {
        struct ls_window window = window_of(&boxes[i]);
        bool moment = window.rows * window.channels <= MOMENT_CELLS;
        if (mean_of(in, &window) < (moment ? MOMENT_EXCESS : WEAK_EXCESS)) {
            struct ls_box box = boxes[i];
            boxes[i] = boxes[weak];
            boxes[weak++] = box;
        }
    }
    return weak;
}

size_t ls_mend_boxes(const struct ls_cells *in, struct ls_box *boxes, size_t count) {
    size_t weak = part_weak(in, boxes, count);
    for (size_t i = 0; i < weak; i++) {
        refit(in, &boxes[i]);
    }
    bool joined = true;
    while (joined) {
        joined = false;
        for (size_t i = 0; i < weak; i++) {
            for (size_t k = i + 1; k < weak; k++) {
                if (one_burst(in, &boxes[i], &boxes[k])) {
                    join(&boxes[i], &boxes[k]);
                    refit(in, &boxes[i]);
                    boxes[k--] = boxes[--weak];
                    boxes[weak] = boxes[--count];
                    joined = true;
                }
            }
        }
    }
    return count;
}
