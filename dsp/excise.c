#include "dsp/excise.h"

#include <math.h>
#include <string.h>

#include "dsp/looks.h"
#include "dsp/sort.h"
#include "dsp/versions.h"

enum { LEAST_AVERAGES = 4, STEPS_MAX = 50 };

/* Of the averages is taken as clean before the first step. */
static const double FIRST_SHARE = 0.125;
/* Noise that a step's cut leaves out; its bias is divided out. */
static const double CUT_TAIL = 1e-2;
/* Of the averages is clean: when less, edges of bursts that stay below the cut are many. */
static const double CROWDED_SHARE = 0.9;

/* Values that rise, stride apart. */
struct rising {
    const float *values;
    const double *sums; /* before each of them and behind the last, stride apart; NULL: not known */
    size_t stride;
    size_t n;
};

/* Of the first count of them. */
static double mean_of(const struct rising *rising, size_t count) {
    double sum = 0.0;
    if (rising->sums != NULL) {
        return rising->sums[count * rising->stride] / (double)count;
    }
    for (size_t i = 0; i < count; i++) {
        sum += (double)rising->values[i * rising->stride];
    }
    return sum / (double)count;
}

/* The first from index at on that is not below the limit. */
static size_t first_above(const struct rising *rising, size_t at, double limit) {
    size_t end = rising->n;
    while (at < end) {
        size_t middle = at + (end - at) / 2;
        if ((double)rising->values[middle * rising->stride] < limit) {
            at = middle + 1;
        } else {
            end = middle;
        }
    }
    return at;
}

struct ls_excise ls_excise_plan(size_t n, double looks) {
    size_t least = n < LEAST_AVERAGES ? n : LEAST_AVERAGES;
    struct ls_excise plan = {.first = (size_t)ceil(FIRST_SHARE * (double)n)};
    plan.first = plan.first < least ? least : plan.first;
    double first_q = fmin(0.999, (double)plan.first / (double)n);
    plan.first_bias = ls_looks_truncated_mean(looks, ls_looks_quantile(looks, first_q));
    plan.cut = ls_looks_threshold(looks, CUT_TAIL);
    plan.cut_bias = ls_looks_truncated_mean(looks, plan.cut);
    plan.half_bias =
        ls_looks_truncated_mean(looks, ls_looks_quantile(looks, 0.5 * (1.0 - CUT_TAIL)));
    return plan;
}

/* Grow the clean set until its own cut holds nothing more. Where much is cut, averages that hold a
 * little of a burst crowd below the cut and lift the mean (by 0.6 dB at 50 % of occupied time): its
 * lower half, and that half's own bias, sees half of it. */
static double mean_of_clean(const struct ls_excise *plan, const struct rising *rising,
                            double *ret_clean) {
    size_t n = rising->n;
    size_t clean = plan->first;
    double mean = mean_of(rising, clean) / plan->first_bias;
    for (int step = 0; step < STEPS_MAX; step++) {
        size_t below = first_above(rising, clean, plan->cut * mean);
        if (below == clean) {
            break;
        }
        clean = below;
        if ((double)clean < CROWDED_SHARE * (double)n) {
            mean = mean_of(rising, (clean + 1) / 2) / plan->half_bias;
        } else {
            mean = mean_of(rising, clean) / (clean == n ? 1.0 : plan->cut_bias);
        }
    }
    *ret_clean = (double)clean / (double)n;
    return mean;
}

double ls_excise_mean(const struct ls_excise *plan, float *values, size_t n, double *ret_clean) {
    double clean;
    ls_sort_powers(values, n);
    const struct rising rising = {.values = values, .stride = 1, .n = n};
    double mean = mean_of_clean(plan, &rising, &clean);
    if (ret_clean != NULL) {
        *ret_clean = clean;
    }
    return mean;
}

LS_VERSIONS static void sum_columns(const float *values, size_t n, double *ret) {
    double sums[LS_SORT_COLUMNS] = {0};
    memcpy(ret, sums, sizeof sums);
    for (size_t i = 0; i < n; i++) {
        ret += LS_SORT_COLUMNS;
        for (size_t k = 0; k < LS_SORT_COLUMNS; k++) {
            sums[k] += (double)values[i * LS_SORT_COLUMNS + k];
            ret[k] = sums[k];
        }
    }
}

void ls_excise_columns(const struct ls_excise *plan, float *values, size_t n, double *work,
                       double *ret_means, double *ret_clean) {
    ls_sort_columns(values, n);
    sum_columns(values, n, work);
    for (size_t k = 0; k < LS_SORT_COLUMNS; k++) {
        const struct rising rising = {
            .values = values + k, .sums = work + k, .stride = LS_SORT_COLUMNS, .n = n};
        ret_means[k] = mean_of_clean(plan, &rising, &ret_clean[k]);
    }
}
