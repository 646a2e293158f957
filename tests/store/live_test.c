/* A run that grows: what was appended is there, sound after every step, and after the writer was
 * killed. */
#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

TestSuite(live, .init = open_fresh, .fini = close_and_remove);

/* A run under way: its ids and the next row of its ledger. */
struct growing {
    struct ls_run run;
    int64_t transmission;
    int64_t observation;
};

static struct growing begin(struct ls_store *to, int64_t started_ns) {
    struct ls_err err = {0};
    struct growing growing = {.run = database_run("", started_ns, started_ns)};
    ls_copy_text(growing.run.verb, sizeof growing.run.verb, "watch");
    growing.run.started_ns = started_ns;
    int code = ls_store_begin_live(to, &growing.run, &growing.run.id, &growing.transmission,
                                   &growing.observation, &err);
    cr_assert_eq(code, LS_OK, "%s", err.text);
    return growing;
}

/* The ledger so far, as one observed row that grows, and `count` transmissions of its last second,
 * of which the first has been on since the run began. */
static int append(struct ls_store *to, struct growing *growing, int64_t seconds, bool finish,
                  struct ls_err *err) {
    growing->run.last_ns = growing->run.first_ns + seconds * LS_NS_PER_S;
    struct ls_observation heard = database_observation(growing->run.first_ns, growing->run.last_ns);
    heard.id = growing->observation;
    struct ls_transmission rows[2];
    rows[0] = database_transmission(growing->run.first_ns, (double)seconds, 876.2e6);
    rows[0].id = growing->transmission;
    rows[1] = database_transmission(growing->run.last_ns - LS_NS_PER_S / 2, 0.25, 877.4e6);
    rows[1].id = growing->transmission + seconds;
    struct ls_store_rows all = {.transmissions = rows,
                                .transmission_count = 2,
                                .observations = &heard,
                                .observation_count = 1};
    return ls_store_append(to, &growing->run, &all, finish, err);
}

static void expect_append(struct growing *growing, int64_t seconds, bool finish) {
    struct ls_err err = {0};
    cr_assert_eq(append(store, growing, seconds, finish, &err), LS_OK, "%s", err.text);
}

static int take_run(void *context, const struct ls_run *row, struct ls_err *err) {
    (void)err;
    struct ls_run *last = context;
    *last = *row;
    return LS_OK;
}

static struct ls_run last_run(void) {
    struct ls_err err = {0};
    struct ls_run run = {0};
    cr_assert_eq(ls_store_each_run(store, take_run, &run, &err), LS_OK, "%s", err.text);
    return run;
}

struct ledger {
    struct ls_observation rows[8];
    size_t count;
};

static int take_observation(void *context, const struct ls_observation *row, struct ls_err *err) {
    (void)err;
    struct ledger *ledger = context;
    cr_assert_lt(ledger->count, LS_COUNT(ledger->rows));
    ledger->rows[ledger->count++] = *row;
    return LS_OK;
}

static struct ledger read_ledger(void) {
    struct ls_err err = {0};
    struct ledger ledger = {0};
    struct ls_filter all = {0};
    cr_assert_eq(ls_store_each_observation(store, &all, take_observation, &ledger, &err), LS_OK);
    return ledger;
}

Test(live, a_reader_sees_every_append) {
    struct growing growing = begin(store, day_ns);
    struct ls_store *reader = database_open(&database, LS_STORE_READ);
    for (int64_t s = 1; s <= 3; s++) {
        expect_append(&growing, s, false);
        cr_expect_eq(database_count(reader, NULL), (size_t)s + 1);
        database_expect_sound(reader);
    }
    ls_store_close(reader);
    cr_expect(last_run().incomplete, "a run under way is not complete");
    expect_append(&growing, 4, true);
    cr_expect_not(last_run().incomplete);
    cr_expect_eq(last_run().last_ns, day_ns + 4 * LS_NS_PER_S);
    database_expect_sound(store);
}

Test(live, a_row_that_grows_keeps_its_id) {
    struct growing growing = begin(store, day_ns);
    /* From below 256 s to above 16384 s: its cell changes twice. */
    const int64_t steps[] = {1, 200, 300, 16000, 17000, 100000};
    for (size_t i = 0; i < LS_COUNT(steps); i++) {
        expect_append(&growing, steps[i], false);
        database_expect_sound(store);
        struct found_rows found = database_read(store, NULL);
        cr_expect_eq(found.count, i + 2);
        cr_expect_eq(found.rows[0].id, growing.transmission);
        cr_expect_eq(found.rows[0].duration_ns, steps[i] * LS_NS_PER_S);
        free(found.rows);
        cr_expect_eq(read_ledger().count, 1);
    }
    expect_append(&growing, 100001, true);
}

Test(live, the_same_rows_twice_are_stored_once) {
    struct growing growing = begin(store, day_ns);
    expect_append(&growing, 1, false);
    expect_append(&growing, 1, false);
    cr_expect_eq(database_count(store, NULL), 2);
    expect_append(&growing, 1, true);
    database_expect_sound(store);
}

Test(live, another_run_may_be_stored_meanwhile) {
    struct growing growing = begin(store, day_ns);
    expect_append(&growing, 1, false);
    struct ls_store *other = database_open(&database, LS_STORE_WRITE);
    struct ls_run run = database_run("aa", day_ns, day_ns + LS_NS_PER_S);
    database_store_run(other, &run, 10);
    ls_store_close(other);
    expect_append(&growing, 2, false);
    expect_append(&growing, 3, true);
    cr_expect_eq(database_count(store, NULL), 14);
    database_expect_sound(store);
}

Test(live, ids_that_were_not_used_are_given_back) {
    struct growing first = begin(store, day_ns);
    expect_append(&first, 1, true);
    struct growing second = begin(store, day_ns + 10 * LS_NS_PER_S);
    cr_expect_eq(second.transmission, first.transmission + 2);
    cr_expect_eq(second.observation, first.observation + 1);
    expect_append(&second, 1, true);
    database_expect_sound(store);
}

Test(live, a_refused_row_stores_nothing_and_the_run_goes_on) {
    struct growing growing = begin(store, day_ns);
    expect_append(&growing, 1, false);
    struct ls_err err = {0};
    struct ls_transmission bad = database_transmission(day_ns, 0.5, 876.2e6);
    bad.id = growing.transmission - 1;
    struct ls_store_rows rows = {.transmissions = &bad, .transmission_count = 1};
    cr_expect_eq(ls_store_append(store, &growing.run, &rows, false, &err), LS_ERR_ARG);
    cr_expect_eq(database_count(store, NULL), 2);
    expect_append(&growing, 2, true);
    database_expect_sound(store);
}

Test(live, a_locked_database_is_tried_again) {
    struct growing growing = begin(store, day_ns);
    expect_append(&growing, 1, false);
    sqlite3 *other;
    cr_assert_eq(sqlite3_open(database.path, &other), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    struct ls_err err = {0};
    cr_expect_eq(append(store, &growing, 2, false, &err), LS_ERR_BUSY);
    cr_expect_not_null(strstr(err.text, "locked"));
    cr_assert_eq(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    expect_append(&growing, 2, true);
    cr_expect_eq(database_count(store, NULL), 3);
    database_expect_sound(store);
}

/* Leaves a run behind as a killed program does. */
static void leave_broken(int64_t seconds) {
    pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0) {
        struct ls_err err = {0};
        struct ls_store *mine = database_open(&database, LS_STORE_WRITE);
        struct growing growing = begin(mine, day_ns);
        int code = seconds > 0 ? append(mine, &growing, seconds, false, &err) : LS_OK;
        _exit(code == LS_OK ? 0 : 1);
    }
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0);
}

Test(live, the_next_run_closes_what_a_kill_left_open) {
    leave_broken(5);
    database_expect_sound(store);
    cr_expect(last_run().incomplete);
    struct growing growing = begin(store, day_ns + 60 * LS_NS_PER_S);
    database_expect_sound(store);
    struct ledger ledger = read_ledger();
    cr_assert_eq(ledger.count, 2);
    cr_expect_eq(ledger.rows[1].state, LS_OFF);
    cr_expect_str_eq(ledger.rows[1].cause, "crash");
    cr_expect_eq(ledger.rows[1].start_ns, day_ns + 5 * LS_NS_PER_S);
    cr_expect_eq(ledger.rows[1].stop_ns, day_ns + 60 * LS_NS_PER_S);
    expect_append(&growing, 1, true);
    cr_expect_eq(database_count(store, NULL), 4, "rows of both runs");
    database_expect_sound(store);
}

Test(live, a_run_killed_before_its_first_row_is_closed_too) {
    leave_broken(0);
    struct growing growing = begin(store, day_ns + LS_NS_PER_S);
    expect_append(&growing, 1, true);
    cr_expect_eq(read_ledger().count, 1);
    database_expect_sound(store);
}

Test(live, a_clock_that_went_back_leaves_no_negative_row) {
    leave_broken(5);
    struct growing growing = begin(store, day_ns - LS_NS_PER_S);
    expect_append(&growing, 1, true);
    cr_expect_eq(read_ledger().count, 2);
    database_expect_sound(store);
}

Test(live, a_run_closed_by_another_program_is_not_written_on) {
    struct growing growing = begin(store, day_ns);
    expect_append(&growing, 1, false);
    struct ls_store *other = database_open(&database, LS_STORE_WRITE);
    struct growing second = begin(other, day_ns + 60 * LS_NS_PER_S);
    struct ls_err err = {0};
    cr_expect_eq(append(store, &growing, 2, false, &err), LS_ERR_NOTFOUND);
    cr_expect_not_null(strstr(err.text, "another program"));
    cr_expect_eq(append(other, &second, 1, true, &err), LS_OK, "%s", err.text);
    ls_store_close(other);
    database_expect_sound(store);
}
