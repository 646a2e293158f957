/* fuzz/scratch.h: a file in memory, for parsers that read files by path. */
#ifndef FUZZ_SCRATCH_H
#define FUZZ_SCRATCH_H

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SCRATCH_PATH_BYTES = 32 };

/* Makes a file that holds data and writes its path; the caller closes what is returned. */
static inline int scratch_file(const uint8_t *data, size_t size,
                               char ret_path[SCRATCH_PATH_BYTES]) {
    int file = memfd_create("fuzz", 0);
    assert(file >= 0);
    ssize_t written = write(file, data, size);
    assert(written == (ssize_t)size);
    snprintf(ret_path, SCRATCH_PATH_BYTES, "/proc/self/fd/%d", file);
    return file;
}

#endif
