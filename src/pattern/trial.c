#include "pattern/trial.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "pattern/clock_test.h"
#include "pattern/renewal_test.h"
#include "pattern/report.h"

/* Surrogates: 32 give the place of the law within a fifth of its scale, that is a probability
 * within a fifth either way; where it matters, below 1 %, there are more. */
enum { DRAWS_FEW = 32, DRAWS_MANY = 160 };
/* Scales for many events, and how many surrogates that knowledge is worth. */
static const double clock_scale = 1.15;
static const double renewal_scale = 1.25;
static const double scale_weight = 40.0;
/* Half of the time at least, else intervals are those of the receiver. */
static const double renewal_duty = 0.5;

struct ls_trial {
    struct ls_clock_test *clock;
    struct ls_renewal_test *renewal;
    double drawn[LS_ARRIVALS_MAX];
    double clock_scores[DRAWS_MANY];
    double renewal_scores[DRAWS_MANY];
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

static bool try_renewal(const struct ls_arrivals *arrivals, bool clock_only) {
    const struct ls_good_time *good = arrivals->good;
    double span = good->stop_s[good->count - 1] - good->start_s[0];
    return !clock_only && ls_good_time_total(good) > renewal_duty * span;
}

double ls_trial_rank(struct ls_trial *judge, const struct ls_arrivals *arrivals, bool clock_only) {
    struct ls_surrogate surrogate;
    ls_surrogate_init(&surrogate, arrivals);
    ls_clock_test_begin(judge->clock, arrivals, &surrogate);
    struct ls_clock_peak clock = ls_clock_test_scan(judge->clock, arrivals->t_s);
    double rank = clock.trials > 0.0 ? (clock.score - log(fmax(clock.trials, 1.0))) / clock_scale
                                     : -(double)INFINITY;
    if (try_renewal(arrivals, clock_only)) {
        struct ls_renewal_peak renewal =
            ls_renewal_test_scan(judge->renewal, &surrogate, arrivals->t_s, arrivals->count);
        rank = fmax(rank, (renewal.score - log((double)arrivals->count)) / renewal_scale);
    }
    return rank;
}

/* log10 of the share of a Gumbel law above score, fitted to the scores of surrogates. */
static double log10_above(const double *scores, size_t count, double score, double known_scale) {
    double sum = 0.0;
    double squares = 0.0;
    for (size_t i = 0; i < count; i++) {
        sum += scores[i];
        squares += scores[i] * scores[i];
    }
    double n = (double)count;
    double mean = sum / n;
    double variance = fmax(0.0, (squares - sum * mean) / (n - 1.0));
    double own = sqrt(6.0 * variance) / M_PI;
    double scale = (n * own + scale_weight * known_scale) / (n + scale_weight);
    double at = (score - mean) / scale + 0.57721566490153286;
    /* Far out, 1 - exp(-exp(-x)) is exp(-x). */
    return at > 20.0 ? -at / M_LN10 : fmin(0.0, log10(-expm1(-exp(-at))));
}

struct ls_verdict ls_trial_verdict(struct ls_trial *judge, const struct ls_arrivals *arrivals,
                                   bool clock_only) {
    assert(arrivals->count >= LS_TRIAL_EVENTS_MIN);
    struct ls_surrogate surrogate;
    ls_surrogate_init(&surrogate, arrivals);
    ls_clock_test_begin(judge->clock, arrivals, &surrogate);
    bool both = try_renewal(arrivals, clock_only);
    struct ls_clock_peak clock = ls_clock_test_scan(judge->clock, arrivals->t_s);
    double hypotheses = (clock.trials > 0.0 ? 1.0 : 0.0) + (both ? 1.0 : 0.0);
    struct ls_verdict verdict = {.period_s = clock.period_s,
                                 .interval_s = (double)NAN,
                                 .width = (double)NAN,
                                 .trials = clock.trials};
    struct ls_renewal_peak renewal = {.score = 0.0};
    if (both) {
        renewal = ls_renewal_test_scan(judge->renewal, &surrogate, arrivals->t_s, arrivals->count);
        verdict.interval_s = renewal.interval_s;
        verdict.width = renewal.width;
        verdict.trials += (double)arrivals->count;
    }
    struct ls_chance chance;
    ls_chance_init(&chance, ls_chance_seed(arrivals->t_s, arrivals->count));
    size_t drawn = 0;
    for (size_t goal = DRAWS_FEW; goal <= DRAWS_MANY; goal = DRAWS_MANY) {
        for (; drawn < goal; drawn++) {
            ls_surrogate_draw(&surrogate, &chance, judge->drawn);
            judge->clock_scores[drawn] = ls_clock_test_scan(judge->clock, judge->drawn).score;
            if (both) {
                judge->renewal_scores[drawn] =
                    ls_renewal_test_scan(judge->renewal, &surrogate, judge->drawn, arrivals->count)
                        .score;
            }
        }
        verdict.clock_log10_p = log10_above(judge->clock_scores, drawn, clock.score, clock_scale);
        verdict.renewal_log10_p =
            both ? log10_above(judge->renewal_scores, drawn, renewal.score, renewal_scale) : 0.0;
        verdict.log10_p = ls_report_log10_any(fmin(verdict.clock_log10_p, verdict.renewal_log10_p),
                                              fmax(1.0, hypotheses));
        if (verdict.log10_p > -2.0 || goal == DRAWS_MANY) {
            break;
        }
    }
    return verdict;
}
