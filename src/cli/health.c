/* lineside health: how a sensor was and is, from the rows that it stored about itself. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/time.h"
#include "base/units.h"
#include "base/util.h"
#include "cli/database.h"
#include "cli/output.h"
#include "cli/show.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "model/csv.h"
#include "store/health.h"

static const struct ls_option own_rows[] = {
    {.name = "since",
     .kind = LS_OPTION_MOMENT,
     .value = "TIME",
     .help = "every row from this time on: 2026-11-20, or 24h for a day ago"},
    {.name = "until", .kind = LS_OPTION_MOMENT, .value = "TIME", .help = "every row before it"},
    {.name = "sensor", .kind = LS_OPTION_TEXT, .value = "NAME", .help = "rows of this sensor only"},
    {.name = "limit",
     .kind = LS_OPTION_COUNT,
     .value = "N",
     .what = "number of rows",
     .low = 1,
     .high = 1000000000,
     .help = "with --since or --until: this many rows at most"},
    {.name = "max-age",
     .kind = LS_OPTION_SECONDS,
     .value = "DURATION",
     .what = "duration",
     .help = "a sensor whose newest row is older counts as failing"},
    {.name = "json", .kind = LS_OPTION_FLAG, .help = "one JSON object a row"},
    {.name = "csv", .kind = LS_OPTION_FLAG, .help = "comma-separated values with a heading"},
};
static const struct ls_option_table own = {
    .title = "Options", .rows = own_rows, .count = LS_COUNT(own_rows)};
static const struct ls_option_table *const tables[] = {&own, NULL};

enum { TIME, SENSOR, SUBJECT, LEVEL, TEXT, COLUMNS };

static const struct ls_column columns[COLUMNS] = {
    [TIME] = {.title = "TIME (UTC)", .align = LS_ALIGN_LEFT},
    [SENSOR] = {.title = "SENSOR", .align = LS_ALIGN_LEFT, .spare = 1},
    [SUBJECT] = {.title = "SUBJECT", .align = LS_ALIGN_LEFT},
    [LEVEL] = {.title = "LEVEL", .align = LS_ALIGN_LEFT},
    [TEXT] = {.title = "TEXT", .align = LS_ALIGN_LEFT, .text = true},
};

struct listing {
    bool json;
    bool csv;
    bool all; /* every row, else the newest of each subject */
    struct ls_table *table;
    struct ls_health *newest; /* one a sensor and subject, in order of their first row */
    size_t newest_count;
    size_t newest_capacity;
    size_t rows;
};

static int write_row(const struct ls_health *row, struct ls_err *err) {
    char time[LS_TIME_TEXT_BYTES];
    ls_time_format(row->t_ns, time);
    json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:s}", "type", "health",
                               "sensor", row->sensor, "time", time, "subject", row->subject,
                               "level", ls_health_level_name(row->level), "value",
                               isnan(row->value) ? json_null() : json_real(row->value), "unit",
                               row->unit, "text", row->text);
    LS_AUTO(char)
    text = object == NULL ? NULL : json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(9));
    json_decref(object);
    if (text == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    return printf("%s\n", text) < 0 ? ls_output_failed(NULL, err) : LS_OK;
}

static int write_csv(const struct listing *listing, const struct ls_health *row,
                     struct ls_err *err) {
    struct ls_csv csv = {.out = stdout};
    if (listing->rows == 0) {
        puts("sensor,time,subject,level,value,unit,text");
    }
    ls_csv_text(&csv, row->sensor);
    ls_csv_time(&csv, row->t_ns);
    ls_csv_text(&csv, row->subject);
    ls_csv_text(&csv, ls_health_level_name(row->level));
    ls_csv_number(&csv, row->value);
    ls_csv_text(&csv, row->unit);
    ls_csv_text(&csv, row->text);
    return ls_csv_end(&csv) == LS_OK ? LS_OK : ls_output_failed(NULL, err);
}

static int show_row(struct listing *listing, const struct ls_health *row, struct ls_err *err) {
    char time[LS_SHOW_BYTES];
    if (listing->csv) {
        int code = write_csv(listing, row, err);
        listing->rows++;
        return code;
    }
    listing->rows++;
    if (listing->json) {
        return write_row(row, err);
    }
    ls_show_time(row->t_ns, false, time);
    const char *cells[COLUMNS] = {[TIME] = time,
                                  [SENSOR] = row->sensor,
                                  [SUBJECT] = row->subject,
                                  [LEVEL] = ls_health_level_name(row->level),
                                  [TEXT] = row->text};
    return ls_table_add(listing->table, cells, err);
}

static int take_row(void *context, const struct ls_health *row, struct ls_err *err) {
    struct listing *listing = context;
    if (listing->all) {
        int code = show_row(listing, row, err);
        if (code != LS_OK) {
            return code;
        }
    }
    for (size_t i = 0; i < listing->newest_count; i++) {
        if (strcmp(listing->newest[i].sensor, row->sensor) == 0 &&
            strcmp(listing->newest[i].subject, row->subject) == 0) {
            listing->newest[i] = *row;
            return LS_OK;
        }
    }
    int code = ls_grow((void **)&listing->newest, &listing->newest_capacity, listing->newest_count,
                       sizeof *listing->newest);
    if (code != LS_OK) {
        return ls_err_set(err, code, "out of memory");
    }
    listing->newest[listing->newest_count++] = *row;
    return LS_OK;
}

/* Does a subject fail now, or is a sensor silent? Says so on stderr, after the rows. Whoever asks
 * for an age wants to hear of a sensor that never said anything, too. */
static bool judge(const struct listing *listing, const struct ls_args *args) {
    double max_age_s = HUGE_VAL;
    bool failing = false;
    if (ls_args_seconds(args, "max-age", &max_age_s) && listing->rows == 0) {
        ls_log(LS_LOG_INFO, "nothing heard of any sensor, as --max-age asks");
        return true;
    }
    int64_t now_ns = ls_time_now();
    for (size_t i = 0; i < listing->newest_count; i++) {
        const struct ls_health *row = &listing->newest[i];
        if (row->level == LS_HEALTH_FAIL) {
            ls_log(LS_LOG_INFO, "%s: %s fails", row->sensor, row->subject);
            failing = true;
        }
        bool known = false;
        int64_t newest_ns = row->t_ns;
        for (size_t k = 0; k < listing->newest_count; k++) {
            bool same = strcmp(listing->newest[k].sensor, row->sensor) == 0;
            known |= same && k < i;
            newest_ns =
                same && listing->newest[k].t_ns > newest_ns ? listing->newest[k].t_ns : newest_ns;
        }
        double age_s = (double)(now_ns - newest_ns) * 1e-9;
        if (!known && age_s > max_age_s) {
            char age[LS_UNIT_TEXT_BYTES];
            ls_seconds_format(age_s, age);
            ls_log(LS_LOG_INFO, "%s: nothing heard of it for %s", row->sensor, age);
            failing = true;
        }
    }
    return failing;
}

static int list(struct listing *listing, struct ls_store *store, const struct ls_args *args,
                struct ls_err *err) {
    struct ls_filter filter = {.sensor = ls_args_text(args, "sensor")};
    filter.has_since = ls_args_time(args, "since", &filter.since_ns);
    filter.has_until = ls_args_time(args, "until", &filter.until_ns);
    ls_args_count(args, "limit", &filter.limit);
    listing->all = filter.has_since || filter.has_until;
    if (filter.has_since && filter.has_until && filter.since_ns >= filter.until_ns) {
        return ls_err_set(err, LS_ERR_ARG, "--until is not later than --since: nothing can match");
    }
    if (filter.limit > 0 && !listing->all) {
        return ls_err_set(err, LS_ERR_ARG, "option '--limit' goes with '--since' or '--until'");
    }
    int code = ls_store_each_health(store, &filter, take_row, listing, err);
    for (size_t i = 0; code == LS_OK && !listing->all && i < listing->newest_count; i++) {
        code = show_row(listing, &listing->newest[i], err);
    }
    if (code == LS_OK) {
        code = ls_table_finish(listing->table, err);
    }
    return code == LS_OK ? ls_output_flush(err) : code;
}

static int run_health(struct ls_call *call, struct ls_err *err) {
    struct listing listing = {.json = ls_args_given(call->args, "json"),
                              .csv = ls_args_given(call->args, "csv")};
    struct ls_store *store = NULL;
    if (listing.json && listing.csv) {
        return ls_err_set(err, LS_ERR_ARG, "--json and --csv exclude each other: choose one");
    }
    int code = ls_table_create(&listing.table, stdout, columns, COLUMNS, err);
    if (code == LS_OK) {
        code = ls_database_open(&store, call, LS_STORE_READ, err);
    }
    if (code == LS_OK) {
        code = list(&listing, store, call->args, err);
    }
    if (code == LS_OK && listing.rows == 0) {
        ls_log(LS_LOG_INFO, "no rows of health in '%s' match", call->db_path);
    }
    if (code == LS_OK) {
        call->incomplete = judge(&listing, call->args);
    }
    ls_table_destroy(listing.table);
    ls_store_close(store);
    free(listing.newest);
    return code;
}

const struct ls_verb ls_verb_health = {
    .name = "health",
    .needs = LS_NEEDS_DATABASE,
    .summary = "show how a sensor is",
    .arguments = "",
    .min_arguments = 0,
    .max_arguments = 0,
    .text = "Shows what a sensor last said about itself, a line a subject; with --since or --until "
            "every row of that time. A row is stored when a level changes, and once an hour. The "
            "exit status is 3 when the newest row of a subject is 'fail'.",
    .tables = tables,
    .example = "lineside health --max-age 2h\nlineside health --since 24h --json",
    .run = run_health,
};
