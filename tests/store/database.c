#include "tests/store/database.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <ftw.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "base/util.h"

void database_init(struct database *database) {
    const char *top = getenv("TMPDIR");
    snprintf(database->folder, sizeof database->folder, "%s/store-test-XXXXXX",
             top == NULL || strlen(top) > 40 ? "/tmp" : top);
    cr_assert_not_null(mkdtemp(database->folder));
    snprintf(database->path, sizeof database->path, "%s/lineside.db", database->folder);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void database_finish(struct database *database) {
    nftw(database->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

struct ls_store *database_open(const struct database *database, enum ls_store_mode mode) {
    struct ls_err err = {0};
    struct ls_store *store = NULL;
    cr_assert_eq(ls_store_open(&store, database->path, mode, &err), LS_OK, "%s", err.text);
    return store;
}

size_t database_other_files(const struct database *database) {
    DIR *folder = opendir(database->folder);
    cr_assert_not_null(folder);
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        count += entry->d_name[0] != '.' && strcmp(entry->d_name, "lineside.db") != 0;
    }
    closedir(folder);
    return count;
}

struct ls_run database_run(const char *sha512, int64_t first_ns, int64_t last_ns) {
    struct ls_run run = {.first_ns = first_ns, .last_ns = last_ns, .started_ns = 1};
    ls_copy_text(run.sensor, sizeof run.sensor, "km-12.4");
    ls_copy_text(run.verb, sizeof run.verb, "analyse");
    ls_copy_text(run.version, sizeof run.version, "0.1.0");
    ls_copy_text(run.input, sizeof run.input, "recording.sigmf-meta");
    ls_copy_text(run.input_sha512, sizeof run.input_sha512, sha512);
    ls_copy_text(run.options, sizeof run.options, "{}");
    ls_copy_text(run.plan, sizeof run.plan, "eu/1");
    return run;
}

struct ls_transmission database_transmission(int64_t start_ns, double duration_s,
                                             double center_hz) {
    struct ls_transmission row = {
        .start_ns = start_ns,
        .duration_ns = ls_ns_from_seconds(duration_s),
        .center_hz = center_hz,
        .bandwidth_hz = 12500.0,
        .snr_db = 23.1,
        .level_dbfs = -41.2,
        .offset_hz = -12.3,
        .bursts = 3,
        .on_s = duration_s / 2.0,
        .burst_s = duration_s / 6.0,
        .period_s = duration_s / 3.0,
        .flags = 1,
    };
    ls_copy_text(row.sensor, sizeof row.sensor, "km-12.4");
    ls_copy_text(row.class_name, sizeof row.class_name, "fsk");
    return row;
}

struct ls_observation database_observation(int64_t start_ns, int64_t stop_ns) {
    struct ls_observation row = {
        .state = LS_OBSERVED,
        .start_ns = start_ns,
        .stop_ns = stop_ns,
        .low_hz = 876e6,
        .high_hz = 880e6,
        .rate_sps = 4e6,
        .samples = 1000,
    };
    ls_copy_text(row.sensor, sizeof row.sensor, "km-12.4");
    return row;
}

int64_t database_store_run(struct ls_store *store, const struct ls_run *run, size_t count) {
    struct ls_err err = {0};
    int64_t run_id = 0;
    int64_t id = 0;
    cr_assert_eq(ls_store_begin_run(store, run, &run_id, &id, &err), LS_OK, "%s", err.text);
    for (size_t i = 0; i < count; i++) {
        struct ls_transmission row = database_transmission(run->first_ns + (int64_t)i * 50000000,
                                                           0.01, 876e6 + 25e3 * (double)(i % 160));
        cr_assert_eq(ls_store_add_transmission(store, &row, &err), LS_OK, "%s", err.text);
    }
    struct ls_observation all = database_observation(run->first_ns, run->last_ns);
    cr_assert_eq(ls_store_add_observation(store, &all, &err), LS_OK, "%s", err.text);
    cr_assert_eq(ls_store_finish_run(store, run, &err), LS_OK, "%s", err.text);
    return run_id;
}

static int keep_row(void *context, const struct ls_transmission *row, struct ls_err *err) {
    (void)err;
    struct found_rows *found = context;
    /* Room doubles: under the address sanitizer each change copies all of it. */
    if ((found->count & (found->count - 1)) == 0) {
        size_t room = found->count == 0 ? 1 : 2 * found->count;
        found->rows = realloc(found->rows, room * sizeof *found->rows);
        cr_assert_not_null(found->rows);
    }
    found->rows[found->count++] = *row;
    return LS_OK;
}

struct found_rows database_read(struct ls_store *store, const struct ls_filter *filter) {
    static const struct ls_filter everything;
    struct found_rows found = {0};
    struct ls_err err = {0};
    cr_assert_eq(ls_store_each_transmission(store, filter == NULL ? &everything : filter, keep_row,
                                            &found, &err),
                 LS_OK, "%s", err.text);
    return found;
}

size_t database_count(struct ls_store *store, const struct ls_filter *filter) {
    struct found_rows found = database_read(store, filter);
    free(found.rows);
    return found.count;
}

static int count_run(void *context, const struct ls_run *run, struct ls_err *err) {
    (void)run;
    (void)err;
    ++*(size_t *)context;
    return LS_OK;
}

size_t database_count_runs(struct ls_store *store) {
    size_t count = 0;
    struct ls_err err = {0};
    cr_assert_eq(ls_store_each_run(store, count_run, &count, &err), LS_OK, "%s", err.text);
    return count;
}

static void say_problem(void *context, const char *text) {
    (void)context;
    cr_expect(false, "%s", text);
}

void database_expect_sound(struct ls_store *store) {
    struct ls_err err = {0};
    size_t problems = 99;
    cr_assert_eq(ls_store_check(store, say_problem, NULL, &problems, &err), LS_OK, "%s", err.text);
    cr_expect_eq(problems, 0);
}

void database_sql(const struct database *database, const char *sql) {
    sqlite3 *db = NULL;
    char *message = NULL;
    cr_assert_eq(sqlite3_open(database->path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, &message), SQLITE_OK, "%s", message);
    sqlite3_close(db);
}
