/* simulate/unit.h: one radio of a scenario's emitter as a stream of emissions: where it is present,
 * when its script transmits, on which channel, with what power and offset. */
#ifndef SIMULATE_UNIT_H
#define SIMULATE_UNIT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "simulate/scene.h"
#include "simulate/train.h"

/* What all units of a scene share; borrowed. */
struct ls_unit_world {
    const struct ls_scenario *scenario;
    uint64_t seed;
    struct ls_passage *const *passages; /* [train] */
    const size_t *passage_counts;
};

struct ls_unit;

/* LS_ERR_NOMEM. The caller destroys *ret. */
int ls_unit_create(struct ls_unit **ret, const struct ls_unit_world *world, size_t emitter,
                   uint32_t unit, struct ls_err *err);
void ls_unit_destroy(struct ls_unit *unit);

/* The next emission in order of start; false at the end. Writes all but the id. */
bool ls_unit_next(struct ls_unit *unit, struct ls_emission *ret);

#endif
