#include "survey/relay.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Blocks last while the reader does something else for a moment. */
enum { BLOCKS = 32, ITEMS = 512 };

struct item {
    bool observed; /* an observation, else a transmission */
    union {
        struct ls_observation observation;
        struct ls_transmission transmission;
    } row;
};

struct block {
    size_t count;
    struct item item[ITEMS];
};

/* A ring of blocks: the reader fills [filled % BLOCKS], the thread pushes [pushed % BLOCKS]. */
struct ls_relay {
    struct ls_pattern *engine;
    bool ahead;
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows, but not of a block that is being filled or pushed */
    pthread_cond_t moved; /* filled, pushed or leaving changed */
    size_t filled;
    size_t pushed;
    bool leaving;
    int code; /* the first that went wrong */
    struct ls_err err;
    struct block block[BLOCKS];
};

static int push_item(struct ls_pattern *engine, const struct item *item, struct ls_err *err) {
    return item->observed ? ls_pattern_observe(engine, &item->row.observation, err)
                          : ls_pattern_push(engine, &item->row.transmission, err);
}

static void *push_blocks(void *argument) {
    struct ls_relay *relay = argument;
    struct ls_err err = {.code = LS_OK};
    int code = LS_OK;
    pthread_mutex_lock(&relay->lock);
    while (!relay->leaving || relay->pushed < relay->filled) {
        if (relay->pushed == relay->filled) {
            pthread_cond_wait(&relay->moved, &relay->lock);
            continue;
        }
        const struct block *block = &relay->block[relay->pushed % BLOCKS];
        pthread_mutex_unlock(&relay->lock);
        for (size_t i = 0; code == LS_OK && i < block->count; i++) {
            code = push_item(relay->engine, &block->item[i], &err);
        }
        pthread_mutex_lock(&relay->lock);
        relay->code = code;
        relay->err = err;
        relay->pushed++;
        pthread_cond_broadcast(&relay->moved);
    }
    pthread_mutex_unlock(&relay->lock);
    return NULL;
}

int ls_relay_create(struct ls_relay **ret, struct ls_pattern *engine, bool ahead,
                    struct ls_err *err) {
    struct ls_relay *relay = calloc(1, sizeof *relay);
    if (relay == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for rows");
    }
    relay->engine = engine;
    pthread_mutex_init(&relay->lock, NULL);
    pthread_cond_init(&relay->moved, NULL);
    int failed = ahead ? pthread_create(&relay->thread, NULL, push_blocks, relay) : 0;
    relay->ahead = ahead && failed == 0;
    if (failed != 0) {
        ls_relay_destroy(relay);
        return ls_err_set(err, LS_ERR_IO, "cannot start a thread: %s", strerror(failed));
    }
    *ret = relay;
    return LS_OK;
}

/* Hands over the block that is being filled and waits until no more than so many are left. */
static int hand_over(struct ls_relay *relay, size_t left, struct ls_err *err) {
    pthread_mutex_lock(&relay->lock);
    relay->filled += relay->block[relay->filled % BLOCKS].count > 0;
    pthread_cond_broadcast(&relay->moved);
    while (relay->filled - relay->pushed > left) {
        pthread_cond_wait(&relay->moved, &relay->lock);
    }
    int code = relay->code;
    if (code != LS_OK) {
        ls_err_set(err, code, "%s", relay->err.text);
    }
    relay->block[relay->filled % BLOCKS].count = 0;
    pthread_mutex_unlock(&relay->lock);
    return code;
}

void ls_relay_destroy(struct ls_relay *relay) {
    if (relay == NULL) {
        return;
    }
    if (relay->ahead) {
        pthread_mutex_lock(&relay->lock);
        relay->leaving = true;
        pthread_cond_broadcast(&relay->moved);
        pthread_mutex_unlock(&relay->lock);
        pthread_join(relay->thread, NULL);
    }
    pthread_cond_destroy(&relay->moved);
    pthread_mutex_destroy(&relay->lock);
    free(relay);
}

static struct item *next_item(struct ls_relay *relay) {
    struct block *block = &relay->block[relay->filled % BLOCKS];
    return &block->item[block->count];
}

/* The next item was filled. */
static int hand(struct ls_relay *relay, struct ls_err *err) {
    struct block *block = &relay->block[relay->filled % BLOCKS];
    return ++block->count == ITEMS ? hand_over(relay, BLOCKS - 1, err) : LS_OK;
}

int ls_relay_observe(struct ls_relay *relay, const struct ls_observation *row, struct ls_err *err) {
    if (!relay->ahead) {
        return ls_pattern_observe(relay->engine, row, err);
    }
    struct item *item = next_item(relay);
    item->observed = true;
    item->row.observation = *row;
    return hand(relay, err);
}

int ls_relay_push(struct ls_relay *relay, const struct ls_transmission *row, struct ls_err *err) {
    if (!relay->ahead) {
        return ls_pattern_push(relay->engine, row, err);
    }
    struct item *item = next_item(relay);
    item->observed = false;
    ls_transmission_copy(&item->row.transmission, row);
    return hand(relay, err);
}

int ls_relay_drain(struct ls_relay *relay, struct ls_err *err) {
    return relay->ahead ? hand_over(relay, 0, err) : LS_OK;
}
