/* cli/verb.h: one verb of the command line. A new verb is one file with its const record and one
 * row in cli/verbs.c; parsing, help and exit codes come with it. */
#ifndef CLI_VERB_H
#define CLI_VERB_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "cli/options.h"

enum ls_needs {
    LS_NEEDS_NOTHING,
    LS_NEEDS_DATABASE, /* has --db; call->db_path is set */
};

struct ls_verb;

/* One call of a verb. */
struct ls_call {
    const struct ls_verb *verb;
    const struct ls_args *args;
    const char *db_path; /* --db, else LINESIDE_DB, else "lineside.db"; NULL without a database;
                            several --db: their names, for messages */
    const char *const *db_paths; /* every --db, in order */
    size_t db_count;             /* of them; 0: none was given, and db_path is the database */
    bool incomplete; /* out: done, but samples were lost or the input was cut short: exit 3 */
};

struct ls_verb {
    const char *name;
    enum ls_needs needs;
    const char *summary;   /* one line for the list of verbs, <= 60 characters */
    const char *arguments; /* "RECORDING...", "check|migrate|backup [FILE]"; "" for none */
    size_t min_arguments;
    size_t max_arguments;
    const char *text;                            /* what it does, for the help; wrapped by it */
    const struct ls_option_table *const *tables; /* NULL at the end; --db and --help come by
                                                    themselves */
    const char *example; /* command lines, one a line, as a person would type them */
    /* Writes data to stdout; the caller flushes and checks it. Returns LS_OK or an error with one
     * line in err, which the caller prints; LS_ERR_ARG means wrong usage. */
    int (*run)(struct ls_call *call, struct ls_err *err);
};

/* Exit status of the program. */
enum { LS_EXIT_DONE = 0, LS_EXIT_FAILED = 1, LS_EXIT_USAGE = 2, LS_EXIT_INCOMPLETE = 3 };

#endif
