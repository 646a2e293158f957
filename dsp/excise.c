#include "dsp/excise.h"

#include <math.h>
#include <stdlib.h>

#include "dsp/looks.h"
#include "dsp/sort.h"

enum { LEAST_AVERAGES = 4, STEPS_MAX = 50 };

/* Of the averages is taken as clean before the first step. */
static const double FIRST_SHARE = 0.125;
/* Noise that a step's cut leaves out; its bias is divided out. */
static const double CUT_TAIL = 1e-2;
/* Of the averages is clean: when less, edges of bursts that stay below the cut are many. */
static const double CROWDED_SHARE = 0.9;

static double mean_of(const float *values, size_t n) {
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += (double)values[i];
    }
    return sum / (double)n;
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

/* Values sorted upwards: grow the clean set until its own cut holds nothing more. Where
 * much is cut, averages that hold a little of a burst crowd below the cut and lift the mean (by 0.6
 * dB at 50 % of occupied time): its lower half, and that half's own bias, sees half of it. */
double ls_excise_mean(const struct ls_excise *plan, float *values, size_t n, double *ret_clean) {
    ls_sort_powers(values, n);
    size_t clean = plan->first;
    double mean = mean_of(values, clean) / plan->first_bias;
    for (int step = 0; step < STEPS_MAX; step++) {
        size_t below = clean;
        while (below < n && (double)values[below] < plan->cut * mean) {
            below++;
        }
        if (below == clean) {
            break;
        }
        clean = below;
        if ((double)clean < CROWDED_SHARE * (double)n) {
            mean = mean_of(values, (clean + 1) / 2) / plan->half_bias;
        } else {
            mean = mean_of(values, clean) / (clean == n ? 1.0 : plan->cut_bias);
        }
    }
    if (ret_clean != NULL) {
        *ret_clean = (double)clean / (double)n;
    }
    return mean;
}
