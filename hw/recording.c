/* The file is a list of captures, each a run of samples at a byte offset; a cursor (capture, sample
 * within it) walks over them. Each read is one pread of at most block_samples, clipped to the
 * capture, so memory does not depend on the length of the file. Samples at a position and the hash
 * are read by pread too: no file position is shared, so they may run beside the reading. The hash
 * is OpenSSL's, whose SHA-512 takes 0.6 of the time of libsodium's. */
#include "hw/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "hw/file.h"

enum { HASH_CHUNK_BYTES = 1 << 18, BUFFER_ALIGN = 64 };

struct ls_recording {
    struct ls_source base;
    struct ls_source_info info; /* strings and captures below */
    struct ls_capture *captures;
    uint64_t *offset_bytes;
    char *data_path;
    char *recorder;
    char *sha512;
    char *note;
    int fd;
    size_t capture; /* the cursor */
    uint64_t sample;
    size_t block_samples;
    void *buffer;
    bool positions_only;
};

static struct ls_recording *of(struct ls_source *source) { return (struct ls_recording *)source; }

static const struct ls_recording *of_const(const struct ls_source *source) {
    return (const struct ls_recording *)source;
}

static bool copy_texts(struct ls_recording *rec, const struct ls_recording_opts *opts) {
    rec->data_path = strdup(opts->data_path);
    rec->recorder = strdup(opts->recorder);
    rec->sha512 = strdup(opts->sha512);
    rec->note = strdup(opts->note);
    return rec->data_path != NULL && rec->recorder != NULL && rec->sha512 != NULL &&
           rec->note != NULL;
}

static size_t widest_sample(const struct ls_recording_opts *opts) {
    size_t widest = 0;
    for (size_t i = 0; i < opts->capture_count; i++) {
        size_t bytes = ls_format_bytes(opts->captures[i].tuning.format);
        widest = bytes > widest ? bytes : widest;
    }
    return widest;
}

static bool copy_arrays(struct ls_recording *rec, const struct ls_recording_opts *opts) {
    size_t n = opts->capture_count;
    rec->captures = calloc(n, sizeof *rec->captures);
    rec->offset_bytes = calloc(n, sizeof *rec->offset_bytes);
    size_t bytes = opts->block_samples * widest_sample(opts);
    bytes = (bytes + BUFFER_ALIGN - 1) / BUFFER_ALIGN * BUFFER_ALIGN;
    rec->buffer = aligned_alloc(BUFFER_ALIGN, bytes);
    if (rec->captures == NULL || rec->offset_bytes == NULL || rec->buffer == NULL) {
        return false;
    }
    memcpy(rec->captures, opts->captures, n * sizeof *rec->captures);
    memcpy(rec->offset_bytes, opts->offset_bytes, n * sizeof *rec->offset_bytes);
    return true;
}

static void fill_info(struct ls_recording *rec, const struct ls_recording_opts *opts) {
    uint64_t samples = 0;
    for (size_t i = 0; i < opts->capture_count; i++) {
        samples += opts->captures[i].samples;
    }
    rec->info = (struct ls_source_info){
        .kind = opts->kind->id,
        .data_path = rec->data_path,
        .captures = rec->captures,
        .capture_count = opts->capture_count,
        .samples = samples,
        .no_clock = opts->no_clock,
        .truncated = opts->truncated,
        .recorder = rec->recorder,
        .sha512 = rec->sha512,
        .note = rec->note,
    };
}

int ls_recording_create(struct ls_source **ret, const struct ls_recording_opts *opts,
                        struct ls_err *err) {
    struct ls_recording *rec = calloc(1, sizeof *rec);
    if (rec == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory opening '%s'",
                          ls_file_shown(opts->data_path));
    }
    rec->base.kind = opts->kind;
    rec->fd = -1;
    rec->block_samples = opts->block_samples;
    rec->positions_only = opts->positions_only;
    if (!copy_texts(rec, opts) || !copy_arrays(rec, opts)) {
        ls_recording_destroy(&rec->base);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory opening '%s'",
                          ls_file_shown(opts->data_path));
    }
    fill_info(rec, opts);
    rec->fd = opts->fd;
    posix_fadvise(rec->fd, 0, 0, POSIX_FADV_SEQUENTIAL); /* a hint: failure changes nothing */
    *ret = &rec->base;
    return LS_OK;
}

void ls_recording_destroy(struct ls_source *source) {
    if (source == NULL) {
        return;
    }
    struct ls_recording *rec = of(source);
    if (rec->fd >= 0) {
        close(rec->fd);
    }
    free(rec->captures);
    free(rec->offset_bytes);
    free(rec->buffer);
    free(rec->data_path);
    free(rec->recorder);
    free(rec->sha512);
    free(rec->note);
    free(rec);
}

const struct ls_source_info *ls_recording_info(const struct ls_source *source) {
    return &of_const(source)->info;
}

/* n samples of capture i from sample first on; all of them or an error. */
static int read_samples(const struct ls_recording *rec, size_t i, uint64_t first, size_t n,
                        void *ret, struct ls_err *err) {
    size_t bytes = n * ls_format_bytes(rec->captures[i].tuning.format);
    uint64_t offset =
        rec->offset_bytes[i] + first * ls_format_bytes(rec->captures[i].tuning.format);
    ssize_t got = ls_file_pread(rec->fd, ret, bytes, offset);
    if (got < 0) {
        return ls_err_set(err, LS_ERR_IO, "cannot read '%s' at byte %llu: %s",
                          ls_file_shown(rec->data_path), (unsigned long long)offset,
                          strerror(errno));
    }
    if ((size_t)got < bytes) {
        return ls_err_set(err, LS_ERR_IO,
                          "'%s' became shorter while it was read; wait until it is written",
                          ls_file_shown(rec->data_path));
    }
    return LS_OK;
}

static size_t clip(uint64_t left, size_t most) { return left < most ? (size_t)left : most; }

static uint32_t block_flags(const struct ls_recording *rec) {
    uint32_t flags = rec->info.no_clock ? LS_BLOCK_NO_CLOCK : 0;
    return rec->sample == 0 ? flags | LS_BLOCK_FIRST : flags;
}

int ls_recording_read(struct ls_source *source, struct ls_block *ret, struct ls_err *err) {
    struct ls_recording *rec = of(source);
    if (rec->capture == rec->info.capture_count) {
        return LS_EOF;
    }
    const struct ls_capture *capture = &rec->captures[rec->capture];
    size_t n = clip(capture->samples - rec->sample, rec->block_samples);
    int code = rec->positions_only
                   ? LS_OK
                   : read_samples(rec, rec->capture, rec->sample, n, rec->buffer, err);
    if (code != LS_OK) {
        return code;
    }
    *ret = (struct ls_block){
        .pos = capture->first_sample + rec->sample,
        .t_ns = capture->t_ns + ls_time_of_samples(rec->sample, capture->tuning.rate_sps),
        .flags = block_flags(rec),
        .tuning = capture->tuning,
        .count = n,
        .samples = rec->positions_only ? NULL : rec->buffer,
    };
    rec->sample += n;
    if (rec->sample == capture->samples) {
        rec->capture++;
        rec->sample = 0;
    }
    return LS_OK;
}

int ls_recording_read_at(const struct ls_source *source, uint64_t pos, size_t count, void *ret,
                         struct ls_err *err) {
    const struct ls_recording *rec = of_const(source);
    for (size_t i = 0; i < rec->info.capture_count; i++) {
        const struct ls_capture *capture = &rec->captures[i];
        if (pos >= capture->first_sample && pos - capture->first_sample < capture->samples &&
            count <= capture->samples - (pos - capture->first_sample)) {
            return read_samples(rec, i, pos - capture->first_sample, count, ret, err);
        }
    }
    return ls_err_set(err, LS_ERR_ARG, "samples %llu and on, %zu of them, are not one capture",
                      (unsigned long long)pos, count);
}

/* Lower-case hex of a digest. */
static void write_hex(const unsigned char *digest, size_t n, char *ret_hex) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        ret_hex[2 * i] = digits[digest[i] >> 4];
        ret_hex[2 * i + 1] = digits[digest[i] & 15];
    }
    ret_hex[2 * n] = '\0';
}

static int no_hash(const struct ls_recording *rec, struct ls_err *err) {
    return ls_err_set(err, LS_ERR_NOMEM, "cannot hash '%s': OpenSSL gives no SHA-512",
                      ls_file_shown(rec->data_path));
}

static int hash_capture(const struct ls_recording *rec, size_t i, const atomic_int *stop,
                        void *buffer, EVP_MD_CTX *state, struct ls_err *err) {
    size_t sample_bytes = ls_format_bytes(rec->captures[i].tuning.format);
    for (uint64_t first = 0; first < rec->captures[i].samples;) {
        if (stop != NULL && *stop != 0) {
            return ls_err_set(err, LS_ERR_STOPPED, "hashing of '%s' was interrupted",
                              ls_file_shown(rec->data_path));
        }
        size_t n = clip(rec->captures[i].samples - first, HASH_CHUNK_BYTES / sample_bytes);
        int code = read_samples(rec, i, first, n, buffer, err);
        if (code != LS_OK) {
            return code;
        }
        if (EVP_DigestUpdate(state, buffer, n * sample_bytes) != 1) {
            return no_hash(rec, err);
        }
        first += n;
    }
    return LS_OK;
}

int ls_recording_hash(const struct ls_source *source, const atomic_int *stop, char ret_hex[129],
                      struct ls_err *err) {
    const struct ls_recording *rec = of_const(source);
    void *buffer = malloc(HASH_CHUNK_BYTES);
    if (buffer == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory hashing '%s'",
                          ls_file_shown(rec->data_path));
    }
    EVP_MD_CTX *state = EVP_MD_CTX_new();
    bool begun = state != NULL && EVP_DigestInit_ex(state, EVP_sha512(), NULL) == 1;
    int code = begun ? LS_OK : no_hash(rec, err);
    for (size_t i = 0; i < rec->info.capture_count && code == LS_OK; i++) {
        code = hash_capture(rec, i, stop, buffer, state, err);
    }
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int bytes;
    if (code == LS_OK && EVP_DigestFinal_ex(state, digest, &bytes) != 1) {
        code = no_hash(rec, err);
    }
    if (code == LS_OK) {
        write_hex(digest, bytes, ret_hex);
    }
    EVP_MD_CTX_free(state);
    free(buffer);
    return code;
}
