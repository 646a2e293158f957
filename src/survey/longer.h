/* survey/longer.h: pieces in order, their boxes as bursts, and with them what windows longer than a
 * part of a piece find (dsp/slow.h), on channels of the bank and, for what is narrow, on quarters
 * of them (dsp/quarters.h). What both find is told of once: each search is told of what the other
 * follows. Serial, so results do not depend on threads. */
#ifndef SURVEY_LONGER_H
#define SURVEY_LONGER_H

#include <stdbool.h>

#include "base/err.h"
#include "detect/burst.h"
#include "survey/searcher.h"

struct ls_longer;

/* cut: with its prototype and looks, copied; bursts: borrowed. The caller destroys *ret.
 * LS_ERR_NOMEM. */
int ls_longer_create(struct ls_longer **ret, const struct ls_cut *cut, double false_alarms_per_day,
                     struct ls_bursts *bursts, struct ls_err *err);
void ls_longer_destroy(struct ls_longer *longer);

/* A stretch begins: [channels] each. */
void ls_longer_begin(struct ls_longer *longer, const float *floor_pow, double floor_error,
                     const bool *masked);

/* Take a piece: its boxes, and what it left. Errors are those of the listener of the bursts. */
int ls_longer_piece(struct ls_longer *longer, const struct ls_job *job, struct ls_err *err);

/* The stretch ends. */
int ls_longer_end(struct ls_longer *longer, struct ls_err *err);

#endif
