/* What was linked cannot be changed quietly: every column of every row that the chain covers is
 * changed once, and every row deleted once, and each time the check says so. */
#include <criterion/criterion.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"
#include "base/util.h"
#include "store/chain.h"
#include "store/health.h"
#include "store/patterns.h"
#include "store/prune.h"
#include "tests/store/database.h"

static struct database database;
static struct ls_key key;
static char key_path[256];

static void make_folder(void) {
    struct ls_err err = {0};
    database_init(&database);
    snprintf(key_path, sizeof key_path, "%s/seal.pem", database.folder);
    cr_assert_eq(ls_key_make(key_path, &key, &err), LS_OK, "%s", err.text);
}

static void remove_folder(void) { database_finish(&database); }

TestSuite(chain, .init = make_folder, .fini = remove_folder);

/* --- a database with a link of every kind --- */

static struct ls_incident incident(const int64_t *evidence, size_t count) {
    struct ls_incident row = {.severity = LS_WATCH, .findings = 1, .confirmed = true};
    struct ls_finding *finding = &row.finding;
    ls_copy_text(finding->kind, sizeof finding->kind, "periodic-telemetry");
    ls_copy_text(finding->sensor, sizeof finding->sensor, "km-12.4");
    ls_copy_text(finding->words, sizeof finding->words, "consistent with a \"clock\"\n");
    ls_copy_text(finding->limits, sizeof finding->limits, "short ones");
    finding->version = 1;
    finding->log10_p = -6.5;
    finding->confirm_log10_p = -4.0;
    finding->searches = 17;
    finding->trials = 1e5;
    finding->stop_ns = LS_NS_PER_S;
    finding->low_hz = 876e6;
    finding->high_hz = 877e6;
    finding->evidence = evidence;
    finding->evidence_count = count;
    ls_finding_number(finding, "period_s", 48.0007, 48.0, 48.0014);
    return row;
}

static void put(struct ls_store *store, struct ls_incident *row) {
    struct ls_err err = {0};
    cr_assert_eq(ls_store_begin_patterns(store, &err), LS_OK, "%s", err.text);
    cr_assert_eq(ls_store_put_incident(store, row, 5, &err), LS_OK, "%s", err.text);
    cr_assert_eq(ls_store_finish_patterns(store, &err), LS_OK, "%s", err.text);
}

static int count_link(void *context, const struct ls_link *link, struct ls_err *err) {
    (void)link;
    (void)err;
    ++*(size_t *)context;
    return LS_OK;
}

static size_t links(struct ls_store *store) {
    size_t count = 0;
    struct ls_err err = {0};
    cr_assert_eq(ls_store_each_link(store, 0, count_link, &count, &err), LS_OK, "%s", err.text);
    return count;
}

static void seal(struct ls_store *store, int64_t expected_seq) {
    struct ls_seal done;
    struct ls_err err = {0};
    cr_assert_eq(ls_store_seal(store, &key, &done, &err), LS_OK, "%s", err.text);
    cr_expect_eq(done.seq, expected_seq);
}

/* Links: 1 permit, 2 incident, 3 seal, 4 the incident again, 5 another one, 6 snippet, 7 deletion,
 * 8 an export, 9 seal. */
static const int64_t evidence[] = {1, 2, 3, 5};

static void make_database(void) {
    struct ls_err err = {0};
    struct ls_store *store = database_open(&database, LS_STORE_WRITE);
    struct ls_run run = database_run("aa", 0, 10 * LS_NS_PER_S);
    struct ls_permit permit = {.low_hz = 1e6, .high_hz = 2e6, .until_ns = INT64_MAX};
    struct ls_incident first = incident(evidence, 3);
    struct ls_incident second = incident(evidence + 3, 1);
    struct ls_store_snippet snippet = {.sensor = "km-12.4",
                                       .transmission_id = 1,
                                       .case_id = "C-7",
                                       .path = "a.sigmf-meta",
                                       .sha512 = "ab",
                                       .duration_ns = 1,
                                       .center_hz = 1e6,
                                       .rate_sps = 1e6,
                                       .bytes = 8,
                                       .expires_ns = 10};
    int64_t permit_id;
    database_store_run(store, &run, 10);
    cr_assert_eq(ls_store_add_permit(store, &permit, &permit_id, &err), LS_OK, "%s", err.text);
    first.permit = permit_id;
    put(store, &first);
    seal(store, 2);
    first.finding.evidence_count = 4;
    first.findings = 2;
    first.finding.log10_p = -7.0;
    put(store, &first);
    put(store, &second);
    cr_assert_eq(ls_store_add_snippet(store, &snippet, &err), LS_OK, "%s", err.text);
    cr_assert_eq(ls_store_record_pruning(store, "health", "age", 7, 3, &err), LS_OK);
    cr_assert_eq(ls_store_add_event(store, "export", "{\"case\":\"C-7\"}", &err), LS_OK);
    seal(store, 8);
    cr_expect_eq(links(store), 9);
    ls_store_close(store);
}

/* --- checking --- */

struct said {
    size_t count;
    char first[256];
};

static void say(void *context, const char *text) {
    struct said *said = context;
    if (said->count++ == 0) {
        ls_copy_text(said->first, sizeof said->first, text);
    }
}

static struct said verify_with(const struct ls_verify_opts *opts) {
    struct said said = {.count = 0};
    struct ls_verify_result result;
    struct ls_err err = {0};
    struct ls_store *store = database_open(&database, LS_STORE_EXISTING);
    cr_assert_eq(ls_store_verify(store, opts, say, &said, &result, &err), LS_OK, "%s", err.text);
    cr_expect_eq(result.problems, said.count);
    ls_store_close(store);
    return said;
}

static struct said verify(void) {
    struct ls_verify_opts opts = {.public_key = key.public_hex};
    return verify_with(&opts);
}

static void copy_file(const char *from, const char *to) {
    char bytes[65536];
    FILE *in = fopen(from, "r");
    FILE *out = fopen(to, "w");
    cr_assert(in != NULL && out != NULL);
    for (size_t n; (n = fread(bytes, 1, sizeof bytes, in)) > 0;) {
        cr_assert_eq(fwrite(bytes, 1, n, out), n);
    }
    fclose(in);
    cr_assert_eq(fclose(out), 0);
}

/* Runs sql on the untouched database; returns what the check says. */
static struct said after(const char *sql) {
    char kept[256];
    snprintf(kept, sizeof kept, "%s/kept.db", database.folder);
    if (access(kept, F_OK) != 0) {
        copy_file(database.path, kept);
    }
    copy_file(kept, database.path);
    database_sql(&database, sql);
    return verify();
}

/* Rows that the chain covers: the whole table, or those that evidence names. */
static const struct {
    const char *table;
    const char *rows;
    const char *key;
} covered[] = {
    {"chain", "1", "seq"},
    {"chain_head", "1", "one"},
    {"seal", "1", "id"},
    {"incident", "1", "id"},
    {"incident_growth", "1", "incident_id * 1000000000000000000 + run_ns"},
    {"incident_transmission", "1", "incident_id * 1000 + transmission_id"},
    {"transmission", "id IN (SELECT transmission_id FROM incident_transmission)", "id"},
    {"pruning", "1", "id"},
    {"permit", "1", "id"},
    {"snippet", "1", "id"},
};

/* The rows of a query of one text column; the caller frees. */
static char **list(const char *sql, size_t *ret_count) {
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    char **rows = NULL;
    size_t room = 0;
    *ret_count = 0;
    cr_assert_eq(sqlite3_open(database.path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        void *items = rows;
        cr_assert_eq(ls_grow(&items, &room, *ret_count, sizeof *rows), LS_OK);
        rows = items;
        rows[(*ret_count)++] = strdup((const char *)sqlite3_column_text(stmt, 0));
    }
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return rows;
}

static void free_list(char **rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        free(rows[i]);
    }
    free(rows);
}

/* The smallest change of a value: the last bit of a number, one more character. Where that meets
 * the key of another row the row takes its place. */
static void expect_column_found(const char *table, const char *where, const char *column) {
    char sql[1024];
    snprintf(sql, sizeof sql,
             "PRAGMA ignore_check_constraints = ON; UPDATE OR REPLACE %s SET %s = CASE "
             "typeof(%s) WHEN 'integer' THEN %s + iif(%s < 9e18, 1, -1) WHEN 'real' THEN iif(%s = "
             "0.0, 5e-324, "
             "%s * 1.0000000000000003) WHEN 'null' THEN %s ELSE %s || '0' END WHERE %s",
             table, column, column, column, column, column, column,
             strcmp(column, "trail") == 0 ? "x'00'" : "1", column, where);
    struct said said = after(sql);
    cr_expect_gt(said.count, 0, "a change of %s.%s where %s was not found", table, column, where);
}

Test(chain, a_change_of_any_value_that_it_covers_is_found) {
    size_t changes = 0;
    make_database();
    cr_assert_eq(verify().count, 0);
    for (size_t t = 0; t < LS_COUNT(covered); t++) {
        char sql[512];
        size_t rows;
        size_t columns;
        snprintf(sql, sizeof sql, "SELECT %s FROM %s WHERE %s", covered[t].key, covered[t].table,
                 covered[t].rows);
        char **keys = list(sql, &rows);
        snprintf(sql, sizeof sql, "SELECT name FROM pragma_table_info('%s')", covered[t].table);
        char **names = list(sql, &columns);
        cr_assert(rows > 0 && columns > 0, "%s is empty: nothing is shown", covered[t].table);
        for (size_t r = 0; r < rows; r++) {
            for (size_t c = 0; c < columns; c++) {
                snprintf(sql, sizeof sql, "%s = %s", covered[t].key, keys[r]);
                expect_column_found(covered[t].table, sql, names[c]);
                changes++;
            }
        }
        free_list(keys, rows);
        free_list(names, columns);
    }
    cr_expect_gt(changes, 250);
}

Test(chain, a_deleted_row_of_any_kind_is_found) {
    make_database();
    for (size_t t = 0; t < LS_COUNT(covered); t++) {
        char sql[512];
        size_t rows;
        snprintf(sql, sizeof sql, "SELECT %s FROM %s WHERE %s", covered[t].key, covered[t].table,
                 covered[t].rows);
        char **keys = list(sql, &rows);
        for (size_t r = 0; r < rows; r++) {
            snprintf(sql, sizeof sql, "DELETE FROM %s WHERE %s = %s", covered[t].table,
                     covered[t].key, keys[r]);
            struct said said = after(sql);
            cr_expect_gt(said.count, 0, "%s was not found", sql);
        }
        free_list(keys, rows);
    }
}

Test(chain, an_added_row_is_found) {
    make_database();
    cr_expect_str_eq(after("INSERT INTO pruning SELECT 9, t_ns, what, reason, before_ns, rows, "
                           "pinned FROM pruning")
                         .first,
                     "deletion 9 is in no link");
    cr_expect_gt(after("INSERT INTO incident_transmission VALUES (1, 9, '')").count, 0);
    cr_expect_gt(after("INSERT INTO chain SELECT 10, t_ns, what, subject, text, content, previous, "
                       "hash FROM chain WHERE seq = 9")
                     .count,
                 0);
}

Test(chain, the_first_broken_link_is_named) {
    make_database();
    cr_expect_str_eq(after("UPDATE transmission SET snr_db = snr_db + 1 WHERE id = 5").first,
                     "link 4 (incident 1): transmission 5, its evidence, has been changed");
    cr_expect_str_eq(after("DELETE FROM transmission WHERE id = 2").first,
                     "link 4 (incident 1): transmission 2, its evidence, is gone");
    cr_expect_str_eq(after("UPDATE incident SET severity = 1 WHERE id = 2").first,
                     "link 5: incident 2 is not what was linked");
    cr_expect_str_eq(after("DELETE FROM pruning").first, "link 7: deletion 1 is gone");
    cr_expect_str_eq(after("UPDATE chain SET text = '{}' WHERE seq = 8").first,
                     "link 8 (export): its text has been changed");
    cr_expect_str_eq(after("DELETE FROM chain WHERE seq = 2").first, "link 2 is missing");
    cr_expect_str_eq(after("DELETE FROM chain WHERE seq = 9").first,
                     "link 9 is missing, and all after it up to link 9");
    cr_expect_str_eq(after("UPDATE seal SET signature = "
                           "iif(signature LIKE 'ff%', '00', 'ff') || substr(signature, 3) "
                           "WHERE id = 1")
                         .first,
                     "link 3: seal 1 is not what was linked");
}

/* Whoever rewrites all hashes has no secret key, and cannot have the link that was noted before. */
Test(chain, a_chain_that_was_made_anew_has_no_seal_of_the_key_and_not_the_link) {
    char sql[512];
    struct said said;
    make_database();
    struct ls_store *store = database_open(&database, LS_STORE_WRITE);
    struct ls_key other;
    struct ls_err err = {0};
    struct ls_seal done;
    char path[300];
    size_t count;
    char **hashes = list("SELECT hash FROM chain WHERE seq = 8", &count);
    snprintf(path, sizeof path, "%s/other.pem", database.folder);
    cr_assert_eq(ls_key_make(path, &other, &err), LS_OK, "%s", err.text);
    cr_assert_eq(ls_store_add_event(store, "export", "{}", &err), LS_OK);
    cr_assert_eq(ls_store_seal(store, &other, &done, &err), LS_OK, "%s", err.text);
    ls_store_close(store);
    snprintf(sql, sizeof sql, "link 11: seal 3 is of another key, %.16s...", other.public_hex);
    said = verify();
    cr_expect_eq(said.count, 1);
    cr_expect_str_eq(said.first, sql);
    struct ls_verify_opts opts = {.hash = hashes[0]};
    cr_expect_eq(verify_with(&opts).count, 0);
    opts.hash = "0123";
    cr_expect_str_eq(verify_with(&opts).first, "no link has the hash 0123");
    free_list(hashes, count);
}

/* --- growing --- */

Test(chain, what_has_not_changed_adds_no_link) {
    make_database();
    struct ls_store *store = database_open(&database, LS_STORE_WRITE);
    struct ls_incident again = incident(evidence, 4);
    struct ls_seal done = {.id = 5};
    struct ls_err err = {0};
    again.id = 1;
    again.findings = 2;
    again.finding.log10_p = -7.0;
    again.permit = 1;
    put(store, &again);
    cr_expect_eq(links(store), 9);
    cr_expect_eq(ls_store_seal(store, &key, &done, &err), LS_OK);
    cr_expect_eq(done.id, 0);
    cr_expect_eq(links(store), 9);
    again.severity = LS_ALERT;
    put(store, &again);
    cr_expect_eq(links(store), 10);
    ls_store_close(store);
    cr_expect_eq(verify().count, 0);
}

Test(chain, a_run_that_is_replaced_is_a_deletion_and_changes_its_incidents) {
    make_database();
    struct ls_store *store = database_open(&database, LS_STORE_WRITE);
    struct ls_run run = database_run("aa", 0, 10 * LS_NS_PER_S);
    database_store_run(store, &run, 3);
    cr_expect_eq(links(store), 12); /* the deletion and two incidents */
    ls_store_close(store);
    struct said said = verify();
    cr_expect_eq(said.count, 0, "%s", said.first);
    size_t count;
    char **texts = list("SELECT text FROM chain WHERE what = 'replaced'", &count);
    cr_assert_eq(count, 1);
    cr_expect_str_eq(texts[0], "{\"run\":1,\"transmissions\":10,\"observations\":1,\"by_run\":2}");
    free_list(texts, count);
}

Test(chain, evidence_that_goes_on_is_linked_again_when_it_has_grown) {
    struct ls_store *store = database_open(&database, LS_STORE_WRITE);
    struct ls_run run = database_run("", 0, 10 * LS_NS_PER_S);
    struct ls_transmission row = database_transmission(0, 1.0, 876e6);
    struct ls_store_rows rows = {.transmissions = &row, .transmission_count = 1};
    struct ls_err err = {0};
    int64_t observation;
    ls_copy_text(run.verb, sizeof run.verb, "watch");
    cr_assert_eq(ls_store_begin_live(store, &run, &run.id, &row.id, &observation, &err), LS_OK);
    cr_assert_eq(ls_store_append(store, &run, &rows, false, &err), LS_OK, "%s", err.text);
    struct ls_incident first = incident(&row.id, 1);
    put(store, &first);
    cr_expect_eq(links(store), 1);
    row.duration_ns *= 2;
    cr_assert_eq(ls_store_append(store, &run, &rows, false, &err), LS_OK, "%s", err.text);
    cr_expect_eq(links(store), 2);
    cr_assert_eq(ls_store_append(store, &run, &rows, true, &err), LS_OK, "%s", err.text);
    cr_expect_eq(links(store), 2);
    ls_store_close(store);
    cr_expect_eq(verify().count, 0);
}

Test(chain, evidence_that_was_gone_before_is_known_to_have_been) {
    static const int64_t gone[] = {77};
    struct ls_store *store = database_open(&database, LS_STORE_WRITE);
    struct ls_run run = database_run("aa", 0, 10 * LS_NS_PER_S);
    struct ls_incident row = incident(gone, 1);
    database_store_run(store, &run, 1);
    put(store, &row);
    ls_store_close(store);
    cr_expect_eq(verify().count, 0);
}

/* --- keys --- */

Test(chain, a_key_is_for_its_owner_and_comes_back) {
    struct ls_key again;
    struct ls_err err = {0};
    char path[300];
    char hex[LS_KEY_PUBLIC_HEX_BYTES];
    char signature[LS_KEY_SIGNATURE_HEX_BYTES];
    cr_assert_eq(ls_key_load(key_path, &again, &err), LS_OK, "%s", err.text);
    cr_expect_str_eq(again.public_hex, key.public_hex);
    snprintf(path, sizeof path, "%s.pub", key_path);
    cr_assert_eq(ls_key_load_public(path, hex, &err), LS_OK, "%s", err.text);
    cr_expect_str_eq(hex, key.public_hex);
    cr_expect_eq(ls_key_load(path, &again, &err), LS_ERR_ARG);
    cr_expect_eq(ls_key_make(key_path, &again, &err), LS_ERR_ARG);
    ls_key_sign(&key, "abc", 3, signature);
    cr_expect(ls_key_verify(hex, signature, "abc", 3));
    cr_expect_not(ls_key_verify(hex, signature, "abd", 3));
    signature[5] = signature[5] == 'a' ? 'b' : 'a';
    cr_expect_not(ls_key_verify(hex, signature, "abc", 3));
    cr_expect_not(ls_key_verify(hex, "", "abc", 3));
    chmod(key_path, S_IRUSR | S_IWUSR | S_IRGRP);
    cr_expect_eq(ls_key_load(key_path, &again, &err), LS_ERR_ARG);
    cr_expect_not_null(strstr(err.text, "may be read by others"));
}
