/* pattern/trial.h: the probability of a regularity as strong as this one where there is none. The
 * search is made again on surrogates (pattern/surrogate.h), all periods, phases and both hypotheses
 * included, and the score is compared with theirs: no table of trials is needed, and the receiver's
 * schedule, clumps and few events are allowed for as they are.
 *
 * Surrogates are drawn until four score higher: then their share is the probability, and it is
 * exact (Besag, Clifford, "Sequential Monte Carlo p-values", Biometrika 78, 1991; between two
 * values that it can take, and among equals, the lot decides). Where four in 400 do not, the law of
 * extremes goes on: the highest of many scores has an exponential tail (Fisher, Tippett, "Limiting
 * forms of the frequency distribution of the largest or smallest member of a sample", 1928). Its
 * scale comes from the surrogates, drawn towards that for many events, as the few in a tail tell
 * little of it. */
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
    double log10_p;      /* for both hypotheses having been tried; NAN: not judged yet */
    double rank;         /* how strong it looks, on a scale that is the same for all searches: the
                            better of the next two; -INFINITY: too few events for any period */
    double clock_rank;   /* held by a clock; -INFINITY when it was not tried */
    double renewal_rank; /* repeated, but drifting; -INFINITY when it was not tried */
    double period_s;     /* of the clock test */
    double interval_s;   /* of the renewal test; NAN when it was not tried */
    double width;        /* of the interval, a share of it */
    double trials;       /* 0: neither could be tried: too few events for any period */
};

/* Everything but log10_p; cheap. At least LS_TRIAL_EVENTS_MIN events. */
struct ls_verdict ls_trial_look(struct ls_trial *judge, const struct ls_arrivals *arrivals);

/* With surrogates. At least LS_TRIAL_EVENTS_MIN events. */
struct ls_verdict ls_trial_verdict(struct ls_trial *judge, const struct ls_arrivals *arrivals);

#endif
