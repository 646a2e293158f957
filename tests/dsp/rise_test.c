#include "dsp/rise.h"

#include <criterion/criterion.h>
#include <gsl/gsl_randist.h>

#include "tests/dsp/scene.h"

enum { CHANNELS = 256, SLOTS = 16, ROWS = 64 };

struct bench {
    struct scene scene; /* its bank and dice */
    float sums[SLOTS][CHANNELS];
    float work[CHANNELS];
};

static void bench_init(struct bench *bench, unsigned long seed) {
    scene_init(&bench->scene, 64, 16, seed);
}

static void bench_finish(struct bench *bench) { scene_finish(&bench->scene); }

/* Noise of this mean. */
static void fill(struct bench *bench, double mean) {
    double looks = ls_looks_effective(bench->scene.looks, 2 * ROWS, 1);
    for (size_t s = 0; s < SLOTS; s++) {
        for (size_t c = 0; c < CHANNELS; c++) {
            bench->sums[s][c] =
                (float)(ROWS * gsl_ran_gamma(bench->scene.rng, looks, mean / looks));
        }
    }
}

static double estimate(struct bench *bench, size_t slots, bool *ret_even) {
    struct ls_rise rise;
    ls_rise_plan(&rise, bench->scene.looks, slots, 2 * ROWS);
    return ls_rise_estimate(&rise, &bench->sums[0][0], CHANNELS, 0, CHANNELS, ROWS, ret_even,
                            bench->work);
}

/* 256 channels of 8 slots or more: the quartile of means that scatter by 4 % is known to 0.35 %,
 * with 3 slots to 0.6 %. */
Test(rise, is_what_the_floor_rose_by) {
    struct bench bench;
    bench_init(&bench, 71);
    const size_t slots[] = {1, 3, 8, 16};
    for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++) {
        for (double risen = 0.9; risen < 1.2; risen += 0.1) {
            fill(&bench, risen);
            bool even;
            double found = estimate(&bench, slots[i], &even);
            cr_expect_float_eq(found / risen, 1.0, 0.02, "%zu slots, %g: %g", slots[i], risen,
                               found);
            cr_expect(even, "%zu slots, %g", slots[i], risen);
        }
    }
    bench_finish(&bench);
}

/* A burst 30 dB up in half of the band and in every third slot, and a carrier in a tenth of it. */
Test(rise, bursts_and_carriers_do_not_raise_it) {
    struct bench bench;
    bench_init(&bench, 72);
    fill(&bench, 1.0);
    for (size_t s = 0; s < SLOTS; s++) {
        for (size_t c = 0; c < CHANNELS; c++) {
            bool burst = s % 3 == 0 && c >= CHANNELS / 2;
            bench.sums[s][c] *= burst || c < CHANNELS / 10 ? 1000.0F : 1.0F;
        }
    }
    bool even;
    double rise = estimate(&bench, SLOTS, &even);
    /* 0.1 dB */
    cr_expect_float_eq(rise, 1.0, 0.025, "%g", rise);
    bench_finish(&bench);
}

/* Half of the band is up by 1 dB: that is no gain. */
Test(rise, half_a_band_is_not_even) {
    struct bench bench;
    bench_init(&bench, 73);
    fill(&bench, 1.0);
    for (size_t s = 0; s < SLOTS; s++) {
        for (size_t c = CHANNELS / 2; c < CHANNELS; c++) {
            bench.sums[s][c] *= 1.26F;
        }
    }
    bool even;
    estimate(&bench, SLOTS, &even);
    cr_expect_not(even);
    bench_finish(&bench);
}
