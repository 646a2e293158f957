/* Reading rows in order of time, in constant memory.
 *
 * An R*Tree gives rows in no order, and sorting ten million of them would fill the disk. So a walk
 * goes through time in slices: the rows that start in [t, t + width), sorted, with the first slice
 * also those under way at its start; then the next slice. The width follows the rows found, so that
 * a slice holds some thousand of them and a query with a limit, or a narrow one, soon has its
 * answer. All slices of a walk read the same snapshot.
 *
 * A walk over everything looks into the index first: rows were mostly stored in order of time, and
 * then the slice is a stretch of the table, read from end to end without seeking or sorting. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "store/calibrations.h"
#include "store/rows.h"
#include "store/sql.h"

enum {
    ROWS_WANTED = 1000,     /* in the first slice */
    ROWS_WANTED_ALL = 4000, /* where everything is asked for */
    ROWS_FEW = 500,         /* fewer: the next slice is wider */
    ROWS_MANY = 8000,       /* more: narrower */
};

static const int64_t epoch_2020_s = 1577836800; /* first_s and last_s of the boxes count from it */

struct walk;

/* One kind of row: its query, and how a result row reaches the caller. */
struct row_kind {
    const char *in_slice;
    bool in_stretches; /* starts_in_slice and transmissions_in_stretch are for it */
    int (*emit)(struct walk *walk, sqlite3_stmt *stmt, struct ls_err *err);
};

/* A row as the index has it. */
struct start {
    int64_t id;
    int64_t start_ns;
};

struct walk {
    struct ls_store *store;
    const struct row_kind *kind;
    const struct ls_filter *filter;
    int64_t sensor_id; /* 0: any */
    int64_t class_id;
    ls_transmission_each *each_transmission;
    ls_observation_each *each_observation;
    void *context;
    size_t rows;
    struct start *starts; /* of a slice */
    size_t start_count;
    size_t start_room;
};

static int emit_transmission(struct walk *walk, sqlite3_stmt *stmt, struct ls_err *err) {
    struct ls_transmission row;
    ls_rows_read_transmission(stmt, &row);
    ls_calibrations_apply(walk->store, &row);
    return walk->each_transmission(walk->context, &row, err);
}

static int emit_observation(struct walk *walk, sqlite3_stmt *stmt, struct ls_err *err) {
    struct ls_observation row = {
        .id = sqlite3_column_int64(stmt, 0),
        .run_id = sqlite3_column_int64(stmt, 1),
        .state = (enum ls_observation_state)sqlite3_column_int(stmt, 3),
        .start_ns = sqlite3_column_int64(stmt, 5),
        .stop_ns = sqlite3_column_int64(stmt, 6),
        .low_hz = sqlite3_column_double(stmt, 7),
        .high_hz = sqlite3_column_double(stmt, 8),
        .rate_sps = ls_sql_real(stmt, 9),
        .samples = (uint64_t)sqlite3_column_int64(stmt, 10),
        .noise = {.known = sqlite3_column_type(stmt, 11) != SQLITE_NULL,
                  .floor_dbfs_hz = sqlite3_column_double(stmt, 11),
                  .floor_error_db = sqlite3_column_double(stmt, 12),
                  .weakest_dbfs = sqlite3_column_double(stmt, 13)},
    };
    ls_sql_text(stmt, 2, row.sensor, sizeof row.sensor);
    ls_sql_text(stmt, 4, row.cause, sizeof row.cause);
    return walk->each_observation(walk->context, &row, err);
}

static const struct row_kind transmission_rows = {
    .in_slice = "transmissions_in_slice",
    .in_stretches = true,
    .emit = emit_transmission,
};

static const struct row_kind observation_rows = {
    .in_slice = "observations_in_slice",
    .emit = emit_observation,
};

static int64_t clamp_int32(double value) {
    return value >= INT32_MAX ? INT32_MAX : value <= INT32_MIN ? INT32_MIN : (int64_t)value;
}

/* Box coordinate of a time; boxes are a second too wide on each side, so that truncation does no
 * harm here. */
static int64_t box_second(int64_t ns) {
    int64_t second = ns / LS_NS_PER_S - epoch_2020_s;
    return clamp_int32((double)second);
}

/* The rows that start in [from_ns, until_ns); with reach also those under way at from_ns. */
struct slice {
    int64_t from_ns;
    int64_t until_ns;
    bool reach;
};

static void bind_slice(const struct walk *walk, sqlite3_stmt *stmt, const struct slice *slice) {
    bool freq = walk->filter->has_freq;
    double low_hz = freq ? walk->filter->low_hz : -HUGE_VAL;
    double high_hz = freq ? walk->filter->high_hz : HUGE_VAL;
    ls_sql_bind_int(stmt, ":from_ns", slice->from_ns);
    ls_sql_bind_int(stmt, ":until_ns", slice->until_ns);
    ls_sql_bind_int(stmt, ":reach", slice->reach);
    ls_sql_bind_int(stmt, ":from_s", box_second(slice->from_ns));
    ls_sql_bind_int(stmt, ":until_s", box_second(slice->until_ns));
    ls_sql_bind_real(stmt, ":low_hz", low_hz);
    ls_sql_bind_real(stmt, ":high_hz", high_hz);
    ls_sql_bind_int(stmt, ":low_khz", clamp_int32(low_hz / 1e3));
    ls_sql_bind_int(stmt, ":high_khz", clamp_int32(high_hz / 1e3));
    ls_sql_bind_int(stmt, ":sensor_id", walk->sensor_id);
    ls_sql_bind_int(stmt, ":class_id", walk->class_id);
}

static int compare_starts(const void *a, const void *b) {
    const struct start *x = a;
    const struct start *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

/* What the index has of a slice, in order of id. */
static int read_starts(struct walk *walk, const struct slice *slice, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(walk->store, "starts_in_slice", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    bind_slice(walk, stmt, slice);
    int step = SQLITE_DONE;
    walk->start_count = 0;
    while (code == LS_OK && (step = sqlite3_step(stmt)) == SQLITE_ROW) {
        void *starts = walk->starts;
        if (ls_grow(&starts, &walk->start_room, walk->start_count, sizeof *walk->starts) != LS_OK) {
            code = ls_err_set(err, LS_ERR_NOMEM, "out of memory for rows");
            break;
        }
        walk->starts = starts;
        walk->starts[walk->start_count++] =
            (struct start){sqlite3_column_int64(stmt, 0), sqlite3_column_int64(stmt, 1)};
    }
    if (code == LS_OK && step != SQLITE_DONE) {
        code = ls_sql_error(walk->store, "reading rows", err);
    }
    sqlite3_reset(stmt);
    if (code == LS_OK && walk->start_count > 1) {
        qsort(walk->starts, walk->start_count, sizeof *walk->starts, compare_starts);
    }
    return code;
}

/* Whether the slice is a stretch of the table with little else in it: its ids ascend as its times
 * do, no two of which are the same. */
static bool is_stretch(const struct walk *walk) {
    size_t count = walk->start_count;
    if (count == 0 || walk->starts[count - 1].id - walk->starts[0].id >= 2 * (int64_t)count) {
        return false;
    }
    for (size_t i = 1; i < count; i++) {
        if (walk->starts[i].start_ns <= walk->starts[i - 1].start_ns) {
            return false;
        }
    }
    return true;
}

static bool wants_all(const struct walk *walk) {
    const struct ls_filter *filter = walk->filter;
    return walk->kind->in_stretches && filter->limit == 0 && !filter->has_freq &&
           walk->sensor_id == 0 && walk->class_id == 0;
}

/* The rows of a slice, in order. */
static int query_slice(struct walk *walk, const struct slice *slice, sqlite3_stmt **ret,
                       struct ls_err *err) {
    bool looks = wants_all(walk) && !slice->reach;
    int code = looks ? read_starts(walk, slice, err) : LS_OK;
    bool stretch = code == LS_OK && looks && is_stretch(walk);
    if (code == LS_OK) {
        const char *name = stretch ? "transmissions_in_stretch" : walk->kind->in_slice;
        code = ls_sql_get(walk->store, name, ret, err);
    }
    if (code == LS_OK) {
        bind_slice(walk, *ret, slice);
    }
    if (code == LS_OK && stretch) {
        ls_sql_bind_int(*ret, ":first_id", walk->starts[0].id);
        ls_sql_bind_int(*ret, ":last_id", walk->starts[walk->start_count - 1].id);
    }
    return code;
}

/* LS_EOF: the limit is reached. */
static int walk_slice(struct walk *walk, const struct slice *slice, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = query_slice(walk, slice, &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    int step = SQLITE_DONE;
    while (code == LS_OK && (step = sqlite3_step(stmt)) == SQLITE_ROW) {
        code = walk->kind->emit(walk, stmt, err);
        walk->rows++;
        if (code == LS_OK && walk->rows == walk->filter->limit) {
            code = LS_EOF;
        }
    }
    if (code == LS_OK && step != SQLITE_DONE) {
        code = ls_sql_error(walk->store, "reading rows", err);
    }
    sqlite3_reset(stmt);
    return code;
}

/* Where the next row at or after from_ns can start and where the last one starts. LS_EOF: no row
 * starts there. */
static int find_rows(struct walk *walk, int64_t from_ns, int64_t *ret_first, int64_t *ret_last,
                     struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(walk->store, "rows_from", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_int(stmt, ":from_ns", from_ns);
    if (sqlite3_step(stmt) != SQLITE_ROW) {
        code = ls_sql_error(walk->store, "reading rows", err);
    } else if (sqlite3_column_type(stmt, 0) == SQLITE_NULL) {
        code = LS_EOF;
    } else {
        *ret_first = sqlite3_column_int64(stmt, 0);
        *ret_last = sqlite3_column_int64(stmt, 1);
    }
    sqlite3_reset(stmt);
    return code;
}

/* A width for about ROWS_WANTED rows, more where everything is asked for, or the limit if that is
 * less, should all rows of the run that ends next be wanted. */
static int guess_width(struct walk *walk, int64_t from_ns, double *ret_ns, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(walk->store, "dense_from", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_int(stmt, ":from_ns", from_ns);
    size_t limit = walk->filter->limit;
    double wanted = limit > 0 && limit < ROWS_WANTED ? (double)limit
                    : wants_all(walk)                ? ROWS_WANTED_ALL
                                                     : ROWS_WANTED;
    *ret_ns = 1e9;
    int step = sqlite3_step(stmt);
    if (step == SQLITE_ROW && sqlite3_column_int64(stmt, 1) > 0) {
        double rows = sqlite3_column_double(stmt, 0);
        *ret_ns = sqlite3_column_double(stmt, 1) * wanted / (rows < 1.0 ? 1.0 : rows);
    } else if (step != SQLITE_ROW && step != SQLITE_DONE) {
        code = ls_sql_error(walk->store, "reading rows", err);
    }
    sqlite3_reset(stmt);
    return code;
}

static double next_width(double width_ns, size_t rows) {
    if (rows > ROWS_MANY) {
        return width_ns / 4.0 < 1.0 ? 1.0 : width_ns / 4.0;
    }
    return rows < ROWS_FEW / 8 ? width_ns * 8.0 : rows < ROWS_FEW ? width_ns * 2.0 : width_ns;
}

static int64_t slice_end(int64_t t, double width_ns, int64_t last) {
    return width_ns >= (double)last - (double)t ? last : t + 1 + (int64_t)width_ns;
}

static int walk_slices(struct walk *walk, struct ls_err *err) {
    const struct ls_filter *filter = walk->filter;
    bool reach = filter->has_since;
    int64_t t = filter->has_since ? filter->since_ns : INT64_MIN;
    int64_t next = t;
    int64_t last = t;
    double width_ns = 0.0;
    int code = find_rows(walk, t, &next, &last, err);
    if (code == LS_OK) {
        t = reach ? t : next;
        code = guess_width(walk, t, &width_ns, err);
    } else if (code == LS_EOF && reach) {
        code = LS_OK; /* nothing starts there, but something may be under way */
    }
    while (code == LS_OK && t <= last && (!filter->has_until || t < filter->until_ns)) {
        int64_t end = slice_end(t, width_ns, last + 1);
        end = filter->has_until && end > filter->until_ns ? filter->until_ns : end;
        struct slice slice = {.from_ns = t, .until_ns = end, .reach = reach};
        size_t before = walk->rows;
        code = walk_slice(walk, &slice, err);
        size_t found = walk->rows - before;
        reach = false;
        t = end;
        width_ns = next_width(width_ns, found);
        if (code == LS_OK && found == 0) {
            code = find_rows(walk, t, &t, &last, err);
        }
    }
    return code;
}

/* The id of a name in the filter, 0 when the filter has none. LS_EOF: no row has that name. */
static int name_id(struct ls_store *store, const char *query, const char *name, int64_t *ret,
                   struct ls_err *err) {
    *ret = 0;
    if (name == NULL) {
        return LS_OK;
    }
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, query, &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_text(stmt, ":name", name);
    int step = sqlite3_step(stmt);
    if (step == SQLITE_ROW) {
        *ret = sqlite3_column_int64(stmt, 0);
    } else {
        code = step == SQLITE_DONE ? LS_EOF : ls_sql_error(store, "reading rows", err);
    }
    sqlite3_reset(stmt);
    return code;
}

static int walk_all(struct walk *walk, struct ls_err *err) {
    const struct ls_filter *filter = walk->filter;
    int code = name_id(walk->store, "sensor_id", filter->sensor, &walk->sensor_id, err);
    if (code == LS_OK) {
        code = name_id(walk->store, "class_id", filter->class_name, &walk->class_id, err);
    }
    return code == LS_OK ? walk_slices(walk, err) : code;
}

/* A pattern run reads within its own transaction, which it ends itself. */
static int begin_walk(struct ls_store *store, bool *ret_own, struct ls_err *err) {
    assert(!store->in_run && !store->in_walk);
    *ret_own = sqlite3_get_autocommit(store->db) != 0;
    int code = *ret_own ? ls_sql_exec(store, "BEGIN", "reading rows", err) : LS_OK;
    store->in_walk = code == LS_OK;
    return code;
}

static int end_walk(struct ls_store *store, bool own, int code) {
    if (own) {
        ls_sql_rollback(store);
    } else {
        ls_sql_reset_all(store);
    }
    store->in_walk = false;
    return code == LS_EOF ? LS_OK : code;
}

static int run_walk(struct walk *walk, struct ls_err *err) {
    bool own;
    int code = begin_walk(walk->store, &own, err);
    code = code == LS_OK ? end_walk(walk->store, own, walk_all(walk, err)) : code;
    free(walk->starts);
    return code;
}

int ls_store_each_transmission(struct ls_store *store, const struct ls_filter *filter,
                               ls_transmission_each *each, void *context, struct ls_err *err) {
    struct walk walk = {.store = store,
                        .kind = &transmission_rows,
                        .filter = filter,
                        .each_transmission = each,
                        .context = context};
    int code = ls_calibrations_load(store, err);
    return code == LS_OK ? run_walk(&walk, err) : code;
}

int ls_store_each_observation(struct ls_store *store, const struct ls_filter *filter,
                              ls_observation_each *each, void *context, struct ls_err *err) {
    struct ls_filter without_class = *filter;
    without_class.class_name = NULL; /* observations have none */
    struct walk walk = {.store = store,
                        .kind = &observation_rows,
                        .filter = &without_class,
                        .each_observation = each,
                        .context = context};
    return run_walk(&walk, err);
}

static void read_run(sqlite3_stmt *stmt, struct ls_run *ret) {
    *ret = (struct ls_run){
        .id = sqlite3_column_int64(stmt, 0),
        .started_ns = sqlite3_column_int64(stmt, 8),
        .first_ns = sqlite3_column_int64(stmt, 9),
        .last_ns = sqlite3_column_int64(stmt, 10),
        .no_clock = sqlite3_column_int(stmt, 11) != 0,
        .incomplete = sqlite3_column_int(stmt, 12) != 0,
    };
    ls_sql_text(stmt, 1, ret->sensor, sizeof ret->sensor);
    ls_sql_text(stmt, 2, ret->verb, sizeof ret->verb);
    ls_sql_text(stmt, 3, ret->version, sizeof ret->version);
    ls_sql_text(stmt, 4, ret->input, sizeof ret->input);
    ls_sql_text(stmt, 5, ret->input_sha512, sizeof ret->input_sha512);
    ls_sql_text(stmt, 6, ret->options, sizeof ret->options);
    ls_sql_text(stmt, 7, ret->plan, sizeof ret->plan);
    ls_sql_text(stmt, 13, ret->note, sizeof ret->note);
    ls_sql_text(stmt, 14, ret->label, sizeof ret->label);
}

static int walk_runs(struct ls_store *store, ls_run_each *each, void *context, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "runs", &stmt, err);
    int step = SQLITE_DONE;
    while (code == LS_OK && (step = sqlite3_step(stmt)) == SQLITE_ROW) {
        struct ls_run run;
        read_run(stmt, &run);
        code = each(context, &run, err);
    }
    if (code == LS_OK && step != SQLITE_DONE) {
        code = ls_sql_error(store, "reading runs", err);
    }
    return code;
}

int ls_store_each_run(struct ls_store *store, ls_run_each *each, void *context,
                      struct ls_err *err) {
    bool own;
    int code = begin_walk(store, &own, err);
    return code == LS_OK ? end_walk(store, own, walk_runs(store, each, context, err)) : code;
}
