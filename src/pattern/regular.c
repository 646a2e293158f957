#include "pattern/regular.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"

enum {
    UNITS_MAX = 6,      /* devices told apart in one emitter slot */
    WINDOWS_ALL = 4,    /* of an emitter that talks without end, every window at first, */
    WINDOWS_JUDGED = 6, /* each, later ones only if they look better than any before */
    WINDOWS_EVERY = 8,  /* then one in eight */
    ARCHIVE_MAX = 4096, /* emitters that gave way and had a regularity */
    CONFIRM_EVENTS_MIN = 8,
    BENCH = 32
};
static const int64_t silence_ns = 12 * 3600 * LS_NS_PER_S; /* ends a window */
/* On the scale of ls_trial_look, near which exp(-rank) is the probability up to a constant. */
static const double beyond_doubt_rank = 20.0;
static const double archived_rank = 4.0;
static const double worth_describing_log10 = -2.0;
static const double worth_peeling_log10 = -4.0;
static const double archived_log10 = -3.0;

struct window {
    size_t count;
    struct ls_heard heard[LS_WINDOW_EVENTS];
};

struct slot {
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
    struct window best;
    struct window now;
};

struct regular {
    struct ls_regular_opts opts;
    struct ls_kind_input input;
    struct slot **slots; /* [slot_count], NULL: nothing there */
    size_t slot_count;
    struct slot **archive;
    size_t archive_count;
    size_t archive_capacity;
    uint64_t over; /* emitters that gave way, were searched, and had none */
    struct ls_trial *judge;
};

void ls_regular_destroy(void *state) {
    struct regular *regular = state;
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
    struct regular *regular = calloc(1, sizeof *regular);
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

/* Times of a window as arrivals, those of taken left out. */
struct view {
    double t_s[LS_WINDOW_EVENTS];
    double extent_s[LS_WINDOW_EVENTS];
    size_t index[LS_WINDOW_EVENTS]; /* in the window */
    struct ls_good_time good;
    struct ls_arrivals arrivals;
};

static int view_init(struct view *view, const struct regular *regular, const struct slot *slot,
                     const struct window *window, const unsigned char *taken, struct ls_err *err) {
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

static void view_finish(struct view *view) { ls_good_time_finish(&view->good); }

/* What the best window says, to hold later ones against. */
static int fit_best(const struct regular *regular, struct slot *slot, struct ls_err *err) {
    struct view best;
    int rc = view_init(&best, regular, slot, &slot->best, NULL, err);
    if (rc != LS_OK) {
        return rc;
    }
    ls_fit_arrivals(&best.arrivals, &slot->verdict, &slot->fit);
    slot->has_fit = true;
    view_finish(&best);
    return LS_OK;
}

/* A window before which one is beyond doubt: does it hold the same? */
static int confirm(const struct regular *regular, struct slot *slot, const struct window *window,
                   struct ls_err *err) {
    struct view later;
    int rc = slot->has_fit ? LS_OK : fit_best(regular, slot, err);
    rc = rc == LS_OK ? view_init(&later, regular, slot, window, NULL, err) : rc;
    if (rc != LS_OK) {
        return rc;
    }
    double p = ls_fit_confirm(&slot->fit, &later.arrivals);
    view_finish(&later);
    slot->later++;
    slot->confirm_log10_p = isnan(slot->confirm_log10_p) ? p : fmin(slot->confirm_log10_p, p);
    if (p < -3.0) {
        slot->confirmed_ns = window->heard[window->count - 1].t_ns;
    }
    return LS_OK;
}

/* Searches a window that ended. */
static int search(const struct regular *regular, struct slot *slot, const struct window *window,
                  struct ls_err *err) {
    slot->seen++;
    if (window->count < LS_TRIAL_EVENTS_MIN ||
        (slot->seen > WINDOWS_ALL && slot->seen % WINDOWS_EVERY != 0)) {
        return LS_OK;
    }
    if (slot->has_best && slot->verdict.rank > beyond_doubt_rank) {
        return confirm(regular, slot, window, err);
    }
    struct view view;
    int rc = view_init(&view, regular, slot, window, NULL, err);
    if (rc != LS_OK) {
        return rc;
    }
    if (view.arrivals.count < LS_TRIAL_EVENTS_MIN) {
        view_finish(&view);
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
    view_finish(&view);
    return LS_OK;
}

/* The slot with its unfinished window searched too; the caller frees *ret. */
static int finished_copy(const struct regular *regular, const struct slot *slot, struct slot **ret,
                         struct ls_err *err) {
    struct slot *copy = malloc(sizeof *copy);
    if (copy == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for a window of events");
    }
    *copy = *slot;
    int rc = LS_OK;
    if (copy->now.count >= LS_TRIAL_EVENTS_MIN) {
        struct window now = copy->now;
        rc = search(regular, copy, &now, err);
    }
    if (rc != LS_OK) {
        free(copy);
        return rc;
    }
    *ret = copy;
    return LS_OK;
}

/* With surrogates: the probability of the best window. */
static int judge(const struct regular *regular, struct slot *slot, struct ls_err *err) {
    struct view view;
    if (!slot->has_best || !isnan(slot->verdict.log10_p)) {
        return LS_OK;
    }
    int rc = view_init(&view, regular, slot, &slot->best, NULL, err);
    if (rc == LS_OK) {
        slot->verdict = ls_trial_verdict(regular->judge, &view.arrivals);
        view_finish(&view);
    }
    return rc;
}

/* The emitter of a slot gave way to another. */
static int retire(struct regular *regular, struct slot *slot, struct ls_err *err) {
    struct slot *last = NULL;
    int rc = finished_copy(regular, slot, &last, err);
    if (rc != LS_OK) {
        return rc;
    }
    bool worth = last->has_best && last->verdict.rank > archived_rank &&
                 regular->archive_count < ARCHIVE_MAX;
    if (worth) {
        rc = judge(regular, last, err);
        worth = rc == LS_OK && last->verdict.log10_p < archived_log10;
    }
    if (rc != LS_OK) {
        free(last);
        return rc;
    }
    if (worth && ls_grow((void **)&regular->archive, &regular->archive_capacity,
                         regular->archive_count, sizeof(struct slot *)) != LS_OK) {
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

static int slot_for(struct regular *regular, const struct ls_event *event, struct slot **ret,
                    struct ls_err *err) {
    struct slot *slot = regular->slots[event->track];
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
    struct regular *regular = state;
    const struct ls_track *track = event->emitter;
    bool takes = regular->opts.takes(track) && !event->cut_start;
    if (!takes && !(event->track_begins && regular->slots[event->track] != NULL)) {
        return LS_OK;
    }
    struct slot *slot = NULL;
    int rc = slot_for(regular, event, &slot, err);
    if (rc != LS_OK || !takes) {
        return rc;
    }
    struct window *now = &slot->now;
    bool silent =
        now->count > 0 && event->row->start_ns - now->heard[now->count - 1].t_ns > silence_ns;
    if (now->count == LS_WINDOW_EVENTS || silent) {
        rc = search(regular, slot, now, err);
        now->count = 0;
    }
    slot->track = *track;
    now->heard[now->count++] =
        (struct ls_heard){event->row->start_ns, event->row->start_ns + event->row->duration_ns,
                          event->row->id, event->row->center_hz, event->company};
    return rc;
}

/* --- what was found --- */

static void outline(const struct slot *slot, const struct regular *regular,
                    const struct window *window, const unsigned char *member,
                    struct ls_finding *finding) {
    ls_copy_text(finding->sensor, sizeof finding->sensor,
                 ls_exposure_name(regular->input.exposure, slot->track.sensor));
    double half = 0.5 * slot->track.bandwidth_hz;
    finding->low_hz = (double)INFINITY;
    finding->high_hz = -(double)INFINITY;
    finding->start_ns = INT64_MAX;
    double members = 0.0;
    double in_company = 0.0;
    for (size_t i = 0; i < window->count; i++) {
        if (member == NULL || member[i] != 0) {
            members += 1.0;
            in_company += window->heard[i].company;
            const struct ls_heard *one = &window->heard[i];
            finding->low_hz = fmin(finding->low_hz, one->center_hz - half);
            finding->high_hz = fmax(finding->high_hz, one->center_hz + half);
            finding->start_ns = one->t_ns < finding->start_ns ? one->t_ns : finding->start_ns;
            finding->stop_ns = one->stop_ns > finding->stop_ns ? one->stop_ns : finding->stop_ns;
        }
    }
    finding->company = in_company / members;
}

/* Half of the events find it again in the other half. */
static double confirm_halves(const struct ls_arrivals *arrivals, const struct ls_verdict *verdict) {
    size_t half = arrivals->count / 2;
    if (half < CONFIRM_EVENTS_MIN) {
        return (double)NAN;
    }
    struct ls_arrivals first = {
        .t_s = arrivals->t_s, .count = half, .gap_s = arrivals->gap_s, .good = arrivals->good};
    struct ls_arrivals second = {.t_s = arrivals->t_s + half,
                                 .count = arrivals->count - half,
                                 .gap_s = arrivals->gap_s,
                                 .good = arrivals->good};
    struct ls_fit fit;
    ls_fit_arrivals(&first, verdict, &fit);
    return ls_fit_confirm(&fit, &second);
}

/* Adds the finding of one unit; marks its members in the window as taken. */
static int add_unit(const struct regular *regular, const struct slot *slot, const struct view *view,
                    const struct ls_verdict *verdict, size_t number, unsigned char *taken,
                    struct ls_report *report, struct ls_err *err) {
    struct ls_fit fit;
    ls_fit_arrivals(&view->arrivals, verdict, &fit);
    unsigned char member[LS_WINDOW_EVENTS] = {0};
    int64_t evidence[LS_WINDOW_EVENTS];
    struct ls_finding finding = ls_report_blank(report);
    for (size_t i = 0; i < view->arrivals.count; i++) {
        if (fit.member[i] != 0) {
            member[view->index[i]] = taken[view->index[i]] = 1;
            evidence[finding.evidence_count++] = slot->best.heard[view->index[i]].id;
        }
    }
    finding.evidence = evidence;
    outline(slot, regular, &slot->best, finding.evidence_count > 0 ? member : NULL, &finding);
    finding.log10_p = number == 0 ? ls_report_log10_any(verdict->log10_p, (double)slot->judged)
                                  : verdict->log10_p;
    finding.trials = verdict->trials;
    bool later = number == 0 && slot->later > 0;
    finding.confirm_log10_p = later ? fmin(0.0, slot->confirm_log10_p + log10((double)slot->later))
                                    : confirm_halves(&view->arrivals, verdict);
    struct ls_unit unit = {.track = &slot->track,
                           .heard = slot->best.heard,
                           .count = slot->best.count,
                           .member = member,
                           .fit = &fit,
                           .verdict = verdict,
                           .last_ns = finding.stop_ns,
                           .number = number};
    if (later && slot->confirmed_ns > finding.stop_ns) {
        unit.last_ns = finding.stop_ns = slot->confirmed_ns;
    }
    regular->opts.describe(&unit, &finding);
    return ls_report_add(report, &finding, err);
}

static int add_plain(const struct regular *regular, const struct slot *slot,
                     struct ls_report *report, struct ls_err *err) {
    struct ls_finding finding = ls_report_blank(report);
    outline(slot, regular, &slot->best, NULL, &finding);
    finding.log10_p = ls_report_log10_any(slot->verdict.log10_p, (double)slot->judged);
    finding.trials = slot->verdict.trials;
    return ls_report_add(report, &finding, err);
}

static int report_slot(const struct regular *regular, const struct slot *slot,
                       struct ls_report *report, struct ls_err *err) {
    if (!slot->has_best) {
        return LS_OK;
    }
    struct ls_verdict verdict = slot->verdict;
    if (verdict.log10_p > worth_describing_log10) {
        return add_plain(regular, slot, report, err);
    }
    unsigned char taken[LS_WINDOW_EVENTS] = {0};
    int rc = LS_OK;
    for (size_t number = 0; rc == LS_OK && number < UNITS_MAX; number++) {
        struct view view;
        rc = view_init(&view, regular, slot, &slot->best, taken, err);
        if (rc != LS_OK) {
            return rc;
        }
        if (number > 0) {
            if (view.arrivals.count < LS_TRIAL_EVENTS_MIN) {
                view_finish(&view);
                break;
            }
            verdict = ls_trial_verdict(regular->judge, &view.arrivals);
        }
        bool go_on = verdict.log10_p < worth_peeling_log10;
        if (number == 0 || go_on) {
            rc = add_unit(regular, slot, &view, &verdict, number, taken, report, err);
        }
        view_finish(&view);
        if (!go_on) {
            break;
        }
    }
    return rc;
}

/* Slots that are judged together: surrogates are most of the work of a report. */
struct bench {
    const struct regular *regular;
    size_t from; /* the first of them */
    struct slot *copy[BENCH];
    int code[BENCH];
    struct ls_err err[BENCH];
};

static void judge_one(void *context, size_t index) {
    struct bench *bench = context;
    const struct slot *slot = bench->regular->slots[bench->from + index];
    struct regular own = *bench->regular;
    struct ls_err *err = &bench->err[index];
    int rc = LS_OK;
    bench->copy[index] = NULL;
    if (slot != NULL) {
        rc = ls_trial_create(&own.judge, err);
        rc = rc == LS_OK ? finished_copy(&own, slot, &bench->copy[index], err) : rc;
        rc = rc == LS_OK ? judge(&own, bench->copy[index], err) : rc;
        ls_trial_destroy(own.judge);
    }
    bench->code[index] = rc;
}

static int report_bench(struct bench *bench, size_t count, struct ls_report *report,
                        struct ls_err *err) {
    const struct regular *regular = bench->regular;
    int rc = LS_OK;
    ls_jobs_run(&regular->input.jobs, judge_one, bench, count);
    for (size_t i = 0; i < count; i++) {
        if (rc == LS_OK && bench->code[i] != LS_OK) {
            rc = ls_err_set(err, bench->code[i], "%s", bench->err[i].text);
        }
        if (rc == LS_OK && bench->copy[i] != NULL) {
            rc = report_slot(regular, bench->copy[i], report, err);
        }
        free(bench->copy[i]);
    }
    return rc;
}

int ls_regular_report(const void *state, struct ls_report *report, struct ls_err *err) {
    const struct regular *regular = state;
    struct bench bench = {.regular = regular};
    int rc = LS_OK;
    for (size_t i = 0; rc == LS_OK && i < regular->archive_count; i++) {
        rc = report_slot(regular, regular->archive[i], report, err);
    }
    for (; rc == LS_OK && bench.from < regular->slot_count; bench.from += BENCH) {
        size_t left = regular->slot_count - bench.from;
        rc = report_bench(&bench, left < BENCH ? left : BENCH, report, err);
    }
    ls_report_count(report, regular->over);
    return rc;
}

/* --- the state as bytes --- */

static int save_slot(const struct slot *slot, struct ls_blob *blob, struct ls_err *err) {
    size_t head = offsetof(struct slot, best);
    int rc = ls_blob_put(blob, slot, head, err);
    rc = rc == LS_OK ? ls_blob_put_count(blob, slot->best.count, err) : rc;
    rc = rc == LS_OK
             ? ls_blob_put(blob, slot->best.heard, slot->best.count * sizeof(struct ls_heard), err)
             : rc;
    rc = rc == LS_OK ? ls_blob_put_count(blob, slot->now.count, err) : rc;
    return rc == LS_OK
               ? ls_blob_put(blob, slot->now.heard, slot->now.count * sizeof(struct ls_heard), err)
               : rc;
}

static int load_window(struct window *window, struct ls_blob_reader *in, struct ls_err *err) {
    uint64_t count = 0;
    int rc = ls_blob_get_count(in, LS_WINDOW_EVENTS, &count, err);
    rc = rc == LS_OK ? ls_blob_get(in, window->heard, count * sizeof(struct ls_heard), err) : rc;
    window->count = rc == LS_OK ? (size_t)count : 0;
    return rc;
}

static int load_slot(struct slot **ret, struct ls_blob_reader *in, struct ls_err *err) {
    struct slot *slot = calloc(1, sizeof *slot);
    if (slot == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for an emitter");
    }
    int rc = ls_blob_get(in, slot, offsetof(struct slot, best), err);
    rc = rc == LS_OK ? load_window(&slot->best, in, err) : rc;
    rc = rc == LS_OK ? load_window(&slot->now, in, err) : rc;
    if (rc == LS_OK && slot->has_best && slot->best.count < LS_TRIAL_EVENTS_MIN) {
        rc = ls_err_set(err, LS_ERR_FORMAT, "saved state of the pattern engine is damaged");
    }
    if (rc != LS_OK) {
        free(slot);
        return rc;
    }
    *ret = slot;
    return LS_OK;
}

int ls_regular_save(const void *state, struct ls_blob *blob, struct ls_err *err) {
    const struct regular *regular = state;
    int rc = ls_blob_put_count(blob, regular->over, err);
    rc = rc == LS_OK ? ls_blob_put_count(blob, regular->archive_count, err) : rc;
    for (size_t i = 0; rc == LS_OK && i < regular->archive_count; i++) {
        rc = save_slot(regular->archive[i], blob, err);
    }
    for (size_t i = 0; rc == LS_OK && i < regular->slot_count; i++) {
        if (regular->slots[i] != NULL) {
            rc = ls_blob_put_count(blob, i, err);
            rc = rc == LS_OK ? save_slot(regular->slots[i], blob, err) : rc;
        }
    }
    return rc == LS_OK ? ls_blob_put_count(blob, regular->slot_count, err) : rc;
}

int ls_regular_load(void *state, struct ls_blob_reader *in, struct ls_err *err) {
    struct regular *regular = state;
    uint64_t archived = 0;
    int rc = ls_blob_get_count(in, UINT64_MAX, &regular->over, err);
    rc = rc == LS_OK ? ls_blob_get_count(in, ARCHIVE_MAX, &archived, err) : rc;
    while (rc == LS_OK && regular->archive_count < archived) {
        if (ls_grow((void **)&regular->archive, &regular->archive_capacity, regular->archive_count,
                    sizeof(struct slot *)) != LS_OK) {
            return ls_err_set(err, LS_ERR_NOMEM, "out of memory for emitters that are over");
        }
        rc = load_slot(&regular->archive[regular->archive_count], in, err);
        regular->archive_count += rc == LS_OK ? 1 : 0;
    }
    while (rc == LS_OK) {
        uint64_t index = 0;
        rc = ls_blob_get_count(in, regular->slot_count, &index, err);
        if (rc != LS_OK || index == regular->slot_count) {
            break;
        }
        if (regular->slots[index] != NULL) {
            return ls_err_set(err, LS_ERR_FORMAT, "saved state of the pattern engine is damaged");
        }
        rc = load_slot(&regular->slots[index], in, err);
    }
    return rc;
}
