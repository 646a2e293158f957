/* lineside patterns: the pattern engine over the stored rows. */
#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "base/util.h"
#include "cli/database.h"
#include "cli/output.h"
#include "cli/patterns_say.h"
#include "cli/runs.h"
#include "cli/show.h"
#include "cli/stop.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "model/line.h"

static const struct ls_option own_rows[] = {
    {.name = "plan",
     .kind = LS_OPTION_TEXT,
     .value = "NAME|FILE",
     .help = "what each band is for; else the plan that the rows were made with"},
    {.name = "fresh",
     .kind = LS_OPTION_FLAG,
     .help = "begin again from the first row; else what an earlier run knew is used"},
    {.name = "threads",
     .kind = LS_OPTION_COUNT,
     .value = "N",
     .what = "number of threads",
     .low = 1,
     .high = LS_THREADS_MAX,
     .help = "1 to 4, else one a processor; findings do not depend on it"},
    {.name = "json", .kind = LS_OPTION_FLAG, .help = "one JSON object a finding, reported or not"},
};
static const struct ls_option_table own = {
    .title = "Patterns", .rows = own_rows, .count = LS_COUNT(own_rows)};
static const struct ls_option_table *const tables[] = {&own, NULL};

static int print_line(void *context, const struct ls_finding *finding, struct ls_err *err) {
    (void)context;
    return ls_line_write_finding(stdout, finding) == LS_OK ? LS_OK : ls_output_failed(NULL, err);
}

/* --- table: what was reported, and how much was searched --- */

enum { KIND, P, REPORTED, CENTER, SEARCHES, SENSOR, WORDS, COLUMNS };

static const struct ls_column columns[COLUMNS] = {
    [KIND] = {.title = "KIND", .align = LS_ALIGN_LEFT},
    [P] = {.title = "P FALSE", .align = LS_ALIGN_RIGHT},
    [REPORTED] = {.title = "REPORTED", .align = LS_ALIGN_LEFT},
    [CENTER] = {.title = "MHz", .align = LS_ALIGN_RIGHT},
    [SEARCHES] = {.title = "SEARCHES", .align = LS_ALIGN_RIGHT, .spare = 1},
    [SENSOR] = {.title = "SENSOR", .align = LS_ALIGN_LEFT, .text = true, .spare = 2},
    [WORDS] = {.title = "WHAT", .align = LS_ALIGN_LEFT, .text = true, .spare = 3},
};

static int draw(void *context, const struct ls_finding *finding, struct ls_err *err) {
    char p[LS_FINDING_P_BYTES];
    char center[LS_SHOW_BYTES] = "";
    char searches[LS_SHOW_BYTES];
    ls_finding_p_text(finding->log10_p, 2, p);
    if (finding->stop_ns > finding->start_ns) {
        ls_show_number((finding->low_hz + finding->high_hz) / 2e6, 4, center);
    }
    ls_show_count(finding->searches, searches);
    const char *cells[COLUMNS] = {
        [KIND] = finding->kind,
        [P] = p,
        [REPORTED] = finding->reported ? "yes" : "no",
        [CENTER] = center,
        [SEARCHES] = searches,
        [SENSOR] = finding->sensor,
        [WORDS] = finding->words,
    };
    return ls_table_add(context, cells, err);
}

/* --- the verb --- */

static int run_all(struct ls_store *store, struct ls_patterns_opts *opts, bool json,
                   struct ls_err *err) {
    struct ls_patterns_result result;
    struct ls_table *table = NULL;
    int code = json ? LS_OK : ls_table_create(&table, stdout, columns, COLUMNS, err);
    if (code != LS_OK) {
        return code;
    }
    opts->each = json ? print_line : draw;
    opts->context = table;
    code = ls_patterns_run(store, opts, &result, err);
    if (code == LS_OK && table != NULL) {
        code = ls_table_finish(table, err);
    }
    if (code == LS_OK) {
        code = ls_output_flush(err);
    }
    if (code == LS_OK) {
        ls_patterns_say(&result);
    }
    ls_table_destroy(table);
    return code;
}

static int run_patterns(struct ls_call *call, struct ls_err *err) {
    struct ls_store *store = NULL;
    struct ls_plan *plan = NULL;
    struct ls_patterns_opts opts = {.fresh = ls_args_given(call->args, "fresh"),
                                    .stop = ls_stop_flag()};
    ls_args_count(call->args, "threads", &opts.threads);
    ls_stop_install();
    /* A database is searched, not made. */
    int code = ls_database_open(&store, call, LS_STORE_READ, err);
    ls_store_close(store);
    store = NULL;
    if (code == LS_OK) {
        code = ls_database_open(&store, call, LS_STORE_WRITE, err);
    }
    if (code == LS_OK) {
        code = ls_patterns_plan(store, ls_args_text(call->args, "plan"), &plan, err);
    }
    if (code == LS_OK) {
        opts.plan = plan;
        code = run_all(store, &opts, ls_args_given(call->args, "json"), err);
    }
    ls_plan_destroy(plan);
    ls_store_close(store);
    return code;
}

const struct ls_verb ls_verb_patterns = {
    .name = "patterns",
    .needs = LS_NEEDS_DATABASE,
    .summary = "search the stored rows for regularities",
    .arguments = "",
    .min_arguments = 0,
    .max_arguments = 0,
    .text = "Searches all stored transmissions for regularities, against the times in which the "
            "receiver was really listening, and brings the incidents up to date. What each "
            "search came to is shown with the probability that chance alone does as well, after "
            "all trials; few are reported. The same rows give the same findings, however often it "
            "runs.",
    .tables = tables,
    .example = "lineside patterns --plan eu\n"
               "lineside patterns --json | jq 'select(.reported)'",
    .run = run_patterns,
};
