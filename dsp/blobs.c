#include "dsp/blobs.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

/* Neighbours in one row: channels [low, high). */
struct run {
    uint32_t row;
    uint32_t low;
    uint32_t high;
};

struct ls_blobs {
    struct run *stack; /* [rows_max * (channels / 2 + 1)] runs still to visit */
    size_t depth;
};

int ls_blobs_create(struct ls_blobs **ret, size_t rows_max, size_t channels) {
    struct ls_blobs *blobs = calloc(1, sizeof *blobs);
    if (blobs == NULL) {
        return LS_ERR_NOMEM;
    }
    blobs->stack = calloc(rows_max * (channels / 2 + 1), sizeof *blobs->stack);
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

/* The first cell from c on, before end, that is free and above limit; end when there is none. */
static size_t find_open(const struct ls_cells *in, size_t row, size_t c, size_t end, float limit) {
    const float *cells = in->cells + row * in->stride;
    const unsigned char *marks = in->marks + row * in->stride;
    while (c < end && (marks[c] != LS_MARK_FREE || cells[c] <= limit)) {
        c++;
    }
    return c;
}

/* Claim the run of open cells that holds (row, c), itself open, and keep it to be visited. Returns
 * its end. */
static size_t claim_run(struct ls_blobs *blobs, const struct ls_cells *in, size_t row, size_t c,
                        float limit) {
    const float *cells = in->cells + row * in->stride;
    unsigned char *marks = in->marks + row * in->stride;
    size_t low = c;
    size_t high = c + 1;
    while (low > 0 && marks[low - 1] == LS_MARK_FREE && cells[low - 1] > limit) {
        low--;
    }
    while (high < in->channels && marks[high] == LS_MARK_FREE && cells[high] > limit) {
        high++;
    }
    memset(marks + low, LS_MARK_CLAIMED, high - low);
    blobs->stack[blobs->depth++] = (struct run){(uint32_t)row, (uint32_t)low, (uint32_t)high};
    return high;
}

/* Rows beside row, itself left out: its run is whole. Returns how many. */
static size_t rows_beside(size_t row, size_t rows, size_t ret[2]) {
    size_t count = 0;
    if (row > 0) {
        ret[count++] = row - 1;
    }
    if (row + 1 < rows) {
        ret[count++] = row + 1;
    }
    return count;
}

void ls_blobs_grow(struct ls_blobs *blobs, const struct ls_cells *in, size_t row, size_t channel,
                   float limit) {
    blobs->depth = 0;
    claim_run(blobs, in, row, channel, limit);
    while (blobs->depth > 0) {
        struct run run = blobs->stack[--blobs->depth];
        size_t from = run.low > 0 ? run.low - 1 : 0;
        size_t end = run.high < in->channels ? run.high + 1 : in->channels;
        size_t beside[2];
        for (size_t i = rows_beside(run.row, in->rows, beside); i-- > 0;) {
            size_t c = find_open(in, beside[i], from, end, limit);
            while (c < end) {
                c = claim_run(blobs, in, beside[i], c, limit);
                c = c < end ? find_open(in, beside[i], c, end, limit) : end;
            }
        }
    }
}

/* Take the run of claimed cells that holds (row, c), itself claimed, and keep it to be visited.
 * Returns its end. */
static size_t take_run(struct ls_blobs *blobs, const struct ls_cells *in, size_t row, size_t c) {
    unsigned char *marks = in->marks + row * in->stride;
    size_t low = c;
    size_t high = c + 1;
    while (low > 0 && marks[low - 1] == LS_MARK_CLAIMED) {
        low--;
    }
    while (high < in->channels && marks[high] == LS_MARK_CLAIMED) {
        high++;
    }
    memset(marks + low, LS_MARK_TAKEN, high - low);
    blobs->stack[blobs->depth++] = (struct run){(uint32_t)row, (uint32_t)low, (uint32_t)high};
    return high;
}

/* Take every run of claimed cells in row that touches columns [from, end). */
static void take_runs(struct ls_blobs *blobs, const struct ls_cells *in, size_t row, size_t from,
                      size_t end) {
    const unsigned char *marks = in->marks + row * in->stride;
    while (from < end) {
        const unsigned char *at = memchr(marks + from, LS_MARK_CLAIMED, end - from);
        from = at != NULL ? take_run(blobs, in, row, (size_t)(at - marks)) : end;
    }
}

/* Extent of the blob that holds the cell; its marks become LS_MARK_TAKEN. */
static struct ls_box take_blob(struct ls_blobs *blobs, const struct ls_cells *in, size_t row,
                               size_t channel) {
    struct ls_box box = {.row_start = UINT32_MAX, .channel_low = UINT32_MAX};
    blobs->depth = 0;
    take_run(blobs, in, row, channel);
    while (blobs->depth > 0) {
        struct run run = blobs->stack[--blobs->depth];
        box.row_start = run.row < box.row_start ? run.row : box.row_start;
        box.row_stop = run.row + 1 > box.row_stop ? run.row + 1 : box.row_stop;
        box.channel_low = run.low < box.channel_low ? run.low : box.channel_low;
        box.channel_high = run.high > box.channel_high ? run.high : box.channel_high;
        size_t from = run.low > 0 ? run.low - 1 : 0;
        size_t end = run.high < in->channels ? run.high + 1 : in->channels;
        size_t beside[2];
        for (size_t i = rows_beside(run.row, in->rows, beside); i-- > 0;) {
            take_runs(blobs, in, beside[i], from, end);
        }
    }
    return box;
}

size_t ls_blobs_take(struct ls_blobs *blobs, const struct ls_cells *in, struct ls_box *ret_boxes,
                     size_t room) {
    size_t count = 0;
    for (size_t r = 0; r < in->rows; r++) {
        const unsigned char *row = in->marks + r * in->stride;
        const unsigned char *end = row + in->channels;
        const unsigned char *at = memchr(row, LS_MARK_CLAIMED, in->channels);
        while (at != NULL && count < room) {
            ret_boxes[count++] = take_blob(blobs, in, r, (size_t)(at - row));
            at = memchr(at + 1, LS_MARK_CLAIMED, (size_t)(end - at - 1));
        }
    }
    return count;
}
