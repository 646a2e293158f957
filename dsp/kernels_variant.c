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

typedef float vec __attribute__((vector_size(LANES * sizeof(float)), may_alias));
/* The same at any address. */
typedef float vec_at
    __attribute__((vector_size(LANES * sizeof(float)), may_alias, aligned(sizeof(float))));

extern const struct ls_kernels KERNELS_TABLE;

static bool convert_cu8(const void *in, const struct ls_kernels_rows *shape, float *ret) {
    const uint8_t *from = in;
    int8_t peak = 0;
    for (size_t row = 0; row < shape->rows; row++) {
        for (size_t i = 0; i < shape->width; i++) {
            ret[i] = ((float)from[i] - 127.5F) * (float)(1.0 / 127.5);
        }
        for (size_t i = 0; i < shape->width; i++) {
            int8_t v = (int8_t)(from[i] ^ 0x80);
            int8_t size = (int8_t)(v ^ (v >> 7));
            peak = size > peak ? size : peak;
        }
        from += shape->width;
        ret += shape->ret_stride;
    }
    return peak == INT8_MAX;
}

static bool convert_ci8(const void *in, const struct ls_kernels_rows *shape, float *ret) {
    const int8_t *from = in;
    int8_t peak = 0;
    for (size_t row = 0; row < shape->rows; row++) {
        for (size_t i = 0; i < shape->width; i++) {
            ret[i] = (float)from[i] * 0x1p-7F;
        }
        for (size_t i = 0; i < shape->width; i++) {
            /* v or -1 - v, whichever is not negative: the largest for both ends of the range. */
            int8_t size = (int8_t)(from[i] ^ (from[i] >> 7));
            peak = size > peak ? size : peak;
        }
        from += shape->width;
        ret += shape->ret_stride;
    }
    return peak == INT8_MAX;
}

static bool convert_ci16(const void *in, const struct ls_kernels_rows *shape, float *ret) {
    const int16_t *from = in;
    int16_t peak = 0;
    for (size_t row = 0; row < shape->rows; row++) {
        for (size_t i = 0; i < shape->width; i++) {
            ret[i] = (float)from[i] * 0x1p-15F;
        }
        for (size_t i = 0; i < shape->width; i++) {
            int16_t size = (int16_t)(from[i] ^ (from[i] >> 15));
            peak = size > peak ? size : peak;
        }
        from += shape->width;
        ret += shape->ret_stride;
    }
    return peak == INT16_MAX;
}

static bool convert_cf32(const void *in, const struct ls_kernels_rows *shape, float *ret) {
    const float limit = LS_CONVERT_LARGEST;
    int32_t limit_bits;
    memcpy(&limit_bits, &limit, sizeof limit_bits);
    const char *from = in;
    int32_t peak = 0;
    for (size_t row = 0; row < shape->rows; row++) {
        memcpy(ret, from, shape->width * sizeof(float));
        for (size_t i = 0; i < shape->width; i++) {
            /* Without their sign, floats order like their bits; infinity and NaN come last. */
            int32_t bits;
            memcpy(&bits, from + i * sizeof bits, sizeof bits);
            bits &= INT32_MAX;
            peak = bits > peak ? bits : peak;
        }
        from += shape->width * sizeof(float);
        ret += shape->ret_stride;
    }
    return peak > limit_bits;
}

/* taps is a constant wherever this is inlined, so the coefficients of a column stay in registers
 * while all frames pass, and the rows of a column (one cache line each, spread over the sets of L1
 * by the padding of the stride) are read from L1. */
static inline __attribute__((always_inline)) void fold_taps(const struct ls_kernels_fold *f,
                                                            size_t taps) {
    enum { TAPS_MAX = 12 };
    size_t stride = f->row_stride;
    for (size_t part = 0; part < f->columns * (LS_KERNELS_COLUMN / LANES); part++) {
        size_t column = part * LANES / LS_KERNELS_COLUMN;
        size_t lane = part * LANES % LS_KERNELS_COLUMN;
        const float *coeffs = f->coeffs + column * taps * LS_KERNELS_COLUMN + lane;
        vec c[TAPS_MAX];
        for (size_t p = 0; p < taps; p++) {
            c[p] = *(const vec *)(coeffs + p * LS_KERNELS_COLUMN);
        }
        const float *row = f->rows + part * LANES;
        float *ret = f->ret + part * LANES;
        for (size_t frame = 0; frame < f->frames; frame++) {
            vec sum = c[0] * *(const vec *)row;
            for (size_t p = 1; p < taps; p++) {
                sum += c[p] * *(const vec *)(row + 2 * p * stride);
            }
            *(vec_at *)ret = sum;
            row += stride;
            ret += f->ret_stride;
        }
    }
}

static void fold(const struct ls_kernels_fold *f) {
    switch (f->taps) {
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

static void power(const float *bins, size_t count, float *ret) {
    for (size_t i = 0; i < count; i++) {
        ret[i] = bins[2 * i] * bins[2 * i] + bins[2 * i + 1] * bins[2 * i + 1];
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
};
