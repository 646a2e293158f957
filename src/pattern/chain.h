/* pattern/chain.h: what repeats without a clock: the longest chain of events an interval (or two,
 * or three) apart, by dynamic programming, and the interval that its links have. A device that
 * waits after it was released has no phase; its intervals are what it keeps. */
#ifndef PATTERN_CHAIN_H
#define PATTERN_CHAIN_H

#include <stddef.h>

#include "pattern/surrogate.h"

struct ls_chain {
    double interval_s;
    double sigma_s; /* spread of one interval */
    size_t links;   /* that the interval rests on */
    double error_s; /* standard error of the interval */
};

/* The chain of intervals near interval_s, within width (a share of it), or of a half or a third of
 * it where that has links in proportion. ret_member: [arrivals->count], 1 for those of the chain.
 */
struct ls_chain ls_chain_fit(const struct ls_arrivals *arrivals, double interval_s, double width,
                             unsigned char *ret_member);

/* Log-likelihood of residuals that are normal about zero, [count] of them, but for those of
 * strangers: what is beyond three standard deviations by their median lies anywhere within a
 * period. least_s: no spread is finer. */
double ls_chain_residuals(const double *residuals_s, size_t count, double period_s, double least_s);

/* Log-likelihood of the residuals of member events under a phase that walks: increments. least_s:
 * no spread is finer. */
double ls_chain_likelihood(const struct ls_arrivals *arrivals, const unsigned char *member,
                           double period_s, double least_s);

#endif
