/* Cells are looked at as bits, 64 channels a word. What is open, free and above the limit, and
 * connected to a seed is reached by sweeping down the rows and up again until nothing is added: a
 * row gives its bits to the one beside it, and there each fills its whole run of open cells. Words
 * of open cells are made when something reaches for them, as rows are far apart and cells take long
 * to come.
 *
 * Blobs are told by one sweep over runs of claimed cells (Rosenfeld, Pfaltz, "Sequential Operations
 * in Digital Picture Processing", J. ACM 13(4), 1966): a run that touches runs of the row above is
 * of their blob, and makes one of several. */
#include "dsp/blobs.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "dsp/rows.h"

enum { WORD_CHANNELS = LS_PANEL_CHANNELS, EIGHT = 8 };

static const uint64_t ONE = 1;
static const uint64_t LAST = (uint64_t)1 << (WORD_CHANNELS - 1);
static const uint64_t BYTES = UINT64_C(0x0101010101010101); /* the lowest bit of each */

/* Neighbours in one row: channels [low, high), and the label of their blob. */
struct run {
    uint32_t low;
    uint32_t high;
    uint32_t label;
};

struct extent {
    uint32_t parent; /* label that it was joined to, which is a smaller one; else its own */
    uint32_t row_start;
    uint32_t row_stop;
    uint32_t low;
    uint32_t high;
};

struct ls_blobs {
    size_t rows_max;
    size_t words;           /* of a row */
    uint64_t *open;         /* [rows_max][words] */
    uint64_t *reached;      /* [rows_max][words] */
    uint64_t *row;          /* [words]: seeds of one row, or what is taken of it */
    uint8_t *known;         /* [rows_max][words]: is that word of open made? */
    uint8_t *fresh[2];      /* [rows_max]: has bits that the row below, above was not given */
    struct run *runs[2];    /* [channels / 2 + 1] of this row and of the one above */
    struct extent *extents; /* [rows_max * (channels / 2 + 1)], by label */
    float limit;
    /* Rows that a claim has come to: beyond them, and between claims, nothing is reached nor known.
     */
    size_t from;
    size_t to;
};

enum { DOWN, UP };

int ls_blobs_create(struct ls_blobs **ret, size_t rows_max, size_t channels) {
    struct ls_blobs *blobs = calloc(1, sizeof *blobs);
    if (blobs == NULL) {
        return LS_ERR_NOMEM;
    }
    size_t runs_max = channels / 2 + 1;
    blobs->rows_max = rows_max;
    blobs->words = (channels + WORD_CHANNELS - 1) / WORD_CHANNELS;
    blobs->open = calloc(rows_max * blobs->words, sizeof *blobs->open);
    blobs->reached = calloc(rows_max * blobs->words, sizeof *blobs->reached);
    blobs->known = calloc(rows_max * blobs->words, sizeof *blobs->known);
    blobs->row = calloc(blobs->words, sizeof *blobs->row);
    blobs->extents = calloc(rows_max * runs_max, sizeof *blobs->extents);
    bool ok = blobs->open != NULL && blobs->reached != NULL && blobs->known != NULL &&
              blobs->row != NULL && blobs->extents != NULL;
    for (int i = 0; i < 2; i++) {
        blobs->fresh[i] = calloc(rows_max, sizeof *blobs->fresh[i]);
        blobs->runs[i] = calloc(runs_max, sizeof *blobs->runs[i]);
        ok = ok && blobs->fresh[i] != NULL && blobs->runs[i] != NULL;
    }
    if (!ok) {
        ls_blobs_destroy(blobs);
        return LS_ERR_NOMEM;
    }
    *ret = blobs;
    return LS_OK;
}

void ls_blobs_destroy(struct ls_blobs *blobs) {
    if (blobs != NULL) {
        free(blobs->open);
        free(blobs->reached);
        free(blobs->known);
        free(blobs->row);
        free(blobs->extents);
        for (int i = 0; i < 2; i++) {
            free(blobs->fresh[i]);
            free(blobs->runs[i]);
        }
        free(blobs);
    }
}

/* Open cells of a row in words [word, end) are made. */
static void make_words(struct ls_blobs *blobs, const struct ls_cells *in, size_t row, size_t word,
                       size_t end) {
    size_t i = row * blobs->words + word;
    size_t at = row * in->stride + word * WORD_CHANNELS;
    size_t left = in->channels - word * WORD_CHANNELS;
    size_t n = (end - word) * WORD_CHANNELS;
    ls_rows_open(in->cells + at, in->marks + at, blobs->limit, left < n ? left : n,
                 &blobs->open[i]);
    memset(blobs->known + i, 1, end - word);
    blobs->from = row < blobs->from ? row : blobs->from;
    blobs->to = row >= blobs->to ? row + 1 : blobs->to;
}

/* Open cells of a row in the channels from word * WORD_CHANNELS on. */
static uint64_t open_word(struct ls_blobs *blobs, const struct ls_cells *in, size_t row,
                          size_t word) {
    size_t i = row * blobs->words + word;
    if (blobs->known[i] == 0) {
        make_words(blobs, in, row, word, word + 1);
    }
    return blobs->open[i];
}

/* Whole runs of open bits that hold any of bits, which are open. Adding one bit of a run carries to
 * its end; what is added to it after that stays where it is. */
static uint64_t fill_runs(uint64_t open, uint64_t bits) {
    uint64_t filled = (((open + bits) ^ open) | bits) & open;
    for (unsigned by = 1; by < WORD_CHANNELS; by *= 2) {
        filled |= open & (filled >> by);
        open &= open >> by;
    }
    return filled;
}

/* Reach the runs of a word that hold any of bits, and what they go on into in the words beside it.
 */
static void reach(struct ls_blobs *blobs, const struct ls_cells *in, size_t row, size_t word,
                  uint64_t bits) {
    uint64_t *reached = blobs->reached + row * blobs->words;
    uint64_t open = open_word(blobs, in, row, word);
    bits &= open & ~reached[word];
    if (bits == 0) {
        return;
    }
    blobs->fresh[DOWN][row] = blobs->fresh[UP][row] = 1;
    uint64_t filled = fill_runs(open, bits);
    reached[word] |= filled;
    uint64_t first = filled;
    for (size_t w = word; (filled & LAST) != 0 && w + 1 < blobs->words; w++) {
        open = open_word(blobs, in, row, w + 1);
        filled = fill_runs(open, open & ONE);
        reached[w + 1] |= filled;
    }
    filled = first;
    for (size_t w = word; (filled & ONE) != 0 && w > 0; w--) {
        open = open_word(blobs, in, row, w - 1);
        filled = fill_runs(open, open & LAST);
        reached[w - 1] |= filled;
    }
}

/* What is reached in a row reaches the open cells that touch it in the row beside. */
static void spread(struct ls_blobs *blobs, const struct ls_cells *in, size_t row, size_t beside) {
    const uint64_t *reached = blobs->reached + row * blobs->words;
    for (size_t word = 0; word < blobs->words; word++) {
        uint64_t bits = reached[word];
        if (bits == 0) {
            continue;
        }
        reach(blobs, in, beside, word, bits | bits << 1 | bits >> 1);
        if ((bits & ONE) != 0 && word > 0) {
            reach(blobs, in, beside, word - 1, LAST);
        }
        if ((bits & LAST) != 0 && word + 1 < blobs->words) {
            reach(blobs, in, beside, word + 1, ONE);
        }
    }
}

/* One sweep over all rows; returns whether anything was there to be given. */
static bool sweep(struct ls_blobs *blobs, const struct ls_cells *in, int way) {
    bool any = false;
    for (size_t i = 0; i < in->rows; i++) {
        size_t row = way == DOWN ? i : in->rows - 1 - i;
        if (blobs->fresh[way][row] == 0) {
            continue;
        }
        any = true;
        blobs->fresh[way][row] = 0;
        if (i + 1 < in->rows) {
            spread(blobs, in, row, way == DOWN ? row + 1 : row - 1);
        }
    }
    return any;
}

/* Bits of the channels [low, high) in a word of which some are. */
static uint64_t word_mask(size_t word, size_t low, size_t high) {
    size_t first = word * WORD_CHANNELS;
    uint64_t from = low > first ? UINT64_MAX << (low - first) : UINT64_MAX;
    return high - first < WORD_CHANNELS ? from & ~(UINT64_MAX << (high - first)) : from;
}

/* Reach what stands out alone in a row of the area. Only open cells do. */
static void seed(struct ls_blobs *blobs, const struct ls_cells *in,
                 const struct ls_blobs_area *area, size_t row) {
    size_t first = area->low / WORD_CHANNELS;
    size_t end = (area->high + WORD_CHANNELS - 1) / WORD_CHANNELS;
    size_t at = row * in->stride + first * WORD_CHANNELS;
    const uint64_t *open = blobs->open + row * blobs->words;
    uint64_t any = 0;
    make_words(blobs, in, row, first, end);
    for (size_t word = first; word < end; word++) {
        any |= open[word];
    }
    if (any == 0) {
        return;
    }
    ls_rows_open(in->cells + at, in->marks + at, area->seed, area->high - first * WORD_CHANNELS,
                 blobs->row + first);
    for (size_t word = first; word < end; word++) {
        reach(blobs, in, row, word, blobs->row[word] & word_mask(word, area->low, area->high));
    }
}

/* Eight bits as bytes of 0 or 1, the lowest first. */
static uint64_t bytes_of_bits(uint64_t bits) {
    uint64_t each = (bits & UINT8_MAX) * BYTES & UINT64_C(0x8040201008040201);
    return (each + UINT64_C(0x7f7f7f7f7f7f7f7f)) >> 7 & BYTES;
}

/* n <= EIGHT marks, 0 behind them. Sizes are constants for most, or each would be a call. */
static inline uint64_t load_marks(const unsigned char *marks, size_t n) {
    uint64_t bytes = 0;
    if (n == EIGHT) {
        memcpy(&bytes, marks, EIGHT);
    } else {
        memcpy(&bytes, marks, n);
    }
    return bytes;
}

static inline void store_marks(unsigned char *marks, uint64_t bytes, size_t n) {
    if (n == EIGHT) {
        memcpy(marks, &bytes, EIGHT);
    } else {
        memcpy(marks, &bytes, n);
    }
}

/* n free cells from marks on are claimed where bits are. */
static void mark(unsigned char *marks, uint64_t bits, size_t n) {
    _Static_assert(LS_MARK_FREE == 0 && LS_MARK_CLAIMED == 1, "a bit is a mark");
    for (size_t i = 0; i < n && bits != 0; i += EIGHT, bits >>= EIGHT) {
        if ((bits & UINT8_MAX) != 0) {
            size_t left = n - i < EIGHT ? n - i : EIGHT;
            store_marks(marks + i, load_marks(marks + i, left) | bytes_of_bits(bits), left);
        }
    }
}

/* What was reached is claimed, and all is as before. */
static void claim_reached(struct ls_blobs *blobs, const struct ls_cells *in) {
    for (size_t r = blobs->from; r < blobs->to; r++) {
        uint64_t *reached = blobs->reached + r * blobs->words;
        for (size_t word = 0; word < blobs->words; word++) {
            size_t left = in->channels - word * WORD_CHANNELS;
            if (reached[word] != 0) {
                mark(in->marks + r * in->stride + word * WORD_CHANNELS, reached[word],
                     left < WORD_CHANNELS ? left : WORD_CHANNELS);
                ls_cells_change(in, word * WORD_CHANNELS, word * WORD_CHANNELS + 1);
            }
        }
        memset(reached, 0, blobs->words * sizeof *reached);
        memset(blobs->known + r * blobs->words, 0, blobs->words * sizeof *blobs->known);
    }
}

void ls_blobs_claim(struct ls_blobs *blobs, const struct ls_cells *in,
                    const struct ls_blobs_area *area) {
    assert(area->grow <= area->seed && area->high <= in->channels);
    blobs->from = in->rows;
    blobs->to = 0;
    blobs->limit = area->grow;
    for (size_t r = area->row_start; r < area->row_stop; r++) {
        if (area->rows == NULL || area->rows[r]) {
            seed(blobs, in, area, r);
        }
    }
    bool down = sweep(blobs, in, DOWN);
    bool up = sweep(blobs, in, UP);
    while (down || up) {
        down = sweep(blobs, in, DOWN);
        up = down && sweep(blobs, in, UP);
    }
    claim_reached(blobs, in);
}

/* Claimed cells of a row as bits; they are taken. */
static void take_words(struct ls_blobs *blobs, const struct ls_cells *in, unsigned char *marks) {
    _Static_assert(LS_MARK_CLAIMED == 1 && LS_MARK_TAKEN == 2, "taken is claimed twice");
    for (size_t word = 0; word < blobs->words;) {
        size_t end = word;
        while (end < blobs->words && in->claimed[end]) {
            end++;
        }
        if (end > word) {
            size_t high = end * WORD_CHANNELS < in->channels ? end * WORD_CHANNELS : in->channels;
            ls_rows_take(marks + word * WORD_CHANNELS, high - word * WORD_CHANNELS,
                         blobs->row + word);
        }
        for (word = end; word < blobs->words && !in->claimed[word]; word++) {
            blobs->row[word] = 0;
        }
    }
}

/* Runs of claimed cells of a row, which are taken; returns how many. */
static size_t take_runs(struct ls_blobs *blobs, const struct ls_cells *in, size_t row,
                        struct run *ret) {
    size_t count = 0;
    unsigned char *marks = in->marks + row * in->stride;
    take_words(blobs, in, marks);
    for (size_t word = 0; word < blobs->words; word++) {
        size_t first = word * WORD_CHANNELS;
        uint64_t bits = blobs->row[word];
        while (bits != 0) {
            size_t low = (size_t)__builtin_ctzll(bits);
            uint64_t behind = ~(bits >> low);
            size_t high = behind == 0 ? WORD_CHANNELS : low + (size_t)__builtin_ctzll(behind);
            bits = high < WORD_CHANNELS ? bits & UINT64_MAX << high : 0;
            if (low == 0 && count > 0 && ret[count - 1].high == first) {
                ret[count - 1].high = (uint32_t)(first + high);
            } else {
                ret[count++] =
                    (struct run){.low = (uint32_t)(first + low), .high = (uint32_t)(first + high)};
            }
        }
    }
    return count;
}

static uint32_t root(struct extent *extents, uint32_t label) {
    while (extents[label].parent != label) {
        extents[label].parent = extents[extents[label].parent].parent;
        label = extents[label].parent;
    }
    return label;
}

static uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

static uint32_t most(uint32_t a, uint32_t b) { return a > b ? a : b; }

/* The smaller of both labels is that of the blob, which began first. */
static uint32_t join(struct extent *extents, uint32_t a, uint32_t b) {
    if (a == b) {
        return a;
    }
    struct extent *into = &extents[least(a, b)];
    struct extent *other = &extents[most(a, b)];
    other->parent = into->parent;
    into->row_start = least(into->row_start, other->row_start);
    into->row_stop = most(into->row_stop, other->row_stop);
    into->low = least(into->low, other->low);
    into->high = most(into->high, other->high);
    return into->parent;
}

/* Labels for the runs of a row, given those above; labels is how many there are, and is returned.
 */
static uint32_t label_runs(struct extent *extents, uint32_t labels, size_t row,
                           const struct run *above, size_t above_count, struct run *runs,
                           size_t count) {
    size_t first = 0;
    for (size_t i = 0; i < count; i++) {
        struct run *run = &runs[i];
        while (first < above_count && above[first].high < run->low) {
            first++;
        }
        if (first == above_count || above[first].low > run->high) {
            extents[labels] = (struct extent){.parent = labels,
                                              .row_start = (uint32_t)row,
                                              .row_stop = (uint32_t)row + 1,
                                              .low = run->low,
                                              .high = run->high};
            run->label = labels++;
            continue;
        }
        run->label = root(extents, above[first].label);
        for (size_t k = first + 1; k < above_count && above[k].low <= run->high; k++) {
            run->label = join(extents, run->label, root(extents, above[k].label));
        }
        struct extent *extent = &extents[run->label];
        extent->row_stop = (uint32_t)row + 1;
        extent->low = least(extent->low, run->low);
        extent->high = most(extent->high, run->high);
    }
    return labels;
}

size_t ls_blobs_take(struct ls_blobs *blobs, const struct ls_cells *in, struct ls_box *ret_boxes,
                     size_t room) {
    uint32_t labels = 0;
    size_t above = 0;
    for (size_t r = 0; r < in->rows; r++) {
        struct run *runs = blobs->runs[r % 2];
        size_t count = take_runs(blobs, in, r, runs);
        labels =
            label_runs(blobs->extents, labels, r, blobs->runs[(r + 1) % 2], above, runs, count);
        above = count;
    }
    size_t count = 0;
    for (uint32_t label = 0; label < labels && count < room; label++) {
        const struct extent *extent = &blobs->extents[label];
        if (extent->parent == label) {
            ret_boxes[count++] = (struct ls_box){.row_start = extent->row_start,
                                                 .row_stop = extent->row_stop,
                                                 .channel_low = extent->low,
                                                 .channel_high = extent->high};
        }
    }
    return count;
}
