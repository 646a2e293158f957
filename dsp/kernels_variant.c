/* Compiled once for each level (dsp/meson.build), which names the table KERNELS_TABLE and the level
 * KERNELS_LEVEL. Plain loops where gcc vectorises them well, its vector extensions where it does
 * not. */
#include <stdint.h>
#include <string.h>

#include "base/util.h"
#include "dsp/convert.h"
#include "dsp/kernels.h"

/* Lanes of the widest vector that this level has. */
#if defined(__AVX512F__)
enum { LANES = 16 };
#elif defined(__AVX__)
enum { LANES = 8 };
#else
enum { LANES = 4 };
#endif

enum {
    TAPS_MAX = 12,
    /* Frames folded at once: with 8 coefficients, what 32 or 16 registers hold. */
    GROUP = LANES == 16 ? 8 : 4,
};

typedef float vec __attribute__((vector_size(LANES * sizeof(float)), may_alias));
/* The same at any address. */
typedef float vec_at
    __attribute__((vector_size(LANES * sizeof(float)), may_alias, aligned(sizeof(float))));

extern const struct ls_kernels KERNELS_TABLE;

/* Rows of one format, width numbers each; width is a constant for strips. Sizes are v or -1 - v,
 * whichever is not negative: the largest for both ends of a range. The largest size is gathered in
 * a lane for each number of a strip, which the compiler makes vectors of. */
static inline __attribute__((always_inline)) bool
cu8_rows(const void *in, const struct ls_kernels_rows *shape, size_t width, float *ret) {
    int8_t peaks[LS_KERNELS_STRIP] = {0};
    for (size_t row = 0; row < shape->rows; row++) {
        const uint8_t *from = (const uint8_t *)in + row * shape->in_stride;
        for (size_t i = 0; i < width; i++) {
            ret[i] = ((float)from[i] - 127.5F) * (float)(1.0 / 127.5);
        }
        for (size_t at = 0; at < width; at += LS_KERNELS_STRIP) {
            size_t part = width - at < LS_KERNELS_STRIP ? width - at : LS_KERNELS_STRIP;
            for (size_t i = 0; i < part; i++) {
                int8_t v = (int8_t)(from[at + i] ^ 0x80);
                int8_t size = (int8_t)(v ^ (v >> 7));
                peaks[i] = size > peaks[i] ? size : peaks[i];
            }
        }
        ret += shape->ret_stride;
    }
    int8_t peak = 0;
    for (size_t i = 0; i < LS_KERNELS_STRIP; i++) {
        peak = peaks[i] > peak ? peaks[i] : peak;
    }
    return peak == INT8_MAX;
}

static bool convert_cu8(const void *in, const struct ls_kernels_rows *shape, float *ret) {
    return shape->width == LS_KERNELS_STRIP ? cu8_rows(in, shape, LS_KERNELS_STRIP, ret)
                                            : cu8_rows(in, shape, shape->width, ret);
}

static inline __attribute__((always_inline)) bool
ci8_rows(const void *in, const struct ls_kernels_rows *shape, size_t width, float *ret) {
    int8_t peaks[LS_KERNELS_STRIP] = {0};
    for (size_t row = 0; row < shape->rows; row++) {
        const int8_t *from = (const int8_t *)in + row * shape->in_stride;
        for (size_t i = 0; i < width; i++) {
            ret[i] = (float)from[i] * 0x1p-7F;
        }
        for (size_t at = 0; at < width; at += LS_KERNELS_STRIP) {
            size_t part = width - at < LS_KERNELS_STRIP ? width - at : LS_KERNELS_STRIP;
            for (size_t i = 0; i < part; i++) {
                int8_t size = (int8_t)(from[at + i] ^ (from[at + i] >> 7));
                peaks[i] = size > peaks[i] ? size : peaks[i];
            }
        }
        ret += shape->ret_stride;
    }
    int8_t peak = 0;
    for (size_t i = 0; i < LS_KERNELS_STRIP; i++) {
        peak = peaks[i] > peak ? peaks[i] : peak;
    }
    return peak == INT8_MAX;
}

static bool convert_ci8(const void *in, const struct ls_kernels_rows *shape, float *ret) {
    return shape->width == LS_KERNELS_STRIP ? ci8_rows(in, shape, LS_KERNELS_STRIP, ret)
                                            : ci8_rows(in, shape, shape->width, ret);
}

static inline __attribute__((always_inline)) bool
ci16_rows(const void *in, const struct ls_kernels_rows *shape, size_t width, float *ret) {
    int16_t peaks[LS_KERNELS_STRIP] = {0};
    for (size_t row = 0; row < shape->rows; row++) {
        const int16_t *from = (const int16_t *)in + row * shape->in_stride;
        for (size_t i = 0; i < width; i++) {
            ret[i] = (float)from[i] * 0x1p-15F;
        }
        for (size_t at = 0; at < width; at += LS_KERNELS_STRIP) {
            size_t part = width - at < LS_KERNELS_STRIP ? width - at : LS_KERNELS_STRIP;
            for (size_t i = 0; i < part; i++) {
                int16_t size = (int16_t)(from[at + i] ^ (from[at + i] >> 15));
                peaks[i] = size > peaks[i] ? size : peaks[i];
            }
        }
        ret += shape->ret_stride;
    }
    int16_t peak = 0;
    for (size_t i = 0; i < LS_KERNELS_STRIP; i++) {
        peak = peaks[i] > peak ? peaks[i] : peak;
    }
    return peak == INT16_MAX;
}

static bool convert_ci16(const void *in, const struct ls_kernels_rows *shape, float *ret) {
    return shape->width == LS_KERNELS_STRIP ? ci16_rows(in, shape, LS_KERNELS_STRIP, ret)
                                            : ci16_rows(in, shape, shape->width, ret);
}

static inline __attribute__((always_inline)) bool
cf32_rows(const void *in, const struct ls_kernels_rows *shape, size_t width, float *ret) {
    const float limit = LS_CONVERT_LARGEST;
    int32_t limit_bits;
    memcpy(&limit_bits, &limit, sizeof limit_bits);
    int32_t peaks[LS_KERNELS_STRIP] = {0};
    for (size_t row = 0; row < shape->rows; row++) {
        const float *from = (const float *)in + row * shape->in_stride;
        memcpy(ret, from, width * sizeof(float));
        for (size_t at = 0; at < width; at += LS_KERNELS_STRIP) {
            size_t part = width - at < LS_KERNELS_STRIP ? width - at : LS_KERNELS_STRIP;
            for (size_t i = 0; i < part; i++) {
                /* Without their sign, floats order like their bits; infinity and NaN come last. */
                int32_t size;
                memcpy(&size, from + at + i, sizeof size);
                size &= INT32_MAX;
                peaks[i] = size > peaks[i] ? size : peaks[i];
            }
        }
        ret += shape->ret_stride;
    }
    int32_t peak = 0;
    for (size_t i = 0; i < LS_KERNELS_STRIP; i++) {
        peak = peaks[i] > peak ? peaks[i] : peak;
    }
    return peak > limit_bits;
}

static bool convert_cf32(const void *in, const struct ls_kernels_rows *shape, float *ret) {
    return shape->width == LS_KERNELS_STRIP ? cf32_rows(in, shape, LS_KERNELS_STRIP, ret)
                                            : cf32_rows(in, shape, shape->width, ret);
}

/* `group` frames of one parity at once, so that each row is loaded once for all of them. taps and
 * group are constants wherever this is inlined; with the loops unrolled, coefficients and sums stay
 * in registers. The order of additions does not depend on group. */
static inline __attribute__((always_inline)) void fold_group(const vec *c, size_t taps,
                                                             size_t group, const float *row,
                                                             size_t row_step, float *ret,
                                                             size_t ret_step) {
    vec sum[GROUP];
#pragma GCC unroll 32
    for (size_t r = 0; r < taps + group - 1; r++) {
        const vec x = *(const vec *)row;
        row += row_step;
#pragma GCC unroll 32
        for (size_t g = 0; g < group; g++) {
            if (r == g) {
                /* Not the bare product: of a sum of two products the compiler may fuse either, and
                 * frames of a group and single ones would round differently. */
                sum[g] = (vec){0} + c[0] * x;
            } else if (r > g && r - g < taps) {
                sum[g] += c[r - g] * x;
            }
        }
    }
#pragma GCC unroll 32
    for (size_t g = 0; g < group; g++) {
        *(vec_at *)ret = sum[g];
        ret += ret_step;
    }
}

/* All frames of one half of a strip, LANES numbers wide. */
static inline __attribute__((always_inline)) void fold_lanes(const struct ls_kernels_fold *f,
                                                             size_t taps, const float *coeffs,
                                                             const float *row, float *ret) {
    const size_t row_stride = LS_KERNELS_STRIP;
    const size_t ret_stride = f->ret_stride;
    vec c[TAPS_MAX];
#pragma GCC unroll 32
    for (size_t p = 0; p < taps; p++) {
        c[p] = *(const vec *)(coeffs + p * LS_KERNELS_STRIP);
    }
    size_t frame = 0;
    for (; frame + 2 * GROUP <= f->frames; frame += 2 * GROUP) {
        for (size_t odd = 0; odd < 2; odd++) {
            fold_group(c, taps, GROUP, row + (frame + odd) * row_stride, 2 * row_stride,
                       ret + (frame + odd) * ret_stride, 2 * ret_stride);
        }
    }
    for (; frame < f->frames; frame++) {
        fold_group(c, taps, 1, row + frame * row_stride, 2 * row_stride, ret + frame * ret_stride,
                   ret_stride);
    }
}

static inline __attribute__((always_inline)) void fold_taps(const struct ls_kernels_fold *f,
                                                            size_t taps) {
    for (size_t half = 0; half < 2; half++) {
        const float *coeffs = f->coeffs + half * taps * LS_KERNELS_STRIP;
        for (size_t lane = 0; lane < LS_KERNELS_STRIP; lane += LANES) {
            fold_lanes(f, taps, coeffs + lane, f->rows + half * LS_KERNELS_STRIP + lane,
                       f->ret + half * f->ret_half + lane);
        }
    }
}

static void fold(const struct ls_kernels_fold *f) {
    switch (f->taps) {
    case 1:
        fold_taps(f, 1);
        break;
    case 4:
        fold_taps(f, 4);
        break;
    case 8:
        fold_taps(f, 8);
        break;
    default:
        fold_taps(f, 12);
        break;
    }
}

/* Sums of the neighbours in a and b, 2 * LANES numbers. The middle one shuffles within its 128 bit
 * halves first, which is cheap, and crosses them once; gcc's own vectoriser crosses them twice. */
#if defined(__AVX512F__)
static inline vec add_neighbours(vec a, vec b) {
    vec even =
        __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    vec odd =
        __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
    return even + odd;
}
#elif defined(__AVX__)
static inline vec add_neighbours(vec a, vec b) {
    vec even = __builtin_shufflevector(a, b, 0, 2, 8, 10, 4, 6, 12, 14);
    vec odd = __builtin_shufflevector(a, b, 1, 3, 9, 11, 5, 7, 13, 15);
    vec sum = even + odd;
    return __builtin_shufflevector(sum, sum, 0, 1, 4, 5, 2, 3, 6, 7);
}
#else
static inline vec add_neighbours(vec a, vec b) {
    vec even = __builtin_shufflevector(a, b, 0, 2, 4, 6);
    vec odd = __builtin_shufflevector(a, b, 1, 3, 5, 7);
    return even + odd;
}
#endif

static void power(const float *bins, size_t count, float *ret) {
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        const vec_at *x = (const vec_at *)(bins + 2 * i);
        *(vec_at *)(ret + i) = add_neighbours(x[0] * x[0], x[1] * x[1]);
    }
    for (; i < count; i++) {
        ret[i] = bins[2 * i] * bins[2 * i] + bins[2 * i + 1] * bins[2 * i + 1];
    }
}

static void pair_power(const float *first, const float *second, size_t count, float *ret) {
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        const vec_at *x = (const vec_at *)(first + 2 * i);
        const vec_at *y = (const vec_at *)(second + 2 * i);
        *(vec_at *)(ret + i) = add_neighbours(x[0] * x[0] + y[0] * y[0], x[1] * x[1] + y[1] * y[1]);
    }
    for (; i < count; i++) {
        const float *x = first + 2 * i;
        const float *y = second + 2 * i;
        ret[i] = (x[0] * x[0] + y[0] * y[0]) + (x[1] * x[1] + y[1] * y[1]);
    }
}

/* Real and imaginary parts in each other's place. */
#if defined(__AVX512F__)
static inline vec swap_parts(vec a) {
    return __builtin_shufflevector(a, a, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
}
#elif defined(__AVX__)
static inline vec swap_parts(vec a) {
    return __builtin_shufflevector(a, a, 1, 0, 3, 2, 5, 4, 7, 6);
}
#else
static inline vec swap_parts(vec a) { return __builtin_shufflevector(a, a, 1, 0, 3, 2); }
#endif

/* -j times a number with its parts in each other's place. */
static const float turned_signs[LS_KERNELS_PAD]
    __attribute__((aligned(64))) = {1.0F, -1.0F, 1.0F, -1.0F, 1.0F, -1.0F, 1.0F, -1.0F,
                                    1.0F, -1.0F, 1.0F, -1.0F, 1.0F, -1.0F, 1.0F, -1.0F};

/* Squares of real and imaginary parts of LANES / 2 channels' quarters, from number at on. rows: the
 * middle one of a window. */
static inline __attribute__((always_inline)) void
quarter_squares(const float *const *rows, const float (*w)[LS_KERNELS_PAD], size_t at, vec *ret) {
    enum { FOLDED = LS_KERNELS_SIDE + 1 };
    const float c1 = 0.92387953F; /* cosines of pi / 8, twice and three times that */
    const float c2 = 0.70710678F;
    const float c3 = 0.38268343F;
    vec x[FOLDED];
    x[0] = *(const vec_at *)(rows[0] + at) * *(const vec *)w[0];
#pragma GCC unroll 8
    for (int i = 1; i < FOLDED; i++) {
        x[i] = *(const vec_at *)(rows[i] + at) * *(const vec *)w[i] -
               *(const vec_at *)(rows[i - FOLDED] + at) * *(const vec *)w[FOLDED - i];
    }
    vec even = c2 * (x[2] - x[6]);
    vec odd = c2 * (x[2] + x[6]);
    vec sums[2] = {x[0] + even + c1 * (x[1] - x[7]) + c3 * (x[3] - x[5]),
                   x[0] - even + c3 * (x[1] - x[7]) - c1 * (x[3] - x[5])};
    vec differences[2] = {odd + x[4] + c3 * (x[1] + x[7]) + c1 * (x[3] + x[5]),
                          odd - x[4] + c1 * (x[1] + x[7]) - c3 * (x[3] + x[5])};
    for (int side = 0; side < 2; side++) {
        vec turned = swap_parts(differences[side]) * *(const vec *)turned_signs;
        vec below = sums[side] - turned;
        vec above = sums[side] + turned;
        ret[1 - side] = below * below;
        ret[2 + side] = above * above;
    }
}

static void quarters(const struct ls_kernels_quarters *q) {
    for (size_t c = 0; c < q->count; c += LANES) {
        for (size_t w = 0; w < q->windows; w++) {
            const float *const *rows = q->rows + LS_KERNELS_SIDE + w * q->step;
            vec low[LS_KERNELS_QUARTERS];
            vec high[LS_KERNELS_QUARTERS];
            quarter_squares(rows, q->weights, 2 * c, low);
            quarter_squares(rows, q->weights, 2 * c + LANES, high);
            for (int i = 0; i < LS_KERNELS_QUARTERS; i++) {
                *(vec_at *)(q->ret[i] + c) += add_neighbours(low[i], high[i]);
            }
        }
    }
}

const struct ls_kernels KERNELS_TABLE = {
    .name = KERNELS_LEVEL,
    .convert =
        {
            [LS_FORMAT_CU8] = convert_cu8,
            [LS_FORMAT_CI8] = convert_ci8,
            [LS_FORMAT_CI16_LE] = convert_ci16,
            [LS_FORMAT_CF32_LE] = convert_cf32,
        },
    .fold = fold,
    .power = power,
    .pair_power = pair_power,
    .quarters = quarters,
};
