/* survey/keeper.h: what a running sensor does beside listening, in a thread and with a connection
 * to the database of its own: it prunes by age and size, writes snippets of raw I/Q when a case
 * asks for them, and deletes those that have expired. */
#ifndef SURVEY_KEEPER_H
#define SURVEY_KEEPER_H

#include "model/config.h"
#include "model/health.h"
#include "model/transmission.h"
#include "survey/iq_ring.h"

struct ls_keeper;

struct ls_keeper_counts {
    uint64_t snippets;        /* written */
    uint64_t snippets_missed; /* samples were gone, the queue or the quota was full, or an error */
    uint64_t pruned;          /* rows */
    uint64_t pattern_runs;
    uint64_t incidents; /* found or changed, of note and above */
};

struct ls_keeper_opts {
    const struct ls_config *config; /* read in create and configure alone */
    struct ls_iq_ring *ring;        /* NULL: no snippets; borrowed until destroy */
    /* Something went wrong, or was deleted; the keeper's thread. */
    void (*event)(void *context, const struct ls_health *row);
    void *context;
};

/* LS_ERR_NOMEM; LS_ERR_IO: no thread. The caller destroys *ret, which ends work under way soon. */
int ls_keeper_create(struct ls_keeper **ret, const struct ls_keeper_opts *opts, struct ls_err *err);
void ls_keeper_destroy(struct ls_keeper *keeper);

/* Other limits and filters, from any thread. */
int ls_keeper_configure(struct ls_keeper *keeper, const struct ls_config *config,
                        struct ls_err *err);

/* Rows of a commit: those that a snippet is wanted of are queued. A row that comes again is taken
 * once: when it is over or as long as a snippet may be. Any one thread; never waits for I/O. */
void ls_keeper_transmissions(struct ls_keeper *keeper, const struct ls_transmission *rows,
                             size_t count);

void ls_keeper_read(struct ls_keeper *keeper, struct ls_keeper_counts *ret);

#endif
