/* survey/patterns.h: stored rows to findings, incidents and committed rows of them. The engine
 * reads day by day (UTC) and keeps its state in the database, so that the next run reads only what
 * is new; rows that were replaced, or that came in before the state ends, make it begin again. A
 * resumed run ends where one run over everything would: both push the same rows in the same order.
 */
#ifndef SURVEY_PATTERNS_H
#define SURVEY_PATTERNS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/plan.h"
#include "pattern/pattern.h"
#include "store/patterns.h"
#include "survey/search.h"

struct ls_patterns_opts {       /* all-zero: the defaults */
    const struct ls_plan *plan; /* NULL: none */
    bool fresh;                 /* begin again from the rows, whatever the state */
    size_t threads;             /* 1 to LS_THREADS_MAX; 0 means one a processor, no more than those.
                                   What is found does not depend on it */
    ls_finding_each *each;      /* each search made, reported or not; must leave the store alone;
                                   NULL: nobody asks */
    void *context;
    const atomic_int *stop; /* when not NULL and *stop != 0 the run ends early with LS_ERR_STOPPED,
                                 nothing stored */
};

struct ls_patterns_result {
    uint64_t rows;                         /* transmissions behind the findings */
    uint64_t new_rows;                     /* of these, read in this run */
    uint64_t left_out[LS_PATTERN_REASONS]; /* rows that the engine refused, in this run */
    uint64_t without_clock; /* rows of recordings without a start time: two such recordings have no
                               order, and are left out */
    uint64_t searches;
    uint64_t reported;                /* findings */
    uint64_t incidents[LS_ALERT + 1]; /* of each severity that this run found or changed */
    bool resumed;                     /* from the stored state */
};

/* LS_ERR_NOMEM, LS_ERR_STOPPED, the errors of the store; nothing is stored then. */
int ls_patterns_run(struct ls_store *store, const struct ls_patterns_opts *opts,
                    struct ls_patterns_result *ret, struct ls_err *err);

#endif
