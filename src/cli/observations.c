/* lineside observations: the ledger, what the receiver listened to and when. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/units.h"
#include "base/util.h"
#include "cli/answer.h"
#include "cli/output.h"
#include "cli/query.h"
#include "cli/scope.h"
#include "cli/show.h"
#include "cli/table.h"
#include "cli/verbs.h"

static const struct ls_option own_rows[] = {
    {.name = "floor",
     .kind = LS_OPTION_FLAG,
     .help = "show the noise that was listened through, and what could have been found in it"},
};
static const struct ls_option_table own = {
    .title = "What", .rows = own_rows, .count = LS_COUNT(own_rows)};
static const struct ls_option_table *const tables[] = {&ls_query_options, &own,
                                                       &ls_query_form_options, NULL};

/* --- table --- */

enum { TIME, RECORDING, DURATION, STATE, CAUSE, LOW, HIGH, SENSOR, COLUMNS };
/* With --floor: what takes the place of state and cause, and of the range. */
enum { FLOOR = STATE, ERROR = CAUSE, WEAKEST = LOW, RANGE = HIGH };

static const struct ls_column all_columns[COLUMNS] = {
    [TIME] = {.title = "TIME (UTC)", .align = LS_ALIGN_LEFT},
    [RECORDING] = {.title = "RECORDING", .align = LS_ALIGN_LEFT, .text = true},
    [DURATION] = {.title = "DURATION", .align = LS_ALIGN_RIGHT},
    [STATE] = {.title = "STATE", .align = LS_ALIGN_LEFT},
    [CAUSE] = {.title = "CAUSE", .align = LS_ALIGN_LEFT, .text = true, .spare = 1},
    [LOW] = {.title = "FROM MHz", .align = LS_ALIGN_RIGHT},
    [HIGH] = {.title = "TO MHz", .align = LS_ALIGN_RIGHT},
    [SENSOR] = {.title = "SENSOR", .align = LS_ALIGN_LEFT, .text = true},
};

static const struct ls_column floor_columns[COLUMNS] = {
    [TIME] = {.title = "TIME (UTC)", .align = LS_ALIGN_LEFT},
    [RECORDING] = {.title = "RECORDING", .align = LS_ALIGN_LEFT, .text = true},
    [DURATION] = {.title = "DURATION", .align = LS_ALIGN_RIGHT},
    [FLOOR] = {.title = "dBFS/Hz", .align = LS_ALIGN_RIGHT},
    [ERROR] = {.title = "+- dB", .align = LS_ALIGN_RIGHT},
    [WEAKEST] = {.title = "WEAKEST dBFS", .align = LS_ALIGN_RIGHT},
    [RANGE] = {.title = "RANGE MHz", .align = LS_ALIGN_RIGHT},
    [SENSOR] = {.title = "SENSOR", .align = LS_ALIGN_LEFT, .text = true},
};

enum { STATES = LS_OFF + 1 };

struct drawing {
    const struct ls_query *query;
    struct ls_table *table;
    struct ls_scope_columns columns;
    double state_s[STATES]; /* sum by state */
    bool floor;
};

/* What lies within --since and --until. */
static double seconds_asked_for(const struct ls_filter *filter, const struct ls_observation *row) {
    int64_t start_ns = row->start_ns;
    int64_t stop_ns = row->stop_ns;
    if (filter->has_since && filter->since_ns > start_ns) {
        start_ns = filter->since_ns;
    }
    if (filter->has_until && filter->until_ns < stop_ns) {
        stop_ns = filter->until_ns;
    }
    return (double)(stop_ns - start_ns) / 1e9;
}

struct range {
    char low[LS_SHOW_BYTES];
    char high[LS_SHOW_BYTES];
    char whole[2 * LS_SHOW_BYTES];
};

static void format_range(const struct ls_observation *row, struct range *ret) {
    ls_show_number(row->low_hz / 1e6, 4, ret->low);
    ls_show_number(row->high_hz / 1e6, 4, ret->high);
    snprintf(ret->whole, sizeof ret->whole, "%.3f-%.3f", row->low_hz / 1e6, row->high_hz / 1e6);
}

struct noise {
    char floor[LS_SHOW_BYTES];
    char error[LS_SHOW_BYTES];
    char weakest[LS_SHOW_BYTES];
};

static void format_noise(const struct ls_observation *row, struct noise *ret) {
    const struct ls_noise *noise = &row->noise;
    ls_show_number(noise->known ? noise->floor_dbfs_hz : (double)NAN, 1, ret->floor);
    ls_show_number(noise->known ? noise->floor_error_db : (double)NAN, 2, ret->error);
    ls_show_number(noise->known ? noise->weakest_dbfs : (double)NAN, 1, ret->weakest);
}

static int draw(void *context, const struct ls_observation *row, struct ls_err *err) {
    struct drawing *drawing = context;
    const struct ls_runs_entry *run = ls_runs_find(drawing->query->runs, row->run_id);
    double seconds = (double)(row->stop_ns - row->start_ns) / 1e9;
    drawing->state_s[row->state] += seconds_asked_for(&drawing->query->filter, row);
    char time[LS_SHOW_BYTES];
    char duration[LS_UNIT_TEXT_BYTES];
    struct range range;
    struct noise noise;
    ls_show_time(row->start_ns, run != NULL && run->no_clock, time);
    ls_seconds_format(seconds, duration);
    format_range(row, &range);
    format_noise(row, &noise);
    const char *all[COLUMNS] = {
        [TIME] = time,         [RECORDING] = run == NULL ? NULL : run->input,
        [DURATION] = duration, [STATE] = ls_observation_state_name(row->state),
        [CAUSE] = row->cause,  [LOW] = range.low,
        [HIGH] = range.high,   [SENSOR] = row->sensor,
    };
    if (drawing->floor) {
        all[FLOOR] = noise.floor;
        all[ERROR] = noise.error;
        all[WEAKEST] = noise.weakest;
        all[RANGE] = range.whole;
    }
    return ls_scope_add_row(&drawing->columns, drawing->table, all, err);
}

static int look(void *context, const struct ls_observation *row, struct ls_err *err) {
    (void)err;
    ls_scope_add(context, row->run_id, row->sensor);
    return LS_OK;
}

/* The sums of what was asked for: "observed 45 s, lost 12 ms". */
static void print_sums(const struct drawing *drawing) {
    char text[256] = "";
    for (size_t i = 0; i < STATES; i++) {
        if (drawing->state_s[i] <= 0.0) {
            continue;
        }
        char seconds[LS_UNIT_TEXT_BYTES];
        ls_seconds_format(drawing->state_s[i], seconds);
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s%s %s", used == 0 ? "" : ", ",
                 ls_observation_state_name((enum ls_observation_state)i), seconds);
    }
    ls_log(LS_LOG_INFO, "%s", text);
}

static int print_table(const struct ls_query *query, bool floor, struct ls_answer *ret,
                       struct ls_err *err) {
    struct ls_scope scope = {.runs = query->runs};
    int code = ls_query_each_observation(query, look, &scope, &ret->left_out, err);
    ret->rows = scope.rows;
    if (code != LS_OK || scope.rows == 0) {
        return code;
    }
    struct drawing drawing = {.query = query, .floor = floor};
    ls_scope_choose(&drawing.columns, &scope, floor ? floor_columns : all_columns, COLUMNS,
                    RECORDING, SENSOR);
    code = ls_table_create(&drawing.table, stdout, drawing.columns.columns, drawing.columns.count,
                           err);
    if (code != LS_OK) {
        return code;
    }
    code = ls_query_each_observation(query, draw, &drawing, NULL, err);
    if (code == LS_OK) {
        code = ls_table_finish(drawing.table, err);
    }
    if (code == LS_OK) {
        code = ls_output_flush(err);
    }
    if (code == LS_OK) {
        print_sums(&drawing);
    }
    ls_table_destroy(drawing.table);
    return code;
}

/* --- the verb --- */

static int print_lines(const struct ls_query *query, enum ls_query_form form, struct ls_answer *ret,
                       struct ls_err *err) {
    struct ls_export_opts opts = {
        .what = LS_EXPORT_OBSERVATIONS,
        .format = form == LS_FORM_CSV ? LS_EXPORT_CSV : LS_EXPORT_JSONL,
        .whole = true,
    };
    return ls_answer_write(ret, query, &opts, stdout, NULL, err);
}

static int run_observations(struct ls_call *call, struct ls_err *err) {
    enum ls_query_form form;
    struct ls_query query = {.store = NULL};
    struct ls_answer answer;
    int code = ls_query_read_form(&form, call->args, err);
    if (code == LS_OK) {
        code = ls_query_init(&query, call, err);
    }
    if (code == LS_OK) {
        bool floor = ls_args_given(call->args, "floor");
        code = form == LS_FORM_TABLE ? print_table(&query, floor, &answer, err)
                                     : print_lines(&query, form, &answer, err);
    }
    if (code == LS_OK) {
        code = ls_query_conclude(&query, "observations", answer.rows, answer.left_out, err);
    }
    ls_query_finish(&query);
    return code;
}

const struct ls_verb ls_verb_observations = {
    .name = "observations",
    .needs = LS_NEEDS_DATABASE,
    .summary = "show what was listened to, and when",
    .arguments = "",
    .min_arguments = 0,
    .max_arguments = 0,
    .text = "Shows the ledger: what the receiver did, when, and over which range; observed, lost, "
            "retuning and off add up to wall time. \"No transmission\" means something only where "
            "it says observed. --floor shows the noise then: of the middle one of the channels, "
            "in dBFS and 1 Hz; the standard error of one channel's; and the level of a burst of "
            "25 kHz and 10 ms that would have been found nine times in ten.",
    .tables = tables,
    .example = "lineside observations --since 2026-11-20 --until 2026-11-21",
    .run = run_observations,
};
