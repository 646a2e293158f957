/* lineside db check|migrate|backup|prune|pin|unpin|pins|key|seal|verify: care of the database. */
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "cli/database.h"
#include "cli/evidence.h"
#include "cli/output.h"
#include "cli/retention.h"
#include "cli/verbs.h"

static void print_problem(void *context, const char *text) {
    (void)context;
    printf("%s\n", text);
}

static int check(struct ls_store *store, const struct ls_call *call, struct ls_err *err) {
    size_t problems = 0;
    int code = ls_store_check(store, print_problem, NULL, &problems, err);
    if (code != LS_OK) {
        return code;
    }
    if (problems > 0) {
        return ls_err_set(err, LS_ERR_FORMAT,
                          "'%.300s' has %zu problem%s: restore a backup, or analyse and import "
                          "again into a new database",
                          call->db_path, problems, problems == 1 ? "" : "s");
    }
    int file;
    int newest;
    code = ls_store_version(store, &file, &newest, err);
    if (code == LS_OK) {
        printf("'%s' is sound: schema %d\n", call->db_path, file);
    }
    return code;
}

static int migrate(struct ls_store *store, const struct ls_call *call, struct ls_err *err) {
    int file;
    int newest;
    int code = ls_store_version(store, &file, &newest, err);
    if (code == LS_OK) {
        code = ls_store_migrate(store, err);
    }
    if (code != LS_OK) {
        return code;
    }
    if (file == newest) {
        printf("'%s' is at schema %d already, the newest\n", call->db_path, newest);
    } else {
        printf("'%s' went from schema %d to %d\n", call->db_path, file, newest);
    }
    return LS_OK;
}

static int backup(struct ls_store *store, const struct ls_call *call, struct ls_err *err) {
    const char *path = ls_args_word(call->args, 1);
    int code = ls_store_backup(store, path, err);
    if (code == LS_OK) {
        printf("'%s' is copied to '%s'\n", call->db_path, path);
    }
    return code;
}

static const struct action {
    const char *name;
    size_t words; /* of the call, the action among them */
    const char *usage;
    const char *options; /* that it takes, beside --db */
    bool migrates;       /* an older database is brought to this version first */
    bool no_database;
    int (*run)(struct ls_store *store, const struct ls_call *call, struct ls_err *err);
} actions[] = {
    {"check", 1, "check", "", false, false, check},
    {"migrate", 1, "migrate", "", false, false, migrate},
    {"backup", 2, "backup FILE", "", false, false, backup},
    {"prune", 1, "prune --config FILE | --keep DURATION", "config keep dry-run", true, false,
     ls_retention_prune},
    {"pin", 1, "pin --case ID --since TIME --until TIME", "case since until freq", true, false,
     ls_retention_pin},
    {"unpin", 1, "unpin --case ID", "case", true, false, ls_retention_unpin},
    {"pins", 1, "pins", "", true, false, ls_retention_pins},
    {"key", 2, "key FILE", "", false, true, ls_evidence_key},
    {"seal", 1, "seal --key FILE", "key", true, false, ls_evidence_seal},
    {"verify", 1, "verify [--key FILE] [--link HASH]", "key link", false, false,
     ls_evidence_verify},
};

static const struct ls_option_table *const tables[] = {&ls_retention_options, &ls_evidence_options,
                                                       NULL};

static int check_options(const struct action *action, const struct ls_args *args,
                         struct ls_err *err) {
    for (size_t t = 0; tables[t] != NULL; t++) {
        for (size_t i = 0; i < tables[t]->count; i++) {
            const char *name = tables[t]->rows[i].name;
            if (ls_args_given(args, name) && strstr(action->options, name) == NULL) {
                return ls_err_set(err, LS_ERR_ARG, "'db %s' has no option '--%s'", action->name,
                                  name);
            }
        }
    }
    return LS_OK;
}

static int run_db(struct ls_call *call, struct ls_err *err) {
    const char *names[LS_COUNT(actions)];
    for (size_t i = 0; i < LS_COUNT(actions); i++) {
        names[i] = actions[i].name;
    }
    size_t chosen;
    int code = ls_word_parse(ls_args_word(call->args, 0), "db action", names, LS_COUNT(names),
                             &chosen, err);
    if (code != LS_OK) {
        return code;
    }
    const struct action *action = &actions[chosen];
    if (ls_args_words(call->args) != action->words) {
        return ls_err_set(err, LS_ERR_ARG, "'db %s' is written: lineside db %s", action->name,
                          action->usage);
    }
    struct ls_store *store = NULL;
    code = check_options(action, call->args, err);
    if (code == LS_OK && !action->no_database) {
        code = ls_database_open(&store, call, LS_STORE_EXISTING, err);
    }
    if (code == LS_OK && action->migrates) {
        code = ls_store_migrate(store, err);
    }
    if (code == LS_OK) {
        code = action->run(store, call, err);
    }
    ls_store_close(store);
    return code;
}

const struct ls_verb ls_verb_db = {
    .name = "db",
    .needs = LS_NEEDS_DATABASE,
    .summary = "check, back up, prune, seal or verify the database",
    .arguments = "check|migrate|backup|prune|pin|unpin|pins|key|seal|verify [FILE]",
    .min_arguments = 1,
    .max_arguments = 2,
    .text = "'check' reads everything and reports what is wrong; 'migrate' brings a database of an "
            "older version to the schema of this one; 'backup' copies it into the new file FILE "
            "while it may be in use. 'prune' deletes what is too old or too much, overwrites it "
            "and records that; 'pin' keeps what overlaps a time and a range for a case, whatever "
            "its age, until 'unpin'; 'pins' lists what is pinned. Incidents, their evidence and "
            "every deletion are links of a chain of hashes: 'key' makes a pair of keys, 'seal' "
            "signs the chain, and 'verify' names the first link that is not what it was.",
    .tables = tables,
    .example = "lineside db check\nlineside db --db km-12.db backup km-12-november.db\n"
               "lineside db prune --keep 90d --dry-run\n"
               "lineside db pin --case C-7 --since 2026-11-20 --until 2026-11-21\n"
               "lineside db key seal.pem && lineside db seal --key seal.pem\n"
               "lineside db verify --key seal.pem.pub",
    .run = run_db,
};
