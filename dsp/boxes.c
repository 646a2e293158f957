#include "dsp/boxes.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "dsp/artefacts.h"
#include "dsp/edges.h"
#include "dsp/joins.h"
#include "dsp/mend.h"
#include "dsp/valleys.h"

/* In a piece; more blobs than that are left where they are, taken and unboxed. */
enum { BOXES_MAX = 16384 };

struct ls_boxes {
    struct ls_blobs *blobs;
    struct ls_joins *joins;
    struct ls_valleys *valleys;
    struct ls_edges *edges;
    struct ls_box *boxes;       /* [BOXES_MAX] */
    enum ls_declined *verdicts; /* [BOXES_MAX] */
};

int ls_boxes_create(struct ls_boxes **ret, size_t rows_max, size_t channels) {
    struct ls_boxes *boxes = calloc(1, sizeof *boxes);
    if (boxes == NULL) {
        return LS_ERR_NOMEM;
    }
    boxes->boxes = calloc(BOXES_MAX, sizeof *boxes->boxes);
    boxes->verdicts = calloc(BOXES_MAX, sizeof *boxes->verdicts);
    if (boxes->boxes == NULL || boxes->verdicts == NULL ||
        ls_blobs_create(&boxes->blobs, rows_max, channels) != LS_OK ||
        ls_joins_create(&boxes->joins, channels, BOXES_MAX) != LS_OK ||
        ls_valleys_create(&boxes->valleys, channels) != LS_OK ||
        ls_edges_create(&boxes->edges, rows_max, channels) != LS_OK) {
        ls_boxes_destroy(boxes);
        return LS_ERR_NOMEM;
    }
    *ret = boxes;
    return LS_OK;
}

void ls_boxes_destroy(struct ls_boxes *boxes) {
    if (boxes != NULL) {
        ls_blobs_destroy(boxes->blobs);
        ls_joins_destroy(boxes->joins);
        ls_valleys_destroy(boxes->valleys);
        ls_edges_destroy(boxes->edges);
        free(boxes->boxes);
        free(boxes->verdicts);
        free(boxes);
    }
}

struct ls_blobs *ls_boxes_blobs(struct ls_boxes *boxes) {
    return boxes->blobs;
}

/* Its cells are noise again. */
static void give_back(const struct ls_cells *in, const struct ls_box *box) {
    ls_cells_change(in, box->channel_low, box->channel_high);
    for (size_t r = box->row_start; r < box->row_stop; r++) {
        memset(in->marks + r * in->stride + box->channel_low, LS_MARK_FREE,
               box->channel_high - box->channel_low);
    }
}

/* Does a box that was kept hold all of the band while this one lasts? */
static bool is_told(const struct ls_cells *in, const struct ls_box *kept, size_t count,
                    const struct ls_box *box) {
    for (size_t i = count; i-- > 0;) {
        bool wide = 2 * (size_t)(kept[i].channel_high - kept[i].channel_low) > in->channels;
        if (wide && kept[i].row_start <= box->row_stop && kept[i].row_stop >= box->row_start) {
            return true;
        }
    }
    return false;
}

/* An impulse, or a pulse wider than the band, is one box over all of it, however ragged it is. Its
 * rows say nothing of the noise, in any channel. False when there is nothing left of it. */
static bool take_impulse(struct ls_boxes *boxes, const struct ls_cells *in, struct ls_box *box) {
    ls_cells_change(in, 0, in->channels);
    memset(in->marks + box->row_start * in->stride, LS_MARK_TAKEN,
           (size_t)(box->row_stop - box->row_start) * in->stride);
    box->channel_low = 1;
    box->channel_high = (uint32_t)in->channels;
    return ls_edges_measure(boxes->edges, in, box);
}

/* The floor rose, and what stood out of it in its time must stand out of the risen one. */
static void claim_again(struct ls_boxes *boxes, const struct ls_cells *in,
                        const struct ls_box *box) {
    float risen = (float)(1.0 + box->excess_pow / box->floor_pow);
    const struct ls_blobs_area area = {.row_start = box->row_start,
                                       .row_stop = box->row_stop,
                                       .low = box->channel_low,
                                       .high = box->channel_high,
                                       .seed = risen * in->seed_limit,
                                       .grow = risen * in->grow_limit};
    ls_blobs_claim(boxes->blobs, in, &area);
}

/* Measure the boxes, but for those whose power is known, if that is what is asked for; returns how
 * many hold any. */
static size_t measure(struct ls_boxes *boxes, const struct ls_cells *in, size_t count, bool known,
                      size_t declined[LS_DECLINED_COUNT]) {
    size_t measured = 0;
    for (size_t i = 0; i < count; i++) {
        if ((known && boxes->boxes[i].excess_pow > 0.0) ||
            ls_edges_measure(boxes->edges, in, &boxes->boxes[i])) {
            boxes->boxes[measured++] = boxes->boxes[i];
        } else {
            declined[LS_DECLINED_WEAK]++;
        }
    }
    return measured;
}

/* Measure the boxes and drop those that are none; returns how many are left. */
static size_t weed(struct ls_boxes *boxes, const struct ls_cells *in, size_t count,
                   size_t declined[LS_DECLINED_COUNT]) {
    struct ls_box *box = boxes->boxes;
    size_t measured = measure(boxes, in, count, false, declined);
    /* Measured edges show more of what belongs together; what was joined has lost its power. */
    size_t joined = ls_joins_make(boxes->joins, in, box, measured);
    if (joined < measured) {
        measured = measure(boxes, in, joined, true, declined);
    }
    ls_artefacts_judge(in, box, measured, boxes->verdicts);
    size_t kept = 0;
    for (size_t i = 0; i < measured; i++) {
        enum ls_declined verdict = boxes->verdicts[i];
        bool new_impulse = verdict == LS_DECLINED_IMPULSE && !is_told(in, box, kept, &box[i]) &&
                           take_impulse(boxes, in, &box[i]);
        if (verdict == LS_DECLINED_COUNT || new_impulse) {
            box[kept++] = box[i];
            continue;
        }
        declined[verdict]++;
        if (verdict == LS_DECLINED_FLOOR) {
            give_back(in, &box[i]);
            claim_again(boxes, in, &box[i]);
        }
    }
    return kept;
}

/* Blobs, and which of them are one. */
static size_t take(struct ls_boxes *boxes, const struct ls_cells *in, struct ls_box *ret,
                   size_t room) {
    return ls_joins_make(boxes->joins, in, ret, ls_blobs_take(boxes->blobs, in, ret, room));
}

const struct ls_box *ls_boxes_find(struct ls_boxes *boxes, const struct ls_cells *in,
                                   size_t *ret_count, size_t declined[LS_DECLINED_COUNT]) {
    size_t count = take(boxes, in, boxes->boxes, BOXES_MAX);
    count = ls_joins_make(boxes->joins, in, boxes->boxes, ls_mend_boxes(in, boxes->boxes, count));
    /* Whole trains first: what goes on and off with a train is seen only against all of it. */
    count = weed(boxes, in, count, declined);
    size_t more = take(boxes, in, boxes->boxes + count, BOXES_MAX - count);
    size_t whole = count;
    count += more;
    count = ls_valleys_cut(boxes->valleys, in, boxes->boxes, count, BOXES_MAX);
    count = ls_edges_split(boxes->edges, in, boxes->boxes, count, BOXES_MAX);
    if (count > whole) {
        count = weed(boxes, in, count, declined);
    }
    qsort(boxes->boxes, count, sizeof *boxes->boxes, ls_joins_order);
    *ret_count = count;
    return boxes->boxes;
}
