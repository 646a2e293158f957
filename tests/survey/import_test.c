/* Logs become runs, and come out again byte for byte. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/time.h"
#include "base/util.h"
#include "report/export.h"
#include "survey/import.h"
#include "tests/store/database.h"

static struct database database;
static struct ls_store *store;
static char log_path[160];

static void open_fresh(void) {
    database_init(&database);
    store = database_open(&database, LS_STORE_WRITE);
    snprintf(log_path, sizeof log_path, "%s/log.jsonl", database.folder);
}

static void close_and_remove(void) {
    ls_store_close(store);
    database_finish(&database);
}

TestSuite(import, .init = open_fresh, .fini = close_and_remove);

static void write_log(const char *text, size_t length) {
    FILE *file = fopen(log_path, "w");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(text, 1, length, file), length);
    cr_assert_eq(fclose(file), 0);
}

static struct ls_import_result import(const char *text, const struct ls_import_opts *more) {
    struct ls_import_opts opts = more != NULL ? *more : (struct ls_import_opts){0};
    struct ls_import_result result;
    struct ls_err err = {0};
    write_log(text, strlen(text));
    opts.path = log_path;
    cr_assert_eq(ls_import(store, &opts, &result, &err), LS_OK, "%s", err.text);
    database_expect_sound(store);
    return result;
}

static void refused(const char *text, const char *part) {
    struct ls_import_opts opts = {.path = log_path};
    struct ls_import_result result;
    struct ls_err err = {0};
    write_log(text, strlen(text));
    cr_expect_eq(ls_import(store, &opts, &result, &err), LS_ERR_FORMAT);
    cr_expect_not_null(strstr(err.text, part), "'%s' lacks '%s'", err.text, part);
    cr_expect_not_null(strstr(err.text, log_path));
    cr_expect_eq(database_count_runs(store), 0);
}

static char *export(enum ls_export_what what, enum ls_export_format format) {
    struct ls_export_opts opts = {.what = what, .format = format};
    char *text = NULL;
    size_t length = 0;
    size_t rows = 0;
    struct ls_err err = {0};
    FILE *out = open_memstream(&text, &length);
    cr_assert_eq(ls_export(store, &opts, out, &rows, &err), LS_OK, "%s", err.text);
    fclose(out);
    return text;
}

#define ROW(sensor, second)                                                                        \
    "{\"type\":\"transmission\"," sensor "\"start\":\"2026-11-20T08:00:" second                    \
    ".000000000Z\",\"duration_s\":0.5,\"center_hz\":876412345.5,\"bandwidth_hz\":12500}\n"
#define LISTENED                                                                                   \
    "{\"type\":\"observation\",\"sensor\":\"a\",\"start\":\"2026-11-20T08:00:00.000000000Z\","     \
    "\"stop\":\"2026-11-20T09:00:00.000000000Z\",\"low_hz\":876000000,\"high_hz\":880000000}\n"

Test(import, rows_and_observations_are_stored_with_their_provenance) {
    struct ls_import_result result =
        import(ROW("\"sensor\":\"a\",", "10") LISTENED ROW("\"sensor\":\"a\",", "20"), NULL);
    cr_expect_eq(result.lines, 3);
    cr_expect_eq(result.transmissions, 2);
    cr_expect_eq(result.observations, 1);
    cr_expect_eq(result.refused, 0);
    cr_expect_str_eq(result.run.verb, "import");
    cr_expect_str_eq(result.run.sensor, "a");
    cr_expect_str_eq(result.run.note, "");
    cr_expect_not(result.run.incomplete);
    cr_expect_eq(result.run.last_ns - result.run.first_ns, 3600 * LS_NS_PER_S);
    cr_expect_eq(database_count(store, NULL), 2);
}

Test(import, the_digest_is_that_of_the_file) {
    struct ls_import_result result = import(ROW("", "10"), NULL);
    char command[256];
    char digest[LS_SHA512_HEX_BYTES] = "";
    snprintf(command, sizeof command, "sha512sum '%s'", log_path);
    FILE *out = popen(command, "r");
    cr_assert_not_null(out);
    cr_assert_eq(fread(digest, 1, sizeof digest - 1, out), sizeof digest - 1);
    pclose(out);
    cr_expect_str_eq(result.run.input_sha512, digest);
}

Test(import, the_same_log_again_replaces_its_rows) {
    import(ROW("", "10") ROW("", "20"), NULL);
    import(ROW("", "10") ROW("", "20"), NULL);
    cr_expect_eq(database_count(store, NULL), 2);
    cr_expect_eq(database_count_runs(store), 1);
}

static int keep_observation(void *context, const struct ls_observation *row, struct ls_err *err) {
    (void)err;
    struct ls_observation **next = context;
    *(*next)++ = *row;
    return LS_OK;
}

Test(import, a_sensor_without_observations_listened_from_its_first_to_its_last_row) {
    struct ls_import_result result =
        import(LISTENED ROW("\"sensor\":\"b\",", "20") ROW("\"sensor\":\"b\",", "10")
                   ROW("\"sensor\":\"a\",", "30"),
               NULL);
    cr_expect_eq(result.observations, 2);
    cr_expect_not_null(strstr(result.run.note, "no observation lines"));
    struct ls_observation rows[3];
    struct ls_observation *next = rows;
    struct ls_filter filter = {.sensor = "b"};
    struct ls_err err = {0};
    cr_assert_eq(ls_store_each_observation(store, &filter, keep_observation, &next, &err), LS_OK);
    cr_assert_eq(next - rows, 1);
    cr_expect_eq(rows[0].start_ns, INT64_C(1795161610000000000));
    cr_expect_eq(rows[0].stop_ns, INT64_C(1795161620500000000));
    cr_expect_eq(rows[0].low_hz, 876406095.5);
    cr_expect_eq(rows[0].high_hz, 876418595.5);
}

Test(import, refusals_are_counted_by_reason_with_their_first_line) {
    struct ls_import_result result =
        import("\n" ROW("", "10") "{}\nnonsense\n{\"type\":7}\n"
                                  "[]\nmore nonsense\n"
                                  "{\"type\":\"incident\",\"id\":3}\n"
                                  "{\"type\":\"transmission\",\"start\":\"noon\"}\n"
                                  "{\"type\":\"transmission\",\"start\":\"noon?\"}",
               NULL);
    cr_expect_eq(result.lines, 9, "a blank line does not count");
    cr_expect_eq(result.refused, 7);
    cr_expect_eq(result.left_out, 1);
    cr_expect_eq(result.transmissions, 1);
    cr_assert_eq(result.reason_count, 5);
    cr_expect_str_eq(result.reasons[0].text, "key 'type' is missing");
    cr_expect_eq(result.reasons[0].first_line, 3);
    cr_expect_eq(result.reasons[1].first_line, 4);
    cr_expect_eq(result.reasons[1].count, 2);
    cr_expect_eq(result.reasons[4].first_line, 9);
    cr_expect_eq(result.reasons[4].count, 2);
    cr_expect(result.run.incomplete);
    cr_expect_not_null(strstr(result.run.note, "7 of 9 lines refused"));
}

Test(import, a_log_without_a_row_is_refused) {
    refused("", "no transmission or observation in 0 lines");
    refused("\n\r\n", "0 lines");
    refused("{\"type\":\"incident\"}\n", "in 1 line");
    refused("\n{}\n", "no line can be used: line 2: key 'type' is missing");
}

Test(import, what_cannot_be_read_is_refused) {
    struct ls_import_opts opts = {.path = database.folder};
    struct ls_import_result result;
    struct ls_err err = {0};
    cr_expect_eq(ls_import(store, &opts, &result, &err), LS_ERR_ARG);
    cr_expect_not_null(strstr(err.text, "is a folder"));
    opts.path = "/nonexistent/log.jsonl";
    cr_expect_eq(ls_import(store, &opts, &result, &err), LS_ERR_NOTFOUND);
    const atomic_int stop = 1;
    write_log(ROW("", "10"), strlen(ROW("", "10")));
    opts = (struct ls_import_opts){.path = log_path, .stop = &stop};
    cr_expect_eq(ls_import(store, &opts, &result, &err), LS_ERR_STOPPED);
    cr_expect_eq(database_count_runs(store), 0);
}

Test(import, a_line_of_any_length_and_split_anywhere_is_one_line) {
    size_t huge = 3 * (size_t)LS_LINE_MAX_BYTES;
    size_t room = huge + 400000;
    char *text = malloc(room);
    cr_assert_not_null(text);
    memset(text, 'x', huge);
    size_t length = huge;
    text[length++] = '\n';
    size_t rows = 0;
    while (length + sizeof ROW("", "10") < room) {
        length = (size_t)(stpcpy(text + length, ROW("", "10")) - text);
        rows++;
    }
    write_log(text, length - 1); /* the last line ends with the file */
    free(text);
    struct ls_import_opts opts = {.path = log_path};
    struct ls_import_result result;
    struct ls_err err = {0};
    cr_assert_eq(ls_import(store, &opts, &result, &err), LS_OK, "%s", err.text);
    cr_expect_eq(result.transmissions, 1);
    cr_expect_eq(result.repeated, rows - 1);
    cr_expect_eq(result.refused, 1);
    cr_expect_not_null(strstr(result.reasons[0].text, "longer than"));
}

Test(import, rtl433_lines_are_marked_as_nominal) {
    struct ls_import_opts opts = {.sensor = "roof"};
    struct ls_import_result result = import("\xef\xbb\xbf{\"time\" : \"@1.5s\", \"model\" : "
                                            "\"Acurite\", \"id\" : 9, \"freq\" : 433.9}\r\n",
                                            &opts);
    cr_expect_eq(result.transmissions, 1);
    cr_expect(result.run.no_clock);
    cr_expect_str_eq(result.run.sensor, "roof");
    cr_expect_not_null(strstr(result.run.note, "nominal"));
    cr_expect_not_null(strstr(result.run.note, "count from the start"));
    cr_expect_str_eq(result.run.options, "{\"assume_utc\":false,\"sensor\":\"roof\"}");
}

/* Half of the rows are of a sensor with that name. */
static void store_random_rows(size_t count, const char *name) {
    struct ls_run run = database_run("aa", -LS_NS_PER_S, INT64_C(10001000000000));
    int64_t id;
    struct ls_err err = {0};
    cr_assert_eq(ls_store_begin_run(store, &run, &id, &id, &err), LS_OK);
    uint64_t x = 1;
    for (size_t i = 0; i < count; i++) {
        x = x * UINT64_C(6364136223846793005) + 1442695040888963407u; /* Knuth's MMIX generator */
        struct ls_transmission row =
            database_transmission((int64_t)(x >> 22) - LS_NS_PER_S, 1e-9 * (double)(1 + (x >> 30)),
                                  876e6 + (double)(x >> 40) / 3.0);
        row.bandwidth_hz = (double)(x >> 44) / 7.0;
        row.snr_db = i % 3 == 0 ? (double)NAN : (double)(x & 0xffff) / 999.0;
        row.offset_hz = (double)(x & 0xffff) / -11.0;
        row.bursts = i % 5 == 0 ? 0 : 1 + (x & 0xfffff);
        ls_copy_text(row.sensor, sizeof row.sensor, i % 2 == 0 ? "km 1, \"left\"" : name);
        row.class_name[i % 4 == 0 ? 0 : 3] = '\0';
        cr_assert_eq(ls_store_add_transmission(store, &row, &err), LS_OK, "%s", err.text);
    }
    struct ls_observation all = database_observation(run.first_ns, run.last_ns);
    cr_assert_eq(ls_store_add_observation(store, &all, &err), LS_OK);
    cr_assert_eq(ls_store_finish_run(store, &run, &err), LS_OK, "%s", err.text);
}

Test(import, csv_columns_are_known_by_name_and_the_payload_is_not_read) {
    struct ls_import_result result =
        import("epoch_s,time_local,model,device,mod,freq_mhz,freq2_mhz,rssi_db,temperature_C\n"
               "1796203200.5,2026-12-02T10:20:00,\"Acme, 3\",0f12c7cf,ASK,433.92,,-12.5,21.5\n"
               "1796203260,2026-12-02T10:21:00,Acme,0f12c7cf,FSK,868.25,868.35,,\n",
               NULL);
    cr_expect_eq(result.transmissions, 2);
    cr_expect_eq(result.columns_left_out, 4);
    cr_expect_eq(result.refused, 0);
    cr_expect_not_null(strstr(result.run.note, "nominal"));
    char *text = export(LS_EXPORT_TRANSMISSIONS, LS_EXPORT_CSV);
    cr_expect_str_eq(text,
                     "sensor,start,duration_s,center_hz,bandwidth_hz,snr_db,level_dbfs,class,"
                     "offset_hz,bursts\n"
                     "import,2026-12-02T09:20:00.500000000Z,0.1,433920000,100000,,-12.5,ook,,\n"
                     "import,2026-12-02T09:21:00.000000000Z,0.1,868300000,200000,,,fsk,,\n");
    free(text);
}

/* A line is a row, so a name with a line end in it is no name that CSV logs can have. */
Test(import, csv_that_was_exported_comes_back_the_same) {
    store_random_rows(500, "km\\2\n");
    char *rows = export(LS_EXPORT_TRANSMISSIONS, LS_EXPORT_CSV);
    ls_store_close(store);
    cr_assert_eq(remove(database.path), 0);
    store = database_open(&database, LS_STORE_WRITE);
    cr_expect_eq(import(rows, NULL).transmissions, 250);
    free(rows);
}

Test(import, csv_times_without_a_zone_are_refused_unless_it_is_told) {
    static const char log[] = "time,freq\n2026-12-02 10:20:00,433.92\n";
    refused(log, "column 'time' has no zone: '2026-12-02 10:20:00' may be local time");
    struct ls_import_opts opts = {.line = {.has_zone = true, .zone_s = -5 * 3600}};
    cr_expect_eq(import(log, &opts).run.first_ns, INT64_C(1796224800000000000));
}

Test(import, csv_rows_that_cannot_be_are_counted_by_reason) {
    struct ls_import_result result =
        import("start,stop,duration_s,freq_mhz,snr_db\n"
               "2026-11-20T08:00:10Z,,0.5,433.92,9\n"
               "2026-11-20T08:00:10Z,,0.5,433.92,9\n" /* repeats */
               "2026-11-20T08:00:05Z,,0.5,433.92,9\n" /* out of order */
               "2026-11-20T08:00:20Z,,0,433.92,9\n"
               "2026-11-20T08:00:20Z,,-1,433.92,9\n"
               "2026-11-20T08:00:20Z,2026-11-20T08:00:19Z,,433.92,9\n"
               "2026-11-20T08:00:20Z,,nan,433.92,9\n"
               "2026-11-20T08:00:20Z,,0.5,inf,9\n"
               "2026-11-20T08:00:20Z,,0.5,,9\n"
               "2026-11-20T08:00:20Z,,0.5,433.92\n"
               "2026-11-20T08:00:20Z,,0.5,433.92,9,9\n"
               "2026-11-20T08:00:20Z,,0.5,433.92,\"9\n"
               "noon,,0.5,433.92,9\n"
               "2026-11-20T08:00:30Z,2026-11-20T08:00:31.5Z,,433.92,\n",
               NULL);
    cr_expect_eq(result.transmissions, 3);
    cr_expect_eq(result.repeated, 1);
    cr_expect_eq(result.backwards, 1);
    cr_expect_eq(result.refused, 10);
    static const char *const reasons[] = {
        "key 'duration_s' must be 1 ns or more",
        "key 'duration_s' must be from 0 to 10000000000",
        "column 'duration_s' must be a number",
        "column 'freq_mhz' must be a number",
        "no frequency: the field is empty; give --freq for such rows",
        "fewer fields than the heading has columns",
        "more fields than the heading has columns",
        "a quote is not closed, or a byte is zero",
    };
    cr_assert_eq(result.reason_count, LS_COUNT(reasons) + 1);
    for (size_t i = 0; i < LS_COUNT(reasons); i++) {
        cr_expect_str_eq(result.reasons[i].text, reasons[i]);
    }
    char *text = export(LS_EXPORT_TRANSMISSIONS, LS_EXPORT_JSONL);
    cr_expect_not_null(strstr(text, "\"duration_s\":1.5"));
    free(text);
}

Test(import, csv_that_says_too_little_is_refused_as_a_whole) {
    refused("model,freq_mhz\nAcme,433.92\n", "no column names a time");
    refused("epoch_s,model\n1796203200,Acme\n", "no column names a frequency");
    struct ls_import_opts opts = {.line = {.center_hz = 433.92e6}};
    cr_expect_eq(import("epoch_s,model\n1796203200,Acme\n", &opts).transmissions, 1);
}

Test(import, observations_that_overlap_are_two_sensors_of_one_name) {
    struct ls_import_result result =
        import(LISTENED "{\"type\":\"observation\",\"sensor\":\"a\",\"start\":"
                        "\"2026-11-20T08:30:00Z\",\"stop\":\"2026-11-20T08:40:00Z\","
                        "\"low_hz\":876e6,\"high_hz\":878e6}\n",
               NULL);
    cr_expect_eq(result.overlaps, 1);
    cr_expect_not_null(strstr(result.run.note, "two sensors of one name?"));
}

Test(import, annotations_become_rows_and_captures_what_was_listened_to) {
    static const char meta[] =
        "{\"global\":{\"core:datatype\":\"cf32_le\",\"core:sample_rate\":1000000,"
        "\"core:metadata_only\":true,\"core:offset\":1000000},\"captures\":["
        "{\"core:sample_start\":1000000,\"core:frequency\":868000000,"
        "\"core:datetime\":\"2026-11-20T08:00:00Z\"},"
        "{\"core:sample_start\":3000000,\"core:frequency\":434000000}],\"annotations\":["
        "{\"core:sample_start\":1500000,\"core:sample_count\":20000,\"core:label\":\"LoRa\","
        "\"core:freq_lower_edge\":868050000,\"core:freq_upper_edge\":868150000,"
        "\"core:comment\":\"secret\"},"
        "{\"core:sample_start\":3250000,\"core:sample_count\":1000000,\"core:label\":\"Bob\"},"
        "{\"core:sample_start\":0,\"core:sample_count\":5},"
        "{\"core:sample_start\":1500000,\"core:sample_count\":0},"
        "{\"core:sample_start\":1500000,\"core:sample_count\":9,\"core:freq_lower_edge\":1},7]}";
    snprintf(log_path, sizeof log_path, "%s/log.sigmf-meta", database.folder);
    struct ls_import_result result = import(meta, NULL);
    cr_expect_eq(result.transmissions, 2);
    cr_expect_eq(result.observations, 2);
    cr_expect_eq(result.refused, 4);
    char *text = export(LS_EXPORT_TRANSMISSIONS, LS_EXPORT_JSONL);
    cr_expect_str_eq(text,
                     "{\"type\":\"transmission\",\"sensor\":\"import\",\"start\":"
                     "\"2026-11-20T08:00:00.500000000Z\",\"duration_s\":0.02,\"center_hz\":"
                     "868100000,\"bandwidth_hz\":100000,\"class\":\"lora\"}\n"
                     "{\"type\":\"transmission\",\"sensor\":\"import\",\"start\":"
                     "\"2026-11-20T08:00:02.250000000Z\",\"duration_s\":1,\"center_hz\":434000000,"
                     "\"bandwidth_hz\":1000000}\n");
    free(text);
    text = export(LS_EXPORT_OBSERVATIONS, LS_EXPORT_CSV);
    cr_expect_str_eq(text, "sensor,start,stop,low_hz,high_hz\n"
                           "import,2026-11-20T08:00:00.000000000Z,2026-11-20T08:00:02.000000000Z,"
                           "867500000,868500000\n"
                           "import,2026-11-20T08:00:02.000000000Z,2026-11-20T08:00:03.250000000Z,"
                           "433500000,434500000\n");
    free(text);
}

static void expect_same_after(enum ls_export_what what, const char *before) {
    char *after = export(what, LS_EXPORT_JSONL);
    cr_expect_str_eq(after, before);
    free(after);
}

Test(import, export_then_import_then_export_gives_the_same_bytes) {
    store_random_rows(3000, "km\\2 \xc3\xa9");
    char *rows = export(LS_EXPORT_TRANSMISSIONS, LS_EXPORT_JSONL);
    char *observations = export(LS_EXPORT_OBSERVATIONS, LS_EXPORT_JSONL);
    char *log = malloc(strlen(rows) + strlen(observations) + 1);
    stpcpy(stpcpy(log, rows), observations);

    ls_store_close(store);
    cr_assert_eq(remove(database.path), 0);
    store = database_open(&database, LS_STORE_WRITE);
    struct ls_import_result result = import(log, NULL);
    cr_expect_eq(result.transmissions, 3000);
    cr_expect_eq(result.observations, 3, "one read, one for each sensor of the rows");
    expect_same_after(LS_EXPORT_TRANSMISSIONS, rows);
    free(rows);
    free(observations);
    free(log);
}

Test(import, lost_time_is_no_observation_in_an_export) {
    import(LISTENED "{\"type\":\"observation\",\"sensor\":\"a\",\"start\":\"2026-11-20T09:00:00Z\","
                    "\"stop\":\"2026-11-20T09:00:01Z\",\"low_hz\":1,\"high_hz\":2,\"state\":"
                    "\"lost\"}\n",
           NULL);
    expect_same_after(LS_EXPORT_OBSERVATIONS, LISTENED);
}

Test(import, csv_quotes_what_needs_it_and_leaves_unknown_values_empty) {
    import("{\"type\":\"transmission\",\"sensor\":\"km 1, \\\"left\\\"\","
           "\"start\":\"2026-11-20T08:00:10Z\",\"duration_s\":0.5,\"center_hz\":876412345.5,"
           "\"bandwidth_hz\":12500,\"level_dbfs\":-41.2,\"bursts\":3}\n",
           NULL);
    char *text = export(LS_EXPORT_TRANSMISSIONS, LS_EXPORT_CSV);
    cr_expect_str_eq(text, "sensor,start,duration_s,center_hz,bandwidth_hz,snr_db,level_dbfs,class,"
                           "offset_hz,bursts\n"
                           "\"km 1, \"\"left\"\"\",2026-11-20T08:00:10.000000000Z,0.5,876412345.5,"
                           "12500,,-41.2,,,3\n");
    free(text);
    text = export(LS_EXPORT_OBSERVATIONS, LS_EXPORT_CSV);
    cr_expect_str_eq(text, "sensor,start,stop,low_hz,high_hz\n"
                           "\"km 1, \"\"left\"\"\",2026-11-20T08:00:10.000000000Z,"
                           "2026-11-20T08:00:10.500000000Z,876406095.5,876418595.5\n");
    free(text);
}

Test(import, an_export_to_a_full_disk_fails) {
    import(ROW("", "10"), NULL);
    FILE *out = fopen("/dev/full", "w");
    if (out == NULL) {
        cr_skip_test("no /dev/full");
    }
    struct ls_export_opts opts = {.format = LS_EXPORT_CSV};
    size_t rows;
    struct ls_err err = {0};
    cr_expect_eq(ls_export(store, &opts, out, &rows, &err), LS_ERR_FULL);
    cr_expect_not_null(strstr(err.text, "cannot write rows"));
    fclose(out);
}
