/* pattern/jobs.h: numbered jobs that do not depend on each other, for whoever has threads. The
 * pattern engine has none of its own: it does them one after the other unless its caller lends it
 * some. What comes of them depends on neither. */
#ifndef PATTERN_JOBS_H
#define PATTERN_JOBS_H

#include <stddef.h>

/* All-zero: one after the other, by whoever asks. */
struct ls_jobs {
    /* Calls job(context, 0..count-1), each once, in any order and on any thread; returns when all
     * are done. */
    void (*run)(void *crew, void (*job)(void *context, size_t index), void *context, size_t count);
    void *crew;
};

void ls_jobs_run(const struct ls_jobs *jobs, void (*job)(void *context, size_t index),
                 void *context, size_t count);

#endif
