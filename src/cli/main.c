/* lineside VERB [OPTION]... [ARGUMENT]...
 *
 * A verb returns what happened; here it becomes one line on stderr and an exit status. Nothing is
 * said to be done before stdout has taken all of it. */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/util.h"
#include "cli/help.h"
#include "cli/output.h"
#include "cli/verbs.h"

/* Asked for help anywhere before "--": other mistakes on the line do not matter then. */
static bool wants_help(int argc, char *const *argv) {
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            return true;
        }
    }
    return false;
}

/* names: room for those of several. */
static void find_database(struct ls_call *call, char *names, size_t size) {
    const char *path = ls_args_text(call->args, "db");
    if (path == NULL) {
        path = getenv("LINESIDE_DB");
    }
    call->db_path = path == NULL || path[0] == '\0' ? "lineside.db" : path;
    call->db_paths = ls_args_texts(call->args, "db", &call->db_count);
    size_t length = 0;
    for (size_t i = 0; call->db_count > 1 && i < call->db_count && length < size; i++) {
        length += (size_t)snprintf(names + length, size - length, "%s%s", i > 0 ? ", " : "",
                                   call->db_paths[i]);
        call->db_path = names;
    }
}

static int check_argument_count(const struct ls_verb *verb, const struct ls_args *args,
                                struct ls_err *err) {
    size_t count = ls_args_words(args);
    if (count < verb->min_arguments) {
        return ls_err_set(err, LS_ERR_ARG, "'%s' needs more: lineside %s %s", verb->name,
                          verb->name, verb->arguments);
    }
    if (count > verb->max_arguments) {
        return ls_err_set(err, LS_ERR_ARG,
                          "'%s' has no use for the argument '%.60s': see 'lineside %s --help'",
                          verb->name, ls_args_word(args, verb->max_arguments), verb->name);
    }
    return LS_OK;
}

static int run_verb(const struct ls_verb *verb, int argc, char *const *argv, bool *ret_incomplete,
                    struct ls_err *err) {
    if (wants_help(argc, argv)) {
        ls_help_print_verb(stdout, verb);
        return LS_OK;
    }
    const struct ls_option_table *tables[LS_HELP_TABLES_MAX];
    ls_help_tables(verb, tables);
    char program[64];
    snprintf(program, sizeof program, "lineside %s", verb->name);
    struct ls_args *args;
    int code = ls_args_create(&args, tables, program, argc, argv, err);
    if (code != LS_OK) {
        return code;
    }
    code = check_argument_count(verb, args, err);
    if (code == LS_OK) {
        char names[512];
        struct ls_call call = {.verb = verb, .args = args};
        if (verb->needs == LS_NEEDS_DATABASE) {
            find_database(&call, names, sizeof names);
        }
        code = verb->run(&call, err);
        *ret_incomplete = call.incomplete;
    }
    ls_args_destroy(args);
    return code;
}

static int run_line(int argc, char *const *argv, bool *ret_incomplete, struct ls_err *err) {
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        ls_help_print_overview(stdout);
        return LS_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("lineside " LS_VERSION);
        return LS_OK;
    }
    if (argv[1][0] == '-') {
        return ls_err_set(err, LS_ERR_ARG,
                          "unknown option '%.60s': the verb comes first; see 'lineside --help'",
                          argv[1]);
    }
    const struct ls_verb *verb;
    int code = ls_verbs_find(argv[1], &verb, err);
    return code == LS_OK ? run_verb(verb, argc - 2, argv + 2, ret_incomplete, err) : code;
}

int main(int argc, char **argv) {
    /* Character widths for the tables; numbers stay as they are everywhere. */
    setlocale(LC_CTYPE, "");
    ls_log_set_level(LS_LOG_INFO);
    /* A closed pipe is a failed write, so that what was begun ends in order. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* so is a file that may not grow (ulimit -f) */
    struct ls_err err = {.text = ""};
    bool incomplete = false;
    int code = run_line(argc, argv, &incomplete, &err);
    if (code == LS_OK) {
        code = ls_output_flush(&err);
    }
    if (code == LS_OK) {
        return incomplete ? LS_EXIT_INCOMPLETE : LS_EXIT_DONE;
    }
    fflush(stdout);
    if (err.text[0] != '\0') {
        ls_log(LS_LOG_ERROR, "%s", err.text);
    }
    return code == LS_ERR_ARG ? LS_EXIT_USAGE : LS_EXIT_FAILED;
}
