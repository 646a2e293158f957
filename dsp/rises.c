#include "dsp/rises.h"

#include <assert.h>
#include <string.h>

#include "dsp/rows.h"
#include "dsp/versions.h"

/* A difference is off by half of 2^-23 of itself, and so are the sum and the product below. */
static const float ROUNDING = 1.0F + 1e-6F;

void ls_rises_run(float *ret, const float *values, size_t n) {
    float sum = 0.0F;
    ret[0] = 0.0F;
    for (size_t c = 0; c < n; c++) {
        sum += values[c];
        ret[c + 1] = sum;
    }
}

LS_VERSIONS void ls_rises_take_out(float *row, size_t n, size_t low, size_t high) {
    float part = row[high] - row[low];
    float before = row[low];
    for (size_t c = low; c < high; c++) {
        row[c] = before;
    }
    for (size_t c = high; c <= n; c++) {
        row[c] -= part;
    }
}

static void add_parts(struct ls_rises *rises, size_t width) {
    for (size_t a = 0; a < width; a++) {
        for (size_t b = a; b < width && rises->part_count[width] < LS_RISES_PARTS_MAX; b++) {
            if (rises->widths[a] + rises->widths[b] == rises->widths[width]) {
                unsigned char *parts = rises->parts[width][rises->part_count[width]++];
                parts[0] = (unsigned char)a;
                parts[1] = (unsigned char)b;
            }
        }
    }
}

void ls_rises_init(struct ls_rises *rises, const size_t *widths, size_t count) {
    assert(count <= LS_RISES_WIDTHS_MAX);
    memset(rises, 0, sizeof *rises);
    rises->count = count;
    memcpy(rises->widths, widths, count * sizeof *widths);
    for (size_t i = 0; i < count; i++) {
        add_parts(rises, i);
    }
}

void ls_rises_begin(struct ls_rises *rises, const float *row, size_t n) {
    rises->row = row;
    rises->n = n;
}

float ls_rises_above(struct ls_rises *rises, size_t width, float limit) {
    for (size_t i = 0; i < rises->part_count[width]; i++) {
        const unsigned char *parts = rises->parts[width][i];
        float bound = (rises->most[parts[0]] + rises->most[parts[1]]) * ROUNDING;
        if (bound <= limit) {
            rises->most[width] = bound;
            return bound;
        }
    }
    size_t by = rises->widths[width];
    rises->most[width] = ls_rows_largest_rise(rises->row, by, rises->n - by);
    return rises->most[width];
}
