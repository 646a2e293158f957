#include "pattern/fold.h"

#include <math.h>
#include <stdlib.h>

enum { FAMILIES_MAX = 512 };
/* A family is wider than one emitter: twice its gates (pattern/track.h). */
static const double wide_ppm = 6e-6;
static const double wide_bandwidth = 0.08;

struct fold {
    struct ls_kind_input input;
    struct ls_tracks *families;
    void *emitters; /* pattern/regular.h, each */
    void *hoppers;
    /* [FAMILIES_MAX]: the receiver was heard to listen to one of its channels without another. What
     * the schedule of a receiver does to a family has no single good time, so it is left there. */
    unsigned char apart[FAMILIES_MAX];
};

void ls_fold_destroy(void *state) {
    struct fold *fold = state;
    if (fold == NULL) {
        return;
    }
    ls_regular_destroy(fold->emitters);
    ls_regular_destroy(fold->hoppers);
    ls_tracks_destroy(fold->families);
    free(fold);
}

int ls_fold_create(void **ret, const struct ls_kind_input *input,
                   const struct ls_regular_opts *opts, struct ls_err *err) {
    struct fold *fold = calloc(1, sizeof *fold);
    if (fold == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for the search over channels");
    }
    fold->input = *input;
    struct ls_tracks_opts families = {.max = FAMILIES_MAX, .any_channel = true};
    int rc = ls_tracks_create(&fold->families, &families, err);
    struct ls_kind_input hoppers = *input;
    hoppers.tracks = fold->families;
    rc = rc == LS_OK ? ls_regular_create(&fold->emitters, input, opts, err) : rc;
    rc = rc == LS_OK ? ls_regular_create(&fold->hoppers, &hoppers, opts, err) : rc;
    if (rc != LS_OK) {
        ls_fold_destroy(fold);
        return rc;
    }
    *ret = fold;
    return LS_OK;
}

static bool wide(const struct ls_track *track) {
    double gate_hz = fmax(wide_ppm * track->high_hz, wide_bandwidth * track->bandwidth_hz);
    return track->high_hz - track->low_hz > gate_hz;
}

/* Whether listening at both ends of the family began and ends when it does at this channel. */
static bool heard_together(const struct fold *fold, const struct ls_track *track,
                           const struct ls_transmission *row) {
    const double hz[] = {row->center_hz, track->low_hz, track->high_hz};
    int64_t start[3];
    int64_t stop[3];
    for (size_t i = 0; i < 3; i++) {
        if (!ls_exposure_at(fold->input.exposure, track->sensor, hz[i], row->start_ns, &start[i],
                            &stop[i])) {
            return false;
        }
    }
    return start[1] == start[0] && start[2] == start[0] && stop[1] == stop[0] && stop[2] == stop[0];
}

int ls_fold_push(void *state, const struct ls_event *event, struct ls_err *err) {
    struct fold *fold = state;
    int rc = ls_regular_push(fold->emitters, event, err);
    if (rc != LS_OK) {
        return rc;
    }
    struct ls_event folded = *event;
    folded.track = ls_tracks_push(fold->families, event->row, event->sensor,
                                  event->cut_start || event->cut_stop, &folded.track_begins);
    const struct ls_track *track = ls_tracks_at(fold->families, folded.track);
    folded.emitter = track;
    if (folded.track_begins) {
        fold->apart[folded.track] = 0;
    }
    if (fold->apart[folded.track] == 0 && !heard_together(fold, track, event->row)) {
        fold->apart[folded.track] = 1;
    }
    bool taken = fold->apart[folded.track] == 0 && wide(track);
    return taken || folded.track_begins ? ls_regular_push(fold->hoppers, &folded, err) : LS_OK;
}

int ls_fold_report(const void *state, struct ls_report *report, struct ls_err *err) {
    const struct fold *fold = state;
    int rc = ls_regular_report(fold->emitters, report, err);
    return rc == LS_OK ? ls_regular_report(fold->hoppers, report, err) : rc;
}

int ls_fold_save(const void *state, struct ls_blob *blob, struct ls_err *err) {
    const struct fold *fold = state;
    int rc = ls_regular_save(fold->emitters, blob, err);
    rc = rc == LS_OK ? ls_tracks_save(fold->families, blob, err) : rc;
    rc = rc == LS_OK ? ls_blob_put(blob, fold->apart, sizeof fold->apart, err) : rc;
    return rc == LS_OK ? ls_regular_save(fold->hoppers, blob, err) : rc;
}

int ls_fold_load(void *state, struct ls_blob_reader *in, struct ls_err *err) {
    struct fold *fold = state;
    int rc = ls_regular_load(fold->emitters, in, err);
    rc = rc == LS_OK ? ls_tracks_load(fold->families, in, err) : rc;
    rc = rc == LS_OK ? ls_blob_get(in, fold->apart, sizeof fold->apart, err) : rc;
    return rc == LS_OK ? ls_regular_load(fold->hoppers, in, err) : rc;
}
