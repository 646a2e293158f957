#include "simulate/scenario_check.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "simulate/keys.h"
#include "simulate/stream.h"

enum { PATH_BYTES = 128, NAMES_MAX = 1024, STEPS_MAX = 10000 };

/* From one transmission of a radio to the next. */
static const double shortest_s = 1e-3;

struct check {
    struct ls_scenario *scenario;
    const char *text;
    size_t length;
    const char *file;
    char path[PATH_BYTES]; /* of the emitter or train at hand */
    struct ls_err *err;
};

/* An error at key of the thing at hand. */
static int fail(const struct check *check, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int fail(const struct check *check, const char *key, const char *format, ...) {
    char path[2 * PATH_BYTES];
    char message[LS_ERR_TEXT_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    snprintf(path, sizeof path, "%s%s%s", check->path, check->path[0] == '\0' ? "" : ".", key);
    const char *dot = strrchr(path, '.');
    return ls_keys_error(check->err, check->text, check->length, check->file, path, "'%s': %s",
                         dot == NULL ? path : dot + 1, message);
}

static int fail_unknown(const struct check *check, const char *key, const char *what,
                        const char *name, const char *const *names, size_t count) {
    const char *nearest = ls_nearest_word(name, names, count);
    return nearest == NULL
               ? fail(check, key, "no %s is called '%s'", what, name)
               : fail(check, key, "no %s is called '%s'; did you mean '%s'?", what, name, nearest);
}

static bool find_name(const char *name, const char *const *names, size_t count, size_t *ret) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            *ret = i;
            return true;
        }
    }
    return false;
}

static size_t emitter_names(const struct ls_scenario *scenario, const char *names[NAMES_MAX]) {
    size_t count = scenario->emitter_count < NAMES_MAX ? scenario->emitter_count : NAMES_MAX;
    for (size_t i = 0; i < count; i++) {
        names[i] = scenario->emitters[i].name;
    }
    return count;
}

static int check_waveform(const struct check *check, const char *key, const struct ls_air *air,
                          double duration_s) {
    struct ls_waveform_opts opts = {.id = air->id, .duration_s = duration_s, .params = air->params};
    struct ls_waveform_info info;
    struct ls_err inner = {0};
    if (air->id[0] == '\0') {
        return fail(check, key, "needs the id of a waveform");
    }
    if (ls_waveform_describe(&opts, &info, &inner) != LS_OK) {
        return fail(check, key, "%s", inner.text);
    }
    return LS_OK;
}

/* Times within a scenario reach 32 years past its start (1e9 s); ns end in 2262. */
static int check_start(const struct check *check) {
    static const int64_t last_ns = INT64_C(7258118400) * LS_NS_PER_S; /* 2200-01-01 */
    int64_t start_ns = check->scenario->start_ns;
    return start_ns >= 0 && start_ns < last_ns
               ? LS_OK
               : fail(check, "start", "has to be in the years 1970 to 2199");
}

static int check_hop(const struct check *check) {
    const struct ls_scenario_sensor *sensor = &check->scenario->sensor;
    if (sensor->hop.center_count == 0 && sensor->center_hz <= 0.0) {
        return fail(check, "sensor.center_hz", "is required when the receiver does not hop");
    }
    if (sensor->center_hz > 0.0 && sensor->center_hz < sensor->rate_sps / 2) {
        return fail(check, "sensor.center_hz",
                    "less than half of rate_sps: the band begins below 0 Hz");
    }
    return LS_OK;
}

static int check_sites(const struct check *check) {
    const struct ls_scenario_sensor *sensor = &check->scenario->sensor;
    for (size_t i = 0; i < sensor->site_count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(sensor->sites[i].name, sensor->sites[k].name) == 0) {
                char key[64];
                snprintf(key, sizeof key, "sensor.sites[%zu].name", i);
                return fail(check, key, "'%s' is there twice", sensor->sites[i].name);
            }
        }
    }
    return LS_OK;
}

static int check_clock(const struct check *check, const struct ls_script *script) {
    if (script->period_s < shortest_s) {
        return fail(check, "script.period_s", "a clock needs a period of 1 ms or more");
    }
    if (script->jitter_s > script->period_s / 4) {
        return fail(check, "script.jitter_s", "more than a quarter of the period is no clock");
    }
    return LS_OK;
}

static int check_cycle(const struct check *check, const struct ls_script *script) {
    double mean_s = ls_stream_wait_mean(&script->hold) + ls_stream_wait_mean(&script->gap);
    return mean_s >= shortest_s
               ? LS_OK
               : fail(check, "script.gap_s", "a cycle needs a hold or a gap of 1 ms or more");
}

static int check_sweep(const struct check *check, const struct ls_script *script) {
    if (script->low_hz <= 0.0 || script->high_hz < script->low_hz) {
        return fail(check, "script.high_hz", "a sweep needs 0 < low_hz <= high_hz");
    }
    if (script->step_hz <= 0.0 || script->dwell_s <= 0.0) {
        return fail(check, script->step_hz <= 0.0 ? "script.step_hz" : "script.dwell_s",
                    "a sweep needs a value above 0");
    }
    double steps = floor((script->high_hz - script->low_hz) / script->step_hz) + 1.0;
    if (steps > STEPS_MAX) {
        return fail(check, "script.step_hz", "makes %.0f steps, at most %d", steps, STEPS_MAX);
    }
    if (script->period_s < steps * script->dwell_s) {
        return fail(check, "script.period_s", "is shorter than one sweep of %g s",
                    steps * script->dwell_s);
    }
    return LS_OK;
}

static int check_follow(const struct check *check, struct ls_script *script) {
    const char *names[NAMES_MAX];
    size_t count = emitter_names(check->scenario, names);
    if (!find_name(script->leader_name, names, count, &script->leader)) {
        return fail_unknown(check, "script.leader", "emitter", script->leader_name, names, count);
    }
    if (check->scenario->emitters[script->leader].script.kind == LS_SCRIPT_FOLLOW) {
        return fail(check, "script.leader", "'%s' follows another one itself", script->leader_name);
    }
    return LS_OK;
}

static int check_script(const struct check *check, struct ls_script *script) {
    if (script->window.stop_s <= script->window.start_s) {
        return fail(check, "script.stop_s", "is not after start_s");
    }
    switch (script->kind) {
    case LS_SCRIPT_LIST:
        for (size_t i = 1; i < script->time_count; i++) {
            if (script->times_s[i] < script->times_s[i - 1]) {
                return fail(check, "script.times_s", "times have to rise");
            }
        }
        return LS_OK;
    case LS_SCRIPT_CLOCK:
        return check_clock(check, script);
    case LS_SCRIPT_CYCLE:
        return check_cycle(check, script);
    case LS_SCRIPT_SWEEP:
        return check_sweep(check, script);
    case LS_SCRIPT_POISSON:
    case LS_SCRIPT_BURSTY:
        return script->rate_per_hour > 0.0
                   ? LS_OK
                   : fail(check, "script.rate_per_hour", "needs a value above 0");
    case LS_SCRIPT_FOLLOW:
        return check_follow(check, script);
    default:
        return LS_OK;
    }
}

static int check_path(const struct check *check, const struct ls_path *path) {
    if (path->waypoint_count < 2 || path->waypoint_count > LS_SCENARIO_WAYPOINTS) {
        return fail(check, "path.waypoints", "a path has 2 to %d waypoints", LS_SCENARIO_WAYPOINTS);
    }
    for (size_t i = 1; i < path->waypoint_count; i++) {
        if (path->waypoints[i].t_s <= path->waypoints[i - 1].t_s) {
            char key[64];
            snprintf(key, sizeof key, "path.waypoints[%zu].t_s", i);
            return fail(check, key, "times of waypoints have to rise");
        }
    }
    for (size_t i = 1; i < path->pass_count; i++) {
        double length = path->waypoints[path->waypoint_count - 1].t_s;
        if (path->passes_s[i] < path->passes_s[i - 1] + length) {
            return fail(check, "path.passes_s", "a passage begins before the one before it ends");
        }
    }
    return LS_OK;
}

static int check_journey(const struct check *check, struct ls_scenario_emitter *emitter) {
    struct ls_journey *journey = &emitter->journey;
    if (journey->path_given && journey->ride_given) {
        return fail(check, "ride", "an emitter has a path or a ride, not both");
    }
    if (journey->path_given) {
        return check_path(check, &journey->path);
    }
    if (journey->ride_given) {
        const char *names[NAMES_MAX];
        size_t count = check->scenario->train_count;
        count = count < NAMES_MAX ? count : NAMES_MAX;
        for (size_t i = 0; i < count; i++) {
            names[i] = check->scenario->trains[i].name;
        }
        if (!find_name(journey->ride.train_name, names, count, &journey->ride.train)) {
            return fail_unknown(check, "ride.train", "train line", journey->ride.train_name, names,
                                count);
        }
    }
    return LS_OK;
}

static int check_cell(const struct check *check, struct ls_scenario_emitter *emitter) {
    const char *names[NAMES_MAX];
    size_t count = check->scenario->cell_count;
    count = count < NAMES_MAX ? count : NAMES_MAX;
    for (size_t i = 0; i < count; i++) {
        names[i] = check->scenario->cells[i].name;
    }
    if (!emitter->cell_nearest && !find_name(emitter->cell_name, names, count, &emitter->cell)) {
        return fail_unknown(check, "cell", "cell", emitter->cell_name, names, count);
    }
    return LS_OK;
}

static double hold_of(const struct ls_script *script) {
    switch (script->kind) {
    case LS_SCRIPT_SWEEP:
        return script->dwell_s;
    case LS_SCRIPT_ALWAYS:
        return 1.0;
    default:
        return script->hold.seconds + script->hold.high_s;
    }
}

/* A pattern is a kind of finding. */
static int check_pattern(const struct check *check, const struct ls_scenario_emitter *emitter) {
    static const char *const kinds[] = {
        "scripted-cycle", "periodic-telemetry", "lockstep",       "band-sweep",
        "pass-by",        "repeat-pass",        "bulk-uplink",    "access-storm",
        "new-emitter",    "similar-posts",      "corridor-track", "steady-line"};
    size_t index;
    if (emitter->pattern[0] == '\0' ||
        find_name(emitter->pattern, kinds, LS_COUNT(kinds), &index)) {
        return LS_OK;
    }
    return fail_unknown(check, "pattern", "kind of finding", emitter->pattern, kinds,
                        LS_COUNT(kinds));
}

static int check_emitter(struct check *check, size_t index) {
    struct ls_scenario_emitter *emitter = &check->scenario->emitters[index];
    snprintf(check->path, sizeof check->path, "emitters[%zu]", index);
    for (size_t k = 0; k < index; k++) {
        if (strcmp(check->scenario->emitters[k].name, emitter->name) == 0) {
            return fail(check, "name", "'%s' is there twice", emitter->name);
        }
    }
    if (emitter->channel_count == 0 && emitter->script.kind != LS_SCRIPT_SWEEP) {
        return fail(check, "channels_hz", "is required");
    }
    int code = check_waveform(check, "waveform", &emitter->air, hold_of(&emitter->script));
    if (code == LS_OK) {
        code = check_pattern(check, emitter);
    }
    if (code == LS_OK) {
        code = check_script(check, &emitter->script);
    }
    if (code == LS_OK) {
        code = check_journey(check, emitter);
    }
    return code == LS_OK ? check_cell(check, emitter) : code;
}

static int check_phones(const struct check *check, const struct ls_train_phones *phones) {
    if (phones->active > 0.0 && phones->band_count == 0) {
        return fail(check, "phones.bands", "phones need a band");
    }
    int code = LS_OK;
    for (size_t b = 0; b < phones->band_count && code == LS_OK; b++) {
        char key[64];
        if (phones->bands[b].channel_count == 0) {
            snprintf(key, sizeof key, "phones.bands[%zu].channels_hz", b);
            return fail(check, key, "needs a channel");
        }
        snprintf(key, sizeof key, "phones.bands[%zu].call", b);
        code = check_waveform(check, key, &phones->bands[b].call, 1.0);
        if (code == LS_OK) {
            snprintf(key, sizeof key, "phones.bands[%zu].signal", b);
            code = check_waveform(check, key, &phones->bands[b].signal, phones->bands[b].signal_s);
        }
    }
    return code;
}

static int check_train(struct check *check, size_t index) {
    struct ls_scenario_train *train = &check->scenario->trains[index];
    snprintf(check->path, sizeof check->path, "trains[%zu]", index);
    for (size_t k = 0; k < index; k++) {
        if (strcmp(check->scenario->trains[k].name, train->name) == 0) {
            return fail(check, "name", "'%s' is there twice", train->name);
        }
    }
    if (train->time_count == 0 && train->headway_s < 10.0) {
        return fail(check, "headway_s", "a timetable needs times_s, or a headway of 10 s or more");
    }
    int code = check_phones(check, &train->phones);
    if (code == LS_OK && train->cab_given) {
        code = train->cab.channel_count == 0
                   ? fail(check, "cab.channels_hz", "needs a channel")
                   : check_waveform(check, "cab.waveform", &train->cab.air, 1.0);
    }
    if (code == LS_OK && train->gateway_given) {
        code = train->gateway.channel_count == 0
                   ? fail(check, "gateway.channels_hz", "needs a channel")
                   : check_waveform(check, "gateway.waveform", &train->gateway.air,
                                    train->gateway.hold_s);
    }
    return code;
}

int ls_scenario_check(struct ls_scenario *scenario, const char *text, size_t length,
                      const char *file, struct ls_err *err) {
    struct check check = {
        .scenario = scenario, .text = text, .length = length, .file = file, .err = err};
    int code = check_start(&check);
    if (code == LS_OK) {
        code = check_hop(&check);
    }
    if (code == LS_OK) {
        code = check_sites(&check);
    }
    for (size_t i = 0; i < scenario->emitter_count && code == LS_OK; i++) {
        code = check_emitter(&check, i);
    }
    for (size_t i = 0; i < scenario->train_count && code == LS_OK; i++) {
        code = check_train(&check, i);
    }
    return code;
}
