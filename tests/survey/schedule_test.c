#include "survey/schedule.h"

#include <complex.h>
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/time.h"

static const double centers[] = {876e6, 880e6, 900e6, 1805e6, 1830e6, 2110e6};
enum { CENTERS = 6 };

Test(schedule, each_round_visits_all_and_never_one_twice_in_a_row) {
    struct ls_schedule schedule;
    ls_schedule_init(&schedule, centers, CENTERS, 1.0, 7);
    double last_hz = 0.0;
    for (int round = 0; round < 1000; round++) {
        unsigned seen = 0;
        for (int i = 0; i < CENTERS; i++) {
            struct ls_dwell dwell = ls_schedule_next(&schedule);
            cr_expect_neq(dwell.center_hz, last_hz);
            last_hz = dwell.center_hz;
            cr_expect(dwell.lasts_ns >= LS_NS_PER_S * 3 / 4 &&
                      dwell.lasts_ns <= LS_NS_PER_S * 5 / 4);
            for (unsigned c = 0; c < CENTERS; c++) {
                seen |= dwell.center_hz == centers[c] ? 1U << c : 0U;
            }
        }
        cr_expect_eq(seen, (1U << CENTERS) - 1U);
    }
}

/* Rayleigh's statistic of the times at which one tuning is visited, the largest over periods from a
 * dwell to four rounds. Under no period it is exponential: 1 - (1 - e^-z)^trials. */
static double strongest_period(uint64_t seed, bool random) {
    enum { VISITS = 400 };
    double times[VISITS];
    struct ls_schedule schedule;
    ls_schedule_init(&schedule, centers, CENTERS, 1.0, seed);
    double t = 0.0;
    for (int visits = 0; visits < VISITS;) {
        for (int i = 0; i < CENTERS && visits < VISITS; i++) {
            struct ls_dwell dwell = ls_schedule_next(&schedule);
            bool here = random ? dwell.center_hz == centers[0] : i == 0;
            if (here) {
                times[visits++] = t;
            }
            t += random ? (double)dwell.lasts_ns / 1e9 : 1.0;
        }
    }
    double best = 0.0;
    for (double f = 1.0 / 24.0; f <= 1.0; f += 0.5 / times[VISITS - 1]) {
        double complex sum = CMPLX(0.0, 0.0);
        for (int i = 0; i < VISITS; i++) {
            sum += cexp(CMPLX(0.0, 2.0 * M_PI * f * times[i]));
        }
        best = fmax(best, creal(sum * conj(sum)) / VISITS);
    }
    return best;
}

Test(schedule, visits_are_no_period) {
    double regular = strongest_period(1, false);
    cr_expect_gt(regular, 300.0, "a regular schedule is what this test can see: %g", regular);
    for (uint64_t seed = 1; seed <= 5; seed++) {
        double random = strongest_period(seed, true);
        /* 4600 trials of pure chance reach 17 once in a thousand; that each round visits all is a
         * weak order at about one visit a round. */
        cr_expect_lt(random, 60.0, "seed %llu: %g", (unsigned long long)seed, random);
    }
}

Test(schedule, the_same_seed_gives_the_same_schedule) {
    struct ls_schedule a;
    struct ls_schedule b;
    struct ls_schedule c;
    ls_schedule_init(&a, centers, CENTERS, 1.0, 5);
    ls_schedule_init(&b, centers, CENTERS, 1.0, 5);
    ls_schedule_init(&c, centers, CENTERS, 1.0, 6);
    size_t differ = 0;
    for (int i = 0; i < 100; i++) {
        struct ls_dwell x = ls_schedule_next(&a);
        struct ls_dwell y = ls_schedule_next(&b);
        cr_expect_eq(x.center_hz, y.center_hz);
        cr_expect_eq(x.lasts_ns, y.lasts_ns);
        differ += ls_schedule_next(&c).center_hz != x.center_hz;
    }
    cr_expect_gt(differ, 30);
}

Test(schedule, one_tuning_is_stayed_at) {
    struct ls_schedule schedule;
    ls_schedule_init(&schedule, centers, 1, 1.0, 5);
    for (int i = 0; i < 10; i++) {
        cr_expect_eq(ls_schedule_next(&schedule).center_hz, centers[0]);
    }
}
