#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "cli/occupancy_rows.h"

static char folder[64];
static char path[80];
static struct ls_query query;
static struct ls_plan *plan;

static const int64_t day_ns = INT64_C(1795132800000000000);

static struct ls_run run_of(const char *sensor, const char *sha512, bool no_clock) {
    struct ls_run run = {.first_ns = no_clock ? 0 : day_ns, .started_ns = 1, .no_clock = no_clock};
    run.last_ns = run.first_ns + 200 * LS_NS_PER_S;
    snprintf(run.sensor, sizeof run.sensor, "%s", sensor);
    snprintf(run.verb, sizeof run.verb, "analyse");
    snprintf(run.version, sizeof run.version, "test");
    snprintf(run.input, sizeof run.input, "%s.sigmf-meta", sha512);
    snprintf(run.input_sha512, sizeof run.input_sha512, "%s", sha512);
    snprintf(run.options, sizeof run.options, "{}");
    snprintf(run.plan, sizeof run.plan, "eu/1");
    return run;
}

static void begin(struct ls_store *store, const struct ls_run *run) {
    int64_t run_id;
    int64_t first_id;
    struct ls_err err = {0};
    cr_assert_eq(ls_store_begin_run(store, run, &run_id, &first_id, &err), LS_OK, "%s", err.text);
}

static void observe(struct ls_store *store, const struct ls_run *run, double start_s, double stop_s,
                    enum ls_observation_state state, double low_hz, double high_hz) {
    struct ls_observation row = {.state = state,
                                 .start_ns = run->first_ns + ls_ns_from_seconds(start_s),
                                 .stop_ns = run->first_ns + ls_ns_from_seconds(stop_s),
                                 .low_hz = low_hz,
                                 .high_hz = high_hz,
                                 .rate_sps = NAN};
    memcpy(row.sensor, run->sensor, sizeof row.sensor);
    struct ls_err err = {0};
    cr_assert_eq(ls_store_add_observation(store, &row, &err), LS_OK, "%s", err.text);
}

static void transmit(struct ls_store *store, const struct ls_run *run, double start_s,
                     double duration_s, double center_hz, double bandwidth_hz) {
    struct ls_transmission row = {.start_ns = run->first_ns + ls_ns_from_seconds(start_s),
                                  .duration_ns = ls_ns_from_seconds(duration_s),
                                  .center_hz = center_hz,
                                  .bandwidth_hz = bandwidth_hz,
                                  .snr_db = NAN,
                                  .level_dbfs = NAN,
                                  .offset_hz = NAN,
                                  .on_s = NAN,
                                  .burst_s = NAN,
                                  .period_s = NAN};
    memcpy(row.sensor, run->sensor, sizeof row.sensor);
    struct ls_err err = {0};
    cr_assert_eq(ls_store_add_transmission(store, &row, &err), LS_OK, "%s", err.text);
}

static void finish(struct ls_store *store, const struct ls_run *run) {
    struct ls_err err = {0};
    cr_assert_eq(ls_store_finish_run(store, run, &err), LS_OK, "%s", err.text);
}

/* km-12: 100 s in the GSM-R uplink, 100 s lost. "recording": two recordings without a clock, 10 s
 * each at 433 MHz, the first one half busy and the second one silent. */
static void fill(struct ls_store *store) {
    struct ls_run run = run_of("km-12", "aa", false);
    begin(store, &run);
    observe(store, &run, 0, 100, LS_OBSERVED, 875e6, 881e6);
    observe(store, &run, 100, 200, LS_LOST, 875e6, 881e6);
    transmit(store, &run, 10, 20, 876.4e6, 190e3);
    transmit(store, &run, 20, 5, 876.4e6, 190e3);
    transmit(store, &run, 50, 10, 877e6, 190e3);
    transmit(store, &run, 95, 20, 877e6, 190e3);
    transmit(store, &run, 0, 100, 900e6, 190e3);
    finish(store, &run);
    for (int i = 0; i < 2; i++) {
        struct ls_run second = run_of("recording", i == 0 ? "bb" : "cc", true);
        begin(store, &second);
        observe(store, &second, 0, 10, LS_OBSERVED, 432e6, 436e6);
        if (i == 0) {
            transmit(store, &second, 0, 5, 433.92e6, 0.0);
        }
        finish(store, &second);
    }
}

static void set_up(void) {
    struct ls_store *store;
    struct ls_err err = {0};
    snprintf(folder, sizeof folder, "/tmp/occupancy-test-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/x.db", folder);
    cr_assert_eq(ls_store_open(&store, path, LS_STORE_WRITE, &err), LS_OK, "%s", err.text);
    fill(store);
    ls_store_close(store);
    memset(&query, 0, sizeof query);
    cr_assert_eq(ls_store_open(&query.store, path, LS_STORE_READ, &err), LS_OK, "%s", err.text);
    cr_assert_eq(ls_runs_load(&query.runs, query.store, &err), LS_OK, "%s", err.text);
    cr_assert_eq(ls_plan_load(&plan, "eu", &err), LS_OK, "%s", err.text);
}

static void tear_down(void) {
    char command[128];
    ls_plan_destroy(plan);
    ls_query_finish(&query);
    snprintf(command, sizeof command, "rm -r %s", folder);
    cr_assert_eq(system(command), 0);
}

TestSuite(occupancy_rows, .init = set_up, .fini = tear_down);

enum { ROWS_MAX = 200 };

struct rows {
    struct ls_occupancy_row row[ROWS_MAX];
    char sensor[ROWS_MAX][LS_SENSOR_BYTES];
    size_t count;
};

static int keep(void *context, const struct ls_occupancy_row *row, struct ls_err *err) {
    struct rows *rows = context;
    (void)err;
    cr_assert_lt(rows->count, ROWS_MAX);
    memcpy(rows->sensor[rows->count], row->sensor, strlen(row->sensor) + 1);
    rows->row[rows->count++] = *row;
    return LS_OK;
}

static struct rows rows_of(const char *band, bool channels, bool all) {
    struct rows rows = {.count = 0};
    struct ls_err err = {0};
    struct ls_occupancy_ask ask = {.query = &query, .never_observed = all, .channels = channels};
    ask.bands = band == NULL ? plan->bands : ls_plan_band(plan, band);
    ask.band_count = band == NULL ? plan->band_count : 1;
    cr_assert_eq(ls_occupancy_rows(&ask, keep, &rows, NULL, &err), LS_OK, "%s", err.text);
    return rows;
}

Test(occupancy_rows, channels_that_were_used_follow_their_band) {
    struct rows rows = rows_of("gsm-r-uplink", true, false);
    cr_assert_eq(rows.count, 3, "the band and two channels");
    cr_expect_str_eq(rows.sensor[0], "km-12");
    cr_expect_not(rows.row[0].is_channel);
    cr_expect_eq(rows.row[0].value.transmissions, 4, "900 MHz is not in this band");
    cr_expect_float_eq(rows.row[0].value.observed_s, 100.0, 1e-9, "what was lost is not observed");
    cr_expect_float_eq(rows.row[0].value.percent, 100.0 * (20 + 10 + 5) * 190e3 / (100 * 4e6),
                       1e-6);
    cr_expect(rows.row[1].is_channel && rows.row[2].is_channel);
    cr_expect_float_eq(rows.row[1].low_hz, 876.3e6, 1.0);
    cr_expect_float_eq(rows.row[1].value.percent, 20.0, 1e-9);
    cr_expect_float_eq(rows.row[2].value.percent, 15.0, 1e-9, "cut where observation ended");
}

Test(occupancy_rows, recordings_without_a_clock_follow_each_other) {
    struct rows rows = rows_of("ism-433", false, false);
    cr_assert_eq(rows.count, 1);
    cr_expect_str_eq(rows.sensor[0], "recording");
    cr_expect_float_eq(rows.row[0].value.observed_s, 20.0, 1e-9, "not 10 s seen twice");
    cr_expect_eq(rows.row[0].value.transmissions, 1, "a carrier without width is one");
    struct ls_band narrow = *ls_plan_band(plan, "ism-433");
    narrow.low_hz = 433.9e6;
    narrow.high_hz = 433.94e6;
    narrow.raster_hz = 40e3;
    narrow.first_hz = 433.92e6;
    struct rows channel = {.count = 0};
    struct ls_occupancy_ask ask = {
        .query = &query, .bands = &narrow, .band_count = 1, .channels = true};
    cr_assert_eq(ls_occupancy_rows(&ask, keep, &channel, NULL, NULL), LS_OK);
    cr_assert_eq(channel.count, 2);
    cr_expect_float_eq(channel.row[1].value.percent, 25.0, 1e-9);
}

Test(occupancy_rows, since_and_until_cut_what_lasts_beyond) {
    query.filter.has_since = true;
    query.filter.since_ns = day_ns + 20 * LS_NS_PER_S;
    query.filter.has_until = true;
    query.filter.until_ns = day_ns + 40 * LS_NS_PER_S;
    struct rows rows = rows_of("gsm-r-uplink", true, false);
    cr_assert_eq(rows.count, 2);
    cr_expect_float_eq(rows.row[1].value.observed_s, 20.0, 1e-9);
    cr_expect_float_eq(rows.row[1].value.percent, 50.0, 1e-9);
}

Test(occupancy_rows, never_observed_is_said_when_all_is_asked) {
    struct rows some = rows_of(NULL, false, false);
    struct rows all = rows_of(NULL, false, true);
    cr_expect_eq(all.count, 2 * plan->band_count, "each sensor, each band");
    cr_expect_lt(some.count, all.count);
    for (size_t i = 0; i < all.count; i++) {
        bool observed = all.row[i].value.observed_s > 0.0;
        cr_expect_eq(isnan(all.row[i].value.percent), !observed);
    }
    for (size_t i = 0; i < some.count; i++) {
        cr_expect_gt(some.row[i].value.observed_s, 0.0);
    }
}

Test(occupancy_rows, a_sensor_is_chosen_by_name) {
    query.filter.sensor = "recording";
    struct rows rows = rows_of(NULL, false, false);
    cr_assert_gt(rows.count, 0);
    for (size_t i = 0; i < rows.count; i++) {
        cr_expect_str_eq(rows.sensor[i], "recording");
    }
}
