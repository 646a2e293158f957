#include "survey/judge.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/units.h"
#include "base/util.h"

enum {
    TRACKS_MAX = 256, /* tunings and reference carriers */
    LEARN_READINGS = 30,
    /* A row of each subject this often, so that "no row" never means "all was well". */
    ROW_PERIOD_S = 3600,
};

/* The median of a level, followed by small steps up and down (stochastic approximation: Robbins,
 * Monro, "A Stochastic Approximation Method", Ann. Math. Stat. 22(3), 1951, with the sign of the
 * error): one number, whatever the number of readings. */
struct track {
    double key_hz;
    double median_db;
    unsigned readings;
    double first[LEARN_READINGS];
};

struct state {
    enum ls_health_level level;
    double value;
    bool falling; /* behind the threshold since below_ns */
    int64_t below_ns;
    bool reported;
    int64_t reported_ns;
};

/* A reading at or beyond warn or fail has that level; high: more is worse. */
struct threshold {
    double warn, fail;
    bool low_is_bad;
};

struct ls_judge {
    struct state states[LS_JUDGE_SUBJECTS];
    struct threshold thresholds[LS_JUDGE_SUBJECTS];
    double hysteresis; /* share */
    int64_t hold_ns;
    double faulty_db; /* drops beyond this are not learned from */
    struct track *tracks;
    size_t track_count;
};

static const struct {
    const char *name;
    const char *unit;
} subjects[LS_JUDGE_SUBJECTS] = {
    [LS_JUDGE_STREAM] = {"stream", "s"},
    [LS_JUDGE_FLOOR] = {"floor", "dB"},
    [LS_JUDGE_REFERENCE] = {"reference", "dB"},
    [LS_JUDGE_GAIN] = {"gain", "dB"},
    [LS_JUDGE_CLIPPING] = {"clipping", "%"},
    [LS_JUDGE_MEASURE] = {"measure", "%"},
    [LS_JUDGE_TEMPERATURE] = {"temperature", "C"},
    [LS_JUDGE_DISK] = {"disk", "bytes"},
    [LS_JUDGE_QUEUE] = {"queue", "%"},
    [LS_JUDGE_CLOCK] = {"clock", "s"},
    [LS_JUDGE_NTP] = {"ntp", ""},
    [LS_JUDGE_MEMORY] = {"memory", "bytes"},
    [LS_JUDGE_STORE] = {"store", "rows"},
    [LS_JUDGE_POSITION] = {"position", "m"},
};

const char *ls_judge_name(enum ls_judge_subject subject) { return subjects[subject].name; }
const char *ls_judge_unit(enum ls_judge_subject subject) { return subjects[subject].unit; }

/* A receiver some streets away is another one; GPS alone wanders by tens of metres. */
static const double moved_warn_m = 200.0;
static const double moved_fail_m = 2000.0;

/* Of the boxes: more, and most transmissions are unknown for want of looking. */
static const double measure_warn = 50.0;

void ls_judge_configure(struct ls_judge *judge, const struct ls_config *config) {
    const double floor_db = config->health.floor_drop_db;
    const double reference_db = config->health.reference_drop_db;
    const double gain_db = config->health.gain_drop_db;
    const struct threshold thresholds[LS_JUDGE_SUBJECTS] = {
        [LS_JUDGE_STREAM] = {config->health.stall_s / 2.0, config->health.stall_s, false},
        [LS_JUDGE_FLOOR] = {floor_db / 2.0, floor_db, false},
        [LS_JUDGE_REFERENCE] = {reference_db / 2.0, reference_db, false},
        [LS_JUDGE_GAIN] = {gain_db / 2.0, gain_db, false},
        [LS_JUDGE_CLIPPING] = {config->health.clip_warn, config->health.clip_fail, false},
        [LS_JUDGE_MEASURE] = {measure_warn, HUGE_VAL, false},
        [LS_JUDGE_TEMPERATURE] = {config->health.temperature_warn, config->health.temperature_fail,
                                  false},
        [LS_JUDGE_DISK] = {config->health.disk_warn_bytes, config->health.disk_fail_bytes, true},
        [LS_JUDGE_QUEUE] = {config->health.queue_warn, config->health.queue_fail, false},
        [LS_JUDGE_CLOCK] = {config->health.clock_warn_s, config->health.clock_fail_s, false},
        [LS_JUDGE_NTP] = {1.0, HUGE_VAL, false},
        [LS_JUDGE_MEMORY] = {config->health.memory_warn_bytes, config->health.memory_fail_bytes,
                             false},
        [LS_JUDGE_STORE] = {1.0, (double)config->store.queue_rows / 2.0, false},
        [LS_JUDGE_POSITION] = {moved_warn_m, moved_fail_m, false},
    };
    memcpy(judge->thresholds, thresholds, sizeof thresholds);
    judge->hysteresis = config->health.hysteresis / 100.0;
    judge->hold_ns = ls_ns_from_seconds(config->health.hold_s);
    judge->faulty_db = fmin(floor_db, reference_db) / 2.0;
}

int ls_judge_create(struct ls_judge **ret, const struct ls_config *config, struct ls_err *err) {
    struct ls_judge *judge = calloc(1, sizeof *judge);
    if (judge == NULL || (judge->tracks = calloc(TRACKS_MAX, sizeof *judge->tracks)) == NULL) {
        free(judge);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    for (int i = 0; i < LS_JUDGE_SUBJECTS; i++) {
        judge->states[i].value = (double)NAN;
    }
    ls_judge_configure(judge, config);
    *ret = judge;
    return LS_OK;
}

void ls_judge_destroy(struct ls_judge *judge) {
    if (judge != NULL) {
        free(judge->tracks);
        free(judge);
    }
}

/* --- levels --- */

/* The level of a value when thresholds are moved by slack towards the good side. */
static enum ls_health_level level_of(const struct threshold *threshold, double value,
                                     double slack) {
    double sign = threshold->low_is_bad ? -1.0 : 1.0;
    double fail =
        isinf(threshold->fail) ? HUGE_VAL : sign * threshold->fail - slack * fabs(threshold->fail);
    double warn = sign * threshold->warn - slack * fabs(threshold->warn);
    if (sign * value >= fail) {
        return LS_HEALTH_FAIL;
    }
    return sign * value >= warn ? LS_HEALTH_WARN : LS_HEALTH_OK;
}

static enum ls_health_level next_level(struct ls_judge *judge, enum ls_judge_subject subject,
                                       double value, int64_t steady_ns) {
    struct state *state = &judge->states[subject];
    const struct threshold *threshold = &judge->thresholds[subject];
    enum ls_health_level now = level_of(threshold, value, 0.0);
    enum ls_health_level slow = level_of(threshold, value, judge->hysteresis);
    if (now > state->level) {
        state->falling = false;
        return now;
    }
    if (slow >= state->level) {
        state->falling = false;
        return state->level;
    }
    if (!state->falling) {
        state->falling = true;
        state->below_ns = steady_ns;
    }
    if (steady_ns - state->below_ns < judge->hold_ns) {
        return state->level;
    }
    state->falling = false;
    return slow;
}

static void say_value(enum ls_judge_subject subject, double value, char *ret, size_t size) {
    char text[LS_UNIT_TEXT_BYTES];
    if (strcmp(subjects[subject].unit, "bytes") == 0) {
        ls_bytes_format(value, text);
    } else if (strcmp(subjects[subject].unit, "s") == 0) {
        ls_seconds_format(value, text);
    } else {
        snprintf(text, sizeof text, "%.4g %s", value, subjects[subject].unit);
    }
    snprintf(ret, size, "%s %s", subjects[subject].name, text);
}

bool ls_judge_reading(struct ls_judge *judge, enum ls_judge_subject subject, double value,
                      const char *text, int64_t t_ns, int64_t steady_ns, struct ls_health *ret) {
    struct state *state = &judge->states[subject];
    if (isnan(value)) {
        return false;
    }
    state->value = value;
    enum ls_health_level level = next_level(judge, subject, value, steady_ns);
    bool due = !state->reported || level != state->level ||
               steady_ns - state->reported_ns >= ROW_PERIOD_S * LS_NS_PER_S;
    state->level = level;
    if (!due) {
        return false;
    }
    state->reported = true;
    state->reported_ns = steady_ns;
    *ret = (struct ls_health){.t_ns = t_ns, .level = level, .value = value};
    ls_copy_text(ret->subject, sizeof ret->subject, subjects[subject].name);
    ls_copy_text(ret->unit, sizeof ret->unit, subjects[subject].unit);
    if (text[0] != '\0') {
        ls_copy_text(ret->text, sizeof ret->text, text);
    } else {
        say_value(subject, value, ret->text, sizeof ret->text);
    }
    return true;
}

/* --- medians --- */

static struct track *track_of(struct ls_judge *judge, double key_hz) {
    for (size_t i = 0; i < judge->track_count; i++) {
        if (judge->tracks[i].key_hz == key_hz) {
            return &judge->tracks[i];
        }
    }
    if (judge->track_count == TRACKS_MAX) {
        return NULL;
    }
    struct track *track = &judge->tracks[judge->track_count++];
    *track = (struct track){.key_hz = key_hz};
    return track;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

void ls_judge_forget(struct ls_judge *judge) { judge->track_count = 0; }

double ls_judge_drop(struct ls_judge *judge, double key_hz, double level_db) {
    /* dB a reading: a day's drift of some dB is followed, a fault of minutes is not. */
    static const double step_db = 0.005;
    struct track *track = isfinite(level_db) ? track_of(judge, key_hz) : NULL;
    if (track == NULL) {
        return (double)NAN;
    }
    if (track->readings < LEARN_READINGS) {
        track->first[track->readings++] = level_db;
        if (track->readings == LEARN_READINGS) {
            qsort(track->first, LEARN_READINGS, sizeof track->first[0], compare);
            track->median_db = track->first[LEARN_READINGS / 2];
        }
        return (double)NAN;
    }
    double drop_db = track->median_db - level_db;
    if (drop_db < judge->faulty_db) {
        track->median_db -= copysign(step_db, drop_db);
    }
    return fmax(0.0, drop_db);
}

enum ls_health_level ls_judge_level(const struct ls_judge *judge, enum ls_judge_subject subject) {
    return judge->states[subject].level;
}

double ls_judge_value(const struct ls_judge *judge, enum ls_judge_subject subject) {
    return judge->states[subject].value;
}

enum ls_health_level ls_judge_worst(const struct ls_judge *judge) {
    enum ls_health_level worst = LS_HEALTH_OK;
    for (int i = 0; i < LS_JUDGE_SUBJECTS; i++) {
        worst = judge->states[i].level > worst ? judge->states[i].level : worst;
    }
    return worst;
}
