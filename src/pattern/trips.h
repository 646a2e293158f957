/* pattern/trips.h: the visits of each channel, and those of the trains. A channel that is visited
 * often is ordinary: cab radios, gateways that every train has, the phones of passengers and
 * neighbours. Where three ordinary channels or more are visited at once there is a crowd: mostly
 * a train. (A channel that is in use for much of the time says nothing of who comes and goes.) What
 * is visited now and then is kept visit by visit. */
#ifndef PATTERN_TRIPS_H
#define PATTERN_TRIPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "pattern/blob.h"
#include "pattern/exposure.h"
#include "pattern/visits.h"

enum {
    LS_TRIPS_KEPT = 32, /* of a channel: the last ones */
    LS_TRIP_ROWS = 12   /* of a visit, spread evenly */
};

struct ls_trip {
    int64_t start_ns;
    int64_t stop_ns;
    uint32_t count;
    bool levels;  /* every row has one */
    double joint; /* share of its rows that began with one in another channel */
    int64_t t_ns[LS_TRIP_ROWS];
    int64_t id[LS_TRIP_ROWS];
    double level_db[LS_TRIP_ROWS];
};

struct ls_trip_log {
    struct ls_channel channel;
    uint64_t trips; /* so far */
    double stay_s;  /* in all of them */
    struct ls_trip trip[LS_TRIPS_KEPT];
};

struct ls_trips;

int ls_trips_create(struct ls_trips **ret, struct ls_err *err);
void ls_trips_destroy(struct ls_trips *trips);
int ls_trips_push(struct ls_trips *trips, const struct ls_event *event, struct ls_err *err);

/* A copy in which visits under way are over. The caller destroys *ret. */
int ls_trips_close(struct ls_trips **ret, const struct ls_trips *trips, struct ls_err *err);

/* What a channel was visited by; NULL: never. slot < LS_CHANNELS_MAX. */
const struct ls_trip_log *ls_trips_log(const struct ls_trips *trips, uint32_t slot);
/* Visits kept, and the i-th of them, ascending. */
size_t ls_trips_kept(const struct ls_trip_log *log);
const struct ls_trip *ls_trips_at(const struct ls_trip_log *log, size_t i);

/* Comes now and then: three visits or more, four a day at most on the average. */
bool ls_trips_seldom(const struct ls_trips *trips, const struct ls_trip_log *log);
/* Channels that came seldom and gave way to others. */
uint64_t ls_trips_gone(const struct ls_trips *trips);

struct ls_crowd {
    int64_t start_ns;
    int64_t stop_ns;
};

/* The crowds at a sensor, ascending, apart from each other, as far back as is known. The caller
 * frees *ret. */
int ls_trips_crowds(const struct ls_trips *trips, uint32_t sensor, struct ls_crowd **ret,
                    size_t *ret_count, struct ls_err *err);

int ls_trips_save(const struct ls_trips *trips, struct ls_blob *blob, struct ls_err *err);
int ls_trips_load(struct ls_trips *trips, struct ls_blob_reader *in, struct ls_err *err);

#endif
