/* simulate/pool.h: a few threads that do numbered jobs. The renderer owns its threads, unlike other
 * layers, as it runs without a survey. Private to src/simulate. */
#ifndef SIMULATE_POOL_H
#define SIMULATE_POOL_H

#include <stddef.h>

#include "base/err.h"

struct ls_pool;

/* threads: 1 or more; the caller's thread is one of them. LS_ERR_NOMEM; LS_ERR_IO when the system
 * gives no thread. The caller destroys *ret. */
int ls_pool_create(struct ls_pool **ret, size_t threads, struct ls_err *err);
void ls_pool_destroy(struct ls_pool *pool);

/* Calls job(context, 0..count-1), each once, in any order and on any thread; returns when all are
 * done. */
void ls_pool_run(struct ls_pool *pool, void (*job)(void *context, size_t index), void *context,
                 size_t count);

#endif
