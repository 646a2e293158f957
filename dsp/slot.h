/* dsp/slot.h: what a piece leaves in one time slot, channel by channel, for windows longer than it
 * (dsp/slow.h): the mean of its cells in units of a reference, at the gain that the channels tell,
 * with what strong boxes and their leaks claim taken out, and what weak ones hold put back. */
#ifndef DSP_SLOT_H
#define DSP_SLOT_H

#include <stdbool.h>
#include <stddef.h>

#include "dsp/box.h"
#include "dsp/looks.h"

struct ls_slot;

struct ls_slot_opts {
    size_t channels; /* in rising frequency */
    size_t first_channel;
    size_t last_channel;
    const struct ls_looks *looks; /* borrowed */
    size_t slot_rows;             /* rows of 2 frames in a slot */
    size_t part_rows;             /* a weak box as long as that may be a part of something longer */
    /* The channels in which boxes were found have been divided into so many each (dsp/quarters.h);
     * then sums are of all cells, claimed or not, and counts only say what was claimed. 0: 1. */
    size_t divided;
};

struct ls_slot_piece {
    const float *floor_pow; /* [channels]: what the sums are in units of */
    const float *sums;      /* [slots][channels] of free cells, noise mean 1 */
    const float *counts;    /* [slots][channels]: how many they are */
    size_t slots;           /* whole ones */
    const struct ls_box *boxes;
    size_t box_count;
    bool clipped; /* nothing is learned from it */
};

/* LS_ERR_NOMEM. The caller destroys *ret. */
int ls_slot_create(struct ls_slot **ret, const struct ls_slot_opts *opts);
void ls_slot_destroy(struct ls_slot *slot);

/* masked: [channels] that are never heard, or NULL. */
void ls_slot_mask(struct ls_slot *slot, const bool *masked);

/* The reference has moved or will before the next slot, and the gain that is told is to be
 * multiplied by factor from now on; mask sets it back. */
void ls_slot_move(struct ls_slot *slot, double factor);

/* A weak box that is as long as the shortest window, or cut by the piece's end, may be a part of
 * something longer, unless there is so much evidence for it that the piece would have shown the
 * rest. Where channels are divided, so may a short one: what is narrow shows in parts. */
bool ls_slot_is_part(const struct ls_slot *slot, const struct ls_box *box);

/* Slot index of the piece, whose slots come in order from 0. reference: [channels] power of a cell,
 * which moves within a piece only when that is said. ret_excess: [channels], mean - 1; 0 exactly
 * where nothing can be heard. */
void ls_slot_fill(struct ls_slot *slot, const struct ls_slot_piece *piece, size_t index,
                  const float *reference, float *ret_excess);

#endif
