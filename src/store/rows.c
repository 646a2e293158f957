#include "store/rows.h"

#include <math.h>

int ls_rows_next_ids(struct ls_store *store, int64_t ret[3], struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "next_ids", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    if (sqlite3_step(stmt) != SQLITE_ROW) {
        code = ls_sql_error(store, "reading the next ids", err);
    } else {
        for (int i = 0; i < 3; i++) {
            ret[i] = sqlite3_column_int64(stmt, i);
        }
    }
    sqlite3_reset(stmt);
    return code;
}

int ls_rows_set_next_ids(struct ls_store *store, const int64_t next[3], struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "set_next_ids", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_int(stmt, ":run_id", next[0]);
    ls_sql_bind_int(stmt, ":transmission_id", next[1]);
    ls_sql_bind_int(stmt, ":observation_id", next[2]);
    return ls_sql_run(store, stmt, "beginning a run", err);
}

int ls_rows_check_transmission(const struct ls_transmission *row, int64_t id, struct ls_err *err) {
    if (row->duration_ns <= 0 || !isfinite(row->center_hz) || !(row->bandwidth_hz >= 0.0) ||
        row->start_ns > INT64_MAX - row->duration_ns) {
        return ls_err_set(err, LS_ERR_ARG,
                          "transmission %lld has no duration, an endless time or no frequency",
                          (long long)id);
    }
    return LS_OK;
}

int ls_rows_check_observation(const struct ls_observation *row, struct ls_err *err) {
    if (row->stop_ns <= row->start_ns ||
        (row->start_ns < 0 && row->stop_ns > INT64_MAX + row->start_ns) || !isfinite(row->low_hz) ||
        !(row->high_hz >= row->low_hz)) {
        return ls_err_set(err, LS_ERR_ARG, "observation without a duration or a frequency range");
    }
    return LS_OK;
}

static void bind_text(sqlite3_stmt *stmt, int at, const char *text) {
    sqlite3_bind_text(stmt, at, text, -1, SQLITE_STATIC);
}

int ls_rows_bind_transmission(sqlite3_stmt *stmt, int at, const char *sensor,
                              const struct ls_transmission *row) {
    bind_text(stmt, at++, sensor);
    bind_text(stmt, at++, row->class_name);
    sqlite3_bind_int64(stmt, at++, row->start_ns);
    sqlite3_bind_int64(stmt, at++, row->duration_ns);
    sqlite3_bind_double(stmt, at++, row->center_hz);
    sqlite3_bind_double(stmt, at++, row->bandwidth_hz);
    sqlite3_bind_double(stmt, at++, row->snr_db);
    sqlite3_bind_double(stmt, at++, row->level_dbfs);
    sqlite3_bind_double(stmt, at++, row->offset_hz);
    if (row->bursts == 0) {
        sqlite3_bind_null(stmt, at++);
    } else {
        sqlite3_bind_int64(stmt, at++, (int64_t)row->bursts);
    }
    sqlite3_bind_double(stmt, at++, row->on_s);
    sqlite3_bind_double(stmt, at++, row->burst_s);
    sqlite3_bind_double(stmt, at++, row->period_s);
    sqlite3_bind_int64(stmt, at++, row->flags);
    if (row->trail.count == 0) {
        sqlite3_bind_null(stmt, at++);
    } else {
        unsigned char bytes[LS_TRAIL_POINTS * LS_TRAIL_POINT_BYTES];
        size_t size = ls_trail_pack(&row->trail, (double)row->duration_ns / 1e9, bytes);
        sqlite3_bind_blob(stmt, at++, bytes, (int)size, SQLITE_TRANSIENT);
    }
    sqlite3_bind_double(stmt, at++, row->class_score);
    bind_text(stmt, at++, row->class_rivals[0] != '\0' ? row->class_rivals : NULL);
    return at;
}

int ls_rows_bind_observation(sqlite3_stmt *stmt, int at, const char *sensor,
                             const struct ls_observation *row) {
    bind_text(stmt, at++, sensor);
    sqlite3_bind_int(stmt, at++, (int)row->state);
    bind_text(stmt, at++, row->cause);
    sqlite3_bind_int64(stmt, at++, row->start_ns);
    sqlite3_bind_int64(stmt, at++, row->stop_ns);
    sqlite3_bind_double(stmt, at++, row->low_hz);
    sqlite3_bind_double(stmt, at++, row->high_hz);
    sqlite3_bind_double(stmt, at++, row->rate_sps);
    sqlite3_bind_int64(stmt, at++, (int64_t)row->samples);
    bool known = row->noise.known;
    sqlite3_bind_double(stmt, at++, known ? row->noise.floor_dbfs_hz : (double)NAN);
    sqlite3_bind_double(stmt, at++, known ? row->noise.floor_error_db : (double)NAN);
    sqlite3_bind_double(stmt, at++, known ? row->noise.weakest_dbfs : (double)NAN);
    return at;
}

void ls_rows_bind_run(sqlite3_stmt *stmt, const struct ls_run *run) {
    ls_sql_bind_int(stmt, ":run_id", run->id);
    ls_sql_bind_text(stmt, ":sensor", run->sensor);
    ls_sql_bind_text(stmt, ":verb", run->verb);
    ls_sql_bind_text(stmt, ":version", run->version);
    ls_sql_bind_text(stmt, ":input", run->input);
    ls_sql_bind_text(stmt, ":input_sha512", run->input_sha512);
    ls_sql_bind_text(stmt, ":options", run->options);
    ls_sql_bind_text(stmt, ":plan", run->plan);
    ls_sql_bind_int(stmt, ":started_ns", run->started_ns);
    ls_sql_bind_int(stmt, ":first_ns", run->first_ns);
    ls_sql_bind_int(stmt, ":last_ns", run->last_ns);
    ls_sql_bind_int(stmt, ":no_clock", run->no_clock);
    ls_sql_bind_int(stmt, ":incomplete", run->incomplete);
    ls_sql_bind_text(stmt, ":note", run->note);
    ls_sql_bind_text(stmt, ":label", run->label);
}

void ls_rows_read_transmission(sqlite3_stmt *stmt, struct ls_transmission *ret) {
    *ret = (struct ls_transmission){
        .id = sqlite3_column_int64(stmt, 0),
        .run_id = sqlite3_column_int64(stmt, 1),
        .start_ns = sqlite3_column_int64(stmt, 4),
        .duration_ns = sqlite3_column_int64(stmt, 5),
        .center_hz = sqlite3_column_double(stmt, 6),
        .bandwidth_hz = sqlite3_column_double(stmt, 7),
        .snr_db = ls_sql_real(stmt, 8),
        .level_dbfs = ls_sql_real(stmt, 9),
        .offset_hz = ls_sql_real(stmt, 10),
        .bursts = (uint64_t)sqlite3_column_int64(stmt, 11),
        .on_s = ls_sql_real(stmt, 12),
        .burst_s = ls_sql_real(stmt, 13),
        .period_s = ls_sql_real(stmt, 14),
        .flags = (uint32_t)sqlite3_column_int64(stmt, 15),
        .class_score = ls_sql_real(stmt, 17),
    };
    /* A damaged trail is none: the row stands without it. */
    ls_trail_unpack(sqlite3_column_blob(stmt, 16), (size_t)sqlite3_column_bytes(stmt, 16),
                    (double)ret->duration_ns / 1e9, &ret->trail);
    ls_sql_text(stmt, 2, ret->sensor, sizeof ret->sensor);
    ls_sql_text(stmt, 3, ret->class_name, sizeof ret->class_name);
    ls_sql_text(stmt, 18, ret->class_rivals, sizeof ret->class_rivals);
}
