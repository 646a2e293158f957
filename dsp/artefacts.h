/* dsp/artefacts.h: boxes that the receiver or the bank made of other boxes, or of the floor. */
#ifndef DSP_ARTEFACTS_H
#define DSP_ARTEFACTS_H

#include <stddef.h>

#include "dsp/box.h"

/* Judge measured boxes against each other. ret_verdicts: [count], why a box is none of its own, or
 * LS_DECLINED_COUNT. All are judged before any is dropped, so their order does not matter. */
void ls_artefacts_judge(const struct ls_cells *in, const struct ls_box *boxes, size_t count,
                        enum ls_declined *ret_verdicts);

#endif
