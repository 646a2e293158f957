/* pattern/fit.h: the parameters of a regularity that was found, and which of its aliases fits best.
 *
 * Clock: events are members, with phases about one value (wrapped normal), or strangers with any
 * phase; shares, spread and phase by expectation-maximisation (Dempster, Laird, Rubin, JRSS B 39,
 * 1977), period by regression of member times on cycle numbers. Members of a period of 40 s fit 20
 * s and 120 s as well: of all simple fractions the one with the highest likelihood is taken, and of
 * devices that share a grid one (pattern/residues.h). Drift: the longest chain of intervals
 * (pattern/chain.h). Which of the two won is told by the likelihood of the residuals: about the
 * regression line for a clock, from event to event for what drifts. */
#ifndef PATTERN_FIT_H
#define PATTERN_FIT_H

#include <stdbool.h>
#include <stddef.h>

#include "pattern/surrogate.h"
#include "pattern/trial.h"

enum { LS_FIT_ALIASES = 7 };

struct ls_fit {
    bool clock; /* the clock won */
    double period_s;
    double period_low_s; /* 90 % interval */
    double period_high_s;
    double phase_s;  /* time of a member, from the origin of the arrivals */
    double jitter_s; /* spread of members about their clock, or of intervals */
    double jitter_low_s;
    double jitter_high_s;
    size_t members;
    double expected;    /* members if none had been missed in good time, first to last */
    double rival_log10; /* log10 of the likelihood ratio over the hypothesis that lost */
    double alias_log10; /* the same over the best alias */
    double alias_s;     /* that alias */
    unsigned char member[LS_ARRIVALS_MAX]; /* 1: event i is one */
};

/* The verdict says where to begin. */
void ls_fit_arrivals(const struct ls_arrivals *arrivals, const struct ls_verdict *verdict,
                     struct ls_fit *ret);

/* log10 of the probability that unrelated events fit as well, at the period alone: for events that
 * the fit has not seen. Few events: 0. */
double ls_fit_confirm(const struct ls_fit *fit, const struct ls_arrivals *later);

#endif
