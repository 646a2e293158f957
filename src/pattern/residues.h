/* pattern/residues.h: is what looks like one clock several units of a longer period?
 *
 * Two or three units of one model whose phases lie near halves or thirds of their period look like
 * one clock of a half or a third of it. They differ from one in two ways: cycles of one residue
 * (number modulo the count of units) have a phase of their own, finer than all of them together;
 * and a unit that is not among the events leaves its residue empty. Both are likelihood ratios: of
 * phases that are normal about a mean per residue, against one mean for all; and of counts per
 * residue, multinomial, against as many in each as the receiver listened to.
 *
 * Two devices of different periods may share a grid: posts of 40 s and 60 s whose phases allow it
 * lie on cycles of 10 s, and both together fill every cycle of neither 20 s nor 30 s. One of them
 * alone fills one residue of its own number of cycles, and the others hold what the other one
 * leaves there: cycles filled at a rate of that residue's own (Bernoulli), against one for all. */
#ifndef PATTERN_RESIDUES_H
#define PATTERN_RESIDUES_H

#include <stddef.h>

#include "pattern/surrogate.h"

enum { LS_RESIDUES_MAX = 3, LS_RESIDUES_LONE_MAX = 12 };

struct ls_grid {
    double period_s;
    double phase_s;  /* time of a cycle, from the origin of the arrivals */
    double limit_s;  /* events that are no farther from a cycle are its members */
    double finest_s; /* no difference of phase below this is known, > 0 */
};

/* Natural logarithm of the likelihood of units > 1 with units * period_s over one clock with
 * period_s, both as they fit best; a true clock has about units - 1. 0: it cannot be told. */
double ls_residues_gain(const struct ls_arrivals *arrivals, const struct ls_grid *grid,
                        size_t units);

/* Natural logarithm of the likelihood of one device that keeps to every units-th cycle, while the
 * rest fill the others alike, over one clock that fills all alike. 0: it cannot be told. */
double ls_residues_lone_gain(const struct ls_arrivals *arrivals, const struct ls_grid *grid,
                             size_t units);

#endif
