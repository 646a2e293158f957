#include "model/csv_log.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "model/line_object.h"

enum {
    COLUMNS_MAX = 256,
};

enum form { FORM_TIME, FORM_TIME_UTC, FORM_NUMBER, FORM_COUNT, FORM_TEXT, FORM_MODULATION };

/* What a column can be. Where several columns of a log fit one key, the first row here wins. */
static const struct meaning {
    const char *column;
    const char *key;
    enum form form;
    double scale; /* to the unit of the key */
} meanings[] = {
    {"start", "start", FORM_TIME, 0.0},
    {"epoch_s", "start", FORM_TIME, 0.0},
    {"epoch", "start", FORM_TIME, 0.0},
    {"unix", "start", FORM_TIME, 0.0},
    {"time_utc", "start", FORM_TIME_UTC, 0.0},
    {"time", "start", FORM_TIME, 0.0},
    {"timestamp", "start", FORM_TIME, 0.0},
    {"datetime", "start", FORM_TIME, 0.0},
    {"date_time", "start", FORM_TIME, 0.0},
    {"time_local", "start", FORM_TIME, 0.0},
    {"stop", "stop", FORM_TIME, 0.0},
    {"duration_s", "duration_s", FORM_NUMBER, 1.0},
    {"duration_ms", "duration_s", FORM_NUMBER, 1e-3},
    {"center_hz", "center_hz", FORM_NUMBER, 1.0},
    {"freq_hz", "center_hz", FORM_NUMBER, 1.0},
    {"frequency_hz", "center_hz", FORM_NUMBER, 1.0},
    {"freq_mhz", "center_hz", FORM_NUMBER, 1e6},
    {"frequency_mhz", "center_hz", FORM_NUMBER, 1e6},
    {"freq", "center_hz", FORM_NUMBER, 1e6},
    {"freq1_mhz", "center_hz", FORM_NUMBER, 1e6},
    {"freq1", "center_hz", FORM_NUMBER, 1e6},
    {"freq2_mhz", "second_hz", FORM_NUMBER, 1e6},
    {"freq2", "second_hz", FORM_NUMBER, 1e6},
    {"bandwidth_hz", "bandwidth_hz", FORM_NUMBER, 1.0},
    {"bandwidth_khz", "bandwidth_hz", FORM_NUMBER, 1e3},
    {"snr_db", "snr_db", FORM_NUMBER, 1.0},
    {"snr", "snr_db", FORM_NUMBER, 1.0},
    {"level_dbfs", "level_dbfs", FORM_NUMBER, 1.0},
    {"rssi_db", "level_dbfs", FORM_NUMBER, 1.0},
    {"rssi", "level_dbfs", FORM_NUMBER, 1.0},
    {"class", "class", FORM_TEXT, 0.0},
    {"mod", "class", FORM_MODULATION, 0.0},
    {"offset_hz", "offset_hz", FORM_NUMBER, 1.0},
    {"bursts", "bursts", FORM_COUNT, 0.0},
    {"sensor", "sensor", FORM_TEXT, 0.0},
    {"low_hz", "low_hz", FORM_NUMBER, 1.0},
    {"high_hz", "high_hz", FORM_NUMBER, 1.0},
    {"state", "state", FORM_TEXT, 0.0},
    {"cause", "cause", FORM_TEXT, 0.0},
};

struct ls_csv_log {
    struct ls_line_opts opts;
    const struct meaning *columns[COLUMNS_MAX]; /* NULL: left out */
    size_t column_count;
    size_t left_out;
    bool observations;
    char *field; /* [LS_LINE_MAX_BYTES + 1] */
};

/* --- fields --- */

/* The next field of [*p, end), unquoted into field[length + 1]; *p moves past its comma, and is
 * NULL behind the last field. False: a quote is not closed, or text follows it. */
static bool next_field(const char **p, const char *end, char *field) {
    const char *in = *p;
    char *out = field;
    bool ok = true;
    if (in < end && *in == '"') {
        for (in++; in < end && (*in != '"' || (in + 1 < end && in[1] == '"')); in++) {
            in += *in == '"';
            *out++ = *in;
        }
        ok = in < end;
        in += ok;
    }
    while (in < end && *in != ',') {
        *out++ = *in++;
    }
    while (out > field && isspace((unsigned char)out[-1])) {
        out--;
    }
    *out = '\0';
    *p = in < end ? in + 1 : NULL;
    return ok && strlen(field) == (size_t)(out - field);
}

static const struct meaning *meaning_of(const char *name) {
    for (size_t i = 0; i < LS_COUNT(meanings); i++) {
        if (strcasecmp(meanings[i].column, name) == 0) {
            return &meanings[i];
        }
    }
    return NULL;
}

static size_t column_of(const struct ls_csv_log *log, const char *key) {
    for (size_t i = 0; i < log->column_count; i++) {
        if (log->columns[i] != NULL && strcmp(log->columns[i]->key, key) == 0) {
            return i;
        }
    }
    return COLUMNS_MAX;
}

/* Of two columns for one key the one that comes first in the table stays. */
static void add_column(struct ls_csv_log *log, const char *name) {
    const struct meaning *meaning = meaning_of(name);
    size_t other = meaning == NULL ? COLUMNS_MAX : column_of(log, meaning->key);
    if (other < COLUMNS_MAX && log->columns[other] <= meaning) {
        meaning = NULL;
    } else if (other < COLUMNS_MAX) {
        log->columns[other] = NULL;
        log->left_out++;
    }
    log->left_out += meaning == NULL;
    log->columns[log->column_count++] = meaning;
}

static int read_heading(struct ls_csv_log *log, const char *text, size_t length,
                        struct ls_err *err) {
    const char *p = text;
    while (p != NULL) {
        if (log->column_count == COLUMNS_MAX || !next_field(&p, text + length, log->field)) {
            return ls_err_set(err, LS_ERR_FORMAT, "the first line is no heading of columns");
        }
        const char *name = log->field;
        add_column(log, name + strspn(name, " \t"));
    }
    if (column_of(log, "start") == COLUMNS_MAX) {
        return ls_err_set(err, LS_ERR_FORMAT,
                          "no column names a time: one of start, epoch_s, time_utc, time");
    }
    bool center = column_of(log, "center_hz") < COLUMNS_MAX;
    log->observations = !center && column_of(log, "low_hz") < COLUMNS_MAX &&
                        column_of(log, "high_hz") < COLUMNS_MAX &&
                        column_of(log, "stop") < COLUMNS_MAX;
    if (!center && !log->observations && !(log->opts.center_hz > 0.0)) {
        return ls_err_set(err, LS_ERR_FORMAT,
                          "no column names a frequency: one of center_hz, freq_hz, freq_mhz, freq; "
                          "or give --freq");
    }
    return LS_OK;
}

int ls_csv_log_create(struct ls_csv_log **ret, const char *heading, size_t length,
                      const struct ls_line_opts *opts, struct ls_err *err) {
    struct ls_csv_log *log = calloc(1, sizeof *log);
    if (log == NULL || (log->field = malloc(LS_LINE_MAX_BYTES + 1)) == NULL) {
        ls_csv_log_destroy(log);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    if (opts != NULL) {
        log->opts = *opts;
    }
    int code = length > LS_LINE_MAX_BYTES
                   ? ls_err_set(err, LS_ERR_FORMAT, "longer than %d bytes", (int)LS_LINE_MAX_BYTES)
                   : read_heading(log, heading, length, err);
    if (code != LS_OK) {
        ls_csv_log_destroy(log);
        return code;
    }
    *ret = log;
    return LS_OK;
}

void ls_csv_log_destroy(struct ls_csv_log *log) {
    if (log != NULL) {
        free(log->field);
        free(log);
    }
}

size_t ls_csv_log_left_out(const struct ls_csv_log *log) { return log->left_out; }

/* --- rows --- */

static int refuse_field(const struct meaning *meaning, const char *why, struct ls_err *err) {
    return ls_err_set(err, LS_ERR_FORMAT, "column '%s' %s", meaning->column, why);
}

/* As JSON writes numbers, whatever the locale; "nan" and "inf" are none. */
static int read_number(const struct meaning *meaning, const char *text, json_t **ret,
                       struct ls_err *err) {
    text += text[0] == '+';
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    if (!json_is_number(value)) {
        json_decref(value);
        return refuse_field(meaning, "must be a number", err);
    }
    if (meaning->form == FORM_NUMBER) {
        double x = json_number_value(value) * meaning->scale;
        json_decref(value);
        /* Whole Hz of MHz: a product in binary would add digits that nobody measured. */
        value = json_real(meaning->scale >= 1e3 ? round(x) : x);
    }
    *ret = value;
    return LS_OK;
}

static int read_time(const struct ls_csv_log *log, const struct meaning *meaning, const char *text,
                     json_t **ret, struct ls_err *err) {
    struct ls_line_opts opts = log->opts;
    struct ls_err why = {0};
    int64_t ns;
    char written[LS_TIME_TEXT_BYTES];
    if (meaning->form == FORM_TIME_UTC) {
        opts.has_zone = true;
        opts.zone_s = 0;
    }
    if (ls_line_time(text, &opts, &ns, &why) != LS_OK) {
        const char *zone = strstr(why.text, " has no zone");
        return zone == NULL ? ls_err_set(err, LS_ERR_FORMAT, "column '%s' is no time: %s",
                                         meaning->column, why.text)
                            : ls_err_set(err, LS_ERR_FORMAT,
                                         "column '%s' has no zone: '%.40s' may be local time: give "
                                         "--assume-utc or --zone",
                                         meaning->column, text);
    }
    ls_time_format(ns, written);
    *ret = json_string(written);
    return LS_OK;
}

static int read_field(const struct ls_csv_log *log, const struct meaning *meaning, const char *text,
                      json_t *object, struct ls_err *err) {
    json_t *value = NULL;
    int code = LS_OK;
    switch (meaning->form) {
    case FORM_TIME:
    case FORM_TIME_UTC:
        code = read_time(log, meaning, text, &value, err);
        break;
    case FORM_NUMBER:
    case FORM_COUNT:
        code = read_number(meaning, text, &value, err);
        break;
    case FORM_TEXT:
        value = json_string(text);
        code = value == NULL ? refuse_field(meaning, "is not UTF-8 text", err) : LS_OK;
        break;
    case FORM_MODULATION:
        value = json_string(strcasecmp(text, "ASK") == 0   ? "ook"
                            : strcasecmp(text, "FSK") == 0 ? "fsk"
                                                           : "");
        break;
    }
    if (code == LS_OK) {
        json_object_set_new(object, meaning->key, value);
    }
    return code;
}

static int read_fields(struct ls_csv_log *log, const char *text, size_t length, json_t *object,
                       struct ls_err *err) {
    const char *p = text;
    size_t i = 0;
    int code = LS_OK;
    for (; p != NULL && code == LS_OK && i < log->column_count; i++) {
        if (!next_field(&p, text + length, log->field)) {
            return ls_err_set(err, LS_ERR_FORMAT, "a quote is not closed, or a byte is zero");
        }
        const struct meaning *meaning = log->columns[i];
        if (meaning != NULL && log->field[0] != '\0') {
            code = read_field(log, meaning, log->field, object, err);
        }
    }
    if (code == LS_OK && (p != NULL || i < log->column_count)) {
        code = ls_err_set(err, LS_ERR_FORMAT, "%s fields than the heading has columns",
                          p != NULL ? "more" : "fewer");
    }
    return code;
}

static double number_of(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

/* The stop, where a log has that in place of a duration. */
static void derive_duration(json_t *object) {
    const json_t *stop = json_object_get(object, "stop");
    const json_t *start = json_object_get(object, "start");
    int64_t start_ns;
    int64_t stop_ns;
    if (json_object_get(object, "duration_s") == NULL && stop != NULL && start != NULL &&
        ls_time_parse(json_string_value(start), &start_ns, NULL) == LS_OK &&
        ls_time_parse(json_string_value(stop), &stop_ns, NULL) == LS_OK) {
        double s = ((double)stop_ns - (double)start_ns) / 1e9;
        json_object_set_new(object, "duration_s", json_real(s));
    }
}

/* Two tones are one signal between them. Returns whether a value is nominal. */
static bool complete(const struct ls_csv_log *log, json_t *object) {
    bool nominal = false;
    if (log->opts.center_hz > 0.0 && json_object_get(object, "center_hz") == NULL) {
        json_object_set_new(object, "center_hz", json_real(log->opts.center_hz));
    }
    double first = number_of(object, "center_hz");
    double second = number_of(object, "second_hz");
    double apart = isnan(second) || isnan(first) ? 0.0 : fabs(second - first);
    if (apart > 0.0) {
        json_object_set_new(object, "center_hz", json_real((first + second) / 2.0));
    }
    if (json_object_get(object, "bandwidth_hz") == NULL) {
        json_object_set_new(object, "bandwidth_hz", json_real(apart + LS_LINE_NOMINAL_HZ));
        nominal = true;
    }
    derive_duration(object);
    if (json_object_get(object, "duration_s") == NULL) {
        json_object_set_new(object, "duration_s", json_real(LS_LINE_NOMINAL_MS * 1e-3));
        nominal = true;
    }
    return nominal;
}

static int read_row(struct ls_csv_log *log, const char *text, size_t length, json_t *object,
                    struct ls_line *ret, struct ls_err *err) {
    int code = read_fields(log, text, length, object, err);
    if (code != LS_OK) {
        return code;
    }
    bool nominal = !log->observations && complete(log, object);
    json_object_set_new(object, "type",
                        json_string(log->observations ? "observation" : "transmission"));
    code = ls_line_read(object, ret, err);
    if (code == LS_OK) {
        ret->nominal = nominal;
    } else if (strcmp(err->text, "key 'center_hz' is missing") == 0) {
        ls_err_set(err, code, "no frequency: the field is empty; give --freq for such rows");
    }
    return code;
}

int ls_csv_log_parse(struct ls_csv_log *log, const char *text, size_t length, struct ls_line *ret,
                     struct ls_err *err) {
    struct ls_err why = {0};
    if (length > LS_LINE_MAX_BYTES) {
        return ls_err_set(err, LS_ERR_FORMAT, "longer than %d bytes", (int)LS_LINE_MAX_BYTES);
    }
    json_t *object = json_object();
    int code = read_row(log, text, length, object, ret, &why);
    json_decref(object);
    return code == LS_OK ? LS_OK : ls_err_set(err, code, "%s", why.text);
}
