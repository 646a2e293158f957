/* simulate/lines.h: a scene as log lines, without samples: what every sensor site would have
 * written, in order of time; and the truth beside it. */
#ifndef SIMULATE_LINES_H
#define SIMULATE_LINES_H

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "simulate/scene.h"

struct ls_lines_progress {
    double done_s; /* of the scenario */
    double total_s;
};

struct ls_lines_opts {
    FILE *lines; /* observation and transmission lines */
    FILE *truth; /* truth lines; NULL: none */
    void (*progress)(void *context, const struct ls_lines_progress *now); /* NULL: none */
    void *progress_context;
    const atomic_int *stop; /* when not NULL and not 0 the work ends with LS_ERR_STOPPED */
};

struct ls_lines_result {
    uint64_t emissions;    /* planned */
    uint64_t observations; /* lines, all sites */
    uint64_t rows;         /* transmission lines, all sites */
    double observed_s;     /* listening time of one site */
};

/* Uses up the scene. Memory grows with what is on the air at one time only. LS_ERR_IO,
 * LS_ERR_NOMEM, LS_ERR_STOPPED. */
int ls_lines_write(struct ls_scene *scene, const struct ls_lines_opts *opts,
                   struct ls_lines_result *ret, struct ls_err *err);

#endif
