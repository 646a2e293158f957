#include "survey/ring.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/time.h"

struct ls_ring {
    struct ls_ring_slot *slots;
    size_t count;
    size_t slot_bytes;
    size_t written; /* since the beginning */
    size_t read;
    bool claimed; /* by the writer: not cleared again */
    bool closed;
    pthread_mutex_t lock;
    pthread_cond_t filled;
    pthread_cond_t freed;
};

static void init_cond(pthread_cond_t *cond) {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attributes);
    pthread_condattr_destroy(&attributes);
}

int ls_ring_create(struct ls_ring **ret, size_t slots, size_t slot_bytes, struct ls_err *err) {
    struct ls_ring *ring = calloc(1, sizeof *ring);
    if (ring == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for a ring of samples");
    }
    pthread_mutex_init(&ring->lock, NULL);
    init_cond(&ring->filled);
    init_cond(&ring->freed);
    ring->count = slots;
    ring->slot_bytes = slot_bytes;
    ring->slots = calloc(slots, sizeof *ring->slots);
    bool whole = ring->slots != NULL;
    for (size_t i = 0; i < slots && whole; i++) {
        ring->slots[i].samples = malloc(slot_bytes);
        whole = ring->slots[i].samples != NULL;
        if (whole) {
            memset(ring->slots[i].samples, 0, slot_bytes); /* taken now, not while it listens */
        }
    }
    if (!whole) {
        ls_ring_destroy(ring);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for a ring of %zu blocks of %zu bytes",
                          slots, slot_bytes);
    }
    *ret = ring;
    return LS_OK;
}

void ls_ring_destroy(struct ls_ring *ring) {
    if (ring == NULL) {
        return;
    }
    for (size_t i = 0; i < ring->count && ring->slots != NULL; i++) {
        free(ring->slots[i].samples);
    }
    free(ring->slots);
    pthread_cond_destroy(&ring->filled);
    pthread_cond_destroy(&ring->freed);
    pthread_mutex_destroy(&ring->lock);
    free(ring);
}

size_t ls_ring_slot_bytes(const struct ls_ring *ring) { return ring->slot_bytes; }

/* Waits for cond until the time is over. False: it is. */
static bool wait_until(struct ls_ring *ring, pthread_cond_t *cond, int64_t until_ns) {
    struct timespec t = {.tv_sec = until_ns / LS_NS_PER_S, .tv_nsec = until_ns % LS_NS_PER_S};
    return pthread_cond_timedwait(cond, &ring->lock, &t) == 0;
}

static void clear_slot(struct ls_ring_slot *slot) {
    unsigned char *samples = slot->samples;
    memset(slot, 0, sizeof *slot);
    slot->samples = samples;
}

struct ls_ring_slot *ls_ring_claim(struct ls_ring *ring, int64_t wait_ns) {
    int64_t until_ns = wait_ns > 0 ? ls_time_steady() + wait_ns : 0;
    pthread_mutex_lock(&ring->lock);
    while (ring->written - ring->read == ring->count && wait_ns > 0 &&
           wait_until(ring, &ring->freed, until_ns)) {
    }
    bool free_slot = ring->written - ring->read < ring->count;
    pthread_mutex_unlock(&ring->lock);
    if (!free_slot) {
        return NULL;
    }
    struct ls_ring_slot *slot = &ring->slots[ring->written % ring->count];
    if (!ring->claimed) {
        clear_slot(slot);
        ring->claimed = true;
    }
    return slot;
}

void ls_ring_commit(struct ls_ring *ring) {
    pthread_mutex_lock(&ring->lock);
    ring->written++;
    ring->claimed = false;
    pthread_cond_signal(&ring->filled);
    pthread_mutex_unlock(&ring->lock);
}

void ls_ring_close(struct ls_ring *ring) {
    pthread_mutex_lock(&ring->lock);
    ring->closed = true;
    pthread_cond_signal(&ring->filled);
    pthread_mutex_unlock(&ring->lock);
}

struct ls_ring_slot *ls_ring_next(struct ls_ring *ring, int64_t wait_ns) {
    int64_t until_ns = ls_time_steady() + wait_ns;
    pthread_mutex_lock(&ring->lock);
    while (ring->written == ring->read && !ring->closed &&
           wait_until(ring, &ring->filled, until_ns)) {
    }
    bool any = ring->written != ring->read;
    pthread_mutex_unlock(&ring->lock);
    return any ? &ring->slots[ring->read % ring->count] : NULL;
}

void ls_ring_release(struct ls_ring *ring) {
    pthread_mutex_lock(&ring->lock);
    ring->read++;
    pthread_cond_signal(&ring->freed);
    pthread_mutex_unlock(&ring->lock);
}

bool ls_ring_ended(struct ls_ring *ring) {
    pthread_mutex_lock(&ring->lock);
    bool ended = ring->closed && ring->written == ring->read;
    pthread_mutex_unlock(&ring->lock);
    return ended;
}

double ls_ring_share(struct ls_ring *ring) {
    pthread_mutex_lock(&ring->lock);
    double share = (double)(ring->written - ring->read) / (double)ring->count;
    pthread_mutex_unlock(&ring->lock);
    return share;
}
