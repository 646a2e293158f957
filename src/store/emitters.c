#include "store/emitters.h"

#include <assert.h>
#include <math.h>

#include "base/util.h"
#include "store/rows.h"
#include "store/sql.h"

enum { REASONS_SEEN = 64 }; /* of the links of a day; beyond, one may be staged again */

/* --- staging --- */

static int run_all(struct ls_store *store, const char *const *names, size_t count,
                   const char *doing, struct ls_err *err) {
    int code = LS_OK;
    for (size_t i = 0; i < count && code == LS_OK; i++) {
        code = ls_sql_run_named(store, names[i], doing, err);
    }
    return code;
}

int ls_store_clear_emitters(struct ls_store *store, struct ls_err *err) {
    static const char *const names[] = {"create_staged_link",  "create_staged_emitter",
                                        "create_staged_event", "create_staged_reason",
                                        "clear_staged_links",  "clear_staged_emitters",
                                        "clear_staged_events", "clear_staged_reasons"};
    return run_all(store, names, LS_COUNT(names), "gathering emitters", err);
}

/* Of many links few have a reason of their own. */
static int stage_reason(struct ls_store *store, uint32_t reason, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "stage_reason", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_int(stmt, ":id", reason);
    return ls_sql_run(store, stmt, "gathering emitters", err);
}

/* Once a row of the log: the statement is looked up once, and its values are bound by position. */
static int stage_links(struct ls_store *store, const struct ls_tie *links, size_t count,
                       struct ls_err *err) {
    sqlite3_stmt *stmt;
    uint32_t seen[REASONS_SEEN];
    size_t seen_count = 0;
    int code = ls_sql_get(store, "stage_link", &stmt, err);
    for (size_t i = 0; i < count && code == LS_OK; i++) {
        uint32_t reason = ls_tie_reason(&links[i]);
        size_t at = 0;
        while (at < seen_count && seen[at] != reason) {
            at++;
        }
        if (at == seen_count) {
            code = stage_reason(store, reason, err);
            seen_count = at < REASONS_SEEN ? at + 1 : 1;
            seen[seen_count - 1] = reason;
        }
        sqlite3_bind_int64(stmt, 1, links[i].transmission_id);
        sqlite3_bind_int64(stmt, 2, links[i].emitter_id);
        sqlite3_bind_int64(stmt, 3, reason);
        sqlite3_bind_int64(stmt, 4, links[i].percent);
        code = code == LS_OK ? ls_sql_run(store, stmt, "gathering emitters", err) : code;
    }
    return code;
}

static int stage_emitter(struct ls_store *store, const struct ls_emitter *row, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "stage_emitter", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_int(stmt, ":id", row->id);
    ls_sql_bind_int(stmt, ":part_of", row->part_of);
    ls_sql_bind_text(stmt, ":sensor", row->sensor);
    ls_sql_bind_text(stmt, ":class", row->class_name);
    ls_sql_bind_int(stmt, ":transmissions", (int64_t)row->transmissions);
    ls_sql_bind_int(stmt, ":first_ns", row->first_ns);
    ls_sql_bind_int(stmt, ":last_ns", row->last_ns);
    ls_sql_bind_real(stmt, ":on_s", row->on_s);
    ls_sql_bind_real(stmt, ":low_hz", row->low_hz);
    ls_sql_bind_real(stmt, ":high_hz", row->high_hz);
    ls_sql_bind_real(stmt, ":center_hz", row->center_hz);
    ls_sql_bind_real(stmt, ":bandwidth_hz", row->bandwidth_hz);
    ls_sql_bind_real(stmt, ":duration_s", row->duration_s);
    ls_sql_bind_real(stmt, ":level_dbfs", row->level_dbfs);
    ls_sql_bind_real(stmt, ":level_spread_db", row->level_spread_db);
    ls_sql_bind_real(stmt, ":offset_hz", row->offset_hz);
    ls_sql_bind_real(stmt, ":period_s", row->period_s);
    ls_sql_bind_real(stmt, ":jitter_s", row->jitter_s);
    ls_sql_bind_int(stmt, ":hops", row->hops);
    ls_sql_bind_real(stmt, ":score", row->score);
    return ls_sql_run(store, stmt, "gathering emitters", err);
}

static int stage_event(struct ls_store *store, const struct ls_emitter_event *row,
                       struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "stage_event", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_int(stmt, ":t_ns", row->t_ns);
    ls_sql_bind_int(stmt, ":emitter_id", row->emitter_id);
    ls_sql_bind_int(stmt, ":other_id", row->other_id);
    ls_sql_bind_int(stmt, ":split", row->split);
    ls_sql_bind_text(stmt, ":text", row->text);
    return ls_sql_run(store, stmt, "gathering emitters", err);
}

int ls_store_stage_emitters(struct ls_store *store, const struct ls_emitter_rows *rows,
                            struct ls_err *err) {
    assert(!store->in_walk);
    /* Only temporary tables are written: this takes no lock on the database. */
    int code = ls_sql_exec(store, "BEGIN", "gathering emitters", err);
    code = code == LS_OK ? stage_links(store, rows->links, rows->link_count, err) : code;
    for (size_t i = 0; i < rows->emitter_count && code == LS_OK; i++) {
        code = stage_emitter(store, &rows->emitters[i], err);
    }
    for (size_t i = 0; i < rows->event_count && code == LS_OK; i++) {
        code = stage_event(store, &rows->events[i], err);
    }
    if (code == LS_OK) {
        code = ls_sql_exec(store, "COMMIT", "gathering emitters", err);
    }
    if (code != LS_OK) {
        ls_sql_rollback(store);
    }
    return code;
}

/* --- storing --- */

static int put_reasons(struct ls_store *store, struct ls_err *err) {
    sqlite3_stmt *reasons;
    int code = ls_sql_get(store, "staged_reasons", &reasons, err);
    int step = SQLITE_DONE;
    while (code == LS_OK && (step = sqlite3_step(reasons)) == SQLITE_ROW) {
        char text[LS_TIE_REASON_BYTES];
        sqlite3_stmt *stmt;
        int64_t id = sqlite3_column_int64(reasons, 0);
        ls_tie_reason_text((uint32_t)id, text);
        code = ls_sql_get(store, "insert_reason", &stmt, err);
        if (code == LS_OK) {
            ls_sql_bind_int(stmt, ":id", id);
            ls_sql_bind_text(stmt, ":text", text);
            code = ls_sql_run(store, stmt, "storing emitters", err);
        }
    }
    if (code == LS_OK && step != SQLITE_DONE) {
        code = ls_sql_error(store, "storing emitters", err);
    }
    if (code == LS_OK) {
        sqlite3_reset(reasons);
    }
    return code;
}

int ls_store_put_emitters(struct ls_store *store, int64_t known_id, int64_t from_ns,
                          struct ls_err *err) {
    static const char *const drops[] = {"drop_links", "drop_emitters", "drop_events"};
    static const char *const puts[] = {"put_links", "put_emitters", "put_events"};
    int code = LS_OK;
    for (size_t i = 0; i < LS_COUNT(drops) && code == LS_OK; i++) {
        sqlite3_stmt *stmt;
        code = ls_sql_get(store, drops[i], &stmt, err);
        if (code == LS_OK) {
            ls_sql_bind_int(stmt, ":known_id", known_id);
            ls_sql_bind_int(stmt, ":from_ns", from_ns);
            code = ls_sql_run(store, stmt, "storing emitters", err);
        }
    }
    code = code == LS_OK ? put_reasons(store, err) : code;
    return code == LS_OK ? run_all(store, puts, LS_COUNT(puts), "storing emitters", err) : code;
}

/* --- reading --- */

static void read_emitter(sqlite3_stmt *stmt, struct ls_emitter *ret) {
    *ret = (struct ls_emitter){
        .id = sqlite3_column_int64(stmt, 0),
        .transmissions = (uint64_t)sqlite3_column_int64(stmt, 3),
        .first_ns = sqlite3_column_int64(stmt, 4),
        .last_ns = sqlite3_column_int64(stmt, 5),
        .on_s = ls_sql_real(stmt, 6),
        .low_hz = ls_sql_real(stmt, 7),
        .high_hz = ls_sql_real(stmt, 8),
        .center_hz = ls_sql_real(stmt, 9),
        .bandwidth_hz = ls_sql_real(stmt, 10),
        .duration_s = ls_sql_real(stmt, 11),
        .level_dbfs = ls_sql_real(stmt, 12),
        .level_spread_db = ls_sql_real(stmt, 13),
        .offset_hz = ls_sql_real(stmt, 14),
        .period_s = ls_sql_real(stmt, 15),
        .jitter_s = ls_sql_real(stmt, 16),
        .hops = sqlite3_column_int(stmt, 17) != 0,
        .score = ls_sql_real(stmt, 18),
    };
    ls_sql_text(stmt, 1, ret->sensor, sizeof ret->sensor);
    ls_sql_text(stmt, 2, ret->class_name, sizeof ret->class_name);
}

/* The id of a name in a small table; *ret_known false: there is none, so nothing can match. */
static int id_of(struct ls_store *store, const char *query, const char *name, int64_t *ret,
                 bool *ret_known, struct ls_err *err) {
    sqlite3_stmt *stmt;
    *ret = 0;
    *ret_known = true;
    if (name == NULL) {
        return LS_OK;
    }
    int code = ls_sql_get(store, query, &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_text(stmt, ":name", name);
    int step = sqlite3_step(stmt);
    *ret_known = step == SQLITE_ROW;
    if (step == SQLITE_ROW) {
        *ret = sqlite3_column_int64(stmt, 0);
    } else if (step != SQLITE_DONE) {
        code = ls_sql_error(store, "reading emitters", err);
    }
    sqlite3_reset(stmt);
    return code;
}

/* Ends a walk over a statement whose last step and code are given. */
static int end_walk(struct ls_store *store, sqlite3_stmt *stmt, int step, int code,
                    struct ls_err *err) {
    if (code == LS_OK && step != SQLITE_DONE) {
        code = ls_sql_error(store, "reading emitters", err);
    }
    sqlite3_reset(stmt);
    return code;
}

int ls_store_each_emitter(struct ls_store *store, const struct ls_filter *filter, int64_t id,
                          ls_emitter_each *each, void *context, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int64_t sensor_id = 0;
    int64_t class_id = 0;
    bool known = true;
    int code = id_of(store, "sensor_id", filter->sensor, &sensor_id, &known, err);
    if (code == LS_OK && known) {
        code = id_of(store, "class_id", filter->class_name, &class_id, &known, err);
    }
    if (code != LS_OK || !known) {
        return code;
    }
    code = ls_sql_get(store, "emitters", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_int(stmt, ":id", id);
    ls_sql_bind_int(stmt, ":since_ns", filter->has_since ? filter->since_ns : INT64_MIN);
    ls_sql_bind_int(stmt, ":until_ns", filter->has_until ? filter->until_ns : INT64_MAX);
    ls_sql_bind_real(stmt, ":low_hz", filter->has_freq ? filter->low_hz : -HUGE_VAL);
    ls_sql_bind_real(stmt, ":high_hz", filter->has_freq ? filter->high_hz : HUGE_VAL);
    ls_sql_bind_int(stmt, ":sensor_id", sensor_id);
    ls_sql_bind_int(stmt, ":class_id", class_id);
    ls_sql_bind_int(stmt, ":limit", filter->limit == 0 ? -1 : (int64_t)filter->limit);
    int step = SQLITE_DONE;
    while (code == LS_OK && (step = sqlite3_step(stmt)) == SQLITE_ROW) {
        struct ls_emitter row;
        read_emitter(stmt, &row);
        code = each(context, &row, err);
    }
    return end_walk(store, stmt, step, code, err);
}

int ls_store_each_emitter_event(struct ls_store *store, int64_t id, ls_emitter_event_each *each,
                                void *context, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "emitter_events", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_int(stmt, ":id", id);
    int step = SQLITE_DONE;
    while (code == LS_OK && (step = sqlite3_step(stmt)) == SQLITE_ROW) {
        struct ls_emitter_event row = {.t_ns = sqlite3_column_int64(stmt, 0),
                                       .emitter_id = sqlite3_column_int64(stmt, 1),
                                       .other_id = sqlite3_column_int64(stmt, 2),
                                       .split = sqlite3_column_int(stmt, 3) != 0};
        ls_sql_text(stmt, 4, row.text, sizeof row.text);
        code = each(context, &row, err);
    }
    return end_walk(store, stmt, step, code, err);
}

int ls_store_each_emitter_row(struct ls_store *store, int64_t id, size_t limit,
                              ls_emitter_row_each *each, void *context, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "emitter_rows", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_int(stmt, ":id", id);
    ls_sql_bind_int(stmt, ":limit", limit == 0 ? -1 : (int64_t)limit);
    int step = SQLITE_DONE;
    while (code == LS_OK && (step = sqlite3_step(stmt)) == SQLITE_ROW) {
        struct ls_transmission row;
        char reason[LS_TIE_REASON_BYTES];
        ls_rows_read_transmission(stmt, &row);
        ls_sql_text(stmt, 19, reason, sizeof reason);
        code = each(context, &row, reason, (unsigned)sqlite3_column_int(stmt, 20), err);
    }
    return end_walk(store, stmt, step, code, err);
}
