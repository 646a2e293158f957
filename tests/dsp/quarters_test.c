#include "dsp/quarters.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "tests/dsp/scene.h"

enum { CHANNELS = 64, ROWS = 512, SLOT_FRAMES = 128, SLOTS = 2 * ROWS / SLOT_FRAMES };
enum { ALL = LS_QUARTERS * CHANNELS, PAIRS = SLOT_FRAMES / LS_QUARTERS_HOP / 2 };

struct bench {
    struct scene scene;
    struct ls_quarters *quarters;
    float sums[SLOTS * ALL];
};

static struct ls_quarters_opts opts_of(const struct bench *bench) {
    struct ls_quarters_opts opts = {
        .channels = CHANNELS, .slot_frames = SLOT_FRAMES, .slots = SLOTS};
    opts.prototype = ls_channelizer_prototype(bench->scene.bank, &opts.length);
    return opts;
}

static struct bench *bench_create(unsigned long seed) {
    struct bench *bench = calloc(1, sizeof *bench);
    cr_assert_not_null(bench);
    scene_init(&bench->scene, CHANNELS, ROWS, seed);
    struct ls_quarters_opts opts = opts_of(bench);
    cr_assert_eq(ls_quarters_create(&bench->quarters, &opts, NULL), LS_OK);
    return bench;
}

static void bench_destroy(struct bench *bench) {
    ls_quarters_destroy(bench->quarters);
    scene_finish(&bench->scene);
    free(bench);
}

static void drop_pair(void *context, const float *power_sum) {
    (void)context;
    (void)power_sum;
}

static void push_frame(void *context, const float complex *bins) {
    struct bench *bench = context;
    ls_quarters_push(bench->quarters, bins);
}

static void run(struct bench *bench, size_t frames) {
    const struct ls_channelizer_pairs to = {
        .pair = drop_pair, .frame = push_frame, .context = bench};
    ls_quarters_begin(bench->quarters);
    ls_channelizer_pairs(bench->scene.bank, bench->scene.samples, frames, &to, NULL);
    size_t slots = ls_quarters_finish(bench->quarters, bench->scene.floor_pow, bench->sums);
    cr_assert_eq(slots, frames / SLOT_FRAMES);
}

Test(quarters, noise_has_mean_one_in_every_quarter_and_the_looks_of_its_prototype) {
    struct bench *bench = bench_create(201);
    struct ls_quarters_opts opts = opts_of(bench);
    size_t length = ls_quarters_length(CHANNELS, opts.length);
    float *h = malloc(length * sizeof *h);
    struct ls_looks *looks = NULL;
    cr_assert(h != NULL && ls_quarters_prototype(&opts, h, NULL) == LS_OK);
    cr_assert_eq(ls_looks_create(&looks, h, length, ALL, NULL), LS_OK);
    double means[LS_QUARTERS] = {0};
    double squares = 0.0;
    size_t turns = 8;
    for (size_t turn = 0; turn < turns; turn++) {
        scene_noise(&bench->scene);
        run(bench, (size_t)2 * ROWS);
        for (size_t i = ALL; i < (size_t)(SLOTS - 1) * ALL; i++) {
            double mean = (double)bench->sums[i] / PAIRS;
            means[i % LS_QUARTERS] += mean;
            squares += (mean - 1.0) * (mean - 1.0);
        }
    }
    double count = (double)(turns * (SLOTS - 2) * ALL);
    /* 3,000 means of 17 looks a quarter: a standard error of 0.5 %. */
    for (size_t q = 0; q < LS_QUARTERS; q++) {
        cr_expect_float_eq(means[q] * LS_QUARTERS / count, 1.0, 0.015, "quarter %zu: %g", q,
                           means[q] * LS_QUARTERS / count);
    }
    double share = ls_quarters_looks_share(CHANNELS, SLOT_FRAMES, h, length);
    double expected = 1.0 / ls_looks_effective(looks, (size_t)2 * PAIRS, 1) / share;
    /* 3 % more over 100 turns, and 2 % for so few. */
    cr_expect_float_eq(squares / count, expected, 0.1 * expected, "%g, not %g", squares / count,
                       expected);
    ls_looks_destroy(looks);
    free(h);
    bench_destroy(bench);
}

/* Windows five frames apart are a little short of looks, and in short slots, which five frames do
 * not part evenly, there are none such. */
Test(quarters, few_looks_are_lost) {
    struct bench *bench = bench_create(203);
    struct ls_quarters_opts opts = opts_of(bench);
    size_t length = ls_quarters_length(CHANNELS, opts.length);
    float *h = malloc(length * sizeof *h);
    cr_assert(h != NULL && ls_quarters_prototype(&opts, h, NULL) == LS_OK);
    cr_expect_float_eq(ls_quarters_looks_share(CHANNELS, 32, h, length), 1.0, 1e-6);
    for (size_t slot_frames = 64; slot_frames <= 256; slot_frames *= 2) {
        double share = ls_quarters_looks_share(CHANNELS, slot_frames, h, length);
        cr_expect(share > 0.96 && share < 0.985, "%zu frames: %g", slot_frames, share);
    }
    free(h);
    bench_destroy(bench);
}

/* In even and odd channels of the band, at the middle of each quarter and between two. A tone has
 * all its power in a quarter and its neighbours, whose noise is a quarter of the channel's. */
Test(quarters, a_tone_is_in_its_own_quarter) {
    struct bench *bench = bench_create(202);
    for (size_t c = 20; c < 22; c++) {
        for (size_t eighth = 0; eighth <= 8; eighth++) {
            double at = (double)c - 0.5 + (double)eighth / 8.0;
            for (size_t i = 0; i < bench->scene.span; i++) {
                bench->scene.samples[i] = 0.0F;
            }
            scene_tone(&bench->scene, -100.0, 3.0 * ROWS, at, scene_pow(&bench->scene, 20.0));
            run(bench, (size_t)2 * ROWS);
            const float *slot = bench->sums + (size_t)5 * ALL;
            size_t most = 0;
            double sum = 0.0;
            double all = 0.0;
            size_t quarter = LS_QUARTERS * c + (eighth < 8 ? eighth / 2 : 3);
            for (size_t i = 0; i < ALL; i++) {
                most = slot[i] > slot[most] ? i : most;
                sum += i + 1 >= quarter && i <= quarter + 1 ? (double)slot[i] : 0.0;
                all += (double)slot[i];
            }
            bool between = eighth % 2 == 0;
            cr_expect(most == quarter || (between && (most + 1 == quarter || most == quarter + 1)),
                      "%g: in %zu, not %zu", at, most, quarter);
            /* 26 dB over a quarter's noise, two quarters crossing at -3 dB; between two channels
             * both stages do. */
            double expected_db = eighth % 8 == 0 ? 23.6 : 26.0;
            cr_expect_float_eq(10.0 * log10(sum / PAIRS), expected_db, 0.7, "%g: %g dB", at,
                               10.0 * log10(sum / PAIRS));
            cr_expect_lt(all - sum, 0.02 * sum, "%g: %g elsewhere", at, (all - sum) / sum);
        }
    }
    bench_destroy(bench);
}

Test(quarters, windows_over_a_seam_stand_in_with_the_noise_mean) {
    struct bench *bench = bench_create(203);
    run(bench, (size_t)2 * ROWS);
    for (size_t s = 0; s < SLOTS; s++) {
        /* The first two of the 26 windows of the first slot, with their middles on frames 1 and 6,
         * are not whole, nor are the last two of the last. */
        float expected = s == 0 || s == SLOTS - 1 ? PAIRS / 13.0F : 0.0F;
        cr_expect_float_eq(bench->sums[s * ALL + 7], expected, 1e-6F, "slot %zu: %g", s,
                           (double)bench->sums[s * ALL + 7]);
    }
    run(bench, (size_t)5 * SLOT_FRAMES);
    cr_expect_float_eq(bench->sums[4 * ALL + 7], PAIRS / 13.0F, 1e-6F, "of a short piece");
    bench_destroy(bench);
}

Test(quarters, each_has_what_its_channel_has) {
    enum { CHANNELS_MAX = 37 };
    float values[CHANNELS_MAX];
    for (size_t n = 0; n <= CHANNELS_MAX; n++) {
        float ret[LS_QUARTERS * CHANNELS_MAX + 1] = {0};
        for (size_t c = 0; c < n; c++) {
            values[c] = (float)(c + 1);
        }
        ls_quarters_spread(values, n, ret);
        for (size_t i = 0; i < LS_QUARTERS * n; i++) {
            cr_assert_eq(ret[i], (float)(i / LS_QUARTERS + 1), "%zu of %zu", i, n);
        }
        cr_assert_eq(ret[LS_QUARTERS * n], 0.0F, "wrote past %zu channels", n);
    }
}
