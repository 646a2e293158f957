#include "survey/ledger.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"

enum { ROWS_MAX = 32 };

static const int64_t start_ns = INT64_C(1795000000000000000);

struct written {
    struct ls_observation rows[ROWS_MAX];
    size_t count;
};

static int keep_row(void *context, const struct ls_observation *row, struct ls_err *err) {
    struct written *written = context;
    (void)err;
    cr_assert_lt(written->count, ROWS_MAX);
    written->rows[written->count++] = *row;
    return LS_OK;
}

static int refuse_row(void *context, const struct ls_observation *row, struct ls_err *err) {
    (void)context;
    (void)row;
    return ls_err_set(err, LS_ERR_FULL, "the disk is full");
}

static struct ls_block block(uint64_t pos, int64_t t_ns, size_t count) {
    return (struct ls_block){.pos = pos,
                             .t_ns = t_ns,
                             .tuning = {.center_hz = 876.5e6, .rate_sps = 2.4e6},
                             .count = count};
}

static bool take(struct ls_ledger *ledger, const struct ls_block *block) {
    bool continues;
    int64_t t_ns;
    cr_assert_eq(ls_ledger_block(ledger, block, &continues, &t_ns, NULL), LS_OK);
    return continues;
}

/* Rows abut, none is empty, and their sum is wall time from the first sample to the last. */
static void expect_balance(const struct ls_ledger *ledger, const struct written *written) {
    int64_t at = ledger->first_ns;
    for (size_t i = 0; i < written->count; i++) {
        const struct ls_observation *row = &written->rows[i];
        cr_expect_eq(row->start_ns, at, "row %zu begins %+lld ns off", i,
                     (long long)(row->start_ns - at));
        cr_expect_gt(row->stop_ns, row->start_ns);
        double samples = (double)(row->stop_ns - row->start_ns) * row->rate_sps / 1e9;
        /* Both ends are rounded to the ns: 0.06 samples at 61.44 MS/s. */
        cr_expect_float_eq(samples, (double)row->samples, 1e-3 + row->rate_sps * 1e-9,
                           "row %zu: %.3f samples, not %llu", i, samples,
                           (unsigned long long)row->samples);
        at = row->stop_ns;
    }
    cr_expect_eq(at, ledger->last_ns);
    double wall = (double)(ledger->last_ns - ledger->first_ns) / 1e9;
    cr_expect_float_eq(ledger->observed_s + ledger->lost_s + ledger->off_s, wall, 1e-9);
}

Test(ledger, contiguous_blocks_are_one_row_whatever_their_size) {
    static const size_t sizes[] = {1, 7, 4096, 65536, 1000003};
    for (size_t i = 0; i < LS_COUNT(sizes); i++) {
        struct written written = {0};
        struct ls_ledger ledger;
        ls_ledger_init(&ledger, keep_row, &written);
        uint64_t total = sizes[i] == 1 ? 1000 : 2000006;
        for (uint64_t pos = 0; pos < total; pos += sizes[i]) {
            size_t count = total - pos < sizes[i] ? (size_t)(total - pos) : sizes[i];
            struct ls_block next = block(pos, start_ns + ls_time_of_samples(pos, 2.4e6), count);
            next.flags = pos == 0 ? LS_BLOCK_FIRST : 0;
            cr_expect_eq(take(&ledger, &next), pos > 0);
        }
        cr_assert_eq(ls_ledger_finish(&ledger, NULL), LS_OK);
        cr_assert_eq(written.count, 1);
        cr_expect_eq(written.rows[0].samples, total);
        cr_expect_eq(written.rows[0].state, LS_OBSERVED);
        cr_expect_eq(written.rows[0].low_hz, 876.5e6 - 1.2e6);
        cr_expect_eq(written.rows[0].high_hz, 876.5e6 + 1.2e6);
        expect_balance(&ledger, &written);
    }
}

Test(ledger, balances_over_captures_gaps_and_dropped_samples) {
    struct written written = {0};
    struct ls_ledger ledger;
    ls_ledger_init(&ledger, keep_row, &written);
    struct ls_block first = block(0, start_ns, 100000);
    first.flags = LS_BLOCK_FIRST;
    take(&ledger, &first);
    /* 2401 samples of an overflow. */
    struct ls_block after = block(102401, start_ns + ls_time_of_samples(102401, 2.4e6), 50000);
    after.dropped_before = 2401;
    after.flags = LS_BLOCK_GAP;
    cr_expect_not(take(&ledger, &after));
    /* Another capture, 1.5 s later, at another frequency. */
    struct ls_block later = block(152401, start_ns + 1600000000, 70001);
    later.flags = LS_BLOCK_FIRST;
    later.tuning.center_hz = 900e6;
    cr_expect_not(take(&ledger, &later));
    cr_assert_eq(ls_ledger_finish(&ledger, NULL), LS_OK);
    static const enum ls_observation_state states[] = {LS_OBSERVED, LS_LOST, LS_OBSERVED, LS_OFF,
                                                       LS_OBSERVED};
    cr_assert_eq(written.count, LS_COUNT(states));
    for (size_t i = 0; i < LS_COUNT(states); i++) {
        cr_expect_eq(written.rows[i].state, states[i], "row %zu is %s", i,
                     ls_observation_state_name(written.rows[i].state));
    }
    cr_expect_eq(written.rows[1].samples, 2401);
    cr_expect_str_eq(written.rows[1].cause, "overflow");
    cr_expect_str_eq(written.rows[3].cause, "capture-gap");
    cr_expect_eq(written.rows[3].low_hz, 876.5e6 - 1.2e6, "the range that would have been");
    cr_expect_eq(written.rows[4].low_hz, 900e6 - 1.2e6);
    cr_expect_float_eq(ledger.lost_s, 2401.0 / 2.4e6, 1e-9);
    expect_balance(&ledger, &written);
}

Test(ledger, retuning_without_a_gap_begins_a_row) {
    struct written written = {0};
    struct ls_ledger ledger;
    ls_ledger_init(&ledger, keep_row, &written);
    for (uint64_t i = 0; i < 4; i++) {
        struct ls_block next =
            block(i * 1000, start_ns + ls_time_of_samples(i * 1000, 2.4e6), 1000);
        next.tuning.center_hz += i < 2 ? 0.0 : 1e6;
        take(&ledger, &next);
    }
    cr_assert_eq(ls_ledger_finish(&ledger, NULL), LS_OK);
    cr_assert_eq(written.count, 2);
    expect_balance(&ledger, &written);
}

Test(ledger, time_that_runs_backwards_is_moved_and_counted) {
    struct written written = {0};
    struct ls_ledger ledger;
    ls_ledger_init(&ledger, keep_row, &written);
    struct ls_block first = block(0, start_ns, 2400000);
    struct ls_block second = block(2400000, start_ns + 500000000, 2400000);
    struct ls_block third = block(4800000, start_ns + 3000000000, 2400000);
    first.flags = second.flags = third.flags = LS_BLOCK_FIRST;
    bool continues;
    int64_t t_ns;
    take(&ledger, &first);
    cr_assert_eq(ls_ledger_block(&ledger, &second, &continues, &t_ns, NULL), LS_OK);
    cr_expect_eq(t_ns, start_ns + 1000000000, "begins where the first one ends");
    cr_assert_eq(ls_ledger_block(&ledger, &third, &continues, &t_ns, NULL), LS_OK);
    cr_expect_eq(t_ns, start_ns + 3500000000, "what follows keeps its distance");
    cr_assert_eq(ls_ledger_finish(&ledger, NULL), LS_OK);
    cr_expect_eq(ledger.moved, 1);
    expect_balance(&ledger, &written);
}

/* A recording cut in two, with a clock: to half a sample. */
Test(ledger, captures_that_abut_are_one_row) {
    for (int off_ns = -400; off_ns <= 400; off_ns += 100) {
        struct written written = {0};
        struct ls_ledger ledger;
        ls_ledger_init(&ledger, keep_row, &written);
        struct ls_block first = block(0, start_ns, 2400001);
        struct ls_block second =
            block(2400001, start_ns + ls_time_of_samples(2400001, 2.4e6) + off_ns, 1000);
        first.flags = second.flags = LS_BLOCK_FIRST;
        take(&ledger, &first);
        bool near = abs(off_ns) <= 200; /* a sample is 417 ns */
        cr_expect_eq(take(&ledger, &second), near, "%+d ns", off_ns);
        cr_assert_eq(ls_ledger_finish(&ledger, NULL), LS_OK);
        cr_expect_eq(written.count,
                     near         ? 1
                     : off_ns > 0 ? 3
                                  : 2,
                     "%+d ns: %zu rows", off_ns, written.count);
    }
}

Test(ledger, trap_joining_over_a_gap) {
    struct ls_block second = block(2400000, start_ns + 1000000000, 1000);
    for (int i = 0; i < 4; i++) {
        struct written written = {0};
        struct ls_ledger ledger;
        ls_ledger_init(&ledger, keep_row, &written);
        struct ls_block first = block(0, start_ns, 2400000);
        struct ls_block next = second;
        first.flags = LS_BLOCK_FIRST;
        next.flags = i == 0 ? LS_BLOCK_GAP : i == 1 ? LS_BLOCK_FIRST | LS_BLOCK_NO_CLOCK : 0;
        next.dropped_before = i == 2 ? 1 : 0;
        next.tuning.center_hz += i == 3 ? 12.5e3 : 0.0;
        take(&ledger, &first);
        cr_expect_not(take(&ledger, &next), "case %d was joined", i);
        cr_assert_eq(ls_ledger_finish(&ledger, NULL), LS_OK);
    }
}

static bool below_1000(void *context, uint64_t samples) {
    (void)context;
    return samples < 1000;
}

Test(ledger, stretches_that_are_not_searched_were_not_observed) {
    struct written written = {0};
    struct ls_ledger ledger;
    ls_ledger_init(&ledger, keep_row, &written);
    ledger.too_short = below_1000;
    static const size_t counts[] = {5000, 999, 1000, 1};
    uint64_t pos = 0;
    for (size_t i = 0; i < LS_COUNT(counts); i++) {
        struct ls_block next = block(pos, start_ns + ls_time_of_samples(pos, 2.4e6), counts[i]);
        next.flags = LS_BLOCK_GAP;
        take(&ledger, &next);
        pos += counts[i];
    }
    cr_assert_eq(ls_ledger_finish(&ledger, NULL), LS_OK);
    cr_assert_eq(written.count, LS_COUNT(counts));
    for (size_t i = 0; i < LS_COUNT(counts); i++) {
        bool lost = counts[i] < 1000;
        cr_expect_eq(written.rows[i].state, lost ? LS_LOST : LS_OBSERVED, "row %zu", i);
        cr_expect_str_eq(written.rows[i].cause, lost ? "too-short" : "");
    }
    expect_balance(&ledger, &written);
}

/* Samples that were dropped take time, even when the source's clock does not say so. */
Test(ledger, loss_that_the_clock_does_not_show_is_in_the_ledger) {
    struct written written = {0};
    struct ls_ledger ledger;
    ls_ledger_init(&ledger, keep_row, &written);
    struct ls_block first = block(0, start_ns, 2400000);
    struct ls_block after = block(2424000, start_ns + 1000000000, 2400000);
    after.dropped_before = 24000;
    after.flags = LS_BLOCK_GAP;
    take(&ledger, &first);
    take(&ledger, &after);
    cr_assert_eq(ls_ledger_finish(&ledger, NULL), LS_OK);
    cr_assert_eq(written.count, 3);
    cr_expect_eq(written.rows[1].state, LS_LOST);
    cr_expect_eq(written.rows[1].samples, 24000);
    cr_expect_float_eq(ledger.lost_s, 0.01, 1e-9);
    expect_balance(&ledger, &written);
}

/* Rates that are no whole number of ns a sample: rows still abut to the ns. */
Test(ledger, rows_abut_at_every_rate) {
    static const double rates[] = {11025.0, 48e3, 1.92e6, 2.166667e6, 61.44e6};
    for (size_t i = 0; i < LS_COUNT(rates); i++) {
        struct written written = {0};
        struct ls_ledger ledger;
        ls_ledger_init(&ledger, keep_row, &written);
        uint64_t pos = 0;
        for (size_t k = 0; k < 10; k++) {
            uint64_t dropped = k * 3;
            pos += dropped;
            struct ls_block next = block(pos, start_ns + ls_time_of_samples(pos, rates[i]), 12347);
            next.tuning.rate_sps = rates[i];
            next.dropped_before = dropped;
            take(&ledger, &next);
            pos += next.count;
        }
        cr_assert_eq(ls_ledger_finish(&ledger, NULL), LS_OK);
        cr_expect_eq(written.count, 19);
        cr_expect_eq(ledger.moved, 0);
        expect_balance(&ledger, &written);
    }
}

/* Positions beyond 2^32 samples and times beyond 2^32 us, at 6 GHz and 61.44 MS/s. */
Test(ledger, trap_32_bit_overflow) {
    struct written written = {0};
    struct ls_ledger ledger;
    ls_ledger_init(&ledger, keep_row, &written);
    uint64_t pos = UINT64_C(1) << 33;
    for (size_t i = 0; i < 6000; i++) {
        struct ls_block next = block(pos, start_ns + ls_time_of_samples(pos, 61.44e6), 1 << 20);
        next.tuning = (struct ls_tuning){.center_hz = 6e9, .rate_sps = 61.44e6};
        take(&ledger, &next);
        pos += 1 << 20;
    }
    cr_assert_eq(ls_ledger_finish(&ledger, NULL), LS_OK);
    cr_assert_eq(written.count, 1);
    cr_expect_eq(written.rows[0].samples, UINT64_C(6000) << 20);
    cr_expect_eq(written.rows[0].high_hz, 6e9 + 30.72e6);
    expect_balance(&ledger, &written);
}

Test(ledger, error_of_a_row_is_handed_up) {
    struct ls_ledger ledger;
    struct ls_err err = {0};
    ls_ledger_init(&ledger, refuse_row, NULL);
    struct ls_block first = block(0, start_ns, 1000);
    cr_assert_eq(take(&ledger, &first), false);
    cr_expect_eq(ls_ledger_finish(&ledger, &err), LS_ERR_FULL);
}

Test(ledger, without_blocks_it_writes_nothing) {
    struct written written = {0};
    struct ls_ledger ledger;
    ls_ledger_init(&ledger, keep_row, &written);
    cr_expect_eq(ls_ledger_finish(&ledger, NULL), LS_OK);
    cr_expect_eq(written.count, 0);
}
