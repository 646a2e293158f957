/* Emitters go in with their ties and come out; they go with their transmissions. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "store/emitters.h"
#include "store/patterns.h"
#include "store/prune.h"
#include "tests/store/database.h"

static struct database database;
static struct ls_store *store;

static void open_fresh(void) {
    database_init(&database);
    store = database_open(&database, LS_STORE_WRITE);
    struct ls_run run = database_run("aa", 0, 10 * LS_NS_PER_S);
    database_store_run(store, &run, 10);
}

static void close_and_remove(void) {
    database_expect_sound(store);
    ls_store_close(store);
    database_finish(&database);
}

TestSuite(emitters, .init = open_fresh, .fini = close_and_remove);

static struct ls_emitter emitter(int64_t id, int64_t part_of) {
    struct ls_emitter row = {.id = id,
                             .part_of = part_of,
                             .class_name = "fsk",
                             .transmissions = 5,
                             .first_ns = id,
                             .last_ns = LS_NS_PER_S,
                             .on_s = 0.05,
                             .low_hz = 876e6,
                             .high_hz = 877e6,
                             .center_hz = 876.5e6,
                             .bandwidth_hz = 200e3,
                             .duration_s = 0.01,
                             .level_dbfs = -40.0,
                             .level_spread_db = 2.0,
                             .offset_hz = (double)NAN,
                             .period_s = 0.05,
                             .jitter_s = 0.001,
                             .hops = true,
                             .score = 0.9};
    struct ls_run run = database_run("aa", 0, 1);
    ls_copy_text(row.sensor, sizeof row.sensor, run.sensor);
    return row;
}

static void put(const struct ls_emitter_rows *rows, int64_t known_id, int64_t from_ns) {
    struct ls_err err = {0};
    cr_assert_eq(ls_store_clear_emitters(store, &err), LS_OK, "%s", err.text);
    cr_assert_eq(ls_store_stage_emitters(store, rows, &err), LS_OK, "%s", err.text);
    cr_assert_eq(ls_store_begin_patterns(store, &err), LS_OK, "%s", err.text);
    cr_assert_eq(ls_store_put_emitters(store, known_id, from_ns, &err), LS_OK, "%s", err.text);
    cr_assert_eq(ls_store_finish_patterns(store, &err), LS_OK, "%s", err.text);
}

/* Emitter 1, of which 2 is a part, and 3; transmissions 1 to 6. */
static void put_three(void) {
    const struct ls_emitter emitters[] = {emitter(1, 0), emitter(2, 1), emitter(3, 0)};
    struct ls_tie ties[6];
    for (int i = 0; i < 6; i++) {
        ties[i] = (struct ls_tie){.transmission_id = i + 1,
                                  .emitter_id = i / 2 + 1,
                                  .alike = LS_TIE_CHANNEL,
                                  .percent = 90};
    }
    const struct ls_emitter_event event = {
        .t_ns = 7, .emitter_id = 1, .other_id = 2, .text = "hops"};
    const struct ls_emitter_rows rows = {.links = ties,
                                         .link_count = 6,
                                         .emitters = emitters,
                                         .emitter_count = 3,
                                         .events = &event,
                                         .event_count = 1};
    put(&rows, 0, 0);
}

struct seen {
    struct ls_emitter rows[8];
    size_t count;
    size_t events;
    size_t links;
};

static int see(void *context, const struct ls_emitter *row, struct ls_err *err) {
    struct seen *seen = context;
    (void)err;
    cr_assert_lt(seen->count, LS_COUNT(seen->rows));
    seen->rows[seen->count++] = *row;
    return LS_OK;
}

static int see_event(void *context, const struct ls_emitter_event *row, struct ls_err *err) {
    struct seen *seen = context;
    (void)err;
    seen->events++;
    cr_expect_str_eq(row->text, "hops");
    cr_expect(!row->split);
    return LS_OK;
}

static int see_link(void *context, const struct ls_transmission *row, const char *reason,
                    unsigned percent, struct ls_err *err) {
    struct seen *seen = context;
    (void)err;
    seen->links++;
    cr_expect_gt(row->id, 0);
    cr_expect_str_eq(reason, "channel");
    cr_expect_eq(percent, 90);
    return LS_OK;
}

static struct seen all(const struct ls_filter *filter) {
    static const struct ls_filter everything = {.limit = 0};
    struct seen seen = {.count = 0};
    struct ls_err err = {0};
    cr_assert_eq(
        ls_store_each_emitter(store, filter == NULL ? &everything : filter, 0, see, &seen, &err),
        LS_OK, "%s", err.text);
    return seen;
}

Test(emitters, an_emitter_comes_back_with_its_parts_and_reasons) {
    put_three();
    struct seen seen = all(NULL);
    cr_assert_eq(seen.count, 2);
    cr_expect_eq(seen.rows[0].id, 1);
    cr_expect_eq(seen.rows[1].id, 3);
    cr_expect_eq(seen.rows[0].transmissions, 5);
    cr_expect_str_eq(seen.rows[0].class_name, "fsk");
    cr_expect(isnan(seen.rows[0].offset_hz));
    cr_expect_eq(seen.rows[0].period_s, 0.05);
    cr_expect(seen.rows[0].hops);
    cr_assert_eq(ls_store_each_emitter_event(store, 1, see_event, &seen, NULL), LS_OK);
    cr_expect_eq(seen.events, 1);
    cr_assert_eq(ls_store_each_emitter_row(store, 1, 0, see_link, &seen, NULL), LS_OK);
    cr_expect_eq(seen.links, 4);
}

Test(emitters, filters_hold) {
    put_three();
    struct ls_filter filter = {.until_ns = 2, .has_until = true};
    cr_expect_eq(all(&filter).count, 1);
    filter = (struct ls_filter){.low_hz = 880e6, .high_hz = 881e6, .has_freq = true};
    cr_expect_eq(all(&filter).count, 0);
    filter = (struct ls_filter){.class_name = "gsm"};
    cr_expect_eq(all(&filter).count, 0);
    filter = (struct ls_filter){.sensor = "nowhere"};
    cr_expect_eq(all(&filter).count, 0);
    filter = (struct ls_filter){.limit = 1};
    cr_expect_eq(all(&filter).count, 1);
}

Test(emitters, a_resumed_run_replaces_what_is_new_and_a_fresh_one_all) {
    put_three();
    struct ls_emitter_rows none = {.link_count = 0};
    put(&none, 2, 8);
    cr_expect_eq(all(NULL).count, 1);
    struct ls_emitter again = emitter(3, 0);
    struct ls_emitter_rows rows = {.emitters = &again, .emitter_count = 1};
    put(&rows, 2, 8);
    cr_expect_eq(all(NULL).count, 2);
    put(&none, 0, 0);
    cr_expect_eq(all(NULL).count, 0);
}

Test(emitters, they_go_with_the_last_of_their_transmissions) {
    put_three();
    struct ls_prune_opts opts = {.now_ns = 300 * LS_NS_PER_S};
    struct ls_prune_result result;
    for (int i = 0; i < LS_PRUNE_TABLES; i++) {
        opts.age_s[i] = opts.bytes[i] = (double)NAN;
    }
    opts.age_s[LS_PRUNE_TRANSMISSIONS] = 299.88; /* those of the first 120 ms */
    cr_assert_eq(ls_store_prune(store, &opts, &result, NULL), LS_OK);
    cr_expect_lt(result.tables[LS_PRUNE_TRANSMISSIONS].deleted, 4);
    cr_expect_eq(all(NULL).count, 2);
    opts.age_s[LS_PRUNE_TRANSMISSIONS] = 1.0;
    cr_assert_eq(ls_store_prune(store, &opts, &result, NULL), LS_OK);
    cr_expect_eq(all(NULL).count, 0);
    struct seen seen = {.count = 0};
    cr_assert_eq(ls_store_each_emitter_row(store, 1, 0, see_link, &seen, NULL), LS_OK);
    cr_expect_eq(seen.links, 0);
}
