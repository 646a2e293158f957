/* Boxes are narrow and long, and their rows lie far apart: rows to come are asked for early. The
 * last few channels of a row are taken with what lies behind them, which is thrown away; the last
 * row has nothing behind it and is copied first. */
#include "dsp/excess.h"

#include <stdint.h>
#include <string.h>

#include "dsp/versions.h"

enum {
    LANES = 8,
    VECTORS = 4, /* of channels, whose sums stay in registers while rows go by */
    GROUP = 4,   /* rows that share their weights */
    AHEAD = 12,  /* rows */
    LINE_FLOATS = 16,
};

/* As wide as the widest registers: compilers split it where those are narrower, and convert halves
 * of it badly. */
typedef double vec __attribute__((vector_size(LANES * sizeof(double))));
typedef int64_t vec_bits __attribute__((vector_size(LANES * sizeof(int64_t))));
typedef float vec_cells __attribute__((vector_size(LANES * sizeof(float))));

/* By reference, as vectors are not passed alike on every level. */
static inline __attribute__((always_inline)) void load(vec *ret, const float *from) {
    vec_cells cells;
    memcpy(&cells, from, sizeof cells);
    *ret = __builtin_convertvector(cells, vec);
}

/* The last channels of a row, fewer than LANES. */
struct tail {
    vec_bits keep;
    size_t at;
    size_t channels;
    float last[LANES]; /* of the last row */
};

static inline __attribute__((always_inline)) void
find_tail(struct tail *tail, const struct ls_rectangle *in, size_t at) {
    tail->at = at;
    tail->channels = in->channels - at;
    memset(tail->last, 0, sizeof tail->last);
    if (tail->channels > 0 && in->rows > 0) {
        memcpy(tail->last, in->cells + (in->rows - 1) * in->stride + at,
               tail->channels * sizeof(float));
    }
    for (size_t k = 0; k < LANES; k++) {
        tail->keep[k] = k < tail->channels ? -1 : 0;
    }
}

/* Cells less 1 of row r; 0 behind its end. */
static inline __attribute__((always_inline)) void load_tail(vec *ret, const struct ls_rectangle *in,
                                                            const struct tail *tail, size_t r) {
    load(ret, r + 1 < in->rows ? in->cells + r * in->stride + tail->at : tail->last);
    *ret = (vec)((vec_bits)(*ret - 1.0) & tail->keep);
}

static inline __attribute__((always_inline)) void ask_ahead(const struct ls_rectangle *in,
                                                            size_t r) {
    if (r + AHEAD < in->rows) {
        const float *row = in->cells + (r + AHEAD) * in->stride;
        for (size_t c = 0; c < in->channels; c += LINE_FLOATS) {
            __builtin_prefetch(row + c);
        }
        __builtin_prefetch(row + in->channels - 1);
    }
}

static inline __attribute__((always_inline)) double sum_lanes(const vec *lanes) {
    double sum = (*lanes)[0];
    for (size_t k = 1; k < LANES; k++) {
        sum += (*lanes)[k];
    }
    return sum;
}

/* Lanes of the sums of rows [r, r + group), whose number is a constant. last_weights: of the tail.
 */
static inline __attribute__((always_inline)) void
weigh_rows(const struct ls_rectangle *in, const struct tail *tail, const float *weights,
           const float *last_weights, size_t r, size_t group, vec *sums) {
    vec x;
    vec w;
    for (size_t g = 0; g < group; g++) {
        ask_ahead(in, r + g);
        sums[g] = (vec){0};
    }
    for (size_t c = 0; c < tail->at; c += LANES) {
        load(&w, weights + c);
#pragma GCC unroll 4
        for (size_t g = 0; g < group; g++) {
            load(&x, in->cells + (r + g) * in->stride + c);
            sums[g] += (x - 1.0) * w;
        }
    }
    if (tail->channels == 0) {
        return;
    }
    load(&w, last_weights);
#pragma GCC unroll 4
    for (size_t g = 0; g < group; g++) {
        load_tail(&x, in, tail, r + g);
        sums[g] += x * w;
    }
}

/* The same as sum_lanes() of each of LANES rows: lanes are turned into rows, and added in the same
 * order. */
static inline __attribute__((always_inline)) void sum_lanes_of_rows(const vec *rows, double *ret) {
    vec pairs[LANES]; /* lanes 0 and 1, 2 and 3... of two rows, then of the next two */
    vec fours[LANES];
    for (size_t i = 0; i < LANES; i += 2) {
        pairs[i] = __builtin_shufflevector(rows[i], rows[i + 1], 0, 8, 2, 10, 4, 12, 6, 14);
        pairs[i + 1] = __builtin_shufflevector(rows[i], rows[i + 1], 1, 9, 3, 11, 5, 13, 7, 15);
    }
    for (size_t i = 0; i < LANES; i += 4) {
        for (size_t k = 0; k < 2; k++) {
            const vec *a = &pairs[i + k];
            const vec *b = &pairs[i + k + 2];
            fours[i + k] = __builtin_shufflevector(*a, *b, 0, 1, 8, 9, 4, 5, 12, 13);
            fours[i + k + 2] = __builtin_shufflevector(*a, *b, 2, 3, 10, 11, 6, 7, 14, 15);
        }
    }
    vec sum = {0};
    vec behind[LANES / 2];
    for (size_t k = 0; k < LANES / 2; k++) {
        vec lane = __builtin_shufflevector(fours[k], fours[k + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        behind[k] = __builtin_shufflevector(fours[k], fours[k + 4], 4, 5, 6, 7, 12, 13, 14, 15);
        sum = k == 0 ? lane : sum + lane;
    }
    for (size_t k = 0; k < LANES / 2; k++) {
        sum += behind[k];
    }
    memcpy(ret, &sum, sizeof sum);
}

LS_VERSIONS void ls_excess_rows(const struct ls_rectangle *in, const float *weights, double *ret) {
    _Static_assert(LANES == 2 * GROUP, "as many rows as lanes are two groups");
    struct tail tail;
    vec sums[LANES];
    find_tail(&tail, in, in->channels / LANES * LANES);
    float last_weights[LANES] = {0};
    memcpy(last_weights, weights + tail.at, tail.channels * sizeof(float));
    size_t r = 0;
    for (; r + LANES <= in->rows; r += LANES) {
        weigh_rows(in, &tail, weights, last_weights, r, GROUP, sums);
        weigh_rows(in, &tail, weights, last_weights, r + GROUP, GROUP, sums + GROUP);
        sum_lanes_of_rows(sums, ret + r);
    }
    for (; r < in->rows; r++) {
        weigh_rows(in, &tail, weights, last_weights, r, 1, sums);
        ret[r] = sum_lanes(&sums[0]);
    }
}

LS_VERSIONS double ls_excess_sum(const struct ls_rectangle *in) {
    struct tail tail;
    find_tail(&tail, in, in->channels / LANES * LANES);
    double sum = 0.0;
    for (size_t r = 0; r < in->rows; r++) {
        vec lanes = {0};
        vec x;
        ask_ahead(in, r);
        for (size_t c = 0; c < tail.at; c += LANES) {
            load(&x, in->cells + r * in->stride + c);
            lanes += x - 1.0;
        }
        load_tail(&x, in, &tail, r);
        lanes += x;
        sum += sum_lanes(&lanes);
    }
    return sum;
}

/* Up to VECTORS * LANES channels from at on, of all rows but the last with what lies behind them.
 */
static inline __attribute__((always_inline)) void sum_columns(const struct ls_rectangle *in,
                                                              size_t at, size_t vectors,
                                                              size_t channels, double *ret) {
    vec sum[VECTORS] = {{0}};
    vec x;
    float last[VECTORS * LANES] = {0};
    memcpy(last, in->cells + (in->rows - 1) * in->stride + at, channels * sizeof *last);
    for (size_t r = 0; r + 1 < in->rows; r++) {
#pragma GCC unroll 4
        for (size_t v = 0; v < vectors; v++) {
            load(&x, in->cells + r * in->stride + at + v * LANES);
            sum[v] += x - 1.0;
        }
    }
#pragma GCC unroll 4
    for (size_t v = 0; v < vectors; v++) {
        load(&x, last + v * LANES);
        sum[v] += x - 1.0;
    }
    memcpy(ret + at, sum, channels * sizeof *ret);
}

LS_VERSIONS void ls_excess_channels(const struct ls_rectangle *in, double *ret) {
    if (in->rows == 0) {
        memset(ret, 0, in->channels * sizeof *ret);
        return;
    }
    size_t at = 0;
    for (; at + VECTORS * LANES <= in->channels; at += VECTORS * LANES) {
        sum_columns(in, at, VECTORS, VECTORS * LANES, ret);
    }
    size_t left = in->channels - at;
    if (left > 3 * LANES) {
        sum_columns(in, at, VECTORS, left, ret);
    } else if (left > 2 * LANES) {
        sum_columns(in, at, 3, left, ret);
    } else if (left > LANES) {
        sum_columns(in, at, 2, left, ret);
    } else if (left > 0) {
        sum_columns(in, at, 1, left, ret);
    }
}
