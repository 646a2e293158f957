/* dsp/rises.h: rows of running sums over channels, of which a window is a difference of two, and
 * windows of many widths over one, most of which need no look.
 *
 * A window is two narrower ones side by side, so it holds no more than the most that any window of
 * each of these widths holds: where that is too little, the row is not gone over. In noise a third
 * of the widths is. */
#ifndef DSP_RISES_H
#define DSP_RISES_H

#include <stddef.h>

enum { LS_RISES_WIDTHS_MAX = 40, LS_RISES_PARTS_MAX = 6 };

/* ret: [n + 1], from 0 on. */
void ls_rises_run(float *ret, const float *values, size_t n);

/* The values of channels [low, high) become 0. row: [n + 1]. */
void ls_rises_take_out(float *row, size_t n, size_t low, size_t high);

struct ls_rises {
    size_t count;
    size_t widths[LS_RISES_WIDTHS_MAX];
    /* of each width: pairs of narrower ones that are as wide together */
    unsigned char parts[LS_RISES_WIDTHS_MAX][LS_RISES_PARTS_MAX][2];
    size_t part_count[LS_RISES_WIDTHS_MAX];
    const float *row;
    size_t n;
    float most[LS_RISES_WIDTHS_MAX]; /* no window of the row holds more */
};

/* widths: rising, count <= LS_RISES_WIDTHS_MAX of them; not kept. */
void ls_rises_init(struct ls_rises *rises, const size_t *widths, size_t count);

/* Another row of n running sums, n > any width; borrowed. */
void ls_rises_begin(struct ls_rises *rises, const float *row, size_t n);

/* The largest rise over the width of this index, or some number no larger than limit when it is
 * none. Widths are asked for once a row, in rising order. */
float ls_rises_above(struct ls_rises *rises, size_t width, float limit);

#endif
