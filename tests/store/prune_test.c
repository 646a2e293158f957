/* Retention: what goes, what stays, and that the database is sound after it. */
#include "store/prune.h"

#include <criterion/criterion.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "store/health.h"
#include "tests/store/database.h"

enum { DAYS = 10, MINUTES = DAYS * 24 * 60, HOURS = DAYS * 24 };

static const int64_t minute_ns = 60 * LS_NS_PER_S;
static const int64_t first_ns = INT64_C(1760000000000000000);
static const int64_t stop_ns = INT64_C(1760000000000000000) + MINUTES * 60 * LS_NS_PER_S;

static struct database database;

static void make_folder(void) { database_init(&database); }
static void remove_folder(void) { database_finish(&database); }

TestSuite(prune, .init = make_folder, .fini = remove_folder);

/* Ten days: a transmission of 2 s each minute over 160 channels, a row of the ledger each hour, and
 * health every ten minutes. */
static struct ls_store *ten_days(void) {
    struct ls_store *store = database_open(&database, LS_STORE_WRITE);
    struct ls_run run = database_run("aa", first_ns, stop_ns);
    struct ls_err err = {0};
    int64_t run_id;
    int64_t id;
    cr_assert_eq(ls_store_begin_run(store, &run, &run_id, &id, &err), LS_OK, "%s", err.text);
    for (int64_t i = 0; i < MINUTES; i++) {
        struct ls_transmission row =
            database_transmission(first_ns + i * minute_ns, 2.0, 876e6 + 25e3 * (double)(i % 160));
        cr_assert_eq(ls_store_add_transmission(store, &row, &err), LS_OK, "%s", err.text);
    }
    for (int64_t i = 0; i < HOURS; i++) {
        struct ls_observation row = database_observation(first_ns + 60 * i * minute_ns,
                                                         first_ns + 60 * (i + 1) * minute_ns);
        cr_assert_eq(ls_store_add_observation(store, &row, &err), LS_OK, "%s", err.text);
    }
    cr_assert_eq(ls_store_finish_run(store, &run, &err), LS_OK, "%s", err.text);
    for (int64_t i = 0; i < MINUTES / 10; i++) {
        struct ls_health row = {.t_ns = first_ns + 10 * i * minute_ns,
                                .level = LS_HEALTH_OK,
                                .value = 1.5,
                                .subject = "disk",
                                .unit = "bytes",
                                .sensor = "km-12.4",
                                .text = "marked for deletion"};
        cr_assert_eq(ls_store_add_health(store, &row, 1, &err), LS_OK, "%s", err.text);
    }
    return store;
}

static struct ls_prune_opts nothing(void) {
    struct ls_prune_opts opts = {.now_ns = stop_ns};
    for (int i = 0; i < LS_PRUNE_TABLES; i++) {
        opts.age_s[i] = (double)NAN;
        opts.bytes[i] = (double)NAN;
    }
    return opts;
}

static struct ls_prune_result prune(struct ls_store *store, const struct ls_prune_opts *opts) {
    struct ls_prune_result result;
    struct ls_err err = {0};
    cr_assert_eq(ls_store_prune(store, opts, &result, &err), LS_OK, "%s", err.text);
    return result;
}

static int64_t value_of(const char *sql) {
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    cr_assert_eq(sqlite3_open(database.path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
    cr_assert_eq(sqlite3_step(stmt), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return value;
}

Test(prune, without_limits_nothing_goes) {
    struct ls_store *store = ten_days();
    struct ls_prune_opts opts = nothing();
    struct ls_prune_result result = prune(store, &opts);
    for (int i = 0; i < LS_PRUNE_TABLES; i++) {
        cr_expect_eq(result.tables[i].deleted, 0);
    }
    cr_expect_eq(value_of("SELECT count(*) FROM transmission"), MINUTES);
    cr_expect_eq(value_of("SELECT count(*) FROM pruning"), 0);
    ls_store_close(store);
}

Test(prune, by_age_to_the_row) {
    struct ls_store *store = ten_days();
    struct ls_prune_opts opts = nothing();
    for (int i = 0; i < LS_PRUNE_TABLES; i++) {
        opts.age_s[i] = 4.0 * 86400.0 + 1800.0;
    }
    struct ls_prune_result result = prune(store, &opts);
    /* Kept: the last 4 days and half an hour; the hour that the cut lies in stays whole. */
    cr_expect_eq(value_of("SELECT count(*) FROM transmission"), 4 * 1440 + 30);
    cr_expect_eq(value_of("SELECT count(*) FROM observation"), 4 * 24 + 1);
    cr_expect_eq(value_of("SELECT count(*) FROM health"), 4 * 144 + 3);
    cr_expect_eq(result.tables[LS_PRUNE_TRANSMISSIONS].deleted, 6 * 1440 - 30);
    cr_expect_eq(result.tables[LS_PRUNE_TRANSMISSIONS].before, MINUTES);
    cr_expect_eq(value_of("SELECT count(*) FROM pruning WHERE reason = 'age'"), 3);
    cr_expect_eq(value_of("SELECT rows FROM pruning WHERE what = 'transmission'"), 6 * 1440 - 30);
    database_expect_sound(store);
    cr_expect_eq(database_count(store, NULL), 4 * 1440 + 30, "the index finds what is left");
    cr_expect_eq(prune(store, &opts).tables[0].deleted, 0, "a second time there is nothing to do");
    cr_expect_eq(value_of("SELECT count(*) FROM pruning"), 3);
    ls_store_close(store);
}

static void count_problem(void *context, const char *text) {
    (void)text;
    ++*(int *)context;
}

Test(prune, ledger_with_a_hole_is_still_found_behind_the_cut) {
    struct ls_store *store = ten_days();
    struct ls_prune_opts opts = nothing();
    opts.age_s[LS_PRUNE_OBSERVATIONS] = 4.0 * 86400.0;
    prune(store, &opts);
    database_expect_sound(store);
    database_sql(&database, "DELETE FROM observation WHERE id = (SELECT max(id) - 5 FROM "
                            "observation)");
    size_t problems = 0;
    struct ls_err err = {0};
    cr_assert_eq(ls_store_check(store, count_problem, &(int){0}, &problems, &err), LS_OK);
    cr_expect_geq(problems, 1);
    ls_store_close(store);
}

Test(prune, by_size_takes_the_oldest) {
    struct ls_store *store = ten_days();
    struct ls_prune_opts opts = nothing();
    double row_bytes = ls_prune_row_bytes(LS_PRUNE_TRANSMISSIONS);
    opts.bytes[LS_PRUNE_TRANSMISSIONS] = 5000.0 * row_bytes;
    struct ls_prune_result result = prune(store, &opts);
    int64_t left = value_of("SELECT count(*) FROM transmission");
    cr_expect(result.tables[0].by_size);
    /* Rows are shared out evenly within 65536 s, of which they have 1092: one minute off at most.
     */
    cr_expect_float_eq((double)left, 5000.0, 2.0);
    cr_expect_eq(value_of("SELECT count(*) FROM transmission WHERE start_ns + duration_ns <= "
                          "(SELECT before_ns FROM pruning)"),
                 0);
    cr_expect_eq(value_of("SELECT max(start_ns) FROM transmission"), stop_ns - minute_ns);
    database_expect_sound(store);
    ls_store_close(store);
}

Test(prune, pinned_rows_stay_and_are_counted) {
    struct ls_store *store = ten_days();
    struct ls_err err = {0};
    struct ls_pin pin = {.case_id = "C-7",
                         .start_ns = first_ns + 100 * minute_ns,
                         .stop_ns = first_ns + 160 * minute_ns,
                         .low_hz = 878e6,
                         .high_hz = 880e6,
                         .since_ns = stop_ns};
    cr_assert_eq(ls_store_add_pin(store, &pin, &err), LS_OK, "%s", err.text);
    struct ls_prune_opts opts = nothing();
    opts.age_s[LS_PRUNE_TRANSMISSIONS] = 86400.0;
    opts.age_s[LS_PRUNE_OBSERVATIONS] = 86400.0;
    struct ls_prune_result result = prune(store, &opts);
    /* Minutes 100 to 159 are channels 100 to 159, of 25 kHz from 876 MHz up: 80 is at 878 MHz. */
    cr_expect_eq(result.tables[LS_PRUNE_TRANSMISSIONS].pinned, 60);
    cr_expect_eq(value_of("SELECT count(*) FROM transmission"), 1440 + 60);
    cr_expect_eq(result.tables[LS_PRUNE_OBSERVATIONS].pinned, 2, "hours 1 and 2");
    cr_expect_eq(value_of("SELECT count(*) FROM observation"), 24 + 2);
    database_expect_sound(store);
    size_t removed = 0;
    cr_expect_eq(ls_store_remove_pins(store, "C-8", &removed, &err), LS_ERR_NOTFOUND);
    cr_expect_eq(ls_store_remove_pins(store, "C-7", &removed, &err), LS_OK);
    cr_expect_eq(removed, 1);
    prune(store, &opts);
    cr_expect_eq(value_of("SELECT count(*) FROM transmission"), 1440);
    ls_store_close(store);
}

Test(prune, dry_run_says_the_same_and_changes_nothing) {
    struct ls_store *store = ten_days();
    struct ls_prune_opts opts = nothing();
    opts.age_s[LS_PRUNE_TRANSMISSIONS] = 86400.0;
    opts.bytes[LS_PRUNE_HEALTH] = 1000.0;
    opts.dry_run = true;
    struct ls_prune_result said = prune(store, &opts);
    cr_expect_eq(value_of("SELECT count(*) FROM transmission"), MINUTES);
    cr_expect_eq(value_of("SELECT count(*) FROM pruning"), 0);
    opts.dry_run = false;
    struct ls_prune_result done = prune(store, &opts);
    for (int i = 0; i < LS_PRUNE_TABLES; i++) {
        cr_expect_eq(said.tables[i].deleted, done.tables[i].deleted);
        cr_expect_eq(said.tables[i].before_ns, done.tables[i].before_ns);
    }
    cr_expect_gt(done.tables[LS_PRUNE_HEALTH].deleted, 1400);
    ls_store_close(store);
}

static bool file_holds(const char *path, const char *text) {
    FILE *f = fopen(path, "rb");
    size_t n = strlen(text);
    size_t matched = 0;
    bool found = false;
    for (int c; f != NULL && !found && (c = fgetc(f)) != EOF;) {
        matched = c == text[matched] ? matched + 1 : (size_t)(c == text[0]);
        found = matched == n;
    }
    if (f != NULL) {
        fclose(f);
    }
    return found;
}

Test(prune, deleted_content_is_overwritten) {
    struct ls_store *store = ten_days();
    char wal[192];
    snprintf(wal, sizeof wal, "%s-wal", database.path);
    const char *text = "marked for deletion";
    cr_assert(file_holds(database.path, text) || file_holds(wal, text));
    struct ls_prune_opts opts = nothing();
    opts.age_s[LS_PRUNE_HEALTH] = 0.0;
    prune(store, &opts);
    cr_expect_not(file_holds(database.path, text));
    cr_expect_not(file_holds(wal, text));
    ls_store_close(store);
}

Test(prune, stops_when_asked_and_leaves_a_sound_database) {
    struct ls_store *store = ten_days();
    atomic_int stop = 1;
    struct ls_prune_opts opts = nothing();
    opts.age_s[LS_PRUNE_TRANSMISSIONS] = 0.0;
    opts.stop = &stop;
    struct ls_prune_result result;
    struct ls_err err = {0};
    cr_expect_eq(ls_store_prune(store, &opts, &result, &err), LS_ERR_STOPPED);
    database_expect_sound(store);
    ls_store_close(store);
}

/* Held against SQLite's own account of the pages, within a quarter: rows differ in their text. */
Test(prune, bytes_of_a_row_are_as_stated) {
    static const struct {
        const char *pages;
        const char *rows;
    } tables[LS_PRUNE_TABLES] = {
        {"SELECT sum(pgsize) FROM dbstat WHERE name IN ('transmission', 'transmission_cell')",
         "SELECT count(*) FROM transmission"},
        {"SELECT sum(pgsize) FROM dbstat WHERE name IN ('observation', 'observation_cell')",
         "SELECT count(*) FROM observation"},
        {"SELECT sum(pgsize) FROM dbstat WHERE name IN ('health', 'health_time')",
         "SELECT count(*) FROM health"}};
    ls_store_close(ten_days());
    for (int i = 0; i < LS_PRUNE_TABLES; i++) {
        double bytes = (double)value_of(tables[i].pages) / (double)value_of(tables[i].rows);
        double stated = ls_prune_row_bytes((enum ls_prune_what)i);
        cr_expect(stated > 0.75 * bytes && stated < 1.25 * bytes, "%s: %.0f bytes, stated %.0f",
                  ls_prune_name((enum ls_prune_what)i), bytes, stated);
    }
}
