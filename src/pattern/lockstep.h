/* pattern/lockstep.h: several emitters in different channels that are keyed together. */
#ifndef PATTERN_LOCKSTEP_H
#define PATTERN_LOCKSTEP_H

#include "pattern/kind.h"

extern const struct ls_kind ls_lockstep_kind;

#endif
