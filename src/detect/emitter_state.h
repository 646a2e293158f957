/* detect/emitter_state.h: what the files of the emitter engine share: emitter.c puts rows to
 * emitters, emitter_clock.c splits and merges by clocks, emitter_save.c turns the state into bytes.
 * Not for others. */
#ifndef DETECT_EMITTER_STATE_H
#define DETECT_EMITTER_STATE_H

#include "detect/beat.h"
#include "detect/emitter.h"
#include "detect/likeness.h"

enum {
    LS_EMITTER_SENSORS = 256,
    LS_EMITTER_RECENT = 16,   /* emitters that sent last */
    LS_EMITTER_FAMILIES = 64, /* look-alikes on any channel */
};

/* A transmission as the ring of an emitter remembers it. */
struct ls_heard {
    struct ls_tie link;
    int64_t start_ns;
    int64_t duration_ns;
    double center_hz;
    double bandwidth_hz;
    double level_dbfs;
    double offset_hz;
    double period_s;
    double burst_s;
    uint32_t flags;
    char class_name[LS_CLASS_BYTES];
};

struct ls_heard_ring {
    uint64_t count; /* so far */
    struct ls_heard heard[LS_BEAT_MAX];
};

struct ls_emitter_slot {
    struct ls_emitter known; /* id 0: the slot is free */
    uint32_t sensor;
    double home_hz; /* where the index has it */
    struct ls_portrait portrait;
    double shares; /* of the frames that its transmissions under way fill */
    double score_sum;
    uint64_t score_count;
    struct ls_heard_ring ring; /* without repeats within half a second */
};

/* Transmissions that look alike on any channel. */
struct ls_emitter_family {
    uint32_t sensor;
    struct ls_heard_ring ring;  /* count 0: free */
    uint32_t slot[LS_BEAT_MAX]; /* the emitter of each */
    int64_t id[LS_BEAT_MAX];
};

/* Places by sensor, then frequency. */
struct ls_emitter_place {
    uint32_t sensor;
    uint32_t slot;
    double hz;
};

struct ls_emitters {
    struct ls_emitters_opts opts;
    size_t max;
    int64_t count; /* ids given out */
    int64_t last_ns;
    char sensors[LS_EMITTER_SENSORS][LS_SENSOR_BYTES];
    uint32_t sensor_count;
    struct ls_emitter_slot *slots; /* [max] */
    size_t used;                   /* slots that were ever used */
    uint32_t *vacant;              /* [max], a stack */
    size_t vacant_count;
    struct ls_emitter_place *places; /* [max], of all that do not hop */
    size_t place_count;
    uint32_t *hoppers; /* [max] */
    size_t hopper_count;
    uint32_t recent[LS_EMITTER_RECENT]; /* a ring */
    uint64_t recent_count;
    struct ls_emitter_family families[LS_EMITTER_FAMILIES];
};

/* The i-th of a ring, oldest first, i < ls_ring_size. */
size_t ls_ring_size(const struct ls_heard_ring *ring);
struct ls_heard *ls_ring_at(struct ls_heard_ring *ring, size_t i);
struct ls_heard *ls_ring_add(struct ls_heard_ring *ring, const struct ls_heard *heard);
struct ls_transmission ls_heard_row(const struct ls_heard *heard);

/* A new emitter in a slot of its own; what was silent for longest may give way, but not keep. */
int ls_emitters_begin(struct ls_emitters *all, uint32_t sensor, const struct ls_transmission *row,
                      uint32_t keep, uint32_t *ret_slot, struct ls_err *err);
/* What it has sent joins what is told of it. */
void ls_emitters_tell(struct ls_emitter_slot *slot, const struct ls_transmission *row,
                      double log_ratio, bool first);
/* Its place in the index follows it; an emitter that hops has none. */
void ls_emitters_settle(struct ls_emitters *all, uint32_t slot);
/* It is part of another: says so, and frees its slot. */
int ls_emitters_close(struct ls_emitters *all, uint32_t slot, int64_t part_of, struct ls_err *err);

/* First place at or above hz. */
size_t ls_emitters_position(const struct ls_emitters *all, uint32_t sensor, double hz);

/* Called after a row joined the ring of an emitter: its clock, splits and merges. */
int ls_emitters_examine(struct ls_emitters *all, uint32_t slot, struct ls_err *err);
/* Called with a row on a channel where its emitter is young: is it one that hops? */
int ls_emitters_examine_family(struct ls_emitters *all, uint32_t slot, const struct ls_heard *heard,
                               struct ls_err *err);

#endif
