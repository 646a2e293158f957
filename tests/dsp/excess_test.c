#include "dsp/excess.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { ROWS = 21, WIDEST = 45, STRIDE = WIDEST + 3 };

/* Rows that end where their memory does, so that sanitizers see who reads past them. */
static float *make_cells(size_t rows, size_t channels) {
    float *cells = malloc(((rows - 1) * STRIDE + channels) * sizeof *cells);
    for (size_t i = 0; i < (rows - 1) * STRIDE + channels; i++) {
        cells[i] = (float)((i * 37) % 101) / 7.0F;
    }
    return cells;
}

Test(excess, every_sum_is_that_of_its_formula_at_every_size) {
    float weights[WIDEST];
    for (size_t c = 0; c < WIDEST; c++) {
        weights[c] = 0.5F + (float)c;
    }
    for (size_t rows = 1; rows <= ROWS; rows++) {
        for (size_t n = 1; n <= WIDEST; n++) {
            float *cells = make_cells(rows, n);
            const struct ls_rectangle in = {
                .cells = cells, .stride = STRIDE, .rows = rows, .channels = n};
            double of_rows[ROWS + 1];
            double of_channels[WIDEST + 1];
            of_rows[rows] = of_channels[n] = -1.0;
            ls_excess_rows(&in, weights, of_rows);
            ls_excess_channels(&in, of_channels);
            double all = 0.0;
            double channels[WIDEST] = {0};
            for (size_t r = 0; r < rows; r++) {
                double row = 0.0;
                for (size_t c = 0; c < n; c++) {
                    double excess = (double)cells[r * STRIDE + c] - 1.0;
                    row += excess * (double)weights[c];
                    channels[c] += excess;
                    all += excess;
                }
                /* Sums of doubles in another order: 2^-52 of some ten thousand. */
                cr_assert_float_eq(of_rows[r], row, 1e-9, "row %zu of %zu by %zu", r, rows, n);
            }
            for (size_t c = 0; c < n; c++) {
                cr_assert(of_channels[c] == channels[c], "channel %zu of %zu by %zu", c, rows, n);
            }
            cr_assert_float_eq(ls_excess_sum(&in), all, 1e-9);
            cr_assert(of_rows[rows] == -1.0 && of_channels[n] == -1.0, "wrote past the end");
            free(cells);
        }
    }
}
