/* survey/noise.h: what a stretch was listened through, for the ledger. */
#ifndef SURVEY_NOISE_H
#define SURVEY_NOISE_H

#include "dsp/floor.h"
#include "dsp/limits.h"
#include "model/observation.h"
#include "survey/cut.h"

/* scratch: [channels of cut]. */
struct ls_noise ls_noise_of(const struct ls_cut *cut, const struct ls_floor *floor,
                            const struct ls_limits *limits, float *scratch);

#endif
