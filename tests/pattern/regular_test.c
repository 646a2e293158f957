/* Devices that share an emitter slot. */
#include "pattern/regular.h"

#include <criterion/criterion.h>
#include <math.h>

#include "base/util.h"
#include "pattern/chance.h"
#include "pattern/periodic.h"
#include "tests/pattern/stand.h"

static const struct ls_kind *const kinds[] = {&ls_periodic_kind};

/* A device of a log of whole seconds: so many packets, each with repeats more in the same second or
 * the next. */
struct device {
    double from_s;
    double period_s;
    size_t packets;
    size_t repeats;
    double level_dbfs;
};

static void plant(struct stand *stand, struct ls_chance *chance, const struct device *device) {
    for (size_t i = 0; i < device->packets; i++) {
        double at =
            device->from_s + device->period_s * (double)i + 0.2 * (ls_chance_uniform(chance) - 0.5);
        for (size_t k = 0; k <= device->repeats; k++) {
            stand_plant(stand, "km-1", floor(at + 0.3 * (double)k), 0.1,
                        433.92e6 + 1e3 * (ls_chance_uniform(chance) - 0.5), 100e3,
                        device->level_dbfs + ls_chance_uniform(chance) - 0.5);
        }
    }
}

static void plant_strangers(struct stand *stand, struct ls_chance *chance, size_t count,
                            double until_s) {
    for (size_t i = 0; i < count; i++) {
        stand_plant(stand, "km-1", floor(until_s * ls_chance_uniform(chance)), 0.1, 433.92e6, 100e3,
                    -18.0 + 10.0 * ls_chance_uniform(chance));
    }
}

/* Reported findings with this period, within a thousandth. */
static size_t with_period(const struct stand *stand, double period_s) {
    size_t hits = 0;
    for (size_t i = 0; i < ls_report_size(stand->report); i++) {
        const struct ls_finding *finding = ls_report_at(stand->report, i);
        hits += finding->reported &&
                fabs(ls_finding_parameter(finding, "period_s")->value / period_s - 1.0) < 1e-3;
    }
    return hits;
}

/* One interval of 32 to 33 s that drifts holds all three: what is reported is their own times. */
Test(regular, three_cars_after_each_other_are_three) {
    static const struct device cars[] = {
        {0.0, 32.44, 50, 0, -16.0}, {15300.0, 32.70, 50, 0, -12.0}, {29700.0, 33.00, 50, 0, -10.0}};
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct stand stand;
        struct ls_chance chance;
        stand_init(&stand, kinds, 1);
        ls_chance_init(&chance, seed);
        for (size_t i = 0; i < LS_COUNT(cars); i++) {
            plant(&stand, &chance, &cars[i]);
        }
        plant_strangers(&stand, &chance, 15, 31000.0);
        stand_run(&stand, 0);
        cr_assert_not_null(stand_best(&stand));
        for (size_t i = 0; i < LS_COUNT(cars); i++) {
            cr_expect_eq(with_period(&stand, cars[i].period_s), 1, "seed %zu: %zu of %g s",
                         (size_t)seed, with_period(&stand, cars[i].period_s), cars[i].period_s);
        }
        stand_finish(&stand);
    }
}

/* Two at once, near and far, whose packets alternate and drift past each other. */
Test(regular, two_cars_side_by_side_are_told_apart_by_level) {
    static const struct device cars[] = {{0.0, 32.50, 60, 0, -9.6}, {7.0, 33.38, 58, 0, -1.1}};
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct stand stand;
        struct ls_chance chance;
        stand_init(&stand, kinds, 1);
        ls_chance_init(&chance, seed);
        plant(&stand, &chance, &cars[0]);
        plant(&stand, &chance, &cars[1]);
        stand_run(&stand, 0);
        cr_assert_not_null(stand_best(&stand));
        cr_expect_eq(with_period(&stand, cars[0].period_s), 1, "seed %zu", (size_t)seed);
        cr_expect_eq(with_period(&stand, cars[1].period_s), 1, "seed %zu", (size_t)seed);
        stand_finish(&stand);
    }
}

/* One device that is heard near and far in turn stays one. */
Test(regular, one_clock_at_two_levels_stays_one) {
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct stand stand;
        struct ls_chance chance;
        stand_init(&stand, kinds, 1);
        ls_chance_init(&chance, seed);
        for (size_t i = 0; i < 6; i++) {
            struct device some = {600.0 * (double)i, 30.0, 20, 0, i % 2 == 0 ? -10.0 : -2.0};
            plant(&stand, &chance, &some);
        }
        stand_run(&stand, 0);
        cr_assert_not_null(stand_best(&stand));
        cr_expect_eq(with_period(&stand, 30.0), 1, "seed %zu", (size_t)seed);
        cr_expect_eq(stand_reported(&stand), 1, "seed %zu: %zu", (size_t)seed,
                     stand_reported(&stand));
        stand_finish(&stand);
    }
}

/* A message is sent three times: what is left when its clock is taken out is no second one. */
Test(regular, repeats_are_no_second_device) {
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct stand stand;
        struct ls_chance chance;
        struct device meter = {0.0, 41.3, 80, 2, -10.0};
        stand_init(&stand, kinds, 1);
        ls_chance_init(&chance, seed);
        plant(&stand, &chance, &meter);
        plant_strangers(&stand, &chance, 15, 3300.0);
        stand_run(&stand, 0);
        cr_assert_not_null(stand_best(&stand));
        cr_expect_eq(with_period(&stand, meter.period_s), 1, "seed %zu", (size_t)seed);
        cr_expect_eq(stand_reported(&stand), 1, "seed %zu: %zu", (size_t)seed,
                     stand_reported(&stand));
        stand_finish(&stand);
    }
}
