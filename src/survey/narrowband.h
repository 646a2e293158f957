/* survey/narrowband.h: which boxes of a piece have their I/Q cut out and measured, within a budget
 * of samples, so that dense bands cannot starve detection. The budget counts samples of the piece
 * and never time, and where it is spent first moves from piece to piece: the same samples give the
 * same features, however many threads there are.
 *
 * Of many boxes in one channel, such as the bursts of a TDMA train, a few are measured: they are
 * alike. What was skipped is counted. */
#ifndef SURVEY_NARROWBAND_H
#define SURVEY_NARROWBAND_H

#include <stddef.h>

#include "base/err.h"
#include "survey/searcher.h"

struct ls_narrowband;

/* LS_ERR_NOMEM. The caller destroys *ret. */
int ls_narrowband_create(struct ls_narrowband **ret, const struct ls_cut *cut, struct ls_err *err);
void ls_narrowband_destroy(struct ls_narrowband *narrowband);

/* Fills in job->features and job->carriers, one for each of its boxes, whose spectra have been
 * measured, and what was left out in job->counts. One thread at a time. */
void ls_narrowband_piece(struct ls_narrowband *narrowband, struct ls_job *job);

#endif
