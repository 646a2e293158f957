#include "base/units.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/util.h"

/* A finite decimal number at text; *ret_rest points behind it, blanks skipped. Hexadecimal, "inf"
 * and "nan" are refused: nobody means them. */
static bool take_number(const char *text, double *ret, const char **ret_rest) {
    const char *digits = text + (*text == '-' || *text == '+');
    if (!isdigit((unsigned char)digits[0]) && digits[0] != '.') {
        return false;
    }
    if (digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X')) {
        return false;
    }
    char *end;
    *ret = strtod(text, &end);
    while (*end == ' ') {
        end++;
    }
    *ret_rest = end;
    return end != text && isfinite(*ret);
}

static bool is_frequency_unit(const char *text) {
    static const char *const units[] = {"", "Hz", "sps", "S/s"};
    for (size_t i = 0; i < LS_COUNT(units); i++) {
        if (strcasecmp(text, units[i]) == 0) {
            return true;
        }
    }
    return false;
}

static double take_prefix(const char **text) {
    switch (**text) {
    case 'k':
    case 'K':
        (*text)++;
        return 1e3;
    case 'M':
        (*text)++;
        return 1e6;
    case 'G':
        (*text)++;
        return 1e9;
    default:
        return 1.0;
    }
}

int ls_hz_parse(const char *text, const char *what, double *ret_hz, struct ls_err *err) {
    double value;
    const char *rest;
    bool ok = take_number(text, &value, &rest);
    if (ok) {
        value *= take_prefix(&rest);
        ok = is_frequency_unit(rest) && value >= 0.0;
    }
    if (!ok) {
        return ls_err_set(err, LS_ERR_ARG,
                          "'%.60s' is not a %s: write it as 433.92M, 250k or 2400000", text, what);
    }
    *ret_hz = value;
    return LS_OK;
}

int ls_hz_range_parse(const char *text, double *ret_low_hz, double *ret_high_hz,
                      struct ls_err *err) {
    const char *colon = strchr(text, ':');
    double low = 0.0;
    double high = 0.0;
    char left[64];
    if (colon == NULL || (size_t)(colon - text) >= sizeof left) {
        return ls_err_set(err, LS_ERR_ARG,
                          "'%.60s' is not a frequency range: write LO:HI as 876M:880M", text);
    }
    memcpy(left, text, (size_t)(colon - text));
    left[colon - text] = '\0';
    int code = ls_hz_parse(left, "frequency", &low, err);
    if (code == LS_OK) {
        code = ls_hz_parse(colon + 1, "frequency", &high, err);
    }
    if (code != LS_OK) {
        return code;
    }
    if (low > high) {
        return ls_err_set(err, LS_ERR_ARG,
                          "frequency range '%.60s' ends below its start: write LO:HI", text);
    }
    *ret_low_hz = low;
    *ret_high_hz = high;
    return LS_OK;
}

int ls_seconds_parse(const char *text, const char *what, double *ret_s, struct ls_err *err) {
    static const struct {
        const char *name;
        double seconds;
    } units[] = {
        {"", 1.0},   {"s", 1.0},    {"ms", 1e-3},  {"us", 1e-6},   {"ns", 1e-9},
        {"m", 60.0}, {"min", 60.0}, {"h", 3600.0}, {"d", 86400.0},
    };
    double value;
    const char *rest;
    if (take_number(text, &value, &rest) && value >= 0.0) {
        for (size_t i = 0; i < LS_COUNT(units); i++) {
            if (strcmp(rest, units[i].name) == 0) {
                *ret_s = value * units[i].seconds;
                return LS_OK;
            }
        }
    }
    return ls_err_set(err, LS_ERR_ARG,
                      "'%.60s' is not a %s: write it as 10ms, 2.5s, 3min, 1h or 7d", text, what);
}

int ls_bytes_parse(const char *text, const char *what, double *ret_bytes, struct ls_err *err) {
    static const char prefixes[] = "kMGT";
    double value;
    const char *rest;
    if (take_number(text, &value, &rest) && value >= 0.0) {
        const char *prefix =
            rest[0] == '\0' ? NULL : strchr(prefixes, rest[0] == 'K' ? 'k' : rest[0]);
        int steps = prefix == NULL ? 0 : (int)(prefix - prefixes) + 1;
        rest += prefix != NULL;
        bool binary = prefix != NULL && *rest == 'i';
        rest += binary;
        if (strcmp(rest, "") == 0 || strcmp(rest, "B") == 0) {
            *ret_bytes = value * pow(binary ? 1024.0 : 1000.0, steps);
            return LS_OK;
        }
    }
    return ls_err_set(err, LS_ERR_ARG, "'%.60s' is not a %s: write it as 20G, 500M or 64k", text,
                      what);
}

int ls_quantity_parse(const char *text, const char *what, const char *unit, double *ret,
                      struct ls_err *err) {
    double value;
    const char *rest;
    if (take_number(text, &value, &rest) &&
        (rest[0] == '\0' || (unit[0] != '\0' && strcasecmp(rest, unit) == 0))) {
        *ret = value;
        return LS_OK;
    }
    return ls_err_set(err, LS_ERR_ARG, "'%.60s' is not a %s: write it as 10%s or -2.5%s", text,
                      what, unit, unit);
}

int ls_count_parse(const char *text, const char *what, size_t low, size_t high, size_t *ret,
                   struct ls_err *err) {
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (!isdigit((unsigned char)text[0]) || *end != '\0' || errno != 0 || value < low ||
        value > high) {
        return ls_err_set(err, LS_ERR_ARG,
                          "'%.60s' is not a %s: write a whole number from %zu to %zu", text, what,
                          low, high);
    }
    *ret = (size_t)value;
    return LS_OK;
}

struct spelling {
    double scale;
    const char *unit;
};

/* With the first unit that is not above the value. */
static void spell(double value, const struct spelling *units, size_t count,
                  char ret[LS_UNIT_TEXT_BYTES]) {
    size_t i = 0;
    while (i + 1 < count && (value == 0.0 || fabs(value) < units[i].scale)) {
        i++;
    }
    snprintf(ret, LS_UNIT_TEXT_BYTES, "%.12g%s", value / units[i].scale, units[i].unit);
}

void ls_hz_spell(double hz, char ret[LS_UNIT_TEXT_BYTES]) {
    static const struct spelling units[] = {{1e9, "G"}, {1e6, "M"}, {1e3, "k"}, {1.0, ""}};
    spell(hz, units, LS_COUNT(units), ret);
}

void ls_seconds_spell(double seconds, char ret[LS_UNIT_TEXT_BYTES]) {
    static const struct spelling large[] = {{86400.0, "d"}, {3600.0, "h"}, {60.0, "min"}};
    static const struct spelling small[] = {{1.0, "s"}, {1e-3, "ms"}, {1e-6, "us"}, {1e-9, "ns"}};
    for (size_t i = 0; i < LS_COUNT(large); i++) {
        /* 90 s is no better as 1.5 min: only what comes out even. */
        if (seconds >= large[i].scale && fmod(seconds, large[i].scale) == 0.0) {
            spell(seconds, &large[i], 1, ret);
            return;
        }
    }
    if (seconds == 0.0) {
        snprintf(ret, LS_UNIT_TEXT_BYTES, "0s");
        return;
    }
    spell(seconds, small, LS_COUNT(small), ret);
}

void ls_bytes_spell(double bytes, char ret[LS_UNIT_TEXT_BYTES]) {
    static const struct spelling units[] = {
        {1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}, {1.0, ""}};
    spell(bytes, units, LS_COUNT(units), ret);
}

void ls_hz_format(double hz, int decimals, char ret[LS_UNIT_TEXT_BYTES]) {
    static const struct {
        double scale;
        const char *unit;
    } units[] = {{1e9, "GHz"}, {1e6, "MHz"}, {1e3, "kHz"}, {1.0, "Hz"}};
    size_t i = 0;
    /* GHz would hide the kHz that people look for: MHz up to 10 GHz. */
    while (i + 1 < LS_COUNT(units) && fabs(hz) < units[i].scale * (i == 0 ? 10.0 : 1.0)) {
        i++;
    }
    snprintf(ret, LS_UNIT_TEXT_BYTES, "%.*f %s", decimals, hz / units[i].scale, units[i].unit);
}

void ls_hz_show(double hz, const char *unit, char ret[LS_UNIT_TEXT_BYTES]) {
    enum { DECIMALS = 9 }; /* hertz in GHz */
    char text[LS_UNIT_TEXT_BYTES];
    ls_hz_format(hz, DECIMALS, text);
    int digits = (int)strcspn(text, " ");
    const char *prefix = text[digits] == '\0' ? "" : text + digits + 1;
    while (digits > 1 && text[digits - 1] == '0') {
        digits--;
    }
    digits -= text[digits - 1] == '.';
    /* "MHz" has a prefix, "Hz" has none. */
    snprintf(ret, LS_UNIT_TEXT_BYTES, "%.*s %.*s%s", digits, text, strlen(prefix) == 3 ? 1 : 0,
             prefix, unit);
}

void ls_seconds_format(double seconds, char ret[LS_UNIT_TEXT_BYTES]) {
    double s = fabs(seconds);
    const char *sign = seconds < 0 ? "-" : "";
    if (s >= 3600.0) {
        long minutes = lround(s / 60.0);
        snprintf(ret, LS_UNIT_TEXT_BYTES, "%s%ld h %02ld min", sign, minutes / 60, minutes % 60);
    } else if (s >= 999.5) {
        long whole = lround(s);
        snprintf(ret, LS_UNIT_TEXT_BYTES, "%s%ld min %02ld s", sign, whole / 60, whole % 60);
    } else if (s >= 0.9995) {
        snprintf(ret, LS_UNIT_TEXT_BYTES, "%s%.3g s", sign, s);
    } else if (s >= 0.9995e-3) {
        snprintf(ret, LS_UNIT_TEXT_BYTES, "%s%.3g ms", sign, s * 1e3);
    } else if (s > 0.0) {
        snprintf(ret, LS_UNIT_TEXT_BYTES, "%s%.3g us", sign, s * 1e6);
    } else {
        snprintf(ret, LS_UNIT_TEXT_BYTES, "0 s");
    }
}

void ls_bytes_format(double bytes, char ret[LS_UNIT_TEXT_BYTES]) {
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    size_t i = 0;
    while (bytes >= 1000.0 && i + 1 < LS_COUNT(units)) {
        bytes /= 1000.0;
        i++;
    }
    snprintf(ret, LS_UNIT_TEXT_BYTES, i == 0 ? "%.0f %s" : "%.1f %s", bytes, units[i]);
}
