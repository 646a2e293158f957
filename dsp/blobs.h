/* dsp/blobs.h: marked cells become extents. Connected marks (8 neighbours) are one blob. */
#ifndef DSP_BLOBS_H
#define DSP_BLOBS_H

#include <stdbool.h>
#include <stddef.h>

#include "dsp/box.h"

struct ls_blobs;

/* LS_ERR_NOMEM. The caller destroys *ret. */
int ls_blobs_create(struct ls_blobs **ret, size_t rows_max, size_t channels);
void ls_blobs_destroy(struct ls_blobs *blobs);

/* Where single cells may stand out, and what they are held against; no limit is negative. */
struct ls_blobs_area {
    const bool *rows; /* [in->rows]: look in this row? NULL: in all */
    size_t row_start; /* rows [row_start, row_stop) by channels [low, high) */
    size_t row_stop;
    size_t low;
    size_t high;
    float seed; /* a free cell above it is claimed... */
    float grow; /* ...with every free cell above this one that is connected to it; <= seed */
};

/* Claim what stands out in the area; what is connected to it may reach beyond. */
void ls_blobs_claim(struct ls_blobs *blobs, const struct ls_cells *in,
                    const struct ls_blobs_area *area);

/* Take every claimed cell. ret_boxes: room for room, beyond which blobs are left out; only rows and
 * channels are filled in. Returns how many, in order of their first cells, row by row. */
size_t ls_blobs_take(struct ls_blobs *blobs, const struct ls_cells *in, struct ls_box *ret_boxes,
                     size_t room);

#endif
