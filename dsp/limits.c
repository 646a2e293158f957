#include "dsp/limits.h"

#include <math.h>

/* Fitted windows stand for so many independent ones for each window of the streaming pass, at the
 * tail e^-FITS_NATS (from counts of boxes of noise: tests/evaluation/false_alarms.txt). Each of the
 * four edges of a window moves like a random walk, whose maximum adds a factor proportional to the
 * logarithm of the tail (Siegmund, "Sequential Analysis", 1985, ch. VIII). */
static const double FITS_PER_WINDOW = 5.0;
static const double FITS_NATS = 18.0;

/* The same for windows of a grid, as many again. */
static const double GRID_FITS = 4.0;

/* Closer looks that noise alone may cause in a piece: what they cost is small beside the transforms
 * of the piece, and a lower limit gains nothing. */
static const double LOOKS_CLOSER = 0.5;

/* Lower threshold of the double thresholding: noise passes it this often. */
static const double GROW_TAIL = 1e-2;

/* Relative, of the floor over any box: what is left of gain drift and passband ripple within the
 * time constants of the tracker (dsp/floor.h), which no averaging over channels removes; and where
 * the gain is told by what lies beside the box, while it lasts. */
static const double FLOOR_SYSTEMATIC = 1e-3;
static const double BESIDE_SYSTEMATIC = 2e-4;

enum { LEARNED_FRAMES = 256 }; /* so many that their ends do not matter */

/* One burst in ten is weaker than this quantile of the looks it is made of. */
static const double LOW_SHARE = 0.1;

enum { SCALES_MAX = LS_LEVELS_MAX * LS_WIDTHS_MAX };

struct scale {
    struct ls_looks_box box;
    double windows; /* in a piece */
    double slope;   /* dB of sensitivity lost when the tail falls by e */
    double tail;    /* of a fitted window */
};

/* Relative, of the mean of the learned floor over so many channels, which share looks with their
 * neighbours. */
static double learned_variance(const struct ls_limits_opts *opts, size_t channels) {
    double one = ls_looks_effective(opts->looks, LEARNED_FRAMES, 1);
    double all = ls_looks_effective(opts->looks, LEARNED_FRAMES, channels);
    return opts->floor_error * opts->floor_error * one / all;
}

static struct ls_looks_box box_of(const struct ls_limits_opts *opts, double rows, double channels) {
    double systematic = opts->gain_channels > 0.0 ? BESIDE_SYSTEMATIC : FLOOR_SYSTEMATIC;
    size_t frames_per_row = opts->frames_per_row > 0 ? opts->frames_per_row : 2;
    struct ls_looks_box box = {.frames = (size_t)rows * frames_per_row,
                               .channels = (size_t)channels,
                               .looks_share = opts->looks_share,
                               .floor_variance = learned_variance(opts, (size_t)channels) +
                                                 systematic * systematic};
    if (opts->gain_channels > 0.0) {
        size_t beside = (size_t)fmax(1.0, opts->gain_channels - channels);
        box.floor_variance += learned_variance(opts, beside);
        box.floor_variance += 1.0 / ls_looks_effective(opts->looks, box.frames, beside);
    }
    return box;
}

static double steps(size_t count, size_t power) {
    return (double)count / (power < 2 ? 1.0 : (double)((size_t)1 << (power - 1)));
}

/* SNR at Pd 0.9 of a Gaussian burst that fills a window whose mean must reach t. low: that quantile
 * of the mean of its looks. */
static double needed_db(double low, double t) { return 10.0 * log10(fmax(1e-9, t / low - 1.0)); }

static size_t list_scales(const struct ls_limits_opts *opts, struct scale *ret) {
    size_t count = 0;
    double tail = opts->false_alarms / (4.0 * (double)opts->rows * (double)opts->channels);
    for (size_t j = opts->first_level; j < opts->levels; j++) {
        for (size_t b = 0; b < opts->widths; b++) {
            struct scale *scale = &ret[count++];
            scale->box = box_of(opts, (double)(1u << j), (double)(1u << b));
            scale->windows = steps(opts->rows, j) * steps(opts->channels, b);
            double looks = ls_looks_effective(opts->looks, scale->box.frames, scale->box.channels);
            double t = ls_looks_box_threshold(opts->looks, &scale->box, tail);
            double rarer = ls_looks_box_threshold(opts->looks, &scale->box, tail * exp(-1.0));
            double low = ls_looks_quantile(looks, LOW_SHARE);
            scale->slope = needed_db(low, rarer) - needed_db(low, t);
        }
    }
    return count;
}

/* The tail of one fitted window, when so many false alarms are expected for each window of the
 * streaming pass. */
static double tail_of_fits(double expected) {
    double tail = expected;
    for (int i = 0; i < 8; i++) {
        double turns = -log(fmin(tail, 0.3)) / FITS_NATS;
        tail = expected / fmax(1.0, FITS_PER_WINDOW * turns * turns * turns * turns);
    }
    return tail;
}

/* Windows of a grid give no more false alarms than there are of them (Bonferroni), which binds
 * where they are far apart for their size; where they are dense, their neighbours go together, and
 * their number counts for no more than that of fits. */
static double tail_of_grid(double expected, double tested) {
    return fmax(expected / tested, tail_of_fits(expected / GRID_FITS));
}

/* Shares exp(-loss / slope), with the one loss for which they sum to 1. */
static void share_budget(struct scale *scales, size_t count, const struct ls_limits_opts *opts) {
    double low = 0.0;
    double high = 20.0;
    for (int i = 0; i < 60; i++) {
        double loss = 0.5 * (low + high);
        double sum = 0.0;
        for (size_t k = 0; k < count; k++) {
            sum += exp(-loss / scales[k].slope);
        }
        if (sum > 1.0) {
            low = loss;
        } else {
            high = loss;
        }
    }
    for (size_t k = 0; k < count; k++) {
        double share = exp(-high / scales[k].slope);
        double expected = share * opts->false_alarms / scales[k].windows;
        size_t j = opts->first_level + k / opts->widths;
        double tail = opts->tested != NULL
                          ? tail_of_grid(expected, opts->tested[j][k % opts->widths])
                          : tail_of_fits(expected);
        scales[k].tail = fmin(0.05, tail);
    }
}

/* One more duration and one more bandwidth than are tested, at the tail of the largest. */
static void plan_beyond(struct ls_limits *ret, const struct ls_limits_opts *opts,
                        const struct scale *scales) {
    for (size_t j = opts->first_level; j <= opts->levels; j++) {
        for (size_t b = 0; b <= opts->widths; b++) {
            if (j < opts->levels && b < opts->widths) {
                continue;
            }
            size_t tested_j = j < opts->levels ? j : opts->levels - 1;
            size_t tested_b = b < opts->widths ? b : opts->widths - 1;
            double tail = scales[(tested_j - opts->first_level) * opts->widths + tested_b].tail;
            struct ls_looks_box box =
                box_of(opts, (double)((size_t)1 << j),
                       fmin((double)((size_t)1 << b), (double)opts->channels));
            double t = ls_looks_box_threshold(opts->looks, &box, tail);
            ret->excess[j][b] = (float)log2(t - 1.0);
        }
    }
}

void ls_limits_plan(struct ls_limits *ret, const struct ls_limits_opts *opts) {
    struct scale scales[SCALES_MAX];
    *ret = (struct ls_limits){.levels = opts->levels, .widths = opts->widths};
    size_t count = list_scales(opts, scales);
    share_budget(scales, count, opts);
    for (size_t k = 0; k < count; k++) {
        const struct scale *scale = &scales[k];
        size_t j = opts->first_level + k / opts->widths;
        size_t b = k % opts->widths;
        double fitted = ls_looks_box_threshold(opts->looks, &scale->box, scale->tail);
        double closer = fmin(0.05, LOOKS_CLOSER / ((double)count * scale->windows));
        double screen = fmin(fitted, ls_looks_box_threshold(opts->looks, &scale->box, closer));
        ret->excess[j][b] = (float)log2(fitted - 1.0);
        ret->screen[j][b] = (float)(ldexp(screen, (int)(j + b)));
        if (k == 0) {
            ret->seed = (float)fitted;
        }
    }
    plan_beyond(ret, opts, scales);
    struct ls_looks_box cell = box_of(opts, 1.0, 1.0);
    ret->grow = (float)ls_looks_box_threshold(opts->looks, &cell, GROW_TAIL);
}

/* The power of two below and the way to the next, of which the table has one more. */
static size_t place(size_t n, size_t powers, float *ret_part) {
    float at = log2f((float)n);
    size_t low = (size_t)at;
    if (low >= powers) {
        *ret_part = 1.0F;
        return powers - 1;
    }
    *ret_part = at - (float)low;
    return low;
}

float ls_limits_excess(const struct ls_limits *limits, size_t rows, size_t channels) {
    float row_part;
    float channel_part;
    size_t j = place(rows, limits->levels, &row_part);
    size_t b = place(channels, limits->widths, &channel_part);
    const float *shorter = limits->excess[j];
    const float *longer = limits->excess[j + 1];
    float low = shorter[b] + channel_part * (shorter[b + 1] - shorter[b]);
    float high = longer[b] + channel_part * (longer[b + 1] - longer[b]);
    return exp2f(low + row_part * (high - low));
}

double ls_limits_sensitivity_db(const struct ls_limits *limits, const struct ls_looks *looks,
                                size_t rows, size_t channels) {
    double t = 1.0 + (double)ls_limits_excess(limits, rows, channels);
    double low = ls_looks_quantile(ls_looks_effective(looks, 2 * rows, channels), LOW_SHARE);
    return needed_db(low, t);
}
