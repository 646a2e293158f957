/* report/evidence.h: the sections of an incident's report that show its rows: when they came, their
 * cycles, where they fall in the period, and the rows themselves. Not for other layers. */
#ifndef REPORT_EVIDENCE_H
#define REPORT_EVIDENCE_H

#include "report/document.h"
#include "report/material.h"

void ls_evidence_sections(struct ls_document *doc, const struct ls_material *material);

/* Rows by where they start in a period that begins at origin_ns: whole periods from the midnight
 * (UTC) that the phase is counted from. */
struct ls_fold {
    double period_s;
    int64_t origin_ns;
};

/* False: the incident has no period, or a gap after a release and not a clock makes it, so that
 * rows fold onto nothing. */
bool ls_evidence_fold(const struct ls_material *material, struct ls_fold *ret);

/* Start of a row as a share of the period, 0 to 1. */
double ls_fold_phase(const struct ls_fold *fold, int64_t t_ns);

#endif
