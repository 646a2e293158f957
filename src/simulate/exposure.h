/* simulate/exposure.h: what the receiver does over time: dwell, retune, loss; to the sample. */
#ifndef SIMULATE_EXPOSURE_H
#define SIMULATE_EXPOSURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "simulate/scene.h"

struct ls_exposure_run;

/* LS_ERR_NOMEM. The scenario is borrowed. The caller destroys *ret. */
int ls_exposure_run_create(struct ls_exposure_run **ret, const struct ls_scenario *scenario,
                           uint64_t seed, struct ls_err *err);
void ls_exposure_run_destroy(struct ls_exposure_run *run);

/* As ls_scene_next_exposure. */
bool ls_exposure_run_next(struct ls_exposure_run *run, struct ls_exposure *ret);

#endif
