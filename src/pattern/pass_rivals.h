/* pattern/pass_rivals.h: what else makes a level rise and fall and a carrier sink: a level that
 * fades slowly, and a carrier that warms up or cools down along an exponential. Both go on for
 * long, so that rows in another order are not what they look like without a pass.
 *
 * Surrogates are made of them instead (a parametric bootstrap: Davison, Hinkley, "Bootstrap Methods
 * and their Application", 1997, ch. 4 and 8.2): levels without a bell and carriers along the
 * exponential that fits best, each with noise that remembers the row before it (an autoregressive
 * process of first order). The noise is what the pass leaves over, so that the pass itself is not
 * taken for fading; as a shape chosen among 150 follows slow noise and leaves it less memory than
 * it had, the memory is that whose own surrogates leave as much (indirect inference: Gourieroux,
 * Monfort, Renault, J. Applied Econometrics 8, 1993). A pass has to explain more, beyond the
 * exponential, than it does of these. */
#ifndef PATTERN_PASS_RIVALS_H
#define PATTERN_PASS_RIVALS_H

#include "pattern/pass_grid.h"

struct ls_pass_rivals;

/* For values at the times of the visit, with which the grid has to begin before the first question;
 * grid: borrowed, and used as scratch. LS_ERR_NOMEM. The caller destroys *ret. */
int ls_pass_rivals_create(struct ls_pass_rivals **ret, struct ls_pass_grid *grid,
                          const struct ls_visit *visit, struct ls_err *err);
void ls_pass_rivals_destroy(struct ls_pass_rivals *rivals);

/* log10 of the probability that the rivals do as well as these values. */
double ls_pass_rivals_log10(struct ls_pass_rivals *rivals, const struct ls_pass_values *values);

#endif
