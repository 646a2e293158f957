#include "model/line_object.h"

#include <ctype.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/time.h"
#include "base/units.h"
#include "base/util.h"
#include "model/class_names.h"

static const double hz_max = 1e12;   /* above any radio */
static const double level_max = 1e4; /* dB, either way: no receiver spans a tenth of it */
/* Times that base/time.h reads and writes: 1678-01-01 up to before 2262-01-01. */
static const int64_t time_first_ns = -INT64_C(9214560000000000000);
static const int64_t time_end_ns = INT64_C(9214646400000000000);

/* --- values of one object --- */

struct reader {
    const json_t *object;
    struct ls_err *err;
    int code; /* LS_OK until a key is wrong; nothing is read after that */
};

static void refuse(struct reader *reader, const char *key, const char *why) {
    if (reader->code == LS_OK) {
        reader->code = ls_err_set(reader->err, LS_ERR_FORMAT, "key '%s' %s", key, why);
    }
}

/* The value, or NULL when the key is absent or null. */
static const json_t *value_of(const struct reader *reader, const char *key) {
    const json_t *value = json_object_get(reader->object, key);
    return value == NULL || json_is_null(value) ? NULL : value;
}

static double number(struct reader *reader, const char *key, double low, double high,
                     bool required) {
    const json_t *value = value_of(reader, key);
    if (value == NULL) {
        if (required) {
            refuse(reader, key, "is missing");
        }
        return (double)NAN;
    }
    if (!json_is_number(value)) {
        refuse(reader, key, "must be a number");
        return (double)NAN;
    }
    double x = json_number_value(value);
    if (!(x >= low && x <= high)) {
        char range[96];
        char low_text[LS_LINE_NUMBER_BYTES];
        char high_text[LS_LINE_NUMBER_BYTES];
        ls_line_number(low, low_text);
        ls_line_number(high, high_text);
        snprintf(range, sizeof range, "must be from %s to %s", low_text, high_text);
        refuse(reader, key, range);
    }
    return x;
}

static void text(struct reader *reader, const char *key, char *ret, size_t size) {
    const json_t *value = value_of(reader, key);
    ret[0] = '\0';
    if (value == NULL) {
        return;
    }
    if (!json_is_string(value)) {
        refuse(reader, key, "must be a text");
        return;
    }
    if (json_string_length(value) >= size) {
        char why[64];
        snprintf(why, sizeof why, "is longer than %zu bytes", size - 1);
        refuse(reader, key, why);
        return;
    }
    ls_copy_text(ret, size, json_string_value(value));
    ls_text_mend(ret);
}

/* A zone or a leap second can lead out of the years that can be written. */
static void check_time(struct reader *reader, const char *key, int64_t ns) {
    if (ns < time_first_ns || ns >= time_end_ns) {
        refuse(reader, key, "must be from the year 1678 to 2261");
    }
}

static int64_t time_ns(struct reader *reader, const char *key) {
    const json_t *value = value_of(reader, key);
    int64_t ns = 0;
    struct ls_err why = {0};
    if (value == NULL) {
        refuse(reader, key, "is missing");
    } else if (!json_is_string(value)) {
        refuse(reader, key, "must be a time such as \"2026-11-20T08:00:00Z\"");
    } else if (ls_time_parse(json_string_value(value), &ns, &why) != LS_OK) {
        char line[LS_ERR_TEXT_BYTES];
        snprintf(line, sizeof line, "is no time: %s", why.text);
        refuse(reader, key, line);
    }
    check_time(reader, key, ns);
    return ns;
}

static int64_t duration_ns(struct reader *reader, int64_t start_ns) {
    double s = number(reader, "duration_s", 0.0, 1e10, true);
    int64_t ns = ls_ns_from_seconds(s);
    if (reader->code == LS_OK && ns < 1) {
        refuse(reader, "duration_s", "must be 1 ns or more");
    }
    /* Written so that neither side overflows. */
    bool past = start_ns < 0 ? start_ns + ns >= time_end_ns : ns >= time_end_ns - start_ns;
    if (reader->code == LS_OK && past) {
        refuse(reader, "duration_s", "reaches past the year 2261");
    }
    return ns;
}

static uint64_t burst_count(struct reader *reader) {
    const json_t *value = value_of(reader, "bursts");
    if (value == NULL) {
        return 0;
    }
    if (!json_is_integer(value) || json_integer_value(value) < 1) {
        refuse(reader, "bursts", "must be a whole number of 1 or more");
        return 0;
    }
    return (uint64_t)json_integer_value(value);
}

/* --- the types --- */

/* An array of known classes; what does not fit is left out, as where it was written. */
static void read_rivals(struct reader *reader, struct ls_transmission *row) {
    const json_t *rivals = value_of(reader, "class_rivals");
    const json_t *rival;
    size_t i;
    size_t used = 0;
    if (rivals == NULL) {
        return;
    }
    json_array_foreach(rivals, i, rival) {
        const char *name = json_string_value(rival);
        if (name == NULL || !ls_class_known(name)) {
            break;
        }
        if (used + strlen(name) + 2 <= sizeof row->class_rivals) {
            used += (size_t)snprintf(row->class_rivals + used, sizeof row->class_rivals - used,
                                     "%s%s", used > 0 ? "," : "", name);
        }
    }
    if (!json_is_array(rivals) || i < json_array_size(rivals)) {
        refuse(reader, "class_rivals", "must be an array of class names");
    }
}

static void read_transmission(struct reader *reader, struct ls_line *ret) {
    struct ls_transmission *row = &ret->transmission;
    text(reader, "sensor", row->sensor, sizeof row->sensor);
    row->start_ns = time_ns(reader, "start");
    row->duration_ns = duration_ns(reader, row->start_ns);
    row->center_hz = number(reader, "center_hz", -hz_max, hz_max, true);
    row->bandwidth_hz = number(reader, "bandwidth_hz", 0.0, hz_max, true);
    row->snr_db = number(reader, "snr_db", -level_max, level_max, false);
    row->level_dbfs = number(reader, "level_dbfs", -level_max, level_max, false);
    text(reader, "class", row->class_name, sizeof row->class_name);
    row->class_score = number(reader, "class_score", 0.0, 1.0, false);
    read_rivals(reader, row);
    row->offset_hz = number(reader, "offset_hz", -hz_max, hz_max, false);
    row->bursts = burst_count(reader);
    row->on_s = row->burst_s = row->period_s = (double)NAN;
}

/* All three or none: a floor whose error nobody knows says nothing. */
static void read_noise(struct reader *reader, struct ls_noise *ret) {
    ret->floor_dbfs_hz = number(reader, "floor_dbfs_hz", -level_max, level_max, false);
    ret->floor_error_db = number(reader, "floor_error_db", 0.0, level_max, false);
    ret->weakest_dbfs = number(reader, "weakest_dbfs", -level_max, level_max, false);
    bool any =
        !isnan(ret->floor_dbfs_hz) || !isnan(ret->floor_error_db) || !isnan(ret->weakest_dbfs);
    ret->known =
        !isnan(ret->floor_dbfs_hz) && !isnan(ret->floor_error_db) && !isnan(ret->weakest_dbfs);
    if (any && !ret->known) {
        refuse(reader, "floor_dbfs_hz",
               "comes with floor_error_db and weakest_dbfs, or not at all");
    }
}

static void read_observation(struct reader *reader, struct ls_line *ret) {
    struct ls_observation *row = &ret->observation;
    char state[16];
    text(reader, "sensor", row->sensor, sizeof row->sensor);
    row->start_ns = time_ns(reader, "start");
    row->stop_ns = time_ns(reader, "stop");
    row->low_hz = number(reader, "low_hz", -hz_max, hz_max, true);
    row->high_hz = number(reader, "high_hz", -hz_max, hz_max, true);
    text(reader, "state", state, sizeof state);
    text(reader, "cause", row->cause, sizeof row->cause);
    row->rate_sps = (double)NAN;
    read_noise(reader, &row->noise);
    if (state[0] != '\0' && !ls_observation_state_parse(state, &row->state)) {
        refuse(reader, "state", "must be observed, lost, retuning or off");
    }
    if (row->stop_ns <= row->start_ns) {
        refuse(reader, "stop", "must be after start");
    } else if (row->start_ns < 0 && row->stop_ns > INT64_MAX + row->start_ns) {
        refuse(reader, "stop", "must not be centuries after start");
    }
    if (row->high_hz < row->low_hz) {
        refuse(reader, "high_hz", "must not be below low_hz");
    }
}

static void read_burst(struct reader *reader, struct ls_line *ret) {
    struct ls_burst *row = &ret->burst;
    row->start_ns = time_ns(reader, "start");
    row->duration_ns = duration_ns(reader, row->start_ns);
    row->center_hz = number(reader, "center_hz", -hz_max, hz_max, true);
    row->bandwidth_hz = number(reader, "bandwidth_hz", 0.0, hz_max, true);
    row->snr_db = number(reader, "snr_db", -level_max, level_max, false);
    row->level_dbfs = number(reader, "level_dbfs", -level_max, level_max, false);
}

static void read_nothing(struct reader *reader, struct ls_line *ret) {
    (void)reader;
    (void)ret;
}

static const struct line_type {
    const char *name;
    enum ls_line_kind kind;
    void (*read)(struct reader *reader, struct ls_line *ret);
} types[] = {
    {.name = "transmission", .kind = LS_LINE_TRANSMISSION, .read = read_transmission},
    {.name = "observation", .kind = LS_LINE_OBSERVATION, .read = read_observation},
    {.name = "burst", .kind = LS_LINE_BURST, .read = read_burst},
    {.name = "finding", .kind = LS_LINE_OTHER, .read = read_nothing},
    {.name = "incident", .kind = LS_LINE_OTHER, .read = read_nothing},
};

static void read_typed(struct reader *reader, const json_t *type, struct ls_line *ret) {
    for (size_t i = 0; json_is_string(type) && i < LS_COUNT(types); i++) {
        if (strcmp(types[i].name, json_string_value(type)) == 0) {
            ret->kind = types[i].kind;
            text(reader, "label", ret->label, sizeof ret->label);
            types[i].read(reader, ret);
            return;
        }
    }
    refuse(reader, "type",
           "must be \"transmission\", \"observation\", \"burst\", \"finding\" or \"incident\"");
}

/* --- rtl_433 --- */

/* Seconds in plain decimals behind an optional "@", with an optional "s": "@0.221156s" counts from
 * the start of the recording, "1795415440.519827" from 1970. */
static bool plain_seconds(const char *p, int64_t *ret_ns) {
    int64_t s = 0;
    int digits = 0;
    for (; isdigit((unsigned char)*p) && digits <= 10; p++, digits++) {
        s = s * 10 + (*p - '0');
    }
    int64_t ns = 0;
    if (*p == '.') {
        int64_t scale = LS_NS_PER_S / 10;
        for (p++; isdigit((unsigned char)*p); p++, scale /= 10) {
            ns += (*p - '0') * scale;
        }
    }
    p += *p == 's';
    if (digits == 0 || s >= INT64_C(9000000000) || *p != '\0') {
        return false;
    }
    *ret_ns = s * LS_NS_PER_S + ns;
    return true;
}

/* "2023-01-10 23:48:37.123456" with "Z", "+0100", "+01:00" or, when its zone is told, nothing. */
static int zoned_time(const char *value, const struct ls_line_opts *opts, int64_t *ret_ns,
                      struct ls_err *err) {
    bool told = opts != NULL && opts->has_zone;
    int64_t ahead_ns = 0;
    char copy[48];
    size_t n = strlen(value);
    if (n > 40) {
        return ls_err_set(err, LS_ERR_FORMAT, "'%.40s...' is too long", value);
    }
    ls_copy_text(copy, sizeof copy, value);
    const char *zone = n > 10 ? strpbrk(value + 10, "Zz+-") : NULL;
    if (zone == NULL) {
        if (!told) {
            return ls_err_set(err, LS_ERR_FORMAT,
                              "'%s' has no zone and rtl_433 writes local time: run it with -M "
                              "time:unix:usec, or import with --assume-utc if it was UTC, --zone "
                              "if it was not",
                              value);
        }
        ahead_ns = opts->zone_s * LS_NS_PER_S;
        stpcpy(copy + n, "Z");
    } else if (strlen(zone) == 5 && strchr(zone, ':') == NULL) {
        stpcpy(stpcpy(copy + (zone - value) + 3, ":"), zone + 3);
    }
    int64_t ns;
    int code = ls_time_parse(copy, &ns, err);
    if (code == LS_OK) {
        *ret_ns = ns - ahead_ns;
    }
    return code;
}

int ls_line_time(const char *value, const struct ls_line_opts *opts, int64_t *ret_ns,
                 struct ls_err *err) {
    return plain_seconds(value, ret_ns) ? LS_OK : zoned_time(value, opts, ret_ns, err);
}

static int64_t rtl433_time(struct reader *reader, const struct ls_line_opts *opts,
                           struct ls_line *ret) {
    const json_t *value = value_of(reader, "time");
    int64_t ns = 0;
    struct ls_err why = {0};
    if (json_is_integer(value) && json_integer_value(value) >= 0 &&
        json_integer_value(value) < 9000000000) {
        return json_integer_value(value) * LS_NS_PER_S;
    }
    if (!json_is_string(value)) {
        refuse(reader, "time", "must be a time: run rtl_433 with -M time:unix:usec");
        return 0;
    }
    const char *string = json_string_value(value);
    ret->no_clock = string[0] == '@';
    if (!plain_seconds(string + ret->no_clock, &ns) &&
        zoned_time(string, opts, &ns, &why) != LS_OK) {
        char line[LS_ERR_TEXT_BYTES];
        snprintf(line, sizeof line, "is no time: %s", why.text);
        refuse(reader, "time", line);
    }
    check_time(reader, "time", ns);
    return ns;
}

static void rtl433_class(struct reader *reader, struct ls_transmission *row) {
    char mod[16];
    text(reader, "mod", mod, sizeof mod);
    const char *name = strcmp(mod, "ASK") == 0 ? "ook" : strcmp(mod, "FSK") == 0 ? "fsk" : "";
    ls_copy_text(row->class_name, sizeof row->class_name, name);
}

static void rtl433_frequency(struct reader *reader, struct ls_transmission *row) {
    const double mhz_max = hz_max / 1e6;
    double f = number(reader, "freq", 0.0, mhz_max, false);
    double f1 = number(reader, "freq1", 0.0, mhz_max, false);
    double f2 = number(reader, "freq2", 0.0, mhz_max, false);
    f1 = isnan(f1) ? f : f1;
    f2 = isnan(f2) ? f1 : f2;
    if (isnan(f1)) {
        refuse(reader, "freq", "is missing: run rtl_433 with -M level");
    }
    /* Whole Hz: a sum of MHz in binary would add digits that nobody measured. */
    row->center_hz = round((f1 + f2) / 2.0 * 1e6);
    row->bandwidth_hz = round(fabs(f2 - f1) * 1e6) + LS_LINE_NOMINAL_HZ;
}

static void read_rtl433(struct reader *reader, const struct ls_line_opts *opts,
                        struct ls_line *ret) {
    struct ls_transmission *row = &ret->transmission;
    ret->kind = LS_LINE_TRANSMISSION;
    ret->nominal = true;
    row->start_ns = rtl433_time(reader, opts, ret);
    row->duration_ns = ls_ns_from_seconds(LS_LINE_NOMINAL_MS * 1e-3);
    rtl433_frequency(reader, row);
    rtl433_class(reader, row);
    row->level_dbfs = number(reader, "rssi", -level_max, level_max, false);
    row->snr_db = number(reader, "snr", -level_max, level_max, false);
    row->class_score = row->offset_hz = row->on_s = row->burst_s = row->period_s = (double)NAN;
}

/* --- one line --- */

/* The message may quote the line, which may hold anything: it stays one line. */
static void make_printable(struct ls_err *err) {
    for (char *p = err == NULL ? NULL : err->text; p != NULL && *p != '\0'; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f) {
            *p = '?';
        }
    }
}

static int read_object(const json_t *object, const struct ls_line_opts *opts, struct ls_line *ret,
                       struct ls_err *err) {
    struct reader reader = {.object = object, .err = err, .code = LS_OK};
    if (!json_is_object(object)) {
        return ls_err_set(err, LS_ERR_FORMAT, "not a JSON object");
    }
    const json_t *type = json_object_get(object, "type");
    bool rtl433 = json_object_get(object, "time") != NULL &&
                  (type == NULL || json_object_get(object, "model") != NULL);
    if (rtl433) {
        read_rtl433(&reader, opts, ret);
    } else if (type == NULL) {
        refuse(&reader, "type", "is missing");
    } else {
        read_typed(&reader, type, ret);
    }
    return reader.code;
}

int ls_line_read(const json_t *object, struct ls_line *ret, struct ls_err *err) {
    struct reader reader = {.object = object, .err = err, .code = LS_OK};
    struct ls_line parsed = {0};
    read_typed(&reader, json_object_get(object, "type"), &parsed);
    if (reader.code == LS_OK) {
        *ret = parsed;
    } else {
        make_printable(err);
    }
    return reader.code;
}

int ls_line_parse(const char *line, size_t length, const struct ls_line_opts *opts,
                  struct ls_line *ret, struct ls_err *err) {
    if (length > LS_LINE_MAX_BYTES) {
        return ls_err_set(err, LS_ERR_FORMAT, "longer than %d bytes", (int)LS_LINE_MAX_BYTES);
    }
    json_error_t problem;
    json_t *object = json_loadb(line, length, JSON_REJECT_DUPLICATES, &problem);
    if (object == NULL) {
        /* jansson quotes the input behind " near"; it may be anything, so it is not repeated. */
        char *near = strstr(problem.text, " near");
        if (near != NULL) {
            *near = '\0';
        }
        return ls_err_set(err, LS_ERR_FORMAT, "not JSON: %s at byte %d", problem.text,
                          problem.position);
    }
    struct ls_line parsed = {0};
    int code = read_object(object, opts, &parsed, err);
    json_decref(object);
    if (code == LS_OK) {
        *ret = parsed;
    } else {
        make_printable(err);
    }
    return code;
}
