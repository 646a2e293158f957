#include "simulate/keys_value.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/time.h"
#include "base/units.h"
#include "base/util.h"
#include "simulate/scenario.h"

struct suffix {
    const char *name;
    double scale;
};

/* Units a person may write behind a number; the first is the one of the record. */
static const struct suffix *suffixes_of(enum ls_key_kind kind) {
    static const struct suffix none[] = {{"", 1.0}, {"%", 0.01}, {NULL, 0.0}};
    static const struct suffix db[] = {{"dB", 1.0}, {"", 1.0}, {NULL, 0.0}};
    static const struct suffix dbm[] = {{"dBm", 1.0}, {"", 1.0}, {NULL, 0.0}};
    static const struct suffix dbfs[] = {{"dBFS", 1.0}, {"", 1.0}, {NULL, 0.0}};
    static const struct suffix metres[] = {{"m", 1.0}, {"", 1.0}, {"km", 1e3}, {NULL, 0.0}};
    static const struct suffix speed[] = {
        {"m/s", 1.0}, {"", 1.0}, {"km/h", 1.0 / 3.6}, {NULL, 0.0}};
    static const struct suffix ppm[] = {{"ppm", 1.0}, {"", 1.0}, {"ppb", 1e-3}, {NULL, 0.0}};
    static const struct suffix hour[] = {{"h", 1.0}, {"", 1.0}, {NULL, 0.0}};
    switch (kind) {
    case LS_KEY_DB:
        return db;
    case LS_KEY_DBM:
        return dbm;
    case LS_KEY_DBFS:
        return dbfs;
    case LS_KEY_METRES:
    case LS_KEY_METRES_LIST:
    case LS_KEY_PLACE:
        return metres;
    case LS_KEY_SPEED:
        return speed;
    case LS_KEY_PPM:
        return ppm;
    case LS_KEY_HOUR:
        return hour;
    default:
        return none;
    }
}

const char *ls_keys_value_unit(const struct ls_key *key) {
    switch (key->kind) {
    case LS_KEY_NUMBER:
        return "number";
    case LS_KEY_HZ:
        return "Hz";
    case LS_KEY_SECONDS:
        return "s";
    case LS_KEY_HOUR:
        return "hour of the day, UTC";
    case LS_KEY_COUNT:
        return "count";
    case LS_KEY_FLAG:
        return "yes or no";
    case LS_KEY_TEXT:
        return "text";
    case LS_KEY_TIME:
        return "time, UTC";
    case LS_KEY_PLACE:
        return "[x, y, z] in m";
    case LS_KEY_WAIT:
        return "wait";
    case LS_KEY_HZ_LIST:
        return "list of Hz";
    case LS_KEY_SECONDS_LIST:
        return "list of s";
    case LS_KEY_METRES_LIST:
        return "list of m";
    case LS_KEY_PART:
        return "keys";
    case LS_KEY_PARTS:
        return "list of keys";
    case LS_KEY_CHOICE:
        return "choice";
    default:
        return suffixes_of(key->kind)[0].name;
    }
}

static bool read_suffixed(const char *text, const struct suffix *suffixes, double *ret) {
    const char *digits = text + (*text == '-' || *text == '+');
    char *end;
    if (!isdigit((unsigned char)digits[0]) && digits[0] != '.') {
        return false;
    }
    double value = strtod(text, &end);
    while (*end == ' ') {
        end++;
    }
    for (; suffixes->name != NULL; suffixes++) {
        if (strcasecmp(end, suffixes->name) == 0 && isfinite(value)) {
            *ret = value * suffixes->scale;
            return true;
        }
    }
    return false;
}

/* A sign before what base/units.h reads; it refuses one itself. */
static int read_signed(int (*read)(const char *, const char *, double *, struct ls_err *),
                       const char *what, const char *text, double *ret, struct ls_err *err) {
    bool negative = *text == '-';
    int code = read(text + negative, what, ret, err);
    if (code == LS_OK && negative) {
        *ret = -*ret;
    }
    return code;
}

static int read_hour(const char *text, double *ret) {
    int hours;
    int minutes;
    char rest;
    if (sscanf(text, "%2d:%2d%c", &hours, &minutes, &rest) == 2 && hours >= 0 && minutes >= 0 &&
        minutes < 60) {
        *ret = hours + minutes / 60.0;
        return LS_OK;
    }
    return read_suffixed(text, suffixes_of(LS_KEY_HOUR), ret) ? LS_OK : LS_ERR_ARG;
}

int ls_keys_value_number(const struct ls_key *key, enum ls_key_kind kind, const char *text,
                         double *ret, struct ls_err *err) {
    double value = 0.0;
    int code = LS_OK;
    if (kind == LS_KEY_HZ) {
        code = read_signed(ls_hz_parse, "frequency", text, &value, err);
    } else if (kind == LS_KEY_SECONDS) {
        code = read_signed(ls_seconds_parse, "duration", text, &value, err);
    } else if (kind == LS_KEY_HOUR) {
        code = read_hour(text, &value);
        if (code != LS_OK) {
            return ls_err_set(err, code, "'%.60s' is not an hour: write 22 or 22:30", text);
        }
    } else if (!read_suffixed(text, suffixes_of(kind), &value)) {
        const char *unit = suffixes_of(kind)[0].name;
        return ls_err_set(err, LS_ERR_ARG, "'%.60s' is not a number%s%s", text,
                          *unit != '\0' ? " of " : "", unit);
    }
    if (code == LS_OK && key->low < key->high && !(value >= key->low && value <= key->high)) {
        return ls_err_set(err, LS_ERR_ARG, "'%.60s' is outside %g to %g", text, key->low,
                          key->high);
    }
    if (code == LS_OK) {
        *ret = value;
    }
    return code;
}

static int read_choice(const struct ls_key *key, const char *text, int *ret, struct ls_err *err) {
    size_t count = 0;
    for (; key->choices[count] != NULL; count++) {
        if (strcmp(key->choices[count], text) == 0) {
            *ret = (int)count;
            return LS_OK;
        }
    }
    const char *nearest = ls_nearest_word(text, key->choices, count);
    if (nearest != NULL) {
        return ls_err_set(err, LS_ERR_ARG, "'%.60s' is not known; did you mean '%s'?", text,
                          nearest);
    }
    char known[256] = "";
    for (size_t i = 0; i < count; i++) {
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i == 0 ? "" : ", ", key->choices[i]);
    }
    return ls_err_set(err, LS_ERR_ARG, "'%.60s' is not known: write one of %s", text, known);
}

static int read_flag(const char *text, bool *ret, struct ls_err *err) {
    static const char *const words[] = {"no", "yes", "false", "true"};
    for (size_t i = 0; i < LS_COUNT(words); i++) {
        if (strcasecmp(text, words[i]) == 0) {
            *ret = i % 2 == 1;
            return LS_OK;
        }
    }
    return ls_err_set(err, LS_ERR_ARG, "'%.60s' is not yes or no", text);
}

/* Copies a word up to `stop` (or the end) without blanks around it. */
static void cut_word(char ret[64], const char *from, const char *stop) {
    while (*from == ' ') {
        from++;
    }
    size_t length = stop != NULL ? (size_t)(stop - from) : strlen(from);
    while (length > 0 && from[length - 1] == ' ') {
        length--;
    }
    length = length < 63 ? length : 63;
    memcpy(ret, from, length);
    ret[length] = '\0';
}

static int read_two(const char *from, const char *separator, double *ret_a, double *ret_b,
                    bool b_is_number, struct ls_err *err) {
    char word[64];
    const char *at = strstr(from, separator);
    if (at == NULL) {
        return ls_err_set(err, LS_ERR_ARG, "'%.60s' lacks '%s'", from, separator);
    }
    cut_word(word, from, at);
    int code = ls_seconds_parse(word, "duration", ret_a, err);
    if (code != LS_OK) {
        return code;
    }
    cut_word(word, at + strlen(separator), NULL);
    if (!b_is_number) {
        return ls_seconds_parse(word, "duration", ret_b, err);
    }
    return read_suffixed(word, suffixes_of(LS_KEY_NUMBER), ret_b) && *ret_b >= 0.0
               ? LS_OK
               : ls_err_set(err, LS_ERR_ARG, "'%.60s' is not a sigma", word);
}

static int read_wait(const char *text, struct ls_wait *ret, struct ls_err *err) {
    struct ls_wait wait = {.kind = LS_WAIT_FIXED};
    int code;
    if (strncmp(text, "median ", 7) == 0) {
        wait.kind = LS_WAIT_LOG_NORMAL;
        code = read_two(text + 7, "sigma", &wait.seconds, &wait.spread, true, err);
    } else if (strncmp(text, "mean ", 5) == 0) {
        char word[64];
        wait.kind = LS_WAIT_EXPONENTIAL;
        cut_word(word, text + 5, NULL);
        code = ls_seconds_parse(word, "duration", &wait.seconds, err);
    } else if (strstr(text, "..") != NULL) {
        wait.kind = LS_WAIT_UNIFORM;
        code = read_two(text, "..", &wait.low_s, &wait.high_s, false, err);
        if (code == LS_OK && wait.high_s < wait.low_s) {
            code = ls_err_set(err, LS_ERR_ARG, "'%.60s' ends below its start", text);
        }
    } else if (strstr(text, "+-") != NULL) {
        code = read_two(text, "+-", &wait.seconds, &wait.spread, false, err);
    } else {
        code = ls_seconds_parse(text, "duration", &wait.seconds, err);
    }
    if (code == LS_OK) {
        *ret = wait;
    }
    return code;
}

static int read_text(const struct ls_key *key, const char *text, char *ret, struct ls_err *err) {
    if (strlen(text) >= (size_t)key->high) {
        return ls_err_set(err, LS_ERR_ARG, "'%.60s' is longer than %g bytes", text,
                          key->high - 1.0);
    }
    ls_copy_text(ret, (size_t)key->high, text);
    return LS_OK;
}

int ls_keys_value_read(const struct ls_key *key, const char *text, void *to, struct ls_err *err) {
    switch (key->kind) {
    case LS_KEY_COUNT: {
        double high = key->low < key->high ? key->high : 1e6;
        return ls_count_parse(text, "count", (size_t)key->low, (size_t)high, to, err);
    }
    case LS_KEY_FLAG:
        return read_flag(text, to, err);
    case LS_KEY_TEXT:
        return read_text(key, text, to, err);
    case LS_KEY_TIME:
        return ls_time_parse(text, to, err);
    case LS_KEY_CHOICE:
        return read_choice(key, text, to, err);
    case LS_KEY_WAIT:
        return read_wait(text, to, err);
    default:
        return ls_keys_value_number(key, key->kind, text, to, err);
    }
}
