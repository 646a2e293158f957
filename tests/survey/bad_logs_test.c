/* What is wrong with a log is refused and counted, or taken as it is; it never makes a period. Each
 * log has 400 packets at random times in six hours, or a clock of 47 s, and one fault. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "survey/import.h"
#include "survey/patterns.h"
#include "tests/store/database.h"

enum { PACKETS = 400 };
static const double hours = 6.0;
static const int64_t begin_ns = INT64_C(1795161600) * LS_NS_PER_S; /* 2026-11-20T08:00Z */

static struct database database;
static struct ls_store *store;
static FILE *log_file;
static char log_path[160];
static uint64_t chance;

static void begin_log(void) {
    log_file = fopen(log_path, "w");
    cr_assert_not_null(log_file);
}

static void open_fresh(void) {
    database_init(&database);
    store = database_open(&database, LS_STORE_WRITE);
    snprintf(log_path, sizeof log_path, "%s/log.jsonl", database.folder);
    chance = 20261123;
    begin_log();
}

static void close_and_remove(void) {
    ls_store_close(store);
    database_finish(&database);
}

TestSuite(bad_logs, .init = open_fresh, .fini = close_and_remove);

/* From 0 to 1: Knuth's MMIX constants. */
static double uniform(void) {
    chance = chance * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(chance >> 11) / 9007199254740992.0;
}

static void write_row(const char *sensor, double t_s, const char *duration) {
    char start[LS_TIME_TEXT_BYTES];
    ls_time_format(begin_ns + (int64_t)(t_s * 1e9), start);
    fprintf(log_file,
            "{\"type\":\"transmission\",\"sensor\":\"%s\",\"start\":\"%s\",\"duration_s\":%s,"
            "\"center_hz\":%.0f,\"bandwidth_hz\":60000,\"snr_db\":20,\"level_dbfs\":%.1f}\n",
            sensor, start, duration, 868.3e6 + 500.0 * uniform(), -40.0 + 2.0 * uniform());
}

static void write_listening(const char *sensor, double from_s, double until_s) {
    char start[LS_TIME_TEXT_BYTES];
    char stop[LS_TIME_TEXT_BYTES];
    ls_time_format(begin_ns + (int64_t)(from_s * 1e9), start);
    ls_time_format(begin_ns + (int64_t)(until_s * 1e9), stop);
    fprintf(log_file,
            "{\"type\":\"observation\",\"sensor\":\"%s\",\"start\":\"%s\",\"stop\":\"%s\","
            "\"low_hz\":868000000,\"high_hz\":869000000}\n",
            sensor, start, stop);
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void random_times(double *ret_s, size_t count) {
    for (size_t i = 0; i < count; i++) {
        ret_s[i] = hours * 3600.0 * uniform();
    }
    qsort(ret_s, count, sizeof *ret_s, ascending);
}

static struct ls_import_result import_log(void) {
    cr_assert_eq(fclose(log_file), 0);
    struct ls_import_opts opts = {.path = log_path};
    struct ls_import_result result;
    struct ls_err err = {0};
    cr_assert_eq(ls_import(store, &opts, &result, &err), LS_OK, "%s", err.text);
    return result;
}

struct periods {
    size_t count;
    double period_s; /* of the last one */
};

static int see(void *context, const struct ls_finding *finding, struct ls_err *err) {
    (void)err;
    struct periods *periods = context;
    const struct ls_parameter *period = ls_finding_parameter(finding, "period_s");
    if (finding->reported && period != NULL && finding->log10_p <= -3.0) {
        periods->count++;
        periods->period_s = period->value;
    }
    return LS_OK;
}

static struct periods search(struct ls_patterns_result *ret) {
    struct periods periods = {.period_s = (double)NAN};
    struct ls_patterns_opts opts = {.each = see, .context = &periods};
    struct ls_err err = {0};
    cr_assert_eq(ls_patterns_run(store, &opts, ret, &err), LS_OK, "%s", err.text);
    return periods;
}

static void expect_no_period(void) {
    struct ls_patterns_result result;
    struct periods periods = search(&result);
    cr_expect_gt(result.searches, 0, "nothing was searched: the test says nothing");
    cr_expect_eq(periods.count, 0, "a period of %g s", periods.period_s);
}

Test(bad_logs, rows_out_of_order_keep_the_period_that_they_have) {
    size_t order[PACKETS];
    for (size_t i = 0; i < PACKETS; i++) {
        order[i] = i;
    }
    for (size_t i = PACKETS - 1; i > 0; i--) {
        size_t j = (size_t)(uniform() * (double)(i + 1));
        size_t swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
    for (size_t i = 0; i < PACKETS; i++) {
        write_row("a", 47.0 * (double)order[i], "0.04");
    }
    struct ls_import_result result = import_log();
    cr_expect_eq(result.transmissions, PACKETS);
    cr_expect_gt(result.backwards, PACKETS / 4, "they are counted: %zu", result.backwards);
    struct ls_patterns_result patterns;
    struct periods periods = search(&patterns);
    cr_expect_gt(periods.count, 0);
    cr_expect_float_eq(periods.period_s, 47.0, 0.01, "%g s", periods.period_s);
    for (int i = 0; i < LS_PATTERN_REASONS; i++) {
        cr_expect_eq(patterns.left_out[i], 0);
    }
}

Test(bad_logs, random_rows_out_of_order_make_no_period) {
    double t_s[PACKETS];
    random_times(t_s, PACKETS);
    for (size_t i = 0; i < PACKETS; i++) {
        write_row("a", t_s[(i * 77) % PACKETS], "0.04"); /* 77 and 400 have no common divisor */
    }
    import_log();
    expect_no_period();
}

Test(bad_logs, rows_twice_in_one_log_are_left_out_and_make_no_period) {
    double t_s[PACKETS];
    random_times(t_s, PACKETS);
    for (size_t i = 0; i < PACKETS; i++) {
        uint64_t before = chance;
        write_row("a", t_s[i], "0.04");
        chance = before; /* the same frequency and level again */
        write_row("a", t_s[i], "0.04");
    }
    struct ls_import_result result = import_log();
    cr_expect_eq(result.transmissions, PACKETS);
    cr_expect_eq(result.repeated, PACKETS);
    cr_expect_not_null(strstr(result.run.note, "repeat another"));
    expect_no_period();
}

Test(bad_logs, logs_that_overlap_count_once) {
    double t_s[PACKETS];
    random_times(t_s, PACKETS);
    for (size_t part = 0; part < 2; part++) {
        if (part > 0) {
            begin_log();
        }
        for (size_t i = part * 100; i < part * 100 + 300; i++) {
            chance = i;
            write_row("a", t_s[i], "0.04");
        }
        import_log();
    }
    cr_expect_eq(database_count(store, NULL), 600, "each log is a run of its own");
    struct ls_patterns_result result;
    struct periods periods = search(&result);
    cr_expect_eq(result.left_out[LS_PATTERN_DUPLICATE], 200, "in both: %llu",
                 (unsigned long long)result.left_out[LS_PATTERN_DUPLICATE]);
    cr_expect_eq(periods.count, 0, "a period of %g s", periods.period_s);
}

Test(bad_logs, a_clock_that_is_set_back_makes_no_period) {
    double t_s[PACKETS];
    random_times(t_s, PACKETS);
    for (size_t i = 0; i < PACKETS; i++) {
        write_row("a", t_s[i] - (i >= PACKETS / 2 ? 3600.0 : 0.0), "0.04");
    }
    struct ls_import_result result = import_log();
    cr_expect_eq(result.transmissions, PACKETS);
    cr_expect_eq(result.backwards, 1);
    expect_no_period();
}

Test(bad_logs, a_clock_that_is_set_on_makes_no_period) {
    double t_s[PACKETS];
    random_times(t_s, PACKETS);
    for (size_t i = 0; i < PACKETS; i++) {
        write_row("a", t_s[i] + 3600.0 * floor((double)i / 50.0), "0.04");
    }
    import_log();
    expect_no_period();
}

Test(bad_logs, what_cannot_be_is_counted_by_reason_and_makes_no_period) {
    static const char *const durations[] = {"0", "-1", "NaN", "\"long\"", "1e400", "null"};
    double t_s[PACKETS];
    random_times(t_s, PACKETS);
    for (size_t i = 0; i < PACKETS; i++) {
        write_row("a", t_s[i], "0.04");
        /* Every 50 s exactly: none of it may become a row. */
        write_row("a", 50.0 * (double)i, durations[i % LS_COUNT(durations)]);
    }
    struct ls_import_result result = import_log();
    cr_expect_eq(result.transmissions, PACKETS);
    cr_expect_eq(result.refused, PACKETS);
    size_t counted = 0;
    for (size_t i = 0; i < result.reason_count; i++) {
        counted += result.reasons[i].count;
    }
    cr_expect_eq(counted, PACKETS, "every one has a reason: %zu of them", result.reason_count);
    cr_expect_geq(result.reason_count, 4);
    expect_no_period();
}

Test(bad_logs, local_times_are_refused) {
    for (size_t i = 0; i < 20; i++) {
        fprintf(log_file,
                "{\"type\":\"transmission\",\"start\":\"2026-11-20T08:%02zu:00\",\"duration_s\":1,"
                "\"center_hz\":868e6,\"bandwidth_hz\":1e4}\n",
                i);
    }
    cr_assert_eq(fclose(log_file), 0);
    struct ls_import_opts opts = {.path = log_path};
    struct ls_import_result result;
    struct ls_err err = {0};
    cr_expect_eq(ls_import(store, &opts, &result, &err), LS_ERR_FORMAT);
    cr_expect_not_null(strstr(err.text, "with an offset"), "%s", err.text);
    cr_expect_eq(database_count_runs(store), 0);
}

Test(bad_logs, two_sensors_of_one_name_are_told_and_make_no_period) {
    double t_s[PACKETS];
    random_times(t_s, PACKETS);
    for (int sensor = 0; sensor < 2; sensor++) {
        /* Each hops on a raster of its own: 7 s of 10, and 8 s of 12. */
        double round_s = sensor == 0 ? 10.0 : 12.0;
        double on_s = sensor == 0 ? 7.0 : 8.0;
        for (double at = 0.0; at < hours * 3600.0; at += round_s) {
            write_listening("a", at, at + on_s);
        }
        for (size_t i = 0; i < PACKETS; i++) {
            if (fmod(t_s[i], round_s) < on_s) {
                write_row("a", t_s[i] + 0.0007 * sensor, "0.04");
            }
        }
    }
    struct ls_import_result result = import_log();
    cr_expect_gt(result.backwards, 0);
    expect_no_period();
}

Test(bad_logs, observations_that_overlap_are_counted) {
    write_listening("a", 0.0, 100.0);
    write_listening("a", 50.0, 150.0);
    write_row("a", 20.0, "0.04");
    struct ls_import_result result = import_log();
    cr_expect_eq(result.overlaps, 1);
    cr_expect_not_null(strstr(result.run.note, "two sensors of one name"), "%s", result.run.note);
}

Test(bad_logs, a_thousand_rows_a_second_make_no_period, .timeout = 60) {
    enum { SECONDS = 20, RATE = 1000 };
    for (size_t i = 0; i < SECONDS * RATE; i++) {
        /* Times in whole seconds, as many decoders write them. */
        write_row("a", floor((double)i / RATE), "0.0004");
    }
    struct ls_import_result result = import_log();
    cr_expect_gt(result.transmissions, SECONDS * RATE * 9 / 10);
    struct ls_patterns_result patterns;
    struct periods periods = search(&patterns);
    cr_expect_eq(periods.count, 0, "a period of %g s", periods.period_s);
}

Test(bad_logs, a_thousand_random_rows_a_second_make_no_period, .timeout = 60) {
    enum { SECONDS = 10, RATE = 1000 };
    static double t_s[SECONDS * RATE];
    random_times(t_s, LS_COUNT(t_s));
    for (size_t i = 0; i < LS_COUNT(t_s); i++) {
        write_row("a", t_s[i] * SECONDS / (hours * 3600.0), "0.0004");
    }
    import_log();
    expect_no_period();
}
