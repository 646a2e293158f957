/* pattern/band_sweep.h: a carrier or burst that steps or sweeps over a band. */
#ifndef PATTERN_BAND_SWEEP_H
#define PATTERN_BAND_SWEEP_H

#include "pattern/kind.h"

extern const struct ls_kind ls_band_sweep_kind;

#endif
