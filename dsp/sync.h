/* dsp/sync.h: synchronisation that cells broadcast, for presence, frequency and timing: nobody's
 * content. A base station holds its carrier within 0.05 ppm (3GPP TS 45.010 clause 5.1, TS 36.104
 * clause 6.5.1), so that what is measured is the error of the receiver.
 *
 * GSM: the frequency correction burst, an unmodulated carrier of 148 symbols 1625/24 kHz above the
 * middle of the channel, every 10 or 11 frames (TS 45.002 clause 5.2.4). Random GMSK turns by +-90
 * degrees a symbol, so the mean of products one symbol apart is near 1 only there. A frame later
 * comes the synchronisation burst, of which the extended training sequence is compared and nothing
 * else (dsp/training.h).
 *
 * LTE: the primary synchronisation signal (TS 36.211 clause 6.11.1), correlated in frequency for
 * three roots and steps of 5 kHz, powers folded at 5 ms; the offset from the turn between the two
 * halves of the symbol. The secondary one (clause 6.11.2) before it, with one symbol (FDD) or three
 * (TDD) from the one to the other and either prefix, says the group. */
#ifndef DSP_SYNC_H
#define DSP_SYNC_H

#include <complex.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct ls_sync;

struct ls_sync_opts {
    double rate_sps; /* of the samples, the same for all calls; 300 kS/s to 4 MS/s */
    double reach_hz; /* LTE: how far the carrier may be from 0 Hz; 0 means 100 kHz. One that is
                        further off may be taken for one some 15 kHz steps nearer */
    bool lte;        /* the primary synchronisation signal; false: GSM */
};

struct ls_sync_value {
    double hz;       /* carrier from 0 Hz of the samples */
    double error_hz; /* one standard deviation */
    double at;       /* sample of the first burst or symbol, within 5 ms for LTE */
    size_t seen;     /* bursts or half-frames that it rests on */
    int root;        /* LTE: 0 to 2, the number within the group; GSM: 0 */
    int group;       /* LTE: 0 to 167, the group of the cell; -1: not seen, and for GSM */
    size_t followed; /* GSM: of seen, how many have their synchronisation burst a frame later; LTE:
                        half-frames that the group rests on */
};

/* LS_ERR_ARG: a rate beyond those. LS_ERR_NOMEM. The caller destroys *ret. One thread at a time. */
int ls_sync_create(struct ls_sync **ret, const struct ls_sync_opts *opts, struct ls_err *err);
void ls_sync_destroy(struct ls_sync *sync);

/* iq: [count], at least 60 ms, of which the first 160 ms (LTE: 80 ms) are looked at. False: none.
 * One false answer in a million is meant for LTE in noise; GSM wants two bursts in step. */
bool ls_sync_find(struct ls_sync *sync, const float complex *iq, size_t count,
                  struct ls_sync_value *ret);

#endif
