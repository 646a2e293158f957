#include "survey/crew.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct ls_crew {
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
static void work_off(struct ls_crew *crew) {
    while (crew->taken < crew->count) {
        size_t index = crew->taken++;
        pthread_mutex_unlock(&crew->lock);
        crew->job(crew->context, index);
        pthread_mutex_lock(&crew->lock);
        if (++crew->finished == crew->count) {
            pthread_cond_signal(&crew->done);
        }
    }
}

static void *worker(void *argument) {
    struct ls_crew *crew = argument;
    pthread_mutex_lock(&crew->lock);
    while (!crew->leaving) {
        work_off(crew);
        if (!crew->leaving) {
            pthread_cond_wait(&crew->work, &crew->lock);
        }
    }
    pthread_mutex_unlock(&crew->lock);
    return NULL;
}

int ls_crew_create(struct ls_crew **ret, size_t threads, struct ls_err *err) {
    struct ls_crew *crew = calloc(1, sizeof *crew);
    if (crew == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for threads");
    }
    pthread_mutex_init(&crew->lock, NULL);
    pthread_cond_init(&crew->work, NULL);
    pthread_cond_init(&crew->done, NULL);
    crew->threads = calloc(threads, sizeof *crew->threads);
    if (crew->threads == NULL) {
        ls_crew_destroy(crew);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for threads");
    }
    while (crew->thread_count + 1 < threads) {
        int e = pthread_create(&crew->threads[crew->thread_count], NULL, worker, crew);
        if (e != 0) {
            ls_crew_destroy(crew);
            return ls_err_set(err, LS_ERR_IO, "cannot start %zu threads: %s", threads, strerror(e));
        }
        crew->thread_count++;
    }
    *ret = crew;
    return LS_OK;
}

void ls_crew_destroy(struct ls_crew *crew) {
    if (crew == NULL) {
        return;
    }
    pthread_mutex_lock(&crew->lock);
    crew->leaving = true;
    pthread_cond_broadcast(&crew->work);
    pthread_mutex_unlock(&crew->lock);
    for (size_t i = 0; i < crew->thread_count; i++) {
        pthread_join(crew->threads[i], NULL);
    }
    pthread_cond_destroy(&crew->done);
    pthread_cond_destroy(&crew->work);
    pthread_mutex_destroy(&crew->lock);
    free(crew->threads);
    free(crew);
}

void ls_crew_run(void *argument, void (*job)(void *context, size_t index), void *context,
                 size_t count) {
    struct ls_crew *crew = argument;
    pthread_mutex_lock(&crew->lock);
    crew->job = job;
    crew->context = context;
    crew->count = count;
    crew->taken = 0;
    crew->finished = 0;
    pthread_cond_broadcast(&crew->work);
    work_off(crew);
    while (crew->finished < count) {
        pthread_cond_wait(&crew->done, &crew->lock);
    }
    crew->count = 0;
    crew->taken = 0;
    pthread_mutex_unlock(&crew->lock);
}
