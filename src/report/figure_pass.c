/* The level and the frequency of a pass. The curves are drawn by least squares over the evidence
 * alone, to guide the eye: with u = (t - t0) / tau, a transmitter of constant power on a straight
 * way gives a level of a - 5 n lg(1 + u^2), n being 2 in free space and more near the ground, and a
 * frequency of f0 - d u / sqrt(1 + u^2). t0 is the estimate of the incident; tau is searched. What
 * the incident states comes from its detector, which fits more carefully. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "report/axes.h"
#include "report/figures.h"

struct curve {
    double tau_s;
    double constant;
    double factor; /* of the shape */
    double squares;
};

enum { TAUS = 120, POINTS = 200 };

static double bell(double u) { return -10.0 * log10(1.0 + u * u); }
static double slide(double u) { return -u / sqrt(1.0 + u * u); }

/* Least squares of y on constant + factor * shape(t / tau). */
static struct curve fit_at(double tau_s, double (*shape)(double), const double *t, const double *y,
                           size_t n) {
    double sx = 0.0;
    double sy = 0.0;
    double sxx = 0.0;
    double sxy = 0.0;
    double count = (double)n;
    for (size_t i = 0; i < n; i++) {
        double x = shape(t[i] / tau_s);
        sx += x;
        sy += y[i];
        sxx += x * x;
        sxy += x * y[i];
    }
    double spread = sxx - sx * sx / count;
    double factor = spread > 0.0 ? (sxy - sx * sy / count) / spread : 0.0;
    struct curve curve = {.tau_s = tau_s, .constant = (sy - factor * sx) / count, .factor = factor};
    for (size_t i = 0; i < n; i++) {
        double r = y[i] - curve.constant - factor * shape(t[i] / tau_s);
        curve.squares += r * r;
    }
    return curve;
}

static struct curve fit(double (*shape)(double), const double *t, const double *y, size_t n,
                        double span_s) {
    struct curve best = {.squares = HUGE_VAL};
    for (int i = 0; i < TAUS; i++) {
        double tau_s = span_s * pow(10.0, -3.0 + 3.5 * (double)i / TAUS);
        struct curve curve = fit_at(tau_s, shape, t, y, n);
        best = curve.squares < best.squares ? curve : best;
    }
    return best;
}

static void draw(struct ls_axes *axes, const double *t, const double *y, size_t n,
                 double (*shape)(double), const char *label) {
    double points[2 * POINTS];
    double low = HUGE_VAL;
    double high = -HUGE_VAL;
    for (size_t i = 0; i < n; i++) {
        low = fmin(low, y[i]);
        high = fmax(high, y[i]);
    }
    double margin = fmax(0.1 * (high - low), 0.5);
    axes->y0 = low - margin;
    axes->y1 = high + margin;
    if (n >= 4) {
        struct curve curve = fit(shape, t, y, n, axes->x1 - axes->x0);
        for (size_t i = 0; i < POINTS; i++) {
            double x = axes->x0 + (axes->x1 - axes->x0) * (double)i / (POINTS - 1);
            double value = curve.constant + curve.factor * shape(x / curve.tau_s);
            points[2 * i] = ls_axes_x(axes, x);
            points[2 * i + 1] = ls_axes_y(axes, fmin(axes->y1, fmax(axes->y0, value)));
        }
        ls_canvas_curve(axes->canvas, points, POINTS, LS_CANVAS_RED);
    }
    for (size_t i = 0; i < n; i++) {
        ls_canvas_dot(axes->canvas, ls_axes_x(axes, t[i]), ls_axes_y(axes, y[i]), 2.5,
                      LS_CANVAS_BLUE);
    }
    double x = ls_axes_x(axes, 0.0);
    ls_canvas_dashes(axes->canvas, x, axes->top, x, axes->top + axes->height, LS_CANVAS_BLACK);
    ls_canvas_text(axes->canvas, x + 6.0, axes->top + axes->height - 6.0, 12.0, LS_ANCHOR_START,
                   "closest");
    ls_axes_frame(axes);
    ls_axes_label_y(axes, label);
}

/* The rows of one pass: an incident may have grown over several, and its estimates are those of the
 * strongest. */
struct visit {
    size_t first;
    size_t behind; /* the last one */
};

/* What is silent for longer is another visit: two minutes, as the detector of passes has it. */
static const int64_t silence_ns = 120 * LS_NS_PER_S;

static int64_t away_ns(const struct ls_transmission *row, double closest_ns) {
    return (int64_t)fabs((double)row->start_ns - closest_ns + (double)row->duration_ns / 2.0);
}

static bool same_visit(const struct ls_transmission *earlier, const struct ls_transmission *later) {
    return later->start_ns - earlier->start_ns - earlier->duration_ns <= silence_ns;
}

static struct visit visit_at(const struct ls_material *m, double closest_ns) {
    size_t nearest = 0;
    for (size_t i = 1; i < m->row_count; i++) {
        nearest =
            away_ns(&m->rows[i], closest_ns) < away_ns(&m->rows[nearest], closest_ns) ? i : nearest;
    }
    struct visit visit = {nearest, nearest + 1};
    while (visit.first > 0 && same_visit(&m->rows[visit.first - 1], &m->rows[visit.first])) {
        visit.first--;
    }
    while (visit.behind < m->row_count &&
           same_visit(&m->rows[visit.behind - 1], &m->rows[visit.behind])) {
        visit.behind++;
    }
    return visit;
}

/* Rows with a value: the middle of each in s from the closest moment, and the value. */
static size_t take(const struct ls_material *m, const struct visit *visit, double closest_ns,
                   bool level, double *ret_t, double *ret_y) {
    size_t n = 0;
    double center_hz = (m->incident.finding.low_hz + m->incident.finding.high_hz) / 2.0;
    for (size_t i = visit->first; i < visit->behind; i++) {
        const struct ls_transmission *row = &m->rows[i];
        double y = level ? row->level_dbfs : row->center_hz - center_hz;
        if (isfinite(y)) {
            double middle_ns = (double)row->start_ns - closest_ns + (double)row->duration_ns / 2.0;
            ret_t[n] = middle_ns / 1e9;
            ret_y[n++] = y;
        }
    }
    return n;
}

static int draw_both(struct ls_canvas *canvas, const struct ls_material *m, double closest_ns,
                     struct ls_err *err) {
    double *t = malloc(2 * m->row_count * sizeof *t);
    if (t == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for a figure");
    }
    double *y = t + m->row_count;
    struct visit visit = visit_at(m, closest_ns);
    const struct ls_transmission *last = &m->rows[visit.behind - 1];
    bool only = visit.first == 0 && visit.behind == m->row_count;
    ls_canvas_text(canvas, 86.0, 20.0, 14.0, LS_ANCHOR_START,
                   only ? "Level and frequency of the pass; line: a passing transmitter, fitted"
                        : "Level and frequency of the pass that is estimated, of several; line: a "
                          "passing transmitter, fitted");
    int64_t start_ns = only ? m->coverage.start_ns : m->rows[visit.first].start_ns;
    int64_t stop_ns = only ? m->coverage.stop_ns : last->start_ns + last->duration_ns;
    struct ls_axes axes = {.canvas = canvas,
                           .left = 86.0,
                           .top = 32.0,
                           .width = 654.0,
                           .height = 170.0,
                           .x0 = ((double)start_ns - closest_ns) / 1e9,
                           .x1 = ((double)stop_ns - closest_ns) / 1e9};
    size_t n = take(m, &visit, closest_ns, true, t, y);
    if (n > 0) {
        draw(&axes, t, y, n, bell, "level (dBFS)");
    }
    axes.top = 226.0;
    n = take(m, &visit, closest_ns, false, t, y);
    draw(&axes, t, y, n, slide, "frequency (Hz from the middle)");
    ls_axes_label_x(&axes, "time from the closest moment (s)");
    free(t);
    return LS_OK;
}

int ls_figure_pass(struct ls_canvas **ret, const struct ls_material *m, struct ls_err *err) {
    const struct ls_parameter *closest = ls_finding_parameter(&m->incident.finding, "closest_ns");
    struct ls_canvas *canvas;
    if (closest == NULL || !isfinite(closest->value) || m->row_count == 0) {
        return ls_err_set(err, LS_ERR_NOTFOUND, "incident %lld is no pass: there is none to draw",
                          (long long)m->incident.id);
    }
    int code = ls_canvas_create(&canvas, 760.0, 450.0,
                                "level and frequency of a pass over time, with fitted curves", err);
    if (code != LS_OK) {
        return code;
    }
    code = draw_both(canvas, m, closest->value, err);
    if (code != LS_OK) {
        ls_canvas_destroy(canvas);
        return code;
    }
    *ret = canvas;
    return LS_OK;
}
