/* model/line_object.h: what the readers of logs share: rows of every kind of log become one JSON
 * object with the keys of model/line.h, so that one place checks them. Not for other layers. */
#ifndef MODEL_LINE_OBJECT_H
#define MODEL_LINE_OBJECT_H

#include <jansson.h>

#include "model/line.h"

/* What a row gets whose log names no duration or no bandwidth, see line.h. */
enum { LS_LINE_NOMINAL_MS = 100, LS_LINE_NOMINAL_HZ = 100000 };

/* An object with a "type". *ret is untouched on failure; LS_ERR_FORMAT. */
int ls_line_read(const json_t *object, struct ls_line *ret, struct ls_err *err);

/* Seconds since 1970 in plain decimals, or a date and time with a zone, or without one when opts
 * say which. LS_ERR_FORMAT, LS_ERR_ARG. */
int ls_line_time(const char *value, const struct ls_line_opts *opts, int64_t *ret_ns,
                 struct ls_err *err);

#endif
