/* Channels that are heard now and then are candidates; those whose visits come together are one
 * kit. Two things tell a kit that passes from one that stays: it is loudest in the middle of each
 * passage, as a car is; or its channels come with the same few of the many trains. What every train
 * has, and what is on for much of the day, comes too often to be a candidate: that is the
 * train-conditioned part.
 *
 * The gateway of one train is the benign twin of a kit on trains. It goes where its train goes,
 * which is by the timetable, and its cards report together as one machine. What does both is taken
 * for on-board equipment and is not reported. */
#include "pattern/repeat_pass.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "pattern/kit.h"

enum { PASSES_MIN = 3, EVIDENCE_MAX = 1024 };

static const int64_t same_train_ns = 300 * LS_NS_PER_S; /* late or early by so much */
static const double timetable_share = 0.8;
static const double joint_share = 0.7;
static const double aboard_log10 = -1.5;
static const double moves_log10 = -2.0;

struct state {
    struct ls_kind_input input;
    struct ls_trips *trips;
};

static void destroy(void *state) {
    struct state *s = state;
    if (s != NULL) {
        ls_trips_destroy(s->trips);
    }
    free(s);
}

static int create(void **ret, const struct ls_kind_input *input, struct ls_err *err) {
    struct state *s = calloc(1, sizeof *s);
    *ret = s;
    if (s == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for passes");
    }
    s->input = *input;
    return ls_trips_create(&s->trips, err);
}

static int push(void *state, const struct ls_event *event, struct ls_err *err) {
    struct state *s = state;
    return ls_trips_push(s->trips, event, err);
}

/* --- one kit --- */

/* All of one report that a kit is held against. */
struct scene {
    const struct ls_trips *trips;
    const struct ls_crowd *crowds; /* of the kit's sensor */
    size_t crowd_count;
    size_t riders;             /* candidates that could share trains */
    struct ls_crowd *passages; /* [count], of the kit */
    size_t count;
};

static struct ls_kit_span whole_span(const struct scene *scene) {
    return (struct ls_kit_span){scene->passages[0].start_ns,
                                scene->passages[scene->count - 1].stop_ns + 1};
}

/* By one part of the log: the better of the two tests, for both having been made. */
static int judge(const struct ls_kit *kit, const struct scene *scene, struct ls_kit_span span,
                 bool aboard, double *ret_log10, struct ls_err *err) {
    double bell;
    int code = ls_kit_bell(kit, span, &bell, err);
    if (code != LS_OK) {
        return code;
    }
    *ret_log10 = bell;
    if (kit->count > 1) {
        double together =
            aboard ? ls_kit_together(kit, span, scene->crowds, scene->crowd_count, scene->riders)
                   : 0.0;
        *ret_log10 = fmin(0.0, fmin(bell, together) + log10(2.0));
    }
    return LS_OK;
}

static int64_t time_of_day(int64_t t_ns) {
    return (t_ns % LS_NS_PER_DAY + LS_NS_PER_DAY) % LS_NS_PER_DAY;
}

/* The share of passages at a time of day at which there was one on another day too. */
static double timetable(const struct scene *scene) {
    size_t matched = 0;
    for (size_t i = 0; i < scene->count; i++) {
        bool any = false;
        for (size_t j = 0; j < scene->count && !any; j++) {
            int64_t apart =
                time_of_day(scene->passages[i].start_ns) - time_of_day(scene->passages[j].start_ns);
            apart = apart < 0 ? -apart : apart;
            apart = apart > LS_NS_PER_DAY / 2 ? LS_NS_PER_DAY - apart : apart;
            int64_t between = scene->passages[i].start_ns - scene->passages[j].start_ns;
            any = llabs(between) > LS_NS_PER_DAY / 2 && apart <= same_train_ns;
        }
        matched += any;
    }
    return (double)matched / (double)scene->count;
}

static double joint(const struct ls_kit *kit) {
    double sum = 0.0;
    size_t trips = 0;
    for (size_t m = 0; m < kit->count; m++) {
        for (size_t i = 0; i < ls_trips_kept(kit->members[m]); i++) {
            sum += ls_trips_at(kit->members[m], i)->joint;
            trips++;
        }
    }
    return sum / (double)trips;
}

static size_t days_of(const struct scene *scene) {
    size_t days = 0;
    for (size_t i = 0; i < scene->count; i++) {
        days += i == 0 || scene->passages[i].start_ns / LS_NS_PER_DAY !=
                              scene->passages[i - 1].start_ns / LS_NS_PER_DAY;
    }
    return days;
}

static void describe(const struct ls_kit *kit, const struct scene *scene, bool gateway, bool aboard,
                     struct ls_finding *finding) {
    size_t days = days_of(scene);
    double tabled = timetable(scene);
    ls_finding_number(finding, "passes", (double)scene->count, (double)NAN, (double)NAN);
    ls_finding_number(finding, "days", (double)days, (double)NAN, (double)NAN);
    ls_finding_number(finding, "channels", (double)kit->count, (double)NAN, (double)NAN);
    ls_finding_word(finding, "with_trains", aboard ? "yes" : "no");
    if (kit->members[0]->channel.class_name[0] != '\0') {
        ls_finding_word(finding, "class", kit->members[0]->channel.class_name);
    }
    snprintf(finding->rivals[0], LS_RIVAL_BYTES,
             "gateway of one train: %.0f %% of passes by one timetable, %.0f %% of rows keyed "
             "together: %s",
             100.0 * tabled, 100.0 * joint(kit), gateway ? "fits" : "does not fit");
    ls_copy_text(finding->rivals[1], LS_RIVAL_BYTES,
                 "somebody who lives on the way and passes each day");
    finding->rival_count = 2;
    snprintf(finding->words, sizeof finding->words,
             "%s%zu channel%s near %.3f MHz passed %zu times on %zu day%s, %s",
             gateway ? "on-board equipment of one train: " : "", kit->count,
             kit->count == 1 ? "" : "s", (finding->low_hz + finding->high_hz) / 2e6, scene->count,
             days, days == 1 ? "" : "s",
             aboard ? "together with trains that mostly come without them"
                    : "loudest in the middle each time");
    ls_copy_text(finding->limits, sizeof finding->limits, ls_repeat_pass_kind.fooled);
}

static int compare_ids(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void collect(const struct ls_kit *kit, struct ls_finding *finding, int64_t *evidence) {
    finding->low_hz = HUGE_VAL;
    finding->high_hz = -HUGE_VAL;
    for (size_t m = 0; m < kit->count; m++) {
        const struct ls_channel *channel = &kit->members[m]->channel;
        finding->low_hz = fmin(finding->low_hz, channel->low_hz - channel->bandwidth_hz / 2.0);
        finding->high_hz = fmax(finding->high_hz, channel->high_hz + channel->bandwidth_hz / 2.0);
        for (size_t i = 0; i < ls_trips_kept(kit->members[m]); i++) {
            const struct ls_trip *trip = ls_trips_at(kit->members[m], i);
            for (size_t k = 0; k < trip->count && finding->evidence_count < EVIDENCE_MAX; k++) {
                evidence[finding->evidence_count++] = trip->id[k];
            }
        }
    }
    qsort(evidence, finding->evidence_count, sizeof *evidence, compare_ids);
    finding->evidence = evidence;
}

/* Each half of the passages by itself. */
static int confirm(const struct ls_kit *kit, const struct scene *scene, bool aboard,
                   double *ret_log10, struct ls_err *err) {
    struct ls_kit_span span = whole_span(scene);
    int64_t middle_ns = scene->passages[scene->count / 2].start_ns;
    double early;
    double late;
    int code =
        judge(kit, scene, (struct ls_kit_span){span.from_ns, middle_ns}, aboard, &early, err);
    if (code == LS_OK) {
        code =
            judge(kit, scene, (struct ls_kit_span){middle_ns, span.until_ns}, aboard, &late, err);
    }
    *ret_log10 = code == LS_OK ? fmax(early, late) : 0.0;
    return code;
}

/* What stays where it is meets trains by chance alone, and its levels have no order: it does both
 * once in a hundred times at most, and meets so many trains once in thirty. (The two as one:
 * Fisher, "Statistical Methods for Research Workers", 1932, section 21.1.) */
static bool on_board(const struct scene *scene, struct ls_kit_span span, double bell_log10) {
    double trains =
        ls_kit_aboard(scene->passages, scene->count, scene->crowds, scene->crowd_count, span);
    double both = (trains + bell_log10) * M_LN10;
    double fisher_log10 = (both + log1p(-both)) / M_LN10;
    return trains <= aboard_log10 && fisher_log10 <= moves_log10;
}

static int report_kit(const struct state *s, const struct ls_kit *kit, struct scene *scene,
                      struct ls_report *out, struct ls_err *err) {
    int64_t evidence[EVIDENCE_MAX];
    struct ls_finding finding = ls_report_blank(out);
    ls_copy_text(finding.sensor, sizeof finding.sensor,
                 ls_exposure_name(s->input.exposure, kit->members[0]->channel.sensor));
    scene->count = ls_kit_passages(kit, scene->passages);
    struct ls_kit_span span = whole_span(scene);
    double bell;
    int code = ls_kit_bell(kit, span, &bell, err);
    if (code != LS_OK || (kit->count == 1 && bell == 0.0)) {
        return code; /* nothing to test */
    }
    bool aboard = on_board(scene, span, bell);
    bool gateway =
        kit->count > 1 && timetable(scene) >= timetable_share && joint(kit) >= joint_share;
    collect(kit, &finding, evidence);
    finding.start_ns = scene->passages[0].start_ns;
    finding.stop_ns = scene->passages[scene->count - 1].stop_ns;
    finding.trials = kit->count > 1 ? 2.0 * fmax(1.0, (double)scene->riders) : 1.0;
    finding.reported = scene->count >= PASSES_MIN && !gateway;
    code = judge(kit, scene, span, aboard, &finding.log10_p, err);
    if (code == LS_OK && finding.log10_p <= -2.0) {
        code = confirm(kit, scene, aboard, &finding.confirm_log10_p, err);
        describe(kit, scene, gateway, aboard, &finding);
    }
    return code == LS_OK ? ls_report_add(out, &finding, err) : code;
}

/* --- all of them --- */

static size_t find_candidates(const struct ls_trips *trips, uint32_t sensor,
                              const struct ls_trip_log **ret, uint64_t *ret_over) {
    size_t count = 0;
    for (uint32_t i = 0; i < LS_CHANNELS_MAX; i++) {
        const struct ls_trip_log *log = ls_trips_log(trips, i);
        if (log == NULL || log->channel.sensor != sensor || !ls_trips_seldom(trips, log)) {
            continue;
        }
        if (count < LS_KIT_CANDIDATES) {
            ret[count++] = log;
        } else {
            (*ret_over)++;
        }
    }
    return count;
}

static int report_sensor(const struct state *s, struct scene *scene, uint32_t sensor,
                         struct ls_report *out, struct ls_err *err) {
    const struct ls_trip_log *all[LS_KIT_CANDIDATES];
    bool used[LS_KIT_CANDIDATES] = {false};
    uint64_t over = 0;
    struct ls_crowd *crowds = NULL;
    size_t count = find_candidates(scene->trips, sensor, all, &over);
    ls_report_count(out, over);
    if (count == 0) {
        return LS_OK;
    }
    int code = ls_trips_crowds(scene->trips, sensor, &crowds, &scene->crowd_count, err);
    scene->crowds = crowds;
    scene->riders = code == LS_OK ? ls_kit_riders(all, count, crowds, scene->crowd_count) : 0;
    for (size_t i = 0; code == LS_OK && i < count; i++) {
        if (!used[i]) {
            struct ls_kit kit;
            ls_kit_gather(&kit, all, count, used, i);
            code = report_kit(s, &kit, scene, out, err);
        }
    }
    free(crowds);
    return code;
}

/* Visits under way are looked at as if they were over, in a copy. */
static int report(const void *state, struct ls_report *out, struct ls_err *err) {
    const struct state *s = state;
    struct ls_trips *copy = NULL;
    int code = ls_trips_close(&copy, s->trips, err);
    if (code != LS_OK) {
        return code;
    }
    struct scene scene = {.trips = copy};
    scene.passages = malloc(sizeof *scene.passages * LS_KIT_CANDIDATES * LS_TRIPS_KEPT);
    if (scene.passages == NULL) {
        code = ls_err_set(err, LS_ERR_NOMEM, "out of memory for passes");
    }
    ls_report_count(out, ls_trips_gone(copy));
    for (uint32_t i = 0; code == LS_OK && i < ls_exposure_sensors(s->input.exposure); i++) {
        code = report_sensor(s, &scene, i, out, err);
    }
    free(scene.passages);
    ls_trips_destroy(copy);
    return code;
}

static int save(const void *state, struct ls_blob *blob, struct ls_err *err) {
    const struct state *s = state;
    return ls_trips_save(s->trips, blob, err);
}

static int load(void *state, struct ls_blob_reader *in, struct ls_err *err) {
    struct state *s = state;
    return ls_trips_load(s->trips, in, err);
}

const struct ls_kind ls_repeat_pass_kind = {
    .id = "repeat-pass",
    .version = 1,
    .null = "what is heard now and then stays where it is, and within a visit its levels come in "
            "no order; or it is on trains, and takes any of them, whatever the others take",
    .test = "rank correlation of level and nearness to the middle of the passage, over all "
            "passages, against the same levels in other orders; and of several channels the "
            "number of trains that they share (hypergeometric); one search for each such kit that "
            "has visits with levels in an order",
    .evidence = "three passages; no more than four visits a day on the average, as what every "
                "train has comes more often; with trains: more of them than one in thirty "
                "stationary ones would meet, and by the order of levels too than one in a hundred",
    .rivals = "the gateway of one train, which keeps to a timetable and reports as one; somebody "
              "who passes each day",
    .fooled = "a kit on channels that others use as well is hidden among them. A kit keyed as one "
              "that takes the same train every day looks like the gateway of that train and is "
              "not reported; a gateway of a train without a timetable looks like a kit",
    .create = create,
    .destroy = destroy,
    .push = push,
    .report = report,
    .save = save,
    .load = load,
};
