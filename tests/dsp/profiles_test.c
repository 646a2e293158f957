#include "dsp/profiles.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

enum { ROWS = 90, CHANNELS = 150, STRIDE = CHANNELS + 3, ASKED = 20000 };

/* Sums of doubles in another order. */
static const double ROUNDING = 1e-9;

static uint32_t next(uint64_t *state, uint32_t below) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33) % below;
}

static void fill(uint64_t *state, float *cells) {
    for (size_t i = 0; i < (ROWS - 1) * STRIDE + CHANNELS; i++) {
        cells[i] = (float)next(state, 1000) / 100.0F;
    }
}

static void check(const struct ls_cells *in, const struct ls_area *area) {
    double of_rows[ROWS];
    double of_channels[CHANNELS];
    double rows[ROWS] = {0};
    double channels[CHANNELS] = {0};
    double all = 0.0;
    for (size_t r = area->row_start; r < area->row_stop; r++) {
        for (size_t c = area->low; c < area->high; c++) {
            double excess = (double)in->cells[r * in->stride + c] - 1.0;
            rows[r] += excess * (double)in->floor_pow[c];
            channels[c] += excess;
            all += excess;
        }
    }
    ls_profiles_rows(in, area, of_rows);
    ls_profiles_channels(in, area, of_channels);
    for (size_t r = area->row_start; r < area->row_stop; r++) {
        cr_assert_float_eq(of_rows[r - area->row_start], rows[r], ROUNDING, "row %zu", r);
    }
    for (size_t c = area->low; c < area->high; c++) {
        cr_assert_float_eq(of_channels[c - area->low], channels[c], ROUNDING, "channel %zu", c);
    }
    cr_assert_float_eq(ls_profiles_sum(in, area), all, ROUNDING);
}

/* Of few bands, so that most are asked for again with other rows, or with another floor, and some
 * of them share a place. */
Test(profiles, every_sum_is_that_of_its_formula_whatever_was_asked_before) {
    float *cells = malloc(((ROWS - 1) * STRIDE + CHANNELS) * sizeof *cells);
    float floor_pow[CHANNELS];
    float noise_pow[CHANNELS];
    uint64_t state = 3;
    struct ls_profiles *profiles;
    cr_assert_eq(ls_profiles_create(&profiles, ROWS, CHANNELS), LS_OK);
    for (size_t c = 0; c < CHANNELS; c++) {
        floor_pow[c] = 1.0F + (float)next(&state, 8);
        noise_pow[c] = 1.0F + (float)next(&state, 8);
    }
    for (size_t i = 0; i < ASKED; i++) {
        struct ls_cells in = {.cells = cells,
                              .profiles = profiles,
                              .floor_pow = next(&state, 4) == 0 ? noise_pow : floor_pow,
                              .noise_pow = noise_pow,
                              .rows = ROWS,
                              .channels = CHANNELS,
                              .stride = STRIDE};
        if (i % 1000 == 0) {
            fill(&state, cells);
            ls_profiles_begin(profiles);
        }
        struct ls_area area = {.row_start = next(&state, ROWS), .low = next(&state, 20) * 7};
        area.row_stop = area.row_start + 1 + next(&state, (uint32_t)(ROWS - area.row_start));
        area.high = area.low + 1 + next(&state, 4) * 5;
        area.high = area.high < CHANNELS ? area.high : CHANNELS;
        check(&in, &area);
    }
    ls_profiles_destroy(profiles);
    free(cells);
}
