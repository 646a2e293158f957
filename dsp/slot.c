#include "dsp/slot.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "dsp/fit.h"
#include "dsp/rows.h"
#include "dsp/sort.h"
#include "dsp/versions.h"

enum {
    GROUPS_MAX = 128,
    GROUPS_MIN = 8, /* fewer tell no gain */
};

/* A box this strong reaches so many channels beyond its own with what bank and receiver leak. */
static const struct {
    double excess; /* over the noise of a cell */
    size_t channels;
} reaches[] = {{1e5, SIZE_MAX / 4}, {1e3, 16}, {1e2, 4}, {0.0, 2}};

/* 8 dB: stronger boxes are whole (dsp/mend.h). */
static const double WEAK_EXCESS = 6.0;

/* 12 dB: where channels are divided, the most that a few cells of what is too weak for its channel
 * show as a box of their own. */
static const double FRAGMENT_EXCESS = 16.0;

/* Nepers: three times what anything needs to stand out. */
static const double SURE = 75.0;
static const double LOOKS_PER_CELL = 1.2; /* of two frames */

/* 25 dB: the skirts of a wide box, 30 dB down and a quarter as wide, stand out here. */
static const double SKIRT_EXCESS = 300.0;

/* 25 dB: no image of a weaker box stands out here. */
static const double IMAGE_EXCESS = 300.0;

struct ls_slot {
    struct ls_slot_opts opts;
    bool *masked;          /* [channels] */
    unsigned char *hidden; /* [channels]: masked, or a box leaks there */
    float *parts;          /* [channels]: mean excess of weak boxes */
    size_t group;          /* channels of a group */
    double sigma;          /* relative, of a group's mean */
    double calibration;    /* of the gain */
    float *groups;         /* [GROUPS_MAX] */
    float *ratios;         /* [channels]: floor of the piece over the reference */
    bool moved;            /* the reference did, since they were taken */
    float *powers;         /* [channels] in units of the reference */
    float *cells;          /* [channels]: how many these are */
};

int ls_slot_create(struct ls_slot **ret, const struct ls_slot_opts *opts) {
    struct ls_slot *slot = calloc(1, sizeof *slot);
    if (slot == NULL) {
        return LS_ERR_NOMEM;
    }
    slot->opts = *opts;
    slot->opts.divided = opts->divided > 0 ? opts->divided : 1;
    slot->group = 1 + (opts->last_channel - opts->first_channel) / GROUPS_MAX;
    slot->masked = calloc(opts->channels, sizeof *slot->masked);
    slot->hidden = calloc(opts->channels, 1);
    slot->parts = ls_rows_make(opts->channels);
    slot->groups = ls_rows_make(GROUPS_MAX);
    slot->ratios = ls_rows_make(opts->channels);
    slot->powers = ls_rows_make(opts->channels);
    slot->cells = ls_rows_make(opts->channels);
    if (slot->masked == NULL || slot->hidden == NULL || slot->parts == NULL ||
        slot->groups == NULL || slot->ratios == NULL || slot->powers == NULL ||
        slot->cells == NULL) {
        ls_slot_destroy(slot);
        return LS_ERR_NOMEM;
    }
    *ret = slot;
    return LS_OK;
}

void ls_slot_destroy(struct ls_slot *slot) {
    if (slot != NULL) {
        free(slot->masked);
        free(slot->hidden);
        free(slot->parts);
        free(slot->groups);
        free(slot->ratios);
        free(slot->powers);
        free(slot->cells);
        free(slot);
    }
}

void ls_slot_mask(struct ls_slot *slot, const bool *masked) {
    for (size_t c = 0; c < slot->opts.channels; c++) {
        bool analysed = c >= slot->opts.first_channel && c < slot->opts.last_channel;
        slot->masked[c] = !analysed || (masked != NULL && masked[c]);
    }
    double looks = ls_looks_effective(slot->opts.looks, 2 * slot->opts.slot_rows, slot->group);
    slot->sigma = 1.0 / sqrt(looks);
    slot->calibration = 1.0;
    slot->moved = true;
}

void ls_slot_move(struct ls_slot *slot, double factor) {
    slot->calibration *= factor;
    slot->moved = true;
}

bool ls_slot_is_part(const struct ls_slot *slot, const struct ls_box *box) {
    double rows = (double)(box->row_stop - box->row_start);
    double cells = rows * (double)(box->channel_high - box->channel_low);
    double excess = box->excess_pow / box->floor_pow;
    bool longer = rows >= (double)slot->opts.part_rows;
    bool sure = LOOKS_PER_CELL * cells * (double)ls_fit_evidence((float)excess) > SURE;
    if (slot->opts.divided > 1) {
        return excess < FRAGMENT_EXCESS && !sure;
    }
    return excess < WEAK_EXCESS && !sure && (longer || box->from_start || box->to_stop);
}

/* What the box holds of the slot that begins at row from, spread evenly over its rows and channels.
 */
static void add_part(struct ls_slot *slot, const struct ls_box *box, size_t from) {
    size_t stop = from + slot->opts.slot_rows;
    size_t first = box->row_start > from ? box->row_start : from;
    size_t last = box->row_stop < stop ? box->row_stop : stop;
    /* Its power is the mean over its duration, which is no whole number of rows. */
    double rows = 0.5 * (double)(box->stop_frame - box->start_frame);
    double share = (double)(last - first) / (double)(box->row_stop - box->row_start);
    float excess =
        (float)(box->excess_pow / box->floor_pow * rows * share / (double)slot->opts.slot_rows);
    for (size_t c = box->channel_low; c < box->channel_high; c++) {
        slot->parts[c] = excess;
    }
}

/* Channels in which boxes of the piece leak in one slot, and what parts of longer ones they hold.
 */
static void hide_boxes(struct ls_slot *slot, const struct ls_slot_piece *piece, size_t index) {
    size_t n = slot->opts.channels;
    memcpy(slot->hidden, slot->masked, n);
    memset(slot->parts, 0, n * sizeof *slot->parts);
    size_t from = index * slot->opts.slot_rows;
    for (size_t i = 0; i < piece->box_count; i++) {
        const struct ls_box *box = &piece->boxes[i];
        if (box->row_start >= from + slot->opts.slot_rows || box->row_stop <= from) {
            continue;
        }
        double excess = box->excess_pow / box->floor_pow;
        if (ls_slot_is_part(slot, box)) {
            add_part(slot, box, from);
            continue;
        }
        size_t r = 0;
        while (excess < reaches[r].excess) {
            r++;
        }
        size_t reach = reaches[r].channels * slot->opts.divided;
        reach += excess > SKIRT_EXCESS ? (box->channel_high - box->channel_low) / 4 : 0;
        size_t low = box->channel_low > reach ? box->channel_low - reach : 0;
        size_t high = box->channel_high + reach < n ? box->channel_high + reach : n;
        memset(slot->hidden + low, 1, high - low);
        if (excess > IMAGE_EXCESS) {
            for (size_t c = box->channel_low; c < box->channel_high; c++) {
                slot->hidden[n - c < n ? n - c : 0] = 1;
            }
        }
    }
}

/* Deviations: a group farther from the middle one holds something. */
static const double GROUP_SIGMA = 4.0;

/* The mean of those groups that are no farther from the middle one than noise is. */
static double usual_mean(const struct ls_slot *slot, size_t count) {
    double middle = (double)ls_sort_find(slot->groups, count, count / 2);
    double reach = GROUP_SIGMA * slot->sigma * middle;
    double sum = 0.0;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (fabs((double)slot->groups[i] - middle) <= reach) {
            sum += (double)slot->groups[i];
            kept++;
        }
    }
    return sum / (double)kept;
}

LS_VERSIONS static void divide(float *restrict ret, const float *a, const float *b, size_t n) {
    for (size_t c = 0; c < n; c++) {
        ret[c] = a[c] / b[c];
    }
}

/* Of every channel that is heard, with least cells or more: its power in units of the reference,
 * and how many cells that is. */
LS_VERSIONS static void weigh_channels(const struct ls_slot *slot, const float *sums,
                                       const float *counts, float least, float *restrict ret_powers,
                                       float *restrict ret_cells) {
    const float *ratios = slot->ratios;
    const unsigned char *hidden = slot->hidden;
    size_t n = slot->opts.channels;
    for (size_t c = 0; c < n; c++) {
        bool heard = (hidden[c] == 0) & (counts[c] >= least);
        ret_powers[c] = heard ? sums[c] * ratios[c] : 0.0F;
        ret_cells[c] = heard ? counts[c] : 0.0F;
    }
}

/* Gain of a slot against the reference: what its channels' means have in common. They are taken
 * together in groups, whose outliers are told from noise. Hidden channels are known. */
static double slot_gain(struct ls_slot *slot, const struct ls_slot_piece *piece, size_t index) {
    const struct ls_slot_opts *o = &slot->opts;
    float least = o->divided > 1 ? (float)o->slot_rows - 0.5F : 0.0F;
    size_t group = slot->group;
    size_t kept = 0;
    weigh_channels(slot, piece->sums + index * o->channels, piece->counts + index * o->channels,
                   least, slot->powers, slot->cells);
    for (size_t from = o->first_channel; from + group <= o->last_channel; from += group) {
        float power = 0.0F;
        float cells = 0.0F;
        for (size_t c = from; c < from + group; c++) {
            power += slot->powers[c];
            cells += slot->cells[c];
        }
        if (cells > 0.75F * (float)(group * o->slot_rows)) {
            slot->groups[kept++] = power / cells;
        }
    }
    if (kept < GROUPS_MIN) {
        return 0.0;
    }
    return usual_mean(slot, kept) * slot->calibration;
}

/* The mean excess of the slot's cells: of all where channels are divided, else of those that were
 * counted, more than least. */
LS_VERSIONS static void fill_excess(const struct ls_slot *slot, const float *sums,
                                    const float *counts, float gain, float least,
                                    float *restrict ret) {
    const float *ratios = slot->ratios;
    const float *parts = slot->parts;
    const unsigned char *hidden = slot->hidden;
    size_t n = slot->opts.channels;
    float rows = (float)slot->opts.slot_rows;
    bool divided = slot->opts.divided > 1;
    float scale = 1.0F / gain;
    float share = 1.0F / rows;
    for (size_t c = 0; c < n; c++) {
        bool heard = (hidden[c] == 0) & ((parts[c] > 0.0F) | (counts[c] > least));
        float lacking = divided ? 0.0F : parts[c]; /* in the sums */
        float cells = divided ? rows : counts[c];
        float excess = (sums[c] * (ratios[c] * scale) - cells) * share + lacking;
        ret[c] = heard ? excess : 0.0F;
    }
}

void ls_slot_fill(struct ls_slot *slot, const struct ls_slot_piece *piece, size_t index,
                  const float *reference, float *ret_excess) {
    size_t n = slot->opts.channels;
    float rows = (float)slot->opts.slot_rows;
    hide_boxes(slot, piece, index);
    if (index == 0 || slot->moved) {
        divide(slot->ratios, piece->floor_pow, reference, n);
        slot->moved = false;
    }
    float gain = piece->clipped ? 0.0F : (float)slot_gain(slot, piece, index);
    if (gain > 0.0F) {
        fill_excess(slot, piece->sums + index * n, piece->counts + index * n, gain,
                    slot->opts.divided > 1 ? rows - 0.5F : 0.5F * rows, ret_excess);
    } else {
        memset(ret_excess, 0, n * sizeof *ret_excess);
    }
}
