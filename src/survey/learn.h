/* survey/learn.h: a floor learns from samples of a stretch. */
#ifndef SURVEY_LEARN_H
#define SURVEY_LEARN_H

#include <stdbool.h>
#include <stddef.h>

#include "dsp/channelizer.h"
#include "dsp/floor.h"
#include "survey/searcher.h"

enum { LS_LEARN_CHUNK_FRAMES = 32 }; /* a multiple of what the floor averages */

/* All borrowed. */
struct ls_learning {
    const struct ls_cut *cut;
    struct ls_channelizer *bank;
    struct ls_floor *floor;
    float *power;        /* [LS_LEARN_CHUNK_FRAMES][channels]: scratch */
    const void *samples; /* native; frame 0 begins with the first */
    size_t first;        /* frames to learn from */
    size_t count;
};

/* Learn from what is there and settle the floor. known: it holds from earlier stretches. */
void ls_learn(const struct ls_learning *learning, bool known);

#endif
