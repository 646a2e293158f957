/* tests/hw/scratch.h: files of a test in a folder of their own, and a source read to its end. */
#ifndef TESTS_HW_SCRATCH_H
#define TESTS_HW_SCRATCH_H

#include <stddef.h>
#include <stdint.h>

#include "hw/source.h"

struct scratch {
    char folder[64];
    char path[256]; /* of the last call */
};

/* A fresh folder below TMPDIR or /tmp; finish removes it with all that is in it. */
void scratch_init(struct scratch *scratch);
void scratch_finish(struct scratch *scratch);

/* folder/name; valid until the next call. */
const char *scratch_path(struct scratch *scratch, const char *name);

/* Writes n bytes; returns the path as scratch_path does. */
const char *scratch_write(struct scratch *scratch, const char *name, const void *bytes, size_t n);
const char *scratch_text(struct scratch *scratch, const char *name, const char *text);

/* What a source gave, block after block. */
struct taken {
    unsigned char *bytes;
    size_t byte_count;
    size_t samples;
    size_t blocks;
    struct ls_block *headers; /* [blocks], samples NULL */
    int code;                 /* LS_EOF or what went wrong */
    struct ls_err err;
};

void taken_read(struct taken *ret, struct ls_source *source);
void taken_finish(struct taken *taken);

/* n bytes that differ along the file, so a wrong offset shows. */
void scratch_pattern(unsigned char *ret, size_t n);

#endif
