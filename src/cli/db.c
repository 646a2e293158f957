/* lineside db check|migrate|backup|merge|prune|pin|unpin|pins|key|seal|verify: care of the
 * database. */
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "cli/database.h"
#include "cli/evidence.h"
#include "cli/output.h"
#include "cli/retention.h"
#include "cli/usage.h"
#include "cli/verbs.h"
#include "store/merge.h"

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

static int merge(struct ls_store *store, const struct ls_call *call, struct ls_err *err) {
    int code = LS_OK;
    int64_t merged = 0;
    for (size_t i = 1; i < ls_args_words(call->args) && code == LS_OK; i++) {
        const char *path = ls_args_word(call->args, i);
        struct ls_merge_result result;
        code = ls_store_merge(store, path, &result, err);
        if (code == LS_OK) {
            printf("%s: %lld of %lld run%s merged, %lld transmissions, %lld incident%s\n", path,
                   (long long)result.merged, (long long)result.runs, result.runs == 1 ? "" : "s",
                   (long long)result.transmissions, (long long)result.incidents,
                   result.incidents == 1 ? "" : "s");
            merged += result.merged;
        }
    }
    if (code == LS_OK && merged > 0) {
        printf("'lineside patterns --db %s' searches all of it together\n", call->db_path);
    }
    return code;
}

static const struct action {
    const char *name;
    size_t words; /* of the call, the action among them */
    const char *usage;
    const char *options; /* that it takes, beside --db */
    bool migrates;       /* an older database is brought to this version first */
    bool reads;          /* it only asks, and takes several databases */
    bool no_database;
    bool creates; /* the database may be new, and more words may follow */
    int (*run)(struct ls_store *store, const struct ls_call *call, struct ls_err *err);
} actions[] = {
    {.name = "check", .words = 1, .usage = "check", .options = "", .run = check},
    {.name = "migrate", .words = 1, .usage = "migrate", .options = "", .run = migrate},
    {.name = "backup", .words = 2, .usage = "backup FILE", .options = "", .run = backup},
    {.name = "merge",
     .words = 2,
     .usage = "merge FILE...",
     .options = "",
     .creates = true,
     .run = merge},
    {.name = "prune",
     .words = 1,
     .usage = "prune --config FILE | --keep DURATION",
     .options = "config keep dry-run vacuum",
     .migrates = true,
     .run = ls_retention_prune},
    {.name = "pin",
     .words = 1,
     .usage = "pin --case ID --since TIME --until TIME",
     .options = "case since until freq",
     .migrates = true,
     .run = ls_retention_pin},
    {.name = "unpin",
     .words = 1,
     .usage = "unpin --case ID",
     .options = "case",
     .migrates = true,
     .run = ls_retention_unpin},
    {.name = "pins",
     .words = 1,
     .usage = "pins",
     .options = "",
     .reads = true,
     .run = ls_retention_pins},
    {.name = "key",
     .words = 2,
     .usage = "key FILE",
     .options = "",
     .no_database = true,
     .run = ls_evidence_key},
    {.name = "seal",
     .words = 1,
     .usage = "seal --key FILE",
     .options = "key",
     .migrates = true,
     .run = ls_evidence_seal},
    {.name = "usage",
     .words = 1,
     .usage = "usage",
     .options = "",
     .reads = true,
     .run = ls_usage_days},
    {.name = "place",
     .words = 1,
     .usage = "place --sensor NAME --at LAT,LON",
     .options = "sensor at",
     .migrates = true,
     .run = ls_usage_place},
    {.name = "places",
     .words = 1,
     .usage = "places",
     .options = "",
     .reads = true,
     .run = ls_usage_places},
    {.name = "verify",
     .words = 1,
     .usage = "verify [--key FILE] [--link HASH]",
     .options = "key link",
     .run = ls_evidence_verify},
};

static const struct ls_option_table *const tables[] = {&ls_retention_options, &ls_evidence_options,
                                                       &ls_usage_options, NULL};

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
    size_t words = ls_args_words(call->args);
    if (words < action->words || (words > action->words && !action->creates)) {
        return ls_err_set(err, LS_ERR_ARG, "'db %s' is written: lineside db %s", action->name,
                          action->usage);
    }
    struct ls_store *store = NULL;
    code = check_options(action, call->args, err);
    if (code == LS_OK && !action->no_database) {
        enum ls_store_mode mode = action->creates ? LS_STORE_WRITE
                                  : action->reads ? LS_STORE_READ
                                                  : LS_STORE_EXISTING;
        code = ls_database_open(&store, call, mode, err);
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
    .summary = "check, merge, prune, seal or verify the database",
    .arguments = "check|migrate|backup|merge|prune|pin|unpin|pins|key|seal|verify|usage|place|"
                 "places [FILE]...",
    .min_arguments = 1,
    .max_arguments = 1000,
    .text = "'check' reads everything and reports what is wrong; 'migrate' brings a database of an "
            "older version to the schema of this one; 'backup' copies it into the new file FILE "
            "while it may be in use; 'merge' takes other databases in. 'prune' deletes what is too "
            "old or too much, overwrites it "
            "and records that; 'pin' keeps what overlaps a time and a range for a case, whatever "
            "its age, until 'unpin'; 'pins' lists what is pinned. Incidents, their evidence and "
            "every deletion are links of a chain of hashes: 'key' makes a pair of keys, 'seal' "
            "signs the chain, and 'verify' names the first link that is not what it was. "
            "'usage' counts bytes by day: stored, deleted, exported. 'place' says where a sensor "
            "stands, 'places' lists that.",
    .tables = tables,
    .example = "lineside db check\nlineside db --db km-12.db backup km-12-november.db\n"
               "lineside db --db year.db merge january.db february.db\n"
               "lineside db prune --keep 90d --dry-run\n"
               "lineside db pin --case C-7 --since 2026-11-20 --until 2026-11-21\n"
               "lineside db key seal.pem && lineside db seal --key seal.pem\n"
               "lineside db verify --key seal.pem.pub",
    .run = run_db,
};
