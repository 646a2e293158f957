/* What is fitted to a regularity among strangers. */
#include "pattern/fit.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "base/util.h"
#include "pattern/chance.h"

enum { LINKS = 90, STRANGERS = 60 };

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* A device that sends every 18.75 s and begins anew after each eighth packet, so that no clock
 * holds it, among strangers, in a log of whole seconds: its intervals are 18 or 19, and the chain
 * takes in strangers that are within a tenth of that. Their mean would be off by up to half a
 * second; the tolerance is that of rounding. */
Test(fit, strangers_do_not_pull_an_interval) {
    for (uint64_t seed = 1; seed <= 10; seed++) {
        double t_s[LINKS + STRANGERS];
        struct ls_chance chance;
        struct ls_fit fit;
        ls_chance_init(&chance, seed);
        double at = 0.0;
        for (size_t i = 0; i < LINKS; i++) {
            t_s[i] = at;
            double pause = i % 8 == 7 ? 40.0 * ls_chance_uniform(&chance) : 0.0;
            at += 18.75 + 0.1 * (ls_chance_uniform(&chance) - 0.5) + pause;
        }
        for (size_t i = LINKS; i < LINKS + STRANGERS; i++) {
            t_s[i] = at * ls_chance_uniform(&chance);
        }
        qsort(t_s, LINKS + STRANGERS, sizeof t_s[0], ascending);
        for (size_t i = 0; i < LINKS + STRANGERS; i++) {
            t_s[i] = rint(t_s[i]);
        }
        double start_s = 0.0;
        double stop_s = t_s[LINKS + STRANGERS - 1];
        double before_s[] = {0.0, stop_s};
        struct ls_good_time good = {
            .count = 1, .start_s = &start_s, .stop_s = &stop_s, .before_s = before_s};
        struct ls_arrivals arrivals = {.t_s = t_s, .count = LINKS + STRANGERS, .good = &good};
        struct ls_verdict verdict = {.clock_rank = 1.0,
                                     .renewal_rank = 20.0,
                                     .period_s = 18.75,
                                     .interval_s = 18.5,
                                     .width = 0.1};
        ls_fit_arrivals(&arrivals, &verdict, &fit);
        cr_expect_float_eq(fit.period_s, 18.75, 0.25, "seed %zu: %g s", (size_t)seed, fit.period_s);
    }
}

/* Two devices of one model, of which one sends an eighth of a period after the other, both to 20
 * ms: one of them is fitted, and the other is left to be found next; not both as one that jitters.
 */
Test(fit, neighbours_in_phase_are_not_one_that_jitters) {
    enum { EACH = 100 };
    double t_s[2 * EACH];
    struct ls_chance chance;
    struct ls_fit fit;
    ls_chance_init(&chance, 1);
    for (size_t i = 0; i < EACH; i++) {
        double at = 30.0 * (double)i;
        t_s[2 * i] = at + 0.07 * (ls_chance_uniform(&chance) - 0.5);
        t_s[2 * i + 1] = at + 3.5 + 0.07 * (ls_chance_uniform(&chance) - 0.5);
    }
    t_s[0] = 0.0;
    double start_s = 0.0;
    double stop_s = t_s[LS_COUNT(t_s) - 1];
    double before_s[] = {0.0, stop_s};
    struct ls_good_time good = {
        .count = 1, .start_s = &start_s, .stop_s = &stop_s, .before_s = before_s};
    struct ls_arrivals arrivals = {.t_s = t_s, .count = LS_COUNT(t_s), .good = &good};
    struct ls_verdict verdict = {.clock_rank = 20.0,
                                 .renewal_rank = -(double)INFINITY,
                                 .period_s = 30.001,
                                 .interval_s = (double)NAN};
    ls_fit_arrivals(&arrivals, &verdict, &fit);
    cr_assert(fit.clock);
    cr_assert_float_eq(fit.period_s, 30.0, 1e-3);
    cr_assert_lt(fit.jitter_s, 0.1, "%g s", fit.jitter_s);
    cr_assert_eq(fit.members, EACH, "%zu", fit.members);
}

/* Packets of three devices of one period, the second and third at the offsets given, in order of
 * time; listens to them and fits from a third of their period. missing: a device that is not among
 * them, 0 for none. */
static void fit_three(uint64_t seed, const double offset_s[3], size_t missing, struct ls_fit *ret) {
    enum { EACH = 80, UNITS = 3 };
    double t_s[UNITS * EACH];
    struct ls_chance chance;
    size_t count = 0;
    ls_chance_init(&chance, seed);
    for (size_t i = 0; i < EACH; i++) {
        for (size_t unit = 0; unit < UNITS; unit++) {
            double late = 0.07 * (ls_chance_uniform(&chance) - 0.5); /* 20 ms, one sigma */
            bool lost = ls_chance_uniform(&chance) < 0.03;
            if (unit + 1 != missing && !lost) {
                t_s[count++] = 1.0 + 12.0 * (double)i + offset_s[unit] + late;
            }
        }
    }
    double start_s = 0.0;
    double stop_s = 2.0 + t_s[count - 1];
    double before_s[] = {0.0, stop_s};
    struct ls_good_time good = {
        .count = 1, .start_s = &start_s, .stop_s = &stop_s, .before_s = before_s};
    struct ls_arrivals arrivals = {.t_s = t_s, .count = count, .good = &good};
    struct ls_verdict verdict = {.clock_rank = 100.0,
                                 .renewal_rank = 90.0,
                                 .period_s = 4.0001,
                                 .interval_s = 4.0,
                                 .width = 0.05};
    ls_fit_arrivals(&arrivals, &verdict, ret);
    cr_assert(ret->clock, "seed %zu", (size_t)seed);
}

/* Three stations of one model 0.1 s off thirds of their 12 s look like one of 4 s that jitters by a
 * fortieth: each is a device of 12 s of its own, the others are left to be found next. */
Test(fit, three_units_near_thirds_are_not_one_of_a_third) {
    static const double offset_s[] = {0.0, 4.1, 7.9};
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct ls_fit fit;
        fit_three(seed, offset_s, 0, &fit);
        cr_expect_float_eq(fit.period_s, 12.0, 2e-3, "seed %zu: %g s", (size_t)seed, fit.period_s);
        cr_expect_lt(fit.jitter_s, 0.04, "seed %zu: %g s", (size_t)seed, fit.jitter_s);
        cr_expect(fit.members >= 60 && fit.members <= 80, "seed %zu: %zu members", (size_t)seed,
                  fit.members);
        cr_expect_float_eq(fit.alias_s, 4.0, 2e-3, "seed %zu: %g s", (size_t)seed, fit.alias_s);
    }
}

/* Two of them to the millisecond a third apart: phases say 4 s, but each third cycle is empty. */
Test(fit, an_empty_cycle_in_three_is_not_missed_by_chance) {
    static const double offset_s[] = {0.0, 4.0, 8.0};
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct ls_fit fit;
        fit_three(seed, offset_s, 3, &fit);
        cr_expect_float_eq(fit.period_s, 12.0, 2e-3, "seed %zu: %g s", (size_t)seed, fit.period_s);
    }
}

/* One device of 4 s, which by phases cannot be told from three in step: 4 s, in 200 of 200. With
 * 240 packets a multiple is taken for likelier by chance once in 1e4. */
Test(fit, a_true_third_is_not_split) {
    static const double offset_s[] = {0.0, 4.0, 8.0};
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct ls_fit fit;
        fit_three(seed, offset_s, 0, &fit);
        cr_expect_float_eq(fit.period_s, 4.0, 1e-3, "seed %zu: %g s", (size_t)seed, fit.period_s);
    }
}

/* Events sorted, from 0 to the last one, nobody deaf. */
static void fit_sorted(double *t_s, size_t count, const struct ls_verdict *verdict,
                       struct ls_fit *ret) {
    qsort(t_s, count, sizeof t_s[0], ascending);
    double start_s = 0.0;
    double stop_s = t_s[count - 1] + 1.0;
    double before_s[] = {0.0, stop_s};
    struct ls_good_time good = {
        .count = 1, .start_s = &start_s, .stop_s = &stop_s, .before_s = before_s};
    struct ls_arrivals arrivals = {.t_s = t_s, .count = count, .good = &good};
    ls_fit_arrivals(&arrivals, verdict, ret);
}

/* Posts of 40 s and 60 s whose phases lie on one grid of 10 s make a third of 30 s, of which three
 * cycles in four are filled. The first one to be told is a device that is there. */
Test(fit, trap_harmonics_of_two_devices_are_no_third) {
    for (uint64_t seed = 1; seed <= 20; seed++) {
        double t_s[LS_ARRIVALS_MAX];
        size_t count = 0;
        struct ls_chance chance;
        struct ls_fit fit;
        ls_chance_init(&chance, seed);
        for (size_t i = 0; i < 150; i++) {
            t_s[count++] = 3.0 + 40.0 * (double)i + 0.17 * ls_chance_uniform(&chance);
        }
        for (size_t i = 0; i < 100; i++) {
            t_s[count++] = 13.0 + 60.0 * (double)i + 0.17 * ls_chance_uniform(&chance);
        }
        struct ls_verdict verdict = {.clock_rank = 500.0,
                                     .renewal_rank = 490.0,
                                     .period_s = 40.0004,
                                     .interval_s = 40.0,
                                     .width = 0.02};
        fit_sorted(t_s, count, &verdict, &fit);
        cr_expect_float_eq(fit.period_s, 40.0, 1e-3, "seed %zu: %g s", (size_t)seed, fit.period_s);
        cr_expect_eq(fit.members, 150, "seed %zu: %zu members", (size_t)seed, fit.members);
    }
}

/* Two posts of 12 s that are 8 s apart: their intervals are 4 s and 8 s, and a clock of 4 s holds
 * both. */
Test(fit, trap_harmonics_of_intervals_are_no_third) {
    for (uint64_t seed = 1; seed <= 20; seed++) {
        double t_s[256];
        struct ls_chance chance;
        struct ls_fit fit;
        ls_chance_init(&chance, seed);
        for (size_t i = 0; i < LS_COUNT(t_s); i++) {
            double at_s = 1.0 + 12.0 * (double)(i / 2) + (i % 2 == 0 ? 0.0 : 8.0);
            t_s[i] = at_s + 0.07 * ls_chance_uniform(&chance);
        }
        struct ls_verdict verdict = {.clock_rank = 595.0,
                                     .renewal_rank = 825.0,
                                     .period_s = 11.9999,
                                     .interval_s = 3.95,
                                     .width = 0.02};
        fit_sorted(t_s, LS_COUNT(t_s), &verdict, &fit);
        cr_expect(fit.clock, "seed %zu: waits", (size_t)seed);
        cr_expect_float_eq(fit.period_s, 12.0, 1e-3, "seed %zu: %g s", (size_t)seed, fit.period_s);
        cr_expect_eq(fit.members, 128, "seed %zu: %zu members", (size_t)seed, fit.members);
    }
}

/* A post of 30 s of which two packets in three are missed: intervals of three cycles are as many as
 * those of one or two, and a clock of them holds a third of what was heard. */
Test(fit, cycles_that_are_missed_are_no_walk) {
    for (uint64_t seed = 1; seed <= 20; seed++) {
        double t_s[186];
        double at_s = 5.0;
        struct ls_chance chance;
        struct ls_fit fit;
        ls_chance_init(&chance, seed);
        for (size_t i = 0; i < LS_COUNT(t_s); i++) {
            t_s[i] = at_s + 0.06 * ls_chance_uniform(&chance);
            do {
                at_s += 30.0;
            } while (ls_chance_uniform(&chance) < 0.65);
        }
        struct ls_verdict verdict = {.clock_rank = 16.0,
                                     .renewal_rank = 183.0,
                                     .period_s = 798.062,
                                     .interval_s = 89.9486,
                                     .width = 0.02};
        fit_sorted(t_s, LS_COUNT(t_s), &verdict, &fit);
        cr_expect(fit.clock, "seed %zu: waits", (size_t)seed);
        cr_expect_float_eq(fit.period_s, 30.0, 1e-3, "seed %zu: %g s", (size_t)seed, fit.period_s);
    }
}

/* A post of 15 minutes on a clock that the clock test, which leaves what is slower than two minutes
 * to timetables, has no period for: its intervals are found, and its clock holds them all. One that
 * waits 15 minutes after its last packet drifts away from any clock. */
Test(fit, a_long_clock_is_told_from_one_that_waits) {
    for (uint64_t seed = 1; seed <= 20; seed++) {
        double clock_s[192];
        double waits_s[192];
        double at = 5.0;
        struct ls_chance chance;
        struct ls_fit fit;
        ls_chance_init(&chance, seed);
        for (size_t i = 0; i < LS_COUNT(clock_s); i++) {
            clock_s[i] = 5.0 + 900.0 * (double)i + 0.35 * ls_chance_uniform(&chance);
            waits_s[i] = at;
            at += 900.0 + 0.35 * (ls_chance_uniform(&chance) - 0.5);
        }
        struct ls_verdict verdict = {.clock_rank = -(double)INFINITY,
                                     .renewal_rank = 1000.0,
                                     .period_s = (double)NAN,
                                     .interval_s = 900.01,
                                     .width = 0.02};
        fit_sorted(clock_s, LS_COUNT(clock_s), &verdict, &fit);
        cr_expect(fit.clock, "seed %zu: waits", (size_t)seed);
        /* 0.1 s of jitter over 192 cycles: 1.3e-4 s is one sigma. */
        cr_expect_float_eq(fit.period_s, 900.0, 6e-4, "seed %zu: %g s", (size_t)seed, fit.period_s);
        cr_expect_eq(fit.members, LS_COUNT(clock_s));
        fit_sorted(waits_s, LS_COUNT(waits_s), &verdict, &fit);
        cr_expect_not(fit.clock, "seed %zu: on a clock", (size_t)seed);
        /* Whichever of the two tests saw more in it. */
        verdict.clock_rank = 1100.0;
        verdict.period_s = 900.002;
        fit_sorted(waits_s, LS_COUNT(waits_s), &verdict, &fit);
        cr_expect_not(fit.clock, "seed %zu: on a clock by rank", (size_t)seed);
        fit_sorted(clock_s, LS_COUNT(clock_s), &verdict, &fit);
        cr_expect(fit.clock, "seed %zu: waits by rank", (size_t)seed);
    }
}

/* A meter that hops every 7 s over 41 channels, heard on six of them, in whole seconds: the channel
 * that is heard best comes back after 287 s, and the others are no strangers to its clock. */
Test(fit, hops_are_told_from_the_frame) {
    static const size_t hops[] = {0, 5, 12, 18, 27, 36};
    enum { FRAMES = 60 };
    for (uint64_t seed = 1; seed <= 10; seed++) {
        double t_s[FRAMES * LS_COUNT(hops)];
        size_t count = 0;
        struct ls_chance chance;
        struct ls_fit fit;
        ls_chance_init(&chance, seed);
        for (size_t i = 0; i < FRAMES; i++) {
            for (size_t k = 0; k < LS_COUNT(hops); k++) {
                double heard = k == 0 ? 0.95 : 0.3;
                if (ls_chance_uniform(&chance) < heard) {
                    t_s[count++] = floor(287.0 * (double)i + 7.0 * (double)hops[k] + 0.4 +
                                         0.2 * ls_chance_uniform(&chance));
                }
            }
        }
        double start_s = 0.0;
        double stop_s = t_s[count - 1];
        double before_s[] = {0.0, stop_s};
        struct ls_good_time good = {
            .count = 1, .start_s = &start_s, .stop_s = &stop_s, .before_s = before_s};
        struct ls_arrivals arrivals = {.t_s = t_s, .count = count, .good = &good};
        struct ls_verdict verdict = {.clock_rank = 20.0,
                                     .renewal_rank = -(double)INFINITY,
                                     .period_s = 287.01,
                                     .interval_s = (double)NAN};
        ls_fit_arrivals(&arrivals, &verdict, &fit);
        cr_assert_float_eq(fit.period_s, 7.0, 0.002, "seed %zu: %g s", (size_t)seed, fit.period_s);
        cr_assert_eq(fit.members, count, "seed %zu: %zu of %zu", (size_t)seed, fit.members, count);
    }
}

/* A clock of whole seconds in a log of whole seconds: that its times scatter by nothing is as well
 * founded as that they scatter by all that rounding leaves open. */
Test(fit, jitter_within_rounding_may_be_none) {
    enum { EVENTS = 60 };
    double t_s[EVENTS];
    for (size_t i = 0; i < EVENTS; i++) {
        t_s[i] = 47.0 * (double)i;
    }
    double start_s = 0.0;
    double stop_s = t_s[EVENTS - 1];
    double before_s[] = {0.0, stop_s};
    struct ls_good_time good = {
        .count = 1, .start_s = &start_s, .stop_s = &stop_s, .before_s = before_s};
    struct ls_arrivals arrivals = {.t_s = t_s, .count = EVENTS, .good = &good};
    struct ls_verdict verdict = {
        .clock_rank = 20.0, .renewal_rank = 1.0, .period_s = 47.0, .interval_s = (double)NAN};
    struct ls_fit fit;
    ls_fit_arrivals(&arrivals, &verdict, &fit);
    cr_expect_float_eq(fit.period_s, 47.0, 1e-6);
    cr_expect_eq(fit.jitter_low_s, 0.0, "%g", fit.jitter_low_s);
    cr_expect_float_eq(fit.jitter_s, 0.29, 0.01, "%g", fit.jitter_s);
}
