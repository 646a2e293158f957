#include "pattern/keyed.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "pattern/chance.h"
#include "pattern/channels.h"

enum {
    EDGES = 512,
    WINDOW_EDGES = 24, /* more in one window: a storm */
    PAIRS_MAX = 4096,
    BUCKETS = 8192,
    INTERVALS = 4,
    MULTIPLES = 4,
    OTHERS = 2,
    HITS_FOUND = 4,
    EMITTERS = 2 * LS_CHANNELS_MAX /* slots: of short and of long ones */
};

static const int64_t window_ns = 4 * LS_NS_PER_S;
static const int64_t near_ns = 2 * LS_NS_PER_S / 5;
static const int64_t around_ns = 6 * LS_NS_PER_S;
static const int64_t silent_ns = 300 * LS_NS_PER_S;
static const int64_t passing_ns = 150 * LS_NS_PER_S;
static const int64_t long_ns = 5 * LS_NS_PER_S;
/* Whatever starts at least so often for so long is no sign of a storm. */
static const int64_t steady_ns = 1800 * LS_NS_PER_S;
static const int64_t steady_interval_ns = 30 * LS_NS_PER_S;
static const double found_log10 = -4.0;
static const double apart = 0.75; /* of both bandwidths: not pieces of one emission */

struct edge {
    int64_t t_ns;
    int64_t id;
    struct ls_keyed_side side;
    double level_dbfs;
    bool regular; /* as its own clock would have it */
    bool settled; /* not just in sight */
    bool steady;  /* its emitter starts all the time */
};

/* Starts at one sensor that are not out of reach yet. */
struct place {
    struct edge edge[EDGES];
    size_t count;
    int64_t done_ns; /* windows that end by then were looked at */
};

/* What an emitter did before. */
struct past {
    uint64_t serial;
    int64_t since_ns; /* without a long silence */
    int64_t starts;   /* since then */
    int64_t last_ns;
    int64_t interval_ns[INTERVALS]; /* 0: none */
    uint64_t count;
};

struct ls_keyed {
    const struct ls_exposure *exposure;
    struct ls_channels *channels;
    struct place *places[LS_SENSORS_MAX];
    struct past *pasts;           /* [EMITTERS] */
    struct ls_keyed_pair **pairs; /* [PAIRS_MAX] */
    size_t count;
    uint64_t gone;
    uint32_t bucket[BUCKETS]; /* index + 1 of a pair; 0: empty */
};

int ls_keyed_create(struct ls_keyed **ret, const struct ls_exposure *exposure, struct ls_err *err) {
    struct ls_keyed *keyed = calloc(1, sizeof *keyed);
    int code = keyed == NULL ? LS_ERR_NOMEM : ls_channels_create(&keyed->channels, err);
    if (code == LS_OK) {
        keyed->pasts = calloc(EMITTERS, sizeof *keyed->pasts);
        keyed->pairs = calloc(PAIRS_MAX, sizeof *keyed->pairs);
    }
    if (code != LS_OK || keyed->pasts == NULL || keyed->pairs == NULL) {
        ls_keyed_destroy(keyed);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for starts");
    }
    keyed->exposure = exposure;
    *ret = keyed;
    return LS_OK;
}

void ls_keyed_destroy(struct ls_keyed *keyed) {
    if (keyed == NULL) {
        return;
    }
    for (size_t i = 0; i < LS_SENSORS_MAX; i++) {
        free(keyed->places[i]);
    }
    for (size_t i = 0; keyed->pairs != NULL && i < keyed->count; i++) {
        free(keyed->pairs[i]);
    }
    free(keyed->pairs);
    free(keyed->pasts);
    ls_channels_destroy(keyed->channels);
    free(keyed);
}

size_t ls_keyed_count(const struct ls_keyed *keyed) { return keyed->count; }

const struct ls_keyed_pair *ls_keyed_at(const struct ls_keyed *keyed, size_t index) {
    return keyed->pairs[index];
}

uint64_t ls_keyed_gone(const struct ls_keyed *keyed) { return keyed->gone; }

/* --- pairs --- */

static size_t bucket_of(uint64_t a, uint64_t b) {
    uint64_t x = (a * UINT64_C(0x9e3779b97f4a7c15)) ^ (b * UINT64_C(0xc2b2ae3d27d4eb4f));
    return (size_t)((x ^ x >> 29) * UINT64_C(0xbf58476d1ce4e5b9) >> 51) % BUCKETS;
}

/* Where the pair is, or where it belongs. */
static uint32_t *bucket_for(struct ls_keyed *keyed, uint64_t a, uint64_t b) {
    size_t at = bucket_of(a, b);
    while (keyed->bucket[at] != 0) {
        const struct ls_keyed_pair *pair = keyed->pairs[keyed->bucket[at] - 1];
        if (pair->side[0].serial == a && pair->side[1].serial == b) {
            break;
        }
        at = (at + 1) % BUCKETS;
    }
    return &keyed->bucket[at];
}

static void index_all(struct ls_keyed *keyed) {
    memset(keyed->bucket, 0, sizeof keyed->bucket);
    for (size_t i = 0; i < keyed->count; i++) {
        const struct ls_keyed_pair *pair = keyed->pairs[i];
        *bucket_for(keyed, pair->side[0].serial, pair->side[1].serial) = (uint32_t)i + 1;
    }
}

/* Those like a finding first, then the younger ones. */
static int compare_pairs(const void *a, const void *b) {
    const struct ls_keyed_pair *x = *(struct ls_keyed_pair *const *)a;
    const struct ls_keyed_pair *y = *(struct ls_keyed_pair *const *)b;
    if (x->found != y->found) {
        return x->found ? -1 : 1;
    }
    uint64_t x_serial = x->side[0].serial + x->side[1].serial;
    uint64_t y_serial = y->side[0].serial + y->side[1].serial;
    if (x_serial != y_serial) {
        return x_serial > y_serial ? -1 : 1;
    }
    return (x->side[0].serial < y->side[0].serial) - (x->side[0].serial > y->side[0].serial);
}

static void make_room(struct ls_keyed *keyed) {
    qsort(keyed->pairs, keyed->count, sizeof(struct ls_keyed_pair *), compare_pairs);
    size_t kept = keyed->count - PAIRS_MAX / 4;
    for (size_t i = kept; i < keyed->count; i++) {
        free(keyed->pairs[i]);
        keyed->gone++;
    }
    keyed->count = kept;
    index_all(keyed);
}

static struct ls_keyed_pair *pair_of(struct ls_keyed *keyed, const struct edge *x,
                                     const struct edge *y, uint32_t sensor) {
    uint32_t *bucket = bucket_for(keyed, x->side.serial, y->side.serial);
    if (*bucket != 0) {
        return keyed->pairs[*bucket - 1];
    }
    if (keyed->count == PAIRS_MAX) {
        make_room(keyed);
        bucket = bucket_for(keyed, x->side.serial, y->side.serial);
    }
    struct ls_keyed_pair *pair = calloc(1, sizeof *pair);
    if (pair != NULL) {
        pair->sensor = sensor;
        ls_tally_init(&pair->all);
        ls_tally_init(&pair->later);
        pair->side[0].serial = x->side.serial;
        pair->side[1].serial = y->side.serial;
        keyed->pairs[keyed->count++] = pair;
        *bucket = (uint32_t)keyed->count;
    }
    return pair;
}

static void add_level(struct ls_keyed_levels *levels, double level) {
    if (isfinite(level)) {
        levels->count++;
        levels->sum += level;
        levels->squares += level * level;
    }
}

static void add_hit(struct ls_keyed_pair *pair, const struct edge *x, const struct edge *y) {
    double lag_s = (double)(y->t_ns - x->t_ns) / 1e9;
    pair->first_ns = pair->all.hits == 0 ? x->t_ns : pair->first_ns;
    pair->last_ns = x->t_ns > y->t_ns ? x->t_ns : y->t_ns;
    pair->lag_s += lag_s;
    pair->lag_squares += lag_s * lag_s;
    add_level(&pair->levels[0], x->level_dbfs);
    add_level(&pair->levels[1], y->level_dbfs);
    pair->evidence[pair->evidence_count++ % LS_KEYED_EVIDENCE] = x->id;
    pair->evidence[pair->evidence_count++ % LS_KEYED_EVIDENCE] = y->id;
}

/* One trial; hit: the start of x that y met, NULL: none. x: any of its starts. */
static int add_trial(struct ls_keyed *keyed, uint32_t sensor, const struct edge *x,
                     const struct edge *hit, const struct edge *y, double chance,
                     struct ls_err *err) {
    struct ls_keyed_pair *pair = pair_of(keyed, x, y, sensor);
    if (pair == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for starts");
    }
    double mark[] = {pair->mark, (double)x->t_ns, (double)y->t_ns};
    struct ls_chance chance_of_ties;
    ls_chance_init(&chance_of_ties, ls_chance_seed(mark, LS_COUNT(mark)));
    pair->mark = ls_chance_uniform(&chance_of_ties);
    pair->side[0] = x->side;
    pair->side[1] = y->side;
    if (hit != NULL) {
        add_hit(pair, hit, y);
    }
    if (pair->found) {
        ls_tally_add(&pair->later, chance, hit != NULL);
    }
    ls_tally_add(&pair->all, chance, hit != NULL);
    pair->found = pair->found ||
                  (pair->all.hits >= HITS_FOUND && ls_tally_log10(&pair->all, 1.0) <= found_log10);
    return LS_OK;
}

/* --- windows --- */

/* A window and what lies around it. */
struct view {
    struct place *place;
    uint32_t sensor;
    int64_t start_ns;
    int64_t stop_ns;
};

static bool within(const struct view *view, const struct edge *edge, int64_t room_ns) {
    return edge->t_ns >= view->start_ns - room_ns && edge->t_ns < view->stop_ns + room_ns;
}

static bool different_channels(const struct edge *x, const struct edge *y) {
    return fabs(x->side.center_hz - y->side.center_hz) >
           apart * (x->side.bandwidth_hz + y->side.bandwidth_hz);
}

static bool meets(const struct view *view, uint64_t serial, int64_t t_ns) {
    for (size_t i = 0; i < view->place->count; i++) {
        const struct edge *edge = &view->place->edge[i];
        if (edge->side.serial == serial && llabs(edge->t_ns - t_ns) <= near_ns) {
            return true;
        }
    }
    return false;
}

/* Too many others start around here, at times of their own. */
static bool stormy(const struct view *view, const struct edge *x, const struct edge *y) {
    int others = 0;
    for (size_t i = 0; i < view->place->count && others < OTHERS; i++) {
        const struct edge *edge = &view->place->edge[i];
        bool other = edge->side.serial != x->side.serial && edge->side.serial != y->side.serial;
        others += other && !edge->steady && within(view, edge, around_ns) &&
                  !meets(view, x->side.serial, edge->t_ns);
    }
    return others >= OTHERS;
}

/* The part of the window in which y, as it is, may have started: where the receiver listened to
 * both without a break. What starts in the first moments of listening has no start (cut_start).
 * False: nobody listened to x when y started. */
static bool part_of(const struct ls_keyed *keyed, const struct view *view, const struct edge *x,
                    const struct edge *y, struct view *ret) {
    const double hz[] = {y->side.center_hz, x->side.center_hz};
    *ret = *view;
    for (size_t i = 0; i < LS_COUNT(hz); i++) {
        int64_t start_ns = 0;
        int64_t stop_ns = 0;
        if (!ls_exposure_at(keyed->exposure, view->sensor, hz[i], y->t_ns, &start_ns, &stop_ns)) {
            return i == 0; /* it was heard: the ledger does not tell */
        }
        if (start_ns > ret->start_ns - LS_EXPOSURE_EDGE_NS) {
            ret->start_ns = start_ns + LS_EXPOSURE_EDGE_NS;
        }
        ret->stop_ns = stop_ns < ret->stop_ns ? stop_ns : ret->stop_ns;
    }
    return y->t_ns >= ret->start_ns;
}

/* The share of a part of the window that lies near a start of x. Starts are in order of time. */
static double near_share(const struct view *view, uint64_t serial) {
    int64_t until_ns = view->start_ns;
    int64_t sum_ns = 0;
    for (size_t i = 0; i < view->place->count; i++) {
        const struct edge *edge = &view->place->edge[i];
        if (edge->side.serial != serial) {
            continue;
        }
        int64_t from_ns = edge->t_ns - near_ns > until_ns ? edge->t_ns - near_ns : until_ns;
        int64_t to_ns = edge->t_ns + near_ns < view->stop_ns ? edge->t_ns + near_ns : view->stop_ns;
        if (to_ns > from_ns) {
            sum_ns += to_ns - from_ns;
            until_ns = to_ns;
        }
    }
    return (double)sum_ns / (double)(view->stop_ns - view->start_ns);
}

/* y against the emitter that x is a start of. */
static int hold_against(struct ls_keyed *keyed, const struct view *view, const struct edge *x,
                        const struct edge *y, struct ls_err *err) {
    const struct edge *hit = NULL;
    bool settled = y->settled;
    for (size_t i = 0; i < view->place->count; i++) {
        const struct edge *edge = &view->place->edge[i];
        if (edge->side.serial == x->side.serial && within(view, edge, near_ns)) {
            settled = settled && edge->settled;
            hit = llabs(edge->t_ns - y->t_ns) <= near_ns ? edge : hit;
        }
    }
    if (!settled || !different_channels(x, y) || stormy(view, x, y)) {
        return LS_OK;
    }
    struct view part;
    if (!part_of(keyed, view, x, y, &part)) {
        return LS_OK;
    }
    return add_trial(keyed, view->sensor, x, hit, y, near_share(&part, x->side.serial), err);
}

/* Whether the emitter has one start in the window and it is this one. */
static bool only_one(const struct view *view, const struct edge *y) {
    int count = 0;
    for (size_t i = 0; i < view->place->count; i++) {
        const struct edge *edge = &view->place->edge[i];
        count += edge->side.serial == y->side.serial && within(view, edge, 0);
    }
    return count == 1;
}

/* The first start of its emitter that is near the window. */
static bool first_of(const struct view *view, const struct edge *x) {
    for (const struct edge *edge = view->place->edge; edge < x; edge++) {
        if (edge->side.serial == x->side.serial && within(view, edge, near_ns)) {
            return false;
        }
    }
    return true;
}

static int look_at(struct ls_keyed *keyed, const struct view *view, struct ls_err *err) {
    const struct place *place = view->place;
    size_t inside = 0;
    int code = LS_OK;
    for (size_t i = 0; i < place->count; i++) {
        inside += within(view, &place->edge[i], 0);
    }
    if (inside > WINDOW_EDGES) {
        return LS_OK;
    }
    for (size_t i = 0; i < place->count && code == LS_OK; i++) {
        const struct edge *y = &place->edge[i];
        if (!within(view, y, 0) || y->regular || !only_one(view, y)) {
            continue;
        }
        for (size_t j = 0; j < place->count && code == LS_OK; j++) {
            const struct edge *x = &place->edge[j];
            if (x->side.serial < y->side.serial && within(view, x, near_ns) && first_of(view, x)) {
                code = hold_against(keyed, view, x, y, err);
            }
        }
    }
    return code;
}

static int64_t window_of(int64_t t_ns) {
    int64_t into = t_ns % window_ns;
    return t_ns - (into < 0 ? into + window_ns : into);
}

/* Looks at the windows around which everything is known, and forgets what is out of reach. */
static int advance(struct ls_keyed *keyed, struct place *place, uint32_t sensor, int64_t now_ns,
                   struct ls_err *err) {
    int code = LS_OK;
    for (size_t i = 0; i < place->count && code == LS_OK; i++) {
        struct view view = {place, sensor, window_of(place->edge[i].t_ns), 0};
        view.stop_ns = view.start_ns + window_ns;
        if (view.start_ns < place->done_ns) {
            continue;
        }
        if (view.stop_ns + around_ns > now_ns) {
            break;
        }
        code = look_at(keyed, &view, err);
        place->done_ns = view.stop_ns;
    }
    size_t old = 0;
    int64_t reach_ns = window_of(now_ns - around_ns - window_ns) - around_ns;
    while (old < place->count && place->edge[old].t_ns < reach_ns) {
        old++;
    }
    if (old > 0) {
        place->count -= old;
        memmove(place->edge, place->edge + old, place->count * sizeof *place->edge);
    }
    return code;
}

/* --- starts --- */

/* A whole number of intervals, as one was before, or the other way round. */
static bool multiple(int64_t a_ns, int64_t b_ns) {
    int64_t longer = a_ns > b_ns ? a_ns : b_ns;
    int64_t shorter = a_ns > b_ns ? b_ns : a_ns;
    for (int k = 1; k <= MULTIPLES && shorter > 0; k++) {
        if (llabs(longer - k * shorter) <= 2 * near_ns) {
            return true;
        }
    }
    return false;
}

/* Compares with what the emitter did before, and takes it down. */
static void recall(struct past *past, uint64_t serial, struct edge *edge) {
    if (past->serial != serial) {
        *past = (struct past){.serial = serial, .since_ns = edge->t_ns, .last_ns = edge->t_ns};
        return;
    }
    int64_t interval_ns = edge->t_ns - past->last_ns;
    for (size_t i = 0; i < INTERVALS; i++) {
        edge->regular = edge->regular ||
                        (past->interval_ns[i] > 0 && multiple(interval_ns, past->interval_ns[i]));
    }
    if (interval_ns > silent_ns) {
        past->since_ns = edge->t_ns;
        past->starts = 0;
    }
    int64_t lasts_ns = edge->t_ns - past->since_ns;
    past->starts++;
    edge->settled = lasts_ns >= passing_ns;
    edge->steady = lasts_ns >= steady_ns && lasts_ns / past->starts <= steady_interval_ns;
    past->interval_ns[past->count++ % INTERVALS] = interval_ns;
    past->last_ns = edge->t_ns;
}

static struct place *place_of(struct ls_keyed *keyed, uint32_t sensor) {
    if (keyed->places[sensor] == NULL) {
        keyed->places[sensor] = calloc(1, sizeof(struct place));
        if (keyed->places[sensor] != NULL) {
            keyed->places[sensor]->done_ns = INT64_MIN;
        }
    }
    return keyed->places[sensor];
}

int ls_keyed_push(struct ls_keyed *keyed, const struct ls_event *event, struct ls_err *err) {
    const struct ls_transmission *row = event->row;
    struct place *place = place_of(keyed, event->sensor);
    bool begins;
    bool known;
    if (place == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for starts");
    }
    uint32_t slot = ls_channels_push(keyed->channels, row, event->sensor, &begins, &known);
    if (event->cut_start) {
        return LS_OK; /* the receiver keyed this one */
    }
    const struct ls_channel *channel = ls_channels_at(keyed->channels, slot);
    bool is_long = row->duration_ns >= long_ns;
    struct ls_keyed_side side = {2 * channel->serial + is_long, channel->center_hz,
                                 channel->bandwidth_hz};
    struct edge edge = {
        .t_ns = row->start_ns, .id = row->id, .side = side, .level_dbfs = row->level_dbfs};
    int code = advance(keyed, place, event->sensor, row->start_ns, err);
    recall(&keyed->pasts[2 * slot + is_long], side.serial, &edge);
    if (place->count == EDGES) {
        /* A flood says nothing: begin again behind it. */
        place->count = 0;
        place->done_ns = window_of(edge.t_ns) + window_ns;
    }
    place->edge[place->count++] = edge;
    return code;
}

/* --- the state as bytes --- */

static int save_pasts(const struct ls_keyed *keyed, struct ls_blob *blob, struct ls_err *err) {
    uint64_t count = 0;
    for (size_t i = 0; i < EMITTERS; i++) {
        count += keyed->pasts[i].serial != 0;
    }
    int code = ls_blob_put_count(blob, count, err);
    for (size_t i = 0; i < EMITTERS && code == LS_OK; i++) {
        if (keyed->pasts[i].serial != 0) {
            code = ls_blob_put_count(blob, i, err);
            code = code == LS_OK ? ls_blob_put(blob, &keyed->pasts[i], sizeof keyed->pasts[i], err)
                                 : code;
        }
    }
    return code;
}

int ls_keyed_save(const struct ls_keyed *keyed, struct ls_blob *blob, struct ls_err *err) {
    int code = ls_channels_save(keyed->channels, blob, err);
    code = code == LS_OK ? save_pasts(keyed, blob, err) : code;
    for (size_t i = 0; i < LS_SENSORS_MAX && code == LS_OK; i++) {
        const struct place *place = keyed->places[i];
        code = ls_blob_put_count(blob, place != NULL, err);
        if (code == LS_OK && place != NULL) {
            code = ls_blob_put(blob, &place->done_ns, sizeof place->done_ns, err);
            code = code == LS_OK ? ls_blob_put_count(blob, place->count, err) : code;
            code = code == LS_OK
                       ? ls_blob_put(blob, place->edge, place->count * sizeof *place->edge, err)
                       : code;
        }
    }
    code = code == LS_OK ? ls_blob_put_count(blob, keyed->gone, err) : code;
    code = code == LS_OK ? ls_blob_put_count(blob, keyed->count, err) : code;
    for (size_t i = 0; i < keyed->count && code == LS_OK; i++) {
        code = ls_blob_put(blob, keyed->pairs[i], sizeof *keyed->pairs[i], err);
    }
    return code;
}

static int load_pasts(struct ls_keyed *keyed, struct ls_blob_reader *in, struct ls_err *err) {
    uint64_t count = 0;
    int code = ls_blob_get_count(in, EMITTERS, &count, err);
    for (uint64_t i = 0; i < count && code == LS_OK; i++) {
        uint64_t slot = 0;
        code = ls_blob_get_count(in, EMITTERS - 1, &slot, err);
        code = code == LS_OK ? ls_blob_get(in, &keyed->pasts[slot], sizeof keyed->pasts[slot], err)
                             : code;
    }
    return code;
}

static int load_place(struct ls_keyed *keyed, size_t sensor, struct ls_blob_reader *in,
                      struct ls_err *err) {
    struct place *place = keyed->places[sensor] = calloc(1, sizeof *place);
    uint64_t count = 0;
    if (place == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for starts");
    }
    int code = ls_blob_get(in, &place->done_ns, sizeof place->done_ns, err);
    code = code == LS_OK ? ls_blob_get_count(in, EDGES, &count, err) : code;
    place->count = (size_t)count;
    return code == LS_OK ? ls_blob_get(in, place->edge, place->count * sizeof *place->edge, err)
                         : code;
}

static int load_pairs(struct ls_keyed *keyed, struct ls_blob_reader *in, struct ls_err *err) {
    uint64_t count = 0;
    int code = ls_blob_get_count(in, PAIRS_MAX, &count, err);
    for (uint64_t i = 0; i < count && code == LS_OK; i++) {
        struct ls_keyed_pair *pair = malloc(sizeof *pair);
        if (pair == NULL) {
            return ls_err_set(err, LS_ERR_NOMEM, "out of memory for starts");
        }
        keyed->pairs[keyed->count++] = pair;
        code = ls_blob_get(in, pair, sizeof *pair, err);
        if (code == LS_OK && pair->sensor >= LS_SENSORS_MAX) {
            code = ls_err_set(err, LS_ERR_FORMAT, "saved starts of the pattern engine are damaged");
        }
    }
    if (code == LS_OK) {
        index_all(keyed);
    }
    return code;
}

int ls_keyed_load(struct ls_keyed *keyed, struct ls_blob_reader *in, struct ls_err *err) {
    int code = ls_channels_load(keyed->channels, in, err);
    code = code == LS_OK ? load_pasts(keyed, in, err) : code;
    for (size_t i = 0; i < LS_SENSORS_MAX && code == LS_OK; i++) {
        uint64_t there = 0;
        code = ls_blob_get_count(in, 1, &there, err);
        code = code == LS_OK && there != 0 ? load_place(keyed, i, in, err) : code;
    }
    code = code == LS_OK ? ls_blob_get_count(in, UINT64_MAX, &keyed->gone, err) : code;
    return code == LS_OK ? load_pairs(keyed, in, err) : code;
}
