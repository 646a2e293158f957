/* cli/incidents_timeline.h: when incidents were on the air, as one bar of characters each over the
 * time that all of them span. Fits 80 columns. */
#ifndef CLI_INCIDENTS_TIMELINE_H
#define CLI_INCIDENTS_TIMELINE_H

#include <stdio.h>

#include "store/patterns.h"

struct ls_incidents_timeline;

/* The caller destroys *ret. LS_ERR_NOMEM. */
int ls_incidents_timeline_create(struct ls_incidents_timeline **ret, struct ls_err *err);
void ls_incidents_timeline_destroy(struct ls_incidents_timeline *timeline);

/* LS_ERR_NOMEM. */
int ls_incidents_timeline_add(struct ls_incidents_timeline *timeline, const struct ls_incident *row,
                              struct ls_err *err);

/* Nothing when none was added. The errors of the store. */
int ls_incidents_timeline_print(const struct ls_incidents_timeline *timeline,
                                struct ls_store *store, FILE *out, struct ls_err *err);

#endif
