#include "pattern/clock_test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pattern/real_fft.h"

/* Sizes: 32 points an event hold frequencies up to five a mean interval at 2.5 points in a line. */
enum { POINTS_PER_EVENT = 32, POINTS_MAX = LS_ARRIVALS_MAX * POINTS_PER_EVENT };
enum { HARMONICS = 8, LONG_HARMONICS = 8, STEPS = 4, MASK_DRAWS = 8 };
static const double oversampling = 2.5;
static const double used_band = 0.4; /* of the sampling rate: rounding to points costs 1 dB there */
static const double fastest = 5.0;   /* periods down to a fifth of the mean interval */
static const double cycles_min = 4.0; /* in the span */
static const double quantum_band = 0.4;
static const double line_floor = 4.0; /* mean of eight Z of no line: above 4 once in 1e8 */
static const double level_threshold = 1.5;
static const double low_hz = LS_CLOCK_LOW_HZ;

struct ls_clock_test {
    struct ls_real_fft *fft;
    float *power;  /* [POINTS_MAX / 2 + 1]: Z by frequency */
    float *expect; /* the same, of surrogates; 1 where there is no line */
    double drawn[LS_ARRIVALS_MAX];
    size_t size; /* points of the transform */
    size_t count;
    double origin_s;
    double step_hz; /* of the transform */
    size_t top;     /* last frequency used */
    double first;   /* fundamental frequencies, in steps, of the plain scan */
    double last;
    double long_first; /* of the scan by harmonics; 0: none */
    bool masked;
};

int ls_clock_test_create(struct ls_clock_test **ret, struct ls_err *err) {
    struct ls_clock_test *test = calloc(1, sizeof *test);
    int code = test == NULL ? LS_ERR_NOMEM : ls_real_fft_create(&test->fft, POINTS_MAX, err);
    if (code == LS_OK) {
        test->power = malloc((POINTS_MAX / 2 + 1) * sizeof *test->power);
        test->expect = malloc((POINTS_MAX / 2 + 1) * sizeof *test->expect);
    }
    if (code != LS_OK || test->power == NULL || test->expect == NULL) {
        ls_clock_test_destroy(test);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for the clock test");
    }
    *ret = test;
    return LS_OK;
}

void ls_clock_test_destroy(struct ls_clock_test *test) {
    if (test == NULL) {
        return;
    }
    ls_real_fft_destroy(test->fft);
    free(test->power);
    free(test->expect);
    free(test);
}

/* Z at each frequency of the grid, as it comes. */
static void transform(struct ls_clock_test *test, const double *t_s) {
    ls_real_fft_begin(test->fft, test->size);
    double rate = test->step_hz * (double)test->size;
    for (size_t i = 0; i < test->count; i++) {
        double at = (t_s[i] - test->origin_s) * rate;
        size_t point = at > 0.0 ? (size_t)at : 0;
        ls_real_fft_add(test->fft, point < test->size ? point : test->size - 1);
    }
    const double *spectrum = ls_real_fft_run(test->fft);
    double scale = 1.0 / (double)test->count;
    for (size_t k = 1; k <= test->top; k++) {
        double re = spectrum[k];
        double im = spectrum[test->size - k];
        test->power[k] = (float)((re * re + im * im) * scale);
    }
}

/* Lines that the schedule of the receiver makes by itself. */
static void find_lines(struct ls_clock_test *test, const struct ls_surrogate *surrogate) {
    struct ls_chance chance;
    ls_chance_init(&chance, ls_chance_seed(surrogate->from->t_s, surrogate->from->count) + 1);
    memset(test->expect, 0, (test->top + 1) * sizeof *test->expect);
    for (int draw = 0; draw < MASK_DRAWS; draw++) {
        ls_surrogate_draw(surrogate, &chance, test->drawn);
        transform(test, test->drawn);
        for (size_t k = 1; k <= test->top; k++) {
            test->expect[k] += test->power[k] / (float)MASK_DRAWS;
        }
    }
    for (size_t k = 1; k <= test->top; k++) {
        test->expect[k] = test->expect[k] > (float)line_floor ? test->expect[k] : 1.0F;
    }
}

void ls_clock_test_begin(struct ls_clock_test *test, const struct ls_arrivals *from,
                         const struct ls_surrogate *surrogate) {
    size_t n = from->count;
    /* Surrogates reach to the ends of the good time, which may lie beyond the events. */
    double end = from->good->stop_s[from->good->count - 1];
    double span = fmax(end - from->good->start_s[0], 1e-3);
    test->size = 1024;
    while (test->size < n * POINTS_PER_EVENT && test->size < POINTS_MAX) {
        test->size *= 2;
    }
    test->count = n;
    test->origin_s = from->good->start_s[0];
    test->step_hz = 1.0 / (oversampling * span);
    double top_hz = used_band * test->step_hz * (double)test->size;
    if (surrogate->quantum_s > 0.0) {
        top_hz = fmin(top_hz, quantum_band / surrogate->quantum_s);
    }
    test->top = (size_t)fmax(1.0, floor(top_hz / test->step_hz));
    double mean_s = ls_good_time_total(from->good) / (double)n;
    double slowest_hz = cycles_min / span;
    test->first = fmax(low_hz, slowest_hz) / test->step_hz;
    test->last = fmin(fastest / mean_s / test->step_hz, (double)test->top);
    test->long_first = slowest_hz < low_hz && low_hz < top_hz ? slowest_hz / test->step_hz : 0.0;
    test->masked = from->good->count > 1;
    if (test->masked) {
        find_lines(test, surrogate);
    }
}

/* Clusters that are longer than a clump raise Z over whole octaves: each octave is divided by its
 * own level, from the share of it above a threshold, which a few lines do not move. Z of Poisson
 * events is exponential with mean 1. */
static void level(struct ls_clock_test *test) {
    for (size_t from = (size_t)fmax(1.0, low_hz / test->step_hz); from <= test->top; from *= 2) {
        size_t until = 2 * from < test->top + 1 ? 2 * from : test->top + 1;
        size_t above = 0;
        for (size_t k = from; k < until; k++) {
            above += test->power[k] > (float)level_threshold;
        }
        double share = (double)above / (double)(until - from);
        double mean = share > 0.0 && share < 0.9 ? -level_threshold / log(share) : 1.0;
        for (size_t k = from; mean > 1.0 && k < until; k++) {
            test->power[k] /= (float)mean;
        }
    }
}

/* Score of the comb whose fundamental is at f steps: harmonics from on, at most most of them. The
 * innermost loop of the engine: no calls, one test a harmonic. */
static double comb(const struct ls_clock_test *test, double f, size_t from, size_t most) {
    double sum = 0.0;
    double best = 0.0;
    double at = (double)from * f + 0.5;
    for (size_t m = 0; m < most && at < (double)test->top; m++, at += f) {
        sum += (double)test->power[(size_t)at];
        best = sum > best ? sum : best;
        sum -= 2.0;
    }
    return best;
}

/* Long periods: by their harmonics from low_hz on, whose first number is the same for a range. */
static void scan_long(const struct ls_clock_test *test, struct ls_clock_peak *peak,
                      double *ret_at) {
    double low = low_hz / test->step_hz;
    for (size_t from = (size_t)ceil(low / test->long_first); from >= 2; from--) {
        /* In the middle harmonic. */
        double step = 0.8 / ((double)from + 0.5 * (double)LONG_HARMONICS);
        double until = low / (double)(from - 1);
        double f = fmax(test->long_first, low / (double)from);
        peak->trials += fmax(0.0, until - f) / step * 0.8 / oversampling;
        while (f < until) {
            double score = comb(test, f, from, LONG_HARMONICS);
            if (score > peak->score) {
                peak->score = score;
                *ret_at = f;
            }
            f += step;
        }
    }
}

struct ls_clock_peak ls_clock_test_scan(struct ls_clock_test *test, const double *t_s) {
    transform(test, t_s);
    if (test->masked) {
        for (size_t k = 1; k <= test->top; k++) {
            test->power[k] /= test->expect[k];
        }
    }
    level(test);
    struct ls_clock_peak peak = {.score = 0.0, .period_s = (double)NAN, .trials = 0.0};
    double at = 0.0;
    double f = test->first;
    while (f <= test->last) {
        double score = comb(test, f, 1, HARMONICS);
        if (score > peak.score) {
            peak.score = score;
            at = f;
        }
        f += 1.0 / STEPS;
    }
    peak.trials += fmax(0.0, test->last - test->first) / oversampling;
    if (test->long_first > 0.0) {
        scan_long(test, &peak, &at);
    }
    peak.period_s = at > 0.0 ? 1.0 / (at * test->step_hz) : (double)NAN;
    return peak;
}
