#include "dsp/told.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/fit.h"

/* The latest so many: more weak boxes within the longest window are none that one sees as one. */
enum { BOXES_MAX = 512 };

/* Of what a window holds: as much again as is left needs a chance of four deviations, which windows
 * over something that lasts have every day. */
static const double TOLD_SHARE = 0.5;

/* Of a window's duration: what was told of is a part of it up to here. */
static const double PART_SHARE = 0.7;

/* Of what speaks for it: a part is the best of many fits, the window one of a grid. */
static const double PART_WEIGHT = 0.75;

struct entry {
    uint64_t id; /* of what another search follows; 0: a box of a piece */
    struct ls_told_window extent;
    uint64_t goes_on; /* from the row that the next piece begins with; UINT64_MAX: it does not */
    double excess;    /* summed over its cells */
    double cells;
};

/* What entries have in common with a window. */
struct common {
    double excess;
    double rows;
    double evidence; /* for each of them, as dsp/fit.h has it, times its cells */
};

struct ls_told {
    struct entry entries[BOXES_MAX];
    size_t count; /* ever */
};

struct ls_told *ls_told_create(void) {
    return calloc(1, sizeof(struct ls_told));
}

void ls_told_destroy(struct ls_told *told) { free(told); }

void ls_told_begin(struct ls_told *told) { told->count = 0; }

static size_t kept(const struct ls_told *told) {
    return told->count < BOXES_MAX ? told->count : BOXES_MAX;
}

static double overlap(uint64_t a0, uint64_t a1, uint64_t b0, uint64_t b1) {
    uint64_t from = a0 > b0 ? a0 : b0;
    uint64_t to = a1 < b1 ? a1 : b1;
    return to > from ? (double)(to - from) : 0.0;
}

/* The entry that goes on in the box, on half of the narrower one's channels, or a new one. */
static struct entry *entry_for(struct ls_told *told, uint64_t first_row, const struct ls_box *box) {
    for (size_t i = 0; box->from_start && i < kept(told); i++) {
        struct entry *entry = &told->entries[i];
        const struct ls_told_window *extent = &entry->extent;
        double narrow = fmin((double)(extent->channel_high - extent->channel_low),
                             (double)(box->channel_high - box->channel_low));
        double common =
            overlap(extent->channel_low, extent->channel_high, box->channel_low, box->channel_high);
        if (entry->goes_on == first_row && common >= 0.5 * narrow) {
            return entry;
        }
    }
    struct entry *entry = &told->entries[told->count++ % BOXES_MAX];
    *entry = (struct entry){.extent = {.row_start = first_row + box->row_start,
                                       .row_stop = first_row + box->row_stop,
                                       .channel_low = box->channel_low,
                                       .channel_high = box->channel_high}};
    return entry;
}

void ls_told_add(struct ls_told *told, uint64_t first_row, size_t rows, const struct ls_box *box) {
    struct entry *entry = entry_for(told, first_row, box);
    struct ls_told_window *extent = &entry->extent;
    /* Its power is the mean over its duration, which is no whole number of rows. */
    double lasted = 0.5 * (double)(box->stop_frame - box->start_frame);
    double cells = lasted * (double)(box->channel_high - box->channel_low);
    entry->excess += cells * box->excess_pow / box->floor_pow;
    entry->cells += cells;
    entry->goes_on = box->to_stop ? first_row + rows : UINT64_MAX;
    extent->row_stop = first_row + box->row_stop;
    extent->channel_low =
        box->channel_low < extent->channel_low ? box->channel_low : extent->channel_low;
    extent->channel_high =
        box->channel_high > extent->channel_high ? box->channel_high : extent->channel_high;
}

void ls_told_follow(struct ls_told *told, uint64_t id, const struct ls_told_window *extent,
                    double excess) {
    size_t i = 0;
    while (i < kept(told) && told->entries[i].id != id) {
        i++;
    }
    if (i == kept(told)) {
        i = told->count++ % BOXES_MAX;
    }
    double cells = (double)(extent->row_stop - extent->row_start) *
                   (double)(extent->channel_high - extent->channel_low);
    told->entries[i] = (struct entry){
        .id = id, .extent = *extent, .goes_on = UINT64_MAX, .excess = excess, .cells = cells};
}

static double evidence_of(double excess, double cells) {
    return cells > 0.0 && excess > 0.0 ? cells * (double)ls_fit_evidence((float)(excess / cells))
                                       : 0.0;
}

static struct common in_common(const struct ls_told *told, const struct ls_told_window *window) {
    struct common most = {0};
    for (size_t i = 0; i < kept(told); i++) {
        const struct entry *entry = &told->entries[i];
        const struct ls_told_window *extent = &entry->extent;
        double rows =
            overlap(extent->row_start, extent->row_stop, window->row_start, window->row_stop);
        double channels = overlap(extent->channel_low, extent->channel_high, window->channel_low,
                                  window->channel_high);
        double width = (double)(extent->channel_high - extent->channel_low);
        double share = window->anywhere ? (double)(channels > 0.0) : channels / width;
        double length = (double)(extent->row_stop - extent->row_start);
        struct common one = {.excess = entry->excess * share * rows / length,
                             .rows = rows,
                             .evidence = evidence_of(entry->excess, entry->cells)};
        if (window->anywhere && rows > 0.0 && channels > 0.0) {
            most.excess += one.excess;
            most.rows += one.rows;
            most.evidence += one.evidence;
        } else if (!window->anywhere && one.excess > most.excess) {
            most = one;
        }
    }
    return most;
}

double ls_told_explains(const struct ls_told *told, const struct ls_told_window *window) {
    return in_common(told, window).excess;
}

bool ls_told_holds(const struct ls_told *told, const struct ls_told_window *window, double held) {
    double rows = (double)(window->row_stop - window->row_start);
    double cells = rows * (double)(window->channel_high - window->channel_low);
    struct common common = in_common(told, window);
    bool part =
        common.rows < PART_SHARE * rows && PART_WEIGHT * common.evidence < evidence_of(held, cells);
    return !part && common.excess > TOLD_SHARE * held;
}
