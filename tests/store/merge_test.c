/* Several databases as one: nothing is lost, nothing comes twice, and every column comes along. */
#include "store/merge.h"

#include <criterion/criterion.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "base/util.h"
#include "store/chain.h"
#include "store/health.h"
#include "store/patterns.h"
#include "store/prune.h"
#include "tests/store/database.h"

static struct database first;
static struct database second;
static struct database all;

static void make_folders(void) {
    database_init(&first);
    database_init(&second);
    database_init(&all);
}

static void remove_folders(void) {
    database_finish(&first);
    database_finish(&second);
    database_finish(&all);
}

TestSuite(merge, .init = make_folders, .fini = remove_folders);

/* A row in every table, with every column set. */
static void fill(const struct database *database, const char *sha512, int64_t first_s) {
    static const int64_t evidence[] = {2, 5};
    struct ls_err err = {0};
    struct ls_store *store = database_open(database, LS_STORE_WRITE);
    int64_t start_ns = first_s * LS_NS_PER_S;
    struct ls_run run = database_run(sha512, start_ns, start_ns + 10 * LS_NS_PER_S);
    struct ls_permit permit = {.low_hz = 1e6, .high_hz = 2e6, .until_ns = INT64_MAX};
    struct ls_health health = {.t_ns = start_ns, .value = 1.5};
    struct ls_pin pin = {.start_ns = 1, .stop_ns = 2, .low_hz = 1.0, .high_hz = 2.0};
    struct ls_store_snippet snippet = {.sensor = "km-12.4",
                                       .transmission_id = 2,
                                       .case_id = "C-7",
                                       .path = sha512,
                                       .sha512 = "ab",
                                       .duration_ns = 1,
                                       .center_hz = 1e6,
                                       .rate_sps = 1e6,
                                       .bytes = 8,
                                       .expires_ns = 10};
    struct ls_incident row = {.severity = LS_WATCH, .findings = 1};
    struct ls_finding *finding = &row.finding;
    ls_copy_text(run.label, sizeof run.label, "internal");
    ls_copy_text(permit.owner, sizeof permit.owner, "city");
    ls_copy_text(health.sensor, sizeof health.sensor, "km-12.4");
    ls_copy_text(health.subject, sizeof health.subject, "clock");
    ls_copy_text(pin.case_id, sizeof pin.case_id, "C-7");
    ls_copy_text(finding->kind, sizeof finding->kind, "periodic-telemetry");
    ls_copy_text(finding->sensor, sizeof finding->sensor, "km-12.4");
    finding->version = 1;
    finding->log10_p = -6.5;
    finding->start_ns = start_ns;
    finding->stop_ns = start_ns + LS_NS_PER_S;
    finding->low_hz = 876e6;
    finding->high_hz = 877e6;
    finding->company = 0.5;
    finding->confirm_log10_p = -4.0;
    finding->evidence = evidence;
    finding->evidence_count = 2;
    database_store_run(store, &run, 20);
    database_sql(database, "UPDATE transmission SET trail = x'0102030405060708'");
    cr_assert_eq(ls_store_add_permit(store, &permit, &row.permit, &err), LS_OK, "%s", err.text);
    struct ls_pattern_search search = {.kind = "periodic-telemetry", .version = 1, .searches = 3};
    cr_assert_eq(ls_store_begin_patterns(store, &err), LS_OK);
    cr_assert_eq(ls_store_add_search(store, &search, &err), LS_OK);
    cr_assert_eq(ls_store_put_incident(store, &row, 5, &err), LS_OK, "%s", err.text);
    cr_assert_eq(ls_store_add_finding(store, finding, row.id, &err), LS_OK, "%s", err.text);
    cr_assert_eq(ls_store_finish_patterns(store, &err), LS_OK, "%s", err.text);
    cr_assert_eq(ls_store_add_health(store, &health, 1, &err), LS_OK, "%s", err.text);
    cr_assert_eq(ls_store_add_pin(store, &pin, &err), LS_OK, "%s", err.text);
    cr_assert_eq(ls_store_add_snippet(store, &snippet, &err), LS_OK, "%s", err.text);
    cr_assert_eq(ls_store_record_pruning(store, "health", "age", first_s, 3, &err), LS_OK);
    ls_store_close(store);
    database_sql(
        database,
        "UPDATE observation SET floor_dbfs_hz = -140, floor_error_db = 1, weakest_dbfs = -90;"
        "INSERT INTO sensor_position VALUES (1, 1, 5, 51.05, 13.74, 110, 'person');"
        "INSERT OR IGNORE INTO emitter_reason VALUES (3, 'why');"
        "INSERT INTO emitter VALUES (1, NULL, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, "
        "14, 15, 1, 0.5), (2, 1, 1, NULL, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, "
        "0, 0.5);"
        "INSERT INTO emitter_transmission VALUES (2, 1, 3, 50);"
        "INSERT INTO emitter_event VALUES (1, 5, 1, 2, 0, 'why')");
}

static struct ls_merge_result merge(struct ls_store *store, const struct database *other) {
    struct ls_merge_result result = {0};
    struct ls_err err = {0};
    cr_assert_eq(ls_store_merge(store, other->path, &result, &err), LS_OK, "%s", err.text);
    return result;
}

static int64_t count_of(const struct database *database, const char *sql) {
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    cr_assert_eq(sqlite3_open(database->path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
    cr_assert_eq(sqlite3_step(stmt), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return value;
}

static void say(void *context, const char *text) {
    (void)context;
    cr_expect_fail("%s", text);
}

static void expect_verified(struct ls_store *store) {
    struct ls_verify_opts opts = {.public_key = NULL};
    struct ls_verify_result result;
    struct ls_err err = {0};
    cr_assert_eq(ls_store_verify(store, &opts, say, NULL, &result, &err), LS_OK, "%s", err.text);
    cr_expect_eq(result.problems, 0);
}

/* In an empty database ids stay, so each table must be the same to the last column. */
Test(merge, every_column_of_every_table_comes_along) {
    static const char *const tables[] = {
        "sensor",           "class",           "run",           "transmission",
        "observation",      "health",          "pin",           "pruning",
        "snippet",          "permit",          "incident",      "incident_transmission",
        "finding",          "pattern_search",  "emitter",       "emitter_transmission",
        "sensor_position",  "emitter_reason",  "emitter_event", "incident_growth",
        "transmission_box", "observation_box", "next_id"};
    fill(&first, "aa", 1000);
    struct ls_store *store = database_open(&all, LS_STORE_WRITE);
    struct ls_merge_result result = merge(store, &first);
    cr_expect_eq(result.runs, 1);
    cr_expect_eq(result.merged, 1);
    cr_expect_eq(result.incidents, 1);
    cr_expect_eq(result.transmissions, 20);
    database_expect_sound(store);
    expect_verified(store);
    ls_store_close(store);
    for (size_t i = 0; i < LS_COUNT(tables); i++) {
        char sql[1024];
        snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", tables[i]);
        cr_expect_gt(count_of(&first, sql), 0, "%s is empty: nothing is shown", tables[i]);
        sqlite3 *db = NULL;
        sqlite3_stmt *stmt = NULL;
        snprintf(
            sql, sizeof sql,
            "SELECT (SELECT count(*) FROM (SELECT * FROM main.%s EXCEPT SELECT * FROM o.%s)) + "
            "(SELECT count(*) FROM (SELECT * FROM o.%s EXCEPT SELECT * FROM main.%s))",
            tables[i], tables[i], tables[i], tables[i]);
        char attach[300];
        snprintf(attach, sizeof attach, "ATTACH '%s' AS o", first.path);
        cr_assert_eq(sqlite3_open(all.path, &db), SQLITE_OK);
        cr_assert_eq(sqlite3_exec(db, attach, NULL, NULL, NULL), SQLITE_OK);
        cr_assert_eq(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
        cr_assert_eq(sqlite3_step(stmt), SQLITE_ROW);
        cr_expect_eq(sqlite3_column_int64(stmt, 0), 0, "%s is not the same", tables[i]);
        sqlite3_finalize(stmt);
        sqlite3_close(db);
    }
}

/* A table that the chain or the engine keeps for itself need not come; any other must be above. */
Test(merge, no_table_was_forgotten) {
    struct ls_store *store = database_open(&all, LS_STORE_WRITE);
    ls_store_close(store);
    cr_expect_eq(count_of(&all, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name "
                                "NOT LIKE '%box_%' AND name NOT LIKE 'sqlite%'"),
                 23 + 5,
                 "a new table: is it merged? chain, chain_head, seal, open_run and "
                 "pattern_state are not");
}

Test(merge, two_databases_are_told_apart_and_a_second_time_adds_nothing) {
    fill(&first, "aa", 1000);
    fill(&second, "bb", 2000);
    struct ls_store *store = database_open(&all, LS_STORE_WRITE);
    merge(store, &first);
    merge(store, &second);
    cr_expect_eq(database_count(store, NULL), 40);
    cr_expect_eq(database_count_runs(store), 2);
    struct ls_merge_result again = merge(store, &second);
    cr_expect_eq(again.merged, 0);
    cr_expect_eq(again.incidents, 0);
    database_expect_sound(store);
    expect_verified(store);
    ls_store_close(store);
    cr_expect_eq(count_of(&all, "SELECT count(*) FROM incident"), 2);
    cr_expect_eq(count_of(&all, "SELECT count(*) FROM permit"), 1);
    cr_expect_eq(count_of(&all, "SELECT count(*) FROM pin"), 1);
    cr_expect_eq(count_of(&all, "SELECT searches FROM pattern_search"), 6);
    cr_expect_eq(count_of(&all, "SELECT count(*) FROM chain WHERE what = 'merge'"), 2);
    cr_expect_eq(count_of(&all, "SELECT count(*) FROM incident_transmission AS e JOIN transmission "
                                "AS t ON t.id = e.transmission_id JOIN incident AS i ON i.id = "
                                "e.incident_id WHERE t.start_ns BETWEEN i.start_ns AND i.stop_ns"),
                 4);
}

Test(merge, a_broken_chain_and_the_database_itself_are_refused) {
    struct ls_merge_result result;
    struct ls_err err = {0};
    fill(&first, "aa", 1000);
    struct ls_store *store = database_open(&first, LS_STORE_WRITE);
    cr_expect_eq(ls_store_merge(store, first.path, &result, &err), LS_ERR_ARG);
    ls_store_close(store);
    database_sql(&first, "UPDATE incident SET severity = 0");
    store = database_open(&all, LS_STORE_WRITE);
    cr_expect_eq(ls_store_merge(store, first.path, &result, &err), LS_ERR_FORMAT);
    cr_expect_not_null(strstr(err.text, "link 2: incident 1 is not what was linked"), "%s",
                       err.text);
    cr_expect_eq(database_count_runs(store), 0);
    ls_store_close(store);
}

Test(merge, a_question_to_several_reads_what_it_is_about_and_leaves_nothing) {
    fill(&first, "aa", 1000);
    fill(&second, "bb", 2000);
    const char *paths[] = {first.path, second.path};
    struct ls_store *store = NULL;
    struct ls_err err = {0};
    setenv("TMPDIR", all.folder, 1);
    cr_assert_eq(ls_store_open_merged(&store, paths, 2, NULL, &err), LS_OK, "%s", err.text);
    cr_expect_eq(database_count(store, NULL), 40);
    cr_expect_eq(database_other_files(&all), 1);
    ls_store_close(store);
    cr_expect_eq(database_other_files(&all), 0);
    struct ls_filter filter = {.since_ns = 2000 * LS_NS_PER_S, .has_since = true};
    cr_assert_eq(ls_store_open_merged(&store, paths, 2, &filter, &err), LS_OK, "%s", err.text);
    cr_expect_eq(database_count(store, &filter), 20);
    cr_expect_eq(database_count(store, NULL), 22, "evidence comes whenever it was");
    ls_store_close(store);
    filter = (struct ls_filter){.low_hz = 876.0e6, .high_hz = 876.01e6, .has_freq = true};
    cr_assert_eq(ls_store_open_merged(&store, paths, 2, &filter, &err), LS_OK, "%s", err.text);
    size_t several = database_count(store, &filter);
    ls_store_close(store);
    store = database_open(&first, LS_STORE_READ);
    cr_expect_eq(several, 2 * database_count(store, &filter));
    cr_expect_gt(several, 0);
    ls_store_close(store);
}
