/* cli/scope.h: what the rows of an answer have in common. It decides which columns of a table are
 * worth their room: the sensor when there is more than one, the recording when times count from its
 * start. All-zero begins; set runs. */
#ifndef CLI_SCOPE_H
#define CLI_SCOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/runs.h"

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

bool ls_scope_wants_recording(const struct ls_scope *scope);

/* Heading of the time column. */
const char *ls_scope_time_title(const struct ls_scope *scope);

#endif
