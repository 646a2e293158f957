#include "dsp/onset.h"

#include <assert.h>
#include <math.h>

enum {
    STEPS = 8,      /* of the grid in a row */
    SLOPE_STEPS = 6 /* a row is on the slope from so many steps before the instant to as many
                       behind it */
};

/* Looks of a row: of noise for each channel, and of a steady line in noise that may fade a little.
 * A band of noise has as many looks as the noise it is in. */
static const double NOISE_LOOKS = 1.5;
static const double LINE_LOOKS = 4.0;

/* -30 dB: a row whose noise came out at nothing is no stronger proof than that. */
static const double POWER_MIN = 1e-3;

/* Mean of the step response's power over the two frames of a row whose centre is so many frames
 * behind the instant. The amplitude rises over one frame before and one behind: that is the main
 * lobe of the bank's filter, whose step response is that of a sinc (0.06, 0.5, 0.94 there). */
static double response(double frames, double alone) {
    double sum = 0.0;
    for (int side = -1; side <= 1; side += 2) {
        double at = fmin(1.0, fmax(0.0, 0.5 * (1.0 + frames + 0.5 * side)));
        sum += alone * at * at + (1.0 - alone) * at;
    }
    return 0.5 * sum;
}

/* Log-likelihood ratio of a row to noise, both by Gamma laws: constant + slope * power + bend *
 * log(power). */
struct law {
    double constant;
    double slope;
    double bend;
};

static double log_norm(double looks) { return looks * log(looks) - lgamma(looks); }

static struct law law_of(double level, double looks, double noise_looks) {
    return (struct law){.constant = log_norm(looks) - log_norm(noise_looks) - looks * log1p(level),
                        .slope = noise_looks - looks / (1.0 + level),
                        .bend = looks - noise_looks};
}

struct row {
    double power;
    double log_power;
};

static double weigh(const struct law *law, const struct row *row) {
    return law->constant + law->slope * row->power + law->bend * row->log_power;
}

/* Of the rows that are on the slope of an instant so many steps from the beginning, and in *ret the
 * first row behind them. Row r is centred on step STEPS r + STEPS / 4. */
static double weigh_slope(const struct law *slope, const struct row *rows, size_t count, int step,
                          size_t *ret) {
    int first = step - STEPS / 4 - SLOPE_STEPS;
    size_t r = first > 0 ? (size_t)((first + STEPS - 1) / STEPS) : 0;
    double sum = 0.0;
    for (; r < count; r++) {
        int k = STEPS * (int)r + STEPS / 4 - step;
        if (k > SLOPE_STEPS) {
            break;
        }
        sum += weigh(&slope[k + SLOPE_STEPS], &rows[r]);
    }
    *ret = r;
    return sum;
}

double ls_onset_find(const struct ls_onset *onset, const double *power, size_t rows) {
    assert(rows <= LS_ONSET_ROWS_MAX);
    double noise_looks = NOISE_LOOKS * (double)onset->channels;
    double line_looks = fmax(LINE_LOOKS, noise_looks);
    struct law slope[2 * SLOPE_STEPS + 1];
    for (int k = -SLOPE_STEPS; k <= SLOPE_STEPS; k++) {
        double part = response(2.0 * k / STEPS, onset->alone);
        double looks = noise_looks + part * (line_looks - noise_looks);
        slope[k + SLOPE_STEPS] = law_of(onset->level * part, looks, noise_looks);
    }
    struct row row[LS_ONSET_ROWS_MAX];
    double behind[LS_ONSET_ROWS_MAX + 1]; /* of rows from r on, if they are on */
    behind[rows] = 0.0;
    for (size_t r = rows; r-- > 0;) {
        row[r].power = power[r];
        row[r].log_power = log(fmax(POWER_MIN, power[r]));
        behind[r] = behind[r + 1] + weigh(&slope[2 * SLOPE_STEPS], &row[r]);
    }
    double best = behind[0];
    double found = 0.0;
    for (int step = 0; step <= STEPS * (int)rows; step++) {
        size_t on;
        double sum = weigh_slope(slope, row, rows, step, &on);
        sum += behind[on];
        if (sum > best) {
            best = sum;
            found = 2.0 * step / STEPS;
        }
    }
    return found;
}
