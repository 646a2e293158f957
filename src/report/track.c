#include "report/track.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "store/patterns.h"

static struct ls_position *find(const struct ls_track *track, const char *sensor) {
    for (size_t i = 0; i < track->count; i++) {
        if (strcmp(track->places[i].sensor, sensor) == 0) {
            return &track->places[i];
        }
    }
    return NULL;
}

static int add(struct ls_track *track, const struct ls_position *place, struct ls_err *err) {
    void *items = track->places;
    if (ls_grow(&items, &track->room, track->count, sizeof *track->places) != LS_OK) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    track->places = items;
    track->places[track->count++] = *place;
    return LS_OK;
}

/* They come in order of time. */
static int take_place(void *context, const struct ls_position *position, struct ls_err *err) {
    struct ls_track *track = context;
    struct ls_position *known = find(track, position->sensor);
    if (known != NULL) {
        *known = *position;
        return LS_OK;
    }
    return add(track, position, err);
}

int ls_track_places(struct ls_track *ret, struct ls_store *store, struct ls_err *err) {
    return ls_store_each_position(store, take_place, ret, err);
}

struct passing {
    struct ls_track *track;
    const struct ls_track *places;
};

/* Rows come in order of time. */
static int take_row(void *context, const struct ls_transmission *row, struct ls_err *err) {
    struct passing *passing = context;
    const struct ls_position *place = find(passing->places, row->sensor);
    if (place == NULL || find(passing->track, row->sensor) != NULL) {
        return LS_OK;
    }
    return add(passing->track, place, err);
}

int ls_track_of(struct ls_track *ret, struct ls_store *store, int64_t incident_id,
                const struct ls_track *places, struct ls_err *err) {
    struct passing passing = {.track = ret, .places = places};
    return ls_store_each_evidence(store, incident_id, take_row, &passing, err);
}

void ls_track_finish(struct ls_track *track) {
    free(track->places);
    memset(track, 0, sizeof *track);
}
