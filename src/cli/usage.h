/* cli/usage.h: the actions of 'lineside db' about what is where: place, places, usage. */
#ifndef CLI_USAGE_H
#define CLI_USAGE_H

#include "cli/verb.h"
#include "store/store.h"

/* --sensor --at */
extern const struct ls_option_table ls_usage_options;

int ls_usage_place(struct ls_store *store, const struct ls_call *call, struct ls_err *err);
int ls_usage_places(struct ls_store *store, const struct ls_call *call, struct ls_err *err);
int ls_usage_days(struct ls_store *store, const struct ls_call *call, struct ls_err *err);

#endif
