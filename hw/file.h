/* hw/file.h: opening recordings: regular files only, as they are read more than once, and at any
 * position. */
#ifndef HW_FILE_H
#define HW_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* Opens a regular file for reading. what names it in messages ("metadata", "recording"). Refuses
 * directories, pipes and devices without blocking on them. LS_ERR_NOTFOUND, LS_ERR_IO, LS_ERR_ARG,
 * LS_ERR_FORMAT (empty file). The caller closes *ret_fd. */
int ls_file_open(const char *path, const char *what, int *ret_fd, uint64_t *ret_bytes,
                 struct ls_err *err);

/* pread until n bytes are there, the file ends or an error (-1 and errno). Returns bytes read. */
ssize_t ls_file_pread(int fd, void *ret, size_t n, uint64_t offset);

/* path, or its last part when it is too long to leave room for the rest of a message. Points into
 * path. */
const char *ls_file_shown(const char *path);

/* What comes after the last slash. Points into path. */
const char *ls_file_base(const char *path);

#endif
