#include "pattern/real_fft.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST = 8 }; /* blocks of this size are made in one go */

struct ls_real_fft {
    size_t most;
    size_t size;
    unsigned bits;   /* of size */
    size_t prepared; /* there are factors for blocks up to this size */
    double *points;  /* [most], in order of reversed bits */
    double *other;   /* [most]: stages read one and write the other */
    double *cosine;  /* [most / 2]: those of block size p at p / 4, a < p / 4 */
    double *sine;
};

int ls_real_fft_create(struct ls_real_fft **ret, size_t most, struct ls_err *err) {
    struct ls_real_fft *fft = calloc(1, sizeof *fft);
    assert(most >= 16 && (most & (most - 1)) == 0);
    if (fft != NULL) {
        fft->most = most;
        fft->prepared = FIRST / 2;
        fft->points = malloc(most * sizeof *fft->points);
        fft->other = malloc(most * sizeof *fft->other);
        fft->cosine = malloc(most / 2 * sizeof *fft->cosine);
        fft->sine = malloc(most / 2 * sizeof *fft->sine);
    }
    if (fft == NULL || fft->points == NULL || fft->other == NULL || fft->cosine == NULL ||
        fft->sine == NULL) {
        ls_real_fft_destroy(fft);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for spectra");
    }
    *ret = fft;
    return LS_OK;
}

void ls_real_fft_destroy(struct ls_real_fft *fft) {
    if (fft == NULL) {
        return;
    }
    free(fft->points);
    free(fft->other);
    free(fft->cosine);
    free(fft->sine);
    free(fft);
}

/* Factors of blocks of p points by the recurrence of GSL, with its rounding. */
static void prepare(struct ls_real_fft *fft, size_t p) {
    double *cosine = fft->cosine + p / 4;
    double *sine = fft->sine + p / 4;
    double theta = -2.0 * M_PI / (double)p;
    double s = sin(theta);
    double t = sin(theta / 2.0);
    double s2 = 2.0 * t * t;
    cosine[0] = 1.0;
    sine[0] = 0.0;
    for (size_t a = 1; a < p / 4; a++) {
        cosine[a] = cosine[a - 1] - s * sine[a - 1] - s2 * cosine[a - 1];
        sine[a] = sine[a - 1] + s * cosine[a - 1] - s2 * sine[a - 1];
    }
}

void ls_real_fft_begin(struct ls_real_fft *fft, size_t size) {
    assert(size >= 16 && size <= fft->most && (size & (size - 1)) == 0);
    fft->size = size;
    fft->bits = (unsigned)__builtin_ctzll(size);
    memset(fft->points, 0, size * sizeof *fft->points);
    while (fft->prepared < size) {
        fft->prepared *= 2;
        prepare(fft, fft->prepared);
    }
}

/* The bits of x, of so many, in reversed order. */
static size_t reverse(size_t x, unsigned bits) {
    uint64_t y = x;
    y = (y >> 1 & UINT64_C(0x5555555555555555)) | (y & UINT64_C(0x5555555555555555)) << 1;
    y = (y >> 2 & UINT64_C(0x3333333333333333)) | (y & UINT64_C(0x3333333333333333)) << 2;
    y = (y >> 4 & UINT64_C(0x0f0f0f0f0f0f0f0f)) | (y & UINT64_C(0x0f0f0f0f0f0f0f0f)) << 4;
    return (size_t)(__builtin_bswap64(y) >> (64 - bits));
}

void ls_real_fft_add(struct ls_real_fft *fft, size_t point) {
    assert(point < fft->size);
    fft->points[reverse(point, fft->bits)] += 1.0;
}

/* Three stages on eight points. */
static void begin_block(double *x, double w_real, double w_imag) {
    for (size_t i = 0; i < 8; i += 2) {
        double one = x[i];
        x[i] = one + x[i + 1];
        x[i + 1] = one - x[i + 1];
    }
    for (size_t i = 0; i < 8; i += 4) {
        double one = x[i];
        x[i] = one + x[i + 2];
        x[i + 2] = one - x[i + 2];
        x[i + 3] = -x[i + 3];
    }
    double one = x[0];
    x[0] = one + x[4];
    x[4] = one - x[4];
    double z0_real = x[1];
    double z0_imag = x[3];
    double z1_real = x[5];
    double z1_imag = x[7];
    x[1] = z0_real + w_real * z1_real - w_imag * z1_imag;
    x[7] = z0_imag + w_real * z1_imag + w_imag * z1_real;
    x[3] = z0_real - w_real * z1_real + w_imag * z1_imag;
    x[5] = -(z0_imag - w_real * z1_imag - w_imag * z1_real);
    x[6] = -x[6];
}

/* Most blocks have no event. */
static void begin_blocks(struct ls_real_fft *fft) {
    for (size_t b = 0; b < fft->size; b += FIRST) {
        double *x = fft->points + b;
        if (x[0] + x[1] + x[2] + x[3] + x[4] + x[5] + x[6] + x[7] > 0.0) {
            begin_block(x, fft->cosine[FIRST / 4 + 1], fft->sine[FIRST / 4 + 1]);
        }
    }
}

/* Two spectra of half the size to each one of p points. */
static void stage(const double *restrict from, double *restrict to, size_t size, size_t p,
                  const double *restrict cosine, const double *restrict sine) {
    size_t half = p / 2;
    size_t quarter = p / 4;
    for (size_t b = 0; b < size; b += p) {
        const double *x = from + b;
        double *y = to + b;
        y[0] = x[0] + x[half];
        y[half] = x[0] - x[half];
        for (size_t a = 1; a < quarter; a++) {
            double z0_real = x[a];
            double z0_imag = x[half - a];
            double z1_real = x[half + a];
            double z1_imag = x[p - a];
            y[a] = z0_real + cosine[a] * z1_real - sine[a] * z1_imag;
            y[p - a] = z0_imag + cosine[a] * z1_imag + sine[a] * z1_real;
            y[half - a] = z0_real - cosine[a] * z1_real + sine[a] * z1_imag;
            y[half + a] = -(z0_imag - cosine[a] * z1_imag - sine[a] * z1_real);
        }
        y[quarter] = x[quarter];
        y[p - quarter] = -x[p - quarter];
    }
}

const double *ls_real_fft_run(struct ls_real_fft *fft) {
    begin_blocks(fft);
    for (size_t p = 2 * FIRST; p <= fft->size; p *= 2) {
        double *from = fft->points;
        stage(from, fft->other, fft->size, p, fft->cosine + p / 4, fft->sine + p / 4);
        fft->points = fft->other;
        fft->other = from;
    }
    return fft->points;
}
