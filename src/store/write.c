/* Storing a run.
 *
 * begin_run reserves ids in a short transaction of its own; the rows then gather in temporary
 * tables, so that hours of analysis hold no lock; finish_run moves them over, and removes the run
 * that they replace, in one transaction. Whoever is killed before its COMMIT leaves the old rows
 * and a gap in the ids. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "store/link.h"
#include "store/rows.h"

/* Ids that one run may use while another one is under way in the same database. */
static const int64_t reserved_ids = 100000000;

static int reserve_ids(struct ls_store *store, int64_t ret[3], struct ls_err *err) {
    int64_t next[3];
    int code = ls_sql_exec(store, "BEGIN IMMEDIATE", "beginning a run", err);
    if (code == LS_OK) {
        code = ls_rows_next_ids(store, next, err);
    }
    if (code == LS_OK) {
        memcpy(ret, next, sizeof next);
        next[0]++;
        next[1] += reserved_ids;
        code = ls_rows_set_next_ids(store, next, err);
    }
    if (code == LS_OK) {
        code = ls_sql_exec(store, "COMMIT", "beginning a run", err);
    }
    if (code != LS_OK) {
        ls_sql_rollback(store);
    }
    return code;
}

static int run_all(struct ls_store *store, const char *const *names, const char *doing,
                   struct ls_err *err) {
    int code = LS_OK;
    for (; code == LS_OK && *names != NULL; names++) {
        code = ls_sql_run_named(store, *names, doing, err);
    }
    return code;
}

static int clear_staged(struct ls_store *store, struct ls_err *err) {
    static const char *const names[] = {"clear_staged_transmissions", "clear_staged_observations",
                                        "clear_touched", NULL};
    return run_all(store, names, "clearing temporary rows", err);
}

int ls_store_begin_run(struct ls_store *store, const struct ls_run *run, int64_t *ret_run_id,
                       int64_t *ret_first_transmission_id, struct ls_err *err) {
    static const char *const names[] = {"create_staged_transmission", "create_staged_observation",
                                        "create_touched", NULL};
    assert(!store->in_run && !store->in_walk && !store->read_only);
    int64_t ids[3];
    int code = reserve_ids(store, ids, err);
    if (code == LS_OK) {
        code = run_all(store, names, "beginning a run", err);
    }
    if (code == LS_OK) {
        code = clear_staged(store, err);
    }
    if (code == LS_OK) {
        code = ls_sql_exec(store, "BEGIN", "beginning a run", err);
    }
    if (code != LS_OK) {
        return code;
    }
    store->in_run = true;
    store->run = *run;
    store->run.id = ids[0];
    store->first_transmission_id = ids[1];
    store->next_transmission_id = ids[1];
    store->reserved_until = ids[1] + reserved_ids;
    store->rows_lost = false;
    *ret_run_id = ids[0];
    *ret_first_transmission_id = ids[1];
    return LS_OK;
}

static const char *row_sensor(const struct ls_store *store, const char *sensor) {
    return sensor[0] != '\0' ? sensor : store->run.sensor;
}

int ls_store_add_transmission(struct ls_store *store, const struct ls_transmission *row,
                              struct ls_err *err) {
    assert(store->in_run);
    int64_t id = row->id != 0 ? row->id : store->next_transmission_id;
    if (id < store->first_transmission_id || id >= store->reserved_until) {
        return ls_err_set(err, LS_ERR_ARG,
                          "transmission id %lld is outside those of the run (%lld to %lld)",
                          (long long)id, (long long)store->first_transmission_id,
                          (long long)store->reserved_until - 1);
    }
    int code = ls_rows_check_transmission(row, id, err);
    sqlite3_stmt *stmt;
    if (code == LS_OK) {
        code = ls_sql_get(store, "stage_transmission", &stmt, err);
    }
    if (code != LS_OK) {
        return code;
    }
    sqlite3_bind_int64(stmt, 1, id);
    ls_rows_bind_transmission(stmt, 2, row_sensor(store, row->sensor), row);
    code = ls_sql_run(store, stmt, "storing a transmission", err);
    if (code == LS_OK && id >= store->next_transmission_id) {
        store->next_transmission_id = id + 1;
    }
    store->rows_lost = store->rows_lost || code != LS_OK;
    return code;
}

int ls_store_add_observation(struct ls_store *store, const struct ls_observation *row,
                             struct ls_err *err) {
    assert(store->in_run);
    sqlite3_stmt *stmt;
    int code = ls_rows_check_observation(row, err);
    if (code == LS_OK) {
        code = ls_sql_get(store, "stage_observation", &stmt, err);
    }
    if (code != LS_OK) {
        return code;
    }
    ls_rows_bind_observation(stmt, 1, row_sensor(store, row->sensor), row);
    code = ls_sql_run(store, stmt, "storing an observation", err);
    store->rows_lost = store->rows_lost || code != LS_OK;
    return code;
}

struct id_range {
    int64_t first;
    int64_t last; /* first - 1 when empty */
};

struct run_ids {
    int64_t run;
    struct id_range transmissions;
    struct id_range observations;
};

static int run_range(struct ls_store *store, const char *name, struct id_range range,
                     struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, name, &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_int(stmt, ":first_id", range.first);
    ls_sql_bind_int(stmt, ":last_id", range.last);
    ls_sql_bind_int(stmt, ":run_id", store->run.id);
    return ls_sql_run(store, stmt, "storing rows", err);
}

static int replaced_run(struct ls_store *store, struct run_ids *ret, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "replaced_runs", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_text(stmt, ":input_sha512", store->run.input_sha512);
    ls_sql_bind_text(stmt, ":verb", store->run.verb);
    ls_sql_bind_text(stmt, ":sensor", store->run.sensor);
    int step = sqlite3_step(stmt);
    if (step == SQLITE_ROW) {
        ret->run = sqlite3_column_int64(stmt, 0);
        ret->transmissions.first = sqlite3_column_int64(stmt, 1);
        ret->transmissions.last = sqlite3_column_int64(stmt, 2);
        ret->observations.first = sqlite3_column_int64(stmt, 3);
        ret->observations.last = sqlite3_column_int64(stmt, 4);
    } else {
        code = step == SQLITE_DONE ? LS_EOF : ls_sql_error(store, "storing rows", err);
    }
    sqlite3_reset(stmt);
    return code;
}

/* The chain says what goes and what in its place; incidents that rest on it are linked anew. */
static int link_deletion(struct ls_store *store, const struct run_ids *old, struct ls_err *err) {
    char text[256];
    long long transmissions = old->transmissions.last - old->transmissions.first + 1;
    long long observations = old->observations.last - old->observations.first + 1;
    snprintf(text, sizeof text,
             "{\"run\":%lld,\"transmissions\":%lld,\"observations\":%lld,\"by_run\":%lld}",
             (long long)old->run, transmissions, observations, (long long)store->run.id);
    int code =
        ls_link_touch_evidence(store, old->transmissions.first, old->transmissions.last, err);
    return code == LS_OK ? ls_link_event(store, "replaced", text, err) : code;
}

static int delete_run(struct ls_store *store, const struct run_ids *old, struct ls_err *err) {
    const struct {
        const char *name;
        struct id_range range;
    } steps[] = {
        {"clear_touched", {0, 0}},
        {"touch_transmissions", old->transmissions},
        {"delete_transmissions", old->transmissions},
        {"delete_evidence", old->transmissions},
        {"delete_empty_transmission_boxes", {0, 0}},
        {"clear_touched", {0, 0}},
        {"touch_observations", old->observations},
        {"delete_observations", old->observations},
        {"delete_empty_observation_boxes", {0, 0}},
    };
    int code = link_deletion(store, old, err);
    for (size_t i = 0; code == LS_OK && i < sizeof steps / sizeof steps[0]; i++) {
        code = run_range(store, steps[i].name, steps[i].range, err);
    }
    sqlite3_stmt *stmt;
    if (code == LS_OK) {
        code = ls_sql_get(store, "delete_run", &stmt, err);
    }
    if (code == LS_OK) {
        ls_sql_bind_int(stmt, ":run_id", old->run);
        code = ls_sql_run(store, stmt, "storing rows", err);
    }
    return code;
}

static int delete_replaced_runs(struct ls_store *store, struct ls_err *err) {
    struct run_ids old;
    int code = replaced_run(store, &old, err);
    while (code == LS_OK) {
        code = delete_run(store, &old, err);
        if (code == LS_OK) {
            code = replaced_run(store, &old, err);
        }
    }
    return code == LS_EOF ? LS_OK : code;
}

/* The ids of the staged rows, with those of observations given out now. */
static int take_ids(struct ls_store *store, struct run_ids *ret, struct ls_err *err) {
    int64_t next[3];
    int code = ls_rows_next_ids(store, next, err);
    sqlite3_stmt *stmt;
    if (code == LS_OK) {
        code = ls_sql_get(store, "staged_ids", &stmt, err);
    }
    if (code != LS_OK) {
        return code;
    }
    if (sqlite3_step(stmt) != SQLITE_ROW) {
        code = ls_sql_error(store, "storing rows", err);
        sqlite3_reset(stmt);
        return code;
    }
    bool none = sqlite3_column_type(stmt, 0) == SQLITE_NULL;
    int64_t first = none ? store->first_transmission_id : sqlite3_column_int64(stmt, 0);
    int64_t observations = sqlite3_column_int64(stmt, 2);
    ret->run = store->run.id;
    ret->transmissions = (struct id_range){first, none ? first - 1 : sqlite3_column_int64(stmt, 1)};
    ret->observations = (struct id_range){next[2], next[2] + observations - 1};
    sqlite3_reset(stmt);
    if (next[1] == store->reserved_until) { /* nobody began a run meanwhile */
        next[1] = store->next_transmission_id;
    }
    next[2] += observations;
    return ls_rows_set_next_ids(store, next, err);
}

static void bind_run(sqlite3_stmt *stmt, const struct ls_run *run, const struct run_ids *ids) {
    ls_rows_bind_run(stmt, run);
    ls_sql_bind_int(stmt, ":first_transmission_id", ids->transmissions.first);
    ls_sql_bind_int(stmt, ":last_transmission_id", ids->transmissions.last);
    ls_sql_bind_int(stmt, ":first_observation_id", ids->observations.first);
    ls_sql_bind_int(stmt, ":last_observation_id", ids->observations.last);
}

static int insert_names(struct ls_store *store, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "insert_sensors", &stmt, err);
    if (code == LS_OK) {
        ls_sql_bind_text(stmt, ":sensor", store->run.sensor);
        code = ls_sql_run(store, stmt, "storing rows", err);
    }
    return code == LS_OK ? ls_sql_run_named(store, "insert_classes", "storing rows", err) : code;
}

static int move_rows(struct ls_store *store, struct ls_err *err) {
    struct run_ids ids = {0};
    int code = delete_replaced_runs(store, err);
    if (code == LS_OK) {
        code = take_ids(store, &ids, err);
    }
    if (code == LS_OK) {
        code = insert_names(store, err);
    }
    sqlite3_stmt *stmt;
    if (code == LS_OK) {
        code = ls_sql_get(store, "insert_run", &stmt, err);
    }
    if (code == LS_OK) {
        bind_run(stmt, &store->run, &ids);
        code = ls_sql_run(store, stmt, "storing rows", err);
    }
    if (code == LS_OK) {
        code = run_range(store, "insert_transmissions", ids.transmissions, err);
    }
    if (code == LS_OK) {
        code = run_range(store, "insert_transmission_boxes", ids.transmissions, err);
    }
    if (code == LS_OK) {
        code = run_range(store, "insert_observations", ids.observations, err);
    }
    if (code == LS_OK) {
        code = run_range(store, "insert_observation_boxes", ids.observations, err);
    }
    return code == LS_OK ? ls_link_incidents(store, err) : code;
}

/* The temporary rows become safe from a rollback of the transaction that follows. */
static int commit_staged(struct ls_store *store, struct ls_err *err) {
    if (store->rows_lost) {
        return ls_err_set(err, LS_ERR_IO,
                          "storing rows: some rows of this run were lost on the way: abandon it "
                          "and run it again");
    }
    int code = ls_sql_exec(store, "COMMIT", "storing temporary rows", err);
    store->rows_lost = code != LS_OK;
    return code;
}

int ls_store_finish_run(struct ls_store *store, const struct ls_run *run, struct ls_err *err) {
    assert(store->in_run && !store->in_walk);
    int64_t id = store->run.id;
    store->run = *run;
    store->run.id = id;
    int code = commit_staged(store, err);
    if (code == LS_OK) {
        sqlite3_busy_timeout(store->db, LS_SQL_BUSY_FINISH_MS);
        code = ls_sql_exec(store, "BEGIN IMMEDIATE", "storing rows", err);
        sqlite3_busy_timeout(store->db, LS_SQL_BUSY_MS);
    }
    if (code == LS_OK) {
        code = move_rows(store, err);
    }
    if (code == LS_OK) {
        code = ls_sql_exec(store, "COMMIT", "storing rows", err);
    }
    if (code != LS_OK) {
        ls_sql_rollback(store);
        sqlite3_exec(store->db, "BEGIN", NULL, NULL, NULL);
        return code;
    }
    store->in_run = false;
    clear_staged(store, NULL);
    return LS_OK;
}

void ls_store_abandon_run(struct ls_store *store) {
    if (!store->in_run) {
        return;
    }
    ls_sql_rollback(store);
    store->in_run = false;
    /* What cannot be cleared now is cleared by the next run, and ids may have gaps. */
    clear_staged(store, NULL);
    sqlite3_stmt *stmt;
    if (ls_sql_get(store, "give_back_transmission_ids", &stmt, NULL) == LS_OK) {
        ls_sql_bind_int(stmt, ":next", store->first_transmission_id);
        ls_sql_bind_int(stmt, ":reserved_until", store->reserved_until);
        ls_sql_run(store, stmt, "abandoning a run", NULL);
    }
}
