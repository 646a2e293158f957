/* pattern/scripted.h: kind scripted-cycle: calls or transfers of some seconds to minutes that a
 * script repeats, on a clock or so long after the release of the one before. */
#ifndef PATTERN_SCRIPTED_H
#define PATTERN_SCRIPTED_H

#include "pattern/kind.h"

extern const struct ls_kind ls_scripted_kind;

#endif
