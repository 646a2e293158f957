#include "dsp/rows.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Lengths around the vector widths of every instruction set, from unaligned addresses. */
enum { LONGEST = 171, OFFSETS = 3 };

static float values[2 * LONGEST + OFFSETS + 2];
static float others[2 * LONGEST + OFFSETS + 2];

static void fill(void) {
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        values[i] = (float)((i * 37) % 101) / 7.0F;
        others[i] = (float)((i * 53) % 89) / 3.0F;
    }
}

Test(rows, each_function_equals_its_formula_at_every_length) {
    fill();
    for (size_t n = 0; n <= LONGEST; n++) {
        for (size_t o = 0; o < OFFSETS; o++) {
            const float *a = values + o;
            const float *b = others + o;
            float summed[LONGEST + 1];
            float fold1[LONGEST + 1];
            float fold2[LONGEST + 1];
            float added[LONGEST + 1];
            float fold3[LONGEST + 1];
            float four[LONGEST + 1];
            const float *rows[4] = {a, b, values, others};
            summed[n] = fold1[n] = fold2[n] = -1.0F;
            added[n] = fold3[n] = four[n] = -1.0F;
            ls_rows_add(summed, a, b, n);
            ls_rows_fold(fold1, a, 1, n);
            ls_rows_fold(fold2, a, 2, n);
            ls_rows_add_test(added, a, b, n, 1.0F);
            ls_rows_fold_test(fold3, a, n, 1.0F);
            ls_rows_add_four(four, rows, n);
            for (size_t i = 0; i < n; i++) {
                cr_assert_eq(summed[i], a[i] + b[i]);
                cr_assert_eq(fold1[i], a[2 * i] + a[2 * i + 1]);
                cr_assert_eq(fold2[i], a[2 * i] + a[2 * i + 2]);
                cr_assert_eq(added[i], summed[i]);
                cr_assert_eq(fold3[i], fold2[i]);
                cr_assert_eq(four[i], a[i] + b[i] + values[i] + others[i]);
            }
            bool past = summed[n] == -1.0F && fold1[n] == -1.0F && fold2[n] == -1.0F &&
                        added[n] == -1.0F && fold3[n] == -1.0F && four[n] == -1.0F;
            cr_assert(past, "wrote past %zu values", n);
        }
    }
}

Test(rows, add_may_work_in_place) {
    fill();
    float row[LONGEST];
    memcpy(row, values, sizeof row);
    ls_rows_add(row, row, others, LONGEST);
    for (size_t i = 0; i < LONGEST; i++) {
        cr_assert_eq(row[i], values[i] + others[i]);
    }
}

Test(rows, marked_cells_are_left_out_of_sums_over_rows) {
    enum { STRIDE = 150, ROWS = 5 };
    static float cells[ROWS * STRIDE];
    static unsigned char marks[ROWS * STRIDE];
    for (size_t i = 0; i < STRIDE * ROWS; i++) {
        cells[i] = (float)((i * 37) % 101) / 7.0F;
        marks[i] = (unsigned char)((i * 53) % 89 % 3);
    }
    for (size_t n = 0; n <= STRIDE - 5; n++) {
        const struct ls_marked_rows in = {
            .cells = cells + 3, .marks = marks + 3, .stride = STRIDE, .rows = ROWS, .n = n};
        float excised[STRIDE];
        float sum[STRIDE];
        float count[STRIDE];
        excised[n] = sum[n] = count[n] = -1.0F;
        ls_rows_excise(&in, excised);
        ls_rows_gather(&in, sum, count);
        for (size_t i = 0; i < n; i++) {
            float want[3] = {0};
            for (size_t r = 0; r < ROWS; r++) {
                bool clear = in.marks[r * STRIDE + i] == 0;
                float cell = in.cells[r * STRIDE + i];
                want[0] += clear ? cell : 1.0F;
                want[1] += clear ? cell : 0.0F;
                want[2] += clear ? 1.0F : 0.0F;
            }
            cr_assert_eq(excised[i], want[0], "%zu of %zu", i, n);
            cr_assert_eq(sum[i], want[1], "%zu of %zu", i, n);
            cr_assert_eq(count[i], want[2], "%zu of %zu", i, n);
        }
        cr_assert(excised[n] == -1.0F && sum[n] == -1.0F && count[n] == -1.0F,
                  "wrote past %zu values", n);
    }
}

Test(rows, what_is_tested_while_it_is_made_is_tested_as_any_above_does) {
    float row[2 * LONGEST + 2] = {0};
    float ones[2 * LONGEST + 2];
    float ret[LONGEST];
    for (size_t i = 0; i < sizeof ones / sizeof *ones; i++) {
        ones[i] = 1.0F;
    }
    for (size_t i = 0; i < LONGEST; i++) {
        row[i] = 2.0F;
        cr_expect(ls_rows_add_test(ret, row, ones, LONGEST, 2.5F), "at %zu", i);
        cr_expect_not(ls_rows_add_test(ret, row, ones, LONGEST, 3.0F), "3 is not above 3");
        cr_expect_not(ls_rows_add_test(ret, row, ones, i, 2.5F), "beyond the end");
        row[i] = 0.0F;
        row[2 * i + 2] = 2.0F;
        cr_expect(ls_rows_fold_test(ret, row, LONGEST, 1.5F), "at %zu", i);
        cr_expect_not(ls_rows_fold_test(ret, row, LONGEST, 2.0F), "2 is not above 2");
        cr_expect_not(ls_rows_fold_test(ret, row, i, 1.5F), "beyond the end");
        row[2 * i + 2] = 0.0F;
    }
}

/* Windows of the whole pyramid, one by one. */
static bool any_window_above(const float *row, size_t n, const float *limits, size_t widths) {
    for (size_t b = 0; b < widths; b++) {
        size_t width = (size_t)1 << b;
        size_t step = b < 2 ? 1 : width / 2;
        for (size_t from = 0; from + width <= n; from += step) {
            float sum = 0.0F;
            for (size_t i = 0; i < width; i++) {
                sum += row[from + i];
            }
            if (sum > limits[b]) {
                return true;
            }
        }
    }
    return false;
}

Test(rows, pyramid_test_sees_what_its_windows_hold_at_every_length) {
    enum { WIDTHS = 8 };
    float row[LONGEST];
    float scratch[LS_ROWS_SCRATCH(LONGEST)];
    for (size_t n = 1; n <= LONGEST; n++) {
        for (size_t b = 0; b < WIDTHS; b++) {
            size_t width = (size_t)1 << b;
            for (size_t from = 0; from < n; from++) {
                float limits[WIDTHS];
                for (size_t k = 0; k < WIDTHS; k++) {
                    limits[k] = k == b ? (float)width - 0.5F : 1e9F;
                }
                for (size_t i = 0; i < n; i++) {
                    row[i] = i >= from && i < from + width ? 1.0F : 0.0F;
                }
                cr_assert_eq(ls_rows_pyramid_test(row, n, limits, WIDTHS, scratch),
                             any_window_above(row, n, limits, WIDTHS), "%zu at %zu of %zu", width,
                             from, n);
                limits[b] = (float)width; /* which none is above */
                cr_assert_not(ls_rows_pyramid_test(row, n, limits, WIDTHS, scratch));
            }
        }
    }
}

Test(rows, peak_is_the_first_of_the_largest_wherever_it_is) {
    for (size_t n = 1; n <= LONGEST; n++) {
        for (size_t at = 0; at < n; at++) {
            fill();
            values[1 + at] = 100.0F;
            values[1 + n - 1] = 100.0F;
            cr_assert(ls_rows_peak(values + 1, n) == at, "%zu of %zu", at, n);
        }
    }
    const float zeros[3] = {0.0F, 0.0F, 0.0F};
    cr_assert(ls_rows_peak(zeros, 3) == 0);
}

Test(rows, strips_are_sums_of_their_channels_and_no_others) {
    fill();
    float strips[5];
    ls_rows_strips(values + 1, 5, strips);
    for (size_t s = 0; s < 5; s++) {
        double sum = 0.0;
        for (size_t k = 0; k < LS_ROWS_STRIP; k++) {
            sum += (double)values[1 + s * LS_ROWS_STRIP + k];
        }
        /* 31 roundings of sums below 512. */
        cr_assert(fabs((double)strips[s] - sum) < 31.0 * 512.0 * 0x1p-24, "strip %zu", s);
    }
}

Test(rows, open_cells_are_free_and_above) {
    enum { WORD = 64 };
    fill();
    unsigned char marks[WORD];
    for (size_t i = 0; i < WORD; i++) {
        marks[i] = (unsigned char)(i % 3 == 0 ? i % 5 : 0);
    }
    for (size_t n = 0; n <= WORD; n++) {
        uint64_t bits = 0;
        ls_rows_open(values, marks, values[1], n, &bits);
        for (size_t i = 0; i < WORD; i++) {
            bool open = i < n && marks[i] == 0 && values[i] > values[1];
            cr_assert_eq((bits >> i & 1) == 1, open, "cell %zu of %zu", i, n);
        }
    }
}

Test(rows, taken_marks_are_those_that_were_one) {
    enum { WORD = 64 };
    for (size_t n = 0; n <= 3 * WORD; n++) {
        unsigned char marks[3 * WORD + 1];
        uint64_t bits[3] = {0};
        for (size_t i = 0; i <= 3 * WORD; i++) {
            marks[i] = (unsigned char)(i * i % 7 % 3);
        }
        ls_rows_take(marks, n, bits);
        for (size_t i = 0; i <= 3 * WORD; i++) {
            size_t was = i * i % 7 % 3;
            bool taken = i < n && was == 1;
            cr_assert_eq(marks[i], taken ? 2 : was, "mark %zu of %zu", i, n);
            bool bit = i < 3 * WORD && (bits[i / WORD] >> i % WORD & 1) == 1;
            cr_assert_eq(bit, taken, "bit %zu of %zu", i, n);
        }
    }
}

Test(rows, any_above_sees_one_value_wherever_it_is_and_not_its_equal) {
    float row[LONGEST] = {0};
    cr_expect_not(ls_rows_any_above(row, 0.0F, LONGEST));
    for (size_t i = 0; i < LONGEST; i++) {
        row[i] = 2.0F;
        cr_expect_not(ls_rows_any_above(row, 2.0F, LONGEST), "2 is not above 2");
        row[i] = nextafterf(2.0F, 3.0F);
        cr_expect(ls_rows_any_above(row, 2.0F, LONGEST), "at %zu", i);
        cr_expect_eq(ls_rows_first_above(row, 2.0F, LONGEST), i);
        cr_expect_eq(ls_rows_first_above(row, 2.0F, i), i, "none before it");
        cr_expect_not(ls_rows_any_above(row, 2.0F, i), "beyond the end");
        row[i] = INFINITY;
        cr_expect(ls_rows_any_above(row, 1e30F, LONGEST));
        row[i] = 0.0F;
    }
}

Test(rows, new_rows_are_zero_and_begin_with_a_line) {
    for (size_t n = 0; n < LONGEST; n++) {
        float *row = ls_rows_make(n);
        cr_assert_not_null(row);
        cr_expect_eq((uintptr_t)row % 64, 0);
        for (size_t i = 0; i < n; i++) {
            cr_assert_eq(row[i], 0.0F);
            row[i] = 1.0F; /* the next one may be in its place */
        }
        free(row);
    }
}

Test(rows, the_lesser_of_two_is_kept) {
    float a[] = {1.0F, 5.0F, -2.0F, 0.0F, 7.0F};
    const float b[] = {2.0F, 4.0F, -3.0F, 0.0F, INFINITY};
    const float want[] = {1.0F, 4.0F, -3.0F, 0.0F, 7.0F};
    ls_rows_least(a, b, 5);
    cr_expect_arr_eq(a, want, sizeof want);
}
