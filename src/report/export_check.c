/* The database is walked again, and each row compared with the next one of the file. jansson reads
 * JSON lines; CSV (RFC 4180) is read here, and each row becomes an object with the types that the
 * schema gives its keys. What must be in the row is stated here once more, key by key, rather than
 * taken from the writer. */
#include "report/export_check.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "report/export_check_file.h"
#include "report/export_walk.h"
#include "report/reread.h"
#include "report/schema.h"

struct check {
    const struct ls_export_opts *opts;
    struct ls_schema *schema;
    struct ls_reread *file;
    bool csv;
    size_t row;
    size_t keys; /* of the row that have been compared */
    struct ls_err *err;
};

/* --- one value --- */

static int differs(struct check *check, const char *key) {
    return ls_err_set(check->err, LS_ERR_FORMAT, "row %zu: '%s' is not what the database holds",
                      check->row, key);
}

/* A value that is not known has no key. */
static int number(struct check *check, const json_t *row, const char *key, double value) {
    const json_t *is = json_object_get(row, key);
    if (!isfinite(value)) {
        return is == NULL ? LS_OK : differs(check, key);
    }
    check->keys++;
    return json_is_number(is) && json_number_value(is) == value ? LS_OK : differs(check, key);
}

/* SigMF has the two edges, from which middle and width come back but for their last bits. */
static int edge(struct check *check, const json_t *row, const char *key, double value) {
    double is = json_number_value(json_object_get(row, key));
    bool near = check->opts->format == LS_EXPORT_SIGMF && fabs(is - value) <= 1e-3;
    return number(check, row, key, near ? is : value);
}

static int count(struct check *check, const json_t *row, const char *key, uint64_t value) {
    return number(check, row, key, value == 0 ? (double)NAN : (double)value);
}

static int text(struct check *check, const json_t *row, const char *key, const char *value) {
    const char *is = json_string_value(json_object_get(row, key));
    if (value[0] == '\0') {
        return is == NULL ? LS_OK : differs(check, key);
    }
    check->keys++;
    return is != NULL && strcmp(is, value) == 0 ? LS_OK : differs(check, key);
}

static int moment(struct check *check, const json_t *row, const char *key, int64_t ns) {
    const char *is = json_string_value(json_object_get(row, key));
    int64_t is_ns;
    check->keys++;
    return is != NULL && ls_time_parse(is, &is_ns, NULL) == LS_OK && is_ns == ns
               ? LS_OK
               : differs(check, key);
}

/* The first that is not LS_OK. */
static int first_of(const int *codes, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (codes[i] != LS_OK) {
            return codes[i];
        }
    }
    return LS_OK;
}

/* --- one row --- */

/* A CSV of incidents has parameters as one text and evidence as a count. */
static int hold_against_schema(struct check *check, const json_t *row) {
    if (!check->csv || check->opts->what != LS_EXPORT_INCIDENTS) {
        return ls_schema_check(check->schema, row, check->err);
    }
    json_t *rest = json_copy((json_t *)(uintptr_t)row);
    json_object_del(rest, "parameters");
    json_object_del(rest, "transmissions");
    int code = ls_schema_check(check->schema, rest, check->err);
    json_decref(rest);
    return code;
}

/* The caller drops *ret. */
static int next_row(struct check *check, json_t **ret) {
    check->row++;
    check->keys = 1; /* the type */
    int code = ls_reread_next(check->file, ret, check->err);
    if (code == LS_EOF) {
        return ls_err_set(check->err, LS_ERR_FORMAT, "row %zu is missing", check->row);
    }
    if (code == LS_OK && hold_against_schema(check, *ret) != LS_OK) {
        json_decref(*ret);
        code = LS_ERR_FORMAT;
    }
    if (code != LS_OK) {
        ls_err_wrap(check->err, "row %zu", check->row);
    }
    return code;
}

static int end_row(struct check *check, json_t *row, int code) {
    if (code == LS_OK && json_object_size(row) != check->keys) {
        code = ls_err_set(check->err, LS_ERR_FORMAT,
                          "row %zu has %zu values, the database has %zu of them", check->row,
                          json_object_size(row), check->keys);
    }
    json_decref(row);
    return code;
}

/* How well a class fits is said by lines and GeoJSON, not by a CSV or an annotation. */
static bool says_class(const struct check *check) {
    return !check->csv && check->opts->format != LS_EXPORT_SIGMF;
}

/* Names with commas, an array in the line. */
static int rivals_of_class(struct check *check, const json_t *row, const char *rivals) {
    const json_t *array = json_object_get(row, "class_rivals");
    char joined[LS_RIVALS_BYTES] = "";
    size_t used = 0;
    for (size_t i = 0; i < json_array_size(array) && used < sizeof joined; i++) {
        const char *name = json_string_value(json_array_get(array, i));
        used += (size_t)snprintf(joined + used, sizeof joined - used, "%s%s", i > 0 ? "," : "",
                                 name != NULL ? name : "");
    }
    bool none = !says_class(check) || rivals[0] == '\0';
    check->keys += none ? 0 : 1;
    return none == (array == NULL) && (none || strcmp(joined, rivals) == 0)
               ? LS_OK
               : differs(check, "class_rivals");
}

static int check_transmission(void *context, const struct ls_transmission *is, const char *label,
                              struct ls_err *err) {
    struct check *check = context;
    json_t *row = NULL;
    check->err = err;
    int code = next_row(check, &row);
    if (code != LS_OK) {
        return code;
    }
    const int codes[] = {
        count(check, row, "id", check->opts->whole ? (uint64_t)is->id : 0),
        text(check, row, "sensor", is->sensor),
        moment(check, row, "start", is->start_ns),
        number(check, row, "duration_s", (double)is->duration_ns / 1e9),
        edge(check, row, "center_hz", is->center_hz),
        edge(check, row, "bandwidth_hz", is->bandwidth_hz),
        number(check, row, "snr_db", is->snr_db),
        number(check, row, "level_dbfs", is->level_dbfs),
        number(check, row, "level_dbm", is->has_dbm && !check->csv ? is->level_dbm : (double)NAN),
        text(check, row, "class", is->class_name),
        number(check, row, "class_score",
               is->class_name[0] != '\0' && says_class(check) ? is->class_score : (double)NAN),
        rivals_of_class(check, row, is->class_rivals),
        number(check, row, "offset_hz", is->offset_hz),
        count(check, row, "bursts", is->bursts),
        text(check, row, "label", label),
    };
    return end_row(check, row, first_of(codes, LS_COUNT(codes)));
}

static int check_observation(void *context, const struct ls_observation *is, const char *label,
                             struct ls_err *err) {
    struct check *check = context;
    json_t *row = NULL;
    check->err = err;
    int code = next_row(check, &row);
    if (code != LS_OK) {
        return code;
    }
    /* Lines leave out that it was observed; a CSV of an export has neither state nor noise. */
    bool observed = is->state == LS_OBSERVED;
    bool noise = is->noise.known && (!check->csv || check->opts->whole);
    const int codes[] = {
        text(check, row, "sensor", is->sensor),
        moment(check, row, "start", is->start_ns),
        moment(check, row, "stop", is->stop_ns),
        number(check, row, "low_hz", is->low_hz),
        number(check, row, "high_hz", is->high_hz),
        text(check, row, "state", observed ? "" : ls_observation_state_name(is->state)),
        text(check, row, "cause", observed ? "" : is->cause),
        number(check, row, "floor_dbfs_hz", noise ? is->noise.floor_dbfs_hz : (double)NAN),
        number(check, row, "floor_error_db", noise ? is->noise.floor_error_db : (double)NAN),
        number(check, row, "weakest_dbfs", noise ? is->noise.weakest_dbfs : (double)NAN),
        text(check, row, "label", label),
    };
    return end_row(check, row, first_of(codes, LS_COUNT(codes)));
}

/* --- incidents --- */

static int check_parameters(struct check *check, const json_t *row, const struct ls_finding *is) {
    const json_t *values = json_object_get(row, "parameters");
    const json_t *intervals = json_object_get(row, "intervals");
    size_t with_interval = 0;
    check->keys += 2;
    for (size_t i = 0; i < is->parameter_count; i++) {
        const struct ls_parameter *p = &is->parameters[i];
        const json_t *value = json_object_get(values, p->name);
        const json_t *interval = json_object_get(intervals, p->name);
        bool bounded = isfinite(p->low) && isfinite(p->high);
        bool same = p->text[0] != '\0'
                        ? json_is_string(value) && strcmp(json_string_value(value), p->text) == 0
                    : isfinite(p->value)
                        ? json_is_number(value) && json_number_value(value) == p->value
                        : json_is_null(value);
        same = same && (bounded ? json_number_value(json_array_get(interval, 0)) == p->low &&
                                      json_number_value(json_array_get(interval, 1)) == p->high
                                : interval == NULL);
        if (!same) {
            return differs(check, p->name);
        }
        with_interval += bounded;
    }
    bool all = json_object_size(values) == is->parameter_count &&
               json_object_size(intervals) == with_interval;
    return all ? LS_OK : differs(check, "parameters");
}

static int check_lists(struct check *check, const json_t *row, const struct ls_finding *is) {
    const json_t *rows = json_object_get(row, "transmissions");
    const json_t *rivals = json_object_get(row, "rivals");
    bool same =
        json_array_size(rows) == is->evidence_count && json_array_size(rivals) == is->rival_count;
    check->keys += 2;
    for (size_t i = 0; same && i < is->evidence_count; i++) {
        same = json_integer_value(json_array_get(rows, i)) == is->evidence[i];
    }
    for (size_t i = 0; same && i < is->rival_count; i++) {
        const char *rival = json_string_value(json_array_get(rivals, i));
        same = rival != NULL && strcmp(rival, is->rivals[i]) == 0;
    }
    return same ? LS_OK : differs(check, "transmissions");
}

/* What CSV leaves out, and what it writes as one text. */
static int check_csv_parts(struct check *check, const json_t *row, const struct ls_finding *is) {
    const char *parameters = json_string_value(json_object_get(row, "parameters"));
    check->keys += (is->parameter_count > 0) + 1;
    for (size_t i = 0; i < is->parameter_count; i++) {
        if (parameters == NULL || strstr(parameters, is->parameters[i].name) == NULL) {
            return differs(check, "parameters");
        }
    }
    const json_t *rows = json_object_get(row, "transmissions");
    return json_is_number(rows) && json_number_value(rows) == (double)is->evidence_count
               ? LS_OK
               : differs(check, "transmissions");
}

static int check_line_parts(struct check *check, const json_t *row, const struct ls_incident *is) {
    const struct ls_finding *finding = &is->finding;
    check->keys += finding->limits[0] == '\0'; /* it has its key all the same */
    check->keys += finding->words[0] == '\0';
    const int codes[] = {
        check_parameters(check, row, finding),
        check_lists(check, row, finding),
        finding->limits[0] == '\0' ? LS_OK : text(check, row, "limits", finding->limits),
        finding->words[0] == '\0' ? LS_OK : text(check, row, "words", finding->words),
        count(check, row, "findings", is->findings),
    };
    return first_of(codes, LS_COUNT(codes));
}

static int check_incident(void *context, const struct ls_incident *is, struct ls_err *err) {
    struct check *check = context;
    const struct ls_finding *finding = &is->finding;
    char detector[LS_KIND_BYTES + 16];
    json_t *row = NULL;
    check->err = err;
    int code = next_row(check, &row);
    if (code != LS_OK) {
        return code;
    }
    snprintf(detector, sizeof detector, "%s/%u", finding->kind, finding->version);
    check->keys++;
    bool confirmed = json_is_true(json_object_get(row, "confirmed"));
    const int codes[] = {
        count(check, row, "id", (uint64_t)is->id),
        text(check, row, "kind", finding->kind),
        text(check, row, "severity", ls_severity_name(is->severity)),
        number(check, row, "false_alarm_probability", ls_finding_probability(finding)),
        moment(check, row, "start", finding->start_ns),
        moment(check, row, "stop", finding->stop_ns),
        number(check, row, "low_hz", finding->low_hz),
        number(check, row, "high_hz", finding->high_hz),
        text(check, row, "sensor", finding->sensor),
        text(check, row, "detector", detector),
        confirmed == is->confirmed ? LS_OK : differs(check, "confirmed"),
        count(check, row, "permit", (uint64_t)is->permit),
        text(check, row, "band", is->band),
        text(check, row, "label", is->label),
        check->csv ? check_csv_parts(check, row, finding) : check_line_parts(check, row, is),
    };
    return end_row(check, row, first_of(codes, LS_COUNT(codes)));
}

static int check_emitter(void *context, const struct ls_emitter *is, struct ls_err *err) {
    struct check *check = context;
    json_t *row = NULL;
    check->err = err;
    int code = next_row(check, &row);
    if (code != LS_OK) {
        return code;
    }
    check->keys++;
    bool hops = json_is_true(json_object_get(row, "hops"));
    const int codes[] = {
        count(check, row, "id", (uint64_t)is->id),
        text(check, row, "sensor", is->sensor),
        moment(check, row, "start", is->first_ns),
        moment(check, row, "stop", is->last_ns),
        count(check, row, "transmissions", is->transmissions),
        number(check, row, "on_s", is->on_s),
        number(check, row, "low_hz", is->low_hz),
        number(check, row, "high_hz", is->high_hz),
        number(check, row, "center_hz", is->center_hz),
        number(check, row, "bandwidth_hz", is->bandwidth_hz),
        number(check, row, "duration_s", is->duration_s),
        number(check, row, "level_dbfs", is->level_dbfs),
        number(check, row, "level_spread_db", is->level_spread_db),
        text(check, row, "class", is->class_name),
        number(check, row, "offset_hz", is->offset_hz),
        number(check, row, "period_s", is->period_s),
        number(check, row, "jitter_s", is->jitter_s),
        hops == is->hops ? LS_OK : differs(check, "hops"),
        number(check, row, "score", is->score),
    };
    return end_row(check, row, first_of(codes, LS_COUNT(codes)));
}

/* --- the whole file --- */

static int check_end(struct check *check, struct ls_err *err) {
    json_t *row = NULL;
    int code = ls_reread_next(check->file, &row, err);
    if (code == LS_OK) {
        json_decref(row);
        return ls_err_set(err, LS_ERR_FORMAT, "there are more rows than the %zu of the database",
                          check->row);
    }
    return code == LS_EOF ? LS_OK : code;
}

int ls_export_check(struct ls_store *store, const struct ls_export_opts *opts, const char *path,
                    size_t *ret_rows, struct ls_err *err) {
    static const char *const names[] = {[LS_EXPORT_TRANSMISSIONS] = "transmission",
                                        [LS_EXPORT_OBSERVATIONS] = "observation",
                                        [LS_EXPORT_INCIDENTS] = "incident",
                                        [LS_EXPORT_EMITTERS] = "emitter"};
    static const struct ls_export_sink sink = {.transmission = check_transmission,
                                               .observation = check_observation,
                                               .incident = check_incident,
                                               .emitter = check_emitter};
    struct check check = {.opts = opts, .csv = opts->format == LS_EXPORT_CSV, .err = err};
    int code = ls_schema_load(&check.schema, names[opts->what], err);
    if (code == LS_OK && opts->format == LS_EXPORT_GEOJSON) {
        code = ls_reread_geojson(&check.file, store, path, err);
    } else if (code == LS_OK && opts->format == LS_EXPORT_SIGMF) {
        code = ls_reread_sigmf(&check.file, path, err);
    } else if (code == LS_OK) {
        code = ls_reread_open(&check.file, path, check.csv ? check.schema : NULL, names[opts->what],
                              err);
    }
    if (code == LS_OK) {
        code = ls_export_walk(store, opts, &sink, &check, ret_rows, err);
    }
    if (code == LS_OK) {
        code = check_end(&check, err);
    }
    ls_reread_close(check.file);
    ls_schema_destroy(check.schema);
    if (code != LS_OK) {
        ls_err_wrap(err, "'%.200s' does not hold what was exported", path);
    }
    return code;
}
