/* A recording as a picture: frequency across, time down, the highest power in each cell as a
 * colour, and the transmissions found in it as boxes. And its spectrum: mean and most over time,
 * with the noise that the search held it against and the edges of what was found. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "report/axes.h"
#include "report/figures.h"
#include "report/ramp.h"

enum { WORDS_BYTES = 256 };

static const double figure_width = 760.0;
static const double left_edge = 112.0;
static const double title_y = 20.0;
static const double title_size = 14.0;
static const double empty_pow = 1e-20; /* -200 dBFS: digital silence */

static double decibels(double pow) { return 10.0 * log10(fmax(pow, empty_pow)); }

static int by_value(const void *left, const void *right) {
    float a = *(const float *)left;
    float b = *(const float *)right;
    return (a > b) - (a < b);
}

/* Ends of the colours in dB: from a little below what is common to what is strong. */
static int find_ends(const struct ls_waterfall *w, double *ret_low, double *ret_high,
                     struct ls_err *err) {
    size_t count = 0;
    float *known = malloc(w->rows * w->columns * sizeof *known);
    if (known == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for a figure");
    }
    for (size_t i = 0; i < w->rows * w->columns; i++) {
        if (isfinite(w->most_pow[i])) {
            known[count++] = w->most_pow[i];
        }
    }
    qsort(known, count, sizeof *known, by_value);
    double low = count > 0 ? decibels((double)known[count / 10]) - 3.0 : -100.0;
    double high = count > 0 ? decibels((double)known[count - 1 - count / 2000]) : 0.0;
    free(known);
    *ret_low = floor(low);
    *ret_high = fmax(ceil(high), *ret_low + 20.0);
    return LS_OK;
}

static int paint(const struct ls_axes *axes, const struct ls_waterfall *w, double low, double high,
                 struct ls_err *err) {
    size_t count = w->rows * w->columns;
    uint32_t *pixels = malloc(count * sizeof *pixels);
    if (pixels == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for a figure");
    }
    for (size_t i = 0; i < count; i++) {
        double pow = (double)w->most_pow[i];
        pixels[i] = ls_ramp_color(isnan(pow) ? pow : (decibels(pow) - low) / (high - low));
    }
    ls_canvas_image(axes->canvas, axes->left, axes->top, axes->width, axes->height, pixels,
                    w->columns, w->rows);
    free(pixels);
    return LS_OK;
}

/* A dark line within a light one is seen on any colour. */
static void draw_box(const struct ls_axes *axes, const struct ls_waterfall *w,
                     const struct ls_waterfall_box *box) {
    enum { LEAST = 6 };
    double x0 = fmax(axes->left, ls_axes_x(axes, box->low_hz / 1e6) - 1.5);
    double x1 = fmin(axes->left + axes->width, ls_axes_x(axes, box->high_hz / 1e6) + 1.5);
    double y0 = fmax(axes->top, ls_axes_y(axes, (double)(box->start_ns - w->start_ns) / 1e9) - 1.5);
    double y1 = fmin(axes->top + axes->height,
                     ls_axes_y(axes, (double)(box->stop_ns - w->start_ns) / 1e9) + 1.5);
    double wider = fmax(0.0, LEAST - (x1 - x0)) / 2.0;
    double taller = fmax(0.0, LEAST - (y1 - y0)) / 2.0;
    x0 -= wider;
    y0 -= taller;
    double width = x1 + wider - x0;
    double height = y1 + taller - y0;
    ls_canvas_box(axes->canvas, x0, y0, width, height, 0xFFFFFF);
    ls_canvas_box(axes->canvas, x0 - 1.0, y0 - 1.0, width + 2.0, height + 2.0, LS_CANVAS_BLACK);
}

static void title_of(const struct ls_waterfall *w, char *ret, size_t size) {
    if (w->box_total > w->box_count) {
        snprintf(ret, size,
                 "Highest power in each cell; boxes: the strongest %zu of %llu transmissions",
                 w->box_count, (unsigned long long)w->box_total);
    } else {
        snprintf(ret, size, "Highest power in each cell; boxes: %zu transmission%s found",
                 w->box_count, w->box_count == 1 ? "" : "s");
    }
}

static void unit_of(const struct ls_waterfall *w, char *ret, size_t size) {
    char width[LS_UNIT_TEXT_BYTES];
    ls_hz_show(round(w->channel_hz), "Hz", width);
    snprintf(ret, size, "power in a channel of %s (dBFS)", width);
}

int ls_figure_waterfall(struct ls_canvas **ret, const struct ls_waterfall *w, struct ls_err *err) {
    char title[WORDS_BYTES];
    char unit[WORDS_BYTES];
    char words[WORDS_BYTES];
    double low = 0.0;
    double high = 0.0;
    struct ls_canvas *canvas;
    int code = find_ends(w, &low, &high, err);
    if (code != LS_OK) {
        return code;
    }
    double length_s = (double)w->row_ns * (double)w->rows / 1e9;
    snprintf(words, sizeof words,
             "power from %.3f to %.3f MHz over %.4g s, with boxes around %zu transmissions",
             w->low_hz / 1e6, w->high_hz / 1e6, length_s, w->box_count);
    code = ls_canvas_create(&canvas, figure_width, 560.0, words, err);
    if (code != LS_OK) {
        return code;
    }
    struct ls_axes axes = {.canvas = canvas,
                           .left = left_edge,
                           .top = 32.0,
                           .width = 560.0,
                           .height = 480.0,
                           .x0 = w->low_hz / 1e6,
                           .x1 = w->high_hz / 1e6,
                           .y0 = length_s,
                           .y1 = 0.0};
    title_of(w, title, sizeof title);
    unit_of(w, unit, sizeof unit);
    ls_canvas_text(canvas, left_edge, title_y, title_size, LS_ANCHOR_START, title);
    code = paint(&axes, w, low, high, err);
    if (code != LS_OK) {
        ls_canvas_destroy(canvas);
        return code;
    }
    for (size_t i = 0; i < w->box_count; i++) {
        draw_box(&axes, w, &w->boxes[i]);
    }
    ls_axes_frame(&axes);
    ls_axes_label_x(&axes, "frequency (MHz)");
    ls_axes_label_time_y(&axes, w->start_ns, w->no_clock);
    ls_ramp_scale(&axes, low, high, unit);
    *ret = canvas;
    return LS_OK;
}

/* --- spectrum --- */

struct spectrum {
    double *mean_db; /* [columns], NAN: never listened to */
    double *most_db;
    double *floor_db;
    double low_db;
    double high_db;
};

static double column_hz(const struct ls_waterfall *w, double column) {
    return w->low_hz + (w->high_hz - w->low_hz) * column / (double)w->columns;
}

/* values: room for [3 * columns]. */
static void sum_up(struct spectrum *ret, const struct ls_waterfall *w, double *values) {
    *ret = (struct spectrum){.mean_db = values,
                             .most_db = values + w->columns,
                             .floor_db = values + 2 * w->columns,
                             .low_db = HUGE_VAL,
                             .high_db = -HUGE_VAL};
    for (size_t c = 0; c < w->columns; c++) {
        double sum = 0.0;
        double most = 0.0;
        size_t rows = 0;
        for (size_t row = 0; row < w->rows; row++) {
            size_t i = row * w->columns + c;
            if (isfinite(w->mean_pow[i])) {
                sum += (double)w->mean_pow[i];
                most = fmax(most, (double)w->most_pow[i]);
                rows++;
            }
        }
        ret->mean_db[c] = rows > 0 ? decibels(sum / (double)rows) : (double)NAN;
        ret->most_db[c] = rows > 0 ? decibels(most) : (double)NAN;
        double floor_pow = (double)w->floor_pow[c];
        ret->floor_db[c] = isnan(floor_pow) ? floor_pow : decibels(floor_pow);
        ret->low_db = fmin(ret->low_db, fmin(ret->mean_db[c], ret->floor_db[c]));
        ret->high_db = fmax(ret->high_db, ret->most_db[c]);
    }
}

/* Its known stretches, each as a line of its own. */
static int draw_line(const struct ls_axes *axes, const struct ls_waterfall *w, const double *db,
                     uint32_t color, struct ls_err *err) {
    double *points = malloc(2 * (w->columns + 1) * sizeof *points);
    size_t n = 0;
    if (points == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for a figure");
    }
    for (size_t c = 0; c <= w->columns; c++) {
        if (c < w->columns && !isnan(db[c])) {
            points[2 * n] = ls_axes_x(axes, column_hz(w, (double)c + 0.5) / 1e6);
            points[2 * n++ + 1] = ls_axes_y(axes, db[c]);
        } else if (n > 0) {
            ls_canvas_curve(axes->canvas, points, n, color);
            n = 0;
        }
    }
    free(points);
    return LS_OK;
}

/* Occupied bandwidths as bars below the curves, each emitter's once, side by side in lanes; where
 * they are few, their edges go up through the curves. */
enum { LANES = 5, EDGES_FEW = 12 };

struct bar {
    double low_hz;
    double high_hz;
    size_t lane;
};

static bool is_known(const struct bar *bars, size_t count, const struct ls_waterfall_box *box,
                     double slack_hz) {
    for (size_t i = 0; i < count; i++) {
        if (fabs(bars[i].low_hz - box->low_hz) <= slack_hz &&
            fabs(bars[i].high_hz - box->high_hz) <= slack_hz) {
            return true;
        }
    }
    return false;
}

/* The first lane in which it overlaps nothing, else the last. */
static size_t lane_for(const struct bar *bars, size_t count, const struct ls_waterfall_box *box) {
    for (size_t lane = 0; lane < LANES; lane++) {
        bool free_lane = true;
        for (size_t i = 0; i < count; i++) {
            free_lane = free_lane && (bars[i].lane != lane || bars[i].high_hz < box->low_hz ||
                                      bars[i].low_hz > box->high_hz);
        }
        if (free_lane) {
            return lane;
        }
    }
    return LANES - 1;
}

static size_t find_bars(const struct ls_waterfall *w, struct bar ret[LS_WATERFALL_BOXES_MAX]) {
    double slack_hz = 3.0 * (w->high_hz - w->low_hz) / (double)w->columns;
    size_t count = 0;
    for (size_t i = 0; i < w->box_count; i++) {
        const struct ls_waterfall_box *box = &w->boxes[i];
        if (!is_known(ret, count, box, slack_hz)) {
            ret[count] = (struct bar){box->low_hz, box->high_hz, lane_for(ret, count, box)};
            count++;
        }
    }
    return count;
}

static void draw_edges(const struct ls_axes *axes, const struct ls_waterfall *w) {
    const double lane_pixels = 7.0;
    struct bar bars[LS_WATERFALL_BOXES_MAX];
    size_t count = find_bars(w, bars);
    double db = (axes->y1 - axes->y0) / axes->height; /* of a pixel */
    for (size_t i = 0; i < count; i++) {
        double low = bars[i].low_hz / 1e6;
        double high = bars[i].high_hz / 1e6;
        double at = axes->y0 + (4.0 + lane_pixels * (double)bars[i].lane) * db;
        ls_axes_fill(axes, low, high, at, at + 4.0 * db, 4.0, LS_CANVAS_GREEN);
        if (count <= EDGES_FEW) {
            double bottom = ls_axes_y(axes, at);
            double x0 = ls_axes_x(axes, low);
            double x1 = ls_axes_x(axes, high);
            ls_canvas_dashes(axes->canvas, x0, bottom, x0, axes->top, LS_CANVAS_GREEN);
            ls_canvas_dashes(axes->canvas, x1, bottom, x1, axes->top, LS_CANVAS_GREEN);
        }
    }
}

static void legend(struct ls_canvas *canvas, double x, double y, uint32_t color, const char *text) {
    ls_canvas_rect(canvas, x, y - 6.0, 18.0, 3.0, color);
    ls_canvas_text(canvas, x + 23.0, y, 12.0, LS_ANCHOR_START, text);
}

static int draw_spectrum(struct ls_canvas *canvas, const struct ls_waterfall *w,
                         const struct spectrum *spectrum, struct ls_err *err) {
    char unit[WORDS_BYTES];
    /* A seventh of the height is for the bars. */
    double room = fmax(6.0, (spectrum->high_db - spectrum->low_db) / 6.0);
    double low = floor((spectrum->low_db - room) / 5.0) * 5.0;
    struct ls_axes axes = {.canvas = canvas,
                           .left = 86.0,
                           .top = 54.0,
                           .width = 654.0,
                           .height = 300.0,
                           .x0 = w->low_hz / 1e6,
                           .x1 = w->high_hz / 1e6,
                           .y0 = low,
                           .y1 = fmax(ceil((spectrum->high_db + 3.0) / 5.0) * 5.0, low + 20.0)};
    ls_canvas_text(canvas, axes.left, title_y, title_size, LS_ANCHOR_START,
                   "Spectrum over the whole recording");
    legend(canvas, axes.left, 42.0, LS_CANVAS_SKY, "highest");
    legend(canvas, axes.left + 90.0, 42.0, LS_CANVAS_BLUE, "mean");
    legend(canvas, axes.left + 180.0, 42.0, LS_CANVAS_RED, "noise floor");
    legend(canvas, axes.left + 310.0, 42.0, LS_CANVAS_GREEN,
           "occupied bandwidth (99 %, Rec. ITU-R SM.443)");
    draw_edges(&axes, w);
    int code = draw_line(&axes, w, spectrum->most_db, LS_CANVAS_SKY, err);
    if (code == LS_OK) {
        code = draw_line(&axes, w, spectrum->mean_db, LS_CANVAS_BLUE, err);
    }
    if (code == LS_OK) {
        code = draw_line(&axes, w, spectrum->floor_db, LS_CANVAS_RED, err);
    }
    ls_axes_frame(&axes);
    ls_axes_label_x(&axes, "frequency (MHz)");
    unit_of(w, unit, sizeof unit);
    ls_axes_label_y(&axes, unit);
    return code;
}

int ls_figure_spectrum(struct ls_canvas **ret, const struct ls_waterfall *w, struct ls_err *err) {
    struct ls_canvas *canvas;
    struct spectrum spectrum;
    char words[WORDS_BYTES];
    double *values = malloc(3 * w->columns * sizeof *values);
    if (values == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for a figure");
    }
    snprintf(words, sizeof words,
             "spectrum from %.3f to %.3f MHz: the highest, the mean, the noise floor, and the "
             "occupied bandwidth of %zu transmissions",
             w->low_hz / 1e6, w->high_hz / 1e6, w->box_count);
    sum_up(&spectrum, w, values);
    int code = ls_canvas_create(&canvas, figure_width, 410.0, words, err);
    if (code == LS_OK) {
        code = draw_spectrum(canvas, w, &spectrum, err);
        if (code == LS_OK) {
            *ret = canvas;
        } else {
            ls_canvas_destroy(canvas);
        }
    }
    free(values);
    return code;
}
