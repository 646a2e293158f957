/* cli/help.h: help text from the tables, within 80 columns. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stdio.h>

#include "cli/verb.h"

/* --help, the options that every verb has, and --db. */
extern const struct ls_option_table ls_help_common_options;
extern const struct ls_option_table ls_help_database_options;

enum { LS_HELP_TABLES_MAX = 8 };

/* All tables of a verb: its own and those it gets by what it needs. */
void ls_help_tables(const struct ls_verb *verb,
                    const struct ls_option_table *ret[LS_HELP_TABLES_MAX]);

void ls_help_print_verb(FILE *out, const struct ls_verb *verb);
void ls_help_print_overview(FILE *out);

#endif
