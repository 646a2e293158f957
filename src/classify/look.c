#include "classify/look.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/sort.h"
#include "dsp/versions.h"

enum {
    AROUND = 24, /* bins on each side of which the median is taken */
    BESIDE = 3,  /* of them the nearest, which a line reaches, are left out */
};

LS_VERSIONS void ls_look_phases(const float complex *restrict x, size_t n, float scale,
                                float *restrict ret) {
    for (size_t i = 0; i < n; i++) {
        float real = crealf(x[i]);
        float imaginary = cimagf(x[i]);
        float across = real < 0.0F ? -real : real;
        float up = imaginary < 0.0F ? -imaginary : imaginary;
        float larger = across > up ? across : up;
        float smaller = across > up ? up : across;
        float t = smaller / (larger + FLT_MIN);
        float s = t * t;
        float angle =
            t * (0.9998660F +
                 s * (-0.3302995F + s * (0.1801410F + s * (-0.0851330F + s * 0.0208351F))));
        angle = up > across ? (float)(M_PI / 2.0) - angle : angle;
        angle = real < 0.0F ? (float)M_PI - angle : angle;
        ret[i] = scale * (imaginary < 0.0F ? -angle : angle);
    }
}

int ls_look_create(struct ls_look **ret, struct ls_err *err) {
    struct ls_look *look = calloc(1, sizeof *look);
    int code = look != NULL ? LS_OK : ls_err_set(err, LS_ERR_NOMEM, "out of memory for features");
    if (code != LS_OK) {
        return code;
    }
    look->power = calloc(LS_LOOK_SAMPLES, sizeof *look->power);
    look->freq = calloc(LS_LOOK_SAMPLES, sizeof *look->freq);
    look->scratch = calloc(LS_LOOK_SAMPLES, sizeof *look->scratch);
    look->spectrum = calloc(LS_LOOK_BINS_MAX, sizeof *look->spectrum);
    look->work = ls_fft_alloc(LS_LOOK_SAMPLES);
    look->sweep = calloc(LS_LOOK_BINS_MAX, sizeof *look->sweep);
    look->segment = ls_fft_alloc(LS_LOOK_BINS_MAX);
    look->result = ls_fft_alloc(LS_LOOK_BINS_MAX);
    if (look->power == NULL || look->freq == NULL || look->scratch == NULL ||
        look->spectrum == NULL || look->work == NULL || look->sweep == NULL ||
        look->segment == NULL || look->result == NULL) {
        code = ls_err_set(err, LS_ERR_NOMEM, "out of memory for features");
    }
    for (size_t i = 0; i < LS_LOOK_SIZES && code == LS_OK; i++) {
        size_t length = (size_t)LS_LOOK_BINS_MIN << i;
        code = ls_fft_create(&look->fft[i], &(struct ls_fft_opts){.length = length}, err);
        look->window[i] = calloc(length, sizeof *look->window[i]);
        if (code == LS_OK && look->window[i] == NULL) {
            code = ls_err_set(err, LS_ERR_NOMEM, "out of memory for features");
        }
    }
    if (code == LS_OK) {
        code = ls_training_create(&look->access, LS_TRAINING_ACCESS, err);
    }
    if (code == LS_OK) {
        code = ls_training_create(&look->extended, LS_TRAINING_EXTENDED, err);
    }
    if (code == LS_OK) {
        code = ls_secondary_create(&look->secondary, err);
    }
    if (code != LS_OK) {
        ls_look_destroy(look);
        return code;
    }
    *ret = look;
    return LS_OK;
}

void ls_look_destroy(struct ls_look *look) {
    if (look == NULL) {
        return;
    }
    for (size_t i = 0; i < LS_LOOK_SIZES; i++) {
        ls_fft_destroy(look->fft[i]);
        free(look->window[i]);
    }
    ls_training_destroy(look->access);
    ls_training_destroy(look->extended);
    ls_secondary_destroy(look->secondary);
    free(look->power);
    free(look->freq);
    free(look->scratch);
    free(look->spectrum);
    free(look->work);
    free(look->sweep);
    free(look->segment);
    free(look->result);
    free(look);
}

void ls_look_begin(struct ls_look *look, const struct ls_narrow_iq *iq) {
    size_t count = iq->on_to - iq->on_from;
    look->iq = iq;
    look->x = iq->iq + iq->on_from;
    look->count = count < LS_LOOK_SAMPLES ? count : LS_LOOK_SAMPLES;
    look->snr = iq->snr;
    float to_hz = (float)(iq->rate_sps / (2.0 * M_PI));
    for (size_t n = 0; n < look->count; n++) {
        float complex x = look->x[n];
        look->power[n] = crealf(x) * crealf(x) + cimagf(x) * cimagf(x);
    }
    for (size_t n = 1; n < look->count; n++) {
        look->work[n] = ls_look_product(look->x[n], conjf(look->x[n - 1]));
    }
    look->work[0] = 0.0F;
    ls_look_phases(look->work, look->count, to_hz, look->freq);
    if (look->count > 1) {
        look->freq[0] = look->freq[1];
    }
}

/* Hann, for transforms of size i. Cosines of angles a step apart: Chebyshev's recurrence, as the
 * length is a new one for every short burst. */
static const float *window_of(struct ls_look *look, size_t i, size_t length) {
    if (look->window_length[i] != length) {
        double step = 2.0 * M_PI / (double)length;
        double twice = 2.0 * cos(step);
        double before = cos(-0.5 * step);
        double present = before;
        for (size_t n = 0; n < length; n++) {
            look->window[i][n] = (float)(0.5 - 0.5 * present);
            double next = twice * present - before;
            before = present;
            present = next;
        }
        look->window_length[i] = length;
    }
    return look->window[i];
}

/* ret[n] = x[n] window[n] */
LS_VERSIONS static void apply(const float *restrict window, const float complex *restrict x,
                              size_t n, float complex *restrict ret) {
    const float *from = (const float *)x;
    float *to = (float *)ret;
    for (size_t i = 0; i < n; i++) {
        to[2 * i] = from[2 * i] * window[i];
        to[2 * i + 1] = from[2 * i + 1] * window[i];
    }
}

/* power[k] += scale |x[k]|^2 */
LS_VERSIONS static void add_powers(const float complex *restrict x, float scale, size_t n,
                                   float *restrict power) {
    for (size_t k = 0; k < n; k++) {
        power[k] += scale * (crealf(x[k]) * crealf(x[k]) + cimagf(x[k]) * cimagf(x[k]));
    }
}

void ls_look_spectrum(struct ls_look *look, size_t count) {
    size_t i = 0;
    while (i + 1 < LS_LOOK_SIZES && ((size_t)LS_LOOK_BINS_MIN << i) < count) {
        i++;
    }
    size_t bins = (size_t)LS_LOOK_BINS_MIN << i;
    size_t length = count < bins ? count : bins; /* of a window */
    size_t segments = count / length;
    assert(length > 1);
    memset(look->spectrum, 0, bins * sizeof *look->spectrum);
    memset(look->segment, 0, bins * sizeof *look->segment);
    look->bins = bins;
    const float *window = window_of(look, i, length);
    float scale = (float)(1.0 / (0.375 * (double)length * (double)bins * (double)segments));
    for (size_t s = 0; s < segments; s++) {
        apply(window, look->work + s * length, length, look->segment);
        ls_fft_execute(look->fft[i], look->segment, look->result);
        add_powers(look->result, scale, bins, look->spectrum);
    }
}

size_t ls_look_bin(const struct ls_look *look, double hz) {
    double bins = (double)look->bins;
    double at = fmod(round(hz / look->iq->rate_sps * bins), bins);
    return (size_t)(at < 0.0 ? at + bins : at);
}

double ls_look_bin_hz(const struct ls_look *look, size_t bin) {
    double at = bin < look->bins / 2 ? (double)bin : (double)bin - (double)look->bins;
    return at * look->iq->rate_sps / (double)look->bins;
}

double ls_look_over_median_db(struct ls_look *look, size_t bin) {
    float around[2 * AROUND];
    size_t n = 0;
    size_t bins = look->bins;
    for (size_t d = BESIDE + 1; d <= AROUND && d < bins / 2; d++) {
        around[n++] = look->spectrum[(bin + d) % bins];
        around[n++] = look->spectrum[(bin + bins - d) % bins];
    }
    ls_sort_powers(around, n);
    float peak = fmaxf(look->spectrum[bin], fmaxf(look->spectrum[(bin + 1) % bins],
                                                  look->spectrum[(bin + bins - 1) % bins]));
    return 10.0 * log10(fmax((double)peak, 1e-30) / fmax((double)around[n / 2], 1e-30));
}
