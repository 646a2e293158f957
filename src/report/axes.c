#include "report/axes.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"

static const double text_size = 12.0;

double ls_axes_x(const struct ls_axes *axes, double value) {
    return axes->left + (value - axes->x0) / (axes->x1 - axes->x0) * axes->width;
}

double ls_axes_y(const struct ls_axes *axes, double value) {
    return axes->top + axes->height - (value - axes->y0) / (axes->y1 - axes->y0) * axes->height;
}

/* To half a pixel, which is one of the PNG: neighbours leave no seam. */
static double snap(double pixels) { return round(2.0 * pixels) / 2.0; }

/* Widens [*from, *to] to `least` about its middle, then cuts it to [low, high]. */
static void fit(double *from, double *to, double least, double low, double high) {
    double more = fmax(0.0, least - (*to - *from)) / 2.0;
    *from = fmax(low, fmin(high - least, *from - more));
    *to = fmin(high, fmax(low + least, *to + more));
}

void ls_axes_fill(const struct ls_axes *axes, double x0, double x1, double y0, double y1,
                  double least, uint32_t color) {
    double from_x = ls_axes_x(axes, x0);
    double to_x = ls_axes_x(axes, x1);
    double from_y = ls_axes_y(axes, y1);
    double to_y = ls_axes_y(axes, y0);
    fit(&from_x, &to_x, least, axes->left, axes->left + axes->width);
    fit(&from_y, &to_y, least, axes->top, axes->top + axes->height);
    from_x = snap(from_x);
    from_y = snap(from_y);
    ls_canvas_rect(axes->canvas, from_x, from_y, snap(to_x) - from_x, snap(to_y) - from_y, color);
}

void ls_axes_frame(const struct ls_axes *axes) {
    ls_canvas_box(axes->canvas, axes->left, axes->top, axes->width, axes->height, LS_CANVAS_GREY);
}

/* 1, 2 or 5 times a power of ten, so that about `count` steps make up the range. */
static double round_step(double range, double count) {
    double raw = range / count;
    double power = pow(10.0, floor(log10(raw)));
    double digit = raw / power;
    return power * (digit <= 1.0 ? 1.0 : digit <= 2.0 ? 2.0 : digit <= 5.0 ? 5.0 : 10.0);
}

static void number_of(double value, double step, char *ret, size_t size) {
    double decimals = fmax(0.0, -floor(log10(step) + 1e-9));
    snprintf(ret, size, "%.*f", (int)decimals, fabs(value) < step * 1e-6 ? 0.0 : value);
}

/* The text of the last tick stays on the drawing. */
static void tick_x(const struct ls_axes *axes, double value, const char *text) {
    const double letter = 7.4; /* pixels, of the widest of the fonts that are usual */
    const double margin = 18.0;
    double x = ls_axes_x(axes, value);
    double y = axes->top + axes->height;
    double right = axes->left + axes->width + margin - letter * (double)strlen(text) / 2.0;
    ls_canvas_line(axes->canvas, x, y, x, y + 5.0, LS_CANVAS_GREY);
    ls_canvas_text(axes->canvas, fmin(x, right), y + 18.0, text_size, LS_ANCHOR_MIDDLE, text);
}

static void title_x(const struct ls_axes *axes, const char *label) {
    ls_canvas_text(axes->canvas, axes->left + axes->width / 2.0, axes->top + axes->height + 36.0,
                   text_size, LS_ANCHOR_MIDDLE, label);
}

void ls_axes_label_x(const struct ls_axes *axes, const char *label) {
    double step = round_step(axes->x1 - axes->x0, 8.0);
    char text[32];
    for (double k = ceil(axes->x0 / step - 1e-9); k * step <= axes->x1 + step * 1e-9; k++) {
        number_of(k * step, step, text, sizeof text);
        tick_x(axes, k * step, text);
    }
    title_x(axes, label);
}

static void tick_y(const struct ls_axes *axes, double value, const char *text) {
    double y = ls_axes_y(axes, value);
    ls_canvas_line(axes->canvas, axes->left - 5.0, y, axes->left, y, LS_CANVAS_GREY);
    ls_canvas_text(axes->canvas, axes->left - 8.0, y + 4.0, text_size, LS_ANCHOR_END, text);
}

void ls_axes_mark_right(const struct ls_axes *axes, double value, const char *text) {
    double x = axes->left + axes->width;
    double y = ls_axes_y(axes, value);
    ls_canvas_line(axes->canvas, x, y, x + 4.0, y, LS_CANVAS_GREY);
    ls_canvas_text(axes->canvas, x + 7.0, y + 4.0, text_size, LS_ANCHOR_START, text);
}

typedef void put_tick(const struct ls_axes *axes, double value, const char *text);

static void round_ticks_y(const struct ls_axes *axes, put_tick *put) {
    double low = fmin(axes->y0, axes->y1);
    double high = fmax(axes->y0, axes->y1);
    double step = round_step(high - low, fmax(2.0, axes->height / 40.0));
    char text[32];
    for (double k = ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) {
        number_of(k * step, step, text, sizeof text);
        put(axes, k * step, text);
    }
}

static void title_y(const struct ls_axes *axes, const char *label) {
    ls_canvas_text_up(axes->canvas, 14.0, axes->top + axes->height / 2.0, text_size, label);
}

void ls_axes_label_y(const struct ls_axes *axes, const char *label) {
    round_ticks_y(axes, tick_y);
    title_y(axes, label);
}

void ls_axes_title_right(const struct ls_axes *axes, const char *label) {
    ls_canvas_text_up(axes->canvas, axes->left + axes->width + 56.0, axes->top + axes->height / 2.0,
                      text_size, label);
}

void ls_axes_label_right(const struct ls_axes *axes, const char *label) {
    round_ticks_y(axes, ls_axes_mark_right);
    ls_axes_title_right(axes, label);
}

/* --- time --- */

/* The least step of which no more than `most` make up the range. */
static double time_step(double range_s, double most) {
    static const double steps[] = {1,     2,     5,      10,     15,      30,     60,    120,
                                   300,   600,   900,    1800,   3600,    7200,   10800, 21600,
                                   43200, 86400, 172800, 604800, 1209600, 2592000};
    for (size_t i = 0; i < LS_COUNT(steps); i++) {
        if (range_s / steps[i] <= most) {
            return steps[i];
        }
    }
    return ceil(range_s / most / 86400.0) * 86400.0;
}

/* "08:40", "08:40:30", or "11-20 08:40" where a day is not enough. */
static void clock_of(int64_t t_ns, double step_s, double range_s, char *ret, size_t size) {
    char text[LS_TIME_TEXT_BYTES];
    ls_time_format(t_ns, text);
    if (step_s >= 86400.0) {
        snprintf(ret, size, "%.5s", text + 5);
    } else if (range_s > 86400.0) {
        snprintf(ret, size, "%.5s %.5s", text + 5, text + 11);
    } else {
        snprintf(ret, size, "%.*s", step_s < 60.0 ? 8 : 5, text + 11);
    }
}

/* Ticks lie at whole multiples of the step in UTC; the axis goes from 0 to range_s. */
static void time_ticks(const struct ls_axes *axes, int64_t t0_ns, double range_s, double most,
                       put_tick *put) {
    char text[LS_TIME_TEXT_BYTES];
    double step = time_step(range_s, most);
    int64_t step_ns = ls_ns_from_seconds(step);
    int64_t after = t0_ns % step_ns;
    int64_t first = after == 0 ? t0_ns : t0_ns - after + (after > 0 ? step_ns : 0);
    for (int64_t t = first; (double)(t - t0_ns) / 1e9 <= range_s; t += step_ns) {
        clock_of(t, step, range_s, text, sizeof text);
        put(axes, (double)(t - t0_ns) / 1e9, text);
    }
}

/* Below it a clock to the second says too little. */
static const double clock_range_s = 8.0;
static const char seconds_title[] = "time from the first moment shown (s)";

static void clock_title(int64_t t0_ns, char *ret, size_t size) {
    char text[LS_TIME_TEXT_BYTES];
    ls_time_format(t0_ns, text);
    snprintf(ret, size, "time (UTC), from %.10s", text);
}

void ls_axes_label_time(const struct ls_axes *axes, int64_t t0_ns, bool no_clock) {
    enum { LONG_TICK = 92, SHORT_TICK = 66 }; /* pixels that "11-20 08:40" and "08:40:30" want */
    double range_s = axes->x1 - axes->x0;
    char title[64];
    if (no_clock || range_s < clock_range_s) {
        ls_axes_label_x(axes, seconds_title);
        return;
    }
    double most = axes->width / (range_s > 86400.0 ? LONG_TICK : SHORT_TICK);
    time_ticks(axes, t0_ns, range_s, fmin(8.0, most), tick_x);
    clock_title(t0_ns, title, sizeof title);
    title_x(axes, title);
}

void ls_axes_label_time_y(const struct ls_axes *axes, int64_t t0_ns, bool no_clock) {
    double range_s = fmax(axes->y0, axes->y1);
    char title[64];
    if (no_clock || range_s < clock_range_s) {
        ls_axes_label_y(axes, seconds_title);
        return;
    }
    time_ticks(axes, t0_ns, range_s, fmax(2.0, axes->height / 40.0), tick_y);
    clock_title(t0_ns, title, sizeof title);
    title_y(axes, title);
}
