#include "dsp/blobs.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double EDGE_POWER = 0.25; /* of the box's power: half the amplitude */
static const double CHANNEL_POWER =
    1e-3; /* of the strongest channel: what is left of a box in frequency */
static const double IMAGE_POWER = 3e-3; /* 25 dB: no receiver in use suppresses its image by less */
static const double CLICK_POWER =
    1e-2; /* 20 dB: keying clicks and pedestals are weaker than what makes them */
static const double CLIPPED_POWER = 3e-2; /* 15 dB: products of an overdriven receiver */
static const double SPLIT_POWER =
    0.05;                             /* of the box's power: rows below it are between two bursts */
static const double SPLIT_SNR = 20.0; /* boxes this far above their own noise are split: 13 dB */
static const double FLOOR_BAND =
    0.25; /* of the band: wider boxes are asked whether they are the floor itself */
static const double FLOOR_EXCESS_MAX = 1.0; /* 3 dB: a box above that is no floor */
static const double FLOOR_EXCESS =
    0.26; /* 1 dB: what gain and temperature do to a floor (noise uncertainty) */
static const double SAME_EDGE_ROWS =
    2.0; /* blobs that start and stop this close go on and off together */

enum { FREE = 0, CLAIMED = 1, TAKEN = 2 }; /* values of a mark */

enum {
    CLICK_ROWS_MAX = 4,        /* a keying click with the bank's step response */
    SPLIT_ROWS = 2,            /* rows of silence between two bursts; one alone is a fade */
    TOGETHER_ROWS_MIN = 4,     /* shorter blobs coincide by chance */
    TOGETHER_GAP_CHANNELS = 3, /* least gap bridged between the tones of one burst */
    BOXES_MAX =
        16384, /* in a piece; the rest is joined into the last one's place in the residual */
};

struct ls_blobs {
    size_t rows_max;
    size_t channels;
    uint32_t *stack;            /* [rows_max * channels] cells still to visit */
    double *profile;            /* [max(rows_max, channels)] */
    double *sorted;             /* [rows_max] */
    struct ls_box *boxes;       /* [BOXES_MAX] */
    enum ls_declined *verdicts; /* [BOXES_MAX] */
};

int ls_blobs_create(struct ls_blobs **ret, size_t rows_max, size_t channels) {
    struct ls_blobs *blobs = calloc(1, sizeof *blobs);
    if (blobs == NULL) {
        return LS_ERR_NOMEM;
    }
    blobs->rows_max = rows_max;
    blobs->channels = channels;
    blobs->stack = calloc(rows_max * channels, sizeof *blobs->stack);
    blobs->profile = calloc(rows_max > channels ? rows_max : channels, sizeof *blobs->profile);
    blobs->sorted = calloc(rows_max, sizeof *blobs->sorted);
    blobs->boxes = calloc(BOXES_MAX, sizeof *blobs->boxes);
    blobs->verdicts = calloc(BOXES_MAX, sizeof *blobs->verdicts);
    if (blobs->stack == NULL || blobs->profile == NULL || blobs->sorted == NULL ||
        blobs->boxes == NULL || blobs->verdicts == NULL) {
        ls_blobs_destroy(blobs);
        return LS_ERR_NOMEM;
    }
    *ret = blobs;
    return LS_OK;
}

void ls_blobs_destroy(struct ls_blobs *blobs) {
    if (blobs != NULL) {
        free(blobs->stack);
        free(blobs->profile);
        free(blobs->sorted);
        free(blobs->boxes);
        free(blobs->verdicts);
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

void ls_blobs_grow(struct ls_blobs *blobs, const float *cells, unsigned char *marks, size_t rows,
                   size_t row, size_t channel, float limit) {
    size_t n = blobs->channels;
    size_t depth = 0;
    marks[row * n + channel] = CLAIMED;
    blobs->stack[depth++] = (uint32_t)(row * n + channel);
    while (depth > 0) {
        size_t at = blobs->stack[--depth];
        struct window w = around(at / n, at % n, rows, n);
        for (size_t r = w.row_from; r < w.row_to; r++) {
            for (size_t c = w.channel_from; c < w.channel_to; c++) {
                size_t i = r * n + c;
                if (marks[i] == FREE && cells[i] > limit) {
                    marks[i] = CLAIMED;
                    blobs->stack[depth++] = (uint32_t)i;
                }
            }
        }
    }
}

/* Extent of the blob that holds the cell; its marks become TAKEN. */
static struct ls_box take_blob(struct ls_blobs *blobs, const struct ls_blobs_input *in,
                               size_t start) {
    size_t n = in->channels;
    size_t depth = 0;
    struct ls_box box = {.row_start = UINT32_MAX, .channel_low = UINT32_MAX};
    in->marks[start] = TAKEN;
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
                if (in->marks[i] == CLAIMED) {
                    in->marks[i] = TAKEN;
                    blobs->stack[depth++] = (uint32_t)i;
                }
            }
        }
    }
    return box;
}

static size_t take_blobs(struct ls_blobs *blobs, const struct ls_blobs_input *in) {
    size_t count = 0;
    for (size_t r = 0; r < in->rows; r++) {
        const unsigned char *row = in->marks + r * in->channels;
        const unsigned char *end = row + in->channels;
        const unsigned char *at = memchr(row, CLAIMED, in->channels);
        while (at != NULL && count < BOXES_MAX) {
            blobs->boxes[count++] = take_blob(blobs, in, (size_t)(at - in->marks));
            at = memchr(at + 1, CLAIMED, (size_t)(end - at - 1));
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

static int by_start(const void *a, const void *b) {
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
        qsort(boxes, count, sizeof *boxes, by_start);
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

/* Signal power of one channel over the box's rows, and of one row over its channels; the floor is
 * taken off. */
static double channel_power(const struct ls_blobs_input *in, const struct ls_box *box, size_t c) {
    double sum = 0.0;
    for (size_t r = box->row_start; r < box->row_stop; r++) {
        sum += (double)in->cells[r * in->channels + c] - 1.0;
    }
    return sum / (double)(box->row_stop - box->row_start) * (double)in->floor_pow[c];
}

static double row_power(const struct ls_blobs_input *in, const struct ls_box *box, size_t r) {
    double sum = 0.0;
    for (size_t c = box->channel_low; c < box->channel_high; c++) {
        sum += ((double)in->cells[r * in->channels + c] - 1.0) * (double)in->floor_pow[c];
    }
    return sum;
}

/* Narrow the box to the channels that carry its power. */
static void trim_channels(struct ls_blobs *blobs, const struct ls_blobs_input *in,
                          struct ls_box *box) {
    double peak = 0.0;
    for (size_t c = box->channel_low; c < box->channel_high; c++) {
        blobs->profile[c] = channel_power(in, box, c);
        peak = fmax(peak, blobs->profile[c]);
    }
    /* What noise alone leaves in the mean of a channel: one sigma of about as many looks as rows.
     */
    double noise = sqrt(1.0 / (double)(box->row_stop - box->row_start));
    uint32_t low = box->channel_high;
    uint32_t high = box->channel_low;
    for (uint32_t c = box->channel_low; c < box->channel_high; c++) {
        double least = fmax(CHANNEL_POWER * peak, noise * (double)in->floor_pow[c]);
        if (blobs->profile[c] >= least) {
            low = c < low ? c : low;
            high = c + 1;
        }
    }
    if (low < high) {
        box->channel_low = low;
        box->channel_high = high;
    }
}

/* Where the power crosses level between the rows before and at r, in frames; rows are centred on 2
 * r + 0.5. */
static double crossing(double before, double at, double level, size_t r) {
    double part = at > before ? (level - before) / (at - before) : 0.0;
    return 2.0 * ((double)r - 1.0 + fmin(1.0, fmax(0.0, part))) + 0.5;
}

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Box i keeps what comes before its first silence; each later burst in it becomes a box of its own.
 * profile holds its rows' power. */
static size_t cut_at_silences(struct ls_blobs *blobs, size_t i, size_t rows, double least,
                              size_t total) {
    struct ls_box whole = blobs->boxes[i];
    struct ls_box *open = &blobs->boxes[i];
    size_t last_on = 0;
    for (size_t r = 1; r < rows; r++) {
        if (blobs->profile[r] < least) {
            continue;
        }
        if (r - last_on > SPLIT_ROWS && total < BOXES_MAX) {
            open->row_stop = whole.row_start + (uint32_t)last_on + 1;
            open = &blobs->boxes[total++];
            *open = whole;
            open->row_start = whole.row_start + (uint32_t)r;
        }
        last_on = r;
    }
    return total;
}

/* Cut the boxes at their silences: coarse windows bridge the gaps of a train of bursts. Appends to
 * boxes; returns how many there are then. */
static size_t split_boxes(struct ls_blobs *blobs, const struct ls_blobs_input *in, size_t count) {
    size_t total = count;
    for (size_t i = 0; i < count; i++) {
        struct ls_box *box = &blobs->boxes[i];
        size_t rows = box->row_stop - box->row_start;
        if (rows < 2 + SPLIT_ROWS) {
            continue;
        }
        double noise = 0.0;
        for (size_t c = box->channel_low; c < box->channel_high; c++) {
            noise += (double)in->floor_pow[c];
        }
        noise /= sqrt((double)(box->channel_high - box->channel_low));
        for (size_t r = 0; r < rows; r++) {
            blobs->profile[r] = row_power(in, box, box->row_start + r);
            blobs->sorted[r] = blobs->profile[r];
        }
        qsort(blobs->sorted, rows, sizeof *blobs->sorted, compare_doubles);
        double level = blobs->sorted[rows - 1 - rows / 4];
        if (level < SPLIT_SNR * noise) {
            continue;
        }
        total = cut_at_silences(blobs, i, rows, fmax(SPLIT_POWER * level, 3.0 * noise), total);
    }
    return total;
}

/* Edges in time, and the power between them. False when nothing is left. */
static bool trim_rows(struct ls_blobs *blobs, const struct ls_blobs_input *in, struct ls_box *box) {
    size_t rows = box->row_stop - box->row_start;
    double *power = blobs->profile;
    for (size_t i = 0; i < rows; i++) {
        power[i] = row_power(in, box, box->row_start + i);
        blobs->sorted[i] = power[i];
    }
    qsort(blobs->sorted, rows, sizeof *blobs->sorted, compare_doubles);
    /* The upper quartile's middle: the power while on, also of a box that is half empty. */
    double level = EDGE_POWER * blobs->sorted[rows - 1 - rows / 4];
    size_t first = 0;
    while (first < rows && power[first] < level) {
        first++;
    }
    size_t last = rows;
    while (last > first && power[last - 1] < level) {
        last--;
    }
    if (first >= last || level <= 0.0) {
        return false;
    }
    double energy = 0.0;
    for (size_t i = first; i < last; i++) {
        energy += 2.0 * power[i];
    }
    size_t start = box->row_start + first;
    size_t stop = box->row_start + last;
    box->from_start = start == 0;
    box->to_stop = stop == in->rows;
    double before = start > 0 ? row_power(in, box, start - 1) : 0.0;
    double after = stop < in->rows ? row_power(in, box, stop) : 0.0;
    box->start_frame = box->from_start ? 0.0F : (float)crossing(before, power[first], level, start);
    /* Mirrored in time: the row after is the one "before". */
    double back = crossing(after, power[last - 1], level, in->rows - stop);
    box->stop_frame =
        box->to_stop ? (float)(2 * in->rows) : (float)(2.0 * (double)in->rows - 1.0 - back);
    box->stop_frame = fmaxf(box->stop_frame, box->start_frame + 0.5F);
    box->row_start = (uint32_t)start;
    box->row_stop = (uint32_t)stop;
    energy += box->from_start ? 0.0 : 2.0 * fmax(0.0, before);
    energy += box->to_stop ? 0.0 : 2.0 * fmax(0.0, after);
    box->excess_pow = energy / (double)(box->stop_frame - box->start_frame);
    return true;
}

static bool measure_box(struct ls_blobs *blobs, const struct ls_blobs_input *in,
                        struct ls_box *box) {
    trim_channels(blobs, in, box);
    if (!trim_rows(blobs, in, box)) {
        return false;
    }
    /* A box that lost its empty ends shows its channels better. */
    trim_channels(blobs, in, box);
    box->floor_pow = 0.0;
    for (size_t c = box->channel_low; c < box->channel_high; c++) {
        box->floor_pow += (double)in->floor_pow[c];
    }
    return box->excess_pow > 0.0;
}

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
static double level_beside(const struct ls_blobs_input *in, const struct ls_box *box) {
    double sum = 0.0;
    size_t cells = 0;
    for (size_t r = box->row_start; r < box->row_stop; r++) {
        for (size_t c = 0; c < in->channels; c++) {
            size_t i = r * in->channels + c;
            bool beside = c < box->channel_low || c >= box->channel_high;
            if (beside && in->marks[i] == FREE && in->cells[i] > 0.0F) {
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
static bool is_floor(const struct ls_box *box, const struct ls_blobs_input *in) {
    double width = (double)(box->channel_high - box->channel_low);
    double excess = box->excess_pow / box->floor_pow;
    if (width < FLOOR_BAND * (double)in->channels || excess > FLOOR_EXCESS_MAX) {
        return false;
    }
    return excess < FLOOR_EXCESS + 2.0 * fmax(0.0, level_beside(in, box) - 1.0);
}

/* Its cells are noise again. */
static void give_back(const struct ls_blobs_input *in, const struct ls_box *box) {
    for (size_t r = box->row_start; r < box->row_stop; r++) {
        memset(in->marks + r * in->channels + box->channel_low, FREE,
               box->channel_high - box->channel_low);
    }
}

/* Why the box is none of its own, or LS_DECLINED_COUNT. Judged against all boxes, so their order
 * does not matter. */
static enum ls_declined artefact(const struct ls_box *boxes, size_t count, size_t i,
                                 const struct ls_blobs_input *in) {
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

const struct ls_box *ls_blobs_boxes(struct ls_blobs *blobs, const struct ls_blobs_input *in,
                                    size_t *ret_count, size_t declined[LS_DECLINED_COUNT]) {
    assert(in->rows <= blobs->rows_max && in->channels == blobs->channels);
    struct ls_box *boxes = blobs->boxes;
    size_t count = split_boxes(blobs, in, join_boxes(boxes, take_blobs(blobs, in)));
    size_t measured = 0;
    for (size_t i = 0; i < count; i++) {
        if (measure_box(blobs, in, &boxes[i])) {
            boxes[measured++] = boxes[i];
        } else {
            declined[LS_DECLINED_WEAK]++;
        }
    }
    size_t kept = 0;
    for (size_t i = 0; i < measured; i++) {
        blobs->verdicts[i] = artefact(boxes, measured, i, in);
    }
    for (size_t i = 0; i < measured; i++) {
        if (blobs->verdicts[i] == LS_DECLINED_COUNT) {
            boxes[kept++] = boxes[i];
        } else {
            declined[blobs->verdicts[i]]++;
            if (blobs->verdicts[i] == LS_DECLINED_FLOOR) {
                give_back(in, &boxes[i]);
            }
        }
    }
    qsort(boxes, kept, sizeof *boxes, by_start);
    *ret_count = kept;
    return boxes;
}
