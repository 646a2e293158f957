#include "pattern/track.h"

#include <assert.h>
#include <math.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"

/* Emitters are found by hash: (sensor, span, way, octave of bandwidth, slot of frequency). A slot
 * is wider than the frequency gate, so that an emitter within reach is in the same or a
 * neighbouring cell. Those of one cell are chained; all are chained by age as well, so that the
 * oldest is known. */

#define NONE UINT32_MAX

static const double gate_ppm = 3.0;
static const double gate_bandwidth = 0.04;
static const double gate_log_bandwidth = 0.3;
static const double gate_log_duration = 0.25;
static const double gate_duration_s = 1e-3;
static const double gate_level_db = 20.0;
static const double memory = 0.1; /* weight of the newest in the recent means */
/* At least this wide, so that one gate of 3 ppm fits in a slot up to 6 GHz. */
static const double slot_min_hz = 20e3;
static const int slot_min_octave = 16; /* a quarter of it is below that */
/* Half of the 902 to 928 MHz band, the widest that hoppers below 1 GHz use. */
static const double gate_any_channel = 0.015;
/* exp() of the gates of logarithms. */
static const double gate_bandwidth_ratio = 1.3498588075760032;
static const double gate_duration_ratio = 1.2840254166877414;
static const double gate_any_channel_ratio = 1.0151130646157189;

struct cell {
    uint32_t sensor;
    int16_t octave;
    uint8_t span; /* enum ls_span */
    uint8_t way;  /* enum ls_way */
    int64_t slot;
};

struct node {
    struct ls_track track; /* serial 0: free */
    uint32_t older;
    uint32_t newer;
};

/* What a search asks of each emitter of a chain, in a line of memory of its own. The numbers are
 * those of its track. */
struct gist {
    alignas(64) struct cell cell;
    uint32_t next; /* in the chain of the cell */
    double center_hz;
    double bandwidth_hz;
    double duration_s;
    double level_dbfs;
};

struct ls_tracks {
    struct node *nodes;
    struct gist *gists; /* [max], of the nodes */
    size_t max;
    bool any_channel;
    size_t used;
    uint32_t *heads; /* [head_count] */
    size_t head_count;
    uint32_t oldest;
    uint32_t newest;
    uint64_t serial;
};

int ls_tracks_create(struct ls_tracks **ret, const struct ls_tracks_opts *opts,
                     struct ls_err *err) {
    size_t max = opts->max;
    assert(max > 0 && max < NONE);
    struct ls_tracks *tracks = calloc(1, sizeof *tracks);
    size_t heads = 16;
    while (heads < 2 * max) {
        heads *= 2;
    }
    if (tracks != NULL) {
        tracks->nodes = calloc(max, sizeof *tracks->nodes);
        tracks->gists = aligned_alloc(sizeof *tracks->gists, max * sizeof *tracks->gists);
        tracks->heads = malloc(heads * sizeof *tracks->heads);
    }
    if (tracks == NULL || tracks->nodes == NULL || tracks->gists == NULL || tracks->heads == NULL) {
        ls_tracks_destroy(tracks);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for %zu emitters", max);
    }
    tracks->max = max;
    tracks->any_channel = opts->any_channel;
    tracks->head_count = heads;
    tracks->oldest = tracks->newest = NONE;
    for (size_t i = 0; i < heads; i++) {
        tracks->heads[i] = NONE;
    }
    *ret = tracks;
    return LS_OK;
}

void ls_tracks_destroy(struct ls_tracks *tracks) {
    if (tracks == NULL) {
        return;
    }
    free(tracks->nodes);
    free(tracks->gists);
    free(tracks->heads);
    free(tracks);
}

size_t ls_tracks_max(const struct ls_tracks *tracks) { return tracks->max; }

static int64_t slot_of(const struct ls_tracks *tracks, double center_hz, int octave) {
    if (tracks->any_channel) {
        return (int64_t)floor(log(fmax(center_hz, 1.0)) / gate_any_channel);
    }
    return (int64_t)floor(center_hz /
                          (octave <= slot_min_octave ? slot_min_hz : ldexp(0.25, octave)));
}

static struct cell cell_of(const struct ls_tracks *tracks, const struct ls_track *track) {
    int octave = ilogb(fmax(track->bandwidth_hz, 1.0));
    return (struct cell){.sensor = track->sensor,
                         .octave = (int16_t)octave,
                         .span = (uint8_t)track->span,
                         .way = (uint8_t)track->way,
                         .slot = slot_of(tracks, track->center_hz, octave)};
}

static uint32_t *head(const struct ls_tracks *tracks, const struct cell *cell) {
    uint64_t h = (uint64_t)cell->slot * UINT64_C(0x9e3779b97f4a7c15);
    h ^= ((uint64_t)cell->sensor << 16 | (uint64_t)cell->way << 10 | (uint64_t)cell->span << 8 |
          (uint64_t)(cell->octave & 0xff)) *
         UINT64_C(0xbf58476d1ce4e5b9);
    h ^= h >> 29;
    return &tracks->heads[h & (tracks->head_count - 1)];
}

static bool same_cell(const struct cell *a, const struct cell *b) {
    return a->slot == b->slot && a->sensor == b->sensor && a->octave == b->octave &&
           a->span == b->span && a->way == b->way;
}

static void chain(struct ls_tracks *tracks, uint32_t slot) {
    uint32_t *first = head(tracks, &tracks->gists[slot].cell);
    tracks->gists[slot].next = *first;
    *first = slot;
}

static void unchain(struct ls_tracks *tracks, uint32_t slot) {
    uint32_t *at = head(tracks, &tracks->gists[slot].cell);
    while (*at != slot) {
        at = &tracks->gists[*at].next;
    }
    *at = tracks->gists[slot].next;
}

/* After its track changed; the cell stays. */
static void retell(struct ls_tracks *tracks, uint32_t slot) {
    const struct ls_track *track = &tracks->nodes[slot].track;
    struct gist *gist = &tracks->gists[slot];
    gist->center_hz = track->center_hz;
    gist->bandwidth_hz = track->bandwidth_hz;
    gist->duration_s = track->duration_s;
    gist->level_dbfs = track->level_dbfs;
}

static void leave_age(struct ls_tracks *tracks, uint32_t slot) {
    struct node *node = &tracks->nodes[slot];
    *(node->older == NONE ? &tracks->oldest : &tracks->nodes[node->older].newer) = node->newer;
    *(node->newer == NONE ? &tracks->newest : &tracks->nodes[node->newer].older) = node->older;
}

static void become_newest(struct ls_tracks *tracks, uint32_t slot) {
    struct node *node = &tracks->nodes[slot];
    node->older = tracks->newest;
    node->newer = NONE;
    *(tracks->newest == NONE ? &tracks->oldest : &tracks->nodes[tracks->newest].newer) = slot;
    tracks->newest = slot;
}

/* --- which emitter --- */

static enum ls_span span_of(double duration_s, bool cut) {
    if (cut) {
        return LS_SPAN_CUT;
    }
    if (duration_s < 5.0) {
        return LS_SPAN_SHORT;
    }
    return duration_s < 300.0 ? LS_SPAN_HOLD : LS_SPAN_LONG;
}

static enum ls_way way_of(const char *class_name) {
    bool access = strcmp(class_name, "gsm-access") == 0 || strcmp(class_name, "lte-prach") == 0;
    return access ? LS_WAY_ACCESS : LS_WAY_PLAIN;
}

/* A transmission as the gates see it. */
struct look {
    double center_hz;
    double bandwidth_hz;
    double duration_s;
    double level_dbfs;
    enum ls_span span;
    enum ls_way way;
};

/* Beyond a gate for certain, told without a logarithm: rounding is nine digits away. */
static const double surely = 1.0 + 1e-9;

static bool ratio_beyond(double a, double b, double gate_ratio) {
    return a > surely * gate_ratio * b || b > surely * gate_ratio * a;
}

/* Nearly all emitters of a chain are far away: most of them by a single look. */
static bool far_away(const struct ls_tracks *tracks, const struct gist *gist,
                     const struct look *look) {
    return fabs(gist->level_dbfs - look->level_dbfs) > surely * gate_level_db ||
           (look->span != LS_SPAN_CUT &&
            ratio_beyond(gist->duration_s, look->duration_s, gate_duration_ratio) &&
            fabs(gist->duration_s - look->duration_s) > surely * gate_duration_s) ||
           ratio_beyond(fmax(gist->bandwidth_hz, 1.0), fmax(look->bandwidth_hz, 1.0),
                        gate_bandwidth_ratio) ||
           (tracks->any_channel && gist->center_hz > 0.0 && look->center_hz > 0.0 &&
            ratio_beyond(gist->center_hz, look->center_hz, gate_any_channel_ratio));
}

/* In units of the gate. */
static double frequency_distance(const struct ls_tracks *tracks, const struct gist *gist,
                                 const struct look *look) {
    if (tracks->any_channel) {
        double apart = fabs(log(gist->center_hz / look->center_hz));
        return apart <= gate_any_channel ? 0.0 : (double)INFINITY;
    }
    double gate_hz = fmax(gate_ppm * 1e-6 * fabs(look->center_hz),
                          gate_bandwidth * fmax(gist->bandwidth_hz, look->bandwidth_hz));
    return fabs(gist->center_hz - look->center_hz) / fmax(gate_hz, 1.0);
}

/* Sum of squares in units of the gates; INFINITY beyond any of them. */
static double distance(const struct ls_tracks *tracks, const struct gist *gist,
                       const struct look *look) {
    if (far_away(tracks, gist, look)) {
        return (double)INFINITY;
    }
    double df = frequency_distance(tracks, gist, look);
    if (df > 1.0) {
        return (double)INFINITY;
    }
    double db = fabs(log(fmax(gist->bandwidth_hz, 1.0) / fmax(look->bandwidth_hz, 1.0))) /
                gate_log_bandwidth;
    /* A hop either way is a quarter of a burst of some hops. */
    double dd = fmin(fabs(log(gist->duration_s / look->duration_s)) / gate_log_duration,
                     fabs(gist->duration_s - look->duration_s) / gate_duration_s);
    dd = look->span == LS_SPAN_CUT ? 0.0 : dd;
    double dl = fabs(gist->level_dbfs - look->level_dbfs) / gate_level_db;
    dl = isnan(dl) ? 0.0 : dl;
    if (db > 1.0 || dd > 1.0 || dl > 1.0) {
        return (double)INFINITY;
    }
    return df * df + db * db + dd * dd + dl * dl;
}

static void search_cell(const struct ls_tracks *tracks, const struct cell *cell,
                        const struct look *look, uint32_t *best, double *least) {
    for (uint32_t i = *head(tracks, cell); i != NONE; i = tracks->gists[i].next) {
        const struct gist *gist = &tracks->gists[i];
        if (!same_cell(&gist->cell, cell)) {
            continue;
        }
        double d = distance(tracks, gist, look);
        /* Equally near: the older emitter, so that the order of the chain does not matter. */
        if (d < *least || (d == *least && *best != NONE && d < (double)INFINITY &&
                           tracks->nodes[i].track.serial < tracks->nodes[*best].track.serial)) {
            *least = d;
            *best = i;
        }
    }
}

static uint32_t nearest(const struct ls_tracks *tracks, const struct look *look, uint32_t sensor) {
    uint32_t best = NONE;
    double least = (double)INFINITY;
    int middle = ilogb(fmax(look->bandwidth_hz, 1.0));
    int64_t slot = slot_of(tracks, look->center_hz, middle);
    for (int octave = middle - 1; octave <= middle + 1; octave++) {
        if (!tracks->any_channel) {
            slot = slot_of(tracks, look->center_hz, octave);
        }
        for (int64_t s = slot - 1; s <= slot + 1; s++) {
            struct cell cell = {.sensor = sensor,
                                .octave = (int16_t)octave,
                                .span = (uint8_t)look->span,
                                .way = (uint8_t)look->way,
                                .slot = s};
            search_cell(tracks, &cell, look, &best, &least);
        }
    }
    return best;
}

/* A slot for a new emitter: an unused one, else that of the emitter silent for longest. */
static uint32_t take_slot(struct ls_tracks *tracks) {
    if (tracks->used < tracks->max) {
        return (uint32_t)tracks->used++;
    }
    uint32_t slot = tracks->oldest;
    unchain(tracks, slot);
    leave_age(tracks, slot);
    return slot;
}

static void start_track(struct ls_tracks *tracks, uint32_t slot, const struct ls_transmission *row,
                        const struct look *look, uint32_t sensor) {
    struct node *node = &tracks->nodes[slot];
    node->track = (struct ls_track){.serial = ++tracks->serial,
                                    .sensor = sensor,
                                    .span = look->span,
                                    .way = look->way,
                                    .center_hz = look->center_hz,
                                    .bandwidth_hz = look->bandwidth_hz,
                                    .duration_s = look->duration_s,
                                    .level_dbfs = look->level_dbfs,
                                    .low_hz = look->center_hz,
                                    .high_hz = look->center_hz,
                                    .first_ns = row->start_ns};
    tracks->gists[slot].cell = cell_of(tracks, &node->track);
    retell(tracks, slot);
    chain(tracks, slot);
}

static void follow(struct ls_track *track, const struct look *look) {
    /* A plain mean to begin with: the first of them is no better than the next. */
    double w = fmax(memory, 1.0 / (double)(track->count + 1));
    track->center_hz += w * (look->center_hz - track->center_hz);
    track->bandwidth_hz += w * (look->bandwidth_hz - track->bandwidth_hz);
    track->duration_s += w * (look->duration_s - track->duration_s);
    if (!isnan(look->level_dbfs)) {
        track->level_dbfs = isnan(track->level_dbfs)
                                ? look->level_dbfs
                                : track->level_dbfs + w * (look->level_dbfs - track->level_dbfs);
    }
    track->low_hz = fmin(track->low_hz, look->center_hz);
    track->high_hz = fmax(track->high_hz, look->center_hz);
}

uint32_t ls_tracks_push(struct ls_tracks *tracks, const struct ls_transmission *row,
                        uint32_t sensor, bool cut, bool *ret_begins) {
    double duration_s = (double)row->duration_ns / (double)LS_NS_PER_S;
    struct look look = {row->center_hz,  row->bandwidth_hz,        duration_s,
                        row->level_dbfs, span_of(duration_s, cut), way_of(row->class_name)};
    uint32_t slot = nearest(tracks, &look, sensor);
    *ret_begins = slot == NONE;
    if (slot == NONE) {
        slot = take_slot(tracks);
        start_track(tracks, slot, row, &look, sensor);
    } else {
        leave_age(tracks, slot);
        struct ls_track *known = &tracks->nodes[slot].track;
        follow(known, &look);
        retell(tracks, slot);
        struct cell cell = cell_of(tracks, known);
        if (!same_cell(&cell, &tracks->gists[slot].cell)) {
            unchain(tracks, slot);
            tracks->gists[slot].cell = cell;
            chain(tracks, slot);
        }
    }
    become_newest(tracks, slot);
    struct ls_track *track = &tracks->nodes[slot].track;
    track->count++;
    track->last_ns = row->start_ns;
    if (track->class_name[0] == '\0') {
        ls_copy_text(track->class_name, sizeof track->class_name, row->class_name);
    }
    return slot;
}

const struct ls_track *ls_tracks_at(const struct ls_tracks *tracks, uint32_t slot) {
    return slot < tracks->used ? &tracks->nodes[slot].track : NULL;
}

int ls_tracks_save(const struct ls_tracks *tracks, struct ls_blob *blob, struct ls_err *err) {
    int rc = ls_blob_put_count(blob, tracks->used, err);
    rc = rc == LS_OK ? ls_blob_put_count(blob, tracks->serial, err) : rc;
    /* By age: order within the chains of a cell does not matter. */
    for (uint32_t i = tracks->oldest; rc == LS_OK && i != NONE; i = tracks->nodes[i].newer) {
        rc = ls_blob_put(blob, &i, sizeof i, err);
        rc = rc == LS_OK ? ls_blob_put(blob, &tracks->nodes[i].track, sizeof(struct ls_track), err)
                         : rc;
    }
    return rc;
}

int ls_tracks_load(struct ls_tracks *tracks, struct ls_blob_reader *in, struct ls_err *err) {
    uint64_t used = 0;
    int rc = ls_blob_get_count(in, tracks->max, &used, err);
    rc = rc == LS_OK ? ls_blob_get_count(in, UINT64_MAX, &tracks->serial, err) : rc;
    for (uint64_t k = 0; rc == LS_OK && k < used; k++) {
        uint32_t slot = 0;
        struct ls_track track;
        rc = ls_blob_get(in, &slot, sizeof slot, err);
        rc = rc == LS_OK ? ls_blob_get(in, &track, sizeof track, err) : rc;
        if (rc != LS_OK || slot >= used || tracks->nodes[slot].track.serial != 0) {
            return rc != LS_OK
                       ? rc
                       : ls_err_set(err, LS_ERR_FORMAT, "saved state of emitters is damaged");
        }
        tracks->nodes[slot].track = track;
        tracks->gists[slot].cell = cell_of(tracks, &track);
        retell(tracks, slot);
        chain(tracks, slot);
        become_newest(tracks, slot);
    }
    tracks->used = rc == LS_OK ? used : tracks->used;
    return rc;
}
