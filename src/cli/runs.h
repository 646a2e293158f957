/* cli/runs.h: the runs of a database, for questions about rows: which recording a row came from,
 * and whether its times are wall-clock times. */
#ifndef CLI_RUNS_H
#define CLI_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/plan.h"
#include "store/store.h"

struct ls_runs;

struct ls_runs_entry {
    int64_t id;
    bool no_clock;              /* times count from the start of the recording */
    const char *input;          /* name of the recording or log without its folder */
    const char *plan;           /* name of the plan without its version, "" for none */
    char label[LS_LABEL_BYTES]; /* classification of its rows, "" for none */
};

/* The caller destroys *ret. */
int ls_runs_load(struct ls_runs **ret, struct ls_store *store, struct ls_err *err);
void ls_runs_destroy(struct ls_runs *runs);

/* NULL when there is no such run. Entries live as long as runs. */
const struct ls_runs_entry *ls_runs_find(const struct ls_runs *runs, int64_t id);

/* Some run has no clock. */
bool ls_runs_without_clock(const struct ls_runs *runs);

/* The name of the plan that rows were made with: LS_ERR_ARG when runs used none or several. */
int ls_runs_plan(const struct ls_runs *runs, const char **ret, struct ls_err *err);

/* The plan that --plan gives, or with NULL the one that rows were made with; the caller destroys
 * *ret. LS_ERR_ARG: there is no such plan, runs used none or several, or one whose file only
 * whoever wrote it knows. */
int ls_runs_load_plan(const struct ls_runs *runs, const char *given, struct ls_plan **ret,
                      struct ls_err *err);

#endif
