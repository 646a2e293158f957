#include "cli/query.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/time.h"
#include "base/util.h"
#include "cli/help.h"

/* A database with a run at 2026-11-20T08:00:00Z and one that has no clock, three transmissions a
 * second apart in each. */
static const int64_t clock_ns = INT64_C(1795161600) * LS_NS_PER_S;
enum { ROWS = 3 };

static char path[] = "query-test-XXXXXX";

static void store_run(struct ls_store *store, const char *input, char digit, bool no_clock) {
    struct ls_run run = {.sensor = "km-12.4",
                         .verb = "analyse",
                         .version = "0",
                         .options = "{}",
                         .plan = "eu/1",
                         .no_clock = no_clock};
    struct ls_err err = {.text = ""};
    int64_t id;
    int64_t first;
    run.first_ns = no_clock ? 0 : clock_ns;
    run.last_ns = run.first_ns + ROWS * LS_NS_PER_S;
    ls_copy_text(run.input, sizeof run.input, input);
    memset(run.input_sha512, digit, LS_SHA512_HEX_BYTES - 1);
    cr_assert_eq(ls_store_begin_run(store, &run, &id, &first, &err), LS_OK, "%s", err.text);
    for (int i = 0; i < ROWS; i++) {
        struct ls_transmission row = {.sensor = "km-12.4",
                                      .start_ns = run.first_ns + i * LS_NS_PER_S,
                                      .duration_ns = 1000000,
                                      .center_hz = 876.4e6,
                                      .bandwidth_hz = 200e3,
                                      .snr_db = (double)NAN,
                                      .level_dbfs = (double)NAN,
                                      .offset_hz = (double)NAN,
                                      .on_s = (double)NAN,
                                      .burst_s = (double)NAN,
                                      .period_s = (double)NAN};
        cr_assert_eq(ls_store_add_transmission(store, &row, &err), LS_OK, "%s", err.text);
    }
    struct ls_observation listened = {.sensor = "km-12.4",
                                      .start_ns = run.first_ns,
                                      .stop_ns = run.last_ns,
                                      .low_hz = 876e6,
                                      .high_hz = 880e6,
                                      .rate_sps = 4e6,
                                      .samples = 12000000};
    cr_assert_eq(ls_store_add_observation(store, &listened, &err), LS_OK, "%s", err.text);
    cr_assert_eq(ls_store_finish_run(store, &run, &err), LS_OK, "%s", err.text);
}

static void make_database(void) {
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    close(fd);
    struct ls_store *store = NULL;
    struct ls_err err = {.text = ""};
    cr_assert_eq(ls_store_open(&store, path, LS_STORE_WRITE, &err), LS_OK, "%s", err.text);
    store_run(store, "folder/clocked.sigmf-meta", 'a', false);
    store_run(store, "plain.cu8", 'b', true);
    ls_store_close(store);
}

static void remove_database(void) { unlink(path); }

TestSuite(query, .init = make_database, .fini = remove_database);

enum { WORDS_MAX = 8 };

/* words: NULL at the end. The caller finishes the query and destroys the arguments. */
static int ask(struct ls_query *ret, struct ls_args **ret_args, char *const words[WORDS_MAX],
               struct ls_err *err) {
    const struct ls_option_table *tables[] = {&ls_query_options, &ls_query_form_options,
                                              &ls_help_database_options, NULL};
    int n = 0;
    while (words[n] != NULL) {
        n++;
    }
    cr_assert_eq(ls_args_create(ret_args, tables, "lineside test", n, words, err), LS_OK, "%s",
                 err->text);
    struct ls_call call = {.args = *ret_args, .db_path = path};
    return ls_query_init(ret, &call, err);
}

static int count_row(void *context, const struct ls_transmission *row, struct ls_err *err) {
    (void)row;
    (void)err;
    (*(size_t *)context)++;
    return LS_OK;
}

static void assert_rows(char *const words[WORDS_MAX], size_t wanted, size_t wanted_left_out) {
    struct ls_query query;
    struct ls_args *args = NULL;
    struct ls_err err = {.text = ""};
    size_t rows = 0;
    size_t left_out = 0;
    cr_assert_eq(ask(&query, &args, words, &err), LS_OK, "%s", err.text);
    cr_assert_eq(ls_query_each_transmission(&query, count_row, &rows, &left_out, &err), LS_OK);
    cr_expect_eq(rows, wanted, "%s %s: %zu", words[0], words[1], rows);
    cr_expect_eq(left_out, wanted_left_out, "%s %s: %zu", words[0], words[1], left_out);
    ls_query_finish(&query);
    ls_args_destroy(args);
}

Test(query, without_bounds_all_rows_count) {
    assert_rows((char *[WORDS_MAX]){NULL}, 2 * ROWS, 0);
    assert_rows((char *[WORDS_MAX]){"--limit", "4", NULL}, 4, 0);
}

Test(query, rows_without_a_clock_have_no_place_in_time) {
    /* They are stored as 1970, which is before any --until. */
    assert_rows((char *[WORDS_MAX]){"--until", "2026-11-20T08:00:01.5Z", NULL}, 2, ROWS);
    assert_rows((char *[WORDS_MAX]){"--until", "2026-11-20", NULL}, 0, ROWS);
    assert_rows((char *[WORDS_MAX]){"--since", "2026-11-20", NULL}, ROWS, 0);
}

Test(query, a_limit_counts_what_is_shown_and_not_what_is_left_out) {
    assert_rows((char *[WORDS_MAX]){"--until", "2027-01-01", "--limit", "2", NULL}, 2, ROWS);
}

Test(query, a_band_is_one_of_the_plan_that_rows_were_made_with) {
    assert_rows((char *[WORDS_MAX]){"--band", "gsm-r-uplink", NULL}, 2 * ROWS, 0);
    assert_rows((char *[WORDS_MAX]){"--band", "gsm-r-downlink", NULL}, 0, 0);
    assert_rows((char *[WORDS_MAX]){"--band", "gsm-r-downlink", "--plan", "eu", NULL}, 0, 0);
}

static int refuse_row(void *context, const struct ls_transmission *row, struct ls_err *err) {
    (void)row;
    (*(size_t *)context)++;
    return ls_err_set(err, LS_ERR_FULL, "no room");
}

Test(query, a_failed_step_ends_the_walk_with_its_error) {
    struct ls_query query;
    struct ls_args *args = NULL;
    struct ls_err err = {.text = ""};
    size_t rows = 0;
    cr_assert_eq(ask(&query, &args, (char *[WORDS_MAX]){NULL}, &err), LS_OK, "%s", err.text);
    cr_expect_eq(ls_query_each_transmission(&query, refuse_row, &rows, NULL, &err), LS_ERR_FULL);
    cr_expect_eq(rows, 1);
    cr_expect_str_eq(err.text, "no room");
    ls_query_finish(&query);
    ls_args_destroy(args);
}

Test(query, runs_are_found_by_id_with_the_name_of_their_input) {
    struct ls_query query;
    struct ls_args *args = NULL;
    struct ls_err err = {.text = ""};
    cr_assert_eq(ask(&query, &args, (char *[WORDS_MAX]){NULL}, &err), LS_OK, "%s", err.text);
    cr_expect(ls_runs_without_clock(query.runs));
    const struct ls_runs_entry *first = ls_runs_find(query.runs, 1);
    const struct ls_runs_entry *second = ls_runs_find(query.runs, 2);
    cr_assert(first != NULL && second != NULL);
    cr_expect_str_eq(first->input, "clocked.sigmf-meta");
    cr_expect_str_eq(first->plan, "eu");
    cr_expect(!first->no_clock && second->no_clock);
    cr_expect_null(ls_runs_find(query.runs, 3));
    ls_query_finish(&query);
    ls_args_destroy(args);
}
