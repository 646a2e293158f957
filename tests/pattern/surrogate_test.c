#include "pattern/surrogate.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "pattern/hours_test.h"

enum { EVENTS = 40 };

/* An hour with eight minutes of silence in the middle, events at odd times, some in clumps. */
static double start_s[] = {0.0, 2000.0};
static double stop_s[] = {1520.0, 3600.5};
static double before_s[] = {0.0, 1520.0, 3120.5};
static const struct ls_good_time good = {
    .count = 2, .start_s = start_s, .stop_s = stop_s, .before_s = before_s};

static size_t make_events(double *ret_t_s) {
    size_t n = 0;
    for (size_t i = 0; i < EVENTS; i++) {
        double t = 3600.0 * (double)i / (EVENTS - 1) + 20.0 * sin(7.0 * (double)i * (double)i);
        if (ls_good_time_holds(&good, t) && (n == 0 || t > ret_t_s[n - 1])) {
            ret_t_s[n++] = t;
        }
    }
    return n;
}

Test(surrogate, clumps_stay_in_their_blocks_and_meet_no_other) {
    double t_s[EVENTS];
    double extent_s[EVENTS];
    size_t kept[EVENTS];
    double gap_s;
    size_t n = make_events(t_s);
    double total = ls_good_time_total(&good);
    n = ls_surrogate_declump(t_s, n, total, kept, extent_s, &gap_s);
    for (size_t i = 0; i < n; i++) {
        t_s[i] = t_s[kept[i]];
    }
    struct ls_arrivals arrivals = {
        .t_s = t_s, .extent_s = extent_s, .count = n, .gap_s = gap_s, .good = &good};
    static struct ls_surrogate surrogate;
    struct ls_chance chance;
    ls_surrogate_init(&surrogate, &arrivals);
    ls_chance_init(&chance, 1);
    size_t moved = 0;
    for (int draw = 0; draw < 200; draw++) {
        double drawn[EVENTS];
        int blocks[EVENTS] = {0};
        ls_surrogate_draw(&surrogate, &chance, drawn);
        cr_assert(drawn[0] == t_s[0] && drawn[n - 1] == t_s[n - 1], "the ends stay");
        for (size_t i = 0; i < n; i++) {
            cr_assert(i == 0 || drawn[i] - drawn[i - 1] >= gap_s - 1e-6, "clumps met");
            cr_assert(ls_good_time_holds(&good, drawn[i]), "nobody listened at %g", drawn[i]);
            blocks[(int)(ls_good_time_clock(&good, t_s[i]) / surrogate.block_s)]++;
            blocks[(int)(ls_good_time_clock(&good, drawn[i]) / surrogate.block_s)]--;
            moved += drawn[i] != t_s[i];
        }
        for (size_t i = 0; i < EVENTS; i++) {
            cr_assert_eq(blocks[i], 0, "a clump left its block");
        }
    }
    cr_assert_gt(moved, 200 * (n - 2) * 9 / 10, "nine in ten move");
}

/* One quiet and one busy hour, two days, one other channel, two transfers in each hour: the tables
 * with 0, 1 and 2 of this channel's two in the quiet hour weigh 1, 16 and 1. */
Test(hours_test, probability_is_that_of_all_tables) {
    struct ls_hours_table table = {.quiet = {true}};
    const uint32_t mine[LS_HOURS] = {2, 0};
    const uint32_t others[LS_HOURS] = {0, 2};
    const uint32_t hours[LS_HOURS] = {2, 2};
    ls_hours_table_fill(&table, mine, others, hours, 1);
    double sum = 0.0;
    double most = 0.0;
    for (uint64_t seed = 0; seed < 400; seed++) {
        struct ls_chance chance;
        double p;
        ls_chance_init(&chance, seed);
        cr_assert_eq(ls_hours_test(&table, &chance, &p, NULL), LS_OK);
        sum += p;
        most = fmax(most, p);
    }
    cr_assert_leq(most, 1.0 / 18.0);
    /* The mean of 400 uniform numbers lies within 4 standard errors, 0.058 of their range. */
    cr_assert_float_eq(sum / 400.0, 0.5 / 18.0, 0.058 / 18.0);
}
