/* dsp/panels.h: averages of a few neighbouring channels, by which the floor excises them at several
 * lengths. They lie side by side, so that what is done to one is done to all at once. */
#ifndef DSP_PANELS_H
#define DSP_PANELS_H

#include <stddef.h>

#include "base/err.h"
#include "dsp/excise.h"
#include "dsp/sort.h"

enum { LS_PANELS_CHANNELS = LS_SORT_COLUMNS };

struct ls_panels;

/* For up to so many blocks. LS_ERR_NOMEM. The caller destroys *ret. */
int ls_panels_create(struct ls_panels **ret, size_t blocks_max);
void ls_panels_destroy(struct ls_panels *panels);

/* Take count <= LS_PANELS_CHANNELS channels of so many blocks, stride apart. */
void ls_panels_take(struct ls_panels *panels, const float *blocks, size_t block_count,
                    size_t stride, size_t count);

/* Excised means of count averages, as the plan is for, of so many consecutive blocks each, and the
 * share of the averages that was taken for noise: [LS_PANELS_CHANNELS], of which those that were
 * taken count. */
void ls_panels_excise(struct ls_panels *panels, const struct ls_excise *plan, size_t count,
                      size_t blocks, double *ret_means, double *ret_clean);

#endif
