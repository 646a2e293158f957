/* Cells and access bursts of the simulator, which has its own copy of what the standards say. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "base/util.h"
#include "dsp/sync.h"
#include "dsp/training.h"
#include "simulate/random.h"
#include "simulate/waveform.h"

/* count samples of a waveform hz beside 0 Hz, in noise of so much less power in its samples. */
static float complex *render(const struct ls_waveform_opts *opts, size_t count, double hz,
                             double noise_pow) {
    struct ls_waveform *waveform;
    struct ls_random random;
    float complex *x = calloc(count, sizeof *x);
    cr_assert_not_null(x);
    cr_assert_eq(ls_waveform_create(&waveform, opts, NULL), LS_OK);
    cr_assert(ls_waveform_render(waveform, x, count));
    ls_waveform_destroy(waveform);
    for (size_t n = 0; n < count; n++) {
        double turns = fmod(hz / opts->rate_sps * (double)n, 1.0);
        x[n] *= (float complex)cexp(2.0 * M_PI * turns * (double complex)I);
    }
    ls_random_init(&random, opts->seed, 99);
    ls_random_add_noise(&random, x, count, noise_pow);
    return x;
}

Test(cells, correction_bursts_of_gsm_are_followed_by_their_training_sequence) {
    static const double rates[] = {400e3, 541e3, 1e6};
    for (size_t r = 0; r < LS_COUNT(rates); r++) {
        struct ls_sync *sync;
        struct ls_sync_value value;
        struct ls_waveform_opts opts = {
            .id = "gsm-bcch", .rate_sps = rates[r], .duration_s = 0.2, .seed = r + 1};
        struct ls_sync_opts sync_opts = {.rate_sps = rates[r]};
        size_t count = (size_t)(0.16 * rates[r]);
        LS_AUTO(float complex) x = render(&opts, count, -4100.0, 0.05 * rates[r] / 270e3);
        cr_assert_eq(ls_sync_create(&sync, &sync_opts, NULL), LS_OK);
        cr_assert(ls_sync_find(sync, x, count, &value), "%g S/s", rates[r]);
        /* The last one may have its frame after the end. */
        cr_expect_geq(value.followed + 1, value.seen, "%zu of %zu", value.followed, value.seen);
        cr_expect_geq(value.followed, 2);
        cr_expect_float_eq(value.hz, -4100.0, 40.0);
        ls_sync_destroy(sync);
    }
}

/* The simulator draws the identity of a cell first of all. */
Test(cells, the_group_of_an_lte_cell_is_the_one_it_has) {
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct ls_sync *sync;
        struct ls_sync_value value;
        struct ls_random random;
        ls_random_init(&random, seed, 1);
        int identity = (int)ls_random_below(&random, 504);
        struct ls_waveform_opts opts = {.id = "lte-downlink",
                                        .rate_sps = 1.92e6,
                                        .duration_s = 0.09,
                                        .seed = seed,
                                        .params = {.bandwidth_hz = 1.4e6}};
        size_t count = (size_t)(0.08 * 1.92e6);
        LS_AUTO(float complex) x = render(&opts, count, 2700.0 * (double)seed, 0.3);
        cr_assert_eq(
            ls_sync_create(&sync, &(struct ls_sync_opts){.rate_sps = 1.92e6, .lte = true}, NULL),
            LS_OK);
        cr_assert(ls_sync_find(sync, x, count, &value));
        cr_expect_eq(value.root, identity % 3, "%d for %d", value.root, identity % 3);
        cr_expect_eq(value.group, identity / 3, "%d for %d", value.group, identity / 3);
        cr_expect_geq(value.followed, 14);
        ls_sync_destroy(sync);
    }
}

/* Others stay below the 0.35 from which it counts: 40 of 40 access bursts found at 10 dB, none in
 * 40 normal ones. */
Test(cells, access_bursts_are_told_by_their_sequence) {
    struct ls_training *access;
    size_t found = 0;
    size_t false_ones = 0;
    const double rate_sps = 500e3;
    cr_assert_eq(ls_training_create(&access, LS_TRAINING_ACCESS, NULL), LS_OK);
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct ls_waveform_opts opts = {
            .id = "gsm-access", .rate_sps = rate_sps, .delay_s = 50e-6, .seed = seed};
        LS_AUTO(float complex) x = render(&opts, 300, 9000.0, 0.1 * rate_sps / 270e3);
        struct ls_training_match match = ls_training_find(access, x, 300, rate_sps);
        found += match.share > 0.5;
        /* Eight bits of tail come before it, and three symbols of ramp. */
        cr_expect_float_eq((double)match.at / rate_sps, 50e-6 + 11.0 / 270.833e3, 6e-6);
        opts.id = "gsm";
        opts.duration_s = 0.001;
        LS_AUTO(float complex) other = render(&opts, 300, 9000.0, 0.1 * rate_sps / 270e3);
        false_ones += ls_training_find(access, other, 300, rate_sps).share > 0.35;
    }
    cr_expect_eq(found, 40, "%zu", found);
    cr_expect_eq(false_ones, 0, "%zu", false_ones);
    ls_training_destroy(access);
}

Test(cells, too_little_says_nothing) {
    struct ls_training *extended;
    float complex x[64] = {0};
    cr_assert_eq(ls_training_create(&extended, LS_TRAINING_EXTENDED, NULL), LS_OK);
    cr_expect_eq(ls_training_find(extended, x, 64, 500e3).share, 0.0);
    cr_expect_eq(ls_training_find(extended, x, 64, 5e6).share, 0.0);
    cr_expect_eq(ls_training_find(extended, x, 0, 500e3).share, 0.0);
    ls_training_destroy(extended);
    ls_training_destroy(NULL);
}
