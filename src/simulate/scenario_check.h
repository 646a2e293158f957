/* simulate/scenario_check.h: what the values of a scenario must be to each other. Private to
 * scenario.c. */
#ifndef SIMULATE_SCENARIO_CHECK_H
#define SIMULATE_SCENARIO_CHECK_H

#include "simulate/scenario.h"

/* Also turns names of leaders, trains and cells into indices. Errors as ls_scenario_load. */
int ls_scenario_check(struct ls_scenario *scenario, const char *text, size_t length,
                      const char *file, struct ls_err *err);

#endif
