#include "report/ramp.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { STEPS = 64, ANCHORS = 9 };

static const double scale_gap = 14.0;
static const double scale_width = 14.0;

/* viridis of matplotlib (van der Walt, Smith 2015, CC0) at each eighth. */
static const double anchors[ANCHORS][3] = {{68, 1, 84},    {71, 45, 123},  {59, 82, 139},
                                           {44, 114, 142}, {33, 145, 140}, {40, 174, 128},
                                           {94, 201, 98},  {173, 220, 48}, {253, 231, 37}};

static uint32_t color_of(double share) {
    double at = share * (ANCHORS - 1);
    size_t i = at < ANCHORS - 2 ? (size_t)at : ANCHORS - 2;
    uint32_t color = 0;
    for (size_t c = 0; c < 3; c++) {
        double value = anchors[i][c] + (at - (double)i) * (anchors[i + 1][c] - anchors[i][c]);
        color = color << 8 | (uint32_t)lround(value);
    }
    return color;
}

uint32_t ls_ramp_color(double share) {
    if (isnan(share)) {
        return LS_CANVAS_PALE;
    }
    return color_of(round(fmin(1.0, fmax(0.0, share)) * (STEPS - 1)) / (STEPS - 1));
}

/* Share of the ramp below the first decade, so that a little is told from nothing. */
static const double first_share = 0.15;

double ls_ramp_decades(double value, double lowest, double decades) {
    if (!(value > 0.0)) {
        return value; /* 0, or NAN */
    }
    double share = log10(value / lowest) / decades;
    return first_share + (1.0 - first_share) * fmin(1.0, fmax(0.0, share));
}

static struct ls_axes draw_scale(const struct ls_axes *axes, double low, double high) {
    uint32_t pixels[STEPS];
    struct ls_axes scale = {.canvas = axes->canvas,
                            .left = axes->left + axes->width + scale_gap,
                            .top = axes->top,
                            .width = scale_width,
                            .height = axes->height,
                            .x1 = 1.0,
                            .y0 = low,
                            .y1 = high};
    for (size_t i = 0; i < STEPS; i++) {
        pixels[i] = ls_ramp_color((double)(STEPS - 1 - i) / (STEPS - 1));
    }
    ls_canvas_image(scale.canvas, scale.left, scale.top, scale.width, scale.height, pixels, 1,
                    STEPS);
    ls_axes_frame(&scale);
    return scale;
}

void ls_ramp_scale(const struct ls_axes *axes, double low, double high, const char *label) {
    struct ls_axes scale = draw_scale(axes, low, high);
    ls_axes_label_right(&scale, label);
}

void ls_ramp_scale_decades(const struct ls_axes *axes, double lowest, double decades,
                           const char *label) {
    struct ls_axes scale = draw_scale(axes, 0.0, 1.0);
    bool every = scale.height / decades >= 14.0;
    ls_axes_mark_right(&scale, 0.0, "0");
    for (int k = 0; k <= (int)decades; k += every ? 1 : 2) {
        char text[16];
        double value = lowest * pow(10.0, (double)k);
        snprintf(text, sizeof text, "%g", value);
        ls_axes_mark_right(&scale, ls_ramp_decades(value, lowest, decades), text);
    }
    ls_axes_title_right(&scale, label);
}
