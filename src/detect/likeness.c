#include "detect/likeness.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "model/burst.h"

/* Spread of each trait before it is learnt, its least, and over what range a stranger may lie. */
struct scale {
    double spread;
    double least;
    double range;
    double floor; /* the most that this trait alone can speak against */
};

/* Levels: fading and people in the way; stations of a band lie within 50 dB. Bandwidth: measured
 * within a tenth; strangers within a factor of 20. Length: unknown to begin with; strangers lie
 * within 3 decades. A trait that is measured worse than its scale says is seldom, not impossible.
 */
static const struct scale level_scale = {3.0, 1.0, 50.0, -10.0};
static const struct scale bandwidth_scale = {0.12, 0.04, 3.0, -8.0};
static const struct scale length_scale = {0.4, 0.01, 7.0, -4.0};
static const double strict_length = 0.1; /* learnt spread: below, it always sends for as long */

static const double gate_min_hz = 500.0;
static const double gate_ppm = 5e-6;
static const double gate_bandwidth = 0.15;
static const double strangers_ppm = 40e-6; /* crystals of +-20 ppm */
static const double center_bandwidth = 0.02;
static const double center_min_hz = 100.0;
static const double carrier_min_hz = 20.0;
static const double spoke = 0.5; /* a trait that moved the sum by less is not named */
static const double memory = 0.05;
static const double tick_slack = 0.03; /* of a period: how far a tick may have moved */

/* --- traits --- */

void ls_trait_begin(struct ls_trait *trait, double value, double spread) {
    *trait = (struct ls_trait){.mean = value, .variance = spread * spread, .count = 1};
}

void ls_trait_follow(struct ls_trait *trait, double value, double spread) {
    if (trait->count == 0) {
        ls_trait_begin(trait, value, spread);
        return;
    }
    double apart = value - trait->mean;
    double n = (double)trait->count;
    /* What was expected counts as much as four values. */
    trait->variance +=
        fmax(memory, 1.0 / (n + 4.0)) * (apart * apart * n / (n + 1.0) - trait->variance);
    trait->mean += fmax(memory, 1.0 / (n + 1.0)) * apart;
    trait->count++;
}

/* ln of the ratio of a normal density at apart to a uniform one over range. */
static double ratio(double apart, double spread, double range) {
    double z = apart / spread;
    return log(fmax(range / spread, 1.0) / sqrt(2.0 * M_PI)) - 0.5 * z * z;
}

static double trait_ratio(const struct ls_trait *trait, double value, const struct scale *scale) {
    if (trait->count == 0 || !isfinite(value)) {
        return 0.0;
    }
    double spread = fmax(sqrt(trait->variance), scale->least);
    return fmax(ratio(value - trait->mean, spread, scale->range), scale->floor);
}

/* --- frequency --- */

double ls_likeness_gate_hz(const struct ls_transmission *row) {
    return fmax(gate_min_hz,
                fmax(gate_ppm * fabs(row->center_hz), gate_bandwidth * row->bandwidth_hz));
}

bool ls_likeness_locked(const char *class_name) {
    static const char *const names[] = {"gsm", "gsm-access", "lte-uplink", "lte-prach",
                                        "nr",  "wcdma",      "nb-iot",     "tetra"};
    for (size_t i = 0; i < LS_COUNT(names); i++) {
        if (strcmp(names[i], class_name) == 0) {
            return true;
        }
    }
    return false;
}

/* How far a free-running carrier may have moved, one standard deviation: half of the gate of DESIGN
 * section 1, 0.5 ppm in 10 minutes and 3 ppm over two days. */
static double drift_hz(double center_hz, int64_t silent_ns) {
    double minutes = fmax((double)silent_ns / 60e9, 10.0);
    double ppm = fmin(0.5 + 2.5 * log(minutes / 10.0) / log(288.0), 3.0);
    return 0.5e-6 * ppm * fabs(center_hz);
}

static double frequency_ratio(const struct ls_portrait *p, const struct ls_transmission *row,
                              uint32_t *trait) {
    double apart = row->center_hz - p->center_hz.mean;
    double drift = drift_hz(row->center_hz, row->start_ns - p->stop_ns);
    double range = strangers_ppm * fabs(row->center_hz) + 0.5 * row->bandwidth_hz;
    *trait = LS_TIE_CHANNEL;
    if (fabs(apart) > ls_likeness_gate_hz(row) + 2.0 * drift) {
        return (double)-INFINITY;
    }
    if (ls_likeness_locked(row->class_name) || ls_likeness_locked(p->class_name)) {
        return log(2.0); /* the cell's channel: it has been here before */
    }
    if (isfinite(row->offset_hz) && p->carrier_hz.count > 0) {
        *trait = LS_TIE_CARRIER;
        double spread = fmax(sqrt(p->carrier_hz.variance), carrier_min_hz);
        return fmax(ratio(row->offset_hz - p->carrier_hz.mean, hypot(spread, drift),
                          2.0 * strangers_ppm * fabs(row->center_hz)),
                    -10.0);
    }
    double least = fmax(center_bandwidth * row->bandwidth_hz, center_min_hz);
    double spread = hypot(fmax(sqrt(p->center_hz.variance), least), drift);
    return fmax(ratio(apart, spread, range), -8.0);
}

/* --- the others --- */

static double level_of(const struct ls_transmission *row) {
    return isfinite(row->level_dbfs) ? row->level_dbfs : row->snr_db;
}

/* As it usually is, or as it was just now: what moves changes its level step by step. */
static double level_ratio(const struct ls_portrait *p, const struct ls_transmission *row) {
    double value = level_of(row);
    double usual = trait_ratio(&p->level_db, value, &level_scale);
    double silent_s = fmax((double)(row->start_ns - p->stop_ns) / 1e9, 0.0);
    if (silent_s > 10.0 || !isfinite(p->last_level_db) || !isfinite(value)) {
        return usual;
    }
    return fmax(usual, ratio(value - p->last_level_db, 2.0 + 0.2 * silent_s, level_scale.range));
}

static double length_of(const struct ls_transmission *row) {
    bool cut = (row->flags & (LS_BURST_CUT_START | LS_BURST_CUT_STOP)) != 0;
    return cut ? (double)NAN : log((double)row->duration_ns / 1e9);
}

static double length_ratio(const struct ls_portrait *p, const struct ls_transmission *row) {
    struct scale scale = length_scale;
    /* A start and a stop are known to half a millisecond. */
    scale.least += 0.5e-3 / ((double)row->duration_ns / 1e9);
    scale.floor *=
        p->length.count > 4 && p->length.variance < strict_length * strict_length ? 2.0 : 1.0;
    return trait_ratio(&p->length, length_of(row), &scale);
}

/* Ways of one radio: access bursts and what follows them. */
static const char *family(const char *class_name) {
    return strcmp(class_name, "gsm-access") == 0  ? "gsm"
           : strcmp(class_name, "lte-prach") == 0 ? "lte-uplink"
                                                  : class_name;
}

static bool named(const char *class_name) {
    return class_name[0] != '\0' && strcmp(class_name, "unknown") != 0;
}

/* A class is wrong once in a hundred times. */
static double class_ratio(const struct ls_portrait *p, const struct ls_transmission *row) {
    if (!named(p->class_name) || !named(row->class_name)) {
        return 0.0;
    }
    return strcmp(family(p->class_name), family(row->class_name)) == 0 ? 1.0 : -5.0;
}

static double lattice_ratio(const struct ls_portrait *p, const struct ls_transmission *row) {
    if (!isfinite(p->lattice_s) || !isfinite(row->period_s)) {
        return 0.0;
    }
    return fabs(log(p->lattice_s / row->period_s)) < 0.02 ? 1.0 : -2.0;
}

int64_t ls_ticking_apart(const struct ls_ticking *clock, int64_t start_ns) {
    int64_t period = (int64_t)clock->period_s;
    int64_t after = llabs((start_ns - clock->tick_ns) / LS_NS_PER_S) % period;
    return after < period - after ? after : period - after;
}

/* What is cut to whole seconds is a second late or early when the ticks fall between two. */
static double whole_clock_ratio(const struct ls_ticking *clock, int64_t start_ns) {
    static const double on[] = {0.8, 0.09}; /* of its transmissions, so many seconds apart */
    int64_t apart = ls_ticking_apart(clock, start_ns);
    double rest = (1.0 - on[0] - 2.0 * on[1]) / (clock->period_s - 3.0);
    double share = apart < (int64_t)LS_COUNT(on) ? on[apart] : rest;
    return log(clock->share * share * clock->period_s + 1.0 - clock->share);
}

/* A tick drifts by a share of the jitter each period, by no more than what was allowed when the
 * clock was found. */
static double clock_ratio(const struct ls_portrait *p, const struct ls_transmission *row) {
    const struct ls_ticking *clock = &p->ticking;
    if (!isfinite(clock->period_s)) {
        return 0.0;
    }
    if (clock->whole) {
        return whole_clock_ratio(clock, row->start_ns);
    }
    double apart_s = (double)(row->start_ns - clock->tick_ns) / 1e9;
    double ticks = rint(apart_s / clock->period_s);
    double error_s = apart_s - ticks * clock->period_s;
    double spread_s = fmin(2.0 * clock->jitter_s * sqrt(fmax(ticks, 1.0)), 0.3 * clock->period_s);
    spread_s = fmax(spread_s, 1e-3);
    if (ticks < 1.0) {
        return 0.0; /* a repeat */
    }
    double z = error_s / spread_s;
    double on = clock->period_s / (spread_s * sqrt(2.0 * M_PI)) * exp(-0.5 * z * z);
    return log(clock->share * on + 1.0 - clock->share);
}

static void say(struct ls_likeness *sum, double log_ratio, uint32_t trait) {
    sum->log_ratio += log_ratio;
    sum->alike |= log_ratio > spoke ? trait : 0;
    sum->unlike |= log_ratio < -spoke ? trait : 0;
}

struct ls_likeness ls_likeness(const struct ls_portrait *portrait,
                               const struct ls_transmission *row, bool any_channel) {
    struct ls_likeness sum = {.log_ratio = 0.0};
    if (!any_channel) {
        uint32_t trait = 0;
        double of_frequency = frequency_ratio(portrait, row, &trait);
        say(&sum, of_frequency, trait);
        if (isinf(sum.log_ratio)) {
            return sum;
        }
    }
    say(&sum,
        trait_ratio(&portrait->bandwidth, log(fmax(row->bandwidth_hz, 1.0)), &bandwidth_scale),
        LS_TIE_BANDWIDTH);
    say(&sum, level_ratio(portrait, row), LS_TIE_LEVEL);
    say(&sum, length_ratio(portrait, row), LS_TIE_LENGTH);
    say(&sum, class_ratio(portrait, row), LS_TIE_CLASS);
    say(&sum, lattice_ratio(portrait, row), LS_TIE_LATTICE);
    say(&sum, clock_ratio(portrait, row), LS_TIE_CLOCK);
    return sum;
}

/* --- learning --- */

void ls_portrait_begin(struct ls_portrait *p, const struct ls_transmission *row) {
    memset(p, 0, sizeof *p);
    p->lattice_s = p->burst_s = p->last_level_db = (double)NAN;
    p->ticking = (struct ls_ticking){.period_s = (double)NAN, .jitter_s = (double)NAN};
    p->stop_ns = row->start_ns;
    ls_portrait_follow(p, row);
}

static void follow_whole(struct ls_ticking *clock, int64_t start_ns) {
    bool on = ls_ticking_apart(clock, start_ns) <= 1;
    clock->share += memory * ((on ? 1.0 : 0.0) - clock->share);
    clock->share = fmin(fmax(clock->share, 0.02), 0.98);
    clock->tick_ns = on ? start_ns : clock->tick_ns;
}

static void follow_tick(struct ls_ticking *clock, int64_t start_ns) {
    double apart_s = (double)(start_ns - clock->tick_ns) / 1e9;
    double ticks = rint(apart_s / clock->period_s);
    double error_s = apart_s - ticks * clock->period_s;
    double allowed_s = fmax(tick_slack * clock->period_s, 4.0 * clock->jitter_s);
    bool on = fabs(error_s) <= allowed_s;
    if (ticks < 1.0) {
        return;
    }
    clock->share += memory * ((on ? 1.0 : 0.0) - clock->share);
    /* Never certain of either: a clock may be set anew, or gain a second one. */
    clock->share = fmin(fmax(clock->share, 0.02), 0.98);
    if (on) {
        double w = memory / ticks;
        clock->period_s += w * error_s / ticks;
        clock->jitter_s = fmax(sqrt((1.0 - memory) * clock->jitter_s * clock->jitter_s +
                                    memory * error_s * error_s / ticks),
                               1e-3);
        clock->tick_ns = start_ns;
    }
}

void ls_portrait_follow(struct ls_portrait *p, const struct ls_transmission *row) {
    double level_db = level_of(row);
    double length = length_of(row);
    double width_hz = fmax(row->bandwidth_hz, 1.0);
    ls_trait_follow(&p->center_hz, row->center_hz,
                    fmax(center_bandwidth * row->bandwidth_hz, center_min_hz));
    ls_trait_follow(&p->bandwidth, log(width_hz), bandwidth_scale.spread);
    if (isfinite(level_db)) {
        ls_trait_follow(&p->level_db, level_db, level_scale.spread);
        p->last_level_db = level_db;
    }
    if (isfinite(length)) {
        ls_trait_follow(&p->length, length, length_scale.spread);
    }
    if (isfinite(row->offset_hz)) {
        ls_trait_follow(&p->carrier_hz, row->offset_hz, carrier_min_hz);
    }
    if (isfinite(row->period_s)) {
        p->lattice_s = row->period_s;
    }
    p->burst_s = isfinite(row->burst_s) ? row->burst_s : p->burst_s;
    if (!named(p->class_name)) {
        ls_copy_text(p->class_name, sizeof p->class_name, row->class_name);
    }
    if (p->ticking.whole) {
        follow_whole(&p->ticking, row->start_ns);
    } else if (isfinite(p->ticking.period_s)) {
        follow_tick(&p->ticking, row->start_ns);
    }
    int64_t stop_ns = row->start_ns + row->duration_ns;
    p->start_ns = row->start_ns;
    p->stop_ns = stop_ns > p->stop_ns ? stop_ns : p->stop_ns;
}
