/* dsp/excess.h: sums over a rectangle of cells of what they are above the mean of noise, 1. Sums
 * are taken in an order of their own that is the same on every machine. */
#ifndef DSP_EXCESS_H
#define DSP_EXCESS_H

#include <stddef.h>

/* rows x channels cells; rows are stride >= channels apart. */
struct ls_rectangle {
    const float *cells;
    size_t stride;
    size_t rows;
    size_t channels;
};

/* ret: [rows], of each row the sum of (cell - 1) * weights; weights: [channels] */
void ls_excess_rows(const struct ls_rectangle *in, const float *weights, double *ret);

/* ret: [channels], of each channel the sum of cell - 1 */
void ls_excess_channels(const struct ls_rectangle *in, double *ret);

/* Of all cells. */
double ls_excess_sum(const struct ls_rectangle *in);

#endif
