/* lineside export: rows for other programs. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/util.h"
#include "cli/answer.h"
#include "cli/database.h"
#include "cli/evidence.h"
#include "cli/output.h"
#include "cli/package.h"
#include "cli/query.h"
#include "cli/verbs.h"
#include "report/export.h"

static const char *const whats[] = {"transmissions", "observations", "incidents", "emitters", NULL};
static const char *const formats[] = {"jsonl", "csv", "geojson", "sigmf", NULL};

static const struct ls_option own_rows[] = {
    {.name = "what",
     .kind = LS_OPTION_CHOICE,
     .value = "WHAT",
     .what = "kind of rows",
     .choices = whats,
     .help = "transmissions, observations, incidents or emitters; must be given"},
    {.name = "format",
     .kind = LS_OPTION_CHOICE,
     .value = "FORMAT",
     .choices = formats,
     .help = "jsonl, one JSON object a line; csv; geojson of incidents; sigmf of transmissions"},
    {.name = "output",
     .short_name = 'o',
     .kind = LS_OPTION_TEXT,
     .value = "FILE",
     .help = "else standard output; FILE appears when it is whole"},
    {.name = "check",
     .kind = LS_OPTION_FLAG,
     .help = "read FILE back with another parser, hold it against the schema and the database"},
    {.name = "case",
     .kind = LS_OPTION_NAME,
     .value = "ID",
     .high = 63,
     .help = "the case that FILE is for: recorded in the chain, with its hash"},
    {.name = "signer",
     .kind = LS_OPTION_NAME,
     .value = "NAME",
     .high = 200,
     .help = "who answers for that"},
};
static const struct ls_option_table own = {
    .title = "Export", .rows = own_rows, .count = LS_COUNT(own_rows)};
static const struct ls_option_table *const tables[] = {
    &own, &ls_package_options, &ls_query_class_options, &ls_query_options, NULL};

static int read_options(struct ls_export_opts *opts, const struct ls_args *args,
                        struct ls_err *err) {
    if (!ls_args_given(args, "what")) {
        return ls_err_set(err, LS_ERR_ARG,
                          "say --what transmissions, observations, incidents or emitters");
    }
    ls_export_what_parse(ls_args_text(args, "what"), &opts->what);
    if (ls_args_given(args, "format")) {
        ls_export_format_parse(ls_args_text(args, "format"), &opts->format);
    }
    bool classed = opts->what == LS_EXPORT_TRANSMISSIONS || opts->what == LS_EXPORT_EMITTERS;
    if (!classed && ls_args_given(args, "class")) {
        return ls_err_set(err, LS_ERR_ARG, "--class is for transmissions: %s have no class",
                          whats[opts->what]);
    }
    if (ls_args_given(args, "check") && !ls_args_given(args, "output")) {
        return ls_err_set(err, LS_ERR_ARG, "--check reads a file back: give --output FILE");
    }
    if (ls_args_given(args, "case") != ls_args_given(args, "signer")) {
        return ls_err_set(err, LS_ERR_ARG, "--case and --signer belong together: give both");
    }
    if (ls_args_given(args, "case") && !ls_args_given(args, "output")) {
        return ls_err_set(err, LS_ERR_ARG, "--case records the hash of a file: give --output FILE");
    }
    return LS_OK;
}

/* What was written, read back. */
static int check_rows(const struct ls_query *query, const struct ls_export_opts *opts,
                      const char *path, struct ls_err *err) {
    size_t rows = 0;
    int code = ls_answer_check(query, opts, path, &rows, err);
    if (code == LS_OK) {
        const char *what = whats[opts->what];
        int length = (int)strlen(what) - (rows == 1 ? 1 : 0); /* their plurals end in s */
        ls_log(LS_LOG_INFO, "'%.300s' holds %zu %.*s as the database does", path, rows, length,
               what);
    }
    return code;
}

/* The query, which only reads, is over. */
static int record_leaving(const struct ls_call *call, const struct ls_export_opts *opts,
                          size_t rows, struct ls_err *err) {
    struct ls_store *store = NULL;
    struct ls_leaving leaving = {.what = whats[opts->what],
                                 .format = formats[opts->format],
                                 .case_id = ls_args_text(call->args, "case"),
                                 .signer = ls_args_text(call->args, "signer"),
                                 .path = ls_args_text(call->args, "output"),
                                 .rows = rows};
    int code = ls_evidence_open(&store, call, err);
    if (code == LS_OK) {
        code = ls_package_record(store, &leaving, err);
    }
    ls_store_close(store);
    return code;
}

static int write_rows(const struct ls_query *query, const struct ls_export_opts *opts,
                      const char *path, size_t *ret_rows, struct ls_err *err) {
    struct ls_output *output;
    int code = ls_output_open(&output, path, err);
    if (code != LS_OK) {
        return code;
    }
    struct ls_answer answer;
    code = ls_answer_write(&answer, query, opts, ls_output_file(output), path, err);
    if (code != LS_OK) {
        ls_output_abandon(output);
        return code;
    }
    *ret_rows = answer.rows;
    code = ls_output_commit(output, err);
    if (code == LS_OK) {
        code = ls_query_conclude(query, whats[opts->what], answer.rows, answer.left_out, err);
    }
    return code;
}

static int run_export(struct ls_call *call, struct ls_err *err) {
    struct ls_export_opts opts = {.whole = false};
    struct ls_query query = {.store = NULL};
    const char *path = ls_args_text(call->args, "output");
    size_t rows = 0;
    if (ls_args_given(call->args, "package") || ls_args_given(call->args, "incident")) {
        return ls_package_run(call, err);
    }
    int code = read_options(&opts, call->args, err);
    if (code == LS_OK && path != NULL) {
        code = ls_database_refuse(call, "output", path, err);
    }
    if (code == LS_OK) {
        code = ls_query_init(&query, call, err);
    }
    if (code == LS_OK) {
        code = ls_query_read_class(&query, call->args, err);
    }
    if (code == LS_OK) {
        code = write_rows(&query, &opts, path, &rows, err);
    }
    if (code == LS_OK && ls_args_given(call->args, "check")) {
        code = check_rows(&query, &opts, path, err);
    }
    ls_query_finish(&query);
    if (code == LS_OK && ls_args_given(call->args, "case")) {
        code = record_leaving(call, &opts, rows, err);
    }
    return code;
}

const struct ls_verb ls_verb_export = {
    .name = "export",
    .needs = LS_NEEDS_DATABASE,
    .summary = "write stored rows for other programs",
    .arguments = "",
    .min_arguments = 0,
    .max_arguments = 0,
    .text =
        "Writes transmissions, or the intervals in which the receiver was really listening, as "
        "lines that 'import' reads or as comma-separated values; or incidents or emitters as such. "
        "The same rows give the same bytes, and carry the label of their run. With --incident and "
        "--package it writes everything about an incident into one archive, signed, that others "
        "can check without this program.",
    .tables = tables,
    .example = "lineside export --what transmissions --since 7d -o week.jsonl\n"
               "lineside export --what observations --format csv -o listened.csv --check\n"
               "lineside export --incident 3 --package i3.tar --key k.pem --case 7 "
               "--signer me",
    .run = run_export,
};
