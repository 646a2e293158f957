/* dsp/weigh.h: how well bands fit what a long window holds (dsp/slow.h), over a grid of parts of
 * the window's own band: their evidence (dsp/fit.h) over what they need. */
#ifndef DSP_WEIGH_H
#define DSP_WEIGH_H

#include <stddef.h>

#include "dsp/learnt.h"
#include "dsp/needs.h"

enum {
    LS_WEIGH_GRID = 8,                  /* parts of a window, at least */
    LS_WEIGH_PARTS = 6 * LS_WEIGH_GRID, /* of what is looked at: three times the window, which has
                                           less than twice as many parts */
};

struct ls_weigh {
    const struct ls_learnt *learnt; /* borrowed */
    size_t slots;
    size_t step;                     /* channels of a part */
    float needs[LS_WEIGH_PARTS + 1]; /* excess, by how many parts, doubt of the floor left out */
};

/* For windows of so many slots and channels, both > 0. */
void ls_weigh_plan(struct ls_weigh *ret, const struct ls_needs *needs,
                   const struct ls_learnt *learnt, size_t slots, size_t channels);

/* Channels [low, high), whole parts and no more than LS_WEIGH_PARTS, that hold sum > 0 above the
 * noise, of slots' means: their evidence over what they need, or 0 where it is not above best. */
float ls_weigh_band(const struct ls_weigh *weigh, size_t low, size_t high, float sum, float best);

#endif
