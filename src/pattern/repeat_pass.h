/* pattern/repeat_pass.h: the same kind of passage again, on other days or with other trains. */
#ifndef PATTERN_REPEAT_PASS_H
#define PATTERN_REPEAT_PASS_H

#include "pattern/kind.h"

extern const struct ls_kind ls_repeat_pass_kind;

#endif
