#include "simulate/resample.h"

#include <assert.h>
#include <liquid/liquid.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/util.h"

enum { PHASES = 256, LANES = 8 };

static const double STOPBAND_DB = 70.0;

struct ls_resample {
    size_t taps; /* a multiple of 4 */
    int64_t step_whole;
    uint64_t step_frac;
    /* [PHASES + 1][2 * taps]: each coefficient twice, for real and imaginary part */
    float *bank;
};

/* Modified Bessel function of order 0 by its power series; liquid's takes 20 times as long, and a
 * scene makes a filter for every emission. */
static double bessel_i0(double x) {
    double term = 1;
    double sum = 1;
    for (double k = 1; term > 1e-9 * sum; k++) {
        term *= x * x / (4 * k * k);
        sum += term;
    }
    return sum;
}

/* Low-pass at t inputs from its centre, windowed after Kaiser; half = half its length. */
static double prototype(double t, double half, double cutoff, double beta) {
    double r = t / half;
    if (fabs(r) >= 1) {
        return 0;
    }
    double x = 2 * cutoff * t;
    double sinc = fabs(x) < 1e-9 ? 1 : sin(M_PI * x) / (M_PI * x);
    return 2 * cutoff * sinc * bessel_i0(beta * sqrt(1 - r * r));
}

static void fill_bank(struct ls_resample *rs, double cutoff) {
    double beta = (double)kaiser_beta_As((float)STOPBAND_DB);
    double half = (double)rs->taps / 2;
    size_t taps = rs->taps;
    for (size_t p = 0; p <= PHASES / 2; p++) {
        /* Row PHASES - p is this one read backwards. */
        float *row = &rs->bank[p * 2 * taps];
        float *mirror = &rs->bank[(PHASES - p) * 2 * taps];
        double sum = 0;
        for (size_t k = 0; k < taps; k++) {
            /* Tap k is input whole - reach + 1 + k, this far from the output's position. */
            double t = (double)k - half + 1 - (double)p / PHASES;
            row[2 * k] = (float)prototype(t, half, cutoff, beta);
            sum += (double)row[2 * k];
        }
        for (size_t k = 0; k < taps; k++) {
            row[2 * k] = (float)((double)row[2 * k] / sum);
            row[2 * k + 1] = row[2 * k];
        }
        for (size_t k = 0; k < taps; k++) {
            mirror[2 * k] = row[2 * (taps - 1 - k)];
            mirror[2 * k + 1] = mirror[2 * k];
        }
    }
}

int ls_resample_create(struct ls_resample **ret, const struct ls_resample_opts *opts,
                       struct ls_err *err) {
    if (!(opts->in_sps > 0 && opts->out_sps >= opts->in_sps / 256)) {
        return ls_err_set(err, LS_ERR_ARG,
                          "cannot resample %.0f to %.0f samples/s: 1/256 is the least",
                          opts->in_sps, opts->out_sps);
    }
    /* Edges in cycles per input. What the output rate cannot carry is cut within 16 % of it; else
     * only the images of the input have to go, which leaves room for a short filter. */
    double band = opts->span_hz / 2 / opts->in_sps;
    double out = opts->out_sps / opts->in_sps;
    double pass = fmin(band, 0.42 * out);
    double stop = band > out - pass ? out - pass : 1 - band;
    double width = fmax(stop - pass, 0.02 * fmin(out, 1));
    struct ls_resample *rs = calloc(1, sizeof *rs);
    if (rs == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for a resampler");
    }
    /* Kaiser's length formula. */
    size_t taps = (size_t)ceil((STOPBAND_DB - 7.95) / (14.36 * width)) + 1;
    rs->taps = (taps + 3) / 4 * 4;
    rs->bank = malloc((PHASES + 1) * 2 * rs->taps * sizeof *rs->bank);
    if (rs->bank == NULL) {
        ls_resample_destroy(rs);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for a resampler of %zu taps", rs->taps);
    }
    fill_bank(rs, (pass + stop) / 2);
    struct ls_resample_position step = ls_resample_position_at(1 / out);
    rs->step_whole = step.whole;
    rs->step_frac = step.frac;
    *ret = rs;
    return LS_OK;
}

void ls_resample_destroy(struct ls_resample *rs) {
    if (rs != NULL) {
        free(rs->bank);
        free(rs);
    }
}

size_t ls_resample_reach(const struct ls_resample *rs) { return rs->taps / 2; }

struct ls_resample_position ls_resample_position_at(double inputs) {
    double whole = floor(inputs);
    bool next = inputs - whole >= 1; /* just below a whole number */
    return (struct ls_resample_position){(int64_t)whole + next,
                                         next ? 0 : (uint64_t)((inputs - whole) * 0x1p64)};
}

static void step_once(const struct ls_resample *rs, struct ls_resample_position *position) {
    position->frac += rs->step_frac;
    position->whole += rs->step_whole + (position->frac < rs->step_frac);
}

void ls_resample_advance(const struct ls_resample *rs, struct ls_resample_position *position,
                         size_t outputs) {
    /* 64 x 64 bits by halves: the carry out of the fractions counts whole inputs. */
    uint64_t low = (rs->step_frac & 0xffffffff) * (uint64_t)outputs;
    uint64_t high = (rs->step_frac >> 32) * (uint64_t)outputs + (low >> 32);
    assert(outputs <= UINT32_MAX);
    uint64_t frac = high << 32 | (low & 0xffffffff);
    position->frac += frac;
    position->whole +=
        rs->step_whole * (int64_t)outputs + (int64_t)(high >> 32) + (position->frac < frac);
}

static float complex dot(const float *x, const float *a, const float *b, float mu, size_t floats) {
    /* Lanes keep the order of the sum fixed and let the compiler use vectors. */
    float sum[LANES] = {0};
    for (size_t k = 0; k < floats; k += LANES) {
        for (size_t lane = 0; lane < LANES; lane++) {
            float h = a[k + lane] + mu * (b[k + lane] - a[k + lane]);
            sum[lane] += x[k + lane] * h;
        }
    }
    return CMPLXF((sum[0] + sum[2]) + (sum[4] + sum[6]), (sum[1] + sum[3]) + (sum[5] + sum[7]));
}

void ls_resample_execute(const struct ls_resample *rs, struct ls_resample_position *position,
                         const float complex *in, int64_t in_first, float complex *ret, size_t n) {
    int64_t reach = (int64_t)(rs->taps / 2);
    for (size_t k = 0; k < n; k++) {
        const float *x = (const float *)&in[position->whole - reach + 1 - in_first];
        size_t phase = (size_t)(position->frac >> 56);
        float mu = (float)(position->frac >> 32 & 0xffffff) * 0x1p-24f;
        const float *row = &rs->bank[phase * 2 * rs->taps];
        ret[k] = dot(x, row, row + 2 * rs->taps, mu, 2 * rs->taps);
        step_once(rs, position);
    }
}
