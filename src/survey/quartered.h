/* survey/quartered.h: a piece as the search of quarters of channels sees it (dsp/quarters.h): the
 * sums of its quarters, and its boxes and what they claimed in their numbers. */
#ifndef SURVEY_QUARTERED_H
#define SURVEY_QUARTERED_H

#include <stdbool.h>

#include "base/err.h"
#include "dsp/slow.h"
#include "survey/searcher.h"

struct ls_quartered;

/* cut: with its prototype, of which nothing is kept; it says that quarters are searched. The caller
 * destroys *ret. LS_ERR_NOMEM. */
int ls_quartered_create(struct ls_quartered **ret, const struct ls_cut *cut, struct ls_err *err);
void ls_quartered_destroy(struct ls_quartered *quartered);

/* For the search, all but its budget; what it borrows lives as long as the object. */
struct ls_slow_opts ls_quartered_opts(const struct ls_quartered *quartered);

/* A stretch begins for the search: [channels] each, of the bank. */
void ls_quartered_begin(struct ls_quartered *quartered, struct ls_slow *slow,
                        const float *floor_pow, double floor_error, const bool *masked);

/* *ret borrows from job, and from quartered until the next call. LS_ERR_NOMEM. */
int ls_quartered_piece(struct ls_quartered *quartered, const struct ls_job *job,
                       struct ls_slot_piece *ret, struct ls_err *err);

/* Box i of that piece. */
const struct ls_box *ls_quartered_box(const struct ls_quartered *quartered, size_t i);

#endif
