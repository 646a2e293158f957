/* dsp/joins.h: which boxes are parts of one signal: one inside another's extent, tones that go on
 * and off together side by side, and fragments of a weak signal with more than noise between them.
 */
#ifndef DSP_JOINS_H
#define DSP_JOINS_H

#include <stddef.h>

#include "dsp/box.h"

struct ls_joins;

/* LS_ERR_NOMEM. The caller destroys *ret. boxes_max: most boxes that make will be given. */
int ls_joins_create(struct ls_joins **ret, size_t channels, size_t boxes_max);
void ls_joins_destroy(struct ls_joins *joins);

/* Joins rows and channels of boxes that belong together; returns how many are left, in order of
 * row_start, then channel_low. The power of a box that takes in another one becomes 0. A sweep in
 * time: each box is held against the last ones in its channels, so that dense pieces cost what they
 * hold. */
size_t ls_joins_make(struct ls_joins *joins, const struct ls_cells *in, struct ls_box *boxes,
                     size_t count);

/* qsort order of boxes: row_start, then channel_low. */
int ls_joins_order(const void *a, const void *b);

#endif
