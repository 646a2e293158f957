/* Pairs of emitters are tested (pattern/keyed.h); those below 1e-4 that share a member are one
 * group, and the group has the probability of its strongest pair. What its levels show to move is
 * on board of something, and left to repeat-pass. */
#include "pattern/lockstep.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "pattern/keyed.h"

enum { MEMBERS_MAX = 24, HITS_MIN = 6, EVIDENCE_MAX = 1024 };

static const double link_log10 = -4.0;
static const double moving_db = 4.0; /* standard deviation of level from start to start */

struct state {
    struct ls_kind_input input;
    struct ls_keyed *keyed;
};

static void destroy(void *state) {
    struct state *s = state;
    if (s != NULL) {
        ls_keyed_destroy(s->keyed);
    }
    free(s);
}

static int create(void **ret, const struct ls_kind_input *input, struct ls_err *err) {
    struct state *s = calloc(1, sizeof *s);
    *ret = s;
    if (s == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for starts");
    }
    s->input = *input;
    return ls_keyed_create(&s->keyed, input->exposure, err);
}

static int push(void *state, const struct ls_event *event, struct ls_err *err) {
    struct state *s = state;
    return ls_keyed_push(s->keyed, event, err);
}

/* --- groups --- */

struct judged {
    const struct ls_keyed_pair *pair;
    double log10_p;
    bool used;
};

static int compare_judged(const void *a, const void *b) {
    const struct judged *x = a;
    const struct judged *y = b;
    if (x->log10_p != y->log10_p) {
        return x->log10_p < y->log10_p ? -1 : 1;
    }
    if (x->pair->side[0].serial != y->pair->side[0].serial) {
        return x->pair->side[0].serial < y->pair->side[0].serial ? -1 : 1;
    }
    return x->pair->side[1].serial < y->pair->side[1].serial ? -1 : 1;
}

struct group {
    const struct ls_keyed_pair *lead; /* the strongest pair */
    double log10_p;
    struct ls_keyed_side members[MEMBERS_MAX];
    size_t count;
    int64_t first_ns;
    int64_t last_ns;
    int64_t *evidence; /* [EVIDENCE_MAX] */
    size_t evidence_count;
};

static bool has(const struct group *group, uint64_t serial) {
    for (size_t i = 0; i < group->count; i++) {
        if (group->members[i].serial == serial) {
            return true;
        }
    }
    return false;
}

static void join(struct group *group, const struct ls_keyed_pair *pair) {
    for (size_t k = 0; k < 2; k++) {
        if (!has(group, pair->side[k].serial) && group->count < MEMBERS_MAX) {
            group->members[group->count++] = pair->side[k];
        }
    }
    size_t kept =
        pair->evidence_count < LS_KEYED_EVIDENCE ? (size_t)pair->evidence_count : LS_KEYED_EVIDENCE;
    for (size_t i = 0; i < kept && group->evidence_count < EVIDENCE_MAX; i++) {
        group->evidence[group->evidence_count++] = pair->evidence[i];
    }
    group->first_ns = pair->first_ns < group->first_ns ? pair->first_ns : group->first_ns;
    group->last_ns = pair->last_ns > group->last_ns ? pair->last_ns : group->last_ns;
}

/* The strongest pair that is not used yet, at from, and all that are linked to it. */
static void gather(struct judged *all, size_t count, size_t from, struct group *group) {
    bool grew = true;
    group->lead = all[from].pair;
    group->log10_p = all[from].log10_p;
    group->count = 0;
    group->evidence_count = 0;
    group->first_ns = INT64_MAX;
    group->last_ns = INT64_MIN;
    all[from].used = true;
    join(group, all[from].pair);
    while (grew) {
        grew = false;
        for (size_t i = from + 1; i < count && all[i].log10_p <= link_log10; i++) {
            bool linked = !all[i].used && all[i].pair->sensor == group->lead->sensor &&
                          (has(group, all[i].pair->side[0].serial) ||
                           has(group, all[i].pair->side[1].serial));
            if (linked) {
                all[i].used = grew = true;
                join(group, all[i].pair);
            }
        }
    }
}

/* --- the finding --- */

static double deviation(const struct ls_keyed_levels *levels) {
    double n = (double)levels->count;
    return n < 3.0 ? (double)NAN
                   : sqrt(fmax(0.0, levels->squares - levels->sum * levels->sum / n) / (n - 1.0));
}

static int compare_ids(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void sort_evidence(struct group *group, struct ls_finding *finding) {
    size_t n = 0;
    qsort(group->evidence, group->evidence_count, sizeof *group->evidence, compare_ids);
    for (size_t i = 0; i < group->evidence_count; i++) {
        if (n == 0 || group->evidence[n - 1] != group->evidence[i]) {
            group->evidence[n++] = group->evidence[i];
        }
    }
    finding->evidence = group->evidence;
    finding->evidence_count = n;
}

static void describe(const struct group *group, double moves_db, struct ls_finding *finding) {
    const struct ls_keyed_pair *pair = group->lead;
    double hits = (double)pair->all.hits;
    double lag_s = pair->lag_s / hits;
    double spread_s = sqrt(fmax(0.0, pair->lag_squares / hits - lag_s * lag_s));
    double error_s = 1.645 * spread_s / sqrt(hits);
    ls_finding_number(finding, "members", (double)group->count, (double)NAN, (double)NAN);
    ls_finding_number(finding, "lag_s", lag_s, lag_s - error_s, lag_s + error_s);
    ls_finding_number(finding, "edges", hits, (double)NAN, (double)NAN);
    ls_finding_number(finding, "edges_expected", pair->all.mean, (double)NAN, (double)NAN);
    ls_finding_number(finding, "level_spread_db", moves_db, (double)NAN, (double)NAN);
    snprintf(finding->rivals[0], LS_RIVAL_BYTES,
             "the gateway of trains, or their phones: levels spread by %.1f dB: %s", moves_db,
             moves_db > moving_db ? "fits" : "does not fit");
    ls_copy_text(finding->rivals[1], LS_RIVAL_BYTES,
                 "one transmitter heard on two frequencies: a mirror, a harmonic, a repeater");
    finding->rival_count = 2;
    char where[160] = "";
    for (size_t i = 0; i < group->count && i < 6; i++) {
        size_t used = strlen(where);
        snprintf(where + used, sizeof where - used, "%s%.3f", i > 0 ? ", " : "",
                 group->members[i].center_hz / 1e6);
    }
    snprintf(finding->words, sizeof finding->words,
             "%s%zu emitters (%s MHz) start together: %.0f of %llu starts within 0.4 s, %.1f by "
             "chance",
             moves_db > moving_db ? "on board of what passes: " : "", group->count, where, hits,
             (unsigned long long)pair->all.trials, pair->all.mean);
    ls_copy_text(finding->limits, sizeof finding->limits, ls_lockstep_kind.fooled);
}

static int report_group(const struct state *s, struct group *group, struct ls_report *out,
                        struct ls_err *err) {
    const struct ls_keyed_pair *pair = group->lead;
    struct ls_finding finding = ls_report_blank(out);
    ls_copy_text(finding.sensor, sizeof finding.sensor,
                 ls_exposure_name(s->input.exposure, pair->sensor));
    finding.low_hz = HUGE_VAL;
    finding.high_hz = -HUGE_VAL;
    for (size_t i = 0; i < group->count; i++) {
        const struct ls_keyed_side *side = &group->members[i];
        finding.low_hz = fmin(finding.low_hz, side->center_hz - side->bandwidth_hz / 2.0);
        finding.high_hz = fmax(finding.high_hz, side->center_hz + side->bandwidth_hz / 2.0);
    }
    double moves_db = fmax(deviation(&pair->levels[0]), deviation(&pair->levels[1]));
    finding.log10_p = group->log10_p;
    finding.trials = (double)pair->all.trials;
    finding.reported = pair->all.hits >= HITS_MIN && !(moves_db > moving_db);
    if (pair->all.hits > 0) {
        finding.start_ns = group->first_ns;
        finding.stop_ns = group->last_ns;
        sort_evidence(group, &finding);
    }
    if (group->log10_p <= -2.0) {
        finding.confirm_log10_p = pair->found ? ls_tally_log10(&pair->later, 1.0) : (double)NAN;
        describe(group, moves_db, &finding);
    }
    return ls_report_add(out, &finding, err);
}

/* A finding for each group, and always for the strongest pair; the other pairs count. */
static int report(const void *state, struct ls_report *out, struct ls_err *err) {
    const struct state *s = state;
    size_t count = ls_keyed_count(s->keyed);
    struct judged *all = malloc((count + 1) * sizeof *all);
    struct group group = {.evidence = malloc(EVIDENCE_MAX * sizeof *group.evidence)};
    if (all == NULL || group.evidence == NULL) {
        free(all);
        free(group.evidence);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for starts");
    }
    for (size_t i = 0; i < count; i++) {
        const struct ls_keyed_pair *pair = ls_keyed_at(s->keyed, i);
        all[i] = (struct judged){.pair = pair, .log10_p = ls_tally_log10(&pair->all, pair->mark)};
    }
    qsort(all, count, sizeof *all, compare_judged);
    int code = LS_OK;
    uint64_t named = 0;
    for (size_t i = 0; i < count && code == LS_OK; i++) {
        if (all[i].used || (i > 0 && all[i].log10_p > link_log10)) {
            continue;
        }
        gather(all, count, i, &group);
        code = report_group(s, &group, out, err);
        named++;
    }
    ls_report_count(out, count - named + ls_keyed_gone(s->keyed));
    free(all);
    free(group.evidence);
    return code;
}

static int save(const void *state, struct ls_blob *blob, struct ls_err *err) {
    const struct state *s = state;
    return ls_keyed_save(s->keyed, blob, err);
}

static int load(void *state, struct ls_blob_reader *in, struct ls_err *err) {
    struct state *s = state;
    return ls_keyed_load(s->keyed, in, err);
}

const struct ls_kind ls_lockstep_kind = {
    .id = "lockstep",
    .version = 2,
    .null = "within windows of 4 s an emitter starts at any moment, whatever others do; which "
            "windows it starts in may depend on trains, timetables and storms",
    .test = "starts of two emitters in different channels within 0.4 s of each other, against the "
            "chance of that for each start moved within its window (interval jitter, exact); one "
            "search for each pair",
    .evidence = "six starts together; levels that spread by no more than 4 dB from start to start",
    .rivals = "gateway of a train; storm of a train's phones; two clocks of one period; one "
              "transmitter on two frequencies",
    .fooled = "starts on a clock, and starts in the first minutes after silence, say nothing and "
              "are left out, as is what moves: a kit that keys once in five minutes, or on board "
              "of a train, is not found here. Two outputs of one transmitter are in lockstep",
    .create = create,
    .destroy = destroy,
    .push = push,
    .report = report,
    .save = save,
    .load = load,
};
