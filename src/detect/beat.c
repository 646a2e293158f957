#include "detect/beat.h"

#include <math.h>

enum { ON_MIN = 6, STEPS = 4, WHOLE_ON_MIN = 8, WHOLE_MIN = 5, WHOLE_MAX = 128 };

static const double slack = 0.03;       /* of a period: how far from its tick a start may lie */
static const double period_min_s = 0.5; /* shorter ones are repeats or lattices */
static const double coverage_min = 0.3;
static const double log10_p_max = -4.0;
static const double jitter_min_s = 1e-3;
static const double whole_jitter_s = 0.29; /* of what is cut to whole seconds */

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

/* Chernoff's bound. */
double ls_beat_log10_chance(size_t starts, size_t on, double p) {
    double n = (double)starts;
    double q = (double)on / n;
    if (q <= p) {
        return 0.0;
    }
    double rest = q < 1.0 ? (1.0 - q) * log((1.0 - q) / (1.0 - p)) : 0.0;
    return -n * (q * log(q / p) + rest) / log(10.0);
}

/* The two starts that gave the period are on it by definition. */
static double log10_of(size_t n, size_t count, double trials) {
    return ls_beat_log10_chance(n - 2, count - 2, 2.0 * slack) + log10(trials);
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

/* The second of the period that most of the starts have, or two that follow each other; ret_on:
 * which starts. */
static size_t most_on(const int64_t *second, size_t n, int64_t period, int64_t width,
                      uint32_t *ret_on) {
    uint32_t on[WHOLE_MAX] = {0};
    size_t counts[WHOLE_MAX] = {0};
    size_t best = 0;
    for (size_t i = 0; i < n; i++) {
        for (int64_t k = 0; k < width; k++) {
            size_t at = (size_t)((second[i] + k) % period);
            on[at] |= UINT32_C(1) << i;
            counts[at]++;
            best = counts[at] > counts[best] ? at : best;
        }
    }
    *ret_on = on[best];
    return counts[best];
}

bool ls_beat_find_whole(const int64_t *starts_ns, size_t n, bool between, struct ls_beat *ret) {
    static const int64_t second_ns = 1000000000;
    int64_t second[LS_BEAT_MAX];
    struct ls_beat best = {.log10_p = log10_p_max};
    if (n < WHOLE_ON_MIN || n > LS_BEAT_MAX) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (starts_ns[i] % second_ns != 0) {
            return false;
        }
        second[i] = (starts_ns[i] - starts_ns[0]) / second_ns;
    }
    double trials = log10((double)(n * (between ? 2 : 1) * (WHOLE_MAX - WHOLE_MIN + 1)));
    for (int64_t k = 2 * WHOLE_MIN; k < 2 * (WHOLE_MAX + 1); k += between ? 1 : 2) {
        uint32_t on = 0;
        int64_t period = k / 2;
        int64_t width = 1 + k % 2;
        size_t count = most_on(second, n, period, width, &on);
        double ticks = floor((double)second[n - 1] / (double)period) + 1.0;
        double share = (double)width / (double)period;
        /* One of them gave the phase. */
        double log10_p = ls_beat_log10_chance(n - 1, count - 1, share) + trials;
        if (count >= WHOLE_ON_MIN && log10_p < best.log10_p) {
            best = (struct ls_beat){.period_s = (double)period,
                                    .jitter_s = whole_jitter_s,
                                    .on = on,
                                    .count = count,
                                    .coverage = (double)count / ticks,
                                    .log10_p = log10_p,
                                    .whole = true};
        }
    }
    if (best.count == 0) {
        return false;
    }
    *ret = best;
    return true;
}
