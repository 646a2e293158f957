#include "detect/transmission.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/util.h"

enum { ROWS_MAX = 64 };

static const double gsm_frame_s = 120e-3 / 26.0; /* 3GPP TS 45.002: 26 frames last 120 ms */
static const double gsm_slot_s = 120e-3 / 26.0 / 8.0;

struct bench {
    struct ls_transmissions *all;
    struct ls_transmission rows[ROWS_MAX];
    size_t count;
    size_t bursts;
    int64_t last_number;
};

static double hang_60_ms(const void *context, double hz) {
    (void)context;
    return hz > 0.0 ? 0.06 : -1.0;
}

static int done(void *context, const struct ls_transmission *row, struct ls_err *err) {
    struct bench *bench = context;
    (void)err;
    cr_assert_lt(bench->count, ROWS_MAX);
    bench->rows[bench->count++] = *row;
    return LS_OK;
}

static int burst_over(void *context, const struct ls_burst *burst, int64_t number,
                      struct ls_err *err) {
    struct bench *bench = context;
    (void)burst;
    (void)err;
    bench->bursts++;
    bench->last_number = number;
    return LS_OK;
}

static void bench_init(struct bench *bench) {
    memset(bench, 0, sizeof *bench);
    struct ls_transmissions_opts opts = {
        .hang_s = hang_60_ms, .done = done, .burst = burst_over, .context = bench};
    cr_assert_eq(ls_transmissions_create(&bench->all, &opts, NULL), LS_OK);
    struct ls_stretch stretch = {.tuning = {.center_hz = 876.5e6, .rate_sps = 2e6},
                                 .channels = 320,
                                 .fine_bins = 5120,
                                 .prototype_energy = 1.0 / 320.0};
    ls_transmissions_begin(bench->all, &stretch);
}

static struct ls_burst burst(double start_s, double duration_s, double center_hz) {
    return (struct ls_burst){.start_ns = llround(start_s * 1e9),
                             .duration_ns = llround(duration_s * 1e9),
                             .center_hz = center_hz,
                             .bandwidth_hz = 200e3,
                             .snr_db = 20.0,
                             .level_dbfs = -40.0};
}

/* Begins and ends at once, as a burst within one piece does. */
static void hear(struct bench *bench, const struct ls_burst *heard) {
    const struct ls_burst_listener *listener = ls_transmissions_listener(bench->all);
    struct ls_spectrum none = {0};
    uint64_t owner;
    cr_assert_eq(listener->begins(listener->context, heard, &owner, NULL), LS_OK);
    cr_assert_eq(listener->ends(listener->context, heard, &none, 1e-9, owner, NULL), LS_OK);
}

static void finish(struct bench *bench) {
    cr_assert_eq(ls_transmissions_end(bench->all, NULL), LS_OK);
    ls_transmissions_destroy(bench->all);
}

Test(transmission, bursts_within_the_hang_time_are_one_row) {
    struct bench bench;
    bench_init(&bench);
    double starts[] = {1.0, 1.069, 1.138, 1.209}; /* 10 ms each: silences of 59, 59 and 61 ms */
    for (size_t i = 0; i < LS_COUNT(starts); i++) {
        struct ls_burst heard = burst(starts[i], 0.01, 876.5e6);
        hear(&bench, &heard);
    }
    finish(&bench);
    cr_assert_eq(bench.count, 2);
    cr_expect_eq(bench.bursts, 4);
    const struct ls_transmission *row = &bench.rows[0];
    cr_expect_eq(row->bursts, 3);
    cr_expect_eq(row->start_ns, INT64_C(1000000000));
    cr_expect_eq(row->duration_ns, INT64_C(148000000));
    cr_expect_float_eq(row->on_s, 0.03, 1e-9);
    cr_expect_float_eq(row->center_hz, 876.5e6, 1.0);
    cr_expect_float_eq(row->bandwidth_hz, 200e3, 1.0);
    cr_expect_float_eq(row->snr_db, 20.0, 1e-9);
    cr_expect_float_eq(row->level_dbfs, -40.0, 1e-9);
    cr_expect(isnan(row->period_s), "three bursts are no lattice");
    cr_expect_eq(row->id, 1);
    cr_expect_eq(bench.rows[1].id, 2);
    cr_expect_eq(bench.rows[1].bursts, 1);
}

Test(transmission, is_handed_on_once_its_hang_time_has_passed) {
    struct bench bench;
    bench_init(&bench);
    struct ls_burst heard = burst(1.0, 0.01, 876.5e6);
    hear(&bench, &heard);
    cr_assert_eq(ls_transmissions_advance(bench.all, INT64_C(1070000000), NULL), LS_OK);
    cr_expect_eq(bench.count, 0, "60 ms of silence are within the hang time");
    cr_assert_eq(ls_transmissions_advance(bench.all, INT64_C(1070000001), NULL), LS_OK);
    cr_expect_eq(bench.count, 1);
    finish(&bench);
    cr_expect_eq(bench.count, 1, "not twice");
}

/* Frame 12 and frame 25 of a multiframe: the slow associated channel and an idle one. */
Test(transmission, tdma_call_is_one_row_with_its_lattice) {
    struct bench bench;
    bench_init(&bench);
    size_t sent = 0;
    for (size_t frame = 0; frame < 26 * 50; frame++) {
        if (frame % 26 != 25) {
            struct ls_burst heard = burst(5.0 + (double)frame * gsm_frame_s, gsm_slot_s, 876.4e6);
            hear(&bench, &heard);
            sent++;
        }
    }
    finish(&bench);
    cr_assert_eq(bench.count, 1);
    const struct ls_transmission *row = &bench.rows[0];
    cr_expect_eq(row->bursts, sent);
    cr_expect_float_eq(row->period_s, gsm_frame_s, 1e-8);
    cr_expect_float_eq(row->burst_s, gsm_slot_s, 0.51e-6); /* given to 1 us */
    cr_expect_float_eq(row->on_s, (double)sent * gsm_slot_s, 1e-6);
}

Test(transmission, jitter_of_a_row_leaves_the_lattice) {
    struct bench bench;
    bench_init(&bench);
    uint32_t state = 1;
    for (size_t frame = 0; frame < 500; frame++) {
        state = state * 1664525u + 1013904223u;
        double jitter = ((double)(state >> 8) / 16777216.0 - 0.5) * 160e-6;
        struct ls_burst heard =
            burst(5.0 + (double)frame * gsm_frame_s + jitter, gsm_slot_s, 876.4e6);
        hear(&bench, &heard);
    }
    finish(&bench);
    cr_assert_eq(bench.count, 1);
    /* 255 intervals; their jitter partly cancels in the sum: some 46 us * sqrt(2 / 255). */
    cr_expect_float_eq(bench.rows[0].period_s, gsm_frame_s, 16e-6);
}

Test(transmission, bursts_without_a_beat_have_no_lattice) {
    struct bench bench;
    bench_init(&bench);
    uint32_t state = 7;
    double at = 1.0;
    for (size_t i = 0; i < 200; i++) {
        struct ls_burst heard = burst(at, 1e-3, 876.4e6);
        hear(&bench, &heard);
        state = state * 1664525u + 1013904223u;
        at += 2e-3 + 40e-3 * (double)(state >> 8) / 16777216.0;
    }
    finish(&bench);
    cr_assert_eq(bench.count, 1);
    cr_expect(isnan(bench.rows[0].period_s), "%g s", bench.rows[0].period_s);
}

Test(transmission, two_interleaved_radios_on_two_channels_are_two_rows) {
    struct bench bench;
    bench_init(&bench);
    for (size_t frame = 0; frame < 300; frame++) {
        double at = 5.0 + (double)frame * gsm_frame_s;
        struct ls_burst one = burst(at, gsm_slot_s, 876.4e6);
        struct ls_burst other = burst(at + 3.0 * gsm_slot_s, gsm_slot_s, 876.8e6);
        other.level_dbfs = -60.0;
        hear(&bench, &one);
        hear(&bench, &other);
    }
    finish(&bench);
    cr_assert_eq(bench.count, 2);
    for (size_t i = 0; i < 2; i++) {
        cr_expect_eq(bench.rows[i].bursts, 300);
        cr_expect_float_eq(bench.rows[i].period_s, gsm_frame_s, 1e-8);
    }
    cr_expect_float_eq(bench.rows[0].level_dbfs, -40.0, 1e-9);
    cr_expect_float_eq(bench.rows[1].level_dbfs, -60.0, 1e-9);
}

/* A burst that is still on keeps its row open however long it lasts. */
Test(transmission, carrier_of_the_whole_stretch_is_one_row_cut_at_both_ends) {
    struct bench bench;
    bench_init(&bench);
    const struct ls_burst_listener *listener = ls_transmissions_listener(bench.all);
    struct ls_burst carrier = burst(0.0, 0.3, 876.5e6);
    carrier.flags = LS_BURST_CUT_START;
    uint64_t owner;
    cr_assert_eq(listener->begins(listener->context, &carrier, &owner, NULL), LS_OK);
    for (int64_t now = 0; now < INT64_C(100000000000); now += INT64_C(300000000)) {
        cr_assert_eq(ls_transmissions_advance(bench.all, now, NULL), LS_OK);
    }
    cr_expect_eq(bench.count, 0);
    carrier.duration_ns = INT64_C(100000000000);
    carrier.flags |= LS_BURST_CUT_STOP;
    struct ls_spectrum none = {0};
    cr_assert_eq(listener->ends(listener->context, &carrier, &none, 1e-9, owner, NULL), LS_OK);
    finish(&bench);
    cr_assert_eq(bench.count, 1);
    cr_expect_eq(bench.rows[0].flags, LS_BURST_CUT_START | LS_BURST_CUT_STOP);
    cr_expect_eq(bench.rows[0].bursts, 1);
    cr_expect_eq(bench.rows[0].duration_ns, INT64_C(100000000000));
    cr_expect_float_eq(bench.rows[0].on_s, 100.0, 1e-6);
}

/* Only the ends of a row are cut, and other flags are those of any burst. */
Test(transmission, flags_are_of_its_ends_and_of_any_burst) {
    struct bench bench;
    bench_init(&bench);
    struct ls_burst first = burst(1.0, 0.01, 876.5e6);
    struct ls_burst middle = burst(1.02, 0.01, 876.5e6);
    struct ls_burst last = burst(1.04, 0.01, 876.5e6);
    first.flags = LS_BURST_CUT_STOP; /* of a burst that is not the last one */
    middle.flags = LS_BURST_CLIPPED;
    last.flags = LS_BURST_CUT_START;
    hear(&bench, &first);
    hear(&bench, &middle);
    hear(&bench, &last);
    finish(&bench);
    cr_assert_eq(bench.count, 1);
    cr_expect_eq(bench.rows[0].flags, LS_BURST_CLIPPED);
}

/* 6 GHz, and times beyond 2^32 ns and 2^32 us. */
Test(transmission, trap_32_bit_overflow) {
    struct bench bench;
    bench_init(&bench);
    double start = 1.8e9;
    for (size_t i = 0; i < 100; i++) {
        struct ls_burst heard = burst(0.0, 0.01, 6e9);
        heard.start_ns = (int64_t)(start * 1e9) + (int64_t)i * 50000000;
        hear(&bench, &heard);
    }
    finish(&bench);
    cr_assert_eq(bench.count, 1);
    cr_expect_eq(bench.rows[0].start_ns, INT64_C(1800000000000000000));
    cr_expect_eq(bench.rows[0].duration_ns, INT64_C(4960000000));
    cr_expect_float_eq(bench.rows[0].center_hz, 6e9, 1.0);
    cr_expect_float_eq(bench.rows[0].period_s, 0.05, 1e-9);
}

/* Two calls on one carrier, in slots 2 and 5, the second from half a second on. */
Test(transmission, two_slots_of_one_carrier_are_two_rows) {
    struct bench bench;
    bench_init(&bench);
    for (int frame = 0; frame < 400; frame++) {
        double t = frame * gsm_frame_s;
        struct ls_burst first = burst(t + 2.0 * gsm_slot_s, 0.55e-3, 876.4e6);
        struct ls_burst second = burst(t + 5.0 * gsm_slot_s, 0.55e-3, 876.4e6);
        hear(&bench, &first);
        if (frame >= 108) {
            hear(&bench, &second);
        }
    }
    cr_assert_eq(ls_transmissions_end(bench.all, NULL), LS_OK);
    cr_assert_eq(bench.count, 2);
    cr_expect_eq(bench.rows[0].bursts, 400);
    cr_expect_eq(bench.rows[1].bursts, 292);
    cr_expect_float_eq(bench.rows[0].period_s, gsm_frame_s, 1e-6);
    cr_expect_float_eq(bench.rows[1].period_s, gsm_frame_s, 1e-6);
    ls_transmissions_destroy(bench.all);
}

/* A narrow signal whose bursts are as long takes no turns. */
Test(transmission, pulses_of_a_slot_length_are_one_row_when_they_are_narrow) {
    struct bench bench;
    bench_init(&bench);
    for (int k = 0; k < 40; k++) {
        struct ls_burst pulse = burst(0.0017 * k, 0.55e-3, 876.4e6);
        pulse.bandwidth_hz = 5e3;
        hear(&bench, &pulse);
    }
    cr_assert_eq(ls_transmissions_end(bench.all, NULL), LS_OK);
    cr_expect_eq(bench.count, 1);
    ls_transmissions_destroy(bench.all);
}
