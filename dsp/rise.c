#include "dsp/rise.h"

#include <math.h>

#include "dsp/sort.h"

enum {
    EXCISED_LEAST = 8, /* slots: of fewer the mean is taken */
    ASKED = 512,       /* channels tell the quartile to 0.3 % */
};

/* From the tenth to the seventieth percentile a Gaussian has 1.8 deviations; the rest is for the
 * error of that and for what the floor's own shape is off. */
static const double EVEN_SIGMA = 2.2;
static const double EVEN_SHARE = 0.02;

/* Where the lower quartile of a Gaussian lies below its mean, and how far that of many scatters, by
 * the root of how many they are. */
static const double QUARTILE_SIGMA = 0.6745;
static const double QUARTILE_ERROR = 1.36;

void ls_rise_plan(struct ls_rise *ret, const struct ls_looks *looks, size_t slots, size_t frames) {
    ret->slots = slots < LS_RISE_SLOTS_MAX ? slots : LS_RISE_SLOTS_MAX;
    double one = ls_looks_effective(looks, frames, 1);
    ret->excise = ls_excise_plan(ret->slots, one);
    ret->sigma = 1.0 / sqrt(one * (double)ret->slots);
    ret->low = 1.0 - QUARTILE_SIGMA * ret->sigma;
}

/* Of a column of values, one for each slot, in rising order where they are to be excised. */
static float quiet_mean(const struct ls_rise *rise, const float *column) {
    float values[LS_RISE_SLOTS_MAX];
    float sum = 0.0F;
    for (size_t s = 0; s < rise->slots; s++) {
        values[s] = column[s * LS_SORT_COLUMNS];
        sum += values[s];
    }
    if (rise->slots < EXCISED_LEAST) {
        return sum / (float)rise->slots;
    }
    return (float)ls_excise_mean(&rise->excise, values, rise->slots, NULL);
}

/* The same of count <= LS_SORT_COLUMNS channels, step apart. */
static void quiet_means(const struct ls_rise *rise, const float *sums, size_t channels, size_t step,
                        size_t count, float *ret) {
    float columns[LS_RISE_SLOTS_MAX][LS_SORT_COLUMNS] = {{0}};
    for (size_t s = 0; s < rise->slots; s++) {
        for (size_t i = 0; i < count; i++) {
            columns[s][i] = sums[s * channels + i * step];
        }
    }
    if (rise->slots >= EXCISED_LEAST) {
        ls_sort_columns(columns[0], rise->slots);
    }
    for (size_t i = 0; i < count; i++) {
        ret[i] = quiet_mean(rise, columns[0] + i);
    }
}

static size_t step_of(size_t channels) { return (channels + ASKED - 1) / ASKED; }

double ls_rise_error(const struct ls_rise *rise, size_t channels) {
    size_t asked = channels / step_of(channels);
    return QUARTILE_ERROR * rise->sigma / sqrt((double)asked);
}

double ls_rise_estimate(const struct ls_rise *rise, const float *sums, size_t channels,
                        size_t first, size_t last, size_t rows, bool *ret_even, float *work) {
    size_t step = step_of(last - first);
    size_t count = (last - first + step - 1) / step;
    for (size_t i = 0; i < count; i += LS_SORT_COLUMNS) {
        size_t left = count - i < LS_SORT_COLUMNS ? count - i : LS_SORT_COLUMNS;
        quiet_means(rise, sums + first + i * step, channels, step, left, work + i);
    }
    ls_sort_powers(work, count);
    double quartile = (double)work[count / 4];
    double spread = (double)(work[count * 7 / 10] - work[count / 10]) / quartile;
    *ret_even = spread < EVEN_SIGMA * rise->sigma + EVEN_SHARE;
    return quartile / ((double)rows * rise->low);
}
