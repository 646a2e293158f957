#include "survey/quartered.h"

#include <math.h>
#include <stdlib.h>

#include "base/util.h"
#include "dsp/quarters.h"
#include "dsp/rows.h"

enum {
    ROW_ROWS = LS_QUARTERS_HOP, /* rows of the bank in one of quarters */
    /* Channels of the widest window, in quarters: what is wider gains nothing by finer edges. */
    WIDEST = 16,
};

/* A quarter's floor is known as well as a quarter of the looks of its channel lets it. More than
 * the most is no floor: what was learned from a few frames is not planned for any worse. */
static const double FLOOR_ERROR = 2.0;
static const double FLOOR_ERROR_MAX = 0.5;

struct ls_quartered {
    struct ls_cut cut;
    struct ls_looks *looks;
    double looks_share;
    size_t slots;     /* of a full piece */
    size_t slot_rows; /* of quarters */
    float *floor_pow; /* [LS_QUARTERS * channels] */
    float *counts;    /* [slots][LS_QUARTERS * channels] */
    float *least;     /* [channels]: cells of a slot that are free in all its parts */
    bool *masked;     /* [LS_QUARTERS * channels] */
    struct ls_box *boxes;
    size_t box_room;
};

static int create_looks(struct ls_quartered *quartered, struct ls_err *err) {
    const struct ls_cut *cut = &quartered->cut;
    const struct ls_quarters_opts opts = {.channels = cut->channels,
                                          .prototype = cut->prototype,
                                          .length = cut->channels * cut->taps};
    size_t length = ls_quarters_length(opts.channels, opts.length);
    LS_AUTO(float) h = malloc(length * sizeof *h);
    if (h == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for quarters of channels");
    }
    int code = ls_quarters_prototype(&opts, h, err);
    if (code != LS_OK) {
        return code;
    }
    quartered->looks_share = ls_quarters_looks_share(cut->channels, cut->quarter_frames, h, length);
    return ls_looks_create(&quartered->looks, h, length, LS_QUARTERS * cut->channels, err);
}

int ls_quartered_create(struct ls_quartered **ret, const struct ls_cut *cut, struct ls_err *err) {
    struct ls_quartered *quartered = calloc(1, sizeof *quartered);
    if (quartered == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for quarters of channels");
    }
    size_t n = LS_QUARTERS * cut->channels;
    quartered->cut = *cut;
    quartered->slots = cut->piece_frames / cut->quarter_frames;
    quartered->slot_rows = cut->quarter_frames / 2 / ROW_ROWS;
    quartered->floor_pow = ls_rows_make(n);
    quartered->counts = ls_rows_make(quartered->slots * n);
    quartered->least = ls_rows_make(cut->channels);
    quartered->masked = calloc(n, sizeof *quartered->masked);
    int code = LS_OK;
    if (quartered->floor_pow == NULL || quartered->counts == NULL || quartered->least == NULL ||
        quartered->masked == NULL) {
        code = ls_err_set(err, LS_ERR_NOMEM, "out of memory for quarters of %zu channels",
                          cut->channels);
    }
    code = code == LS_OK ? create_looks(quartered, err) : code;
    if (code != LS_OK) {
        ls_quartered_destroy(quartered);
        return code;
    }
    *ret = quartered;
    return LS_OK;
}

void ls_quartered_destroy(struct ls_quartered *quartered) {
    if (quartered != NULL) {
        ls_looks_destroy(quartered->looks);
        free(quartered->floor_pow);
        free(quartered->counts);
        free(quartered->least);
        free(quartered->masked);
        free(quartered->boxes);
        free(quartered);
    }
}

struct ls_slow_opts ls_quartered_opts(const struct ls_quartered *quartered) {
    const struct ls_cut *cut = &quartered->cut;
    size_t n = LS_QUARTERS * cut->channels;
    return (struct ls_slow_opts){.channels = n,
                                 .first_channel = LS_QUARTERS, /* as the searcher's */
                                 .last_channel = n,
                                 .looks = quartered->looks,
                                 .looks_share = quartered->looks_share,
                                 .slot_rows = quartered->slot_rows,
                                 .slot_s = (double)(cut->quarter_frames * cut->hop) / cut->rate_sps,
                                 .divided = LS_QUARTERS,
                                 .widest = WIDEST};
}

static void spread_floor(struct ls_quartered *quartered, const float *floor_pow) {
    ls_quarters_spread(floor_pow, quartered->cut.channels, quartered->floor_pow);
}

void ls_quartered_begin(struct ls_quartered *quartered, struct ls_slow *slow,
                        const float *floor_pow, double floor_error, const bool *masked) {
    spread_floor(quartered, floor_pow);
    for (size_t i = 0; i < LS_QUARTERS * quartered->cut.channels; i++) {
        quartered->masked[i] = masked != NULL && masked[i / LS_QUARTERS];
    }
    ls_slow_begin(slow, quartered->floor_pow, fmin(FLOOR_ERROR_MAX, FLOOR_ERROR * floor_error),
                  quartered->masked);
}

/* Of a slot: rows less the share of the channel's cells that were claimed in the parts of the piece
 * it has in common. */
static void count_slot(struct ls_quartered *quartered, const struct ls_job *job, size_t slot) {
    size_t n = quartered->cut.channels;
    size_t part_frames = quartered->cut.piece_frames / LS_SLOTS;
    size_t first = slot * quartered->cut.quarter_frames / part_frames;
    size_t last = ((slot + 1) * quartered->cut.quarter_frames - 1) / part_frames;
    float *counts = quartered->counts + slot * LS_QUARTERS * n;
    size_t part_rows = part_frames / 2;
    float part = (float)part_rows;
    float scale = (float)quartered->slot_rows / part;
    float *least = quartered->least;
    for (size_t c = 0; c < n; c++) {
        least[c] = part;
    }
    for (size_t s = first; s <= last && s < job->slots; s++) {
        const float *count = job->slot_counts + s * n;
        ls_rows_least(least, count, n);
    }
    ls_rows_scale(least, scale, n);
    ls_quarters_spread(least, n, counts);
}

/* Windows of quarters reach a row beyond what they are in the middle of. */
static struct ls_box quarter_box(const struct ls_box *box, size_t rows) {
    struct ls_box ret = *box;
    size_t stop = (box->row_stop + ROW_ROWS - 1) / ROW_ROWS + 1;
    ret.row_start = box->row_start >= 2 * ROW_ROWS ? box->row_start / ROW_ROWS - 1 : 0;
    ret.row_stop = (uint32_t)(stop < rows ? stop : rows);
    ret.row_start = ret.row_start < ret.row_stop ? ret.row_start : ret.row_stop;
    ret.channel_low = LS_QUARTERS * box->channel_low;
    ret.channel_high = LS_QUARTERS * box->channel_high;
    ret.start_frame = box->start_frame / (float)LS_QUARTERS_HOP;
    ret.stop_frame = box->stop_frame / (float)LS_QUARTERS_HOP;
    return ret;
}

int ls_quartered_piece(struct ls_quartered *quartered, const struct ls_job *job,
                       struct ls_slot_piece *ret, struct ls_err *err) {
    size_t rows = job->quarter_slots * quartered->slot_rows;
    spread_floor(quartered, job->floor_pow);
    for (size_t s = 0; s < job->quarter_slots; s++) {
        count_slot(quartered, job, s);
    }
    for (size_t i = 0; i < job->box_count; i++) {
        if (ls_grow((void **)&quartered->boxes, &quartered->box_room, i,
                    sizeof *quartered->boxes) != LS_OK) {
            return ls_err_set(err, LS_ERR_NOMEM, "out of memory for boxes");
        }
        quartered->boxes[i] = quarter_box(&job->boxes[i], rows);
    }
    *ret = (struct ls_slot_piece){.floor_pow = quartered->floor_pow,
                                  .sums = job->quarter_sums,
                                  .counts = quartered->counts,
                                  .slots = job->quarter_slots,
                                  .boxes = quartered->boxes,
                                  .box_count = job->box_count,
                                  .clipped = job->clipped};
    return LS_OK;
}

const struct ls_box *ls_quartered_box(const struct ls_quartered *quartered, size_t i) {
    return &quartered->boxes[i];
}
