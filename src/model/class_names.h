/* model/class_names.h: the classes that a transmission can have; the one list that detection, plans
 * and queries share. A name says how a signal is made, never what it carries. */
#ifndef MODEL_CLASS_NAMES_H
#define MODEL_CLASS_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* All names, static, in a fixed order; "unknown" is the last. */
const char *const *ls_class_names(size_t *ret_count);

bool ls_class_known(const char *name);

#endif
