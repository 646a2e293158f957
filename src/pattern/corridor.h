/* pattern/corridor.h: one emitter along three sensors or more, at one speed. */
#ifndef PATTERN_CORRIDOR_H
#define PATTERN_CORRIDOR_H

#include <stdbool.h>

#include "pattern/kind.h"

extern const struct ls_kind ls_corridor_kind;

/* Where along the line a sensor stands, from its name: "km-12.4", "line 3 km 7". False when the
 * name says nothing of it. */
bool ls_corridor_place(const char *name, double *ret_m);

#endif
