/* Findings and incidents.
 *
 * A pattern run holds the lock of the database from begin to finish: it is milliseconds, as the
 * searches are done before. Incidents are read one by one with their evidence; the walk is over a
 * few thousand rows at most, in memory that one incident needs. */
#include "store/patterns.h"

#include <assert.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "model/line.h"
#include "store/link.h"
#include "store/sql.h"

/* --- permits --- */

static int write_permit(struct ls_store *store, const struct ls_permit *permit, int64_t *ret_id,
                        struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "insert_permit", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_text(stmt, ":owner", permit->owner);
    ls_sql_bind_text(stmt, ":purpose", permit->purpose);
    ls_sql_bind_text(stmt, ":place", permit->place);
    ls_sql_bind_real(stmt, ":low_hz", permit->low_hz);
    ls_sql_bind_real(stmt, ":high_hz", permit->high_hz);
    ls_sql_bind_int(stmt, ":since_ns", permit->since_ns);
    ls_sql_bind_int(stmt, ":until_ns", permit->until_ns);
    int step = sqlite3_step(stmt);
    if (step == SQLITE_ROW) {
        *ret_id = sqlite3_column_int64(stmt, 0);
        step = sqlite3_step(stmt);
    }
    code = step == SQLITE_DONE ? LS_OK : ls_sql_error(store, "storing a permit", err);
    sqlite3_reset(stmt);
    return code == LS_OK ? ls_link_row(store, "permit", *ret_id, err) : code;
}

/* The end of a transaction: commits what went well, undoes what did not. */
static int end_permit_change(struct ls_store *store, int code, struct ls_err *err) {
    if (code == LS_OK) {
        code = ls_sql_exec(store, "COMMIT", "storing a permit", err);
    }
    if (code != LS_OK) {
        ls_sql_rollback(store);
    }
    return code;
}

int ls_store_add_permit(struct ls_store *store, const struct ls_permit *permit, int64_t *ret_id,
                        struct ls_err *err) {
    assert(!store->in_run && !store->in_walk);
    if (!isfinite(permit->low_hz) || !isfinite(permit->high_hz) ||
        permit->low_hz > permit->high_hz || permit->until_ns < permit->since_ns) {
        return ls_err_set(err, LS_ERR_ARG,
                          "a permit needs a range of frequencies, and an end after its beginning");
    }
    int code = ls_sql_exec(store, "BEGIN IMMEDIATE", "storing a permit", err);
    if (code == LS_OK) {
        code = write_permit(store, permit, ret_id, err);
    }
    return end_permit_change(store, code, err);
}

static int permit_span(struct ls_store *store, int64_t id, int64_t *ret_since_ns,
                       int64_t *ret_until_ns, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "permit_span", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_int(stmt, ":id", id);
    int step = sqlite3_step(stmt);
    if (step == SQLITE_ROW) {
        *ret_since_ns = sqlite3_column_int64(stmt, 0);
        *ret_until_ns = sqlite3_column_int64(stmt, 1);
    } else if (step == SQLITE_DONE) {
        code = ls_err_set(err, LS_ERR_NOTFOUND,
                          "there is no permit %lld: 'lineside permits list' shows them",
                          (long long)id);
    } else {
        code = ls_sql_error(store, "reading permits", err);
    }
    sqlite3_reset(stmt);
    return code;
}

int ls_store_end_permit(struct ls_store *store, int64_t id, int64_t until_ns, struct ls_err *err) {
    int64_t since_ns = 0;
    int64_t present_ns = INT64_MAX;
    int code = ls_sql_exec(store, "BEGIN IMMEDIATE", "ending a permit", err);
    if (code == LS_OK) {
        code = permit_span(store, id, &since_ns, &present_ns, err);
    }
    if (code == LS_OK && until_ns < since_ns) {
        code = ls_err_set(err, LS_ERR_ARG, "permit %lld begins after that", (long long)id);
    }
    if (code == LS_OK && until_ns > present_ns) {
        char time[LS_TIME_TEXT_BYTES];
        ls_time_format(present_ns, time);
        code = ls_err_set(err, LS_ERR_ARG,
                          "permit %lld holds until %s: an end is not put off; add a new permit",
                          (long long)id, time);
    }
    sqlite3_stmt *stmt;
    if (code == LS_OK) {
        code = ls_sql_get(store, "end_permit", &stmt, err);
    }
    if (code == LS_OK) {
        ls_sql_bind_int(stmt, ":id", id);
        ls_sql_bind_int(stmt, ":until_ns", until_ns);
        code = ls_sql_run(store, stmt, "ending a permit", err);
    }
    if (code == LS_OK) {
        code = ls_link_row(store, "permit", id, err);
    }
    return end_permit_change(store, code, err);
}

int ls_store_each_permit(struct ls_store *store, ls_permit_each *each, void *context,
                         struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "permits", &stmt, err);
    int step = SQLITE_DONE;
    while (code == LS_OK && (step = sqlite3_step(stmt)) == SQLITE_ROW) {
        struct ls_permit permit = {
            .id = sqlite3_column_int64(stmt, 0),
            .low_hz = sqlite3_column_double(stmt, 4),
            .high_hz = sqlite3_column_double(stmt, 5),
            .since_ns = sqlite3_column_int64(stmt, 6),
            .until_ns = sqlite3_column_int64(stmt, 7),
        };
        ls_sql_text(stmt, 1, permit.owner, sizeof permit.owner);
        ls_sql_text(stmt, 2, permit.purpose, sizeof permit.purpose);
        ls_sql_text(stmt, 3, permit.place, sizeof permit.place);
        code = each(context, &permit, err);
    }
    if (code == LS_OK && step != SQLITE_DONE) {
        code = ls_sql_error(store, "reading permits", err);
    }
    if (code == LS_OK || step == SQLITE_ROW) {
        sqlite3_reset(stmt);
    }
    return code;
}

/* --- a pattern run --- */

int ls_store_begin_patterns(struct ls_store *store, struct ls_err *err) {
    assert(!store->in_run && !store->in_walk && !store->read_only);
    return ls_sql_exec(store, "BEGIN IMMEDIATE", "storing findings", err);
}

int ls_store_finish_patterns(struct ls_store *store, struct ls_err *err) {
    int code = ls_link_incidents(store, err);
    if (code == LS_OK) {
        code = ls_sql_exec(store, "COMMIT", "storing findings", err);
    }
    if (code != LS_OK) {
        ls_sql_rollback(store);
    }
    return code;
}

void ls_store_abandon_patterns(struct ls_store *store) { ls_sql_rollback(store); }

int ls_store_add_search(struct ls_store *store, const struct ls_pattern_search *search,
                        struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "delete_findings", &stmt, err);
    if (code == LS_OK) {
        ls_sql_bind_text(stmt, ":kind", search->kind);
        ls_sql_bind_int(stmt, ":version", search->version);
        code = ls_sql_run(store, stmt, "storing findings", err);
    }
    if (code == LS_OK) {
        code = ls_sql_get(store, "put_search", &stmt, err);
    }
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_text(stmt, ":kind", search->kind);
    ls_sql_bind_int(stmt, ":version", search->version);
    ls_sql_bind_int(stmt, ":searches", (int64_t)search->searches);
    ls_sql_bind_real(stmt, ":trials", search->trials);
    ls_sql_bind_int(stmt, ":rows", (int64_t)search->rows);
    ls_sql_bind_int(stmt, ":run_ns", ls_time_now());
    return ls_sql_run(store, stmt, "storing findings", err);
}

/* JSON parts of a finding, as text; free them all. */
struct parts {
    char *parameters;
    char *intervals;
    char *rivals;
};

static char *part(void (*write)(FILE *out, const struct ls_finding *row),
                  const struct ls_finding *finding) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) {
        return NULL;
    }
    write(out, finding);
    bool ok = !ferror(out);
    if (fclose(out) != 0 || !ok) {
        free(text);
        return NULL;
    }
    return text;
}

static void parts_finish(struct parts *parts) {
    free(parts->parameters);
    free(parts->intervals);
    free(parts->rivals);
}

static int parts_init(struct parts *ret, const struct ls_finding *finding, struct ls_err *err) {
    ret->parameters = part(ls_line_write_parameters, finding);
    ret->intervals = part(ls_line_write_intervals, finding);
    ret->rivals = part(ls_line_write_rivals, finding);
    if (ret->parameters == NULL || ret->intervals == NULL || ret->rivals == NULL) {
        parts_finish(ret);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    return LS_OK;
}

/* What the two tables share. */
static void bind_finding(sqlite3_stmt *stmt, const struct ls_finding *finding,
                         const struct parts *parts) {
    ls_sql_bind_text(stmt, ":kind", finding->kind);
    ls_sql_bind_int(stmt, ":version", finding->version);
    ls_sql_bind_real(stmt, ":false_alarm_probability", ls_finding_probability(finding));
    ls_sql_bind_real(stmt, ":log10_p", finding->log10_p);
    ls_sql_bind_int(stmt, ":start_ns", finding->start_ns);
    ls_sql_bind_int(stmt, ":stop_ns", finding->stop_ns);
    ls_sql_bind_real(stmt, ":low_hz", finding->low_hz);
    ls_sql_bind_real(stmt, ":high_hz", finding->high_hz);
    ls_sql_bind_text(stmt, ":sensor", finding->sensor);
    ls_sql_bind_text(stmt, ":parameters", parts->parameters);
    ls_sql_bind_text(stmt, ":intervals", parts->intervals);
}

static int name_sensor(struct ls_store *store, const char *name, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "insert_sensor", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_text(stmt, ":name", name);
    return ls_sql_run(store, stmt, "storing findings", err);
}

static int add_evidence(struct ls_store *store, const struct ls_finding *finding,
                        int64_t incident_id, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = LS_OK;
    for (size_t i = 0; i < finding->evidence_count && code == LS_OK; i++) {
        code = ls_sql_get(store, "insert_evidence", &stmt, err);
        if (code == LS_OK) {
            ls_sql_bind_int(stmt, ":incident_id", incident_id);
            ls_sql_bind_int(stmt, ":transmission_id", finding->evidence[i]);
            code = ls_sql_run(store, stmt, "storing evidence", err);
        }
    }
    return code;
}

static int put_growth(struct ls_store *store, const struct ls_incident *incident, int64_t last_ns,
                      struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "put_growth", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_int(stmt, ":incident_id", incident->id);
    ls_sql_bind_int(stmt, ":run_ns", ls_time_now());
    ls_sql_bind_int(stmt, ":last_ns", last_ns);
    ls_sql_bind_int(stmt, ":severity", incident->severity);
    ls_sql_bind_real(stmt, ":log10_p", incident->finding.log10_p);
    ls_sql_bind_int(stmt, ":findings", (int64_t)incident->findings);
    return ls_sql_run(store, stmt, "storing an incident", err);
}

static int count_growth(struct ls_store *store, int64_t incident_id, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "count_growth", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_int(stmt, ":incident_id", incident_id);
    return ls_sql_run(store, stmt, "storing a finding", err);
}

static int write_incident(struct ls_store *store, struct ls_incident *incident,
                          const struct parts *parts, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "put_incident", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    const struct ls_finding *finding = &incident->finding;
    bind_finding(stmt, finding, parts);
    ls_sql_bind_int(stmt, ":id", incident->id);
    ls_sql_bind_int(stmt, ":severity", incident->severity);
    ls_sql_bind_text(stmt, ":rivals", parts->rivals);
    ls_sql_bind_text(stmt, ":words", finding->words);
    ls_sql_bind_text(stmt, ":limits", finding->limits);
    ls_sql_bind_int(stmt, ":searches", (int64_t)finding->searches);
    ls_sql_bind_real(stmt, ":trials", finding->trials);
    ls_sql_bind_int(stmt, ":findings", (int64_t)incident->findings);
    ls_sql_bind_int(stmt, ":confirmed", incident->confirmed);
    ls_sql_bind_real(stmt, ":confirm_log10_p", finding->confirm_log10_p);
    ls_sql_bind_int(stmt, ":permit", incident->permit);
    ls_sql_bind_text(stmt, ":band", incident->band);
    ls_sql_bind_real(stmt, ":company", finding->company);
    int step = sqlite3_step(stmt);
    if (step == SQLITE_ROW) {
        incident->id = sqlite3_column_int64(stmt, 0);
        step = sqlite3_step(stmt);
    }
    code = step == SQLITE_DONE ? LS_OK : ls_sql_error(store, "storing an incident", err);
    sqlite3_reset(stmt);
    return code;
}

int ls_store_put_incident(struct ls_store *store, struct ls_incident *incident, int64_t last_ns,
                          struct ls_err *err) {
    struct parts parts;
    int code = name_sensor(store, incident->finding.sensor, err);
    if (code == LS_OK) {
        code = parts_init(&parts, &incident->finding, err);
    }
    if (code != LS_OK) {
        return code;
    }
    code = write_incident(store, incident, &parts, err);
    parts_finish(&parts);
    if (code == LS_OK) {
        code = add_evidence(store, &incident->finding, incident->id, err);
    }
    if (code == LS_OK) {
        code = put_growth(store, incident, last_ns, err);
    }
    return code == LS_OK ? ls_link_touch(store, incident->id, err) : code;
}

int ls_store_add_finding(struct ls_store *store, const struct ls_finding *finding,
                         int64_t incident_id, struct ls_err *err) {
    struct parts parts;
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "insert_finding", &stmt, err);
    if (code == LS_OK) {
        code = parts_init(&parts, finding, err);
    }
    if (code != LS_OK) {
        return code;
    }
    bind_finding(stmt, finding, &parts);
    ls_sql_bind_int(stmt, ":incident_id", incident_id);
    code = ls_sql_run(store, stmt, "storing a finding", err);
    parts_finish(&parts);
    if (code == LS_OK) {
        code = add_evidence(store, finding, incident_id, err);
    }
    return code == LS_OK ? count_growth(store, incident_id, err) : code;
}

/* --- the state of the engine --- */

int ls_store_set_pattern_state(struct ls_store *store, const struct ls_pattern_state *state,
                               struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "set_pattern_state", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_text(stmt, ":program", state->program);
    ls_sql_bind_text(stmt, ":runs", state->runs);
    ls_sql_bind_int(stmt, ":until_ns", state->until_ns);
    ls_sql_bind_int(stmt, ":rows", (int64_t)state->rows);
    sqlite3_bind_blob64(stmt, sqlite3_bind_parameter_index(stmt, ":bytes"), state->bytes,
                        state->size, SQLITE_STATIC);
    return ls_sql_run(store, stmt, "storing the state of the pattern engine", err);
}

static int read_state(sqlite3_stmt *stmt, struct ls_pattern_state *ret, struct ls_err *err) {
    const void *bytes = sqlite3_column_blob(stmt, 4);
    size_t size = (size_t)sqlite3_column_bytes(stmt, 4);
    void *copy = malloc(size + 1);
    if (copy == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    if (size > 0) {
        memcpy(copy, bytes, size);
    }
    *ret = (struct ls_pattern_state){.until_ns = sqlite3_column_int64(stmt, 2),
                                     .rows = (uint64_t)sqlite3_column_int64(stmt, 3),
                                     .bytes = copy,
                                     .size = size};
    ls_sql_text(stmt, 0, ret->program, sizeof ret->program);
    ls_sql_text(stmt, 1, ret->runs, sizeof ret->runs);
    return LS_OK;
}

int ls_store_pattern_state(struct ls_store *store, struct ls_pattern_state *ret,
                           struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "pattern_state", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    int step = sqlite3_step(stmt);
    if (step == SQLITE_ROW) {
        code = read_state(stmt, ret, err);
    } else {
        code = step == SQLITE_DONE
                   ? LS_EOF
                   : ls_sql_error(store, "reading the state of the pattern engine", err);
    }
    sqlite3_reset(stmt);
    return code;
}
