/* Jobs sit in a ring: [released, submitted) are under way, in order. A job waits until it is done;
 * threads take the oldest that nobody has taken. */
#include "survey/pool.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "survey/search.h"

enum { WAITING, DONE };

struct worker {
    struct ls_pool *pool;
    struct ls_searcher *searcher;
    pthread_t thread;
    bool started;
};

struct ls_pool {
    struct worker *workers;
    size_t threads;
    struct ls_job *jobs; /* [job_count] */
    size_t job_count;
    size_t submitted; /* counts of jobs since the beginning */
    size_t taken;     /* by workers */
    size_t released;  /* handed back to the caller */
    pthread_mutex_t lock;
    pthread_cond_t work; /* something was submitted, or stop */
    pthread_cond_t done; /* something was done */
    bool stop;
};

static struct ls_job *job_at(struct ls_pool *pool, size_t i) {
    return &pool->jobs[i % pool->job_count];
}

static void *work(void *context) {
    struct worker *worker = context;
    struct ls_pool *pool = worker->pool;
    pthread_mutex_lock(&pool->lock);
    while (!pool->stop) {
        if (pool->taken == pool->submitted) {
            pthread_cond_wait(&pool->work, &pool->lock);
            continue;
        }
        struct ls_job *job = job_at(pool, pool->taken++);
        pthread_mutex_unlock(&pool->lock);
        ls_searcher_run(worker->searcher, job);
        pthread_mutex_lock(&pool->lock);
        job->state = DONE;
        pthread_cond_signal(&pool->done);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static int start_workers(struct ls_pool *pool, const struct ls_cut *cut, struct ls_err *err) {
    struct ls_cut same = *cut;
    for (size_t i = 0; i < pool->threads; i++) {
        struct worker *worker = &pool->workers[i];
        worker->pool = pool;
        int code = ls_searcher_create(&worker->searcher, &same, err);
        if (code != LS_OK) {
            return code;
        }
        same.limits = ls_searcher_limits(worker->searcher);
        if (pool->threads > 1) {
            if (pthread_create(&worker->thread, NULL, work, worker) != 0) {
                return ls_err_set(err, LS_ERR_IO,
                                  "cannot start thread %zu of %zu: use fewer --threads", i + 1,
                                  pool->threads);
            }
            worker->started = true;
        }
    }
    return LS_OK;
}

int ls_pool_create(struct ls_pool **ret, const struct ls_cut *cut, size_t threads,
                   struct ls_err *err) {
    struct ls_pool *pool = calloc(1, sizeof *pool);
    if (pool == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for search threads");
    }
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work, NULL);
    pthread_cond_init(&pool->done, NULL);
    pool->threads = threads;
    /* All that may be under way: with fewer, threads wait for whoever takes pieces back. */
    pool->job_count = threads > 1 ? LS_FLOOR_LAG + 1 : 2;
    pool->workers = calloc(threads, sizeof *pool->workers);
    pool->jobs = calloc(pool->job_count, sizeof *pool->jobs);
    int code = pool->workers != NULL && pool->jobs != NULL ? LS_OK : LS_ERR_NOMEM;
    for (size_t i = 0; i < pool->job_count && code == LS_OK; i++) {
        code = ls_job_init(&pool->jobs[i], cut);
    }
    if (code != LS_OK) {
        ls_err_set(err, code, "out of memory for search threads");
    } else {
        code = start_workers(pool, cut, err);
    }
    if (code != LS_OK) {
        ls_pool_destroy(pool);
        return code;
    }
    *ret = pool;
    return LS_OK;
}

void ls_pool_destroy(struct ls_pool *pool) {
    if (pool == NULL) {
        return;
    }
    pthread_mutex_lock(&pool->lock);
    pool->stop = true;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->lock);
    for (size_t i = 0; i < pool->threads && pool->workers != NULL; i++) {
        if (pool->workers[i].started) {
            pthread_join(pool->workers[i].thread, NULL);
        }
        ls_searcher_destroy(pool->workers[i].searcher);
    }
    for (size_t i = 0; i < pool->job_count && pool->jobs != NULL; i++) {
        ls_job_finish(&pool->jobs[i]);
    }
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->lock);
    free(pool->workers);
    free(pool->jobs);
    free(pool);
}

const struct ls_limits *ls_pool_limits(const struct ls_pool *pool) {
    return ls_searcher_limits(pool->workers[0].searcher);
}

struct ls_job *ls_pool_free_job(struct ls_pool *pool) {
    return pool->submitted - pool->released < pool->job_count ? job_at(pool, pool->submitted)
                                                              : NULL;
}

void ls_pool_submit(struct ls_pool *pool) {
    struct ls_job *job = job_at(pool, pool->submitted);
    if (pool->threads == 1) {
        ls_searcher_run(pool->workers[0].searcher, job);
        job->state = DONE;
        pool->submitted++;
        return;
    }
    pthread_mutex_lock(&pool->lock);
    job->state = WAITING;
    pool->submitted++;
    pthread_cond_signal(&pool->work);
    pthread_mutex_unlock(&pool->lock);
}

bool ls_pool_ready(struct ls_pool *pool) {
    if (pool->released == pool->submitted) {
        return false;
    }
    pthread_mutex_lock(&pool->lock);
    bool done = job_at(pool, pool->released)->state == DONE;
    pthread_mutex_unlock(&pool->lock);
    return done;
}

struct ls_job *ls_pool_next_done(struct ls_pool *pool) {
    if (pool->released == pool->submitted) {
        return NULL;
    }
    struct ls_job *job = job_at(pool, pool->released);
    if (pool->threads > 1) {
        pthread_mutex_lock(&pool->lock);
        while (job->state != DONE) {
            pthread_cond_wait(&pool->done, &pool->lock);
        }
        pthread_mutex_unlock(&pool->lock);
    }
    pool->released++;
    return job;
}
