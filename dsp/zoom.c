#include "dsp/zoom.h"

#include <assert.h>
#include <complex.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/convert.h"
#include "dsp/fft.h"

struct ls_zoom {
    size_t bins;
    enum ls_format format;
    struct ls_fft *fft;
    float complex *segment; /* [bins] */
    float complex *bands;   /* [bins] */
    float *window;          /* [bins] Hann */
    double window_power;    /* sum of squares */
};

int ls_zoom_create(struct ls_zoom **ret, const struct ls_zoom_opts *opts, struct ls_err *err) {
    if (opts->bins < 2 || opts->bins % 2 != 0 || opts->format == LS_FORMAT_NONE) {
        return ls_err_set(err, LS_ERR_ARG,
                          "a fine spectrum needs an even number of bins and a sample format");
    }
    struct ls_zoom *zoom = calloc(1, sizeof *zoom);
    if (zoom == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for a fine spectrum");
    }
    zoom->bins = opts->bins;
    zoom->format = opts->format;
    zoom->segment = ls_fft_alloc(opts->bins);
    zoom->bands = ls_fft_alloc(opts->bins);
    zoom->window = calloc(opts->bins, sizeof *zoom->window);
    int code = LS_ERR_NOMEM;
    if (zoom->segment != NULL && zoom->bands != NULL && zoom->window != NULL) {
        code = ls_fft_create(&zoom->fft, &(struct ls_fft_opts){.length = opts->bins}, err);
    } else {
        ls_err_set(err, code, "out of memory for a fine spectrum of %zu bins", opts->bins);
    }
    if (code != LS_OK) {
        ls_zoom_destroy(zoom);
        return code;
    }
    for (size_t i = 0; i < zoom->bins; i++) {
        double w = 0.5 - 0.5 * cos(2.0 * M_PI * ((double)i + 0.5) / (double)zoom->bins);
        zoom->window[i] = (float)w;
        zoom->window_power += w * w;
    }
    *ret = zoom;
    return LS_OK;
}

void ls_zoom_destroy(struct ls_zoom *zoom) {
    if (zoom != NULL) {
        ls_fft_destroy(zoom->fft);
        free(zoom->segment);
        free(zoom->bands);
        free(zoom->window);
        free(zoom);
    }
}

/* Adds |X|^2 * scale of the band to ret_power. The transform has bin 0 at 0 Hz. */
static void add_periodogram(struct ls_zoom *zoom, float scale, struct ls_zoom_band band,
                            float *ret_power) {
    size_t half = zoom->bins / 2;
    ls_fft_execute(zoom->fft, zoom->segment, zoom->bands);
    for (size_t i = 0; i < band.count; i++) {
        size_t at = band.first + i;
        float complex x = zoom->bands[at < half ? at + half : at - half];
        ret_power[i] += scale * (crealf(x) * crealf(x) + cimagf(x) * cimagf(x));
    }
}

size_t ls_zoom_spectrum(struct ls_zoom *zoom, const void *samples, size_t n, size_t segments_max,
                        struct ls_zoom_band band, float *ret_power) {
    assert(n > 0 && segments_max > 0 && band.first + band.count <= zoom->bins);
    size_t bins = zoom->bins;
    size_t bytes = ls_format_bytes(zoom->format);
    memset(ret_power, 0, band.count * sizeof *ret_power);
    if (n < bins) {
        ls_convert(zoom->format, samples, n, zoom->segment, NULL);
        memset(zoom->segment + n, 0, (bins - n) * sizeof *zoom->segment);
        add_periodogram(zoom, 1.0F / ((float)bins * (float)n), band, ret_power);
        return 1;
    }
    size_t fit = 2 * (n - bins) / bins + 1; /* at half overlap */
    size_t segments = fit < segments_max ? fit : segments_max;
    float scale = (float)(1.0 / ((double)bins * zoom->window_power * (double)segments));
    for (size_t s = 0; s < segments; s++) {
        size_t at = segments > 1 ? (size_t)((double)(n - bins) * (double)s / (double)(segments - 1))
                                 : (n - bins) / 2;
        ls_convert(zoom->format, (const char *)samples + at * bytes, bins, zoom->segment, NULL);
        for (size_t i = 0; i < bins; i++) {
            zoom->segment[i] *= zoom->window[i];
        }
        add_periodogram(zoom, scale, band, ret_power);
    }
    return segments;
}
