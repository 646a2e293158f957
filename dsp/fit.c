#include "dsp/fit.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum {
    PARTS = 8,     /* of the window in the grid, at least */
    GRID_MAX = 32, /* 2 windows of at most 15 parts */
    ROUNDS = 6,    /* new grids */
    TURNS = 4      /* of time and frequency on one grid */
};

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

static float free_excess(const float *cells, const unsigned char *marks, size_t n) {
    float sum = 0.0F;
    for (size_t i = 0; i < n; i++) {
        sum += marks[i] == LS_MARK_FREE ? cells[i] - 1.0F : 0.0F;
    }
    return sum;
}

static void fill_grid(struct grid *grid, const struct ls_cells *in) {
    for (size_t t = 0; t < grid->rows.parts; t++) {
        float *sums = grid->excess[t];
        memset(sums, 0, sizeof grid->excess[t]);
        for (size_t r = grid->rows.edges[t]; r < grid->rows.edges[t + 1]; r++) {
            for (size_t c = 0; c < grid->channels.parts; c++) {
                size_t low = grid->channels.edges[c];
                size_t i = r * in->channels + low;
                sums[c] +=
                    free_excess(in->cells + i, in->marks + i, grid->channels.edges[c + 1] - low);
            }
        }
    }
}

static size_t length_of(const struct axis *axis) {
    return axis->edges[axis->to] - axis->edges[axis->from];
}

float ls_fit_evidence(float excess) {
    return excess < 0.03F ? excess * excess * (0.5F - excess / 3.0F) : excess - log1pf(excess);
}

/* The best edges on one axis, given sums over the other one, which is other long. best: the ratio
 * to beat. True when they moved. */
static bool fit_axis(struct axis *axis, const float *profile, size_t other, bool is_time,
                     const struct ls_limits *limits, float *best) {
    bool moved = false;
    for (size_t from = 0; from < axis->parts; from++) {
        float sum = 0.0F;
        for (size_t to = from + 1; to <= axis->parts; to++) {
            sum += profile[to - 1];
            size_t length = axis->edges[to] - axis->edges[from];
            if (sum <= 0.0F) {
                continue;
            }
            float need = is_time ? ls_limits_excess(limits, length, other)
                                 : ls_limits_excess(limits, other, length);
            float ratio = ls_fit_evidence(sum / (float)(length * other)) / ls_fit_evidence(need);
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
    for (size_t r = window->row; r < window->row + window->rows; r++) {
        size_t i = r * in->channels + window->channel;
        sum += free_excess(in->cells + i, in->marks + i, window->channels);
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
