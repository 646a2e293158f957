#include "dsp/excise.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/util.h"
#include "dsp/sort.h"

static const double LOOKS = 3.0;

/* Knuth's 64-bit linear congruential generator, MMIX; in [0, 1). */
static double uniform(uint64_t *state) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(*state >> 11) * 0x1p-53;
}

/* Averages of noise, of which a share holds something else. */
static void fill(float *values, size_t n, double share, uint64_t *state) {
    for (size_t i = 0; i < n; i++) {
        double sum = 0.0;
        for (int look = 0; look < (int)LOOKS; look++) {
            sum -= log(1.0 - uniform(state));
        }
        values[i] = (float)(sum / LOOKS);
        values[i] *= uniform(state) < share ? 1.0F + 50.0F * (float)uniform(state) : 1.0F;
    }
}

Test(excise, columns_give_what_each_gives_alone) {
    static const size_t counts[] = {1, 4, 16, 32, 128, 512, 1100};
    uint64_t state = 11;
    for (size_t c = 0; c < LS_COUNT(counts); c++) {
        size_t n = counts[c];
        LS_AUTO(float) columns = calloc(n * LS_SORT_COLUMNS, sizeof *columns);
        LS_AUTO(double) work = calloc((n + 1) * LS_SORT_COLUMNS, sizeof *work);
        float alone[LS_SORT_COLUMNS][1100];
        for (size_t k = 0; k < LS_SORT_COLUMNS; k++) {
            fill(alone[k], n, (double)k / LS_SORT_COLUMNS, &state);
            for (size_t i = 0; i < n; i++) {
                columns[i * LS_SORT_COLUMNS + k] = alone[k][i];
            }
        }
        struct ls_excise plan = ls_excise_plan(n, LOOKS);
        double means[LS_SORT_COLUMNS];
        double clean[LS_SORT_COLUMNS];
        ls_excise_columns(&plan, columns, n, work, means, clean);
        for (size_t k = 0; k < LS_SORT_COLUMNS; k++) {
            double share;
            double mean = ls_excise_mean(&plan, alone[k], n, &share);
            cr_expect_eq(means[k], mean, "column %zu of %zu values", k, n);
            cr_expect_eq(clean[k], share, "column %zu of %zu values", k, n);
        }
    }
}
