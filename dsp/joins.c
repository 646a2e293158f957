#include "dsp/joins.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "dsp/profiles.h"
#include "dsp/valleys.h"

/* Boxes that start and stop this close go on and off together. */
static const double SAME_EDGE_ROWS = 2.0;
/* Of a brief burst's width and power: beside it, that little is its fringe. */
static const double FRINGE_WIDTH = 0.25;
static const double FRINGE_POWER = 0.5;
/* 10 dB: boxes that differ by more in the same channels are two. */
static const double ALIKE = 0.1;
/* Of the weaker fragment's power: a row with less is silent. */
static const double SILENT_POWER = 0.1;
/* 17 dB over the noise of its channels: what is stronger does not break up. */
static const double WEAK_SNR = 50.0;
/* Of the weaker fragment's power is between the two: half the amplitude, as for an edge. */
static const double BRIDGE_POWER = 0.25;
/* Deviations of noise: what is between them is none. */
static const double BRIDGE_SIGMA = 3.0;

enum {
    TOGETHER_ROWS_MIN = 4,     /* shorter boxes coincide by chance, unless they are neighbours */
    BRIEF_ROWS_MAX = 8,        /* of such neighbours */
    TOGETHER_GAP_CHANNELS = 3, /* least gap bridged between the tones of one burst */
    BRIDGE_ROWS_MAX = 64,
    SILENT_ROWS = 2,     /* in a row are a gap between two bursts */
    REACH_CHANNELS = 64, /* beyond its own width a box is held against what lies so far away */
    PASSES_MAX = 8,      /* a join may make the next one possible */
};

static const uint32_t NOBODY = UINT32_MAX;

struct ls_joins {
    size_t channels;
    size_t boxes_max;
    uint32_t *latest; /* [channels] box that was the last one here */
    uint32_t *into;   /* [boxes_max] which a box was joined to; itself else */
};

int ls_joins_create(struct ls_joins **ret, size_t channels, size_t boxes_max) {
    struct ls_joins *joins = calloc(1, sizeof *joins);
    if (joins == NULL) {
        return LS_ERR_NOMEM;
    }
    joins->channels = channels;
    joins->boxes_max = boxes_max;
    joins->latest = calloc(channels, sizeof *joins->latest);
    joins->into = calloc(boxes_max, sizeof *joins->into);
    if (joins->latest == NULL || joins->into == NULL) {
        ls_joins_destroy(joins);
        return LS_ERR_NOMEM;
    }
    *ret = joins;
    return LS_OK;
}

void ls_joins_destroy(struct ls_joins *joins) {
    if (joins != NULL) {
        free(joins->latest);
        free(joins->into);
        free(joins);
    }
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
    into->excess_pow = 0.0;
}

/* Half of the smaller box lies in the larger one. */
static bool contained(const struct ls_box *a, const struct ls_box *b) {
    double common = overlap(a->row_start, a->row_stop, b->row_start, b->row_stop) *
                    overlap(a->channel_low, a->channel_high, b->channel_low, b->channel_high);
    return common >= 0.5 * fmin(area(a), area(b));
}

/* Mean of cells less the noise. */
static double mean_excess(const struct ls_cells *in, const struct ls_box *part) {
    const struct ls_area cells = ls_area_of(part);
    return ls_profiles_sum(in, &cells) / area(part);
}

/* Is one the weak fringe of the other, beside it? */
static bool fringes(const struct ls_cells *in, const struct ls_box *low,
                    const struct ls_box *high) {
    double gap = (double)high->channel_low - (double)low->channel_high;
    double low_width = (double)(low->channel_high - low->channel_low);
    double high_width = (double)(high->channel_high - high->channel_low);
    const struct ls_box *wide = low_width >= high_width ? low : high;
    const struct ls_box *narrow = wide == low ? high : low;
    return gap <= TOGETHER_GAP_CHANNELS &&
           fmin(low_width, high_width) <= FRINGE_WIDTH * fmax(low_width, high_width) &&
           mean_excess(in, narrow) <= FRINGE_POWER * mean_excess(in, wide);
}

/* Do they meet at the tuned centre, where the receiver's own spike hides what is between them? */
static bool around_centre(const struct ls_cells *in, const struct ls_box *low,
                          const struct ls_box *high) {
    size_t centre = in->channels / 2;
    return low->channel_high + 1 >= centre && low->channel_high <= centre + 1 &&
           high->channel_low <= centre + 2 && high->channel_low + 1 > centre;
}

/* On and off together, side by side: two tones of one burst, or fragments of a wide one. */
static bool together(const struct ls_cells *in, const struct ls_box *a, const struct ls_box *b) {
    const struct ls_box *low = a->channel_low <= b->channel_low ? a : b;
    const struct ls_box *high = low == a ? b : a;
    double gap = (double)high->channel_low - (double)low->channel_high;
    double widths = (double)(low->channel_high - low->channel_low) +
                    (double)(high->channel_high - high->channel_low);
    bool edges = fabs((double)a->row_start - (double)b->row_start) <= SAME_EDGE_ROWS &&
                 fabs((double)a->row_stop - (double)b->row_stop) <= SAME_EDGE_ROWS;
    uint32_t rows = a->row_stop - a->row_start;
    uint32_t others = b->row_stop - b->row_start;
    double shorter = fmin((double)rows, (double)others);
    if (shorter < TOGETHER_ROWS_MIN && rows <= BRIEF_ROWS_MAX && others <= BRIEF_ROWS_MAX) {
        return overlap(a->row_start, a->row_stop, b->row_start, b->row_stop) >= 0.5 * shorter &&
               (fringes(in, low, high) || around_centre(in, low, high));
    }
    return edges && rows >= TOGETHER_ROWS_MIN && gap <= fmax(widths, TOGETHER_GAP_CHANNELS) &&
           !ls_valleys_apart(in, low, high);
}

/* Rows in a row that hold less than level a cell. */
static size_t longest_silence(const struct ls_cells *in, const struct ls_box *gap, double level) {
    size_t longest = 0;
    size_t silent = 0;
    struct ls_box row = *gap;
    for (uint32_t r = gap->row_start; r < gap->row_stop; r++) {
        row.row_start = r;
        row.row_stop = r + 1;
        silent = mean_excess(in, &row) < level ? silent + 1 : 0;
        longest = silent > longest ? silent : longest;
    }
    return longest;
}

/* One after the other in the same channels, with more than noise between them. */
static bool bridged(const struct ls_cells *in, const struct ls_box *a, const struct ls_box *b) {
    const struct ls_box *first = a->row_start <= b->row_start ? a : b;
    const struct ls_box *second = first == a ? b : a;
    struct ls_box gap = {
        .row_start = first->row_stop,
        .row_stop = second->row_start,
        .channel_low = a->channel_low > b->channel_low ? a->channel_low : b->channel_low,
        .channel_high = a->channel_high < b->channel_high ? a->channel_high : b->channel_high};
    if (gap.row_start >= gap.row_stop || gap.row_stop - gap.row_start > BRIDGE_ROWS_MAX ||
        gap.channel_low >= gap.channel_high) {
        return false;
    }
    double narrow = fmin((double)(a->channel_high - a->channel_low),
                         (double)(b->channel_high - b->channel_low));
    if ((double)(gap.channel_high - gap.channel_low) < 0.5 * narrow) {
        return false;
    }
    struct ls_box before = gap;
    struct ls_box after = gap;
    before.row_start = first->row_start;
    before.row_stop = first->row_stop;
    after.row_start = second->row_start;
    after.row_stop = second->row_stop;
    double level = fmin(mean_excess(in, &before), mean_excess(in, &after));
    if (level * sqrt((double)(gap.channel_high - gap.channel_low)) > WEAK_SNR) {
        return false; /* noise takes nothing from it: what is between is a gap */
    }
    double between = mean_excess(in, &gap);
    if (longest_silence(in, &gap, SILENT_POWER * level) >= SILENT_ROWS) {
        return false;
    }
    return between > BRIDGE_POWER * level && between * sqrt(area(&gap)) > BRIDGE_SIGMA;
}

/* In the same channels, about as strong, and the second on no later than the first is off. */
static bool overtakes(const struct ls_cells *in, const struct ls_box *a, const struct ls_box *b) {
    bool meet = a->row_start <= b->row_stop && b->row_start <= a->row_stop;
    double channels = overlap(a->channel_low, a->channel_high, b->channel_low, b->channel_high);
    double wide = fmax((double)(a->channel_high - a->channel_low),
                       (double)(b->channel_high - b->channel_low));
    if (!meet || channels < 0.5 * wide) {
        return false;
    }
    double first = mean_excess(in, a);
    double second = mean_excess(in, b);
    return fmin(first, second) > ALIKE * fmax(first, second);
}

static bool belong(const struct ls_cells *in, const struct ls_box *a, const struct ls_box *b) {
    return contained(a, b) || overtakes(in, a, b) || together(in, a, b) || bridged(in, a, b);
}

int ls_joins_order(const void *a, const void *b) {
    const struct ls_box *x = a;
    const struct ls_box *y = b;
    if (x->row_start != y->row_start) {
        return x->row_start < y->row_start ? -1 : 1;
    }
    return (x->channel_low > y->channel_low) - (x->channel_low < y->channel_low);
}

static uint32_t root(const struct ls_joins *joins, uint32_t i) {
    while (joins->into[i] != i) {
        i = joins->into[i];
    }
    return i;
}

/* The box that box i belongs to among the last ones around it, or NOBODY. */
static uint32_t find_partner(const struct ls_joins *joins, const struct ls_cells *in,
                             const struct ls_box *boxes, uint32_t i) {
    const struct ls_box *box = &boxes[i];
    size_t reach = box->channel_high - box->channel_low + REACH_CHANNELS;
    size_t from = box->channel_low > reach ? box->channel_low - reach : 0;
    size_t to =
        box->channel_high + reach < joins->channels ? box->channel_high + reach : joins->channels;
    uint32_t asked = NOBODY;
    for (size_t c = from; c < to; c++) {
        uint32_t k = joins->latest[c];
        if (k == NOBODY || k == asked) {
            continue;
        }
        asked = k;
        k = root(joins, k);
        bool near = boxes[k].row_stop + BRIDGE_ROWS_MAX >= box->row_start;
        if (near && belong(in, &boxes[k], box)) {
            return k;
        }
    }
    return NOBODY;
}

/* Box i is now, or is part of, the last one in its channels. */
static void enter(struct ls_joins *joins, const struct ls_box *box, uint32_t i) {
    for (size_t c = box->channel_low; c < box->channel_high; c++) {
        joins->latest[c] = i;
    }
}

/* One sweep; returns how many boxes are left. */
static size_t sweep(struct ls_joins *joins, const struct ls_cells *in, struct ls_box *boxes,
                    size_t count) {
    qsort(boxes, count, sizeof *boxes, ls_joins_order);
    for (size_t c = 0; c < joins->channels; c++) {
        joins->latest[c] = NOBODY;
    }
    for (uint32_t i = 0; i < count; i++) {
        joins->into[i] = i;
        uint32_t partner = find_partner(joins, in, boxes, i);
        if (partner != NOBODY) {
            join(&boxes[partner], &boxes[i]);
            joins->into[i] = partner;
        }
        uint32_t home = partner != NOBODY ? partner : i;
        enter(joins, &boxes[home], home);
    }
    size_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (joins->into[i] == i) {
            boxes[kept++] = boxes[i];
        }
    }
    return kept;
}

size_t ls_joins_make(struct ls_joins *joins, const struct ls_cells *in, struct ls_box *boxes,
                     size_t count) {
    assert(count <= joins->boxes_max);
    for (int pass = 0; pass < PASSES_MAX; pass++) {
        size_t left = sweep(joins, in, boxes, count);
        if (left == count) {
            break;
        }
        count = left;
    }
    qsort(boxes, count, sizeof *boxes, ls_joins_order);
    return count;
}
