/* store/prune.h: retention: rows are deleted by age and by size, oldest first, but for pinned ones,
 * in short transactions, so that a sensor writes on meanwhile. Deleted content is overwritten
 * (SQLite's secure_delete, and the -wal file is emptied), and what was deleted is recorded. */
#ifndef STORE_PRUNE_H
#define STORE_PRUNE_H

#include <stdatomic.h>

#include "store/store.h"

enum ls_prune_what {
    LS_PRUNE_TRANSMISSIONS,
    LS_PRUNE_OBSERVATIONS,
    LS_PRUNE_HEALTH,
    LS_PRUNE_TABLES
};

struct ls_prune_opts {
    int64_t now_ns;
    double age_s[LS_PRUNE_TABLES]; /* rows that ended longer ago go; NAN: none */
    double bytes[LS_PRUNE_TABLES]; /* of the rows and their indexes, as ls_prune_row_bytes
                                      estimates them; NAN: no limit */
    bool dry_run;                  /* count, change nothing */
    const atomic_int *stop;        /* NULL, or ends early when *stop != 0 */
};

struct ls_prune_result {
    struct {
        uint64_t before;   /* rows there were */
        uint64_t deleted;  /* or would be */
        uint64_t pinned;   /* old enough, and stay */
        int64_t before_ns; /* rows that ended before this go; INT64_MIN: none */
        bool by_size;      /* the limit of size decided */
    } tables[LS_PRUNE_TABLES];
};

/* The table's name: "transmission", "observation", "health". */
const char *ls_prune_name(enum ls_prune_what what);

/* What a row takes on disk, indexes included, within a quarter: measured by tests/store. */
double ls_prune_row_bytes(enum ls_prune_what what);

/* LS_ERR_STOPPED: what was deleted so far is recorded. The errors of the store. */
int ls_store_prune(struct ls_store *store, const struct ls_prune_opts *opts,
                   struct ls_prune_result *ret, struct ls_err *err);

/* Writes the file anew, without the room of what was deleted, and empties the -wal file.
 * LS_ERR_BUSY: somebody else uses it. */
int ls_store_vacuum(struct ls_store *store, struct ls_err *err);

/* Records a deletion that was made elsewhere: expired snippets. */
int ls_store_record_pruning(struct ls_store *store, const char *what, const char *reason,
                            int64_t now_ns, uint64_t rows, struct ls_err *err);

/* What retention has deleted, in the order in which it did. */
struct ls_pruning {
    int64_t t_ns;
    char what[32];     /* the table, or "snippet" */
    char reason[32];   /* "age", "size", "expiry" */
    int64_t before_ns; /* rows that ended before are gone */
    uint64_t rows;
    uint64_t pinned; /* old enough, and stayed */
};
typedef int ls_pruning_each(void *context, const struct ls_pruning *row, struct ls_err *err);
int ls_store_each_pruning(struct ls_store *store, ls_pruning_each *each, void *context,
                          struct ls_err *err);

struct ls_pin {
    char case_id[64]; /* not "" */
    int64_t start_ns;
    int64_t stop_ns;
    double low_hz; /* -HUGE_VAL and HUGE_VAL: any frequency */
    double high_hz;
    int64_t since_ns;
};

/* What overlaps the box stays whatever its age. LS_ERR_ARG: no case, or an empty box. */
int ls_store_add_pin(struct ls_store *store, const struct ls_pin *pin, struct ls_err *err);
/* LS_ERR_NOTFOUND: the case has none. */
int ls_store_remove_pins(struct ls_store *store, const char *case_id, size_t *ret_count,
                         struct ls_err *err);
int ls_store_each_pin(struct ls_store *store,
                      int (*each)(void *context, const struct ls_pin *pin, struct ls_err *err),
                      void *context, struct ls_err *err);

#endif
