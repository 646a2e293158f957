#include "pattern/trial.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "pattern/clock_test.h"
#include "pattern/renewal_test.h"
#include "pattern/report.h"

/* Surrogates: until so many score higher, or all; fewer when none comes near. */
enum { HIGHER = 4, DRAWS = 400, DRAWS_FAR = 64, TAIL_SHARE = 10 };
static const double far_rank = 12.0; /* above the highest: once in 1e5 by its own law */
/* Scales of the two tails for Poisson events, from 1e5 windows of 12 to 200 of them: above the
 * highest tenth the clock's is 1.1 to 1.6 and that of intervals, whose counts are few, 1.7 to 2.1.
 * A tail is never taken for shorter, as those 40 surrogates tell little of it; they are worth about
 * as much as what was known before. */
static const double clock_scale = 1.3;
static const double renewal_scale = 2.0;
static const double scale_weight = 30.0;
static const double few_events = 3.0; /* longer by this over the number of events */
/* Half of the time at least, else intervals are those of the receiver. */
static const double renewal_duty = 0.5;

struct ls_trial {
    struct ls_clock_test *clock;
    struct ls_renewal_test *renewal;
    struct ls_surrogate surrogate;
    double drawn[LS_ARRIVALS_MAX];
    double clock_ranks[DRAWS];
    double renewal_ranks[DRAWS];
};

int ls_trial_create(struct ls_trial **ret, struct ls_err *err) {
    struct ls_trial *judge = calloc(1, sizeof *judge);
    if (judge == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for the judge of regularities");
    }
    int rc = ls_clock_test_create(&judge->clock, err);
    rc = rc == LS_OK ? ls_renewal_test_create(&judge->renewal, err) : rc;
    if (rc != LS_OK) {
        ls_trial_destroy(judge);
        return rc;
    }
    *ret = judge;
    return LS_OK;
}

void ls_trial_destroy(struct ls_trial *judge) {
    if (judge == NULL) {
        return;
    }
    ls_clock_test_destroy(judge->clock);
    ls_renewal_test_destroy(judge->renewal);
    free(judge);
}

static bool try_renewal(const struct ls_arrivals *arrivals) {
    const struct ls_good_time *good = arrivals->good;
    double span = good->stop_s[good->count - 1] - good->start_s[0];
    return ls_good_time_total(good) > renewal_duty * span;
}

/* Both hypotheses, on the scales of their tails: logarithms of probability, up to a constant. */
static struct ls_verdict look(struct ls_trial *judge, const double *t_s, size_t count, bool both) {
    struct ls_clock_peak clock = ls_clock_test_scan(judge->clock, t_s);
    struct ls_verdict v = {.log10_p = (double)NAN,
                           .clock_rank = -(double)INFINITY,
                           .renewal_rank = -(double)INFINITY,
                           .period_s = clock.period_s,
                           .interval_s = (double)NAN,
                           .width = (double)NAN,
                           .trials = clock.trials};
    if (clock.trials > 0.0) {
        v.clock_rank = (clock.score - log(fmax(clock.trials, 1.0))) / clock_scale;
    }
    if (both) {
        struct ls_renewal_peak renewal =
            ls_renewal_test_scan(judge->renewal, &judge->surrogate, t_s, count);
        v.renewal_rank = (renewal.score - log((double)count)) / renewal_scale;
        v.interval_s = renewal.interval_s;
        v.width = renewal.width;
        v.trials += (double)count;
    }
    v.rank = fmax(v.clock_rank, v.renewal_rank);
    return v;
}

struct ls_verdict ls_trial_look(struct ls_trial *judge, const struct ls_arrivals *arrivals) {
    assert(arrivals->count >= LS_TRIAL_EVENTS_MIN);
    ls_surrogate_init(&judge->surrogate, arrivals);
    ls_clock_test_begin(judge->clock, arrivals, &judge->surrogate);
    return look(judge, arrivals->t_s, arrivals->count, try_renewal(arrivals));
}

static int descending(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x < y) - (x > y);
}

/* log10 of the probability of a rank above this one from the exponential tail of surrogates' from
 * the highest tenth on; sorts them. */
static double tail_log10(double *ranks, size_t count, double rank, double known_scale) {
    qsort(ranks, count, sizeof *ranks, descending);
    size_t top = count / TAIL_SHARE;
    double threshold = ranks[top];
    double excess = 0.0;
    for (size_t i = 0; i < top; i++) {
        excess += ranks[i] - threshold;
    }
    double scale =
        fmax(known_scale, (excess + scale_weight * known_scale) / ((double)top + scale_weight));
    double far = fmax(0.0, rank - threshold) / scale;
    return log10((double)top / (double)count) - far / M_LN10;
}

/* Where the ranks of surrogates end: their tails, each hypothesis by its own. */
static double beyond_log10(struct ls_trial *judge, const struct ls_verdict *verdict, size_t drawn,
                           size_t events) {
    double scale = 1.0 + few_events / (double)events;
    double log10_p = 0.0;
    double hypotheses = 0.0;
    if (isfinite(verdict->clock_rank)) {
        log10_p = tail_log10(judge->clock_ranks, drawn, verdict->clock_rank, scale);
        hypotheses += 1.0;
    }
    if (isfinite(verdict->renewal_rank)) {
        log10_p =
            fmin(log10_p, tail_log10(judge->renewal_ranks, drawn, verdict->renewal_rank, scale));
        hypotheses += 1.0;
    }
    return fmin(ls_report_log10_any(log10_p, hypotheses), log10((double)HIGHER / (DRAWS + 1)));
}

struct ls_verdict ls_trial_verdict(struct ls_trial *judge, const struct ls_arrivals *arrivals) {
    struct ls_verdict verdict = ls_trial_look(judge, arrivals);
    if (!isfinite(verdict.rank)) {
        verdict.log10_p = 0.0;
        return verdict;
    }
    struct ls_chance chance;
    ls_chance_init(&chance, ls_chance_seed(arrivals->t_s, arrivals->count));
    struct ls_chance lots;
    ls_chance_init(&lots, chance.state[0]);
    double lot = ls_chance_uniform(&lots);
    bool both = isfinite(verdict.renewal_rank);
    double highest = -(double)INFINITY;
    size_t higher = 0;
    size_t drawn = 0;
    while (drawn < DRAWS && higher < HIGHER) {
        ls_surrogate_draw(&judge->surrogate, &chance, judge->drawn);
        struct ls_verdict one = look(judge, judge->drawn, arrivals->count, both);
        judge->clock_ranks[drawn] = one.clock_rank;
        judge->renewal_ranks[drawn] = one.renewal_rank;
        drawn++;
        bool equal = one.rank == verdict.rank;
        higher += one.rank > verdict.rank || (equal && ls_chance_uniform(&lots) > lot);
        highest = fmax(highest, one.rank);
        if (drawn == DRAWS_FAR && verdict.rank > highest + far_rank) {
            break;
        }
    }
    if (higher == HIGHER) {
        double least = (double)HIGHER / (double)(drawn + 1);
        double most = (double)HIGHER / (double)drawn;
        verdict.log10_p = log10(least + (most - least) * ls_chance_uniform(&lots));
    } else {
        verdict.log10_p = beyond_log10(judge, &verdict, drawn, arrivals->count);
    }
    return verdict;
}
