/* dsp/slow.h: windows longer than a part of a piece, over the seams between pieces.
 *
 * A piece leaves the power of its unclaimed cells in time slots. A pyramid over slots holds them as
 * running sums over channels, so that a window of any bandwidth is a difference of two; durations
 * of 2 to 7 slots, of 4 to 7 of twice as long ones, and so on up to ten seconds are tested at every
 * place in frequency whenever a slot of theirs is complete. What crosses is fitted and followed
 * (its pieces that were found as weak boxes included) until the evidence for it falls (E. S. Page,
 * "Continuous Inspection Schemes", Biometrika 41(1/2), 1954), and is then a box. Memory does not
 * grow with the duration.
 *
 * The reference is each channel's own past: the mean of what has left the pyramid, over a minute.
 * The gain is taken from the channels themselves, slot by slot, so that drift and steps of gain
 * are no signal: a window as wide as the band is held against nothing and cannot stand out. */
#ifndef DSP_SLOW_H
#define DSP_SLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "dsp/looks.h"
#include "dsp/slot.h"
#include "dsp/told.h"

struct ls_slow;

struct ls_slow_opts {
    size_t channels;      /* in rising frequency */
    size_t first_channel; /* analysed channels [first_channel, last_channel) */
    size_t last_channel;
    const struct ls_looks *looks; /* of the bank; borrowed */
    double looks_share;           /* as in struct ls_looks_box */
    size_t slot_rows;             /* rows of 2 frames in a slot */
    double slot_s;
    double false_alarms_per_day; /* expected of noise, > 0 */
    size_t divided; /* as in struct ls_slot_opts: pieces come with boxes of a coarser search */
    size_t widest;  /* channels of a window at most; 0: three quarters of them all */
    /* Of a full piece, in which windows of two and three slots have been searched for: here they
     * are tested over its seams alone. 0: they have not been, and are tested everywhere. */
    size_t piece_slots;
};

/* LS_ERR_NOMEM. The caller destroys *ret. */
int ls_slow_create(struct ls_slow **ret, const struct ls_slow_opts *opts, struct ls_err *err);
void ls_slow_destroy(struct ls_slow *slow);

/* A stretch begins. floor_pow: [channels], floor_error: relative, of one channel. masked:
 * [channels], the receiver's own lines, or NULL. */
void ls_slow_begin(struct ls_slow *slow, const float *floor_pow, double floor_error,
                   const bool *masked);

/* A box is announced when it opens, as known so far, and again when it has ended. */
struct ls_slow_box {
    uint64_t id; /* the same both times */
    bool ended;
    uint64_t start_slot; /* of the stretch; half-open */
    uint64_t stop_slot;
    uint32_t channel_low;
    uint32_t channel_high;
    double excess_pow; /* sum over channels of power - floor, mean over the duration */
    double floor_pow;  /* sum over channels */
    bool to_stop;      /* still on when the stretch ended */
};

enum { LS_SLOW_OPEN_MAX = 64 };

/* Those that are on, as known so far. ret: room for LS_SLOW_OPEN_MAX. Returns how many. */
size_t ls_slow_open(const struct ls_slow *slow, struct ls_slow_box *ret);

/* What another search of the same samples follows or has ended, in rows of 2 frames and channels of
 * this one: it is told of there. held: excess over the noise mean, summed over its cells. id > 0:
 * the same each time, whose last word counts. */
void ls_slow_follow(struct ls_slow *slow, uint64_t id, const struct ls_told_window *extent,
                    double held);

/* As ls_slot_is_part. */
bool ls_slow_is_part(const struct ls_slow *slow, const struct ls_box *box);

/* Is the box of the next piece part of one that is on? It is to be told of with that one. */
bool ls_slow_holds(const struct ls_slow *slow, const struct ls_box *box);

/* Take a piece. ret_boxes: those that have ended, borrowed until the next call. Returns how many.
 */
size_t ls_slow_piece(struct ls_slow *slow, const struct ls_slot_piece *piece,
                     const struct ls_slow_box **ret_boxes);

/* The stretch ends. */
size_t ls_slow_end(struct ls_slow *slow, const struct ls_slow_box **ret_boxes);

#endif
