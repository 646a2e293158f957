/* simulate/keys_line.h: where in a YAML text a value stands, for errors about values that parsed.
 */
#ifndef SIMULATE_KEYS_LINE_H
#define SIMULATE_KEYS_LINE_H

#include <stddef.h>

/* Line, from 1, of the deepest part of path ("emitters[2].script.kind") that the text has; 1 when
 * it has none of it. */
size_t ls_keys_line(const char *text, size_t length, const char *path);

#endif
