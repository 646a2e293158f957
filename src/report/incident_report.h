/* report/incident_report.h: the report about one incident: what was found, how sure that is, what
 * it rests on, what speaks against it, what could not have been seen, and how another expert gets
 * the same. It says what something is consistent with; it names nobody and no intent. */
#ifndef REPORT_INCIDENT_REPORT_H
#define REPORT_INCIDENT_REPORT_H

#include "report/document.h"
#include "report/material.h"

/* What the detector of the kind says of itself; all may be NULL. */
struct ls_report_method {
    const char *null;
    const char *test;
    const char *evidence;
    const char *fooled;
};

struct ls_incident_report_opts {
    struct ls_report_method method;
    const char *database; /* as the commands to repeat it name it; not NULL */
};

/* The caller destroys *ret. LS_ERR_NOMEM. */
int ls_incident_report(struct ls_document **ret, const struct ls_material *material,
                       const struct ls_incident_report_opts *opts, struct ls_err *err);

#endif
