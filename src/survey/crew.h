/* survey/crew.h: a few threads that do numbered jobs, as the renderer of src/simulate asks for. */
#ifndef SURVEY_CREW_H
#define SURVEY_CREW_H

#include <stddef.h>

#include "base/err.h"

struct ls_crew;

/* threads: 1 or more; the caller's thread is one of them. LS_ERR_NOMEM; LS_ERR_IO when the system
 * gives no thread. The caller destroys *ret. */
int ls_crew_create(struct ls_crew **ret, size_t threads, struct ls_err *err);
void ls_crew_destroy(struct ls_crew *crew);

/* Calls job(context, 0..count-1), each once, in any order and on any thread; returns when all are
 * done. crew: a struct ls_crew; the shape is that of run in struct ls_render_opts. */
void ls_crew_run(void *crew, void (*job)(void *context, size_t index), void *context, size_t count);

#endif
