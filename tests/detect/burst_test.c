#include "detect/burst.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

enum { CHANNELS = 64, HOP = CHANNELS / 2, RATIO = 16, BURSTS_MAX = 64 };

static const double rate_sps = 400e3;
static const double floor_pow = 1e-6;

struct heard {
    struct ls_burst bursts[BURSTS_MAX];
    uint64_t owners[BURSTS_MAX];
    size_t begun;
    size_t ended;
    size_t fail_at; /* the call of ends that fails; 0: none */
    size_t parts;
};

static int begins(void *context, const struct ls_burst *now, uint64_t *ret_owner,
                  struct ls_err *err) {
    struct heard *heard = context;
    (void)err;
    cr_assert_gt(now->duration_ns, 0);
    *ret_owner = 100 + heard->begun++;
    return LS_OK;
}

static void part(void *context, const struct ls_burst_part *part, uint64_t owner) {
    struct heard *heard = context;
    (void)owner;
    cr_assert_gt(part->seconds, 0.0);
    heard->parts++;
}

static int ends(void *context, const struct ls_burst *burst, const struct ls_spectrum *spectrum,
                double noise_per_bin, uint64_t owner, struct ls_err *err) {
    struct heard *heard = context;
    (void)spectrum;
    cr_assert_gt(noise_per_bin, 0.0);
    cr_assert_lt(heard->ended, BURSTS_MAX);
    heard->bursts[heard->ended] = *burst;
    heard->owners[heard->ended++] = owner;
    return heard->ended == heard->fail_at ? ls_err_set(err, LS_ERR_FULL, "no") : LS_OK;
}

struct bench {
    struct heard heard;
    struct ls_bursts *bursts;
    struct ls_stretch stretch;
};

static void bench_init(struct bench *bench) {
    memset(bench, 0, sizeof *bench);
    struct ls_burst_listener listener = {
        .context = &bench->heard, .begins = begins, .part = part, .ends = ends};
    cr_assert_eq(ls_bursts_create(&bench->bursts, &listener, NULL), LS_OK);
    bench->stretch = (struct ls_stretch){.t_ns = INT64_C(1000000000),
                                         .tuning = {.center_hz = 868e6, .rate_sps = rate_sps},
                                         .channels = CHANNELS,
                                         .fine_bins = RATIO * CHANNELS,
                                         .prototype_energy = 1.0 / CHANNELS};
    ls_bursts_begin(bench->bursts, &bench->stretch);
}

/* A burst as the detector would cut it: frames of the stretch, quarters so that a float holds them.
 */
struct planted {
    double start;
    double stop;
    uint32_t low;
    uint32_t high;
    double excess_pow;
};

/* Its box in the piece [first, first + frames); false when it is not in it. */
static bool box_in_piece(const struct planted *planted, double first, double frames,
                         struct ls_box *ret) {
    double start = fmax(planted->start, first);
    double stop = fmin(planted->stop, first + frames);
    if (start >= stop) {
        return false;
    }
    double width = planted->high - planted->low;
    *ret = (struct ls_box){.row_start = (uint32_t)((start - first) / 2.0),
                           .row_stop = (uint32_t)ceil((stop - first) / 2.0),
                           .channel_low = planted->low,
                           .channel_high = planted->high,
                           .start_frame = (float)(start - first),
                           .stop_frame = (float)(stop - first),
                           .excess_pow = planted->excess_pow,
                           .floor_pow = floor_pow * width,
                           .from_start = planted->start <= first,
                           .to_stop = planted->stop >= first + frames};
    return true;
}

static float powers[RATIO * CHANNELS];

/* Pieces of `frames` frames until `total`; ends the stretch. */
static void run(struct bench *bench, const struct planted *planted, size_t count, double frames,
                double total) {
    for (size_t i = 0; i < LS_COUNT(powers); i++) {
        powers[i] = 1.0F; /* far above the noise of a bin, 1e-6 * 64 / 1024 */
    }
    for (double first = 0.0; first < total; first += frames) {
        struct ls_box boxes[8];
        struct ls_box_spectrum spectra[8];
        struct ls_piece piece = {.first_frame = (uint64_t)first,
                                 .frames = (size_t)frames,
                                 .boxes = boxes,
                                 .spectra = spectra};
        for (size_t i = 0; i < count; i++) {
            if (box_in_piece(&planted[i], first, frames, &boxes[piece.box_count])) {
                uint32_t bins = (planted[i].high - planted[i].low) * RATIO;
                spectra[piece.box_count++] =
                    (struct ls_box_spectrum){.first = planted[i].low * RATIO - RATIO / 2,
                                             .count = bins,
                                             .power = powers,
                                             .averages = 4.0};
            }
        }
        struct ls_err err = {0};
        cr_assert_eq(ls_bursts_piece(bench->bursts, &piece, &err), LS_OK, "%s", err.text);
    }
    cr_assert_eq(ls_bursts_end(bench->bursts, NULL), LS_OK);
}

/* Levels are given to 0.01 dB. */
static const double rounding_db = 0.0051;

Test(burst, trap_split_at_block_edge) {
    const struct planted planted = {
        .start = 37.25, .stop = 803.5, .low = 20, .high = 25, .excess_pow = 5e-3};
    struct ls_burst whole = {0};
    for (double frames = 1024.0; frames >= 16.0; frames /= 2.0) {
        struct bench bench;
        bench_init(&bench);
        run(&bench, &planted, 1, frames, 1024.0);
        cr_assert_eq(bench.heard.begun, 1, "pieces of %g: begun %zu", frames, bench.heard.begun);
        cr_assert_eq(bench.heard.ended, 1);
        cr_expect_eq(bench.heard.owners[0], 100);
        const struct ls_burst *burst = &bench.heard.bursts[0];
        whole = frames == 1024.0 ? *burst : whole;
        cr_expect_eq(burst->start_ns, whole.start_ns);
        cr_expect_eq(burst->duration_ns, whole.duration_ns);
        cr_expect_eq(burst->flags, 0);
        /* Sums of up to 64 doubles, and of floats in the spectrum. */
        cr_expect_float_eq(burst->level_dbfs, whole.level_dbfs, 1e-9);
        cr_expect_float_eq(burst->snr_db, whole.snr_db, 1e-4);
        cr_expect_float_eq(burst->center_hz, whole.center_hz, 1.0);
        cr_expect_float_eq(burst->bandwidth_hz, whole.bandwidth_hz, 1.0);
        ls_bursts_destroy(bench.bursts);
    }
    /* And it is what was planted: 64 hops of 80 us; five channels of 6.25 kHz, 99 % of them. */
    cr_expect_eq(whole.start_ns, INT64_C(1000000000) + (int64_t)(37.25 * 80e3));
    cr_expect_eq(whole.duration_ns, (int64_t)(766.25 * 80e3));
    cr_expect_float_eq(whole.center_hz, 868e6 + (22.0 - 32.0) * 6250.0, 400.0);
    cr_expect_float_eq(whole.bandwidth_hz, 0.99 * 5.0 * 6250.0, 400.0);
    cr_expect_float_eq(whole.level_dbfs, 10.0 * log10(5e-3), rounding_db);
    /* Noise of 1e-6 * 64 / 64 over 400 kHz. */
    double noise = 1e-6 * CHANNELS * whole.bandwidth_hz / rate_sps;
    cr_expect_float_eq(whole.snr_db, 10.0 * log10(5e-3 / noise), rounding_db);
}

Test(burst, a_box_that_a_longer_window_holds_is_none_of_its_own) {
    struct bench bench;
    bench_init(&bench);
    const struct planted planted[] = {
        {.start = 10.0, .stop = 40.0, .low = 20, .high = 25, .excess_pow = 5e-3},
        {.start = 10.0, .stop = 40.0, .low = 30, .high = 35, .excess_pow = 5e-3}};
    struct ls_box boxes[2];
    const struct ls_box_spectrum spectra[2] = {{0}, {0}};
    const bool held[2] = {true, false};
    struct ls_piece piece = {
        .frames = 64, .boxes = boxes, .spectra = spectra, .held = held, .box_count = 2};
    cr_assert(box_in_piece(&planted[0], 0.0, 64.0, &boxes[0]));
    cr_assert(box_in_piece(&planted[1], 0.0, 64.0, &boxes[1]));
    cr_assert_eq(ls_bursts_piece(bench.bursts, &piece, NULL), LS_OK);
    cr_assert_eq(bench.heard.ended, 1);
    cr_expect_gt(bench.heard.bursts[0].center_hz, 868e6 - 6250.0);
    ls_bursts_destroy(bench.bursts);
}

Test(burst, says_when_listening_began_or_ended_within_it) {
    static const struct {
        double start;
        double stop;
        uint32_t flags;
    } rows[] = {{0.0, 300.0, LS_BURST_CUT_START},
                {10.0, 512.0, LS_BURST_CUT_STOP},
                {0.0, 512.0, LS_BURST_CUT_START | LS_BURST_CUT_STOP},
                {64.0, 448.0, 0}};
    for (size_t i = 0; i < LS_COUNT(rows); i++) {
        struct bench bench;
        bench_init(&bench);
        struct planted planted = {.start = rows[i].start,
                                  .stop = rows[i].stop,
                                  .low = 20,
                                  .high = 25,
                                  .excess_pow = 1e-3};
        run(&bench, &planted, 1, 64.0, 512.0);
        cr_assert_eq(bench.heard.ended, 1);
        cr_expect_eq(bench.heard.bursts[0].flags, rows[i].flags, "case %zu: %u", i,
                     bench.heard.bursts[0].flags);
        ls_bursts_destroy(bench.bursts);
    }
}

/* What is on at the end of one stretch and at the start of the next are two bursts, both cut. */
Test(burst, trap_join_over_gap) {
    struct bench bench;
    bench_init(&bench);
    struct planted planted = {
        .start = 0.0, .stop = 128.0, .low = 20, .high = 25, .excess_pow = 1e-3};
    run(&bench, &planted, 1, 64.0, 128.0);
    bench.stretch.t_ns += INT64_C(128) * 80000 + 1;
    ls_bursts_begin(bench.bursts, &bench.stretch);
    run(&bench, &planted, 1, 64.0, 128.0);
    cr_assert_eq(bench.heard.ended, 2);
    for (size_t i = 0; i < 2; i++) {
        cr_expect_eq(bench.heard.bursts[i].flags, LS_BURST_CUT_START | LS_BURST_CUT_STOP);
        cr_expect_eq(bench.heard.bursts[i].duration_ns, INT64_C(128) * 80000);
    }
    cr_expect_eq(bench.heard.bursts[1].start_ns, bench.stretch.t_ns);
    ls_bursts_destroy(bench.bursts);
}

Test(burst, neighbours_over_a_seam_keep_apart) {
    struct bench bench;
    bench_init(&bench);
    const struct planted planted[] = {
        {.start = 10.0, .stop = 100.0, .low = 20, .high = 24, .excess_pow = 1e-3},
        {.start = 20.0, .stop = 120.0, .low = 24, .high = 28, .excess_pow = 4e-3}};
    run(&bench, planted, 2, 64.0, 128.0);
    cr_assert_eq(bench.heard.ended, 2);
    cr_expect_float_eq(bench.heard.bursts[0].level_dbfs, -30.0, 1e-6);
    cr_expect_eq(bench.heard.bursts[0].duration_ns, INT64_C(90) * 80000);
    cr_expect_float_eq(bench.heard.bursts[1].level_dbfs, 10.0 * log10(4e-3), rounding_db);
    cr_expect_eq(bench.heard.bursts[1].duration_ns, INT64_C(100) * 80000);
    ls_bursts_destroy(bench.bursts);
}

Test(burst, one_that_ends_at_a_seam_and_one_that_begins_elsewhere_are_two) {
    struct bench bench;
    bench_init(&bench);
    const struct planted planted[] = {
        {.start = 10.0, .stop = 64.0, .low = 20, .high = 24, .excess_pow = 1e-3},
        {.start = 64.0, .stop = 120.0, .low = 30, .high = 34, .excess_pow = 1e-3}};
    run(&bench, planted, 2, 64.0, 128.0);
    cr_expect_eq(bench.heard.ended, 2);
    cr_expect_eq(bench.heard.begun, 2);
    ls_bursts_destroy(bench.bursts);
}

Test(burst, touching_the_band_edge_is_said) {
    struct bench bench;
    bench_init(&bench);
    const struct planted planted[] = {
        {.start = 10.0, .stop = 60.0, .low = 1, .high = 4, .excess_pow = 1e-3},
        {.start = 10.0, .stop = 60.0, .low = 30, .high = 34, .excess_pow = 1e-3},
        {.start = 10.0, .stop = 60.0, .low = 60, .high = 64, .excess_pow = 1e-3}};
    run(&bench, planted, 3, 64.0, 64.0);
    cr_assert_eq(bench.heard.ended, 3);
    cr_expect_eq(bench.heard.bursts[0].flags, LS_BURST_BAND_EDGE);
    cr_expect_eq(bench.heard.bursts[1].flags, 0);
    cr_expect_eq(bench.heard.bursts[2].flags, LS_BURST_BAND_EDGE);
    ls_bursts_destroy(bench.bursts);
}

Test(burst, listener_that_fails_ends_it) {
    struct bench bench;
    bench_init(&bench);
    bench.heard.fail_at = 1;
    struct ls_box box;
    struct planted planted = {.start = 3.0, .stop = 9.0, .low = 20, .high = 24, .excess_pow = 1.0};
    cr_assert(box_in_piece(&planted, 0.0, 64.0, &box));
    struct ls_box_spectrum none = {0};
    struct ls_piece piece = {.frames = 64, .boxes = &box, .spectra = &none, .box_count = 1};
    struct ls_err err = {0};
    cr_expect_eq(ls_bursts_piece(bench.bursts, &piece, &err), LS_ERR_FULL);
    cr_expect_str_eq(err.text, "no");
    ls_bursts_destroy(bench.bursts);
}
