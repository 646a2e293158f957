/* Blocks lie whole in one buffer; a block that does not fit before its end goes to its start. So
 * the oldest block is always the next one in the buffer, and room is made by letting it go. */
#include "survey/iq_ring.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"

enum { ENTRIES = 16384 };

struct entry {
    struct ls_block block; /* samples: NULL */
    size_t offset;
    size_t bytes;
    int64_t stop_ns;
};

struct ls_iq_ring {
    unsigned char *data;
    size_t size;
    size_t head;     /* where the next block may go */
    uint64_t oldest; /* sequence numbers; entry n is entries[n % ENTRIES] */
    uint64_t next;
    pthread_mutex_t lock;
    unsigned char *scratch; /* of the copying thread */
    size_t scratch_bytes;
    struct entry entries[ENTRIES];
};

int ls_iq_ring_create(struct ls_iq_ring **ret, size_t bytes, struct ls_err *err) {
    struct ls_iq_ring *ring = calloc(1, sizeof *ring);
    if (ring == NULL || (ring->data = malloc(bytes)) == NULL) {
        free(ring);
        return ls_err_set(err, LS_ERR_NOMEM,
                          "no memory for %zu bytes of raw I/Q: make 'snippets.ring_bytes' smaller",
                          bytes);
    }
    ring->size = bytes;
    pthread_mutex_init(&ring->lock, NULL);
    *ret = ring;
    return LS_OK;
}

void ls_iq_ring_destroy(struct ls_iq_ring *ring) {
    if (ring == NULL) {
        return;
    }
    pthread_mutex_destroy(&ring->lock);
    free(ring->data);
    free(ring->scratch);
    free(ring);
}

static struct entry *entry_at(struct ls_iq_ring *ring, uint64_t n) {
    return &ring->entries[n % ENTRIES];
}

static bool in_the_way(struct ls_iq_ring *ring, size_t bytes) {
    const struct entry *oldest = entry_at(ring, ring->oldest);
    return ring->next - ring->oldest == ENTRIES ||
           (oldest->offset < ring->head + bytes && oldest->offset + oldest->bytes > ring->head);
}

static void make_room(struct ls_iq_ring *ring, size_t bytes) {
    if (ring->head + bytes > ring->size) {
        while (ring->oldest < ring->next && entry_at(ring, ring->oldest)->offset >= ring->head) {
            ring->oldest++;
        }
        ring->head = 0;
    }
    while (ring->oldest < ring->next && in_the_way(ring, bytes)) {
        ring->oldest++;
    }
}

void ls_iq_ring_push(struct ls_iq_ring *ring, const struct ls_block *block) {
    size_t bytes = block->count * ls_format_bytes(block->tuning.format);
    if (bytes > ring->size) {
        return;
    }
    pthread_mutex_lock(&ring->lock);
    make_room(ring, bytes);
    struct entry *entry = entry_at(ring, ring->next);
    *entry = (struct entry){.block = *block,
                            .offset = ring->head,
                            .bytes = bytes,
                            .stop_ns = block->t_ns +
                                       ls_time_of_samples(block->count, block->tuning.rate_sps)};
    entry->block.samples = NULL;
    memcpy(ring->data + ring->head, block->samples, bytes);
    ring->head += bytes;
    ring->next++;
    pthread_mutex_unlock(&ring->lock);
}

/* Copies entry n into the scratch memory. LS_ERR_NOTFOUND: it is gone. */
static int take(struct ls_iq_ring *ring, uint64_t n, struct entry *ret) {
    int code = LS_OK;
    pthread_mutex_lock(&ring->lock);
    if (n < ring->oldest) {
        code = LS_ERR_NOTFOUND;
    } else {
        *ret = *entry_at(ring, n);
        if (ret->bytes > ring->scratch_bytes) {
            free(ring->scratch);
            ring->scratch = malloc(ret->bytes);
            ring->scratch_bytes = ring->scratch == NULL ? 0 : ret->bytes;
        }
        code = ring->scratch == NULL ? LS_ERR_NOMEM : LS_OK;
    }
    if (code == LS_OK) {
        memcpy(ring->scratch, ring->data + ret->offset, ret->bytes);
        ret->block.samples = ring->scratch;
    }
    pthread_mutex_unlock(&ring->lock);
    return code;
}

/* Sample of the block at a time, within [0, count]. */
static size_t sample_at(const struct ls_block *block, int64_t t_ns) {
    double sample = (double)(t_ns - block->t_ns) * 1e-9 * block->tuning.rate_sps;
    return (size_t)fmin(fmax(round(sample), 0.0), (double)block->count);
}

static void cut(struct ls_block *block, int64_t from_ns, int64_t to_ns) {
    size_t first = sample_at(block, from_ns);
    size_t last = sample_at(block, to_ns);
    block->count = last > first ? last - first : 0;
    block->samples =
        (const unsigned char *)block->samples + first * ls_format_bytes(block->tuning.format);
    block->pos += first;
    block->t_ns += ls_time_of_samples(first, block->tuning.rate_sps);
}

/* The first entry that reaches past from_ns. */
static int find(struct ls_iq_ring *ring, int64_t from_ns, int64_t to_ns, uint64_t *ret,
                struct ls_err *err) {
    int code = LS_OK;
    pthread_mutex_lock(&ring->lock);
    bool empty = ring->oldest == ring->next;
    uint64_t n = ring->oldest;
    if (empty || entry_at(ring, ring->next - 1)->stop_ns < to_ns) {
        code = LS_EOF;
    } else if (entry_at(ring, n)->block.t_ns > from_ns) {
        code = ls_err_set(err, LS_ERR_NOTFOUND, "the samples are gone from memory");
    }
    while (code == LS_OK && n < ring->next && entry_at(ring, n)->stop_ns <= from_ns) {
        n++;
    }
    pthread_mutex_unlock(&ring->lock);
    *ret = n;
    return code;
}

int ls_iq_ring_copy(struct ls_iq_ring *ring, int64_t from_ns, int64_t to_ns,
                    int (*each)(void *context, const struct ls_block *block, struct ls_err *err),
                    void *context, struct ls_err *err) {
    uint64_t n;
    int code = find(ring, from_ns, to_ns, &n, err);
    bool more = code == LS_OK;
    for (; more && code == LS_OK; n++) {
        struct entry entry;
        code = take(ring, n, &entry);
        if (code != LS_OK) {
            return ls_err_set(err, code, "the samples are gone from memory");
        }
        more = entry.stop_ns < to_ns;
        cut(&entry.block, from_ns, to_ns);
        if (entry.block.count > 0) {
            code = each(context, &entry.block, err);
        }
    }
    return code;
}
