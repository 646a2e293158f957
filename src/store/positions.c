#include "store/positions.h"

#include <math.h>

#include "store/sql.h"

static const char storing[] = "storing a position";

static int insert(struct ls_store *store, const struct ls_position *position, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "insert_sensor", &stmt, err);
    if (code == LS_OK) {
        ls_sql_bind_text(stmt, ":name", position->sensor);
        code = ls_sql_run(store, stmt, storing, err);
    }
    if (code == LS_OK) {
        code = ls_sql_get(store, "insert_position", &stmt, err);
    }
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_text(stmt, ":sensor", position->sensor);
    ls_sql_bind_int(stmt, ":since_ns", position->since_ns);
    ls_sql_bind_real(stmt, ":latitude_deg", position->latitude_deg);
    ls_sql_bind_real(stmt, ":longitude_deg", position->longitude_deg);
    ls_sql_bind_real(stmt, ":altitude_m", position->altitude_m);
    ls_sql_bind_text(stmt, ":source", position->source);
    return ls_sql_run(store, stmt, storing, err);
}

int ls_store_add_position(struct ls_store *store, const struct ls_position *position,
                          struct ls_err *err) {
    if (!(fabs(position->latitude_deg) <= 90.0) || !(fabs(position->longitude_deg) <= 180.0)) {
        return ls_err_set(err, LS_ERR_ARG,
                          "a position has a latitude of -90 to 90 and a longitude of -180 to 180 "
                          "degrees");
    }
    int code = ls_sql_exec(store, "BEGIN IMMEDIATE", storing, err);
    if (code == LS_OK) {
        code = insert(store, position, err);
    }
    if (code == LS_OK) {
        code = ls_sql_exec(store, "COMMIT", storing, err);
    }
    if (code != LS_OK) {
        ls_sql_rollback(store);
    }
    return code;
}

int ls_store_each_position(struct ls_store *store, ls_position_each *each, void *context,
                           struct ls_err *err) {
    sqlite3_stmt *stmt;
    int step = SQLITE_DONE;
    int code = ls_sql_get(store, "positions", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    while (code == LS_OK && (step = sqlite3_step(stmt)) == SQLITE_ROW) {
        struct ls_position position = {.since_ns = sqlite3_column_int64(stmt, 1),
                                       .latitude_deg = sqlite3_column_double(stmt, 2),
                                       .longitude_deg = sqlite3_column_double(stmt, 3),
                                       .altitude_m = ls_sql_real(stmt, 4)};
        ls_sql_text(stmt, 0, position.sensor, sizeof position.sensor);
        ls_sql_text(stmt, 5, position.source, sizeof position.source);
        code = each(context, &position, err);
    }
    if (code == LS_OK && step != SQLITE_DONE) {
        code = ls_sql_error(store, "reading positions", err);
    }
    sqlite3_reset(stmt);
    return code == LS_EOF ? LS_OK : code;
}
