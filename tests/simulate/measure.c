#include "simulate/measure.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

void measure_render(const struct ls_waveform_opts *opts, double most_s, struct measured *ret) {
    struct ls_err err = {0};
    struct ls_waveform *waveform;
    cr_assert_eq(ls_waveform_describe(opts, &ret->info, &err), LS_OK, "%s", err.text);
    cr_assert_eq(ls_waveform_create(&waveform, opts, &err), LS_OK, "%s", err.text);
    double seconds = fmin(ret->info.duration_s + opts->delay_s + 1e-3, most_s);
    ret->rate_sps = opts->rate_sps;
    ret->count = (size_t)ceil(seconds * opts->rate_sps);
    ret->samples = calloc(ret->count, sizeof *ret->samples);
    cr_assert_not_null(ret->samples);
    if (!ls_waveform_render(waveform, ret->samples, ret->count)) {
        memset(ret->samples, 0, ret->count * sizeof *ret->samples);
    }
    ls_waveform_destroy(waveform);
}

void measure_free(struct measured *measured) { free(measured->samples); }

void measure_fft(double complex *x, size_t n, int sign) {
    for (size_t i = 1, j = 0; i < n; i++) {
        size_t bit = n >> 1;
        for (; j & bit; bit >>= 1) {
            j ^= bit;
        }
        j ^= bit;
        if (i < j) {
            double complex keep = x[i];
            x[i] = x[j];
            x[j] = keep;
        }
    }
    for (size_t length = 2; length <= n; length *= 2) {
        double complex root = cexp(CMPLX(0, 2 * M_PI * sign / (double)length));
        for (size_t start = 0; start < n; start += length) {
            double complex w = 1;
            for (size_t k = start; k < start + length / 2; k++) {
                double complex a = x[k];
                double complex b = x[k + length / 2] * w;
                x[k] = a + b;
                x[k + length / 2] = a - b;
                w *= root;
            }
        }
    }
}

void measure_spectrum(const float complex *x, size_t count, size_t n, double *ret) {
    LS_AUTO(double complex) work = calloc(n, sizeof *work);
    bool whole = count <= n;
    for (size_t at = 0; whole ? at == 0 : at + n <= count; at += n / 2) {
        for (size_t i = 0; i < n; i++) {
            double window = whole ? 1 : 0.5 - 0.5 * cos(2 * M_PI * (double)i / (double)n);
            work[i] = at + i < count ? window * (double complex)x[at + i] : 0;
        }
        measure_fft(work, n, -1);
        for (size_t i = 0; i < n; i++) {
            ret[(i + n / 2) % n] += creal(work[i] * conj(work[i]));
        }
    }
}

double measure_quantile(const double *spectrum, size_t n, double share) {
    double total = 0;
    for (size_t i = 0; i < n; i++) {
        total += spectrum[i];
    }
    double sum = 0;
    size_t i = 0;
    while (i < n && sum + spectrum[i] < share * total) {
        sum += spectrum[i++];
    }
    double within = i < n ? (share * total - sum) / spectrum[i] : 0;
    return ((double)i + within - 0.5) / (double)n - 0.5;
}

double measure_power(const float complex *x, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        double complex v = x[i];
        sum += creal(v * conj(v));
    }
    return sum / (double)count;
}

double measure_kurtosis(const float complex *x, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        double complex v = x[i];
        double power = creal(v * conj(v));
        sum += power * power;
    }
    double mean = measure_power(x, count);
    return sum / (double)count / (mean * mean);
}

size_t measure_edge(const float complex *x, size_t count, size_t from, double threshold,
                    bool above) {
    for (size_t i = from; i < count; i++) {
        double complex v = x[i];
        if ((creal(v * conj(v)) > threshold) == above) {
            return i;
        }
    }
    return count;
}
