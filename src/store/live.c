/* A run that grows.
 *
 * begin_live reserves ids and stores the run; each append is one transaction, after which every
 * promise of the schema holds: the ledger abuts from first_ns to last_ns, boxes hold their rows. So
 * whoever kills the program leaves a sound database, and a row in open_run, by which the next
 * begin_live of the sensor knows. A carrier that stays on is a row that grows: its cell may change,
 * and a box that is left empty goes. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "store/link.h"
#include "store/rows.h"

/* Ids that one run may use while another one is under way in the same database. */
static const int64_t reserved_ids = 1000000000;

static const char beginning[] = "beginning a run";
static const char storing[] = "storing rows";

static int run_with(struct ls_store *store, const char *name, const char *parameter, int64_t value,
                    struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, name, &stmt, err);
    if (code == LS_OK) {
        ls_sql_bind_int(stmt, parameter, value);
        code = ls_sql_run(store, stmt, storing, err);
    }
    return code;
}

static int insert_name(struct ls_store *store, const char *query, const char *parameter,
                       const char *name, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, query, &stmt, err);
    if (code == LS_OK) {
        ls_sql_bind_text(stmt, parameter, name);
        code = ls_sql_run(store, stmt, storing, err);
    }
    return code;
}

/* How rows of one kind reach their table. */
struct row_kind {
    const char *cell; /* statements */
    const char *put;
    const char *boxes;
    const char *drop_box;
    bool evidence; /* incidents may rest on it */
};

static const struct row_kind transmission_kind = {
    .cell = "transmission_cell",
    .put = "put_transmission",
    .boxes = "insert_transmission_boxes",
    .drop_box = "drop_empty_transmission_box",
    .evidence = true,
};

static const struct row_kind observation_kind = {
    .cell = "observation_cell",
    .put = "put_observation",
    .boxes = "insert_observation_boxes",
    .drop_box = "drop_empty_observation_box",
};

/* The cell of a stored row; LS_EOF when there is none. */
static int read_cell(struct ls_store *store, const struct row_kind *kind, int64_t id, int64_t *ret,
                     struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, kind->cell, &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_int(stmt, ":id", id);
    int step = sqlite3_step(stmt);
    if (step == SQLITE_ROW) {
        *ret = sqlite3_column_int64(stmt, 0);
    } else {
        code = step == SQLITE_DONE ? LS_EOF : ls_sql_error(store, storing, err);
    }
    sqlite3_reset(stmt);
    return code;
}

/* Run the put statement, which comes bound but for its ids, then mend the boxes. */
static int put_row(struct ls_store *store, const struct row_kind *kind, int64_t id,
                   sqlite3_stmt *stmt, struct ls_err *err) {
    int64_t old_cell = 0;
    int known = read_cell(store, kind, id, &old_cell, err);
    if (known != LS_OK && known != LS_EOF) {
        return known;
    }
    sqlite3_bind_int64(stmt, 1, id);
    sqlite3_bind_int64(stmt, 2, store->live.run);
    int code = ls_sql_run(store, stmt, storing, err);
    if (code == LS_OK && known == LS_OK && kind->evidence) {
        code = ls_link_grown(store, id, err);
    }
    if (code == LS_OK) {
        code = ls_sql_get(store, kind->boxes, &stmt, err);
    }
    if (code == LS_OK) {
        ls_sql_bind_int(stmt, ":first_id", id);
        ls_sql_bind_int(stmt, ":last_id", id);
        code = ls_sql_run(store, stmt, storing, err);
    }
    int64_t new_cell = old_cell;
    if (code == LS_OK && known == LS_OK) {
        code = read_cell(store, kind, id, &new_cell, err);
    }
    if (code == LS_OK && new_cell != old_cell) {
        code = run_with(store, kind->drop_box, ":cell", old_cell, err);
    }
    return code;
}

static int put_transmission(struct ls_store *store, const char *sensor,
                            const struct ls_transmission *row, struct ls_err *err) {
    if (row->id < store->live.first_transmission || row->id >= store->live.until_transmission) {
        return ls_err_set(err, LS_ERR_ARG, "transmission id %lld is not one of the run's",
                          (long long)row->id);
    }
    sqlite3_stmt *stmt;
    int code = ls_rows_check_transmission(row, row->id, err);
    if (code == LS_OK) {
        code = ls_sql_get(store, transmission_kind.put, &stmt, err);
    }
    if (code != LS_OK) {
        return code;
    }
    ls_rows_bind_transmission(stmt, 3, row->sensor[0] != '\0' ? row->sensor : sensor, row);
    return put_row(store, &transmission_kind, row->id, stmt, err);
}

static int put_observation(struct ls_store *store, const char *sensor,
                           const struct ls_observation *row, struct ls_err *err) {
    if (row->id < store->live.first_observation || row->id >= store->live.until_observation) {
        return ls_err_set(err, LS_ERR_ARG, "observation id %lld is not one of the run's",
                          (long long)row->id);
    }
    sqlite3_stmt *stmt;
    int code = ls_rows_check_observation(row, err);
    if (code == LS_OK) {
        code = ls_sql_get(store, observation_kind.put, &stmt, err);
    }
    if (code != LS_OK) {
        return code;
    }
    ls_rows_bind_observation(stmt, 3, row->sensor[0] != '\0' ? row->sensor : sensor, row);
    return put_row(store, &observation_kind, row->id, stmt, err);
}

/* --- beginning --- */

struct broken_run {
    int64_t run;
    int64_t first_ns;
    int64_t last_ns;
    int64_t last_observation;
    struct ls_observation off; /* the range that would have been heard */
};

/* LS_EOF: there is none. */
static int read_broken(struct ls_store *store, const char *sensor, struct broken_run *ret,
                       struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "broken_runs", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_text(stmt, ":sensor", sensor);
    int step = sqlite3_step(stmt);
    memset(ret, 0, sizeof *ret);
    if (step == SQLITE_ROW) {
        ret->run = sqlite3_column_int64(stmt, 0);
        ret->first_ns = sqlite3_column_int64(stmt, 1);
        ret->last_ns = sqlite3_column_int64(stmt, 2);
        ret->last_observation = sqlite3_column_int64(stmt, 3);
        ret->off.low_hz = sqlite3_column_double(stmt, 4);
        ret->off.high_hz = sqlite3_column_double(stmt, 5);
        ret->off.rate_sps = ls_sql_real(stmt, 6);
    } else {
        code = step == SQLITE_DONE ? LS_EOF : ls_sql_error(store, beginning, err);
    }
    sqlite3_reset(stmt);
    return code;
}

/* From its last row until now nobody listened, as far as anybody knows. */
static int add_crash_row(struct ls_store *store, const char *sensor, struct broken_run *broken,
                         int64_t until_ns, struct ls_err *err) {
    struct ls_observation *off = &broken->off;
    off->id = broken->last_observation + 1;
    off->state = LS_OFF;
    memcpy(off->cause, "crash", sizeof "crash");
    off->start_ns = broken->last_ns;
    off->stop_ns = until_ns;
    double samples = (double)(off->stop_ns - off->start_ns) / 1e9 * off->rate_sps;
    off->samples = isfinite(samples) ? (uint64_t)llround(samples) : 0;
    store->live = (struct ls_run_ids){
        .run = broken->run, .first_observation = off->id, .until_observation = off->id + 1};
    int code = put_observation(store, sensor, off, err);
    sqlite3_stmt *stmt;
    if (code == LS_OK) {
        code = ls_sql_get(store, "extend_broken_run", &stmt, err);
    }
    if (code == LS_OK) {
        ls_sql_bind_int(stmt, ":run_id", broken->run);
        ls_sql_bind_int(stmt, ":last_ns", until_ns);
        ls_sql_bind_int(stmt, ":last_observation_id", off->id);
        ls_sql_bind_int(stmt, ":rows_last_ns", off->start_ns);
        code = ls_sql_run(store, stmt, beginning, err);
    }
    memset(&store->live, 0, sizeof store->live);
    return code;
}

static int close_broken_runs(struct ls_store *store, const struct ls_run *run, struct ls_err *err) {
    struct broken_run broken;
    int code = read_broken(store, run->sensor, &broken, err);
    while (code == LS_OK) {
        if (run->first_ns > broken.last_ns && broken.last_ns > broken.first_ns) {
            code = add_crash_row(store, run->sensor, &broken, run->first_ns, err);
        }
        if (code == LS_OK) {
            code = run_with(store, "note_broken_run", ":run_id", broken.run, err);
        }
        if (code == LS_OK) {
            code = run_with(store, "close_run", ":run_id", broken.run, err);
        }
        if (code == LS_OK) {
            code = read_broken(store, run->sensor, &broken, err);
        }
    }
    return code == LS_EOF ? LS_OK : code;
}

static int insert_run(struct ls_store *store, const struct ls_run *run, struct ls_run_ids *ret,
                      struct ls_err *err) {
    int64_t next[3];
    int code = ls_rows_next_ids(store, next, err);
    if (code != LS_OK) {
        return code;
    }
    *ret = (struct ls_run_ids){.run = next[0],
                               .first_transmission = next[1],
                               .until_transmission = next[1] + reserved_ids,
                               .first_observation = next[2],
                               .until_observation = next[2] + reserved_ids};
    int64_t after[3] = {next[0] + 1, ret->until_transmission, ret->until_observation};
    code = ls_rows_set_next_ids(store, after, err);
    if (code == LS_OK) {
        code = insert_name(store, "insert_live_sensor", ":sensor", run->sensor, err);
    }
    sqlite3_stmt *stmt;
    if (code == LS_OK) {
        code = ls_sql_get(store, "insert_live_run", &stmt, err);
    }
    if (code != LS_OK) {
        return code;
    }
    struct ls_run open = *run;
    open.id = ret->run;
    open.last_ns = run->first_ns;
    open.incomplete = true;
    ls_rows_bind_run(stmt, &open);
    ls_sql_bind_int(stmt, ":first_transmission_id", ret->first_transmission);
    ls_sql_bind_int(stmt, ":first_observation_id", ret->first_observation);
    code = ls_sql_run(store, stmt, beginning, err);
    return code == LS_OK ? run_with(store, "open_run", ":run_id", ret->run, err) : code;
}

int ls_store_begin_live(struct ls_store *store, const struct ls_run *run, int64_t *ret_run_id,
                        int64_t *ret_first_transmission_id, int64_t *ret_first_observation_id,
                        struct ls_err *err) {
    assert(!store->in_run && !store->in_walk && !store->read_only && store->live.run == 0);
    sqlite3_busy_timeout(store->db, LS_SQL_BUSY_LIVE_MS);
    /* A row that was committed outlives a power cut too. */
    int code = ls_sql_exec(store, "PRAGMA synchronous = FULL", beginning, err);
    if (code == LS_OK) {
        code = ls_sql_exec(store, "BEGIN IMMEDIATE", beginning, err);
    }
    if (code == LS_OK) {
        code = close_broken_runs(store, run, err);
    }
    struct ls_run_ids ids;
    if (code == LS_OK) {
        code = insert_run(store, run, &ids, err);
    }
    if (code == LS_OK) {
        code = ls_sql_exec(store, "COMMIT", beginning, err);
    }
    if (code != LS_OK) {
        ls_sql_rollback(store);
        memset(&store->live, 0, sizeof store->live);
        return code;
    }
    store->live = ids;
    *ret_run_id = ids.run;
    *ret_first_transmission_id = ids.first_transmission;
    *ret_first_observation_id = ids.first_observation;
    return LS_OK;
}

/* --- appending --- */

/* What an append adds to the extent of its run. */
struct extent {
    int64_t last_transmission;
    int64_t last_observation;
    int64_t first_ns; /* of row starts; INT64_MAX: none */
    int64_t last_ns;
};

static void extend(struct extent *extent, int64_t *last_id, int64_t id, int64_t start_ns) {
    *last_id = id > *last_id ? id : *last_id;
    extent->first_ns = start_ns < extent->first_ns ? start_ns : extent->first_ns;
    extent->last_ns = start_ns > extent->last_ns ? start_ns : extent->last_ns;
}

static int put_rows(struct ls_store *store, const struct ls_run *run,
                    const struct ls_store_rows *rows, struct extent *extent, struct ls_err *err) {
    const char *class_name = NULL; /* that is known to be in its table */
    int code = LS_OK;
    for (size_t i = 0; i < rows->transmission_count && code == LS_OK; i++) {
        const struct ls_transmission *row = &rows->transmissions[i];
        if (class_name == NULL || strcmp(class_name, row->class_name) != 0) {
            class_name = row->class_name;
            code = insert_name(store, "insert_live_class", ":class", class_name, err);
        }
        if (code == LS_OK) {
            code = put_transmission(store, run->sensor, row, err);
        }
        extend(extent, &extent->last_transmission, row->id, row->start_ns);
    }
    for (size_t i = 0; i < rows->observation_count && code == LS_OK; i++) {
        const struct ls_observation *row = &rows->observations[i];
        code = put_observation(store, run->sensor, row, err);
        extend(extent, &extent->last_observation, row->id, row->start_ns);
    }
    return code;
}

static int update_run(struct ls_store *store, const struct ls_run *run, const struct extent *extent,
                      bool finish, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "update_live_run", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    struct ls_run now = *run;
    now.id = store->live.run;
    now.incomplete = run->incomplete || !finish;
    ls_rows_bind_run(stmt, &now);
    ls_sql_bind_int(stmt, ":last_transmission_id", extent->last_transmission);
    ls_sql_bind_int(stmt, ":last_observation_id", extent->last_observation);
    if (extent->first_ns <= extent->last_ns) {
        ls_sql_bind_int(stmt, ":rows_first_ns", extent->first_ns);
        ls_sql_bind_int(stmt, ":rows_last_ns", extent->last_ns);
    }
    return ls_sql_run(store, stmt, storing, err);
}

/* Somebody else may have closed the run: two programs that watch under one name. */
static int expect_open(struct ls_store *store, const struct ls_run *run, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "is_open_run", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_int(stmt, ":run_id", store->live.run);
    bool open = false;
    if (sqlite3_step(stmt) == SQLITE_ROW) {
        open = sqlite3_column_int64(stmt, 0) != 0;
    } else {
        code = ls_sql_error(store, storing, err);
    }
    sqlite3_reset(stmt);
    if (code == LS_OK && !open) {
        code = ls_err_set(err, LS_ERR_NOTFOUND,
                          "run %lld was closed by another program that watches as sensor '%s': "
                          "give each sensor a name of its own",
                          (long long)store->live.run, run->sensor);
    }
    return code;
}

/* What the run did not use, when nobody began another one meanwhile. */
static int give_back_ids(struct ls_store *store, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "give_back_live_ids", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_int(stmt, ":run_id", store->live.run);
    ls_sql_bind_int(stmt, ":until_transmission_id", store->live.until_transmission);
    ls_sql_bind_int(stmt, ":until_observation_id", store->live.until_observation);
    return ls_sql_run(store, stmt, storing, err);
}

int ls_store_append(struct ls_store *store, const struct ls_run *run,
                    const struct ls_store_rows *rows, bool finish, struct ls_err *err) {
    assert(store->live.run != 0 && !store->in_walk);
    struct extent extent = {.last_transmission = store->live.first_transmission - 1,
                            .last_observation = store->live.first_observation - 1,
                            .first_ns = INT64_MAX,
                            .last_ns = INT64_MIN};
    sqlite3_busy_timeout(store->db, LS_SQL_BUSY_LIVE_MS);
    int code = ls_sql_exec(store, "BEGIN IMMEDIATE", storing, err);
    if (code == LS_OK) {
        code = expect_open(store, run, err);
    }
    if (code == LS_OK) {
        code = put_rows(store, run, rows, &extent, err);
    }
    if (code == LS_OK) {
        code = update_run(store, run, &extent, finish, err);
    }
    if (code == LS_OK && finish) {
        code = run_with(store, "close_run", ":run_id", store->live.run, err);
    }
    if (code == LS_OK && finish) {
        code = give_back_ids(store, err);
    }
    if (code == LS_OK) {
        code = ls_link_incidents(store, err);
    }
    if (code == LS_OK) {
        code = ls_sql_exec(store, "COMMIT", storing, err);
    }
    if (code != LS_OK) {
        ls_sql_rollback(store);
    } else if (finish) {
        memset(&store->live, 0, sizeof store->live);
    }
    return code;
}
