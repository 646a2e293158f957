#include "cli/query.h"

#include <string.h>

#include "base/log.h"
#include "base/util.h"
#include "cli/database.h"
#include "cli/output.h"
#include "model/class_names.h"
#include "model/plan.h"

static const struct ls_option filter_rows[] = {
    {.name = "since",
     .kind = LS_OPTION_MOMENT,
     .value = "TIME",
     .help = "what lasts beyond TIME: 2026-11-20, 2026-11-20T08:00:00Z, or 24h for that long ago"},
    {.name = "until", .kind = LS_OPTION_MOMENT, .value = "TIME", .help = "what began before TIME"},
    {.name = "freq",
     .kind = LS_OPTION_HZ_RANGE,
     .value = "LO:HI",
     .help = "what overlaps this range: 876M:880M"},
    {.name = "band",
     .kind = LS_OPTION_TEXT,
     .value = "NAME",
     .help = "what overlaps this band of the plan"},
    {.name = "plan",
     .kind = LS_OPTION_TEXT,
     .value = "NAME|FILE",
     .help = "where --band looks; else the plan that the rows were made with"},
    {.name = "sensor", .kind = LS_OPTION_TEXT, .value = "NAME", .help = "of this sensor"},
    {.name = "limit",
     .kind = LS_OPTION_COUNT,
     .value = "N",
     .what = "limit",
     .low = 1,
     .high = 1000000000000,
     .help = "the first N rows"},
};
const struct ls_option_table ls_query_options = {
    .title = "Which rows", .rows = filter_rows, .count = LS_COUNT(filter_rows)};

static const struct ls_option form_rows[] = {
    {.name = "json",
     .kind = LS_OPTION_FLAG,
     .help = "one JSON object a line, as 'export' writes them, with numbers of rows"},
    {.name = "csv", .kind = LS_OPTION_FLAG, .help = "comma-separated values with a heading"},
};
const struct ls_option_table ls_query_form_options = {
    .title = "Form", .rows = form_rows, .count = LS_COUNT(form_rows)};

static const struct ls_option class_rows[] = {
    {.name = "class",
     .kind = LS_OPTION_TEXT,
     .value = "NAME",
     .help = "transmissions of this class: gsm, lte-uplink, fsk, ... unknown"},
};
const struct ls_option_table ls_query_class_options = {
    .title = "Which transmissions", .rows = class_rows, .count = LS_COUNT(class_rows)};

/* --- what is asked --- */

static int refuse_band(const struct ls_plan *plan, const char *name, struct ls_err *err) {
    enum { NAMES_MAX = 512 };
    const char *names[NAMES_MAX];
    size_t count = plan->band_count < NAMES_MAX ? plan->band_count : NAMES_MAX;
    for (size_t i = 0; i < count; i++) {
        names[i] = plan->bands[i].name;
    }
    const char *nearest = ls_nearest_word(name, names, count);
    if (nearest != NULL) {
        return ls_err_set(err, LS_ERR_ARG,
                          "option '--band': plan '%.60s' has no band '%.60s'; did you mean '%s'?",
                          plan->name, name, nearest);
    }
    return ls_err_set(err, LS_ERR_ARG,
                      "option '--band': plan '%.60s' has no band '%.60s': see 'lineside plan show "
                      "%.60s'",
                      plan->name, name, plan->name);
}

static int read_band(struct ls_query *query, const struct ls_args *args, const char *band,
                     struct ls_err *err) {
    struct ls_plan *plan;
    const char *given = ls_args_text(args, "plan");
    int code = ls_runs_load_plan(query->runs, given, &plan, err);
    if (code != LS_OK) {
        return given == NULL ? ls_err_wrap(err, "option '--band'") : code;
    }
    const struct ls_band *found = ls_plan_band(plan, band);
    if (found == NULL) {
        code = refuse_band(plan, band, err);
    } else {
        query->filter.low_hz = found->low_hz;
        query->filter.high_hz = found->high_hz;
        query->filter.has_freq = true;
    }
    ls_plan_destroy(plan);
    return code;
}

static int read_filter(struct ls_query *query, const struct ls_args *args, struct ls_err *err) {
    struct ls_filter *filter = &query->filter;
    filter->has_since = ls_args_time(args, "since", &filter->since_ns);
    filter->has_until = ls_args_time(args, "until", &filter->until_ns);
    filter->has_freq = ls_args_range(args, "freq", &filter->low_hz, &filter->high_hz);
    filter->sensor = ls_args_text(args, "sensor");
    ls_args_count(args, "limit", &filter->limit);
    if (filter->has_since && filter->has_until && filter->since_ns >= filter->until_ns) {
        return ls_err_set(err, LS_ERR_ARG, "--until is not later than --since: nothing can match");
    }
    if (ls_args_given(args, "band") && filter->has_freq) {
        return ls_err_set(err, LS_ERR_ARG, "--band and --freq exclude each other: choose one");
    }
    if (ls_args_given(args, "plan") && !ls_args_given(args, "band")) {
        return ls_err_set(err, LS_ERR_ARG, "--plan says where --band looks: give both");
    }
    return LS_OK;
}

int ls_query_read_form(enum ls_query_form *ret, const struct ls_args *args, struct ls_err *err) {
    bool json = ls_args_given(args, "json");
    bool csv = ls_args_given(args, "csv");
    if (json && csv) {
        return ls_err_set(err, LS_ERR_ARG, "--json and --csv exclude each other: choose one");
    }
    *ret = json ? LS_FORM_JSON : csv ? LS_FORM_CSV : LS_FORM_TABLE;
    return LS_OK;
}

int ls_query_read_class(struct ls_query *query, const struct ls_args *args, struct ls_err *err) {
    const char *name = ls_args_text(args, "class");
    size_t count;
    const char *const *names = ls_class_names(&count);
    size_t chosen;
    if (name != NULL && ls_word_parse(name, "class", names, count, &chosen, err) != LS_OK) {
        return ls_err_wrap(err, "option '--class'");
    }
    query->filter.class_name = name;
    return LS_OK;
}

int ls_query_init(struct ls_query *ret, const struct ls_call *call, struct ls_err *err) {
    memset(ret, 0, sizeof *ret);
    ret->db_path = call->db_path;
    int code = read_filter(ret, call->args, err);
    if (code == LS_OK) {
        code = ls_database_open_some(&ret->store, call, LS_STORE_READ, &ret->filter, err);
    }
    if (code == LS_OK) {
        code = ls_runs_load(&ret->runs, ret->store, err);
    }
    const char *band = ls_args_text(call->args, "band");
    if (code == LS_OK && band != NULL) {
        code = read_band(ret, call->args, band, err);
    }
    return code;
}

void ls_query_finish(struct ls_query *query) {
    ls_runs_destroy(query->runs);
    if (query->store != NULL) {
        ls_store_close(query->store);
    }
    memset(query, 0, sizeof *query);
}

/* --- rows --- */

/* A walk that leaves out rows without a clock and counts the others up to a limit of its own, which
 * the store cannot do for it. */
struct walk {
    const struct ls_query *query;
    ls_transmission_each *transmission;
    ls_observation_each *observation;
    void *context;
    size_t limit; /* 0: none */
    size_t rows;
    size_t left_out;
};

static bool bounded_in_time(const struct ls_query *query) {
    return query->filter.has_since || query->filter.has_until;
}

bool ls_query_keeps(const struct ls_query *query, int64_t run_id) {
    const struct ls_runs_entry *run = ls_runs_find(query->runs, run_id);
    return !bounded_in_time(query) || run == NULL || !run->no_clock;
}

/* The filter for the store: without the limit where the walk counts. */
static struct ls_filter begin_walk(struct walk *walk, const struct ls_query *query) {
    struct ls_filter filter = query->filter;
    walk->query = query;
    if (bounded_in_time(query) && ls_runs_without_clock(query->runs)) {
        walk->limit = filter.limit;
        filter.limit = 0;
    }
    return filter;
}

/* LS_OK: the row counts; LS_EOF: enough rows; anything else: leave it out. */
enum { ROW_LEFT_OUT = 2 };

static int pass(struct walk *walk, int64_t run_id) {
    if (!ls_query_keeps(walk->query, run_id)) {
        walk->left_out++;
        return ROW_LEFT_OUT;
    }
    if (walk->limit > 0 && walk->rows == walk->limit) {
        return LS_EOF;
    }
    walk->rows++;
    return LS_OK;
}

static int pass_transmission(void *context, const struct ls_transmission *row, struct ls_err *err) {
    struct walk *walk = context;
    int code = pass(walk, row->run_id);
    if (code == ROW_LEFT_OUT) {
        return LS_OK;
    }
    return code == LS_OK ? walk->transmission(walk->context, row, err) : code;
}

static int pass_observation(void *context, const struct ls_observation *row, struct ls_err *err) {
    struct walk *walk = context;
    int code = pass(walk, row->run_id);
    if (code == ROW_LEFT_OUT) {
        return LS_OK;
    }
    return code == LS_OK ? walk->observation(walk->context, row, err) : code;
}

static int end_walk(const struct walk *walk, int code, size_t *ret_left_out) {
    if (ret_left_out != NULL) {
        *ret_left_out = walk->left_out;
    }
    return code == LS_EOF ? LS_OK : code;
}

int ls_query_each_transmission(const struct ls_query *query, ls_transmission_each *each,
                               void *context, size_t *ret_left_out, struct ls_err *err) {
    struct walk walk = {.transmission = each, .context = context};
    struct ls_filter filter = begin_walk(&walk, query);
    int code = ls_store_each_transmission(query->store, &filter, pass_transmission, &walk, err);
    return end_walk(&walk, code, ret_left_out);
}

int ls_query_each_observation(const struct ls_query *query, ls_observation_each *each,
                              void *context, size_t *ret_left_out, struct ls_err *err) {
    struct walk walk = {.observation = each, .context = context};
    struct ls_filter filter = begin_walk(&walk, query);
    int code = ls_store_each_observation(query->store, &filter, pass_observation, &walk, err);
    return end_walk(&walk, code, ret_left_out);
}

int ls_query_conclude(const struct ls_query *query, const char *what, size_t rows, size_t left_out,
                      struct ls_err *err) {
    const struct ls_filter *filter = &query->filter;
    bool filtered = bounded_in_time(query) || filter->has_freq || filter->sensor != NULL ||
                    filter->class_name != NULL;
    int code = ls_output_flush(err);
    if (code == LS_OK && rows == 0) {
        ls_log(LS_LOG_INFO, "no %s in '%.300s'%s", what, query->db_path, filtered ? " match" : "");
    }
    if (code == LS_OK && left_out > 0) {
        ls_log(LS_LOG_INFO,
               "%zu %s of recordings without a start time left out: --since and --until cannot "
               "place them",
               left_out, what);
    }
    return code;
}
