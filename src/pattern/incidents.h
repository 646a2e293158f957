/* pattern/incidents.h: findings in context. One incident is one regularity that goes on: findings
 * of one kind, detector version and sensor that lie in one place of the spectrum, have the same
 * parameters, are not more than a week apart and are explained by the same permit or none. A weaker
 * finding whose period is a whole multiple or fraction (up to 32) belongs to the stronger one
 * there: it is what misses and rounding leave of it.
 *
 * Severity: note at p <= 1e-3, watch at 1e-5, alert at 1e-7 if it was found again in a disjoint
 * later interval. p is that of the finding: the report has allowed for every search of the kind
 * (Sidak, pattern/report.h), which bounds the chance of any false one. That is stricter than the
 * false discovery rate of Benjamini and Hochberg ("Controlling the False Discovery Rate", J. R.
 * Stat. Soc. B 57, 1995): among the dozen kinds of a run a p of 1e-3 passes their step-up at a rate
 * of 5 % whatever the others are. For alert p is multiplied by the number of kinds that were
 * searched (Bonferroni).
 *
 * Context never changes p. A permit makes an incident permitted. Where a plan says that base
 * stations send, or that the service which owns the band looks like this, an alert is a watch and a
 * watch a note; what comes with passing trains only is a note, unless it is their passing that was
 * found (repeat-pass). In a protected band the words say so. */
#ifndef PATTERN_INCIDENTS_H
#define PATTERN_INCIDENTS_H

#include <stddef.h>

#include "base/err.h"
#include "model/incident.h"
#include "model/plan.h"

struct ls_incidents;

struct ls_incidents_opts {           /* all-zero: no context */
    const struct ls_plan *plan;      /* NULL: none. Borrowed for the life of the object */
    const struct ls_permit *permits; /* borrowed likewise */
    size_t permit_count;
    size_t kinds; /* searched in this run; 0 counts as 1 */
};

/* The caller destroys *ret. LS_ERR_NOMEM. */
int ls_incidents_create(struct ls_incidents **ret, const struct ls_incidents_opts *opts,
                        struct ls_err *err);
void ls_incidents_destroy(struct ls_incidents *incidents);

/* An incident of an earlier run. Evidence is not copied. LS_ERR_NOMEM. */
int ls_incidents_know(struct ls_incidents *incidents, const struct ls_incident *row,
                      struct ls_err *err);

/* For qsort: sweeps first, then the strongest; of those beyond doubt the widest, so that a hopper
 * is known by what its channels do together and not by what each of them does. */
int ls_incidents_order(const struct ls_finding *a, const struct ls_finding *b);

/* A finding of this run, in the order of ls_incidents_order (the caller sorts); one that is not
 * reported, or that a sweep of this run explains, is left out (LS_EOF). listened: share of its
 * time, 0 to 1, in which its frequencies were listened to; NAN: not known. *ret_index: of its
 * incident, for ls_incidents_at. What this run finds of a known incident takes the place of what an
 * earlier one knew, so that a run that was resumed ends where one run would; the incident keeps its
 * id and its first moment. LS_ERR_NOMEM. */
int ls_incidents_add(struct ls_incidents *incidents, const struct ls_finding *finding,
                     double listened, size_t *ret_index, struct ls_err *err);

/* All incidents, known ones first; [index] stays where it is. Evidence of an incident is that of
 * its strongest finding in this run, NULL of one that this run did not find; borrowed from the
 * finding. The caller may set the id. */
size_t ls_incidents_count(const struct ls_incidents *incidents);
struct ls_incident *ls_incidents_at(struct ls_incidents *incidents, size_t index);

/* This run found something of it, or a permit changed it. */
bool ls_incidents_changed(const struct ls_incidents *incidents, size_t index);

/* Holds what is known against permits that were added or ended since. Call when all is added. */
void ls_incidents_conclude(struct ls_incidents *incidents);

#endif
