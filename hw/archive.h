/* hw/archive.h: where the members of a SigMF archive are. A .sigmf archive is a plain tar, so its
 * samples are read in place by offset, without unpacking. */
#ifndef HW_ARCHIVE_H
#define HW_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { LS_ARCHIVE_MAX_MEMBERS = 4096 };

struct ls_archive_member {
    char name[256];      /* without folders */
    uint64_t first_byte; /* of its content, in the archive file */
    uint64_t bytes;      /* that are there */
    bool cut;            /* fewer than its header says */
};

struct ls_archive {
    struct ls_archive_member *members; /* regular files, in order */
    size_t member_count;
};

/* fd: the archive, open for reading and at its start; its position moves, it stays the caller's.
 * file_bytes: its length. path: for messages. Refuses compressed and damaged archives and sparse
 * members. LS_ERR_FORMAT, LS_ERR_NOMEM. The caller calls finish after success. */
int ls_archive_init(struct ls_archive *ret, int fd, uint64_t file_bytes, const char *path,
                    struct ls_err *err);
void ls_archive_finish(struct ls_archive *archive);

/* The first member of that name, or NULL. */
const struct ls_archive_member *ls_archive_find(const struct ls_archive *archive, const char *name);

#endif
