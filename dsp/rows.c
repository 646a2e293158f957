#include "dsp/rows.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/versions.h"

float *ls_rows_make(size_t n) {
    enum { LINE_BYTES = 64 };
    size_t bytes = (n * sizeof(float) / LINE_BYTES + 1) * LINE_BYTES;
    float *row = aligned_alloc(LINE_BYTES, bytes);
    if (row != NULL) {
        memset(row, 0, bytes);
    }
    return row;
}

LS_VERSIONS void ls_rows_least(float *a, const float *b, size_t n) {
    for (size_t i = 0; i < n; i++) {
        a[i] = b[i] < a[i] ? b[i] : a[i];
    }
}

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

LS_VERSIONS static int32_t most_bits(const float *a, size_t n) {
    int32_t most = 0;
    for (size_t i = 0; i < n; i++) {
        int32_t bits = bits_of(a[i]);
        most = bits > most ? bits : most;
    }
    return most;
}

size_t ls_rows_peak(const float *a, size_t n) {
    int32_t most = most_bits(a, n);
    size_t at = 0;
    while (at + 1 < n && bits_of(a[at]) != most) {
        at++;
    }
    return at;
}

enum {
    LANES = 16,
    VECTORS = 4, /* whose sums stay in registers while rows go by */
    FOLDED = 2 * LANES,
    WORD = 64, /* bits */
};

typedef float vec __attribute__((vector_size(LANES * sizeof(float))));
typedef int32_t vec_bits __attribute__((vector_size(LANES * sizeof(int32_t))));
typedef int8_t vec_marks __attribute__((vector_size(LANES)));
typedef uint64_t vec_words __attribute__((vector_size(8 * sizeof(uint64_t))));

/* A difference of such patterns has the sign of their order: or-ed together, signs tell whether any
 * limit was passed, and cost less than compares.
 *
 * Sums over 2^b channels are those of two neighbours among blocks of 2^(b - 1) that do not overlap,
 * and every other one of these sums is a block of the next width. */
struct screen {
    vec_bits any;
    vec_bits one;  /* limit of a block */
    vec_bits pair; /* of two neighbours */
};

static inline __attribute__((always_inline)) void load_lanes(vec *ret, const float *from) {
    memcpy(ret, from, sizeof *ret);
}

/* FOLDED blocks and the one behind them: into half as many. What is behind the last one is 0, which
 * changes no test, as what it is added to is part of a larger sum. */
static inline __attribute__((always_inline)) void
screen_blocks(struct screen *screen, const float *blocks, bool ones, float *ret) {
    vec first;
    vec second;
    vec behind_first;
    vec behind_second;
    load_lanes(&first, blocks);
    load_lanes(&second, blocks + LANES);
    load_lanes(&behind_first, blocks + 1);
    load_lanes(&behind_second, blocks + LANES + 1);
    if (ones) {
        screen->any |= (screen->one - (vec_bits)first) | (screen->one - (vec_bits)second);
    }
    first += behind_first;
    second += behind_second;
    screen->any |= (screen->pair - (vec_bits)first) | (screen->pair - (vec_bits)second);
    vec even = __builtin_shufflevector(first, second, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24,
                                       26, 28, 30);
    memcpy(ret, &even, sizeof even);
}

/* All blocks of a width, n of them and 0 behind; so is what becomes of them. */
static inline __attribute__((always_inline)) void
screen_width(struct screen *screen, const float *blocks, size_t n, float *ret) {
    for (size_t i = 0; i < n; i += FOLDED) {
        screen_blocks(screen, blocks + i, false, ret + i / 2);
    }
    memset(ret + n / 2, 0, (FOLDED + LANES) * sizeof *ret);
}

/* The same of the narrowest, single values, behind which may be anything. */
static inline __attribute__((always_inline)) void
screen_values(struct screen *screen, const float *values, size_t n, float *ret) {
    size_t i = 0;
    for (; i + FOLDED < n; i += FOLDED) {
        screen_blocks(screen, values + i, true, ret + i / 2);
    }
    float last[FOLDED + LANES] = {0};
    memcpy(last, values + i, (n - i) * sizeof *last);
    screen_blocks(screen, last, true, ret + i / 2);
    memset(ret + n / 2, 0, (FOLDED + LANES) * sizeof *ret);
}

/* The last widths, of FOLDED blocks at most: they stay in registers. limits: from that of the
 * blocks on. */
static inline __attribute__((always_inline)) void screen_last(struct screen *screen,
                                                              const float *blocks, size_t n,
                                                              const float *limits, size_t widths) {
    static const vec_bits places = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    const vec none = {0};
    vec first;
    vec second;
    load_lanes(&first, blocks);
    load_lanes(&second, blocks + LANES);
    for (size_t b = 1; b < widths && n > 1; b++) {
        first += __builtin_shufflevector(first, second, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
                                         14, 15, 16);
        second += __builtin_shufflevector(second, none, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
                                          14, 15, 16);
        const vec_bits limit = (vec_bits){0} + bits_of(limits[b]);
        screen->any |= (limit - (vec_bits)first) | (limit - (vec_bits)second);
        n /= 2;
        first = __builtin_shufflevector(first, second, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22,
                                        24, 26, 28, 30);
        first = (vec)((vec_bits)first & (places < (int32_t)n));
        second = none;
    }
}

LS_VERSIONS bool ls_rows_pyramid_test(const float *a, size_t n, const float *limits, size_t widths,
                                      float *scratch) {
    struct screen screen = {.any = {0},
                            .one = (vec_bits){0} + bits_of(limits[0]),
                            .pair = (vec_bits){0} + bits_of(limits[widths > 1 ? 1 : 0])};
    float *blocks[2] = {scratch, scratch + LS_ROWS_SCRATCH(n) / 2};
    screen_values(&screen, a, n, blocks[0]);
    size_t b = 1;
    for (n /= 2; b + 1 < widths && n > FOLDED; b++, n /= 2) {
        screen.pair = (vec_bits){0} + bits_of(limits[b + 1]);
        screen_width(&screen, blocks[(b - 1) % 2], n, blocks[b % 2]);
    }
    if (b + 1 < widths) {
        screen_last(&screen, blocks[(b - 1) % 2], n, limits + b, widths - b);
    }
    int32_t any = 0;
    for (size_t i = 0; i < LANES; i++) {
        any |= screen.any[i];
    }
    return any < 0;
}

/* ret may be a: each element is read before it is written. */
LS_VERSIONS void ls_rows_add(float *ret, const float *a, const float *b, size_t n) {
    for (size_t i = 0; i < n; i++) {
        ret[i] = a[i] + b[i];
    }
}

LS_VERSIONS void ls_rows_add_four(float *restrict ret, const float *const rows[4], size_t n) {
    const float *first = rows[0];
    const float *second = rows[1];
    const float *third = rows[2];
    const float *fourth = rows[3];
    for (size_t i = 0; i < n; i++) {
        ret[i] = first[i] + second[i] + third[i] + fourth[i];
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

LS_VERSIONS size_t ls_rows_first_above(const float *a, float limit, size_t n) {
    const int32_t limit_bits = bits_of(limit);
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        int32_t any = 0;
        for (size_t k = 0; k < LANES; k++) {
            any |= bits_of(a[i + k]) > limit_bits;
        }
        if (any != 0) {
            break;
        }
    }
    while (i < n && bits_of(a[i]) <= limit_bits) {
        i++;
    }
    return i;
}

/* Of LANES cells: all bits set where the mark is 0. By reference, as vectors are not passed alike
 * on every level. */
static inline __attribute__((always_inline)) void load_free(vec_bits *ret,
                                                            const unsigned char *marks) {
    vec_marks mark;
    memcpy(&mark, marks, sizeof mark);
    *ret = __builtin_convertvector(mark == 0, vec_bits);
}

static inline __attribute__((always_inline)) void add_excised(vec *sum, const float *cells,
                                                              const unsigned char *marks) {
    const vec_bits one = (vec_bits)((vec){0} + 1.0F);
    vec_bits clear;
    vec_bits cell;
    load_free(&clear, marks);
    memcpy(&cell, cells, sizeof cell);
    *sum += (vec)((cell & clear) | (one & ~clear));
}

static inline __attribute__((always_inline)) void
excise_columns(const struct ls_marked_rows *in, size_t at, size_t vectors, float *ret) {
    vec sum[VECTORS] = {{0}};
    for (size_t r = 0; r < in->rows; r++) {
#pragma GCC unroll 8
        for (size_t v = 0; v < vectors; v++) {
            size_t i = r * in->stride + at + v * LANES;
            add_excised(&sum[v], in->cells + i, in->marks + i);
        }
    }
    memcpy(ret + at, sum, vectors * sizeof sum[0]);
}

/* The columns that are left, fewer than LANES, of rows [from, to). They are taken with what lies
 * behind them, which is thrown away; the last row has nothing behind it and is copied first. */
static inline __attribute__((always_inline)) void
excise_left(const struct ls_marked_rows *in, size_t from, size_t to, size_t at, float *ret) {
    vec sum = {0};
    size_t left = in->n - at;
    for (size_t r = from; r < to; r++) {
        size_t i = r * in->stride + at;
        if (r + 1 < in->rows) {
            add_excised(&sum, in->cells + i, in->marks + i);
        } else {
            float cells[LANES] = {0};
            unsigned char marks[LANES] = {0};
            memcpy(cells, in->cells + i, left * sizeof *cells);
            memcpy(marks, in->marks + i, left);
            add_excised(&sum, cells, marks);
        }
    }
    memcpy(ret + at, &sum, left * sizeof *ret);
}

LS_VERSIONS void ls_rows_excise(const struct ls_marked_rows *in, float *ret) {
    size_t at = 0;
    for (; at + VECTORS * LANES <= in->n; at += VECTORS * LANES) {
        excise_columns(in, at, VECTORS, ret);
    }
    for (; at + LANES <= in->n; at += LANES) {
        excise_columns(in, at, 1, ret);
    }
    if (at < in->n) {
        excise_left(in, 0, in->rows, at, ret);
    }
}

LS_VERSIONS void ls_rows_excise_parts(const struct ls_marked_rows *in, const size_t *edges,
                                      size_t parts, float *ret, size_t ret_stride) {
    for (size_t p = 0; p < parts; p++, ret += ret_stride) {
        size_t at = 0;
        for (; at + LANES <= in->n; at += LANES) {
            vec sum = {0};
            for (size_t r = edges[p]; r < edges[p + 1]; r++) {
                size_t i = r * in->stride + at;
                add_excised(&sum, in->cells + i, in->marks + i);
            }
            memcpy(ret + at, &sum, sizeof sum);
        }
        if (at < in->n) {
            excise_left(in, edges[p], edges[p + 1], at, ret);
        }
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

/* Bits of 32 lanes of 0 or -1 each, all bits set in the lanes of low and of high. */
static inline __attribute__((always_inline)) void place_bits(vec_bits *ret, const vec_bits *low,
                                                             const vec_bits *high) {
    static const vec_bits first = {1 << 0,  1 << 1,  1 << 2,  1 << 3, 1 << 4,  1 << 5,
                                   1 << 6,  1 << 7,  1 << 8,  1 << 9, 1 << 10, 1 << 11,
                                   1 << 12, 1 << 13, 1 << 14, 1 << 15};
    *ret = (*low & first) | (*high & (first << LANES));
}

/* Of WORD lanes of 0 or -1, four vectors of them. */
static inline __attribute__((always_inline)) uint64_t bits_of_lanes(const vec_bits *lanes) {
    vec_bits low;
    vec_bits high;
    place_bits(&low, &lanes[0], &lanes[1]);
    place_bits(&high, &lanes[2], &lanes[3]);
    vec_bits all =
        __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) |
        __builtin_shufflevector(low, high, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30,
                                31);
    all |= __builtin_shufflevector(all, all, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
    all |= __builtin_shufflevector(all, all, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
    all |= __builtin_shufflevector(all, all, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
    return (uint64_t)(uint32_t)all[8] << 32 | (uint32_t)all[0];
}

/* Of WORD cells. */
static inline __attribute__((always_inline)) uint64_t
open_word(const float *cells, const unsigned char *marks, int32_t limit_bits) {
    vec_bits open[WORD / LANES];
#pragma GCC unroll 4
    for (size_t v = 0; v < WORD / LANES; v++) {
        vec_bits clear;
        vec_bits cell;
        load_free(&clear, marks + v * LANES);
        memcpy(&cell, cells + v * LANES, sizeof cell);
        open[v] = (cell > limit_bits) & clear;
    }
    return bits_of_lanes(open);
}

LS_VERSIONS void ls_rows_open(const float *cells, const unsigned char *marks, float limit, size_t n,
                              uint64_t *ret) {
    const int32_t limit_bits = bits_of(limit);
    size_t at = 0;
    for (; at + WORD <= n; at += WORD) {
        ret[at / WORD] = open_word(cells + at, marks + at, limit_bits);
    }
    if (at < n) { /* none of 0 is above a limit */
        float last_cells[WORD] = {0};
        unsigned char last_marks[WORD] = {0};
        memcpy(last_cells, cells + at, (n - at) * sizeof *cells);
        memcpy(last_marks, marks + at, n - at);
        ret[at / WORD] = open_word(last_cells, last_marks, limit_bits);
    }
}

/* Bits of WORD marks that are 1, which are made 2. Bytes of 0 and 1 are drawn together within eight
 * of them, and eights to bytes of the word. */
static inline __attribute__((always_inline)) uint64_t take_word(unsigned char *marks) {
    static const vec_words places = {0, 8, 16, 24, 32, 40, 48, 56};
    vec_words all;
    memcpy(&all, marks, sizeof all);
    vec_words ones = all & UINT64_C(0x0101010101010101);
    all += ones; /* 2 at most: no byte carries into the next */
    memcpy(marks, &all, sizeof all);
    ones |= ones >> 7;
    ones |= ones >> 14;
    ones |= ones >> 28;
    ones = (ones & UINT8_MAX) << places;
    ones |= __builtin_shufflevector(ones, ones, 4, 5, 6, 7, 0, 1, 2, 3);
    ones |= __builtin_shufflevector(ones, ones, 2, 3, 0, 1, 6, 7, 4, 5);
    return ones[0] | ones[1];
}

LS_VERSIONS void ls_rows_take(unsigned char *marks, size_t n, uint64_t *ret) {
    size_t at = 0;
    for (; at + WORD <= n; at += WORD) {
        ret[at / WORD] = take_word(marks + at);
    }
    if (at < n) {
        unsigned char last[WORD] = {0};
        memcpy(last, marks + at, n - at);
        ret[at / WORD] = take_word(last);
        memcpy(marks + at, last, n - at);
    }
}

LS_VERSIONS void ls_rows_strips(const float *a, size_t count, float *ret) {
    _Static_assert(LS_ROWS_STRIP == 2 * LANES, "two vectors a strip");
    for (size_t i = 0; i < count; i++) {
        vec sum;
        vec more;
        load_lanes(&sum, a + i * LS_ROWS_STRIP);
        load_lanes(&more, a + i * LS_ROWS_STRIP + LANES);
        sum += more;
        sum +=
            __builtin_shufflevector(sum, sum, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
        sum +=
            __builtin_shufflevector(sum, sum, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
        sum +=
            __builtin_shufflevector(sum, sum, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
        ret[i] = sum[0] + sum[1];
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
