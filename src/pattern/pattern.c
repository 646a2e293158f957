#include "pattern/pattern.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "model/burst.h"
#include "pattern/company.h"
#include "pattern/kind.h"

enum { TRACKS_DEFAULT = 8192, STATE_VERSION = 4, KINDS_MAX = 16, BATCH = 1024 };
static const uint64_t state_magic = UINT64_C(0x7461702d656e696c); /* "line-pat" */

/* Rows that are put to their emitters and wait for the kinds: these know nothing of each other, and
 * each goes through the whole batch by itself. */
struct batch {
    struct ls_transmission row[BATCH];
    struct ls_track emitter[BATCH];
    struct ls_event event[BATCH];
    size_t count;
    struct ls_err err[KINDS_MAX];
    int code[KINDS_MAX];
};

struct ls_pattern {
    struct ls_exposure *exposure;
    struct ls_tracks *tracks;
    struct ls_company *company;
    struct ls_jobs jobs;
    struct batch *batch;
    void *states[KINDS_MAX];
    uint64_t refused[LS_PATTERN_REASONS];
    int64_t observed_ns;         /* start of the last row */
    struct ls_transmission last; /* accepted; duration_ns 0: none */
};

static const char *const reasons[] = {
    [LS_PATTERN_OUT_OF_ORDER] = "out of order",
    [LS_PATTERN_NO_DURATION] = "no duration",
    [LS_PATTERN_NO_FREQUENCY] = "no frequency",
    [LS_PATTERN_DUPLICATE] = "twice the same",
};

const char *ls_pattern_reason_text(enum ls_pattern_reason reason) { return reasons[reason]; }

uint64_t ls_pattern_refused(const struct ls_pattern *pattern, enum ls_pattern_reason reason) {
    return pattern->refused[reason];
}

void ls_pattern_destroy(struct ls_pattern *pattern) {
    if (pattern == NULL) {
        return;
    }
    size_t count = 0;
    const struct ls_kind *const *kinds = ls_kinds(&count);
    for (size_t i = 0; i < count; i++) {
        kinds[i]->destroy(pattern->states[i]);
    }
    ls_tracks_destroy(pattern->tracks);
    ls_company_destroy(pattern->company);
    ls_exposure_destroy(pattern->exposure);
    free(pattern->batch);
    free(pattern);
}

int ls_pattern_create(struct ls_pattern **ret, const struct ls_pattern_opts *opts,
                      struct ls_err *err) {
    struct ls_pattern *pattern = calloc(1, sizeof *pattern);
    if (pattern == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for the pattern engine");
    }
    pattern->observed_ns = INT64_MIN;
    pattern->jobs = opts->jobs;
    pattern->batch = malloc(sizeof *pattern->batch);
    if (pattern->batch == NULL) {
        ls_pattern_destroy(pattern);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for the pattern engine");
    }
    pattern->batch->count = 0;
    int rc = ls_exposure_create(&pattern->exposure, err);
    if (rc == LS_OK) {
        struct ls_tracks_opts tracks = {.max = opts->tracks_max == 0 ? TRACKS_DEFAULT
                                                                     : opts->tracks_max};
        rc = ls_tracks_create(&pattern->tracks, &tracks, err);
    }
    rc = rc == LS_OK ? ls_company_create(&pattern->company, err) : rc;
    size_t count = 0;
    const struct ls_kind *const *kinds = ls_kinds(&count);
    assert(count <= KINDS_MAX);
    struct ls_kind_input input = {.exposure = pattern->exposure,
                                  .tracks = pattern->tracks,
                                  .plan = opts->plan,
                                  .jobs = opts->jobs};
    for (size_t i = 0; rc == LS_OK && i < count; i++) {
        rc = kinds[i]->create(&pattern->states[i], &input, err);
    }
    if (rc != LS_OK) {
        ls_pattern_destroy(pattern);
        return rc;
    }
    *ret = pattern;
    return LS_OK;
}

/* All that waits for the kind. */
static void push_kind(void *context, size_t index) {
    struct ls_pattern *pattern = context;
    struct batch *batch = pattern->batch;
    size_t count = 0;
    const struct ls_kind *kind = ls_kinds(&count)[index];
    int rc = LS_OK;
    for (size_t i = 0; rc == LS_OK && i < batch->count; i++) {
        rc = kind->push(pattern->states[index], &batch->event[i], &batch->err[index]);
    }
    batch->code[index] = rc;
}

static int work_off(struct ls_pattern *pattern, struct ls_err *err) {
    struct batch *batch = pattern->batch;
    size_t count = 0;
    ls_kinds(&count);
    ls_jobs_run(&pattern->jobs, push_kind, pattern, batch->count > 0 ? count : 0);
    for (size_t i = 0; batch->count > 0 && i < count; i++) {
        if (batch->code[i] != LS_OK) {
            return ls_err_set(err, batch->code[i], "%s", batch->err[i].text);
        }
    }
    batch->count = 0;
    return LS_OK;
}

int ls_pattern_observe(struct ls_pattern *pattern, const struct ls_observation *row,
                       struct ls_err *err) {
    enum ls_pattern_reason why = LS_PATTERN_REASONS;
    if (row->start_ns < pattern->observed_ns) {
        why = LS_PATTERN_OUT_OF_ORDER;
    } else if (row->stop_ns <= row->start_ns) {
        why = LS_PATTERN_NO_DURATION;
    } else if (!isfinite(row->low_hz) || !isfinite(row->high_hz)) {
        why = LS_PATTERN_NO_FREQUENCY;
    }
    if (why != LS_PATTERN_REASONS) {
        pattern->refused[why]++;
        return LS_OK;
    }
    pattern->observed_ns = row->start_ns;
    int rc = work_off(pattern, err);
    return rc == LS_OK ? ls_exposure_push(pattern->exposure, row, err) : rc;
}

/* Why a row is left out; LS_PATTERN_REASONS: it is not. */
static enum ls_pattern_reason judge(const struct ls_pattern *pattern,
                                    const struct ls_transmission *row) {
    const struct ls_transmission *last = &pattern->last;
    if (row->duration_ns <= 0) {
        return LS_PATTERN_NO_DURATION;
    }
    if (!isfinite(row->center_hz) || !isfinite(row->bandwidth_hz) || row->bandwidth_hz < 0.0) {
        return LS_PATTERN_NO_FREQUENCY;
    }
    if (last->duration_ns > 0 && row->start_ns < last->start_ns) {
        return LS_PATTERN_OUT_OF_ORDER;
    }
    if (last->duration_ns == row->duration_ns && last->start_ns == row->start_ns &&
        last->center_hz == row->center_hz && strcmp(last->sensor, row->sensor) == 0) {
        return LS_PATTERN_DUPLICATE;
    }
    return LS_PATTERN_REASONS;
}

/* Marks what the receiver, not the transmitter, decided. */
static void mark_cuts(const struct ls_pattern *pattern, struct ls_event *event) {
    const struct ls_transmission *row = event->row;
    int64_t start = 0;
    int64_t stop = 0;
    event->cut_start = (row->flags & LS_BURST_CUT_START) != 0;
    event->cut_stop = (row->flags & LS_BURST_CUT_STOP) != 0;
    if (ls_exposure_known(pattern->exposure, event->sensor) &&
        ls_exposure_at(pattern->exposure, event->sensor, row->center_hz, row->start_ns, &start,
                       &stop)) {
        event->cut_start = event->cut_start || row->start_ns - start < LS_EXPOSURE_EDGE_NS;
        event->cut_stop =
            event->cut_stop || row->start_ns > stop - LS_EXPOSURE_EDGE_NS - row->duration_ns;
    }
}

int ls_pattern_push(struct ls_pattern *pattern, const struct ls_transmission *row,
                    struct ls_err *err) {
    enum ls_pattern_reason why = judge(pattern, row);
    if (why != LS_PATTERN_REASONS) {
        pattern->refused[why]++;
        return LS_OK;
    }
    struct batch *batch = pattern->batch;
    int rc = batch->count == BATCH ? work_off(pattern, err) : LS_OK;
    struct ls_event event = {.row = &batch->row[batch->count],
                             .emitter = &batch->emitter[batch->count]};
    if (rc == LS_OK) {
        rc = ls_exposure_sensor(pattern->exposure, row->sensor, &event.sensor, err);
    }
    if (rc != LS_OK) {
        return rc;
    }
    ls_transmission_copy(&batch->row[batch->count], row);
    ls_transmission_copy(&pattern->last, row);
    mark_cuts(pattern, &event);
    event.company = ls_company_push(pattern->company, row, event.sensor);
    event.track = ls_tracks_push(pattern->tracks, row, event.sensor,
                                 event.cut_start || event.cut_stop, &event.track_begins);
    batch->emitter[batch->count] = *ls_tracks_at(pattern->tracks, event.track);
    batch->event[batch->count++] = event;
    return LS_OK;
}

int ls_pattern_findings(struct ls_pattern *pattern, ls_finding_each *each, void *context,
                        struct ls_err *err) {
    struct ls_report *report = NULL;
    int rc = work_off(pattern, err);
    rc = rc == LS_OK ? ls_report_create(&report, err) : rc;
    size_t count = 0;
    const struct ls_kind *const *kinds = ls_kinds(&count);
    for (size_t i = 0; rc == LS_OK && i < count; i++) {
        ls_report_begin(report, kinds[i]);
        rc = kinds[i]->report(pattern->states[i], report, err);
        ls_report_end(report);
    }
    for (size_t i = 0; rc == LS_OK && i < ls_report_size(report); i++) {
        struct ls_finding finding = *ls_report_at(report, i);
        uint32_t sensor = 0;
        rc = ls_exposure_sensor(pattern->exposure, finding.sensor, &sensor, err);
        if (rc == LS_OK) {
            finding.company =
                ls_company_busy(pattern->company, sensor) ? (double)NAN : finding.company;
            rc = each(context, &finding, err);
        }
    }
    ls_report_destroy(report);
    return rc;
}

/* --- the state as bytes --- */

int ls_pattern_save(struct ls_pattern *pattern, void **ret_bytes, size_t *ret_size,
                    struct ls_err *err) {
    struct ls_blob blob = {.bytes = NULL};
    struct ls_transmission last;
    size_t count = 0;
    const struct ls_kind *const *kinds = ls_kinds(&count);
    int rc = work_off(pattern, err);
    memset(&last, 0, sizeof last); /* of equal states the bytes are equal */
    ls_transmission_copy(&last, &pattern->last);
    rc = rc == LS_OK ? ls_blob_put_count(&blob, state_magic, err) : rc;
    rc = rc == LS_OK ? ls_blob_put_count(&blob, STATE_VERSION, err) : rc;
    rc = rc == LS_OK ? ls_blob_put_count(&blob, ls_tracks_max(pattern->tracks), err) : rc;
    rc = rc == LS_OK ? ls_blob_put(&blob, pattern->refused, sizeof pattern->refused, err) : rc;
    rc = rc == LS_OK ? ls_blob_put(&blob, &pattern->observed_ns, sizeof(int64_t), err) : rc;
    rc = rc == LS_OK ? ls_blob_put(&blob, &last, sizeof last, err) : rc;
    rc = rc == LS_OK ? ls_exposure_save(pattern->exposure, &blob, err) : rc;
    rc = rc == LS_OK ? ls_tracks_save(pattern->tracks, &blob, err) : rc;
    rc = rc == LS_OK ? ls_company_save(pattern->company, &blob, err) : rc;
    for (size_t i = 0; rc == LS_OK && i < count; i++) {
        rc = ls_blob_put_count(&blob, kinds[i]->version, err);
        rc = rc == LS_OK ? kinds[i]->save(pattern->states[i], &blob, err) : rc;
    }
    if (rc != LS_OK) {
        free(blob.bytes);
        return rc;
    }
    *ret_bytes = blob.bytes;
    *ret_size = blob.size;
    return LS_OK;
}

static int load_head(struct ls_pattern *pattern, struct ls_blob_reader *in, struct ls_err *err) {
    uint64_t magic = 0;
    uint64_t version = 0;
    uint64_t tracks = 0;
    int rc = ls_blob_get_count(in, UINT64_MAX, &magic, err);
    if (rc == LS_OK && magic != state_magic) {
        return ls_err_set(err, LS_ERR_FORMAT, "these bytes are no state of the pattern engine");
    }
    rc = rc == LS_OK ? ls_blob_get_count(in, UINT64_MAX, &version, err) : rc;
    if (rc == LS_OK && version != STATE_VERSION) {
        return ls_err_set(err, LS_ERR_VERSION,
                          "the pattern state has version %llu, this program knows %d; "
                          "run lineside patterns to begin anew from the stored rows",
                          (unsigned long long)version, STATE_VERSION);
    }
    rc = rc == LS_OK ? ls_blob_get_count(in, UINT64_MAX, &tracks, err) : rc;
    if (rc == LS_OK && tracks != ls_tracks_max(pattern->tracks)) {
        return ls_err_set(err, LS_ERR_ARG,
                          "the pattern state was saved with room for %llu emitters",
                          (unsigned long long)tracks);
    }
    rc = rc == LS_OK ? ls_blob_get(in, pattern->refused, sizeof pattern->refused, err) : rc;
    rc = rc == LS_OK ? ls_blob_get(in, &pattern->observed_ns, sizeof(int64_t), err) : rc;
    rc = rc == LS_OK ? ls_blob_get(in, &pattern->last, sizeof pattern->last, err) : rc;
    if (rc == LS_OK && pattern->last.trail.count > LS_TRAIL_POINTS) {
        return ls_err_set(err, LS_ERR_FORMAT, "saved state of the pattern engine is damaged");
    }
    return rc;
}

static int load_all(struct ls_pattern *pattern, struct ls_blob_reader *in, struct ls_err *err) {
    int rc = load_head(pattern, in, err);
    rc = rc == LS_OK ? ls_exposure_load(pattern->exposure, in, err) : rc;
    rc = rc == LS_OK ? ls_tracks_load(pattern->tracks, in, err) : rc;
    rc = rc == LS_OK ? ls_company_load(pattern->company, in, err) : rc;
    size_t count = 0;
    const struct ls_kind *const *kinds = ls_kinds(&count);
    for (size_t i = 0; rc == LS_OK && i < count; i++) {
        uint64_t version = 0;
        rc = ls_blob_get_count(in, UINT64_MAX, &version, err);
        if (rc == LS_OK && version != kinds[i]->version) {
            return ls_err_set(
                err, LS_ERR_VERSION, "the pattern state is of %s/%llu, this program has %s/%u",
                kinds[i]->id, (unsigned long long)version, kinds[i]->id, kinds[i]->version);
        }
        rc = rc == LS_OK ? kinds[i]->load(pattern->states[i], in, err) : rc;
    }
    if (rc == LS_OK && in->at != in->size) {
        rc = ls_err_set(err, LS_ERR_FORMAT, "saved state of the pattern engine is too long");
    }
    return rc;
}

int ls_pattern_load(struct ls_pattern **ret, const struct ls_pattern_opts *opts, const void *bytes,
                    size_t size, struct ls_err *err) {
    struct ls_pattern *pattern = NULL;
    int rc = ls_pattern_create(&pattern, opts, err);
    if (rc != LS_OK) {
        return rc;
    }
    assert(pattern != NULL);
    struct ls_blob_reader in = {.bytes = bytes, .size = size};
    rc = load_all(pattern, &in, err);
    if (rc != LS_OK) {
        ls_pattern_destroy(pattern);
        return rc;
    }
    *ret = pattern;
    return LS_OK;
}
