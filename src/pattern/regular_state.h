/* pattern/regular_state.h: what a search of regular timing remembers; for regular.c, which fills
 * it, and regular_save.c, which writes it as bytes. */
#ifndef PATTERN_REGULAR_STATE_H
#define PATTERN_REGULAR_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pattern/fit.h"
#include "pattern/regular.h"
#include "pattern/trial.h"

enum { LS_REGULAR_ARCHIVE_MAX = 4096 }; /* emitters that gave way and had a regularity */

struct ls_regular_window {
    size_t count;
    struct ls_heard heard[LS_WINDOW_EVENTS];
};

struct ls_regular_slot {
    struct ls_track track; /* as it was at the last event */
    uint64_t seen;         /* windows that ended */
    uint64_t judged;       /* windows that were searched */
    bool has_best;
    bool has_fit;
    struct ls_verdict verdict; /* of best; not judged before somebody asks */
    struct ls_fit fit;         /* of best, once it is beyond doubt */
    double confirm_log10_p;    /* the best of the later windows; NAN: there is none */
    uint64_t later;            /* windows after best */
    int64_t confirmed_ns;      /* last event of the last window that confirmed */
    struct ls_regular_window best;
    struct ls_regular_window now;
};

struct ls_regular {
    struct ls_regular_opts opts;
    struct ls_kind_input input;
    struct ls_regular_slot **slots; /* [slot_count], NULL: nothing there */
    size_t slot_count;
    struct ls_regular_slot **archive;
    size_t archive_count;
    size_t archive_capacity;
    uint64_t over; /* emitters that gave way, were searched, and had none */
    struct ls_trial *judge;
};

/* Times of a window as arrivals, those of taken left out. */
struct ls_regular_view {
    double t_s[LS_WINDOW_EVENTS];
    double extent_s[LS_WINDOW_EVENTS];
    size_t index[LS_WINDOW_EVENTS]; /* in the window */
    struct ls_good_time good;
    struct ls_arrivals arrivals;
};

/* taken: [window->count], 1 for those to leave out; NULL: none. Finish *view. */
int ls_regular_view_init(struct ls_regular_view *view, const struct ls_regular *regular,
                         const struct ls_regular_slot *slot, const struct ls_regular_window *window,
                         const unsigned char *taken, struct ls_err *err);
void ls_regular_view_finish(struct ls_regular_view *view);

/* The slot with its unfinished window searched too; the caller frees *ret. */
int ls_regular_finished_copy(const struct ls_regular *regular, const struct ls_regular_slot *slot,
                             struct ls_regular_slot **ret, struct ls_err *err);

/* With surrogates: the probability of the best window. */
int ls_regular_judge(const struct ls_regular *regular, struct ls_regular_slot *slot,
                     struct ls_err *err);

#endif
