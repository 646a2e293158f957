/* Occupancy as a heat map: by channel and time, or by day and hour of the day. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "base/units.h"
#include "report/axes.h"
#include "report/figures.h"
#include "report/ramp.h"

enum { TEXT_BYTES = 256 };

static const double left_edge = 86.0;
static const double scale_label = 96.0; /* pixels that the scale at the right takes */

/* A post is on the air for a thousandth of the time, a call for all of a cell: colours go by
 * decades, from 0.01 % to 100 %. */
static const double lowest_percent = 0.01;
static const double decades = 4.0;

/* Channels rise, days run down. */
static int paint(const struct ls_axes *axes, const struct ls_heat *heat, struct ls_err *err) {
    uint32_t *pixels = malloc(heat->rows * heat->columns * sizeof *pixels);
    if (pixels == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for a figure");
    }
    for (size_t row = 0; row < heat->rows; row++) {
        size_t to = heat->kind == LS_HEAT_HOURS ? row : heat->rows - 1 - row;
        for (size_t column = 0; column < heat->columns; column++) {
            double percent = 100.0 * ls_heat_share(heat, row, column);
            pixels[to * heat->columns + column] =
                ls_ramp_color(ls_ramp_decades(percent, lowest_percent, decades));
        }
    }
    ls_canvas_image(axes->canvas, axes->left, axes->top, axes->width, axes->height, pixels,
                    heat->columns, heat->rows);
    free(pixels);
    return LS_OK;
}

static void label_days(const struct ls_axes *axes, const struct ls_heat *heat) {
    size_t every = 1;
    while (axes->height / (double)heat->rows * (double)every < 15.0) {
        every++;
    }
    for (size_t row = 0; row < heat->rows; row += every) {
        char text[LS_TIME_TEXT_BYTES];
        double y = ls_axes_y(axes, (double)row + 0.5) + 4.0;
        ls_time_format(heat->start_ns + (int64_t)row * heat->row_days * 24 * heat->column_ns, text);
        text[10] = '\0';
        if (heat->no_clock) {
            snprintf(text, sizeof text, "day %zu", row * (size_t)heat->row_days + 1);
        }
        ls_canvas_text(axes->canvas, axes->left - 6.0, y, 12.0, LS_ANCHOR_END, text);
    }
}

static void label_hours(const struct ls_axes *axes, bool no_clock) {
    for (int hour = 0; hour <= 24; hour += 3) {
        char text[8];
        double x = ls_axes_x(axes, (double)hour);
        double y = axes->top + axes->height;
        snprintf(text, sizeof text, "%d", hour);
        ls_canvas_line(axes->canvas, x, y, x, y + 5.0, LS_CANVAS_GREY);
        ls_canvas_text(axes->canvas, x, y + 18.0, 12.0, LS_ANCHOR_MIDDLE, text);
    }
    ls_canvas_text(axes->canvas, axes->left + axes->width / 2.0, axes->top + axes->height + 36.0,
                   12.0, LS_ANCHOR_MIDDLE,
                   no_clock ? "hour from the start of the recording (h)"
                            : "hour of the day, UTC (h)");
}

static void label(const struct ls_axes *axes, const struct ls_heat *heat) {
    if (heat->kind == LS_HEAT_HOURS) {
        label_days(axes, heat);
        label_hours(axes, heat->no_clock);
    } else {
        ls_axes_label_y(axes, "frequency (MHz)");
        ls_axes_label_time(axes, heat->start_ns, heat->no_clock);
    }
}

static void words_of(const struct ls_heat *heat, char *ret, size_t size) {
    char step[LS_UNIT_TEXT_BYTES];
    char width[LS_UNIT_TEXT_BYTES];
    if (heat->kind == LS_HEAT_HOURS) {
        snprintf(ret, size, "Share of the time listened to that was in use, by day and hour");
        return;
    }
    ls_seconds_format((double)heat->column_ns / 1e9, step);
    ls_hz_show(round(heat->row_hz), "Hz", width);
    snprintf(ret, size, "Share of the time listened to that was in use; cells of %s and %s", width,
             step);
}

int ls_figure_occupancy(struct ls_canvas **ret, const struct ls_heat *heat, struct ls_err *err) {
    bool hours = heat->kind == LS_HEAT_HOURS;
    double height = hours ? fmax(60.0, fmin(420.0, 22.0 * (double)heat->rows)) : 320.0;
    char words[TEXT_BYTES];
    struct ls_canvas *canvas;
    words_of(heat, words, sizeof words);
    int code = ls_canvas_create(&canvas, 760.0, height + 84.0, words, err);
    if (code != LS_OK) {
        return code;
    }
    struct ls_axes axes = {
        .canvas = canvas,
        .left = left_edge,
        .top = 32.0,
        .width = 760.0 - left_edge - scale_label,
        .height = height,
        .x1 = hours ? 24.0 : (double)heat->column_ns / 1e9 * (double)heat->columns,
        .y0 = hours ? (double)heat->rows : heat->low_hz / 1e6,
        .y1 = hours ? 0.0 : (heat->low_hz + heat->row_hz * (double)heat->rows) / 1e6};
    ls_canvas_text(canvas, axes.left, 20.0, 14.0, LS_ANCHOR_START, words);
    code = paint(&axes, heat, err);
    if (code != LS_OK) {
        ls_canvas_destroy(canvas);
        return code;
    }
    ls_axes_frame(&axes);
    label(&axes, heat);
    ls_ramp_scale_decades(&axes, lowest_percent, decades,
                          hours ? "in use (%)" : "in use (%); grey: nobody listened");
    *ret = canvas;
    return LS_OK;
}
