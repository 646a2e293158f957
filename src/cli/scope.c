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

bool ls_scope_wants_recording(const struct ls_scope *scope) {
    return scope->no_clock && scope->several_runs;
}

const char *ls_scope_time_title(const struct ls_scope *scope) {
    return scope->clock ? "TIME (UTC)" : "FROM START";
}
