/* dsp/lifted.h: is the whole band up at once? An impulse does that for some rows, a change of gain
 * up to an end of the piece. A transmission leaves some of the band alone, at the edges of the
 * receiver's filters if nowhere else. */
#ifndef DSP_LIFTED_H
#define DSP_LIFTED_H

#include <stdbool.h>
#include <stdint.h>

#include "dsp/box.h"

/* The rows that were looked at last, since the boxes of an impulse are many. All-zero: none. */
struct ls_lifted {
    uint32_t row_start;
    uint32_t row_stop;
    bool is;
};

/* Short enough for an impulse? */
bool ls_lifted_is_brief(const struct ls_box *box);

/* Is the box part of a lift of the whole band? Brief boxes of any width, and boxes over half of the
 * band that touch an end of the piece, where what they are part of is as even as noise lets it. */
bool ls_lifted_is(struct ls_lifted *last, const struct ls_cells *in, const struct ls_box *box);

#endif
