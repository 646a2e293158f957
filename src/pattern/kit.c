#include "pattern/kit.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sf_gamma.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "pattern/chance.h"
#include "pattern/tail.h"

enum { ROWS_MIN = 3, RIDES_MIN = 3, SURROGATES = 199 };

static const double linked = 0.6;
static const int64_t same_visit_ns = 120 * LS_NS_PER_S; /* the silence between two visits */

/* --- members --- */

static bool meet(const struct ls_trip *a, const struct ls_trip *b) {
    return a->start_ns <= b->stop_ns + same_visit_ns && b->start_ns <= a->stop_ns + same_visit_ns;
}

static bool come_together(const struct ls_trip_log *a, const struct ls_trip_log *b) {
    const struct ls_trip_log *rarer = ls_trips_kept(a) <= ls_trips_kept(b) ? a : b;
    const struct ls_trip_log *other = rarer == a ? b : a;
    size_t met = 0;
    bool apart = fabs(a->channel.center_hz - b->channel.center_hz) >
                 0.5 * (a->channel.bandwidth_hz + b->channel.bandwidth_hz);
    if (a->channel.sensor != b->channel.sensor || !apart) {
        return false;
    }
    for (size_t i = 0; i < ls_trips_kept(rarer); i++) {
        bool any = false;
        for (size_t j = 0; j < ls_trips_kept(other) && !any; j++) {
            any = meet(ls_trips_at(rarer, i), ls_trips_at(other, j));
        }
        met += any;
    }
    return (double)met >= linked * (double)ls_trips_kept(rarer);
}

void ls_kit_gather(struct ls_kit *ret, const struct ls_trip_log *const *all, size_t count,
                   bool *used, size_t from) {
    ret->members[0] = all[from];
    ret->count = 1;
    used[from] = true;
    for (size_t m = 0; m < ret->count; m++) {
        for (size_t i = from + 1; i < count; i++) {
            if (!used[i] && come_together(ret->members[m], all[i])) {
                used[i] = true;
                ret->members[ret->count++] = all[i];
            }
        }
    }
}

static int compare_spans(const void *a, const void *b) {
    const struct ls_crowd *x = a;
    const struct ls_crowd *y = b;
    return (x->start_ns > y->start_ns) - (x->start_ns < y->start_ns);
}

size_t ls_kit_passages(const struct ls_kit *kit, struct ls_crowd *ret) {
    size_t count = 0;
    size_t passages = 0;
    for (size_t m = 0; m < kit->count; m++) {
        for (size_t i = 0; i < ls_trips_kept(kit->members[m]); i++) {
            const struct ls_trip *trip = ls_trips_at(kit->members[m], i);
            ret[count++] = (struct ls_crowd){trip->start_ns, trip->stop_ns};
        }
    }
    qsort(ret, count, sizeof *ret, compare_spans);
    for (size_t i = 0; i < count; i++) {
        struct ls_crowd *last = passages > 0 ? &ret[passages - 1] : NULL;
        if (last != NULL && ret[i].start_ns <= last->stop_ns + same_visit_ns) {
            last->stop_ns = ret[i].stop_ns > last->stop_ns ? ret[i].stop_ns : last->stop_ns;
        } else {
            ret[passages++] = ret[i];
        }
    }
    return passages;
}

/* --- level bell --- */

/* Ranks of n values, ties at their mean. */
static void rank(const double *values, size_t n, double *ret) {
    for (size_t i = 0; i < n; i++) {
        double below = 0.0;
        double equal = 0.0;
        for (size_t j = 0; j < n; j++) {
            below += values[j] < values[i];
            equal += values[j] == values[i];
        }
        ret[i] = below + (equal - 1.0) / 2.0;
    }
}

/* One visit in ranks. */
struct pair {
    size_t count;
    double near[LS_TRIP_ROWS];
    double level[LS_TRIP_ROWS];
};

struct sample {
    struct pair *pairs;
    size_t count;
};

/* Rank correlation as a normal deviate. */
static double deviate(const struct pair *pair, const size_t *order) {
    double n = (double)pair->count;
    double mean = (n - 1.0) / 2.0;
    double sxy = 0.0;
    double sxx = 0.0;
    double syy = 0.0;
    for (size_t i = 0; i < pair->count; i++) {
        double x = pair->near[i] - mean;
        double y = pair->level[order == NULL ? i : order[i]] - mean;
        sxy += x * y;
        sxx += x * x;
        syy += y * y;
    }
    return sxx > 0.0 && syy > 0.0 ? sxy / sqrt(sxx * syy) * sqrt(n - 1.0) : 0.0;
}

static double score(const struct sample *sample, struct ls_chance *chance) {
    double sum = 0.0;
    for (size_t k = 0; k < sample->count; k++) {
        size_t order[LS_TRIP_ROWS];
        for (size_t i = 0; i < sample->pairs[k].count && chance != NULL; i++) {
            size_t j = (size_t)(ls_chance_uniform(chance) * (double)(i + 1));
            order[i] = order[j];
            order[j] = i;
        }
        sum += deviate(&sample->pairs[k], chance == NULL ? NULL : order);
    }
    return sum / sqrt((double)sample->count);
}

static void add_pair(struct sample *sample, const struct ls_trip *trip,
                     const struct ls_crowd *passage) {
    struct pair *pair = &sample->pairs[sample->count++];
    double near[LS_TRIP_ROWS];
    double middle_s = (double)(passage->start_ns - trip->start_ns) / 2e9 +
                      (double)(passage->stop_ns - trip->start_ns) / 2e9;
    pair->count = trip->count;
    for (size_t i = 0; i < trip->count; i++) {
        near[i] = -fabs((double)(trip->t_ns[i] - trip->start_ns) / 1e9 - middle_s);
    }
    rank(near, trip->count, pair->near);
    rank(trip->level_db, trip->count, pair->level);
}

/* The passage that a visit is part of. */
static const struct ls_crowd *passage_of(const struct ls_trip *trip,
                                         const struct ls_crowd *passages, size_t count) {
    size_t at = 0;
    while (at + 1 < count && passages[at + 1].start_ns <= trip->start_ns) {
        at++;
    }
    return &passages[at];
}

static double judge(const struct ls_kit *kit, const struct sample *sample) {
    double scores[SURROGATES];
    double seed[LS_KIT_CANDIDATES];
    struct ls_chance chance;
    for (size_t m = 0; m < kit->count; m++) {
        seed[m] = kit->members[m]->channel.center_hz;
    }
    ls_chance_init(&chance, ls_chance_seed(seed, kit->count));
    for (size_t k = 0; k < SURROGATES; k++) {
        scores[k] = score(sample, &chance);
    }
    return ls_tail_log10(scores, SURROGATES, score(sample, NULL), ls_chance_uniform(&chance),
                         LS_TAIL_NORMAL);
}

int ls_kit_bell(const struct ls_kit *kit, struct ls_kit_span span, double *ret_log10,
                struct ls_err *err) {
    struct ls_crowd *passages = malloc(kit->count * LS_TRIPS_KEPT * sizeof *passages);
    struct sample sample = {.pairs = malloc(kit->count * LS_TRIPS_KEPT * sizeof *sample.pairs)};
    if (passages == NULL || sample.pairs == NULL) {
        free(passages);
        free(sample.pairs);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for passes");
    }
    size_t count = ls_kit_passages(kit, passages);
    for (size_t m = 0; m < kit->count; m++) {
        for (size_t i = 0; i < ls_trips_kept(kit->members[m]); i++) {
            const struct ls_trip *trip = ls_trips_at(kit->members[m], i);
            const struct ls_crowd *passage = passage_of(trip, passages, count);
            if (trip->count >= ROWS_MIN && trip->levels && passage->start_ns >= span.from_ns &&
                passage->start_ns < span.until_ns) {
                add_pair(&sample, trip, passage);
            }
        }
    }
    *ret_log10 = sample.count > 0 ? judge(kit, &sample) : 0.0;
    free(passages);
    free(sample.pairs);
    return LS_OK;
}

/* --- the same trains --- */

/* The first crowd that ends at t_ns or later; count: none. */
static size_t crowd_after(const struct ls_crowd *crowds, size_t count, int64_t t_ns) {
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (crowds[middle].stop_ns < t_ns) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Crowds, by index, that a member came with, ascending; ret: [LS_TRIPS_KEPT]. */
static size_t rides_of(const struct ls_trip_log *log, struct ls_kit_span span,
                       const struct ls_crowd *crowds, size_t count, size_t *ret) {
    size_t n = 0;
    for (size_t i = 0; i < ls_trips_kept(log); i++) {
        const struct ls_trip *trip = ls_trips_at(log, i);
        size_t at = crowd_after(crowds, count, trip->start_ns);
        bool rides = at < count && crowds[at].start_ns <= trip->stop_ns &&
                     trip->start_ns >= span.from_ns && trip->start_ns < span.until_ns;
        if (rides && (n == 0 || ret[n - 1] != at)) {
            ret[n++] = at;
        }
    }
    return n;
}

static bool rider(const struct ls_trip_log *log, const struct ls_crowd *crowds, size_t count) {
    const struct ls_kit_span always = {INT64_MIN, INT64_MAX};
    size_t rides[LS_TRIPS_KEPT];
    return rides_of(log, always, crowds, count, rides) >= RIDES_MIN;
}

size_t ls_kit_riders(const struct ls_trip_log *const *all, size_t count,
                     const struct ls_crowd *crowds, size_t crowd_count) {
    size_t riders = 0;
    for (size_t i = 0; i < count; i++) {
        riders += rider(all[i], crowds, crowd_count);
    }
    return riders;
}

static size_t shared(const size_t *a, size_t a_count, const size_t *b, size_t b_count) {
    size_t n = 0;
    size_t j = 0;
    for (size_t i = 0; i < a_count; i++) {
        while (j < b_count && b[j] < a[i]) {
            j++;
        }
        n += j < b_count && b[j] == a[i];
    }
    return n;
}

/* log10 of P(X >= x) when b of n are drawn and a of n are marked. */
static double hypergeometric_log10(size_t n, size_t a, size_t b, size_t x) {
    double sum = 0.0;
    size_t most = a < b ? a : b;
    if (x == 0 || a > n || b > n) {
        return 0.0;
    }
    for (size_t k = x; k <= most; k++) {
        if (b - k <= n - a) {
            sum += exp(gsl_sf_lnchoose((unsigned)a, (unsigned)k) +
                       gsl_sf_lnchoose((unsigned)(n - a), (unsigned)(b - k)) -
                       gsl_sf_lnchoose((unsigned)n, (unsigned)b));
        }
    }
    return fmin(0.0, log10(fmax(sum, 1e-300)));
}

double ls_kit_together(const struct ls_kit *kit, struct ls_kit_span span,
                       const struct ls_crowd *crowds, size_t crowd_count, size_t riders) {
    size_t rides[LS_TRIPS_KEPT];
    size_t first[LS_TRIPS_KEPT];
    size_t first_count = 0;
    const struct ls_trip_log *leader = NULL;
    double sum = 0.0;
    for (size_t m = 0; m < kit->count; m++) {
        size_t n = rides_of(kit->members[m], span, crowds, crowd_count, rides);
        if (n > first_count) {
            first_count = n;
            leader = kit->members[m];
            memcpy(first, rides, n * sizeof *rides);
        }
    }
    if (leader == NULL) {
        return 0.0;
    }
    size_t trains = 0;
    for (size_t i = 0; i < crowd_count; i++) {
        trains += crowds[i].start_ns < span.until_ns && crowds[i].stop_ns >= span.from_ns;
    }
    for (size_t m = 0; m < kit->count; m++) {
        if (kit->members[m] == leader || !rider(kit->members[m], crowds, crowd_count)) {
            continue;
        }
        size_t n = rides_of(kit->members[m], span, crowds, crowd_count, rides);
        double p =
            hypergeometric_log10(trains, first_count, n, shared(first, first_count, rides, n));
        sum += fmin(0.0, p + log10((double)riders));
    }
    return sum;
}

/* Seconds of the span in which there is a crowd. */
static double crowded_s(const struct ls_crowd *crowds, size_t count, struct ls_kit_span span) {
    double sum_s = 0.0;
    for (size_t i = 0; i < count; i++) {
        int64_t from_ns = crowds[i].start_ns > span.from_ns ? crowds[i].start_ns : span.from_ns;
        int64_t to_ns = crowds[i].stop_ns < span.until_ns ? crowds[i].stop_ns : span.until_ns;
        sum_s += to_ns > from_ns ? (double)(to_ns - from_ns) / 1e9 : 0.0;
    }
    return sum_s;
}

double ls_kit_aboard(const struct ls_crowd *passages, size_t count, const struct ls_crowd *crowds,
                     size_t crowd_count, struct ls_kit_span span) {
    double total_s = (double)(span.until_ns - span.from_ns) / 1e9;
    size_t aboard = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t middle_ns = passages[i].start_ns + (passages[i].stop_ns - passages[i].start_ns) / 2;
        size_t at = crowd_after(crowds, crowd_count, middle_ns);
        aboard += at < crowd_count && crowds[at].start_ns <= middle_ns;
    }
    double share = fmin(1.0, crowded_s(crowds, crowd_count, span) / total_s);
    double p = aboard == 0 ? 1.0 : gsl_cdf_binomial_Q((unsigned)aboard - 1, share, (unsigned)count);
    return log10(fmax(p, 1e-300));
}
