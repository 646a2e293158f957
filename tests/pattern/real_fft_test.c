/* The spectrum is that of GSL to the last bit, for every size and number of events. */
#include "pattern/real_fft.h"

#include <criterion/criterion.h>
#include <gsl/gsl_fft_real.h>
#include <stdint.h>
#include <stdlib.h>

enum { MOST = 32768 };

static uint32_t random_below(uint32_t *state, size_t limit) {
    *state = *state * 1664525u + 1013904223u; /* Numerical Recipes' quick generator */
    return (uint32_t)(((uint64_t)(*state >> 8) * limit) >> 24);
}

static void expect_same(struct ls_real_fft *fft, double *points, size_t size, size_t events) {
    uint32_t state = (uint32_t)(size + events);
    for (size_t i = 0; i < size; i++) {
        points[i] = 0.0;
    }
    ls_real_fft_begin(fft, size);
    for (size_t i = 0; i < events; i++) {
        size_t point = random_below(&state, size);
        points[point] += 1.0;
        ls_real_fft_add(fft, point);
    }
    gsl_fft_real_radix2_transform(points, 1, size);
    const double *spectrum = ls_real_fft_run(fft);
    for (size_t k = 0; k < size; k++) {
        cr_assert(spectrum[k] == points[k], "%zu points, %zu events: %.17g is %.17g at %zu", size,
                  events, points[k], spectrum[k], k);
    }
}

Test(real_fft, is_that_of_gsl_to_the_last_bit) {
    struct ls_real_fft *fft = NULL;
    double *points = malloc(MOST * sizeof *points);
    cr_assert_not_null(points);
    cr_assert_eq(ls_real_fft_create(&fft, MOST, NULL), 0);
    for (size_t size = 16; size <= MOST; size *= 2) {
        expect_same(fft, points, size, 1);
        expect_same(fft, points, size, size / 32 + 3);
        expect_same(fft, points, size, 2 * size);
    }
    expect_same(fft, points, 16, 5); /* a small one after large ones */
    ls_real_fft_destroy(fft);
    free(points);
}
