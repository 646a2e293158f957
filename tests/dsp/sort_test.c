#include "dsp/sort.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/util.h"

Test(sort, any_count_of_powers_comes_out_in_order_and_none_is_lost) {
    static const size_t counts[] = {0, 1, 2, 3, 32, 33, 255, 1024, 4096, 4097, 5000};
    for (size_t k = 0; k < LS_COUNT(counts); k++) {
        size_t n = counts[k];
        LS_AUTO(float) values = calloc(n + 1, sizeof *values);
        uint32_t state = 3;
        double sum = 0.0;
        for (size_t i = 0; i < n; i++) {
            state = state * 1664525u + 1013904223u;
            /* 16 decades, some values twice. */
            values[i] = powf(10.0F, (float)(state >> 20) / 256.0F - 8.0F);
            sum += log((double)values[i]);
        }
        values[n] = -1.0F;
        ls_sort_powers(values, n);
        cr_expect_eq(values[n], -1.0F, "wrote past %zu values", n);
        for (size_t i = 0; i < n; i++) {
            cr_assert(i == 0 || values[i - 1] <= values[i], "%zu of %zu", i, n);
            sum -= log((double)values[i]);
        }
        cr_expect_float_eq(sum, 0.0, 1e-6 * (double)(n + 1));
    }
}

Test(sort, any_place_is_found_without_moving_what_is_there) {
    static const size_t counts[] = {1, 2, 3, 31, 114, 128, 1024, 4097};
    for (size_t c = 0; c < LS_COUNT(counts); c++) {
        size_t n = counts[c];
        LS_AUTO(float) values = calloc(n, sizeof *values);
        LS_AUTO(float) sorted = calloc(n, sizeof *sorted);
        uint32_t state = 11;
        for (size_t i = 0; i < n; i++) {
            state = state * 1664525u + 1013904223u;
            /* 16 decades, some values many times, and both ends of what there is. */
            values[i] = powf(10.0F, (float)(state >> 26) / 4.0F - 8.0F);
            values[i] = i % 13 == 7 ? 0.0F : i % 17 == 9 ? INFINITY : values[i];
            sorted[i] = values[i];
        }
        ls_sort_powers(sorted, n);
        for (size_t k = 0; k < n; k += n / 97 + 1) {
            cr_assert_eq(ls_sort_find(values, n, k), sorted[k], "place %zu of %zu", k, n);
        }
        cr_expect_eq(ls_sort_find(values, n, n - 1), sorted[n - 1]);
    }
}

Test(sort, zero_and_infinity_are_powers) {
    float values[] = {INFINITY, 0.0F, 1.0F, 1e-45F, 0.0F};
    ls_sort_powers(values, LS_COUNT(values));
    const float want[] = {0.0F, 0.0F, 1e-45F, 1.0F, INFINITY};
    cr_expect_arr_eq(values, want, sizeof want);
}

Test(sort, each_column_is_sorted_by_itself) {
    static const size_t counts[] = {0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 33, 100, 512, 1000, 1025};
    uint32_t state = 5;
    for (size_t c = 0; c < LS_COUNT(counts); c++) {
        size_t n = counts[c];
        LS_AUTO(float) columns = calloc((n + 1) * LS_SORT_COLUMNS, sizeof *columns);
        LS_AUTO(float) want = calloc((n + 1) * LS_SORT_COLUMNS, sizeof *want);
        for (size_t i = 0; i < (n + 1) * LS_SORT_COLUMNS; i++) {
            state = state * 1664525u + 1013904223u;
            columns[i] = (float)(state >> 22);
            want[i % LS_SORT_COLUMNS * (n + 1) + i / LS_SORT_COLUMNS] = columns[i];
        }
        ls_sort_columns(columns, n);
        for (size_t k = 0; k < LS_SORT_COLUMNS; k++) {
            ls_sort_powers(want + k * (n + 1), n); /* the row behind stays */
            for (size_t i = 0; i <= n; i++) {
                cr_assert_eq(columns[i * LS_SORT_COLUMNS + k], want[k * (n + 1) + i],
                             "row %zu of %zu", i, n);
            }
        }
    }
}
