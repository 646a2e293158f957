/* pattern/new_emitter.h: what came up after days of silence at its frequency, and has stayed. */
#ifndef PATTERN_NEW_EMITTER_H
#define PATTERN_NEW_EMITTER_H

#include "pattern/kind.h"

extern const struct ls_kind ls_new_emitter_kind;

#endif
