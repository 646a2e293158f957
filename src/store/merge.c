/* The other database is attached, and its rows are copied by SQL with ids that follow those that
 * are here, so that the rows of a run stay together. */
#include "store/merge.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"
#include "base/util.h"
#include "store/link.h"

static const char merging[] = "merging";
static const int64_t epoch_s = 1577836800; /* of the boxes, 2020-01-01 */

/* What the statements of one merge take as parameters. */
struct merge {
    struct ls_store *store;
    const struct ls_filter *filter; /* NULL: everything */
    int64_t offsets[5];             /* run, transmission, observation, incident, emitter */
    struct ls_merge_result result;
    int64_t links;
    char hash[LS_HASH_HEX_BYTES];
};

/* --- statements --- */

static int64_t clamp32(double value) { return (int64_t)fmin(fmax(value, -0x1p31), 0x1p31 - 1.0); }

static void bind_filter(sqlite3_stmt *stmt, const struct ls_filter *filter) {
    int64_t since_ns = filter->has_since ? filter->since_ns : INT64_MIN;
    int64_t until_ns = filter->has_until ? filter->until_ns : INT64_MAX;
    double low_hz = filter->has_freq ? filter->low_hz : -HUGE_VAL;
    double high_hz = filter->has_freq ? filter->high_hz : HUGE_VAL;
    ls_sql_bind_int(stmt, ":since_ns", since_ns);
    ls_sql_bind_int(stmt, ":until_ns", until_ns);
    ls_sql_bind_real(stmt, ":low_hz", low_hz);
    ls_sql_bind_real(stmt, ":high_hz", high_hz);
    int64_t from_s = since_ns / LS_NS_PER_S - epoch_s - 1;
    int64_t until_s = until_ns / LS_NS_PER_S - epoch_s + 1;
    ls_sql_bind_int(stmt, ":from_s", clamp32((double)from_s));
    ls_sql_bind_int(stmt, ":until_s", clamp32((double)until_s));
    ls_sql_bind_int(stmt, ":low_khz", clamp32(low_hz / 1e3 - 1.0));
    ls_sql_bind_int(stmt, ":high_khz", clamp32(high_hz / 1e3 + 1.0));
}

static int run_step(const struct merge *merge, const char *name, struct ls_err *err) {
    static const char *const offsets[] = {":run", ":transmission", ":observation", ":incident",
                                          ":emitter"};
    sqlite3_stmt *stmt;
    int code = ls_sql_get(merge->store, name, &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    for (size_t i = 0; i < LS_COUNT(offsets); i++) {
        ls_sql_bind_int(stmt, offsets[i], merge->offsets[i]);
    }
    if (merge->filter != NULL) {
        bind_filter(stmt, merge->filter);
    }
    ls_sql_bind_int(stmt, ":first_id", merge->offsets[1] + 1);
    ls_sql_bind_int(stmt, ":last_id", INT64_MAX);
    return ls_sql_run(merge->store, stmt, merging, err);
}

/* The names end with NULL. */
static int run_steps(const struct merge *merge, const char *const *names, struct ls_err *err) {
    int code = LS_OK;
    for (; *names != NULL && code == LS_OK; names++) {
        code = run_step(merge, *names, err);
    }
    return code;
}

static int read_offsets(struct merge *merge, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(merge->store, "merge_offsets", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    if (sqlite3_step(stmt) == SQLITE_ROW) {
        for (int i = 0; i < (int)LS_COUNT(merge->offsets); i++) {
            merge->offsets[i] = sqlite3_column_int64(stmt, i);
        }
    } else {
        code = ls_sql_error(merge->store, merging, err);
    }
    sqlite3_reset(stmt);
    return code;
}

static int refuse_grown(const struct merge *merge, const char *path, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(merge->store, "grown_run", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    if (sqlite3_step(stmt) == SQLITE_ROW) {
        code = ls_err_set(err, LS_ERR_ARG,
                          "run %lld of '%.200s' has gone on since it was merged: merge into a new "
                          "database",
                          (long long)sqlite3_column_int64(stmt, 0), path);
    }
    sqlite3_reset(stmt);
    return code;
}

static int read_counts(struct merge *merge, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(merge->store, "merge_count", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    if (sqlite3_step(stmt) == SQLITE_ROW) {
        merge->result = (struct ls_merge_result){.runs = sqlite3_column_int64(stmt, 0),
                                                 .merged = sqlite3_column_int64(stmt, 1),
                                                 .incidents = sqlite3_column_int64(stmt, 2),
                                                 .transmissions = sqlite3_column_int64(stmt, 3)};
        merge->links = sqlite3_column_int64(stmt, 4);
        ls_sql_text(stmt, 5, merge->hash, sizeof merge->hash);
    } else {
        code = ls_sql_error(merge->store, merging, err);
    }
    sqlite3_reset(stmt);
    return code;
}

/* --- one database --- */

static int copy_rows(struct merge *merge, struct ls_err *err) {
    static const char *const first[] = {"create_merge_run",
                                        "create_merge_row",
                                        "create_merge_incident",
                                        "create_merge_permit",
                                        "clear_merge_run",
                                        "clear_merge_row",
                                        "clear_merge_incident",
                                        "clear_merge_permit",
                                        "choose_runs",
                                        "merge_sensors",
                                        "merge_classes",
                                        "merge_runs",
                                        NULL};
    static const char *const all[] = {"choose_rows", NULL};
    static const char *const some[] = {"choose_some_rows", "choose_evidence_rows", NULL};
    static const char *const then[] = {"merge_transmissions",
                                       "insert_transmission_boxes",
                                       "merge_observations",
                                       "merge_health",
                                       "merge_positions",
                                       "merge_pins",
                                       "merge_prunings",
                                       "merge_snippets",
                                       "merge_permits",
                                       "map_permits",
                                       "choose_incidents",
                                       "merge_incidents",
                                       "merge_evidence",
                                       "merge_growth",
                                       "merge_findings",
                                       "merge_searches",
                                       "merge_emitters",
                                       "merge_reasons",
                                       "merge_emitter_links",
                                       "merge_emitter_events",
                                       "drop_pattern_state",
                                       "merged_next_ids",
                                       NULL};
    int code = run_steps(merge, first, err);
    if (code == LS_OK) {
        code = run_steps(merge, merge->filter == NULL ? all : some, err);
    }
    return code == LS_OK ? run_steps(merge, then, err) : code;
}

/* Boxes of observations go by their own ids. */
static int box_observations(const struct merge *merge, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(merge->store, "insert_observation_boxes", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_int(stmt, ":first_id", merge->offsets[2] + 1);
    ls_sql_bind_int(stmt, ":last_id", INT64_MAX);
    return ls_sql_run(merge->store, stmt, merging, err);
}

static int link_merge(const struct merge *merge, struct ls_err *err) {
    char text[256];
    snprintf(text, sizeof text,
             "{\"runs\":%lld,\"incidents\":%lld,\"links\":%lld,\"last_link\":\"%s\"}",
             (long long)merge->result.merged, (long long)merge->result.incidents,
             (long long)merge->links, merge->hash);
    int code = ls_link_event(merge->store, "merge", text, err);
    return code == LS_OK ? ls_link_adopt(merge->store, err) : code;
}

static int attach(struct ls_store *store, const char *path, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "attach_source", &stmt, err);
    if (code == LS_OK) {
        ls_sql_bind_text(stmt, ":path", path);
        code = ls_sql_run(store, stmt, merging, err);
    }
    return code;
}

static int merge_attached(struct merge *merge, const char *path, bool chained, struct ls_err *err) {
    struct ls_store *store = merge->store;
    int code = ls_sql_exec(store, "BEGIN IMMEDIATE", merging, err);
    if (code == LS_OK) {
        code = read_offsets(merge, err);
    }
    if (code == LS_OK && chained) {
        code = refuse_grown(merge, path, err);
    }
    if (code == LS_OK) {
        code = copy_rows(merge, err);
    }
    if (code == LS_OK) {
        code = box_observations(merge, err);
    }
    if (code == LS_OK) {
        code = read_counts(merge, err);
    }
    if (code == LS_OK && chained && merge->result.merged > 0) {
        code = link_merge(merge, err);
    }
    if (code == LS_OK) {
        code = ls_sql_exec(store, "COMMIT", merging, err);
    }
    if (code != LS_OK) {
        ls_sql_rollback(store);
    }
    return code;
}

static int merge_path(struct merge *merge, const char *path, bool chained, struct ls_err *err) {
    int code = attach(merge->store, path, err);
    if (code != LS_OK) {
        return code;
    }
    code = merge_attached(merge, path, chained, err);
    struct ls_err ignored;
    ls_sql_exec(merge->store, "DETACH source", merging, code == LS_OK ? err : &ignored);
    return code;
}

/* --- what must hold before --- */

static void keep_first(void *context, const char *text) {
    char *first = context;
    if (first[0] == '\0') {
        ls_copy_text(first, 160, text);
    }
}

/* verify: its chain too. */
static int check_source(const char *path, bool verify, struct ls_err *err) {
    struct ls_store *source = NULL;
    struct ls_verify_opts opts = {.public_key = NULL};
    struct ls_verify_result result = {.problems = 0};
    char first[160] = "";
    int code = ls_store_open(&source, path, LS_STORE_READ, err);
    if (code == LS_OK && verify) {
        code = ls_store_verify(source, &opts, keep_first, first, &result, err);
    }
    ls_store_close(source);
    if (code == LS_OK && result.problems > 0) {
        code = ls_err_set(err, LS_ERR_FORMAT, "the chain of '%.200s' is broken: %s", path, first);
    }
    return code;
}

static bool same_file(const char *a, const char *b) {
    struct stat x;
    struct stat y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

int ls_store_merge(struct ls_store *store, const char *path, struct ls_merge_result *ret,
                   struct ls_err *err) {
    struct merge merge = {.store = store};
    if (same_file(store->path, path)) {
        return ls_err_set(err, LS_ERR_ARG, "'%.300s' is the database itself: name another", path);
    }
    int code = check_source(path, true, err);
    if (code == LS_OK) {
        code = merge_path(&merge, path, true, err);
    }
    if (code == LS_OK) {
        *ret = merge.result;
    }
    return code;
}

/* --- a temporary database --- */

static int make_folder(char ret[], size_t size, struct ls_err *err) {
    const char *top = getenv("TMPDIR");
    int n = snprintf(ret, size, "%s/lineside-XXXXXX", top == NULL ? "/tmp" : top);
    if (n >= (int)size - 16 || mkdtemp(ret) == NULL) {
        return ls_err_set(err, LS_ERR_IO,
                          "cannot make a folder for a temporary database: name a folder in TMPDIR");
    }
    return LS_OK;
}

int ls_store_open_merged(struct ls_store **ret, const char *const *paths, size_t count,
                         const struct ls_filter *filter, struct ls_err *err) {
    static const struct ls_filter everything = {.limit = 0};
    char path[1024];
    struct ls_store *store = NULL;
    int code = make_folder(path, sizeof path, err);
    if (code != LS_OK) {
        return code;
    }
    char *folder = strdup(path);
    size_t length = strlen(path);
    snprintf(path + length, sizeof path - length, "/merged.db");
    code = folder == NULL ? ls_err_set(err, LS_ERR_NOMEM, "out of memory")
                          : ls_store_open(&store, path, LS_STORE_WRITE, err);
    if (code == LS_OK) {
        store->temporary = folder;
        code = ls_sql_exec(store, "PRAGMA synchronous = OFF", merging, err);
    } else {
        free(folder);
    }
    for (size_t i = 0; i < count && code == LS_OK; i++) {
        struct merge merge = {.store = store, .filter = filter == NULL ? &everything : filter};
        code = check_source(paths[i], false, err);
        if (code == LS_OK) {
            code = merge_path(&merge, paths[i], false, err);
        }
    }
    if (code == LS_OK) {
        store->read_only = true;
        code = ls_sql_exec(store, "PRAGMA query_only = ON", merging, err);
    }
    if (code != LS_OK) {
        ls_store_close(store);
        return code;
    }
    *ret = store;
    return LS_OK;
}
