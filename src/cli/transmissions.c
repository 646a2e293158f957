/* lineside transmissions: the stored transmissions that match, as a table or as lines. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/units.h"
#include "base/util.h"
#include "cli/answer.h"
#include "cli/query.h"
#include "cli/scope.h"
#include "cli/show.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "model/burst.h"

static const struct ls_option_table *const tables[] = {&ls_query_class_options, &ls_query_options,
                                                       &ls_query_form_options, NULL};

/* --- table --- */

enum { TIME, RECORDING, DURATION, CENTER, WIDTH, SNR, LEVEL, DBM, CLASS, BURSTS, SENSOR, COLUMNS };

static const struct ls_column all_columns[COLUMNS] = {
    [TIME] = {.title = "TIME (UTC)", .align = LS_ALIGN_LEFT},
    [RECORDING] = {.title = "RECORDING", .align = LS_ALIGN_LEFT, .text = true},
    [DURATION] = {.title = "DURATION", .align = LS_ALIGN_RIGHT},
    [CENTER] = {.title = "MHz", .align = LS_ALIGN_RIGHT},
    [WIDTH] = {.title = "BANDWIDTH", .align = LS_ALIGN_RIGHT},
    [SNR] = {.title = "SNR dB", .align = LS_ALIGN_RIGHT},
    [LEVEL] = {.title = "dBFS", .align = LS_ALIGN_RIGHT, .spare = 2},
    [DBM] = {.title = "dBm", .align = LS_ALIGN_RIGHT},
    [CLASS] = {.title = "CLASS", .align = LS_ALIGN_LEFT, .text = true},
    [BURSTS] = {.title = "BURSTS", .align = LS_ALIGN_RIGHT, .spare = 1},
    [SENSOR] = {.title = "SENSOR", .align = LS_ALIGN_LEFT, .text = true},
};

struct drawing {
    const struct ls_query *query;
    struct ls_table *table;
    struct ls_scope_columns columns;
};

/* ">" before what is the least it can be. */
static void mark_least(bool least, char ret[LS_SHOW_BYTES]) {
    if (least) {
        char text[LS_SHOW_BYTES];
        ls_copy_text(text, sizeof text, ret);
        snprintf(ret, LS_SHOW_BYTES, ">%.30s", text);
    }
}

/* It was on already, or still on, when listening began or ended; reached the end of the band; drove
 * the converter past its limits. */
static void mark_flags(const struct ls_transmission *row, char texts[COLUMNS][LS_SHOW_BYTES]) {
    mark_least((row->flags & (LS_BURST_CUT_START | LS_BURST_CUT_STOP)) != 0, texts[DURATION]);
    mark_least((row->flags & LS_BURST_BAND_EDGE) != 0, texts[WIDTH]);
    mark_least((row->flags & LS_BURST_CLIPPED) != 0, texts[LEVEL]);
}

static int draw(void *context, const struct ls_transmission *row, struct ls_err *err) {
    struct drawing *drawing = context;
    const struct ls_runs_entry *run = ls_runs_find(drawing->query->runs, row->run_id);
    char texts[COLUMNS][LS_SHOW_BYTES];
    const char *all[COLUMNS];
    for (size_t i = 0; i < COLUMNS; i++) {
        all[i] = texts[i];
    }
    ls_show_time(row->start_ns, run != NULL && run->no_clock, texts[TIME]);
    ls_seconds_format((double)row->duration_ns / 1e9, texts[DURATION]);
    ls_show_number(row->center_hz / 1e6, 4, texts[CENTER]);
    ls_show_width(row->bandwidth_hz, texts[WIDTH]);
    ls_show_number(row->snr_db, 1, texts[SNR]);
    ls_show_number(row->level_dbfs, 1, texts[LEVEL]);
    ls_show_number(row->has_dbm ? row->level_dbm : (double)NAN, 1, texts[DBM]);
    ls_show_count(row->bursts, texts[BURSTS]);
    mark_flags(row, texts);
    all[RECORDING] = run == NULL ? NULL : run->input;
    all[CLASS] = row->class_name;
    all[SENSOR] = row->sensor;
    return ls_scope_add_row(&drawing->columns, drawing->table, all, err);
}

enum { KEPT_MAX = 4096 }; /* more rows are read again to be drawn */

/* What of all columns the rows have something for, and the rows while they are few. */
struct looking {
    struct ls_scope scope;
    bool dbm;
    struct ls_transmission *kept; /* the first of them */
    size_t kept_count;
    size_t kept_room;
};

static int look(void *context, const struct ls_transmission *row, struct ls_err *err) {
    struct looking *looking = context;
    void *kept = looking->kept;
    ls_scope_add(&looking->scope, row->run_id, row->sensor);
    looking->dbm = looking->dbm || row->has_dbm;
    if (looking->kept_count == KEPT_MAX) {
        return LS_OK;
    }
    if (ls_grow(&kept, &looking->kept_room, looking->kept_count, sizeof *looking->kept) != LS_OK) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for rows");
    }
    looking->kept = kept;
    ls_transmission_copy(&looking->kept[looking->kept_count++], row);
    return LS_OK;
}

static void drop_column(struct ls_scope_columns *columns, size_t id) {
    size_t kept = 0;
    for (size_t i = 0; i < columns->count; i++) {
        if (columns->ids[i] != id) {
            columns->columns[kept] = columns->columns[i];
            columns->ids[kept++] = columns->ids[i];
        }
    }
    columns->count = kept;
}

/* The rows that were kept, or all of them once more. */
static int draw_rows(const struct looking *looking, struct drawing *drawing, struct ls_err *err) {
    int code = LS_OK;
    if (looking->scope.rows > looking->kept_count) {
        return ls_query_each_transmission(drawing->query, draw, drawing, NULL, err);
    }
    for (size_t i = 0; i < looking->kept_count && code == LS_OK; i++) {
        code = draw(drawing, &looking->kept[i], err);
    }
    return code;
}

static int draw_table(const struct looking *looking, const struct ls_query *query,
                      struct ls_err *err) {
    struct drawing drawing = {.query = query};
    ls_scope_choose(&drawing.columns, &looking->scope, all_columns, COLUMNS, RECORDING, SENSOR);
    if (!looking->dbm) {
        drop_column(&drawing.columns, DBM);
    }
    int code = ls_table_create(&drawing.table, stdout, drawing.columns.columns,
                               drawing.columns.count, err);
    if (code != LS_OK) {
        return code;
    }
    code = draw_rows(looking, &drawing, err);
    if (code == LS_OK) {
        code = ls_table_finish(drawing.table, err);
    }
    ls_table_destroy(drawing.table);
    return code;
}

static int print_table(const struct ls_query *query, struct ls_answer *ret, struct ls_err *err) {
    struct looking looking = {.scope = {.runs = query->runs}};
    int code = ls_query_each_transmission(query, look, &looking, &ret->left_out, err);
    ret->rows = looking.scope.rows;
    if (code == LS_OK && ret->rows > 0) {
        code = draw_table(&looking, query, err);
    }
    free(looking.kept);
    return code;
}

/* --- the verb --- */

static int print_lines(const struct ls_query *query, enum ls_query_form form, struct ls_answer *ret,
                       struct ls_err *err) {
    struct ls_export_opts opts = {
        .what = LS_EXPORT_TRANSMISSIONS,
        .format = form == LS_FORM_CSV ? LS_EXPORT_CSV : LS_EXPORT_JSONL,
        .whole = true,
    };
    return ls_answer_write(ret, query, &opts, stdout, NULL, err);
}

static int run_transmissions(struct ls_call *call, struct ls_err *err) {
    enum ls_query_form form;
    struct ls_query query = {.store = NULL};
    struct ls_answer answer;
    int code = ls_query_read_form(&form, call->args, err);
    if (code == LS_OK) {
        code = ls_query_init(&query, call, err);
    }
    if (code == LS_OK) {
        code = ls_query_read_class(&query, call->args, err);
    }
    if (code == LS_OK) {
        code = form == LS_FORM_TABLE ? print_table(&query, &answer, err)
                                     : print_lines(&query, form, &answer, err);
    }
    if (code == LS_OK) {
        code = ls_query_conclude(&query, "transmissions", answer.rows, answer.left_out, err);
    }
    ls_query_finish(&query);
    return code;
}

const struct ls_verb ls_verb_transmissions = {
    .name = "transmissions",
    .needs = LS_NEEDS_DATABASE,
    .summary = "list stored transmissions",
    .arguments = "",
    .min_arguments = 0,
    .max_arguments = 0,
    .text =
        "Lists the transmissions that match all options, in order of time. \"-\" is what is not "
        "known; \">\" before a duration: it was cut, on already or still on at the edge of what "
        "was listened to.",
    .tables = tables,
    .example = "lineside transmissions --since 24h --band gsm-r-uplink\n"
               "lineside transmissions --freq 876M:880M --csv > uplink.csv",
    .run = run_transmissions,
};
