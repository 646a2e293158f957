/* dsp/rows.h: arithmetic on rows of floats, the inner loops of floor and detector. Built for
 * several instruction sets and chosen at load time by the compiler's function versions. Rows need
 * no alignment. */
#ifndef DSP_ROWS_H
#define DSP_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* n zeros from the start of a line of the cache on: loops over rows that begin elsewhere touch two
 * lines for each register. NULL: out of memory. The caller frees it. */
float *ls_rows_make(size_t n);

/* Of n > 0 powers, none negative: is any sum over 2^b neighbours above limits[b], b < widths?
 * Windows of 1 and 2 start at each value, wider ones start every 2^(b - 1). widths > 0; scratch:
 * [LS_ROWS_SCRATCH(n)]. */
#define LS_ROWS_SCRATCH(n) (2 * ((n) / 2 + 80))
bool ls_rows_pyramid_test(const float *a, size_t n, const float *limits, size_t widths,
                          float *scratch);

/* ret[i] = a[i] + b[i]; ret may be a */
void ls_rows_add(float *ret, const float *a, const float *b, size_t n);

/* ret[i] = rows[0][i] + rows[1][i] + rows[2][i] + rows[3][i], added in this order. */
void ls_rows_add_four(float *ret, const float *const rows[4], size_t n);

/* ret[i] = a[i] + b[i], ret neither of them; true when any ret[i] > limit. */
bool ls_rows_add_test(float *ret, const float *a, const float *b, size_t n, float limit);

/* ret[i] = a[2 i] + a[2 i + step] for i < n; a holds 2 n - 1 + step values. step is 1 or 2. */
void ls_rows_fold(float *ret, const float *a, size_t step, size_t n);

/* The same with a step of 2; true when any ret[i] > limit. */
bool ls_rows_fold_test(float *ret, const float *a, size_t n, float limit);

/* a[i] becomes b[i] where that is less; no NaN. */
void ls_rows_least(float *a, const float *b, size_t n);

/* a[i] *= factor */
void ls_rows_scale(float *a, float factor, size_t n);

/* The largest a[i + by] - a[i]; 0 when none is positive. a holds n + by values. */
float ls_rows_largest_rise(const float *a, size_t by, size_t n);

/* Index of the first of the largest of n > 0 powers, none of them negative. */
size_t ls_rows_peak(const float *a, size_t n);

/* Is any a[i] > limit? */
bool ls_rows_any_above(const float *a, float limit, size_t n);

/* Index of the first a[i] > limit; n when there is none. */
size_t ls_rows_first_above(const float *a, float limit, size_t n);

/* Of rows of cells and their marks, stride apart, n wide. */
struct ls_marked_rows {
    const float *cells;
    const unsigned char *marks;
    size_t stride;
    size_t rows;
    size_t n;
};

/* ret[i] = sum over rows of the cell, or of 1 where its mark is not 0. */
void ls_rows_excise(const struct ls_marked_rows *in, float *ret);

/* ret[p][i], p < parts, its rows ret_stride apart: the same over rows [edges[p], edges[p + 1]),
 * none beyond those of in. */
void ls_rows_excise_parts(const struct ls_marked_rows *in, const size_t *edges, size_t parts,
                          float *ret, size_t ret_stride);

/* sum[i] = sum over rows of the cells whose mark is 0; count[i]: how many those are. */
void ls_rows_gather(const struct ls_marked_rows *in, float *sum, float *count);

/* Bit i % 64 of ret[i / 64], i < n: the mark is 0, and the cell above limit, which is not negative.
 * What is left of the last word is 0. */
void ls_rows_open(const float *cells, const unsigned char *marks, float limit, size_t n,
                  uint64_t *ret);

/* Bit i % 64 of ret[i / 64], i < n: marks[i] is 1, which becomes 2; no mark is larger. What is left
 * of the last word is 0. */
void ls_rows_take(unsigned char *marks, size_t n, uint64_t *ret);

/* ret[i]: sum of LS_ROWS_STRIP neighbours from a[i * LS_ROWS_STRIP] on, i < count. */
enum { LS_ROWS_STRIP = 32 };
void ls_rows_strips(const float *a, size_t count, float *ret);

/* Sum of n values, in an order of its own that is the same on every machine. */
float ls_rows_sum(const float *a, size_t n);

#endif
