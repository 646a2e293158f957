#include "dsp/learnt.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "dsp/rows.h"
#include "dsp/sort.h"

/* No noise is farther off. */
static const double FALL_MAX = -0.5;
static const double RISE_MAX = 0.25;

/* Of a granule's slots: fewer say nothing of the rest. */
static const float HEARD_SHARE = 0.5F;

enum { STRAYS_MIN = 8 }; /* fewer channels do not tell how they stray */

/* Of how far channels strayed when they were last asked for: short windows of few looks hardly
 * show it. */
static const double STRAYS_KEPT = 0.95;

struct ls_learnt {
    struct ls_learnt_opts opts;
    double granule_looks; /* of one channel */
    double before;        /* granules that the first reference is worth */
    double always;        /* relative variance of a channel that was always heard */
    double always_weight;
    double planned;
    double strays;             /* as last told */
    float *weights;            /* [channels]: granules in the reference */
    double *variances;         /* [channels]: relative */
    double *doubts;            /* [channels + 1]: running sums of variance beyond the planned */
    float *hearing;            /* [channels]: slots heard of the present granule */
    float *heard[LS_GRANULES]; /* [channels] */
};

int ls_learnt_create(struct ls_learnt **ret, const struct ls_learnt_opts *opts) {
    struct ls_learnt *learnt = calloc(1, sizeof *learnt);
    if (learnt == NULL) {
        return LS_ERR_NOMEM;
    }
    size_t n = opts->channels;
    learnt->opts = *opts;
    learnt->opts.together = opts->together > 0 ? opts->together : 1;
    learnt->granule_looks =
        ls_looks_effective(opts->looks, opts->slot_frames * opts->granule_slots, 1);
    learnt->weights = calloc(n, sizeof *learnt->weights);
    learnt->variances = calloc(n, sizeof *learnt->variances);
    learnt->doubts = calloc(n + 1, sizeof *learnt->doubts);
    learnt->hearing = ls_rows_make(n);
    bool ok = learnt->weights != NULL && learnt->variances != NULL && learnt->doubts != NULL &&
              learnt->hearing != NULL;
    for (size_t g = 0; g < LS_GRANULES; g++) {
        learnt->heard[g] = ls_rows_make(n);
        ok = ok && learnt->heard[g] != NULL;
    }
    if (!ok) {
        ls_learnt_destroy(learnt);
        return LS_ERR_NOMEM;
    }
    *ret = learnt;
    return LS_OK;
}

void ls_learnt_destroy(struct ls_learnt *learnt) {
    if (learnt == NULL) {
        return;
    }
    free(learnt->weights);
    free(learnt->variances);
    free(learnt->doubts);
    free(learnt->hearing);
    for (size_t g = 0; g < LS_GRANULES; g++) {
        free(learnt->heard[g]);
    }
    free(learnt);
}

void ls_learnt_begin(struct ls_learnt *learnt, double error) {
    size_t n = learnt->opts.channels;
    learnt->always = error * error;
    learnt->before = 1.0 / (learnt->granule_looks * learnt->always);
    learnt->always_weight = learnt->before;
    learnt->strays = 0.0;
    for (size_t c = 0; c < n; c++) {
        learnt->variances[c] = learnt->always;
        learnt->weights[c] = (float)learnt->before;
    }
    memset(learnt->hearing, 0, n * sizeof *learnt->hearing);
    for (size_t g = 0; g < LS_GRANULES; g++) {
        memset(learnt->heard[g], 0, n * sizeof *learnt->heard[g]);
    }
    ls_learnt_plan(learnt, learnt->always);
}

void ls_learnt_hear(struct ls_learnt *learnt, const float *excess) {
    for (size_t c = 0; c < learnt->opts.channels; c++) {
        learnt->hearing[c] += excess[c] != 0.0F ? 1.0F : 0.0F;
    }
}

void ls_learnt_take_out(struct ls_learnt *learnt, size_t place, size_t low, size_t high) {
    memset(learnt->hearing + low, 0, (high - low) * sizeof *learnt->hearing);
    memset(learnt->heard[place] + low, 0, (high - low) * sizeof *learnt->hearing);
}

/* A mean of weight granules takes part of one more: its share, by which the variance falls. */
static double weigh(const struct ls_learnt *learnt, double part, double *weight, double *variance) {
    *weight = fmin(learnt->opts.most, *weight + part);
    double share = fmin(1.0, part / *weight);
    *variance =
        (1.0 - share) * (1.0 - share) * *variance + share * share / (part * learnt->granule_looks);
    return share;
}

static void sum_doubts(struct ls_learnt *learnt) {
    const struct ls_learnt_opts *o = &learnt->opts;
    for (size_t c = 0; c < o->channels; c++) {
        bool analysed = c >= o->first_channel && c < o->last_channel;
        double beyond = analysed ? fmax(0.0, learnt->variances[c] - learnt->planned) : 0.0;
        learnt->doubts[c + 1] = learnt->doubts[c] + beyond;
    }
}

double ls_learnt_learn(struct ls_learnt *learnt, size_t place, const float *running,
                       float *ret_moved) {
    const struct ls_learnt_opts *o = &learnt->opts;
    const float *heard = learnt->heard[place];
    float least = HEARD_SHARE * (float)o->granule_slots;
    double sum = 0.0;
    size_t count = 0;
    for (size_t c = 0; c < o->channels; c++) {
        if (heard[c] < least) {
            continue;
        }
        double excess = (double)(running[c + 1] - running[c]) / (double)heard[c];
        double weight = (double)learnt->weights[c];
        double share = weigh(learnt, (double)heard[c] / (double)o->granule_slots, &weight,
                             &learnt->variances[c]);
        learnt->weights[c] = (float)weight;
        ret_moved[c] = (float)(share * fmin(RISE_MAX, fmax(FALL_MAX, excess)));
        sum += (double)ret_moved[c];
        count++;
    }
    double common = count > 0 ? sum / (double)count : 0.0;
    for (size_t c = 0; c < o->channels; c++) {
        ret_moved[c] = heard[c] < least ? (float)common : ret_moved[c];
    }
    weigh(learnt, 1.0, &learnt->always_weight, &learnt->always);
    sum_doubts(learnt);
    return common;
}

void ls_learnt_keep(struct ls_learnt *learnt, size_t place) {
    size_t size = learnt->opts.channels * sizeof *learnt->hearing;
    memcpy(learnt->heard[place], learnt->hearing, size);
    memset(learnt->hearing, 0, size);
}

void ls_learnt_move(const struct ls_learnt *learnt, size_t place, float slots, const float *moved,
                    float *running) {
    float before = running[0];
    for (size_t c = 0; c < learnt->opts.channels; c++) {
        float part = running[c + 1] - before;
        before = running[c + 1];
        float heard = place < LS_GRANULES ? learnt->heard[place][c] : slots;
        running[c + 1] = running[c] + (part != 0.0F ? part - heard * moved[c] : 0.0F);
    }
}

double ls_learnt_variance(const struct ls_learnt *learnt) { return learnt->always; }

void ls_learnt_plan(struct ls_learnt *learnt, double variance) {
    learnt->planned = variance;
    sum_doubts(learnt);
}

float ls_learnt_doubt(const struct ls_learnt *learnt, size_t slots, size_t low, size_t high) {
    const struct ls_learnt_opts *o = &learnt->opts;
    double inside = learnt->doubts[high] - learnt->doubts[low];
    double outside = learnt->doubts[o->channels] - inside;
    if (inside + outside <= 0.0) {
        return 1.0F;
    }
    size_t width = high - low;
    size_t analysed = o->last_channel - o->first_channel;
    size_t beside = analysed > width ? analysed - width : 1;
    size_t frames = o->slot_frames * slots;
    double one = ls_looks_effective(o->looks, frames, 1);
    double in = 1.0 / ls_looks_effective(o->looks, frames, width);
    double out = 1.0 / ls_looks_effective(o->looks, frames, beside);
    /* Errors of neighbours go together as their looks do. */
    double planned = (in + out) * (1.0 + one * learnt->planned);
    double beyond = one * (in * inside / (double)width + out * outside / (double)beside);
    return (float)sqrt(1.0 + beyond / planned);
}

static double stray_now(const struct ls_learnt *learnt, size_t slots, size_t low, size_t high,
                        const float *profile, float *work) {
    const struct ls_learnt_opts *o = &learnt->opts;
    size_t n = 0;
    size_t group = o->together;
    for (size_t c = o->first_channel; c + group <= o->last_channel; c += group) {
        float sum = 0.0F;
        bool heard = c + group <= low || c >= high;
        for (size_t i = c; i < c + group; i++) {
            sum += profile[i];
            heard = heard && profile[i] != 0.0F;
        }
        if (heard) {
            work[n++] = fabsf(sum) / (float)(slots * group);
        }
    }
    if (n < STRAYS_MIN) {
        return 0.0;
    }
    double spread = 1.4826 * (double)ls_sort_find(work, n, n / 2);
    double explained = 1.0 / ls_looks_effective(o->looks, o->slot_frames * slots, group) +
                       learnt->planned / (double)group;
    return sqrt(fmax(0.0, spread * spread - 2.0 * explained));
}

double ls_learnt_stray(struct ls_learnt *learnt, size_t slots, size_t low, size_t high,
                       const float *profile, float *work) {
    double now = stray_now(learnt, slots, low, high, profile, work);
    learnt->strays = fmax(now, STRAYS_KEPT * learnt->strays);
    return learnt->strays;
}
