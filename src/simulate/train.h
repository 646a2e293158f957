/* simulate/train.h: trains by timetable and what travels in them. */
#ifndef SIMULATE_TRAIN_H
#define SIMULATE_TRAIN_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "simulate/scene.h"

/* One train on its way through. */
struct ls_passage {
    int64_t enter_ns; /* its middle is at -range_m (up) or range_m (down) */
    int64_t leave_ns;
    double speed_mps; /* along x: negative goes down */
    uint32_t number;  /* in the order of the timetable, over all days */
    uint32_t set;     /* train set */
};

/* Every passage that overlaps the scenario, in order of enter_ns. 40 bytes a train: a year of a
 * busy line is 3 MB. The caller frees *ret. LS_ERR_NOMEM. */
int ls_train_passages(const struct ls_scenario *scenario, const struct ls_scenario_train *train,
                      uint64_t seed, struct ls_passage **ret, size_t *ret_count,
                      struct ls_err *err);

/* The way of a body at offset (x in the direction of travel, from the middle of the train). */
void ls_train_leg(const struct ls_scenario_train *train, const struct ls_passage *passage,
                  const struct ls_place *offset, struct ls_scene_leg *ret);

/* Numbers of the emitters of a line in the scene. Band b has its calls at bands + 2 b, its location
 * updates behind. */
struct ls_train_emitters {
    size_t cab;
    size_t gateway;
    size_t bands;
};

struct ls_train_run;

struct ls_train_run_opts {
    const struct ls_scenario *scenario; /* borrowed */
    size_t train;
    uint64_t seed;
    struct ls_train_emitters emitters;
    const struct ls_passage *passages; /* borrowed */
    size_t passage_count;
};

/* Cab radio, gateway and phones of one line as a stream of emissions in order of start.
 * LS_ERR_NOMEM. The caller destroys *ret. */
int ls_train_run_create(struct ls_train_run **ret, const struct ls_train_run_opts *opts,
                        struct ls_err *err);
void ls_train_run_destroy(struct ls_train_run *run);

/* LS_OK, LS_EOF, LS_ERR_NOMEM. Writes all but the id. */
int ls_train_run_next(struct ls_train_run *run, struct ls_emission *ret, struct ls_err *err);

#endif
