#include "survey/annotations.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "hw/sigmf_meta.h"
#include "model/class_names.h"

/* 30 years: more is a mistake and would leave the calendar. */
static const double longest_s = 1e9;

struct reading {
    const struct ls_sigmf_meta *meta;
    bool no_clock;
    ls_annotation_each *each;
    void *context;
};

/* The capture that holds a sample: the last one that begins at or before it. */
static const struct ls_sigmf_capture *capture_at(const struct ls_sigmf_meta *meta,
                                                 uint64_t sample) {
    const struct ls_sigmf_capture *found = &meta->captures[0];
    for (size_t i = 1; i < meta->capture_count; i++) {
        if (meta->captures[i].first_sample <= sample) {
            found = &meta->captures[i];
        }
    }
    return found;
}

/* A capture without a time goes on from the one before it. */
static int64_t time_of(const struct reading *reading, uint64_t sample) {
    const struct ls_sigmf_meta *meta = reading->meta;
    const struct ls_sigmf_capture *from = capture_at(meta, sample);
    while (!reading->no_clock && !from->has_time && from > meta->captures) {
        from--;
    }
    uint64_t base = reading->no_clock ? 0 : from->first_sample;
    int64_t t_ns = reading->no_clock ? 0 : from->t_ns;
    return t_ns + ls_time_of_samples(sample - base, meta->rate_sps);
}

static bool whole_number(const json_t *object, const char *key, uint64_t *ret) {
    const json_t *value = json_object_get(object, key);
    if (!json_is_integer(value) || json_integer_value(value) < 0) {
        return false;
    }
    *ret = (uint64_t)json_integer_value(value);
    return true;
}

static const char *class_of(const json_t *annotation) {
    const json_t *label = json_object_get(annotation, "core:label");
    size_t count;
    const char *const *names = ls_class_names(&count);
    for (size_t i = 0; json_is_string(label) && i < count; i++) {
        if (strcasecmp(names[i], json_string_value(label)) == 0) {
            return names[i];
        }
    }
    return "";
}

/* NULL, or what is wrong with it. */
static const char *read_range(const struct reading *reading, const json_t *annotation,
                              uint64_t sample, struct ls_transmission *row) {
    const json_t *low = json_object_get(annotation, "core:freq_lower_edge");
    const json_t *high = json_object_get(annotation, "core:freq_upper_edge");
    double center_hz = capture_at(reading->meta, sample)->center_hz;
    if (low == NULL && high == NULL) {
        row->center_hz = center_hz;
        row->bandwidth_hz = reading->meta->rate_sps;
        return NULL;
    }
    double low_hz = json_number_value(low);
    double high_hz = json_number_value(high);
    if (!json_is_number(low) || !json_is_number(high) || !(low_hz <= high_hz) ||
        !(fabs(low_hz) <= 1e12) || !(fabs(high_hz) <= 1e12)) {
        return "core:freq_lower_edge and core:freq_upper_edge must be numbers in order";
    }
    row->center_hz = (low_hz + high_hz) / 2.0;
    row->bandwidth_hz = high_hz - low_hz;
    return NULL;
}

static const char *read_annotation(const struct reading *reading, const json_t *annotation,
                                   struct ls_transmission *row) {
    uint64_t sample;
    uint64_t count;
    if (!json_is_object(annotation)) {
        return "an annotation must be an object";
    }
    if (!whole_number(annotation, "core:sample_start", &sample)) {
        return "core:sample_start must be a whole number";
    }
    if (sample < reading->meta->offset) {
        return "core:sample_start must not be before core:offset";
    }
    sample -= reading->meta->offset;
    if (!whole_number(annotation, "core:sample_count", &count) || count == 0) {
        return "core:sample_count must be a whole number of 1 or more";
    }
    double rate = reading->meta->rate_sps;
    if ((double)sample / rate > longest_s || (double)count / rate > longest_s) {
        return "core:sample_start and core:sample_count must be within 30 years";
    }
    *row = (struct ls_transmission){.snr_db = (double)NAN,
                                    .level_dbfs = (double)NAN,
                                    .offset_hz = (double)NAN,
                                    .on_s = (double)NAN,
                                    .burst_s = (double)NAN,
                                    .period_s = (double)NAN,
                                    .class_score = (double)NAN};
    row->start_ns = time_of(reading, sample);
    row->duration_ns = ls_time_of_samples(count, rate);
    ls_copy_text(row->class_name, sizeof row->class_name, class_of(annotation));
    if (row->duration_ns < 1) {
        return "core:sample_count must last 1 ns or more";
    }
    return read_range(reading, annotation, sample, row);
}

static int give_annotations(const struct reading *reading, const json_t *list, struct ls_err *err) {
    int code = LS_OK;
    for (size_t i = 0; i < json_array_size(list) && code == LS_OK; i++) {
        struct ls_line line = {.kind = LS_LINE_TRANSMISSION, .no_clock = reading->no_clock};
        const char *why = read_annotation(reading, json_array_get(list, i), &line.transmission);
        code = reading->each(reading->context, why == NULL ? &line : NULL, i + 1, why, err);
    }
    return code;
}

/* NULL, or what is wrong with a capture that lasts for so many samples. */
static const char *check_capture(const struct reading *reading, uint64_t first, uint64_t stop) {
    double rate = reading->meta->rate_sps;
    return (double)first / rate > longest_s || (double)(stop - first) / rate > longest_s
               ? "a capture, to its last annotation, must be within 30 years"
               : NULL;
}

static int give_captures(const struct reading *reading, struct ls_err *err) {
    const struct ls_sigmf_meta *meta = reading->meta;
    int code = LS_OK;
    for (size_t i = 0; i < meta->capture_count && code == LS_OK; i++) {
        const struct ls_sigmf_capture *capture = &meta->captures[i];
        uint64_t stop = i + 1 < meta->capture_count ? meta->captures[i + 1].first_sample
                                                    : meta->annotated_samples;
        if (stop <= capture->first_sample) {
            continue;
        }
        const char *why = check_capture(reading, capture->first_sample, stop);
        if (why != NULL) {
            code = reading->each(reading->context, NULL, i + 1, why, err);
            continue;
        }
        struct ls_line line = {.kind = LS_LINE_OBSERVATION, .no_clock = reading->no_clock};
        struct ls_observation *row = &line.observation;
        row->start_ns = time_of(reading, capture->first_sample);
        row->stop_ns =
            row->start_ns + ls_time_of_samples(stop - capture->first_sample, meta->rate_sps);
        row->low_hz = capture->center_hz - meta->rate_sps / 2.0;
        row->high_hz = capture->center_hz + meta->rate_sps / 2.0;
        row->rate_sps = (double)NAN;
        code = reading->each(reading->context, &line, 0, NULL, err);
    }
    return code;
}

static int give_rows(const struct ls_sigmf_meta *meta, const char *text, size_t n,
                     ls_annotation_each *each, void *context, struct ls_err *err) {
    struct reading reading = {
        .meta = meta, .no_clock = !meta->captures[0].has_time, .each = each, .context = context};
    json_t *root = json_loadb(text, n, 0, NULL);
    if (root == NULL) {
        return ls_err_set(err, LS_ERR_FORMAT, "not JSON");
    }
    int code = give_captures(&reading, err);
    if (code == LS_OK) {
        code = give_annotations(&reading, json_object_get(root, "annotations"), err);
    }
    json_decref(root);
    return code;
}

int ls_annotations_each(const char *text, size_t n, ls_annotation_each *each, void *context,
                        struct ls_err *err) {
    struct ls_note note = {0};
    struct ls_sigmf_meta meta;
    int code = ls_sigmf_meta_parse(&meta, text, n, &note, err);
    if (code != LS_OK) {
        return code;
    }
    code = give_rows(&meta, text, n, each, context, err);
    ls_sigmf_meta_finish(&meta);
    return code;
}
