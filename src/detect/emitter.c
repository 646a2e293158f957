/* Places are kept by sensor and frequency, so that the few emitters in reach of a row are found by
 * bisection. Those that hop have no place; they are few, and each is asked. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "detect/emitter_state.h"
#include "detect/stretch.h"
#include "detect/tdma.h"

enum { MAX_DEFAULT = 2048, YOUNG = 4 };

static const int64_t repeat_ns = LS_NS_PER_S / 2;
static const int64_t together_ns = LS_NS_PER_S / 2;
static const double drift_ppm = 3e-6;
static const double hop_range = 0.015; /* half of 902 to 928 MHz */
static const double hop_prior = -2.0;  /* one of eight channels or so */
static const double slot_ratio = 5.0;  /* one of eight slots, within 0.5 s at both ends */
static const double same_level_db = 6.0;
static const double frames_full = 1.1;

/* --- making and ending --- */

int ls_emitters_create(struct ls_emitters **ret, const struct ls_emitters_opts *opts,
                       struct ls_err *err) {
    struct ls_emitters *all = calloc(1, sizeof *all);
    if (all != NULL) {
        all->opts = *opts;
        all->max = opts->max == 0 ? MAX_DEFAULT : opts->max;
        all->last_ns = INT64_MIN;
        all->slots = calloc(all->max, sizeof *all->slots);
        all->vacant = calloc(all->max, sizeof *all->vacant);
        all->places = calloc(all->max, sizeof *all->places);
        all->hoppers = calloc(all->max, sizeof *all->hoppers);
    }
    if (all == NULL || all->slots == NULL || all->vacant == NULL || all->places == NULL ||
        all->hoppers == NULL) {
        ls_emitters_destroy(all);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for emitters");
    }
    *ret = all;
    return LS_OK;
}

void ls_emitters_destroy(struct ls_emitters *all) {
    if (all == NULL) {
        return;
    }
    free(all->slots);
    free(all->vacant);
    free(all->places);
    free(all->hoppers);
    free(all);
}

int64_t ls_emitters_count(const struct ls_emitters *emitters) { return emitters->count; }

static int compare_ids(const void *a, const void *b) {
    int64_t x = (*(const struct ls_emitter *const *)a)->id;
    int64_t y = (*(const struct ls_emitter *const *)b)->id;
    return (x > y) - (x < y);
}

/* As it is handed on: no finer than it means anything, so that rounding in logarithms, which
 * differs between processors, does not show. */
static struct ls_emitter hand_on(const struct ls_emitter *known) {
    struct ls_emitter ret = *known;
    ret.on_s = ls_stretch_round(ret.on_s, 1e6);
    ret.low_hz = ls_stretch_round(ret.low_hz, 10.0);
    ret.high_hz = ls_stretch_round(ret.high_hz, 10.0);
    ret.bandwidth_hz = ls_stretch_round(ret.bandwidth_hz, 1.0);
    ret.duration_s = ls_stretch_round(ret.duration_s, 1e5);
    ret.level_dbfs = ls_stretch_round(ret.level_dbfs, 100.0);
    ret.level_spread_db = ls_stretch_round(ret.level_spread_db, 100.0);
    ret.offset_hz = ls_stretch_round(ret.offset_hz, 10.0);
    ret.period_s = ls_stretch_round(ret.period_s, 1e6);
    ret.jitter_s = ls_stretch_round(ret.jitter_s, 1e4);
    ret.score = ls_stretch_round(ret.score, 1e3);
    return ret;
}

int ls_emitters_each(const struct ls_emitters *all,
                     int (*each)(void *context, const struct ls_emitter *emitter,
                                 struct ls_err *err),
                     void *context, struct ls_err *err) {
    const struct ls_emitter **order = malloc((all->used + 1) * sizeof *order);
    size_t count = 0;
    int code = LS_OK;
    if (order == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for emitters");
    }
    for (size_t i = 0; i < all->used; i++) {
        if (all->slots[i].known.id != 0) {
            order[count++] = &all->slots[i].known;
        }
    }
    if (count > 1) {
        qsort(order, count, sizeof *order, compare_ids);
    }
    for (size_t i = 0; i < count && code == LS_OK; i++) {
        struct ls_emitter emitter = hand_on(order[i]);
        code = each(context, &emitter, err);
    }
    free(order);
    return code;
}

/* --- rings --- */

size_t ls_ring_size(const struct ls_heard_ring *ring) {
    return ring->count < LS_BEAT_MAX ? (size_t)ring->count : LS_BEAT_MAX;
}

struct ls_heard *ls_ring_at(struct ls_heard_ring *ring, size_t i) {
    return &ring->heard[(ring->count - ls_ring_size(ring) + i) % LS_BEAT_MAX];
}

struct ls_heard *ls_ring_add(struct ls_heard_ring *ring, const struct ls_heard *heard) {
    struct ls_heard *at = &ring->heard[ring->count++ % LS_BEAT_MAX];
    *at = *heard;
    return at;
}

struct ls_transmission ls_heard_row(const struct ls_heard *heard) {
    struct ls_transmission row = {
        .id = heard->link.transmission_id,
        .start_ns = heard->start_ns,
        .duration_ns = heard->duration_ns,
        .center_hz = heard->center_hz,
        .bandwidth_hz = heard->bandwidth_hz,
        .snr_db = (double)NAN,
        .level_dbfs = heard->level_dbfs,
        .offset_hz = heard->offset_hz,
        .on_s = (double)NAN,
        .burst_s = heard->burst_s,
        .period_s = heard->period_s,
        .flags = heard->flags,
    };
    ls_copy_text(row.class_name, sizeof row.class_name, heard->class_name);
    return row;
}

static struct ls_heard hear(const struct ls_transmission *row) {
    struct ls_heard heard = {
        .link = {.transmission_id = row->id},
        .start_ns = row->start_ns,
        .duration_ns = row->duration_ns,
        .center_hz = row->center_hz,
        .bandwidth_hz = row->bandwidth_hz,
        .level_dbfs = isfinite(row->level_dbfs) ? row->level_dbfs : row->snr_db,
        .offset_hz = row->offset_hz,
        .period_s = row->period_s,
        .burst_s = row->burst_s,
        .flags = row->flags,
    };
    ls_copy_text(heard.class_name, sizeof heard.class_name, row->class_name);
    return heard;
}

/* --- places --- */

size_t ls_emitters_position(const struct ls_emitters *all, uint32_t sensor, double hz) {
    size_t low = 0;
    size_t high = all->place_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct ls_emitter_place *at = &all->places[middle];
        if (at->sensor < sensor || (at->sensor == sensor && at->hz < hz)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static size_t place_of(const struct ls_emitters *all, uint32_t slot) {
    const struct ls_emitter_slot *it = &all->slots[slot];
    size_t at = ls_emitters_position(all, it->sensor, it->home_hz);
    while (at < all->place_count && all->places[at].slot != slot) {
        at++;
    }
    assert(at < all->place_count);
    return at;
}

static void leave_place(struct ls_emitters *all, uint32_t slot) {
    size_t at = place_of(all, slot);
    memmove(&all->places[at], &all->places[at + 1],
            (all->place_count - at - 1) * sizeof *all->places);
    all->place_count--;
}

static void take_place(struct ls_emitters *all, uint32_t slot) {
    struct ls_emitter_slot *it = &all->slots[slot];
    it->home_hz = it->portrait.center_hz.mean;
    size_t at = ls_emitters_position(all, it->sensor, it->home_hz);
    memmove(&all->places[at + 1], &all->places[at], (all->place_count - at) * sizeof *all->places);
    all->places[at] =
        (struct ls_emitter_place){.sensor = it->sensor, .slot = slot, .hz = it->home_hz};
    all->place_count++;
}

/* Whether a place may move there and stay between its neighbours. */
static bool stays_between(const struct ls_emitters *all, size_t at, double hz) {
    const struct ls_emitter_place *p = &all->places[at];
    return (at == 0 || p[-1].sensor != p->sensor || p[-1].hz < hz) &&
           (at + 1 == all->place_count || p[1].sensor != p->sensor || p[1].hz > hz);
}

/* A mean moves with each row, and seldom past its neighbour. */
static void move_place(struct ls_emitters *all, uint32_t slot) {
    struct ls_emitter_slot *it = &all->slots[slot];
    size_t at = place_of(all, slot);
    if (stays_between(all, at, it->portrait.center_hz.mean)) {
        it->home_hz = all->places[at].hz = it->portrait.center_hz.mean;
    } else {
        leave_place(all, slot);
        take_place(all, slot);
    }
}

void ls_emitters_settle(struct ls_emitters *all, uint32_t slot) {
    struct ls_emitter_slot *it = &all->slots[slot];
    bool placed = isfinite(it->home_hz);
    if (placed && !it->known.hops) {
        if (it->home_hz != it->portrait.center_hz.mean) {
            move_place(all, slot);
        }
        return;
    }
    if (placed) {
        leave_place(all, slot);
    }
    if (!it->known.hops) {
        take_place(all, slot);
        return;
    }
    if (placed) {
        it->home_hz = (double)NAN;
        all->hoppers[all->hopper_count++] = slot;
    }
}

static void vacate(struct ls_emitters *all, uint32_t slot) {
    struct ls_emitter_slot *it = &all->slots[slot];
    size_t at = 0;
    if (!it->known.hops) {
        leave_place(all, slot);
    } else {
        while (all->hoppers[at] != slot) {
            at++;
        }
        memmove(&all->hoppers[at], &all->hoppers[at + 1],
                (all->hopper_count - at - 1) * sizeof *all->hoppers);
        all->hopper_count--;
    }
    it->known.id = 0;
    all->vacant[all->vacant_count++] = slot;
}

int ls_emitters_close(struct ls_emitters *all, uint32_t slot, int64_t part_of, struct ls_err *err) {
    struct ls_emitter last = hand_on(&all->slots[slot].known);
    last.part_of = part_of;
    vacate(all, slot);
    return all->opts.gone(all->opts.context, &last, err);
}

/* The slot silent for longest, but not keep. */
static uint32_t silent_longest(const struct ls_emitters *all, uint32_t keep) {
    uint32_t oldest = keep == 0 ? 1 : 0;
    for (uint32_t i = oldest + 1; i < all->used; i++) {
        if (i != keep && all->slots[i].known.last_ns < all->slots[oldest].known.last_ns) {
            oldest = i;
        }
    }
    return oldest;
}

int ls_emitters_begin(struct ls_emitters *all, uint32_t sensor, const struct ls_transmission *row,
                      uint32_t keep, uint32_t *ret_slot, struct ls_err *err) {
    int code = LS_OK;
    if (all->vacant_count == 0 && all->used == all->max) {
        code = ls_emitters_close(all, silent_longest(all, keep), 0, err);
    }
    uint32_t slot =
        all->vacant_count > 0 ? all->vacant[--all->vacant_count] : (uint32_t)all->used++;
    struct ls_emitter_slot *it = &all->slots[slot];
    memset(it, 0, sizeof *it);
    it->sensor = sensor;
    it->home_hz = (double)NAN;
    it->known = (struct ls_emitter){.id = ++all->count,
                                    .first_ns = row->start_ns,
                                    .low_hz = row->center_hz - row->bandwidth_hz / 2.0,
                                    .high_hz = row->center_hz + row->bandwidth_hz / 2.0,
                                    .level_dbfs = (double)NAN,
                                    .level_spread_db = (double)NAN,
                                    .offset_hz = (double)NAN,
                                    .period_s = (double)NAN,
                                    .jitter_s = (double)NAN,
                                    .score = (double)NAN};
    ls_copy_text(it->known.sensor, sizeof it->known.sensor, all->sensors[sensor]);
    ls_portrait_begin(&it->portrait, row);
    ls_emitters_settle(all, slot);
    *ret_slot = slot;
    return code;
}

/* --- what is told of an emitter --- */

static void describe(struct ls_emitter_slot *it) {
    const struct ls_portrait *p = &it->portrait;
    struct ls_emitter *known = &it->known;
    ls_copy_text(known->class_name, sizeof known->class_name, p->class_name);
    known->bandwidth_hz = exp(p->bandwidth.mean);
    known->duration_s = p->length.count > 0 ? exp(p->length.mean) : (double)NAN;
    if (p->level_db.count > 0) {
        known->level_dbfs = p->level_db.mean;
        known->level_spread_db = sqrt(p->level_db.variance);
    }
    known->offset_hz = p->carrier_hz.count > 0 ? p->carrier_hz.mean : (double)NAN;
    known->period_s = p->ticking.period_s;
    known->jitter_s = p->ticking.jitter_s;
}

void ls_emitters_tell(struct ls_emitter_slot *it, const struct ls_transmission *row,
                      double log_ratio, bool first) {
    struct ls_emitter *known = &it->known;
    int64_t stop_ns = row->start_ns + row->duration_ns;
    known->transmissions++;
    known->last_ns = stop_ns > known->last_ns || first ? stop_ns : known->last_ns;
    known->on_s += isfinite(row->on_s) ? row->on_s : (double)row->duration_ns / 1e9;
    known->low_hz = fmin(known->low_hz, row->center_hz - row->bandwidth_hz / 2.0);
    known->high_hz = fmax(known->high_hz, row->center_hz + row->bandwidth_hz / 2.0);
    known->center_hz = row->center_hz;
    if (!first) {
        it->score_sum += 1.0 / (1.0 + exp(-log_ratio));
        it->score_count++;
        known->score = it->score_sum / (double)it->score_count;
    }
    describe(it);
}

/* --- which emitter --- */

struct choice {
    uint32_t slot; /* UINT32_MAX: none */
    struct ls_likeness likeness;
    bool any_channel;
};

static void prefer(const struct ls_emitters *all, struct choice *best, uint32_t slot,
                   const struct ls_likeness *likeness, bool any_channel) {
    double ahead = likeness->log_ratio - best->likeness.log_ratio;
    bool older =
        best->slot != UINT32_MAX && all->slots[slot].known.id < all->slots[best->slot].known.id;
    if (ahead > 0.0 || (ahead == 0.0 && older)) {
        *best = (struct choice){.slot = slot, .likeness = *likeness, .any_channel = any_channel};
    }
}

static double filled(const struct ls_transmission *row, const struct ls_tdma *tdma) {
    return (double)row->bursts * tdma->frame_s / ((double)row->duration_ns / 1e9);
}

/* One call that hops over carriers: on each it begins and ends at the same time and in the same
 * slot, and all of them together fill no more than that slot. */
static bool shares_slot(const struct ls_emitter_slot *it, const struct ls_transmission *row) {
    const struct ls_portrait *p = &it->portrait;
    const struct ls_tdma *tdma = ls_tdma_of(row->burst_s, row->bandwidth_hz);
    if (tdma == NULL || row->bursts == 0 || it->known.center_hz == row->center_hz ||
        ls_tdma_of(p->burst_s, exp(p->bandwidth.mean)) != tdma) {
        return false;
    }
    int64_t stop_ns = row->start_ns + row->duration_ns;
    bool together = llabs(row->start_ns - p->start_ns) <= together_ns &&
                    llabs(stop_ns - p->stop_ns) <= together_ns;
    double apart_s = ls_tdma_apart_s(tdma, p->start_ns, row->start_ns);
    return together && fabs(apart_s) < 0.25 * tdma->slot_s &&
           fabs(row->level_dbfs - p->last_level_db) <= same_level_db &&
           it->shares + filled(row, tdma) <= frames_full;
}

static void consider_place(const struct ls_emitters *all, uint32_t slot,
                           const struct ls_transmission *row, struct choice *best) {
    const struct ls_emitter_slot *it = &all->slots[slot];
    /* Two rows of the same moment in one channel are repeats that a coarse log tells one by one: no
     * receiver hears two radios begin in the same nanosecond. */
    if (it->portrait.stop_ns > row->start_ns && it->portrait.start_ns != row->start_ns) {
        return; /* it is sending */
    }
    struct ls_likeness likeness = ls_likeness(&it->portrait, row, false);
    prefer(all, best, slot, &likeness, false);
}

static void consider_hopper(const struct ls_emitters *all, uint32_t slot, uint32_t sensor,
                            const struct ls_transmission *row, struct choice *best) {
    const struct ls_emitter_slot *it = &all->slots[slot];
    double beyond = fmax(it->known.low_hz - row->center_hz, row->center_hz - it->known.high_hz);
    if (it->sensor != sensor || it->portrait.stop_ns > row->start_ns ||
        beyond > hop_range * fabs(row->center_hz)) {
        return;
    }
    struct ls_likeness likeness = ls_likeness(&it->portrait, row, true);
    likeness.log_ratio += hop_prior;
    bool ticks = (likeness.alike & LS_TIE_CLOCK) != 0;
    if (ticks || ls_tdma_of(row->burst_s, row->bandwidth_hz) != NULL) {
        prefer(all, best, slot, &likeness, true);
    }
}

static struct choice choose(const struct ls_emitters *all, uint32_t sensor,
                            const struct ls_transmission *row) {
    struct choice best = {.slot = UINT32_MAX, .likeness = {.log_ratio = 0.0}};
    double reach = ls_likeness_gate_hz(row) + 2.0 * drift_ppm * fabs(row->center_hz);
    size_t at = ls_emitters_position(all, sensor, row->center_hz - reach);
    for (; at < all->place_count && all->places[at].sensor == sensor &&
           all->places[at].hz <= row->center_hz + reach;
         at++) {
        consider_place(all, all->places[at].slot, row, &best);
    }
    for (size_t i = 0; i < all->hopper_count; i++) {
        consider_hopper(all, all->hoppers[i], sensor, row, &best);
    }
    size_t recent =
        all->recent_count < LS_EMITTER_RECENT ? (size_t)all->recent_count : LS_EMITTER_RECENT;
    for (size_t i = 0; i < recent; i++) {
        const struct ls_emitter_slot *it = &all->slots[all->recent[i]];
        if (it->known.id != 0 && it->sensor == sensor && shares_slot(it, row)) {
            struct ls_likeness likeness = {.log_ratio = slot_ratio,
                                           .alike = LS_TIE_SLOT | LS_TIE_LEVEL};
            prefer(all, &best, all->recent[i], &likeness, true);
        }
    }
    return best;
}

/* --- rows --- */

static int find_sensor(struct ls_emitters *all, const char *name, uint32_t *ret,
                       struct ls_err *err) {
    for (uint32_t i = 0; i < all->sensor_count; i++) {
        if (strcmp(all->sensors[i], name) == 0) {
            *ret = i;
            return LS_OK;
        }
    }
    if (all->sensor_count == LS_EMITTER_SENSORS) {
        return ls_err_set(err, LS_ERR_FULL, "more than %d sensors", LS_EMITTER_SENSORS);
    }
    ls_copy_text(all->sensors[all->sensor_count], LS_SENSOR_BYTES, name);
    *ret = all->sensor_count++;
    return LS_OK;
}

/* The emitter of a row, as it was before the row: *ret_first when it is new. */
static int find_emitter(struct ls_emitters *all, uint32_t sensor, const struct ls_transmission *row,
                        struct choice *ret, struct ls_err *err) {
    *ret = choose(all, sensor, row);
    if (ret->slot == UINT32_MAX) {
        return ls_emitters_begin(all, sensor, row, UINT32_MAX, &ret->slot, err);
    }
    struct ls_emitter_slot *it = &all->slots[ret->slot];
    const struct ls_tdma *tdma = ls_tdma_of(row->burst_s, row->bandwidth_hz);
    double share = tdma == NULL ? 0.0 : filled(row, tdma);
    it->shares = it->portrait.stop_ns > row->start_ns ? it->shares + share : share;
    it->known.hops = it->known.hops || ret->any_channel;
    ls_portrait_follow(&it->portrait, row);
    ls_emitters_settle(all, ret->slot);
    return LS_OK;
}

static struct ls_tie link_of(const struct ls_emitter_slot *it, const struct ls_transmission *row,
                             const struct ls_likeness *likeness, bool first) {
    struct ls_tie link = {.transmission_id = row->id, .emitter_id = it->known.id};
    if (!first) {
        link.alike = likeness->alike;
        link.unlike = likeness->unlike;
        link.percent = (unsigned)(99.0 / (1.0 + exp(-likeness->log_ratio)));
    }
    return link;
}

static int add_row(struct ls_emitters *all, uint32_t sensor, const struct ls_transmission *row,
                   struct ls_err *err) {
    struct choice choice;
    int64_t before = all->count;
    int code = find_emitter(all, sensor, row, &choice, err);
    if (code != LS_OK) {
        return code;
    }
    struct ls_emitter_slot *it = &all->slots[choice.slot];
    bool first = all->count != before;
    if (first) {
        const struct ls_tdma *tdma = ls_tdma_of(row->burst_s, row->bandwidth_hz);
        it->shares = tdma == NULL ? 0.0 : filled(row, tdma);
    }
    ls_emitters_tell(it, row, choice.likeness.log_ratio, first);
    all->recent[all->recent_count++ % LS_EMITTER_RECENT] = choice.slot;
    struct ls_heard heard = hear(row);
    heard.link = link_of(it, row, &choice.likeness, first);
    code = all->opts.link(all->opts.context, &heard.link, err);
    size_t size = ls_ring_size(&it->ring);
    bool repeat = size > 0 && row->start_ns - ls_ring_at(&it->ring, size - 1)->start_ns < repeat_ns;
    if (code != LS_OK || repeat) {
        return code;
    }
    ls_ring_add(&it->ring, &heard);
    int64_t id = it->known.id;
    code = ls_emitters_examine(all, choice.slot, err);
    if (code == LS_OK && it->known.id == id && !it->known.hops && it->ring.count <= YOUNG) {
        code = ls_emitters_examine_family(all, choice.slot, &heard, err);
    }
    return code;
}

int ls_emitters_push(struct ls_emitters *all, const struct ls_transmission *row,
                     struct ls_err *err) {
    uint32_t sensor = 0;
    if (row->duration_ns <= 0 || row->start_ns < all->last_ns || !isfinite(row->center_hz) ||
        !isfinite(row->bandwidth_hz) || row->bandwidth_hz < 0.0) {
        return LS_OK;
    }
    all->last_ns = row->start_ns;
    int code = find_sensor(all, row->sensor, &sensor, err);
    return code == LS_OK ? add_row(all, sensor, row, err) : code;
}
