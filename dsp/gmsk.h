/* dsp/gmsk.h: carrier offset of a GSM normal burst; see dsp/offset.h. */
#ifndef DSP_GMSK_H
#define DSP_GMSK_H

#include <complex.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct ls_gmsk;

/* Normal bursts by their outside: 147 to 148 symbols and ramps of 28 us at either end (3GPP
 * TS 45.002 clause 5.2, 45.005), found to a hop; 99 % of GMSK with BT 0.3 is some 220 kHz wide,
 * less by what lies in the noise, more by what weak bursts are taken for. */
bool ls_gmsk_is_burst(double burst_s, double bandwidth_hz);

/* LS_ERR_NOMEM. The caller destroys *ret. One thread at a time. */
int ls_gmsk_create(struct ls_gmsk **ret, struct ls_err *err);
void ls_gmsk_destroy(struct ls_gmsk *gmsk);

/* iq: [count], a burst of 100 symbols or more, up to 256 of which are looked at, at 1.1 samples a
 * symbol or more, with its carrier within 30 kHz of 0 Hz. Offset and its standard deviation. False:
 * the squares hold no carrier. */
bool ls_gmsk_offset(struct ls_gmsk *gmsk, const float complex *iq, size_t count, double rate_sps,
                    double *ret_hz, double *ret_error_hz);

#endif
