#include "dsp/screen.h"

#include <criterion/criterion.h>
#include <string.h>

enum { LONGEST = 552, WIDTHS = 9 };

/* Lengths around strips and halves of them. */
static const size_t lengths[] = {2, 16, 34, 128, 130, 250, 256, 384, 390, 512, LONGEST};

static float scratch[2 * LS_SCREEN_SCRATCH(LONGEST)];

static void plan(struct ls_screen *ret, size_t b, float limit) {
    float limits[WIDTHS];
    for (size_t k = 0; k < WIDTHS; k++) {
        limits[k] = k == b ? limit : 1e9F;
    }
    ls_screen_plan(ret, limits, WIDTHS);
}

/* In segments that the window lies in, and in no others. */
static bool is_there(size_t n, size_t from, size_t width) {
    bool where[LONGEST / LS_SCREEN_NARROW + 1];
    bool there = false;
    ls_screen_where(scratch, n, where);
    for (size_t s = 0; s * LS_SCREEN_NARROW < n; s++) {
        size_t low = s * LS_SCREEN_NARROW;
        bool in = from < low + LS_SCREEN_NARROW && from + width > low;
        cr_assert(in || !where[s], "segment %zu", s);
        there = there || where[s];
    }
    return there;
}

/* A window anywhere that holds more than its limit is seen, however it lies to the blocks; half of
 * the limit is not. */
Test(screen, whatever_crosses_is_seen_at_every_length) {
    static float row[LONGEST];
    static float none[LONGEST];
    static float ret[LONGEST];
    for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
        size_t n = lengths[k];
        memset(scratch, 0, sizeof scratch);
        for (size_t b = 0; b < WIDTHS; b++) {
            size_t width = (size_t)1 << b;
            size_t step = b < 2 ? 1 : width / 2;
            struct ls_screen screen;
            plan(&screen, b, (float)width - 0.5F);
            for (size_t from = 0; from + width <= n; from += step) {
                for (size_t i = 0; i < n; i++) {
                    row[i] = i >= from && i < from + width ? 1.0F : 0.0F;
                }
                struct ls_screened seen = ls_screen_add(&screen, ret, none, row, n, scratch);
                cr_assert(width <= LS_SCREEN_NARROW ? seen.narrow : seen.wide, "%zu at %zu of %zu",
                          width, from, n);
                cr_assert(width > LS_SCREEN_NARROW || is_there(n, from, width), "%zu at %zu of %zu",
                          width, from, n);
                cr_assert_arr_eq(ret, row, n * sizeof *ret);
            }
            struct ls_screened seen = ls_screen_add(&screen, ret, none, none, n, scratch);
            cr_assert(!seen.narrow && !seen.wide, "nothing is seen");
        }
    }
}

static float power[LONGEST];
static float scale[LONGEST];
static float before[LONGEST];
static float cells[LONGEST];
static float sums[LONGEST];
static float pair_sums[LONGEST];

static void push(size_t n, const struct ls_screen *screens, bool ret[2]) {
    struct ls_screened seen[2];
    const struct ls_screen_row row = {.power = power,
                                      .scale = scale,
                                      .before = before,
                                      .cells = cells,
                                      .sums = sums,
                                      .pair_sums = pair_sums,
                                      .next = cells,
                                      .n = n,
                                      .screen = screens,
                                      .scratch = scratch};
    ls_screen_push(&row, seen);
    for (size_t i = 0; i < 2; i++) {
        ret[i] = seen[i].narrow || seen[i].wide;
    }
}

Test(screen, a_row_of_the_bank_becomes_cells_and_sums_at_every_length) {
    struct ls_screen screens[2];
    plan(&screens[0], 0, 1e9F);
    plan(&screens[1], 0, 1e9F);
    for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
        size_t n = lengths[k];
        memset(scratch, 0, sizeof scratch);
        for (size_t i = 0; i < n; i++) {
            power[i] = (float)((i * 37) % 101);
            scale[i] = 0.5F + (float)(i % 3);
            before[i] = (float)((i * 53) % 89);
            sums[i] = (float)i;
        }
        bool seen[2];
        push(n, screens, seen);
        cr_assert(!seen[0] && !seen[1]);
        for (size_t i = 0; i < n; i++) {
            float cell = power[(i + n / 2) % n] * scale[i];
            cr_assert_eq(cells[i], cell, "%zu of %zu", i, n);
            cr_assert_eq(sums[i], (float)i + cell);
            cr_assert_eq(pair_sums[i], before[i] + cell);
        }
    }
}

/* What crosses in the cells need not cross with those before them, and the other way round. */
Test(screen, cells_and_pair_sums_have_their_own_bounds) {
    struct ls_screen screens[2];
    size_t n = 384;
    memset(scratch, 0, sizeof scratch);
    plan(&screens[0], 0, 2.5F);
    plan(&screens[1], 0, 4.5F);
    for (size_t i = 0; i < n; i++) {
        power[i] = scale[i] = before[i] = 1.0F;
    }
    for (size_t i = 0; i < n; i++) {
        power[(i + n / 2) % n] = 3.0F;
        bool seen[2];
        push(n, screens, seen);
        cr_assert(seen[0] && !seen[1], "at %zu", i);
        power[(i + n / 2) % n] = 1.0F;
        before[i] = 4.0F;
        push(n, screens, seen);
        cr_assert(!seen[0] && seen[1], "at %zu", i);
        before[i] = 1.0F;
    }
}
