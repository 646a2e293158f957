/* Retention. Where to cut is found first: by age it is a time; by size it is the time before which
 * as many rows start as are too many, counted by 65536 s and shared out evenly within the last of
 * them. Then the cells before the cut are walked in order, a few thousand rows a transaction, with
 * a pause between two in which a writer that waits gets its turn. */
#include "store/prune.h"

#include <assert.h>
#include <jansson.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "base/time.h"
#include "base/util.h"
#include "store/link.h"
#include "store/sql.h"

enum { ROWS_AT_ONCE = 2000, CELLS_AT_ONCE = 200 };

static const int64_t day_ns = INT64_C(65536) * LS_NS_PER_S;
static const int cell_time_bits = 35;

/* cell_after, drop_box: NULL where a table has no cells. */
static const struct kind {
    const char *name;
    double row_bytes;
    const char *days;
    const char *old;
    const char *pinned;
    const char *prune;
    const char *cell_after;
    const char *drop_box;
} kinds[LS_PRUNE_TABLES] = {
    [LS_PRUNE_TRANSMISSIONS] = {"transmission", 130.0, "transmission_days",
                                "count_old_transmissions", "count_pinned_transmissions",
                                "prune_transmissions", "transmission_cell_after",
                                "drop_empty_transmission_box"},
    [LS_PRUNE_OBSERVATIONS] = {"observation", 110.0, "observation_days", "count_old_observations",
                               "count_pinned_observations", "prune_observations",
                               "observation_cell_after", "drop_empty_observation_box"},
    [LS_PRUNE_HEALTH] = {"health", 95.0, "health_days", "count_old_health", "count_pinned_health",
                         "prune_health", NULL, NULL},
};

const char *ls_prune_name(enum ls_prune_what what) { return kinds[what].name; }
double ls_prune_row_bytes(enum ls_prune_what what) { return kinds[what].row_bytes; }

struct pruning {
    struct ls_store *store;
    const struct ls_prune_opts *opts;
    const struct kind *kind;
    int64_t before_ns;
    int64_t cell_limit; /* cells below may hold rows that start before before_ns */
    uint64_t deleted;
    struct ls_err *err;
};

/* --- where to cut --- */

/* Rows of one 65536 s, oldest first. */
struct day {
    int64_t start_ns;
    double rows;
};

static int step_day(struct ls_store *store, sqlite3_stmt *stmt, struct day *ret,
                    struct ls_err *err) {
    int step = sqlite3_step(stmt);
    if (step != SQLITE_ROW) {
        return step == SQLITE_DONE ? LS_EOF : ls_sql_error(store, "counting rows", err);
    }
    *ret = (struct day){.start_ns = sqlite3_column_int64(stmt, 0),
                        .rows = sqlite3_column_double(stmt, 1)};
    return LS_OK;
}

/* All rows, and the time before which `excess` of them start (INT64_MIN for none). */
static int walk_days(const struct pruning *p, double excess, double *ret_rows,
                     int64_t *ret_cut_ns) {
    sqlite3_stmt *stmt;
    struct day day = {0};
    int code = ls_sql_get(p->store, p->kind->days, &stmt, p->err);
    *ret_rows = 0.0;
    *ret_cut_ns = INT64_MIN;
    while (code == LS_OK && (code = step_day(p->store, stmt, &day, p->err)) == LS_OK) {
        if (*ret_rows < excess) {
            double share = fmin(1.0, (excess - *ret_rows) / day.rows);
            *ret_cut_ns = day.start_ns + (int64_t)(share * (double)day_ns);
        }
        *ret_rows += day.rows;
    }
    if (code == LS_EOF) {
        sqlite3_reset(stmt);
        code = LS_OK;
    }
    return code;
}

static int find_cut(struct pruning *p, enum ls_prune_what what, struct ls_prune_result *ret) {
    double age_s = p->opts->age_s[what];
    double bytes = p->opts->bytes[what];
    double rows = 0.0;
    int64_t cut_ns = INT64_MIN;
    int code = walk_days(p, 0.0, &rows, &cut_ns);
    double excess = isnan(bytes) ? 0.0 : rows - floor(bytes / p->kind->row_bytes);
    if (code == LS_OK && excess > 0.0) {
        code = walk_days(p, excess, &rows, &cut_ns);
    }
    p->before_ns = isnan(age_s) ? INT64_MIN : p->opts->now_ns - ls_ns_from_seconds(age_s);
    ret->tables[what].by_size = cut_ns > p->before_ns;
    p->before_ns = cut_ns > p->before_ns ? cut_ns : p->before_ns;
    ret->tables[what].before = (uint64_t)rows;
    ret->tables[what].before_ns = p->before_ns;
    if (p->before_ns > INT64_MIN) {
        /* The cell of a start is (start / 65536 s) << 35 and more below. */
        p->cell_limit = (p->before_ns / day_ns + 1) * (INT64_C(1) << cell_time_bits);
    }
    return code;
}

/* --- deleting --- */

static void bind(sqlite3_stmt *stmt, const struct pruning *p, int64_t cell, int64_t room) {
    ls_sql_bind_int(stmt, ":before_ns", p->before_ns);
    ls_sql_bind_int(stmt, ":limit", p->cell_limit);
    ls_sql_bind_int(stmt, ":after", cell);
    ls_sql_bind_int(stmt, ":cell", cell);
    ls_sql_bind_int(stmt, ":room", room);
}

static int count(const struct pruning *p, const char *name, uint64_t *ret) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(p->store, name, &stmt, p->err);
    if (code != LS_OK) {
        return code;
    }
    bind(stmt, p, 0, 0);
    if (sqlite3_step(stmt) == SQLITE_ROW) {
        *ret = (uint64_t)sqlite3_column_int64(stmt, 0);
    } else {
        code = ls_sql_error(p->store, "counting rows", p->err);
    }
    sqlite3_reset(stmt);
    return code;
}

/* The first cell behind *cell; LS_EOF when there is none before the cut. */
static int next_cell(const struct pruning *p, int64_t *cell) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(p->store, p->kind->cell_after, &stmt, p->err);
    if (code != LS_OK) {
        return code;
    }
    bind(stmt, p, *cell, 0);
    if (sqlite3_step(stmt) != SQLITE_ROW) {
        code = ls_sql_error(p->store, "deleting old rows", p->err);
    } else if (sqlite3_column_type(stmt, 0) == SQLITE_NULL) {
        code = LS_EOF;
    } else {
        *cell = sqlite3_column_int64(stmt, 0);
    }
    sqlite3_reset(stmt);
    return code;
}

static int run(const struct pruning *p, const char *name, int64_t cell, int64_t room,
               int64_t *ret_rows) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(p->store, name, &stmt, p->err);
    if (code == LS_OK) {
        bind(stmt, p, cell, room);
        code = ls_sql_run(p->store, stmt, "deleting old rows", p->err);
        *ret_rows = code == LS_OK ? sqlite3_changes(p->store->db) : 0;
    }
    return code;
}

/* Old rows of the cells behind *cell, until room is used up. LS_EOF: there are no more. */
static int delete_some(const struct pruning *p, int64_t *cell, bool *in_cell, int64_t *room) {
    int64_t rows = 0;
    int code = LS_OK;
    if (p->kind->cell_after == NULL) {
        code = run(p, p->kind->prune, 0, *room, &rows);
        *room -= rows;
        return code == LS_OK && *room > 0 ? LS_EOF : code;
    }
    for (int cells = 0; cells<CELLS_AT_ONCE && * room> 0 && code == LS_OK; cells++) {
        code = *in_cell ? LS_OK : next_cell(p, cell);
        if (code == LS_OK) {
            code = run(p, p->kind->prune, *cell, *room, &rows);
            *room -= rows;
            *in_cell = *room == 0; /* it may hold more */
        }
        if (code == LS_OK) {
            code = run(p, p->kind->drop_box, *cell, 0, &rows);
        }
    }
    return code;
}

static int delete_old(struct pruning *p) {
    const struct timespec pause = {.tv_nsec = 5000000};
    int64_t cell = INT64_MIN;
    bool in_cell = false;
    int code = LS_OK;
    while (code == LS_OK) {
        if (p->opts->stop != NULL && *p->opts->stop != 0) {
            return ls_err_set(p->err, LS_ERR_STOPPED, "stopped");
        }
        int64_t room = ROWS_AT_ONCE;
        code = ls_sql_exec(p->store, "BEGIN IMMEDIATE", "deleting old rows", p->err);
        if (code == LS_OK) {
            code = delete_some(p, &cell, &in_cell, &room);
        }
        int end = code;
        if (code == LS_OK || code == LS_EOF) {
            code = ls_sql_exec(p->store, "COMMIT", "deleting old rows", p->err);
        }
        if (code != LS_OK) {
            ls_sql_rollback(p->store);
            return code;
        }
        p->deleted += (uint64_t)(ROWS_AT_ONCE - room);
        code = end;
        nanosleep(&pause, NULL);
    }
    return code == LS_EOF ? LS_OK : code;
}

/* An emitter goes with the last of its transmissions. */
static int delete_emitters(const struct pruning *p) {
    int64_t rows = 0;
    int code = run(p, "delete_old_emitters", 0, 0, &rows);
    return code == LS_OK ? run(p, "delete_old_events", 0, 0, &rows) : code;
}

static const char recording[] = "recording what was deleted";

static int write_record(struct ls_store *store, const char *what, const char *reason,
                        int64_t now_ns, int64_t before_ns, uint64_t rows, uint64_t pinned,
                        struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "insert_pruning", &stmt, err);
    if (code == LS_OK) {
        ls_sql_bind_int(stmt, ":t_ns", now_ns);
        ls_sql_bind_text(stmt, ":what", what);
        ls_sql_bind_text(stmt, ":reason", reason);
        ls_sql_bind_int(stmt, ":before_ns", before_ns);
        ls_sql_bind_int(stmt, ":rows", (int64_t)rows);
        ls_sql_bind_int(stmt, ":pinned", (int64_t)pinned);
        code = ls_sql_run(store, stmt, recording, err);
    }
    if (code == LS_OK) {
        code = ls_link_row(store, "deletion", sqlite3_last_insert_rowid(store->db), err);
    }
    return code;
}

/* Commits what went well, undoes what did not. */
static int end_change(struct ls_store *store, int code, const char *doing, struct ls_err *err) {
    if (code == LS_OK) {
        code = ls_sql_exec(store, "COMMIT", doing, err);
    }
    if (code != LS_OK) {
        ls_sql_rollback(store);
    }
    return code;
}

static int record(struct ls_store *store, const char *what, const char *reason, int64_t now_ns,
                  int64_t before_ns, uint64_t rows, uint64_t pinned, struct ls_err *err) {
    int code = ls_sql_exec(store, "BEGIN IMMEDIATE", recording, err);
    if (code == LS_OK) {
        code = write_record(store, what, reason, now_ns, before_ns, rows, pinned, err);
    }
    return end_change(store, code, recording, err);
}

int ls_store_record_pruning(struct ls_store *store, const char *what, const char *reason,
                            int64_t now_ns, uint64_t rows, struct ls_err *err) {
    return record(store, what, reason, now_ns, now_ns, rows, 0, err);
}

static int prune_table(struct pruning *p, enum ls_prune_what what, struct ls_prune_result *ret) {
    uint64_t old = 0;
    int code = find_cut(p, what, ret);
    if (code != LS_OK || p->before_ns == INT64_MIN) {
        return code;
    }
    code = count(p, p->kind->old, &old);
    if (code == LS_OK && old > 0) {
        code = count(p, p->kind->pinned, &ret->tables[what].pinned);
    }
    ret->tables[what].deleted = old - ret->tables[what].pinned;
    if (code != LS_OK || p->opts->dry_run || ret->tables[what].deleted == 0) {
        return code;
    }
    /* Recorded first: the check of the ledger goes by it, whatever happens on the way. */
    code =
        record(p->store, p->kind->name, ret->tables[what].by_size ? "size" : "age", p->opts->now_ns,
               p->before_ns, ret->tables[what].deleted, ret->tables[what].pinned, p->err);
    if (code == LS_OK) {
        code = delete_old(p);
        ret->tables[what].deleted = p->deleted;
    }
    return code == LS_OK && what == LS_PRUNE_TRANSMISSIONS ? delete_emitters(p) : code;
}

int ls_store_prune(struct ls_store *store, const struct ls_prune_opts *opts,
                   struct ls_prune_result *ret, struct ls_err *err) {
    assert(!store->in_run && !store->in_walk);
    struct ls_prune_result result = {0};
    bool any = false;
    int code =
        opts->dry_run ? LS_OK : ls_sql_exec(store, "PRAGMA secure_delete = ON", "pruning", err);
    for (int what = 0; what < LS_PRUNE_TABLES && code == LS_OK; what++) {
        struct pruning p = {.store = store, .opts = opts, .kind = &kinds[what], .err = err};
        code = prune_table(&p, (enum ls_prune_what)what, &result);
        any |= result.tables[what].deleted > 0;
    }
    if (any && !opts->dry_run) {
        /* Old pages lie in the -wal file too; a reader may hold it up until the next pruning. */
        sqlite3_wal_checkpoint_v2(store->db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    }
    if (code == LS_OK) {
        *ret = result;
    }
    return code;
}

int ls_store_vacuum(struct ls_store *store, struct ls_err *err) {
    assert(!store->in_run && !store->in_walk);
    int code = ls_sql_exec(store, "PRAGMA secure_delete = ON; VACUUM", "vacuuming", err);
    if (code == LS_OK && sqlite3_wal_checkpoint_v2(store->db, "main", SQLITE_CHECKPOINT_TRUNCATE,
                                                   NULL, NULL) != SQLITE_OK) {
        code = ls_sql_error(store, "vacuuming", err);
    }
    return code;
}

/* --- pins --- */

/* "pin" or "unpin" in the chain: whose case, and when. */
static int link_pin(struct ls_store *store, const char *what, const char *case_id,
                    const struct ls_pin *pin, int64_t count, struct ls_err *err) {
    json_t *object =
        pin == NULL ? json_pack("{s:s, s:I}", "case", case_id, "pins", (json_int_t)count)
                    : json_pack("{s:s, s:I, s:I}", "case", case_id, "start_ns",
                                (json_int_t)pin->start_ns, "stop_ns", (json_int_t)pin->stop_ns);
    LS_AUTO(char) text = object == NULL ? NULL : json_dumps(object, JSON_COMPACT);
    json_decref(object);
    if (text == NULL) {
        return ls_err_set(err, LS_ERR_ARG, "case '%.60s' is not UTF-8 text", case_id);
    }
    return ls_link_event(store, what, text, err);
}

static int insert_pin(struct ls_store *store, const struct ls_pin *pin, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "insert_pin", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_text(stmt, ":case_id", pin->case_id);
    ls_sql_bind_int(stmt, ":start_ns", pin->start_ns);
    ls_sql_bind_int(stmt, ":stop_ns", pin->stop_ns);
    ls_sql_bind_real(stmt, ":low_hz", pin->low_hz);
    ls_sql_bind_real(stmt, ":high_hz", pin->high_hz);
    ls_sql_bind_int(stmt, ":since_ns", pin->since_ns);
    code = ls_sql_run(store, stmt, "pinning", err);
    return code == LS_OK ? link_pin(store, "pin", pin->case_id, pin, 1, err) : code;
}

static int delete_pins(struct ls_store *store, const char *case_id, size_t *ret_count,
                       struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "delete_pins", &stmt, err);
    if (code == LS_OK) {
        ls_sql_bind_text(stmt, ":case_id", case_id);
        code = ls_sql_run(store, stmt, "removing pins", err);
    }
    if (code != LS_OK) {
        return code;
    }
    int count = sqlite3_changes(store->db);
    if (count == 0) {
        return ls_err_set(err, LS_ERR_NOTFOUND, "case '%.60s' has pinned nothing", case_id);
    }
    *ret_count = (size_t)count;
    return link_pin(store, "unpin", case_id, NULL, count, err);
}

int ls_store_add_pin(struct ls_store *store, const struct ls_pin *pin, struct ls_err *err) {
    if (pin->case_id[0] == '\0' || pin->stop_ns <= pin->start_ns ||
        !(pin->high_hz >= pin->low_hz)) {
        return ls_err_set(err, LS_ERR_ARG, "a pin needs a case, a time and a frequency range");
    }
    int code = ls_sql_exec(store, "BEGIN IMMEDIATE", "pinning", err);
    if (code == LS_OK) {
        code = insert_pin(store, pin, err);
    }
    return end_change(store, code, "pinning", err);
}

int ls_store_remove_pins(struct ls_store *store, const char *case_id, size_t *ret_count,
                         struct ls_err *err) {
    int code = ls_sql_exec(store, "BEGIN IMMEDIATE", "removing pins", err);
    if (code == LS_OK) {
        code = delete_pins(store, case_id, ret_count, err);
    }
    return end_change(store, code, "removing pins", err);
}

int ls_store_each_pin(struct ls_store *store,
                      int (*each)(void *context, const struct ls_pin *pin, struct ls_err *err),
                      void *context, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "pins", &stmt, err);
    int step = SQLITE_DONE;
    while (code == LS_OK && (step = sqlite3_step(stmt)) == SQLITE_ROW) {
        struct ls_pin pin = {.start_ns = sqlite3_column_int64(stmt, 1),
                             .stop_ns = sqlite3_column_int64(stmt, 2),
                             .low_hz = sqlite3_column_double(stmt, 3),
                             .high_hz = sqlite3_column_double(stmt, 4),
                             .since_ns = sqlite3_column_int64(stmt, 5)};
        ls_sql_text(stmt, 0, pin.case_id, sizeof pin.case_id);
        code = each(context, &pin, err);
    }
    if (code == LS_OK && step != SQLITE_DONE) {
        code = ls_sql_error(store, "reading pins", err);
    }
    ls_sql_rollback(store);
    return code;
}

int ls_store_each_pruning(struct ls_store *store, ls_pruning_each *each, void *context,
                          struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "prunings", &stmt, err);
    int step = SQLITE_DONE;
    if (code != LS_OK) {
        return code;
    }
    while (code == LS_OK && (step = sqlite3_step(stmt)) == SQLITE_ROW) {
        struct ls_pruning row = {
            .t_ns = sqlite3_column_int64(stmt, 0),
            .before_ns = sqlite3_column_int64(stmt, 3),
            .rows = (uint64_t)sqlite3_column_int64(stmt, 4),
            .pinned = (uint64_t)sqlite3_column_int64(stmt, 5),
        };
        ls_sql_text(stmt, 1, row.what, sizeof row.what);
        ls_sql_text(stmt, 2, row.reason, sizeof row.reason);
        code = each(context, &row, err);
    }
    if (code == LS_OK && step != SQLITE_DONE) {
        code = ls_sql_error(store, "reading what was deleted", err);
    }
    sqlite3_reset(stmt);
    return code == LS_EOF ? LS_OK : code;
}
