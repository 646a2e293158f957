/* cli/query.h: the options that every query verb shares, and the rows that pass them. */
#ifndef CLI_QUERY_H
#define CLI_QUERY_H

#include <stdbool.h>

#include "cli/runs.h"
#include "cli/verb.h"
#include "store/store.h"

/* --since --until --freq --band --plan --sensor --limit */
extern const struct ls_option_table ls_query_options;
/* --class; read with ls_query_read_class */
extern const struct ls_option_table ls_query_class_options;
/* --json --csv; read with ls_query_read_form */
extern const struct ls_option_table ls_query_form_options;

enum ls_query_form { LS_FORM_TABLE, LS_FORM_JSON, LS_FORM_CSV };

/* A query: an open database, what is asked of it, and how the answer is written. */
struct ls_query {
    struct ls_store *store;
    struct ls_runs *runs;
    struct ls_filter filter;
    const char *db_path;
};

/* Reads ls_query_options and opens the database; LS_ERR_ARG, and what opening can fail with.
 * The caller finishes it, also after a failure. */
int ls_query_init(struct ls_query *ret, const struct ls_call *call, struct ls_err *err);
void ls_query_finish(struct ls_query *query);

/* LS_ERR_ARG: both forms; a class that is none. */
int ls_query_read_form(enum ls_query_form *ret, const struct ls_args *args, struct ls_err *err);
int ls_query_read_class(struct ls_query *query, const struct ls_args *args, struct ls_err *err);

/* A row of this run can be placed in time, or need not be: the rule of the walks below. */
bool ls_query_keeps(const struct ls_query *query, int64_t run_id);

/* As ls_store_each_..., with one rule more: a row without a clock has no place in time, so --since
 * and --until leave it out. *ret_left_out counts those; may be NULL. */
int ls_query_each_transmission(const struct ls_query *query, ls_transmission_each *each,
                               void *context, size_t *ret_left_out, struct ls_err *err);
int ls_query_each_observation(const struct ls_query *query, ls_observation_each *each,
                              void *context, size_t *ret_left_out, struct ls_err *err);

/* The end of an answer: checks that stdout has taken it, then says in a line on stderr when it is
 * empty or not whole. what: "transmissions"; rows that were written, rows that were left out. */
int ls_query_conclude(const struct ls_query *query, const char *what, size_t rows, size_t left_out,
                      struct ls_err *err);

#endif
