/* lineside occupancy: how much of each band and channel is in use, over what was observed. */
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/units.h"
#include "base/util.h"
#include "cli/database.h"
#include "cli/occupancy_rows.h"
#include "cli/output.h"
#include "cli/show.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "model/csv.h"

static const struct ls_option own_rows[] = {
    {.name = "plan",
     .kind = LS_OPTION_TEXT,
     .value = "NAME|FILE",
     .help = "the bands of this plan; else of the plan that the rows were made with"},
    {.name = "band", .kind = LS_OPTION_TEXT, .value = "NAME", .help = "this band only"},
    {.name = "freq",
     .kind = LS_OPTION_HZ_RANGE,
     .value = "LO:HI",
     .help = "this range, in place of the bands of a plan"},
    {.name = "channels", .kind = LS_OPTION_FLAG, .help = "each channel that was used as well"},
    {.name = "raster",
     .kind = LS_OPTION_HZ,
     .value = "WIDTH",
     .what = "channel spacing",
     .help = "with --freq and --channels: the channel spacing"},
    {.name = "all",
     .kind = LS_OPTION_FLAG,
     .help = "bands that were never observed and channels without transmissions, too"},
    {.name = "since",
     .kind = LS_OPTION_MOMENT,
     .value = "TIME",
     .help = "from TIME on: 2026-11-20, 2026-11-20T08:00:00Z, or 24h for that long ago"},
    {.name = "until", .kind = LS_OPTION_MOMENT, .value = "TIME", .help = "up to TIME"},
    {.name = "sensor", .kind = LS_OPTION_TEXT, .value = "NAME", .help = "of this sensor"},
};
static const struct ls_option_table own = {
    .title = "What", .rows = own_rows, .count = LS_COUNT(own_rows)};
static const struct ls_option form_rows[] = {
    {.name = "json", .kind = LS_OPTION_FLAG, .help = "one JSON object a line"},
    {.name = "csv", .kind = LS_OPTION_FLAG, .help = "comma-separated values with a heading"},
};
static const struct ls_option_table form = {
    .title = "Form", .rows = form_rows, .count = LS_COUNT(form_rows)};
static const struct ls_option_table *const tables[] = {&own, &form, NULL};

/* A question: the query, and the bands it is about. */
struct question {
    struct ls_query query;
    struct ls_plan *plan; /* NULL with --freq */
    struct ls_band range; /* with --freq */
    struct ls_occupancy_ask ask;
};

static int read_query(struct ls_query *query, const struct ls_args *args, struct ls_err *err) {
    struct ls_filter *filter = &query->filter;
    filter->has_since = ls_args_time(args, "since", &filter->since_ns);
    filter->has_until = ls_args_time(args, "until", &filter->until_ns);
    filter->sensor = ls_args_text(args, "sensor");
    if (filter->has_since && filter->has_until && filter->since_ns >= filter->until_ns) {
        return ls_err_set(err, LS_ERR_ARG, "--until is not later than --since: nothing can match");
    }
    if (ls_args_given(args, "json") && ls_args_given(args, "csv")) {
        return ls_err_set(err, LS_ERR_ARG, "--json and --csv exclude each other: choose one");
    }
    bool freq = ls_args_given(args, "freq");
    if (freq && (ls_args_given(args, "band") || ls_args_given(args, "plan"))) {
        return ls_err_set(err, LS_ERR_ARG, "--freq takes the place of --band and --plan");
    }
    if (ls_args_given(args, "raster") && !(freq && ls_args_given(args, "channels"))) {
        return ls_err_set(err, LS_ERR_ARG, "--raster goes with --freq and --channels");
    }
    if (freq && ls_args_given(args, "channels") && !ls_args_given(args, "raster")) {
        return ls_err_set(err, LS_ERR_ARG, "--freq with --channels needs --raster WIDTH");
    }
    return LS_OK;
}

static int read_range(struct question *question, const struct ls_args *args, struct ls_err *err) {
    struct ls_band *range = &question->range;
    *range = (struct ls_band){.name = ""};
    ls_args_range(args, "freq", &range->low_hz, &range->high_hz);
    ls_args_hz(args, "raster", &range->raster_hz);
    if (!(range->low_hz < range->high_hz)) {
        return ls_err_set(err, LS_ERR_ARG, "option '--freq': the range has no width");
    }
    if (ls_args_given(args, "raster") &&
        !(range->raster_hz > 0.0 && range->raster_hz <= range->high_hz - range->low_hz)) {
        return ls_err_set(err, LS_ERR_ARG,
                          "option '--raster': a channel is not wider than the range, nor 0");
    }
    range->first_hz = range->low_hz + range->raster_hz / 2.0;
    question->ask.bands = range;
    question->ask.band_count = 1;
    return LS_OK;
}

static int choose_band(struct question *question, const char *name, struct ls_err *err) {
    enum { NAMES_MAX = 2048 };
    const char *names[NAMES_MAX];
    size_t count = 0;
    const struct ls_band *band = ls_plan_band(question->plan, name);
    if (band != NULL) {
        question->ask.bands = band;
        question->ask.band_count = 1;
        question->ask.never_observed = true; /* asked by name: "not observed" is an answer */
        return LS_OK;
    }
    while (count < NAMES_MAX && count < question->plan->band_count) {
        names[count] = question->plan->bands[count].name;
        count++;
    }
    const char *near = ls_nearest_word(name, names, count);
    return ls_err_set(err, LS_ERR_ARG, "option '--band': plan '%.60s' has no band '%.60s'%s%.60s%s",
                      question->plan->name, name, near == NULL ? "" : "; did you mean '",
                      near == NULL ? "" : near, near == NULL ? "" : "'?");
}

static int read_plan(struct question *question, const struct ls_args *args, struct ls_err *err) {
    int code =
        ls_runs_load_plan(question->query.runs, ls_args_text(args, "plan"), &question->plan, err);
    if (code != LS_OK) {
        return code;
    }
    question->ask.bands = question->plan->bands;
    question->ask.band_count = question->plan->band_count;
    const char *band = ls_args_text(args, "band");
    return band == NULL ? LS_OK : choose_band(question, band, err);
}

static int question_init(struct question *ret, const struct ls_call *call, struct ls_err *err) {
    *ret = (struct question){.query = {.db_path = call->db_path}};
    ret->ask.query = &ret->query;
    ret->ask.channels = ls_args_given(call->args, "channels");
    ret->ask.never_observed = ls_args_given(call->args, "all") || ls_args_given(call->args, "freq");
    ret->ask.silent_channels = ls_args_given(call->args, "all");
    int code = read_query(&ret->query, call->args, err);
    if (code == LS_OK) {
        code = ls_database_open(&ret->query.store, call, LS_STORE_READ, err);
    }
    if (code == LS_OK) {
        code = ls_runs_load(&ret->query.runs, ret->query.store, err);
    }
    if (code == LS_OK) {
        code = ls_args_given(call->args, "freq") ? read_range(ret, call->args, err)
                                                 : read_plan(ret, call->args, err);
    }
    return code;
}

static void question_finish(struct question *question) {
    ls_query_finish(&question->query);
    ls_plan_destroy(question->plan);
}

/* --- table --- */

enum { SENSOR, BAND, LOW, HIGH, OBSERVED, COVERED, SENT, BUSY, USED, BETWEEN, CYCLES, COLUMNS };

static const struct ls_column columns[COLUMNS] = {
    [SENSOR] = {.title = "SENSOR", .align = LS_ALIGN_LEFT, .text = true},
    [BAND] = {.title = "BAND", .align = LS_ALIGN_LEFT, .text = true},
    [LOW] = {.title = "FROM MHz", .align = LS_ALIGN_RIGHT},
    [HIGH] = {.title = "TO MHz", .align = LS_ALIGN_RIGHT},
    [OBSERVED] = {.title = "OBSERVED", .align = LS_ALIGN_RIGHT},
    [COVERED] = {.title = "COVERED %", .align = LS_ALIGN_RIGHT, .spare = 2},
    [SENT] = {.title = "TX", .align = LS_ALIGN_RIGHT},
    [BUSY] = {.title = "BUSY %", .align = LS_ALIGN_RIGHT, .spare = 3},
    [USED] = {.title = "OCCUPANCY %", .align = LS_ALIGN_RIGHT},
    [BETWEEN] = {.title = "95 % INTERVAL", .align = LS_ALIGN_RIGHT},
    [CYCLES] = {.title = "CYCLES", .align = LS_ALIGN_RIGHT, .spare = 1},
};

struct answering {
    const struct question *question;
    struct ls_table *table;
    size_t rows;
};

/* Two decimals, and "<0.01" rather than a zero that is none; nothing for NAN. */
static void show_percent(double percent, char ret[LS_SHOW_BYTES]) {
    if (percent > 0.0 && percent < 0.005) {
        ls_copy_text(ret, LS_SHOW_BYTES, "<0.01");
    } else {
        ls_show_number(percent, 2, ret);
    }
}

static void show_interval(const struct ls_occupancy *value, char ret[LS_SHOW_BYTES]) {
    char low[LS_SHOW_BYTES];
    char high[LS_SHOW_BYTES];
    show_percent(value->low_percent, low);
    show_percent(value->high_percent, high);
    ret[0] = '\0';
    if (low[0] != '\0') {
        snprintf(ret, LS_SHOW_BYTES, "%.12s to %.12s", low, high);
    }
}

static int draw_row(void *context, const struct ls_occupancy_row *row, struct ls_err *err) {
    struct answering *answering = context;
    const struct ls_occupancy *value = &row->value;
    char texts[COLUMNS][LS_SHOW_BYTES] = {{0}};
    const char *cells[COLUMNS];
    for (size_t i = 0; i < COLUMNS; i++) {
        cells[i] = texts[i];
    }
    cells[SENSOR] = row->sensor;
    cells[BAND] = row->is_channel ? "  channel" : row->band->name;
    ls_show_mhz(row->low_hz, texts[LOW]);
    ls_show_mhz(row->high_hz, texts[HIGH]);
    if (value->observed_s > 0.0) {
        ls_seconds_format(value->observed_s, texts[OBSERVED]);
        ls_show_number(100.0 * value->covered, 1, texts[COVERED]);
        snprintf(texts[SENT], LS_SHOW_BYTES, "%zu", value->transmissions);
        show_percent(value->busy_percent, texts[BUSY]);
        show_percent(value->percent, texts[USED]);
        show_interval(value, texts[BETWEEN]);
        snprintf(texts[CYCLES], LS_SHOW_BYTES, "%zu", value->cycles);
    } else {
        cells[OBSERVED] = "never";
    }
    answering->rows++;
    return ls_table_add(answering->table, cells, err);
}

/* --- lines --- */

static json_t *number_or_null(double value) {
    return isnan(value) ? json_null() : json_real(value);
}

static json_t *object_of(const struct answering *answering, const struct ls_occupancy_row *row) {
    const struct ls_occupancy *value = &row->value;
    const struct ls_plan *plan = answering->question->plan;
    return json_pack(
        "{s:s, s:s, s:s?, s:s?, s:b, s:f, s:f, s:f, s:o, s:I, s:o, s:o, s:o, s:o, s:I}", "type",
        "occupancy", "sensor", row->sensor, "plan", plan == NULL ? NULL : plan->name, "band",
        plan == NULL ? NULL : row->band->name, "channel", row->is_channel, "low_hz", row->low_hz,
        "high_hz", row->high_hz, "observed_s", value->observed_s, "covered_percent",
        number_or_null(100.0 * value->covered), "transmissions", (json_int_t)value->transmissions,
        "busy_percent", number_or_null(value->busy_percent), "occupancy_percent",
        number_or_null(value->percent), "interval_low_percent", number_or_null(value->low_percent),
        "interval_high_percent", number_or_null(value->high_percent), "cycles",
        (json_int_t)value->cycles);
}

/* Twelve figures: a tenth of a hertz in 10 GHz, and no tails of binary fractions. */
enum { FIGURES = 12 };

static int write_json(void *context, const struct ls_occupancy_row *row, struct ls_err *err) {
    struct answering *answering = context;
    json_t *object = object_of(answering, row);
    LS_AUTO(char)
    text = object == NULL ? NULL : json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(FIGURES));
    json_decref(object);
    if (text == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    answering->rows++;
    return printf("%s\n", text) < 0 ? ls_output_failed(NULL, err) : LS_OK;
}

static double rounded(double value) {
    char text[40];
    snprintf(text, sizeof text, "%.*g", FIGURES, value);
    return strtod(text, NULL);
}

static int write_csv(void *context, const struct ls_occupancy_row *row, struct ls_err *err) {
    struct answering *answering = context;
    const struct ls_occupancy *value = &row->value;
    const struct ls_plan *plan = answering->question->plan;
    struct ls_csv csv = {.out = stdout};
    if (answering->rows++ == 0) {
        puts("sensor,plan,band,channel,low_hz,high_hz,observed_s,covered_percent,transmissions,"
             "busy_percent,occupancy_percent,interval_low_percent,interval_high_percent,cycles");
    }
    ls_csv_text(&csv, row->sensor);
    ls_csv_text(&csv, plan == NULL ? "" : plan->name);
    ls_csv_text(&csv, row->band->name);
    ls_csv_text(&csv, row->is_channel ? "true" : "false");
    ls_csv_number(&csv, rounded(row->low_hz));
    ls_csv_number(&csv, rounded(row->high_hz));
    ls_csv_number(&csv, rounded(value->observed_s));
    ls_csv_number(&csv, rounded(100.0 * value->covered));
    ls_csv_count(&csv, value->transmissions);
    ls_csv_number(&csv, rounded(value->busy_percent));
    ls_csv_number(&csv, rounded(value->percent));
    ls_csv_number(&csv, rounded(value->low_percent));
    ls_csv_number(&csv, rounded(value->high_percent));
    ls_csv_count(&csv, value->cycles);
    return ls_csv_end(&csv) == LS_OK ? LS_OK : ls_output_failed(NULL, err);
}

static int answer_table(struct answering *answering, size_t *ret_left_out, struct ls_err *err) {
    int code = ls_table_create(&answering->table, stdout, columns, COLUMNS, err);
    if (code == LS_OK) {
        code = ls_occupancy_rows(&answering->question->ask, draw_row, answering, ret_left_out, err);
    }
    if (code == LS_OK) {
        code = ls_table_finish(answering->table, err);
    }
    ls_table_destroy(answering->table);
    return code;
}

static int answer(struct answering *answering, const struct ls_args *args, struct ls_err *err) {
    const struct question *question = answering->question;
    bool json = ls_args_given(args, "json");
    size_t left_out = 0;
    int code = json || ls_args_given(args, "csv")
                   ? ls_occupancy_rows(&question->ask, json ? write_json : write_csv, answering,
                                       &left_out, err)
                   : answer_table(answering, &left_out, err);
    if (code == LS_OK) {
        code = ls_query_conclude(&question->query, "observations of these bands", answering->rows,
                                 left_out, err);
    }
    return code;
}

static int run_occupancy(struct ls_call *call, struct ls_err *err) {
    struct question question;
    struct answering answering = {.question = &question};
    int code = question_init(&question, call, err);
    if (code == LS_OK) {
        code = answer(&answering, call->args, err);
    }
    question_finish(&question);
    return code;
}

const struct ls_verb ls_verb_occupancy = {
    .name = "occupancy",
    .needs = LS_NEEDS_DATABASE,
    .summary = "show how much of each band and channel is in use",
    .arguments = "",
    .min_arguments = 0,
    .max_arguments = 0,
    .text = "Shows the share of time and frequency that transmissions occupy, of what was really "
            "observed (Rec. ITU-R SM.1880), with its 95 % interval. What was never observed has no "
            "figure. The interval rests on cycles of busy and idle; where nothing changed there "
            "is none.",
    .tables = tables,
    .example = "lineside occupancy --since 24h\n"
               "lineside occupancy --band gsm-r-uplink --channels\n"
               "lineside occupancy --freq 868M:868.6M --json",
    .run = run_occupancy,
};
