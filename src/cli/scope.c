#include "cli/scope.h"

#include <string.h>

#include "base/util.h"

void ls_scope_add(struct ls_scope *scope, int64_t run_id, const char *sensor) {
    if (scope->rows++ == 0) {
        scope->first_run = run_id;
        ls_copy_text(scope->first_sensor, sizeof scope->first_sensor, sensor);
    }
    const struct ls_runs_entry *run = ls_runs_find(scope->runs, run_id);
    bool no_clock = run != NULL && run->no_clock;
    scope->no_clock |= no_clock;
    scope->clock |= !no_clock;
    scope->several_runs |= run_id != scope->first_run;
    scope->sensors |= strcmp(sensor, scope->first_sensor) != 0;
}

void ls_scope_choose(struct ls_scope_columns *ret, const struct ls_scope *scope,
                     const struct ls_column *all, size_t count, size_t recording, size_t sensor) {
    bool with_recording = scope->no_clock && scope->several_runs;
    ret->count = 0;
    for (size_t i = 0; i < count; i++) {
        if ((i == recording && !with_recording) || (i == sensor && !scope->sensors)) {
            continue;
        }
        ret->columns[ret->count] = all[i];
        ret->ids[ret->count++] = i;
    }
    ret->columns[0].title = scope->clock ? "TIME (UTC)" : "FROM START";
}

int ls_scope_add_row(const struct ls_scope_columns *columns, struct ls_table *table,
                     const char *const *all, struct ls_err *err) {
    const char *cells[LS_TABLE_COLUMNS_MAX];
    for (size_t i = 0; i < columns->count; i++) {
        cells[i] = all[columns->ids[i]];
    }
    return ls_table_add(table, cells, err);
}
