/* What only shows between the values of a configuration, and lists turned into numbers. */
#include <arpa/inet.h>
#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "base/util.h"
#include "model/calibration.h"
#include "model/class_names.h"
#include "model/config.h"

static size_t index_of(const char *path) {
    size_t count;
    const struct ls_config_key *keys = ls_config_keys(&count);
    for (size_t i = 0; i < count; i++) {
        size_t n = strlen(keys[i].section);
        if (strncmp(path, keys[i].section, n) == 0 && path[n] == '.' &&
            strcmp(path + n + 1, keys[i].name) == 0) {
            return i;
        }
    }
    assert(false); /* a key that is not in the table */
    return 0;
}

/* "'lineside.yaml' line 7: 'survey.bands': " before the text that is in err. */
static int blame(const struct ls_config *config, const char *path, struct ls_err *err) {
    char origin[128];
    size_t i = index_of(path);
    ls_config_origin(config, i, origin, sizeof origin);
    const char *line = strstr(origin, " line ");
    if (line != NULL) {
        ls_err_wrap(err, "'%s'%s: '%s'", config->file, line, path);
    } else if (strcmp(origin, "default") == 0) {
        ls_err_wrap(err, "'%s'", path);
    } else {
        ls_err_wrap(err, "'%s' (%s)", path, origin);
    }
    return LS_ERR_FORMAT;
}

__attribute__((format(printf, 4, 5))) static int complain(const struct ls_config *config,
                                                          const char *path, struct ls_err *err,
                                                          const char *format, ...) {
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    struct ls_err local;
    err = err == NULL ? &local : err;
    ls_err_set(err, LS_ERR_FORMAT, "%s", text);
    return blame(config, path, err);
}

/* --- lists --- */

static int take_range(struct ls_config *config, const char *path, const char *text,
                      struct ls_config_range *ret, struct ls_err *err) {
    const struct ls_band *band = NULL;
    *ret = (struct ls_config_range){.name = text};
    if (strchr(text, ':') != NULL) {
        struct ls_err local;
        err = err == NULL ? &local : err;
        int code = ls_hz_range_parse(text, &ret->low_hz, &ret->high_hz, err);
        if (code == LS_OK && ret->low_hz == ret->high_hz) {
            return complain(config, path, err, "range %s has no width", text);
        }
        return code == LS_OK ? LS_OK : blame(config, path, err);
    }
    if (config->plan == NULL) {
        return complain(config, path, err,
                        "'%.60s' is no range, and without 'survey.plan' there are no bands: write "
                        "LO:HI as 876M:880M, or name a plan",
                        text);
    }
    band = ls_plan_band(config->plan, text);
    if (band == NULL) {
        LS_AUTO(const char *) names = calloc(config->plan->band_count, sizeof *names);
        for (size_t i = 0; names != NULL && i < config->plan->band_count; i++) {
            names[i] = config->plan->bands[i].name;
        }
        const char *near =
            names == NULL ? NULL : ls_nearest_word(text, names, config->plan->band_count);
        return complain(config, path, err, "plan '%s' has no band '%.60s'%s%s%s",
                        config->plan->name, text,
                        near == NULL ? ": 'lineside plan show' lists them" : "; did you mean '",
                        near == NULL ? "" : near, near == NULL ? "" : "'?");
    }
    ret->low_hz = band->low_hz;
    ret->high_hz = band->high_hz;
    return LS_OK;
}

static int take_ranges(struct ls_config *config, const char *path,
                       const struct ls_config_list *list, struct ls_config_range **ret,
                       size_t *ret_count, struct ls_err *err) {
    if (list->count == 0) {
        return LS_OK;
    }
    *ret = calloc(list->count, sizeof **ret);
    if (*ret == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    int code = LS_OK;
    for (size_t i = 0; i < list->count && code == LS_OK; i++) {
        code = take_range(config, path, list->items[i], &(*ret)[i], err);
    }
    *ret_count = list->count;
    return code;
}

static int take_frequencies(struct ls_config *config, const char *path,
                            const struct ls_config_list *list, double **ret, size_t *ret_count,
                            struct ls_err *err) {
    if (list->count == 0) {
        return LS_OK;
    }
    *ret = calloc(list->count, sizeof **ret);
    if (*ret == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    struct ls_err local;
    err = err == NULL ? &local : err;
    for (size_t i = 0; i < list->count; i++) {
        if (ls_hz_parse(list->items[i], "frequency", &(*ret)[i], err) != LS_OK) {
            return blame(config, path, err);
        }
    }
    *ret_count = list->count;
    return LS_OK;
}

static int take_gains(struct ls_config *config, struct ls_err *err) {
    const struct ls_config_list *list = &config->receiver.gains;
    if (list->count == 0) {
        return LS_OK;
    }
    config->gains = calloc(list->count, sizeof *config->gains);
    if (config->gains == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    for (size_t i = 0; i < list->count; i++) {
        struct ls_config_gain *gain = &config->gains[i];
        const char *equals = strchr(list->items[i], '=');
        size_t n = equals == NULL ? 0 : (size_t)(equals - list->items[i]);
        if (n == 0 || n >= sizeof gain->element ||
            ls_quantity_parse(equals + 1, "gain", "dB", &gain->db, NULL) != LS_OK) {
            return complain(config, "receiver.gains", err, "'%.60s' is no gain: write LNA=16dB",
                            list->items[i]);
        }
        memcpy(gain->element, list->items[i], n);
    }
    config->gain_count = list->count;
    return LS_OK;
}

static int take_lists(struct ls_config *config, struct ls_err *err) {
    int code = take_ranges(config, "survey.bands", &config->survey.bands, &config->ranges,
                           &config->range_count, err);
    if (code == LS_OK) {
        code = take_ranges(config, "snippets.bands", &config->snippets.bands,
                           &config->snippet_ranges, &config->snippet_range_count, err);
    }
    if (code == LS_OK) {
        code = take_frequencies(config, "detector.spurs_hz", &config->detector.spurs_hz,
                                &config->spurs_hz, &config->spur_count, err);
    }
    if (code == LS_OK) {
        code = take_frequencies(config, "health.reference_hz", &config->health.reference_hz,
                                &config->references_hz, &config->reference_count, err);
    }
    return code == LS_OK ? take_gains(config, err) : code;
}

/* --- rules --- */

static int check_given(const struct ls_config *config, struct ls_err *err) {
    size_t count;
    const struct ls_config_key *keys = ls_config_keys(&count);
    for (size_t i = 0; i < count; i++) {
        LS_AUTO(char) text = ls_config_value(config, i);
        if (text == NULL) {
            return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
        }
        if (text[0] == '\0') {
            return ls_err_set(err, LS_ERR_FORMAT, "'%s': key '%s.%s' is missing",
                              config->file == NULL ? "command line" : config->file, keys[i].section,
                              keys[i].name);
        }
    }
    return LS_OK;
}

/* Indices of the choices of 'detector.mode' and 'detector.taps'. */
enum { PLAIN_TRANSFORMS = 1, USUAL_TAPS = 1 };

static int check_detector(const struct ls_config *config, struct ls_err *err) {
    if (config->detector.mode == PLAIN_TRANSFORMS && config->detector.taps != USUAL_TAPS) {
        return complain(config, "detector.taps", err,
                        "says nothing in mode stft; write 'mode: bank', or leave it out");
    }
    return LS_OK;
}

size_t ls_config_taps(const struct ls_config *config) {
    static const size_t taps[] = {4, 0, 12};
    return config->detector.mode == PLAIN_TRANSFORMS ? 1 : taps[config->detector.taps];
}

static int check_survey(const struct ls_config *config, struct ls_err *err) {
    bool hop = config->survey.mode == LS_CONFIG_HOP;
    bool centre = !isnan(config->survey.center_hz);
    bool bands = config->survey.bands.count > 0;
    if (!hop && !centre) {
        return complain(config, "survey.center_hz", err,
                        "is missing: mode fixed needs a frequency such as 878M");
    }
    if (!hop && bands) {
        return complain(config, "survey.bands", err,
                        "says nothing in mode fixed; write 'mode: hop', or leave it out");
    }
    if (hop && !bands) {
        return complain(config, "survey.bands", err,
                        "is missing: mode hop needs bands such as [876M:880M]");
    }
    if (hop && centre) {
        return complain(config, "survey.center_hz", err,
                        "says nothing in mode hop; write 'mode: fixed', or leave it out");
    }
    if (config->survey.settle_s >= config->survey.dwell_s) {
        return complain(config, "survey.settle_s", err, "is not shorter than 'survey.dwell_s'");
    }
    return LS_OK;
}

static int check_receiver(const struct ls_config *config, struct ls_err *err) {
    bool set = !isnan(config->receiver.gain_db) || config->receiver.gains.count > 0;
    if (config->receiver.automatic_gain && set) {
        return complain(config, "receiver.automatic_gain", err,
                        "goes with neither 'gain_db' nor 'gains': leave one out");
    }
    struct ls_calibration calibration;
    struct ls_err why;
    const char *text = config->receiver.calibration;
    if (text != NULL && config->receiver.automatic_gain) {
        return complain(config, "receiver.calibration", err,
                        "holds at one gain: it goes not with 'automatic_gain'");
    }
    if (text != NULL && ls_calibration_parse(text, &calibration, &why) != LS_OK) {
        return complain(config, "receiver.calibration", err, "%s", why.text);
    }
    if (config->receiver.reopen_min_s > config->receiver.reopen_max_s) {
        return complain(config, "receiver.reopen_min_s", err, "is above 'receiver.reopen_max_s'");
    }
    if (isnan(config->sensor.latitude_deg) != isnan(config->sensor.longitude_deg)) {
        return complain(config, "sensor.latitude_deg", err, "goes with 'sensor.longitude_deg'");
    }
    return LS_OK;
}

/* Each warning comes before its failure. */
static int check_thresholds(const struct ls_config *config, struct ls_err *err) {
    const struct {
        const char *path;
        double first, second;
    } rows[] = {
        {"health.clip_warn", config->health.clip_warn, config->health.clip_fail},
        {"health.temperature_warn", config->health.temperature_warn,
         config->health.temperature_fail},
        {"health.disk_warn_bytes", -config->health.disk_warn_bytes,
         -config->health.disk_fail_bytes},
        {"health.queue_warn", config->health.queue_warn, config->health.queue_fail},
        {"health.clock_warn_s", config->health.clock_warn_s, config->health.clock_fail_s},
        {"health.memory_warn_bytes", config->health.memory_warn_bytes,
         config->health.memory_fail_bytes},
    };
    for (size_t i = 0; i < LS_COUNT(rows); i++) {
        if (rows[i].first > rows[i].second) {
            return complain(config, rows[i].path, err,
                            "comes after the failure that it should warn of");
        }
    }
    return LS_OK;
}

/* An address of this machine only: metrics and health are nobody else's business, and what serves
 * them further (a tunnel, a proxy with a password) is for the operator to choose. */
static int check_listen(const struct ls_config *config, struct ls_err *err) {
    const char *text = config->metrics.listen;
    const char *colon = text == NULL ? NULL : strrchr(text, ':');
    size_t port = 0;
    char host[64] = "";
    struct in_addr v4;
    if (text == NULL) {
        return LS_OK;
    }
    if (colon != NULL && (size_t)(colon - text) < sizeof host) {
        memcpy(host, text, (size_t)(colon - text));
    }
    bool loopback = strcmp(host, "[::1]") == 0 ||
                    (inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127);
    if (!loopback || ls_count_parse(colon + 1, "port", 0, 65535, &port, NULL) != LS_OK) {
        return complain(config, "metrics.listen", err,
                        "'%s' is not loopback and a port: write 127.0.0.1:9477 or [::1]:9477",
                        text);
    }
    return LS_OK;
}

static int check_snippets(const struct ls_config *config, struct ls_err *err) {
    size_t count;
    const char *const *names = ls_class_names(&count);
    for (size_t i = 0; i < config->snippets.classes.count; i++) {
        const char *word = config->snippets.classes.items[i];
        if (!ls_class_known(word)) {
            const char *near = ls_nearest_word(word, names, count);
            return complain(config, "snippets.classes", err, "there is no class '%.60s'%s%s%s",
                            word, near == NULL ? "" : "; did you mean '", near == NULL ? "" : near,
                            near == NULL ? "" : "'?");
        }
    }
    if (config->snippets.enabled && config->snippets.case_id == NULL) {
        return complain(config, "snippets.enabled", err,
                        "raw I/Q can hold content: name the case in 'snippets.case_id'");
    }
    if (config->snippets.enabled && isnan(config->snippets.quota_bytes)) {
        return complain(config, "snippets.enabled", err,
                        "raw I/Q needs a limit: set 'snippets.quota_bytes'");
    }
    return LS_OK;
}

static int load_plan(struct ls_config *config, struct ls_err *err) {
    if (config->survey.plan == NULL) {
        return LS_OK;
    }
    struct ls_err local;
    err = err == NULL ? &local : err;
    int code = ls_plan_load(&config->plan, config->survey.plan, err);
    return code == LS_OK || code == LS_ERR_NOMEM ? code : blame(config, "survey.plan", err);
}

int ls_config_check(struct ls_config *config, struct ls_err *err) {
    static int (*const rules[])(const struct ls_config *, struct ls_err *) = {
        check_given,      check_receiver, check_survey,   check_detector,
        check_thresholds, check_listen,   check_snippets,
    };
    int code = LS_OK;
    for (size_t i = 0; i < LS_COUNT(rules) && code == LS_OK; i++) {
        code = rules[i](config, err);
    }
    if (code == LS_OK) {
        code = load_plan(config, err);
    }
    return code == LS_OK ? take_lists(config, err) : code;
}
