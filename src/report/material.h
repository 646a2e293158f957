/* report/material.h: what a report about an incident rests on, read from the store in one go. */
#ifndef REPORT_MATERIAL_H
#define REPORT_MATERIAL_H

#include "model/health.h"
#include "report/coverage.h"
#include "report/heat.h"
#include "store/patterns.h"
#include "store/prune.h"

enum { LS_MATERIAL_READINGS_MAX = 16 };

struct ls_material {
    struct ls_incident incident; /* its evidence is rows; those deleted since are missing */
    size_t evidence_count;       /* rows that it was stored with */
    struct ls_transmission *rows;
    size_t row_count;
    struct ls_run *runs; /* of the rows, and of its sensor at that time */
    size_t run_count;
    struct ls_permit *permits; /* that overlap it in time and frequency and hold at its sensor */
    size_t permit_count;
    struct ls_incident_growth *growth;
    size_t growth_count;
    struct ls_pruning *prunings;
    size_t pruning_count;
    struct ls_health *health; /* not "ok", of its sensor at that time */
    size_t health_count;
    struct ls_health readings[LS_MATERIAL_READINGS_MAX]; /* of clock and receiver, the last ones */
    size_t reading_count;
    struct ls_heat hours; /* of its range, by day and hour; when has_hours */
    bool has_hours;       /* it lasts a day or more */
    struct ls_coverage coverage;
    bool no_clock; /* times count from the start of the recording */
};

/* LS_ERR_NOTFOUND: no such incident; LS_ERR_NOMEM; the errors of the store. The caller finishes
 * *ret. */
int ls_material_init(struct ls_material *ret, struct ls_store *store, int64_t incident_id,
                     struct ls_err *err);
void ls_material_finish(struct ls_material *material);

/* From where to where there are rows: over the incident, or less of it when those that came before
 * or later were not kept as evidence. */
struct ls_material_extent {
    int64_t start_ns;
    int64_t stop_ns;
};
struct ls_material_extent ls_material_rows_extent(const struct ls_material *material);

/* Is each row a cycle, on and then off? Not so where a period spans many rows, as that of a sweep,
 * nor where rows are of several units that keep their own. */
bool ls_material_has_cycles(const struct ls_material *material);

/* The parameter that says how often it comes, or NULL: period_s, cadence_s or revisit_s, when it is
 * a number > 0. */
const struct ls_parameter *ls_material_period(const struct ls_material *material);

#endif
