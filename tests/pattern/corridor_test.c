#include <criterion/criterion.h>
#include <math.h>

#include "pattern/chance.h"
#include "pattern/corridor.h"
#include "tests/pattern/stand.h"

enum { SEEDS = 20, SENSORS = 4 };

static const struct ls_kind *const kinds[] = {&ls_corridor_kind};
static const char *const names[SENSORS] = {"km-12", "km-15", "km-18.5", "km-21"};

/* A packet every 2 s while it is within 1 km of a sensor that stands at place_m. */
static void cross(struct stand *stand, struct ls_chance *chance, size_t sensor, double t0_s,
                  double speed_mps) {
    for (double t = -1000.0 / speed_mps; t < 1000.0 / speed_mps; t += 2.0) {
        double away = t * speed_mps / 60.0;
        stand_plant(stand, names[sensor], t0_s + t, 0.05,
                    869.0e6 + 50.0 * (ls_chance_uniform(chance) - 0.5), 60e3,
                    -20.0 - 15.0 * log10(1.0 + away * away) +
                        4.0 * (ls_chance_uniform(chance) - 0.5));
    }
}

/* A van along the line, or one vehicle at each sensor at any time. */
static void add_journey(struct stand *stand, struct ls_chance *chance, double start_s,
                        double speed_mps, bool one) {
    for (size_t i = 0; i < SENSORS; i++) {
        double place_m;
        cr_assert(ls_corridor_place(names[i], &place_m));
        double t = one ? (place_m - 12000.0) / speed_mps * (0.98 + 0.04 * ls_chance_uniform(chance))
                       : 6000.0 * ls_chance_uniform(chance);
        cross(stand, chance, i, start_s + t, speed_mps);
    }
}

Test(corridor, place_is_in_the_name) {
    double m = 0.0;
    cr_assert(ls_corridor_place("km-12.4", &m));
    cr_assert_float_eq(m, 12400.0, 1e-6);
    cr_assert(ls_corridor_place("line3 km 7", &m));
    cr_assert_float_eq(m, 7000.0, 1e-6);
    cr_assert_not(ls_corridor_place("roof", &m));
    cr_assert_not(ls_corridor_place("akm7", &m));
    cr_assert_not(ls_corridor_place("km", &m));
}

/* Two journeys in a day: found in 19 of 20 or more, and the speed within 3 %. */
Test(corridor, van_along_four_sensors_is_found) {
    size_t found = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct stand stand;
        struct ls_chance chance;
        stand_init(&stand, kinds, 1);
        ls_chance_init(&chance, seed);
        double speed = 15.0 + 15.0 * ls_chance_uniform(&chance);
        add_journey(&stand, &chance, 10000.0, speed, true);
        add_journey(&stand, &chance, 60000.0, speed, true);
        stand_run(&stand, 0);
        const struct ls_finding *best = stand_best(&stand);
        if (best != NULL && best->reported) {
            double error = ls_finding_parameter(best, "speed_mps")->value / speed - 1.0;
            found += fabs(error) < 0.03 && ls_finding_parameter(best, "sensors")->value == SENSORS;
        }
        stand_finish(&stand);
    }
    cr_assert_geq(found, SEEDS - 1, "%zu of %d", found, SEEDS);
}

/* Five vehicles a day at each sensor, at their own times: none in 20 days. */
Test(corridor, vehicles_that_do_not_travel_on_are_not) {
    for (uint64_t seed = 101; seed <= 100 + SEEDS; seed++) {
        struct stand stand;
        struct ls_chance chance;
        stand_init(&stand, kinds, 1);
        ls_chance_init(&chance, seed);
        for (size_t k = 0; k < 5; k++) {
            add_journey(&stand, &chance, 15000.0 * (double)k, 20.0, false);
        }
        stand_run(&stand, 0);
        stand_best(&stand);
        cr_assert_eq(stand_reported(&stand), 0, "seed %zu", (size_t)seed);
        stand_finish(&stand);
    }
}

Test(corridor, resumed_run_equals_one_run) {
    double log10_p[2];
    for (size_t k = 0; k < 2; k++) {
        struct stand stand;
        struct ls_chance chance;
        stand_init(&stand, kinds, 1);
        ls_chance_init(&chance, 7);
        add_journey(&stand, &chance, 10000.0, 20.0, true);
        add_journey(&stand, &chance, 60000.0, 20.0, true);
        stand_run(&stand, k * 61);
        const struct ls_finding *best = stand_best(&stand);
        cr_assert_not_null(best);
        log10_p[k] = best->log10_p;
        stand_finish(&stand);
    }
    cr_assert_eq(log10_p[0], log10_p[1]);
}
