/* Planted regularities, many of them, straight into the pattern engine.
 *   pattern_power WHAT PERIOD FIRST COUNT
 * prints for each seed from FIRST on the log10 of the false-alarm probability of the best search,
 * the period found (nan: none), and the timing that won: "SEED LOG10_P PERIOD TIMING".
 *
 * WHAT: clock: 25 packets heard of about 36 cycles (30 % missed), with 5 % of the period of jitter
 *       about their clock, and 6 strangers (20 % of all) at any time;
 *       script: 13 calls, each 60 s and the period less 60 s after the one before, with 2 % of the
 *       period of spread in each interval, and 3 strangers (20 % of all). */
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "pattern/pattern.h"

enum { HEARD = 25, STRANGERS = 6, CALLS = 13, CALL_STRANGERS = 3, ROWS_MAX = 64 };
static const int64_t begin_ns = INT64_C(1793491200) * INT64_C(1000000000); /* 2026-11-01 */

struct log {
    double t_s[ROWS_MAX];
    size_t count;
};

static void plant_clock(gsl_rng *rng, double period_s, struct log *log) {
    double phase = period_s * gsl_rng_uniform(rng);
    size_t cycle = 0;
    for (log->count = 0; log->count < HEARD; cycle++) {
        if (gsl_rng_uniform(rng) >= 0.3) {
            log->t_s[log->count++] =
                phase + period_s * ((double)cycle + gsl_ran_gaussian(rng, 0.05));
        }
    }
    for (size_t i = 0; i < STRANGERS; i++) {
        log->t_s[log->count++] = period_s * (double)cycle * gsl_rng_uniform(rng);
    }
}

static void plant_script(gsl_rng *rng, double period_s, struct log *log) {
    double at = 0.0;
    for (log->count = 0; log->count < CALLS;) {
        log->t_s[log->count++] = at;
        at += period_s * (1.0 + gsl_ran_gaussian(rng, 0.02));
    }
    for (size_t i = 0; i < CALL_STRANGERS; i++) {
        log->t_s[log->count++] = at * gsl_rng_uniform(rng);
    }
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static struct ls_transmission make_row(gsl_rng *rng, double t_s, bool call) {
    double length = call ? 60.0 * exp(gsl_ran_gaussian(rng, 0.02)) : 0.04;
    struct ls_transmission row = {.start_ns = begin_ns + (int64_t)((t_s + 100.0) * 1e9),
                                  .duration_ns = (int64_t)(length * 1e9),
                                  .center_hz = 868.3e6 + gsl_ran_gaussian(rng, 100.0),
                                  .bandwidth_hz = 60e3,
                                  .snr_db = 20.0,
                                  .level_dbfs = -40.0 + gsl_ran_gaussian(rng, 1.0),
                                  .offset_hz = (double)NAN,
                                  .bursts = 1,
                                  .on_s = (double)NAN,
                                  .burst_s = (double)NAN,
                                  .period_s = (double)NAN};
    ls_copy_text(row.sensor, sizeof row.sensor, "power");
    return row;
}

struct best {
    double log10_p;
    double period_s;
    char timing[32];
};

static int note(void *context, const struct ls_finding *finding, struct ls_err *err) {
    struct best *best = context;
    (void)err;
    bool timing = strcmp(finding->kind, "periodic-telemetry") == 0 ||
                  strcmp(finding->kind, "scripted-cycle") == 0;
    if (!timing || finding->log10_p >= best->log10_p) {
        return LS_OK;
    }
    *best = (struct best){.log10_p = finding->log10_p, .period_s = (double)NAN};
    ls_copy_text(best->timing, sizeof best->timing, "-");
    for (size_t i = 0; i < finding->parameter_count; i++) {
        const struct ls_parameter *p = &finding->parameters[i];
        if (strcmp(p->name, "period_s") == 0) {
            best->period_s = p->value;
        } else if (strcmp(p->name, "timing") == 0) {
            ls_copy_text(best->timing, sizeof best->timing, p->text);
        }
    }
    return LS_OK;
}

static int run(gsl_rng *rng, bool call, double period_s, struct best *ret, struct ls_err *err) {
    struct log log;
    struct ls_pattern *pattern = NULL;
    struct ls_pattern_opts opts = {.tracks_max = 64};
    (call ? plant_script : plant_clock)(rng, period_s, &log);
    qsort(log.t_s, log.count, sizeof log.t_s[0], by_value);
    *ret = (struct best){.log10_p = 0.0, .period_s = (double)NAN, .timing = "-"};
    int rc = ls_pattern_create(&pattern, &opts, err);
    for (size_t i = 0; rc == LS_OK && i < log.count; i++) {
        struct ls_transmission row = make_row(rng, log.t_s[i], call);
        row.id = (int64_t)i + 1;
        rc = ls_pattern_push(pattern, &row, err);
    }
    rc = rc == LS_OK ? ls_pattern_findings(pattern, note, ret, err) : rc;
    ls_pattern_destroy(pattern);
    return rc;
}

int main(int argc, char **argv) {
    if (argc != 5) {
        fprintf(stderr, "usage: pattern_power clock|script PERIOD FIRST COUNT\n");
        return 2;
    }
    bool call = strcmp(argv[1], "script") == 0;
    double period_s = strtod(argv[2], NULL);
    unsigned long first = strtoul(argv[3], NULL, 10);
    unsigned long count = strtoul(argv[4], NULL, 10);
    struct ls_err err = {.code = LS_OK};
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    int rc = rng == NULL ? LS_ERR_NOMEM : LS_OK;
    for (unsigned long seed = first; rc == LS_OK && seed < first + count; seed++) {
        struct best best;
        gsl_rng_set(rng, seed);
        rc = run(rng, call, period_s, &best, &err);
        if (rc == LS_OK) {
            printf("%lu %.3f %.9g %s\n", seed, best.log10_p, best.period_s, best.timing);
        }
    }
    if (rc != LS_OK) {
        fprintf(stderr, "%s\n", err.text);
    }
    gsl_rng_free(rng);
    return rc == LS_OK ? 0 : 1;
}
