/* store/canonical.h: rows as the texts that links are hashes of, and those hashes. Not for other
 * layers. */
#ifndef STORE_CANONICAL_H
#define STORE_CANONICAL_H

#include "store/chain.h"
#include "store/sql.h"

/* A kind of link that is about a row. */
struct ls_chain_kind {
    const char *what;
    const char *texts[4];  /* queries of its canonical text, in order; NULL at the end */
    const char *unchained; /* query of the ids without a link; NULL: has no links of its own */
};

/* NULL: an event. */
const struct ls_chain_kind *ls_chain_kind(const char *what);
/* All that have links. */
const struct ls_chain_kind *ls_chain_kinds(size_t *ret_count);

/* The hash of the canonical text of a row; LS_EOF: there is no such row. The transaction is the
 * caller's. */
int ls_canonical_hash(struct ls_store *store, const char *what, int64_t id,
                      char ret[LS_HASH_HEX_BYTES], struct ls_err *err);

void ls_hash(const char *text, char ret[LS_HASH_HEX_BYTES]);

#endif
