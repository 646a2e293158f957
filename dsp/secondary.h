/* dsp/secondary.h: the secondary synchronisation signal of LTE, which every cell broadcasts twice
 * in a frame beside the primary one (3GPP TS 36.211 clause 6.11.2): 168 groups, two orders. The
 * primary signal, which is known by then, says what the channel does to each carrier, so that the
 * comparison is coherent. */
#ifndef DSP_SECONDARY_H
#define DSP_SECONDARY_H

#include <complex.h>
#include <stddef.h>

#include "base/err.h"

enum { LS_SECONDARY_GROUPS = 168, LS_SECONDARY_CARRIERS = 62 };

struct ls_secondary;

/* LS_ERR_NOMEM. The caller destroys *ret. */
int ls_secondary_create(struct ls_secondary **ret, struct ls_err *err);
void ls_secondary_destroy(struct ls_secondary *secondary);

/* The primary signal of number 0 to 2 on carrier n, 0 to 61, lowest first, of power 1. */
float complex ls_secondary_primary(int number, size_t n);

/* primary, secondary: [LS_SECONDARY_CARRIERS] as received, of one half-frame; the timing of both
 * may be off by the same time. Adds to ret_powers: [2][LS_SECONDARY_GROUPS], first half-frame of a
 * frame or second one, what the secondary signal has of each, 1 in the mean where it is something
 * else (exponential), 62 where it is that. */
void ls_secondary_add(const struct ls_secondary *secondary, int number,
                      const float complex *primary, const float complex *received,
                      double ret_powers[2][LS_SECONDARY_GROUPS]);

#endif
