#include "survey/longer.h"

#include <math.h>
#include <stdlib.h>

#include "base/util.h"
#include "dsp/quarters.h"
#include "dsp/slow.h"
#include "survey/cut.h"
#include "survey/quartered.h"

/* One search, on channels or on quarters of them. */
struct side {
    struct ls_slow *slow; /* NULL: quarters are not searched */
    double slot_frames;
    double row_frames;
    double divided;
};

enum { CHANNELS, QUARTERS, SIDES };

/* What a search announces in one piece; borrowed from it. */
struct events {
    const struct ls_slow_box *boxes;
    size_t count;
};

struct ls_longer {
    struct side sides[SIDES];
    struct ls_quartered *quartered;
    struct ls_bursts *bursts;
};

static int create_channels(struct side *ret, const struct ls_cut *cut, double false_alarms_per_day,
                           struct ls_err *err) {
    size_t frames = cut->piece_frames / LS_SLOTS;
    struct ls_slow_opts opts = {.channels = cut->channels,
                                .first_channel = 1, /* as the searcher's */
                                .last_channel = cut->channels,
                                .looks = cut->looks,
                                .slot_rows = frames / 2,
                                .slot_s = (double)(frames * cut->hop) / cut->rate_sps,
                                .false_alarms_per_day = false_alarms_per_day,
                                .piece_slots = LS_SLOTS};
    *ret = (struct side){.slot_frames = (double)frames, .row_frames = 2.0, .divided = 1.0};
    return ls_slow_create(&ret->slow, &opts, err);
}

static int create_quarters(struct ls_longer *longer, const struct ls_cut *cut,
                           double false_alarms_per_day, struct ls_err *err) {
    struct side *side = &longer->sides[QUARTERS];
    int code = ls_quartered_create(&longer->quartered, cut, err);
    if (code != LS_OK) {
        return code;
    }
    *side = (struct side){.slot_frames = (double)cut->quarter_frames,
                          .row_frames = 2.0 * LS_QUARTERS_HOP,
                          .divided = LS_QUARTERS};
    struct ls_slow_opts opts = ls_quartered_opts(longer->quartered);
    opts.false_alarms_per_day = false_alarms_per_day;
    return ls_slow_create(&side->slow, &opts, err);
}

int ls_longer_create(struct ls_longer **ret, const struct ls_cut *cut, double false_alarms_per_day,
                     struct ls_bursts *bursts, struct ls_err *err) {
    struct ls_longer *longer = calloc(1, sizeof *longer);
    if (longer == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for long windows");
    }
    longer->bursts = bursts;
    double share = LS_CUT_SLOW_SHARE * false_alarms_per_day;
    double quarters = cut->quarter_frames > 0 ? LS_CUT_QUARTERS_SHARE * share : 0.0;
    int code = create_channels(&longer->sides[CHANNELS], cut, share - quarters, err);
    if (code == LS_OK && quarters > 0.0) {
        code = create_quarters(longer, cut, quarters, err);
    }
    if (code != LS_OK) {
        ls_longer_destroy(longer);
        return code;
    }
    *ret = longer;
    return LS_OK;
}

void ls_longer_destroy(struct ls_longer *longer) {
    if (longer != NULL) {
        for (size_t i = 0; i < SIDES; i++) {
            ls_slow_destroy(longer->sides[i].slow);
        }
        ls_quartered_destroy(longer->quartered);
        free(longer);
    }
}

void ls_longer_begin(struct ls_longer *longer, const float *floor_pow, double floor_error,
                     const bool *masked) {
    ls_slow_begin(longer->sides[CHANNELS].slow, floor_pow, floor_error, masked);
    if (longer->quartered != NULL) {
        ls_quartered_begin(longer->quartered, longer->sides[QUARTERS].slow, floor_pow, floor_error,
                           masked);
    }
}

static int report(struct ls_longer *longer, size_t i, const struct ls_slow_box *boxes, size_t count,
                  struct ls_err *err) {
    const struct side *side = &longer->sides[i];
    int code = LS_OK;
    for (size_t k = 0; k < count && code == LS_OK; k++) {
        const struct ls_slow_box *box = &boxes[k];
        struct ls_slow_burst burst = {.id = SIDES * box->id + i,
                                      .start_frame = side->slot_frames * (double)box->start_slot,
                                      .stop_frame = side->slot_frames * (double)box->stop_slot,
                                      .channel_low = (double)box->channel_low / side->divided,
                                      .channel_high = (double)box->channel_high / side->divided,
                                      .excess_pow = box->excess_pow / side->divided,
                                      .floor_pow = box->floor_pow / side->divided,
                                      .to_stop = box->to_stop};
        code = box->ended ? ls_bursts_slow_ends(longer->bursts, &burst, err)
                          : ls_bursts_slow_begins(longer->bursts, &burst, err);
    }
    return code;
}

/* What the search of quarters has found in this piece holds a weak box of it: what is too weak for
 * its channel shows there in parts, if at all. */
static bool is_fragment(const struct ls_longer *longer, const struct events *events,
                        const struct ls_job *job, size_t i) {
    const struct ls_box *box = ls_quartered_box(longer->quartered, i);
    double slot_frames = longer->sides[QUARTERS].slot_frames;
    double first = (double)job->first_frame + 2.0 * (double)job->boxes[i].row_start;
    double last = (double)job->first_frame + 2.0 * (double)job->boxes[i].row_stop;
    for (size_t k = 0; k < events->count && ls_slow_is_part(longer->sides[QUARTERS].slow, box);
         k++) {
        const struct ls_slow_box *found = &events->boxes[k];
        double rows = fmin(last, slot_frames * (double)found->stop_slot) -
                      fmax(first, slot_frames * (double)found->start_slot);
        double channels = fmin((double)box->channel_high, (double)found->channel_high) -
                          fmax((double)box->channel_low, (double)found->channel_low);
        double narrow = fmin((double)(box->channel_high - box->channel_low),
                             (double)(found->channel_high - found->channel_low));
        if (rows >= 0.5 * (last - first) && channels >= 0.5 * narrow) {
            return true;
        }
    }
    return false;
}

/* Boxes of the piece that a longer window follows. */
static void hold_boxes(const struct ls_longer *longer, const struct ls_job *job, bool *ret_held) {
    const struct side *quarters = &longer->sides[QUARTERS];
    for (size_t i = 0; i < job->box_count; i++) {
        ret_held[i] = ls_slow_holds(longer->sides[CHANNELS].slow, &job->boxes[i]) ||
                      (quarters->slow != NULL &&
                       ls_slow_holds(quarters->slow, ls_quartered_box(longer->quartered, i)));
    }
}

static int report_piece(struct ls_longer *longer, const struct ls_job *job, const bool *held,
                        struct ls_err *err) {
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

/* One search is told of a box of the other. */
static void tell_box(const struct side *from, const struct side *to,
                     const struct ls_slow_box *box) {
    double rows = from->slot_frames / to->row_frames;
    double channels = to->divided / from->divided;
    const struct ls_told_window extent = {
        .row_start = (uint64_t)((double)box->start_slot * rows),
        .row_stop = (uint64_t)ceil((double)box->stop_slot * rows),
        .channel_low = (size_t)((double)box->channel_low * channels),
        .channel_high = (size_t)ceil((double)box->channel_high * channels)};
    double held =
        box->excess_pow / box->floor_pow *
        (double)((box->stop_slot - box->start_slot) * (box->channel_high - box->channel_low)) *
        rows * channels;
    ls_slow_follow(to->slow, box->id + 1, &extent, held);
}

/* Events: those of a piece, of which the ended ones are no longer on. */
static void tell(const struct side *from, const struct side *to, const struct events *events) {
    struct ls_slow_box open[LS_SLOW_OPEN_MAX];
    if (from->slow == NULL || to->slow == NULL) {
        return;
    }
    size_t open_count = ls_slow_open(from->slow, open);
    for (size_t i = 0; i < open_count; i++) {
        tell_box(from, to, &open[i]);
    }
    for (size_t i = 0; i < events->count; i++) {
        if (events->boxes[i].ended) {
            tell_box(from, to, &events->boxes[i]);
        }
    }
}

/* What is wide stands out on channels no later than on their quarters, so they come first. */
static void search_sides(struct ls_longer *longer, const struct ls_job *job,
                         const struct ls_slot_piece *quarters, struct events *ret_events) {
    const struct ls_slot_piece piece = {.floor_pow = job->floor_pow,
                                        .sums = job->slot_sums,
                                        .counts = job->slot_counts,
                                        .slots = job->slots,
                                        .boxes = job->boxes,
                                        .box_count = job->box_count,
                                        .clipped = job->clipped};
    const struct ls_slot_piece *pieces[SIDES] = {&piece, quarters};
    for (size_t i = 0; i < SIDES; i++) {
        struct events *events = &ret_events[i];
        if (longer->sides[i].slow != NULL) {
            events->count = ls_slow_piece(longer->sides[i].slow, pieces[i], &events->boxes);
            tell(&longer->sides[i], &longer->sides[1 - i], events);
        }
    }
}

int ls_longer_piece(struct ls_longer *longer, const struct ls_job *job, struct ls_err *err) {
    struct events events[SIDES] = {0};
    struct ls_slot_piece quarters = {0};
    LS_AUTO(bool) held = calloc(job->box_count + 1, sizeof *held);
    int code = held != NULL ? LS_OK : ls_err_set(err, LS_ERR_NOMEM, "out of memory for bursts");
    if (code == LS_OK && longer->quartered != NULL) {
        code = ls_quartered_piece(longer->quartered, job, &quarters, err);
    }
    if (code != LS_OK) {
        return code;
    }
    hold_boxes(longer, job, held);
    search_sides(longer, job, &quarters, events);
    for (size_t i = 0; longer->quartered != NULL && i < job->box_count; i++) {
        held[i] = held[i] || is_fragment(longer, &events[QUARTERS], job, i);
    }
    code = report_piece(longer, job, held, err);
    for (size_t i = 0; i < SIDES && code == LS_OK; i++) {
        code = report(longer, i, events[i].boxes, events[i].count, err);
    }
    return code;
}

int ls_longer_end(struct ls_longer *longer, struct ls_err *err) {
    int code = LS_OK;
    for (size_t i = 0; i < SIDES && code == LS_OK; i++) {
        if (longer->sides[i].slow != NULL) {
            const struct ls_slow_box *boxes;
            size_t count = ls_slow_end(longer->sides[i].slow, &boxes);
            code = report(longer, i, boxes, count, err);
        }
    }
    return code;
}
