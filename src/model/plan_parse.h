/* model/plan_parse.h: the text of a plan file into bands. schemas/plans/README.md describes it. */
#ifndef MODEL_PLAN_PARSE_H
#define MODEL_PLAN_PARSE_H

#include <stddef.h>

#include "base/err.h"
#include "model/plan.h"

/* file names the text in messages. LS_ERR_FORMAT: file, line and key of the first thing wrong.
 * Destroy *ret with ls_plan_destroy. */
int ls_plan_parse(struct ls_plan **ret, const char *text, size_t length, const char *file,
                  struct ls_err *err);

#endif
