/* The name without its extension is cut at "-" and then at "_" and blanks into words. A word that
 * is wholly a number with a prefix (433.92M, 250k, 1M6) or a unit (433920kHz, 2MSps) is a value. A
 * unit says what a value is; of two bare ones the greater is the frequency, as a carrier lies above
 * the rate it is sampled at. */
#include "hw/raw_name.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/time.h"
#include "base/util.h"
#include "hw/limits.h"

enum { NAME_MAX_BYTES = 256, BARE_MAX = 3 };

static const struct {
    const char *extension;
    enum ls_format format;
} extensions[] = {
    /* besides those of ls_format_parse */
    {"data", LS_FORMAT_CU8},     {"complex16u", LS_FORMAT_CU8}, {"complex16s", LS_FORMAT_CI8},
    {"c8", LS_FORMAT_CI8},       {"sc8", LS_FORMAT_CI8},        {"complex32s", LS_FORMAT_CI16_LE},
    {"c16", LS_FORMAT_CI16_LE},  {"sc16", LS_FORMAT_CI16_LE},   {"complex", LS_FORMAT_CF32_LE},
    {"fc32", LS_FORMAT_CF32_LE},
};

enum unit { UNIT_NONE, UNIT_HZ, UNIT_SPS };

struct words {
    double center_hz; /* greatest value in Hz: Universal Radio Hacker also writes the bandwidth */
    double rate_sps;
    double bare[BARE_MAX];
    char bare_prefix[BARE_MAX];
    size_t bare_count; /* may exceed BARE_MAX */
    char date[9];      /* last word of eight digits */
    struct ls_raw_name *ret;
};

/* A letter and then letters, digits or "_": the ".92M_250k" of a name without extension is none. */
static const char *extension_of(const char *name) {
    const char *dot = strrchr(name, '.');
    if (dot == NULL || !isalpha((unsigned char)dot[1])) {
        return NULL;
    }
    for (const char *p = dot + 1; *p != '\0'; p++) {
        if (!isalnum((unsigned char)*p) && *p != '_') {
            return NULL;
        }
    }
    return dot + 1;
}

static enum ls_format format_of(const char *extension) {
    enum ls_format format = LS_FORMAT_NONE;
    if (ls_format_parse(extension, &format)) {
        return format;
    }
    for (size_t i = 0; i < LS_COUNT(extensions); i++) {
        if (strcasecmp(extensions[i].extension, extension) == 0) {
            return extensions[i].format;
        }
    }
    return LS_FORMAT_NONE;
}

static double prefix_factor(char c) {
    switch (c) {
    case 'k':
    case 'K':
        return 1e3;
    case 'M':
        return 1e6;
    case 'G':
        return 1e9;
    default:
        return 0.0;
    }
}

static bool take_unit(const char *text, enum unit *ret) {
    static const struct {
        const char *text;
        enum unit unit;
    } units[] = {{"", UNIT_NONE}, {"Hz", UNIT_HZ}, {"sps", UNIT_SPS}, {"S", UNIT_SPS}};
    for (size_t i = 0; i < LS_COUNT(units); i++) {
        if (strcasecmp(text, units[i].text) == 0) {
            *ret = units[i].unit;
            return true;
        }
    }
    return false;
}

/* A whole word as a value. point is what stands for the decimal point. */
static bool take_value(const char *word, char point, double *ret, char *ret_prefix,
                       enum unit *ret_unit) {
    char digits[32];
    size_t n = strspn(word, "0123456789");
    size_t fraction = 0;
    if (word[n] == point && n > 0) {
        fraction = strspn(word + n + 1, "0123456789");
    }
    size_t used = fraction > 0 ? n + 1 + fraction : n;
    if (n == 0 || used >= sizeof digits) {
        return false;
    }
    memcpy(digits, word, used);
    digits[used] = '\0';
    if (fraction > 0) {
        digits[n] = '.';
    }
    double value = strtod(digits, NULL);
    double factor = prefix_factor(word[used]);
    *ret_prefix = factor > 0.0 ? word[used] : '\0';
    const char *rest = word + used + (factor > 0.0);
    if (factor > 0.0 && fraction == 0 && isdigit((unsigned char)rest[0]) && rest[1] == '\0') {
        value += (rest[0] - '0') * 0.1; /* 1M6 */
        rest++;
    }
    *ret = factor > 0.0 ? value * factor : value;
    return take_unit(rest, ret_unit);
}

static void take_word_value(struct words *words, double value, char prefix, enum unit unit) {
    if (unit == UNIT_HZ) {
        words->center_hz = value > words->center_hz ? value : words->center_hz;
    } else if (unit == UNIT_SPS) {
        words->rate_sps = value;
    } else if (prefix != '\0') {
        if (words->bare_count < BARE_MAX) {
            words->bare[words->bare_count] = value;
            words->bare_prefix[words->bare_count] = prefix;
        }
        words->bare_count++;
    }
}

static bool all_digits(const char *text, size_t n) { return strspn(text, "0123456789") >= n; }

/* "YYYYMMDD" and "hhmmss". */
static void take_time(struct ls_raw_name *ret, const char *date, const char *clock) {
    char text[32];
    snprintf(text, sizeof text, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", date, date + 4, date + 6, clock,
             clock + 2, clock + 4);
    ret->has_time = ls_time_parse(text, &ret->t_ns, NULL) == LS_OK;
}

static void take_word(struct words *words, const char *word) {
    double value;
    char prefix;
    enum unit unit;
    size_t n = strlen(word);
    if (n == 8 && all_digits(word, 8)) {
        memcpy(words->date, word, 9);
    } else if (n == 7 && all_digits(word, 6) && word[6] == 'Z' && words->date[0] != '\0') {
        take_time(words->ret, words->date, word);
    } else if (take_value(word, '.', &value, &prefix, &unit)) {
        take_word_value(words, value, prefix, unit);
    }
}

/* A part between two "-". Universal Radio Hacker writes "_" for the decimal point there, and always
 * a unit. */
static void take_part(struct words *words, char *part) {
    double value;
    char prefix;
    enum unit unit;
    if (take_value(part, '_', &value, &prefix, &unit) && unit != UNIT_NONE) {
        take_word_value(words, value, prefix, unit);
        return;
    }
    char *rest;
    for (char *word = strtok_r(part, "_ ,()", &rest); word != NULL;
         word = strtok_r(NULL, "_ ,()", &rest)) {
        take_word(words, word);
    }
}

static void sort_bare(struct words *words) {
    size_t n = words->bare_count;
    const double *bare = words->bare;
    bool no_center = words->center_hz <= 0.0;
    bool no_rate = words->rate_sps <= 0.0;
    if (n == 2 && no_center && no_rate) {
        bool first = bare[0] > bare[1];
        words->center_hz = first ? bare[0] : bare[1];
        words->rate_sps = first ? bare[1] : bare[0];
    } else if (n == 1 && no_rate && (!no_center || tolower(words->bare_prefix[0]) == 'k')) {
        words->rate_sps = bare[0];
    } else if (n == 1 && no_center) {
        words->center_hz = bare[0];
    }
}

/* gqrx_YYYYMMDD_hhmmss_HZ_SPS_fc.raw: bare whole numbers, UTC, 32 bit floats. */
static bool take_gqrx(struct ls_raw_name *ret, const char *name) {
    char date[9];
    char clock[7];
    char center[16];
    char rate[16];
    int end = 0;
    int fields = sscanf(name, "gqrx_%8[0-9]_%6[0-9]_%15[0-9]_%15[0-9]_fc%n", date, clock, center,
                        rate, &end);
    if (fields != 4 || end == 0 || strlen(date) != 8 || strlen(clock) != 6) {
        return false;
    }
    ret->format = LS_FORMAT_CF32_LE;
    ret->center_hz = strtod(center, NULL);
    ret->has_center = true;
    ret->rate_sps = strtod(rate, NULL);
    take_time(ret, date, clock);
    return true;
}

static void guess_words(struct ls_raw_name *ret, const char *name, const char *extension) {
    char text[NAME_MAX_BYTES];
    ls_copy_text(text, sizeof text, name);
    if (extension != NULL && (size_t)(extension - name) < sizeof text) {
        text[extension - name - 1] = '\0';
    }
    struct words words = {.ret = ret};
    char *rest;
    for (char *part = strtok_r(text, "-", &rest); part != NULL; part = strtok_r(NULL, "-", &rest)) {
        take_part(&words, part);
    }
    sort_bare(&words);
    ret->rate_sps = words.rate_sps;
    ret->center_hz = words.center_hz;
    ret->has_center = words.center_hz > 0.0; /* SDR# writes 0Hz when it does not know */
}

void ls_raw_name_guess(struct ls_raw_name *ret, const char *name) {
    *ret = (struct ls_raw_name){0};
    const char *extension = extension_of(name);
    if (!take_gqrx(ret, name)) {
        guess_words(ret, name, extension);
        ret->format = extension == NULL ? LS_FORMAT_NONE : format_of(extension);
    }
    if (ls_limits_check_rate(ret->rate_sps, "rate", NULL) != LS_OK) {
        ret->rate_sps = 0.0;
    }
    if (ls_limits_check_center(ret->center_hz, "frequency", NULL) != LS_OK) {
        ret->center_hz = 0.0;
        ret->has_center = false;
    }
}
