/* cli/answer.h: the rows of a query as lines or CSV, on stdout or in a file. */
#ifndef CLI_ANSWER_H
#define CLI_ANSWER_H

#include <stddef.h>
#include <stdio.h>

#include "cli/query.h"
#include "report/export.h"

struct ls_answer {
    size_t rows;     /* written */
    size_t left_out; /* without a place in time, see ls_query_keeps */
};

/* opts: what, format and whole; the filter and what to keep are those of query. name: of the file
 * behind out, for the message; NULL is stdout. */
int ls_answer_write(struct ls_answer *ret, const struct ls_query *query,
                    const struct ls_export_opts *opts, FILE *out, const char *name,
                    struct ls_err *err);

/* ls_export_check of the rows that ls_answer_write wrote to the file at path. */
int ls_answer_check(const struct ls_query *query, const struct ls_export_opts *opts,
                    const char *path, size_t *ret_rows, struct ls_err *err);

#endif
