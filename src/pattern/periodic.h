/* pattern/periodic.h: kind periodic-telemetry: packets on a clock, from posts, weather stations,
 * RTK links and trackers. */
#ifndef PATTERN_PERIODIC_H
#define PATTERN_PERIODIC_H

#include "pattern/kind.h"

extern const struct ls_kind ls_periodic_kind;

#endif
