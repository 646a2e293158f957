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

/* Below it two terms of the series are closer than a difference from the logarithm. */
static const float SERIES = 0.03F;

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

/* A panel of columns from channel from on, stop at most, of all parts of time. */
static void fill_panel(struct grid *grid, const struct ls_cells *in, size_t from, size_t stop) {
    const size_t *edges = grid->channels.edges;
    float columns[GRID_MAX][PANEL];
    const struct ls_marked_rows cells = {.cells = in->cells + from,
                                         .marks = in->marks + from,
                                         .stride = in->stride,
                                         .rows = in->rows,
                                         .n = stop - from};
    ls_rows_excise_parts(&cells, grid->rows.edges, grid->rows.parts, columns[0], PANEL);
    for (size_t t = 0; t < grid->rows.parts; t++) {
        float noise = (float)(grid->rows.edges[t + 1] - grid->rows.edges[t]);
        for (size_t part = 0; part < grid->channels.parts; part++) {
            size_t low = edges[part] > from ? edges[part] : from;
            size_t high = edges[part + 1] < stop ? edges[part + 1] : stop;
            for (size_t c = low; c < high; c++) {
                grid->excess[t][part] += columns[t][c - from] - noise;
            }
        }
    }
}

static void fill_grid(struct grid *grid, const struct ls_cells *in) {
    size_t stop = grid->channels.edges[grid->channels.parts];
    for (size_t t = 0; t < grid->rows.parts; t++) {
        memset(grid->excess[t], 0, sizeof grid->excess[t]);
    }
    for (size_t from = grid->channels.edges[0]; from < stop; from += PANEL) {
        fill_panel(grid, in, from, stop - from < PANEL ? stop : from + PANEL);
    }
}

static size_t length_of(const struct axis *axis) {
    return axis->edges[axis->to] - axis->edges[axis->from];
}

float ls_fit_evidence(float excess) {
    return excess < SERIES ? excess * excess * (0.5F - excess / 3.0F) : excess - log1pf(excess);
}

/* Pade approximants of the logarithm, from below and from above: 3 x (2 + x) / (6 + 6 x + x^2) and
 * x (6 + x) / (6 + 4 x). */
bool ls_fit_may_exceed(float excess, float other, float times) {
    float most = excess * excess * (3.0F + excess) / (6.0F + 6.0F * excess + excess * excess);
    float least =
        other < SERIES ? ls_fit_evidence(other) : 3.0F * other * other / (6.0F + 4.0F * other);
    return BOUND_ROUNDING * most > times * least;
}

/* The best window of an axis so far, by its ratio. */
struct choice {
    struct axis *axis;
    const float *profile; /* sums over the other axis */
    size_t other;         /* how long that one is */
    bool is_time;
    struct ls_required *required;
    float best; /* the ratio to beat */
    bool moved; /* it is one of this axis's windows that has it */
};

static float need_of(const struct choice *choice, size_t length) {
    return choice->is_time ? ls_required_evidence(choice->required, length, choice->other)
                           : ls_required_evidence(choice->required, choice->other, length);
}

/* A window with this sum. Of equals the first one is taken, in order of from, then to. */
static void consider(struct choice *choice, size_t from, size_t to, float sum, float need) {
    struct axis *axis = choice->axis;
    float excess = sum / (float)((axis->edges[to] - axis->edges[from]) * choice->other);
    /* log(1 + x) >= 3 x (2 + x) / (6 + 6 x + x^2), its Pade approximant of order 2, so this is
     * never less than the evidence, and quicker. */
    float below = 6.0F + 6.0F * excess + excess * excess;
    if (BOUND_ROUNDING * excess * excess * (3.0F + excess) < below * choice->best * need) {
        return;
    }
    float ratio = ls_fit_evidence(excess) / need;
    bool before = choice->moved && (from < axis->from || (from == axis->from && to < axis->to));
    if (ratio > choice->best || (ratio >= choice->best && before)) {
        choice->best = ratio;
        axis->from = from;
        axis->to = to;
        choice->moved = true;
    }
}

/* A sum below which no window of so many cells beats the best: from the approximant of order 1,
 * log(1 + x) >= 2 x / (2 + x), which can be solved for x. */
static float least_sum(const struct choice *choice, float cells, float need) {
    float level = choice->best * need / BOUND_ROUNDING;
    float excess = 0.5F * (level + sqrtf(level * level + 8.0F * level));
    return fmaxf(0.0F, excess * cells * (2.0F - BOUND_ROUNDING));
}

/* Windows of so many parts: *sums has theirs of one part less by where they begin, and is given
 * these, in next. The last one ends with the last part, which may be shorter. */
static void consider_length(struct choice *choice, size_t parts, const float **sums, float *next) {
    const struct axis *axis = choice->axis;
    const float *profile = choice->profile + parts - 1;
    size_t last = axis->parts - parts;
    size_t length = axis->edges[parts] - axis->edges[0];
    float need = last > 0 ? need_of(choice, length) : 0.0F;
    float least = least_sum(choice, (float)(length * choice->other), need);
    bool any = ls_rows_add_test(next, *sums, profile, last + 1, least);
    *sums = next;
    for (size_t from = 0; any && from < last; from++) {
        if (next[from] > least) {
            consider(choice, from, from + parts, next[from], need);
        }
    }
    if (next[last] > 0.0F) {
        length = axis->edges[axis->parts] - axis->edges[last];
        consider(choice, last, axis->parts, next[last], need_of(choice, length));
    }
}

/* What the window has now first: few others come near it. */
static void consider_present(struct choice *choice) {
    size_t from = choice->axis->from;
    size_t to = choice->axis->to;
    float sum = 0.0F;
    for (size_t part = from; part < to; part++) {
        sum += choice->profile[part];
    }
    if (sum > 0.0F) {
        size_t length = choice->axis->edges[to] - choice->axis->edges[from];
        consider(choice, from, to, sum, need_of(choice, length));
    }
}

/* The best edges on one axis. True when they moved, or when their ratio is higher than the best
 * one so far. */
static bool fit_axis(struct choice *choice, float *best) {
    static const float none[GRID_MAX];
    float sums[2][GRID_MAX];
    const float *present = none;
    choice->best = *best;
    choice->moved = false;
    consider_present(choice);
    for (size_t parts = 1; parts <= choice->axis->parts; parts++) {
        consider_length(choice, parts, &present, sums[parts % 2]);
    }
    *best = choice->best;
    return choice->moved;
}

static bool fit_rows(struct grid *grid, struct ls_required *required, float *best) {
    float profile[GRID_MAX] = {0};
    for (size_t t = 0; t < grid->rows.parts; t++) {
        for (size_t c = grid->channels.from; c < grid->channels.to; c++) {
            profile[t] += grid->excess[t][c];
        }
    }
    struct choice choice = {.axis = &grid->rows,
                            .profile = profile,
                            .other = length_of(&grid->channels),
                            .is_time = true,
                            .required = required};
    return fit_axis(&choice, best);
}

static bool fit_channels(struct grid *grid, struct ls_required *required, float *best) {
    float profile[GRID_MAX] = {0};
    for (size_t t = grid->rows.from; t < grid->rows.to; t++) {
        for (size_t c = 0; c < grid->channels.parts; c++) {
            profile[c] += grid->excess[t][c];
        }
    }
    struct choice choice = {.axis = &grid->channels,
                            .profile = profile,
                            .other = length_of(&grid->rows),
                            .required = required};
    return fit_axis(&choice, best);
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

float ls_fit_window(const struct ls_cells *in, struct ls_window *window) {
    float best = 0.0F;
    for (size_t round = 0; round < ROUNDS; round++) {
        struct grid grid;
        lay_axis(&grid.rows, window->row, window->rows, in->rows);
        lay_axis(&grid.channels, window->channel, window->channels, in->channels);
        fill_grid(&grid, in);
        best = 0.0F;
        bool moving = true;
        for (size_t turn = 0; turn < TURNS && moving; turn++) {
            moving = fit_rows(&grid, in->required, &best);
            moving = fit_channels(&grid, in->required, &best) || moving;
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
