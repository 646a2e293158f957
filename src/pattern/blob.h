/* pattern/blob.h: a state as bytes: values one behind the other, as the machine holds them. */
#ifndef PATTERN_BLOB_H
#define PATTERN_BLOB_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct ls_blob { /* all-zero begins; free bytes when done */
    unsigned char *bytes;
    size_t size;
    size_t capacity;
};

/* Appends size bytes. LS_ERR_NOMEM. */
int ls_blob_put(struct ls_blob *blob, const void *data, size_t size, struct ls_err *err);
int ls_blob_put_count(struct ls_blob *blob, uint64_t count, struct ls_err *err);

struct ls_blob_reader {
    const unsigned char *bytes;
    size_t size;
    size_t at;
};

/* Takes size bytes. LS_ERR_FORMAT: there are fewer. */
int ls_blob_get(struct ls_blob_reader *in, void *ret, size_t size, struct ls_err *err);
/* LS_ERR_FORMAT: above max. */
int ls_blob_get_count(struct ls_blob_reader *in, uint64_t max, uint64_t *ret, struct ls_err *err);

#endif
