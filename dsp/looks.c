#include "dsp/looks.h"

#include <assert.h>
#include <gsl/gsl_sf_gamma.h>
#include <math.h>
#include <stdlib.h>

#include "dsp/prototype.h"

/* Correlations are kept up to this distance in channels; farther channels share nothing above the
 * stopband. */
enum { CHANNELS_APART = 4 };

struct ls_looks {
    size_t frames_apart; /* correlations reach that far in time, exclusive */
    double *squared;     /* [frames_apart][CHANNELS_APART]: |rho(frames, channels)|^2 */
};

int ls_looks_create(struct ls_looks **ret, const float *prototype, size_t length, size_t channels,
                    struct ls_err *err) {
    struct ls_looks *looks = calloc(1, sizeof *looks);
    if (looks == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for the look table");
    }
    looks->frames_apart = 2 * length / channels;
    looks->squared = calloc(looks->frames_apart * CHANNELS_APART, sizeof *looks->squared);
    if (looks->squared == NULL) {
        ls_looks_destroy(looks);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for the look table");
    }
    for (size_t t = 0; t < looks->frames_apart; t++) {
        for (size_t d = 0; d < CHANNELS_APART; d++) {
            double rho = ls_prototype_correlation(prototype, length, channels, t, d);
            looks->squared[t * CHANNELS_APART + d] = rho * rho;
        }
    }
    *ret = looks;
    return LS_OK;
}

void ls_looks_destroy(struct ls_looks *looks) {
    if (looks != NULL) {
        free(looks->squared);
        free(looks);
    }
}

double ls_looks_effective(const struct ls_looks *looks, size_t frames, size_t channels) {
    double sum = 0.0;
    for (size_t t = 0; t < looks->frames_apart && t < frames; t++) {
        for (size_t d = 0; d < CHANNELS_APART && d < channels; d++) {
            double pairs = (double)(frames - t) * (double)(channels - d);
            double sides = (t > 0 ? 2.0 : 1.0) * (d > 0 ? 2.0 : 1.0);
            sum += sides * pairs * looks->squared[t * CHANNELS_APART + d];
        }
    }
    double cells = (double)frames * (double)channels;
    return fmax(1.0, cells * cells / sum);
}

/* log Q(K, x), upper regularised incomplete gamma function. The continued fraction of Gamma(K, x)
 * (Abramowitz and Stegun 6.5.31, by the modified Lentz method) where Q underflows a double or is
 * near it. */
static double log_upper_gamma(double k, double x) {
    if (x < k + 1.0) {
        return log(gsl_sf_gamma_inc_Q(k, x));
    }
    const double tiny = 1e-300;
    double b = x + 1.0 - k;
    double c = 1.0 / tiny;
    double d = 1.0 / b;
    double h = d;
    for (int i = 1; i < 100000; i++) {
        double an = -(double)i * ((double)i - k);
        b += 2.0;
        d = an * d + b;
        d = fabs(d) < tiny ? tiny : d;
        c = b + an / c;
        c = fabs(c) < tiny ? tiny : c;
        d = 1.0 / d;
        double step = d * c;
        h *= step;
        if (fabs(step - 1.0) < 1e-14) {
            break;
        }
    }
    return -x + k * log(x) - gsl_sf_lngamma(k) + log(h);
}

double ls_looks_log_tail(double looks, double t) {
    assert(looks > 0.0 && t > 0.0);
    return log_upper_gamma(looks, looks * t);
}

double ls_looks_threshold(double looks, double p) {
    assert(looks > 0.0 && p > 0.0 && p < 1.0);
    double goal = log(p);
    double low = 1e-12;
    double high = 1.0 + (8.0 - goal) / looks + sqrt(2.0 * (8.0 - goal) / looks);
    while (ls_looks_log_tail(looks, high) > goal) {
        high *= 2.0;
    }
    for (int i = 0; i < 200 && high - low > 1e-13 * high; i++) {
        double middle = 0.5 * (low + high);
        if (ls_looks_log_tail(looks, middle) > goal) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return high;
}

double ls_looks_quantile(double looks, double q) { return ls_looks_threshold(looks, 1.0 - q); }

double ls_looks_truncated_mean(double looks, double t) {
    double below = gsl_sf_gamma_inc_P(looks, looks * t);
    return below > 0.0 ? gsl_sf_gamma_inc_P(looks + 1.0, looks * t) / below : t;
}
