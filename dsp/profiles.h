/* dsp/profiles.h: sums over rows and channels of a piece's cells, remembered. Boxes of a crowded
 * band are measured, cut, joined and measured again, and every time it is nearly the same cells
 * that are asked for.
 *
 * Sums are of what cells are above the mean of noise, 1, claimed or not (dsp/excess.h). */
#ifndef DSP_PROFILES_H
#define DSP_PROFILES_H

#include <stddef.h>

#include "dsp/box.h"

/* Cells of rows [row_start, row_stop), in channels [low, high). */
struct ls_area {
    size_t row_start;
    size_t row_stop;
    size_t low;
    size_t high;
};

static inline struct ls_area ls_area_of(const struct ls_box *box) {
    return (struct ls_area){.row_start = box->row_start,
                            .row_stop = box->row_stop,
                            .low = box->channel_low,
                            .high = box->channel_high};
}

/* LS_ERR_NOMEM. The caller destroys *ret. */
int ls_profiles_create(struct ls_profiles **ret, size_t rows_max, size_t channels);
void ls_profiles_destroy(struct ls_profiles *profiles);

/* Other cells from now on: forget all sums. */
void ls_profiles_begin(struct ls_profiles *profiles);

/* What follows uses in->profiles, which has seen no other cells since it was begun, and one thread
 * at a time. */

/* ret: [rows of the area], of each the sum over the channels, each times in->floor_pow. */
void ls_profiles_rows(const struct ls_cells *in, const struct ls_area *area, double *ret);

/* ret: [channels of the area], of each the sum over the rows. */
void ls_profiles_channels(const struct ls_cells *in, const struct ls_area *area, double *ret);

/* Of all cells. */
double ls_profiles_sum(const struct ls_cells *in, const struct ls_area *area);

#endif
