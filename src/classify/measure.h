/* classify/measure.h: narrowband I/Q of a burst in, features out (model/features.h). Nothing here
 * recovers symbols: what is measured are moments, lines of spectra and correlations, which say how
 * a signal was made and not what it carries. */
#ifndef CLASSIFY_MEASURE_H
#define CLASSIFY_MEASURE_H

#include "base/err.h"
#include "dsp/narrow.h"
#include "model/features.h"

struct ls_measure;

/* LS_ERR_NOMEM. The caller destroys *ret. One thread at a time. */
int ls_measure_create(struct ls_measure **ret, struct ls_err *err);
void ls_measure_destroy(struct ls_measure *measure);

/* Adds to *features what iq shows. Parts of less than 32 samples say nothing. */
void ls_measure_iq(struct ls_measure *measure, const struct ls_narrow_iq *iq,
                   struct ls_features *features);

#endif
