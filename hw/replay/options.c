#include "hw/replay/options.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "base/util.h"

enum { MTU_MIN = 1, MTU_MAX = 1 << 22 };

static int parse_number(const char *text, const char *what, double low, double high, double *ret,
                        struct ls_err *err) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !(value >= low && value <= high)) {
        return ls_err_set(err, LS_ERR_ARG, "'%.40s' is not a %s: from %g to %g", text, what, low,
                          high);
    }
    *ret = value;
    return LS_OK;
}

static int parse_bool(const char *text, bool *ret, struct ls_err *err) {
    bool yes = strcmp(text, "true") == 0 || strcmp(text, "1") == 0 || strcmp(text, "yes") == 0;
    bool no = strcmp(text, "false") == 0 || strcmp(text, "0") == 0 || strcmp(text, "no") == 0;
    if (!yes && !no) {
        return ls_err_set(err, LS_ERR_ARG, "'%.40s' is neither true nor false", text);
    }
    *ret = yes;
    return LS_OK;
}

static int take_file(struct ls_replay_opts *ret, const char *text, struct ls_err *err) {
    (void)err;
    ret->source.path = text;
    return LS_OK;
}

static int take_format(struct ls_replay_opts *ret, const char *text, struct ls_err *err) {
    if (!ls_format_parse(text, &ret->source.format)) {
        return ls_err_set(err, LS_ERR_ARG, "'%.40s' is not a format: cu8, ci8, ci16 or cf32", text);
    }
    return LS_OK;
}

static int take_rate(struct ls_replay_opts *ret, const char *text, struct ls_err *err) {
    return ls_hz_parse(text, "sample rate", &ret->source.rate_sps, err);
}

static int take_freq(struct ls_replay_opts *ret, const char *text, struct ls_err *err) {
    ret->source.center_given = true;
    return ls_hz_parse(text, "frequency", &ret->source.center_hz, err);
}

static int take_speed(struct ls_replay_opts *ret, const char *text, struct ls_err *err) {
    ret->as_fast_as_read = strcmp(text, "max") == 0;
    return ret->as_fast_as_read ? LS_OK
                                : parse_number(text, "speed, nor max", 1e-3, 1e3, &ret->speed, err);
}

static int take_loop(struct ls_replay_opts *ret, const char *text, struct ls_err *err) {
    return parse_bool(text, &ret->loop, err);
}

static int take_end(struct ls_replay_opts *ret, const char *text, struct ls_err *err) {
    if (strcmp(text, "lost") != 0 && strcmp(text, "silence") != 0) {
        return ls_err_set(err, LS_ERR_ARG, "'%.40s' is no end: lost or silence", text);
    }
    ret->end = strcmp(text, "lost") == 0 ? LS_REPLAY_END_LOST : LS_REPLAY_END_SILENCE;
    return LS_OK;
}

static int take_buffer(struct ls_replay_opts *ret, const char *text, struct ls_err *err) {
    int code = ls_seconds_parse(text, "buffer", &ret->buffer_s, err);
    return code != LS_OK || (ret->buffer_s >= 1e-3 && ret->buffer_s <= 60.0)
               ? code
               : ls_err_set(err, LS_ERR_ARG, "a buffer of '%.40s' is none: from 1 ms to 60 s",
                            text);
}

static int take_mtu(struct ls_replay_opts *ret, const char *text, struct ls_err *err) {
    return ls_count_parse(text, "number of samples", MTU_MIN, MTU_MAX, &ret->mtu, err);
}

static int take_ppm(struct ls_replay_opts *ret, const char *text, struct ls_err *err) {
    return parse_number(text, "clock error in ppm", -1e4, 1e4, &ret->clock_ppm, err);
}

static int take_settle(struct ls_replay_opts *ret, const char *text, struct ls_err *err) {
    int code = ls_seconds_parse(text, "settling time", &ret->settle_s, err);
    return code != LS_OK || ret->settle_s <= 60.0
               ? code
               : ls_err_set(err, LS_ERR_ARG, "a settling time of '%.40s' is beyond 60 s", text);
}

static int take_noise(struct ls_replay_opts *ret, const char *text, struct ls_err *err) {
    return parse_number(text, "level in dBFS", -200.0, 0.0, &ret->noise_dbfs, err);
}

static int take_full_scale(struct ls_replay_opts *ret, const char *text, struct ls_err *err) {
    return parse_number(text, "full scale", 1e-3, 32768.0, &ret->full_scale, err);
}

static int take_range(struct ls_replay_opts *ret, const char *text, struct ls_err *err) {
    ret->range_given = true;
    return ls_hz_range_parse(text, &ret->low_hz, &ret->high_hz, err);
}

static int take_serial(struct ls_replay_opts *ret, const char *text, struct ls_err *err) {
    (void)err;
    ret->serial = text;
    return LS_OK;
}

static int take_faults(struct ls_replay_opts *ret, const char *text, struct ls_err *err) {
    (void)err;
    ret->faults = text;
    return LS_OK;
}

static int take_fault_seed(struct ls_replay_opts *ret, const char *text, struct ls_err *err) {
    size_t seed;
    int code = ls_count_parse(text, "seed", 0, SIZE_MAX / 2, &seed, err);
    ret->chance.seed = code == LS_OK ? seed : 0;
    return code;
}

static int take_fault_rate(struct ls_replay_opts *ret, const char *text, struct ls_err *err) {
    return parse_number(text, "number of faults a second", 0.0, 1e4, &ret->chance.rate_per_s, err);
}

static int take_fault_count(struct ls_replay_opts *ret, const char *text, struct ls_err *err) {
    return ls_count_parse(text, "number of faults", 1, 1000000000, &ret->chance.count, err);
}

static int take_fault_kinds(struct ls_replay_opts *ret, const char *text, struct ls_err *err) {
    (void)err;
    ret->chance.kinds = text;
    return LS_OK;
}

static int take_truth(struct ls_replay_opts *ret, const char *text, struct ls_err *err) {
    (void)err;
    ret->truth = text;
    return LS_OK;
}

static int take_refuse(struct ls_replay_opts *ret, const char *text, struct ls_err *err) {
    (void)err;
    ret->refuse = text;
    return LS_OK;
}

static int pass_over(struct ls_replay_opts *ret, const char *text, struct ls_err *err) {
    (void)ret;
    (void)text;
    (void)err;
    return LS_OK;
}

static const struct {
    const char *key;
    int (*take)(struct ls_replay_opts *ret, const char *text, struct ls_err *err);
} rows[] = {
    {"file", take_file},
    {"format", take_format},
    {"rate", take_rate},
    {"freq", take_freq},
    {"speed", take_speed},
    {"loop", take_loop},
    {"end", take_end},
    {"buffer", take_buffer},
    {"mtu", take_mtu},
    {"clock_ppm", take_ppm},
    {"settle", take_settle},
    {"noise", take_noise},
    {"full_scale", take_full_scale},
    {"range", take_range},
    {"serial", take_serial},
    {"faults", take_faults},
    {"fault_seed", take_fault_seed},
    {"fault_rate", take_fault_rate},
    {"fault_count", take_fault_count},
    {"fault_kinds", take_fault_kinds},
    {"truth", take_truth},
    {"refuse", take_refuse},
    {"driver", pass_over},
    {"label", pass_over},
};

static int take(struct ls_replay_opts *ret, const char *key, const char *text, struct ls_err *err) {
    const char *names[LS_COUNT(rows)];
    for (size_t i = 0; i < LS_COUNT(rows); i++) {
        if (strcmp(rows[i].key, key) == 0) {
            int code = rows[i].take(ret, text, err);
            return code == LS_OK ? LS_OK : ls_err_wrap(err, "lineside-replay: %s", key);
        }
        names[i] = rows[i].key;
    }
    if (strncmp(key, "remote", 6) == 0 || strncmp(key, "soapy", 5) == 0) {
        return LS_OK;
    }
    const char *nearest = ls_nearest_word(key, names, LS_COUNT(rows));
    return ls_err_set(err, LS_ERR_ARG, "lineside-replay: unknown argument '%.40s'%s%s%s", key,
                      nearest == NULL ? ": see lineside-replay(7)" : ": did you mean '",
                      nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'?");
}

int ls_replay_options_parse(struct ls_replay_opts *ret, const char *const *keys,
                            const char *const *values, size_t count, struct ls_err *err) {
    struct ls_replay_opts opts = {
        .speed = 1.0, .buffer_s = 0.25, .noise_dbfs = -50.0, .serial = "1"};
    for (size_t i = 0; i < count; i++) {
        int code = take(&opts, keys[i], values[i], err);
        if (code != LS_OK) {
            return code;
        }
    }
    if (opts.source.path == NULL || opts.source.path[0] == '\0') {
        return ls_err_set(err, LS_ERR_ARG,
                          "lineside-replay: no recording named; add file=RECORDING");
    }
    if (opts.faults != NULL && opts.chance.rate_per_s > 0.0) {
        return ls_err_set(err, LS_ERR_ARG,
                          "lineside-replay: faults and fault_rate exclude each other");
    }
    *ret = opts;
    return LS_OK;
}
