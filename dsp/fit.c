#include "dsp/fit.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "dsp/rows.h"

enum {
    PARTS = 8,     /* of the window in the grid, at least */
    GRID_MAX = 32, /* 2 windows of at most 15 parts */
    ROUNDS = 6,    /* new grids */
    TURNS = 4,     /* of time and frequency on one grid */
    PANEL = 64     /* columns summed in one go */
};

/* A bound that rounding brought below what it bounds would be none. */
static const float BOUND_ROUNDING = 1.0001F;

/* Edges of one axis: parts of step from low on, the last one shorter. */
struct axis {
    size_t edges[GRID_MAX + 1];
    size_t parts;
    size_t from; /* the window: parts [from, to) */
    size_t to;
};

struct grid {
    struct axis rows;
    struct axis channels;
    float excess[GRID_MAX][GRID_MAX]; /* [row part][channel part]: sums of cell - 1 */
};

/* The window and half as much again on each side, within [0, count). */
static void lay_axis(struct axis *axis, size_t from, size_t length, size_t count) {
    size_t step = length / PARTS > 0 ? length / PARTS : 1;
    size_t beyond = length > 1 ? length / 2 / step : 1;
    size_t before = from / step < beyond ? from / step : beyond;
    size_t at = from - before * step;
    size_t stop = from + length + beyond * step;
    stop = stop < count ? stop : count;
    axis->parts = 0;
    axis->from = before;
    axis->to = before;
    while (at < stop && axis->parts < GRID_MAX) {
        axis->edges[axis->parts++] = at;
        at += step;
        axis->to = at < from + length + step ? axis->parts : axis->to;
    }
    axis->edges[axis->parts] = at < stop ? at : stop;
}

/* Sums of cell - 1 over the free cells of each column of a window, PANEL columns at most. */
static void sum_columns(const struct ls_cells *in, const struct ls_window *window, float *ret) {
    size_t at = window->row * in->stride + window->channel;
    const struct ls_marked_rows cells = {.cells = in->cells + at,
                                         .marks = in->marks + at,
                                         .stride = in->stride,
                                         .rows = window->rows,
                                         .n = window->channels};
    ls_rows_excise(&cells, ret);
    for (size_t c = 0; c < window->channels; c++) {
        ret[c] -= (float)window->rows;
    }
}

/* One row of the grid. */
static void fill_parts(struct grid *grid, const struct ls_cells *in, size_t t) {
    const size_t *edges = grid->channels.edges;
    struct ls_window panel = {.row = grid->rows.edges[t],
                              .rows = grid->rows.edges[t + 1] - grid->rows.edges[t]};
    size_t stop = edges[grid->channels.parts];
    size_t part = 0;
    for (size_t from = edges[0]; from < stop; from += PANEL) {
        float columns[PANEL];
        panel.channel = from;
        panel.channels = stop - from < PANEL ? stop - from : PANEL;
        sum_columns(in, &panel, columns);
        for (size_t c = 0; c < panel.channels; c++) {
            part += from + c == edges[part + 1] ? 1 : 0;
            grid->excess[t][part] += columns[c];
        }
    }
}

static void fill_grid(struct grid *grid, const struct ls_cells *in) {
    for (size_t t = 0; t < grid->rows.parts; t++) {
        memset(grid->excess[t], 0, sizeof grid->excess[t]);
        fill_parts(grid, in, t);
    }
}

static size_t length_of(const struct axis *axis) {
    return axis->edges[axis->to] - axis->edges[axis->from];
}

float ls_fit_evidence(float excess) {
    return excess < 0.03F ? excess * excess * (0.5F - excess / 3.0F) : excess - log1pf(excess);
}

/* What windows of one axis need, by their number of parts: whole ones, and those that end with the
 * last part, which may be shorter. 0: not asked for yet. */
struct needs {
    float whole[GRID_MAX + 1];
    float last[GRID_MAX + 1];
};

static float evidence_needed(const struct ls_limits *limits, size_t length, size_t other,
                             bool is_time) {
    return ls_fit_evidence(is_time ? ls_limits_excess(limits, length, other)
                                   : ls_limits_excess(limits, other, length));
}

/* The best edges on one axis, given sums over the other one, which is other long. best: the ratio
 * to beat. True when they moved. */
static bool fit_axis(struct axis *axis, const float *profile, size_t other, bool is_time,
                     const struct ls_limits *limits, float *best) {
    struct needs needs = {{0}, {0}};
    bool moved = false;
    for (size_t from = 0; from < axis->parts; from++) {
        float sum = 0.0F;
        for (size_t to = from + 1; to <= axis->parts; to++) {
            sum += profile[to - 1];
            if (sum <= 0.0F) {
                continue;
            }
            size_t length = axis->edges[to] - axis->edges[from];
            float *need = to < axis->parts ? &needs.whole[to - from] : &needs.last[to - from];
            if (*need <= 0.0F) {
                *need = evidence_needed(limits, length, other, is_time);
            }
            float excess = sum / (float)(length * other);
            /* log(1 + x) >= 2 x / (2 + x), so this is never less than the evidence, and quicker. */
            if (BOUND_ROUNDING * excess * excess < (2.0F + excess) * *best * *need) {
                continue;
            }
            float ratio = ls_fit_evidence(excess) / *need;
            if (ratio > *best) {
                *best = ratio;
                axis->from = from;
                axis->to = to;
                moved = true;
            }
        }
    }
    return moved;
}

static bool fit_rows(struct grid *grid, const struct ls_limits *limits, float *best) {
    float profile[GRID_MAX] = {0};
    for (size_t t = 0; t < grid->rows.parts; t++) {
        for (size_t c = grid->channels.from; c < grid->channels.to; c++) {
            profile[t] += grid->excess[t][c];
        }
    }
    return fit_axis(&grid->rows, profile, length_of(&grid->channels), true, limits, best);
}

static bool fit_channels(struct grid *grid, const struct ls_limits *limits, float *best) {
    float profile[GRID_MAX] = {0};
    for (size_t t = grid->rows.from; t < grid->rows.to; t++) {
        for (size_t c = 0; c < grid->channels.parts; c++) {
            profile[c] += grid->excess[t][c];
        }
    }
    return fit_axis(&grid->channels, profile, length_of(&grid->rows), false, limits, best);
}

float ls_fit_excess(const struct ls_cells *in, const struct ls_window *window) {
    float sum = 0.0F;
    size_t stop = window->channel + window->channels;
    struct ls_window panel = *window;
    for (; panel.channel < stop; panel.channel += PANEL) {
        float columns[PANEL];
        size_t left = stop - panel.channel;
        panel.channels = left < PANEL ? left : PANEL;
        sum_columns(in, &panel, columns);
        sum += ls_rows_sum(columns, panel.channels);
    }
    return sum / (float)(window->rows * window->channels);
}

float ls_fit_window(const struct ls_cells *in, const struct ls_limits *limits,
                    struct ls_window *window) {
    float best = 0.0F;
    for (size_t round = 0; round < ROUNDS; round++) {
        struct grid grid;
        lay_axis(&grid.rows, window->row, window->rows, in->rows);
        lay_axis(&grid.channels, window->channel, window->channels, in->channels);
        fill_grid(&grid, in);
        best = 0.0F;
        bool moving = true;
        for (size_t turn = 0; turn < TURNS && moving; turn++) {
            moving = fit_rows(&grid, limits, &best);
            moving = fit_channels(&grid, limits, &best) || moving;
        }
        struct ls_window fitted = {.row = grid.rows.edges[grid.rows.from],
                                   .rows = length_of(&grid.rows),
                                   .channel = grid.channels.edges[grid.channels.from],
                                   .channels = length_of(&grid.channels)};
        bool same = memcmp(&fitted, window, sizeof fitted) == 0;
        *window = fitted;
        if (same) {
            break;
        }
    }
    return best;
}
