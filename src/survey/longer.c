#include "survey/longer.h"

#include <stdlib.h>

#include "base/util.h"
#include "dsp/slow.h"
#include "survey/cut.h"

struct ls_longer {
    struct ls_slow *slow;
    struct ls_bursts *bursts;
    double slot_frames;
};

int ls_longer_create(struct ls_longer **ret, const struct ls_cut *cut, double false_alarms_per_day,
                     struct ls_bursts *bursts, struct ls_err *err) {
    struct ls_longer *longer = calloc(1, sizeof *longer);
    if (longer == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for long windows");
    }
    size_t frames = cut->piece_frames / LS_SLOTS;
    struct ls_slow_opts opts = {.channels = cut->channels,
                                .first_channel = 1, /* as the searcher's */
                                .last_channel = cut->channels,
                                .looks = cut->looks,
                                .slot_rows = frames / 2,
                                .slot_s = (double)(frames * cut->hop) / cut->rate_sps,
                                .false_alarms_per_day = LS_CUT_SLOW_SHARE * false_alarms_per_day};
    longer->bursts = bursts;
    longer->slot_frames = (double)frames;
    int code = ls_slow_create(&longer->slow, &opts, err);
    if (code != LS_OK) {
        ls_longer_destroy(longer);
        return code;
    }
    *ret = longer;
    return LS_OK;
}

void ls_longer_destroy(struct ls_longer *longer) {
    if (longer != NULL) {
        ls_slow_destroy(longer->slow);
        free(longer);
    }
}

void ls_longer_begin(struct ls_longer *longer, const float *floor_pow, double floor_error,
                     const bool *masked) {
    ls_slow_begin(longer->slow, floor_pow, floor_error, masked);
}

static int report(struct ls_longer *longer, const struct ls_slow_box *boxes, size_t count,
                  struct ls_err *err) {
    int code = LS_OK;
    for (size_t i = 0; i < count && code == LS_OK; i++) {
        const struct ls_slow_box *box = &boxes[i];
        struct ls_slow_burst burst = {.start_frame = longer->slot_frames * (double)box->start_slot,
                                      .stop_frame = longer->slot_frames * (double)box->stop_slot,
                                      .channel_low = box->channel_low,
                                      .channel_high = box->channel_high,
                                      .excess_pow = box->excess_pow,
                                      .floor_pow = box->floor_pow,
                                      .to_stop = box->to_stop};
        code = box->ended ? ls_bursts_slow_ends(longer->bursts, &burst, err)
                          : ls_bursts_slow_begins(longer->bursts, &burst, err);
    }
    return code;
}

/* The piece's boxes, but for those that a longer window follows. */
static int report_piece(struct ls_longer *longer, const struct ls_job *job, struct ls_err *err) {
    LS_AUTO(bool) held = calloc(job->box_count + 1, sizeof *held);
    if (held == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for bursts");
    }
    for (size_t i = 0; i < job->box_count; i++) {
        held[i] = ls_slow_holds(longer->slow, &job->boxes[i]);
    }
    struct ls_piece found = {.first_frame = job->first_frame,
                             .frames = job->frames,
                             .boxes = job->boxes,
                             .spectra = job->spectra,
                             .features = job->features,
                             .held = held,
                             .carriers = job->carriers,
                             .box_count = job->box_count,
                             .clipped = job->clipped};
    return ls_bursts_piece(longer->bursts, &found, err);
}

int ls_longer_piece(struct ls_longer *longer, const struct ls_job *job, struct ls_err *err) {
    int code = report_piece(longer, job, err);
    if (code != LS_OK) {
        return code;
    }
    struct ls_slot_piece piece = {.floor_pow = job->floor_pow,
                                  .sums = job->slot_sums,
                                  .counts = job->slot_counts,
                                  .slots = job->slots,
                                  .boxes = job->boxes,
                                  .box_count = job->box_count,
                                  .clipped = job->clipped};
    const struct ls_slow_box *boxes;
    size_t count = ls_slow_piece(longer->slow, &piece, &boxes);
    return report(longer, boxes, count, err);
}

int ls_longer_end(struct ls_longer *longer, struct ls_err *err) {
    const struct ls_slow_box *boxes;
    size_t count = ls_slow_end(longer->slow, &boxes);
    return report(longer, boxes, count, err);
}
