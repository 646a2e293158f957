#include "dsp/valleys.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "dsp/profiles.h"

/* 13 dB below the weaker of the two sides. */
static const double VALLEY_POWER = 0.05;
/* Of the narrower side's width: a slit in a wide signal is none, such as the empty carrier in the
 * middle of LTE and Wi-Fi. */
static const double VALLEY_WIDTH = 0.25;
/* 10 dB: sides that differ by more may be a signal and what its modulation puts beside it. */
static const double SIDE_POWER = 0.1;
/* Of the changes from row to row is opposite on the two sides: they alternate. */
static const double ALTERNATE = -0.5;
/* Of the weaker side's energy while the stronger is off, or of the stronger side's rows without the
 * weaker: they are switched by different hands. */
static const double OWN_ENERGY = 0.25;
static const double OWN_ROWS = 0.5;
/* Deviations of noise: a side is there. */
static const double SIDE_SIGMA = 10.0;
/* Of its strongest rows: a side is on. */
static const double ON_SHARE = 0.1;
enum {
    ROWS_MIN = 16,
    PANEL = 64, /* channels or rows gone over together */
};

struct ls_valleys {
    double *profile; /* [channels] */
    double *above;   /* [channels] strongest from here on */
};

int ls_valleys_create(struct ls_valleys **ret, size_t channels) {
    struct ls_valleys *valleys = calloc(1, sizeof *valleys);
    if (valleys == NULL) {
        return LS_ERR_NOMEM;
    }
    valleys->profile = calloc(channels, sizeof *valleys->profile);
    valleys->above = calloc(channels + 1, sizeof *valleys->above);
    if (valleys->profile == NULL || valleys->above == NULL) {
        ls_valleys_destroy(valleys);
        return LS_ERR_NOMEM;
    }
    *ret = valleys;
    return LS_OK;
}

void ls_valleys_destroy(struct ls_valleys *valleys) {
    if (valleys != NULL) {
        free(valleys->profile);
        free(valleys->above);
        free(valleys);
    }
}

/* Rows and the channels of two sides. */
struct sides {
    size_t row_start;
    size_t row_stop;
    size_t low[2];
    size_t high[2];
};

/* Power of both sides in some rows, above the noise. */
struct side_rows {
    size_t count;
    double power[2][PANEL];
};

/* Of up to PANEL rows from row r on. */
static void measure_sides(const struct ls_cells *in, const struct sides *sides, size_t r,
                          struct side_rows *ret) {
    size_t left = sides->row_stop - r;
    ret->count = left < PANEL ? left : PANEL;
    for (int s = 0; s < 2; s++) {
        const struct ls_area area = {.row_start = r,
                                     .row_stop = r + ret->count,
                                     .low = sides->low[s],
                                     .high = sides->high[s]};
        ls_profiles_rows(in, &area, ret->power[s]);
    }
}

/* Power of each side over all rows, and how the sides go together: -1: what one side loses from row
 * to row the other gains; 0: they know nothing of each other. Each pair of changes counts by the
 * smaller one, or a single edge would decide. */
struct comparison {
    double total[2];
    double alternation;
};

static void compare_sides(const struct ls_cells *in, const struct sides *sides,
                          struct comparison *ret) {
    double signs = 0.0;
    double weights = 0.0;
    double before[2] = {0.0, 0.0};
    double total[2] = {0.0, 0.0};
    struct side_rows rows;
    for (size_t from = sides->row_start; from < sides->row_stop; from += rows.count) {
        measure_sides(in, sides, from, &rows);
        for (size_t i = 0; i < rows.count; i++) {
            double a = rows.power[0][i] - before[0];
            double b = rows.power[1][i] - before[1];
            double weight = from + i > sides->row_start ? fmin(fabs(a), fabs(b)) : 0.0;
            signs += a * b < 0.0 ? -weight : weight;
            weights += weight;
            for (int s = 0; s < 2; s++) {
                total[s] += rows.power[s][i];
                before[s] = rows.power[s][i];
            }
        }
    }
    *ret = (struct comparison){.total = {total[0], total[1]},
                               .alternation = weights > 0.0 ? signs / weights : 0.0};
}

/* The strongest row of each side. */
static void find_peaks(const struct ls_cells *in, const struct sides *sides, double ret[2]) {
    struct side_rows rows;
    ret[0] = ret[1] = 0.0;
    for (size_t from = sides->row_start; from < sides->row_stop; from += rows.count) {
        measure_sides(in, sides, from, &rows);
        for (size_t i = 0; i < rows.count; i++) {
            for (int s = 0; s < 2; s++) {
                ret[s] = fmax(ret[s], rows.power[s][i]);
            }
        }
    }
}

/* Is the weaker side on when the stronger is not, or off while it is? */
static bool own_times(const struct ls_cells *in, const struct sides *sides, int strong) {
    double peak[2];
    find_peaks(in, sides, peak);
    double energy = 0.0;
    double apart = 0.0;
    double on_rows = 0.0;
    double without = 0.0;
    int weak = 1 - strong;
    struct side_rows rows;
    for (size_t from = sides->row_start; from < sides->row_stop; from += rows.count) {
        measure_sides(in, sides, from, &rows);
        for (size_t i = 0; i < rows.count; i++) {
            double power = fmax(0.0, rows.power[weak][i]);
            bool on = rows.power[strong][i] > ON_SHARE * peak[strong];
            energy += power;
            apart += on ? 0.0 : power;
            on_rows += on ? 1.0 : 0.0;
            without += on && power < ON_SHARE * peak[weak] ? 1.0 : 0.0;
        }
    }
    return apart > OWN_ENERGY * energy || without > OWN_ROWS * on_rows;
}

/* Two signals, given that there is a valley between the sides? */
static bool two_signals(const struct ls_cells *in, const struct sides *sides) {
    struct comparison both;
    compare_sides(in, sides, &both);
    int strong = both.total[0] >= both.total[1] ? 0 : 1;
    bool alike = both.total[1 - strong] >= SIDE_POWER * both.total[strong];
    if (!alike && !own_times(in, sides, strong)) {
        return false;
    }
    return both.alternation > ALTERNATE;
}

/* Is a valley of so many channels wide enough to part the sides? */
static bool wide_enough(const struct sides *sides, size_t empty) {
    size_t first = sides->high[0] - sides->low[0];
    size_t second = sides->high[1] - sides->low[1];
    return empty > 0 && (double)empty >= VALLEY_WIDTH * (double)(first < second ? first : second);
}

/* Mean power of each of channels [low, low + count) over the rows, above the noise. */
static void channel_means(const struct ls_cells *in, const struct sides *sides, size_t low,
                          size_t count, double *ret) {
    const struct ls_area area = {.row_start = sides->row_start,
                                 .row_stop = sides->row_stop,
                                 .low = low,
                                 .high = low + count};
    double rows = (double)(area.row_stop - area.row_start);
    ls_profiles_channels(in, &area, ret);
    for (size_t i = 0; i < count; i++) {
        ret[i] = ret[i] / rows * (double)in->floor_pow[low + i];
    }
}

/* The strongest of the channels [low, high). */
static double strongest_mean(const struct ls_cells *in, const struct sides *sides, size_t low,
                             size_t high) {
    double peak = 0.0;
    for (size_t from = low; from < high; from += PANEL) {
        double means[PANEL];
        size_t count = high - from < PANEL ? high - from : PANEL;
        channel_means(in, sides, from, count, means);
        for (size_t i = 0; i < count; i++) {
            peak = fmax(peak, means[i]);
        }
    }
    return peak;
}

/* How many of the channels [low, high) are below least. */
static size_t count_below(const struct ls_cells *in, const struct sides *sides, size_t low,
                          size_t high, double least) {
    size_t below = 0;
    for (size_t from = low; from < high; from += PANEL) {
        double means[PANEL];
        size_t count = high - from < PANEL ? high - from : PANEL;
        channel_means(in, sides, from, count, means);
        for (size_t i = 0; i < count; i++) {
            below += means[i] < least ? 1 : 0;
        }
    }
    return below;
}

bool ls_valleys_apart(const struct ls_cells *in, const struct ls_box *low,
                      const struct ls_box *high) {
    struct sides sides = {
        .row_start = low->row_start < high->row_start ? low->row_start : high->row_start,
        .row_stop = low->row_stop > high->row_stop ? low->row_stop : high->row_stop,
        .low = {low->channel_low, high->channel_low},
        .high = {low->channel_high, high->channel_high}};
    if (sides.row_stop - sides.row_start < ROWS_MIN || sides.low[1] <= sides.high[0]) {
        return false;
    }
    double first = strongest_mean(in, &sides, sides.low[0], sides.high[0]);
    double second = strongest_mean(in, &sides, sides.low[1], sides.high[1]);
    double least = VALLEY_POWER * fmin(first, second);
    size_t empty = count_below(in, &sides, sides.high[0], sides.low[1], least);
    return wide_enough(&sides, empty) && two_signals(in, &sides);
}

/* The deepest valley within the box, or 0. */
static size_t find_valley(struct ls_valleys *valleys, const struct ls_cells *in,
                          const struct ls_box *box) {
    struct sides sides = {.row_start = box->row_start, .row_stop = box->row_stop};
    double noise = 0.0;
    channel_means(in, &sides, box->channel_low, box->channel_high - box->channel_low,
                  valleys->profile + box->channel_low);
    for (size_t c = box->channel_low; c < box->channel_high; c++) {
        noise = fmax(noise, (double)in->floor_pow[c]);
    }
    valleys->above[box->channel_high] = 0.0;
    for (size_t c = box->channel_high; c-- > box->channel_low;) {
        valleys->above[c] = fmax(valleys->above[c + 1], valleys->profile[c]);
    }
    double least = SIDE_SIGMA * noise / sqrt((double)(box->row_stop - box->row_start));
    double deepest = VALLEY_POWER;
    double below = 0.0;
    size_t best = 0;
    for (size_t c = box->channel_low; c + 1 < box->channel_high; c++) {
        double side = fmin(below, valleys->above[c + 1]);
        double depth = fmax(0.0, valleys->profile[c]) / fmax(side, least);
        if (side > least && depth < deepest) {
            deepest = depth;
            best = c;
        }
        below = fmax(below, valleys->profile[c]);
    }
    return best;
}

/* Channels around the valley, whose profile is known, that are no higher than what parts sides. */
static size_t valley_width(const struct ls_valleys *valleys, const struct ls_box *box,
                           size_t valley) {
    double below = 0.0;
    for (size_t c = box->channel_low; c < valley; c++) {
        below = fmax(below, valleys->profile[c]);
    }
    double least = VALLEY_POWER * fmin(below, valleys->above[valley + 1]);
    size_t low = valley;
    size_t high = valley + 1;
    while (low > box->channel_low && valleys->profile[low - 1] < least) {
        low--;
    }
    while (high < box->channel_high && valleys->profile[high] < least) {
        high++;
    }
    return high - low;
}

size_t ls_valleys_cut(struct ls_valleys *valleys, const struct ls_cells *in, struct ls_box *boxes,
                      size_t count, size_t room) {
    size_t total = count;
    for (size_t i = 0; i < total && total < room; i++) {
        struct ls_box *box = &boxes[i];
        bool worth =
            box->row_stop - box->row_start >= ROWS_MIN && box->channel_high - box->channel_low >= 3;
        size_t valley = worth ? find_valley(valleys, in, box) : 0;
        if (valley == 0) {
            continue;
        }
        struct sides sides = {.row_start = box->row_start,
                              .row_stop = box->row_stop,
                              .low = {box->channel_low, valley + 1},
                              .high = {valley, box->channel_high}};
        if (wide_enough(&sides, valley_width(valleys, box, valley)) && two_signals(in, &sides)) {
            boxes[total] = *box;
            boxes[total++].channel_low = (uint32_t)valley + 1;
            box->channel_high = (uint32_t)valley;
            i--; /* there may be another valley */
        }
    }
    return total;
}
