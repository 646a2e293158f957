/* Logs without a pattern, many of them, straight into the pattern engine.
 *   pattern_nulls TRAFFIC FIRST COUNT
 * prints for each seed from FIRST on and each kind the log10 of the smallest false-alarm
 * probability and the number of searches: "SEED KIND LOG10_P SEARCHES". Kinds without a search are
 * left out.
 *
 * TRAFFIC: poisson, bursty, day, timetable, storm, or hopping. Each log is 12 hours of some
 * channels of packets, calls and access bursts; everything is drawn from the seed, nothing is
 * shared with src/simulate. */
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

enum { ROWS_MAX = 60000, CHANNELS = 5 };
static const double hours = 12.0;
static const int64_t begin_ns = INT64_C(1793491200) * INT64_C(1000000000); /* 2026-11-01 */

struct air {
    gsl_rng *rng;
    struct ls_transmission *rows;
    size_t count;
    bool hopping;
    double hop_s;
};

/* Three kinds of radio: packets of 40 ms, access bursts of 0.3 ms, calls of some minutes. */
enum radio { PACKET, ACCESS, CALL };

static void add(struct air *air, double t_s, enum radio radio, size_t channel) {
    if (t_s < 0.0 || t_s >= hours * 3600.0 || air->count == ROWS_MAX) {
        return;
    }
    static const double base_hz[] = {868e6, 881e6, 885e6};
    static const double width_hz[] = {60e3, 200e3, 200e3};
    static const double length_s[] = {0.04, 0.0003, 45.0};
    static const char *const names[] = {"fsk", "gsm-access", "gsm"};
    double length = length_s[radio];
    if (radio == CALL) {
        length = gsl_ran_lognormal(air->rng, log(length), 1.0);
    }
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

static enum radio radio_of(size_t channel) {
    return channel < 2 ? PACKET : channel < 3 ? ACCESS : CALL;
}

/* Share of the day's activity at t_s: 1 on the average. */
static double activity(const char *traffic, double t_s) {
    return strcmp(traffic, "day") == 0 ? 1.0 + 0.9 * sin(2.0 * M_PI * t_s / 86400.0 * 2.0) : 1.0;
}

static void people(struct air *air, const char *traffic, double per_hour) {
    for (size_t c = 0; c < CHANNELS; c++) {
        double rate = per_hour * exp(gsl_ran_gaussian(air->rng, 0.5)) / 3600.0;
        double t = 0.0;
        while ((t += gsl_ran_exponential(air->rng, 0.5 / rate)) < hours * 3600.0) {
            if (gsl_rng_uniform(air->rng) < 0.5 * activity(traffic, t)) {
                add(air, t, radio_of(c), c);
            }
        }
    }
}

static void clusters(struct air *air, double per_hour) {
    for (size_t c = 0; c < CHANNELS; c++) {
        double rate = per_hour * exp(gsl_ran_gaussian(air->rng, 0.5)) / 3600.0;
        double t = 0.0;
        while ((t += gsl_ran_exponential(air->rng, 1.0 / rate)) < hours * 3600.0) {
            unsigned size = 1 + gsl_ran_poisson(air->rng, 2.0);
            double at = t;
            for (unsigned k = 0; k < size; k++) {
                add(air, at, radio_of(c), c);
                at += gsl_ran_exponential(air->rng, 7.0);
            }
        }
    }
}

/* Trains: each headway late by a minute or so; phones of a train signal within seconds of each
 * other on all channels, or it passes for half a minute. */
static void trains(struct air *air, double headway_s, double late_s, double spread_s, double each) {
    for (double due = headway_s * gsl_rng_uniform(air->rng); due < hours * 3600.0;
         due += headway_s) {
        double at = due + gsl_ran_gaussian(air->rng, late_s);
        for (size_t c = 0; c < CHANNELS; c++) {
            unsigned size = gsl_ran_poisson(air->rng, each);
            for (unsigned k = 0; k < size; k++) {
                add(air, at + gsl_ran_gaussian(air->rng, spread_s), radio_of(c), c);
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
        row.stop_ns = begin_ns + (int64_t)(hours * 3600e9);
        int rc = ls_pattern_observe(pattern, &row, err);
        for (size_t i = 0; rc == LS_OK && i < air->count; i++) {
            rc = ls_pattern_push(pattern, &air->rows[i], err);
        }
        return rc;
    }
    int rc = LS_OK;
    size_t i = 0;
    for (double t = 0.0; rc == LS_OK && t < hours * 3600.0; t += air->hop_s) {
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

static bool make(struct air *air, const char *traffic) {
    air->count = 0;
    air->hopping = strcmp(traffic, "hopping") == 0;
    air->hop_s = 5.0 + 20.0 * gsl_rng_uniform(air->rng);
    if (strcmp(traffic, "poisson") == 0 || strcmp(traffic, "day") == 0) {
        people(air, traffic, 14.0);
    } else if (strcmp(traffic, "hopping") == 0) {
        people(air, traffic, 35.0);
    } else if (strcmp(traffic, "bursty") == 0) {
        clusters(air, 6.0);
    } else if (strcmp(traffic, "timetable") == 0) {
        static const double headways[] = {600.0, 900.0, 1200.0, 1800.0};
        trains(air, headways[gsl_rng_uniform_int(air->rng, 4)], 50.0, 15.0, 2.0);
        people(air, traffic, 4.0);
    } else if (strcmp(traffic, "storm") == 0) {
        trains(air, 600.0, 60.0, 1.5, 4.0);
        people(air, traffic, 3.0);
    } else {
        return false;
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
    if (argc != 4) {
        fprintf(stderr, "usage: pattern_nulls TRAFFIC FIRST COUNT\n");
        return 2;
    }
    unsigned long first = strtoul(argv[2], NULL, 10);
    unsigned long count = strtoul(argv[3], NULL, 10);
    struct ls_err err = {.code = LS_OK};
    struct air air = {.rng = gsl_rng_alloc(gsl_rng_mt19937),
                      .rows = calloc(ROWS_MAX, sizeof(struct ls_transmission))};
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
