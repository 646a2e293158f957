/* What is reported of the slots: the best window of each, its strongest regularity first, then what
 * is left when its members are taken out; or its parts in place of it. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "pattern/parts.h"
#include "pattern/regular_state.h"

enum {
    UNITS_MAX = 6, /* devices told apart in one emitter slot */
    CONFIRM_EVENTS_MIN = 8
};
static const double worth_describing_log10 = -2.0;
static const double worth_peeling_log10 = -4.0;
static const double same_period = 0.003; /* and as many errors as there are */

static void outline(const struct ls_regular_slot *slot, const struct ls_regular *regular,
                    const struct ls_regular_window *window, const unsigned char *member,
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

/* The repeats of a message go with it: left behind, they would be a clock of the same period. */
static void take_clump(const struct ls_regular_view *view, size_t clump, size_t window_count,
                       unsigned char *taken) {
    bool last = clump + 1 == view->arrivals.count;
    size_t until = last ? window_count : view->index[clump + 1];
    for (size_t i = view->index[clump]; i < until; i++) {
        taken[i] = 1;
    }
}

/* Adds the finding of one unit; marks its members in the window as taken. */
static int add_unit(const struct ls_regular *regular, const struct ls_regular_slot *slot,
                    const struct ls_regular_view *view, const struct ls_verdict *verdict,
                    size_t number, unsigned char *taken, struct ls_report *report,
                    struct ls_err *err) {
    struct ls_fit fit;
    ls_fit_arrivals(&view->arrivals, verdict, &fit);
    unsigned char member[LS_WINDOW_EVENTS] = {0};
    int64_t evidence[LS_WINDOW_EVENTS];
    struct ls_finding finding = ls_report_blank(report);
    for (size_t i = 0; i < view->arrivals.count; i++) {
        if (fit.member[i] != 0) {
            member[view->index[i]] = 1;
            evidence[finding.evidence_count++] = slot->best.heard[view->index[i]].id;
            take_clump(view, i, slot->best.count, taken);
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
    if (finding.evidence_count > 0) { /* a regularity that no arrival is of has no estimates */
        regular->opts.describe(&unit, &finding);
    } else {
        finding.reported = false;
    }
    return ls_report_add(report, &finding, err);
}

static int add_plain(const struct ls_regular *regular, const struct ls_regular_slot *slot,
                     struct ls_report *report, struct ls_err *err) {
    struct ls_finding finding = ls_report_blank(report);
    outline(slot, regular, &slot->best, NULL, &finding);
    finding.log10_p = ls_report_log10_any(slot->verdict.log10_p, (double)slot->judged);
    finding.trials = slot->verdict.trials;
    return ls_report_add(report, &finding, err);
}

static int report_whole(const struct ls_regular *regular, const struct ls_regular_slot *slot,
                        struct ls_report *report, struct ls_err *err) {
    struct ls_verdict verdict = slot->verdict;
    if (verdict.log10_p > worth_describing_log10) {
        return add_plain(regular, slot, report, err);
    }
    unsigned char taken[LS_WINDOW_EVENTS] = {0};
    int rc = LS_OK;
    for (size_t number = 0; rc == LS_OK && number < UNITS_MAX; number++) {
        struct ls_regular_view view;
        rc = ls_regular_view_init(&view, regular, slot, &slot->best, taken, err);
        if (rc != LS_OK) {
            return rc;
        }
        if (number > 0) {
            if (view.arrivals.count < LS_TRIAL_EVENTS_MIN) {
                ls_regular_view_finish(&view);
                break;
            }
            verdict = ls_trial_verdict(regular->judge, &view.arrivals);
        }
        bool go_on = verdict.log10_p < worth_peeling_log10;
        if (number == 0 || go_on) {
            rc = add_unit(regular, slot, &view, &verdict, number, taken, report, err);
        }
        ls_regular_view_finish(&view);
        if (!go_on) {
            break;
        }
    }
    return rc;
}

/* --- parts --- */

/* A part as if the slot had heard it alone, and its fit. */
struct part {
    struct ls_regular_slot slot;
    struct ls_fit fit;
};

static void cut_out(struct part *ret, const struct ls_regular_slot *slot,
                    const struct ls_parts *parts, size_t part) {
    ret->slot = *slot;
    ret->slot.best.count = 0;
    ret->slot.later = 0;
    for (size_t i = 0; i < slot->best.count; i++) {
        if (parts->of[i] == part) {
            ret->slot.best.heard[ret->slot.best.count++] = slot->best.heard[i];
        }
    }
}

/* One device twice: the same period, or a multiple of it that fits as well. */
static bool same_time(const struct ls_fit *a, const struct ls_fit *b) {
    double ratio = fmax(a->period_s, b->period_s) / fmin(a->period_s, b->period_s);
    double error = (a->period_high_s - a->period_low_s) / a->period_s +
                   (b->period_high_s - b->period_low_s) / b->period_s;
    return fabs(ratio - rint(ratio)) <= ratio * (same_period + error);
}

static int judge_part(const struct ls_regular *regular, struct part *part, double boxes_log10,
                      struct ls_err *err) {
    struct ls_regular_view view;
    struct ls_verdict *verdict = &part->slot.verdict;
    int rc = ls_regular_view_init(&view, regular, &part->slot, &part->slot.best, NULL, err);
    if (rc != LS_OK) {
        return rc;
    }
    *verdict = (struct ls_verdict){.log10_p = 0.0};
    if (view.arrivals.count >= LS_TRIAL_EVENTS_MIN) {
        *verdict = ls_trial_verdict(regular->judge, &view.arrivals);
        verdict->log10_p = fmin(0.0, verdict->log10_p + boxes_log10);
        ls_fit_arrivals(&view.arrivals, verdict, &part->fit);
    }
    ls_regular_view_finish(&view);
    return LS_OK;
}

/* Where the members of the strongest regularity fall into parts; *ret_fit is set when there are
 * some. */
static int split_best(const struct ls_regular *regular, const struct ls_regular_slot *slot,
                      struct ls_parts *ret, struct ls_fit *ret_fit, struct ls_err *err) {
    struct ls_regular_view view;
    ret->count = 1;
    if (slot->verdict.log10_p >= worth_peeling_log10) {
        return LS_OK;
    }
    int rc = ls_regular_view_init(&view, regular, slot, &slot->best, NULL, err);
    if (rc != LS_OK) {
        return rc;
    }
    ls_fit_arrivals(&view.arrivals, &slot->verdict, ret_fit);
    unsigned char member[LS_WINDOW_EVENTS] = {0};
    for (size_t i = 0; i < view.arrivals.count; i++) {
        member[view.index[i]] = ret_fit->member[i];
    }
    ls_regular_view_finish(&view);
    ls_parts_split(slot->best.heard, slot->best.count, member, ret);
    return LS_OK;
}

static bool strong(const struct part *part) {
    return part->slot.verdict.log10_p < worth_peeling_log10;
}

/* Whether one of the parts keeps another time than the whole, or than another part. */
static bool times_differ(const struct part *each, size_t count, const struct ls_fit *whole) {
    const struct ls_fit *first = NULL;
    for (size_t k = 0; k < count; k++) {
        if (strong(&each[k])) {
            first = first == NULL ? &each[k].fit : first;
            if (!same_time(whole, &each[k].fit) || !same_time(first, &each[k].fit)) {
                return true;
            }
        }
    }
    return false;
}

/* The parts of a slot in place of the whole, if they keep times of their own; *ret_told: they were.
 * Each is a search that was made. */
static int report_parts(const struct ls_regular *regular, const struct ls_regular_slot *slot,
                        const struct ls_parts *parts, const struct ls_fit *whole, bool *ret_told,
                        struct ls_report *report, struct ls_err *err) {
    struct part *each = calloc(parts->count, sizeof *each);
    if (each == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for parts of a window");
    }
    int rc = LS_OK;
    for (size_t k = 0; rc == LS_OK && k < parts->count; k++) {
        cut_out(&each[k], slot, parts, k);
        rc = judge_part(regular, &each[k], ls_parts_boxes_log10(parts, k, slot->best.count), err);
    }
    bool told = rc == LS_OK && times_differ(each, parts->count, whole);
    for (size_t k = 0; rc == LS_OK && k < parts->count; k++) {
        bool tell = told && strong(&each[k]);
        ls_report_count(report, tell ? 0 : 1);
        rc = tell ? report_whole(regular, &each[k].slot, report, err) : LS_OK;
    }
    free(each);
    *ret_told = told;
    return rc;
}

static int report_slot(const struct ls_regular *regular, const struct ls_regular_slot *slot,
                       struct ls_report *report, struct ls_err *err) {
    struct ls_parts parts;
    struct ls_fit whole;
    bool told = false;
    if (!slot->has_best) {
        return LS_OK;
    }
    int rc = split_best(regular, slot, &parts, &whole, err);
    if (rc == LS_OK && parts.count > 1) {
        rc = report_parts(regular, slot, &parts, &whole, &told, report, err);
    }
    ls_report_count(report, told ? 1 : 0);
    return rc == LS_OK && !told ? report_whole(regular, slot, report, err) : rc;
}

/* With its unfinished window, into a report of its own. */
static int report_copy(const struct ls_regular *regular, const struct ls_regular_slot *slot,
                       struct ls_report *part, struct ls_err *err) {
    struct ls_regular_slot *copy = NULL;
    int rc = ls_regular_finished_copy(regular, slot, &copy, err);
    rc = rc == LS_OK ? ls_regular_judge(regular, copy, err) : rc;
    rc = rc == LS_OK ? report_slot(regular, copy, part, err) : rc;
    free(copy);
    return rc;
}

/* First the slots that ended, then those under way: surrogates are most of the work of a report.
 * Each has a judge of its own. */
static int report_at(void *context, size_t index, struct ls_report *part, struct ls_err *err) {
    const struct ls_regular *regular = *(const struct ls_regular *const *)context;
    bool ended = index < regular->archive_count;
    const struct ls_regular_slot *slot =
        ended ? regular->archive[index] : regular->slots[index - regular->archive_count];
    struct ls_regular own = *regular;
    if (slot == NULL) {
        return LS_OK;
    }
    int rc = ls_trial_create(&own.judge, err);
    if (rc == LS_OK) {
        rc = ended ? report_slot(&own, slot, part, err) : report_copy(&own, slot, part, err);
    }
    ls_trial_destroy(own.judge);
    return rc;
}

int ls_regular_report(const void *state, struct ls_report *report, struct ls_err *err) {
    const struct ls_regular *regular = state;
    int rc = ls_report_each(report, &regular->input.jobs, report_at, &regular,
                            regular->archive_count + regular->slot_count, err);
    ls_report_count(report, regular->over);
    return rc;
}
