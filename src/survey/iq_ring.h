/* survey/iq_ring.h: the last seconds of raw I/Q, in memory that is taken once: what a snippet is
 * cut from. One thread pushes, one other copies out. */
#ifndef SURVEY_IQ_RING_H
#define SURVEY_IQ_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/block.h"

struct ls_iq_ring;

/* LS_ERR_NOMEM. The caller destroys *ret. */
int ls_iq_ring_create(struct ls_iq_ring **ret, size_t bytes, struct ls_err *err);
void ls_iq_ring_destroy(struct ls_iq_ring *ring);

/* Copies the block; the oldest ones go. A block larger than the ring is left out. Waits for a
 * copy-out of one block at most. */
void ls_iq_ring_push(struct ls_iq_ring *ring, const struct ls_block *block);

/* Calls each with the blocks of [from_ns, to_ns), first and last cut to it, in order; they keep
 * their flags, pos is that of their first sample. LS_EOF: to_ns has not been pushed yet, nothing
 * was called. LS_ERR_NOTFOUND: from_ns is gone from the ring, before or during the walk. What each
 * returns ends the walk unless it is LS_OK. */
int ls_iq_ring_copy(struct ls_iq_ring *ring, int64_t from_ns, int64_t to_ns,
                    int (*each)(void *context, const struct ls_block *block, struct ls_err *err),
                    void *context, struct ls_err *err);

#endif
