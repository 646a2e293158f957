#include "dsp/rows.h"

#include <stdint.h>
#include <string.h>

#include "dsp/versions.h"

LS_VERSIONS void ls_rows_scale(float *a, float factor, size_t n) {
    for (size_t i = 0; i < n; i++) {
        a[i] *= factor;
    }
}

/* Powers are never negative, so their bit patterns rise with their values and integer compares,
 * which vectorise without -ffast-math, order them. */
static inline int32_t bits_of(float value) {
    int32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline float value_of(int32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* What falls has a negative pattern, which is less than 0. */
LS_VERSIONS float ls_rows_largest_rise(const float *a, size_t by, size_t n) {
    int32_t most = 0;
    for (size_t i = 0; i < n; i++) {
        int32_t rise = bits_of(a[i + by] - a[i]);
        most = rise > most ? rise : most;
    }
    return value_of(most);
}

/* A difference of such patterns has the sign of their order: or-ed together, signs tell whether any
 * limit was passed, and cost less than compares. Sums over 2^b channels are those of two neighbours
 * among blocks of 2^(b - 1) that do not overlap. */
LS_VERSIONS bool ls_rows_pyramid_test(const float *a, size_t n, const float *limits, size_t widths,
                                      float *scratch) {
    int32_t one = bits_of(limits[0]);
    int32_t two = bits_of(limits[widths > 1 ? 1 : 0]);
    int32_t any = one - bits_of(a[n - 1]);
    for (size_t i = 0; i + 1 < n; i++) {
        any |= (one - bits_of(a[i])) | (two - bits_of(a[i] + a[i + 1]));
    }
    const float *blocks = a;
    for (size_t b = 2; b < widths; b++) {
        float *next = scratch + (b % 2) * n;
        n /= 2;
        for (size_t i = 0; i < n; i++) {
            next[i] = blocks[2 * i] + blocks[2 * i + 1];
        }
        int32_t limit = bits_of(limits[b]);
        for (size_t i = 0; i + 1 < n; i++) {
            any |= limit - bits_of(next[i] + next[i + 1]);
        }
        blocks = next;
    }
    return any < 0;
}

LS_VERSIONS void ls_rows_scale_sum(float *restrict ret, float *restrict sum,
                                   const float *restrict a, const float *restrict scale, size_t n) {
    for (size_t i = 0; i < n; i++) {
        float value = a[i] * scale[i];
        ret[i] = value;
        sum[i] += value;
    }
}

/* ret may be a: each element is read before it is written. */
LS_VERSIONS void ls_rows_add(float *ret, const float *a, const float *b, size_t n) {
    for (size_t i = 0; i < n; i++) {
        ret[i] = a[i] + b[i];
    }
}

LS_VERSIONS bool ls_rows_add_test(float *restrict ret, const float *a, const float *b, size_t n,
                                  float limit) {
    const int32_t limit_bits = bits_of(limit);
    int32_t any = 0;
    for (size_t i = 0; i < n; i++) {
        float value = a[i] + b[i];
        ret[i] = value;
        any |= bits_of(value) > limit_bits;
    }
    return any != 0;
}

LS_VERSIONS void ls_rows_fold(float *restrict ret, const float *restrict a, size_t step, size_t n) {
    if (step == 1) {
        for (size_t i = 0; i < n; i++) {
            ret[i] = a[2 * i] + a[2 * i + 1];
        }
    } else {
        for (size_t i = 0; i < n; i++) {
            ret[i] = a[2 * i] + a[2 * i + 2];
        }
    }
}

LS_VERSIONS bool ls_rows_fold_test(float *restrict ret, const float *restrict a, size_t n,
                                   float limit) {
    const int32_t limit_bits = bits_of(limit);
    int32_t any = 0;
    for (size_t i = 0; i < n; i++) {
        float value = a[2 * i] + a[2 * i + 2];
        ret[i] = value;
        any |= bits_of(value) > limit_bits;
    }
    return any != 0;
}

LS_VERSIONS bool ls_rows_any_above(const float *a, float limit, size_t n) {
    const int32_t limit_bits = bits_of(limit);
    int32_t any = 0;
    for (size_t i = 0; i < n; i++) {
        any |= bits_of(a[i]) > limit_bits;
    }
    return any != 0;
}

enum {
    LANES = 16,
    VECTORS = 4, /* whose sums stay in registers while rows go by */
    FEW_LANES = 4,
};

typedef float vec __attribute__((vector_size(LANES * sizeof(float))));
typedef int32_t vec_bits __attribute__((vector_size(LANES * sizeof(int32_t))));
typedef int8_t vec_marks __attribute__((vector_size(LANES)));

/* Of LANES cells: all bits set where the mark is 0. By reference, as vectors are not passed alike
 * on every level. */
static inline __attribute__((always_inline)) void load_free(vec_bits *ret,
                                                            const unsigned char *marks) {
    vec_marks mark;
    memcpy(&mark, marks, sizeof mark);
    *ret = __builtin_convertvector(mark == 0, vec_bits);
}

static inline __attribute__((always_inline)) void
excise_columns(const struct ls_marked_rows *in, size_t at, size_t vectors, float *ret) {
    vec sum[VECTORS] = {{0}};
    const vec_bits one = (vec_bits)((vec){0} + 1.0F);
    for (size_t r = 0; r < in->rows; r++) {
#pragma GCC unroll 8
        for (size_t v = 0; v < vectors; v++) {
            size_t i = r * in->stride + at + v * LANES;
            vec_bits clear;
            vec_bits cell;
            load_free(&clear, in->marks + i);
            memcpy(&cell, in->cells + i, sizeof cell);
            sum[v] += (vec)((cell & clear) | (one & ~clear));
        }
    }
    memcpy(ret + at, sum, vectors * sizeof sum[0]);
}

/* The same for the columns that are left. */
static inline __attribute__((always_inline)) void excise_few(const struct ls_marked_rows *in,
                                                             size_t at, float *ret) {
    float sum[FEW_LANES] = {0};
    for (size_t r = 0; r < in->rows; r++) {
        size_t i = r * in->stride + at;
        for (size_t k = 0; k < FEW_LANES; k++) {
            sum[k] += in->marks[i + k] != 0 ? 1.0F : in->cells[i + k];
        }
    }
    memcpy(ret + at, sum, sizeof sum);
}

LS_VERSIONS void ls_rows_excise(const struct ls_marked_rows *in, float *ret) {
    size_t at = 0;
    for (; at + VECTORS * LANES <= in->n; at += VECTORS * LANES) {
        excise_columns(in, at, VECTORS, ret);
    }
    for (; at + LANES <= in->n; at += LANES) {
        excise_columns(in, at, 1, ret);
    }
    for (; at + FEW_LANES <= in->n; at += FEW_LANES) {
        excise_few(in, at, ret);
    }
    for (; at < in->n; at++) {
        float sum = 0.0F;
        for (size_t r = 0; r < in->rows; r++) {
            size_t i = r * in->stride + at;
            sum += in->marks[i] != 0 ? 1.0F : in->cells[i];
        }
        ret[at] = sum;
    }
}

static inline __attribute__((always_inline)) void gather_columns(const struct ls_marked_rows *in,
                                                                 size_t at, size_t vectors,
                                                                 float *sum, float *count) {
    vec sums[VECTORS] = {{0}};
    vec counts[VECTORS] = {{0}};
    const vec_bits one = (vec_bits)((vec){0} + 1.0F);
    for (size_t r = 0; r < in->rows; r++) {
#pragma GCC unroll 8
        for (size_t v = 0; v < vectors; v++) {
            size_t i = r * in->stride + at + v * LANES;
            vec_bits clear;
            vec_bits cell;
            load_free(&clear, in->marks + i);
            memcpy(&cell, in->cells + i, sizeof cell);
            sums[v] += (vec)(cell & clear);
            counts[v] += (vec)(one & clear);
        }
    }
    memcpy(sum + at, sums, vectors * sizeof sums[0]);
    memcpy(count + at, counts, vectors * sizeof counts[0]);
}

LS_VERSIONS void ls_rows_gather(const struct ls_marked_rows *in, float *sum, float *count) {
    size_t at = 0;
    for (; at + VECTORS * LANES <= in->n; at += VECTORS * LANES) {
        gather_columns(in, at, VECTORS, sum, count);
    }
    for (; at + LANES <= in->n; at += LANES) {
        gather_columns(in, at, 1, sum, count);
    }
    for (; at < in->n; at++) {
        sum[at] = count[at] = 0.0F;
        for (size_t r = 0; r < in->rows; r++) {
            size_t i = r * in->stride + at;
            sum[at] += in->marks[i] != 0 ? 0.0F : in->cells[i];
            count[at] += in->marks[i] != 0 ? 0.0F : 1.0F;
        }
    }
}

/* Eight bytes of 0 or 1, the lowest first, as bits: each is moved to its place in the highest byte,
 * and no two of the products meet. */
static inline uint64_t bits_of_bytes(const unsigned char *bytes) {
    uint64_t eight;
    memcpy(&eight, bytes, sizeof eight);
    return eight * UINT64_C(0x0102040810204080) >> 56;
}

LS_VERSIONS uint64_t ls_rows_open(const float *cells, const unsigned char *marks, float limit,
                                  size_t n) {
    const int32_t limit_bits = bits_of(limit);
    unsigned char open[64] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        vec_bits clear;
        vec_bits cell;
        load_free(&clear, marks + i);
        memcpy(&cell, cells + i, sizeof cell);
        vec_marks above = __builtin_convertvector((cell > limit_bits) & clear & 1, vec_marks);
        memcpy(open + i, &above, sizeof above);
    }
    for (; i < n; i++) {
        open[i] = bits_of(cells[i]) > limit_bits && marks[i] == 0;
    }
    uint64_t bits = 0;
    for (size_t k = 0; k < 64; k += 8) {
        bits |= bits_of_bytes(open + k) << k;
    }
    return bits;
}

LS_VERSIONS void ls_rows_or(unsigned char *restrict any, const unsigned char *restrict marks,
                            size_t n) {
    for (size_t i = 0; i < n; i++) {
        any[i] |= marks[i];
    }
}

LS_VERSIONS float ls_rows_sum(const float *a, size_t n) {
    float lanes[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (size_t k = 0; k < LANES; k++) {
            lanes[k] += a[i + k];
        }
    }
    float sum = 0.0F;
    for (size_t k = 0; k < LANES; k++) {
        sum += lanes[k];
    }
    for (; i < n; i++) {
        sum += a[i];
    }
    return sum;
}
