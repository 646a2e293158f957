/* lineside incidents: what the patterns add up to, as a table or as lines. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/units.h"
#include "base/util.h"
#include "cli/answer.h"
#include "cli/incidents_timeline.h"
#include "cli/query.h"
#include "cli/show.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "pattern/kind.h"

static const char *const severities[] = {"permitted", "note", "watch", "alert", NULL};

static const struct ls_option own_rows[] = {
    {.name = "kind",
     .kind = LS_OPTION_TEXT,
     .value = "NAME",
     .help = "of this kind: periodic-telemetry, scripted-cycle, ..."},
    {.name = "min-severity",
     .kind = LS_OPTION_CHOICE,
     .value = "SEVERITY",
     .what = "severity",
     .choices = severities,
     .help = "permitted, note, watch or alert, and what is above it"},
};
static const struct ls_option look_rows[] = {
    {.name = "timeline",
     .kind = LS_OPTION_FLAG,
     .help = "below the table, when each was on the air"},
};
static const struct ls_option_table look = {
    .title = "Look", .rows = look_rows, .count = LS_COUNT(look_rows)};
static const struct ls_option_table own = {
    .title = "Which incidents", .rows = own_rows, .count = LS_COUNT(own_rows)};
static const struct ls_option_table *const tables[] = {&own, &look, &ls_query_options,
                                                       &ls_query_form_options, NULL};

static int read_filter(struct ls_incident_filter *ret, const struct ls_query *query,
                       const struct ls_args *args, struct ls_err *err) {
    size_t count;
    size_t chosen;
    const char *const *kinds = ls_finding_kinds(&count);
    *ret = (struct ls_incident_filter){.rows = query->filter, .kind = ls_args_text(args, "kind")};
    if (ret->kind != NULL &&
        ls_word_parse(ret->kind, "kind", kinds, count, &chosen, err) != LS_OK) {
        return ls_err_wrap(err, "option '--kind'");
    }
    if (ls_args_choice(args, "min-severity", &chosen)) {
        ls_severity_parse(severities[chosen], &ret->min_severity);
    }
    return LS_OK;
}

/* --- table --- */

enum { ID, SEVERITY, KIND, TIME, LASTS, CENTER, P, WHAT, SENSOR, COLUMNS };

static const struct ls_column columns[COLUMNS] = {
    [ID] = {.title = "ID", .align = LS_ALIGN_RIGHT},
    [SEVERITY] = {.title = "SEVERITY", .align = LS_ALIGN_LEFT},
    [KIND] = {.title = "KIND", .align = LS_ALIGN_LEFT},
    [TIME] = {.title = "FROM (UTC)", .align = LS_ALIGN_LEFT},
    [LASTS] = {.title = "LASTS", .align = LS_ALIGN_RIGHT},
    [CENTER] = {.title = "MHz", .align = LS_ALIGN_RIGHT},
    [P] = {.title = "P FALSE", .align = LS_ALIGN_RIGHT},
    [WHAT] = {.title = "WHAT", .align = LS_ALIGN_LEFT, .text = true, .spare = 2},
    [SENSOR] = {.title = "SENSOR", .align = LS_ALIGN_LEFT, .text = true, .spare = 1},
};

/* "period_s 48.001", "closest 09:41:30"; false: nothing that a line has room for. */
static bool show_parameter(const struct ls_parameter *p, char *ret, size_t size) {
    size_t length = strlen(p->name);
    char time[LS_SHOW_BYTES];
    if (p->text[0] != '\0') {
        snprintf(ret, size, "%s %s", p->name, p->text);
        return true;
    }
    if (!isfinite(p->value) || strstr(p->name, "_error_") != NULL) {
        return false;
    }
    if (length > 3 && strcmp(p->name + length - 3, "_ns") == 0) {
        ls_show_time((int64_t)p->value, false, time);
        snprintf(ret, size, "%.*s %.8s", (int)length - 3, p->name, time + strlen("2026-11-20 "));
    } else {
        snprintf(ret, size, "%s %.5g", p->name, p->value);
    }
    return true;
}

/* The first parameters, as many as a line holds. */
static void show_parameters(const struct ls_finding *finding, char *ret, size_t size) {
    size_t used = 0;
    size_t shown = 0;
    ret[0] = '\0';
    for (size_t i = 0; i < finding->parameter_count && shown < 3; i++) {
        char one[LS_PARAMETER_NAME_BYTES + LS_PARAMETER_TEXT_BYTES + LS_SHOW_BYTES];
        if (show_parameter(&finding->parameters[i], one, sizeof one)) {
            int n = snprintf(ret + used, size - used, "%s%s", shown++ > 0 ? ", " : "", one);
            used += n > 0 && (size_t)n < size - used ? (size_t)n : 0;
        }
    }
}

/* An incident of an older version of a detector stays beside that of the present one, and looks the
 * same but for this. */
static void show_kind(const struct ls_finding *finding, char *ret, size_t size) {
    const struct ls_kind *kind = ls_kind_find(finding->kind);
    if (kind != NULL && finding->version < kind->version) {
        snprintf(ret, size, "%s/%u", finding->kind, finding->version);
    } else {
        snprintf(ret, size, "%s", finding->kind);
    }
}

static int draw(void *context, const struct ls_incident *row, struct ls_err *err) {
    struct ls_table *table = context;
    const struct ls_finding *finding = &row->finding;
    char id[LS_SHOW_BYTES];
    char time[LS_SHOW_BYTES];
    char lasts[LS_UNIT_TEXT_BYTES];
    char center[LS_SHOW_BYTES];
    char p[LS_FINDING_P_BYTES];
    char what[160];
    char kind[64];
    show_kind(finding, kind, sizeof kind);
    ls_show_count((uint64_t)row->id, id);
    ls_show_time(finding->start_ns, false, time);
    time[strlen("2026-11-20 08:00")] = '\0';
    ls_seconds_format((double)(finding->stop_ns - finding->start_ns) / 1e9, lasts);
    if (ls_incident_is_wide(finding)) {
        snprintf(center, sizeof center, "%.1f-%.1f", finding->low_hz / 1e6, finding->high_hz / 1e6);
    } else {
        ls_show_number((finding->low_hz + finding->high_hz) / 2e6, 3, center);
    }
    ls_finding_p_text(finding->log10_p, 1, p);
    show_parameters(finding, what, sizeof what);
    const char *cells[COLUMNS] = {
        [ID] = id,
        [SEVERITY] = ls_severity_name(row->severity),
        [KIND] = kind,
        [TIME] = time,
        [LASTS] = lasts,
        [CENTER] = center,
        [P] = p,
        [WHAT] = what,
        [SENSOR] = finding->sensor,
    };
    return ls_table_add(table, cells, err);
}

struct drawing {
    struct ls_table *table;
    struct ls_incidents_timeline *timeline;
    size_t rows;
};

static int count_and_draw(void *context, const struct ls_incident *row, struct ls_err *err) {
    struct drawing *drawing = context;
    drawing->rows++;
    int code = ls_incidents_timeline_add(drawing->timeline, row, err);
    return code == LS_OK ? draw(drawing->table, row, err) : code;
}

static int print_table(const struct ls_query *query, const struct ls_incident_filter *filter,
                       bool timeline, struct ls_answer *ret, struct ls_err *err) {
    struct drawing drawing = {.table = NULL};
    int code = ls_incidents_timeline_create(&drawing.timeline, err);
    if (code == LS_OK) {
        code = ls_table_create(&drawing.table, stdout, columns, COLUMNS, err);
    }
    if (code != LS_OK) {
        ls_incidents_timeline_destroy(drawing.timeline);
        return code;
    }
    code = ls_store_each_incident(query->store, filter, count_and_draw, &drawing, err);
    if (code == LS_OK) {
        code = ls_table_finish(drawing.table, err);
    }
    if (code == LS_OK && timeline) {
        code = ls_incidents_timeline_print(drawing.timeline, query->store, stdout, err);
    }
    ls_table_destroy(drawing.table);
    ls_incidents_timeline_destroy(drawing.timeline);
    *ret = (struct ls_answer){.rows = drawing.rows};
    return code;
}

/* --- the verb --- */

static int print_lines(const struct ls_query *query, const struct ls_incident_filter *filter,
                       enum ls_query_form form, struct ls_answer *ret, struct ls_err *err) {
    struct ls_export_opts opts = {
        .what = LS_EXPORT_INCIDENTS,
        .format = form == LS_FORM_CSV ? LS_EXPORT_CSV : LS_EXPORT_JSONL,
        .kind = filter->kind,
        .min_severity = filter->min_severity,
    };
    return ls_answer_write(ret, query, &opts, stdout, NULL, err);
}

static int run_incidents(struct ls_call *call, struct ls_err *err) {
    enum ls_query_form form;
    struct ls_query query = {.store = NULL};
    struct ls_incident_filter filter;
    struct ls_answer answer;
    int code = ls_query_read_form(&form, call->args, err);
    if (code == LS_OK) {
        code = ls_query_init(&query, call, err);
    }
    if (code == LS_OK) {
        code = read_filter(&filter, &query, call->args, err);
    }
    if (code == LS_OK) {
        bool timeline = ls_args_given(call->args, "timeline");
        code = form == LS_FORM_TABLE ? print_table(&query, &filter, timeline, &answer, err)
                                     : print_lines(&query, &filter, form, &answer, err);
    }
    if (code == LS_OK) {
        code = ls_query_conclude(&query, "incidents", answer.rows, answer.left_out, err);
    }
    if (code == LS_OK && answer.rows == 0) {
        ls_log(LS_LOG_INFO, "a receiver that only listens cannot be seen: no incident does not "
                            "mean that nobody collects");
    }
    ls_query_finish(&query);
    return code;
}

const struct ls_verb ls_verb_incidents = {
    .name = "incidents",
    .needs = LS_NEEDS_DATABASE,
    .summary = "list what the patterns add up to",
    .arguments = "",
    .min_arguments = 0,
    .max_arguments = 0,
    .text =
        "Lists incidents: regularities that chance explains badly, with how badly (P FALSE, after "
        "every trial that was made), in order of time. An incident is consistent with its kind; "
        "it names nobody and no intent. One that a permit explains is 'permitted'. A receiver "
        "that only listens cannot be seen, so no incident does not mean that nobody collects.",
    .tables = tables,
    .example = "lineside incidents --since 30d --min-severity watch --timeline\n"
               "lineside incidents --kind periodic-telemetry --json",
    .run = run_incidents,
};
