/* Reading incidents. A walk makes all its reads in one transaction, so that rows and evidence are
 * of one moment. */
#include <assert.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "store/calibrations.h"
#include "store/patterns.h"
#include "store/rows.h"
#include "store/sql.h"

struct walk {
    struct ls_store *store;
    const struct ls_incident_filter *filter;
    ls_incident_each *each;
    void *context;
    int64_t *evidence;
    size_t capacity;
    size_t rows;
};

static int damaged(const struct ls_store *store, int64_t id, struct ls_err *err) {
    return ls_err_set(err, LS_ERR_FORMAT,
                      "reading incidents: incident %lld of database '%s' is damaged: restore a "
                      "backup",
                      (long long)id, store->path);
}

/* --- parameters from JSON --- */

static double number_at(const json_t *array, size_t i) {
    const json_t *value = json_array_get(array, i);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

static void add_parameter(struct ls_finding *finding, const char *name, const json_t *value,
                          const json_t *interval) {
    if (json_is_string(value)) {
        ls_finding_word(finding, name, json_string_value(value));
        return;
    }
    double number = json_is_number(value) ? json_number_value(value) : (double)NAN;
    ls_finding_number(finding, name, number, number_at(interval, 0), number_at(interval, 1));
}

static json_t *column_json(sqlite3_stmt *stmt, int column) {
    const unsigned char *text = sqlite3_column_text(stmt, column);
    return text == NULL ? NULL : json_loads((const char *)text, 0, NULL);
}

static bool read_parameters(sqlite3_stmt *stmt, struct ls_finding *finding) {
    json_t *parameters = column_json(stmt, 10);
    json_t *intervals = column_json(stmt, 11);
    const char *name;
    json_t *value;
    bool ok = json_is_object(parameters) && json_is_object(intervals) &&
              json_object_size(parameters) <= LS_PARAMETERS_MAX;
    if (ok) {
        json_object_foreach(parameters, name, value) {
            add_parameter(finding, name, value, json_object_get(intervals, name));
        }
    }
    json_decref(parameters);
    json_decref(intervals);
    return ok;
}

static bool read_rivals(sqlite3_stmt *stmt, struct ls_finding *finding) {
    json_t *rivals = column_json(stmt, 12);
    bool ok = json_is_array(rivals) && json_array_size(rivals) <= LS_RIVALS_MAX;
    for (size_t i = 0; ok && i < json_array_size(rivals); i++) {
        const char *text = json_string_value(json_array_get(rivals, i));
        ls_copy_text(finding->rivals[finding->rival_count++], LS_RIVAL_BYTES,
                     text == NULL ? "" : text);
    }
    json_decref(rivals);
    return ok;
}

/* --- rows --- */

static int read_evidence(struct walk *walk, int64_t id, size_t *ret_count, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(walk->store, "evidence", &stmt, err);
    int step = SQLITE_DONE;
    size_t count = 0;
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_int(stmt, ":incident_id", id);
    while (code == LS_OK && (step = sqlite3_step(stmt)) == SQLITE_ROW) {
        void *items = walk->evidence;
        code = ls_grow(&items, &walk->capacity, count, sizeof *walk->evidence);
        walk->evidence = items;
        if (code == LS_OK) {
            walk->evidence[count++] = sqlite3_column_int64(stmt, 0);
        } else {
            ls_err_set(err, code, "out of memory");
        }
    }
    if (code == LS_OK && step != SQLITE_DONE) {
        code = ls_sql_error(walk->store, "reading evidence", err);
    }
    sqlite3_reset(stmt);
    *ret_count = count;
    return code;
}

static bool read_incident(sqlite3_stmt *stmt, struct ls_incident *ret) {
    struct ls_finding *finding = &ret->finding;
    *ret = (struct ls_incident){
        .id = sqlite3_column_int64(stmt, 0),
        .severity = (enum ls_severity)sqlite3_column_int(stmt, 3),
        .findings = (uint64_t)sqlite3_column_int64(stmt, 17),
        .confirmed = sqlite3_column_int(stmt, 18) != 0,
        .permit = sqlite3_column_int64(stmt, 20),
        .finding = {.version = (unsigned)sqlite3_column_int(stmt, 2),
                    .log10_p = sqlite3_column_double(stmt, 4),
                    .reported = true,
                    .start_ns = sqlite3_column_int64(stmt, 5),
                    .stop_ns = sqlite3_column_int64(stmt, 6),
                    .low_hz = sqlite3_column_double(stmt, 7),
                    .high_hz = sqlite3_column_double(stmt, 8),
                    .searches = (uint64_t)sqlite3_column_int64(stmt, 15),
                    .trials = sqlite3_column_double(stmt, 16),
                    .company = ls_sql_real(stmt, 22),
                    .confirm_log10_p = ls_sql_real(stmt, 19)},
    };
    finding->false_alarm_probability = ls_finding_probability(finding);
    ls_sql_text(stmt, 1, finding->kind, sizeof finding->kind);
    ls_sql_text(stmt, 9, finding->sensor, sizeof finding->sensor);
    ls_sql_text(stmt, 13, finding->words, sizeof finding->words);
    ls_sql_text(stmt, 14, finding->limits, sizeof finding->limits);
    ls_sql_text(stmt, 21, ret->band, sizeof ret->band);
    ls_sql_text(stmt, 23, ret->label, sizeof ret->label);
    return read_parameters(stmt, finding) && read_rivals(stmt, finding);
}

static int give_row(struct walk *walk, sqlite3_stmt *stmt, struct ls_err *err) {
    struct ls_incident row;
    if (!read_incident(stmt, &row)) {
        return damaged(walk->store, row.id, err);
    }
    int code = read_evidence(walk, row.id, &row.finding.evidence_count, err);
    row.finding.evidence = walk->evidence;
    if (code == LS_OK) {
        code = walk->each(walk->context, &row, err);
        walk->rows++;
    }
    return code == LS_OK && walk->rows == walk->filter->rows.limit ? LS_EOF : code;
}

static void bind_filter(sqlite3_stmt *stmt, const struct ls_incident_filter *filter,
                        int64_t sensor_id) {
    const struct ls_filter *rows = &filter->rows;
    ls_sql_bind_int(stmt, ":since_ns", rows->has_since ? rows->since_ns : INT64_MIN);
    ls_sql_bind_int(stmt, ":until_ns", rows->has_until ? rows->until_ns : INT64_MAX);
    ls_sql_bind_real(stmt, ":low_hz", rows->has_freq ? rows->low_hz : -HUGE_VAL);
    ls_sql_bind_real(stmt, ":high_hz", rows->has_freq ? rows->high_hz : HUGE_VAL);
    ls_sql_bind_int(stmt, ":sensor_id", sensor_id);
    ls_sql_bind_text(stmt, ":kind", filter->kind == NULL ? "" : filter->kind);
    ls_sql_bind_int(stmt, ":min_severity", filter->min_severity);
    ls_sql_bind_int(stmt, ":id", filter->id);
}

/* LS_EOF: no row has that name. */
static int sensor_id(struct ls_store *store, const char *name, int64_t *ret, struct ls_err *err) {
    *ret = 0;
    if (name == NULL) {
        return LS_OK;
    }
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "sensor_id", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_text(stmt, ":name", name);
    int step = sqlite3_step(stmt);
    if (step == SQLITE_ROW) {
        *ret = sqlite3_column_int64(stmt, 0);
    } else {
        code = step == SQLITE_DONE ? LS_EOF : ls_sql_error(store, "reading incidents", err);
    }
    sqlite3_reset(stmt);
    return code;
}

static int walk_incidents(struct walk *walk, struct ls_err *err) {
    int64_t sensor = 0;
    sqlite3_stmt *stmt;
    int code = sensor_id(walk->store, walk->filter->rows.sensor, &sensor, err);
    if (code == LS_OK) {
        code = ls_sql_get(walk->store, "incidents", &stmt, err);
    }
    if (code != LS_OK) {
        return code;
    }
    bind_filter(stmt, walk->filter, sensor);
    int step = SQLITE_DONE;
    while (code == LS_OK && (step = sqlite3_step(stmt)) == SQLITE_ROW) {
        code = give_row(walk, stmt, err);
    }
    if (code == LS_OK && step != SQLITE_DONE) {
        code = ls_sql_error(walk->store, "reading incidents", err);
    }
    sqlite3_reset(stmt);
    return code;
}

int ls_store_each_incident(struct ls_store *store, const struct ls_incident_filter *filter,
                           ls_incident_each *each, void *context, struct ls_err *err) {
    struct walk walk = {.store = store, .filter = filter, .each = each, .context = context};
    assert(!store->in_run && !store->in_walk);
    /* A pattern run reads incidents within its own transaction. */
    bool own = sqlite3_get_autocommit(store->db) != 0;
    int code = own ? ls_sql_exec(store, "BEGIN", "reading incidents", err) : LS_OK;
    if (code != LS_OK) {
        return code;
    }
    store->in_walk = true;
    code = walk_incidents(&walk, err);
    store->in_walk = false;
    if (own) {
        ls_sql_rollback(store);
    }
    free(walk.evidence);
    return code == LS_EOF ? LS_OK : code;
}

int ls_store_each_growth(struct ls_store *store, int64_t incident_id, ls_growth_each *each,
                         void *context, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "growth", &stmt, err);
    int step = SQLITE_DONE;
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_int(stmt, ":incident_id", incident_id);
    while (code == LS_OK && (step = sqlite3_step(stmt)) == SQLITE_ROW) {
        struct ls_incident_growth row = {
            .last_ns = sqlite3_column_int64(stmt, 0),
            .severity = (enum ls_severity)sqlite3_column_int(stmt, 1),
            .log10_p = sqlite3_column_double(stmt, 2),
            .findings = (uint64_t)sqlite3_column_int64(stmt, 3),
            .evidence = (uint64_t)sqlite3_column_int64(stmt, 4),
        };
        code = each(context, &row, err);
    }
    if (code == LS_OK && step != SQLITE_DONE) {
        code = ls_sql_error(store, "reading incidents", err);
    }
    sqlite3_reset(stmt);
    return code;
}

int ls_store_each_evidence(struct ls_store *store, int64_t incident_id, ls_transmission_each *each,
                           void *context, struct ls_err *err) {
    sqlite3_stmt *stmt = NULL;
    int code = ls_calibrations_load(store, err);
    int step = SQLITE_DONE;
    if (code == LS_OK) {
        code = ls_sql_get(store, "evidence_rows", &stmt, err);
    }
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_int(stmt, ":incident_id", incident_id);
    while (code == LS_OK && (step = sqlite3_step(stmt)) == SQLITE_ROW) {
        struct ls_transmission row;
        ls_rows_read_transmission(stmt, &row);
        ls_calibrations_apply(store, &row);
        code = each(context, &row, err);
    }
    if (code == LS_OK && step != SQLITE_DONE) {
        code = ls_sql_error(store, "reading evidence", err);
    }
    sqlite3_reset(stmt);
    return code == LS_EOF ? LS_OK : code;
}
