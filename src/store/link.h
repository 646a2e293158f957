/* store/link.h: adding to the chain, in the transaction that writes what the link is about. Not for
 * other layers. */
#ifndef STORE_LINK_H
#define STORE_LINK_H

#include "store/canonical.h"

/* A link about a row as it is now; none when its last link says the same. */
int ls_link_row(struct ls_store *store, const char *what, int64_t id, struct ls_err *err);
int ls_link_event(struct ls_store *store, const char *what, const char *text, struct ls_err *err);

/* The incident changes in this transaction: ls_link_incidents will look at it. */
int ls_link_touch(struct ls_store *store, int64_t incident_id, struct ls_err *err);
/* As touch, for those that rest on transmissions of [first_id, last_id]. */
int ls_link_touch_evidence(struct ls_store *store, int64_t first_id, int64_t last_id,
                           struct ls_err *err);
/* A stored transmission has grown; when it is evidence, its incidents are looked at. */
int ls_link_grown(struct ls_store *store, int64_t transmission_id, struct ls_err *err);
/* Before the commit: hashes the new evidence, and links the incidents that have changed. */
int ls_link_incidents(struct ls_store *store, struct ls_err *err);

/* Links what a database of an older schema holds. In a transaction. */
int ls_link_adopt(struct ls_store *store, struct ls_err *err);

#endif
