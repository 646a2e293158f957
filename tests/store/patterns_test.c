/* Permits, findings and incidents go in and come out; what is found again grows. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "store/patterns.h"
#include "tests/store/database.h"

static struct database database;
static struct ls_store *store;

static void open_fresh(void) {
    database_init(&database);
    store = database_open(&database, LS_STORE_WRITE);
}

static void close_and_remove(void) {
    database_expect_sound(store);
    ls_store_close(store);
    database_finish(&database);
}

TestSuite(patterns, .init = open_fresh, .fini = close_and_remove);

static const int64_t evidence[] = {3, 5, 8, 13};

static struct ls_incident incident(const char *kind, int64_t start_s, double center_hz) {
    struct ls_incident row = {.severity = LS_WATCH, .findings = 1, .confirmed = true};
    struct ls_finding *finding = &row.finding;
    ls_copy_text(finding->kind, sizeof finding->kind, kind);
    ls_copy_text(finding->sensor, sizeof finding->sensor, "km 1");
    ls_copy_text(finding->words, sizeof finding->words, "consistent with a \"clock\"");
    ls_copy_text(finding->limits, sizeof finding->limits, "short ones");
    ls_copy_text(finding->rivals[0], LS_RIVAL_BYTES, "96 s: less likely");
    ls_copy_text(row.band, sizeof row.band, "srd");
    finding->rival_count = 1;
    finding->version = 2;
    finding->log10_p = -6.5;
    finding->confirm_log10_p = -4.0;
    finding->company = 0.625;
    finding->searches = 17;
    finding->trials = 1e5;
    finding->start_ns = start_s * LS_NS_PER_S;
    finding->stop_ns = finding->start_ns + 100 * LS_NS_PER_S;
    finding->low_hz = center_hz - 5e3;
    finding->high_hz = center_hz + 5e3;
    finding->evidence = evidence;
    finding->evidence_count = LS_COUNT(evidence);
    ls_finding_number(finding, "period_s", 48.0007, 48.0, 48.0014);
    ls_finding_number(finding, "phase", (double)NAN, (double)NAN, (double)NAN);
    ls_finding_word(finding, "clock", "locked");
    return row;
}

static void put(struct ls_incident *row, int64_t last_ns) {
    struct ls_err err = {0};
    cr_assert_eq(ls_store_begin_patterns(store, &err), LS_OK, "%s", err.text);
    cr_assert_eq(ls_store_put_incident(store, row, last_ns, &err), LS_OK, "%s", err.text);
    cr_assert_eq(ls_store_finish_patterns(store, &err), LS_OK, "%s", err.text);
}

struct seen {
    struct ls_incident rows[8];
    int64_t evidence[8];
    size_t count;
};

static int see(void *context, const struct ls_incident *row, struct ls_err *err) {
    (void)err;
    struct seen *seen = context;
    cr_assert_lt(seen->count, LS_COUNT(seen->rows));
    seen->rows[seen->count] = *row;
    seen->evidence[seen->count++] = row->finding.evidence_count == 0
                                        ? 0
                                        : row->finding.evidence[row->finding.evidence_count - 1];
    return LS_OK;
}

static struct seen all(const struct ls_incident_filter *filter) {
    static const struct ls_incident_filter everything = {.kind = NULL};
    struct seen seen = {.count = 0};
    struct ls_err err = {0};
    cr_assert_eq(
        ls_store_each_incident(store, filter == NULL ? &everything : filter, see, &seen, &err),
        LS_OK, "%s", err.text);
    return seen;
}

Test(patterns, an_incident_comes_back_as_it_went) {
    struct ls_incident row = incident("periodic-telemetry", 1000, 868.3e6);
    put(&row, 5);
    cr_expect_eq(row.id, 1);
    struct seen seen = all(NULL);
    cr_assert_eq(seen.count, 1);
    const struct ls_incident *got = &seen.rows[0];
    cr_expect_eq(got->id, 1);
    cr_expect_eq(got->severity, LS_WATCH);
    cr_expect(got->confirmed);
    cr_expect_eq(got->permit, 0);
    cr_expect_str_eq(got->band, "srd");
    cr_expect_str_eq(got->finding.kind, "periodic-telemetry");
    cr_expect_str_eq(got->finding.sensor, "km 1");
    cr_expect_str_eq(got->finding.words, row.finding.words);
    cr_expect_str_eq(got->finding.limits, row.finding.limits);
    cr_expect_str_eq(got->finding.rivals[0], row.finding.rivals[0]);
    cr_expect_eq(got->finding.version, 2);
    cr_expect_eq(got->finding.log10_p, -6.5);
    cr_expect_eq(got->finding.company, 0.625);
    cr_expect_eq(got->finding.evidence_count, 4);
    cr_expect_eq(seen.evidence[0], 13);
    cr_assert_eq(got->finding.parameter_count, 3);
    const struct ls_parameter *p = got->finding.parameters;
    cr_expect_str_eq(p[0].name, "period_s");
    cr_expect_eq(p[0].value, 48.0007);
    cr_expect_eq(p[0].low, 48.0);
    cr_expect_eq(p[0].high, 48.0014);
    cr_expect(isnan(p[1].value));
    cr_expect_str_eq(p[2].text, "locked");
}

static int count_growth(void *context, const struct ls_incident_growth *row, struct ls_err *err) {
    (void)row;
    (void)err;
    ++*(size_t *)context;
    return LS_OK;
}

static int take_evidence(void *context, const struct ls_incident_growth *row, struct ls_err *err) {
    (void)err;
    *(uint64_t *)context = row->evidence;
    return LS_OK;
}

/* Of the last row of growth. */
static uint64_t evidence_of(int64_t id) {
    uint64_t count = 0;
    struct ls_err err = {0};
    cr_assert_eq(ls_store_each_growth(store, id, take_evidence, &count, &err), LS_OK);
    return count;
}

static size_t growth(int64_t id) {
    size_t count = 0;
    struct ls_err err = {0};
    cr_assert_eq(ls_store_each_growth(store, id, count_growth, &count, &err), LS_OK);
    return count;
}

Test(patterns, the_same_incident_again_takes_its_place_and_its_growth_is_kept) {
    struct ls_incident row = incident("periodic-telemetry", 1000, 868.3e6);
    put(&row, 5);
    put(&row, 5);
    cr_expect_eq(growth(row.id), 1, "nothing grew");
    const int64_t more[] = {13, 21};
    row.finding.evidence = more;
    row.finding.evidence_count = 2;
    row.finding.stop_ns += LS_NS_PER_S;
    row.findings = 2;
    row.severity = LS_ALERT;
    put(&row, 6);
    struct seen seen = all(NULL);
    cr_assert_eq(seen.count, 1);
    cr_expect_eq(seen.rows[0].severity, LS_ALERT);
    cr_expect_eq(seen.rows[0].findings, 2);
    cr_expect_eq(seen.rows[0].finding.evidence_count, 5);
    cr_expect_eq(growth(row.id), 2);
    cr_expect_eq(evidence_of(row.id), 5, "all that it rests on");
    /* A permit changes what it is called, and not what it rests on. */
    row.finding.evidence_count = 0;
    row.severity = LS_PERMITTED;
    put(&row, 7);
    cr_expect_eq(growth(row.id), 3);
    cr_expect_eq(evidence_of(row.id), 5);
}

Test(patterns, filters_keep_what_matches) {
    struct ls_incident a = incident("periodic-telemetry", 1000, 868.3e6);
    struct ls_incident b = incident("scripted-cycle", 500, 876.4e6);
    b.severity = LS_NOTE;
    put(&a, 5);
    put(&b, 5);
    struct seen seen = all(NULL);
    cr_assert_eq(seen.count, 2);
    cr_expect_eq(seen.rows[0].id, b.id, "in order of time");
    const struct {
        struct ls_incident_filter filter;
        size_t count;
    } rows[] = {
        {{.kind = "scripted-cycle"}, 1},
        {{.kind = "lockstep"}, 0},
        {{.min_severity = LS_WATCH}, 1},
        {{.id = 2}, 1},
        {{.rows = {.has_freq = true, .low_hz = 876e6, .high_hz = 880e6}}, 1},
        {{.rows = {.has_since = true, .since_ns = 600 * LS_NS_PER_S}}, 1},
        {{.rows = {.has_until = true, .until_ns = 600 * LS_NS_PER_S}}, 1},
        {{.rows = {.sensor = "km 1", .limit = 1}}, 1},
        {{.rows = {.sensor = "km 2"}}, 0},
    };
    for (size_t i = 0; i < LS_COUNT(rows); i++) {
        cr_expect_eq(all(&rows[i].filter).count, rows[i].count, "row %zu", i);
    }
}

Test(patterns, a_run_that_is_abandoned_leaves_nothing) {
    struct ls_incident row = incident("pass-by", 1000, 868.3e6);
    struct ls_err err = {0};
    cr_assert_eq(ls_store_begin_patterns(store, &err), LS_OK);
    cr_assert_eq(ls_store_put_incident(store, &row, 5, &err), LS_OK);
    ls_store_abandon_patterns(store);
    cr_expect_eq(all(NULL).count, 0);
}

static void store_findings(unsigned version, size_t count) {
    struct ls_incident row = incident("pass-by", 1000, 868.3e6);
    row.finding.version = version;
    struct ls_pattern_search search = {
        .kind = "pass-by", .version = version, .searches = 9, .trials = 30, .rows = 100};
    struct ls_err err = {0};
    cr_assert_eq(ls_store_begin_patterns(store, &err), LS_OK);
    cr_assert_eq(ls_store_add_search(store, &search, &err), LS_OK, "%s", err.text);
    cr_assert_eq(ls_store_put_incident(store, &row, 5, &err), LS_OK);
    for (size_t i = 0; i < count; i++) {
        cr_assert_eq(ls_store_add_finding(store, &row.finding, row.id, &err), LS_OK, "%s",
                     err.text);
    }
    cr_assert_eq(ls_store_finish_patterns(store, &err), LS_OK);
}

Test(patterns, another_version_stands_beside_and_the_same_one_is_replaced) {
    store_findings(1, 3);
    store_findings(2, 2);
    store_findings(2, 4);
    ls_store_close(store);
    database_sql(&database, "CREATE TEMP TABLE t (n INTEGER CHECK (n = 7)); INSERT INTO t SELECT "
                            "count(*) FROM finding; DELETE FROM t; INSERT INTO t SELECT 5 + "
                            "count(*) FROM pattern_search");
    store = database_open(&database, LS_STORE_WRITE);
}

Test(patterns, the_state_of_the_engine_comes_back) {
    struct ls_pattern_state state = {
        .until_ns = 77, .rows = 9, .bytes = (char[]){1, 0, 2}, .size = 3};
    struct ls_pattern_state got;
    struct ls_err err = {0};
    cr_expect_eq(ls_store_pattern_state(store, &got, &err), LS_EOF);
    ls_copy_text(state.program, sizeof state.program, "0.1");
    ls_copy_text(state.runs, sizeof state.runs, "abc");
    cr_assert_eq(ls_store_begin_patterns(store, &err), LS_OK);
    cr_assert_eq(ls_store_set_pattern_state(store, &state, &err), LS_OK, "%s", err.text);
    cr_assert_eq(ls_store_finish_patterns(store, &err), LS_OK);
    cr_assert_eq(ls_store_pattern_state(store, &got, &err), LS_OK, "%s", err.text);
    cr_expect_str_eq(got.program, "0.1");
    cr_expect_str_eq(got.runs, "abc");
    cr_expect_eq(got.until_ns, 77);
    cr_expect_eq(got.rows, 9);
    cr_assert_eq(got.size, 3);
    cr_expect_eq(memcmp(got.bytes, state.bytes, 3), 0);
    free(got.bytes);
}

Test(patterns, a_run_that_is_replaced_takes_its_evidence_along) {
    struct ls_run run = database_run("aa", 0, 10 * LS_NS_PER_S);
    database_store_run(store, &run, 20);
    struct ls_incident row = incident("pass-by", 0, 876e6);
    put(&row, 5);
    database_store_run(store, &run, 20);
    struct seen seen = all(NULL);
    cr_assert_eq(seen.count, 1);
    cr_expect_eq(seen.rows[0].finding.evidence_count, 0);
}

static int keep_permit(void *context, const struct ls_permit *permit, struct ls_err *err) {
    (void)err;
    struct ls_permit **next = context;
    *(*next)++ = *permit;
    return LS_OK;
}

Test(patterns, permits_are_kept_and_end) {
    struct ls_permit permit = {
        .low_hz = 868e6, .high_hz = 869e6, .since_ns = 10, .until_ns = INT64_MAX};
    struct ls_permit rows[2];
    struct ls_permit *next = rows;
    int64_t id;
    struct ls_err err = {0};
    ls_copy_text(permit.owner, sizeof permit.owner, "Weather service");
    cr_assert_eq(ls_store_add_permit(store, &permit, &id, &err), LS_OK, "%s", err.text);
    cr_expect_eq(id, 1);
    cr_assert_eq(ls_store_end_permit(store, 1, 20, &err), LS_OK, "%s", err.text);
    cr_expect_eq(ls_store_end_permit(store, 1, 5, &err), LS_ERR_ARG);
    cr_expect_eq(ls_store_end_permit(store, 2, 20, &err), LS_ERR_NOTFOUND);
    cr_assert_eq(ls_store_each_permit(store, keep_permit, &next, &err), LS_OK);
    cr_assert_eq(next - rows, 1);
    cr_expect_str_eq(rows[0].owner, "Weather service");
    cr_expect_eq(rows[0].until_ns, 20);
    permit.high_hz = 1.0;
    cr_expect_eq(ls_store_add_permit(store, &permit, &id, &err), LS_ERR_ARG);
}
