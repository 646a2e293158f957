#include "dsp/looks.h"

#include <assert.h>
#include <gsl/gsl_eigen.h>
#include <gsl/gsl_sf_gamma.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "dsp/prototype.h"

/* Correlations are kept up to this distance in channels; farther channels share nothing above the
 * stopband. */
enum {
    CHANNELS_APART = 4,
    BASE_FRAMES = 5,   /* bases of 1, 2, 4, 8, 16 frames */
    BASE_CHANNELS = 3, /* by 1, 2, 4 channels */
    BASE_CELLS = 32,   /* of larger ones the eigenvalues of the next smaller one are taken */
    NEWTON_MAX = 100,
    TOGETHER = 8 /* factors, each far above 2^-100: their product does not underflow */
};

/* Of the logarithm of a tail: a threshold that is off by it shows it in no float. */
static const double CLOSE_NATS = 1e-11;

/* Eigenvalues of a small box's cell covariance, over their sum. */
struct base {
    size_t count; /* 0: too large */
    double looks;
    double weights[BASE_CELLS];
    double largest; /* of the weights */
};

struct ls_looks {
    size_t frames_apart; /* correlations reach that far in time, exclusive */
    double *correlation; /* [frames_apart][CHANNELS_APART]: rho but for its phase */
    struct base bases[BASE_FRAMES][BASE_CHANNELS];
};

static double correlation(const struct ls_looks *looks, size_t frames, size_t channels) {
    bool near = frames < looks->frames_apart && channels < CHANNELS_APART;
    return near ? looks->correlation[frames * CHANNELS_APART + channels] : 0.0;
}

/* rho of cells (k, c) and (l, d), hop = channels / 2: the pair's place turns it by a quarter for
 * each channel and frame. */
static gsl_complex covariance(const struct ls_looks *looks, size_t k, size_t c, size_t l,
                              size_t d) {
    double rho = correlation(looks, k > l ? k - l : l - k, c > d ? c - d : d - c);
    double turn = 0.5 * M_PI * ((double)d - (double)c) * (double)(k + l);
    gsl_complex ret;
    GSL_SET_COMPLEX(&ret, rho * cos(turn), rho * sin(turn));
    return ret;
}

static int make_base(const struct ls_looks *looks, size_t frames, size_t channels,
                     struct base *ret) {
    size_t n = frames * channels;
    gsl_matrix_complex *matrix = gsl_matrix_complex_alloc(n, n);
    gsl_vector *values = gsl_vector_alloc(n);
    gsl_eigen_herm_workspace *work = gsl_eigen_herm_alloc(n);
    int code = LS_ERR_NOMEM;
    if (matrix != NULL && values != NULL && work != NULL) {
        for (size_t i = 0; i < n; i++) {
            for (size_t j = 0; j < n; j++) {
                gsl_matrix_complex_set(
                    matrix, i, j,
                    covariance(looks, i / channels, i % channels, j / channels, j % channels));
            }
        }
        gsl_eigen_herm(matrix, values, work);
        double squares = 0.0;
        for (size_t i = 0; i < n; i++) {
            ret->weights[i] = fmax(0.0, gsl_vector_get(values, i)) / (double)n;
            squares += ret->weights[i] * ret->weights[i];
            ret->largest = fmax(ret->largest, ret->weights[i]);
        }
        ret->count = n;
        ret->looks = 1.0 / squares;
        code = LS_OK;
    }
    gsl_matrix_complex_free(matrix);
    gsl_vector_free(values);
    gsl_eigen_herm_free(work);
    return code;
}

static int make_bases(struct ls_looks *looks) {
    int code = LS_OK;
    for (size_t f = 0; f < BASE_FRAMES && code == LS_OK; f++) {
        for (size_t c = 0; c < BASE_CHANNELS && code == LS_OK; c++) {
            if (((size_t)1 << (f + c)) <= BASE_CELLS) {
                code = make_base(looks, (size_t)1 << f, (size_t)1 << c, &looks->bases[f][c]);
            }
        }
    }
    return code;
}

int ls_looks_create(struct ls_looks **ret, const float *prototype, size_t length, size_t channels,
                    struct ls_err *err) {
    struct ls_looks *looks = calloc(1, sizeof *looks);
    if (looks == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for the look table");
    }
    looks->frames_apart = 2 * length / channels;
    looks->correlation = calloc(looks->frames_apart * CHANNELS_APART, sizeof *looks->correlation);
    if (looks->correlation == NULL) {
        ls_looks_destroy(looks);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for the look table");
    }
    for (size_t t = 0; t < looks->frames_apart; t++) {
        for (size_t d = 0; d < CHANNELS_APART; d++) {
            looks->correlation[t * CHANNELS_APART + d] =
                ls_prototype_correlation(prototype, length, channels, t, d);
        }
    }
    if (make_bases(looks) != LS_OK) {
        ls_looks_destroy(looks);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for the look table");
    }
    *ret = looks;
    return LS_OK;
}

void ls_looks_destroy(struct ls_looks *looks) {
    if (looks != NULL) {
        free(looks->correlation);
        free(looks);
    }
}

double ls_looks_effective(const struct ls_looks *looks, size_t frames, size_t channels) {
    double sum = 0.0;
    for (size_t t = 0; t < looks->frames_apart && t < frames; t++) {
        for (size_t d = 0; d < CHANNELS_APART && d < channels; d++) {
            double pairs = (double)(frames - t) * (double)(channels - d);
            double sides = (t > 0 ? 2.0 : 1.0) * (d > 0 ? 2.0 : 1.0);
            double rho = correlation(looks, t, d);
            sum += sides * pairs * rho * rho;
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

/* The logarithm of the tail is concave for one look and more, and Newton's steps end right of where
 * they go to, nearer each time; for fewer it is convex, and they come from the left. */
double ls_looks_threshold(double looks, double p) {
    assert(looks > 0.0 && p > 0.0 && p < 1.0);
    double goal = log(p);
    double scale = log(looks) - gsl_sf_lngamma(looks);
    double t = 1.0;
    for (int i = 0; i < NEWTON_MAX; i++) {
        double tail = ls_looks_log_tail(looks, t);
        double fall = exp(scale + (looks - 1.0) * log(looks * t) - looks * t - tail);
        double next = t + (tail - goal) / fall;
        double before = t;
        t = next > 0.0 ? next : 0.5 * t;
        if (fabs(t - before) <= 1e-13 * t) {
            break;
        }
    }
    return t;
}

/* A law: weights that sum to 1, each in copies equal parts, over a floor that is the mean of looks
 * of its own. */
struct law {
    const struct base *base;
    double copies;
    double floor_variance;
};

static size_t largest_power(size_t n, size_t most) {
    size_t power = 0;
    while (power + 1 < most && ((size_t)2 << power) <= n) {
        power++;
    }
    return power;
}

static struct law law_of(const struct ls_looks *looks, const struct ls_looks_box *box) {
    size_t f = largest_power(box->frames, BASE_FRAMES);
    size_t c = largest_power(box->channels, BASE_CHANNELS);
    while (looks->bases[f][c].count == 0) {
        f--;
    }
    const struct base *base = &looks->bases[f][c];
    double own = ls_looks_effective(looks, box->frames, box->channels);
    own *= box->looks_share > 0.0 ? box->looks_share : 1.0;
    return (struct law){
        .base = base, .copies = own / base->looks, .floor_variance = box->floor_variance};
}

/* The saddlepoint s = copies * x / largest weight, 0 < x < 1: the mean t it belongs to, and the
 * logarithm of the tail beyond t. A box of mean m exceeds t floors f when m - t f > 0, whose
 * cumulants are those of m and of a Gamma variate with the floor's variance. */
static double tail_at(const struct law *law, double x, double *ret_t) {
    double s = x / law->base->largest;
    double cumulant = 0.0;
    double product = 1.0;
    double t = 0.0;
    double curvature = 0.0;
    for (size_t i = 0; i < law->base->count; i++) {
        double part = law->base->weights[i] / (1.0 - law->base->weights[i] * s);
        product *= 1.0 - law->base->weights[i] * s;
        t += part;
        curvature += part * part;
        if (i % TOGETHER == TOGETHER - 1 || i + 1 == law->base->count) {
            cumulant -= log(product);
            product = 1.0;
        }
    }
    double variance = law->floor_variance;
    double part = t * law->copies * s * variance;
    if (part >= 1.0) {
        *ret_t = INFINITY;
        return -INFINITY;
    }
    *ret_t = t / (1.0 - part);
    double floor = variance > 0.0 ? -log1p(-part) / variance : t * law->copies * s;
    double w = sqrt(2.0 * (floor - law->copies * cumulant));
    double u = s * sqrt(law->copies * (curvature + law->copies * t * t * variance));
    /* Q(w) as the normal density times Mills' ratio, which stays finite far out. */
    double mills = w < 30.0 ? 0.5 * erfc(w * M_SQRT1_2) * exp(0.5 * w * w) * sqrt(2.0 * M_PI)
                            : 1.0 / w - 1.0 / (w * w * w);
    return -0.5 * w * w - 0.5 * log(2.0 * M_PI) + log(mills + 1.0 / u - 1.0 / w);
}

double ls_looks_box_log_tail(const struct ls_looks *looks, const struct ls_looks_box *box,
                             double t) {
    assert(t > 1.0);
    struct law law = law_of(looks, box);
    double low = 0.0;
    double high = 1.0;
    double log_tail = 0.0;
    for (int i = 0; i < 60; i++) {
        double middle = 0.5 * (low + high);
        double at;
        log_tail = tail_at(&law, middle, &at);
        if (at > t) {
            high = middle;
        } else {
            low = middle;
        }
    }
    return log_tail;
}

/* False position (the Illinois way: an end that stays twice counts half), in the middle as long as
 * the tail at one end is not known. */
double ls_looks_box_threshold(const struct ls_looks *looks, const struct ls_looks_box *box,
                              double p) {
    assert(p > 0.0 && p < 0.1);
    struct law law = law_of(looks, box);
    double goal = log(p);
    double low = 0.0;
    double high = 1.0;
    double at_low = INFINITY;
    double at_high = -INFINITY;
    double before = 0.0;
    double t = 1.0;
    for (int i = 0; i < 60; i++) {
        bool known = isfinite(at_low) && isfinite(at_high);
        double share = known ? at_low / (at_low - at_high) : 0.5;
        double middle = low + share * (high - low);
        double beyond = tail_at(&law, middle, &t) - goal;
        if (fabs(beyond) <= CLOSE_NATS) {
            break;
        }
        if (beyond > 0.0) {
            low = middle;
            at_low = beyond;
            at_high *= before > 0.0 ? 0.5 : 1.0;
        } else {
            high = middle;
            at_high = beyond;
            at_low *= before < 0.0 ? 0.5 : 1.0;
        }
        before = beyond;
    }
    return t;
}

double ls_looks_quantile(double looks, double q) { return ls_looks_threshold(looks, 1.0 - q); }

double ls_looks_truncated_mean(double looks, double t) {
    double below = gsl_sf_gamma_inc_P(looks, looks * t);
    return below > 0.0 ? gsl_sf_gamma_inc_P(looks + 1.0, looks * t) / below : t;
}
