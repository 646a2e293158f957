#include <criterion/criterion.h>
#include <math.h>

#include "base/util.h"
#include "pattern/band_sweep.h"
#include "pattern/chance.h"
#include "pattern/periodic.h"
#include "pattern/similar_posts.h"
#include "tests/pattern/stand.h"

static const struct ls_kind *const kinds[] = {&ls_periodic_kind, &ls_similar_posts_kind};

/* A clock for two hours, with 3 % of its packets missed and 5 ms of jitter. */
static void add_clock(struct stand *stand, struct ls_chance *chance, const char *sensor,
                      double period_s, double phase_s, double center_hz) {
    for (double t = phase_s; t < 7200.0; t += period_s) {
        if (ls_chance_uniform(chance) > 0.03) {
            stand_plant(stand, sensor, t + 0.01 * (ls_chance_uniform(chance) - 0.5), 0.1,
                        center_hz + 100.0 * (ls_chance_uniform(chance) - 0.5), 60e3, -30.0);
        }
    }
}

Test(similar_posts, four_units_of_one_model_are_counted) {
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct stand stand;
        struct ls_chance chance;
        stand_init(&stand, kinds, 2);
        ls_chance_init(&chance, seed);
        for (size_t i = 0; i < 4; i++) {
            add_clock(&stand, &chance, "km-1", 60.0 * (1.0 + 10e-6 * (double)i),
                      15.0 * ((double)i + 0.8 * ls_chance_uniform(&chance)),
                      868.25e6 + 7e3 * (double)i);
        }
        stand_run(&stand, 0);
        const struct ls_finding *best = stand_best(&stand);
        cr_assert_not_null(best);
        cr_assert(best->reported, "seed %zu: %g", (size_t)seed, best->log10_p);
        cr_assert_eq(ls_finding_parameter(best, "units")->value, 4.0);
        cr_assert_float_eq(ls_finding_parameter(best, "period_s")->value, 60.0, 0.01);
        stand_finish(&stand);
    }
}

/* Thirty channels that one device steps over, each of them on a clock, are no thirty others among
 * which four may well be alike. */
Test(similar_posts, channels_of_a_sweep_are_one_device) {
    static const struct ls_kind *const all[] = {&ls_periodic_kind, &ls_band_sweep_kind,
                                                &ls_similar_posts_kind};
    struct stand stand;
    struct ls_chance chance;
    stand_init(&stand, all, LS_COUNT(all));
    ls_chance_init(&chance, 5);
    for (size_t i = 0; i < 4; i++) {
        add_clock(&stand, &chance, "km-1", 60.0, 15.0 * (double)i + 2.0,
                  868.25e6 + 7e3 * (double)i);
    }
    for (double t = 0.0; t < 7200.0; t += 30.0) {
        for (size_t step = 0; step < 30; step++) {
            stand_plant(&stand, "km-1", t + 0.25 * (double)step, 0.25, 874e6 + 200e3 * (double)step,
                        1e3, -40.0);
        }
    }
    stand_run(&stand, 0);
    const struct ls_finding *best = stand_best(&stand);
    cr_assert(best->reported);
    cr_assert_eq(ls_finding_parameter(best, "units")->value, 4.0);
    cr_assert_leq(best->searches, 3);
    cr_assert_leq(best->log10_p, -6.0, "%g", best->log10_p);
    stand_finish(&stand);
}

Test(similar_posts, units_of_different_models_are_not) {
    struct stand stand;
    struct ls_chance chance;
    stand_init(&stand, kinds, 2);
    ls_chance_init(&chance, 11);
    static const double periods[] = {48.0, 53.0, 60.0, 67.0};
    for (size_t i = 0; i < 4; i++) {
        add_clock(&stand, &chance, "km-1", periods[i], 60.0 * ls_chance_uniform(&chance),
                  868.25e6 + 7e3 * (double)i);
    }
    stand_run(&stand, 0);
    cr_assert_not_null(stand_best(&stand), "a search for each model");
    cr_assert_eq(stand_reported(&stand), 0);
    stand_finish(&stand);
}

/* Two posts between three sensors: six clocks, two units, and two are no group. */
Test(similar_posts, unit_heard_by_several_sensors_counts_once) {
    static const char *const names[] = {"km-1", "km-2", "km-3"};
    struct stand stand;
    stand_init(&stand, kinds, 2);
    for (size_t k = 0; k < 3; k++) {
        struct ls_chance chance;
        ls_chance_init(&chance, 21); /* the same packets everywhere */
        add_clock(&stand, &chance, names[k], 60.0, 7.0 + 1e-5 * (double)k, 868.25e6);
        add_clock(&stand, &chance, names[k], 60.0, 31.0 + 1e-5 * (double)k, 868.26e6);
    }
    stand_run(&stand, 0);
    cr_assert_not_null(stand_best(&stand), "a search for each model");
    cr_assert_eq(stand_reported(&stand), 0);
    stand_finish(&stand);
}

/* One post at each of three sensors, none heard by another. */
Test(similar_posts, posts_around_several_sensors_are_one_group) {
    static const char *const names[] = {"km-1", "km-2", "km-3"};
    struct stand stand;
    struct ls_chance chance;
    stand_init(&stand, kinds, 2);
    ls_chance_init(&chance, 31);
    for (size_t k = 0; k < 3; k++) {
        add_clock(&stand, &chance, names[k], 60.0, 3.0 + 17.0 * (double)k, 868.25e6);
    }
    stand_run(&stand, 0);
    const struct ls_finding *best = stand_best(&stand);
    cr_assert_not_null(best);
    cr_assert(best->reported);
    cr_assert_eq(ls_finding_parameter(best, "units")->value, 3.0);
    cr_assert_eq(ls_finding_parameter(best, "sensors")->value, 3.0);
    stand_finish(&stand);
}
