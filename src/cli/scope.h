/* cli/scope.h: what the rows of an answer have in common. It decides which columns of a table are
 * worth their room: the sensor when there is more than one, the recording when times count from its
 * start. All-zero begins; set runs. */
#ifndef CLI_SCOPE_H
#define CLI_SCOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/runs.h"
#include "cli/table.h"

struct ls_scope {
    const struct ls_runs *runs;
    size_t rows;
    bool clock;        /* some row has wall-clock times */
    bool no_clock;     /* some row has none */
    bool sensors;      /* more than one sensor */
    bool several_runs; /* more than one run */
    int64_t first_run;
    char first_sensor[LS_SENSOR_BYTES];
};

void ls_scope_add(struct ls_scope *scope, int64_t run_id, const char *sensor);

/* The columns of a table that are kept, and how a row of all its cells becomes theirs. */
struct ls_scope_columns {
    struct ls_column columns[LS_TABLE_COLUMNS_MAX];
    size_t ids[LS_TABLE_COLUMNS_MAX]; /* which of all columns each one is */
    size_t count;
};

/* all: [count], a time first; recording and sensor are the numbers of those columns. */
void ls_scope_choose(struct ls_scope_columns *ret, const struct ls_scope *scope,
                     const struct ls_column *all, size_t count, size_t recording, size_t sensor);

/* all: a cell for each of all columns, as ls_table_add takes them. */
int ls_scope_add_row(const struct ls_scope_columns *columns, struct ls_table *table,
                     const char *const *all, struct ls_err *err);

#endif
