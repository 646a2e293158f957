#include "survey/settings.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "survey/schedule.h"
#include "survey/search.h"

enum {
    TEXTS_MAX = 8 + LS_RECEIVER_GAINS_MAX,
    SPURS_MAX = 256,
    RING_SECONDS = 2,
    RING_LEAST_BYTES = 1 << 20,
    RING_MOST_BYTES = 64 << 20,
    QUEUE_ROWS = 200000,
};

static const double DWELL_S = 10.0;
static const double DWELL_LEAST_S = 0.1;
static const double SETTLE_S = 0.02;
static const double DEADLINE_S = 10.0;
static const double REOPEN_LEAST_S = 1.0;
static const double REOPEN_MOST_S = 60.0;
static const double COMMIT_S = 0.5;
static const double COMMIT_MOST_S = 1.0;
static const double FALSE_ALARMS = 10.0; /* as survey/analyse.c */

struct ls_settings {
    struct ls_sensor_opts opts;
    atomic_int users;
    double centers_hz[LS_SCHEDULE_MAX];
    double spurs_hz[SPURS_MAX];
    struct ls_receiver_gain gains[LS_RECEIVER_GAINS_MAX];
    char *texts[TEXTS_MAX]; /* copies that opts points to */
    size_t text_count;
};

static double or_default(double value, double otherwise) { return value > 0.0 ? value : otherwise; }

static int check_times(const struct ls_sensor_opts *o, struct ls_err *err) {
    if (!(o->dwell_s >= 0.0) || (o->dwell_s > 0.0 && o->dwell_s < DWELL_LEAST_S) ||
        o->dwell_s > 86400.0) {
        return ls_err_set(err, LS_ERR_ARG, "a dwell of %g s: give 0.1 s to 86400 s", o->dwell_s);
    }
    if (!(o->settle_s >= 0.0) || o->settle_s > 10.0) {
        return ls_err_set(err, LS_ERR_ARG, "a settle time of %g s: give 0 to 10 s", o->settle_s);
    }
    if (!(o->commit_s >= 0.0) || o->commit_s > COMMIT_MOST_S) {
        return ls_err_set(err, LS_ERR_ARG, "%g s between commits: give up to 1 s", o->commit_s);
    }
    if (!(o->call_deadline_s >= 0.0) || !(o->reopen_least_s >= 0.0) || !(o->reopen_most_s >= 0.0)) {
        return ls_err_set(err, LS_ERR_ARG, "a deadline or a wait of the receiver below 0 s");
    }
    return LS_OK;
}

static int check(const struct ls_sensor_opts *o, struct ls_err *err) {
    if (o->sensor == NULL || o->sensor[0] == '\0' || strlen(o->sensor) >= LS_SENSOR_BYTES) {
        return ls_err_set(err, LS_ERR_ARG, "a sensor needs a name of 1 to %d bytes",
                          LS_SENSOR_BYTES - 1);
    }
    if (o->receiver.args == NULL) {
        return ls_err_set(err, LS_ERR_ARG, "sensor '%s' names no receiver", o->sensor);
    }
    if (!(o->receiver.rate_sps > 0.0)) {
        return ls_err_set(err, LS_ERR_ARG, "sensor '%s' has no sample rate", o->sensor);
    }
    if (o->center_count > LS_SCHEDULE_MAX) {
        return ls_err_set(err, LS_ERR_ARG, "%zu tunings are too many: give %d at most",
                          o->center_count, LS_SCHEDULE_MAX);
    }
    if (o->spur_count > SPURS_MAX) {
        return ls_err_set(err, LS_ERR_ARG, "%zu known spurs are too many: give %d at most",
                          o->spur_count, SPURS_MAX);
    }
    if (o->receiver.gain_count > LS_RECEIVER_GAINS_MAX) {
        return ls_err_set(err, LS_ERR_ARG, "%zu gain elements are too many: give %d at most",
                          o->receiver.gain_count, LS_RECEIVER_GAINS_MAX);
    }
    if (o->threads > LS_THREADS_MAX) {
        return ls_err_set(err, LS_ERR_ARG, "%zu search threads: give 1 to %d", o->threads,
                          LS_THREADS_MAX);
    }
    if (!(o->false_alarms_per_day >= 0.0) || !(o->channel_hz >= 0.0)) {
        return ls_err_set(err, LS_ERR_ARG, "false alarms a day or a channel spacing below 0");
    }
    return check_times(o, err);
}

/* A copy that lives as long as the settings. */
static int keep_text(struct ls_settings *settings, const char **text) {
    if (*text == NULL) {
        return LS_OK;
    }
    char *copy = strdup(*text);
    if (copy == NULL) {
        return LS_ERR_NOMEM;
    }
    settings->texts[settings->text_count++] = copy;
    *text = copy;
    return LS_OK;
}

static int keep_texts(struct ls_settings *settings) {
    struct ls_sensor_opts *o = &settings->opts;
    const char **const texts[] = {&o->sensor,
                                  &o->database,
                                  &o->receiver.args,
                                  &o->receiver.antenna,
                                  &o->receiver.clock_source,
                                  &o->receiver.time_source};
    int code = keep_text(settings, &o->label);
    if (code == LS_OK) {
        code = keep_text(settings, &o->calibration);
    }
    for (size_t i = 0; i < LS_COUNT(texts) && code == LS_OK; i++) {
        code = keep_text(settings, texts[i]);
    }
    for (size_t i = 0; i < o->receiver.gain_count && code == LS_OK; i++) {
        code = keep_text(settings, &settings->gains[i].element);
    }
    return code;
}

static size_t ring_bytes(const struct ls_sensor_opts *o) {
    size_t sample = ls_format_bytes(o->receiver.format);
    double bytes = RING_SECONDS * o->receiver.rate_sps * (double)(sample > 0 ? sample : 4);
    return (size_t)fmin(fmax(bytes, RING_LEAST_BYTES), RING_MOST_BYTES);
}

static void fill_defaults(struct ls_sensor_opts *o) {
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t threads = processors > 0 ? (size_t)processors : 1;
    o->threads = o->threads > 0 ? o->threads : threads;
    o->threads = o->threads < LS_THREADS_MAX ? o->threads : LS_THREADS_MAX;
    o->dwell_s = or_default(o->dwell_s, DWELL_S);
    o->settle_s = or_default(o->settle_s, SETTLE_S);
    o->false_alarms_per_day = or_default(o->false_alarms_per_day, FALSE_ALARMS);
    o->call_deadline_s = or_default(o->call_deadline_s, DEADLINE_S);
    o->reopen_least_s = or_default(o->reopen_least_s, REOPEN_LEAST_S);
    o->reopen_most_s = or_default(o->reopen_most_s, REOPEN_MOST_S);
    o->commit_s = or_default(o->commit_s, COMMIT_S);
    o->ring_bytes = o->ring_bytes > 0 ? o->ring_bytes : ring_bytes(o);
    o->queue_rows = o->queue_rows > 0 ? o->queue_rows : QUEUE_ROWS;
}

int ls_settings_create(struct ls_settings **ret, const struct ls_sensor_opts *opts,
                       struct ls_err *err) {
    int code = check(opts, err);
    if (code != LS_OK) {
        return code;
    }
    struct ls_settings *settings = calloc(1, sizeof *settings);
    if (settings == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for the settings of a sensor");
    }
    atomic_init(&settings->users, 1);
    struct ls_sensor_opts *o = &settings->opts;
    *o = *opts;
    ls_plan_hold(o->plan);
    bool hops = o->center_count > 0 && o->centers_hz != NULL;
    o->center_count = hops ? o->center_count : 1;
    memcpy(settings->centers_hz, hops ? o->centers_hz : &o->receiver.center_hz,
           o->center_count * sizeof *settings->centers_hz);
    o->centers_hz = settings->centers_hz;
    if (o->spur_count > 0) {
        memcpy(settings->spurs_hz, o->spurs_hz, o->spur_count * sizeof *settings->spurs_hz);
    }
    o->spurs_hz = settings->spurs_hz;
    if (o->receiver.gain_count > 0) {
        memcpy(settings->gains, o->receiver.gains,
               o->receiver.gain_count * sizeof *settings->gains);
    }
    o->receiver.gains = settings->gains;
    fill_defaults(o);
    struct ls_run run = {0};
    code = keep_texts(settings);
    if (code != LS_OK) {
        ls_err_set(err, code, "out of memory for the settings of a sensor");
    }
    if (code == LS_OK) {
        ls_settings_describe(settings, &run);
        if (run.options[0] == '\0') {
            code = ls_err_set(err, LS_ERR_ARG,
                              "%zu tunings and %zu known spurs do not fit the record of a run; "
                              "name fewer",
                              o->center_count, o->spur_count);
        }
    }
    if (code != LS_OK) {
        ls_settings_drop(settings);
        return code;
    }
    *ret = settings;
    return LS_OK;
}

const struct ls_sensor_opts *ls_settings_opts(const struct ls_settings *settings) {
    return &settings->opts;
}

struct ls_settings *ls_settings_hold(struct ls_settings *settings) {
    atomic_fetch_add(&settings->users, 1);
    return settings;
}

void ls_settings_drop(struct ls_settings *settings) {
    if (settings == NULL || atomic_fetch_sub(&settings->users, 1) > 1) {
        return;
    }
    for (size_t i = 0; i < settings->text_count; i++) {
        free(settings->texts[i]);
    }
    ls_plan_destroy(settings->opts.plan);
    free(settings);
}

bool ls_settings_new_run(const struct ls_settings *a, const struct ls_settings *b) {
    struct ls_run x = {0};
    struct ls_run y = {0};
    ls_settings_describe(a, &x);
    ls_settings_describe(b, &y);
    return strcmp(x.options, y.options) != 0 || strcmp(x.plan, y.plan) != 0 ||
           strcmp(x.label, y.label) != 0 || !ls_plan_same(a->opts.plan, b->opts.plan) ||
           ls_settings_reopen(a, b);
}

static bool same_text(const char *a, const char *b) {
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_gains(const struct ls_receiver_opts *a, const struct ls_receiver_opts *b) {
    bool same = a->gain_count == b->gain_count;
    for (size_t i = 0; i < a->gain_count && same; i++) {
        same = strcmp(a->gains[i].element, b->gains[i].element) == 0 &&
               a->gains[i].db == b->gains[i].db;
    }
    return same;
}

bool ls_settings_reopen(const struct ls_settings *a, const struct ls_settings *b) {
    const struct ls_receiver_opts *x = &a->opts.receiver;
    const struct ls_receiver_opts *y = &b->opts.receiver;
    return !same_text(x->args, y->args) || x->channel != y->channel || x->rate_sps != y->rate_sps ||
           x->bandwidth_hz != y->bandwidth_hz || x->format != y->format ||
           !same_text(x->antenna, y->antenna) || x->automatic_gain != y->automatic_gain ||
           x->gain_given != y->gain_given || !same_gains(x, y) || x->ppm != y->ppm ||
           x->bias_tee != y->bias_tee || !same_text(x->clock_source, y->clock_source) ||
           !same_text(x->time_source, y->time_source);
}

static json_t *list(const double *values, size_t count) {
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(array, json_real(values[i]));
    }
    return array;
}

/* Every option that can change rows; gain changes levels, and rows say at what gain by their run.
 */
static char *options_text(const struct ls_sensor_opts *o) {
    json_t *json =
        json_pack("{s:f, s:f, s:o, s:f, s:o}", "channel_hz", o->channel_hz, "false_alarms_per_day",
                  o->false_alarms_per_day, "spurs_hz", list(o->spurs_hz, o->spur_count), "rate_sps",
                  o->receiver.rate_sps, "centers_hz", list(o->centers_hz, o->center_count));
    if (json == NULL) {
        return NULL;
    }
    if (o->taps > 0) {
        json_object_set_new(json, "taps", json_integer((json_int_t)o->taps));
    }
    if (o->calibration != NULL) {
        json_object_set_new(json, "calibration", json_string(o->calibration));
    }
    if (o->center_count > 1) {
        json_object_set_new(json, "dwell_s", json_real(o->dwell_s));
        json_object_set_new(json, "settle_s", json_real(o->settle_s));
        json_object_set_new(json, "seed", json_integer((json_int_t)o->seed));
    }
    if (o->receiver.gain_given) {
        json_object_set_new(json, "gain_db", json_real(o->receiver.gain_db));
    }
    char *text = json_dumps(json, JSON_SORT_KEYS | JSON_COMPACT | JSON_REAL_PRECISION(12));
    json_decref(json);
    return text;
}

void ls_settings_describe(const struct ls_settings *settings, struct ls_run *ret) {
    const struct ls_sensor_opts *o = &settings->opts;
    ls_copy_text(ret->sensor, sizeof ret->sensor, o->sensor);
    ls_copy_text(ret->verb, sizeof ret->verb, "watch");
    ls_copy_text(ret->label, sizeof ret->label, o->label == NULL ? "" : o->label);
    ls_copy_text(ret->version, sizeof ret->version, LS_VERSION);
    LS_AUTO(char) text = options_text(o);
    bool fits = text != NULL && strlen(text) < sizeof ret->options;
    ls_copy_text(ret->options, sizeof ret->options, fits ? text : "");
    if (o->plan != NULL) {
        snprintf(ret->plan, sizeof ret->plan, "%.100s/%u", o->plan->name, o->plan->version);
    }
}
