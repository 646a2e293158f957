/* The far end of the timing test: many windows of Poisson events, straight into pattern/trial.h.
 *   pattern_tail EVENTS FIRST COUNT
 * prints for each window whose rank is above 8 its probability, "SEED RANK LOG10_P"; the others are
 * not judged, which is what makes millions of them affordable. Whoever reads it sees whether ranks
 * near 8 come with a probability that matters. */
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "pattern/trial.h"

enum { EVENTS_MAX = 256 };
static const double mean_s = 150.0;
static const double judged_rank = 8.0;

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    size_t events = argc == 4 ? strtoul(argv[1], NULL, 10) : 0;
    if (events < LS_TRIAL_EVENTS_MIN || events > EVENTS_MAX) {
        fprintf(stderr, "usage: pattern_tail EVENTS FIRST COUNT, of %d to %d events\n",
                LS_TRIAL_EVENTS_MIN, EVENTS_MAX);
        return 2;
    }
    unsigned long first = strtoul(argv[2], NULL, 10);
    unsigned long count = strtoul(argv[3], NULL, 10);
    struct ls_err err = {.code = LS_OK};
    struct ls_trial *judge = NULL;
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    if (rng == NULL || ls_trial_create(&judge, &err) != LS_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    double start_s = 0.0;
    double stop_s = mean_s * (double)events;
    double before_s[] = {0.0, stop_s};
    struct ls_good_time good = {
        .count = 1, .start_s = &start_s, .stop_s = &stop_s, .before_s = before_s};
    gsl_rng_set(rng, first);
    for (unsigned long seed = first; seed < first + count; seed++) {
        double t_s[EVENTS_MAX];
        t_s[0] = 0.0;
        t_s[1] = stop_s;
        for (size_t i = 2; i < events; i++) {
            t_s[i] = stop_s * gsl_rng_uniform(rng);
        }
        qsort(t_s, events, sizeof t_s[0], by_value);
        struct ls_arrivals arrivals = {.t_s = t_s, .count = events, .good = &good};
        if (ls_trial_look(judge, &arrivals).rank > judged_rank) {
            struct ls_verdict verdict = ls_trial_verdict(judge, &arrivals);
            printf("%lu %.3f %.4f\n", seed, verdict.rank, verdict.log10_p);
        }
    }
    ls_trial_destroy(judge);
    gsl_rng_free(rng);
    return 0;
}
