#include "store/health.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "tests/store/database.h"

static struct database database;

static void make_folder(void) { database_init(&database); }
static void remove_folder(void) { database_finish(&database); }

TestSuite(health, .init = make_folder, .fini = remove_folder);

static struct ls_health row_at(int64_t t_ns, const char *sensor) {
    struct ls_health row = {.t_ns = t_ns,
                            .level = LS_HEALTH_WARN,
                            .value = 71.5,
                            .subject = "temperature",
                            .unit = "C",
                            .text = "warm"};
    ls_copy_text(row.sensor, sizeof row.sensor, sensor);
    return row;
}

struct seen {
    size_t count;
    struct ls_health last;
};

static int see(void *context, const struct ls_health *row, struct ls_err *err) {
    (void)err;
    struct seen *seen = context;
    cr_expect_geq(row->t_ns, seen->last.t_ns, "rows come in order of time");
    seen->count++;
    seen->last = *row;
    return LS_OK;
}

static size_t count(struct ls_store *store, const struct ls_filter *filter) {
    struct seen seen = {.last = {.t_ns = INT64_MIN}};
    struct ls_err err = {0};
    cr_assert_eq(ls_store_each_health(store, filter, see, &seen, &err), LS_OK, "%s", err.text);
    return seen.count;
}

Test(health, rows_come_back_as_they_went_in) {
    struct ls_store *store = database_open(&database, LS_STORE_WRITE);
    struct ls_err err = {0};
    struct ls_health rows[] = {row_at(3000, "km-2"), row_at(1000, "km-1"), row_at(2000, "km-1")};
    rows[1].value = (double)NAN;
    cr_assert_eq(ls_store_add_health(store, rows, 3, &err), LS_OK, "%s", err.text);
    struct seen seen = {.last = {.t_ns = INT64_MIN}};
    cr_assert_eq(ls_store_each_health(store, &(struct ls_filter){0}, see, &seen, &err), LS_OK);
    cr_expect_eq(seen.count, 3);
    cr_expect_str_eq(seen.last.sensor, "km-2");
    cr_expect_str_eq(seen.last.subject, "temperature");
    cr_expect_eq(seen.last.level, LS_HEALTH_WARN);
    cr_expect_eq(seen.last.value, 71.5);
    cr_expect_str_eq(seen.last.text, "warm");
    cr_expect_eq(count(store, &(struct ls_filter){.sensor = "km-1"}), 2);
    cr_expect_eq(count(store, &(struct ls_filter){.sensor = "nowhere"}), 0);
    cr_expect_eq(count(store, &(struct ls_filter){.has_since = true, .since_ns = 2000}), 2);
    cr_expect_eq(count(store, &(struct ls_filter){.has_until = true, .until_ns = 2000}), 1);
    cr_expect_eq(count(store, &(struct ls_filter){.limit = 2}), 2);
    database_expect_sound(store);
    ls_store_close(store);
}

static int refuse_first(void *context, const char *path) {
    ++*(int *)context;
    return strcmp(path, "a.sigmf-meta") == 0 ? LS_ERR_IO : LS_OK;
}

Test(health, snippets_expire_once_their_files_are_gone) {
    struct ls_store *store = database_open(&database, LS_STORE_WRITE);
    struct ls_err err = {0};
    struct ls_store_snippet row = {.sensor = "km-1",
                                   .transmission_id = 4,
                                   .case_id = "C-7",
                                   .path = "a.sigmf-meta",
                                   .sha512 = "00",
                                   .bytes = 1000,
                                   .expires_ns = 100};
    cr_assert_eq(ls_store_add_snippet(store, &row, &err), LS_OK, "%s", err.text);
    row.path = "b.sigmf-meta";
    cr_assert_eq(ls_store_add_snippet(store, &row, &err), LS_OK);
    row.expires_ns = 300;
    cr_assert_eq(ls_store_add_snippet(store, &row, &err), LS_OK);
    uint64_t bytes = 0;
    cr_expect_eq(ls_store_snippet_bytes(store, &bytes, &err), LS_OK);
    cr_expect_eq(bytes, 3000);
    int calls = 0;
    size_t deleted = 9;
    cr_expect_eq(ls_store_expire_snippets(store, 200, true, refuse_first, &calls, &deleted, &err),
                 LS_OK);
    cr_expect_eq(deleted, 2);
    cr_expect_eq(calls, 0);
    cr_expect_eq(ls_store_expire_snippets(store, 200, false, refuse_first, &calls, &deleted, &err),
                 LS_OK);
    cr_expect_eq(calls, 2);
    cr_expect_eq(deleted, 1, "one could not be deleted and stays");
    cr_expect_eq(ls_store_snippet_bytes(store, &bytes, &err), LS_OK);
    cr_expect_eq(bytes, 2000);
    row.case_id = "";
    cr_expect_neq(ls_store_add_snippet(store, &row, &err), LS_OK, "no snippet without a case");
    ls_store_close(store);
}
