/* cli/batch.h: the same work on each file that a call names. One that fails does not keep the
 * others from being done. */
#ifndef CLI_BATCH_H
#define CLI_BATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "cli/options.h"

/* path: a word of the call. */
typedef int ls_batch_each(void *context, const char *path, struct ls_err *err);

/* A lone file that fails gives its own error. Of several, each failure is printed as it comes, and
 * in the end the code of the first one is returned with "2 of 5 recordings failed"; being stopped,
 * running out of memory or disk and a locked database end the whole batch. what: "recordings".
 * *ret_done: how many succeeded, also on failure. */
int ls_batch_run(const struct ls_args *args, const char *what, ls_batch_each *each, void *context,
                 size_t *ret_done, struct ls_err *err);

/* Whether a failure of one file is one of all: stopped, out of memory or disk, a locked database,
 * or nobody to tell. */
bool ls_batch_ends(int code);

#endif
