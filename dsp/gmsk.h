/* dsp/gmsk.h: carrier offset of a GSM normal burst; see dsp/offset.h. */
#ifndef DSP_GMSK_H
#define DSP_GMSK_H

#include <complex.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct ls_gmsk;

/* LS_ERR_NOMEM. The caller destroys *ret. One thread at a time. */
int ls_gmsk_create(struct ls_gmsk **ret, struct ls_err *err);
void ls_gmsk_destroy(struct ls_gmsk *gmsk);

/* iq: [count], a burst of 100 symbols or more, up to 256 of which are looked at, at 1.1 samples a
 * symbol or more, with its carrier within 30 kHz of 0 Hz. Offset and its standard deviation. False:
 * the squares hold no carrier. */
bool ls_gmsk_offset(struct ls_gmsk *gmsk, const float complex *iq, size_t count, double rate_sps,
                    double *ret_hz, double *ret_error_hz);

#endif
