#include "dsp/rises.h"

#include <criterion/criterion.h>

#include "base/util.h"
#include "dsp/rows.h"

enum { CHANNELS = 700 };

static const size_t widths[] = {1, 2, 3, 4, 6, 8, 12, 16, 24, 100};

/* Noise of one sign and the other about 0. */
static void fill(float *ret, uint32_t seed) {
    float values[CHANNELS];
    uint32_t state = seed;
    for (size_t c = 0; c < CHANNELS; c++) {
        values[c] = 0.0F;
        for (size_t k = 0; k < 4; k++) {
            state = state * 1664525u + 1013904223u;
            values[c] += (float)(state >> 8) * 0x1p-24F - 0.5F;
        }
    }
    ls_rises_run(ret, values, CHANNELS);
}

/* Whatever is asked for, what is above it is found, and told exactly. */
Test(rises, nothing_above_the_limit_is_missed) {
    struct ls_rises rises;
    float row[CHANNELS + 1];
    ls_rises_init(&rises, widths, LS_COUNT(widths));
    for (uint32_t seed = 1; seed <= 200; seed++) {
        fill(row, seed);
        ls_rises_begin(&rises, row, CHANNELS + 1);
        for (size_t i = 0; i < LS_COUNT(widths); i++) {
            float most = ls_rows_largest_rise(row, widths[i], CHANNELS + 1 - widths[i]);
            float limit = most * (0.9F + 0.2F * (float)((seed + i) % 2));
            float told = ls_rises_above(&rises, i, limit);
            cr_assert_eq(told > limit, most > limit, "width %zu", widths[i]);
            cr_assert(told <= limit || told == most, "width %zu", widths[i]);
        }
    }
}

Test(rises, channels_that_are_taken_out_hold_nothing) {
    float row[CHANNELS + 1];
    float before[CHANNELS + 1];
    fill(before, 1);
    fill(row, 1);
    ls_rises_take_out(row, CHANNELS, 10, 20);
    cr_expect_eq(row[10], before[10]);
    for (size_t c = 10; c < 20; c++) {
        cr_expect_eq(row[c + 1], row[c]);
    }
    cr_expect_float_eq(row[CHANNELS] - row[20], before[CHANNELS] - before[20], 1e-4F);
}
