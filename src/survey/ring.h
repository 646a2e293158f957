/* survey/ring.h: whole blocks of samples between the device thread and the search thread. All
 * memory is taken in create. One thread writes (claim, commit, close), one reads (next, release).
 */
#ifndef SURVEY_RING_H
#define SURVEY_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/tuning.h"
#include "survey/clock.h"
#include "survey/timeline.h"

struct ls_ring;
struct ls_settings; /* survey/settings.h */

/* What goes with a block: gaps first, then a new run if there is one, then samples. */
struct ls_ring_slot {
    struct ls_gap gaps[LS_TIMELINE_GAPS];
    size_t gap_count;
    struct ls_knot knots[2]; /* newest of the clock; knot_count 0 or 2 */
    size_t knot_count;
    bool new_run;       /* what follows belongs to another run */
    bool clock_restart; /* and event time begins anew */
    char reason[128];   /* of the new run, in words: note of the one that ends; "" when none */
    struct ls_settings *settings; /* of the new run, or NULL: as before; the reader drops them */
    struct ls_tuning tuning;
    int64_t t_ns;   /* event time of the first sample; without samples: where the gaps end */
    bool continues; /* sample by sample what came before */
    size_t count;   /* samples; may be 0 */
    unsigned char *samples; /* the slot's memory */
};

/* LS_ERR_NOMEM. The caller destroys *ret, when no thread uses it any more. */
int ls_ring_create(struct ls_ring **ret, size_t slots, size_t slot_bytes, struct ls_err *err);
void ls_ring_destroy(struct ls_ring *ring);

size_t ls_ring_slot_bytes(const struct ls_ring *ring);

/* Writer: a slot to fill, empty but for its memory, or NULL when none is free for wait_ns. Claimed
 * again before commit, it is the same slot. */
struct ls_ring_slot *ls_ring_claim(struct ls_ring *ring, int64_t wait_ns);
void ls_ring_commit(struct ls_ring *ring);
/* No more will come. */
void ls_ring_close(struct ls_ring *ring);

/* Reader: the oldest slot, or NULL when none came for wait_ns or, at once, when none will come. */
struct ls_ring_slot *ls_ring_next(struct ls_ring *ring, int64_t wait_ns);
void ls_ring_release(struct ls_ring *ring);

/* Any thread. */
bool ls_ring_ended(struct ls_ring *ring);   /* closed and empty */
double ls_ring_share(struct ls_ring *ring); /* 0..1 in use */

#endif
