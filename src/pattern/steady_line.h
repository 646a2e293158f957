/* pattern/steady_line.h: an unmodulated line that stands for hours. Never more than a note: any
 * local oscillator within metres is one. */
#ifndef PATTERN_STEADY_LINE_H
#define PATTERN_STEADY_LINE_H

#include "pattern/kind.h"

extern const struct ls_kind ls_steady_line_kind;

#endif
