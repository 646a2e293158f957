/* Sample clocks of known error held against a reference that arrives late. */
#include "survey/clock.h"

#include <criterion/criterion.h>
#include <math.h>

#include "base/time.h"

static const int64_t utc_ns = INT64_C(1795000000000000000);

/* Uniform in [0, n): Knuth's 64 bit linear congruential generator. */
static int64_t draw(uint64_t *state, int64_t n) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int64_t)((*state >> 33) % (uint64_t)n);
}

/* Follows a sample clock that is off by ppm for so many seconds, with a reading each 20 ms that
 * arrives up to 8 ms late; the largest error of corrected time after the first tenth. */
static double follow(double ppm, double seconds, struct ls_clock *clock, struct ls_warp *warp) {
    uint64_t state = 3;
    double worst_s = 0.0;
    ls_clock_init(clock);
    ls_warp_init(warp);
    int64_t before_ns = 0;
    for (double t = 0.0; t < seconds; t += 0.02) {
        int64_t true_ns = utc_ns + llround(t * 1e9);
        int64_t event_ns = utc_ns + llround(t * (1.0 + ppm * 1e-6) * 1e9);
        if (ls_clock_reading(clock, event_ns, true_ns + draw(&state, 8000000))) {
            ls_warp_add(warp, clock->held);
            ls_warp_add(warp, clock->next);
        }
        int64_t corrected_ns = ls_warp_time(warp, event_ns);
        cr_assert_gt(corrected_ns, before_ns, "time went back after %.0f s", t);
        before_ns = corrected_ns;
        if (t > seconds / 10.0) {
            worst_s = fmax(worst_s, fabs((double)(corrected_ns - true_ns)) / 1e9);
        }
    }
    return worst_s;
}

Test(clock, corrected_time_stays_with_the_reference) {
    const double ppms[] = {0.0, 2.5, -20.0, 100.0, -100.0};
    for (size_t i = 0; i < sizeof ppms / sizeof ppms[0]; i++) {
        struct ls_clock clock;
        struct ls_warp warp;
        double worst_s = follow(ppms[i], 7200.0, &clock, &warp);
        /* Four windows of 10 s behind, and the least of 500 delays. */
        cr_expect_lt(worst_s, 0.0005 + 50.0 * fabs(ppms[i]) * 1e-6, "%g ppm: %g s", ppms[i],
                     worst_s);
        cr_expect_float_eq(ls_clock_ppm(&clock), ppms[i], 1.0, "%g ppm, not %g",
                           ls_clock_ppm(&clock), ppms[i]);
    }
}

Test(clock, clocks_that_agree_are_left_alone) {
    struct ls_clock clock;
    struct ls_warp warp;
    ls_clock_init(&clock);
    ls_warp_init(&warp);
    for (int64_t t = 0; t < 3600; t++) {
        int64_t event_ns = utc_ns + t * LS_NS_PER_S;
        if (ls_clock_reading(&clock, event_ns, event_ns + (t % 3) - 1)) {
            ls_warp_add(&warp, clock.held);
            ls_warp_add(&warp, clock.next);
        }
        cr_assert_eq(ls_warp_time(&warp, event_ns), event_ns);
    }
}

Test(clock, what_was_stamped_once_stays) {
    struct ls_clock clock;
    struct ls_warp warp;
    ls_clock_init(&clock);
    ls_warp_init(&warp);
    int64_t stamps[900];
    for (int i = 0; i < 900; i++) {
        int64_t event_ns = utc_ns + i * LS_NS_PER_S;
        if (ls_clock_reading(&clock, event_ns, event_ns + i * 50000)) {
            ls_warp_add(&warp, clock.held);
            ls_warp_add(&warp, clock.next);
        }
        stamps[i] = ls_warp_time(&warp, event_ns);
    }
    for (int i = 0; i < 900; i++) {
        cr_expect_leq(llabs(ls_warp_time(&warp, utc_ns + i * LS_NS_PER_S) - stamps[i]), 1);
    }
}

Test(clock, a_warp_of_many_knots_forgets_gently) {
    struct ls_warp warp;
    ls_warp_init(&warp);
    const int64_t step_ns = 10 * LS_NS_PER_S;
    for (int64_t i = 0; i < 100000; i++) { /* eleven days at 20 ppm */
        ls_warp_add(&warp, (struct ls_knot){.event_ns = i * step_ns, .offset_ns = i * 200000});
    }
    for (int64_t i = 0; i < 100000; i += 997) {
        int64_t is_ns = ls_warp_time(&warp, i * step_ns);
        cr_expect_leq(llabs(is_ns - i * step_ns - i * 200000), 1, "knot %lld", (long long)i);
    }
}

Test(clock, far_differences_are_shown_and_not_followed) {
    struct ls_clock clock;
    struct ls_warp warp;
    double worst_s =
        follow(-900000.0, 1000.0, &clock, &warp); /* a replay at a tenth of real time */
    cr_expect_gt(worst_s, 100.0);
    cr_expect_lt(clock.next.offset_ns, 10000000, "one step of the first window at most");
}

Test(clock, a_step_of_the_system_clock_is_seen_once_and_slewing_is_none) {
    struct ls_clock clock;
    ls_clock_init(&clock);
    int64_t system_ns = utc_ns;
    for (int64_t t = 0; t < 1000; t++) {
        system_ns += 500000; /* ntpd slews at 500 ppm */
        cr_expect_eq(ls_clock_step(&clock, system_ns + t * LS_NS_PER_S, t * LS_NS_PER_S), 0);
    }
    system_ns -= 3600 * LS_NS_PER_S;
    cr_expect_eq(ls_clock_step(&clock, system_ns + 1000 * LS_NS_PER_S, 1000 * LS_NS_PER_S),
                 -3600 * LS_NS_PER_S);
    cr_expect_eq(ls_clock_step(&clock, system_ns + 1001 * LS_NS_PER_S, 1001 * LS_NS_PER_S), 0);
}
