#include "tests/hw/scratch.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void scratch_init(struct scratch *scratch) {
    const char *top = getenv("TMPDIR");
    snprintf(scratch->folder, sizeof scratch->folder, "%s/hw-test-XXXXXX",
             top == NULL || strlen(top) > 40 ? "/tmp" : top);
    cr_assert_not_null(mkdtemp(scratch->folder));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void scratch_finish(struct scratch *scratch) {
    nftw(scratch->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *scratch_path(struct scratch *scratch, const char *name) {
    snprintf(scratch->path, sizeof scratch->path, "%s/%s", scratch->folder, name);
    return scratch->path;
}

const char *scratch_write(struct scratch *scratch, const char *name, const void *bytes, size_t n) {
    FILE *file = fopen(scratch_path(scratch, name), "wb");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(bytes, 1, n, file), n);
    cr_assert_eq(fclose(file), 0);
    return scratch->path;
}

const char *scratch_text(struct scratch *scratch, const char *name, const char *text) {
    return scratch_write(scratch, name, text, strlen(text));
}

static void append(struct taken *taken, const struct ls_block *block) {
    size_t n = block->count * ls_format_bytes(block->tuning.format);
    taken->bytes = realloc(taken->bytes, taken->byte_count + n);
    taken->headers = realloc(taken->headers, (taken->blocks + 1) * sizeof *taken->headers);
    cr_assert(taken->bytes != NULL && taken->headers != NULL);
    memcpy(taken->bytes + taken->byte_count, block->samples, n);
    taken->headers[taken->blocks] = *block;
    taken->headers[taken->blocks].samples = NULL;
    taken->byte_count += n;
    taken->samples += block->count;
    taken->blocks++;
}

void taken_read(struct taken *ret, struct ls_source *source) {
    *ret = (struct taken){0};
    struct ls_block block;
    while ((ret->code = ls_source_read(source, &block, &ret->err)) == LS_OK) {
        append(ret, &block);
    }
}

void taken_finish(struct taken *taken) {
    free(taken->bytes);
    free(taken->headers);
    *taken = (struct taken){0};
}

void scratch_pattern(unsigned char *ret, size_t n) {
    for (size_t i = 0; i < n; i++) {
        uint32_t x = (uint32_t)i * 2654435761u; /* Knuth's multiplicative hash */
        ret[i] = (unsigned char)(x >> 24);
    }
}
