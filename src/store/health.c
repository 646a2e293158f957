#include "store/health.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "store/link.h"
#include "store/sql.h"

static int add_sensor(struct ls_store *store, const char *sensor, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "insert_live_sensor", &stmt, err);
    if (code == LS_OK) {
        ls_sql_bind_text(stmt, ":sensor", sensor);
        code = ls_sql_run(store, stmt, "storing health", err);
    }
    return code;
}

static int add_row(struct ls_store *store, const struct ls_health *row, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = add_sensor(store, row->sensor, err);
    if (code == LS_OK) {
        code = ls_sql_get(store, "insert_health", &stmt, err);
    }
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_text(stmt, ":sensor", row->sensor);
    ls_sql_bind_int(stmt, ":t_ns", row->t_ns);
    ls_sql_bind_text(stmt, ":subject", row->subject);
    ls_sql_bind_int(stmt, ":level", (int64_t)row->level);
    ls_sql_bind_real(stmt, ":value", row->value);
    ls_sql_bind_text(stmt, ":unit", row->unit);
    ls_sql_bind_text(stmt, ":text", row->text);
    return ls_sql_run(store, stmt, "storing health", err);
}

int ls_store_add_health(struct ls_store *store, const struct ls_health *rows, size_t count,
                        struct ls_err *err) {
    int code = ls_sql_exec(store, "BEGIN IMMEDIATE", "storing health", err);
    for (size_t i = 0; i < count && code == LS_OK; i++) {
        code = add_row(store, &rows[i], err);
    }
    if (code == LS_OK) {
        code = ls_sql_exec(store, "COMMIT", "storing health", err);
    }
    if (code != LS_OK) {
        ls_sql_rollback(store);
    }
    return code;
}

/* 0: any; -1: a sensor that has no rows. */
static int find_sensor(struct ls_store *store, const char *sensor, int64_t *ret,
                       struct ls_err *err) {
    sqlite3_stmt *stmt;
    *ret = 0;
    if (sensor == NULL) {
        return LS_OK;
    }
    int code = ls_sql_get(store, "sensor_id", &stmt, err);
    if (code == LS_OK) {
        ls_sql_bind_text(stmt, ":name", sensor);
        *ret = sqlite3_step(stmt) == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : -1;
        sqlite3_reset(stmt);
    }
    return code;
}

static void take_row(sqlite3_stmt *stmt, struct ls_health *ret) {
    *ret = (struct ls_health){
        .id = sqlite3_column_int64(stmt, 0),
        .t_ns = sqlite3_column_int64(stmt, 2),
        .level = (enum ls_health_level)sqlite3_column_int(stmt, 4),
        .value = ls_sql_real(stmt, 5),
    };
    ls_sql_text(stmt, 1, ret->sensor, sizeof ret->sensor);
    ls_sql_text(stmt, 3, ret->subject, sizeof ret->subject);
    ls_sql_text(stmt, 6, ret->unit, sizeof ret->unit);
    ls_sql_text(stmt, 7, ret->text, sizeof ret->text);
}

int ls_store_each_health(struct ls_store *store, const struct ls_filter *filter,
                         ls_health_each *each, void *context, struct ls_err *err) {
    int64_t sensor;
    sqlite3_stmt *stmt;
    int code = find_sensor(store, filter->sensor, &sensor, err);
    if (code == LS_OK) {
        code = ls_sql_get(store, "health_between", &stmt, err);
    }
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_int(stmt, ":since_ns", filter->has_since ? filter->since_ns : INT64_MIN);
    ls_sql_bind_int(stmt, ":until_ns", filter->has_until ? filter->until_ns : INT64_MAX);
    ls_sql_bind_int(stmt, ":sensor_id", sensor);
    store->in_walk = true;
    for (size_t rows = 0; code == LS_OK && (filter->limit == 0 || rows < filter->limit); rows++) {
        int step = sqlite3_step(stmt);
        if (step != SQLITE_ROW) {
            code = step == SQLITE_DONE ? LS_OK : ls_sql_error(store, "reading health", err);
            break;
        }
        struct ls_health row;
        take_row(stmt, &row);
        code = each(context, &row, err);
    }
    store->in_walk = false;
    sqlite3_reset(stmt);
    return code;
}

/* --- snippets --- */

static const char storing_snippet[] = "storing a snippet";

static int insert_snippet(struct ls_store *store, const struct ls_store_snippet *row,
                          struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = add_sensor(store, row->sensor, err);
    if (code == LS_OK) {
        code = ls_sql_get(store, "insert_snippet", &stmt, err);
    }
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_text(stmt, ":sensor", row->sensor);
    ls_sql_bind_int(stmt, ":transmission_id", row->transmission_id);
    ls_sql_bind_text(stmt, ":case_id", row->case_id);
    ls_sql_bind_text(stmt, ":path", row->path);
    ls_sql_bind_text(stmt, ":sha512", row->sha512);
    ls_sql_bind_int(stmt, ":start_ns", row->start_ns);
    ls_sql_bind_int(stmt, ":duration_ns", row->duration_ns);
    ls_sql_bind_real(stmt, ":center_hz", row->center_hz);
    ls_sql_bind_real(stmt, ":rate_sps", row->rate_sps);
    ls_sql_bind_int(stmt, ":bytes", (int64_t)row->bytes);
    ls_sql_bind_int(stmt, ":expires_ns", row->expires_ns);
    code = ls_sql_run(store, stmt, storing_snippet, err);
    return code == LS_OK ? ls_link_row(store, "snippet", sqlite3_last_insert_rowid(store->db), err)
                         : code;
}

static int end_change(struct ls_store *store, int code, struct ls_err *err) {
    if (code == LS_OK) {
        code = ls_sql_exec(store, "COMMIT", storing_snippet, err);
    }
    if (code != LS_OK) {
        ls_sql_rollback(store);
    }
    return code;
}

int ls_store_add_snippet(struct ls_store *store, const struct ls_store_snippet *row,
                         struct ls_err *err) {
    int code = ls_sql_exec(store, "BEGIN IMMEDIATE", storing_snippet, err);
    if (code == LS_OK) {
        code = insert_snippet(store, row, err);
    }
    return end_change(store, code, err);
}

int ls_store_each_snippet_path(struct ls_store *store, int64_t incident_id,
                               int (*each)(void *context, const char *path, struct ls_err *err),
                               void *context, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int step = SQLITE_DONE;
    int code = ls_sql_get(store, "snippets_of_incident", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_int(stmt, ":incident_id", incident_id);
    while (code == LS_OK && (step = sqlite3_step(stmt)) == SQLITE_ROW) {
        code = each(context, (const char *)sqlite3_column_text(stmt, 0), err);
    }
    if (code == LS_OK && step != SQLITE_DONE) {
        code = ls_sql_error(store, "reading snippets", err);
    }
    sqlite3_reset(stmt);
    return code;
}

int ls_store_snippet_bytes(struct ls_store *store, uint64_t *ret, struct ls_err *err) {
    int64_t bytes = 0;
    int code = ls_sql_value(store, ls_sql_query("snippet_bytes"), &bytes, err);
    if (code == LS_OK) {
        *ret = (uint64_t)bytes;
    }
    return code;
}

struct expired {
    int64_t id;
    char *path;
};

static int list_expired(struct ls_store *store, int64_t now_ns, struct expired **ret,
                        size_t *ret_count, struct ls_err *err) {
    sqlite3_stmt *stmt;
    size_t capacity = 0;
    int code = ls_sql_get(store, "expired_snippets", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_int(stmt, ":now_ns", now_ns);
    int step = sqlite3_step(stmt);
    while (code == LS_OK && step == SQLITE_ROW) {
        code = ls_grow((void **)ret, &capacity, *ret_count, sizeof **ret);
        char *path = strdup((const char *)sqlite3_column_text(stmt, 1));
        if (code != LS_OK || path == NULL) {
            free(path);
            code = ls_err_set(err, LS_ERR_NOMEM, "out of memory");
            break;
        }
        (*ret)[(*ret_count)++] =
            (struct expired){.id = sqlite3_column_int64(stmt, 0), .path = path};
        step = sqlite3_step(stmt);
    }
    if (code == LS_OK && step != SQLITE_DONE) {
        code = ls_sql_error(store, "reading snippets", err);
    }
    sqlite3_reset(stmt);
    return code;
}

static int mark_deleted(struct ls_store *store, int64_t id, int64_t now_ns, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_exec(store, "BEGIN IMMEDIATE", storing_snippet, err);
    if (code == LS_OK) {
        code = ls_sql_get(store, "mark_snippet_deleted", &stmt, err);
    }
    if (code == LS_OK) {
        ls_sql_bind_int(stmt, ":id", id);
        ls_sql_bind_int(stmt, ":now_ns", now_ns);
        code = ls_sql_run(store, stmt, "marking a snippet as deleted", err);
    }
    if (code == LS_OK) {
        code = ls_link_row(store, "snippet", id, err);
    }
    return end_change(store, code, err);
}

int ls_store_expire_snippets(struct ls_store *store, int64_t now_ns, bool dry,
                             int (*each)(void *context, const char *path), void *context,
                             size_t *ret_deleted, struct ls_err *err) {
    struct expired *rows = NULL;
    size_t count = 0;
    size_t deleted = 0;
    int code = list_expired(store, now_ns, &rows, &count, err);
    for (size_t i = 0; i < count; i++) {
        if (code == LS_OK && (dry || each(context, rows[i].path) == LS_OK)) {
            code = dry ? LS_OK : mark_deleted(store, rows[i].id, now_ns, err);
            deleted++;
        }
        free(rows[i].path);
    }
    free(rows);
    *ret_deleted = deleted;
    return code;
}
