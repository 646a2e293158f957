/* dsp/excise.h: the mean of noise that is partly covered by signals: forward consecutive mean
 * excision (FCME; Lehtomaki, Vartiainen, Juntti, Saarnisaari, "CFAR Outlier Detection With Forward
 * Methods", IEEE Trans. Signal Process. 55(9), 2007) of short averages, each mean divided by the
 * bias of its own cut. */
#ifndef DSP_EXCISE_H
#define DSP_EXCISE_H

#include <stddef.h>

/* What a step divides by: the same for every set of n averages. */
struct ls_excise {
    size_t first; /* averages taken as clean before the first step */
    double first_bias;
    double cut;       /* in units of the mean: above it is no noise */
    double cut_bias;  /* of the mean below the cut */
    double half_bias; /* of the mean of the lower half of what is below the cut */
};

/* For n > 0 averages of so many looks each. */
struct ls_excise ls_excise_plan(size_t n, double looks);

/* The mean of the noise in values, which are sorted in place. n as in the plan. ret_clean: share of
 * the values that was taken for noise; may be NULL. */
double ls_excise_mean(const struct ls_excise *plan, float *values, size_t n, double *ret_clean);

/* The same of each of LS_SORT_COLUMNS columns of values, [n][LS_SORT_COLUMNS], several times as
 * fast where n is large. work: [n + 1][LS_SORT_COLUMNS]. ret_means, ret_clean: [LS_SORT_COLUMNS].
 */
void ls_excise_columns(const struct ls_excise *plan, float *values, size_t n, double *work,
                       double *ret_means, double *ret_clean);

#endif
