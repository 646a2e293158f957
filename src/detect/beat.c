#include "detect/beat.h"

#include <math.h>

enum { ON_MIN = 6, STEPS = 4 };

static const double slack = 0.03;       /* of a period: how far from its tick a start may lie */
static const double period_min_s = 0.5; /* shorter ones are repeats or lattices */
static const double coverage_min = 0.3;
static const double log10_p_max = -4.0;
static const double jitter_min_s = 1e-3;

/* Follows a period from one start on: each start within the slack of a tick becomes the tick that
 * the next ones are held against. */
struct chain {
    double period_s;
    uint32_t on;
    size_t count;
    double ticks;
    double squares; /* of what is left over */
};

/* As rint() below 2^51, without a call. */
static double nearest(double x) {
    static const double whole = 0x1.8p52;
    return x + whole - whole;
}

/* False: it cannot have more than so many ticks, and was not followed to its end. */
static bool follow(const double *t, size_t n, size_t from, double period_s, size_t more_than,
                   struct chain *chain) {
    size_t last = from;
    double sum_s = 0.0;
    double sum_ticks = 0.0;
    *chain = (struct chain){.period_s = period_s, .on = UINT32_C(1) << from, .count = 1};
    for (size_t i = from + 1; i < n; i++) {
        if (chain->count + (n - i) <= more_than) {
            return false;
        }
        double apart_s = t[i] - t[last];
        double ticks = nearest(apart_s / chain->period_s);
        double error_s = apart_s - ticks * chain->period_s;
        if (fabs(error_s) > slack * chain->period_s) {
            continue;
        }
        chain->on |= UINT32_C(1) << i;
        if (ticks < 1.0) {
            continue; /* one more at the same tick */
        }
        chain->count++;
        chain->ticks += ticks;
        chain->squares += error_s * error_s / ticks;
        sum_s += apart_s;
        sum_ticks += ticks;
        chain->period_s = sum_s / sum_ticks;
        last = i;
    }
    return chain->count > more_than;
}

/* log10 of the chance that so many of the others hit a tick or better: Chernoff's bound. */
static double log10_chance(size_t others, size_t hits, double p) {
    double n = (double)others;
    double q = (double)hits / n;
    if (q <= p) {
        return 0.0;
    }
    double rest = q < 1.0 ? (1.0 - q) * log((1.0 - q) / (1.0 - p)) : 0.0;
    return -n * (q * log(q / p) + rest) / log(10.0);
}

/* The two starts that gave the period are on it by definition. */
static double log10_of(size_t n, size_t count, double trials) {
    return log10_chance(n - 2, count - 2, 2.0 * slack) + log10(trials);
}

/* Fewer ticks than this are never enough; n + 1 when all are not. */
static size_t least_count(size_t n, double trials) {
    size_t low = ON_MIN;
    size_t high = n + 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (log10_of(n, middle, trials) < log10_p_max) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

static void judge(const struct chain *chain, size_t n, double trials, struct ls_beat *best) {
    double coverage = (double)chain->count / (chain->ticks + 1.0);
    if (coverage < coverage_min) {
        return;
    }
    double log10_p = log10_of(n, chain->count, trials);
    if (log10_p < best->log10_p) {
        double spread_s = sqrt(chain->squares / (double)(chain->count - 1));
        *best = (struct ls_beat){.period_s = chain->period_s,
                                 .jitter_s = fmax(spread_s, jitter_min_s),
                                 .on = chain->on,
                                 .count = chain->count,
                                 .coverage = coverage,
                                 .log10_p = log10_p};
    }
}

bool ls_beat_find(const int64_t *starts_ns, size_t n, struct ls_beat *ret) {
    double t[LS_BEAT_MAX];
    struct ls_beat best = {.log10_p = log10_p_max};
    if (n < ON_MIN || n > LS_BEAT_MAX) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        t[i] = (double)(starts_ns[i] - starts_ns[0]) / 1e9;
    }
    double trials = (double)(n * STEPS);
    /* More ticks of as many starts are always less likely: only a chain of more counts. */
    size_t more_than = least_count(n, trials) - 1;
    for (size_t from = 0; from + more_than < n; from++) {
        for (size_t step = 1; step <= STEPS && from + step < n; step++) {
            double period_s = t[from + step] - t[from];
            if (period_s >= period_min_s) {
                struct chain chain;
                if (follow(t, n, from, period_s, more_than, &chain)) {
                    judge(&chain, n, trials, &best);
                    more_than = best.count > more_than ? best.count : more_than;
                }
            }
        }
    }
    if (best.count == 0) {
        return false;
    }
    *ret = best;
    return true;
}
