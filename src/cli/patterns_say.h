/* cli/patterns_say.h: what verbs that run the pattern engine have in common. */
#ifndef CLI_PATTERNS_SAY_H
#define CLI_PATTERNS_SAY_H

#include "survey/patterns.h"

/* name: a plan's name or file; NULL: the one that the rows were made with, and none when that was
 * none or several. The caller destroys *ret, which may be NULL. LS_ERR_ARG as of
 * ls_runs_load_plan. */
int ls_patterns_plan(struct ls_store *store, const char *name, struct ls_plan **ret,
                     struct ls_err *err);

/* One line on stderr: what was searched and what it adds up to. */
void ls_patterns_say(const struct ls_patterns_result *result);

/* The run that follows the new rows of a batch, of which done files were stored and code came
 * back: quiet unless it found or changed an incident. plan NULL: that of the rows; when that is in
 * a file that nobody names here, there is a warning and no run. Returns code and leaves err as it
 * is when the batch failed; it runs all the same, unless that would fail too (cli/batch.h). */
int ls_patterns_follow(struct ls_store *store, const struct ls_plan *plan, size_t done, int code,
                       struct ls_err *err);

#endif
