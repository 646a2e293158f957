/* dsp/rise.h: how far the floor of a piece has risen since it was tracked last, as its channels
 * tell. Of each channel's time slots those with bursts are excised (dsp/excise.h); of the channels
 * the lower quartile counts, which what is on all the time does not raise. */
#ifndef DSP_RISE_H
#define DSP_RISE_H

#include <stdbool.h>
#include <stddef.h>

#include "dsp/excise.h"
#include "dsp/looks.h"

enum { LS_RISE_SLOTS_MAX = 16 };

struct ls_rise {
    size_t slots;
    struct ls_excise excise; /* of one channel's slots */
    double sigma;            /* relative, of one channel */
    double low; /* lower quartile over channels of what floors that have not risen show */
};

/* For slots > 0 of so many frames, of which the first LS_RISE_SLOTS_MAX count. looks: of the bank.
 */
void ls_rise_plan(struct ls_rise *ret, const struct ls_looks *looks, size_t slots, size_t frames);

/* sums: [slots][channels], of rows cells of mean 1 a slot; channels [first, last) are asked. The
 * rise, 1 for none; it may be less. ret_even: at least six channels in ten have risen alike, as far
 * as noise lets that be seen: so does gain, and no signal narrower than the band. work: [last -
 * first]. */
double ls_rise_estimate(const struct ls_rise *rise, const float *sums, size_t channels,
                        size_t first, size_t last, size_t rows, bool *ret_even, float *work);

/* Standard error of that estimate over so many channels >= 1. */
double ls_rise_error(const struct ls_rise *rise, size_t channels);

#endif
