#include "survey/import.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "base/time.h"
#include "base/util.h"
#include "hw/sigmf_meta.h"
#include "model/csv_log.h"
#include "survey/annotations.h"
#include "survey/import_rows.h"

enum {
    READ_BYTES = 1 << 16,
    STOP_POLL_MS = 500,
};

static const int64_t progress_ns = LS_NS_PER_S / 5;

/* What a log turns out to be: by its name, else by its first line. */
enum log_form { FORM_UNKNOWN, FORM_LINES, FORM_CSV, FORM_SIGMF };

struct import {
    struct ls_store *store;
    const struct ls_import_opts *opts;
    struct ls_import_result *result;
    struct ls_import_rows rows;
    size_t line_number;
    enum log_form form;
    struct ls_csv_log *csv; /* FORM_CSV, behind its heading */

    int fd;
    uint64_t bytes_done;
    uint64_t bytes_total;
    int64_t started_ns; /* steady clock */
    int64_t reported_ns;
    crypto_hash_sha512_state hash;

    char *line; /* [LS_LINE_MAX_BYTES + 1]: a line that goes over the end is refused */
    size_t line_length;
    bool line_too_long;

    char *document; /* FORM_SIGMF: the whole of it */
    size_t document_length;
    size_t document_capacity;
};

/* --- lines --- */

static bool blank(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (strchr(" \t\r\n", text[i]) == NULL || text[i] == '\0') {
            return false;
        }
    }
    return true;
}

/* The first line with anything on it: a heading of columns, unless it is an object or, in a log
 * that was cut, the end of one. */
static int begin_form(struct import *im, const char *text, size_t length, struct ls_err *err) {
    bool object = memchr(text, '{', length) != NULL || memchr(text, '}', length) != NULL;
    im->form = object || memchr(text, ',', length) == NULL ? FORM_LINES : FORM_CSV;
    return im->form == FORM_CSV ? ls_csv_log_create(&im->csv, text, length, &im->opts->line, err)
                                : LS_OK;
}

static int parse_line(struct import *im, const char *text, size_t length, struct ls_line *ret,
                      struct ls_err *why) {
    return im->form == FORM_CSV ? ls_csv_log_parse(im->csv, text, length, ret, why)
                                : ls_line_parse(text, length, &im->opts->line, ret, why);
}

static int use_line(struct import *im, const char *text, size_t length, struct ls_err *err) {
    if (im->form == FORM_UNKNOWN) {
        int code = begin_form(im, text, length, err);
        if (code != LS_OK || im->form == FORM_CSV) {
            return code;
        }
    }
    im->result->lines++;
    struct ls_line line;
    struct ls_err why = {0};
    if (parse_line(im, text, length, &line, &why) != LS_OK) {
        ls_import_rows_refuse(&im->rows, why.text, im->line_number);
        return LS_OK;
    }
    return ls_import_rows_take(&im->rows, &line, im->line_number, err);
}

static int end_line(struct import *im, struct ls_err *err) {
    static const char mark[] = "\xef\xbb\xbf"; /* some editors begin UTF-8 with it */
    const char *text = im->line;
    size_t length = im->line_length;
    bool too_long = im->line_too_long;
    im->line_length = 0;
    im->line_too_long = false;
    im->line_number++;
    if (im->line_number == 1 && length >= 3 && memcmp(text, mark, 3) == 0) {
        text += 3;
        length -= 3;
    }
    if (!too_long && blank(text, length)) {
        return LS_OK;
    }
    /* One byte over the limit, so that the parser says what is wrong with a line that is cut. */
    return use_line(im, text, too_long ? LS_LINE_MAX_BYTES + 1 : length, err);
}

/* --- SigMF metadata --- */

static int gather(struct import *im, const char *bytes, size_t n, struct ls_err *err) {
    if (im->document_length + n > LS_SIGMF_META_MAX_BYTES) {
        return ls_err_set(err, LS_ERR_FORMAT, "is longer than %d bytes",
                          (int)LS_SIGMF_META_MAX_BYTES);
    }
    while (im->document_length + n > im->document_capacity) {
        void *document = im->document;
        if (ls_grow(&document, &im->document_capacity, im->document_capacity, 1) != LS_OK) {
            return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
        }
        im->document = document;
    }
    memcpy(im->document + im->document_length, bytes, n);
    im->document_length += n;
    return LS_OK;
}

static int take_annotation(void *context, const struct ls_line *line, size_t number,
                           const char *why, struct ls_err *err) {
    struct import *im = context;
    im->result->lines++;
    if (line == NULL) {
        ls_import_rows_refuse(&im->rows, why, number);
        return LS_OK;
    }
    struct ls_line row = *line;
    return ls_import_rows_take(&im->rows, &row, number, err);
}

/* --- the file --- */

static int take_bytes(struct import *im, const char *bytes, size_t n, struct ls_err *err) {
    int code = LS_OK;
    while (n > 0 && code == LS_OK) {
        const char *end = memchr(bytes, '\n', n);
        size_t part = end == NULL ? n : (size_t)(end - bytes);
        size_t room = LS_LINE_MAX_BYTES + 1 - im->line_length;
        size_t kept = part < room ? part : room;
        memcpy(im->line + im->line_length, bytes, kept);
        im->line_length += kept;
        im->line_too_long = im->line_too_long || kept < part;
        if (end != NULL) {
            code = end_line(im, err);
            part++;
        }
        bytes += part;
        n -= part;
    }
    return code;
}

static void report_progress(struct import *im) {
    int64_t now = ls_time_steady();
    if (im->opts->progress == NULL || now < im->reported_ns + progress_ns) {
        return;
    }
    im->reported_ns = now;
    struct ls_import_progress progress = {.bytes_done = im->bytes_done,
                                          .bytes_total = im->bytes_total,
                                          .lines = im->result->lines,
                                          .elapsed_s = (double)(now - im->started_ns) / 1e9};
    im->opts->progress(im->opts->progress_context, &progress);
}

/* A pipe or a terminal may be silent for long: what waits for it hears a stop, as poll is not begun
 * again after a signal. The time-out is for a stop that comes just before it. */
static int wait_for_bytes(const struct import *im, struct ls_err *err) {
    struct pollfd in = {.fd = im->fd, .events = POLLIN};
    do {
        if (im->opts->stop != NULL && *im->opts->stop != 0) {
            return ls_err_set(err, LS_ERR_STOPPED, "stopped: nothing was stored");
        }
    } while (poll(&in, 1, STOP_POLL_MS) <= 0);
    return LS_OK;
}

static int read_log(struct import *im, struct ls_err *err) {
    char bytes[READ_BYTES];
    int code = LS_OK;
    while (code == LS_OK) {
        code = wait_for_bytes(im, err);
        if (code != LS_OK) {
            return code;
        }
        ssize_t n = read(im->fd, bytes, sizeof bytes);
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
            continue;
        }
        if (n < 0) {
            return ls_err_set(err, ls_err_code_from_errno(errno), "%s", strerror(errno));
        }
        if (n == 0) {
            break;
        }
        crypto_hash_sha512_update(&im->hash, (const unsigned char *)bytes, (size_t)n);
        im->bytes_done += (uint64_t)n;
        code = im->form == FORM_SIGMF ? gather(im, bytes, (size_t)n, err)
                                      : take_bytes(im, bytes, (size_t)n, err);
        report_progress(im);
    }
    if (code == LS_OK && im->form == FORM_SIGMF) {
        return ls_annotations_each(im->document, im->document_length, take_annotation, im, err);
    }
    if (code == LS_OK && (im->line_length > 0 || im->line_too_long)) {
        code = end_line(im, err);
    }
    return code;
}

/* --- the run --- */

/* Every option that can change rows. */
static int describe_options(const struct import *im, struct ls_run *run, struct ls_err *err) {
    const struct ls_line_opts *line = &im->opts->line;
    json_t *json = json_pack("{s:b,s:s}", "assume_utc", line->has_zone && line->zone_s == 0,
                             "sensor", im->rows.sensor);
    if (json != NULL && line->has_zone && line->zone_s != 0) {
        json_object_set_new(json, "zone_s", json_integer(line->zone_s));
    }
    if (json != NULL && line->center_hz > 0.0) {
        json_object_set_new(json, "center_hz", json_real(line->center_hz));
    }
    char *text = json == NULL ? NULL : json_dumps(json, JSON_SORT_KEYS | JSON_COMPACT);
    json_decref(json);
    if (text == NULL) {
        return ls_err_set(err, LS_ERR_ARG, "sensor name is not UTF-8 text");
    }
    ls_copy_text(run->options, sizeof run->options, text);
    free(text);
    return LS_OK;
}

static int describe_run(const struct import *im, struct ls_run *run, struct ls_err *err) {
    ls_copy_text(run->sensor, sizeof run->sensor, im->rows.sensor);
    ls_copy_text(run->verb, sizeof run->verb, "import");
    ls_copy_text(run->label, sizeof run->label, im->opts->label == NULL ? "" : im->opts->label);
    ls_copy_text(run->version, sizeof run->version, LS_VERSION);
    ls_copy_text(run->input, sizeof run->input, im->opts->path);
    ls_text_mend(run->input);
    run->started_ns = ls_time_now();
    return describe_options(im, run, err);
}

static void finish_hash(struct import *im, char ret_hex[LS_SHA512_HEX_BYTES]) {
    unsigned char digest[crypto_hash_sha512_BYTES];
    crypto_hash_sha512_final(&im->hash, digest);
    sodium_bin2hex(ret_hex, LS_SHA512_HEX_BYTES, digest, sizeof digest);
}

static int finish_run(struct import *im, struct ls_err *err) {
    struct ls_run *run = &im->result->run;
    int code = ls_import_rows_conclude(&im->rows, err);
    if (code != LS_OK) {
        return code;
    }
    if (im->opts->sensor == NULL) {
        ls_copy_text(run->sensor, sizeof run->sensor, im->rows.extents[0].sensor);
    }
    im->result->columns_left_out = im->csv == NULL ? 0 : ls_csv_log_left_out(im->csv);
    finish_hash(im, run->input_sha512);
    return ls_store_finish_run(im->store, run, err);
}

static bool has_suffix(const char *text, const char *suffix) {
    size_t n = strlen(text);
    size_t m = strlen(suffix);
    return n >= m && strcmp(text + n - m, suffix) == 0;
}

static int import_open(struct import *im, struct ls_err *err) {
    bool from_stdin = strcmp(im->opts->path, "-") == 0;
    /* Opening a pipe does not wait for its writer: reading does. */
    int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
    im->fd = from_stdin ? STDIN_FILENO : open(im->opts->path, flags);
    struct stat s;
    if (im->fd < 0 || fstat(im->fd, &s) != 0) {
        return ls_err_set(err, ls_err_code_from_errno(errno), "%s", strerror(errno));
    }
    if (S_ISDIR(s.st_mode)) {
        return ls_err_set(err, LS_ERR_ARG, "is a folder: name its files");
    }
    im->bytes_total = S_ISREG(s.st_mode) ? (uint64_t)s.st_size : 0;
    im->line = malloc(LS_LINE_MAX_BYTES + 1);
    if (im->line == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    crypto_hash_sha512_init(&im->hash);
    im->form = has_suffix(im->opts->path, ".sigmf-meta") ? FORM_SIGMF : FORM_UNKNOWN;
    int code = ls_import_rows_init(&im->rows, im->store, im->result,
                                   im->opts->sensor != NULL ? im->opts->sensor : "import", err);
    im->rows.label_given = im->opts->label != NULL;
    return code;
}

static void import_close(struct import *im) {
    if (im->fd > STDIN_FILENO) {
        close(im->fd);
    }
    free(im->line);
    free(im->document);
    ls_csv_log_destroy(im->csv);
    ls_import_rows_finish(&im->rows);
}

static int import_rows(struct import *im, struct ls_err *err) {
    struct ls_run *run = &im->result->run;
    int64_t first_id;
    int code = describe_run(im, run, err);
    if (code == LS_OK) {
        code = ls_store_begin_run(im->store, run, &run->id, &first_id, err);
    }
    if (code != LS_OK) {
        return code;
    }
    code = read_log(im, err);
    if (code == LS_OK) {
        code = finish_run(im, err);
    }
    if (code != LS_OK) {
        ls_store_abandon_run(im->store);
    }
    return code;
}

int ls_import(struct ls_store *store, const struct ls_import_opts *opts,
              struct ls_import_result *ret, struct ls_err *err) {
    struct ls_import_result *result = calloc(1, sizeof *result);
    if (result == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    struct import im = {
        .store = store, .opts = opts, .result = result, .started_ns = ls_time_steady()};
    int code = import_open(&im, err);
    if (code == LS_OK) {
        code = import_rows(&im, err);
    }
    import_close(&im);
    if (code == LS_OK) {
        result->elapsed_s = (double)(ls_time_steady() - im.started_ns) / 1e9;
        *ret = *result;
    } else {
        ls_err_wrap(err, "importing '%.300s'", opts->path);
    }
    free(result);
    return code;
}
