/* Rows go in and come out: values, order, filters, replacement. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "tests/store/database.h"

static const int64_t day_ns = INT64_C(1763625600000000000); /* 2025-11-20T08:00:00Z */

static struct database database;
static struct ls_store *store;

static void open_fresh(void) {
    database_init(&database);
    store = database_open(&database, LS_STORE_WRITE);
}

static void close_and_remove(void) {
    ls_store_close(store);
    cr_expect_eq(database_other_files(&database), 0, "files are left behind");
    database_finish(&database);
}

TestSuite(store, .init = open_fresh, .fini = close_and_remove);

static void begin(const struct ls_run *run, int64_t *ret_first) {
    struct ls_err err = {0};
    int64_t run_id;
    cr_assert_eq(ls_store_begin_run(store, run, &run_id, ret_first, &err), LS_OK, "%s", err.text);
}

static void add(const struct ls_transmission *row) {
    struct ls_err err = {0};
    cr_assert_eq(ls_store_add_transmission(store, row, &err), LS_OK, "%s", err.text);
}

static void finish(const struct ls_run *run) {
    struct ls_err err = {0};
    cr_assert_eq(ls_store_finish_run(store, run, &err), LS_OK, "%s", err.text);
}

static void add_whole_observation(const struct ls_run *run) {
    struct ls_err err = {0};
    struct ls_observation all = database_observation(run->first_ns, run->last_ns);
    cr_assert_eq(ls_store_add_observation(store, &all, &err), LS_OK, "%s", err.text);
}

static bool same_real(double a, double b) { return a == b || (isnan(a) && isnan(b)); }

static void expect_same(const struct ls_transmission *a, const struct ls_transmission *b) {
    cr_expect_str_eq(a->sensor, b->sensor);
    cr_expect_str_eq(a->class_name, b->class_name);
    cr_expect_eq(a->start_ns, b->start_ns);
    cr_expect_eq(a->duration_ns, b->duration_ns);
    cr_expect(same_real(a->center_hz, b->center_hz));
    cr_expect(same_real(a->bandwidth_hz, b->bandwidth_hz));
    cr_expect(same_real(a->snr_db, b->snr_db));
    cr_expect(same_real(a->level_dbfs, b->level_dbfs));
    cr_expect(same_real(a->offset_hz, b->offset_hz));
    cr_expect_eq(a->bursts, b->bursts);
    cr_expect(same_real(a->on_s, b->on_s));
    cr_expect(same_real(a->burst_s, b->burst_s));
    cr_expect(same_real(a->period_s, b->period_s));
    cr_expect_eq(a->flags, b->flags);
}

Test(store, values_come_back_as_they_went_in) {
    struct ls_run run = database_run("aa", day_ns, day_ns + 10 * LS_NS_PER_S);
    int64_t first;
    begin(&run, &first);
    struct ls_transmission full = database_transmission(day_ns + 1, 0.1, 876412345.25);
    struct ls_transmission bare = {.start_ns = day_ns + 2,
                                   .duration_ns = 1,
                                   .center_hz = 5.9e9,
                                   .snr_db = (double)NAN,
                                   .level_dbfs = (double)NAN,
                                   .offset_hz = (double)NAN,
                                   .on_s = (double)NAN,
                                   .burst_s = (double)NAN,
                                   .period_s = (double)NAN};
    add(&full);
    add(&bare);
    add_whole_observation(&run);
    finish(&run);
    struct found_rows found = database_read(store, NULL);
    cr_assert_eq(found.count, 2);
    expect_same(&found.rows[0], &full);
    cr_expect_eq(found.rows[0].id, first);
    cr_expect_eq(found.rows[1].id, first + 1);
    ls_copy_text(bare.sensor, sizeof bare.sensor, run.sensor); /* a row without one has its run's */
    expect_same(&found.rows[1], &bare);
    free(found.rows);
    database_expect_sound(store);
}

Test(store, rows_come_in_order_of_start_then_centre_then_id) {
    struct ls_run run = database_run("aa", day_ns, day_ns + 100 * LS_NS_PER_S);
    int64_t first;
    begin(&run, &first);
    uint32_t x = 1;
    for (size_t i = 0; i < 5000; i++) {
        x = x * 1664525u + 1013904223u; /* Numerical Recipes' quick generator */
        struct ls_transmission row = database_transmission(
            day_ns + (int64_t)(x >> 22) * 10000000, 0.02, 876e6 + 25e3 * (double)(x >> 8 & 7));
        add(&row);
    }
    add_whole_observation(&run);
    finish(&run);
    struct found_rows found = database_read(store, NULL);
    cr_assert_eq(found.count, 5000);
    for (size_t i = 1; i < found.count; i++) {
        const struct ls_transmission *a = &found.rows[i - 1];
        const struct ls_transmission *b = &found.rows[i];
        cr_assert(a->start_ns < b->start_ns || (a->start_ns == b->start_ns &&
                                                (a->center_hz < b->center_hz ||
                                                 (a->center_hz == b->center_hz && a->id < b->id))));
    }
    free(found.rows);
}

/* Rows of a run that the next one is stored between. */
static void store_rows(const char *digest, size_t count, int64_t from_ns, int64_t step_ns,
                       size_t swapped) {
    struct ls_run run =
        database_run(digest, from_ns, from_ns + (int64_t)count * step_ns + LS_NS_PER_S);
    int64_t first;
    begin(&run, &first);
    for (size_t i = 0; i < count; i++) {
        size_t at = i == swapped ? i + 1 : i > 0 && i - 1 == swapped ? i - 1 : i;
        struct ls_transmission row = database_transmission(from_ns + (int64_t)at * step_ns, 0.02,
                                                           876e6 + 25e3 * (double)(at * 5 % 8));
        add(&row);
    }
    finish(&run);
}

/* A walk over everything goes along the table where it can, one with a range of frequencies never
 * does: both see the same. */
static void expect_one_order(size_t count) {
    struct ls_filter range = {.has_freq = true, .low_hz = 1e6, .high_hz = 1e10};
    struct found_rows all = database_read(store, NULL);
    struct found_rows found = database_read(store, &range);
    cr_assert_eq(all.count, count);
    cr_assert_eq(found.count, count);
    size_t wrong = 0; /* one assertion for all: each is a message to the runner */
    for (size_t i = 0; i < count; i++) {
        const struct ls_transmission *one = &all.rows[i];
        const struct ls_transmission *other = &found.rows[i];
        wrong += one->id != other->id || one->start_ns != other->start_ns ||
                 one->duration_ns != other->duration_ns || one->center_hz != other->center_hz ||
                 strcmp(one->sensor, other->sensor) != 0 ||
                 strcmp(one->class_name, other->class_name) != 0 ||
                 (i > 0 && one->start_ns < all.rows[i - 1].start_ns);
    }
    cr_expect_eq(wrong, 0, "%zu of %zu rows", wrong, count);
    free(all.rows);
    free(found.rows);
}

Test(store, order_is_the_same_along_the_table_and_by_the_index) {
    enum { ROWS = 1000 };
    const int64_t step_ns = 10000000;
    store_rows("aa", ROWS, day_ns, step_ns, SIZE_MAX);
    expect_one_order(ROWS);
    /* Two rows in the wrong order, two of one moment, and then a run in the middle of another. */
    store_rows("bb", ROWS, day_ns + 1000 * LS_NS_PER_S, step_ns, 721);
    store_rows("cc", ROWS, day_ns + 2000 * LS_NS_PER_S, 0, SIZE_MAX);
    expect_one_order(3 * (size_t)ROWS);
    store_rows("dd", ROWS / 2, day_ns + 3 * LS_NS_PER_S + 1, step_ns, SIZE_MAX);
    expect_one_order(3 * (size_t)ROWS + ROWS / 2);
}

Test(store, an_unfinished_run_shows_nothing_and_keeps_the_old_rows) {
    struct ls_run run = database_run("aa", day_ns, day_ns + 10 * LS_NS_PER_S);
    database_store_run(store, &run, 5);
    int64_t first;
    begin(&run, &first);
    struct ls_transmission row = database_transmission(day_ns, 1.0, 877e6);
    add(&row);
    struct ls_store *reader = database_open(&database, LS_STORE_READ);
    cr_expect_eq(database_count(reader, NULL), 5);
    ls_store_close(reader);
    ls_store_abandon_run(store);
    cr_expect_eq(database_count(store, NULL), 5);
    cr_expect_eq(database_count_runs(store), 1);
    int64_t again;
    begin(&run, &again);
    cr_expect_eq(again, first, "an abandoned run gives its ids back");
    ls_store_abandon_run(store);
}

Test(store, the_same_input_replaces_its_rows) {
    struct ls_run run = database_run("aa", day_ns, day_ns + 10 * LS_NS_PER_S);
    struct ls_run other = database_run("bb", day_ns, day_ns + 10 * LS_NS_PER_S);
    database_store_run(store, &run, 5);
    database_store_run(store, &other, 7);
    database_store_run(store, &run, 3);
    cr_expect_eq(database_count(store, NULL), 10);
    cr_expect_eq(database_count_runs(store), 2);
    database_expect_sound(store);
}

Test(store, another_sensor_or_verb_or_no_digest_replaces_nothing) {
    struct ls_run run = database_run("aa", day_ns, day_ns + 10 * LS_NS_PER_S);
    database_store_run(store, &run, 1);
    ls_copy_text(run.verb, sizeof run.verb, "import");
    database_store_run(store, &run, 1);
    ls_copy_text(run.sensor, sizeof run.sensor, "km-13");
    database_store_run(store, &run, 1);
    run.input_sha512[0] = '\0';
    database_store_run(store, &run, 1);
    database_store_run(store, &run, 1);
    cr_expect_eq(database_count(store, NULL), 5);
    cr_expect_eq(database_count_runs(store), 5);
}

Test(store, two_runs_at_once_have_ids_of_their_own) {
    struct ls_run run = database_run("aa", day_ns, day_ns + 10 * LS_NS_PER_S);
    struct ls_run other = database_run("bb", day_ns, day_ns + 10 * LS_NS_PER_S);
    int64_t first;
    begin(&run, &first);
    struct ls_store *second = database_open(&database, LS_STORE_WRITE);
    database_store_run(second, &other, 4);
    ls_store_close(second);
    struct ls_transmission row = database_transmission(day_ns, 1.0, 877e6);
    add(&row);
    add_whole_observation(&run);
    finish(&run);
    cr_expect_eq(database_count(store, NULL), 5);
    database_expect_sound(store);
}

Test(store, a_filter_keeps_what_overlaps) {
    struct ls_run run = database_run("aa", day_ns, day_ns + 100 * LS_NS_PER_S);
    int64_t first;
    begin(&run, &first);
    struct ls_transmission carrier = database_transmission(day_ns, 90.0, 877e6);
    struct ls_transmission early = database_transmission(day_ns + 10 * LS_NS_PER_S, 1.0, 878e6);
    struct ls_transmission late = database_transmission(day_ns + 50 * LS_NS_PER_S, 1.0, 878e6);
    add(&carrier);
    add(&early);
    add(&late);
    add_whole_observation(&run);
    finish(&run);
    struct ls_filter filter = {.has_since = true, .since_ns = day_ns + 11 * LS_NS_PER_S};
    cr_expect_eq(database_count(store, &filter), 2, "a row that stops at since is over");
    filter.since_ns -= 1;
    cr_expect_eq(database_count(store, &filter), 3);
    filter = (struct ls_filter){.has_until = true, .until_ns = day_ns + 50 * LS_NS_PER_S};
    cr_expect_eq(database_count(store, &filter), 2, "a row that starts at until is outside");
    filter.until_ns += 1;
    cr_expect_eq(database_count(store, &filter), 3);
    filter = (struct ls_filter){.has_freq = true, .low_hz = 877006250.0, .high_hz = 877.5e6};
    cr_expect_eq(database_count(store, &filter), 1, "the upper edge touches");
    filter.low_hz += 1.0;
    cr_expect_eq(database_count(store, &filter), 0);
    filter = (struct ls_filter){.class_name = "fsk", .sensor = "km-12.4"};
    cr_expect_eq(database_count(store, &filter), 3);
    filter.class_name = "gsm";
    cr_expect_eq(database_count(store, &filter), 0);
    filter = (struct ls_filter){.sensor = "km-99"};
    cr_expect_eq(database_count(store, &filter), 0);
    filter = (struct ls_filter){.limit = 2};
    cr_expect_eq(database_count(store, &filter), 2);
}

Test(store, times_before_1970_and_recordings_without_a_clock_are_found) {
    struct ls_run old = database_run("aa", -5 * LS_NS_PER_S, 5 * LS_NS_PER_S);
    struct ls_run now = database_run("bb", day_ns, day_ns + 10 * LS_NS_PER_S);
    database_store_run(store, &old, 200);
    database_store_run(store, &now, 200);
    cr_expect_eq(database_count(store, NULL), 400);
    struct ls_filter filter = {.has_until = true, .until_ns = 0};
    cr_expect_eq(database_count(store, &filter), 100);
    filter = (struct ls_filter){.has_since = true, .since_ns = 0};
    cr_expect_eq(database_count(store, &filter), 300);
    struct ls_run far = database_run("cc", INT64_MIN + 1000, INT64_MIN + 2000 + LS_NS_PER_S);
    database_store_run(store, &far, 1);
    cr_expect_eq(database_count(store, NULL), 401);
    database_expect_sound(store);
}

static int stop_at_third(void *context, const struct ls_transmission *row, struct ls_err *err) {
    (void)row;
    return ++*(int *)context == 3 ? ls_err_set(err, LS_ERR_STOPPED, "enough") : LS_OK;
}

Test(store, a_callback_ends_the_walk_with_its_own_code) {
    struct ls_run run = database_run("aa", day_ns, day_ns + 10 * LS_NS_PER_S);
    database_store_run(store, &run, 5);
    struct ls_filter filter = {0};
    struct ls_err err = {0};
    int calls = 0;
    cr_expect_eq(ls_store_each_transmission(store, &filter, stop_at_third, &calls, &err),
                 LS_ERR_STOPPED);
    cr_expect_eq(calls, 3);
    cr_expect_eq(database_count(store, NULL), 5, "and the store goes on");
}

Test(store, rows_that_cannot_be_are_refused) {
    struct ls_run run = database_run("aa", day_ns, day_ns + 10 * LS_NS_PER_S);
    int64_t first;
    struct ls_err err = {0};
    begin(&run, &first);
    struct ls_transmission row = database_transmission(day_ns, 1.0, 877e6);
    row.duration_ns = 0;
    cr_expect_eq(ls_store_add_transmission(store, &row, &err), LS_ERR_ARG);
    row = database_transmission(day_ns, 1.0, (double)NAN);
    cr_expect_eq(ls_store_add_transmission(store, &row, &err), LS_ERR_ARG);
    row = database_transmission(INT64_MAX - 5, 1.0, 877e6);
    cr_expect_eq(ls_store_add_transmission(store, &row, &err), LS_ERR_ARG);
    row = database_transmission(day_ns, 1.0, 877e6);
    row.id = -1;
    cr_expect_eq(ls_store_add_transmission(store, &row, &err), LS_ERR_ARG);
    struct ls_observation observation = database_observation(day_ns, day_ns);
    cr_expect_eq(ls_store_add_observation(store, &observation, &err), LS_ERR_ARG);
    ls_store_abandon_run(store);
}

static int keep_run(void *context, const struct ls_run *run, struct ls_err *err) {
    (void)err;
    *(struct ls_run *)context = *run;
    return LS_OK;
}

Test(store, provenance_comes_back_with_its_final_values) {
    struct ls_run run = database_run("aa", day_ns, day_ns + 10 * LS_NS_PER_S);
    int64_t first;
    begin(&run, &first);
    add_whole_observation(&run);
    run.no_clock = true;
    run.incomplete = true;
    ls_copy_text(run.note, sizeof run.note, "rate guessed from the name");
    finish(&run);
    struct ls_run found;
    struct ls_err err = {0};
    cr_assert_eq(ls_store_each_run(store, keep_run, &found, &err), LS_OK);
    cr_expect_eq(found.id, 1);
    cr_expect_str_eq(found.sensor, "km-12.4");
    cr_expect_str_eq(found.input_sha512, "aa");
    cr_expect_str_eq(found.note, "rate guessed from the name");
    cr_expect_str_eq(found.plan, "eu/1");
    cr_expect(found.no_clock && found.incomplete);
    cr_expect_eq(found.first_ns, run.first_ns);
    cr_expect_eq(found.last_ns, run.last_ns);
}
