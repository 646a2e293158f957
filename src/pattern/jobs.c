#include "pattern/jobs.h"

void ls_jobs_run(const struct ls_jobs *jobs, void (*job)(void *context, size_t index),
                 void *context, size_t count) {
    if (jobs->run != NULL && count > 1) {
        jobs->run(jobs->crew, job, context, count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        job(context, i);
    }
}
