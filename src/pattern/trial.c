#include "pattern/trial.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "pattern/clock_test.h"
#include "pattern/renewal_test.h"
#include "pattern/report.h"

/* Surrogates: 32 when the score is not among their highest, else more. */
enum { DRAWS_FEW = 32, DRAWS_MANY = 192, RANK_MIN = 3, TAIL_SHARE = 10 };
/* Scales for many events, and how many surrogates that knowledge is worth. */
static const double clock_scale = 1.15;
static const double renewal_scale = 1.25;
static const double scale_weight = 30.0;
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

static bool try_renewal(const struct ls_arrivals *arrivals) {
    const struct ls_good_time *good = arrivals->good;
    double span = good->stop_s[good->count - 1] - good->start_s[0];
    return ls_good_time_total(good) > renewal_duty * span;
}

double ls_trial_rank(struct ls_trial *judge, const struct ls_arrivals *arrivals) {
    struct ls_surrogate surrogate;
    ls_surrogate_init(&surrogate, arrivals);
    ls_clock_test_begin(judge->clock, arrivals, &surrogate);
    struct ls_clock_peak clock = ls_clock_test_scan(judge->clock, arrivals->t_s);
    double rank = clock.trials > 0.0 ? (clock.score - log(fmax(clock.trials, 1.0))) / clock_scale
                                     : -(double)INFINITY;
    if (try_renewal(arrivals)) {
        struct ls_renewal_peak renewal =
            ls_renewal_test_scan(judge->renewal, &surrogate, arrivals->t_s, arrivals->count);
        rank = fmax(rank, (renewal.score - log((double)arrivals->count)) / renewal_scale);
    }
    return rank;
}

static int descending(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x < y) - (x > y);
}

/* log10 of the probability of a score above this one, from those of surrogates (which are sorted).
 * Well inside them it is their share, ties broken by lot, which is exact (Dwass, "Modified
 * randomization tests for nonparametric hypotheses", Ann. Math. Stat. 28, 1957); beyond, an
 * exponential tail from the tenth highest on. *ret_inside: the share alone was used. */
static double log10_above(double *scores, size_t count, double score, double known_scale,
                          double lot, bool *ret_inside) {
    double above = 0.0;
    double equal = 0.0;
    for (size_t i = 0; i < count; i++) {
        above += scores[i] > score;
        equal += scores[i] == score;
    }
    *ret_inside = above >= RANK_MIN;
    if (*ret_inside) {
        return log10((above + lot * (equal + 1.0)) / (double)(count + 1));
    }
    qsort(scores, count, sizeof *scores, descending);
    size_t top = count / TAIL_SHARE;
    double threshold = scores[top];
    double excess = 0.0;
    for (size_t i = 0; i < top; i++) {
        excess += scores[i] - threshold;
    }
    double scale = (excess + scale_weight * known_scale) / ((double)top + scale_weight);
    double far = fmax(0.0, score - threshold) / scale;
    return log10((double)top / (double)count) - far / M_LN10;
}

struct ls_verdict ls_trial_verdict(struct ls_trial *judge, const struct ls_arrivals *arrivals) {
    assert(arrivals->count >= LS_TRIAL_EVENTS_MIN);
    struct ls_surrogate surrogate;
    ls_surrogate_init(&surrogate, arrivals);
    ls_clock_test_begin(judge->clock, arrivals, &surrogate);
    bool both = try_renewal(arrivals);
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
    struct ls_chance lots;
    ls_chance_init(&lots, chance.state[0]);
    bool inside = true;
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
        bool clock_inside = true;
        bool renewal_inside = true;
        double lot = ls_chance_uniform(&lots);
        verdict.clock_log10_p = clock.trials > 0.0
                                    ? log10_above(judge->clock_scores, drawn, clock.score,
                                                  clock_scale, lot, &clock_inside)
                                    : 0.0;
        lot = ls_chance_uniform(&lots);
        verdict.renewal_log10_p = both ? log10_above(judge->renewal_scores, drawn, renewal.score,
                                                     renewal_scale, lot, &renewal_inside)
                                       : 0.0;
        inside = clock_inside && renewal_inside;
        verdict.log10_p = ls_report_log10_any(fmin(verdict.clock_log10_p, verdict.renewal_log10_p),
                                              fmax(1.0, hypotheses));
        if (inside || goal == DRAWS_MANY) {
            break;
        }
    }
    return verdict;
}
