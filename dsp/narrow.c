#include "dsp/narrow.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "dsp/convert.h"
#include "dsp/fft.h"

enum { SIZES = 14, DECIMATION_MAX = 64, TAPS_A_SIDE = 4 /* times the decimation */ };

/* Bins that may be kept, and their inverse transforms: two an octave, and a whole block that is no
 * longer than the last of them. */
static const size_t octaves[] = {32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048};

/* Kept over wanted: the roll-off in frequency that keeps what wraps round in time below -40 dB. */
static const double KEPT = 1.4;

struct ls_narrow {
    struct ls_narrow_opts opts;
    struct ls_fft *forward;
    size_t sizes[SIZES]; /* rising */
    size_t size_count;
    struct ls_fft *inverse[SIZES];
    float *weights[SIZES]; /* [sizes[i]], lowest frequency first; * 1 / length */
    double noise[SIZES];
    uint64_t index;        /* of the present block */
    float complex *block;  /* [length] */
    float complex *bins;   /* [length], bin 0 at 0 Hz */
    float complex *kept;   /* [LS_NARROW_BINS_MAX] */
    float complex *result; /* [LS_NARROW_BINS_MAX] */
    float taps[2 * TAPS_A_SIDE * DECIMATION_MAX + 1];
};

static int create_size(struct ls_narrow *narrow, size_t i, struct ls_err *err) {
    size_t n = narrow->sizes[i];
    narrow->weights[i] = calloc(n, sizeof *narrow->weights[i]);
    if (narrow->weights[i] == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for the filter of a narrow band");
    }
    double pass = 0.5 / KEPT; /* of the kept width, from its middle */
    for (size_t k = 0; k < n; k++) {
        double f = fabs((double)k - (double)n / 2.0) / (double)n;
        double w = f <= pass || n == narrow->opts.length
                       ? 1.0
                       : 0.5 + 0.5 * cos(M_PI * (f - pass) / (0.5 - pass));
        narrow->weights[i][k] = (float)(w / (double)narrow->opts.length);
        narrow->noise[i] += w * w / (double)narrow->opts.length;
    }
    return ls_fft_create(&narrow->inverse[i], &(struct ls_fft_opts){.length = n, .inverse = true},
                         err);
}

static void find_sizes(struct ls_narrow *narrow) {
    size_t length = narrow->opts.length;
    for (size_t i = 0; i < LS_COUNT(octaves) && octaves[i] < length; i++) {
        narrow->sizes[narrow->size_count++] = octaves[i];
    }
    if (length <= LS_NARROW_BINS_MAX) {
        narrow->sizes[narrow->size_count++] = length;
    }
}

int ls_narrow_create(struct ls_narrow **ret, const struct ls_narrow_opts *opts,
                     struct ls_err *err) {
    if (opts->length < 2 * LS_NARROW_BINS_MIN || opts->length % 4 != 0 ||
        opts->format == LS_FORMAT_NONE) {
        return ls_err_set(err, LS_ERR_ARG,
                          "narrow bands need blocks of a multiple of 4 samples, 64 at least, and a "
                          "sample format");
    }
    struct ls_narrow *narrow = calloc(1, sizeof *narrow);
    if (narrow == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for narrow bands");
    }
    narrow->opts = *opts;
    narrow->block = ls_fft_alloc(opts->length);
    narrow->bins = ls_fft_alloc(opts->length);
    narrow->kept = ls_fft_alloc(LS_NARROW_BINS_MAX);
    narrow->result = ls_fft_alloc(LS_NARROW_BINS_MAX);
    int code = LS_OK;
    if (narrow->block == NULL || narrow->bins == NULL || narrow->kept == NULL ||
        narrow->result == NULL) {
        code = ls_err_set(err, LS_ERR_NOMEM, "out of memory for narrow bands");
    }
    if (code == LS_OK) {
        code = ls_fft_create(&narrow->forward, &(struct ls_fft_opts){.length = opts->length}, err);
    }
    find_sizes(narrow);
    for (size_t i = 0; i < narrow->size_count && code == LS_OK; i++) {
        code = create_size(narrow, i, err);
    }
    if (code != LS_OK) {
        ls_narrow_destroy(narrow);
        return code;
    }
    *ret = narrow;
    return LS_OK;
}

void ls_narrow_destroy(struct ls_narrow *narrow) {
    if (narrow == NULL) {
        return;
    }
    ls_fft_destroy(narrow->forward);
    for (size_t i = 0; i < SIZES; i++) {
        ls_fft_destroy(narrow->inverse[i]);
        free(narrow->weights[i]);
    }
    free(narrow->block);
    free(narrow->bins);
    free(narrow->kept);
    free(narrow->result);
    free(narrow);
}

static size_t size_index(const struct ls_narrow *narrow, size_t bins) {
    size_t i = 0;
    while (narrow->sizes[i] < bins && i + 1 < narrow->size_count) {
        i++;
    }
    return i;
}

/* Tap k of the low-pass before decimation by d: a sinc to 0.5 / d of the rate under a Hamming
 * window. */
static double tap(size_t d, int k) {
    double x = (double)k / (double)d;
    double sinc = k == 0 ? 1.0 : sin(M_PI * x) / (M_PI * x);
    double window = 0.54 + 0.46 * cos(M_PI * x / TAPS_A_SIDE);
    return sinc * window / (double)d;
}

struct ls_narrow_band ls_narrow_plan(const struct ls_narrow *narrow, double center,
                                     double bandwidth) {
    double length = (double)narrow->opts.length;
    size_t wanted = (size_t)ceil(fmin(1.0, KEPT * bandwidth) * length);
    size_t i = size_index(narrow, wanted);
    double middle = round(center * length) + length / 2.0; /* bin */
    struct ls_narrow_band band = {.bins = narrow->sizes[i],
                                  .decimation = 1,
                                  .rate = (double)narrow->sizes[i] / length,
                                  .center = (middle - length / 2.0) / length,
                                  .noise = narrow->noise[i],
                                  .whole = wanted <= narrow->sizes[i]};
    double lowest = middle - 0.5 * (double)narrow->sizes[i];
    band.first = (size_t)(lowest < 0.0 ? lowest + length : lowest);
    while (band.decimation < DECIMATION_MAX &&
           band.rate / (double)(band.decimation + 1) > KEPT * bandwidth) {
        band.decimation++;
    }
    if (band.decimation > 1) {
        double sum = 0.0;
        int reach = (int)(TAPS_A_SIDE * band.decimation);
        for (int k = -reach; k <= reach; k++) {
            sum += tap(band.decimation, k) * tap(band.decimation, k);
        }
        /* The filter lies where the weights are 1. */
        band.noise = sum * (double)narrow->sizes[i] / length;
        band.rate /= (double)band.decimation;
    }
    return band;
}

void ls_narrow_block(struct ls_narrow *narrow, const void *samples, uint64_t index) {
    ls_convert(narrow->opts.format, samples, narrow->opts.length, narrow->block, NULL);
    ls_fft_execute(narrow->forward, narrow->block, narrow->bins);
    narrow->index = index;
}

void ls_narrow_cut(struct ls_narrow *narrow, const struct ls_narrow_band *band,
                   float complex *ret) {
    size_t length = narrow->opts.length;
    size_t n = band->bins;
    size_t i = size_index(narrow, n);
    assert(narrow->sizes[i] == n && band->first < length);
    for (size_t k = 0; k < n; k++) {
        /* Bin 0 of the transform is at 0 Hz, bin 0 of the band at -rate/2. */
        size_t from = (band->first + k + length / 2) % length;
        size_t to = k < n / 2 ? k + n / 2 : k - n / 2;
        narrow->kept[to] = narrow->bins[from] * narrow->weights[i][k];
    }
    ls_fft_execute(narrow->inverse[i], narrow->kept, narrow->result);
    /* Blocks begin half a block apart: an odd bin has turned by half a period between them. */
    size_t middle = (band->first + n / 2 + length / 2) % length;
    float sign = middle % 2 == 1 && narrow->index % 2 == 1 ? -1.0F : 1.0F;
    for (size_t k = 0; k < n / 2; k++) {
        ret[k] = sign * narrow->result[n / 4 + k];
    }
}

/* One sample of the low-pass; what lies beyond the ends is silence. */
static float complex filtered(const float *taps, size_t reach, const float complex *samples,
                              size_t count, size_t at) {
    float complex sum = 0.0F;
    size_t from = at > reach ? at - reach : 0;
    size_t to = at + reach < count ? at + reach + 1 : count;
    for (size_t n = from; n < to; n++) {
        sum += taps[n + reach - at] * samples[n];
    }
    return sum;
}

size_t ls_narrow_decimate(struct ls_narrow *narrow, const struct ls_narrow_band *band,
                          const float complex *samples, size_t count, float complex *ret) {
    size_t d = band->decimation;
    assert(d >= 1 && d <= DECIMATION_MAX);
    if (d == 1) {
        memcpy(ret, samples, count * sizeof *ret);
        return count;
    }
    size_t reach = TAPS_A_SIDE * d;
    for (size_t k = 0; k <= 2 * reach; k++) {
        narrow->taps[k] = (float)tap(d, (int)k - (int)reach);
    }
    size_t kept = (count + d - 1) / d;
    for (size_t i = 0; i < kept; i++) {
        ret[i] = filtered(narrow->taps, reach, samples, count, i * d);
    }
    return kept;
}
