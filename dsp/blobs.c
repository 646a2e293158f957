/* Open cells, which are free and above the limit, are looked at as bits, 64 channels a word. Words
 * of an area are made row by row, with those of its seeds, as rows are far apart and cells take
 * long to come; one that a blob grows into beyond it is made then. */
#include "dsp/blobs.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "dsp/rows.h"

enum { WORD_CHANNELS = 64 };

/* Neighbours in one row: channels [low, high). */
struct run {
    uint32_t row;
    uint32_t low;
    uint32_t high;
};

struct ls_blobs {
    struct run *stack; /* [rows_max * (channels / 2 + 1)] runs still to visit */
    size_t depth;
    size_t rows_max;
    size_t words;    /* of a row */
    uint64_t *open;  /* [rows_max][words] */
    uint64_t *seeds; /* [rows_max][words] */
    uint8_t *known;  /* [rows_max][words]: is that word of open made? */
    float limit;
};

int ls_blobs_create(struct ls_blobs **ret, size_t rows_max, size_t channels) {
    struct ls_blobs *blobs = calloc(1, sizeof *blobs);
    if (blobs == NULL) {
        return LS_ERR_NOMEM;
    }
    blobs->stack = calloc(rows_max * (channels / 2 + 1), sizeof *blobs->stack);
    blobs->rows_max = rows_max;
    blobs->words = (channels + WORD_CHANNELS - 1) / WORD_CHANNELS;
    blobs->open = calloc(rows_max * blobs->words, sizeof *blobs->open);
    blobs->seeds = calloc(rows_max * blobs->words, sizeof *blobs->seeds);
    blobs->known = calloc(rows_max * blobs->words, sizeof *blobs->known);
    if (blobs->stack == NULL || blobs->open == NULL || blobs->seeds == NULL ||
        blobs->known == NULL) {
        ls_blobs_destroy(blobs);
        return LS_ERR_NOMEM;
    }
    *ret = blobs;
    return LS_OK;
}

void ls_blobs_destroy(struct ls_blobs *blobs) {
    if (blobs != NULL) {
        free(blobs->stack);
        free(blobs->open);
        free(blobs->seeds);
        free(blobs->known);
        free(blobs);
    }
}

/* Open cells of a row in the channels from word * WORD_CHANNELS on. */
static uint64_t *open_word(struct ls_blobs *blobs, const struct ls_cells *in, size_t row,
                           size_t word) {
    size_t i = row * blobs->words + word;
    if (blobs->known[i] == 0) {
        size_t at = row * in->stride + word * WORD_CHANNELS;
        size_t left = in->channels - word * WORD_CHANNELS;
        blobs->open[i] = ls_rows_open(in->cells + at, in->marks + at, blobs->limit,
                                      left < WORD_CHANNELS ? left : WORD_CHANNELS);
        blobs->known[i] = 1;
    }
    return &blobs->open[i];
}

/* The first cell from c on, before end, that is open; end when there is none. */
static size_t find_open(struct ls_blobs *blobs, const struct ls_cells *in, size_t row, size_t c,
                        size_t end) {
    for (size_t word = c / WORD_CHANNELS; word * WORD_CHANNELS < end; word++) {
        size_t below = word * WORD_CHANNELS < c ? c - word * WORD_CHANNELS : 0;
        uint64_t open = *open_word(blobs, in, row, word) & (UINT64_MAX << below);
        if (open != 0) {
            size_t at = word * WORD_CHANNELS + (size_t)__builtin_ctzll(open);
            return at < end ? at : end;
        }
    }
    return end;
}

/* The first cell from c on that is not open. */
static size_t end_of_run(struct ls_blobs *blobs, const struct ls_cells *in, size_t row, size_t c) {
    for (size_t word = c / WORD_CHANNELS; word < blobs->words; word++) {
        size_t below = word * WORD_CHANNELS < c ? c - word * WORD_CHANNELS : 0;
        uint64_t closed = ~*open_word(blobs, in, row, word) & (UINT64_MAX << below);
        if (closed != 0) {
            return word * WORD_CHANNELS + (size_t)__builtin_ctzll(closed);
        }
    }
    return in->channels;
}

/* The first cell of those before c without a gap that are open; c when there is none. */
static size_t start_of_run(struct ls_blobs *blobs, const struct ls_cells *in, size_t row,
                           size_t c) {
    while (c > 0) {
        size_t word = (c - 1) / WORD_CHANNELS;
        size_t above = (word + 1) * WORD_CHANNELS - c;
        uint64_t closed = ~*open_word(blobs, in, row, word) << above;
        if (closed != 0) {
            return c - (size_t)__builtin_clzll(closed);
        }
        c = word * WORD_CHANNELS;
    }
    return 0;
}

/* Bits of the channels [low, high) in a word of which some are. */
static uint64_t word_mask(size_t word, size_t low, size_t high) {
    size_t first = word * WORD_CHANNELS;
    uint64_t from = low > first ? UINT64_MAX << (low - first) : UINT64_MAX;
    return high - first < WORD_CHANNELS ? from & ~(UINT64_MAX << (high - first)) : from;
}

/* The cells [low, high) of a row are open no more. */
static void shut(struct ls_blobs *blobs, size_t row, size_t low, size_t high) {
    uint64_t *open = blobs->open + row * blobs->words;
    for (size_t word = low / WORD_CHANNELS; word * WORD_CHANNELS < high; word++) {
        open[word] &= ~word_mask(word, low, high);
    }
}

/* Claim the run of open cells that holds (row, c) and keep it to be visited. Returns its end. */
static size_t claim_run(struct ls_blobs *blobs, const struct ls_cells *in, size_t row, size_t c) {
    size_t low = start_of_run(blobs, in, row, c);
    size_t high = end_of_run(blobs, in, row, c + 1);
    memset(in->marks + row * in->stride + low, LS_MARK_CLAIMED, high - low);
    shut(blobs, row, low, high);
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

/* Claim the open cell (row, channel) and every one that is connected to it. */
static void grow(struct ls_blobs *blobs, const struct ls_cells *in, size_t row, size_t channel) {
    blobs->depth = 0;
    claim_run(blobs, in, row, channel);
    while (blobs->depth > 0) {
        struct run run = blobs->stack[--blobs->depth];
        size_t from = run.low > 0 ? run.low - 1 : 0;
        size_t end = run.high < in->channels ? run.high + 1 : in->channels;
        size_t beside[2];
        for (size_t i = rows_beside(run.row, in->rows, beside); i-- > 0;) {
            size_t c = find_open(blobs, in, beside[i], from, end);
            while (c < end) {
                c = claim_run(blobs, in, beside[i], c);
                c = c < end ? find_open(blobs, in, beside[i], c, end) : end;
            }
        }
    }
}

/* The words of a row in the area. */
static void look(struct ls_blobs *blobs, const struct ls_cells *in,
                 const struct ls_blobs_area *area, size_t row) {
    for (size_t word = area->low / WORD_CHANNELS; word * WORD_CHANNELS < area->high; word++) {
        uint64_t seeds = 0;
        if (*open_word(blobs, in, row, word) != 0) {
            size_t at = row * in->stride + word * WORD_CHANNELS;
            size_t left = in->channels - word * WORD_CHANNELS;
            seeds = ls_rows_open(in->cells + at, in->marks + at, area->seed,
                                 left < WORD_CHANNELS ? left : WORD_CHANNELS);
        }
        blobs->seeds[row * blobs->words + word] = seeds & word_mask(word, area->low, area->high);
    }
}

/* Grow from the seeds of a row that no other one has reached. */
static void grow_row(struct ls_blobs *blobs, const struct ls_cells *in,
                     const struct ls_blobs_area *area, size_t row) {
    for (size_t word = area->low / WORD_CHANNELS; word * WORD_CHANNELS < area->high; word++) {
        size_t i = row * blobs->words + word;
        for (uint64_t seeds = blobs->seeds[i] & blobs->open[i]; seeds != 0;
             seeds = blobs->seeds[i] & blobs->open[i]) {
            grow(blobs, in, row, word * WORD_CHANNELS + (size_t)__builtin_ctzll(seeds));
        }
    }
}

void ls_blobs_claim(struct ls_blobs *blobs, const struct ls_cells *in,
                    const struct ls_blobs_area *area) {
    assert(area->grow <= area->seed && area->high <= in->channels);
    memset(blobs->known, 0, blobs->rows_max * blobs->words * sizeof *blobs->known);
    blobs->limit = area->grow;
    for (size_t r = area->row_start; r < area->row_stop; r++) {
        if (area->rows == NULL || area->rows[r]) {
            look(blobs, in, area, r);
        }
    }
    for (size_t r = area->row_start; r < area->row_stop; r++) {
        if (area->rows == NULL || area->rows[r]) {
            grow_row(blobs, in, area, r);
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
