/* cli/report.h: the report of an incident, for the verbs that give it to somebody. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "cli/verb.h"
#include "report/document.h"
#include "store/store.h"

/* As ls_incident_report, of incident id, with what its detector says of itself. LS_ERR_NOTFOUND: no
 * such incident. The caller destroys *ret. */
int ls_report_incident(struct ls_document **ret, const struct ls_call *call, struct ls_store *store,
                       int64_t id, struct ls_err *err);

#endif
