/* dsp/boxes.h: from claimed cells to the boxes of a piece: blobs, their edges, what is an artefact,
 * and once more after trains of bursts were cut into single ones. */
#ifndef DSP_BOXES_H
#define DSP_BOXES_H

#include <stddef.h>

#include "dsp/blobs.h"
#include "dsp/box.h"

struct ls_boxes;

/* LS_ERR_NOMEM. The caller destroys *ret. */
int ls_boxes_create(struct ls_boxes **ret, size_t rows_max, size_t channels);
void ls_boxes_destroy(struct ls_boxes *boxes);

/* For growing claims. Borrowed. */
struct ls_blobs *ls_boxes_blobs(struct ls_boxes *boxes);

/* Boxes in order of row_start, then channel_low; borrowed until the next call. Adds to declined[].
 * Cells of a box that was only the floor are free again. */
const struct ls_box *ls_boxes_find(struct ls_boxes *boxes, const struct ls_cells *in,
                                   size_t *ret_count, size_t declined[LS_DECLINED_COUNT]);

#endif
