#include "tests/pattern/stand.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

static const int64_t begin_ns = INT64_C(1793491200) * INT64_C(1000000000); /* 2026-11-01 */

static void create_states(struct stand *stand) {
    struct ls_kind_input input = {.exposure = stand->exposure, .tracks = stand->tracks};
    for (size_t i = 0; i < stand->kind_count; i++) {
        int code = stand->kinds[i]->create(&stand->states[i], &input, NULL);
        assert(code == LS_OK);
    }
}

void stand_init(struct stand *stand, const struct ls_kind *const *kinds, size_t count) {
    assert(count <= STAND_KINDS);
    *stand = (struct stand){.kind_count = count};
    memcpy(stand->kinds, kinds, count * sizeof *kinds);
    int code = ls_exposure_create(&stand->exposure, NULL);
    assert(code == LS_OK);
    struct ls_tracks_opts tracks = {.max = 1024};
    code = ls_tracks_create(&stand->tracks, &tracks, NULL);
    assert(code == LS_OK);
    create_states(stand);
}

void stand_finish(struct stand *stand) {
    for (size_t i = 0; i < stand->kind_count; i++) {
        stand->kinds[i]->destroy(stand->states[i]);
    }
    ls_tracks_destroy(stand->tracks);
    ls_exposure_destroy(stand->exposure);
    ls_report_destroy(stand->report);
    free(stand->rows);
}

void stand_plant(struct stand *stand, const char *sensor, double t_s, double duration_s,
                 double center_hz, double bandwidth_hz, double level_dbfs) {
    void *rows = stand->rows;
    int code = ls_grow(&rows, &stand->capacity, stand->count, sizeof *stand->rows);
    assert(code == LS_OK);
    stand->rows = rows;
    struct ls_transmission *row = &stand->rows[stand->count++];
    *row = (struct ls_transmission){.start_ns = begin_ns + (int64_t)(t_s * 1e9),
                                    .duration_ns = (int64_t)(duration_s * 1e9),
                                    .center_hz = center_hz,
                                    .bandwidth_hz = bandwidth_hz,
                                    .snr_db = 20.0,
                                    .level_dbfs = level_dbfs,
                                    .offset_hz = (double)NAN,
                                    .bursts = 1,
                                    .on_s = (double)NAN,
                                    .burst_s = (double)NAN,
                                    .period_s = (double)NAN};
    ls_copy_text(row->sensor, sizeof row->sensor, sensor);
    ls_copy_text(row->class_name, sizeof row->class_name, "gsm");
}

void stand_listen(struct stand *stand, const char *sensor, double from_s, double until_s,
                  double low_hz, double high_hz) {
    struct ls_observation row = {.start_ns = begin_ns + (int64_t)(from_s * 1e9),
                                 .stop_ns = begin_ns + (int64_t)(until_s * 1e9),
                                 .low_hz = low_hz,
                                 .high_hz = high_hz,
                                 .state = LS_OBSERVED};
    ls_copy_text(row.sensor, sizeof row.sensor, sensor);
    int code = ls_exposure_push(stand->exposure, &row, NULL);
    assert(code == LS_OK);
}

static int by_time(const void *a, const void *b) {
    const struct ls_transmission *x = a;
    const struct ls_transmission *y = b;
    return (x->start_ns > y->start_ns) - (x->start_ns < y->start_ns);
}

static void push(struct stand *stand, const struct ls_transmission *row) {
    struct ls_event event = {.row = row};
    int code = ls_exposure_sensor(stand->exposure, row->sensor, &event.sensor, NULL);
    assert(code == LS_OK);
    event.track = ls_tracks_push(stand->tracks, row, event.sensor, false, &event.track_begins);
    event.emitter = ls_tracks_at(stand->tracks, event.track);
    for (size_t i = 0; i < stand->kind_count; i++) {
        code = stand->kinds[i]->push(stand->states[i], &event, NULL);
        assert(code == LS_OK);
    }
}

/* The states as bytes and back. */
static void resume(struct stand *stand) {
    struct ls_blob blob = {.bytes = NULL};
    for (size_t i = 0; i < stand->kind_count; i++) {
        int code = stand->kinds[i]->save(stand->states[i], &blob, NULL);
        assert(code == LS_OK);
        stand->kinds[i]->destroy(stand->states[i]);
    }
    create_states(stand);
    struct ls_blob_reader in = {.bytes = blob.bytes, .size = blob.size};
    for (size_t i = 0; i < stand->kind_count; i++) {
        int code = stand->kinds[i]->load(stand->states[i], &in, NULL);
        assert(code == LS_OK);
    }
    assert(in.at == in.size);
    free(blob.bytes);
}

void stand_run(struct stand *stand, size_t every) {
    qsort(stand->rows, stand->count, sizeof *stand->rows, by_time);
    for (size_t i = 0; i < stand->count; i++) {
        stand->rows[i].id = (int64_t)i + 1;
        push(stand, &stand->rows[i]);
        if (every > 0 && (i + 1) % every == 0) {
            resume(stand);
        }
    }
}

const struct ls_finding *stand_best(struct stand *stand) {
    const struct ls_finding *best = NULL;
    ls_report_destroy(stand->report);
    stand->report = NULL;
    int code = ls_report_create(&stand->report, NULL);
    assert(code == LS_OK);
    for (size_t i = 0; i < stand->kind_count; i++) {
        ls_report_begin(stand->report, stand->kinds[i]);
        code = stand->kinds[i]->report(stand->states[i], stand->report, NULL);
        assert(code == LS_OK);
        ls_report_end(stand->report);
    }
    for (size_t i = 0; i < ls_report_size(stand->report); i++) {
        const struct ls_finding *finding = ls_report_at(stand->report, i);
        bool last = strcmp(finding->kind, stand->kinds[stand->kind_count - 1]->id) == 0;
        if (last && (best == NULL || finding->log10_p < best->log10_p)) {
            best = finding;
        }
    }
    return best;
}

size_t stand_reported(const struct stand *stand) {
    size_t reported = 0;
    for (size_t i = 0; i < ls_report_size(stand->report); i++) {
        const struct ls_finding *finding = ls_report_at(stand->report, i);
        bool last = strcmp(finding->kind, stand->kinds[stand->kind_count - 1]->id) == 0;
        reported += last && finding->reported;
    }
    return reported;
}
