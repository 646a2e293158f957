/* store/merge.h: several databases as one: a file that takes others in, or a temporary one for a
 * question to several. */
#ifndef STORE_MERGE_H
#define STORE_MERGE_H

#include "store/store.h"

struct ls_merge_result {
    int64_t runs;          /* of the other database */
    int64_t merged;        /* that were not here before */
    int64_t incidents;     /* taken in */
    int64_t transmissions; /* of those runs */
};

/* Takes the database at path in, in one transaction: runs that are not here yet (by sensor, verb,
 * start and digest of the input), their rows, incidents and what retention deleted; permits, pins,
 * health and snippets. Ids change; the chain says what was taken in, by the hash of its last link,
 * and incidents are linked anew. LS_ERR_FORMAT: an older schema, or a chain that is broken;
 * LS_ERR_ARG: it is this database, or a run has grown since it was taken in. */
int ls_store_merge(struct ls_store *store, const char *path, struct ls_merge_result *ret,
                   struct ls_err *err);

/* A temporary database, gone when it is closed, with what filter (NULL: everything; times and
 * frequencies count) chooses of all paths; incidents with all of their evidence. It has no chain.
 */
int ls_store_open_merged(struct ls_store **ret, const char *const *paths, size_t count,
                         const struct ls_filter *filter, struct ls_err *err);

#endif
