/* pattern/tail.h: how far out a score lies among those of surrogates. */
#ifndef PATTERN_TAIL_H
#define PATTERN_TAIL_H

#include <stddef.h>

enum ls_tail_law {
    LS_TAIL_GUMBEL, /* the best of many: Fisher, Tippett, "Limiting forms of the frequency
                       distribution of the largest or smallest member of a sample", 1928 */
    LS_TAIL_NORMAL, /* a sum of many */
    LS_TAIL_EXCESS /* exponential beyond the 40 highest: Knijnenburg, Wessels, Reinders, Shmulevich,
                      "Fewer permutations, more accurate P-values", Bioinformatics 25, 2009; n > 40
                    */
};

/* log10 of the probability that a surrogate reaches score. Among the surrogates it is their rank,
 * which is exact whatever the law (Phipson, Smyth, "Permutation P-values should never be zero",
 * 2010), with ties broken by u in [0, 1); beyond the last few it is the law, fitted to them.
 * scores: [n], n >= 20.
 */
double ls_tail_log10(const double *scores, size_t n, double score, double u, enum ls_tail_law law);

enum {
    LS_TAIL_FIRST = 199, /* surrogates that tell no pattern from what may be one */
    LS_TAIL_ALL = 1999   /* of which they are the first, where it may be one */
};

/* The same of LS_TAIL_ALL surrogates at most, each from one call of draw. A law that goes on beyond
 * the ranks of a few says too little of what is just beyond them, where most false alarms are:
 * there the ranks of more decide. As they include the first ones, looking twice makes no alarm that
 * they alone would not make. *ret_highest, when not NULL: the highest score of a surrogate. */
double ls_tail_two_looks(double (*draw)(void *context), void *context, double score, double u,
                         double *ret_highest);

#endif
