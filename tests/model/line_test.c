/* Lines are read with care and written the same way each time. */
#include <criterion/criterion.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "model/line.h"

static int parse(const char *text, struct ls_line *ret, struct ls_err *err) {
    return ls_line_parse(text, strlen(text), NULL, ret, err);
}

static struct ls_line good(const char *text) {
    struct ls_line line;
    struct ls_err err = {0};
    cr_assert_eq(parse(text, &line, &err), LS_OK, "%s: %s", text, err.text);
    return line;
}

/* The line is refused, in one line of text that holds `part`. */
static void refused(const char *text, const char *part) {
    struct ls_line line = {.kind = LS_LINE_OTHER};
    struct ls_err err = {0};
    cr_expect_eq(parse(text, &line, &err), LS_ERR_FORMAT, "taken: %s", text);
    cr_expect_not_null(strstr(err.text, part), "'%s' lacks '%s'", err.text, part);
    cr_expect_null(strchr(err.text, '\n'));
    cr_expect_eq(line.kind, LS_LINE_OTHER, "the result is touched");
}

static const char full[] =
    "{\"type\":\"transmission\",\"sensor\":\"km-12.4\",\"start\":\"2026-11-20T08:00:00."
    "000000001Z\","
    "\"duration_s\":118.2031,\"center_hz\":876412345.25,\"bandwidth_hz\":210000,\"snr_db\":23.1,"
    "\"level_dbfs\":-41.2,\"class\":\"gsm\",\"offset_hz\":-12.3,\"bursts\":25601}\n";

Test(line, transmission_is_read) {
    struct ls_line line = good(full);
    cr_expect_eq(line.kind, LS_LINE_TRANSMISSION);
    cr_expect_not(line.nominal);
    cr_expect_str_eq(line.transmission.sensor, "km-12.4");
    cr_expect_eq(line.transmission.start_ns, INT64_C(1795161600000000001));
    cr_expect_eq(line.transmission.duration_ns, INT64_C(118203100000));
    cr_expect_eq(line.transmission.center_hz, 876412345.25);
    cr_expect_eq(line.transmission.bandwidth_hz, 210000.0);
    cr_expect_eq(line.transmission.snr_db, 23.1);
    cr_expect_eq(line.transmission.level_dbfs, -41.2);
    cr_expect_str_eq(line.transmission.class_name, "gsm");
    cr_expect_eq(line.transmission.offset_hz, -12.3);
    cr_expect_eq(line.transmission.bursts, 25601);
    cr_expect(isnan(line.transmission.on_s));
}

Test(line, what_is_optional_may_be_absent_or_null) {
    struct ls_line line = good("{\"type\":\"transmission\",\"start\":\"1970-01-01T00:00:00Z\","
                               "\"duration_s\":1e-9,\"center_hz\":-5,\"bandwidth_hz\":0,"
                               "\"snr_db\":null,\"class\":null,\"someday\":{\"a\":[1]}}");
    cr_expect_eq(line.transmission.start_ns, 0);
    cr_expect_eq(line.transmission.duration_ns, 1);
    cr_expect(isnan(line.transmission.snr_db) && isnan(line.transmission.level_dbfs));
    cr_expect_str_empty(line.transmission.sensor);
    cr_expect_str_empty(line.transmission.class_name);
    cr_expect_eq(line.transmission.bursts, 0);
}

Test(line, each_required_key_is_named_when_it_is_missing) {
    static const char *const keys[] = {"start", "duration_s", "center_hz", "bandwidth_hz"};
    static const char *const values[] = {"\"2026-11-20T08:00:00Z\"", "1", "2", "3"};
    for (size_t missing = 0; missing < LS_COUNT(keys); missing++) {
        char text[256] = "{\"type\":\"transmission\"";
        for (size_t i = 0; i < LS_COUNT(keys); i++) {
            if (i != missing) {
                size_t used = strlen(text);
                snprintf(text + used, sizeof text - used, ",\"%s\":%s", keys[i], values[i]);
            }
        }
        stpcpy(text + strlen(text), "}");
        char part[64];
        snprintf(part, sizeof part, "'%s' is missing", keys[missing]);
        refused(text, part);
    }
}

#define WITH(key_and_value)                                                                        \
    "{\"type\":\"transmission\",\"start\":\"2026-11-20T08:00:00Z\",\"duration_s\":1,"              \
    "\"center_hz\":1e6," key_and_value "}"

Test(line, values_that_cannot_be_are_refused_by_key) {
    refused(WITH("\"bandwidth_hz\":-1"), "'bandwidth_hz' must be from 0 to 1000000000000");
    refused(WITH("\"bandwidth_hz\":\"5\""), "'bandwidth_hz' must be a number");
    refused(WITH("\"bandwidth_hz\":NaN"), "not JSON");
    refused(WITH("\"bandwidth_hz\":1e999"), "not JSON");
    refused(WITH("\"bandwidth_hz\":1,\"bandwidth_hz\":2"), "not JSON");
    refused(WITH("\"bandwidth_hz\":1,\"snr_db\":1e5"), "'snr_db'");
    refused(WITH("\"bandwidth_hz\":1,\"bursts\":0"), "'bursts' must be a whole number");
    refused(WITH("\"bandwidth_hz\":1,\"bursts\":1.5"), "'bursts'");
    refused(WITH("\"bandwidth_hz\":1,\"class\":7"), "'class' must be a text");
    refused(WITH("\"bandwidth_hz\":1,\"class\":\"a-name-that-is-far-too-long-for-a-class\""),
            "'class' is longer than 23 bytes");
    refused("{\"type\":\"transmission\",\"start\":\"2026-11-20T08:00:00\",\"duration_s\":1,"
            "\"center_hz\":1,\"bandwidth_hz\":1}",
            "'start' is no time");
    refused("{\"type\":\"transmission\",\"start\":\"2026-11-20T08:00:00Z\",\"duration_s\":0,"
            "\"center_hz\":1,\"bandwidth_hz\":1}",
            "'duration_s' must be 1 ns or more");
    refused("{\"type\":\"transmission\",\"start\":\"2026-11-20T08:00:00Z\",\"duration_s\":-3,"
            "\"center_hz\":1,\"bandwidth_hz\":1}",
            "'duration_s'");
    refused("{\"type\":\"transmission\",\"start\":\"2261-11-20T08:00:00Z\",\"duration_s\":9e9,"
            "\"center_hz\":1,\"bandwidth_hz\":1}",
            "reaches past the year 2261");
    refused("{\"type\":\"transmission\",\"start\":\"2026-11-20\\n\\u0007x\",\"duration_s\":1,"
            "\"center_hz\":1,\"bandwidth_hz\":1}",
            "'start' is no time");
}

Test(line, times_that_cannot_be_written_are_refused) {
    refused("{\"type\":\"transmission\",\"start\":\"2261-12-31T23:59:60Z\",\"duration_s\":1,"
            "\"center_hz\":1,\"bandwidth_hz\":1}",
            "'start' must be from the year 1678 to 2261");
    refused("{\"type\":\"transmission\",\"start\":\"1678-01-01T00:00:00+01:00\","
            "\"duration_s\":1,\"center_hz\":1,\"bandwidth_hz\":1}",
            "'start' must be from");
    refused("{\"type\":\"transmission\",\"start\":\"2261-12-31T23:59:59Z\",\"duration_s\":1,"
            "\"center_hz\":1,\"bandwidth_hz\":1}",
            "'duration_s' reaches past");
}

Test(line, what_is_no_object_of_a_known_type_is_refused) {
    refused("", "not JSON");
    refused("[1]", "not a JSON object");
    refused("{\"type\":\"transmission\"} {", "not JSON");
    refused("{\"a\":1}", "'type' is missing");
    refused("{\"type\":5}", "'type' must be");
    refused("{\"type\":\"transmision\"}", "'type' must be");
    char *deep = malloc(200001);
    memset(deep, '[', 200000);
    deep[200000] = '\0';
    refused(deep, "not JSON");
    free(deep);
    char *longest = calloc(1, LS_LINE_MAX_BYTES + 2);
    memset(longest, ' ', LS_LINE_MAX_BYTES + 1);
    refused(longest, "longer than");
    free(longest);
}

Test(line, observation_is_read_with_its_state) {
    struct ls_line line =
        good("{\"type\":\"observation\",\"sensor\":\"a\",\"start\":\"2026-11-20T08:00:00Z\","
             "\"stop\":\"2026-11-20T08:00:01Z\",\"low_hz\":876e6,\"high_hz\":880e6}");
    cr_expect_eq(line.kind, LS_LINE_OBSERVATION);
    cr_expect_eq(line.observation.state, LS_OBSERVED);
    cr_expect_eq(line.observation.stop_ns - line.observation.start_ns, LS_NS_PER_S);
    cr_expect_eq(line.observation.low_hz, 876e6);
    line = good("{\"type\":\"observation\",\"start\":\"2026-11-20T08:00:00Z\",\"state\":\"lost\","
                "\"cause\":\"overflow\",\"stop\":\"2026-11-20T08:00:01Z\",\"low_hz\":1,"
                "\"high_hz\":1}");
    cr_expect_eq(line.observation.state, LS_LOST);
    cr_expect_str_eq(line.observation.cause, "overflow");
    refused("{\"type\":\"observation\",\"start\":\"2026-11-20T08:00:00Z\","
            "\"stop\":\"2026-11-20T08:00:00Z\",\"low_hz\":1,\"high_hz\":2}",
            "'stop' must be after start");
    refused("{\"type\":\"observation\",\"start\":\"1700-11-20T08:00:00Z\","
            "\"stop\":\"2250-11-20T08:00:00Z\",\"low_hz\":1,\"high_hz\":2}",
            "centuries");
    refused("{\"type\":\"observation\",\"start\":\"2026-11-20T08:00:00Z\","
            "\"stop\":\"2026-11-20T08:00:01Z\",\"low_hz\":2,\"high_hz\":1}",
            "'high_hz' must not be below low_hz");
    refused("{\"type\":\"observation\",\"start\":\"2026-11-20T08:00:00Z\",\"state\":\"on\","
            "\"stop\":\"2026-11-20T08:00:01Z\",\"low_hz\":1,\"high_hz\":1}",
            "'state' must be");
}

Test(line, bursts_and_later_types_are_known) {
    struct ls_line line = good("{\"type\":\"burst\",\"start\":\"2026-11-20T08:00:00Z\","
                               "\"duration_s\":0.000577,\"center_hz\":1,\"bandwidth_hz\":1,"
                               "\"transmission\":12}");
    cr_expect_eq(line.kind, LS_LINE_BURST);
    cr_expect_eq(line.burst.duration_ns, 577000);
    cr_expect_eq(good("{\"type\":\"incident\",\"id\":3}").kind, LS_LINE_OTHER);
    cr_expect_eq(good("{\"type\":\"finding\"}").kind, LS_LINE_OTHER);
}

/* --- rtl_433 --- */

#define RTL(time, rest) "{\"time\" : " time ", \"model\" : \"Acurite\", \"id\" : 9, " rest "}"

Test(line, rtl433_line_becomes_a_transmission_without_its_payload) {
    struct ls_line line =
        good(RTL("\"1673416127.25\"", "\"type\" : \"TPMS\", \"mod\" : \"ASK\", \"freq\" : 433.944, "
                                      "\"rssi\" : -12.729, \"snr\" : 13.733, \"noise\" : -26.462"));
    cr_expect_eq(line.kind, LS_LINE_TRANSMISSION);
    cr_expect(line.nominal && !line.no_clock);
    cr_expect_eq(line.transmission.start_ns, INT64_C(1673416127250000000));
    cr_expect_eq(line.transmission.duration_ns, 100000000);
    cr_expect_eq(line.transmission.center_hz, 433944000.0);
    cr_expect_eq(line.transmission.bandwidth_hz, 100e3);
    cr_expect_eq(line.transmission.level_dbfs, -12.729);
    cr_expect_eq(line.transmission.snr_db, 13.733);
    cr_expect_str_eq(line.transmission.class_name, "ook");
    line = good(RTL("\"2023-01-11T05:48:47Z\"",
                    "\"mod\" : \"FSK\", \"freq1\" : 868.26, \"freq2\" : 868.34"));
    cr_expect_eq(line.transmission.center_hz, 868.3e6);
    cr_expect_eq(line.transmission.bandwidth_hz, 180e3);
    cr_expect_str_eq(line.transmission.class_name, "fsk");
    cr_expect(isnan(line.transmission.snr_db));
}

Test(line, rtl433_times_of_every_kind_are_read) {
    static const struct {
        const char *text;
        int64_t ns;
    } cases[] = {
        {RTL("\"2023-01-11 05:48:47Z\"", "\"freq\":1"), INT64_C(1673416127000000000)},
        {RTL("\"2023-01-11 06:48:47.5+0100\"", "\"freq\":1"), INT64_C(1673416127500000000)},
        {RTL("\"2023-01-11T00:48:47-05:00\"", "\"freq\":1"), INT64_C(1673416127000000000)},
        {RTL("\"1673416127\"", "\"freq\":1"), INT64_C(1673416127000000000)},
        {RTL("1673416127", "\"freq\":1"), INT64_C(1673416127000000000)},
        {RTL("\"@0.221156s\"", "\"freq\":1"), 221156000},
    };
    for (size_t i = 0; i < LS_COUNT(cases); i++) {
        struct ls_line line = good(cases[i].text);
        cr_expect_eq(line.transmission.start_ns, cases[i].ns, "%s", cases[i].text);
        cr_expect_eq(line.no_clock, i == 5);
    }
}

Test(line, rtl433_local_time_is_a_trap) {
    const char *text = RTL("\"2023-01-10 23:48:47\"", "\"freq\":433.9");
    refused(text, "no zone");
    struct ls_line line;
    struct ls_line_opts utc = {.has_zone = true};
    struct ls_err err = {0};
    cr_assert_eq(ls_line_parse(text, strlen(text), &utc, &line, &err), LS_OK, "%s", err.text);
    cr_expect_eq(line.transmission.start_ns, INT64_C(1673394527000000000));
    refused(RTL("\"soon\"", "\"freq\":433.9"), "'time' is no time");
    refused(RTL("\"@\"", "\"freq\":433.9"), "'time' is no time");
    refused(RTL("\"99999999999999999999\"", "\"freq\":433.9"), "'time' is no time");
    refused(RTL("1.5e9", "\"freq\":433.9"), "'time' must be a time");
    refused(RTL("\"2023-01-11 05:48:47Z\"", "\"rssi\":1"), "-M level");
}

/* --- writing --- */

static const char *written(int (*write)(FILE *out, const void *row), const void *row) {
    static char text[1024];
    memset(text, 0, sizeof text);
    FILE *out = fmemopen(text, sizeof text, "w");
    cr_assert_not_null(out);
    cr_assert_eq(write(out, row), LS_OK);
    fclose(out);
    return text;
}

static int write_transmission(FILE *out, const void *row) {
    return ls_line_write_transmission(out, row);
}

static int write_stored_transmission(FILE *out, const void *row) {
    return ls_line_write_stored_transmission(out, row, "");
}

static int write_observation(FILE *out, const void *row) {
    return ls_line_write_observation(out, row);
}

Test(line, only_a_stored_row_names_its_id) {
    struct ls_line line = good(full);
    line.transmission.id = 12;
    cr_expect_null(strstr(written(write_transmission, &line.transmission), "\"id\""));
    static const char start[] = "{\"type\":\"transmission\",\"id\":12,\"sensor\":";
    char text[sizeof start] = "";
    ls_copy_text(text, sizeof text, written(write_stored_transmission, &line.transmission));
    cr_expect_str_eq(text, start);
}

Test(line, what_is_read_is_written_the_same) {
    struct ls_line line = good(full);
    cr_expect_str_eq(written(write_transmission, &line.transmission), full);
    static const char lost[] =
        "{\"type\":\"observation\",\"sensor\":\"a\",\"start\":\"2026-11-20T08:00:00.000000000Z\","
        "\"stop\":\"2026-11-20T08:00:01.000000000Z\",\"low_hz\":876000000,\"high_hz\":880000000,"
        "\"state\":\"lost\",\"cause\":\"overflow\"}\n";
    line = good(lost);
    cr_expect_str_eq(written(write_observation, &line.observation), lost);
}

Test(line, text_is_escaped) {
    struct ls_line line = good(full);
    ls_copy_text(line.transmission.sensor, sizeof line.transmission.sensor, "a\"b\\c\n\xc3\xa9");
    char text[1024];
    ls_copy_text(text, sizeof text, written(write_transmission, &line.transmission));
    cr_expect_not_null(strstr(text, "a\\\"b\\\\c\\u000a\xc3\xa9"));
    struct ls_line again = good(text);
    /* A line break would reach terminals and tables: it is not taken over. */
    cr_expect_str_eq(again.transmission.sensor, "a\"b\\c?\xc3\xa9");
}

Test(line, burst_line_names_its_transmission) {
    char text[512] = "";
    struct ls_burst burst = {.duration_ns = 577000,
                             .center_hz = 876412345.0,
                             .bandwidth_hz = 210e3,
                             .snr_db = (double)NAN,
                             .level_dbfs = -43.0};
    FILE *out = fmemopen(text, sizeof text, "w");
    cr_assert_eq(ls_line_write_burst(out, "km-12.4", &burst, 12), LS_OK);
    fclose(out);
    cr_expect_str_eq(text, "{\"type\":\"burst\",\"sensor\":\"km-12.4\","
                           "\"start\":\"1970-01-01T00:00:00.000000000Z\",\"duration_s\":0.000577,"
                           "\"center_hz\":876412345,\"bandwidth_hz\":210000,\"level_dbfs\":-43,"
                           "\"transmission\":12}\n");
}

Test(line, a_full_disk_is_noticed) {
    FILE *out = fopen("/dev/full", "w");
    if (out == NULL) {
        cr_skip_test("no /dev/full");
    }
    setvbuf(out, NULL, _IONBF, 0);
    struct ls_line line = good(full);
    cr_expect_eq(ls_line_write_transmission(out, &line.transmission), LS_ERR_IO);
    fclose(out);
}

Test(line, numbers_are_the_shortest_that_read_back) {
    static const struct {
        double value;
        const char *text;
    } cases[] = {{0.1, "0.1"},
                 {1e6, "1000000"},
                 {876412345.25, "876412345.25"},
                 {-41.2, "-41.2"},
                 {5e-10, "5e-10"},
                 {0.1 + 0.2, "0.30000000000000004"},
                 {0.0, "0"},
                 {2.0 / 3.0, "0.6666666666666666"}};
    char text[LS_LINE_NUMBER_BYTES];
    for (size_t i = 0; i < LS_COUNT(cases); i++) {
        ls_line_number(cases[i].value, text);
        cr_expect_str_eq(text, cases[i].text);
    }
    uint64_t x = 1;
    for (int i = 0; i < 10000; i++) {
        x = x * UINT64_C(6364136223846793005) + 1; /* Knuth's MMIX generator */
        double value = (double)(int64_t)x * 1e-7;
        ls_line_number(value, text);
        cr_assert_eq(strtod(text, NULL), value);
    }
}

/* Decimals have a way of their own. */
Test(line, decimals_are_written_as_any_number) {
    static const double tens[] = {1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7};
    uint64_t chance = 5;
    for (int i = 0; i < 200000; i++) {
        char text[LS_LINE_NUMBER_BYTES];
        char plain[LS_LINE_NUMBER_BYTES];
        chance = chance * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        double size = (double)(chance >> (14 + i % 50));
        double value = (i % 3 == 0 ? -size : size) / tens[i % (int)LS_COUNT(tens)];
        ls_line_number(value, text);
        for (int digits = 15; digits <= 17; digits++) {
            snprintf(plain, sizeof plain, "%.*g", digits, value);
            if (strtod(plain, NULL) == value) {
                break;
            }
        }
        cr_assert_str_eq(text, plain);
    }
}

Test(line, noise_of_an_observation_is_whole_or_absent) {
    static const char start[] = "{\"type\":\"observation\",\"sensor\":\"a\","
                                "\"start\":\"2026-11-20T08:00:00.000000000Z\","
                                "\"stop\":\"2026-11-20T08:00:01.000000000Z\",\"low_hz\":876000000,"
                                "\"high_hz\":880000000";
    char text[512];
    snprintf(text, sizeof text,
             "%s,\"floor_dbfs_hz\":-113.98,\"floor_error_db\":0.07,\"weakest_dbfs\":-72}\n", start);
    struct ls_line line = good(text);
    cr_expect(line.observation.noise.known);
    cr_expect_str_eq(written(write_observation, &line.observation), text);
    snprintf(text, sizeof text, "%s}\n", start);
    line = good(text);
    cr_expect_not(line.observation.noise.known);
    cr_expect_str_eq(written(write_observation, &line.observation), text);
    snprintf(text, sizeof text, "%s,\"floor_dbfs_hz\":-113.98}", start);
    refused(text, "floor_dbfs_hz");
}
