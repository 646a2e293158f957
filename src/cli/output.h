/* cli/output.h: where results go. stdout is flushed and checked before the program says it is done;
 * a file appears under its name only when it is whole. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"

struct ls_output;

/* path NULL: stdout. A regular or new file is written beside its place under a temporary name; a
 * device, a pipe or a socket is written as it is. LS_ERR_IO, LS_ERR_FULL, LS_ERR_NOTFOUND. */
int ls_output_open(struct ls_output **ret, const char *path, struct ls_err *err);

FILE *ls_output_file(struct ls_output *output);

/* A place to come back to when what follows turns out to be void; -1 on a pipe or device, from
 * which nothing can be taken back. */
long long ls_output_mark(struct ls_output *output);
void ls_output_rewind(struct ls_output *output, long long mark);

/* Flushes, checks and renames; LS_ERR_FULL, LS_ERR_IO. The object is gone either way. */
int ls_output_commit(struct ls_output *output, struct ls_err *err);

/* Removes the temporary file; accepts NULL. */
void ls_output_abandon(struct ls_output *output);

/* Both names lead to one file, which is there. */
bool ls_output_same(const char *a, const char *b);

/* LS_ERR_ARG when path is the secret key, which would be lost. option: "output". */
int ls_output_refuse_key(const char *option, const char *path, const char *key, struct ls_err *err);

/* Say why a write to file just failed, from errno; name is NULL for stdout. A reader that closed
 * the pipe is no news to anybody: err->text is then empty. Returns the code. */
int ls_output_failed(const char *name, struct ls_err *err);

/* Flush stdout; LS_OK only when everything written so far has arrived. */
int ls_output_flush(struct ls_err *err);

#endif
