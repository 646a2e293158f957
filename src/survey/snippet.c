#include "survey/snippet.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"
#include "base/util.h"

struct writer {
    const struct ls_snippet_opts *opts;
    char base[LS_SNIPPET_PATH_BYTES - 16]; /* path without its ending */
    char data[LS_SNIPPET_PATH_BYTES];
    int fd;
    crypto_hash_sha512_state hash;
    json_t *captures;
    struct ls_tuning tuning;
    int64_t next_ns; /* where the block before ended */
    int64_t start_ns;
    uint64_t samples;
    uint64_t bytes;
};

static int failed(const char *path, struct ls_err *err) {
    int e = errno;
    return ls_err_set(err, ls_err_code_from_errno(e), "cannot keep raw I/Q in '%.300s': %s", path,
                      strerror(e));
}

/* --- samples --- */

static int add_capture(struct writer *writer, const struct ls_block *block) {
    char time[LS_TIME_TEXT_BYTES];
    ls_time_format(block->t_ns, time);
    json_t *capture =
        json_pack("{s:I, s:f, s:s, s:I}", "core:sample_start", (json_int_t)writer->samples,
                  "core:frequency", block->tuning.center_hz, "core:datetime", time,
                  "core:global_index", (json_int_t)block->pos);
    return json_array_append_new(writer->captures, capture) == 0 ? LS_OK : LS_ERR_NOMEM;
}

static int write_all(int fd, const void *data, size_t bytes) {
    const char *at = data;
    while (bytes > 0) {
        ssize_t n = write(fd, at, bytes);
        if (n < 0 && errno != EINTR) {
            return LS_ERR_IO;
        }
        at += n > 0 ? n : 0;
        bytes -= n > 0 ? (size_t)n : 0;
    }
    return LS_OK;
}

/* A recording has one rate and format: what comes with another ends it. */
static int take_block(void *context, const struct ls_block *block, struct ls_err *err) {
    struct writer *writer = context;
    size_t bytes = block->count * ls_format_bytes(block->tuning.format);
    bool first = writer->samples == 0;
    if (!first && (block->tuning.rate_sps != writer->tuning.rate_sps ||
                   block->tuning.format != writer->tuning.format)) {
        return LS_EOF;
    }
    if (writer->bytes + bytes > writer->opts->room_bytes) {
        return ls_err_set(err, LS_ERR_FULL, "the quota of 'snippets.quota_bytes' is used up");
    }
    bool gap = (block->flags & (LS_BLOCK_FIRST | LS_BLOCK_GAP)) != 0 ||
               block->tuning.center_hz != writer->tuning.center_hz;
    if (first) {
        writer->start_ns = block->t_ns;
    }
    writer->tuning = block->tuning;
    if ((first || gap) && add_capture(writer, block) != LS_OK) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    if (write_all(writer->fd, block->samples, bytes) != LS_OK) {
        return failed(writer->data, err);
    }
    crypto_hash_sha512_update(&writer->hash, block->samples, bytes);
    writer->samples += block->count;
    writer->bytes += bytes;
    writer->next_ns = block->t_ns + ls_time_of_samples(block->count, block->tuning.rate_sps);
    return LS_OK;
}

/* --- metadata --- */

static json_t *annotation(const struct writer *writer) {
    const struct ls_transmission *row = writer->opts->transmission;
    double rate = writer->tuning.rate_sps;
    double start = (double)(row->start_ns - writer->start_ns) * 1e-9 * rate;
    double count = (double)row->duration_ns * 1e-9 * rate;
    start = start < 0.0 ? 0.0 : start;
    count = start + count > (double)writer->samples ? (double)writer->samples - start : count;
    json_t *object = json_pack("{s:I, s:I, s:f, s:f, s:s}", "core:sample_start", (json_int_t)start,
                               "core:sample_count", (json_int_t)(count < 0.0 ? 0.0 : count),
                               "core:freq_lower_edge", row->center_hz - row->bandwidth_hz / 2.0,
                               "core:freq_upper_edge", row->center_hz + row->bandwidth_hz / 2.0,
                               "core:generator", "lineside " LS_VERSION);
    if (object != NULL && row->class_name[0] != '\0') {
        json_object_set_new(object, "core:label", json_string(row->class_name));
    }
    return object;
}

static json_t *metadata(const struct writer *writer, const char *sha512) {
    const struct ls_snippet_opts *opts = writer->opts;
    char expires[LS_TIME_TEXT_BYTES];
    ls_time_format(opts->expires_ns, expires);
    json_t *marks = annotation(writer);
    return json_pack(
        "{s:{s:s, s:s, s:f, s:s, s:s, s:s, s:[{s:s, s:s, s:b}], s:s, s:s, s:s, s:I}, s:O, s:[o]}",
        "global", "core:version", "1.0.0", "core:datatype", ls_format_name(writer->tuning.format),
        "core:sample_rate", writer->tuning.rate_sps, "core:sha512", sha512, "core:recorder",
        "lineside " LS_VERSION, "core:description",
        "raw I/Q around one transmission, kept for the case that lineside:case_id names; delete it "
        "by lineside:expires",
        "core:extensions", "name", "lineside", "version", "1.0.0", "optional", 1,
        "lineside:case_id", opts->case_id, "lineside:expires", expires, "lineside:sensor",
        opts->sensor, "lineside:transmission", (json_int_t)opts->transmission->id, "captures",
        writer->captures, "annotations", marks);
}

static int write_meta(struct writer *writer, const char *path, const char *sha512,
                      struct ls_err *err) {
    json_t *object = metadata(writer, sha512);
    LS_AUTO(char)
    text = object == NULL ? NULL : json_dumps(object, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
    json_decref(object);
    if (text == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return failed(path, err);
    }
    int code =
        write_all(fd, text, strlen(text)) == LS_OK && fsync(fd) == 0 ? LS_OK : failed(path, err);
    close(fd);
    writer->bytes += strlen(text);
    return code;
}

/* --- the recording --- */

/* "km-12.4_20261120T080000Z_17" in the folder: the row's id makes it one of a kind. */
static int name_files(struct writer *writer, struct ls_err *err) {
    const struct ls_snippet_opts *opts = writer->opts;
    char time[LS_TIME_TEXT_BYTES];
    char sensor[LS_SENSOR_BYTES];
    char plain[LS_TIME_TEXT_BYTES];
    size_t n = 0;
    ls_time_format(opts->from_ns, time);
    for (const char *c = time; *c != '.' && *c != '\0'; c++) {
        if (isalnum((unsigned char)*c)) {
            plain[n++] = *c;
        }
    }
    plain[n] = '\0';
    ls_copy_text(sensor, sizeof sensor, opts->sensor);
    for (char *c = sensor; *c != '\0'; c++) {
        *c = isalnum((unsigned char)*c) || *c == '-' || (*c == '.' && c != sensor) ? *c : '-';
    }
    if (mkdir(opts->folder, 0700) != 0 && errno != EEXIST) {
        return failed(opts->folder, err);
    }
    int length = snprintf(writer->base, sizeof writer->base, "%s/%s_%sZ_%lld", opts->folder, sensor,
                          plain, (long long)opts->transmission->id);
    if (length < 0 || (size_t)length >= sizeof writer->base) {
        return ls_err_set(err, LS_ERR_ARG, "'snippets.folder' is too long");
    }
    snprintf(writer->data, sizeof writer->data, "%s.sigmf-data", writer->base);
    return LS_OK;
}

static int write_data(struct writer *writer, struct ls_iq_ring *ring, struct ls_err *err) {
    writer->fd = open(writer->data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (writer->fd < 0) {
        return failed(writer->data, err);
    }
    int code =
        ls_iq_ring_copy(ring, writer->opts->from_ns, writer->opts->to_ns, take_block, writer, err);
    if (code == LS_EOF && writer->samples > 0) { /* ended by another rate */
        code = LS_OK;
    }
    if (code == LS_OK && writer->samples == 0) {
        code = ls_err_set(err, LS_ERR_NOTFOUND, "the receiver was not listening then");
    }
    if (code == LS_OK && fsync(writer->fd) != 0) {
        code = failed(writer->data, err);
    }
    close(writer->fd);
    return code;
}

static void fill(const struct writer *writer, const char *meta, const char *sha512,
                 struct ls_snippet *ret) {
    *ret = (struct ls_snippet){.bytes = writer->bytes,
                               .start_ns = writer->start_ns,
                               .duration_ns = writer->next_ns - writer->start_ns,
                               .center_hz = writer->tuning.center_hz,
                               .rate_sps = writer->tuning.rate_sps};
    ls_copy_text(ret->path, sizeof ret->path, meta);
    ls_copy_text(ret->sha512, sizeof ret->sha512, sha512);
}

int ls_snippet_write(struct ls_iq_ring *ring, const struct ls_snippet_opts *opts,
                     struct ls_snippet *ret, struct ls_err *err) {
    struct writer writer = {.opts = opts};
    char meta[LS_SNIPPET_PATH_BYTES];
    char sha512[129];
    unsigned char digest[crypto_hash_sha512_BYTES];
    int code = name_files(&writer, err);
    if (code != LS_OK) {
        return code;
    }
    writer.captures = json_array();
    crypto_hash_sha512_init(&writer.hash);
    code = writer.captures == NULL ? ls_err_set(err, LS_ERR_NOMEM, "out of memory")
                                   : write_data(&writer, ring, err);
    if (code == LS_OK) {
        crypto_hash_sha512_final(&writer.hash, digest);
        sodium_bin2hex(sha512, sizeof sha512, digest, sizeof digest);
        snprintf(meta, sizeof meta, "%s.sigmf-meta", writer.base);
        code = write_meta(&writer, meta, sha512, err);
        if (code == LS_OK) {
            fill(&writer, meta, sha512, ret);
        } else {
            unlink(meta);
        }
    }
    if (code != LS_OK) {
        unlink(writer.data);
    }
    json_decref(writer.captures);
    return code;
}

bool ls_snippet_is(const char *path) {
    json_t *meta = json_load_file(path, 0, NULL);
    const json_t *global = json_object_get(meta, "global");
    bool is = json_is_string(json_object_get(global, "lineside:case_id")) &&
              json_is_string(json_object_get(global, "lineside:expires"));
    json_decref(meta);
    return is;
}

int ls_snippet_delete(const char *path) {
    static const char meta[] = ".sigmf-meta";
    char data[LS_SNIPPET_PATH_BYTES];
    size_t n = strlen(path);
    if (n < sizeof meta || n >= sizeof data || strcmp(path + n - (sizeof meta - 1), meta) != 0) {
        return LS_ERR_ARG;
    }
    snprintf(data, sizeof data, "%.*s.sigmf-data", (int)(n - (sizeof meta - 1)), path);
    /* The path is out of a database, which may be somebody else's. The samples went first, so that
     * without the metadata there is nothing left of a snippet. */
    if (access(path, F_OK) != 0 ? access(data, F_OK) == 0 : !ls_snippet_is(path)) {
        return LS_ERR_ARG;
    }
    bool gone = (unlink(data) == 0 || errno == ENOENT) && (unlink(path) == 0 || errno == ENOENT);
    return gone ? LS_OK : LS_ERR_IO;
}
