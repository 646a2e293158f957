#include "pattern/blob.h"

#include <stdlib.h>
#include <string.h>

int ls_blob_put(struct ls_blob *blob, const void *data, size_t size, struct ls_err *err) {
    if (size > blob->capacity - blob->size) {
        size_t capacity = blob->capacity == 0 ? 4096 : blob->capacity;
        while (capacity - blob->size < size) {
            capacity *= 2;
        }
        unsigned char *bytes = realloc(blob->bytes, capacity);
        if (bytes == NULL) {
            return ls_err_set(err, LS_ERR_NOMEM, "out of memory for %zu bytes of state", capacity);
        }
        blob->bytes = bytes;
        blob->capacity = capacity;
    }
    if (size > 0) {
        memcpy(blob->bytes + blob->size, data, size);
        blob->size += size;
    }
    return LS_OK;
}

int ls_blob_put_count(struct ls_blob *blob, uint64_t count, struct ls_err *err) {
    return ls_blob_put(blob, &count, sizeof count, err);
}

int ls_blob_get(struct ls_blob_reader *in, void *ret, size_t size, struct ls_err *err) {
    if (size > in->size - in->at) {
        return ls_err_set(err, LS_ERR_FORMAT, "saved state of the pattern engine is cut short");
    }
    if (size > 0) {
        memcpy(ret, in->bytes + in->at, size);
        in->at += size;
    }
    return LS_OK;
}

int ls_blob_get_count(struct ls_blob_reader *in, uint64_t max, uint64_t *ret, struct ls_err *err) {
    uint64_t count = 0;
    int rc = ls_blob_get(in, &count, sizeof count, err);
    if (rc == LS_OK && count > max) {
        rc = ls_err_set(err, LS_ERR_FORMAT, "saved state of the pattern engine is damaged");
    }
    if (rc == LS_OK) {
        *ret = count;
    }
    return rc;
}
