#include "hw/sigmf_meta.h"

#include <ctype.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "hw/limits.h"

/* An object of the metadata and what messages call it ("global", "captures[3]"). */
struct scope {
    const json_t *object;
    char name[32];
};

/* The value of a key; NULL when absent or null, which some writers use for "not known". */
static const json_t *get(const struct scope *in, const char *key) {
    const json_t *value = json_object_get(in->object, key);
    return json_is_null(value) ? NULL : value;
}

/* A whole number >= 0; ret stays untouched when the key is absent. A real without a fraction is
 * taken: JSON itself knows no integers. */
static int take_count(const struct scope *in, const char *key, uint64_t *ret, bool *ret_has,
                      struct ls_err *err) {
    const json_t *value = get(in, key);
    *ret_has = value != NULL;
    if (value == NULL) {
        return LS_OK;
    }
    if (json_is_integer(value) && json_integer_value(value) >= 0) {
        *ret = (uint64_t)json_integer_value(value);
        return LS_OK;
    }
    double real = json_is_real(value) ? json_real_value(value) : -1.0;
    if (real >= 0.0 && real < 9007199254740992.0 && real == floor(real)) { /* 2^53 */
        *ret = (uint64_t)real;
        return LS_OK;
    }
    return ls_err_set(err, LS_ERR_FORMAT, "%s in %s must be a whole number, 0 or more; correct it",
                      key, in->name);
}

static int take_number(const struct scope *in, const char *key, double *ret, bool *ret_has,
                       struct ls_err *err) {
    const json_t *value = get(in, key);
    *ret_has = value != NULL;
    if (value == NULL) {
        return LS_OK;
    }
    if (!json_is_number(value)) {
        return ls_err_set(err, LS_ERR_FORMAT, "%s in %s must be a number; correct it", key,
                          in->name);
    }
    *ret = json_number_value(value);
    return LS_OK;
}

/* Cleaned text; "" when the key is absent. */
static int take_text(const struct scope *in, const char *key, char *ret, size_t ret_size,
                     struct ls_err *err) {
    const json_t *value = get(in, key);
    if (value != NULL && !json_is_string(value)) {
        return ls_err_set(err, LS_ERR_FORMAT, "%s in %s must be text; correct it", key, in->name);
    }
    ls_note_clean(ret, ret_size, value == NULL ? "" : json_string_value(value));
    return LS_OK;
}

static bool ends_with(const char *text, const char *end) {
    size_t n = strlen(text);
    size_t m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

static int take_format(const struct scope *global, enum ls_format *ret, struct ls_note *note,
                       struct ls_err *err) {
    char name[32] = "";
    int code = take_text(global, "core:datatype", name, sizeof name, err);
    if (code != LS_OK) {
        return code;
    }
    if (ls_format_parse(name, ret)) {
        if (strcmp(name, ls_format_name(*ret)) != 0) {
            ls_note_add(note, "core:datatype '%s' taken as %s", name, ls_format_name(*ret));
        }
        return LS_OK;
    }
    if (name[0] == '\0') {
        return ls_err_set(err, LS_ERR_FORMAT,
                          "global has no core:datatype; state cu8, ci8, ci16_le or cf32_le");
    }
    if (name[0] == 'r' && name[1] != '\0' && strchr("iuf", name[1]) != NULL) {
        return ls_err_set(err, LS_ERR_FORMAT,
                          "core:datatype '%s' is real, not I/Q, such as demodulated audio; give a "
                          "recording with complex samples",
                          name);
    }
    if (ends_with(name, "_be")) {
        return ls_err_set(err, LS_ERR_FORMAT,
                          "core:datatype '%s' is big-endian; swap the bytes and state ci16_le or "
                          "cf32_le",
                          name);
    }
    return ls_err_set(err, LS_ERR_FORMAT,
                      "core:datatype '%s' cannot be read; convert it to cu8, ci8, ci16_le or "
                      "cf32_le",
                      name);
}

static int take_rate(const struct scope *global, double *ret, struct ls_err *err) {
    bool has;
    int code = take_number(global, "core:sample_rate", ret, &has, err);
    if (code == LS_OK && !has) {
        return ls_err_set(err, LS_ERR_FORMAT,
                          "global has no core:sample_rate; add it in samples/s");
    }
    if (code == LS_OK && ls_limits_check_rate(*ret, "core:sample_rate", err) != LS_OK) {
        if (err != NULL) {
            err->code = LS_ERR_FORMAT;
        }
        return LS_ERR_FORMAT;
    }
    return code;
}

static int take_dataset(const struct scope *global, char *ret, size_t ret_size,
                        struct ls_err *err) {
    int code = take_text(global, "core:dataset", ret, ret_size, err);
    if (code != LS_OK) {
        return code;
    }
    /* Metadata of unknown origin must not point the reader at other folders. */
    if (strchr(ret, '/') != NULL || strcmp(ret, ".") == 0 || strcmp(ret, "..") == 0) {
        return ls_err_set(err, LS_ERR_FORMAT,
                          "core:dataset '%.100s' must be a plain file name beside the metadata",
                          ret);
    }
    return LS_OK;
}

static int take_sha512(const struct scope *global, char ret[129], struct ls_note *note,
                       struct ls_err *err) {
    char text[160] = ""; /* longer than a right one, so that a wrong one shows */
    int code = take_text(global, "core:sha512", text, sizeof text, err);
    if (code != LS_OK) {
        return code;
    }
    size_t digits = strspn(text, "0123456789abcdefABCDEF");
    ret[0] = '\0';
    if (digits != 128 || text[digits] != '\0') {
        if (text[0] != '\0') {
            ls_note_add(note, "core:sha512 is not 128 hexadecimal digits and was left out");
        }
        return LS_OK;
    }
    for (size_t i = 0; i <= digits; i++) {
        ret[i] = (char)tolower((unsigned char)text[i]);
    }
    return LS_OK;
}

static int check_single_channel(const struct scope *global, struct ls_err *err) {
    uint64_t channels = 1;
    bool has;
    int code = take_count(global, "core:num_channels", &channels, &has, err);
    if (code == LS_OK && channels > 1) {
        return ls_err_set(err, LS_ERR_FORMAT,
                          "core:num_channels is %llu; split the interleaved channels into one "
                          "recording each",
                          (unsigned long long)channels);
    }
    return code;
}

static int take_global(struct ls_sigmf_meta *meta, const struct scope *global, struct ls_note *note,
                       struct ls_err *err) {
    bool has;
    int code = take_format(global, &meta->format, note, err);
    code = code != LS_OK ? code : take_rate(global, &meta->rate_sps, err);
    code = code != LS_OK ? code : check_single_channel(global, err);
    const json_t *metadata_only = get(global, "core:metadata_only");
    meta->metadata_only = metadata_only != NULL && json_is_true(metadata_only);
    code = code != LS_OK ? code : take_dataset(global, meta->dataset, sizeof meta->dataset, err);
    code = code != LS_OK ? code : take_sha512(global, meta->sha512, note, err);
    code = code != LS_OK
               ? code
               : take_count(global, "core:trailing_bytes", &meta->trailing_bytes, &has, err);
    code = code != LS_OK
               ? code
               : take_text(global, "core:recorder", meta->recorder, sizeof meta->recorder, err);
    if (code == LS_OK && meta->recorder[0] == '\0') {
        code = take_text(global, "core:hw", meta->recorder, sizeof meta->recorder, err);
    }
    return code;
}

/* core:sample_start less core:offset: positions in a recording that was split over several files
 * count from the first file's first sample. */
static int take_start(const struct scope *capture, uint64_t offset, uint64_t *ret,
                      struct ls_err *err) {
    bool has;
    uint64_t start;
    int code = take_count(capture, "core:sample_start", &start, &has, err);
    if (code != LS_OK) {
        return code;
    }
    if (!has) {
        return ls_err_set(err, LS_ERR_FORMAT, "%s has no core:sample_start; add it", capture->name);
    }
    if (start < offset) {
        return ls_err_set(err, LS_ERR_FORMAT,
                          "%s starts at sample %llu, before core:offset %llu; correct one of them",
                          capture->name, (unsigned long long)start, (unsigned long long)offset);
    }
    *ret = start - offset;
    return LS_OK;
}

static int take_center(const struct scope *capture, double *ret, struct ls_note *note,
                       struct ls_err *err) {
    bool has;
    int code = take_number(capture, "core:frequency", ret, &has, err);
    if (code == LS_OK && !has) {
        *ret = 0.0;
        /* Said once: a thousand captures without it are one remark. */
        if (strstr(note->text, "core:frequency") == NULL) {
            ls_note_add(note, "no core:frequency in %s, taken as 0 Hz", capture->name);
        }
    }
    if (code == LS_OK && ls_limits_check_center(*ret, "core:frequency", err) != LS_OK) {
        ls_err_wrap(err, "%s", capture->name);
        if (err != NULL) {
            err->code = LS_ERR_FORMAT;
        }
        return LS_ERR_FORMAT;
    }
    return code;
}

static int take_time(const struct scope *capture, int64_t *ret_ns, bool *ret_has,
                     struct ls_note *note, struct ls_err *err) {
    char text[64] = "";
    int code = take_text(capture, "core:datetime", text, sizeof text, err);
    *ret_has = code == LS_OK && text[0] != '\0';
    if (!*ret_has || ls_time_parse(text, ret_ns, NULL) == LS_OK) {
        return code;
    }
    /* SigMF allows no zone but Z, so a time that lacks it can only be meant as UTC. */
    char utc[sizeof text + 1];
    snprintf(utc, sizeof utc, "%sZ", text);
    if (ls_time_parse(utc, ret_ns, NULL) != LS_OK) {
        return ls_err_set(err, LS_ERR_FORMAT,
                          "core:datetime '%s' in %s is not a time; write it as "
                          "2026-11-20T08:00:00Z",
                          text, capture->name);
    }
    if (strstr(note->text, "without a zone") == NULL) {
        ls_note_add(note, "core:datetime without a zone taken as UTC");
    }
    return LS_OK;
}

static int take_capture(struct ls_sigmf_capture *ret, const struct scope *capture, uint64_t offset,
                        struct ls_note *note, struct ls_err *err) {
    bool has;
    if (!json_is_object(capture->object)) {
        return ls_err_set(err, LS_ERR_FORMAT, "%s must be an object; correct it", capture->name);
    }
    int code = take_start(capture, offset, &ret->first_sample, err);
    code = code != LS_OK ? code : take_center(capture, &ret->center_hz, note, err);
    code = code != LS_OK ? code : take_time(capture, &ret->t_ns, &ret->has_time, note, err);
    code = code != LS_OK ? code
                         : take_count(capture, "core:header_bytes", &ret->header_bytes, &has, err);
    code = code != LS_OK ? code
                         : take_count(capture, "core:global_index", &ret->global_index,
                                      &ret->has_global_index, err);
    return code;
}

static int check_order(const struct ls_sigmf_capture *captures, size_t i, struct ls_err *err) {
    if (i == 0 || captures[i].first_sample >= captures[i - 1].first_sample) {
        return LS_OK;
    }
    return ls_err_set(
        err, LS_ERR_FORMAT,
        "captures[%zu] starts at sample %llu, before captures[%zu] at %llu; sort them "
        "by core:sample_start",
        i, (unsigned long long)captures[i].first_sample, i - 1,
        (unsigned long long)captures[i - 1].first_sample);
}

static int take_captures(struct ls_sigmf_meta *meta, const json_t *array, uint64_t offset,
                         struct ls_note *note, struct ls_err *err) {
    size_t n = json_array_size(array); /* 0 when absent */
    meta->captures = calloc(n == 0 ? 1 : n, sizeof *meta->captures);
    if (meta->captures == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for %zu captures", n);
    }
    meta->capture_count = n == 0 ? 1 : n;
    if (n == 0) { /* the specification implies one from sample 0 */
        ls_note_add(note, "no captures, so no core:frequency (taken as 0 Hz) and no time");
    }
    for (size_t i = 0; i < n; i++) {
        struct scope capture = {.object = json_array_get(array, i)};
        snprintf(capture.name, sizeof capture.name, "captures[%zu]", i);
        int code = take_capture(&meta->captures[i], &capture, offset, note, err);
        code = code != LS_OK ? code : check_order(meta->captures, i, err);
        if (code != LS_OK) {
            return code;
        }
    }
    return LS_OK;
}

/* Annotations say nothing about samples but how many there must be at least. What is odd in them is
 * left to whoever reads annotations. */
static uint64_t annotated_samples(const json_t *array, uint64_t offset) {
    uint64_t most = 0;
    for (size_t i = 0; i < json_array_size(array); i++) {
        struct scope annotation = {.object = json_array_get(array, i), .name = "annotations"};
        uint64_t start = 0;
        uint64_t count = 0;
        bool has;
        if (take_count(&annotation, "core:sample_start", &start, &has, NULL) != LS_OK ||
            take_count(&annotation, "core:sample_count", &count, &has, NULL) != LS_OK) {
            continue;
        }
        uint64_t end = start + count; /* both below 2^63 */
        if (end > offset && end - offset > most) {
            most = end - offset;
        }
    }
    return most;
}

static int take_root(struct ls_sigmf_meta *meta, const json_t *root, struct ls_note *note,
                     struct ls_err *err) {
    struct scope global = {.object = json_object_get(root, "global"), .name = "global"};
    const json_t *captures = json_object_get(root, "captures");
    if (!json_is_object(global.object)) {
        return ls_err_set(err, LS_ERR_FORMAT,
                          "there is no \"global\" object; this is not SigMF metadata");
    }
    if (captures != NULL && !json_is_array(captures)) {
        return ls_err_set(err, LS_ERR_FORMAT, "\"captures\" must be an array; correct it");
    }
    bool has;
    int code = take_global(meta, &global, note, err);
    code = code != LS_OK ? code : take_count(&global, "core:offset", &meta->offset, &has, err);
    code = code != LS_OK ? code : take_captures(meta, captures, meta->offset, note, err);
    if (code == LS_OK) {
        meta->annotated_samples =
            annotated_samples(json_object_get(root, "annotations"), meta->offset);
    }
    return code;
}

/* Every value but the first follows one of these bytes. Those inside strings count too: an upper
 * bound is all that is wanted. */
static int check_values(const char *text, size_t n, struct ls_err *err) {
    size_t values = 1;
    for (size_t i = 0; i < n; i++) {
        values += text[i] == '[' || text[i] == '{' || text[i] == ',';
    }
    if (values > LS_SIGMF_META_MAX_VALUES) {
        return ls_err_set(err, LS_ERR_FORMAT,
                          "more than %d values; remove annotations or split the recording",
                          LS_SIGMF_META_MAX_VALUES);
    }
    return LS_OK;
}

static json_t *load(const char *text, size_t n, struct ls_err *err) {
    static const char bom[] = "\xEF\xBB\xBF"; /* Windows editors put it in front of UTF-8 */
    if (n >= 3 && memcmp(text, bom, 3) == 0) {
        text += 3;
        n -= 3;
    }
    json_error_t at;
    json_t *root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &at);
    if (root == NULL) {
        char why[sizeof at.text];
        ls_note_clean(why, sizeof why, at.text);
        ls_err_set(err, LS_ERR_FORMAT, "not valid JSON at line %d, column %d: %s", at.line,
                   at.column, why);
    }
    return root;
}

int ls_sigmf_meta_parse(struct ls_sigmf_meta *ret, const char *text, size_t n, struct ls_note *note,
                        struct ls_err *err) {
    int code = check_values(text, n, err);
    if (code != LS_OK) {
        return code;
    }
    json_t *root = load(text, n, err);
    if (root == NULL) {
        return LS_ERR_FORMAT;
    }
    struct ls_sigmf_meta meta = {0};
    code = take_root(&meta, root, note, err);
    json_decref(root);
    if (code != LS_OK) {
        ls_sigmf_meta_finish(&meta);
        return code;
    }
    *ret = meta;
    return LS_OK;
}

void ls_sigmf_meta_finish(struct ls_sigmf_meta *meta) {
    free(meta->captures);
    meta->captures = NULL;
    meta->capture_count = 0;
}
