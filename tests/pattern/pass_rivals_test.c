/* A level that fades slowly and a carrier that warms up are no pass, and a pass among them is. */
#include <criterion/criterion.h>
#include <math.h>

#include "base/time.h"
#include "pattern/chance.h"
#include "pattern/pass_rivals.h"

enum { ROWS = 64 };

static double normal(struct ls_chance *chance) {
    double radius = sqrt(-2.0 * log1p(-ls_chance_uniform(chance)));
    return radius * cos(2.0 * M_PI * ls_chance_uniform(chance));
}

/* A call of two minutes: fading of 3 dB with a memory of four rows, 3 Hz of jitter, a carrier that
 * settles 60 Hz lower, and so much of a pass that is closest at a third. */
static void make(struct ls_visit *ret, struct ls_chance *chance, double pass) {
    double fade_db = 3.0 * normal(chance);
    *ret = (struct ls_visit){.count = ROWS};
    for (size_t i = 0; i < ROWS; i++) {
        double share = (double)i / (ROWS - 1.0);
        double x = (share - 1.0 / 3.0) / 0.05;
        fade_db = 0.78 * fade_db + sqrt(1.0 - 0.78 * 0.78) * 3.0 * normal(chance);
        ret->row[i] = (struct ls_visit_row){
            .t_ns = (int64_t)(share * 120.0 * (double)LS_NS_PER_S),
            .id = 1,
            .level_db = -40.0 + fade_db + pass * 3.0 * ls_pass_bell(x),
            .offset_hz =
                3.0 * normal(chance) + 60.0 * exp(-4.0 * share) + pass * 60.0 * ls_pass_swing(x),
            .exact = true,
        };
    }
}

static double rivals_log10(const struct ls_visit *visit) {
    struct ls_pass_grid *grid = NULL;
    struct ls_pass_rivals *rivals = NULL;
    struct ls_pass_values values;
    cr_assert_eq(ls_pass_grid_create(&grid, NULL), LS_OK);
    cr_assert_eq(ls_pass_rivals_create(&rivals, grid, visit, NULL), LS_OK);
    ls_pass_grid_begin(grid, visit);
    ls_pass_values_of(visit, &values);
    double log10_p = ls_pass_rivals_log10(rivals, &values);
    ls_pass_rivals_destroy(rivals);
    ls_pass_grid_destroy(grid);
    return log10_p;
}

/* 3 of 300 are to be expected, and 9 or more come once in 300 such tests. */
Test(pass_rivals, slow_fading_and_warming_up_are_no_pass) {
    struct ls_visit visit;
    struct ls_chance chance;
    size_t passes = 0;
    ls_chance_init(&chance, 31);
    for (size_t k = 0; k < 300; k++) {
        make(&visit, &chance, 0.0);
        passes += rivals_log10(&visit) <= -2.0;
    }
    cr_expect_lt(passes, 9, "%zu", passes);
}

/* Twenty of twenty: 0.86 or more of all, at 95 %. */
Test(pass_rivals, pass_among_them_is_one) {
    struct ls_visit visit;
    struct ls_chance chance;
    size_t passes = 0;
    ls_chance_init(&chance, 32);
    for (size_t k = 0; k < 20; k++) {
        make(&visit, &chance, 1.0);
        passes += rivals_log10(&visit) <= -3.0;
    }
    cr_expect_eq(passes, 20, "%zu", passes);
}

Test(pass_rivals, same_values_same_answer) {
    struct ls_visit visit;
    struct ls_chance chance;
    ls_chance_init(&chance, 33);
    make(&visit, &chance, 0.3);
    cr_expect_eq(rivals_log10(&visit), rivals_log10(&visit));
}
