/* classify/carrier.h: the carrier of a burst from its narrowband I/Q: which form of dsp/offset.h it
 * has is told from its length, width and envelope. */
#ifndef CLASSIFY_CARRIER_H
#define CLASSIFY_CARRIER_H

#include "base/err.h"
#include "dsp/narrow.h"
#include "model/carrier.h"

struct ls_carriers;

/* LS_ERR_NOMEM. The caller destroys *ret. One thread at a time. */
int ls_carriers_create(struct ls_carriers **ret, struct ls_err *err);
void ls_carriers_destroy(struct ls_carriers *carriers);

/* Adds what iq shows to *carrier; nothing where it is too weak, clipped or of no such form. */
void ls_carriers_measure(struct ls_carriers *carriers, const struct ls_narrow_iq *iq,
                         struct ls_carrier *carrier);

#endif
