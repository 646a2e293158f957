/* lineside report: one incident, or a stretch of time, for people. */
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "base/util.h"
#include "cli/database.h"
#include "cli/evidence.h"
#include "cli/output.h"
#include "cli/period.h"
#include "cli/report.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "pattern/kind.h"
#include "report/incident_report.h"
#include "report/period_report.h"
#include "report/render.h"

static const char *const formats[] = {"text", "html", "md", "json", NULL};

static const struct ls_option own_rows[] = {
    {.name = "format",
     .kind = LS_OPTION_CHOICE,
     .value = "FORMAT",
     .choices = formats,
     .help = "text, html, md or json; else what the ending of FILE says, else text"},
    {.name = "output",
     .short_name = 'o',
     .kind = LS_OPTION_TEXT,
     .value = "FILE",
     .help = "else standard output; FILE appears when it is whole"},
    {.name = "key",
     .kind = LS_OPTION_TEXT,
     .value = "FILE",
     .help = "seal the chain with this secret key first, see 'lineside db seal'"},
    {.name = "since",
     .kind = LS_OPTION_MOMENT,
     .value = "TIME",
     .help = "a period: from TIME on, or 7d for that long ago; else from the first row"},
    {.name = "until",
     .kind = LS_OPTION_MOMENT,
     .value = "TIME",
     .help = "a period: to TIME; else to the last row"},
    {.name = "freq",
     .kind = LS_OPTION_HZ_RANGE,
     .value = "LO:HI",
     .help = "a period: what overlaps this range"},
    {.name = "sensor", .kind = LS_OPTION_TEXT, .value = "NAME", .help = "a period: of this sensor"},
};
static const struct ls_option_table own = {
    .title = "Options", .rows = own_rows, .count = LS_COUNT(own_rows)};
static const struct ls_option_table *const tables[] = {&own, NULL};

static const char *const period_options[] = {"since", "until", "freq", "sensor"};

/* "txt" is text too. */
static const struct ls_renderer *renderer_of(const struct ls_args *args) {
    const char *name = ls_args_text(args, "format");
    const char *path = ls_args_text(args, "output");
    const char *dot = name == NULL && path != NULL ? strrchr(path, '.') : NULL;
    const struct ls_renderer *found = ls_render_find(name != NULL  ? name
                                                     : dot != NULL ? dot + 1
                                                                   : "text");
    return found != NULL ? found : &ls_render_text;
}

static int read_id(const struct ls_args *args, int64_t *ret, struct ls_err *err) {
    size_t id;
    int code =
        ls_count_parse(ls_args_word(args, 0), "number of an incident", 1, 1000000000000, &id, err);
    if (code != LS_OK) {
        return code;
    }
    for (size_t i = 0; i < LS_COUNT(period_options); i++) {
        if (ls_args_given(args, period_options[i])) {
            return ls_err_set(err, LS_ERR_ARG,
                              "--%s is for a period: give either an incident or a period",
                              period_options[i]);
        }
    }
    *ret = (int64_t)id;
    return LS_OK;
}

int ls_report_incident(struct ls_document **ret, const struct ls_call *call, struct ls_store *store,
                       int64_t id, struct ls_err *err) {
    struct ls_material material;
    struct ls_incident_report_opts opts = {.database = call->db_path};
    int code = ls_material_init(&material, store, id, err);
    if (code != LS_OK) {
        return code;
    }
    const struct ls_kind *kind = ls_kind_find(material.incident.finding.kind);
    if (kind != NULL && kind->version == material.incident.finding.version) {
        opts.method = (struct ls_report_method){.null = kind->null,
                                                .test = kind->test,
                                                .evidence = kind->evidence,
                                                .fooled = kind->fooled};
    }
    code = ls_incident_report(ret, &material, &opts, err);
    ls_material_finish(&material);
    return code;
}

static int make_period(struct ls_document **ret, const struct ls_call *call, struct ls_store *store,
                       struct ls_err *err) {
    struct ls_period_report_opts opts = {.database = call->db_path};
    int code = ls_period_read(&opts.filter, call->args, "freq", err);
    return code == LS_OK ? ls_period_report(ret, store, &opts, err) : code;
}

static int write_document(const struct ls_document *doc, const struct ls_args *args,
                          struct ls_err *err) {
    const char *path = ls_args_text(args, "output");
    struct ls_render_opts opts = {.color = path == NULL && ls_table_color_wanted(stdout)};
    struct ls_output *output;
    int code = ls_output_open(&output, path, err);
    if (code != LS_OK) {
        return code;
    }
    FILE *out = ls_output_file(output);
    code = ls_render_document(doc, renderer_of(args), &opts, out, err);
    if (code != LS_OK) {
        code = ferror(out) ? ls_output_failed(path, err) : code;
        ls_output_abandon(output);
        return code;
    }
    return ls_output_commit(output, err);
}

static int run_report(struct ls_call *call, struct ls_err *err) {
    struct ls_store *store = NULL;
    struct ls_document *doc = NULL;
    const char *path = ls_args_text(call->args, "output");
    bool one = ls_args_words(call->args) > 0;
    int64_t id = 0;
    int code = one ? read_id(call->args, &id, err) : LS_OK;
    if (code == LS_OK && path != NULL) {
        code = ls_database_refuse(call, "output", path, err);
    }
    if (code == LS_OK && path != NULL && ls_args_given(call->args, "key")) {
        code = ls_output_refuse_key("output", path, ls_args_text(call->args, "key"), err);
    }
    if (code == LS_OK && ls_args_given(call->args, "key")) {
        code = ls_evidence_seal_database(call, ls_args_text(call->args, "key"), err);
    }
    if (code == LS_OK) {
        code = ls_database_open(&store, call, LS_STORE_READ, err);
    }
    if (code == LS_OK) {
        code = one ? ls_report_incident(&doc, call, store, id, err)
                   : make_period(&doc, call, store, err);
    }
    if (code == LS_OK) {
        code = write_document(doc, call->args, err);
    }
    ls_document_destroy(doc);
    if (store != NULL) {
        ls_store_close(store);
    }
    return code;
}

const struct ls_verb ls_verb_report = {
    .name = "report",
    .needs = LS_NEEDS_DATABASE,
    .summary = "report on an incident, or on a stretch of time",
    .arguments = "[ID]",
    .min_arguments = 0,
    .max_arguments = 1,
    .text = "Says what was found and how sure that is, what it rests on, what speaks against it, "
            "when the receiver listened and what could not have been seen, and how another expert "
            "gets the same. With the ID of an incident it is about that; else about all there is, "
            "or the period that the options choose: that nothing was found is a report too. The "
            "same database gives the same bytes.",
    .tables = tables,
    .example = "lineside report 3\n"
               "lineside report 3 -o incident-3.html\n"
               "lineside report --since 7d --sensor km-12.4 --format md",
    .run = run_report,
};
