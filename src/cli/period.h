/* cli/period.h: a stretch of time as options name it, and as the database fills it in. */
#ifndef CLI_PERIOD_H
#define CLI_PERIOD_H

#include "cli/options.h"
#include "store/store.h"

/* --since, --until, --sensor, and the range from the option of that name. LS_ERR_ARG. */
int ls_period_read(struct ls_filter *ret, const struct ls_args *args, const char *range,
                   struct ls_err *err);

#endif
