/* Logs without a pattern, many of them, straight into the pattern engine.
 *   pattern_nulls TRAFFIC LENGTH FIRST COUNT
 * prints for each seed from FIRST on and each kind the log10 of the smallest false-alarm
 * probability and the number of searches: "SEED KIND LOG10_P SEARCHES".
 * Kinds without a search are left out.
 *
 * TRAFFIC: poisson, bursty, day, timetable, storm, hopping, visits, trails, drifts, models or line.
 * LENGTH: short,
 * 4 hours of packets, access bursts and calls on some channels; or days, 6 days of long transfers,
 * and of newcomers and steady lines that end when the nulls of their kinds say so, as no other
 * traffic has any. Everything is drawn from the seed, nothing is shared with src/simulate. */
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "pattern/kind.h"
#include "pattern/pattern.h"

enum { ROWS_MAX = 20000, CHANNELS = 4, LINES = 12, VISIT_ROWS = 20, MODELS = 12 };
static const int64_t begin_ns = INT64_C(1793491200) * INT64_C(1000000000); /* 2026-11-01 */

struct air {
    gsl_rng *rng;
    struct ls_transmission *rows;
    size_t count;
    bool hopping;
    bool days;
    double hop_s;
    double span_s;
    double morning; /* when the day begins, a share of it */
};

/* Packets of 40 ms, access bursts of 0.3 ms, calls of some minutes, transfers of many; newcomers
 * send packets, lines are bare carriers. */
enum radio { PACKET, ACCESS, CALL, TRANSFER, NEWCOMER, LINE };

static void add(struct air *air, double t_s, enum radio radio, size_t channel, double length) {
    if (t_s < 0.0 || t_s >= air->span_s || air->count == ROWS_MAX) {
        return;
    }
    static const double base_hz[] = {868e6, 881e6, 885e6, 887e6, 872e6, 864e6};
    static const double width_hz[] = {60e3, 200e3, 200e3, 200e3, 60e3, 100.0};
    static const char *const names[] = {"fsk", "gsm-access", "gsm", "gsm", "fsk", "carrier"};
    struct ls_transmission *row = &air->rows[air->count++];
    *row = (struct ls_transmission){
        .start_ns = begin_ns + (int64_t)(t_s * 1e9),
        .duration_ns = (int64_t)(length * 1e9) + 1,
        .center_hz = base_hz[radio] + 400e3 * (double)channel + gsl_ran_gaussian(air->rng, 100.0),
        .bandwidth_hz = width_hz[radio] * exp(gsl_ran_gaussian(air->rng, 0.02)),
        .snr_db = 20.0,
        .level_dbfs = -40.0 + gsl_ran_gaussian(air->rng, 3.0),
        .offset_hz = (double)NAN,
        .bursts = 1,
        .on_s = (double)NAN,
        .burst_s = (double)NAN,
        .period_s = (double)NAN};
    ls_copy_text(row->sensor, sizeof row->sensor, "null");
    ls_copy_text(row->class_name, sizeof row->class_name, names[radio]);
}

/* Something on one of the channels, of the radio that this one has. */
static void talk(struct air *air, double t_s, size_t channel) {
    if (air->days) {
        add(air, t_s, TRANSFER, channel, 400.0);
    } else if (channel < 2) {
        add(air, t_s, PACKET, channel, 0.04);
    } else if (channel < 3) {
        add(air, t_s, ACCESS, channel, 0.0003);
    } else {
        add(air, t_s, CALL, channel, gsl_ran_lognormal(air->rng, log(45.0), 1.0));
    }
}

/* Activity at t_s: 1 on the average. The day of a short log is eight hours long. */
static double activity(const struct air *air, const char *traffic, double t_s) {
    double day_s = fmin(86400.0, 2.0 * air->span_s);
    return strcmp(traffic, "day") == 0 ? 1.0 + 0.9 * sin(2.0 * M_PI * (t_s / day_s + air->morning))
                                       : 1.0;
}

static void people(struct air *air, const char *traffic, double per_hour) {
    for (size_t c = 0; c < CHANNELS; c++) {
        double rate = per_hour * exp(gsl_ran_gaussian(air->rng, 0.5)) / 3600.0;
        double t = 0.0;
        while ((t += gsl_ran_exponential(air->rng, 0.5 / rate)) < air->span_s) {
            if (gsl_rng_uniform(air->rng) < 0.5 * activity(air, traffic, t)) {
                talk(air, t, c);
            }
        }
    }
}

static void clusters(struct air *air, double per_hour) {
    for (size_t c = 0; c < CHANNELS; c++) {
        double rate = per_hour * exp(gsl_ran_gaussian(air->rng, 0.5)) / 3600.0;
        double t = 0.0;
        while ((t += gsl_ran_exponential(air->rng, 1.0 / rate)) < air->span_s) {
            unsigned size = 1 + gsl_ran_poisson(air->rng, 2.0);
            double at = t;
            for (unsigned k = 0; k < size; k++) {
                talk(air, at, c);
                at += gsl_ran_exponential(air->rng, 7.0);
            }
        }
    }
}

/* Trains: each headway late by a minute or so; phones of a train signal within seconds of each
 * other on all channels, or it passes for half a minute. */
static void trains(struct air *air, double headway_s, double late_s, double spread_s, double each) {
    for (double due = headway_s * gsl_rng_uniform(air->rng); due < air->span_s; due += headway_s) {
        double at = due + gsl_ran_gaussian(air->rng, late_s);
        for (size_t c = 0; c < CHANNELS; c++) {
            unsigned size = gsl_ran_poisson(air->rng, each);
            for (unsigned k = 0; k < size; k++) {
                talk(air, at + gsl_ran_gaussian(air->rng, spread_s), c);
            }
        }
    }
}

static int by_time(const void *a, const void *b) {
    const struct ls_transmission *x = a;
    const struct ls_transmission *y = b;
    return (x->start_ns > y->start_ns) - (x->start_ns < y->start_ns);
}

/* Two tunings in turn: the second one never hears anything here. */
static int listen(struct air *air, struct ls_pattern *pattern, struct ls_err *err) {
    struct ls_observation row = {.state = LS_OBSERVED, .low_hz = 860e6, .high_hz = 890e6};
    ls_copy_text(row.sensor, sizeof row.sensor, "null");
    if (!air->hopping) {
        row.start_ns = begin_ns;
        row.stop_ns = begin_ns + (int64_t)(air->span_s * 1e9);
        int rc = ls_pattern_observe(pattern, &row, err);
        for (size_t i = 0; rc == LS_OK && i < air->count; i++) {
            rc = ls_pattern_push(pattern, &air->rows[i], err);
        }
        return rc;
    }
    int rc = LS_OK;
    size_t i = 0;
    for (double t = 0.0; rc == LS_OK && t < air->span_s; t += air->hop_s) {
        row.start_ns = begin_ns + (int64_t)(t * 1e9);
        row.stop_ns = row.start_ns + (int64_t)(0.4 * air->hop_s * 1e9);
        rc = ls_pattern_observe(pattern, &row, err);
        int64_t next = begin_ns + (int64_t)((t + air->hop_s) * 1e9);
        for (; rc == LS_OK && i < air->count && air->rows[i].start_ns < next; i++) {
            if (air->rows[i].start_ns < row.stop_ns) {
                rc = ls_pattern_push(pattern, &air->rows[i], err);
            }
        }
    }
    return rc;
}

/* What comes up after three days and stays for four hours on the average; and lines of ten
 * minutes. */
static void come_and_go(struct air *air) {
    double t = 86400.0 * (3.0 + 2.0 * gsl_rng_uniform(air->rng));
    double until = t + gsl_ran_exponential(air->rng, 4.0 * 3600.0);
    for (; t < until; t += gsl_ran_exponential(air->rng, 600.0)) {
        add(air, t, NEWCOMER, 0, 0.04);
    }
    add(air, until, NEWCOMER, 0, 0.04); /* a stay ends with what was heard last */
    t = 0.0;
    for (size_t k = 0; k < LINES; k++) {
        double length = gsl_ran_exponential(air->rng, 600.0);
        t += 600.0 + gsl_ran_exponential(air->rng, 3600.0);
        add(air, t, LINE, k % 2, length);
        t += length;
    }
}

/* Rows close together, three at a time of one level: what pass-by looks at. */
static void visits(struct air *air) {
    size_t count = 1 + gsl_rng_uniform_int(air->rng, 3);
    for (size_t v = 0; v < count; v++) {
        double t = 3600.0 * (double)v + 1800.0 * gsl_rng_uniform(air->rng);
        size_t first = air->count;
        for (size_t i = 0; i < VISIT_ROWS; i++) {
            add(air, t, PACKET, v, 0.04);
            t += gsl_ran_exponential(air->rng, 3.0);
            if (i % 3 != 0) {
                air->rows[first + i].level_dbfs = air->rows[first + i - 1].level_dbfs;
            }
        }
    }
}

/* Long transmissions of what stands still, by the points of their trails. To pass-by a point is a
 * row: its null has them in no order, but for three of one level at a time. Where they drift, the
 * carrier warms up or cools down by as much as 0.1 ppm, sooner or later settled, and the level
 * fades with a memory of two to ten points. */
static void trails(struct air *air, bool drifts) {
    size_t count = 1 + gsl_rng_uniform_int(air->rng, 3);
    for (size_t v = 0; v < count; v++) {
        double length_s = 40.0 + 360.0 * gsl_rng_uniform(air->rng);
        double drift_hz = 87.0 * (2.0 * gsl_rng_uniform(air->rng) - 1.0);
        double fade_db = gsl_ran_gaussian(air->rng, 3.0);
        double bend = drifts ? 0.5 + 7.5 * gsl_rng_uniform(air->rng) : 0.0;
        double memory = drifts ? 0.6 + 0.3 * gsl_rng_uniform(air->rng) : 0.0;
        size_t row = air->count;
        add(air, 3600.0 * (double)v + 1800.0 * gsl_rng_uniform(air->rng), CALL, v, length_s);
        struct ls_trail *trail = &air->rows[row].trail;
        trail->count = air->count > row ? LS_TRAIL_POINTS : 0;
        for (size_t i = 0; i < trail->count; i++) {
            double share = ((double)i + 0.5) / LS_TRAIL_POINTS;
            double fresh_db = gsl_ran_gaussian(air->rng, 3.0);
            double hz = gsl_ran_gaussian(air->rng, 3.0);
            if (drifts) {
                fade_db = memory * fade_db + sqrt(1.0 - memory * memory) * fresh_db;
                hz += drift_hz * (1.0 - exp(-bend * share));
            } else if (i % 3 == 0) {
                fade_db = fresh_db;
            }
            trail->points[i] = (struct ls_trail_point){(float)(length_s * share),
                                                       (float)(-40.0 + fade_db), (float)hz};
        }
    }
}

/* Clocks that have nothing to do with each other, as the null of similar-posts has them: one in
 * twenty shares the period of another, of these one in ten its length, of these one in five its
 * channel. Each talks for an hour and a half. */
static void models(struct air *air) {
    for (size_t i = 0; i < MODELS; i++) {
        double period = 60.0 * pow(1.04, (double)gsl_rng_uniform_int(air->rng, 20));
        double length = 0.02 * pow(1.3, (double)gsl_rng_uniform_int(air->rng, 10));
        size_t channel = gsl_rng_uniform_int(air->rng, 5);
        period *= 1.0 + 15e-6 * (2.0 * gsl_rng_uniform(air->rng) - 1.0);
        double from = (air->span_s - 5400.0) * gsl_rng_uniform(air->rng);
        for (double t = from; t < from + 5400.0; t += period) {
            if (gsl_rng_uniform(air->rng) > 0.03) {
                add(air, t + gsl_ran_gaussian(air->rng, 0.01), PACKET, channel, length);
            }
        }
    }
}

/* Vehicles with one kind of radio pass each of four sensors along a line, and each of them one of
 * these alone. */
static void line(struct air *air) {
    static const char *const names[] = {"km-0", "km-2", "km-4", "km-6"};
    for (size_t s = 0; s < LS_COUNT(names); s++) {
        double at = gsl_ran_exponential(air->rng, 3600.0);
        for (; at < air->span_s; at += 200.0 + gsl_ran_exponential(air->rng, 3600.0)) {
            for (double t = -30.0; t <= 30.0; t += 5.0) {
                size_t row = air->count;
                add(air, at + t, PACKET, 0, 0.04);
                if (air->count > row) {
                    air->rows[row].level_dbfs =
                        -40.0 - 10.0 * log10(1.0 + t * t / 25.0) + gsl_ran_gaussian(air->rng, 1.0);
                    ls_copy_text(air->rows[row].sensor, sizeof air->rows[row].sensor, names[s]);
                }
            }
        }
    }
}

/* rate: what the channels talk, against the short log. */
static bool make(struct air *air, const char *traffic) {
    double rate = air->days ? 0.03 : 1.0;
    air->count = 0;
    air->hopping = strcmp(traffic, "hopping") == 0;
    air->morning = gsl_rng_uniform(air->rng);
    air->hop_s = (5.0 + 20.0 * gsl_rng_uniform(air->rng)) * (air->days ? 200.0 : 1.0);
    if (strcmp(traffic, "poisson") == 0 || strcmp(traffic, "day") == 0) {
        people(air, traffic, 14.0 * rate);
    } else if (strcmp(traffic, "hopping") == 0) {
        people(air, traffic, 35.0 * rate);
    } else if (strcmp(traffic, "bursty") == 0) {
        clusters(air, 6.0 * rate);
    } else if (strcmp(traffic, "timetable") == 0) {
        static const double headways[] = {600.0, 900.0, 1200.0, 1800.0};
        trains(air, headways[gsl_rng_uniform_int(air->rng, 4)], 50.0, 15.0, 2.0 * rate);
        people(air, traffic, 4.0 * rate);
    } else if (strcmp(traffic, "storm") == 0) {
        trains(air, 600.0, 60.0, 1.5, 4.0 * rate);
        people(air, traffic, 3.0 * rate);
    } else if (strcmp(traffic, "visits") == 0) {
        visits(air);
    } else if (strcmp(traffic, "trails") == 0 || strcmp(traffic, "drifts") == 0) {
        trails(air, strcmp(traffic, "drifts") == 0);
    } else if (strcmp(traffic, "models") == 0) {
        models(air);
    } else if (strcmp(traffic, "line") == 0) {
        line(air);
    } else {
        return false;
    }
    if (air->days && !air->hopping) {
        come_and_go(air);
    }
    qsort(air->rows, air->count, sizeof *air->rows, by_time);
    for (size_t i = 0; i < air->count; i++) {
        air->rows[i].id = (int64_t)i + 1;
    }
    return true;
}

struct least {
    size_t kind;
    double log10_p[16];
    uint64_t searches[16];
};

static int note(void *context, const struct ls_finding *finding, struct ls_err *err) {
    struct least *least = context;
    (void)err;
    size_t count = 0;
    const struct ls_kind *const *kinds = ls_kinds(&count);
    for (size_t k = 0; k < count; k++) {
        if (strcmp(kinds[k]->id, finding->kind) == 0) {
            least->log10_p[k] = fmin(least->log10_p[k], finding->log10_p);
            least->searches[k] = finding->searches;
        }
    }
    return LS_OK;
}

static int run(struct air *air, unsigned long seed, struct ls_err *err) {
    struct ls_pattern *pattern = NULL;
    struct ls_pattern_opts opts = {.tracks_max = 1024};
    int rc = ls_pattern_create(&pattern, &opts, err);
    rc = rc == LS_OK ? listen(air, pattern, err) : rc;
    struct least least = {.kind = 0};
    rc = rc == LS_OK ? ls_pattern_findings(pattern, note, &least, err) : rc;
    ls_pattern_destroy(pattern);
    size_t count = 0;
    const struct ls_kind *const *kinds = ls_kinds(&count);
    for (size_t k = 0; rc == LS_OK && k < count; k++) {
        if (least.searches[k] > 0) {
            printf("%lu %s %.6f %llu\n", seed, kinds[k]->id, least.log10_p[k],
                   (unsigned long long)least.searches[k]);
        }
    }
    return rc;
}

int main(int argc, char **argv) {
    if (argc != 5) {
        fprintf(stderr, "usage: pattern_nulls TRAFFIC short|days FIRST COUNT\n");
        return 2;
    }
    unsigned long first = strtoul(argv[3], NULL, 10);
    unsigned long count = strtoul(argv[4], NULL, 10);
    bool days = strcmp(argv[2], "days") == 0;
    struct ls_err err = {.code = LS_OK};
    struct air air = {.rng = gsl_rng_alloc(gsl_rng_mt19937),
                      .rows = calloc(ROWS_MAX, sizeof(struct ls_transmission)),
                      .days = days,
                      .span_s = days ? 6.0 * 86400.0 : 4.0 * 3600.0};
    int rc = air.rng == NULL || air.rows == NULL ? LS_ERR_NOMEM : LS_OK;
    for (unsigned long seed = first; rc == LS_OK && seed < first + count; seed++) {
        gsl_rng_set(air.rng, seed);
        if (!make(&air, argv[1])) {
            fprintf(stderr, "unknown traffic '%s'\n", argv[1]);
            return 2;
        }
        rc = run(&air, seed, &err);
    }
    if (rc != LS_OK) {
        fprintf(stderr, "%s\n", err.text);
    }
    gsl_rng_free(air.rng);
    free(air.rows);
    return rc == LS_OK ? 0 : 1;
}
