#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "pattern/lockstep.h"
#include "tests/pattern/railway.h"

enum { SEEDS = 20 };

static const struct ls_kind *const kinds[] = {&ls_lockstep_kind};

/* A van: three phones that set up together at times of no period; keyed: with 0.1 s between them,
 * else each at its own time of the same minutes. */
static void add_van(struct railway *railway, double from_s, size_t calls, bool keyed) {
    static const double phones_hz[] = {886.2e6, 887.6e6, 889.0e6};
    double t = from_s;
    for (size_t k = 0; k < calls; k++) {
        for (size_t i = 0; i < 3; i++) {
            double lag = keyed ? 0.1 * (double)i + 0.1 * railway_normal(railway)
                               : 60.0 * ls_chance_uniform(&railway->chance);
            stand_plant(railway->stand, "km-1", t + lag,
                        20.0 + 20.0 * ls_chance_uniform(&railway->chance), phones_hz[i], 200e3,
                        -25.0 - (double)i + 1.5 * railway_normal(railway));
        }
        t += 60.0 + 180.0 * ls_chance_uniform(&railway->chance);
    }
}

/* 14 calls, of which some meet a train or long silence: found in 19 of 20 seeds or more. */
Test(lockstep, phones_keyed_together_are_found_and_their_twins_are_not) {
    size_t found = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        for (int keyed = 0; keyed < 2; keyed++) {
            struct stand stand;
            struct railway railway;
            stand_init(&stand, kinds, 1);
            railway_init(&railway, &stand, seed, 2);
            add_van(&railway, 86400.0 + 36000.0, 14, keyed != 0);
            stand_run(&stand, 0);
            const struct ls_finding *best = stand_best(&stand);
            cr_assert_not_null(best);
            if (keyed != 0 && best->reported && best->low_hz > 886e6) {
                found++;
                cr_assert_eq(ls_finding_parameter(best, "members")->value, 3.0);
            }
            cr_assert(keyed != 0 || stand_reported(&stand) == 0, "apart, seed %zu", (size_t)seed);
            stand_finish(&stand);
        }
    }
    cr_assert_geq(found, SEEDS - 1, "%zu of %d", found, SEEDS);
}

/* 20 fortnights of 38 trains a day: none in 10,640 passes, below 1 in 3,500 (95 %). */
Test(lockstep, storms_of_trains_are_not_lockstep) {
    for (uint64_t seed = 101; seed <= 100 + SEEDS; seed++) {
        struct stand stand;
        struct railway railway;
        stand_init(&stand, kinds, 1);
        railway_init(&railway, &stand, seed, 14);
        stand_run(&stand, 0);
        stand_best(&stand);
        cr_assert_eq(stand_reported(&stand), 0, "seed %zu", (size_t)seed);
        stand_finish(&stand);
    }
}

/* Cards on channels of their own, which never last long enough; and on channels that neighbours use
 * all day, where it is the levels that tell. */
Test(lockstep, gateway_of_every_train_is_not_reported) {
    static const double cards_hz[] = {886.2e6, 887.6e6, 889.0e6};
    for (int shared = 0; shared < 2; shared++) {
        struct stand stand;
        struct railway railway;
        stand_init(&stand, kinds, 1);
        railway_init(&railway, &stand, 5, 5);
        for (size_t train = 0; train < 5 * (size_t)RAILWAY_PER_DAY; train++) {
            size_t day = train / RAILWAY_PER_DAY;
            size_t number = train % RAILWAY_PER_DAY;
            double t = railway_time(&railway, day, number) - 60.0 +
                       12.0 * ls_chance_uniform(&railway.chance);
            for (size_t k = 0; k < 30; k++) {
                double tick_s = t + 12.0 * (double)(k / 3) + 0.03 * railway_normal(&railway);
                railway_plant(&railway, day, number, tick_s, 3.0, cards_hz[k % 3]);
            }
        }
        for (size_t k = 0; shared != 0 && k < 15000; k++) {
            stand_plant(&stand, "km-1", 5.0 * 86400.0 * ls_chance_uniform(&railway.chance), 2.0,
                        cards_hz[k % 3], 200e3, -35.0);
        }
        stand_run(&stand, 0);
        const struct ls_finding *best = stand_best(&stand);
        cr_assert_eq(stand_reported(&stand), 0, "%s", best == NULL ? "" : best->words);
        cr_assert(shared == 0 || best->log10_p < -4.0, "it is seen, and explained");
        stand_finish(&stand);
    }
}

/* Two meters of one period, 20 ppm apart, that start within 0.3 s of each other for 4 hours. */
Test(lockstep, two_clocks_of_one_period_are_not_lockstep) {
    struct stand stand;
    struct railway railway;
    stand_init(&stand, kinds, 1);
    railway_init(&railway, &stand, 6, 1);
    for (size_t k = 0; k < 1200; k++) {
        stand_plant(&stand, "km-1", 12.0 * (double)k, 0.05, 869.0e6, 60e3, -30.0);
        stand_plant(&stand, "km-1", 12.00024 * (double)k + 0.05, 0.05, 868.3e6, 60e3, -33.0);
    }
    stand_run(&stand, 0);
    stand_best(&stand);
    cr_assert_eq(stand_reported(&stand), 0);
    stand_finish(&stand);
}

Test(lockstep, resumed_run_equals_one_run) {
    double log10_p[2];
    for (size_t k = 0; k < 2; k++) {
        struct stand stand;
        struct railway railway;
        stand_init(&stand, kinds, 1);
        railway_init(&railway, &stand, 7, 2);
        add_van(&railway, 40000.0, 14, true);
        stand_run(&stand, k * 37);
        const struct ls_finding *best = stand_best(&stand);
        cr_assert_not_null(best);
        log10_p[k] = best->log10_p;
        stand_finish(&stand);
    }
    cr_assert_eq(log10_p[0], log10_p[1]);
    cr_assert_leq(log10_p[0], -3.0);
}

/* Kolmogorov's distance to the uniform law. */
static double distance(const double *p, size_t count) {
    double furthest = 0.0;
    for (size_t i = 0; i < count; i++) {
        double below = 0.0;
        for (size_t j = 0; j < count; j++) {
            below += p[j] <= p[i];
        }
        furthest = fmax(furthest, fabs(below / (double)count - p[i]));
    }
    return furthest;
}

/* A night of two channels that start at random, each every_s on the average; listening to the first
 * dwell_s of each hop_s. */
static double random_night(uint64_t seed, double every_s, double dwell_s, double hop_s) {
    struct stand stand;
    struct ls_chance chance;
    stand_init(&stand, kinds, 1);
    ls_chance_init(&chance, seed);
    for (double t = 0.0; t < 20000.0; t += hop_s) {
        stand_listen(&stand, "km-1", t, t + dwell_s, 870e6, 890e6);
    }
    for (size_t channel = 0; channel < 2; channel++) {
        double t = 0.0;
        while ((t -= every_s * log(1.0 - ls_chance_uniform(&chance))) < 20000.0) {
            double into = fmod(t, hop_s);
            if (into > 0.02 && into < dwell_s) {
                stand_plant(&stand, "km-1", t, 3.0, 880e6 + 2e6 * (double)channel, 200e3, -20.0);
            }
        }
    }
    stand_run(&stand, 0);
    const struct ls_finding *best = stand_best(&stand);
    cr_assert_not_null(best);
    double p = pow(10.0, best->log10_p);
    stand_finish(&stand);
    return p;
}

enum { NIGHTS = 400 };

/* The probabilities of 400 nights are uniform (Kolmogorov-Smirnov at 1 %: 1.63 / sqrt(400)). */
Test(lockstep, probabilities_are_uniform_without_a_pattern) {
    double p[NIGHTS];
    for (size_t night = 0; night < NIGHTS; night++) {
        p[night] = random_night(1000 + night, 40.0, 20000.0, 20000.0);
    }
    cr_assert_leq(distance(p, NIGHTS), 1.63 / sqrt((double)NIGHTS));
}

/* Both channels are heard for 3 s of each 7 s, which pushes their starts together. Besides the law,
 * no more than 9 of 400 below 1e-2, where 4 are expected (more than that: once in 130). */
Test(lockstep, probabilities_are_uniform_for_a_receiver_that_hops) {
    double p[NIGHTS];
    size_t below = 0;
    for (size_t night = 0; night < NIGHTS; night++) {
        p[night] = random_night(5000 + night, 20.0, 3.0, 7.0);
        below += p[night] <= 0.01;
    }
    cr_assert_leq(distance(p, NIGHTS), 1.63 / sqrt((double)NIGHTS));
    cr_assert_leq(below, 9, "%zu of %d below 1e-2", below, NIGHTS);
}
