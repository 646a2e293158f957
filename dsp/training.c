#include "dsp/training.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    BITS_MAX = 64,
    STEPS = 16,     /* of the phase in a symbol */
    REACH = 3,      /* symbols on each side that a frequency pulse fills */
    REPLICA = 1024, /* samples */
    FRACTIONS = 2,  /* places tried in a sample */
};

static const double SYMBOL_SPS = 1625e3 / 6.0;
static const double BANDWIDTH_TIME = 0.3;
static const double LEAST_SPS = 300e3;
static const double MOST_SPS = 4e6;

static const char *const sequences[] = {
    [LS_TRAINING_EXTENDED] = "1011100101100010000001000000111100101101010001010111011000011011",
    [LS_TRAINING_ACCESS] = "01001011011111111001100110101010001111000",
};

struct ls_training {
    size_t bits;
    double phase[(size_t)BITS_MAX * STEPS + 1]; /* radians, by steps since the first bit */
    float complex products[LS_TRAINING_SAMPLES];
    float complex replica[REPLICA];
};

/* Share of a normal deviate below x. */
static double below(double x) { return 0.5 * erfc(-x / M_SQRT2); }

/* Each symbol turns by +-90 degrees, spread by a Gaussian filter: what the neighbours outside of
 * the sequence add is left out. */
static void make_phase(struct ls_training *training, const char *bits) {
    const double sigma = sqrt(log(2.0)) / (2.0 * M_PI * BANDWIDTH_TIME); /* symbols */
    size_t count = training->bits * STEPS;
    for (size_t step = 0; step < count; step++) {
        double t = ((double)step + 0.5) / STEPS - 0.5; /* symbol i is centred on i */
        double rate = 0.0;
        for (size_t i = 1; i < training->bits; i++) {
            double away = t - (double)i;
            if (fabs(away) < REACH) {
                double sign = bits[i] == bits[i - 1] ? 1.0 : -1.0;
                rate += sign * (below((away + 0.5) / sigma) - below((away - 0.5) / sigma));
            }
        }
        training->phase[step + 1] = training->phase[step] + 0.5 * M_PI * rate / STEPS;
    }
}

int ls_training_create(struct ls_training **ret, enum ls_training_kind kind, struct ls_err *err) {
    struct ls_training *training = calloc(1, sizeof *training);
    if (training == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for training sequences");
    }
    training->bits = strlen(sequences[kind]);
    make_phase(training, sequences[kind]);
    *ret = training;
    return LS_OK;
}

void ls_training_destroy(struct ls_training *training) { free(training); }

/* Phase at a time in symbols since the first bit. */
static double phase_at(const struct ls_training *training, double symbols) {
    double at = fmin(fmax(symbols, 0.0), (double)training->bits) * STEPS;
    size_t step = (size_t)fmin(floor(at), (double)(training->bits * STEPS - 1));
    double part = at - (double)step;
    return training->phase[step] + part * (training->phase[step + 1] - training->phase[step]);
}

/* Of count values: their sum, and the sum of their powers less that of their mean. */
static double scatter(const float complex *values, size_t count, double complex *ret_sum) {
    double complex sum = 0.0;
    double power = 0.0;
    for (size_t n = 0; n < count; n++) {
        double re = (double)crealf(values[n]);
        double im = (double)cimagf(values[n]);
        sum += CMPLX(re, im);
        power += re * re + im * im;
    }
    *ret_sum = sum;
    return power - (creal(sum) * creal(sum) + cimag(sum) * cimag(sum)) / (double)count;
}

static double covariance(const float complex *a, const float complex *b, size_t count,
                         double complex sum_a, double complex sum_b) {
    double re = 0.0;
    double im = 0.0;
    for (size_t n = 0; n < count; n++) {
        re += (double)(crealf(a[n]) * crealf(b[n]) + cimagf(a[n]) * cimagf(b[n]));
        im += (double)(cimagf(a[n]) * crealf(b[n]) - crealf(a[n]) * cimagf(b[n]));
    }
    double complex c = CMPLX(re, im) - sum_a * conj(sum_b) / (double)count;
    return creal(c) * creal(c) + cimag(c) * cimag(c);
}

/* Products of samples lag apart that the sequence gives. Returns how many. */
static size_t make_replica(struct ls_training *training, double a_symbol, size_t lag,
                           double fraction) {
    size_t count = 0;
    double end = (double)training->bits - 0.5;
    for (; count < REPLICA; count++) {
        /* The first half symbol is the neighbour's. */
        double t = ((double)count + fraction) / a_symbol + 0.5;
        double later = t + (double)lag / a_symbol;
        if (later > end) {
            break;
        }
        double turn = phase_at(training, later) - phase_at(training, t);
        training->replica[count] = CMPLXF((float)cos(turn), (float)sin(turn));
    }
    return count;
}

struct ls_training_match ls_training_find(struct ls_training *training, const float complex *iq,
                                          size_t count, double rate_sps) {
    struct ls_training_match best = {.share = 0.0};
    double a_symbol = rate_sps / SYMBOL_SPS; /* samples */
    size_t lag = (size_t)fmax(1.0, round(a_symbol));
    count = count < LS_TRAINING_SAMPLES ? count : LS_TRAINING_SAMPLES;
    if (rate_sps < LEAST_SPS || rate_sps > MOST_SPS || count <= lag) {
        return best;
    }
    for (size_t n = 0; n + lag < count; n++) {
        float complex a = iq[n + lag];
        float complex b = iq[n];
        training->products[n] = CMPLXF(crealf(a) * crealf(b) + cimagf(a) * cimagf(b),
                                       cimagf(a) * crealf(b) - crealf(a) * cimagf(b));
    }
    for (int f = 0; f < FRACTIONS; f++) {
        size_t length = make_replica(training, a_symbol, lag, (double)f / FRACTIONS);
        double complex sum;
        double shape = scatter(training->replica, length, &sum);
        for (size_t n = 0; n + length + lag <= count; n++) {
            double complex mean;
            double all = scatter(training->products + n, length, &mean);
            double both = covariance(training->products + n, training->replica, length, mean, sum);
            if (both > best.share * all * shape) {
                double first = (double)n - 0.5 * a_symbol;
                best.share = both / (all * shape);
                best.at = first > 0.0 ? (size_t)first : 0;
            }
        }
    }
    return best;
}
