#include "pattern/regular.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "pattern/regular_state.h"

enum {
    WINDOWS_ALL = 4,    /* of an emitter that talks without end, every window at first, */
    WINDOWS_JUDGED = 6, /* each, later ones only if they look better than any before */
    WINDOWS_EVERY = 8,  /* then one in eight */
};
static const int64_t silence_ns = 12 * 3600 * LS_NS_PER_S; /* ends a window */
/* On the scale of ls_trial_look, near which exp(-rank) is the probability up to a constant. */
static const double beyond_doubt_rank = 20.0;
static const double archived_rank = 4.0;
static const double archived_log10 = -3.0;

void ls_regular_destroy(void *state) {
    struct ls_regular *regular = state;
    if (regular == NULL) {
        return;
    }
    for (size_t i = 0; regular->slots != NULL && i < regular->slot_count; i++) {
        free(regular->slots[i]);
    }
    for (size_t i = 0; i < regular->archive_count; i++) {
        free(regular->archive[i]);
    }
    free(regular->slots);
    free(regular->archive);
    ls_trial_destroy(regular->judge);
    free(regular);
}

int ls_regular_create(void **ret, const struct ls_kind_input *input,
                      const struct ls_regular_opts *opts, struct ls_err *err) {
    struct ls_regular *regular = calloc(1, sizeof *regular);
    if (regular == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for the search of regular timing");
    }
    regular->opts = *opts;
    regular->input = *input;
    regular->slot_count = ls_tracks_max(input->tracks);
    regular->slots = calloc(regular->slot_count, sizeof *regular->slots);
    int rc = regular->slots == NULL ? ls_err_set(err, LS_ERR_NOMEM, "out of memory for emitters")
                                    : ls_trial_create(&regular->judge, err);
    if (rc != LS_OK) {
        ls_regular_destroy(regular);
        return rc;
    }
    *ret = regular;
    return LS_OK;
}

/* --- windows --- */

int ls_regular_view_init(struct ls_regular_view *view, const struct ls_regular *regular,
                         const struct ls_regular_slot *slot, const struct ls_regular_window *window,
                         const unsigned char *taken, struct ls_err *err) {
    int64_t first = window->heard[0].t_ns;
    int rc = ls_exposure_good_time(regular->input.exposure, slot->track.sensor,
                                   window->heard[0].center_hz, first,
                                   window->heard[window->count - 1].t_ns + 1, &view->good, err);
    if (rc != LS_OK) {
        return rc;
    }
    double t_s[LS_WINDOW_EVENTS];
    size_t index[LS_WINDOW_EVENTS];
    size_t left = 0;
    for (size_t i = 0; i < window->count; i++) {
        if (taken == NULL || taken[i] == 0) {
            t_s[left] = (double)(window->heard[i].t_ns - first) / (double)LS_NS_PER_S;
            index[left++] = i;
        }
    }
    size_t kept[LS_WINDOW_EVENTS];
    double gap_s = 0.0;
    size_t n = ls_surrogate_declump(t_s, left, ls_good_time_total(&view->good), kept,
                                    view->extent_s, &gap_s);
    for (size_t i = 0; i < n; i++) {
        view->t_s[i] = t_s[kept[i]];
        view->index[i] = index[kept[i]];
    }
    view->arrivals = (struct ls_arrivals){.t_s = view->t_s,
                                          .extent_s = view->extent_s,
                                          .count = n,
                                          .gap_s = gap_s,
                                          .good = &view->good};
    return LS_OK;
}

void ls_regular_view_finish(struct ls_regular_view *view) { ls_good_time_finish(&view->good); }

/* What the best window says, to hold later ones against. */
static int fit_best(const struct ls_regular *regular, struct ls_regular_slot *slot,
                    struct ls_err *err) {
    struct ls_regular_view best;
    int rc = ls_regular_view_init(&best, regular, slot, &slot->best, NULL, err);
    if (rc != LS_OK) {
        return rc;
    }
    ls_fit_arrivals(&best.arrivals, &slot->verdict, &slot->fit);
    slot->has_fit = true;
    ls_regular_view_finish(&best);
    return LS_OK;
}

/* A window before which one is beyond doubt: does it hold the same? */
static int confirm(const struct ls_regular *regular, struct ls_regular_slot *slot,
                   const struct ls_regular_window *window, struct ls_err *err) {
    struct ls_regular_view later;
    int rc = slot->has_fit ? LS_OK : fit_best(regular, slot, err);
    rc = rc == LS_OK ? ls_regular_view_init(&later, regular, slot, window, NULL, err) : rc;
    if (rc != LS_OK) {
        return rc;
    }
    double p = ls_fit_confirm(&slot->fit, &later.arrivals);
    ls_regular_view_finish(&later);
    slot->later++;
    slot->confirm_log10_p = isnan(slot->confirm_log10_p) ? p : fmin(slot->confirm_log10_p, p);
    if (p < -3.0) {
        slot->confirmed_ns = window->heard[window->count - 1].t_ns;
    }
    return LS_OK;
}

/* Searches a window that ended. */
static int search(const struct ls_regular *regular, struct ls_regular_slot *slot,
                  const struct ls_regular_window *window, struct ls_err *err) {
    slot->seen++;
    if (window->count < LS_TRIAL_EVENTS_MIN ||
        (slot->seen > WINDOWS_ALL && slot->seen % WINDOWS_EVERY != 0)) {
        return LS_OK;
    }
    if (slot->has_best && slot->verdict.rank > beyond_doubt_rank) {
        return confirm(regular, slot, window, err);
    }
    struct ls_regular_view view;
    int rc = ls_regular_view_init(&view, regular, slot, window, NULL, err);
    if (rc != LS_OK) {
        return rc;
    }
    if (view.arrivals.count < LS_TRIAL_EVENTS_MIN) {
        ls_regular_view_finish(&view);
        return LS_OK;
    }
    slot->judged++;
    struct ls_verdict look = ls_trial_look(regular->judge, &view.arrivals);
    if (!slot->has_best || look.rank > slot->verdict.rank) {
        slot->verdict = look;
        slot->has_best = true;
        slot->best = *window;
        slot->later = 0;
        slot->confirm_log10_p = (double)NAN;
    }
    ls_regular_view_finish(&view);
    return LS_OK;
}

int ls_regular_finished_copy(const struct ls_regular *regular, const struct ls_regular_slot *slot,
                             struct ls_regular_slot **ret, struct ls_err *err) {
    struct ls_regular_slot *copy = malloc(sizeof *copy);
    if (copy == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for a window of events");
    }
    *copy = *slot;
    int rc = LS_OK;
    if (copy->now.count >= LS_TRIAL_EVENTS_MIN) {
        struct ls_regular_window now = copy->now;
        rc = search(regular, copy, &now, err);
    }
    if (rc != LS_OK) {
        free(copy);
        return rc;
    }
    *ret = copy;
    return LS_OK;
}

int ls_regular_judge(const struct ls_regular *regular, struct ls_regular_slot *slot,
                     struct ls_err *err) {
    struct ls_regular_view view;
    if (!slot->has_best || !isnan(slot->verdict.log10_p)) {
        return LS_OK;
    }
    int rc = ls_regular_view_init(&view, regular, slot, &slot->best, NULL, err);
    if (rc == LS_OK) {
        slot->verdict = ls_trial_verdict(regular->judge, &view.arrivals);
        ls_regular_view_finish(&view);
    }
    return rc;
}

/* The emitter of a slot gave way to another. */
static int retire(struct ls_regular *regular, struct ls_regular_slot *slot, struct ls_err *err) {
    struct ls_regular_slot *last = NULL;
    int rc = ls_regular_finished_copy(regular, slot, &last, err);
    if (rc != LS_OK) {
        return rc;
    }
    bool worth = last->has_best && last->verdict.rank > archived_rank &&
                 regular->archive_count < LS_REGULAR_ARCHIVE_MAX;
    if (worth) {
        rc = ls_regular_judge(regular, last, err);
        worth = rc == LS_OK && last->verdict.log10_p < archived_log10;
    }
    if (rc != LS_OK) {
        free(last);
        return rc;
    }
    if (worth && ls_grow((void **)&regular->archive, &regular->archive_capacity,
                         regular->archive_count, sizeof(struct ls_regular_slot *)) != LS_OK) {
        free(last);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for emitters that are over");
    }
    if (worth) {
        last->now.count = 0;
        regular->archive[regular->archive_count++] = last;
        return LS_OK;
    }
    regular->over += last->has_best ? 1 : 0;
    free(last);
    return LS_OK;
}

static int slot_for(struct ls_regular *regular, const struct ls_event *event,
                    struct ls_regular_slot **ret, struct ls_err *err) {
    struct ls_regular_slot *slot = regular->slots[event->track];
    if (slot != NULL && event->track_begins) {
        int rc = retire(regular, slot, err);
        free(slot);
        regular->slots[event->track] = slot = NULL;
        if (rc != LS_OK) {
            return rc;
        }
    }
    if (slot == NULL) {
        slot = calloc(1, sizeof *slot);
        if (slot == NULL) {
            return ls_err_set(err, LS_ERR_NOMEM, "out of memory for an emitter");
        }
        slot->confirm_log10_p = (double)NAN;
        regular->slots[event->track] = slot;
    }
    *ret = slot;
    return LS_OK;
}

int ls_regular_push(void *state, const struct ls_event *event, struct ls_err *err) {
    struct ls_regular *regular = state;
    const struct ls_track *track = event->emitter;
    bool takes = regular->opts.takes(track) && !event->cut_start;
    if (!takes && !(event->track_begins && regular->slots[event->track] != NULL)) {
        return LS_OK;
    }
    struct ls_regular_slot *slot = NULL;
    int rc = slot_for(regular, event, &slot, err);
    if (rc != LS_OK || !takes) {
        return rc;
    }
    struct ls_regular_window *now = &slot->now;
    bool silent =
        now->count > 0 && event->row->start_ns - now->heard[now->count - 1].t_ns > silence_ns;
    if (now->count == LS_WINDOW_EVENTS || silent) {
        rc = search(regular, slot, now, err);
        now->count = 0;
    }
    slot->track = *track;
    /* Field by field over zeros: what lies behind them is saved too. */
    struct ls_heard *mine = &now->heard[now->count++];
    memset(mine, 0, sizeof *mine);
    mine->t_ns = event->row->start_ns;
    mine->stop_ns = event->row->start_ns + event->row->duration_ns;
    mine->id = event->row->id;
    mine->center_hz = event->row->center_hz;
    mine->level_dbfs = (float)event->row->level_dbfs;
    mine->company = event->company;
    return rc;
}
