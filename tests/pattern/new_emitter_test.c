/* What is new at its frequency, and what only seems to be. */
#include "pattern/new_emitter.h"

#include <criterion/criterion.h>
#include <math.h>

#include "base/util.h"
#include "pattern/chance.h"
#include "tests/pattern/stand.h"

static const struct ls_kind *const kinds[] = {&ls_new_emitter_kind};
static const double day_s = 86400.0;

/* Something that is always there, so that the sensor is known to have listened for nine days. */
static void plant_old(struct stand *stand) {
    for (double t = 0.0; t < 9.0 * day_s; t += 1800.0) {
        stand_plant(stand, "km-1", t, 1.0, 868.95e6, 12.5e3, -40.0);
    }
}

static void plant_newcomer(struct stand *stand) {
    for (double t = 5.0 * day_s; t < 9.0 * day_s; t += 1200.0) {
        stand_plant(stand, "km-1", t, 1.0, 871.4e6, 12.5e3, -50.0);
    }
}

Test(new_emitter, is_found_after_days_of_silence) {
    struct stand stand;
    stand_init(&stand, kinds, LS_COUNT(kinds));
    plant_old(&stand);
    plant_newcomer(&stand);
    stand_run(&stand, 97);
    const struct ls_finding *best = stand_best(&stand);
    cr_assert_not_null(best);
    cr_expect(best->reported, "%g", best->log10_p);
    cr_expect_float_eq(ls_finding_parameter(best, "days")->value, 4.0, 0.05);
    stand_finish(&stand);
}

/* One row of three days before, such as a false alarm of the detector, is two days of silence. */
Test(new_emitter, is_new_where_one_row_was_days_before) {
    struct stand stand;
    stand_init(&stand, kinds, LS_COUNT(kinds));
    plant_old(&stand);
    stand_plant(&stand, "km-1", 1.5 * day_s, 0.004, 871.4e6 + 800.0, 8e3, -90.0);
    plant_newcomer(&stand);
    stand_run(&stand, 97);
    const struct ls_finding *best = stand_best(&stand);
    cr_assert_not_null(best);
    cr_expect(best->reported, "%g", best->log10_p);
    cr_expect_float_eq(ls_finding_parameter(best, "days")->value, 4.0, 0.05);
    stand_finish(&stand);
}

/* The same a day before: the place was not silent. */
Test(new_emitter, is_not_new_where_a_row_was_the_day_before) {
    struct stand stand;
    stand_init(&stand, kinds, LS_COUNT(kinds));
    plant_old(&stand);
    stand_plant(&stand, "km-1", 4.0 * day_s, 0.004, 871.4e6 + 800.0, 8e3, -90.0);
    plant_newcomer(&stand);
    stand_run(&stand, 97);
    const struct ls_finding *best = stand_best(&stand);
    cr_expect(best == NULL || !best->reported);
    stand_finish(&stand);
}

/* A crystal that ages by 0.8 ppm a day leaves the gate of its channel on the fourth day. */
Test(new_emitter, is_not_what_drifts_out_of_its_channel) {
    struct stand stand;
    struct ls_chance chance;
    stand_init(&stand, kinds, LS_COUNT(kinds));
    ls_chance_init(&chance, 1);
    for (double t = 0.0; t < 9.0 * day_s; t += 1200.0) {
        double ppm = 0.8 * t / day_s + 0.2 * (ls_chance_uniform(&chance) - 0.5);
        stand_plant(&stand, "km-1", t, 1.0, 868.95e6 * (1.0 + 1e-6 * ppm), 12.5e3, -40.0);
    }
    stand_run(&stand, 97);
    const struct ls_finding *best = stand_best(&stand);
    cr_expect(best == NULL || !best->reported);
    stand_finish(&stand);
}
