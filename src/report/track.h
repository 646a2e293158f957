/* report/track.h: where sensors stand, and those that heard one thing pass, in their order. Not for
 * other layers. */
#ifndef REPORT_TRACK_H
#define REPORT_TRACK_H

#include "store/positions.h"

struct ls_track {
    struct ls_position *places;
    size_t count;
    size_t room;
};

/* The last stated position of each sensor, by name. The caller finishes *ret. LS_ERR_NOMEM; the
 * errors of the store. */
int ls_track_places(struct ls_track *ret, struct ls_store *store, struct ls_err *err);
/* Of the sensors with a place that an incident's evidence is of, each once, in the order in which
 * they heard it first. The caller finishes *ret. */
int ls_track_of(struct ls_track *ret, struct ls_store *store, int64_t incident_id,
                const struct ls_track *places, struct ls_err *err);
void ls_track_finish(struct ls_track *track);

#endif
