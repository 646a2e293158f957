#include "model/calibration.h"

#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "base/util.h"

static const double level_low_dbm = -200.0;
static const double level_high_dbm = 100.0;

static int parse_level(const char *text, double *ret, struct ls_err *err) {
    char *end;
    double value = strtod(text, &end);
    end += strspn(end, " ");
    if (end == text || !isfinite(value) || (*end != '\0' && strcmp(end, "dBm") != 0)) {
        return ls_err_set(err, LS_ERR_ARG, "'%.60s' is no level: write it as -31.5dBm", text);
    }
    if (value < level_low_dbm || value > level_high_dbm) {
        return ls_err_set(err, LS_ERR_ARG, "a level of %g dBm at full scale is not within %g to %g",
                          value, level_low_dbm, level_high_dbm);
    }
    *ret = value;
    return LS_OK;
}

/* "868M:-31.5", or a level alone. */
static int parse_point(char *text, bool alone, struct ls_calibration_point *ret,
                       struct ls_err *err) {
    char *colon = strchr(text, ':');
    ret->hz = 0.0;
    if (colon == NULL && !alone) {
        return ls_err_set(err, LS_ERR_ARG,
                          "'%.60s' names no frequency: write pairs as 868M:-31.5dBm", text);
    }
    if (colon == NULL) {
        return parse_level(text, &ret->dbm, err);
    }
    *colon = '\0';
    int code = ls_hz_parse(text, "frequency", &ret->hz, err);
    return code == LS_OK ? parse_level(colon + 1, &ret->dbm, err) : code;
}

int ls_calibration_parse(const char *text, struct ls_calibration *ret, struct ls_err *err) {
    struct ls_calibration found = {.count = 0};
    char copy[LS_CALIBRATION_TEXT_BYTES];
    char *rest = NULL;
    if (strlen(text) >= sizeof copy) {
        return ls_err_set(err, LS_ERR_ARG, "a calibration has at most %zu bytes", sizeof copy - 1);
    }
    ls_copy_text(copy, sizeof copy, text);
    bool alone = strchr(text, ',') == NULL;
    for (char *at = strtok_r(copy, ",", &rest); at != NULL; at = strtok_r(NULL, ",", &rest)) {
        if (found.count == LS_CALIBRATION_POINTS_MAX) {
            return ls_err_set(err, LS_ERR_ARG, "a calibration has at most %d frequencies",
                              LS_CALIBRATION_POINTS_MAX);
        }
        struct ls_calibration_point *point = &found.points[found.count];
        int code = parse_point(at, alone, point, err);
        if (code != LS_OK) {
            return code;
        }
        if (found.count > 0 && point->hz <= point[-1].hz) {
            return ls_err_set(err, LS_ERR_ARG, "frequencies of a calibration must rise");
        }
        found.count++;
    }
    if (found.count == 0) {
        return ls_err_set(err, LS_ERR_ARG, "a calibration needs a level, as -31.5dBm");
    }
    *ret = found;
    return LS_OK;
}

void ls_calibration_of_options(const char *options, struct ls_calibration *ret) {
    ret->count = 0;
    if (strstr(options, "\"calibration\"") == NULL) {
        return;
    }
    json_t *json = json_loads(options, 0, NULL);
    const char *text = json_string_value(json_object_get(json, "calibration"));
    if (text != NULL) {
        ls_calibration_parse(text, ret, NULL); /* what does not parse is none */
    }
    json_decref(json);
}

double ls_calibration_full_scale_dbm(const struct ls_calibration *calibration, double hz) {
    const struct ls_calibration_point *points = calibration->points;
    size_t n = calibration->count;
    size_t i = 0;
    if (n == 0) {
        return (double)NAN;
    }
    while (i < n && points[i].hz < hz) {
        i++;
    }
    if (i == 0 || i == n) {
        return points[i == n ? n - 1 : 0].dbm;
    }
    double share = (hz - points[i - 1].hz) / (points[i].hz - points[i - 1].hz);
    return points[i - 1].dbm + share * (points[i].dbm - points[i - 1].dbm);
}
