/* pattern/access.h: kind access-storm: random-access bursts that come again and again in a cadence:
 * a modem that is made to attach, or a script that sets up calls. */
#ifndef PATTERN_ACCESS_H
#define PATTERN_ACCESS_H

#include "pattern/kind.h"

extern const struct ls_kind ls_access_kind;

#endif
