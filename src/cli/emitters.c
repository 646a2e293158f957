/* lineside emitters: transmissions that look like one radio, as a table or as lines; one of them
 * with its transmissions and why each is its own. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/units.h"
#include "base/util.h"
#include "cli/answer.h"
#include "cli/output.h"
#include "cli/query.h"
#include "cli/show.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "model/line.h"
#include "store/emitters.h"

static const struct ls_option_table *const tables[] = {&ls_query_class_options, &ls_query_options,
                                                       &ls_query_form_options, NULL};

/* --- many --- */

enum {
    ID,
    CENTER,
    WIDTH,
    CLASS,
    COUNT,
    FIRST,
    LAST,
    LENGTH,
    LEVEL,
    PERIOD,
    HOPS,
    SCORE,
    SENSOR,
    COLUMNS
};

static const struct ls_column columns[COLUMNS] = {
    [ID] = {.title = "ID", .align = LS_ALIGN_RIGHT},
    [CENTER] = {.title = "MHz", .align = LS_ALIGN_RIGHT},
    [WIDTH] = {.title = "BANDWIDTH", .align = LS_ALIGN_RIGHT},
    [CLASS] = {.title = "CLASS", .align = LS_ALIGN_LEFT, .text = true},
    [COUNT] = {.title = "TX", .align = LS_ALIGN_RIGHT},
    [FIRST] = {.title = "FROM (UTC)", .align = LS_ALIGN_LEFT},
    [LAST] = {.title = "TO", .align = LS_ALIGN_LEFT, .spare = 1},
    [LENGTH] = {.title = "LENGTH", .align = LS_ALIGN_RIGHT, .spare = 3},
    [LEVEL] = {.title = "dBFS", .align = LS_ALIGN_RIGHT, .spare = 2},
    [PERIOD] = {.title = "PERIOD", .align = LS_ALIGN_RIGHT},
    [HOPS] = {.title = "HOPS", .align = LS_ALIGN_LEFT, .spare = 4},
    [SCORE] = {.title = "SCORE", .align = LS_ALIGN_RIGHT},
    [SENSOR] = {.title = "SENSOR", .align = LS_ALIGN_LEFT, .text = true, .spare = 5},
};

/* To the second. */
static void show_moment(int64_t ns, char ret[LS_SHOW_BYTES]) {
    ls_show_time(ns, false, ret);
    ret[strlen("2026-11-20 08:00:00")] = '\0';
}

static void show_seconds(double seconds, char ret[LS_UNIT_TEXT_BYTES]) {
    ret[0] = '\0';
    if (isfinite(seconds)) {
        ls_seconds_format(seconds, ret);
    }
}

struct drawing {
    struct ls_table *table;
    size_t rows;
    int64_t id; /* of the last one */
};

static int draw(void *context, const struct ls_emitter *row, struct ls_err *err) {
    struct drawing *drawing = context;
    char texts[COLUMNS][LS_SHOW_BYTES];
    char length[LS_UNIT_TEXT_BYTES];
    char period[LS_UNIT_TEXT_BYTES];
    drawing->rows++;
    drawing->id = row->id;
    ls_show_count((uint64_t)row->id, texts[ID]);
    ls_show_number(row->center_hz / 1e6, 4, texts[CENTER]);
    ls_show_width(row->bandwidth_hz, texts[WIDTH]);
    ls_show_count(row->transmissions, texts[COUNT]);
    show_moment(row->first_ns, texts[FIRST]);
    show_moment(row->last_ns, texts[LAST]);
    show_seconds(row->duration_s, length);
    ls_show_number(row->level_dbfs, 1, texts[LEVEL]);
    show_seconds(row->period_s, period);
    ls_show_number(row->score, 2, texts[SCORE]);
    const char *cells[COLUMNS] = {
        [ID] = texts[ID],
        [CENTER] = texts[CENTER],
        [WIDTH] = texts[WIDTH],
        [CLASS] = row->class_name,
        [COUNT] = texts[COUNT],
        [FIRST] = texts[FIRST],
        [LAST] = texts[LAST],
        [LENGTH] = length,
        [LEVEL] = texts[LEVEL],
        [PERIOD] = period,
        [HOPS] = row->hops ? "yes" : "no",
        [SCORE] = texts[SCORE],
        [SENSOR] = row->sensor,
    };
    return ls_table_add(drawing->table, cells, err);
}

static int print_table(const struct ls_query *query, int64_t id, size_t *ret_rows,
                       struct ls_err *err) {
    struct drawing drawing = {.table = NULL};
    int code = ls_table_create(&drawing.table, stdout, columns, COLUMNS, err);
    if (code != LS_OK) {
        return code;
    }
    code = ls_store_each_emitter(query->store, &query->filter, id, draw, &drawing, err);
    if (code == LS_OK) {
        code = ls_table_finish(drawing.table, err);
    }
    ls_table_destroy(drawing.table);
    *ret_rows = drawing.rows;
    return code;
}

static int print_lines(const struct ls_query *query, enum ls_query_form form, size_t *ret_rows,
                       struct ls_err *err) {
    struct ls_answer answer;
    struct ls_export_opts opts = {
        .what = LS_EXPORT_EMITTERS,
        .format = form == LS_FORM_CSV ? LS_EXPORT_CSV : LS_EXPORT_JSONL,
    };
    int code = ls_answer_write(&answer, query, &opts, stdout, NULL, err);
    *ret_rows = code == LS_OK ? answer.rows : 0;
    return code;
}

/* --- one --- */

enum { ROW_TIME, ROW_ID, ROW_LENGTH, ROW_CENTER, ROW_LEVEL, ROW_PERCENT, ROW_WHY, ROW_COLUMNS };

static const struct ls_column row_columns[ROW_COLUMNS] = {
    [ROW_TIME] = {.title = "TIME (UTC)", .align = LS_ALIGN_LEFT},
    [ROW_ID] = {.title = "TRANSMISSION", .align = LS_ALIGN_RIGHT},
    [ROW_LENGTH] = {.title = "DURATION", .align = LS_ALIGN_RIGHT},
    [ROW_CENTER] = {.title = "MHz", .align = LS_ALIGN_RIGHT},
    [ROW_LEVEL] = {.title = "dBFS", .align = LS_ALIGN_RIGHT, .spare = 1},
    [ROW_PERCENT] = {.title = "%", .align = LS_ALIGN_RIGHT},
    [ROW_WHY] = {.title = "ALIKE IN", .align = LS_ALIGN_LEFT, .text = true},
};

struct asked {
    const struct ls_query *query;
    int64_t id;
    struct ls_table *table;
};

static int draw_row(void *context, const struct ls_transmission *row, const char *reason,
                    unsigned percent, struct ls_err *err) {
    const struct asked *asked = context;
    char texts[ROW_COLUMNS][LS_SHOW_BYTES];
    char length[LS_UNIT_TEXT_BYTES];
    ls_show_time(row->start_ns, false, texts[ROW_TIME]);
    ls_show_count((uint64_t)row->id, texts[ROW_ID]);
    ls_seconds_format((double)row->duration_ns / 1e9, length);
    ls_show_number(row->center_hz / 1e6, 4, texts[ROW_CENTER]);
    ls_show_number(row->level_dbfs, 1, texts[ROW_LEVEL]);
    ls_show_count(percent, texts[ROW_PERCENT]);
    const char *cells[ROW_COLUMNS] = {
        texts[ROW_TIME],  texts[ROW_ID],      length, texts[ROW_CENTER],
        texts[ROW_LEVEL], texts[ROW_PERCENT], reason};
    return ls_table_add(asked->table, cells, err);
}

static int print_row(void *context, const struct ls_transmission *row, const char *reason,
                     unsigned percent, struct ls_err *err) {
    const struct asked *asked = context;
    return ls_line_write_link(stdout, asked->id, row, reason, percent) == LS_OK
               ? LS_OK
               : ls_output_failed(NULL, err);
}

static int say_event(void *context, const struct ls_emitter_event *row, struct ls_err *err) {
    char time[LS_SHOW_BYTES];
    (void)context;
    show_moment(row->t_ns, time);
    int n = printf("%s: %lld %s %lld: %s\n", time, (long long)row->other_id,
                   row->split ? "was split off" : "became part of", (long long)row->emitter_id,
                   row->text);
    return n < 0 ? ls_output_failed(NULL, err) : LS_OK;
}

static int print_event(void *context, const struct ls_emitter_event *row, struct ls_err *err) {
    (void)context;
    return ls_line_write_emitter_event(stdout, row) == LS_OK ? LS_OK : ls_output_failed(NULL, err);
}

static int print_emitter(void *context, const struct ls_emitter *row, struct ls_err *err) {
    size_t *rows = context;
    ++*rows;
    return ls_line_write_emitter(stdout, row) == LS_OK ? LS_OK : ls_output_failed(NULL, err);
}

static int tell(const struct ls_query *query, int64_t id, size_t *ret_rows, struct ls_err *err) {
    struct asked asked = {.query = query, .id = id};
    int code = print_table(query, id, ret_rows, err);
    if (code != LS_OK || *ret_rows == 0) {
        return code;
    }
    code = ls_store_each_emitter_event(query->store, id, say_event, NULL, err);
    if (code == LS_OK) {
        code = ls_table_create(&asked.table, stdout, row_columns, ROW_COLUMNS, err);
    }
    if (code == LS_OK) {
        code =
            ls_store_each_emitter_row(query->store, id, query->filter.limit, draw_row, &asked, err);
    }
    if (code == LS_OK) {
        code = ls_table_finish(asked.table, err);
    }
    ls_table_destroy(asked.table);
    return code;
}

static int tell_lines(const struct ls_query *query, int64_t id, size_t *ret_rows,
                      struct ls_err *err) {
    struct asked asked = {.query = query, .id = id};
    *ret_rows = 0;
    int code =
        ls_store_each_emitter(query->store, &query->filter, id, print_emitter, ret_rows, err);
    if (code == LS_OK && *ret_rows > 0) {
        code = ls_store_each_emitter_event(query->store, id, print_event, NULL, err);
    }
    if (code == LS_OK && *ret_rows > 0) {
        code = ls_store_each_emitter_row(query->store, id, query->filter.limit, print_row, &asked,
                                         err);
    }
    return code;
}

/* --- the verb --- */

static int read_id(int64_t *ret, const struct ls_args *args, enum ls_query_form form,
                   struct ls_err *err) {
    size_t id = 0;
    *ret = 0;
    if (ls_args_words(args) == 0) {
        return LS_OK;
    }
    if (form == LS_FORM_CSV) {
        return ls_err_set(err, LS_ERR_ARG,
                          "--csv is for the list: one emitter is shown as a table "
                          "or with --json");
    }
    if (ls_count_parse(ls_args_word(args, 0), "number of an emitter", 1, 1000000000000, &id, err) !=
        LS_OK) {
        return LS_ERR_ARG;
    }
    *ret = (int64_t)id;
    return LS_OK;
}

static int answer(const struct ls_query *query, int64_t id, enum ls_query_form form,
                  struct ls_err *err) {
    size_t rows = 0;
    int code = LS_OK;
    if (id != 0) {
        code =
            form == LS_FORM_TABLE ? tell(query, id, &rows, err) : tell_lines(query, id, &rows, err);
        if (code == LS_OK && rows == 0) {
            return ls_err_set(err, LS_ERR_NOTFOUND,
                              "there is no emitter %lld, or the options leave it out: see "
                              "'lineside emitters'",
                              (long long)id);
        }
    } else {
        code = form == LS_FORM_TABLE ? print_table(query, 0, &rows, err)
                                     : print_lines(query, form, &rows, err);
    }
    return code == LS_OK ? ls_query_conclude(query, "emitters", rows, 0, err) : code;
}

static int run_emitters(struct ls_call *call, struct ls_err *err) {
    enum ls_query_form form;
    struct ls_query query = {.store = NULL};
    int64_t id = 0;
    int code = ls_query_read_form(&form, call->args, err);
    if (code == LS_OK) {
        code = read_id(&id, call->args, form, err);
    }
    if (code == LS_OK) {
        code = ls_query_init(&query, call, err);
    }
    if (code == LS_OK) {
        code = ls_query_read_class(&query, call->args, err);
    }
    if (code == LS_OK) {
        code = answer(&query, id, form, err);
    }
    ls_query_finish(&query);
    return code;
}

const struct ls_verb ls_verb_emitters = {
    .name = "emitters",
    .needs = LS_NEEDS_DATABASE,
    .summary = "list transmissions that look like one radio",
    .arguments = "[ID]",
    .min_arguments = 0,
    .max_arguments = 1,
    .text =
        "Lists emitters: transmissions that look like one radio to one sensor, by channel, "
        "carrier, level, bandwidth, length, class, slot and clock. SCORE is how surely its "
        "transmissions belong together, against a stranger like it. With an ID: its "
        "transmissions, why each is its own, and what was merged and split. It is a likeness, "
        "not an identity: two radios of one model at one level may be one emitter, and one that "
        "moves may be two.",
    .tables = tables,
    .example = "lineside emitters --since 24h --band gsm-r-uplink\n"
               "lineside emitters 12",
    .run = run_emitters,
};
