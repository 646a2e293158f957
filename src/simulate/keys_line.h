/* simulate/keys_line.h: the text of a scenario file as lines: where a value stands, and whether its
 * keys and their shapes are those of the tables. Private to keys.c. */
#ifndef SIMULATE_KEYS_LINE_H
#define SIMULATE_KEYS_LINE_H

#include <stddef.h>

#include "simulate/keys.h"

/* Line, from 1, of the deepest part of path ("emitters[2].script.kind") that the text has; 1 when
 * it has none of it. */
size_t ls_keys_line(const char *text, size_t length, const char *path);

/* The first key, in order of the text, that the tables do not know, that is there twice, or whose
 * value is a list where one value is asked for, and so on: LS_ERR_FORMAT, one line that begins with
 * "'file' line N: ". Text that is not YAML passes: the parser has the better words for it. */
int ls_keys_check(const struct ls_key_part *part, const char *text, size_t length, const char *file,
                  struct ls_err *err);

#endif
