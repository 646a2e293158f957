/* dsp/blobs.h: marked cells become extents. Connected marks (8 neighbours) are one blob. */
#ifndef DSP_BLOBS_H
#define DSP_BLOBS_H

#include <stddef.h>

#include "dsp/box.h"

struct ls_blobs;

/* LS_ERR_NOMEM. The caller destroys *ret. */
int ls_blobs_create(struct ls_blobs **ret, size_t rows_max, size_t channels);
void ls_blobs_destroy(struct ls_blobs *blobs);

/* From here on cells above limit, not negative, are grown into. What is claimed or freed otherwise
 * than by ls_blobs_grow wants this again. */
void ls_blobs_begin(struct ls_blobs *blobs, float limit);

/* Find out which of a row's cells in the channels [low, high) are open now, while they are at hand:
 * blobs grow from row to row, and fetching cells that way takes long. */
void ls_blobs_look(struct ls_blobs *blobs, const struct ls_cells *in, size_t row, size_t low,
                   size_t high);

/* Claim the free cell (row, channel) and every free cell above the limit that is connected to it.
 */
void ls_blobs_grow(struct ls_blobs *blobs, const struct ls_cells *in, size_t row, size_t channel);

/* Take every claimed cell. ret_boxes: room for room; only rows and channels are filled in. Returns
 * how many, in order of row_start, then channel_low. */
size_t ls_blobs_take(struct ls_blobs *blobs, const struct ls_cells *in, struct ls_box *ret_boxes,
                     size_t room);

#endif
