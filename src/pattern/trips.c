#include "pattern/trips.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"

enum {
    TRIPS_MIN = 3,
    CROWD = 3,        /* channels at once */
    STAYS_MAX = 32768 /* of ordinary channels, a sensor; the older half gives way */
};

static const double often_per_day = 4.0;
static const double busy_share = 0.15; /* of the time: more says nothing of who comes and goes */
static const int64_t beside_ns = 30 * LS_NS_PER_S; /* before and behind a visit it is near */

struct stay {
    int64_t start_ns;
    int64_t stop_ns;
};

/* What is known of one sensor. */
struct stage {
    int64_t first_ns;
    int64_t last_ns;
    struct stay *stays; /* in order of their ends, about */
    size_t count;
    size_t capacity;
};

struct ls_trips {
    struct ls_visits *visits;
    struct ls_trip_log **logs; /* [LS_CHANNELS_MAX] */
    struct stage *stages[LS_SENSORS_MAX];
    uint64_t gone;
};

size_t ls_trips_kept(const struct ls_trip_log *log) {
    return log->trips < LS_TRIPS_KEPT ? (size_t)log->trips : LS_TRIPS_KEPT;
}

const struct ls_trip *ls_trips_at(const struct ls_trip_log *log, size_t i) {
    return &log->trip[(log->trips - ls_trips_kept(log) + i) % LS_TRIPS_KEPT];
}

const struct ls_trip_log *ls_trips_log(const struct ls_trips *trips, uint32_t slot) {
    return trips->logs[slot];
}

uint64_t ls_trips_gone(const struct ls_trips *trips) { return trips->gone; }

static bool often(const struct ls_trips *trips, const struct ls_trip_log *log) {
    const struct stage *stage = trips->stages[log->channel.sensor];
    double days = fmax(1.0, (double)(stage->last_ns - stage->first_ns) / (double)LS_NS_PER_DAY);
    return (double)log->trips > often_per_day * days;
}

bool ls_trips_seldom(const struct ls_trips *trips, const struct ls_trip_log *log) {
    return log->trips >= TRIPS_MIN && !often(trips, log);
}

static void add_trip(struct ls_trip_log *log, const struct ls_visit *visit) {
    struct ls_trip *trip = &log->trip[log->trips++ % LS_TRIPS_KEPT];
    size_t n = visit->count < LS_TRIP_ROWS ? visit->count : LS_TRIP_ROWS;
    *trip = (struct ls_trip){.start_ns = visit->start_ns,
                             .stop_ns = visit->stop_ns,
                             .count = (uint32_t)n,
                             .levels = true,
                             .joint = (double)visit->joint / (double)visit->transmissions};
    for (size_t i = 0; i < n; i++) {
        const struct ls_visit_row *row = &visit->row[n < 2 ? 0 : i * (visit->count - 1) / (n - 1)];
        trip->t_ns[i] = row->t_ns;
        trip->id[i] = row->id;
        trip->level_db[i] = row->level_db;
        trip->levels = trip->levels && isfinite(row->level_db);
    }
}

static int add_stay(struct stage *stage, const struct ls_visit *visit, struct ls_err *err) {
    void *stays = stage->stays;
    if (stage->count == STAYS_MAX) {
        stage->count /= 2;
        memmove(stage->stays, stage->stays + stage->count, stage->count * sizeof *stage->stays);
    }
    if (ls_grow(&stays, &stage->capacity, stage->count, sizeof *stage->stays) != LS_OK) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for visits");
    }
    stage->stays = stays;
    stage->stays[stage->count++] = (struct stay){visit->start_ns, visit->stop_ns};
    return LS_OK;
}

static int take_visit(void *context, const struct ls_visit *visit, struct ls_err *err) {
    struct ls_trips *trips = context;
    struct ls_trip_log *log = trips->logs[visit->slot];
    struct stage *stage = trips->stages[visit->channel.sensor];
    if (stage == NULL) {
        return ls_err_set(err, LS_ERR_FORMAT, "saved state of visits is damaged");
    }
    if (log == NULL) {
        log = trips->logs[visit->slot] = calloc(1, sizeof *log);
        if (log == NULL) {
            return ls_err_set(err, LS_ERR_NOMEM, "out of memory for visits");
        }
    }
    log->channel = visit->channel;
    add_trip(log, visit);
    log->stay_s += (double)(visit->stop_ns - visit->start_ns) / 1e9;
    bool busy = log->stay_s > busy_share * (double)(stage->last_ns - stage->first_ns) / 1e9;
    return often(trips, log) && !busy ? add_stay(stage, visit, err) : LS_OK;
}

static void give_way(void *context, uint32_t slot) {
    struct ls_trips *trips = context;
    trips->gone += trips->logs[slot] != NULL && ls_trips_seldom(trips, trips->logs[slot]);
    free(trips->logs[slot]);
    trips->logs[slot] = NULL;
}

void ls_trips_destroy(struct ls_trips *trips) {
    if (trips == NULL) {
        return;
    }
    for (size_t i = 0; trips->logs != NULL && i < LS_CHANNELS_MAX; i++) {
        free(trips->logs[i]);
    }
    for (size_t i = 0; i < LS_SENSORS_MAX; i++) {
        if (trips->stages[i] != NULL) {
            free(trips->stages[i]->stays);
        }
        free(trips->stages[i]);
    }
    free(trips->logs);
    ls_visits_destroy(trips->visits);
    free(trips);
}

int ls_trips_create(struct ls_trips **ret, struct ls_err *err) {
    struct ls_trips *trips = calloc(1, sizeof *trips);
    if (trips == NULL || (trips->logs = calloc(LS_CHANNELS_MAX, sizeof *trips->logs)) == NULL) {
        free(trips);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for visits");
    }
    struct ls_visits_opts opts = {.ended = take_visit, .gone = give_way, .context = trips};
    int code = ls_visits_create(&trips->visits, &opts, err);
    if (code != LS_OK) {
        ls_trips_destroy(trips);
        return code;
    }
    *ret = trips;
    return LS_OK;
}

int ls_trips_push(struct ls_trips *trips, const struct ls_event *event, struct ls_err *err) {
    struct stage *stage = trips->stages[event->sensor];
    if (stage == NULL) {
        stage = trips->stages[event->sensor] = calloc(1, sizeof *stage);
        if (stage == NULL) {
            return ls_err_set(err, LS_ERR_NOMEM, "out of memory for visits");
        }
        stage->first_ns = event->row->start_ns;
    }
    stage->last_ns = event->row->start_ns;
    return ls_visits_push(trips->visits, event, err);
}

/* --- a copy --- */

static void *copy_of(const void *from, size_t size) {
    void *copy = from == NULL ? NULL : malloc(size);
    return copy == NULL ? NULL : memcpy(copy, from, size);
}

static bool copy_stage(struct stage **ret, const struct stage *from) {
    struct stage *stage = *ret = copy_of(from, sizeof *from);
    if (stage == NULL) {
        return from == NULL;
    }
    stage->stays = copy_of(from->stays, from->capacity * sizeof *from->stays);
    stage->count = stage->stays == NULL ? 0 : from->count;
    stage->capacity = stage->stays == NULL ? 0 : from->capacity;
    return stage->count == from->count;
}

int ls_trips_close(struct ls_trips **ret, const struct ls_trips *trips, struct ls_err *err) {
    struct ls_trips *copy = NULL;
    int code = ls_trips_create(&copy, err);
    bool whole = true;
    assert(code != LS_OK || copy != NULL);
    for (size_t i = 0; code == LS_OK && i < LS_CHANNELS_MAX; i++) {
        copy->logs[i] = copy_of(trips->logs[i], sizeof *copy->logs[i]);
        whole = whole && (copy->logs[i] == NULL) == (trips->logs[i] == NULL);
    }
    for (size_t i = 0; code == LS_OK && i < LS_SENSORS_MAX; i++) {
        whole = copy_stage(&copy->stages[i], trips->stages[i]) && whole;
    }
    if (code == LS_OK) {
        copy->gone = trips->gone;
        code = whole ? ls_visits_open(trips->visits, take_visit, copy, err)
                     : ls_err_set(err, LS_ERR_NOMEM, "out of memory for visits");
    }
    if (code != LS_OK) {
        ls_trips_destroy(copy);
        return code;
    }
    *ret = copy;
    return LS_OK;
}

/* --- crowds --- */

/* An end of a stay: one more there, or one less. */
struct edge {
    int64_t t_ns;
    int step;
};

static int compare_edges(const void *a, const void *b) {
    const struct edge *x = a;
    const struct edge *y = b;
    if (x->t_ns != y->t_ns) {
        return x->t_ns < y->t_ns ? -1 : 1;
    }
    return y->step - x->step;
}

static size_t sweep(const struct edge *edges, size_t count, struct ls_crowd *ret) {
    size_t crowds = 0;
    int there = 0;
    for (size_t i = 0; i < count; i++) {
        there += edges[i].step;
        if (edges[i].step > 0 && there == CROWD) {
            ret[crowds].start_ns = edges[i].t_ns;
        } else if (edges[i].step < 0 && there == CROWD - 1) {
            ret[crowds++].stop_ns = edges[i].t_ns;
        }
    }
    return crowds;
}

int ls_trips_crowds(const struct ls_trips *trips, uint32_t sensor, struct ls_crowd **ret,
                    size_t *ret_count, struct ls_err *err) {
    const struct stage *stage = trips->stages[sensor];
    size_t stays = stage == NULL ? 0 : stage->count;
    struct edge *edges = malloc((2 * stays + 1) * sizeof *edges);
    struct ls_crowd *crowds = malloc((stays + 1) * sizeof *crowds);
    if (edges == NULL || crowds == NULL) {
        free(edges);
        free(crowds);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for visits");
    }
    for (size_t i = 0; i < stays; i++) {
        edges[2 * i] = (struct edge){stage->stays[i].start_ns - beside_ns, 1};
        edges[2 * i + 1] = (struct edge){stage->stays[i].stop_ns + beside_ns, -1};
    }
    qsort(edges, 2 * stays, sizeof *edges, compare_edges);
    *ret_count = sweep(edges, 2 * stays, crowds);
    *ret = crowds;
    free(edges);
    return LS_OK;
}

/* --- the state as bytes --- */

static int save_stage(const struct stage *stage, struct ls_blob *blob, struct ls_err *err) {
    int code = ls_blob_put(blob, &stage->first_ns, sizeof(int64_t), err);
    code = code == LS_OK ? ls_blob_put(blob, &stage->last_ns, sizeof(int64_t), err) : code;
    code = code == LS_OK ? ls_blob_put_count(blob, stage->count, err) : code;
    return code == LS_OK ? ls_blob_put(blob, stage->stays, stage->count * sizeof *stage->stays, err)
                         : code;
}

int ls_trips_save(const struct ls_trips *trips, struct ls_blob *blob, struct ls_err *err) {
    int code = ls_visits_save(trips->visits, blob, err);
    code = code == LS_OK ? ls_blob_put_count(blob, trips->gone, err) : code;
    for (size_t i = 0; code == LS_OK && i < LS_CHANNELS_MAX; i++) {
        const struct ls_trip_log *log = trips->logs[i];
        code = ls_blob_put_count(blob, log != NULL, err);
        code = code == LS_OK && log != NULL ? ls_blob_put(blob, log, sizeof *log, err) : code;
    }
    for (size_t i = 0; code == LS_OK && i < LS_SENSORS_MAX; i++) {
        const struct stage *stage = trips->stages[i];
        code = ls_blob_put_count(blob, stage != NULL, err);
        if (code == LS_OK && stage != NULL) {
            code = save_stage(stage, blob, err);
        }
    }
    return code;
}

static int load_log(struct ls_trips *trips, size_t slot, struct ls_blob_reader *in,
                    struct ls_err *err) {
    struct ls_trip_log *log = trips->logs[slot] = calloc(1, sizeof *log);
    if (log == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for visits");
    }
    int code = ls_blob_get(in, log, sizeof *log, err);
    for (size_t i = 0; code == LS_OK && i < LS_TRIPS_KEPT; i++) {
        if (log->trip[i].count > LS_TRIP_ROWS || log->channel.sensor >= LS_SENSORS_MAX) {
            code = ls_err_set(err, LS_ERR_FORMAT, "saved state of visits is damaged");
        }
    }
    return code;
}

static int load_stage(struct ls_trips *trips, size_t sensor, struct ls_blob_reader *in,
                      struct ls_err *err) {
    struct stage *stage = trips->stages[sensor] = calloc(1, sizeof *stage);
    if (stage == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for visits");
    }
    uint64_t count = 0;
    int code = ls_blob_get(in, &stage->first_ns, sizeof(int64_t), err);
    code = code == LS_OK ? ls_blob_get(in, &stage->last_ns, sizeof(int64_t), err) : code;
    code = code == LS_OK ? ls_blob_get_count(in, STAYS_MAX, &count, err) : code;
    if (code != LS_OK || count == 0) {
        return code;
    }
    stage->stays = malloc((size_t)count * sizeof *stage->stays);
    if (stage->stays == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for visits");
    }
    stage->count = stage->capacity = (size_t)count;
    return ls_blob_get(in, stage->stays, stage->count * sizeof *stage->stays, err);
}

/* Every log belongs to a sensor that is known. */
static int check(const struct ls_trips *trips, struct ls_err *err) {
    for (size_t i = 0; i < LS_CHANNELS_MAX; i++) {
        if (trips->logs[i] != NULL && trips->stages[trips->logs[i]->channel.sensor] == NULL) {
            return ls_err_set(err, LS_ERR_FORMAT, "saved state of visits is damaged");
        }
    }
    return LS_OK;
}

int ls_trips_load(struct ls_trips *trips, struct ls_blob_reader *in, struct ls_err *err) {
    uint64_t there = 0;
    int code = ls_visits_load(trips->visits, in, err);
    code = code == LS_OK ? ls_blob_get_count(in, UINT64_MAX, &trips->gone, err) : code;
    for (size_t i = 0; code == LS_OK && i < LS_CHANNELS_MAX; i++) {
        code = ls_blob_get_count(in, 1, &there, err);
        code = code == LS_OK && there != 0 ? load_log(trips, i, in, err) : code;
    }
    for (size_t i = 0; code == LS_OK && i < LS_SENSORS_MAX; i++) {
        code = ls_blob_get_count(in, 1, &there, err);
        code = code == LS_OK && there != 0 ? load_stage(trips, i, in, err) : code;
    }
    return code == LS_OK ? check(trips, err) : code;
}
