/* survey/pool.h: searchers on threads. Jobs come back in the order they were given, so results do
 * not depend on how many threads there are. With one thread jobs run where they are submitted. */
#ifndef SURVEY_POOL_H
#define SURVEY_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "survey/searcher.h"

struct ls_pool;

/* threads >= 1. The caller destroys *ret. LS_ERR_NOMEM, LS_ERR_IO: no thread could be started. */
int ls_pool_create(struct ls_pool **ret, const struct ls_cut *cut, size_t threads,
                   struct ls_err *err);
void ls_pool_destroy(struct ls_pool *pool);

/* What every searcher holds windows of a piece against; borrowed as long as the object. */
const struct ls_limits *ls_pool_limits(const struct ls_pool *pool);

/* A job to fill in, or NULL when all are under way. The pool owns it. */
struct ls_job *ls_pool_free_job(struct ls_pool *pool);

/* Run the job that ls_pool_free_job gave last. */
void ls_pool_submit(struct ls_pool *pool);

/* Is the oldest job under way done? False when none is under way. */
bool ls_pool_ready(struct ls_pool *pool);

/* The oldest job under way, done; NULL when none is. Its results hold until the next
 * ls_pool_free_job. */
struct ls_job *ls_pool_next_done(struct ls_pool *pool);

#endif
