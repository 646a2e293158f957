/* The schema: every released version leads to the same one, views are the interchange, and bounded
 * queries use the R*Tree and the index. */
#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/embedded.h"
#include "base/time.h"
#include "store/chain.h"
#include "store/patterns.h"
#include "tests/store/database.h"

extern const struct ls_embedded ls_schema_files[];
extern const unsigned ls_schema_files_count;

static struct database database;

static void make_folder(void) { database_init(&database); }
static void remove_folder(void) { database_finish(&database); }

TestSuite(schema, .init = make_folder, .fini = remove_folder);

static bool is_migration(const struct ls_embedded *file) { return file->name[0] != 'q'; }

/* The files up to one of them are what that version of the program made. */
Test(schema, every_version_migrates_to_the_schema_of_a_new_database) {
    for (unsigned newest = 0; newest < ls_schema_files_count; newest++) {
        if (!is_migration(&ls_schema_files[newest])) {
            continue;
        }
        remove(database.path);
        for (unsigned i = 0; i <= newest; i++) {
            if (is_migration(&ls_schema_files[i])) {
                database_sql(&database, ls_schema_files[i].text);
            }
        }
        struct ls_store *store = database_open(&database, LS_STORE_EXISTING);
        struct ls_err err = {0};
        int file;
        int known;
        cr_assert_eq(ls_store_migrate(store, &err), LS_OK, "%s", err.text);
        cr_assert_eq(ls_store_version(store, &file, &known, &err), LS_OK);
        cr_expect_eq(file, known);
        database_expect_sound(store);
        ls_store_close(store);
    }
}

/* Rows as the program of a version wrote them: version 1 knew transmissions and the ledger, 3
 * health and what is kept, 4 what the patterns found. Released files are never edited, so these on
 * top of them are the dump of such a database. */
static const struct {
    int version;
    const char *rows;
} dumps[] = {
    {1, "INSERT INTO sensor VALUES (1, 'km 1'); INSERT INTO class VALUES (1, ''), (2, 'gsm');"
        "INSERT INTO run (id, sensor_id, verb, version, input, input_sha512, options, plan, "
        "started_ns, first_ns, last_ns, no_clock, incomplete, note, first_transmission_id, "
        "last_transmission_id, first_observation_id, last_observation_id, rows_first_ns, "
        "rows_last_ns) VALUES (1, 1, 'analyse', '0.1.0', 'a', 'ab', '{}', 'eu/1', 7, 0, "
        "10000000000, 0, 0, '', 1, 2, 1, 1, 0, 5000000000);"
        "INSERT INTO transmission (id, run_id, sensor_id, class_id, start_ns, duration_ns, "
        "center_hz, bandwidth_hz, snr_db, level_dbfs, offset_hz, bursts, on_s, burst_s, period_s, "
        "flags) VALUES (1, 1, 1, 2, 1000000000, 500000000, 876.4e6, 2e5, 20.5, -40.25, -12.5, 3, "
        "0.3, 0.1, 0.2, 0), (2, 1, 1, 1, 5000000000, 1000000, 868.3e6, 1e4, NULL, NULL, NULL, "
        "NULL, NULL, NULL, NULL, 0);"
        "INSERT INTO observation (id, run_id, sensor_id, state, cause, start_ns, stop_ns, low_hz, "
        "high_hz, rate_sps, samples) VALUES (1, 1, 1, 0, '', 0, 10000000000, 860e6, 880e6, 2e7, "
        "200000000);"
        "INSERT INTO transmission_box SELECT cell, -1577836801, -1577836700, 860000, 880000, "
        "500000000 FROM transmission;"
        "INSERT INTO observation_box SELECT cell, -1577836801, -1577836700, 859000, 881000, "
        "10000000000 FROM observation;"
        "UPDATE next_id SET run_id = 2, transmission_id = 3, observation_id = 2;"},
    {3, "INSERT INTO health VALUES (1, 1, 9, 'clock', 0, 1.5, 's', 'well');"
        "INSERT INTO pin VALUES (1, 'C-7', 1, 2, 1.0, 2.0, 3);"
        "INSERT INTO pruning VALUES (1, 9, 'health', 'age', 5, 3, 0);"
        "INSERT INTO snippet VALUES (1, 1, 1, 'C-7', 'a', 'ab', 1, 1, 1e6, 1e6, 8, 9, NULL);"},
    {4, "INSERT INTO permit VALUES (1, 'city', 'meters', '', 1e6, 2e6, 0, 9223372036854775807);"
        "INSERT INTO incident (id, kind, version, severity, false_alarm_probability, log10_p, "
        "start_ns, stop_ns, low_hz, high_hz, sensor_id, parameters, intervals, rivals, words, "
        "limits, searches, trials, findings, confirmed, confirm_log10_p, permit_id, band) VALUES "
        "(1, 'periodic-telemetry', 1, 2, 1e-7, -7, 0, 10000000000, 876e6, 877e6, 1, "
        "'{\"period_s\":48.5}', '{}', '[]', 'a clock', 'short ones', 1, 1.0, 1, 1, -4, NULL, '');"
        "INSERT INTO incident_transmission (incident_id, transmission_id) VALUES (1, 1), (1, 2);"
        "INSERT INTO incident_growth VALUES (1, 8, 9, 2, -7, 1, 2);"},
};

static int count_incident(void *context, const struct ls_incident *row, struct ls_err *err) {
    (void)err;
    ++*(size_t *)context;
    cr_expect_eq(row->finding.evidence_count, 2);
    cr_expect_eq(row->finding.parameters[0].value, 48.5);
    cr_expect_str_eq(row->label, "");
    return LS_OK;
}

static void say(void *context, const char *text) {
    (void)context;
    cr_expect_fail("%s", text);
}

static void expect_rows_of(struct ls_store *store, int version) {
    struct ls_verify_opts opts = {.public_key = NULL};
    struct ls_verify_result result;
    struct ls_err err = {0};
    struct ls_incident_filter everything = {.kind = NULL};
    size_t incidents = 0;
    struct found_rows found = database_read(store, NULL);
    cr_assert_eq(found.count, 2);
    cr_expect_eq(found.rows[0].start_ns, LS_NS_PER_S);
    cr_expect_str_eq(found.rows[0].class_name, "gsm");
    cr_expect_eq(found.rows[0].center_hz, 876.4e6);
    cr_expect_eq(found.rows[0].level_dbfs, -40.25);
    cr_expect_eq(found.rows[0].bursts, 3);
    cr_expect_eq(found.rows[1].duration_ns, 1000000);
    free(found.rows);
    cr_assert_eq(ls_store_each_incident(store, &everything, count_incident, &incidents, &err),
                 LS_OK, "%s", err.text);
    cr_expect_eq(incidents, version >= 4);
    cr_assert_eq(ls_store_verify(store, &opts, say, NULL, &result, &err), LS_OK, "%s", err.text);
    cr_expect_eq(result.problems, 0);
    cr_expect_eq(result.links, version >= 4 ? 4 : version >= 3 ? 2 : 0, "of version %d", version);
    database_expect_sound(store);
}

static int version_of_file(void) {
    struct ls_store *store = database_open(&database, LS_STORE_EXISTING);
    struct ls_err err = {0};
    int file = 0;
    int known = 0;
    cr_assert_eq(ls_store_version(store, &file, &known, &err), LS_OK, "%s", err.text);
    ls_store_close(store);
    return file;
}

/* The chain begins with what an older database holds. */
Test(schema, a_database_of_every_version_gives_the_rows_that_it_held) {
    for (unsigned newest = 0; newest < ls_schema_files_count; newest++) {
        if (!is_migration(&ls_schema_files[newest])) {
            continue;
        }
        int version = (int)strtol(ls_schema_files[newest].name, NULL, 10);
        if (version >= 7) {
            break; /* from here on the program itself writes the chain */
        }
        remove(database.path);
        for (unsigned i = 0; i <= newest; i++) {
            database_sql(&database, ls_schema_files[i].text);
        }
        for (size_t i = 0; i < sizeof dumps / sizeof dumps[0]; i++) {
            if (dumps[i].version <= version) {
                database_sql(&database, dumps[i].rows);
            }
        }
        struct ls_store *store = database_open(&database, LS_STORE_READ);
        expect_rows_of(store, version);
        ls_store_close(store);
        cr_expect_eq(version_of_file(), version, "a reader changed the file");
        store = database_open(&database, LS_STORE_WRITE);
        expect_rows_of(store, version);
        ls_store_close(store);
        cr_expect_gt(version_of_file(), version);
    }
}

Test(schema, each_migration_sets_its_number) {
    int number = 0;
    for (unsigned i = 0; i < ls_schema_files_count; i++) {
        if (is_migration(&ls_schema_files[i])) {
            char pragma[64];
            number++;
            snprintf(pragma, sizeof pragma, "\nPRAGMA user_version = %d;\n", number);
            cr_expect_eq(strtol(ls_schema_files[i].name, NULL, 10), number);
            cr_expect_not_null(strstr(ls_schema_files[i].text, pragma));
        }
    }
    cr_expect_geq(number, 1);
}

/* Columns of a statement, or the last value of each of its rows, as text. */
static const char *query(const char *sql, bool columns) {
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    static char text[8192];
    FILE *out = fmemopen(text, sizeof text, "w");
    cr_assert_not_null(out);
    cr_assert_eq(sqlite3_open(database.path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
    int last = sqlite3_column_count(stmt) - 1;
    for (int i = 0; columns && i <= last; i++) {
        fprintf(out, "%s ", sqlite3_column_name(stmt, i));
    }
    while (!columns && sqlite3_step(stmt) == SQLITE_ROW) {
        fprintf(out, "%s\n", (const char *)sqlite3_column_text(stmt, last));
    }
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    fclose(out);
    return text;
}

static void create_with_rows(void) {
    struct ls_run run = database_run("aa", -LS_NS_PER_S / 2, 10 * LS_NS_PER_S);
    struct ls_store *store = database_open(&database, LS_STORE_WRITE);
    database_store_run(store, &run, 20);
    ls_store_close(store);
}

Test(schema, views_have_the_keys_of_the_lines) {
    create_with_rows();
    cr_expect_str_eq(query("SELECT * FROM transmission_line", true),
                     "type sensor start duration_s center_hz bandwidth_hz snr_db level_dbfs class "
                     "class_score class_rivals offset_hz bursts ");
    cr_expect_str_eq(
        query("SELECT * FROM observation_line", true),
        "type sensor start stop low_hz high_hz floor_dbfs_hz floor_error_db weakest_dbfs ");
    cr_expect_str_eq(query("SELECT * FROM incident_line", true),
                     "type id kind severity false_alarm_probability start stop low_hz high_hz "
                     "sensor parameters transmissions rivals limits detector intervals confirmed "
                     "findings permit band words ");
    cr_expect_str_eq(query("SELECT * FROM emitter_line", true),
                     "type id sensor start stop transmissions on_s low_hz high_hz center_hz "
                     "bandwidth_hz duration_s level_dbfs level_spread_db class offset_hz period_s "
                     "jitter_s hops score ");
    cr_expect_str_eq(query("SELECT start FROM transmission_line ORDER BY start LIMIT 1", false),
                     "1969-12-31T23:59:59.500000000Z\n");
    cr_expect_str_eq(query("SELECT stop FROM observation_line", false),
                     "1970-01-01T00:00:10.000000000Z\n");
}

static const char *named_query(const char *name) {
    for (unsigned i = 0; i < ls_schema_files_count; i++) {
        if (strcmp(ls_schema_files[i].name, "queries.sql") == 0) {
            const char *text = strstr(ls_schema_files[i].text, name);
            cr_assert_not_null(text);
            return text + strlen(name);
        }
    }
    return NULL;
}

static void expect_indexed(const char *name, const char *index) {
    char *sql = malloc(strlen(named_query(name)) + 32);
    stpcpy(stpcpy(sql, "EXPLAIN QUERY PLAN "), named_query(name));
    const char *plan = query(sql, false);
    free(sql);
    cr_expect_not_null(strstr(plan, "SCAN b VIRTUAL TABLE INDEX 2:B"), "%s", plan);
    cr_expect_not_null(strstr(plan, index), "%s", plan);
    for (const char *p = strstr(plan, "SCAN "); p != NULL; p = strstr(p + 1, "SCAN ")) {
        cr_expect(strncmp(p, "SCAN b VIRTUAL", 14) == 0, "a whole table is read: %s", plan);
    }
}

Test(schema, bounded_queries_use_the_rtree_and_the_index_of_cells) {
    create_with_rows();
    expect_indexed("-- name: transmissions_in_slice\n",
                   "INDEX transmission_cell (cell=? AND start_ns>? AND start_ns<?)");
    expect_indexed("-- name: observations_in_slice\n",
                   "INDEX observation_cell (cell=? AND start_ns>? AND start_ns<?)");
}

Test(schema, replacing_a_run_reads_only_its_rows) {
    create_with_rows();
    static const char *const names[] = {"-- name: delete_transmissions\n",
                                        "-- name: delete_observations\n"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *sql = malloc(strlen(named_query(names[i])) + 32);
        stpcpy(stpcpy(sql, "EXPLAIN QUERY PLAN "), named_query(names[i]));
        const char *plan = query(sql, false);
        free(sql);
        cr_expect_not_null(strstr(plan, "USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"), "%s",
                           plan);
    }
}
