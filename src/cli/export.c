/* lineside export: rows for other programs. */
#include <stdio.h>

#include "base/log.h"
#include "base/util.h"
#include "cli/output.h"
#include "cli/query.h"
#include "cli/verbs.h"
#include "report/export.h"

static const char *const whats[] = {"transmissions", "observations", NULL};
static const char *const formats[] = {"jsonl", "csv", NULL};

static const struct ls_option own_rows[] = {
    {.name = "what",
     .kind = LS_OPTION_CHOICE,
     .value = "WHAT",
     .choices = whats,
     .help = "transmissions or observations; must be given"},
    {.name = "format",
     .kind = LS_OPTION_CHOICE,
     .value = "FORMAT",
     .choices = formats,
     .help = "jsonl, one JSON object a line, or csv; else jsonl"},
    {.name = "output",
     .short_name = 'o',
     .kind = LS_OPTION_TEXT,
     .value = "FILE",
     .help = "else standard output; FILE appears when it is whole"},
};
static const struct ls_option_table own = {
    .title = "Export", .rows = own_rows, .count = LS_COUNT(own_rows)};
static const struct ls_option_table *const tables[] = {&own, &ls_query_class_options,
                                                       &ls_query_options, NULL};

static bool keep(void *context, int64_t run_id) { return ls_query_keeps(context, run_id); }

static int read_options(struct ls_export_opts *opts, const struct ls_args *args,
                        struct ls_err *err) {
    if (!ls_args_given(args, "what")) {
        return ls_err_set(err, LS_ERR_ARG, "say --what transmissions or --what observations");
    }
    ls_export_what_parse(ls_args_text(args, "what"), &opts->what);
    if (ls_args_given(args, "format")) {
        ls_export_format_parse(ls_args_text(args, "format"), &opts->format);
    }
    if (opts->what == LS_EXPORT_OBSERVATIONS && ls_args_given(args, "class")) {
        return ls_err_set(err, LS_ERR_ARG,
                          "--class is for transmissions: an observation has no class");
    }
    return LS_OK;
}

static int write_rows(struct ls_query *query, struct ls_export_opts *opts, const char *path,
                      struct ls_err *err) {
    struct ls_output *output;
    int code = ls_output_open(&output, path, err);
    if (code != LS_OK) {
        return code;
    }
    size_t rows;
    opts->filter = query->filter;
    opts->keep = keep;
    opts->keep_context = query;
    code = ls_export(query->store, opts, ls_output_file(output), &rows, err);
    if (code != LS_OK) {
        ls_output_abandon(output);
        return code;
    }
    code = ls_output_commit(output, err);
    if (code == LS_OK) {
        ls_query_remark(query, whats[opts->what], rows, 0);
    }
    return code;
}
