#include "dsp/slow.h"

#include <criterion/criterion.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <string.h>

#include "tests/dsp/scene.h"

enum { CHANNELS = 64, SLOT_ROWS = 32, SLOTS = 16, FOUND_MAX = 64 };

/* Slots of noise of known law, and one flat signal in them. */
struct bench {
    struct scene scene;
    struct ls_slow *slow;
    double looks; /* of a channel in a slot */
    float floor_pow[CHANNELS];
    float sums[SLOTS * CHANNELS];
    float counts[SLOTS * CHANNELS];
    uint64_t slot;
    struct ls_slow_box found[FOUND_MAX];
    size_t found_count;
    size_t announced;
};

static void bench_init_pieces(struct bench *bench, double false_alarms_per_day, unsigned long seed,
                              const struct ls_slow_opts *pieces) {
    memset(bench, 0, sizeof *bench);
    scene_init(&bench->scene, CHANNELS, 16, seed);
    bench->looks = ls_looks_effective(bench->scene.looks, (size_t)2 * SLOT_ROWS, 1);
    struct ls_slow_opts opts = {.channels = CHANNELS,
                                .first_channel = 1,
                                .last_channel = CHANNELS,
                                .looks = bench->scene.looks,
                                .slot_rows = SLOT_ROWS,
                                .slot_s = 5e-3,
                                .false_alarms_per_day = false_alarms_per_day,
                                .divided = pieces->divided,
                                .widest = pieces->widest,
                                .piece_slots = pieces->piece_slots};
    cr_assert_eq(ls_slow_create(&bench->slow, &opts, NULL), LS_OK);
    for (size_t c = 0; c < CHANNELS; c++) {
        bench->floor_pow[c] = 2.0F + 0.01F * (float)c;
    }
    ls_slow_begin(bench->slow, bench->floor_pow, 0.01, NULL);
}

static void bench_init(struct bench *bench, double false_alarms_per_day, unsigned long seed) {
    const struct ls_slow_opts pieces = {.piece_slots = SLOTS};
    bench_init_pieces(bench, false_alarms_per_day, seed, &pieces);
}

static void bench_finish(struct bench *bench) {
    ls_slow_destroy(bench->slow);
    scene_finish(&bench->scene);
}

static void keep(struct bench *bench, const struct ls_slow_box *boxes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        bench->announced += !boxes[i].ended;
        if (boxes[i].ended) {
            cr_assert_lt(bench->found_count, FOUND_MAX);
            bench->found[bench->found_count++] = boxes[i];
        }
    }
}

/* A signal in slots [start, stop) of channels [low, high): excess over the noise of a cell. */
struct signal {
    uint64_t start;
    uint64_t stop;
    size_t low;
    size_t high;
    double excess;
};

/* What one piece leaves. */
static struct ls_slot_piece piece_of(struct bench *bench) {
    return (struct ls_slot_piece){.floor_pow = bench->floor_pow,
                                  .sums = bench->sums,
                                  .counts = bench->counts,
                                  .slots = SLOTS};
}

/* Noise of mean gain in one slot and channel. */
static void put_noise(struct bench *bench, size_t i, double mean) {
    bench->counts[i] = SLOT_ROWS;
    bench->sums[i] = (float)(mean * SLOT_ROWS *
                             gsl_ran_gamma(bench->scene.rng, bench->looks, 1.0 / bench->looks));
}

/* Pieces of SLOTS slots, at a gain that goes by gain_a_piece from each to the next. */
static void listen(struct bench *bench, size_t pieces, const struct signal *signal,
                   double gain_a_piece) {
    struct ls_slot_piece piece = piece_of(bench);
    double gain = 1.0;
    for (size_t p = 0; p < pieces; p++, gain *= gain_a_piece) {
        for (size_t i = 0; i < (size_t)SLOTS * CHANNELS; i++) {
            uint64_t slot = bench->slot + i / CHANNELS;
            size_t c = i % CHANNELS;
            bool on = signal != NULL && slot >= signal->start && slot < signal->stop &&
                      c >= signal->low && c < signal->high;
            put_noise(bench, i, gain * (1.0 + (on ? signal->excess : 0.0)));
        }
        bench->slot += SLOTS;
        const struct ls_slow_box *boxes;
        size_t count = ls_slow_piece(bench->slow, &piece, &boxes);
        keep(bench, boxes, count);
    }
}

static void end(struct bench *bench) {
    const struct ls_slow_box *boxes;
    size_t count = ls_slow_end(bench->slow, &boxes);
    keep(bench, boxes, count);
}

/* 40 s of noise, then a signal 7 dB under it in 4 channels for 1 s, over a dozen seams: a deviation
 * of the mean in its band is 1 / sqrt(4 x 200 x 46 looks) = 0.5 %. */
Test(slow, finds_what_is_longer_than_a_piece_whole) {
    struct bench bench;
    bench_init(&bench, 10.0, 91);
    struct signal signal = {.start = 8007, .stop = 8207, .low = 20, .high = 24, .excess = 0.2};
    listen(&bench, 540, &signal, 1.0);
    cr_assert_eq(bench.found_count, 1, "%zu boxes", bench.found_count);
    cr_expect_eq(bench.announced, 1);
    const struct ls_slow_box *box = &bench.found[0];
    /* A slot holds 184 looks of the band: 2.7 deviations a slot. */
    cr_expect_float_eq((double)box->start_slot, 8007.0, 8.0, "from %zu", (size_t)box->start_slot);
    cr_expect_float_eq((double)box->stop_slot, 8207.0, 8.0, "to %zu", (size_t)box->stop_slot);
    cr_expect(box->channel_low == 20 && box->channel_high == 24, "channels %u to %u",
              box->channel_low, box->channel_high);
    cr_expect_float_eq(box->excess_pow / box->floor_pow, 0.2, 0.03);
    cr_expect_not(box->to_stop);
    bench_finish(&bench);
}

Test(slow, what_is_on_at_the_end_says_so) {
    struct bench bench;
    bench_init(&bench, 10.0, 92);
    struct signal signal = {.start = 100, .stop = 10000, .low = 40, .high = 41, .excess = 0.5};
    listen(&bench, 20, &signal, 1.0);
    end(&bench);
    cr_assert_eq(bench.found_count, 1, "%zu boxes", bench.found_count);
    cr_expect(bench.found[0].to_stop);
    cr_expect_eq(bench.found[0].stop_slot, 320);
    bench_finish(&bench);
}

/* 400 s at a budget of 20000 a day: 93 boxes of noise allowed. */
Test(slow, boxes_of_noise_stay_within_the_budget) {
    struct bench bench;
    bench_init(&bench, 20000.0, 93);
    size_t boxes = 0;
    for (size_t i = 0; i < 5; i++) {
        listen(&bench, 1000, NULL, 1.0);
        boxes += bench.found_count;
        bench.found_count = 0;
    }
    end(&bench);
    boxes += bench.found_count;
    cr_log_info("%zu boxes of 93", boxes);
    /* 99.9 % of Poisson(93) are below 124. */
    cr_expect_lt(boxes, 124, "%zu boxes", boxes);
    bench_finish(&bench);
}

/* 6 dB up in a minute, then a step of 3 dB down. */
Test(slow, gain_is_no_signal) {
    struct bench bench;
    bench_init(&bench, 10.0, 94);
    listen(&bench, 750, NULL, pow(10.0, 0.6 / 750.0));
    listen(&bench, 100, NULL, 1.0);
    end(&bench);
    cr_expect_eq(bench.found_count, 0, "%zu boxes", bench.found_count);
    bench_finish(&bench);
}

/* A channel whose floor was learned 4 % too low is not heard as a signal for ever. */
Test(slow, reference_is_learned) {
    struct bench bench;
    bench_init(&bench, 10.0, 95);
    struct signal error = {.start = 0, .stop = UINT64_MAX, .low = 30, .high = 31, .excess = 0.02};
    listen(&bench, 1500, &error, 1.0);
    size_t before = bench.found_count;
    end(&bench);
    cr_expect_leq(bench.found_count, before + 1);
    struct signal signal = {.start = 24500, .stop = 24700, .low = 30, .high = 31, .excess = 0.3};
    bench.found_count = 0;
    listen(&bench, 60, &signal, 1.0);
    cr_assert_eq(bench.found_count, 1, "%zu boxes", bench.found_count);
    cr_expect_float_eq((double)bench.found[0].start_slot, 24500.0, 24.0);
    bench_finish(&bench);
}

/* A carrier of 4 dB that one piece holds from its beginning to its end: that piece's box tells it.
 */
Test(slow, what_a_piece_shows_whole_is_not_told_twice) {
    struct bench bench;
    bench_init(&bench, 10.0, 96);
    listen(&bench, 20, NULL, 1.0);
    const struct ls_box box = {.row_start = 3 * SLOT_ROWS,
                               .row_stop = 13 * SLOT_ROWS,
                               .channel_low = 30,
                               .channel_high = 31,
                               .excess_pow = 2.5 * (double)bench.floor_pow[30],
                               .floor_pow = (double)bench.floor_pow[30]};
    struct ls_slot_piece piece = piece_of(&bench);
    piece.boxes = &box;
    piece.box_count = 1;
    for (size_t i = 0; i < (size_t)SLOTS * CHANNELS; i++) {
        put_noise(&bench, i, 1.0);
        bool claimed = i % CHANNELS == 30 && i / CHANNELS >= 3 && i / CHANNELS < 13;
        bench.sums[i] *= claimed ? 0.0F : 1.0F;
        bench.counts[i] *= claimed ? 0.0F : 1.0F;
    }
    const struct ls_slow_box *boxes;
    size_t count = ls_slow_piece(bench.slow, &piece, &boxes);
    keep(&bench, boxes, count);
    listen(&bench, 20, NULL, 1.0);
    end(&bench);
    cr_expect_eq(bench.announced, 0, "%zu boxes", bench.announced);
    bench_finish(&bench);
}

/* A piece with a signal in slots [3, 15), of which it has found a weak box that so many slots of
 * hold; what it does not hold is in the piece's sums. */
static void listen_to_a_part(struct bench *bench, size_t held, double excess) {
    const struct ls_box box = {.row_start = 3 * SLOT_ROWS,
                               .row_stop = (uint32_t)((3 + held) * SLOT_ROWS),
                               .channel_low = 30,
                               .channel_high = 34,
                               .start_frame = 2.0F * 3 * SLOT_ROWS,
                               .stop_frame = 2.0F * (float)(3 + held) * SLOT_ROWS,
                               .excess_pow = 4.0 * excess,
                               .floor_pow = 4.0};
    struct ls_slot_piece piece = piece_of(bench);
    piece.boxes = &box;
    piece.box_count = 1;
    for (size_t i = 0; i < (size_t)SLOTS * CHANNELS; i++) {
        size_t c = i % CHANNELS;
        size_t slot = i / CHANNELS;
        bool on = c >= 30 && c < 34 && slot >= 3 && slot < 15;
        put_noise(bench, i, on ? 1.0 + excess : 1.0);
        bool claimed = on && slot < 3 + held;
        bench->sums[i] *= claimed ? 0.0F : 1.0F;
        bench->counts[i] *= claimed ? 0.0F : 1.0F;
    }
    const struct ls_slow_box *boxes;
    size_t count = ls_slow_piece(bench->slow, &piece, &boxes);
    keep(bench, boxes, count);
    bench->slot += SLOTS;
    listen(bench, 20, NULL, 1.0);
    end(bench);
}

/* Twelve slots of four channels hold 2208 looks: 14 deviations. What the piece's box holds is told
 * by it; when it holds a third of the signal, the whole is told as well. */
Test(slow, what_a_weak_box_holds_is_not_told_twice) {
    for (size_t held = 4; held <= 12; held += 8) {
        struct bench bench;
        bench_init(&bench, 10.0, 98);
        listen(&bench, 20, NULL, 1.0);
        listen_to_a_part(&bench, held, 0.3);
        cr_expect_eq(bench.announced, held == 4, "%zu slots held: %zu boxes", held,
                     bench.announced);
        bench_finish(&bench);
    }
}

/* While a box is on, weak boxes in its channels are part of it; others are not. */
Test(slow, holds_what_is_part_of_a_box_that_is_on) {
    struct bench bench;
    bench_init(&bench, 10.0, 99);
    struct signal signal = {.start = 320, .stop = 10000, .low = 20, .high = 24, .excess = 0.3};
    struct ls_box box = {.row_stop = 200,
                         .channel_low = 21,
                         .channel_high = 24,
                         .excess_pow = 0.4,
                         .floor_pow = 1.0};
    cr_expect_not(ls_slow_holds(bench.slow, &box));
    listen(&bench, 30, &signal, 1.0);
    cr_assert_eq(bench.announced, 1);
    cr_expect(ls_slow_holds(bench.slow, &box));
    box.excess_pow = 2.0;
    cr_expect_not(ls_slow_holds(bench.slow, &box), "8 dB over it");
    box.excess_pow = 0.4;
    box.channel_high = 40;
    cr_expect_not(ls_slow_holds(bench.slow, &box), "most of it is elsewhere");
    end(&bench);
    bench_finish(&bench);
}

/* No channel shows a floor: each strays by a tenth from what was learned, some by more. The first
 * windows are too short to tell that from noise; without the guard there are 16. */
Test(slow, a_full_band_has_no_floor_to_stand_out_of) {
    struct bench bench;
    bench_init(&bench, 10.0, 97);
    double level[CHANNELS];
    for (size_t c = 0; c < CHANNELS; c++) {
        level[c] = 1.0 + 0.1 * sin(1.7 * (double)c) + (c / 8 == 3 ? 0.2 : 0.0);
    }
    struct ls_slot_piece piece = piece_of(&bench);
    for (size_t p = 0; p < 40; p++) {
        for (size_t i = 0; i < (size_t)SLOTS * CHANNELS; i++) {
            put_noise(&bench, i, level[i % CHANNELS]);
        }
        const struct ls_slow_box *boxes;
        size_t count = ls_slow_piece(bench.slow, &piece, &boxes);
        keep(&bench, boxes, count);
    }
    end(&bench);
    cr_expect_leq(bench.announced, 2, "%zu boxes", bench.announced);
    bench_finish(&bench);
}

/* A piece with a signal in slots [3, 15) of one quarter of a channel, of which boxes of the channel
 * hold so many slots each, which others do not. */
static void listen_to_fragments(struct bench *bench, size_t boxes, size_t slots_each) {
    struct ls_box found[SLOTS];
    for (size_t i = 0; i < boxes; i++) {
        size_t first = 3 + i * slots_each;
        found[i] = (struct ls_box){.row_start = (uint32_t)(first * SLOT_ROWS),
                                   .row_stop = (uint32_t)((first + slots_each) * SLOT_ROWS),
                                   .channel_low = 28,
                                   .channel_high = 32,
                                   .start_frame = 2.0F * (float)(first * SLOT_ROWS),
                                   .stop_frame = 2.0F * (float)((first + slots_each) * SLOT_ROWS),
                                   .excess_pow = 0.125 * 4.0,
                                   .floor_pow = 4.0};
    }
    struct ls_slot_piece piece = piece_of(bench);
    piece.boxes = found;
    piece.box_count = boxes;
    for (size_t i = 0; i < (size_t)SLOTS * CHANNELS; i++) {
        size_t slot = i / CHANNELS;
        put_noise(bench, i, i % CHANNELS == 30 && slot >= 3 && slot < 15 ? 1.5 : 1.0);
    }
    const struct ls_slow_box *announced;
    size_t count = ls_slow_piece(bench->slow, &piece, &announced);
    keep(bench, announced, count);
    bench->slot += SLOTS;
    listen(bench, 20, NULL, 1.0);
    end(bench);
}

/* Where channels are divided, a box of a channel may hold what one quarter shows: many small ones
 * that hold all of it tell it, one that holds a sixth does not. */
Test(slow, boxes_of_a_channel_may_hold_what_its_quarters_show) {
    for (size_t boxes = 1; boxes <= 6; boxes += 5) {
        struct bench bench;
        const struct ls_slow_opts pieces = {.divided = 4, .widest = 16};
        bench_init_pieces(&bench, 10.0, 99, &pieces);
        listen(&bench, 20, NULL, 1.0);
        listen_to_fragments(&bench, boxes, 2);
        cr_expect_eq(bench.announced, boxes == 1, "%zu boxes told of: %zu found", boxes,
                     bench.announced);
        bench_finish(&bench);
    }
}

/* A signal as in finds_what_is_longer_than_a_piece_whole, which another search follows. */
Test(slow, what_another_search_follows_is_not_told_twice) {
    struct bench bench;
    bench_init(&bench, 10.0, 91);
    const struct ls_told_window extent = {.row_start = (uint64_t)8007 * SLOT_ROWS,
                                          .row_stop = (uint64_t)8207 * SLOT_ROWS,
                                          .channel_low = 20,
                                          .channel_high = 24};
    struct signal signal = {.start = 8007, .stop = 8207, .low = 20, .high = 24, .excess = 0.2};
    listen(&bench, 500, NULL, 1.0);
    ls_slow_follow(bench.slow, 1, &extent, 0.2 * 200 * SLOT_ROWS * 4);
    listen(&bench, 40, &signal, 1.0);
    end(&bench);
    cr_expect_eq(bench.announced, 0, "%zu boxes", bench.announced);
    bench_finish(&bench);
}

/* Two slots 2.6 dB under the noise, 10 deviations in two slots and 7 in four: over a seam of pieces
 * that are searched for as short windows, within one, where the piece would have found them, and
 * there again when pieces are not searched for them. */
Test(slow, windows_of_two_slots_are_tested_where_pieces_do_not) {
    static const struct {
        size_t piece_slots;
        uint64_t start;
        size_t expected;
    } cases[] = {{SLOTS, 100 * SLOTS - 1, 1}, {SLOTS, 100 * SLOTS + 7, 0}, {0, 100 * SLOTS + 7, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench bench;
        const struct ls_slow_opts pieces = {.piece_slots = cases[i].piece_slots};
        struct signal signal = {.start = cases[i].start,
                                .stop = cases[i].start + 2,
                                .low = 20,
                                .high = 24,
                                .excess = 0.55};
        bench_init_pieces(&bench, 10.0, 97, &pieces);
        listen(&bench, 110, &signal, 1.0);
        end(&bench);
        cr_expect_eq(bench.announced, cases[i].expected, "case %zu: %zu boxes", i, bench.announced);
        bench_finish(&bench);
    }
}
