/* lineside help [VERB] */
#include <stdio.h>

#include "cli/help.h"
#include "cli/verbs.h"

static int run_help(struct ls_call *call, struct ls_err *err) {
    if (ls_args_words(call->args) == 0) {
        ls_help_print_overview(stdout);
        return LS_OK;
    }
    const struct ls_verb *verb;
    int code = ls_verbs_find(ls_args_word(call->args, 0), &verb, err);
    if (code == LS_OK) {
        ls_help_print_verb(stdout, verb);
    }
    return code;
}

static const struct ls_option_table *const tables[] = {NULL};

const struct ls_verb ls_verb_help = {
    .name = "help",
    .needs = LS_NEEDS_NOTHING,
    .summary = "show the options of a verb",
    .arguments = "[VERB]",
    .min_arguments = 0,
    .max_arguments = 1,
    .text = "Shows what VERB does with its options and an example; without VERB, the list of "
            "verbs.",
    .tables = tables,
    .example = "lineside help analyse",
    .run = run_help,
};
