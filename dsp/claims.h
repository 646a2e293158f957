/* dsp/claims.h: which cells of a piece something stands out in: the detector's second pass, from
 * fine to coarse. A window that crosses is fitted to what lies around it. What a fine window
 * explains is taken out before a coarser one is tested; single cells grow by a lower threshold.
 * Only parts of the band where the first pass saw a crossing are gone over, and windows wider than
 * such a part are tested on sums over strips of the band. */
#ifndef DSP_CLAIMS_H
#define DSP_CLAIMS_H

#include <stdbool.h>
#include <stddef.h>

#include "dsp/blobs.h"
#include "dsp/box.h"
#include "dsp/crossings.h"
#include "dsp/limits.h"

/* How many windows of a width >= 1 there are on so many of the next narrower one. */
size_t ls_claims_windows(size_t count, size_t width);

/* Sums over 2^width channels from those over 2^(width - 1): windows half overlapping. ret may not
 * be sums. Returns how many windows. width >= 1. */
size_t ls_claims_widen(float *ret, const float *sums, size_t count, size_t width);

struct ls_claims;

/* LS_ERR_NOMEM. The caller destroys *ret. */
int ls_claims_create(struct ls_claims **ret, size_t rows_max, size_t channels);
void ls_claims_destroy(struct ls_claims *claims);

/* Clears the marks, then claims. Uses blobs to grow. limits: the same for every piece, as what
 * windows need by them is remembered. */
void ls_claims_make(struct ls_claims *claims, const struct ls_cells *in,
                    const struct ls_limits *limits, const struct ls_crossings *crossings,
                    struct ls_blobs *blobs);

#endif
