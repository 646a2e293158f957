/* survey/events.h: what happens in the threads of a sensor, until the caller's thread tells it on.
 * Any thread adds; one takes. When they come faster than they are taken, those of one subject are
 * merged: the last one stands, with how many there were. */
#ifndef SURVEY_EVENTS_H
#define SURVEY_EVENTS_H

#include <stdbool.h>

#include "base/err.h"
#include "model/health.h"

struct ls_events;

/* LS_ERR_NOMEM. The caller destroys *ret. */
int ls_events_create(struct ls_events **ret, const char *sensor, struct ls_err *err);
void ls_events_destroy(struct ls_events *events);

/* What happened, now. value: NAN when it has none; unit: "" then. */
void ls_events_add(struct ls_events *events, const char *subject, enum ls_health_level level,
                   double value, const char *unit, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* The oldest one. False: there is none. */
bool ls_events_take(struct ls_events *events, struct ls_health *ret);

#endif
