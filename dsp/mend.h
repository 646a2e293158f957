/* dsp/mend.h: weak boxes made whole. What a fine window claimed of a weak burst are its strongest
 * moments; the rest no longer crosses on its own. Pieces of one burst are joined where what lies
 * between them is more likely of their power than noise, and each box is fitted again to all of its
 * cells (dsp/fit.h). Strong boxes are left alone: their power shows their edges. */
#ifndef DSP_MEND_H
#define DSP_MEND_H

#include <stdbool.h>
#include <stddef.h>

#include "dsp/box.h"

/* Is the mean of its cells less than 8 dB over the noise? excess: sum of its cells less the noise.
 */
bool ls_mend_is_weak(const struct ls_box *box, double excess);

/* boxes: rows and channels of count boxes, whose cells are marked. Returns how many are left; marks
 * follow them. */
size_t ls_mend_boxes(const struct ls_cells *in, struct ls_box *boxes, size_t count);

#endif
