#include <stdlib.h>

#include "base/util.h"
#include "pattern/regular_state.h"

static int save_slot(const struct ls_regular_slot *slot, struct ls_blob *blob, struct ls_err *err) {
    size_t head = offsetof(struct ls_regular_slot, best);
    int rc = ls_blob_put(blob, slot, head, err);
    rc = rc == LS_OK ? ls_blob_put_count(blob, slot->best.count, err) : rc;
    rc = rc == LS_OK
             ? ls_blob_put(blob, slot->best.heard, slot->best.count * sizeof(struct ls_heard), err)
             : rc;
    rc = rc == LS_OK ? ls_blob_put_count(blob, slot->now.count, err) : rc;
    return rc == LS_OK
               ? ls_blob_put(blob, slot->now.heard, slot->now.count * sizeof(struct ls_heard), err)
               : rc;
}

static int load_window(struct ls_regular_window *window, struct ls_blob_reader *in,
                       struct ls_err *err) {
    uint64_t count = 0;
    int rc = ls_blob_get_count(in, LS_WINDOW_EVENTS, &count, err);
    rc = rc == LS_OK ? ls_blob_get(in, window->heard, count * sizeof(struct ls_heard), err) : rc;
    window->count = rc == LS_OK ? (size_t)count : 0;
    return rc;
}

static int load_slot(struct ls_regular_slot **ret, struct ls_blob_reader *in, struct ls_err *err) {
    struct ls_regular_slot *slot = calloc(1, sizeof *slot);
    if (slot == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for an emitter");
    }
    int rc = ls_blob_get(in, slot, offsetof(struct ls_regular_slot, best), err);
    rc = rc == LS_OK ? load_window(&slot->best, in, err) : rc;
    rc = rc == LS_OK ? load_window(&slot->now, in, err) : rc;
    if (rc == LS_OK && slot->has_best && slot->best.count < LS_TRIAL_EVENTS_MIN) {
        rc = ls_err_set(err, LS_ERR_FORMAT, "saved state of the pattern engine is damaged");
    }
    if (rc != LS_OK) {
        free(slot);
        return rc;
    }
    *ret = slot;
    return LS_OK;
}

int ls_regular_save(const void *state, struct ls_blob *blob, struct ls_err *err) {
    const struct ls_regular *regular = state;
    int rc = ls_blob_put_count(blob, regular->over, err);
    rc = rc == LS_OK ? ls_blob_put_count(blob, regular->archive_count, err) : rc;
    for (size_t i = 0; rc == LS_OK && i < regular->archive_count; i++) {
        rc = save_slot(regular->archive[i], blob, err);
    }
    for (size_t i = 0; rc == LS_OK && i < regular->slot_count; i++) {
        if (regular->slots[i] != NULL) {
            rc = ls_blob_put_count(blob, i, err);
            rc = rc == LS_OK ? save_slot(regular->slots[i], blob, err) : rc;
        }
    }
    return rc == LS_OK ? ls_blob_put_count(blob, regular->slot_count, err) : rc;
}

int ls_regular_load(void *state, struct ls_blob_reader *in, struct ls_err *err) {
    struct ls_regular *regular = state;
    uint64_t archived = 0;
    int rc = ls_blob_get_count(in, UINT64_MAX, &regular->over, err);
    rc = rc == LS_OK ? ls_blob_get_count(in, LS_REGULAR_ARCHIVE_MAX, &archived, err) : rc;
    while (rc == LS_OK && regular->archive_count < archived) {
        if (ls_grow((void **)&regular->archive, &regular->archive_capacity, regular->archive_count,
                    sizeof(struct ls_regular_slot *)) != LS_OK) {
            return ls_err_set(err, LS_ERR_NOMEM, "out of memory for emitters that are over");
        }
        rc = load_slot(&regular->archive[regular->archive_count], in, err);
        regular->archive_count += rc == LS_OK ? 1 : 0;
    }
    while (rc == LS_OK) {
        uint64_t index = 0;
        rc = ls_blob_get_count(in, regular->slot_count, &index, err);
        if (rc != LS_OK || index == regular->slot_count) {
            break;
        }
        if (regular->slots[index] != NULL) {
            return ls_err_set(err, LS_ERR_FORMAT, "saved state of the pattern engine is damaged");
        }
        rc = load_slot(&regular->slots[index], in, err);
    }
    return rc;
}
