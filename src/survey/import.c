#include "survey/import.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"
#include "base/util.h"

enum {
    READ_BYTES = 1 << 16,
    SENSORS_MAX = 4096, /* more names than any network has: the key holds something else */
};

static const int64_t progress_ns = LS_NS_PER_S / 5;

/* What the rows of one sensor cover. */
struct extent {
    char sensor[LS_SENSOR_BYTES];
    bool observed; /* the log has observation lines for it */
    int64_t first_ns;
    int64_t last_ns;
    double low_hz;
    double high_hz;
};

struct import {
    struct ls_store *store;
    const struct ls_import_opts *opts;
    struct ls_import_result *result;
    const char *sensor; /* of rows that name none */
    size_t line_number;
    bool nominal;
    bool made_observations;

    int fd;
    uint64_t bytes_done;
    uint64_t bytes_total;
    int64_t started_ns; /* steady clock */
    int64_t reported_ns;
    crypto_hash_sha512_state hash;

    char *line; /* [LS_LINE_MAX_BYTES + 1]: a line that goes over the end is refused */
    size_t line_length;
    bool line_too_long;

    struct extent *extents;
    size_t extent_count;
    size_t extent_capacity;
};

/* --- refused lines --- */

/* Texts that differ only behind the first colon, where a value may be quoted, are one reason. */
static bool same_reason(const char *a, const char *b) {
    size_t n = strcspn(a, ":");
    return strncmp(a, b, n) == 0 && (b[n] == ':' || b[n] == '\0');
}

static void count_refusal(struct import *im, const char *text) {
    struct ls_import_result *result = im->result;
    result->refused++;
    for (size_t i = 0; i < result->reason_count; i++) {
        if (same_reason(text, result->reasons[i].text)) {
            result->reasons[i].count++;
            return;
        }
    }
    if (result->reason_count < LS_IMPORT_REASONS) {
        struct ls_import_reason *reason = &result->reasons[result->reason_count++];
        ls_copy_text(reason->text, sizeof reason->text, text);
        reason->count = 1;
        reason->first_line = im->line_number;
    }
}

/* --- what the rows cover --- */

static struct extent *find_extent(struct import *im, const char *sensor) {
    for (size_t i = 0; i < im->extent_count; i++) {
        if (strcmp(im->extents[i].sensor, sensor) == 0) {
            return &im->extents[i];
        }
    }
    void *extents = im->extents;
    if (im->extent_count == SENSORS_MAX ||
        ls_grow(&extents, &im->extent_capacity, im->extent_count, sizeof *im->extents) != LS_OK) {
        return NULL;
    }
    im->extents = extents;
    struct extent *extent = &im->extents[im->extent_count++];
    *extent = (struct extent){.first_ns = INT64_MAX,
                              .last_ns = INT64_MIN,
                              .low_hz = (double)INFINITY,
                              .high_hz = -(double)INFINITY};
    ls_copy_text(extent->sensor, sizeof extent->sensor, sensor);
    return extent;
}

static void widen(struct extent *extent, int64_t first_ns, int64_t last_ns, double low_hz,
                  double high_hz) {
    extent->first_ns = first_ns < extent->first_ns ? first_ns : extent->first_ns;
    extent->last_ns = last_ns > extent->last_ns ? last_ns : extent->last_ns;
    extent->low_hz = fmin(extent->low_hz, low_hz);
    extent->high_hz = fmax(extent->high_hz, high_hz);
}

/* --- rows --- */

static const char *sensor_of(const struct import *im, char sensor[LS_SENSOR_BYTES]) {
    if (sensor[0] == '\0') {
        ls_copy_text(sensor, LS_SENSOR_BYTES, im->sensor);
    }
    return sensor;
}

static int add_transmission(struct import *im, struct ls_transmission *row, struct ls_err *err) {
    struct extent *extent = find_extent(im, sensor_of(im, row->sensor));
    if (extent == NULL) {
        count_refusal(im, "key 'sensor' names too many sensors");
        return LS_OK;
    }
    widen(extent, row->start_ns, row->start_ns + row->duration_ns,
          row->center_hz - row->bandwidth_hz / 2.0, row->center_hz + row->bandwidth_hz / 2.0);
    im->result->transmissions++;
    return ls_store_add_transmission(im->store, row, err);
}

static int add_observation(struct import *im, struct ls_observation *row, struct ls_err *err) {
    struct extent *extent = find_extent(im, sensor_of(im, row->sensor));
    if (extent == NULL) {
        count_refusal(im, "key 'sensor' names too many sensors");
        return LS_OK;
    }
    extent->observed = true;
    widen(extent, row->start_ns, row->stop_ns, row->low_hz, row->high_hz);
    im->result->observations++;
    return ls_store_add_observation(im->store, row, err);
}

static bool blank(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (strchr(" \t\r\n", text[i]) == NULL || text[i] == '\0') {
            return false;
        }
    }
    return true;
}

static int use_line(struct import *im, struct ls_line *line, struct ls_err *err) {
    im->nominal = im->nominal || line->nominal;
    im->result->run.no_clock = im->result->run.no_clock || line->no_clock;
    switch (line->kind) {
    case LS_LINE_TRANSMISSION:
        return add_transmission(im, &line->transmission, err);
    case LS_LINE_OBSERVATION:
        return add_observation(im, &line->observation, err);
    case LS_LINE_BURST:
    case LS_LINE_OTHER:
        im->result->left_out++;
        return LS_OK;
    }
    return LS_OK;
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
    im->result->lines++;
    struct ls_line line;
    struct ls_err why = {0};
    /* One byte over the limit, so that the parser says what is wrong with a line that is cut. */
    if (ls_line_parse(text, too_long ? LS_LINE_MAX_BYTES + 1 : length, &im->opts->line, &line,
                      &why) != LS_OK) {
        count_refusal(im, why.text);
        return LS_OK;
    }
    return use_line(im, &line, err);
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

static int read_log(struct import *im, struct ls_err *err) {
    char bytes[READ_BYTES];
    int code = LS_OK;
    while (code == LS_OK) {
        if (im->opts->stop != NULL && *im->opts->stop != 0) {
            return ls_err_set(err, LS_ERR_STOPPED, "stopped: nothing was stored");
        }
        ssize_t n = read(im->fd, bytes, sizeof bytes);
        if (n < 0 && errno == EINTR) {
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
        code = take_bytes(im, bytes, (size_t)n, err);
        report_progress(im);
    }
    if (code == LS_OK && (im->line_length > 0 || im->line_too_long)) {
        code = end_line(im, err);
    }
    return code;
}

/* --- the run --- */

static int make_observations(struct import *im, struct ls_err *err) {
    int code = LS_OK;
    for (size_t i = 0; i < im->extent_count && code == LS_OK; i++) {
        const struct extent *extent = &im->extents[i];
        if (extent->observed) {
            continue;
        }
        struct ls_observation row = {.state = LS_OBSERVED,
                                     .start_ns = extent->first_ns,
                                     .stop_ns = extent->last_ns,
                                     .low_hz = extent->low_hz,
                                     .high_hz = extent->high_hz,
                                     .rate_sps = (double)NAN};
        ls_copy_text(row.sensor, sizeof row.sensor, extent->sensor);
        code = ls_store_add_observation(im->store, &row, err);
        im->result->observations++;
        im->made_observations = true;
    }
    return code;
}

static void write_note(const struct import *im, char *ret, size_t size) {
    char refused[48];
    snprintf(refused, sizeof refused, "%zu of %zu lines refused", im->result->refused,
             im->result->lines);
    const char *const parts[] = {
        im->made_observations ? "no observation lines: taken as listening without a break from "
                                "first to last row"
                              : NULL,
        im->nominal ? "rtl_433 lines: durations of 0.1 s and 10 kHz of bandwidth are nominal"
                    : NULL,
        im->result->run.no_clock ? "times count from the start of a recording" : NULL,
        im->result->refused > 0 ? refused : NULL,
    };
    ret[0] = '\0';
    for (size_t i = 0; i < LS_COUNT(parts); i++) {
        if (parts[i] != NULL) {
            size_t used = strlen(ret);
            snprintf(ret + used, size - used, "%s%s", used > 0 ? "; " : "", parts[i]);
        }
    }
}

static int describe_options(const struct import *im, struct ls_run *run, struct ls_err *err) {
    json_t *json =
        json_pack("{s:b,s:s}", "assume_utc", im->opts->line.assume_utc, "sensor", im->sensor);
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
    ls_copy_text(run->sensor, sizeof run->sensor, im->sensor);
    ls_copy_text(run->verb, sizeof run->verb, "import");
    ls_copy_text(run->version, sizeof run->version, LS_VERSION);
    ls_copy_text(run->input, sizeof run->input, im->opts->path);
    run->started_ns = ls_time_now();
    return describe_options(im, run, err);
}

static int refuse_empty(const struct import *im, struct ls_err *err) {
    const struct ls_import_result *result = im->result;
    if (result->reason_count > 0) {
        return ls_err_set(err, LS_ERR_FORMAT, "no line can be used: line %zu: %s",
                          result->reasons[0].first_line, result->reasons[0].text);
    }
    return ls_err_set(err, LS_ERR_FORMAT, "no transmission or observation in %zu line%s",
                      result->lines, result->lines == 1 ? "" : "s");
}

static void finish_hash(struct import *im, char ret_hex[LS_SHA512_HEX_BYTES]) {
    unsigned char digest[crypto_hash_sha512_BYTES];
    crypto_hash_sha512_final(&im->hash, digest);
    sodium_bin2hex(ret_hex, LS_SHA512_HEX_BYTES, digest, sizeof digest);
}

static int finish_run(struct import *im, struct ls_err *err) {
    struct ls_run *run = &im->result->run;
    if (im->extent_count == 0) {
        return refuse_empty(im, err);
    }
    run->first_ns = INT64_MAX;
    run->last_ns = INT64_MIN;
    for (size_t i = 0; i < im->extent_count; i++) {
        const struct extent *extent = &im->extents[i];
        run->first_ns = extent->first_ns < run->first_ns ? extent->first_ns : run->first_ns;
        run->last_ns = extent->last_ns > run->last_ns ? extent->last_ns : run->last_ns;
    }
    if (im->opts->sensor == NULL) {
        ls_copy_text(run->sensor, sizeof run->sensor, im->extents[0].sensor);
    }
    int code = make_observations(im, err);
    if (code != LS_OK) {
        return code;
    }
    finish_hash(im, run->input_sha512);
    run->incomplete = im->result->refused > 0;
    write_note(im, run->note, sizeof run->note);
    return ls_store_finish_run(im->store, run, err);
}

static int import_open(struct import *im, struct ls_err *err) {
    bool from_stdin = strcmp(im->opts->path, "-") == 0;
    im->fd = from_stdin ? STDIN_FILENO : open(im->opts->path, O_RDONLY | O_CLOEXEC);
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
    return LS_OK;
}

static void import_close(struct import *im) {
    if (im->fd > STDIN_FILENO) {
        close(im->fd);
    }
    free(im->line);
    free(im->extents);
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
    struct import im = {.store = store,
                        .opts = opts,
                        .result = result,
                        .sensor = opts->sensor != NULL ? opts->sensor : "import",
                        .started_ns = ls_time_steady()};
    int code = import_open(&im, err);
    if (code == LS_OK) {
        code = import_rows(&im, err);
    }
    import_close(&im);
    if (code == LS_OK) {
        result->elapsed_s = (double)(ls_time_steady() - im.started_ns) / 1e9;
        *ret = *result;
    } else {
        ls_err_wrap(err, "importing '%s'", opts->path);
    }
    free(result);
    return code;
}
