/* survey/relay.h: rows to the pattern engine while the store reads the next ones: whoever reads
 * hands them over and goes on, and a thread pushes them in the order in which they came. */
#ifndef SURVEY_RELAY_H
#define SURVEY_RELAY_H

#include <stdbool.h>

#include "base/err.h"
#include "pattern/pattern.h"

struct ls_relay;

/* The engine is borrowed, and nobody else's until ls_relay_drain has returned. ahead: with a
 * thread; else rows are pushed as they are handed over. The caller destroys *ret. LS_ERR_NOMEM,
 * LS_ERR_IO: no thread could be started. */
int ls_relay_create(struct ls_relay **ret, struct ls_pattern *engine, bool ahead,
                    struct ls_err *err);
void ls_relay_destroy(struct ls_relay *relay);

/* As ls_pattern_observe and ls_pattern_push; an error may be that of an earlier row. */
int ls_relay_observe(struct ls_relay *relay, const struct ls_observation *row, struct ls_err *err);
int ls_relay_push(struct ls_relay *relay, const struct ls_transmission *row, struct ls_err *err);

/* Returns when the engine has all rows. */
int ls_relay_drain(struct ls_relay *relay, struct ls_err *err);

#endif
