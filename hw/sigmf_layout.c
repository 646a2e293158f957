/* Two walks over the captures. The first gives each its samples: up to the next one's start or the
 * end of the data, whichever comes first; captures without samples are left out, as the
 * specification asks. The second gives times to those that are left. from[i] is the index in the
 * metadata of capture i of the layout.
 *
 *     data  | header | capture 0 ......... | header | capture 1 ......... | trailing |
 *                    ^ offset_bytes[0]              ^ offset_bytes[1]
 */
#include "hw/sigmf_layout.h"

#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "hw/limits.h"

struct build {
    struct ls_sigmf_layout layout;
    size_t *from;
    const struct ls_sigmf_meta *meta;
    const struct ls_sigmf_data *data;
    struct ls_note *note;
};

static int allocate(struct build *b, struct ls_err *err) {
    size_t n = b->meta->capture_count;
    b->layout.captures = calloc(n, sizeof *b->layout.captures);
    b->layout.offset_bytes = calloc(n, sizeof *b->layout.offset_bytes);
    b->from = calloc(n, sizeof *b->from);
    if (b->layout.captures == NULL || b->layout.offset_bytes == NULL || b->from == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for %zu captures", n);
    }
    return LS_OK;
}

/* Samples of capture i of the metadata that the data hold, given that headers_bytes of them are
 * headers so far. */
static uint64_t samples_of(const struct build *b, size_t i, uint64_t headers_bytes,
                           uint64_t usable_bytes, size_t *ret_rest_bytes) {
    const struct ls_sigmf_capture *captures = b->meta->captures;
    size_t sample_bytes = ls_format_bytes(b->meta->format);
    uint64_t left_bytes = usable_bytes - headers_bytes;
    uint64_t end = left_bytes / sample_bytes; /* in samples of the whole recording */
    *ret_rest_bytes = left_bytes % sample_bytes;
    if (i + 1 < b->meta->capture_count && captures[i + 1].first_sample <= end) {
        end = captures[i + 1].first_sample;
        *ret_rest_bytes = 0;
    }
    return end > captures[i].first_sample ? end - captures[i].first_sample : 0;
}

static void keep(struct build *b, size_t i, uint64_t headers_bytes, uint64_t samples) {
    const struct ls_sigmf_capture *capture = &b->meta->captures[i];
    size_t n = b->layout.capture_count++;
    b->from[n] = i;
    b->layout.captures[n] = (struct ls_capture){
        .first_sample = capture->first_sample,
        .samples = samples,
        .tuning = {capture->center_hz, b->meta->rate_sps, b->meta->format},
    };
    b->layout.offset_bytes[n] = b->data->first_byte + headers_bytes +
                                capture->first_sample * ls_format_bytes(b->meta->format);
}

static void say_cut(struct build *b, size_t rest_bytes, size_t beyond) {
    if (rest_bytes > 0) {
        b->layout.truncated = true;
        ls_note_add(b->note, "data end within a sample, %zu byte%s left out", rest_bytes,
                    rest_bytes == 1 ? "" : "s");
    }
    if (beyond > 0) {
        b->layout.truncated = true;
        ls_note_add(b->note, "%zu of %zu captures start beyond the end of the data", beyond,
                    b->meta->capture_count);
    }
}

/* Samples in the data from sample 0 on. */
static uint64_t end_sample(const struct build *b) {
    const struct ls_capture *last = &b->layout.captures[b->layout.capture_count - 1];
    return last->first_sample + last->samples;
}

static int place(struct build *b, struct ls_err *err) {
    uint64_t usable_bytes = b->data->bytes - b->meta->trailing_bytes;
    uint64_t headers_bytes = 0;
    size_t rest_bytes = 0;
    size_t i = 0;
    for (; i < b->meta->capture_count; i++) {
        if (b->meta->captures[i].header_bytes > usable_bytes - headers_bytes) {
            break; /* the header itself is beyond the end, so is the rest */
        }
        headers_bytes += b->meta->captures[i].header_bytes;
        uint64_t left = (usable_bytes - headers_bytes) / ls_format_bytes(b->meta->format);
        if (b->meta->captures[i].first_sample >= left) {
            break;
        }
        uint64_t samples = samples_of(b, i, headers_bytes, usable_bytes, &rest_bytes);
        if (samples > 0) { /* none: two captures start at the same sample */
            keep(b, i, headers_bytes, samples);
        }
    }
    if (b->layout.capture_count == 0) {
        return ls_err_set(err, LS_ERR_FORMAT,
                          "the data of %llu bytes hold no sample of captures[0], which starts at "
                          "sample %llu; get the whole recording",
                          (unsigned long long)b->data->bytes,
                          (unsigned long long)b->meta->captures[0].first_sample);
    }
    say_cut(b, rest_bytes, b->meta->capture_count - i);
    if (b->layout.captures[0].first_sample > 0) {
        ls_note_add(b->note, "%llu samples before the first capture left out",
                    (unsigned long long)b->layout.captures[0].first_sample);
    }
    if (b->meta->annotated_samples > end_sample(b)) {
        b->layout.truncated = true;
        ls_note_add(b->note, "annotations reach to sample %llu, the data only to %llu",
                    (unsigned long long)b->meta->annotated_samples,
                    (unsigned long long)end_sample(b));
    }
    return LS_OK;
}

static const struct ls_sigmf_capture *stated(const struct build *b, size_t i) {
    return &b->meta->captures[b->from[i]];
}

/* Samples that the receiver took between the starts of captures i - 1 and i. */
static uint64_t samples_between(const struct build *b, size_t i) {
    const struct ls_sigmf_capture *before = stated(b, i - 1);
    const struct ls_sigmf_capture *now = stated(b, i);
    uint64_t stored = now->first_sample - before->first_sample;
    if (before->has_global_index && now->has_global_index &&
        now->global_index >= before->global_index &&
        now->global_index - before->global_index > stored) {
        return now->global_index - before->global_index;
    }
    return stored;
}

static int time_error(struct ls_err *err) {
    return ls_err_set(
        err, LS_ERR_FORMAT,
        "the recording reaches beyond the years 1678 to 2261; check core:sample_rate, "
        "core:datetime and the start time");
}

/* The first capture, from the first core:datetime that there is. */
static int time_first(struct build *b, struct ls_err *err) {
    size_t timed = 0;
    while (timed < b->layout.capture_count && !stated(b, timed)->has_time) {
        timed++;
    }
    b->layout.no_clock = timed == b->layout.capture_count;
    if (b->layout.no_clock || timed == 0) {
        b->layout.captures[0].t_ns = b->layout.no_clock ? 0 : stated(b, 0)->t_ns;
        return LS_OK;
    }
    uint64_t samples = stated(b, timed)->first_sample - stated(b, 0)->first_sample;
    int64_t lead_ns;
    if (!ls_limits_time_after(0, samples, b->meta->rate_sps, &lead_ns) ||
        __builtin_sub_overflow(stated(b, timed)->t_ns, lead_ns, &b->layout.captures[0].t_ns)) {
        return time_error(err);
    }
    ls_note_add(b->note, "no core:datetime before captures[%zu], counted back from it",
                b->from[timed]);
    return LS_OK;
}

/* Capture i > 0, given that the one before it has its time. */
static int time_next(struct build *b, size_t i, struct ls_err *err) {
    struct ls_capture *capture = &b->layout.captures[i];
    const struct ls_capture *before = &b->layout.captures[i - 1];
    double rate_sps = b->meta->rate_sps;
    int64_t counted_ns;
    int64_t end_ns; /* of the samples of the one before */
    if (!ls_limits_time_after(before->t_ns, samples_between(b, i), rate_sps, &counted_ns) ||
        !ls_limits_time_after(before->t_ns, before->samples, rate_sps, &end_ns)) {
        return time_error(err);
    }
    if (!stated(b, i)->has_time) {
        capture->t_ns = counted_ns;
        return LS_OK;
    }
    int64_t gap_ns;
    if (__builtin_sub_overflow(stated(b, i)->t_ns, end_ns, &gap_ns)) {
        return time_error(err);
    }
    double gap_s = (double)gap_ns * 1e-9;
    if (gap_s < -1.0) {
        return ls_err_set(
            err, LS_ERR_FORMAT,
            "captures[%zu] is said to start %.3f s before captures[%zu] ends; correct "
            "core:datetime",
            b->from[i], -gap_s, b->from[i - 1]);
    }
    /* Less than a sample is rounding of the time stamp, not a gap. */
    bool follows = gap_s * rate_sps < 1.0;
    if (gap_s * rate_sps <= -1.0 && strstr(b->note->text, "start before") == NULL) {
        ls_note_add(b->note,
                    "captures are said to start before the ones before them end (captures[%zu] by "
                    "%.3f s), taken as following at once",
                    b->from[i], -gap_s);
    }
    capture->t_ns = follows ? end_ns : stated(b, i)->t_ns;
    return LS_OK;
}

/* Moves all times so that the first sample is at start_ns. */
static int shift(struct build *b, struct ls_err *err) {
    int64_t by_ns;
    if (__builtin_sub_overflow(b->data->start_ns, b->layout.captures[0].t_ns, &by_ns)) {
        return time_error(err);
    }
    for (size_t i = 0; i < b->layout.capture_count; i++) {
        int64_t *t_ns = &b->layout.captures[i].t_ns;
        if (__builtin_add_overflow(*t_ns, by_ns, t_ns)) {
            return time_error(err);
        }
    }
    b->layout.no_clock = false;
    return LS_OK;
}

static int set_times(struct build *b, struct ls_err *err) {
    int code = time_first(b, err);
    for (size_t i = 1; i < b->layout.capture_count && code == LS_OK; i++) {
        code = time_next(b, i, err);
    }
    if (code == LS_OK && b->data->start_given) {
        code = shift(b, err);
    }
    if (code != LS_OK) {
        return code;
    }
    const struct ls_capture *last = &b->layout.captures[b->layout.capture_count - 1];
    int64_t end_ns;
    return ls_limits_time_after(last->t_ns, last->samples, b->meta->rate_sps, &end_ns)
               ? LS_OK
               : time_error(err);
}

int ls_sigmf_layout_init(struct ls_sigmf_layout *ret, const struct ls_sigmf_meta *meta,
                         const struct ls_sigmf_data *data, struct ls_note *note,
                         struct ls_err *err) {
    if (meta->trailing_bytes >= data->bytes) {
        return ls_err_set(
            err, LS_ERR_FORMAT,
            "core:trailing_bytes %llu leave nothing of the %llu bytes of data; correct "
            "it or get the whole recording",
            (unsigned long long)meta->trailing_bytes, (unsigned long long)data->bytes);
    }
    struct build b = {.meta = meta, .data = data, .note = note};
    int code = allocate(&b, err);
    code = code != LS_OK ? code : place(&b, err);
    code = code != LS_OK ? code : set_times(&b, err);
    free(b.from);
    if (code != LS_OK) {
        ls_sigmf_layout_finish(&b.layout);
        return code;
    }
    *ret = b.layout;
    return LS_OK;
}

void ls_sigmf_layout_finish(struct ls_sigmf_layout *layout) {
    free(layout->captures);
    free(layout->offset_bytes);
    *layout = (struct ls_sigmf_layout){0};
}
