/* What the ledger of a hopping receiver says of a range, with sums that are known. */
#include "report/coverage.h"

#include <criterion/criterion.h>
#include <math.h>

#include "base/time.h"
#include "tests/store/database.h"

static const int64_t t0 = INT64_C(1760000000) * LS_NS_PER_S;

static struct database database;

static void make_folder(void) { database_init(&database); }
static void remove_folder(void) { database_finish(&database); }

TestSuite(coverage, .init = make_folder, .fini = remove_folder);

struct row {
    double from_s;
    double to_s;
    enum ls_observation_state state;
    double low_hz;
    double high_hz;
};

static struct ls_coverage read_rows(const struct row *rows, size_t count, double low_hz,
                                    double high_hz) {
    struct ls_store *store = database_open(&database, LS_STORE_WRITE);
    struct ls_run run = database_run("aa", t0, t0 + 100 * LS_NS_PER_S);
    struct ls_coverage_box box = {.sensor = run.sensor,
                                  .start_ns = t0,
                                  .stop_ns = t0 + 100 * LS_NS_PER_S,
                                  .low_hz = low_hz,
                                  .high_hz = high_hz};
    struct ls_coverage coverage;
    struct ls_err err = {0};
    int64_t run_id;
    int64_t id;
    cr_assert_eq(ls_store_begin_run(store, &run, &run_id, &id, &err), LS_OK, "%s", err.text);
    for (size_t i = 0; i < count; i++) {
        struct ls_observation row = database_observation(t0 + ls_ns_from_seconds(rows[i].from_s),
                                                         t0 + ls_ns_from_seconds(rows[i].to_s));
        row.state = rows[i].state;
        row.low_hz = rows[i].low_hz;
        row.high_hz = rows[i].high_hz;
        cr_assert_eq(ls_store_add_observation(store, &row, &err), LS_OK, "%s", err.text);
    }
    cr_assert_eq(ls_store_finish_run(store, &run, &err), LS_OK, "%s", err.text);
    cr_assert_eq(ls_coverage_init(&coverage, store, &box, &err), LS_OK, "%s", err.text);
    ls_store_close(store);
    return coverage;
}

/* Whole 10 s, in part 20 s, lost 5 s, retuning 5 s, elsewhere 30 s, off 10 s, and 20 s nothing. */
static const struct row hops[] = {
    {0, 10, LS_OBSERVED, 860e6, 880e6},  {10, 30, LS_OBSERVED, 869e6, 880e6},
    {30, 35, LS_LOST, 860e6, 880e6},     {35, 40, LS_RETUNING, 400e6, 420e6},
    {40, 70, LS_OBSERVED, 400e6, 420e6}, {70, 80, LS_OFF, 860e6, 880e6},
};

Test(coverage, every_moment_counts_once) {
    static const double truth[LS_COVERAGE_STATES] = {10, 20, 5, 5, 30, 10, 20};
    struct ls_coverage coverage = read_rows(hops, 6, 868e6, 870e6);
    for (size_t i = 0; i < LS_COVERAGE_STATES; i++) {
        cr_assert_float_eq(coverage.seconds[i], truth[i], 1e-6, "%s: %g s",
                           ls_coverage_words((enum ls_coverage_state)i), coverage.seconds[i]);
    }
    cr_assert_eq(coverage.count, 1, "10 and 20 s that abut are one");
    cr_assert_eq(coverage.cause_count, 3);
    ls_coverage_finish(&coverage);
}

Test(coverage, the_best_of_overlapping_rows_counts) {
    static const struct row two[] = {{0, 60, LS_OBSERVED, 860e6, 880e6},
                                     {20, 100, LS_OBSERVED, 400e6, 420e6}};
    struct ls_coverage coverage = read_rows(two, 2, 868e6, 870e6);
    cr_assert_float_eq(coverage.seconds[LS_COVERAGE_WHOLE], 60.0, 1e-6);
    cr_assert_float_eq(coverage.seconds[LS_COVERAGE_AWAY], 40.0, 1e-6);
    cr_assert_float_eq(coverage.seconds[LS_COVERAGE_UNKNOWN], 0.0, 1e-6);
    ls_coverage_finish(&coverage);
}

Test(coverage, shares_and_phases_hold_the_time_listened) {
    static const struct row two[] = {{0, 25, LS_OBSERVED, 860e6, 880e6},
                                     {50, 53, LS_OBSERVED, 860e6, 880e6}};
    struct ls_coverage coverage = read_rows(two, 2, 868e6, 870e6);
    double shares[10];
    double phases[5];
    static const double truth[10] = {1, 1, 0.5, 0, 0, 0.3, 0, 0, 0, 0};
    ls_coverage_shares(&coverage, 10, shares);
    for (size_t i = 0; i < 10; i++) {
        cr_assert_float_eq(shares[i], truth[i], 1e-9, "%zu: %g", i, shares[i]);
    }
    /* A period of 10 s that begins at -5 s: 25 s are two turns and 5 s of the second half; then 3 s
     * from phase 5 s on. */
    static const double heard[5] = {4, 4, 4 + 1 + 1, 4 + 2 + 2, 4 + 2};
    ls_coverage_by_phase(&coverage, t0 - 5 * LS_NS_PER_S, 10.0, 5, phases);
    double sum = 0.0;
    for (size_t i = 0; i < 5; i++) {
        sum += phases[i];
        cr_assert_float_eq(phases[i], heard[i], 1e-6, "%zu: %g", i, phases[i]);
    }
    cr_assert_float_eq(sum, 28.0, 1e-6);
    ls_coverage_finish(&coverage);
}
