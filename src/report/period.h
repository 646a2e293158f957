/* report/period.h: a stretch of time, as far as it was named, filled in from what was recorded. */
#ifndef REPORT_PERIOD_H
#define REPORT_PERIOD_H

#include "store/store.h"

/* Gives filter the times that it lacks: those of all runs of its sensor. *ret_no_clock: all runs
 * within it are without a time of day. LS_ERR_NOTFOUND: nothing was ever recorded; LS_ERR_ARG: it
 * would end before it begins; the errors of the store. */
int ls_period_find(struct ls_filter *filter, bool *ret_no_clock, struct ls_store *store,
                   struct ls_err *err);

#endif
