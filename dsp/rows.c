#include "dsp/rows.h"

#include <stdint.h>
#include <string.h>

/* One copy of each function per instruction set; the loader picks one (gcc on x86-64 with ifunc;
 * the sanitizers are not up yet when it does). Elsewhere the plain loop is what the compiler makes
 * of it. The arithmetic is element by element in one order, so every copy gives the same bits. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) &&                             \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define VERSIONS __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define VERSIONS
#endif

/* Powers are never negative, so their bit patterns rise with their values and integer compares,
 * which vectorise without -ffast-math, order them. */
static inline int32_t bits_of(float value) {
    int32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

VERSIONS bool ls_rows_scale_test(float *restrict ret, float *restrict sum, const float *restrict a,
                                 const float *restrict scale, size_t n, float limit) {
    const int32_t limit_bits = bits_of(limit);
    int32_t any = 0;
    for (size_t i = 0; i < n; i++) {
        float value = a[i] * scale[i];
        ret[i] = value;
        sum[i] += value;
        any |= bits_of(value) > limit_bits;
    }
    return any != 0;
}

/* ret may be a: each element is read before it is written. */
VERSIONS void ls_rows_add(float *ret, const float *a, const float *b, size_t n) {
    for (size_t i = 0; i < n; i++) {
        ret[i] = a[i] + b[i];
    }
}

VERSIONS bool ls_rows_add_test(float *restrict ret, const float *a, const float *b, size_t n,
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

VERSIONS void ls_rows_fold(float *restrict ret, const float *restrict a, size_t step, size_t n) {
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

VERSIONS bool ls_rows_fold_test(float *restrict ret, const float *restrict a, size_t n,
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

VERSIONS bool ls_rows_any_above(const float *a, float limit, size_t n) {
    const int32_t limit_bits = bits_of(limit);
    int32_t any = 0;
    for (size_t i = 0; i < n; i++) {
        any |= bits_of(a[i]) > limit_bits;
    }
    return any != 0;
}

VERSIONS void ls_rows_excise(float *restrict sum, const float *restrict a,
                             const unsigned char *restrict marks, size_t n) {
    for (size_t i = 0; i < n; i++) {
        sum[i] += marks[i] != 0 ? 1.0F : a[i];
    }
}

VERSIONS void ls_rows_gather(float *restrict sum, float *restrict count, const float *restrict a,
                             const unsigned char *restrict marks, size_t n) {
    for (size_t i = 0; i < n; i++) {
        sum[i] += marks[i] != 0 ? 0.0F : a[i];
        count[i] += marks[i] != 0 ? 0.0F : 1.0F;
    }
}

enum { LANES = 16 };

VERSIONS float ls_rows_sum(const float *a, size_t n) {
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
