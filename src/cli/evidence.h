/* cli/evidence.h: the actions of 'lineside db' that keep evidence from being changed quietly: key,
 * seal, verify. */
#ifndef CLI_EVIDENCE_H
#define CLI_EVIDENCE_H

#include "cli/verb.h"
#include "store/store.h"

/* --key --link */
extern const struct ls_option_table ls_evidence_options;

/* store is NULL. */
int ls_evidence_key(struct ls_store *store, const struct ls_call *call, struct ls_err *err);
int ls_evidence_seal(struct ls_store *store, const struct ls_call *call, struct ls_err *err);
int ls_evidence_verify(struct ls_store *store, const struct ls_call *call, struct ls_err *err);

/* Seals the chain of the database that the call names with the secret key of the file; nothing when
 * it is sealed already. */
int ls_evidence_seal_database(const struct ls_call *call, const char *key_path, struct ls_err *err);
/* Opens that database to be written to, at the newest schema. The caller closes *ret. */
int ls_evidence_open(struct ls_store **ret, const struct ls_call *call, struct ls_err *err);

#endif
