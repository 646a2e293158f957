/* simulate/render.h: a scene as a recording: SigMF with one annotation for each transmission that
 * the receiver could see, in constant memory. The bytes do not depend on how many jobs run at once.
 */
#ifndef SIMULATE_RENDER_H
#define SIMULATE_RENDER_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "simulate/scene.h"

struct ls_render_opts {
    const char *path; /* of the recording, with or without .sigmf-meta; required */
    size_t site;      /* index of the scenario's sensor sites */
    /* Runs job(context, 0..count-1), each once, in any order, and returns when all are done; NULL:
     * one after the other. Threads are the caller's: ls_crew_run of src/survey has this shape. */
    void (*run)(void *runner, void (*job)(void *context, size_t index), void *context,
                size_t count);
    void *runner;
    size_t lanes; /* most jobs at once, 512 KiB each; 0 means 1 */
    void (*progress)(void *context, double done_s, double total_s); /* NULL: none; called after
                                                                       each stretch of samples */
    void *progress_context;
    const atomic_int *stop; /* not NULL and *stop != 0: ends with LS_ERR_STOPPED, no files */
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
