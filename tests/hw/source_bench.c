/* Samples a second of CPU time that a source hands out, plain, hashed, and hashed in a pass of its
 * own, from a file in the page cache. The survey decides with these where hashing goes. */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "hw/source.h"

enum { FILE_BYTES = 128 << 20, CHUNK_BYTES = 1 << 20 };

static double cpu_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void fill(int fd) {
    uint32_t *chunk = malloc(CHUNK_BYTES);
    assert(chunk != NULL);
    uint32_t state = 1;
    for (size_t done = 0; done < FILE_BYTES; done += CHUNK_BYTES) {
        for (size_t i = 0; i < CHUNK_BYTES / sizeof *chunk; i++) {
            state = state * 1664525u + 1013904223u; /* Numerical Recipes, ranqd1 */
            chunk[i] = state;
        }
        ssize_t written = write(fd, chunk, CHUNK_BYTES);
        assert(written == CHUNK_BYTES);
    }
    free(chunk);
}

static double rate_msps(const char *path, enum ls_format format, bool hash_pass) {
    struct ls_source_opts opts = {.path = path, .format = format, .rate_sps = 20e6};
    struct ls_source *source;
    struct ls_err err;
    struct ls_block block;
    char hash[129];
    int code = ls_source_open(&source, &opts, &err);
    assert(code == LS_OK);
    double samples = (double)ls_source_info(source)->samples;
    double start_s = cpu_s();
    if (hash_pass) {
        code = ls_source_hash(source, NULL, hash, &err);
        assert(code == LS_OK);
    } else {
        while ((code = ls_source_read(source, &block, &err)) == LS_OK) {
        }
        assert(code == LS_EOF);
    }
    double elapsed_s = cpu_s() - start_s;
    ls_source_destroy(source);
    return samples / elapsed_s * 1e-6;
}

int main(void) {
    static const enum ls_format formats[] = {LS_FORMAT_CU8, LS_FORMAT_CI16_LE, LS_FORMAT_CF32_LE};
    char path[] = "/tmp/source-bench-XXXXXX";
    int fd = mkstemp(path);
    assert(fd >= 0);
    fill(fd);
    printf("%-8s %10s %10s  MS/s\n", "format", "blocks", "SHA-512");
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        printf("%-8s %10.0f %10.0f\n", ls_format_name(formats[i]),
               rate_msps(path, formats[i], false), rate_msps(path, formats[i], true));
    }
    close(fd);
    unlink(path);
    return 0;
}
