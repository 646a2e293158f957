/* pattern/trial.h: the probability of a regularity as strong as this one where there is none. The
 * search is made again on surrogates (pattern/surrogate.h), all periods and phases included, and
 * the score is compared with theirs: no table of trials is needed, and the receiver's schedule,
 * clumps and few events are allowed for as they are.
 *
 * The highest of many scores has an exponential tail (Fisher, Tippett, "Limiting forms of the
 * frequency distribution of the largest or smallest member of a sample", 1928), which gives
 * probabilities below one in the number of surrogates. Its scale comes from the surrogates, drawn
 * towards that for many events, as the few in a tail tell little of it. */
#ifndef PATTERN_TRIAL_H
#define PATTERN_TRIAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "pattern/surrogate.h"

struct ls_trial;

/* Work memory. */
int ls_trial_create(struct ls_trial **ret, struct ls_err *err);
void ls_trial_destroy(struct ls_trial *judge);

enum { LS_TRIAL_EVENTS_MIN = 8 };

struct ls_verdict {
    double log10_p;         /* of the better of the two hypotheses, for both having been tried */
    double clock_log10_p;   /* held by a clock; 0 when it was not tried */
    double renewal_log10_p; /* repeated, but drifting; 0 when it was not tried */
    double period_s;        /* of the clock test */
    double interval_s;      /* of the renewal test; NAN when it was not tried */
    double width;           /* of the interval, a share of it */
    double trials;          /* 0: neither could be tried: too few events for any period */
};

/* How strong the regularity looks, on a scale that is the same for all searches; cheap.
 * -INFINITY: too few events for any period. */
double ls_trial_rank(struct ls_trial *judge, const struct ls_arrivals *arrivals);

/* With surrogates. At least LS_TRIAL_EVENTS_MIN events. */
struct ls_verdict ls_trial_verdict(struct ls_trial *judge, const struct ls_arrivals *arrivals);

#endif
