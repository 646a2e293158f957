/* pattern/band_sweep.h: a carrier or burst that steps or sweeps over a band. */
#ifndef PATTERN_BAND_SWEEP_H
#define PATTERN_BAND_SWEEP_H

#include "pattern/kind.h"

/* The channels of a sweep are each visited on a clock: that is the sweep, found once more. What is
 * regular over the channels together is a hopper, of which the sweep is another way to speak. False
 * for what is no sweep. */
bool ls_band_sweep_explains(const struct ls_finding *sweep, const struct ls_finding *finding);

extern const struct ls_kind ls_band_sweep_kind;

#endif
