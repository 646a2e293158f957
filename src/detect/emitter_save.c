/* The state of the emitter engine as bytes: a head, then its arrays as the machine holds them. */
#include <stdlib.h>
#include <string.h>

#include "detect/emitter_state.h"

enum { STATE_VERSION = 2 };
static const uint64_t state_magic = UINT64_C(0x74696d652d6c); /* "l-emit" */

struct head {
    uint64_t magic;
    uint64_t version;
    uint64_t slot_bytes;
    uint64_t max;
    int64_t count;
    int64_t last_ns;
    uint64_t sensor_count;
    uint64_t used;
    uint64_t vacant_count;
    uint64_t place_count;
    uint64_t hopper_count;
    uint64_t recent_count;
};

/* Each array of the state and how much of it is in use. */
struct part {
    void *at;
    size_t size;
};
enum { PARTS = 7 };

static void parts_of(struct ls_emitters *all, struct part ret[PARTS]) {
    ret[0] = (struct part){all->sensors, all->sensor_count * sizeof all->sensors[0]};
    ret[1] = (struct part){all->slots, all->used * sizeof *all->slots};
    ret[2] = (struct part){all->vacant, all->vacant_count * sizeof *all->vacant};
    ret[3] = (struct part){all->places, all->place_count * sizeof *all->places};
    ret[4] = (struct part){all->hoppers, all->hopper_count * sizeof *all->hoppers};
    ret[5] = (struct part){all->recent, sizeof all->recent};
    ret[6] = (struct part){all->families, sizeof all->families};
}

int ls_emitters_save(const struct ls_emitters *emitters, void **ret_bytes, size_t *ret_size,
                     struct ls_err *err) {
    /* The parts are read only here. */
    struct ls_emitters *all = (struct ls_emitters *)(uintptr_t)emitters;
    struct head head = {
        .magic = state_magic,
        .version = STATE_VERSION,
        .slot_bytes = sizeof *all->slots,
        .max = all->max,
        .count = all->count,
        .last_ns = all->last_ns,
        .sensor_count = all->sensor_count,
        .used = all->used,
        .vacant_count = all->vacant_count,
        .place_count = all->place_count,
        .hopper_count = all->hopper_count,
        .recent_count = all->recent_count,
    };
    struct part parts[PARTS];
    size_t size = sizeof head;
    parts_of(all, parts);
    for (size_t i = 0; i < PARTS; i++) {
        size += parts[i].size;
    }
    unsigned char *bytes = malloc(size);
    if (bytes == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for the state of emitters");
    }
    memcpy(bytes, &head, sizeof head);
    size_t at = sizeof head;
    for (size_t i = 0; i < PARTS; i++) {
        memcpy(bytes + at, parts[i].at, parts[i].size);
        at += parts[i].size;
    }
    *ret_bytes = bytes;
    *ret_size = size;
    return LS_OK;
}

static bool fits(const struct ls_emitters *all, const struct head *head) {
    return head->magic == state_magic && head->version == STATE_VERSION &&
           head->slot_bytes == sizeof *all->slots && head->max == all->max &&
           head->sensor_count <= LS_EMITTER_SENSORS && head->used <= all->max &&
           head->vacant_count <= head->used && head->place_count <= head->used &&
           head->hopper_count <= head->used;
}

/* Every slot that is named is one. */
static bool sound(const struct ls_emitters *all) {
    bool ok = true;
    for (size_t i = 0; i < all->vacant_count; i++) {
        ok = ok && all->vacant[i] < all->used;
    }
    for (size_t i = 0; i < all->place_count; i++) {
        ok = ok && all->places[i].slot < all->used;
    }
    for (size_t i = 0; i < all->hopper_count; i++) {
        ok = ok && all->hoppers[i] < all->used;
    }
    for (size_t i = 0; i < all->used; i++) {
        ok = ok && all->slots[i].sensor < all->sensor_count;
    }
    for (size_t i = 0; i < LS_EMITTER_RECENT && i < all->recent_count; i++) {
        ok = ok && all->recent[i] < all->used;
    }
    for (size_t i = 0; i < LS_EMITTER_FAMILIES; i++) {
        for (size_t k = 0; k < LS_BEAT_MAX && k < all->families[i].ring.count; k++) {
            ok = ok && all->families[i].slot[k] < all->used;
        }
    }
    return ok && all->vacant_count + all->place_count + all->hopper_count == all->used;
}

int ls_emitters_load(struct ls_emitters **ret, const struct ls_emitters_opts *opts,
                     const void *bytes, size_t size, struct ls_err *err) {
    static const char *const wrong = "the saved state of emitters is damaged";
    struct ls_emitters *all = NULL;
    struct head head;
    int code = ls_emitters_create(&all, opts, err);
    if (code != LS_OK) {
        return code;
    }
    if (size < sizeof head) {
        code = ls_err_set(err, LS_ERR_FORMAT, "%s", wrong);
        goto failed;
    }
    memcpy(&head, bytes, sizeof head);
    if (!fits(all, &head)) {
        code = ls_err_set(err, LS_ERR_FORMAT, "%s, or of another program", wrong);
        goto failed;
    }
    all->count = head.count;
    all->last_ns = head.last_ns;
    all->sensor_count = (uint32_t)head.sensor_count;
    all->used = (size_t)head.used;
    all->vacant_count = (size_t)head.vacant_count;
    all->place_count = (size_t)head.place_count;
    all->hopper_count = (size_t)head.hopper_count;
    all->recent_count = head.recent_count;
    struct part parts[PARTS];
    size_t at = sizeof head;
    parts_of(all, parts);
    for (size_t i = 0; i < PARTS && size - at >= parts[i].size; i++) {
        memcpy(parts[i].at, (const unsigned char *)bytes + at, parts[i].size);
        at += parts[i].size;
    }
    size_t whole = sizeof head;
    for (size_t i = 0; i < PARTS; i++) {
        whole += parts[i].size;
    }
    if (whole != size || !sound(all)) {
        code = ls_err_set(err, LS_ERR_FORMAT, "%s", wrong);
        goto failed;
    }
    *ret = all;
    return LS_OK;

failed:
    ls_emitters_destroy(all);
    return code;
}
