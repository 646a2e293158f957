#include "simulate/pool.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct ls_pool {
    pthread_mutex_t lock;
    pthread_cond_t work; /* jobs were added, or it is time to leave */
    pthread_cond_t done; /* the last job of a run ended */
    void (*job)(void *context, size_t index);
    void *context;
    size_t count;
    size_t taken;
    size_t finished;
    bool leaving;
    pthread_t *threads;
    size_t thread_count;
};

/* Called and left with the lock held. */
static void work_off(struct ls_pool *pool) {
    while (pool->taken < pool->count) {
        size_t index = pool->taken++;
        pthread_mutex_unlock(&pool->lock);
        pool->job(pool->context, index);
        pthread_mutex_lock(&pool->lock);
        if (++pool->finished == pool->count) {
            pthread_cond_signal(&pool->done);
        }
    }
}

static void *worker(void *argument) {
    struct ls_pool *pool = argument;
    pthread_mutex_lock(&pool->lock);
    while (!pool->leaving) {
        work_off(pool);
        if (!pool->leaving) {
            pthread_cond_wait(&pool->work, &pool->lock);
        }
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

int ls_pool_create(struct ls_pool **ret, size_t threads, struct ls_err *err) {
    struct ls_pool *pool = calloc(1, sizeof *pool);
    if (pool == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for threads");
    }
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work, NULL);
    pthread_cond_init(&pool->done, NULL);
    pool->threads = calloc(threads, sizeof *pool->threads);
    if (pool->threads == NULL) {
        ls_pool_destroy(pool);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for threads");
    }
    while (pool->thread_count + 1 < threads) {
        int e = pthread_create(&pool->threads[pool->thread_count], NULL, worker, pool);
        if (e != 0) {
            ls_pool_destroy(pool);
            return ls_err_set(err, LS_ERR_IO, "cannot start %zu threads: %s", threads, strerror(e));
        }
        pool->thread_count++;
    }
    *ret = pool;
    return LS_OK;
}

void ls_pool_destroy(struct ls_pool *pool) {
    if (pool == NULL) {
        return;
    }
    pthread_mutex_lock(&pool->lock);
    pool->leaving = true;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->lock);
    for (size_t i = 0; i < pool->thread_count; i++) {
        pthread_join(pool->threads[i], NULL);
    }
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->lock);
    free(pool->threads);
    free(pool);
}

void ls_pool_run(struct ls_pool *pool, void (*job)(void *context, size_t index), void *context,
                 size_t count) {
    pthread_mutex_lock(&pool->lock);
    pool->job = job;
    pool->context = context;
    pool->count = count;
    pool->taken = 0;
    pool->finished = 0;
    pthread_cond_broadcast(&pool->work);
    work_off(pool);
    while (pool->finished < count) {
        pthread_cond_wait(&pool->done, &pool->lock);
    }
    pool->count = 0;
    pool->taken = 0;
    pthread_mutex_unlock(&pool->lock);
}
