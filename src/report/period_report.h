/* report/period_report.h: the report about a stretch of time: what stood out, or that nothing did;
 * what was on the air; when the receiver listened, and so what could not have been seen. */
#ifndef REPORT_PERIOD_REPORT_H
#define REPORT_PERIOD_REPORT_H

#include "report/document.h"
#include "store/store.h"

struct ls_period_report_opts {
    struct ls_filter filter; /* time, frequency and sensor; without time: all there is */
    const char *database;    /* as the commands to repeat it name it; not NULL */
};

/* The caller destroys *ret. LS_ERR_NOTFOUND: nothing was ever recorded; LS_ERR_NOMEM; the errors of
 * the store. */
int ls_period_report(struct ls_document **ret, struct ls_store *store,
                     const struct ls_period_report_opts *opts, struct ls_err *err);

#endif
