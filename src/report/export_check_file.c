#include "report/export_check_file.h"

#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "report/track.h"

/* The caller drops *ret. */
static int load(json_t **ret, const char *path, const char *schema_name, struct ls_err *err) {
    json_error_t error;
    struct ls_schema *schema = NULL;
    int code = ls_schema_load(&schema, schema_name, err);
    if (code != LS_OK) {
        return code;
    }
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    code = root == NULL ? ls_err_set(err, LS_ERR_FORMAT, "is no JSON: %s", error.text)
                        : ls_schema_check(schema, root, err);
    ls_schema_destroy(schema);
    if (code != LS_OK) {
        json_decref(root);
        return code;
    }
    *ret = root;
    return LS_OK;
}

/* --- GeoJSON --- */

static bool is_place(const struct ls_track *places, const json_t *point) {
    for (size_t i = 0; i < places->count; i++) {
        if (json_number_value(json_array_get(point, 0)) == places->places[i].longitude_deg &&
            json_number_value(json_array_get(point, 1)) == places->places[i].latitude_deg) {
            return true;
        }
    }
    return false;
}

/* Every coordinate is where a sensor stands. */
static bool is_known(const struct ls_track *places, const json_t *geometry) {
    const json_t *points = json_object_get(geometry, "coordinates");
    const char *type = json_string_value(json_object_get(geometry, "type"));
    if (json_is_null(geometry)) {
        return true;
    }
    if (strcmp(type, "Point") == 0) {
        return is_place(places, points);
    }
    for (size_t i = 0; i < json_array_size(points); i++) {
        if (!is_place(places, json_array_get(points, i))) {
            return false;
        }
    }
    return true;
}

static int take_features(json_t *rows, const json_t *features, const struct ls_track *places,
                         struct ls_err *err) {
    for (size_t i = 0; i < json_array_size(features); i++) {
        const json_t *feature = json_array_get(features, i);
        json_t *properties = json_object_get(feature, "properties");
        const char *type = json_string_value(json_object_get(properties, "type"));
        if (!is_known(places, json_object_get(feature, "geometry"))) {
            return ls_err_set(err, LS_ERR_FORMAT, "feature %zu is where no sensor stands", i + 1);
        }
        if (strcmp(type, "incident") == 0) {
            json_array_append(rows, properties);
        }
    }
    return LS_OK;
}

int ls_reread_geojson(struct ls_reread **ret, struct ls_store *store, const char *path,
                      struct ls_err *err) {
    json_t *root = NULL;
    json_t *rows = json_array();
    struct ls_track places = {.count = 0};
    int code = load(&root, path, "geojson", err);
    if (code == LS_OK) {
        code = ls_track_places(&places, store, err);
    }
    if (code == LS_OK) {
        code = take_features(rows, json_object_get(root, "features"), &places, err);
    }
    ls_track_finish(&places);
    json_decref(root);
    if (code != LS_OK) {
        json_decref(rows);
        return code;
    }
    return ls_reread_array(ret, rows, err);
}

/* --- SigMF --- */

static json_t *as_transmission(const json_t *annotation, int64_t first_ns) {
    static const struct {
        const char *from;
        const char *to;
    } keys[] = {{"core:label", "class"},
                {"lineside:sensor", "sensor"},
                {"lineside:snr_db", "snr_db"},
                {"lineside:level_dbfs", "level_dbfs"},
                {"lineside:offset_hz", "offset_hz"},
                {"lineside:bursts", "bursts"},
                {"lineside:label", "label"}};
    char start[LS_TIME_TEXT_BYTES];
    double low_hz = json_number_value(json_object_get(annotation, "core:freq_lower_edge"));
    double high_hz = json_number_value(json_object_get(annotation, "core:freq_upper_edge"));
    json_int_t at = json_integer_value(json_object_get(annotation, "core:sample_start"));
    json_int_t length = json_integer_value(json_object_get(annotation, "core:sample_count"));
    ls_time_format(first_ns + at, start);
    json_t *row = json_pack("{s:s, s:s, s:f, s:f, s:f}", "type", "transmission", "start", start,
                            "duration_s", (double)length / 1e9, "center_hz", (low_hz + high_hz) / 2,
                            "bandwidth_hz", high_hz - low_hz);
    for (size_t i = 0; i < LS_COUNT(keys); i++) {
        json_t *value = json_object_get(annotation, keys[i].from);
        if (value != NULL) {
            json_object_set(row, keys[i].to, value);
        }
    }
    return row;
}

int ls_reread_sigmf(struct ls_reread **ret, const char *path, struct ls_err *err) {
    json_t *root = NULL;
    int64_t first_ns = 0;
    int code = load(&root, path, "sigmf", err);
    if (code != LS_OK) {
        return code;
    }
    const json_t *capture = json_array_get(json_object_get(root, "captures"), 0);
    code =
        ls_time_parse(json_string_value(json_object_get(capture, "core:datetime")), &first_ns, err);
    const json_t *annotations = json_object_get(root, "annotations");
    json_t *rows = json_array();
    for (size_t i = 0; code == LS_OK && i < json_array_size(annotations); i++) {
        json_array_append_new(rows, as_transmission(json_array_get(annotations, i), first_ns));
    }
    json_decref(root);
    if (code != LS_OK) {
        json_decref(rows);
        return code;
    }
    return ls_reread_array(ret, rows, err);
}
