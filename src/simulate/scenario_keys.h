/* simulate/scenario_keys.h: the key tables of a scenario file; schemas/scenario.md shows them. */
#ifndef SIMULATE_SCENARIO_KEYS_H
#define SIMULATE_SCENARIO_KEYS_H

#include "simulate/keys.h"

extern const struct ls_key_part ls_scenario_top;
extern const struct ls_key_part ls_scenario_emitter;
extern const struct ls_key_part ls_scenario_train;
extern const struct ls_key_part ls_scenario_air;

#endif
