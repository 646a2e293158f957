/* Boxes are narrow and long, and their rows lie far apart: rows to come are asked for early. The
 * last few channels of a row are taken with what lies behind them, which is thrown away; the last
 * row has nothing behind it and is copied first. */
#include "dsp/excess.h"

#include <stdint.h>
#include <string.h>

#include "dsp/versions.h"

enum {
    LANES = 8,
    HALF = LANES / 2,
    VECTORS = 4, /* of channels, whose sums stay in registers while rows go by */
    AHEAD = 12,  /* rows */
    LINE_FLOATS = 16,
};

/* Halves of LANES: what compilers make of wider conversions is slow. */
typedef double vec __attribute__((vector_size(HALF * sizeof(double))));
typedef int64_t vec_bits __attribute__((vector_size(HALF * sizeof(int64_t))));
typedef float vec_cells __attribute__((vector_size(HALF * sizeof(float))));

struct lanes {
    vec low;
    vec high;
};

/* By reference, as vectors are not passed alike on every level. */
static inline __attribute__((always_inline)) void load(struct lanes *ret, const float *from) {
    vec_cells low;
    vec_cells high;
    memcpy(&low, from, sizeof low);
    memcpy(&high, from + HALF, sizeof high);
    ret->low = __builtin_convertvector(low, vec);
    ret->high = __builtin_convertvector(high, vec);
}

/* The last channels of a row, fewer than LANES. */
struct tail {
    size_t at;
    size_t channels;
    vec_bits keep_low;
    vec_bits keep_high;
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
    for (size_t k = 0; k < HALF; k++) {
        tail->keep_low[k] = k < tail->channels ? -1 : 0;
        tail->keep_high[k] = HALF + k < tail->channels ? -1 : 0;
    }
}

/* Cells less 1 of row r; 0 behind its end. */
static inline __attribute__((always_inline)) void
load_tail(struct lanes *ret, const struct ls_rectangle *in, const struct tail *tail, size_t r) {
    load(ret, r + 1 < in->rows ? in->cells + r * in->stride + tail->at : tail->last);
    ret->low = (vec)((vec_bits)(ret->low - 1.0) & tail->keep_low);
    ret->high = (vec)((vec_bits)(ret->high - 1.0) & tail->keep_high);
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

static inline __attribute__((always_inline)) double sum_lanes(const struct lanes *lanes) {
    double sum = lanes->low[0];
    for (size_t k = 1; k < HALF; k++) {
        sum += lanes->low[k];
    }
    for (size_t k = 0; k < HALF; k++) {
        sum += lanes->high[k];
    }
    return sum;
}

LS_VERSIONS void ls_excess_rows(const struct ls_rectangle *in, const float *weights, double *ret) {
    size_t whole = in->channels / LANES * LANES;
    struct tail tail;
    find_tail(&tail, in, whole);
    float last_weights[LANES] = {0};
    memcpy(last_weights, weights + whole, tail.channels * sizeof(float));
    for (size_t r = 0; r < in->rows; r++) {
        const float *row = in->cells + r * in->stride;
        struct lanes lanes = {{0}, {0}};
        struct lanes x;
        struct lanes w;
        ask_ahead(in, r);
        for (size_t c = 0; c < whole; c += LANES) {
            load(&x, row + c);
            load(&w, weights + c);
            lanes.low += (x.low - 1.0) * w.low;
            lanes.high += (x.high - 1.0) * w.high;
        }
        load_tail(&x, in, &tail, r);
        load(&w, last_weights);
        lanes.low += x.low * w.low;
        lanes.high += x.high * w.high;
        ret[r] = sum_lanes(&lanes);
    }
}

LS_VERSIONS double ls_excess_sum(const struct ls_rectangle *in) {
    size_t whole = in->channels / LANES * LANES;
    struct tail tail;
    find_tail(&tail, in, whole);
    double sum = 0.0;
    for (size_t r = 0; r < in->rows; r++) {
        const float *row = in->cells + r * in->stride;
        struct lanes lanes = {{0}, {0}};
        struct lanes x;
        ask_ahead(in, r);
        for (size_t c = 0; c < whole; c += LANES) {
            load(&x, row + c);
            lanes.low += x.low - 1.0;
            lanes.high += x.high - 1.0;
        }
        load_tail(&x, in, &tail, r);
        lanes.low += x.low;
        lanes.high += x.high;
        sum += sum_lanes(&lanes);
    }
    return sum;
}

/* Up to VECTORS * LANES channels from at on, of all rows but the last with what lies behind them.
 */
static inline __attribute__((always_inline)) void sum_columns(const struct ls_rectangle *in,
                                                              size_t at, size_t vectors,
                                                              size_t channels, double *ret) {
    struct lanes sum[VECTORS] = {{{0}, {0}}};
    struct lanes x;
    float last[VECTORS * LANES] = {0};
    memcpy(last, in->cells + (in->rows - 1) * in->stride + at, channels * sizeof *last);
    for (size_t r = 0; r + 1 < in->rows; r++) {
#pragma GCC unroll 4
        for (size_t v = 0; v < vectors; v++) {
            load(&x, in->cells + r * in->stride + at + v * LANES);
            sum[v].low += x.low - 1.0;
            sum[v].high += x.high - 1.0;
        }
    }
#pragma GCC unroll 4
    for (size_t v = 0; v < vectors; v++) {
        load(&x, last + v * LANES);
        sum[v].low += x.low - 1.0;
        sum[v].high += x.high - 1.0;
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
