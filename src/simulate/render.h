/* simulate/render.h: a scene as a recording: SigMF with one annotation for each transmission that
 * the receiver could see, in constant memory. The bytes do not depend on the number of threads. */
#ifndef SIMULATE_RENDER_H
#define SIMULATE_RENDER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "simulate/scene.h"

struct ls_render_opts {
    const char *path; /* of the recording, with or without .sigmf-meta; required */
    size_t site;      /* index of the scenario's sensor sites */
    size_t threads;   /* 0: one per processor, at most 16 */
    void (*progress)(void *context, double done_s, double total_s); /* NULL: none; called after
                                                                       each stretch of samples */
    void *progress_context;
    const volatile int *stop; /* not NULL and *stop != 0: ends with LS_ERR_STOPPED, no files */
};

struct ls_render_result {
    uint64_t samples;          /* in the recording */
    uint64_t clipped;          /* components cut at full scale */
    uint64_t emissions;        /* planned by the scene */
    uint64_t emissions_seen;   /* of them, those that reach into the recording */
    size_t captures;           /* contiguous stretches */
    size_t emissions_together; /* most at once */
};

/* Runs the scene to its end: both streams of it (emissions, exposures) are used up. Losses and
 * retuning end a capture; the next one has its own time. LS_ERR_ARG (the sensor's settings),
 * LS_ERR_NOMEM, LS_ERR_IO and its kin, LS_ERR_STOPPED; on failure there are no files. */
int ls_render(struct ls_scene *scene, const struct ls_render_opts *opts,
              struct ls_render_result *ret, struct ls_err *err);

#endif
