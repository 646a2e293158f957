/* report/axes.h: the frame of a figure: a title, two axes with round numbers and their units. */
#ifndef REPORT_AXES_H
#define REPORT_AXES_H

#include <stdbool.h>
#include <stdint.h>

#include "report/canvas.h"

struct ls_axes {
    struct ls_canvas *canvas;
    double left; /* the frame, in pixels */
    double top;
    double width;
    double height;
    double x0; /* values at its edges */
    double x1;
    double y0; /* at the bottom */
    double y1;
};

/* Where a value lies, in pixels; not cut. */
double ls_axes_x(const struct ls_axes *axes, double value);
double ls_axes_y(const struct ls_axes *axes, double value);

/* A filled box between two values on each axis, cut to the frame, at least `least` pixels each way.
 */
void ls_axes_fill(const struct ls_axes *axes, double x0, double x1, double y0, double y1,
                  double least, uint32_t color);

/* The frame, over what was drawn in it. */
void ls_axes_frame(const struct ls_axes *axes);
/* Ticks at round numbers, and the label with its unit: "seconds into the period (s)". */
void ls_axes_label_x(const struct ls_axes *axes, const char *label);
void ls_axes_label_y(const struct ls_axes *axes, const char *label);
/* The same to the right of the frame. */
void ls_axes_label_right(const struct ls_axes *axes, const char *label);
/* Its parts: one tick, and the label alone. */
void ls_axes_mark_right(const struct ls_axes *axes, double value, const char *text);
void ls_axes_title_right(const struct ls_axes *axes, const char *label);
/* The x axis counts seconds from t0_ns: ticks at round times of day in UTC, or round seconds
 * without a clock. */
void ls_axes_label_time(const struct ls_axes *axes, int64_t t0_ns, bool no_clock);
/* The same for the y axis. */
void ls_axes_label_time_y(const struct ls_axes *axes, int64_t t0_ns, bool no_clock);

#endif
