/* store/usage.h: what each day takes, what was deleted on it, and what left. */
#ifndef STORE_USAGE_H
#define STORE_USAGE_H

#include "store/store.h"

/* One line of the ledger of bytes. Days count from 1970-01-01, UTC. */
struct ls_usage {
    int64_t day;
    char what[32]; /* a table, or "export" */
    char did[16];  /* "stored": rows that start on this day; "deleted", "exported": on this day */
    uint64_t rows; /* of exports: files */
    double bytes;  /* of rows with their indexes, within a quarter; of exports: to the byte */
};

/* In order of day, then of what was stored, deleted and exported. */
typedef int ls_usage_each(void *context, const struct ls_usage *usage, struct ls_err *err);
int ls_store_each_usage(struct ls_store *store, ls_usage_each *each, void *context,
                        struct ls_err *err);

#endif
