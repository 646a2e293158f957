/* What a running sensor is made of beside the sensor: the ring of raw I/Q, reference carriers,
 * tunings that cover bands, events that come too often. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "survey/flood.h"
#include "survey/iq_ring.h"
#include "survey/reference.h"
#include "survey/watch_opts.h"

enum { BLOCK = 1000 };

static const double rate_sps = 1e6;

/* Block n of a stream of int16 pairs that count up, one a microsecond from 0 on. */
static void push(struct ls_iq_ring *ring, size_t n, size_t count) {
    int16_t samples[2 * BLOCK];
    for (size_t i = 0; i < count; i++) {
        samples[2 * i] = (int16_t)((n + i) & 0x7fff);
        samples[2 * i + 1] = (int16_t)((n + i) >> 15);
    }
    const struct ls_block block = {
        .pos = n,
        .t_ns = (int64_t)n * 1000,
        .tuning = {.center_hz = 878e6, .rate_sps = rate_sps, .format = LS_FORMAT_CI16_LE},
        .count = count,
        .samples = samples};
    ls_iq_ring_push(ring, &block);
}

struct taken {
    uint64_t first;
    uint64_t next;
    size_t blocks;
};

static int take(void *context, const struct ls_block *block, struct ls_err *err) {
    struct taken *taken = context;
    const int16_t *samples = block->samples;
    (void)err;
    if (taken->blocks++ == 0) {
        taken->first = taken->next = block->pos;
    }
    cr_expect_eq(block->pos, taken->next, "blocks follow one another");
    cr_expect_eq(block->t_ns, (int64_t)block->pos * 1000);
    for (size_t i = 0; i < block->count; i++) {
        uint64_t n = block->pos + i;
        cr_assert_eq(samples[2 * i], (int16_t)(n & 0x7fff));
        cr_assert_eq(samples[2 * i + 1], (int16_t)(n >> 15));
    }
    taken->next += block->count;
    return LS_OK;
}

Test(iq_ring, gives_back_what_it_holds_and_says_what_is_gone) {
    struct ls_iq_ring *ring = NULL;
    struct ls_err err = {0};
    /* Room for ten blocks of 4 kB and a little more, which is wasted at the end of each round. */
    cr_assert_eq(ls_iq_ring_create(&ring, 10 * BLOCK * 4 + 100, &err), LS_OK);
    for (size_t n = 0; n < 57; n++) {
        push(ring, n * BLOCK, BLOCK);
    }
    struct taken taken = {0};
    cr_expect_eq(ls_iq_ring_copy(ring, 50500000, 52250000, take, &taken, &err), LS_OK, "%s",
                 err.text);
    cr_expect_eq(taken.first, 50500);
    cr_expect_eq(taken.next, 52250);
    cr_expect_eq(taken.blocks, 3);
    cr_expect_eq(ls_iq_ring_copy(ring, 56000000, 57000001, take, &taken, &err), LS_EOF,
                 "not there yet");
    cr_expect_eq(ls_iq_ring_copy(ring, 46000000, 52000000, take, &taken, &err), LS_ERR_NOTFOUND);
    ls_iq_ring_destroy(ring);
}

Test(iq_ring, blocks_of_any_size_never_mix) {
    struct ls_iq_ring *ring = NULL;
    struct ls_err err = {0};
    cr_assert_eq(ls_iq_ring_create(&ring, 20000, &err), LS_OK);
    srand(7);
    size_t n = 0;
    for (int round = 0; round < 3000; round++) {
        size_t count = 1 + (size_t)rand() % BLOCK;
        push(ring, n, count);
        n += count;
        struct taken taken = {0};
        int64_t to_ns = (int64_t)n * 1000;
        cr_assert_eq(ls_iq_ring_copy(ring, to_ns - 500000, to_ns, take, &taken, &err),
                     n < 500 ? LS_ERR_NOTFOUND : LS_OK, "%s", err.text);
        cr_expect(n < 500 || (taken.first == n - 500 && taken.next == n));
    }
    push(ring, n, 0);
    ls_iq_ring_destroy(ring);
}

/* A carrier of amplitude 0.1 at 878.1 MHz, and one of 0.001 beside it, in cf32. */
static struct ls_block two_carriers(size_t count) {
    float *samples = malloc(count * 2 * sizeof *samples);
    const double pi = acos(-1.0);
    for (size_t i = 0; i < count; i++) {
        double a = 2.0 * pi * 0.1 * (double)i;
        double b = 2.0 * pi * -0.2001 * (double)i;
        samples[2 * i] = (float)(0.1 * cos(a) + 0.001 * cos(b));
        samples[2 * i + 1] = (float)(0.1 * sin(a) + 0.001 * sin(b));
    }
    return (struct ls_block){
        .tuning = {.center_hz = 878e6, .rate_sps = rate_sps, .format = LS_FORMAT_CF32_LE},
        .count = count,
        .samples = samples};
}

Test(reference, level_of_each_carrier_by_itself) {
    static const double carriers_hz[] = {878.1e6, 877.7999e6, 900e6, 877.9e6};
    struct ls_reference *reference = NULL;
    struct ls_block block = two_carriers(8192);
    cr_assert_eq(ls_reference_create(&reference, NULL), LS_OK);
    ls_reference_set(reference, carriers_hz, 4);
    cr_expect(isnan(ls_reference_level(reference, 0)), "nothing was heard yet");
    ls_reference_block(reference, &block);
    double strong_dbfs = ls_reference_level(reference, 0);
    double weak_dbfs = ls_reference_level(reference, 1);
    cr_expect_float_eq(strong_dbfs, -20.0, 0.05, "%f", strong_dbfs);
    cr_expect_float_eq(weak_dbfs, -60.0, 0.2, "%f", weak_dbfs);
    cr_expect(isnan(ls_reference_level(reference, 2)), "outside what was received");
    cr_expect_lt(ls_reference_level(reference, 3), -90.0);
    cr_expect(isnan(ls_reference_level(reference, 0)), "a level is told once");
    union {
        const void *in;
        void *out;
    } samples = {.in = block.samples};
    free(samples.out);
    ls_reference_destroy(reference);
}

Test(watch_opts, tunings_cover_every_band_and_none_twice) {
    static const struct ls_config_range ranges[] = {
        {"a", 876e6, 880e6}, {"b", 433.05e6, 434.79e6}, {"c", 876e6, 880e6}};
    const double step_hz = 1.92e6; /* 80 % of 2.4 MS/s */
    double centers[16];
    size_t room = ls_watch_opts_centers_max(ranges, 3, step_hz);
    cr_assert_leq(room, 16);
    size_t count = ls_watch_opts_centers(ranges, 3, step_hz, centers);
    cr_expect_eq(count, 4, "%zu: 4 MHz in three steps, 1.74 MHz in one, and the first again",
                 count);
    for (size_t i = 0; i < 2; i++) {
        for (double hz = ranges[i].low_hz; hz <= ranges[i].high_hz; hz += 10e3) {
            bool covered = false;
            for (size_t k = 0; k < count; k++) {
                covered |= fabs(centers[k] - hz) <= step_hz / 2.0;
            }
            cr_expect(covered, "%.0f", hz);
        }
    }
}

static bool pass(struct ls_flood *flood, const char *subject, enum ls_health_level level,
                 double seconds, struct ls_health *ret) {
    *ret = (struct ls_health){.level = level, .text = "lost"};
    snprintf(ret->subject, sizeof ret->subject, "%s", subject);
    return ls_flood_pass(flood, ret, (int64_t)(seconds * 1e9) + 1);
}

Test(flood, tells_the_first_and_then_how_many) {
    struct ls_flood flood = {.count = 0};
    struct ls_health row;
    size_t told = 0;
    for (int i = 0; i < 1000; i++) { /* ten a second */
        bool passes = pass(&flood, "stream", LS_HEALTH_WARN, 0.1 * i, &row);
        told += passes;
        cr_expect(passes || i >= 20, "event %d", i);
    }
    /* 20 at once and one in each 10 s of 100 s; the first ones earn a share while they pass. */
    cr_expect(told >= 28 && told <= 31, "%zu of 1000", told);
    cr_expect(pass(&flood, "receiver", LS_HEALTH_WARN, 100.0, &row), "another subject");
    cr_expect(pass(&flood, "stream", LS_HEALTH_FAIL, 100.0, &row), "another level");
    cr_expect(strstr(row.text, " more before it)") != NULL, "%s", row.text);
    cr_expect(pass(&flood, "stream", LS_HEALTH_FAIL, 1000.0, &row), "after a while");
    cr_expect_str_eq(row.text, "lost");
}
