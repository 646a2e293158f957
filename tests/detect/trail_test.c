#include "detect/trail.h"

#include <criterion/criterion.h>
#include <math.h>

static struct ls_burst_part part(double t_s, double power, double hz) {
    return (struct ls_burst_part){.t_ns = llround(t_s * 1e9),
                                  .seconds = 0.05,
                                  .power = power,
                                  .carrier = {.weight = 4.0, .sum_hz = 4.0 * hz}};
}

/* Whatever the length: at most 64 points, spread evenly, each the mean of its stretch. */
Test(trail_builder, long_transmissions_are_thinned_evenly) {
    for (double length_s = 4.0; length_s < 4000.0; length_s *= 3.0) {
        struct ls_trail_builder builder = {.bin_s = 0.0};
        struct ls_trail trail;
        for (double t_s = 0.0; t_s < length_s; t_s += length_s / 500.0) {
            struct ls_burst_part p = part(100.0 + t_s, exp10(t_s / length_s), 433e6 + t_s);
            ls_trail_add(&builder, &p);
        }
        ls_trail_finish(&builder, 100000000000, 433e6, &trail);
        cr_assert_leq(trail.count, LS_TRAIL_POINTS);
        cr_expect_geq(trail.count, 14, "%g s: %u", length_s, trail.count);
        for (size_t i = 0; i < trail.count; i++) {
            const struct ls_trail_point *p = &trail.points[i];
            cr_expect_float_eq(p->offset_hz, p->t_s, 1e-3 * length_s);
            cr_expect_float_eq(p->level_dbfs, 10.0 * (double)p->t_s / length_s, 0.2);
            cr_expect(i == 0 || p->t_s > trail.points[i - 1].t_s);
        }
    }
}

Test(trail_builder, short_transmissions_have_none) {
    struct ls_trail_builder builder = {.bin_s = 0.0};
    struct ls_trail trail = {.count = 9};
    struct ls_burst_part p = part(1.0, 1.0, 433e6);
    ls_trail_add(&builder, &p);
    ls_trail_finish(&builder, 0, 433e6, &trail);
    cr_expect_eq(trail.count, 0);
}
