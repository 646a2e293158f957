/* cli/retention.h: the actions of 'lineside db' that decide what is kept: prune, pin, unpin, pins.
 */
#ifndef CLI_RETENTION_H
#define CLI_RETENTION_H

#include "cli/verb.h"
#include "store/store.h"

/* --config --keep --dry-run --case --since --until --freq */
extern const struct ls_option_table ls_retention_options;

int ls_retention_prune(struct ls_store *store, const struct ls_call *call, struct ls_err *err);
int ls_retention_pin(struct ls_store *store, const struct ls_call *call, struct ls_err *err);
int ls_retention_unpin(struct ls_store *store, const struct ls_call *call, struct ls_err *err);
int ls_retention_pins(struct ls_store *store, const struct ls_call *call, struct ls_err *err);

#endif
