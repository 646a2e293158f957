/* learn() folds frames into averages of BLOCK_FRAMES; settle() sorts each channel's averages and
 * excises; open_floor() compares channels with each other. Order matters: masked channels take no
 * part in the opening, or a DC spike in a quiet band would be carried to its neighbours by the
 * dilation. */
#include "dsp/floor.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK_FRAMES = LS_FLOOR_FRAMES_MIN, /* 4 looks or so: short enough to fit between packets, long
                         enough to lose the long tail */
    LEAST_BLOCKS = 4,
    STEPS_MAX = 50,
};

static const double FIRST_SHARE =
    0.125; /* of the averages is taken as clean before the first step */
static const double CUT_TAIL =
    1e-2; /* noise that a step's cut leaves out; its bias is divided out */
static const double CROWDED_SHARE = 0.9; /* of the averages is clean: when less, edges of bursts
                                            that stay below the cut are many */
static const double OPENING_SHARE =
    0.66; /* of the band: a carrier narrower than that is seen as a carrier */
/* 2 dB above the opened floor. */
static const double OCCUPIED_RATIO = 1.6;
static const double GAIN_SECONDS =
    1.0; /* time constant of the common gain: 6 dB a minute lags by 0.1 dB */
static const double RANGE_POW =
    1e-9; /* of the mean power: 90 dB down, where idle samples are exact zeros */
static const double SHAPE_SECONDS = 60.0; /* time constant of one channel against the others */

struct ls_floor {
    size_t channels;
    double least_pow;
    double block_looks;
    size_t blocks_max;
    size_t blocks;
    size_t frames_in_block;
    float *averages; /* [blocks_max][channels], rising frequency */
    float *power;    /* [channels] */
    float *scratch;  /* [max(blocks_max, 3 * channels)] */
    bool *masked;    /* [channels] */
    bool *occupied;  /* [channels] */
    double error;
};

static int create_arrays(struct ls_floor *floor) {
    size_t n = floor->channels;
    size_t scratch = floor->blocks_max > 3 * n ? floor->blocks_max : 3 * n;
    floor->averages = calloc(floor->blocks_max * n, sizeof *floor->averages);
    floor->power = calloc(n, sizeof *floor->power);
    floor->scratch = calloc(scratch, sizeof *floor->scratch);
    floor->masked = calloc(n, sizeof *floor->masked);
    floor->occupied = calloc(n, sizeof *floor->occupied);
    bool ok = floor->averages != NULL && floor->power != NULL && floor->scratch != NULL &&
              floor->masked != NULL && floor->occupied != NULL;
    return ok ? LS_OK : LS_ERR_NOMEM;
}

int ls_floor_create(struct ls_floor **ret, const struct ls_floor_opts *opts, struct ls_err *err) {
    if (opts->channels < 4 || !(opts->least_pow > 0.0) || opts->learn_frames == 0) {
        return ls_err_set(err, LS_ERR_ARG,
                          "the floor needs 4 channels, a least power and frames to learn from");
    }
    struct ls_floor *floor = calloc(1, sizeof *floor);
    if (floor == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for the floor");
    }
    floor->channels = opts->channels;
    floor->least_pow = opts->least_pow;
    floor->block_looks = ls_looks_effective(opts->looks, BLOCK_FRAMES, 1);
    floor->blocks_max = (opts->learn_frames + BLOCK_FRAMES - 1) / BLOCK_FRAMES;
    if (create_arrays(floor) != LS_OK) {
        ls_floor_destroy(floor);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for the floor of %zu channels",
                          opts->channels);
    }
    if (opts->masked != NULL) {
        memcpy(floor->masked, opts->masked, floor->channels * sizeof *floor->masked);
    }
    *ret = floor;
    return LS_OK;
}

void ls_floor_destroy(struct ls_floor *floor) {
    if (floor != NULL) {
        free(floor->averages);
        free(floor->power);
        free(floor->scratch);
        free(floor->masked);
        free(floor->occupied);
        free(floor);
    }
}

void ls_floor_learn(struct ls_floor *floor, const float *power) {
    if (floor->blocks == floor->blocks_max) {
        return;
    }
    size_t half = floor->channels / 2;
    float *average = floor->averages + floor->blocks * floor->channels;
    for (size_t i = 0; i < half; i++) {
        average[i] += power[half + i] / BLOCK_FRAMES;
        average[half + i] += power[i] / BLOCK_FRAMES;
    }
    floor->frames_in_block++;
    if (floor->frames_in_block == BLOCK_FRAMES) {
        floor->frames_in_block = 0;
        floor->blocks++;
    }
}

static int compare_floats(const void *a, const void *b) {
    float x = *(const float *)a;
    float y = *(const float *)b;
    return (x > y) - (x < y);
}

static double mean_of(const float *values, size_t n) {
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += (double)values[i];
    }
    return sum / (double)n;
}

/* What a step divides by, the same for every channel. */
struct excision {
    size_t first; /* averages taken as clean before the first step */
    double first_bias;
    double cut;
    double cut_bias;  /* of the mean below the cut */
    double half_bias; /* of the mean of the lower half of what is below the cut */
};

static struct excision plan_excision(size_t n, double looks) {
    size_t least = n < LEAST_BLOCKS ? n : LEAST_BLOCKS;
    struct excision plan = {.first = (size_t)ceil(FIRST_SHARE * (double)n)};
    plan.first = plan.first < least ? least : plan.first;
    double first_q = fmin(0.999, (double)plan.first / (double)n);
    plan.first_bias = ls_looks_truncated_mean(looks, ls_looks_quantile(looks, first_q));
    plan.cut = ls_looks_threshold(looks, CUT_TAIL);
    plan.cut_bias = ls_looks_truncated_mean(looks, plan.cut);
    plan.half_bias =
        ls_looks_truncated_mean(looks, ls_looks_quantile(looks, 0.5 * (1.0 - CUT_TAIL)));
    return plan;
}

/* FCME on values sorted upwards: grow the clean set until its own cut holds nothing more. Where
 * much is cut, averages that hold a little of a burst crowd below the cut and lift the mean (by 0.6
 * dB at 50 % of occupied time): its lower half, and that half's own bias, sees half of it. */
static double excised_mean(const float *sorted, size_t n, const struct excision *plan) {
    size_t clean = plan->first;
    double mean = mean_of(sorted, clean) / plan->first_bias;
    for (int step = 0; step < STEPS_MAX; step++) {
        size_t below = clean;
        while (below < n && (double)sorted[below] < plan->cut * mean) {
            below++;
        }
        if (below == clean) {
            break;
        }
        clean = below;
        if ((double)clean < CROWDED_SHARE * (double)n) {
            mean = mean_of(sorted, (clean + 1) / 2) / plan->half_bias;
        } else {
            mean = mean_of(sorted, clean) / (clean == n ? 1.0 : plan->cut_bias);
        }
    }
    return mean;
}

static void estimate_channel(struct ls_floor *floor, size_t c, const struct excision *plan) {
    for (size_t b = 0; b < floor->blocks; b++) {
        floor->scratch[b] = floor->averages[b * floor->channels + c];
    }
    qsort(floor->scratch, floor->blocks, sizeof *floor->scratch, compare_floats);
    floor->power[c] =
        (float)fmax(floor->least_pow, excised_mean(floor->scratch, floor->blocks, plan));
}

/* Opening with windows of width channels that lie whole within the band: a window cut off by the
 * band's edge would be narrower, and a carrier there pass for the floor. scratch: [n]. */
static void open_shape(float *ret, const float *values, size_t n, size_t width, float *scratch) {
    size_t windows = n - width + 1;
    for (size_t w = 0; w < windows; w++) {
        scratch[w] = values[w];
        for (size_t i = 1; i < width; i++) {
            scratch[w] = fminf(scratch[w], values[w + i]);
        }
    }
    for (size_t c = 0; c < n; c++) {
        size_t first = c + 1 > width ? c + 1 - width : 0;
        size_t last = c < windows ? c : windows - 1;
        ret[c] = scratch[first];
        for (size_t w = first + 1; w <= last; w++) {
            ret[c] = fmaxf(ret[c], scratch[w]);
        }
    }
}

/* Median of three neighbours, masked channels replaced by the last one that is not. */
static void smooth_shape(float *ret, const struct ls_floor *floor) {
    size_t n = floor->channels;
    float last = floor->power[0];
    for (size_t c = 0; c < n; c++) {
        last = floor->masked[c] ? last : floor->power[c];
        ret[c] = last;
    }
    float before = ret[0];
    for (size_t c = 1; c + 1 < n; c++) {
        float a = before;
        float b = ret[c];
        float d = ret[c + 1];
        before = b;
        ret[c] = fmaxf(fminf(a, b), fminf(fmaxf(a, b), d));
    }
}

/* Channels that stand out of the opened floor were occupied all the time: they take their
 * neighbours' level. */
static void open_floor(struct ls_floor *floor) {
    size_t n = floor->channels;
    float *shape = floor->scratch;
    float *eroded = shape + n;
    float *opened = eroded + n;
    smooth_shape(shape, floor);
    open_shape(opened, shape, n, (size_t)(OPENING_SHARE * (double)n), eroded);
    /* The opening is a minimum, so it sits below the mean by what the estimates scatter. */
    double margin = OCCUPIED_RATIO * (1.0 + 3.0 * floor->error);
    for (size_t c = 0; c < n; c++) {
        floor->occupied[c] =
            !floor->masked[c] && (double)floor->power[c] > margin * (double)opened[c];
        if (floor->occupied[c]) {
            floor->power[c] = opened[c];
        }
    }
}

static void settle_poorly(struct ls_floor *floor) {
    size_t n = floor->channels;
    memcpy(floor->scratch, floor->averages, n * sizeof *floor->scratch);
    qsort(floor->scratch, n, sizeof *floor->scratch, compare_floats);
    double frames = floor->frames_in_block > 0 ? (double)floor->frames_in_block : 1.0;
    double level = (double)floor->scratch[n / 4] * BLOCK_FRAMES / frames;
    for (size_t c = 0; c < n; c++) {
        floor->power[c] = (float)fmax(level, floor->least_pow);
    }
    floor->error = 1.0;
}

bool ls_floor_settle(struct ls_floor *floor) {
    if (floor->blocks == 0) {
        settle_poorly(floor);
        return false;
    }
    floor->error = 1.0 / sqrt(floor->block_looks * (double)floor->blocks);
    double mean = mean_of(floor->averages, floor->blocks * floor->channels);
    floor->least_pow = fmax(floor->least_pow, RANGE_POW * mean);
    struct excision plan = plan_excision(floor->blocks, floor->block_looks);
    for (size_t c = 0; c < floor->channels; c++) {
        estimate_channel(floor, c, &plan);
    }
    open_floor(floor);
    return true;
}

/* Median ratio of means to the present floor over channels that are mostly clean: the common gain.
 */
static double common_gain(struct ls_floor *floor, const float *mean_pow, const float *clean) {
    size_t n = 0;
    for (size_t c = 0; c < floor->channels; c++) {
        if (clean[c] > 0.5F && !floor->masked[c]) {
            floor->scratch[n++] = mean_pow[c] / floor->power[c];
        }
    }
    if (n == 0) {
        return 1.0;
    }
    qsort(floor->scratch, n, sizeof *floor->scratch, compare_floats);
    return (double)floor->scratch[n / 2];
}

void ls_floor_track(struct ls_floor *floor, const float *mean_pow, const float *clean,
                    double seconds) {
    double gain = common_gain(floor, mean_pow, clean);
    double gain_share = 1.0 - exp(-seconds / GAIN_SECONDS);
    double shape_share = 1.0 - exp(-seconds / SHAPE_SECONDS);
    double common = 1.0 + gain_share * (gain - 1.0);
    for (size_t c = 0; c < floor->channels; c++) {
        double own = 1.0;
        if (clean[c] > 0.5F) {
            double ratio = fmin(1.25, fmax(0.5, (double)(mean_pow[c] / floor->power[c]) / gain));
            own += shape_share * (ratio - 1.0);
        }
        floor->power[c] = (float)fmax(floor->least_pow, (double)floor->power[c] * common * own);
    }
}

const float *ls_floor_power(const struct ls_floor *floor) { return floor->power; }

const bool *ls_floor_occupied(const struct ls_floor *floor) { return floor->occupied; }

double ls_floor_error(const struct ls_floor *floor) { return floor->error; }
