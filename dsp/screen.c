/* A strip of 128 channels is eight vectors, which are folded to its eight blocks of 16 without
 * leaving registers. Folding within the parts of a vector that need not be crossed leaves blocks of
 * two, four and eight out of order, those of 16 in order:
 *
 *   a = a0 a1 .. a15, b, c, d ..  ->  blocks of 2, of a and b     in quarters of a vector
 *                                 ->  of 4, of a, b, c and d      one of each in a quarter
 *                                 ->  of 8, and of 16             quarter and quarter */
#include "dsp/screen.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "dsp/versions.h"

enum {
    LANES = LS_SCREEN_LANES,
    VECTORS = 8,
    STRIP = VECTORS * LANES,
    FOLDS = 4, /* of a strip: to blocks of 16 */
    BLOCK = 1 << FOLDS,
    IN_REGISTERS = 4, /* vectors of blocks that are folded without leaving them */
};

typedef float vec __attribute__((vector_size(LANES * sizeof(float))));
typedef int32_t vec_bits __attribute__((vector_size(LANES * sizeof(int32_t))));

/* Powers are never negative, so their bit patterns rise with their values; a difference of two has
 * the sign of their order. */
struct bounds {
    vec_bits any; /* negative where one was passed */
    vec before;   /* blocks of the strip before */
    const struct ls_screen *screen;
    float *flags;
};

void ls_screen_plan(struct ls_screen *ret, const float *limits, size_t widths) {
    for (size_t b = 0; b < LS_WIDTHS_MAX; b++) {
        float bound = b + 1 < widths ? 0.5F * limits[b + 1] : INFINITY;
        bound = b == 0 ? fminf(bound, limits[0]) : bound;
        for (size_t i = 0; i < LANES; i++) {
            ret->bounds[b][i] = bound;
        }
    }
}

static inline __attribute__((always_inline)) void load(vec *ret, const float *from) {
    memcpy(ret, from, sizeof *ret);
}

static inline __attribute__((always_inline)) void store(float *ret, const vec *from) {
    memcpy(ret, from, sizeof *from);
}

/* By reference, as vectors are not passed alike on every level. */
static inline __attribute__((always_inline)) void
find_passed(vec_bits *ret, const struct ls_screen *screen, size_t b, const vec *blocks) {
    vec_bits bound;
    memcpy(&bound, screen->bounds[b], sizeof bound);
    *ret = bound - (vec_bits)*blocks;
}

/* Behind the blocks of 16: where bounds were passed by blocks up to that, a vector for each strip
 * whose halves are for its segments, and by blocks of 32. */
static size_t flags_of(size_t n) { return n / 256 * LANES + 3 * LANES; }

static size_t wider_flags_of(size_t n) { return flags_of(n) + (n / STRIP + 1) * LANES; }

static inline __attribute__((always_inline)) void
set_bounds(struct bounds *ret, const struct ls_screen *screen, float *scratch, size_t n) {
    ret->screen = screen;
    ret->any = (vec_bits){0};
    ret->before = (vec){0};
    ret->flags = scratch + flags_of(n);
}

static inline __attribute__((always_inline)) void test(const struct bounds *bounds, size_t b,
                                                       const vec *blocks, vec_bits *any) {
    vec_bits passed;
    find_passed(&passed, bounds->screen, b, blocks);
    *any |= passed;
}

/* Neighbours within quarters of the vectors. */
static inline __attribute__((always_inline)) void fold_inside(vec *ret, const vec *a,
                                                              const vec *b) {
    vec even =
        __builtin_shufflevector(*a, *b, 0, 2, 16, 18, 4, 6, 20, 22, 8, 10, 24, 26, 12, 14, 28, 30);
    vec odd =
        __builtin_shufflevector(*a, *b, 1, 3, 17, 19, 5, 7, 21, 23, 9, 11, 25, 27, 13, 15, 29, 31);
    *ret = even + odd;
}

/* Quarters of the vectors that are neighbours. */
static inline __attribute__((always_inline)) void fold_quarters(vec *ret, const vec *a,
                                                                const vec *b) {
    vec even =
        __builtin_shufflevector(*a, *b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
    vec odd =
        __builtin_shufflevector(*a, *b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
    *ret = even + odd;
}

/* Neighbours in order. */
static inline __attribute__((always_inline)) void fold_in_order(vec *ret, const vec *a,
                                                                const vec *b) {
    vec even =
        __builtin_shufflevector(*a, *b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    vec odd =
        __builtin_shufflevector(*a, *b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
    *ret = even + odd;
}

/* Both segments of a strip, and its blocks of 8 and 16, of which each segment has half of a vector
 * and a quarter: one half for each. */
static inline __attribute__((always_inline)) void join_flags(struct bounds *bounds, size_t strip,
                                                             const vec_bits *segments,
                                                             const vec_bits *eights,
                                                             const vec_bits *sixteens) {
    vec_bits low = __builtin_shufflevector(segments[0], segments[1], 0, 1, 2, 3, 4, 5, 6, 7, 16, 17,
                                           18, 19, 20, 21, 22, 23);
    vec_bits high = __builtin_shufflevector(segments[0], segments[1], 8, 9, 10, 11, 12, 13, 14, 15,
                                            24, 25, 26, 27, 28, 29, 30, 31);
    vec_bits wide = __builtin_shufflevector(*sixteens, *sixteens, 0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6,
                                            7, 4, 5, 6, 7);
    vec_bits flags = low | high | wide | *eights;
    memcpy(bounds->flags + strip * LANES, &flags, sizeof flags);
    bounds->any |= flags;
}

/* The vectors of a strip, which is one of two: its blocks come behind those of the other one. What
 * was stored in parts would have to wait for the store when it is loaded. */
static inline __attribute__((always_inline)) void fold_strip(struct bounds *bounds, vec *v,
                                                             float *blocks, size_t strip) {
    vec_bits segments[2] = {{0}};
    vec_bits eights = {0};
    vec_bits sixteens = {0};
#pragma GCC unroll 8
    for (size_t i = 0; i < VECTORS; i++) {
        test(bounds, 0, &v[i], &segments[i >= VECTORS / 2]);
    }
#pragma GCC unroll 8
    for (size_t b = 1; b < 3; b++) {
        size_t count = (size_t)VECTORS >> b;
#pragma GCC unroll 8
        for (size_t i = 0; i < count; i++) {
            fold_inside(&v[i], &v[2 * i], &v[2 * i + 1]);
            test(bounds, b, &v[i], &segments[i >= count / 2]);
        }
    }
    fold_quarters(&v[0], &v[0], &v[1]);
    test(bounds, 3, &v[0], &eights);
    vec none = {0};
    fold_quarters(&v[0], &v[0], &none);
    test(bounds, FOLDS, &v[0], &sixteens);
    join_flags(bounds, strip, segments, &eights, &sixteens);
    if (strip % 2 != 0) {
        v[0] = bounds->before + __builtin_shufflevector(v[0], none, 16, 17, 18, 19, 20, 21, 22, 23,
                                                        0, 1, 2, 3, 4, 5, 6, 7);
    }
    bounds->before = v[0];
    store(blocks + strip / 2 * LANES, &v[0]);
}

static inline __attribute__((always_inline)) bool is_passed(const vec_bits *differences) {
    vec_bits any = *differences;
    any |= __builtin_shufflevector(any, any, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
    any |= __builtin_shufflevector(any, any, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3);
    any |= __builtin_shufflevector(any, any, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1);
    return (any[0] | any[1]) < 0;
}

_Static_assert((2 << (FOLDS + 1)) == LS_SCREEN_NARROW, "wider windows are two blocks of that");

/* Flags of blocks of 2^b; those of 32 are left behind the blocks. */
static inline __attribute__((always_inline)) void
keep_passed(struct bounds *bounds, size_t b, const vec *blocks, float *wider, vec_bits *wide) {
    vec_bits passed;
    find_passed(&passed, bounds->screen, b, blocks);
    if (b == FOLDS + 1) {
        memcpy(wider, &passed, sizeof passed);
        bounds->any |= passed;
    } else {
        *wide |= passed;
    }
}

/* Blocks of 16, count of them, to as few as fit in a few vectors. Returns how wide they are then.
 */
static inline __attribute__((always_inline)) size_t
fold_many(struct bounds *bounds, float *blocks, size_t n, size_t *count, vec_bits *wide) {
    size_t b = FOLDS;
    while (*count > IN_REGISTERS * LANES) {
        b++;
        for (size_t i = 0; i < *count; i += 2 * LANES) {
            vec pair[2];
            load(&pair[0], blocks + i);
            load(&pair[1], blocks + i + LANES);
            fold_in_order(&pair[0], &pair[0], &pair[1]);
            keep_passed(bounds, b, &pair[0], blocks + wider_flags_of(n) + i / 2, wide);
            store(blocks + i / 2, &pair[0]);
        }
        *count = (*count + 1) / 2;
    }
    return b;
}

/* Blocks of 16 and all that are wider. What is behind the last one is 0 or narrower, which passes
 * no bound that the others do not. */
static inline __attribute__((always_inline)) struct ls_screened passes(struct bounds *bounds,
                                                                       float *blocks, size_t n) {
    size_t count = (n + BLOCK - 1) / BLOCK;
    vec_bits wide = {0};
    vec last[IN_REGISTERS] = {{0}};
    size_t b = fold_many(bounds, blocks, n, &count, &wide);
#pragma GCC unroll 4
    for (size_t i = 0; i < IN_REGISTERS; i++) {
        if (i * LANES < count) {
            load(&last[i], blocks + i * LANES);
        }
    }
    for (b++; count > 1 && b < LS_WIDTHS_MAX; b++) {
        bool two = count > 2 * LANES;
        fold_in_order(&last[0], &last[0], &last[1]);
        keep_passed(bounds, b, &last[0], blocks + wider_flags_of(n), &wide);
        last[1] = (vec){0};
        if (two) {
            fold_in_order(&last[1], &last[2], &last[3]);
            keep_passed(bounds, b, &last[1], blocks + wider_flags_of(n) + LANES, &wide);
        }
        count = (count + 1) / 2;
    }
    return (struct ls_screened){.narrow = is_passed(&bounds->any), .wide = is_passed(&wide)};
}

/* A strip of a row, STRIP channels or what is left of them. */
struct strip {
    const float *power;
    const float *scale;
    const float *before;
    float *cells;
    float *sums;
    float *pair_sums;
};

/* Strips that are no whole ones, or where the order of the transform turns round, are taken with
 * zeros behind them from here. */
struct room {
    float power[STRIP];
    float scale[STRIP];
    float before[STRIP];
    float cells[STRIP];
    float sums[STRIP];
    float pair_sums[STRIP];
};

static size_t strip_width(size_t n, size_t at) { return n - at < STRIP ? n - at : STRIP; }

static void enter(struct room *room, const struct ls_screen_row *row, size_t at) {
    size_t half = row->n / 2;
    size_t width = strip_width(row->n, at);
    memset(room, 0, sizeof *room);
    for (size_t i = 0; i < width; i++) {
        room->power[i] = row->power[at + i < half ? at + i + half : at + i - half];
    }
    memcpy(room->scale, row->scale + at, width * sizeof(float));
    memcpy(room->before, row->before + at, width * sizeof(float));
    memcpy(room->sums, row->sums + at, width * sizeof(float));
}

static void leave(const struct room *room, const struct ls_screen_row *row, size_t at) {
    size_t width = strip_width(row->n, at);
    memcpy(row->cells + at, room->cells, width * sizeof(float));
    memcpy(row->sums + at, room->sums, width * sizeof(float));
    memcpy(row->pair_sums + at, room->pair_sums, width * sizeof(float));
}

static inline __attribute__((always_inline)) void push_strip(const struct strip *strip,
                                                             struct bounds *bounds, float *blocks,
                                                             float *pair_blocks, size_t index) {
    vec cells[VECTORS];
    vec pairs[VECTORS];
#pragma GCC unroll 8
    for (size_t i = 0; i < VECTORS; i++) {
        vec power;
        vec other;
        load(&power, strip->power + i * LANES);
        load(&other, strip->scale + i * LANES);
        cells[i] = power * other;
        store(strip->cells + i * LANES, &cells[i]);
        load(&other, strip->sums + i * LANES);
        other += cells[i];
        store(strip->sums + i * LANES, &other);
        load(&other, strip->before + i * LANES);
        pairs[i] = cells[i] + other;
        store(strip->pair_sums + i * LANES, &pairs[i]);
    }
    fold_strip(&bounds[0], cells, blocks, index);
    fold_strip(&bounds[1], pairs, pair_blocks, index);
}

LS_VERSIONS void ls_screen_push(const struct ls_screen_row *row, struct ls_screened ret[2]) {
    struct bounds bounds[2];
    float *blocks = row->scratch;
    float *pair_blocks = blocks + LS_SCREEN_SCRATCH(row->n);
    set_bounds(&bounds[0], &row->screen[0], blocks, row->n);
    set_bounds(&bounds[1], &row->screen[1], pair_blocks, row->n);
    size_t half = row->n / 2;
    for (size_t at = 0; at < row->n; at += STRIP) {
        struct room room;
        struct strip strip = {.power = row->power + (at < half ? at + half : at - half),
                              .scale = row->scale + at,
                              .before = row->before + at,
                              .cells = row->cells + at,
                              .sums = row->sums + at,
                              .pair_sums = row->pair_sums + at};
        bool whole = at + STRIP <= row->n && (at + STRIP <= half || at >= half);
        if (!whole) {
            enter(&room, row, at);
            strip = (struct strip){room.power, room.scale, room.before,
                                   room.cells, room.sums,  room.pair_sums};
        }
        /* The cells of a piece are more than L2 holds, and every row begins a page of memory, where
         * the processor's own prefetching stops: without this, writing cells costs as much as the
         * transforms. Few lines at a time, as no more are fetched at once. */
        for (size_t i = at; i < at + strip_width(row->n, at); i += LANES) {
            __builtin_prefetch(row->next + i, 1);
        }
        push_strip(&strip, bounds, blocks, pair_blocks, at / STRIP);
        if (!whole) {
            leave(&room, row, at);
        }
    }
    ret[0] = passes(&bounds[0], blocks, row->n);
    ret[1] = passes(&bounds[1], pair_blocks, row->n);
}

static inline __attribute__((always_inline)) void add_strip(const float *a, const float *b,
                                                            float *ret, struct bounds *bounds,
                                                            float *blocks, size_t index) {
    vec sums[VECTORS];
#pragma GCC unroll 8
    for (size_t i = 0; i < VECTORS; i++) {
        vec other;
        load(&sums[i], a + i * LANES);
        load(&other, b + i * LANES);
        sums[i] += other;
        store(ret + i * LANES, &sums[i]);
    }
    fold_strip(bounds, sums, blocks, index);
}

LS_VERSIONS struct ls_screened ls_screen_add(const struct ls_screen *screen, float *ret,
                                             const float *a, const float *b, size_t n,
                                             float *scratch) {
    struct bounds bounds;
    set_bounds(&bounds, screen, scratch, n);
    size_t at = 0;
    for (; at + STRIP <= n; at += STRIP) {
        add_strip(a + at, b + at, ret + at, &bounds, scratch, at / STRIP);
    }
    if (at < n) {
        float left[3][STRIP] = {{0}};
        memcpy(left[0], a + at, (n - at) * sizeof(float));
        memcpy(left[1], b + at, (n - at) * sizeof(float));
        add_strip(left[0], left[1], left[2], &bounds, scratch, at / STRIP);
        memcpy(ret + at, left[2], (n - at) * sizeof(float));
    }
    return passes(&bounds, scratch, n);
}

static bool any_negative(const float *flags, size_t count) {
    int32_t any = 0;
    for (size_t i = 0; i < count; i++) {
        int32_t bits;
        memcpy(&bits, &flags[i], sizeof bits);
        any |= bits;
    }
    return any < 0;
}

void ls_screen_where(const float *scratch, size_t n, bool *ret) {
    const float *flags = scratch + flags_of(n);
    const float *wider = scratch + wider_flags_of(n);
    for (size_t s = 0; s * LS_SCREEN_NARROW < n; s++) {
        ret[s] = any_negative(flags + s * LANES / 2, LANES / 2) || any_negative(wider + 2 * s, 2);
    }
}
