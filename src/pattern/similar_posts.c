/* Looks at the clocks that periodic-telemetry found. Those of one period, one length and one
 * nominal frequency are units of one model; two of them are told apart by phase, or at one sensor
 * by carrier offset. A unit that was found several times, or that several sensors hear, is in step
 * with itself and counts once; the channels of a sweep are one device that is found elsewhere. */
#include "pattern/similar_posts.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "pattern/band_sweep.h"
#include "pattern/chance.h"

enum { UNITS_MIN = 3, UNITS_MAX = 256, IDS_EACH = 32 };

static const double found_log10 = -3.0;
static const double period_ppm = 100e-6;     /* two crystals of +-50 ppm */
static const double carrier_ppm = 60e-6;     /* two crystals of +-30 ppm */
static const double same_carrier_ppm = 3e-6; /* a crystal over days, DESIGN section 1 */
static const double same_carrier = 0.05;     /* of the width: how well a centre is known */
static const double same_length = 0.1;
static const double phase_least = 0.02; /* of a period: told apart beyond */
static const double phase_known = 0.15; /* of a period: not known beyond */
/* Unrelated devices: of the periods of consumer telemetry (10 s, 12 s, 30 s, 48 s, 60 s, ...) one
 * in twenty is shared, lengths within a tenth of each other have one in ten, and of the channels of
 * their band one in five. */
static const double alike = 0.05 * 0.1 * 0.2;
static const double alias_most = 16.0; /* as in pattern/incidents.c */
static const double alias_share = 0.002;
static const double alias_events = 0.6;

struct state {
    struct ls_kind_input input;
};

static void destroy(void *state) { free(state); }

static int create(void **ret, const struct ls_kind_input *input, struct ls_err *err) {
    struct state *s = malloc(sizeof *s);
    *ret = s;
    if (s == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for posts");
    }
    s->input = *input;
    return LS_OK;
}

static int push(void *state, const struct ls_event *event, struct ls_err *err) {
    (void)state;
    (void)event;
    (void)err;
    return LS_OK; /* what it needs is in the findings of periodic-telemetry */
}

/* One clock. */
struct post {
    const struct ls_finding *finding;
    double period_s;
    double error_s; /* half of the 90 % interval */
    double jitter_s;
    double length_s;
    double center_hz;
    bool used;
};

static double number_of(const struct ls_finding *finding, const char *name) {
    const struct ls_parameter *p = ls_finding_parameter(finding, name);
    return p == NULL ? (double)NAN : p->value;
}

static bool swept(const struct ls_report *report, const struct ls_finding *finding) {
    for (size_t i = 0; i < ls_report_size(report); i++) {
        if (ls_band_sweep_explains(ls_report_at(report, i), finding)) {
            return true;
        }
    }
    return false;
}

static size_t find_posts(const struct ls_report *report, struct post *ret) {
    size_t count = 0;
    for (size_t i = 0; i < ls_report_size(report) && count < UNITS_MAX; i++) {
        const struct ls_finding *finding = ls_report_at(report, i);
        if (strcmp(finding->kind, "periodic-telemetry") != 0 || !finding->reported ||
            finding->log10_p > found_log10) {
            continue;
        }
        struct post post = {.finding = finding,
                            .period_s = number_of(finding, "period_s"),
                            .error_s = number_of(finding, "period_error_s"),
                            .jitter_s = number_of(finding, "jitter_s"),
                            .length_s = number_of(finding, "on_s"),
                            .center_hz = (finding->low_hz + finding->high_hz) / 2.0};
        /* What waits after release has no phase to be told apart by. */
        const struct ls_parameter *timing = ls_finding_parameter(finding, "timing");
        bool clock = timing != NULL && strcmp(timing->text, "clock-locked") == 0;
        if (clock && isfinite(post.period_s) && isfinite(post.error_s) && isfinite(post.length_s) &&
            !swept(report, finding)) {
            ret[count++] = post;
        }
    }
    return count;
}

static bool one_model(const struct post *a, const struct post *b) {
    return fabs(a->period_s - b->period_s) <= period_ppm * a->period_s + a->error_s + b->error_s &&
           fabs(a->length_s - b->length_s) <= same_length * fmax(a->length_s, b->length_s) &&
           fabs(a->center_hz - b->center_hz) <= carrier_ppm * a->center_hz;
}

/* Whether they are two: by phase when the later one begins; a clock that ran on for long since it
 * was heard has lost it, and carriers tell at one sensor. */
static bool two_units(const struct post *a, const struct post *b) {
    const struct post *late = a->finding->start_ns >= b->finding->start_ns ? a : b;
    const struct post *early = late == a ? b : a;
    double apart_s = (double)(late->finding->start_ns - early->finding->start_ns) / 1e9;
    double turns = apart_s / early->period_s;
    double phase = turns - rint(turns);
    double room = fmax(phase_least, 4.0 * fmax(a->jitter_s, b->jitter_s) / early->period_s);
    double lost = turns * early->error_s / early->period_s;
    if (lost <= phase_known) {
        return fabs(phase) > room + lost;
    }
    double width_hz = a->finding->high_hz - a->finding->low_hz;
    double carrier_hz = fmax(same_carrier_ppm * a->center_hz, same_carrier * width_hz);
    return strcmp(a->finding->sensor, b->finding->sensor) == 0 &&
           fabs(a->center_hz - b->center_hz) > carrier_hz;
}

/* Every few cycles of another: one device, found once more, with as many events fewer. Two units of
 * one period, half of it apart, make a faster clock that is none: it has few more events. */
static bool alias_of(const struct post *slow, const struct post *fast) {
    double turns = slow->period_s / fast->period_s;
    return strcmp(slow->finding->sensor, fast->finding->sensor) == 0 &&
           slow->finding->low_hz <= fast->finding->high_hz &&
           fast->finding->low_hz <= slow->finding->high_hz && turns > 1.5 && turns <= alias_most &&
           fabs(turns - rint(turns)) <= alias_share * turns &&
           (double)fast->finding->evidence_count >=
               alias_events * turns * (double)slow->finding->evidence_count;
}

static size_t drop_aliases(struct post *posts, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        bool alias = false;
        for (size_t k = 0; k < count && !alias; k++) {
            alias = k != i && alias_of(&posts[i], &posts[k]);
        }
        posts[i].used = alias;
    }
    for (size_t i = 0; i < count; i++) {
        if (!posts[i].used) {
            posts[kept++] = posts[i];
        }
    }
    return kept;
}

/* Of each unit the first finding. */
static size_t drop_repeats(struct post *posts, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        bool known = false;
        for (size_t k = 0; k < kept && !known; k++) {
            known = one_model(&posts[k], &posts[i]) && !two_units(&posts[k], &posts[i]);
        }
        if (!known) {
            posts[kept++] = posts[i];
        }
    }
    return kept;
}

/* Units like the first one, which are taken. */
static size_t gather(struct post *posts, size_t count, size_t from, const struct post **ret) {
    size_t units = 1;
    ret[0] = &posts[from];
    posts[from].used = true;
    for (size_t i = from + 1; i < count; i++) {
        if (!posts[i].used && one_model(&posts[from], &posts[i])) {
            posts[i].used = true;
            ret[units++] = &posts[i];
        }
    }
    return units;
}

/* log10 of the chance that so many of the others that are left are like one. Counts are few: the
 * lot decides among equals, so that the probability is uniform. */
static double judge(const struct post *const *units, size_t count, size_t left) {
    double mark[] = {units[0]->period_s, units[0]->length_s, units[0]->center_hz, (double)left};
    struct ls_chance lots;
    ls_chance_init(&lots, ls_chance_seed(mark, LS_COUNT(mark)));
    unsigned hits = (unsigned)count - 1;
    unsigned others = (unsigned)left - 1;
    double p = gsl_cdf_binomial_Q(hits, alike, others) +
               ls_chance_uniform(&lots) * gsl_ran_binomial_pdf(hits, alike, others);
    return fmin(0.0, log10(fmax(p, 1e-300)));
}

static size_t sensors_of(const struct post *const *units, size_t count) {
    size_t sensors = 0;
    for (size_t i = 0; i < count; i++) {
        bool known = false;
        for (size_t k = 0; k < i && !known; k++) {
            known = strcmp(units[k]->finding->sensor, units[i]->finding->sensor) == 0;
        }
        sensors += !known;
    }
    return sensors;
}

static void describe(const struct post *const *units, size_t count, struct ls_finding *finding) {
    double low_s = HUGE_VAL;
    double high_s = -HUGE_VAL;
    double sum_s = 0.0;
    for (size_t i = 0; i < count; i++) {
        low_s = fmin(low_s, units[i]->period_s - units[i]->error_s);
        high_s = fmax(high_s, units[i]->period_s + units[i]->error_s);
        sum_s += units[i]->period_s / (double)count;
    }
    size_t sensors = sensors_of(units, count);
    ls_finding_number(finding, "units", (double)count, (double)NAN, (double)NAN);
    ls_finding_number(finding, "period_s", sum_s, low_s, high_s);
    ls_finding_number(finding, "on_s", units[0]->length_s, (double)NAN, (double)NAN);
    ls_finding_number(finding, "sensors", (double)sensors, (double)NAN, (double)NAN);
    ls_copy_text(finding->rivals[0], LS_RIVAL_BYTES,
                 "neighbours who bought the same weather station or meter");
    ls_copy_text(finding->rivals[1], LS_RIVAL_BYTES,
                 "one unit counted twice: phases and carriers tell them apart");
    finding->rival_count = 2;
    snprintf(finding->words, sizeof finding->words,
             "%zu clocks of %.6g s and %.3g s length near %.3f MHz, each with a phase of its own, "
             "around %zu sensor%s",
             count, sum_s, units[0]->length_s, (finding->low_hz + finding->high_hz) / 2e6, sensors,
             sensors == 1 ? "" : "s");
    ls_copy_text(finding->limits, sizeof finding->limits, ls_similar_posts_kind.fooled);
}

static int compare_ids(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int report_units(const struct post *const *units, size_t count, size_t left,
                        struct ls_report *out, struct ls_err *err) {
    int64_t evidence[LS_EVIDENCE_MAX];
    struct ls_finding finding = ls_report_blank(out);
    ls_copy_text(finding.sensor, sizeof finding.sensor, units[0]->finding->sensor);
    finding.low_hz = HUGE_VAL;
    finding.high_hz = -HUGE_VAL;
    finding.start_ns = INT64_MAX;
    finding.stop_ns = INT64_MIN;
    finding.confirm_log10_p = -HUGE_VAL;
    for (size_t i = 0; i < count; i++) {
        const struct ls_finding *unit = units[i]->finding;
        finding.low_hz = fmin(finding.low_hz, unit->low_hz);
        finding.high_hz = fmax(finding.high_hz, unit->high_hz);
        finding.start_ns = unit->start_ns < finding.start_ns ? unit->start_ns : finding.start_ns;
        finding.stop_ns = unit->stop_ns > finding.stop_ns ? unit->stop_ns : finding.stop_ns;
        /* As sure as the least sure of them. */
        finding.confirm_log10_p = isnan(unit->confirm_log10_p) || isnan(finding.confirm_log10_p)
                                      ? (double)NAN
                                      : fmax(finding.confirm_log10_p, unit->confirm_log10_p);
        for (size_t k = 0; k < unit->evidence_count && k < IDS_EACH; k++) {
            if (finding.evidence_count < LS_EVIDENCE_MAX) {
                evidence[finding.evidence_count++] = unit->evidence[k];
            }
        }
    }
    qsort(evidence, finding.evidence_count, sizeof *evidence, compare_ids);
    finding.evidence = evidence;
    finding.log10_p = judge(units, count, left);
    finding.trials = (double)left;
    finding.reported = count >= UNITS_MIN;
    if (finding.reported) {
        describe(units, count, &finding);
    }
    for (size_t i = 0; i < count && finding.reported; i++) { /* no surer than its units */
        finding.log10_p = fmax(finding.log10_p, units[i]->finding->log10_p);
    }
    return ls_report_add(out, &finding, err);
}

static int report(const void *state, struct ls_report *out, struct ls_err *err) {
    struct post *posts = calloc(UNITS_MAX, sizeof *posts);
    const struct post *units[UNITS_MAX];
    (void)state;
    if (posts == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for posts");
    }
    size_t all = drop_repeats(posts, drop_aliases(posts, find_posts(out, posts)));
    size_t left = all;
    int code = LS_OK;
    for (size_t i = 0; i < all && code == LS_OK; i++) {
        if (!posts[i].used) {
            size_t count = gather(posts, all, i, units);
            code = report_units(units, count, left, out, err);
            left -= count;
        }
    }
    free(posts);
    return code;
}

static int save(const void *state, struct ls_blob *blob, struct ls_err *err) {
    (void)state;
    (void)blob;
    (void)err;
    return LS_OK; /* nothing of its own */
}

static int load(void *state, struct ls_blob_reader *in, struct ls_err *err) {
    (void)state;
    (void)in;
    (void)err;
    return LS_OK;
}

const struct ls_kind ls_similar_posts_kind = {
    .id = "similar-posts",
    .version = 2,
    .null = "devices that have nothing to do with each other: one in twenty shares the period of "
            "another, of these one in ten its length, and of these one in five its channel",
    .test = "number of units of one period (100 ppm), length (a tenth) and frequency (60 ppm) "
            "among all that were told apart (binomial), and no surer than the least sure of them; "
            "one search for each model",
    .evidence =
        "three units, each found by periodic-telemetry, told apart by phase or, where that is "
        "lost, at one sensor by carrier",
    .rivals = "neighbours with the same product; one unit counted twice",
    .fooled =
        "popular products stand in many gardens: like units say nothing of a purpose, and "
        "how common a product is here is not known. Units in step with each other count as one",
    .create = create,
    .destroy = destroy,
    .push = push,
    .report = report,
    .save = save,
    .load = load,
};
