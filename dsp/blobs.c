#include "dsp/blobs.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

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

size_t ls_blobs_take(struct ls_blobs *blobs, const struct ls_cells *in, struct ls_box *ret_boxes,
                     size_t room) {
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
