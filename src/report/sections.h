/* report/sections.h: sections that the reports about an incident and about a period share. Not for
 * other layers. */
#ifndef REPORT_SECTIONS_H
#define REPORT_SECTIONS_H

#include "report/coverage.h"
#include "report/document.h"
#include "report/heat.h"
#include "report/material.h"

/* Time by what the receiver did, why, and when; what that leaves unseen. range: in words, "the
 * range of the incident". */
void ls_sections_coverage(struct ls_document *doc, const struct ls_coverage *coverage,
                          const char *range);
enum { LS_SECTIONS_HEALTH_MAX = 60 }; /* rows of health that a report takes */

/* Readings by which a level or a time is judged: the last one of each, of a sensor. */
enum { LS_SECTIONS_READINGS_MAX = LS_MATERIAL_READINGS_MAX };

/* Takes a row for them, when it is of such a subject; rows come in order of time. */
void ls_sections_reading(struct ls_health *readings, size_t *count, const struct ls_health *row);

struct ls_sections_instrument {
    const struct ls_health *health; /* trouble: the first rows, up to that many */
    size_t health_count;
    const struct ls_health *readings;
    size_t reading_count;
    const struct ls_run *runs; /* behind the rows */
    size_t run_count;
    bool no_clock;
};

/* Clock, levels, and what the sensor said about itself. */
void ls_sections_instrument(struct ls_document *doc, const struct ls_sections_instrument *state);
/* A table with a bar a day; heat is of hours. */
void ls_sections_hours(struct ls_document *doc, const struct ls_heat *heat);

void ls_sections_permits(struct ls_document *doc, const struct ls_permit *permits, size_t count,
                         const char *none);
void ls_sections_deletions(struct ls_document *doc, const struct ls_pruning *prunings,
                           size_t count);
void ls_sections_provenance(struct ls_document *doc, const struct ls_run *runs, size_t count);

/* "2026-11-20 08:00:00.000" */
const char *ls_sections_time(struct ls_shown *room, int64_t ns, bool no_clock);

/* The classification of the runs, several joined by " + "; nothing when none has one. */
void ls_sections_label(struct ls_document *doc, const struct ls_run *runs, size_t count);

#endif
