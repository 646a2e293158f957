/* Two passes. The first streams: each level of the duration pyramid keeps its last three rows, so a
 * piece is tested while it is in cache (pyramid_push). Where something crossed, the second goes
 * over the stored rows again, with marks (dsp/claims.h). It sees the same sums as the first until
 * the first mark, so nothing that crossed is missed.
 *
 * Level 0 is single rows; level j >= 1 is 2^j rows, starting every 2^(j-1) rows. */
#include "dsp/detector.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/boxes.h"
#include "dsp/claims.h"
#include "dsp/crossings.h"
#include "dsp/profiles.h"
#include "dsp/required.h"
#include "dsp/rise.h"
#include "dsp/rows.h"
#include "dsp/screen.h"
#include "dsp/sort.h"

enum {
    RING = 3,         /* rows of a level that the one above still needs */
    LINE_FLOATS = 16, /* of a cache line */
    LINE_BYTES = 64,
};

/* 0.8 dB: gain and temperature do no more to a floor between two updates. */
static const double DRIFT_MAX = 1.2;

/* Standard errors: the estimate of a rise is noise up to here. */
static const double RISE_SIGMA = 2.5;

struct ls_detector {
    struct ls_detector_opts opts;
    size_t rows_max;
    struct ls_limits limits;
    struct ls_screen screens[LS_LEVELS_MAX];
    struct ls_required required;
    struct ls_crossings crossings;
    float *scale;         /* [channels] 0.5 / floor; 0 outside the analysed channels */
    float *floor_pow;     /* [channels] */
    float *noise_pow;     /* [channels]: as in struct ls_cells */
    size_t stride;        /* of rows of cells and marks */
    float *cells;         /* [rows_max][stride] */
    unsigned char *marks; /* [rows_max][stride] */
    bool *claimed;        /* as in struct ls_cells */
    bool *changed;        /* as in struct ls_cells */
    size_t rows;
    struct ls_rise rise_whole; /* of a full piece */
    double rise; /* of the floor since it was tracked last: cells have been divided by it */
    float *ring[LS_LEVELS_MAX][RING]; /* rows of the pyramid, from level 1 on */
    size_t ring_rows[LS_LEVELS_MAX];
    float *none;   /* [channels]: no row before the first one */
    float *blocks; /* [2 * LS_SCREEN_SCRATCH(channels)] */
    float *work;   /* [channels] */
    struct ls_claims *claims;
    size_t slot_rows;
    float *sums;   /* [slots][channels] of free cells */
    float *counts; /* [slots][channels]: how many they are */
    float *residual;
    float *clean;
    struct ls_boxes *boxes;
    struct ls_profiles *profiles;
};

static size_t levels_for(size_t longest, size_t most) {
    size_t levels = 1;
    while (levels < most && ((size_t)1 << levels) <= longest) {
        levels++;
    }
    return levels;
}

static void plan_limits(struct ls_detector *det) {
    const struct ls_detector_opts *o = &det->opts;
    struct ls_limits_opts opts = {.looks = o->looks,
                                  .levels = levels_for(det->rows_max, LS_LEVELS_MAX),
                                  .widths =
                                      levels_for(o->last_channel - o->first_channel, LS_WIDTHS_MAX),
                                  .rows = det->rows_max,
                                  .channels = o->last_channel - o->first_channel,
                                  .false_alarms = o->false_alarms,
                                  .floor_error = o->floor_error};
    if (o->limits != NULL) {
        det->limits = *o->limits;
    } else {
        ls_limits_plan(&det->limits, &opts);
    }
    ls_required_init(&det->required, &det->limits);
    for (size_t j = 0; j < det->limits.levels; j++) {
        ls_screen_plan(&det->screens[j], det->limits.screen[j], det->limits.widths);
    }
}

/* Zeros on a cache line: a vector over two of them is read twice. */
static float *make_row(size_t count) {
    size_t bytes = (count * sizeof(float) + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES;
    float *row = aligned_alloc(LINE_BYTES, bytes);
    if (row != NULL) {
        memset(row, 0, bytes);
    }
    return row;
}

static int create_arrays(struct ls_detector *det) {
    size_t n = det->opts.channels;
    bool ok = true;
    for (size_t j = 1; j < det->limits.levels || j == 1; j++) {
        for (size_t i = 0; i < RING; i++) {
            det->ring[j][i] = make_row(n);
            ok = ok && det->ring[j][i] != NULL;
        }
    }
    det->none = make_row(n);
    det->blocks = make_row(2 * LS_SCREEN_SCRATCH(n));
    det->scale = make_row(n);
    det->floor_pow = calloc(n, sizeof(float));
    det->noise_pow = calloc(n, sizeof(float));
    det->cells = make_row(det->rows_max * det->stride);
    det->marks = calloc(det->rows_max, det->stride);
    det->claimed = calloc(n / LS_PANEL_CHANNELS + 1, sizeof *det->claimed);
    det->changed = calloc(n / LS_PANEL_CHANNELS + 1, sizeof *det->changed);
    det->work = make_row(n);
    size_t slots = det->rows_max / det->slot_rows + 1;
    det->sums = make_row(slots * n);
    det->counts = calloc(slots * n, sizeof(float));
    det->residual = calloc(n, sizeof(float));
    det->clean = calloc(n, sizeof(float));
    ok = ok && det->none != NULL && det->blocks != NULL && det->scale != NULL &&
         det->floor_pow != NULL && det->noise_pow != NULL && det->cells != NULL &&
         det->marks != NULL && det->claimed != NULL && det->changed != NULL && det->work != NULL &&
         det->sums != NULL && det->counts != NULL && det->residual != NULL && det->clean != NULL;
    return ok ? LS_OK : LS_ERR_NOMEM;
}

int ls_detector_create(struct ls_detector **ret, const struct ls_detector_opts *opts,
                       struct ls_err *err) {
    if (opts->channels < 4 || opts->channels % 2 != 0 || opts->frames < 2 ||
        opts->frames % 2 != 0 || opts->first_channel >= opts->last_channel ||
        opts->last_channel > opts->channels || !(opts->false_alarms > 0.0)) {
        return ls_err_set(err, LS_ERR_ARG,
                          "the detector needs even channels and frames and a false-alarm budget");
    }
    struct ls_detector *det = calloc(1, sizeof *det);
    if (det == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for the detector");
    }
    det->opts = *opts;
    det->opts.leakage_pow = opts->leakage_pow > 0.0F ? opts->leakage_pow : 1e-6F;
    /* Rows a page apart would share the same few lines of every cache, and what goes down a channel
     * would find none of them there. */
    det->stride = opts->channels + LINE_FLOATS;
    det->rows_max = opts->frames / 2;
    det->slot_rows = det->rows_max > LS_SLOTS ? det->rows_max / LS_SLOTS : 1;
    plan_limits(det);
    ls_rise_plan(&det->rise_whole, opts->looks, det->rows_max / det->slot_rows, 2 * det->slot_rows);
    int code = create_arrays(det);
    if (code == LS_OK) {
        code = ls_crossings_init(&det->crossings, &det->limits, det->rows_max, opts->channels);
    }
    if (code == LS_OK) {
        code = ls_claims_create(&det->claims, det->rows_max, opts->channels);
    }
    if (code == LS_OK) {
        code = ls_boxes_create(&det->boxes, det->rows_max, opts->channels);
    }
    if (code == LS_OK) {
        code = ls_profiles_create(&det->profiles, det->rows_max, opts->channels);
    }
    if (code != LS_OK) {
        ls_detector_destroy(det);
        return ls_err_set(err, code, "out of memory for a detector of %zu channels",
                          opts->channels);
    }
    *ret = det;
    return LS_OK;
}

void ls_detector_destroy(struct ls_detector *det) {
    if (det == NULL) {
        return;
    }
    for (size_t j = 0; j < LS_LEVELS_MAX; j++) {
        for (size_t i = 0; i < RING; i++) {
            free(det->ring[j][i]);
        }
    }
    free(det->none);
    free(det->blocks);
    free(det->scale);
    free(det->floor_pow);
    free(det->noise_pow);
    free(det->cells);
    free(det->marks);
    ls_crossings_finish(&det->crossings);
    free(det->claimed);
    free(det->changed);
    free(det->work);
    ls_claims_destroy(det->claims);
    free(det->sums);
    free(det->counts);
    free(det->residual);
    free(det->clean);
    ls_boxes_destroy(det->boxes);
    ls_profiles_destroy(det->profiles);
    free(det);
}

/* Slots that so many rows fill or begin. */
static size_t slots_of(const struct ls_detector *det, size_t rows) {
    return (rows + det->slot_rows - 1) / det->slot_rows;
}

static bool is_line(const struct ls_detector *det, size_t c) {
    return det->opts.masked != NULL && det->opts.masked[c];
}

/* The noise under the receiver's own lines is what lies beside them. */
static void bridge_lines(struct ls_detector *det) {
    size_t n = det->opts.channels;
    memcpy(det->noise_pow, det->floor_pow, n * sizeof *det->noise_pow);
    for (size_t c = 0; det->opts.masked != NULL && c < n; c++) {
        if (!is_line(det, c)) {
            continue;
        }
        size_t end = c;
        while (end < n && is_line(det, end)) {
            end++;
        }
        float below = c > 0 ? det->floor_pow[c - 1] : INFINITY;
        float above = end < n ? det->floor_pow[end] : INFINITY;
        for (; c < end; c++) {
            det->noise_pow[c] = fminf(det->floor_pow[c], fminf(below, above));
        }
    }
}

const struct ls_limits *ls_detector_limits(const struct ls_detector *det) { return &det->limits; }

void ls_detector_begin(struct ls_detector *det, const float *floor_pow) {
    for (size_t c = 0; c < det->opts.channels; c++) {
        bool analysed = c >= det->opts.first_channel && c < det->opts.last_channel;
        det->floor_pow[c] = floor_pow[c];
        det->scale[c] = analysed ? 0.5F / floor_pow[c] : 0.0F;
    }
    bridge_lines(det);
    memset(det->ring_rows, 0, sizeof det->ring_rows);
    memset(det->sums, 0, slots_of(det, det->rows_max) * det->opts.channels * sizeof *det->sums);
    det->rows = 0;
    ls_crossings_begin(&det->crossings);
    det->rise = 1.0;
}

/* A new row of level 1; feeds the levels above while their windows are complete. */
static void pyramid_push(struct ls_detector *det, struct ls_screened may_cross) {
    const float *scratch = det->blocks + LS_SCREEN_SCRATCH(det->opts.channels);
    for (size_t level = 1; level < det->limits.levels; level++) {
        size_t i = det->ring_rows[level]++;
        const float *fresh = det->ring[level][i % RING];
        const struct ls_crossings_row row = {
            .level = level, .window = i, .sums = fresh, .may_cross = may_cross, .scratch = scratch};
        ls_crossings_look(&det->crossings, &row);
        if (level + 1 == det->limits.levels || i < 2 || i % 2 != 0) {
            return;
        }
        float *sum = det->ring[level + 1][det->ring_rows[level + 1] % RING];
        may_cross =
            ls_screen_add(&det->screens[level + 1], sum, fresh, det->ring[level][(i - 2) % RING],
                          det->opts.channels, det->blocks);
        scratch = det->blocks;
    }
}

void ls_detector_push(struct ls_detector *det, const float *power_sum) {
    assert(det->rows < det->rows_max);
    size_t n = det->opts.channels;
    float *cells = det->cells + det->rows * det->stride;
    bool last = det->rows + 1 == det->rows_max;
    const struct ls_screen_row row = {.power = power_sum,
                                      .scale = det->scale,
                                      .before = det->rows > 0 ? cells - det->stride : det->none,
                                      .cells = cells,
                                      .sums = det->sums + det->rows / det->slot_rows * n,
                                      .pair_sums = det->ring[1][det->ring_rows[1] % RING],
                                      .next = last ? cells : cells + det->stride,
                                      .n = n,
                                      .screen = det->screens,
                                      .scratch = det->blocks};
    struct ls_screened may_cross[2];
    ls_screen_push(&row, may_cross);
    size_t window = det->rows++;
    const struct ls_crossings_row single = {
        .window = window, .sums = cells, .may_cross = may_cross[0], .scratch = det->blocks};
    ls_crossings_look(&det->crossings, &single);
    if (window > 0) {
        pyramid_push(det, may_cross[1]);
    }
}

/* Every cell is free: push() has summed the rows. */
static void count_all(struct ls_detector *det) {
    size_t n = det->opts.channels;
    for (size_t s = 0; s < slots_of(det, det->rows); s++) {
        size_t left = det->rows - s * det->slot_rows;
        float rows = (float)(left < det->slot_rows ? left : det->slot_rows);
        for (size_t c = 0; c < n; c++) {
            det->counts[s * n + c] = rows;
        }
    }
}

/* Sums of the free cells of a segment anew, slot by slot: a sum less what was claimed would be a
 * small difference of large numbers. */
static void gather_segment(struct ls_detector *det, size_t from, size_t width) {
    size_t n = det->opts.channels;
    for (size_t s = 0; s < slots_of(det, det->rows); s++) {
        size_t first = s * det->slot_rows;
        size_t left = det->rows - first;
        const struct ls_marked_rows cells = {.cells = det->cells + first * det->stride + from,
                                             .marks = det->marks + first * det->stride + from,
                                             .stride = det->stride,
                                             .rows = left < det->slot_rows ? left : det->slot_rows,
                                             .n = width};
        float *sums = det->sums + s * n + from;
        float *counts = det->counts + s * n + from;
        memset(sums, 0, width * sizeof *sums);
        memset(counts, 0, width * sizeof *counts);
        ls_rows_gather(&cells, sums, counts);
    }
}

/* Means over the free cells. push() has summed the rows; only where something was claimed, or
 * changed sides since, are they gone over again. */
static void gather(struct ls_detector *det, const bool *panels) {
    size_t n = det->opts.channels;
    for (size_t from = 0; from < n; from += LS_PANEL_CHANNELS) {
        if (panels[from / LS_PANEL_CHANNELS]) {
            gather_segment(det, from, n - from < LS_PANEL_CHANNELS ? n - from : LS_PANEL_CHANNELS);
        }
    }
}

static void measure_residual(struct ls_detector *det) {
    size_t n = det->opts.channels;
    float *counts = det->work;
    memset(det->residual, 0, n * sizeof *det->residual);
    memset(counts, 0, n * sizeof *counts);
    for (size_t s = 0; s < slots_of(det, det->rows); s++) {
        ls_rows_add(det->residual, det->residual, det->sums + s * n, n);
        ls_rows_add(counts, counts, det->counts + s * n, n);
    }
    for (size_t c = 0; c < n; c++) {
        bool analysed = c >= det->opts.first_channel && c < det->opts.last_channel;
        det->residual[c] = analysed && counts[c] > 0.0F ? det->residual[c] / counts[c] : 1.0F;
        det->clean[c] = analysed && det->rows > 0 ? counts[c] / (float)det->rows : 0.0F;
    }
}

/* How far the means of mostly clean channels stray from 1: their median absolute deviation as a
 * standard deviation (1.4826 for a Gaussian), less what their looks explain. */
static double floor_stray(struct ls_detector *det) {
    float *strays = det->work;
    size_t n = 0;
    for (size_t c = 0; c < det->opts.channels; c++) {
        if (det->clean[c] > 0.5F) {
            strays[n++] = fabsf(det->residual[c] - 1.0F);
        }
    }
    if (n < 8) {
        return 0.0;
    }
    ls_sort_powers(strays, n);
    double spread = 1.4826 * (double)strays[n / 2];
    double explained = 1.0 / ls_looks_effective(det->opts.looks, 2 * det->rows, 1);
    return sqrt(fmax(0.0, spread * spread - 2.0 * explained));
}

/* The floor may have risen since it was tracked last. When that is more than drift can be, the
 * channels are occupied, unless they are up or down as evenly as only gain makes them. */
static double risen_floor(struct ls_detector *det) {
    size_t slots = det->rows / det->slot_rows;
    struct ls_rise rise = det->rise_whole;
    if (slots == 0) {
        return 1.0;
    }
    if (slots != rise.slots) {
        ls_rise_plan(&rise, det->opts.looks, slots, 2 * det->slot_rows);
    }
    bool even;
    double risen = ls_rise_estimate(&rise, det->sums, det->opts.channels, det->opts.first_channel,
                                    det->opts.last_channel, det->slot_rows, &even, det->work);
    if (risen > DRIFT_MAX || risen < 1.0 / DRIFT_MAX) {
        return even && risen > 0.0 ? risen : 1.0;
    }
    /* What noise alone shows would be taken from every wide window. */
    double noise =
        RISE_SIGMA * ls_rise_error(&rise, det->opts.last_channel - det->opts.first_channel);
    return risen > 1.0 + noise ? risen : 1.0;
}

/* Hold the piece against the risen floor. */
static void follow_floor(struct ls_detector *det) {
    det->rise = risen_floor(det);
    if (det->rise == 1.0) {
        return;
    }
    size_t n = det->opts.channels;
    ls_rows_scale(det->cells, (float)(1.0 / det->rise), det->rows * det->stride);
    ls_rows_scale(det->sums, (float)(1.0 / det->rise), slots_of(det, det->rows) * n);
    for (size_t c = 0; c < n; c++) {
        det->floor_pow[c] *= (float)det->rise;
        det->noise_pow[c] *= (float)det->rise;
    }
}

/* Search the cells again, where something crossed. */
static void search_again(struct ls_detector *det, bool clipped, struct ls_detection *ret) {
    follow_floor(det);
    ls_profiles_begin(det->profiles);
    struct ls_cells cells = {.cells = det->cells,
                             .marks = det->marks,
                             .claimed = det->claimed,
                             .changed = det->changed,
                             .floor_pow = det->floor_pow,
                             .noise_pow = det->noise_pow,
                             .required = &det->required,
                             .profiles = det->profiles,
                             .rows = det->rows,
                             .channels = det->opts.channels,
                             .stride = det->stride,
                             .clipped = clipped,
                             .seed_limit = det->limits.seed,
                             .grow_limit = det->limits.grow,
                             .leakage_pow = det->opts.leakage_pow};
    ls_claims_make(det->claims, &cells, &det->limits, &det->crossings, ls_boxes_blobs(det->boxes));
    gather(det, det->claimed);
    memset(det->changed, 0, det->opts.channels / LS_PANEL_CHANNELS + 1);
    measure_residual(det);
    cells.floor_stray = floor_stray(det);
    ret->boxes = ls_boxes_find(det->boxes, &cells, &ret->box_count, ret->declined);
    gather(det, det->changed); /* cells were given back, and others fitted */
    measure_residual(det);
    size_t analysed = det->opts.last_channel - det->opts.first_channel;
    ls_rows_scale(det->residual + det->opts.first_channel, (float)det->rise, analysed);
    ls_rows_scale(det->sums, (float)det->rise, slots_of(det, det->rows) * det->opts.channels);
}

void ls_detector_finish(struct ls_detector *det, bool clipped, struct ls_detection *ret) {
    memset(ret, 0, sizeof *ret);
    ret->residual = det->residual;
    ret->clean = det->clean;
    ret->slot_sums = det->sums;
    ret->slot_counts = det->counts;
    ret->slots = det->rows / det->slot_rows;
    count_all(det);
    if (det->crossings.any) {
        search_again(det, clipped, ret);
    } else {
        measure_residual(det);
    }
}
