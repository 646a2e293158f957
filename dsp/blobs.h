/* dsp/blobs.h: marked cells become extents. Connected marks (8 neighbours) are one blob. */
#ifndef DSP_BLOBS_H
#define DSP_BLOBS_H

#include <stddef.h>

#include "dsp/box.h"

struct ls_blobs;

/* LS_ERR_NOMEM. The caller destroys *ret. */
int ls_blobs_create(struct ls_blobs **ret, size_t rows_max, size_t channels);
void ls_blobs_destroy(struct ls_blobs *blobs);

/* Claim the free cell (row, channel) and every free cell above limit that is connected to it. */
void ls_blobs_grow(struct ls_blobs *blobs, const struct ls_cells *in, size_t row, size_t channel,
                   float limit);

/* Take every claimed cell. ret_boxes: room for room; only rows and channels are filled in. Returns
 * how many, in order of row_start, then channel_low. */
size_t ls_blobs_take(struct ls_blobs *blobs, const struct ls_cells *in, struct ls_box *ret_boxes,
                     size_t room);

#endif
