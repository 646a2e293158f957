/* pattern/report.h: the searches of one report, and what their number does to probabilities.
 *
 * A kind makes S searches, each with its own probability p after its own trials. Reported is
 * 1 - (1 - p)^S (Sidak, "Rectangular Confidence Regions for the Means of Multivariate Normal
 * Distributions", JASA 62, 1967), so that the smallest one of a kind is uniform in a log without a
 * pattern. */
#ifndef PATTERN_REPORT_H
#define PATTERN_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/finding.h"
#include "pattern/jobs.h"
#include "pattern/pattern.h"

struct ls_report;
struct ls_kind;

enum { LS_EVIDENCE_MAX = 1024 }; /* ids kept with a finding: the first ones */

int ls_report_create(struct ls_report **ret, struct ls_err *err);
void ls_report_destroy(struct ls_report *report);

/* The kind whose searches follow. */
void ls_report_begin(struct ls_report *report, const struct ls_kind *kind);

/* A finding with every field zero but confirm_log10_p and company, which are NAN, and kind and
 * version, which are those of the kind. */
struct ls_finding ls_report_blank(const struct ls_report *report);

/* Copies the finding and its evidence. In it, log10_p is the logarithm of the probability of this
 * search alone after its own trials (<= 0), trials their number, and reported says that there is
 * the evidence which the kind wants; false_alarm_probability and searches are filled in by the
 * report. */
int ls_report_add(struct ls_report *report, const struct ls_finding *finding, struct ls_err *err);

/* Searches that were made and of which nothing else is known: they count. */
void ls_report_count(struct ls_report *report, uint64_t searches);

/* So many searches of the kind under way that know nothing of each other, each of which puts what
 * it finds into the part that it is given; they are shared out (pattern/jobs.h), and what they
 * found is in the report in order of index. The first error of a search, or LS_ERR_NOMEM. */
typedef int ls_report_search(void *context, size_t index, struct ls_report *part,
                             struct ls_err *err);
int ls_report_each(struct ls_report *report, const struct ls_jobs *jobs, ls_report_search *search,
                   void *context, size_t count, struct ls_err *err);

/* The kind's searches are complete. */
void ls_report_end(struct ls_report *report);

/* Findings of the kinds that have ended, in order. */
size_t ls_report_size(const struct ls_report *report);
const struct ls_finding *ls_report_at(const struct ls_report *report, size_t index);

/* log10 of 1 - (1 - 10^log10_p)^count; count >= 1. Stays finite and accurate for small ones. */
double ls_report_log10_any(double log10_p, double count);

#endif
