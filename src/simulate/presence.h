/* simulate/presence.h: when and where an emitter is there at all: for good, on its own way, or on
 * board of a train; and within which hours. */
#ifndef SIMULATE_PRESENCE_H
#define SIMULATE_PRESENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "simulate/scene.h"
#include "simulate/train.h"

struct ls_presence_opts {
    const struct ls_scenario *scenario; /* borrowed, as are the others */
    const struct ls_scenario_emitter *emitter;
    const struct ls_passage *passages; /* of the train line of a ride */
    size_t passage_count;
    struct ls_place place; /* of a fixed unit */
};

struct ls_presence {
    struct ls_presence_opts opts;
    size_t next;           /* passage, or day */
    int64_t until_ns;      /* end of the scenario and of the window */
    int64_t busy_until_ns; /* end of the stay before: nobody is on two trains at a time */
};

/* One stay. */
struct ls_stay {
    int64_t from_ns;
    int64_t until_ns;
    uint32_t passage;
    size_t leg_count;
    struct ls_scene_leg legs[LS_SCENE_LEGS];
};

void ls_presence_init(struct ls_presence *presence, const struct ls_presence_opts *opts);

/* Stays rise and do not overlap. False at the end. */
bool ls_presence_next(struct ls_presence *presence, struct ls_stay *ret);

#endif
