#include "detect/beat.h"

#include <criterion/criterion.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>

static int compare(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int64_t at(double seconds) { return llround(seconds * 1e9); }

Test(beat, a_clock_with_missed_ticks_and_strangers_is_found) {
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, 1);
    size_t found = 0;
    for (int trial = 0; trial < 100; trial++) {
        int64_t starts[24];
        size_t n = 0;
        size_t on = 0;
        for (int k = 0; n < 18; k++) {
            if (gsl_rng_uniform(rng) < 0.8) {
                starts[n++] = at(48.0 * k + gsl_ran_gaussian(rng, 0.02));
                on++;
            }
        }
        double last_s = (double)starts[n - 1] / 1e9;
        while (n < 24) {
            starts[n++] = at(gsl_rng_uniform(rng) * last_s);
        }
        qsort(starts, n, sizeof starts[0], compare);
        struct ls_beat beat;
        bool right = ls_beat_find(starts, n, &beat) && fabs(beat.period_s - 48.0) < 0.05;
        found += right && beat.count + 1 >= on;
    }
    /* A stranger within 3 % of a tick can lead a chain astray. */
    cr_expect_geq(found, 88, "%zu of 100", found);
    gsl_rng_free(rng);
}

/* At most 1e-4 is stated; 0 of 2000 is below 1.8e-3 with 97.5 %. */
Test(beat, random_starts_hold_none) {
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, 2);
    size_t found = 0;
    for (int trial = 0; trial < 2000; trial++) {
        int64_t starts[LS_BEAT_MAX];
        double t = 0.0;
        for (size_t i = 0; i < LS_BEAT_MAX; i++) {
            t += gsl_ran_exponential(rng, 30.0);
            starts[i] = at(t);
        }
        struct ls_beat beat;
        found += ls_beat_find(starts, LS_BEAT_MAX, &beat);
    }
    gsl_rng_free(rng);
    cr_expect_leq(found, 1, "%zu of 2000", found);
}

Test(beat, few_starts_say_nothing) {
    const int64_t starts[] = {0, at(10), at(20), at(30), at(40)};
    struct ls_beat beat = {.count = 99};
    cr_expect(!ls_beat_find(starts, 5, &beat));
    cr_expect_eq(beat.count, 99);
}

/* Of 32 starts 22 are on multiples of 7 s, and no interval need be 7 s. */
Test(beat, ticks_that_all_intervals_are_multiples_of_are_found) {
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, 3);
    size_t found = 0;
    for (int trial = 0; trial < 100; trial++) {
        int64_t starts[LS_BEAT_MAX];
        int64_t second = 0;
        for (size_t i = 0; i < LS_BEAT_MAX; i++) {
            bool stranger = i >= 22;
            second += stranger ? 0 : 7 * (2 + (int64_t)gsl_rng_uniform_int(rng, 12));
            starts[i] =
                at(stranger ? floor(gsl_rng_uniform(rng) * (double)second) : (double)second);
        }
        qsort(starts, LS_BEAT_MAX, sizeof starts[0], compare);
        struct ls_beat beat;
        found += ls_beat_find_whole(starts, LS_BEAT_MAX, false, &beat) && beat.period_s == 7.0 &&
                 beat.whole && beat.count >= 22;
    }
    gsl_rng_free(rng);
    cr_expect_geq(found, 95, "%zu of 100", found);
}

/* At most 1e-4 is stated; 0 of 2000 is below 1.8e-3 with 97.5 %. */
Test(beat, random_seconds_hold_no_ticks) {
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, 4);
    size_t found = 0;
    for (int trial = 0; trial < 2000; trial++) {
        int64_t starts[LS_BEAT_MAX];
        double t = 0.0;
        for (size_t i = 0; i < LS_BEAT_MAX; i++) {
            t += gsl_ran_exponential(rng, 60.0);
            starts[i] = at(floor(t));
        }
        struct ls_beat beat;
        found += ls_beat_find_whole(starts, LS_BEAT_MAX, false, &beat);
    }
    gsl_rng_free(rng);
    cr_expect_leq(found, 1, "%zu of 2000", found);
}

Test(beat, starts_between_seconds_are_on_no_whole_ticks) {
    int64_t starts[16];
    struct ls_beat beat;
    for (size_t i = 0; i < 16; i++) {
        starts[i] = at(21.0 * (double)(i * i));
    }
    cr_expect(ls_beat_find_whole(starts, 16, false, &beat));
    starts[9] += 1000000;
    cr_expect_not(ls_beat_find_whole(starts, 16, false, &beat));
}
