/* Clocks of emitters. The starts in the ring of an emitter are looked at when it has 8 and then
 * every 8: a clock that most of them keep becomes its clock; two clocks of different periods are
 * two radios. Two clocks of one period cannot be told from one radio that sends twice in it, and
 * stay together. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "detect/emitter_state.h"

enum { EVERY = 8, ON_MIN = 6, HOP_ON_MIN = 8, HOP_CHANNELS = 3 };

static const double split_coverage = 0.5;
static const double hop_coverage = 0.5;
static const double share_min = 0.4; /* of the starts that a clock of an emitter must hold */
static const double sure = 3.0;      /* standard deviations */
static const double family_range = 0.015;
static const double family_bandwidth = 0.25; /* ln */
static const double family_length = 0.1;     /* ln */
static const double family_length_s = 1e-3;
static const double family_level_db = 6.0;
static const double hops_with_log10 = -4.0; /* chance that it does so by itself */

static size_t starts_of(struct ls_heard_ring *ring, int64_t ret[LS_BEAT_MAX]) {
    size_t n = ls_ring_size(ring);
    for (size_t i = 0; i < n; i++) {
        ret[i] = ls_ring_at(ring, i)->start_ns;
    }
    return n;
}

static size_t bits(uint32_t set) { return (size_t)__builtin_popcount(set); }

/* Error of a period that was fitted to so many ticks of this jitter. */
static double period_error_s(const struct ls_beat *beat) {
    return beat->jitter_s / sqrt((double)beat->count);
}

static int tell_event(struct ls_emitters *all, const struct ls_emitter_event *event,
                      struct ls_err *err) {
    return all->opts.event(all->opts.context, event, err);
}

/* --- the clock of one emitter --- */

static int64_t last_on(struct ls_heard_ring *ring, uint32_t on) {
    int64_t tick_ns = 0;
    for (size_t i = 0; i < ls_ring_size(ring); i++) {
        tick_ns = (on >> i & 1) != 0 ? ls_ring_at(ring, i)->start_ns : tick_ns;
    }
    return tick_ns;
}

static void set_clock(struct ls_emitter_slot *it, const struct ls_beat *beat, size_t n) {
    double share = (double)bits(beat->on) / (double)n;
    it->portrait.ticking = (struct ls_ticking){.period_s = beat->period_s,
                                               .jitter_s = beat->jitter_s,
                                               .share = fmin(share, 0.98),
                                               .tick_ns = last_on(&it->ring, beat->on),
                                               .whole = beat->whole};
    it->known.period_s = beat->period_s;
    it->known.jitter_s = beat->jitter_s;
}

static void forget_clock(struct ls_emitter_slot *it) {
    it->portrait.ticking.period_s = it->portrait.ticking.jitter_s = (double)NAN;
    it->portrait.ticking.whole = false;
    it->known.period_s = it->known.jitter_s = (double)NAN;
}

/* --- two clocks in one emitter --- */

/* The clock in what another clock leaves over; bits as in the ring. */
static bool find_other(const int64_t *starts, size_t n, const struct ls_beat *first,
                       struct ls_beat *ret) {
    int64_t rest[LS_BEAT_MAX];
    size_t index[LS_BEAT_MAX];
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if ((first->on >> i & 1) == 0) {
            index[count] = i;
            rest[count++] = starts[i];
        }
    }
    if (!ls_beat_find(rest, count, ret)) {
        return false;
    }
    uint32_t on = 0;
    for (size_t i = 0; i < count; i++) {
        on |= (ret->on >> i & 1) != 0 ? UINT32_C(1) << index[i] : 0;
    }
    ret->on = on;
    double error_s = hypot(period_error_s(first), period_error_s(ret));
    return ret->coverage >= split_coverage &&
           fabs(ret->period_s - first->period_s) > sure * error_s;
}

/* Learns anew from the rows in its ring. */
static void learn(struct ls_emitters *all, uint32_t slot) {
    struct ls_emitter_slot *it = &all->slots[slot];
    for (size_t i = 0; i < ls_ring_size(&it->ring); i++) {
        struct ls_transmission row = ls_heard_row(ls_ring_at(&it->ring, i));
        if (i == 0) {
            ls_portrait_begin(&it->portrait, &row);
        } else {
            ls_portrait_follow(&it->portrait, &row);
        }
    }
    ls_emitters_settle(all, slot);
}

/* What is on the second clock goes to a new emitter. */
static int split(struct ls_emitters *all, uint32_t slot, const struct ls_beat beats[2], size_t n,
                 struct ls_err *err) {
    struct ls_heard_ring old = all->slots[slot].ring;
    uint32_t other = 0;
    size_t first = 0;
    while ((beats[1].on >> first & 1) == 0) {
        first++;
    }
    struct ls_transmission begins = ls_heard_row(ls_ring_at(&old, first));
    int code = ls_emitters_begin(all, all->slots[slot].sensor, &begins, slot, &other, err);
    if (code != LS_OK) {
        return code;
    }
    struct ls_emitter_slot *from = &all->slots[slot];
    struct ls_emitter_slot *to = &all->slots[other];
    from->ring.count = 0;
    for (size_t i = 0; i < n && code == LS_OK; i++) {
        struct ls_heard *heard = ls_ring_at(&old, i);
        if ((beats[1].on >> i & 1) == 0) {
            ls_ring_add(&from->ring, heard);
            continue;
        }
        struct ls_transmission row = ls_heard_row(heard);
        heard->link.emitter_id = to->known.id;
        heard->link.alike |= LS_TIE_CLOCK;
        heard->link.by_split = true;
        ls_emitters_tell(to, &row, 3.0, to->ring.count == 0);
        ls_ring_add(&to->ring, heard);
        from->known.transmissions--;
        from->known.on_s -= (double)row.duration_ns / 1e9;
        code = all->opts.link(all->opts.context, &heard->link, err);
    }
    learn(all, slot);
    learn(all, other);
    struct ls_beat of_rest = beats[0];
    of_rest.on = 0;
    for (size_t i = 0, at = 0; i < n; i++) {
        bool stays = (beats[1].on >> i & 1) == 0;
        of_rest.on |= stays && (beats[0].on >> i & 1) != 0 ? UINT32_C(1) << at : 0;
        at += stays;
    }
    struct ls_beat of_other = beats[1];
    of_other.on = (uint32_t)((UINT64_C(1) << bits(beats[1].on)) - 1);
    set_clock(from, &of_rest, ls_ring_size(&from->ring));
    set_clock(to, &of_other, ls_ring_size(&to->ring));
    struct ls_emitter_event event = {.t_ns = begins.start_ns,
                                     .emitter_id = from->known.id,
                                     .other_id = to->known.id,
                                     .split = true};
    snprintf(event.text, sizeof event.text, "two clocks, of %.6g s and %.6g s", beats[0].period_s,
             beats[1].period_s);
    return code == LS_OK ? tell_event(all, &event, err) : code;
}

/* --- one clock in two emitters --- */

/* b began after a was silent, and ticks where a would: the same radio, moved or turned up. */
static bool goes_on(const struct ls_emitter_slot *a, const struct ls_emitter_slot *b) {
    const struct ls_ticking *x = &a->portrait.ticking;
    const struct ls_ticking *y = &b->portrait.ticking;
    if (!isfinite(x->period_s) || a->known.last_ns > b->known.first_ns || a->known.hops ||
        fabs(a->portrait.bandwidth.mean - b->portrait.bandwidth.mean) > family_bandwidth ||
        strcmp(a->portrait.class_name, b->portrait.class_name) != 0) {
        return false;
    }
    double error_s = hypot(x->jitter_s, y->jitter_s) / sqrt(ON_MIN);
    double apart_s = (double)(b->known.first_ns - x->tick_ns) / 1e9;
    double ticks = rint(apart_s / x->period_s);
    double spread_s = hypot(x->jitter_s, ticks * error_s / ON_MIN);
    return fabs(x->period_s - y->period_s) <= sure * error_s && spread_s < 0.03 * x->period_s &&
           fabs(apart_s - ticks * x->period_s) <= sure * spread_s;
}

static int merge(struct ls_emitters *all, uint32_t into, uint32_t slot, const char *why,
                 struct ls_err *err) {
    struct ls_emitter_slot *a = &all->slots[into];
    struct ls_emitter_slot *b = &all->slots[slot];
    struct ls_emitter_event event = {
        .t_ns = b->portrait.start_ns, .emitter_id = a->known.id, .other_id = b->known.id};
    snprintf(event.text, sizeof event.text, "%s", why);
    a->known.last_ns = a->known.last_ns > b->known.last_ns ? a->known.last_ns : b->known.last_ns;
    a->known.low_hz = fmin(a->known.low_hz, b->known.low_hz);
    a->known.high_hz = fmax(a->known.high_hz, b->known.high_hz);
    a->known.first_ns =
        a->known.first_ns < b->known.first_ns ? a->known.first_ns : b->known.first_ns;
    a->known.transmissions += b->known.transmissions;
    a->known.on_s += b->known.on_s;
    int code = ls_emitters_close(all, slot, a->known.id, err);
    ls_emitters_settle(all, into);
    return code == LS_OK ? tell_event(all, &event, err) : code;
}

static int look_back(struct ls_emitters *all, uint32_t slot, struct ls_err *err) {
    const struct ls_emitter_slot *it = &all->slots[slot];
    struct ls_transmission row = ls_heard_row(&it->ring.heard[0]);
    double reach = ls_likeness_gate_hz(&row);
    size_t at = ls_emitters_position(all, it->sensor, it->home_hz - reach);
    for (; at < all->place_count && all->places[at].sensor == it->sensor &&
           all->places[at].hz <= it->home_hz + reach;
         at++) {
        uint32_t other = all->places[at].slot;
        if (other != slot && goes_on(&all->slots[other], it)) {
            struct ls_emitter_slot *before = &all->slots[other];
            before->portrait = it->portrait;
            before->ring = it->ring;
            before->known.period_s = it->known.period_s;
            before->known.jitter_s = it->known.jitter_s;
            return merge(all, other, slot, "the same clock went on", err);
        }
    }
    return LS_OK;
}

/* Whether what was taken for another radio sends on the ticks of one that hops. */
static bool hops_with(const struct ls_emitter_slot *hopper, const struct ls_emitter_slot *it,
                      const int64_t *starts, size_t n) {
    const struct ls_portrait *p = &hopper->portrait;
    size_t on = 0;
    if (!p->ticking.whole || hopper->sensor != it->sensor ||
        fabs(log(it->known.center_hz / hopper->known.center_hz)) > family_range ||
        fabs(p->bandwidth.mean - it->portrait.bandwidth.mean) > family_bandwidth ||
        fabs(p->level_db.mean - it->portrait.level_db.mean) > family_level_db ||
        strcmp(p->class_name, it->portrait.class_name) != 0) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        on += ls_ticking_apart(&p->ticking, starts[i]) == 0;
    }
    return on > 0 && ls_beat_log10_chance(n, on, 1.0 / p->ticking.period_s) < hops_with_log10;
}

static int join_hopper(struct ls_emitters *all, uint32_t slot, const int64_t *starts, size_t n,
                       bool *ret_joined, struct ls_err *err) {
    *ret_joined = false;
    for (size_t i = 0; i < all->hopper_count; i++) {
        uint32_t hopper = all->hoppers[i];
        if (hopper != slot && hops_with(&all->slots[hopper], &all->slots[slot], starts, n)) {
            *ret_joined = true;
            return merge(all, hopper, slot, "on the ticks of one that hops", err);
        }
    }
    return LS_OK;
}

int ls_emitters_examine(struct ls_emitters *all, uint32_t slot, struct ls_err *err) {
    struct ls_emitter_slot *it = &all->slots[slot];
    int64_t starts[LS_BEAT_MAX];
    struct ls_beat beats[2];
    if (it->ring.count % EVERY != 0) {
        return LS_OK;
    }
    size_t n = starts_of(&it->ring, starts);
    bool had = isfinite(it->portrait.ticking.period_s);
    bool joined;
    int code = join_hopper(all, slot, starts, n, &joined, err);
    if (code != LS_OK || joined) {
        return code;
    }
    bool ticks = (!it->portrait.ticking.whole && ls_beat_find(starts, n, &beats[0])) ||
                 (it->known.hops && ls_beat_find_whole(starts, n, true, &beats[0]));
    if (!ticks) {
        if (had && n == LS_BEAT_MAX) {
            forget_clock(it);
        }
        return LS_OK;
    }
    if (!it->known.hops && beats[0].coverage >= split_coverage &&
        find_other(starts, n, &beats[0], &beats[1])) {
        return split(all, slot, beats, n, err);
    }
    if ((double)bits(beats[0].on) < share_min * (double)n) {
        return LS_OK;
    }
    set_clock(it, &beats[0], n);
    return had || it->known.hops ? LS_OK : look_back(all, slot, err);
}

/* --- one clock over several channels --- */

static bool same_family(const struct ls_emitter_family *family, uint32_t sensor,
                        const struct ls_heard *heard) {
    const struct ls_heard *last =
        &family->ring.heard[(family->ring.count + LS_BEAT_MAX - 1) % LS_BEAT_MAX];
    double longer = log((double)heard->duration_ns / (double)last->duration_ns);
    double longer_s = (double)(heard->duration_ns - last->duration_ns) / 1e9;
    return family->ring.count > 0 && family->sensor == sensor &&
           strcmp(heard->class_name, last->class_name) == 0 &&
           fabs(log(heard->center_hz / last->center_hz)) <= family_range &&
           fabs(log(fmax(heard->bandwidth_hz, 1.0) / fmax(last->bandwidth_hz, 1.0))) <=
               family_bandwidth &&
           (fabs(longer) <= family_length || fabs(longer_s) <= family_length_s) &&
           !(fabs(heard->level_dbfs - last->level_dbfs) > family_level_db);
}

/* The family of a row; the one silent for longest gives way. */
static struct ls_emitter_family *family_of(struct ls_emitters *all, uint32_t sensor,
                                           const struct ls_heard *heard) {
    struct ls_emitter_family *oldest = &all->families[0];
    int64_t oldest_ns = INT64_MAX;
    for (size_t i = 0; i < LS_EMITTER_FAMILIES; i++) {
        struct ls_emitter_family *family = &all->families[i];
        if (same_family(family, sensor, heard)) {
            return family;
        }
        size_t size = ls_ring_size(&family->ring);
        int64_t last_ns = size == 0 ? INT64_MIN : ls_ring_at(&family->ring, size - 1)->start_ns;
        if (last_ns < oldest_ns) {
            oldest = family;
            oldest_ns = last_ns;
        }
    }
    oldest->ring.count = 0;
    oldest->sensor = sensor;
    return oldest;
}

static size_t ring_index(const struct ls_heard_ring *ring, size_t i) {
    return (size_t)((ring->count - ls_ring_size(ring) + i) % LS_BEAT_MAX);
}

/* The emitters of those on the clock, each once, the oldest first; *ret_most: rows of the one with
 * most. */
static size_t members_of(const struct ls_emitters *all, const struct ls_emitter_family *family,
                         uint32_t on, uint32_t ret[LS_BEAT_MAX], size_t *ret_most) {
    size_t counts[LS_BEAT_MAX] = {0};
    size_t count = 0;
    *ret_most = 0;
    for (size_t i = 0; i < ls_ring_size(&family->ring); i++) {
        size_t at = ring_index(&family->ring, i);
        uint32_t slot = family->slot[at];
        size_t k = 0;
        if ((on >> i & 1) == 0 || all->slots[slot].known.id != family->id[at]) {
            continue;
        }
        while (k < count && ret[k] != slot) {
            k++;
        }
        ret[k] = slot;
        count += k == count;
        counts[k]++;
        *ret_most = counts[k] > *ret_most ? counts[k] : *ret_most;
    }
    for (size_t k = 1; k < count; k++) {
        if (all->slots[ret[k]].known.id < all->slots[ret[0]].known.id) {
            uint32_t swap = ret[0];
            ret[0] = ret[k];
            ret[k] = swap;
        }
    }
    return count;
}

static int make_hopper(struct ls_emitters *all, struct ls_emitter_family *family,
                       const struct ls_beat *beat, const uint32_t *members, size_t count,
                       struct ls_err *err) {
    char why[LS_EMITTER_EVENT_BYTES];
    int code = LS_OK;
    snprintf(why, sizeof why, "hops: one clock of %.6g s on %zu channels", beat->period_s, count);
    struct ls_emitter_slot *hopper = &all->slots[members[0]];
    hopper->known.hops = true;
    for (size_t k = 1; k < count && code == LS_OK; k++) {
        code = merge(all, members[0], members[k], why, err);
    }
    hopper->ring.count = 0;
    for (size_t i = 0; i < ls_ring_size(&family->ring); i++) {
        if ((beat->on >> i & 1) != 0) {
            ls_ring_add(&hopper->ring, ls_ring_at(&family->ring, i));
        }
    }
    learn(all, members[0]);
    struct ls_beat whole = *beat;
    whole.on = (uint32_t)((UINT64_C(1) << ls_ring_size(&hopper->ring)) - 1);
    set_clock(hopper, &whole, ls_ring_size(&hopper->ring));
    family->ring.count = 0;
    return code;
}

/* A clock most of whose ticks were heard; or, where starts are told in whole seconds, ticks on
 * which it sends when it likes. */
static bool find_hops(const int64_t *starts, size_t n, struct ls_beat *ret) {
    return (ls_beat_find(starts, n, ret) && ret->count >= HOP_ON_MIN &&
            ret->coverage >= hop_coverage) ||
           ls_beat_find_whole(starts, n, false, ret);
}

int ls_emitters_examine_family(struct ls_emitters *all, uint32_t slot, const struct ls_heard *heard,
                               struct ls_err *err) {
    struct ls_emitter_family *family = family_of(all, all->slots[slot].sensor, heard);
    size_t at = (size_t)(family->ring.count % LS_BEAT_MAX);
    int64_t starts[LS_BEAT_MAX];
    uint32_t members[LS_BEAT_MAX];
    struct ls_beat beat;
    size_t most = 0;
    ls_ring_add(&family->ring, heard);
    family->slot[at] = slot;
    family->id[at] = all->slots[slot].known.id;
    size_t n = starts_of(&family->ring, starts);
    if (n < HOP_ON_MIN || family->ring.count % 4 != 0 || !find_hops(starts, n, &beat)) {
        return LS_OK;
    }
    size_t count = members_of(all, family, beat.on, members, &most);
    if (count < HOP_CHANNELS || 2 * most > beat.count) {
        return LS_OK;
    }
    return make_hopper(all, family, &beat, members, count, err);
}
