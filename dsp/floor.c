/* learn() folds frames into averages of BLOCK_FRAMES; settle() excises each channel's averages;
 * open_floor() compares channels with each other. Order matters: masked channels take no part in
 * the opening, or a DC spike in a quiet band would be carried to its neighbours by the dilation.
 *
 * weight is how many averages the estimate rests on. While they are few, the averages themselves
 * are kept over stretches, to be excised together with the next ones; later only the estimate is.
 */
#include "dsp/floor.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/excise.h"
#include "dsp/panels.h"
#include "dsp/sort.h"

enum {
    BLOCK_FRAMES = 4,   /* 2 looks or so: short enough to fit between packets */
    KEPT_BLOCKS = 128,  /* from so many averages on, an estimate stands alone */
    ALIGN_FRAMES = 32,  /* show the common gain of a known floor to some percent */
    GAIN_BLOCKS = 8,    /* are averaged for one value of the common gain */
    GAIN_VALUES = 4096, /* values it is taken from, at most */
};

/* Averages are excised at several lengths: short ones fit between packets, long ones tell weak
 * signals from noise. The first is the usual one; another counts where it is lower beyond doubt,
 * since what is not excised only adds power. */
static const size_t groups[] = {2, 1, 8, 32};
enum { GROUPS = sizeof groups / sizeof groups[0], GROUPED_LEAST = 16 };
/* Long averages also tell a noise that is pressed down for a while from the usual one: what they
 * take for noise must be there for this share of the time. */
static const double LONG_SHARE = 0.3;
/* Deviations of a mean of all blocks. */
static const double LOWER_SIGMA = 2.0;

static const double OPENING_SHARE =
    0.66; /* of the band: a carrier narrower than that is seen as a carrier */
/* 2 dB above the opened floor. */
static const double OCCUPIED_RATIO = 1.6;
/* Of its width, and so many channels: a carrier falls by that ratio within so far of its edges. A
 * passband's hump, or the ripple of what fills the band, does not. */
static const double FLANK_SHARE = 0.25;
enum { FLANK_CHANNELS = 4 };
/* 0.4 dB, where less than this share of the time was taken for noise: edges of the bursts lift
 * what is left. */
static const double DOUBTFUL_RATIO = 1.1;
static const float DOUBTFUL_SHARE = 0.5F;
static const double GAIN_SECONDS =
    1.0; /* time constant of the common gain: 6 dB a minute lags by 0.1 dB */
static const double RANGE_POW =
    1e-9; /* of the mean power: 90 dB down, where idle samples are exact zeros */
static const double SHAPE_SECONDS = 60.0; /* time constant of one channel against the others */
/* Relative, per second away: 6 dB a minute, the drift that a floor must follow. */
static const double GAIN_DRIFT = 0.023;
/* 0.1 dB: of the common gain, however short the time away. */
static const double GAIN_SPREAD = 0.02;
/* Deviations of both: farther off, the gain was changed meanwhile. */
static const double GAIN_GATE = 4.0;
/* Relative, per root of seconds away: a filter's shape wanders by a tenth of a dB in two minutes.
 */
static const double SHAPE_DRIFT = 2e-3;
/* A known floor whose shape is less certain than this is learned anew. */
static const double SHAPE_ERROR_MAX = 0.06;

struct ls_floor {
    size_t channels;
    double least_pow;
    double range_pow;           /* least_pow, raised by the range of the samples */
    double block_looks;         /* of one among many */
    double group_looks[GROUPS]; /* of so many together */
    double block_s;
    size_t learn_frames;
    size_t blocks_full; /* a full measure of learning */
    size_t blocks_max;  /* that averages has room for */
    size_t blocks;
    size_t kept; /* of the blocks: from earlier stretches */
    size_t frames_in_block;
    double weight;     /* blocks that power rests on */
    double aged;       /* relative error that time away has added */
    double gain_error; /* relative, of the common gain when the stretch began */
    double away_s;     /* before this stretch */
    double seen;       /* blocks that settled the floor and will be tracked again */
    float *averages;   /* [blocks_max][channels], rising frequency; NULL at rest */
    float *power;      /* [channels] */
    float *known;      /* [channels] the estimate before this stretch */
    float *scratch;    /* [scratch_room] */
    struct ls_panels *panels;
    float *clean;   /* [channels] share of the averages that was taken for noise */
    bool *masked;   /* [channels] */
    bool *occupied; /* [channels] */
};

static size_t scratch_room(const struct ls_floor *floor) {
    size_t room = 3 * floor->channels;
    size_t most = floor->blocks_full + KEPT_BLOCKS;
    room = room > most ? room : most;
    return room > GAIN_VALUES ? room : GAIN_VALUES;
}

static int create_arrays(struct ls_floor *floor) {
    size_t n = floor->channels;
    floor->power = calloc(n, sizeof *floor->power);
    floor->known = calloc(n, sizeof *floor->known);
    floor->clean = calloc(n, sizeof *floor->clean);
    floor->scratch = calloc(scratch_room(floor), sizeof *floor->scratch);
    floor->masked = calloc(n, sizeof *floor->masked);
    floor->occupied = calloc(n, sizeof *floor->occupied);
    bool ok = floor->power != NULL && floor->known != NULL && floor->clean != NULL &&
              floor->scratch != NULL && floor->masked != NULL && floor->occupied != NULL;
    ok = ok && ls_panels_create(&floor->panels, floor->blocks_full + KEPT_BLOCKS) == LS_OK;
    return ok ? LS_OK : LS_ERR_NOMEM;
}

int ls_floor_create(struct ls_floor **ret, const struct ls_floor_opts *opts, struct ls_err *err) {
    if (opts->channels < 4 || !(opts->least_pow > 0.0) ||
        opts->learn_frames < LS_FLOOR_FRAMES_MIN || !(opts->frame_s > 0.0)) {
        return ls_err_set(
            err, LS_ERR_ARG,
            "the floor needs 4 channels, a least power and frames of some length to learn from");
    }
    struct ls_floor *floor = calloc(1, sizeof *floor);
    if (floor == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for the floor");
    }
    floor->channels = opts->channels;
    floor->least_pow = opts->least_pow;
    floor->range_pow = opts->least_pow;
    for (size_t g = 0; g < GROUPS; g++) {
        floor->group_looks[g] = ls_looks_effective(opts->looks, groups[g] * BLOCK_FRAMES, 1);
    }
    floor->block_looks = ls_looks_effective(opts->looks, 8 * BLOCK_FRAMES, 1) / 8.0;
    floor->block_s = BLOCK_FRAMES * opts->frame_s;
    floor->learn_frames = opts->learn_frames;
    floor->blocks_full = opts->learn_frames / BLOCK_FRAMES;
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
        free(floor->known);
        free(floor->clean);
        free(floor->scratch);
        ls_panels_destroy(floor->panels);
        free(floor->masked);
        free(floor->occupied);
        free(floor);
    }
}

static double learned_error(const struct ls_floor *floor) {
    return floor->weight > 0.0 ? 1.0 / sqrt(floor->block_looks * floor->weight) : 1.0;
}

double ls_floor_error(const struct ls_floor *floor) {
    return hypot(hypot(learned_error(floor), floor->aged), floor->gain_error);
}

/* Is the estimate one that stands alone, and still holds? */
static bool holds(const struct ls_floor *floor, double away_s) {
    return floor->weight >= KEPT_BLOCKS &&
           hypot(floor->aged, SHAPE_DRIFT * sqrt(away_s)) < SHAPE_ERROR_MAX;
}

size_t ls_floor_wanted(const struct ls_floor *floor, double away_s) {
    bool few = holds(floor, away_s) && ALIGN_FRAMES < floor->learn_frames;
    return few ? ALIGN_FRAMES : floor->learn_frames;
}

int ls_floor_begin(struct ls_floor *floor, double away_s, struct ls_err *err) {
    size_t n = floor->channels;
    floor->kept = floor->blocks;
    floor->away_s = away_s;
    floor->frames_in_block = 0;
    size_t room = floor->kept + ls_floor_wanted(floor, away_s) / BLOCK_FRAMES;
    float *averages = realloc(floor->averages, room * n * sizeof *averages);
    if (averages == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for the floor of %zu channels", n);
    }
    floor->averages = averages;
    floor->blocks_max = room;
    return LS_OK;
}

void ls_floor_rest(struct ls_floor *floor) {
    if (floor->weight >= KEPT_BLOCKS) {
        floor->blocks = 0;
    }
    floor->frames_in_block = 0;
    size_t size = floor->blocks * floor->channels * sizeof *floor->averages;
    float *kept = size > 0 ? realloc(floor->averages, size) : NULL;
    if (size == 0) {
        free(floor->averages);
    }
    floor->averages = kept != NULL || size == 0 ? kept : floor->averages;
    floor->blocks_max = floor->blocks;
}

void ls_floor_learn(struct ls_floor *floor, const float *power) {
    if (floor->blocks == floor->blocks_max) {
        return;
    }
    size_t half = floor->channels / 2;
    float *average = floor->averages + floor->blocks * floor->channels;
    if (floor->frames_in_block == 0) {
        memset(average, 0, floor->channels * sizeof *average);
    }
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

/* Averages of group g there are of so many blocks; 0: too few. */
static size_t averages_of(size_t blocks, size_t g) {
    size_t count = blocks / groups[g];
    return g > 0 && count < GROUPED_LEAST ? 0 : count;
}

/* A channel's excised mean of averages of group g: the usual estimate, or a lower one. */
static void take_estimate(struct ls_floor *floor, size_t g, size_t c, double mean, double clean,
                          double lower) {
    bool likely = groups[g] < groups[0] || clean > LONG_SHARE;
    if (g == 0 || (likely && mean < lower * (double)floor->power[c])) {
        floor->power[c] = (float)fmax(floor->range_pow, mean);
        floor->clean[c] = (float)clean;
    }
}

/* The channels of a panel. */
static void estimate_panel(struct ls_floor *floor, const struct ls_excise plans[GROUPS], size_t c,
                           size_t first) {
    size_t blocks = floor->blocks - first;
    size_t left = floor->channels - c;
    size_t width = left < LS_PANELS_CHANNELS ? left : LS_PANELS_CHANNELS;
    double lower = 1.0 - LOWER_SIGMA / sqrt(floor->block_looks * (double)blocks);
    ls_panels_take(floor->panels, floor->averages + first * floor->channels + c, blocks,
                   floor->channels, width);
    for (size_t g = 0; g < GROUPS; g++) {
        size_t count = averages_of(blocks, g);
        double means[LS_PANELS_CHANNELS];
        double clean[LS_PANELS_CHANNELS];
        if (count > 0) {
            ls_panels_excise(floor->panels, &plans[g], count, groups[g], means, clean);
        }
        for (size_t k = 0; count > 0 && k < width; k++) {
            take_estimate(floor, g, c + k, means[k], clean[k], lower);
        }
    }
}

/* Excised means of the averages from block first on. */
static void estimate_channels(struct ls_floor *floor, size_t first) {
    struct ls_excise plans[GROUPS];
    for (size_t g = 0; g < GROUPS; g++) {
        size_t count = averages_of(floor->blocks - first, g);
        if (count > 0) {
            plans[g] = ls_excise_plan(count, floor->group_looks[g]);
        }
    }
    for (size_t c = 0; c < floor->channels; c += LS_PANELS_CHANNELS) {
        estimate_panel(floor, plans, c, first);
    }
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

/* The lowest of channels [low, high); 0 when there are none. */
static float lowest(const struct ls_floor *floor, size_t low, size_t high) {
    float least = INFINITY;
    for (size_t c = low; c < high; c++) {
        least = floor->masked[c] ? least : fminf(least, floor->power[c]);
    }
    return isfinite(least) ? least : 0.0F;
}

/* Does the run of channels [low, high) stand out of both its flanks as it must out of the opened
 * floor? At an end of the band one tells. */
static bool has_flanks(const struct ls_floor *floor, size_t low, size_t high) {
    size_t n = floor->channels;
    size_t reach = FLANK_CHANNELS + (size_t)(FLANK_SHARE * (double)(high - low));
    float below = lowest(floor, low > reach ? low - reach : 0, low);
    float above = lowest(floor, high, high + reach < n ? high + reach : n);
    double sum = 0.0;
    double count = 0.0;
    for (size_t c = low; c < high; c++) {
        sum += floor->masked[c] ? 0.0 : (double)floor->power[c];
        count += floor->masked[c] ? 0.0 : 1.0;
    }
    return sum > OCCUPIED_RATIO * count * (double)fmaxf(below, above);
}

/* The end of the run that begins at c, over masked channels with more of it behind them. */
static size_t run_end(const struct ls_floor *floor, size_t c) {
    size_t end = c;
    for (; c < floor->channels && (floor->occupied[c] || floor->masked[c]); c++) {
        end = floor->occupied[c] ? c + 1 : end;
    }
    return end;
}

/* Of runs of channels that stand out, those that rise and fall as a signal does. Where hardly any
 * noise was seen, what is left is no more than an upper limit, and its shape says nothing. */
static void drop_humps(struct ls_floor *floor) {
    size_t n = floor->channels;
    for (size_t low = 0; low < n;) {
        size_t high = floor->occupied[low] ? run_end(floor, low) : low;
        bool doubtful = false;
        for (size_t c = low; c < high; c++) {
            doubtful = doubtful || (!floor->masked[c] && floor->clean[c] < DOUBTFUL_SHARE);
        }
        if (high > low && !doubtful && !has_flanks(floor, low, high)) {
            memset(floor->occupied + low, 0, (high - low) * sizeof *floor->occupied);
        }
        low = high + 1;
    }
}

/* Channels that stand out of the opened floor were occupied all the time: they take their
 * neighbours' level. blocks: that the estimate rests on. */
static void open_floor(struct ls_floor *floor, size_t blocks) {
    size_t n = floor->channels;
    float *shape = floor->scratch;
    float *eroded = shape + n;
    float *opened = eroded + n;
    smooth_shape(shape, floor);
    open_shape(opened, shape, n, (size_t)(OPENING_SHARE * (double)n), eroded);
    /* The opening is a minimum, so it sits below the mean by what the estimates scatter. */
    double error = 1.0 / sqrt(floor->block_looks * (double)blocks);
    for (size_t c = 0; c < n; c++) {
        double ratio = floor->clean[c] < DOUBTFUL_SHARE ? DOUBTFUL_RATIO : OCCUPIED_RATIO;
        double margin = ratio * (1.0 + 3.0 * error / sqrt((double)floor->clean[c]));
        floor->occupied[c] =
            !floor->masked[c] && (double)floor->power[c] > margin * (double)opened[c];
    }
    drop_humps(floor);
    for (size_t c = 0; c < n; c++) {
        floor->power[c] = floor->occupied[c] ? opened[c] : floor->power[c];
    }
}

static size_t frames_learned(const struct ls_floor *floor) {
    return floor->blocks * BLOCK_FRAMES + floor->frames_in_block;
}

/* Too few frames: the lower quartile of the first ones. */
static void settle_poorly(struct ls_floor *floor) {
    size_t n = floor->channels;
    size_t frames = frames_learned(floor);
    double level = 0.0;
    if (frames > 0) {
        memcpy(floor->scratch, floor->averages, n * sizeof *floor->scratch);
        ls_sort_powers(floor->scratch, n);
        level = (double)floor->scratch[n / 4] * fmax(1.0, BLOCK_FRAMES / (double)frames);
    }
    for (size_t c = 0; c < n; c++) {
        floor->power[c] = (float)fmax(level, floor->range_pow);
    }
}

/* Idle samples may be exact zeros: no floor is that far below the rest. */
static void limit_range(struct ls_floor *floor) {
    double sum = 0.0;
    size_t values = floor->blocks * floor->channels;
    for (size_t i = 0; i < values; i++) {
        sum += (double)floor->averages[i];
    }
    floor->range_pow = fmax(floor->least_pow, RANGE_POW * sum / (double)values);
}

/* Mean over blocks [first, first + count) of channel c's power over what is known of it. */
static float mean_ratio(const struct ls_floor *floor, size_t c, size_t first, size_t count) {
    float sum = 0.0F;
    for (size_t b = first; b < first + count; b++) {
        sum += floor->averages[b * floor->channels + c];
    }
    return sum / (float)count / floor->power[c];
}

/* The gain that this stretch's averages have over the estimate, in all channels alike; what is
 * occupied is excised. Of several blocks at a time: a signal of some dB then stands out.
 * ret_error: relative. */
static double fresh_gain(struct ls_floor *floor, double *ret_error) {
    size_t fresh = floor->blocks - floor->kept;
    size_t group = fresh < GAIN_BLOCKS ? fresh : GAIN_BLOCKS;
    size_t sets = fresh / group;
    size_t step = sets * floor->channels / GAIN_VALUES + 1;
    size_t count = 0;
    for (size_t i = 0; i < sets * floor->channels; i += step) {
        size_t c = i % floor->channels;
        if (!floor->masked[c]) {
            size_t first = floor->kept + i / floor->channels * group;
            floor->scratch[count++] = mean_ratio(floor, c, first, group);
        }
    }
    double looks = floor->block_looks * (double)group;
    struct ls_excise plan = ls_excise_plan(count, looks);
    *ret_error = 1.0 / sqrt(looks * (double)count);
    return ls_excise_mean(&plan, floor->scratch, count, NULL);
}

/* The gain is known to drift slowly and measured with an error: the two are weighed by their
 * variances (Kalman, "A New Approach to Linear Filtering and Prediction Problems", J. Basic Eng.
 * 82, 1960, in one dimension), unless they cannot both be right: then somebody turned the gain. */
static double likely_gain(struct ls_floor *floor) {
    double noise;
    double measured = fresh_gain(floor, &noise);
    double drift = hypot(GAIN_SPREAD, GAIN_DRIFT * floor->away_s);
    double spread = hypot(noise, drift);
    double trust = drift * drift / (spread * spread);
    bool turned = fabs(measured - 1.0) > GAIN_GATE * spread * fmax(1.0, measured);
    floor->gain_error = turned ? noise : sqrt(trust) * noise;
    return turned ? measured : 1.0 + trust * (measured - 1.0);
}

/* What is known, brought to the gain of now. */
static void align(struct ls_floor *floor) {
    double gain = likely_gain(floor);
    for (size_t c = 0; c < floor->channels; c++) {
        floor->power[c] = (float)fmax(floor->range_pow, gain * (double)floor->power[c]);
    }
    for (size_t i = 0; i < floor->kept * floor->channels; i++) {
        floor->averages[i] = (float)(gain * (double)floor->averages[i]);
    }
}

/* The mean of what was known and of what this stretch shows, each by what it rests on. */
static void merge_known(struct ls_floor *floor, size_t fresh) {
    double old_weight =
        floor->weight / (1.0 + floor->block_looks * floor->weight * floor->aged * floor->aged);
    double share = (double)fresh / ((double)fresh + old_weight);
    for (size_t c = 0; c < floor->channels; c++) {
        floor->power[c] += (float)((1.0 - share) * (double)(floor->known[c] - floor->power[c]));
    }
    floor->weight = fmin((double)floor->blocks_full, old_weight + (double)fresh);
    floor->aged = 0.0;
}

bool ls_floor_settle(struct ls_floor *floor) {
    size_t fresh = floor->blocks - floor->kept;
    if (floor->weight == 0.0 && frames_learned(floor) < LS_FLOOR_FRAMES_MIN) {
        settle_poorly(floor);
        return false;
    }
    if (floor->weight > 0.0) {
        floor->aged = hypot(floor->aged, SHAPE_DRIFT * sqrt(floor->away_s));
    }
    floor->seen = (double)fresh;
    if (fresh < LS_FLOOR_FRAMES_MIN / BLOCK_FRAMES) {
        return true;
    }
    limit_range(floor);
    if (floor->weight > 0.0) {
        align(floor);
    }
    if (floor->weight < KEPT_BLOCKS) {
        estimate_channels(floor, 0);
        open_floor(floor, floor->blocks);
        floor->weight = (double)floor->blocks;
        floor->aged = 0.0;
    } else if (fresh >= KEPT_BLOCKS / 2) {
        memcpy(floor->known, floor->power, floor->channels * sizeof *floor->known);
        estimate_channels(floor, floor->kept);
        open_floor(floor, fresh);
        merge_known(floor, fresh);
    }
    return true;
}

/* Deviations of a channel's mean: one farther from the middle one holds something. */
static const double GAIN_SIGMA = 3.0;

/* The common gain: ratio of means to the present floor over channels that are mostly clean. The
 * mean of those near the median: the median itself lies below what gamma variates scatter about,
 * by a third of 1 / looks, which the widest windows would take for a signal. */
static double common_gain(struct ls_floor *floor, const float *mean_pow, const float *clean,
                          double seconds) {
    size_t n = 0;
    for (size_t c = 0; c < floor->channels; c++) {
        if (clean[c] > 0.5F && !floor->masked[c]) {
            floor->scratch[n++] = mean_pow[c] / floor->power[c];
        }
    }
    if (n == 0) {
        return 1.0;
    }
    double middle = (double)ls_sort_find(floor->scratch, n, n / 2);
    double looks = fmax(1.0, floor->block_looks * seconds / floor->block_s);
    double sum = 0.0;
    size_t near = 0;
    for (size_t i = 0; i < n; i++) {
        double ratio = (double)floor->scratch[i];
        if (fabs(ratio - middle) <= GAIN_SIGMA * middle / sqrt(looks)) {
            sum += ratio;
            near++;
        }
    }
    return sum / (double)near;
}

/* How much of one channel against the others is learned from blocks more: by the time constant of
 * what is known well, faster where little was learned or time has passed. */
static double learned_share(struct ls_floor *floor, double blocks) {
    double slow = 1.0 - exp(-blocks * floor->block_s / SHAPE_SECONDS);
    double again = fmin(floor->seen, blocks);
    floor->seen -= again;
    blocks -= again;
    double doubt = floor->aged * floor->aged;
    double share = fmax(slow, doubt / (doubt + 1.0 / (floor->block_looks * fmax(blocks, 1e-9))));
    if (blocks > 0.0 && floor->weight < (double)floor->blocks_full) {
        floor->weight += blocks;
        share = fmax(share, blocks / floor->weight);
    }
    floor->aged *= sqrt(1.0 - share);
    return share;
}

void ls_floor_track(struct ls_floor *floor, const float *mean_pow, const float *clean,
                    double seconds) {
    double gain = common_gain(floor, mean_pow, clean, seconds);
    double gain_share = 1.0 - exp(-seconds / GAIN_SECONDS);
    double shape_share = learned_share(floor, seconds / floor->block_s);
    double common = 1.0 + gain_share * (gain - 1.0);
    for (size_t c = 0; c < floor->channels; c++) {
        double own = 1.0;
        if (clean[c] > 0.5F) {
            double ratio = fmin(1.25, fmax(0.5, (double)(mean_pow[c] / floor->power[c]) / gain));
            /* The receiver's own lines wander by themselves. */
            own += (floor->masked[c] ? gain_share : shape_share) * (ratio - 1.0);
        }
        floor->power[c] = (float)fmax(floor->range_pow, (double)floor->power[c] * common * own);
    }
}

const float *ls_floor_power(const struct ls_floor *floor) { return floor->power; }

const bool *ls_floor_occupied(const struct ls_floor *floor) { return floor->occupied; }
