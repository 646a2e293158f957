/* The data file grows as NAME.sigmf-data.part; NAME.sigmf-meta is written when all is known. The
 * data are renamed first: metadata without data never appear. */
#include "simulate/sigmf_writer.h"

#include <errno.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "base/util.h"

enum { BUFFER_BYTES = 1 << 20 };

struct capture {
    uint64_t first_sample;
    uint64_t index;
    int64_t t_ns;
    double center_hz;
};

struct annotation {
    uint64_t first_sample;
    uint64_t samples;
    double low_hz;
    double high_hz;
    char *label;
    char *comment;
};

struct ls_sigmf_writer {
    struct ls_tuning tuning;
    char *name; /* without suffix */
    char *part; /* of the data file */
    char *description;
    char *hardware;
    char *recorder;
    FILE *data;
    bool finished;
    crypto_hash_sha512_state hash;
    uint64_t samples;
    struct capture *captures;
    size_t capture_count;
    size_t capture_capacity;
    struct annotation *annotations;
    size_t annotation_count;
    size_t annotation_capacity;
};

static char *join(const char *a, const char *b) {
    size_t size = strlen(a) + strlen(b) + 1;
    char *text = malloc(size);
    if (text != NULL) {
        snprintf(text, size, "%s%s", a, b);
    }
    return text;
}

static int no_memory(struct ls_err *err) {
    return ls_err_set(err, LS_ERR_NOMEM, "out of memory for a recording's metadata");
}

static int io_error(const char *path, const char *doing, struct ls_err *err) {
    int e = errno;
    return ls_err_set(err, ls_err_code_from_errno(e), "cannot %s '%s': %s", doing, path,
                      strerror(e));
}

static char *without_suffix(const char *path) {
    static const char *const suffixes[] = {".sigmf-meta", ".sigmf-data", ".sigmf"};
    size_t length = strlen(path);
    for (size_t i = 0; i < LS_COUNT(suffixes); i++) {
        size_t suffix = strlen(suffixes[i]);
        if (length > suffix && strcmp(&path[length - suffix], suffixes[i]) == 0) {
            return strndup(path, length - suffix);
        }
    }
    return strdup(path);
}

static const char *or_empty(const char *text) { return text == NULL ? "" : text; }

int ls_sigmf_writer_create(struct ls_sigmf_writer **ret, const struct ls_sigmf_writer_opts *opts,
                           struct ls_err *err) {
    if (opts->path == NULL || opts->path[0] == '\0' || !(opts->tuning.rate_sps > 0) ||
        ls_format_bytes(opts->tuning.format) == 0) {
        return ls_err_set(err, LS_ERR_ARG, "a recording needs a name, a rate and a sample format");
    }
    struct ls_sigmf_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL) {
        return no_memory(err);
    }
    writer->tuning = opts->tuning;
    writer->name = without_suffix(opts->path);
    writer->description = strdup(or_empty(opts->description));
    writer->hardware = strdup(or_empty(opts->hardware));
    writer->recorder = strdup(or_empty(opts->recorder));
    writer->part = writer->name == NULL ? NULL : join(writer->name, ".sigmf-data.part");
    int code = LS_OK;
    if (writer->part == NULL || writer->description == NULL || writer->hardware == NULL ||
        writer->recorder == NULL) {
        code = no_memory(err);
        goto fail;
    }
    crypto_hash_sha512_init(&writer->hash);
    writer->data = fopen(writer->part, "wb");
    if (writer->data == NULL) {
        code = io_error(writer->part, "create", err);
        goto fail;
    }
    setvbuf(writer->data, NULL, _IOFBF, BUFFER_BYTES);
    *ret = writer;
    return LS_OK;
fail:
    ls_sigmf_writer_destroy(writer);
    return code;
}

void ls_sigmf_writer_destroy(struct ls_sigmf_writer *writer) {
    if (writer == NULL) {
        return;
    }
    if (writer->data != NULL) {
        fclose(writer->data);
        if (!writer->finished && writer->part != NULL) {
            unlink(writer->part);
        }
    }
    for (size_t i = 0; i < writer->annotation_count; i++) {
        free(writer->annotations[i].label);
        free(writer->annotations[i].comment);
    }
    free(writer->annotations);
    free(writer->captures);
    free(writer->recorder);
    free(writer->hardware);
    free(writer->description);
    free(writer->part);
    free(writer->name);
    free(writer);
}

int ls_sigmf_writer_capture(struct ls_sigmf_writer *writer, uint64_t index, int64_t t_ns,
                            double center_hz, struct ls_err *err) {
    void *items = writer->captures;
    int code =
        ls_grow(&items, &writer->capture_capacity, writer->capture_count, sizeof *writer->captures);
    if (code != LS_OK) {
        return no_memory(err);
    }
    writer->captures = items;
    writer->captures[writer->capture_count++] =
        (struct capture){writer->samples, index, t_ns, center_hz};
    return LS_OK;
}

int ls_sigmf_writer_samples(struct ls_sigmf_writer *writer, const void *samples, size_t count,
                            struct ls_err *err) {
    size_t bytes = count * ls_format_bytes(writer->tuning.format);
    if (writer->capture_count == 0) {
        return ls_err_set(err, LS_ERR_ARG, "a recording's samples need a capture before them");
    }
    if (fwrite(samples, 1, bytes, writer->data) != bytes) {
        return io_error(writer->part, "write", err);
    }
    crypto_hash_sha512_update(&writer->hash, samples, bytes);
    writer->samples += count;
    return LS_OK;
}

int ls_sigmf_writer_annotate(struct ls_sigmf_writer *writer,
                             const struct ls_sigmf_annotation *annotation, struct ls_err *err) {
    void *items = writer->annotations;
    int code = ls_grow(&items, &writer->annotation_capacity, writer->annotation_count,
                       sizeof *writer->annotations);
    if (code != LS_OK) {
        return no_memory(err);
    }
    writer->annotations = items;
    struct annotation *own = &writer->annotations[writer->annotation_count++];
    *own = (struct annotation){.first_sample = annotation->first_sample,
                               .samples = annotation->samples,
                               .low_hz = annotation->low_hz,
                               .high_hz = annotation->high_hz,
                               .label = strdup(or_empty(annotation->label)),
                               .comment = strdup(or_empty(annotation->comment))};
    return own->label == NULL || own->comment == NULL ? no_memory(err) : LS_OK;
}

uint64_t ls_sigmf_writer_count(const struct ls_sigmf_writer *writer) { return writer->samples; }

/* The last byte of what was written is on disk. */
static int close_synced(FILE **file, const char *path, struct ls_err *err) {
    int failed = fflush(*file) != 0 || fsync(fileno(*file)) != 0;
    int code = failed ? io_error(path, "write", err) : LS_OK;
    if (fclose(*file) != 0 && code == LS_OK) {
        code = io_error(path, "write", err);
    }
    *file = NULL;
    return code;
}

static json_t *global_part(struct ls_sigmf_writer *writer) {
    unsigned char digest[crypto_hash_sha512_BYTES];
    char hex[2 * crypto_hash_sha512_BYTES + 1];
    crypto_hash_sha512_final(&writer->hash, digest);
    sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
    json_t *global = json_pack("{s:s, s:s, s:f, s:s}", "core:version", "1.0.0", "core:datatype",
                               ls_format_name(writer->tuning.format), "core:sample_rate",
                               writer->tuning.rate_sps, "core:sha512", hex);
    if (global != NULL && writer->description[0] != '\0') {
        json_object_set_new(global, "core:description", json_string(writer->description));
    }
    if (global != NULL && writer->hardware[0] != '\0') {
        json_object_set_new(global, "core:hw", json_string(writer->hardware));
    }
    if (global != NULL && writer->recorder[0] != '\0') {
        json_object_set_new(global, "core:recorder", json_string(writer->recorder));
    }
    return global;
}

static json_t *captures_part(const struct ls_sigmf_writer *writer) {
    json_t *list = json_array();
    for (size_t i = 0; i < writer->capture_count; i++) {
        const struct capture *capture = &writer->captures[i];
        char time[LS_TIME_TEXT_BYTES];
        ls_time_format(capture->t_ns, time);
        json_array_append_new(list,
                              json_pack("{s:I, s:I, s:f, s:s}", "core:sample_start",
                                        (json_int_t)capture->first_sample, "core:global_index",
                                        (json_int_t)capture->index, "core:frequency",
                                        capture->center_hz, "core:datetime", time));
    }
    return list;
}

static int by_sample(const void *a, const void *b) {
    const struct annotation *x = a;
    const struct annotation *y = b;
    if (x->first_sample != y->first_sample) {
        return x->first_sample < y->first_sample ? -1 : 1;
    }
    if (x->low_hz != y->low_hz) {
        return x->low_hz < y->low_hz ? -1 : 1;
    }
    if (x->samples != y->samples) {
        return x->samples < y->samples ? -1 : 1;
    }
    return strcmp(x->comment, y->comment);
}

static json_t *annotations_part(struct ls_sigmf_writer *writer) {
    if (writer->annotation_count > 0) {
        qsort(writer->annotations, writer->annotation_count, sizeof *writer->annotations,
              by_sample);
    }
    json_t *list = json_array();
    for (size_t i = 0; i < writer->annotation_count; i++) {
        const struct annotation *annotation = &writer->annotations[i];
        json_t *entry =
            json_pack("{s:I, s:I, s:f, s:f, s:s}", "core:sample_start",
                      (json_int_t)annotation->first_sample, "core:sample_count",
                      (json_int_t)annotation->samples, "core:freq_lower_edge", annotation->low_hz,
                      "core:freq_upper_edge", annotation->high_hz, "core:label", annotation->label);
        if (entry != NULL && annotation->comment[0] != '\0') {
            json_object_set_new(entry, "core:comment", json_string(annotation->comment));
        }
        json_array_append_new(list, entry);
    }
    return list;
}

static int write_metadata(struct ls_sigmf_writer *writer, const char *path, struct ls_err *err) {
    json_t *root = json_pack("{s:o?, s:o?, s:o?}", "global", global_part(writer), "captures",
                             captures_part(writer), "annotations", annotations_part(writer));
    FILE *file = root == NULL ? NULL : fopen(path, "wb");
    int code = LS_OK;
    if (root == NULL) {
        code = no_memory(err);
    } else if (file == NULL) {
        code = io_error(path, "create", err);
    } else if (json_dumpf(root, file, JSON_INDENT(1) | JSON_REAL_PRECISION(17)) != 0 ||
               fputc('\n', file) == EOF) {
        code = io_error(path, "write", err);
    }
    if (file != NULL && code == LS_OK) {
        code = close_synced(&file, path, err);
    }
    if (file != NULL) {
        fclose(file);
    }
    json_decref(root);
    return code;
}

static int give_name(const char *from, const char *to, struct ls_err *err) {
    return rename(from, to) == 0 ? LS_OK : io_error(to, "create", err);
}

int ls_sigmf_writer_finish(struct ls_sigmf_writer *writer, struct ls_err *err) {
    LS_AUTO(char) data = join(writer->name, ".sigmf-data");
    LS_AUTO(char) meta = join(writer->name, ".sigmf-meta");
    LS_AUTO(char) meta_part = join(writer->name, ".sigmf-meta.part");
    if (data == NULL || meta == NULL || meta_part == NULL) {
        return no_memory(err);
    }
    int code = close_synced(&writer->data, writer->part, err);
    if (code == LS_OK) {
        code = write_metadata(writer, meta_part, err);
    }
    if (code == LS_OK) {
        code = give_name(writer->part, data, err);
    }
    if (code == LS_OK) {
        code = give_name(meta_part, meta, err);
    }
    if (code != LS_OK) {
        unlink(writer->part);
        unlink(meta_part);
    }
    writer->finished = true;
    return code;
}
