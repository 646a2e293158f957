#include "dsp/blobs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

/* Blobs that start and stop this close go on and off together. */
static const double SAME_EDGE_ROWS = 2.0;

enum {
    TOGETHER_ROWS_MIN = 4,    /* shorter blobs coincide by chance */
    TOGETHER_GAP_CHANNELS = 3 /* least gap bridged between the tones of one burst */
};

struct ls_blobs {
    size_t channels;
    uint32_t *stack; /* [rows_max * channels] cells still to visit */
};

int ls_blobs_create(struct ls_blobs **ret, size_t rows_max, size_t channels) {
    struct ls_blobs *blobs = calloc(1, sizeof *blobs);
    if (blobs == NULL) {
        return LS_ERR_NOMEM;
    }
    blobs->channels = channels;
    blobs->stack = calloc(rows_max * channels, sizeof *blobs->stack);
    if (blobs->stack == NULL) {
        ls_blobs_destroy(blobs);
        return LS_ERR_NOMEM;
    }
    *ret = blobs;
    return LS_OK;
}

void ls_blobs_destroy(struct ls_blobs *blobs) {
    if (blobs != NULL) {
        free(blobs->stack);
        free(blobs);
    }
}

struct window {
    size_t row_from;
    size_t row_to;
    size_t channel_from;
    size_t channel_to;
};

/* The cell and its neighbours within the piece, half-open. */
static struct window around(size_t row, size_t channel, size_t rows, size_t channels) {
    return (struct window){.row_from = row > 0 ? row - 1 : 0,
                           .row_to = row + 2 < rows ? row + 2 : rows,
                           .channel_from = channel > 0 ? channel - 1 : 0,
                           .channel_to = channel + 2 < channels ? channel + 2 : channels};
}

void ls_blobs_grow(struct ls_blobs *blobs, const struct ls_cells *in, size_t row, size_t channel,
                   float limit) {
    size_t n = blobs->channels;
    size_t depth = 0;
    in->marks[row * n + channel] = LS_MARK_CLAIMED;
    blobs->stack[depth++] = (uint32_t)(row * n + channel);
    while (depth > 0) {
        size_t at = blobs->stack[--depth];
        struct window w = around(at / n, at % n, in->rows, n);
        for (size_t r = w.row_from; r < w.row_to; r++) {
            for (size_t c = w.channel_from; c < w.channel_to; c++) {
                size_t i = r * n + c;
                if (in->marks[i] == LS_MARK_FREE && in->cells[i] > limit) {
                    in->marks[i] = LS_MARK_CLAIMED;
                    blobs->stack[depth++] = (uint32_t)i;
                }
            }
        }
    }
}

/* Extent of the blob that holds the cell; its marks become LS_MARK_TAKEN. */
static struct ls_box take_blob(struct ls_blobs *blobs, const struct ls_cells *in, size_t start) {
    size_t n = in->channels;
    size_t depth = 0;
    struct ls_box box = {.row_start = UINT32_MAX, .channel_low = UINT32_MAX};
    in->marks[start] = LS_MARK_TAKEN;
    blobs->stack[depth++] = (uint32_t)start;
    while (depth > 0) {
        size_t at = blobs->stack[--depth];
        uint32_t row = (uint32_t)(at / n);
        uint32_t channel = (uint32_t)(at % n);
        box.row_start = row < box.row_start ? row : box.row_start;
        box.row_stop = row + 1 > box.row_stop ? row + 1 : box.row_stop;
        box.channel_low = channel < box.channel_low ? channel : box.channel_low;
        box.channel_high = channel + 1 > box.channel_high ? channel + 1 : box.channel_high;
        struct window w = around(row, channel, in->rows, n);
        for (size_t r = w.row_from; r < w.row_to; r++) {
            for (size_t c = w.channel_from; c < w.channel_to; c++) {
                size_t i = r * n + c;
                if (in->marks[i] == LS_MARK_CLAIMED) {
                    in->marks[i] = LS_MARK_TAKEN;
                    blobs->stack[depth++] = (uint32_t)i;
                }
            }
        }
    }
    return box;
}

static size_t take_blobs(struct ls_blobs *blobs, const struct ls_cells *in,
                         struct ls_box *ret_boxes, size_t room) {
    size_t count = 0;
    for (size_t r = 0; r < in->rows; r++) {
        const unsigned char *row = in->marks + r * in->channels;
        const unsigned char *end = row + in->channels;
        const unsigned char *at = memchr(row, LS_MARK_CLAIMED, in->channels);
        while (at != NULL && count < room) {
            ret_boxes[count++] = take_blob(blobs, in, (size_t)(at - in->marks));
            at = memchr(at + 1, LS_MARK_CLAIMED, (size_t)(end - at - 1));
        }
    }
    return count;
}

static double overlap(uint32_t a0, uint32_t a1, uint32_t b0, uint32_t b1) {
    uint32_t from = a0 > b0 ? a0 : b0;
    uint32_t to = a1 < b1 ? a1 : b1;
    return to > from ? (double)(to - from) : 0.0;
}

static double area(const struct ls_box *box) {
    return (double)(box->row_stop - box->row_start) *
           (double)(box->channel_high - box->channel_low);
}

static void join(struct ls_box *into, const struct ls_box *box) {
    into->row_start = box->row_start < into->row_start ? box->row_start : into->row_start;
    into->row_stop = box->row_stop > into->row_stop ? box->row_stop : into->row_stop;
    into->channel_low = box->channel_low < into->channel_low ? box->channel_low : into->channel_low;
    into->channel_high =
        box->channel_high > into->channel_high ? box->channel_high : into->channel_high;
}

/* Half of the smaller box lies in the larger one. */
static bool contained(const struct ls_box *a, const struct ls_box *b) {
    double common = overlap(a->row_start, a->row_stop, b->row_start, b->row_stop) *
                    overlap(a->channel_low, a->channel_high, b->channel_low, b->channel_high);
    return common >= 0.5 * fmin(area(a), area(b));
}

/* On and off together, side by side: two tones of one burst. */
static bool together(const struct ls_box *a, const struct ls_box *b) {
    const struct ls_box *low = a->channel_low <= b->channel_low ? a : b;
    const struct ls_box *high = low == a ? b : a;
    double gap = (double)high->channel_low - (double)low->channel_high;
    double widths = (double)(low->channel_high - low->channel_low) +
                    (double)(high->channel_high - high->channel_low);
    bool edges = fabs((double)a->row_start - (double)b->row_start) <= SAME_EDGE_ROWS &&
                 fabs((double)a->row_stop - (double)b->row_stop) <= SAME_EDGE_ROWS;
    uint32_t rows = a->row_stop - a->row_start;
    return edges && rows >= TOGETHER_ROWS_MIN && gap <= fmax(widths, TOGETHER_GAP_CHANNELS);
}

int ls_blobs_order(const void *a, const void *b) {
    const struct ls_box *x = a;
    const struct ls_box *y = b;
    if (x->row_start != y->row_start) {
        return x->row_start < y->row_start ? -1 : 1;
    }
    return (x->channel_low > y->channel_low) - (x->channel_low < y->channel_low);
}

/* Join boxes until no pair is left that belongs together. Boxes are sorted by start, so the inner
 * loop ends early. */
static size_t join_boxes(struct ls_box *boxes, size_t count) {
    bool joined = true;
    while (joined) {
        joined = false;
        qsort(boxes, count, sizeof *boxes, ls_blobs_order);
        for (size_t i = 0; i < count; i++) {
            for (size_t k = i + 1; k < count && boxes[k].row_start <= boxes[i].row_stop; k++) {
                if (boxes[k].row_stop == 0 || boxes[i].row_stop == 0) {
                    continue;
                }
                if (contained(&boxes[i], &boxes[k]) || together(&boxes[i], &boxes[k])) {
                    join(&boxes[i], &boxes[k]);
                    boxes[k].row_stop = 0; /* taken */
                    joined = true;
                }
            }
        }
        size_t kept = 0;
        for (size_t i = 0; i < count; i++) {
            if (boxes[i].row_stop != 0) {
                boxes[kept++] = boxes[i];
            }
        }
        count = kept;
    }
    return count;
}

size_t ls_blobs_take(struct ls_blobs *blobs, const struct ls_cells *in, struct ls_box *ret_boxes,
                     size_t room) {
    return join_boxes(ret_boxes, take_blobs(blobs, in, ret_boxes, room));
}
