/* What an export wrote is read back, and no change of it goes by: each byte of the file is changed
 * once. The schemas are held by a validator that knows every word they use. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/embedded.h"
#include "base/time.h"
#include "base/util.h"
#include "report/export_check.h"
#include "report/schema.h"
#include "store/positions.h"
#include "tests/store/database.h"

extern const struct ls_embedded ls_json_schemas[];
extern const unsigned ls_json_schemas_count;

static struct database database;
static struct ls_store *store;
static char path[256];

static void put_incident(void) {
    static const int64_t evidence[] = {1, 3};
    struct ls_err err = {0};
    struct ls_incident row = {.severity = LS_WATCH, .findings = 2, .confirmed = true};
    struct ls_finding *finding = &row.finding;
    ls_copy_text(finding->kind, sizeof finding->kind, "periodic-telemetry");
    ls_copy_text(finding->sensor, sizeof finding->sensor, "km-12.4");
    ls_copy_text(finding->words, sizeof finding->words, "consistent with a \"clock\"");
    ls_copy_text(finding->limits, sizeof finding->limits, "short ones");
    ls_copy_text(finding->rivals[0], LS_RIVAL_BYTES, "96 s, less likely");
    finding->rival_count = 1;
    finding->version = 1;
    finding->log10_p = -6.5;
    finding->searches = 17;
    finding->stop_ns = LS_NS_PER_S;
    finding->low_hz = 876e6;
    finding->high_hz = 877e6;
    finding->evidence = evidence;
    finding->evidence_count = 2;
    ls_finding_number(finding, "period_s", 48.25, 48.0, 48.5);
    ls_finding_word(finding, "clock", "locked");
    cr_assert_eq(ls_store_begin_patterns(store, &err), LS_OK, "%s", err.text);
    cr_assert_eq(ls_store_put_incident(store, &row, 5, &err), LS_OK, "%s", err.text);
    cr_assert_eq(ls_store_finish_patterns(store, &err), LS_OK, "%s", err.text);
}

static void open_filled(void) {
    struct ls_run run = database_run("aa", 0, 10 * LS_NS_PER_S);
    ls_copy_text(run.label, sizeof run.label, "internal, C-7");
    database_init(&database);
    store = database_open(&database, LS_STORE_WRITE);
    database_store_run(store, &run, 3);
    put_incident();
    snprintf(path, sizeof path, "%s/export", database.folder);
}

static void close_and_remove(void) {
    ls_store_close(store);
    database_finish(&database);
}

TestSuite(export_check, .init = open_filled, .fini = close_and_remove);

static char *write_export(const struct ls_export_opts *opts, size_t *ret_size) {
    char *text = NULL;
    size_t rows;
    struct ls_err err = {0};
    FILE *out = open_memstream(&text, ret_size);
    cr_assert_eq(ls_export(store, opts, out, &rows, &err), LS_OK, "%s", err.text);
    fclose(out);
    cr_assert_gt(rows, 0);
    return text;
}

static int check(const struct ls_export_opts *opts, const char *text, size_t size,
                 struct ls_err *err) {
    size_t rows;
    FILE *out = fopen(path, "w");
    cr_assert_not_null(out);
    fwrite(text, 1, size, out);
    cr_assert_eq(fclose(out), 0);
    return ls_export_check(store, opts, path, &rows, err);
}

static void expect_every_change_found(const struct ls_export_opts *opts) {
    size_t size;
    struct ls_err err = {0};
    char *text = write_export(opts, &size);
    cr_assert_eq(check(opts, text, size, &err), LS_OK, "%s", err.text);
    for (size_t i = 0; i < size; i++) {
        char kept = text[i];
        text[i] =
            (char)(kept >= '0' && kept <= '9' ? '0' + (kept - '0' + 1) % 10 : 'x' + (kept == 'x'));
        cr_expect_eq(check(opts, text, size, &err), LS_ERR_FORMAT, "byte %zu of: %s", i, text);
        text[i] = kept;
    }
    cr_expect_eq(check(opts, text, size - 20, &err), LS_ERR_FORMAT);
    size_t line = 1 + (size_t)(strrchr(text, '\n') - text);
    while (line > 1 && text[line - 2] != '\n') {
        line--;
    }
    cr_expect_eq(check(opts, text, line - 1, &err), LS_ERR_FORMAT);
    cr_expect_not_null(strstr(err.text, "is missing"), "%s", err.text);
    free(text);
}

Test(export_check, any_byte_of_lines_that_changes_is_found) {
    for (int what = LS_EXPORT_TRANSMISSIONS; what <= LS_EXPORT_INCIDENTS; what++) {
        struct ls_export_opts opts = {.what = (enum ls_export_what)what};
        expect_every_change_found(&opts);
    }
}

Test(export_check, any_byte_of_csv_rows_that_changes_is_found) {
    for (int what = LS_EXPORT_TRANSMISSIONS; what <= LS_EXPORT_OBSERVATIONS; what++) {
        struct ls_export_opts opts = {.what = (enum ls_export_what)what, .format = LS_EXPORT_CSV};
        expect_every_change_found(&opts);
    }
    struct ls_export_opts opts = {.what = LS_EXPORT_INCIDENTS, .format = LS_EXPORT_CSV};
    size_t size;
    struct ls_err err = {0};
    char *text = write_export(&opts, &size);
    cr_expect_eq(check(&opts, text, size, &err), LS_OK, "%s", err.text);
    free(text);
}

/* --- files that are one document --- */

static void place(const char *sensor, double latitude_deg, double longitude_deg) {
    struct ls_position position = {.latitude_deg = latitude_deg,
                                   .longitude_deg = longitude_deg,
                                   .altitude_m = (double)NAN,
                                   .since_ns = 5};
    struct ls_err err = {0};
    ls_copy_text(position.sensor, sizeof position.sensor, sensor);
    ls_copy_text(position.source, sizeof position.source, "person");
    cr_assert_eq(ls_store_add_position(store, &position, &err), LS_OK, "%s", err.text);
}

/* Rows 4, 5 and 6 of a second run: km-14 hears first, then km-12.4, then one that nobody placed. */
static void put_passage(const char *kind) {
    static const char *const sensors[] = {"km-14", "km-12.4", "km-16"};
    static const int64_t evidence[] = {4, 5, 6};
    struct ls_run run = database_run("bb", 20 * LS_NS_PER_S, 30 * LS_NS_PER_S);
    struct ls_incident row = {.severity = LS_NOTE, .findings = 1};
    struct ls_err err = {0};
    int64_t id;
    cr_assert_eq(ls_store_begin_run(store, &run, &id, &id, &err), LS_OK, "%s", err.text);
    for (size_t i = 0; i < LS_COUNT(sensors); i++) {
        struct ls_transmission t = database_transmission((21 + (int64_t)i) * LS_NS_PER_S, 0.5, 1e9);
        ls_copy_text(t.sensor, sizeof t.sensor, sensors[i]);
        cr_assert_eq(ls_store_add_transmission(store, &t, &err), LS_OK, "%s", err.text);
    }
    cr_assert_eq(ls_store_finish_run(store, &run, &err), LS_OK, "%s", err.text);
    ls_copy_text(row.finding.kind, sizeof row.finding.kind, kind);
    ls_copy_text(row.finding.sensor, sizeof row.finding.sensor, "km-14");
    row.finding.version = 1;
    row.finding.log10_p = -3.5;
    row.finding.start_ns = 21 * LS_NS_PER_S;
    row.finding.stop_ns = 24 * LS_NS_PER_S;
    row.finding.evidence = evidence;
    row.finding.evidence_count = LS_COUNT(evidence);
    cr_assert_eq(ls_store_begin_patterns(store, &err), LS_OK, "%s", err.text);
    cr_assert_eq(ls_store_put_incident(store, &row, 5, &err), LS_OK, "%s", err.text);
    cr_assert_eq(ls_store_finish_patterns(store, &err), LS_OK, "%s", err.text);
}

static const struct ls_export_opts geojson = {.what = LS_EXPORT_INCIDENTS,
                                              .format = LS_EXPORT_GEOJSON};

Test(export_check, a_pass_is_a_line_through_sensors_with_a_place_in_the_order_that_heard_it) {
    size_t size;
    struct ls_err err = {0};
    place("km-12.4", 51.0, 13.0);
    place("km-14", 51.25, 13.5);
    put_passage("corridor-track");
    char *text = write_export(&geojson, &size);
    cr_expect_not_null(
        strstr(text, "{\"type\":\"LineString\",\"coordinates\":[[13.5,51.25],[13,51]]}"), "%s",
        text);
    cr_expect_not_null(strstr(text, "{\"type\":\"Point\",\"coordinates\":[13,51]}"), "%s", text);
    cr_expect_not_null(strstr(text, "\"geometry\":null"), "the one of one sensor: %s", text);
    cr_expect_eq(check(&geojson, text, size, &err), LS_OK, "%s", err.text);
    *strstr(text, "[13.5,51.25]") = ' ';
    cr_expect_eq(check(&geojson, text, size, &err), LS_ERR_FORMAT);
    free(text);
}

Test(export_check, no_position_is_made_up) {
    size_t size;
    struct ls_err err = {0};
    place("km-12.4", 51.0, 13.0);
    put_passage("corridor-track");
    char *text = write_export(&geojson, &size);
    cr_expect_null(strstr(text, "LineString"), "one place is no line: %s", text);
    char *at = strstr(text, "[13,51]");
    at[2] = '4';
    cr_expect_eq(check(&geojson, text, size, &err), LS_ERR_FORMAT);
    cr_expect_not_null(strstr(err.text, "where no sensor stands"), "%s", err.text);
    free(text);
}

Test(export_check, what_does_not_pass_is_no_line) {
    size_t size;
    place("km-12.4", 51.0, 13.0);
    place("km-14", 51.25, 13.5);
    put_passage("similar-posts");
    char *text = write_export(&geojson, &size);
    cr_expect_null(strstr(text, "LineString"), "%s", text);
    free(text);
}

Test(export_check, a_change_of_an_annotation_is_found) {
    struct ls_export_opts opts = {.what = LS_EXPORT_TRANSMISSIONS, .format = LS_EXPORT_SIGMF};
    size_t size;
    struct ls_err err = {0};
    char *text = write_export(&opts, &size);
    cr_assert_eq(check(&opts, text, size, &err), LS_OK, "%s", err.text);
    char *first = strstr(text, "\"annotations\"");
    for (char *p = first + 16; *p != '\0'; p++) {
        char kept = *p;
        if (kept >= '0' && kept <= '9') {
            *p = (char)('0' + (kept - '0' + 1) % 10);
            cr_expect_eq(check(&opts, text, size, &err), LS_ERR_FORMAT, "%s", p);
            *p = kept;
        }
    }
    free(text);
}

Test(export_check, a_row_more_than_the_database_has_is_found) {
    struct ls_export_opts opts = {.what = LS_EXPORT_TRANSMISSIONS, .filter = {.limit = 2}};
    struct ls_export_opts all = {.what = LS_EXPORT_TRANSMISSIONS};
    size_t size;
    struct ls_err err = {0};
    char *text = write_export(&all, &size);
    cr_expect_eq(check(&opts, text, size, &err), LS_ERR_FORMAT);
    cr_expect_not_null(strstr(err.text, "more rows"), "%s", err.text);
    free(text);
}

Test(export_check, every_schema_is_understood_to_its_last_word) {
    cr_assert_geq(ls_json_schemas_count, 5);
    for (unsigned i = 0; i < ls_json_schemas_count; i++) {
        struct ls_schema *schema = NULL;
        struct ls_err err = {0};
        cr_expect_eq(ls_schema_parse(&schema, ls_json_schemas[i].text, &err), LS_OK, "%s: %s",
                     ls_json_schemas[i].name, err.text);
        ls_schema_destroy(schema);
    }
}

Test(export_check, a_schema_that_says_more_than_is_known_is_refused) {
    struct ls_schema *schema = NULL;
    struct ls_err err = {0};
    cr_expect_eq(ls_schema_parse(&schema, "{\"oneOf\":[]}", &err), LS_ERR_FORMAT);
    cr_expect_str_eq(err.text, "the schema says 'oneOf', which is not known");
    cr_expect_eq(ls_schema_parse(&schema, "{\"pattern\":\"(\"}", &err), LS_ERR_FORMAT);
    cr_expect_eq(ls_schema_parse(&schema, "[]", &err), LS_ERR_FORMAT);
}

static const struct {
    const char *schema;
    const char *good;
    const char *bad;
} words[] = {
    {"{\"type\":\"integer\"}", "4.0", "4.5"},
    {"{\"type\":[\"number\",\"null\"]}", "null", "\"a\""},
    {"{\"const\":\"a\"}", "\"a\"", "\"b\""},
    {"{\"enum\":[1,\"a\"]}", "1", "2"},
    {"{\"minimum\":1,\"maximum\":3}", "3", "3.5"},
    {"{\"minimum\":1}", "1", "0"},
    {"{\"exclusiveMinimum\":0}", "0.1", "0"},
    {"{\"minLength\":1,\"maxLength\":2}", "\"\xc3\xa4\xc3\xa4\"", "\"abc\""},
    {"{\"pattern\":\"^[0-9]{2}$\"}", "\"12\"", "\"123\""},
    {"{\"required\":[\"a\"]}", "{\"a\":1}", "{\"b\":1}"},
    {"{\"additionalProperties\":false,\"properties\":{\"a\":{}}}", "{\"a\":1}", "{\"b\":1}"},
    {"{\"additionalProperties\":{\"type\":\"string\"}}", "{\"a\":\"b\"}", "{\"a\":1}"},
    {"{\"properties\":{\"a\":{\"type\":\"boolean\"}}}", "{\"a\":true}", "{\"a\":0}"},
    {"{\"items\":{\"type\":\"number\"},\"minItems\":1,\"maxItems\":2}", "[1,2]", "[1,2,3]"},
    {"{\"items\":{\"type\":\"number\"}}", "[1]", "[\"a\"]"},
    {"{\"dependentRequired\":{\"a\":[\"b\"]}}", "{\"a\":1,\"b\":1}", "{\"a\":1}"},
};

Test(export_check, each_word_of_a_schema_takes_what_fits_and_refuses_what_does_not) {
    for (size_t i = 0; i < LS_COUNT(words); i++) {
        struct ls_schema *schema = NULL;
        struct ls_err err = {0};
        json_t *good = json_loads(words[i].good, JSON_DECODE_ANY, NULL);
        json_t *bad = json_loads(words[i].bad, JSON_DECODE_ANY, NULL);
        cr_assert(good != NULL && bad != NULL);
        cr_assert_eq(ls_schema_parse(&schema, words[i].schema, &err), LS_OK, "%s", err.text);
        cr_expect_eq(ls_schema_check(schema, good, &err), LS_OK, "%s: %s", words[i].schema,
                     err.text);
        cr_expect_eq(ls_schema_check(schema, bad, &err), LS_ERR_FORMAT, "%s", words[i].schema);
        json_decref(good);
        json_decref(bad);
        ls_schema_destroy(schema);
    }
}
