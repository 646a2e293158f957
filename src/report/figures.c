#include "report/figures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "report/axes.h"
#include "report/evidence.h"

static const double figure_width = 760.0;
static const double left_edge = 86.0;
static const double frame_width = 654.0;
static const double title_y = 20.0;
static const double title_size = 14.0;

static double since_s(int64_t t0_ns, int64_t t_ns) { return (double)(t_ns - t0_ns) / 1e9; }

static int no_rows(const struct ls_material *m, struct ls_err *err) {
    return ls_err_set(err, LS_ERR_NOTFOUND,
                      "the transmissions of incident %lld are in the database no more: there is "
                      "nothing to draw",
                      (long long)m->incident.id);
}

/* Grey between what was listened to; the axis begins at t0_ns. */
static void shade_deaf(const struct ls_axes *axes, const struct ls_material *m, int64_t t0_ns) {
    double at = 0.0;
    for (size_t i = 0; i <= m->coverage.count; i++) {
        bool last = i == m->coverage.count;
        double from =
            last ? axes->x1 : fmin(axes->x1, since_s(t0_ns, m->coverage.listened[i].start_ns));
        if (from > at) {
            ls_axes_fill(axes, at, from, axes->y0, axes->y1, 0.0, LS_CANVAS_PALE);
        }
        at = last ? at : fmax(at, since_s(t0_ns, m->coverage.listened[i].stop_ns));
    }
}

/* --- timeline --- */

int ls_figure_timeline(struct ls_canvas **ret, const struct ls_material *m, struct ls_err *err) {
    const struct ls_finding *finding = &m->incident.finding;
    struct ls_canvas *canvas;
    char words[200];
    if (m->row_count == 0) {
        return no_rows(m, err);
    }
    const struct ls_material_extent extent = ls_material_rows_extent(m);
    double low = finding->low_hz / 1e6;
    double high = finding->high_hz / 1e6;
    double margin = fmax(0.08 * (high - low), 5e-3);
    snprintf(words, sizeof words,
             "%zu transmissions in time and frequency, %.3f to %.3f MHz; grey: nobody listened",
             m->row_count, low, high);
    int code = ls_canvas_create(&canvas, figure_width, 280.0, words, err);
    if (code != LS_OK) {
        return code;
    }
    struct ls_axes axes = {.canvas = canvas,
                           .left = left_edge,
                           .top = 32.0,
                           .width = frame_width,
                           .height = 196.0,
                           .x1 = since_s(extent.start_ns, extent.stop_ns),
                           .y0 = low - margin,
                           .y1 = high + margin};
    ls_canvas_text(canvas, left_edge, title_y, title_size, LS_ANCHOR_START,
                   "Transmissions in time and frequency; grey: nobody listened");
    shade_deaf(&axes, m, extent.start_ns);
    for (size_t i = 0; i < m->row_count; i++) {
        const struct ls_transmission *row = &m->rows[i];
        double from = since_s(extent.start_ns, row->start_ns);
        double center = row->center_hz / 1e6;
        double half = row->bandwidth_hz / 2e6;
        ls_axes_fill(&axes, from, from + (double)row->duration_ns / 1e9, center - half,
                     center + half, 1.5, LS_CANVAS_BLUE);
    }
    ls_axes_frame(&axes);
    ls_axes_label_time(&axes, extent.start_ns, m->no_clock);
    ls_axes_label_y(&axes, "frequency (MHz)");
    *ret = canvas;
    return LS_OK;
}

/* --- folded --- */

enum { BINS = 60 };

static void draw_starts(const struct ls_axes *axes, const struct ls_material *m,
                        const struct ls_fold *fold) {
    for (size_t i = 0; i < m->row_count; i++) {
        double phase_s = ls_fold_phase(fold, m->rows[i].start_ns) * fold->period_s;
        double turn = floor((double)(m->rows[i].start_ns - fold->origin_ns) / 1e9 / fold->period_s);
        ls_canvas_dot(axes->canvas, ls_axes_x(axes, phase_s), ls_axes_y(axes, turn + 0.5), 2.5,
                      LS_CANVAS_BLUE);
    }
    ls_axes_frame(axes);
    ls_axes_label_y(axes, "turn of the period");
}

static void draw_exposure(const struct ls_axes *axes, const double *heard_s, double bin_s) {
    for (size_t i = 0; i < BINS; i++) {
        ls_axes_fill(axes, (double)i * bin_s, (double)(i + 1) * bin_s, 0.0, heard_s[i] / bin_s, 0.0,
                     LS_CANVAS_ORANGE);
    }
    ls_axes_frame(axes);
    ls_axes_label_y(axes, "times heard");
    ls_axes_label_x(axes, "time into the period, counted from midnight, UTC (s)");
}

int ls_figure_folded(struct ls_canvas **ret, const struct ls_material *m, struct ls_err *err) {
    struct ls_fold fold;
    struct ls_canvas *canvas;
    double heard_s[BINS];
    double most = 0.0;
    char words[200];
    if (!ls_evidence_fold(m, &fold)) {
        return ls_err_set(err, LS_ERR_NOTFOUND,
                          "incident %lld has no clock-locked period: there is nothing to fold",
                          (long long)m->incident.id);
    }
    snprintf(words, sizeof words,
             "%zu starts by their place in a period of %.6g s, and how often each part of it was "
             "listened to",
             m->row_count, fold.period_s);
    int code = ls_canvas_create(&canvas, figure_width, 430.0, words, err);
    if (code != LS_OK) {
        return code;
    }
    double turns =
        ceil((double)(m->rows[m->row_count - 1].start_ns - fold.origin_ns) / 1e9 / fold.period_s);
    struct ls_axes starts = {.canvas = canvas,
                             .left = left_edge,
                             .top = 32.0,
                             .width = frame_width,
                             .height = 220.0,
                             .x1 = fold.period_s,
                             .y0 = turns + 1.0,
                             .y1 = 0.0};
    ls_canvas_text(canvas, left_edge, title_y, title_size, LS_ANCHOR_START,
                   "Starts folded by the period (top), and how often each part was heard (below)");
    draw_starts(&starts, m, &fold);
    ls_coverage_by_phase(&m->coverage, fold.origin_ns, fold.period_s, BINS, heard_s);
    for (size_t i = 0; i < BINS; i++) {
        most = fmax(most, heard_s[i] * BINS / fold.period_s);
    }
    struct ls_axes exposure = {.canvas = canvas,
                               .left = left_edge,
                               .top = 278.0,
                               .width = frame_width,
                               .height = 100.0,
                               .x1 = fold.period_s,
                               .y1 = fmax(1.0, most * 1.1)};
    draw_exposure(&exposure, heard_s, fold.period_s / BINS);
    *ret = canvas;
    return LS_OK;
}

/* --- cycles --- */

/* The estimate of a parameter as a dashed line with its name. */
static void draw_estimate(const struct ls_axes *axes, const struct ls_material *m, const char *name,
                          double sign, const char *words) {
    const struct ls_parameter *p = ls_finding_parameter(&m->incident.finding, name);
    if (p == NULL || !isfinite(p->value)) {
        return;
    }
    char text[80];
    double y = ls_axes_y(axes, sign * p->value);
    double text_y = sign > 0.0 ? y - 4.0 : y + 14.0;
    snprintf(text, sizeof text, "%s %.5g s", words, p->value);
    ls_canvas_dashes(axes->canvas, axes->left, y, axes->left + axes->width, y, LS_CANVAS_BLACK);
    ls_canvas_text(axes->canvas, axes->left + axes->width - 4.0, text_y, 12.0, LS_ANCHOR_END, text);
}

/* Off before row i, NAN where there is none to say. */
static double off_before(const struct ls_material *m, size_t i) {
    const struct ls_transmission *row = &m->rows[i];
    return i == 0 ? (double)NAN
                  : (double)(row->start_ns - row[-1].start_ns - row[-1].duration_ns) / 1e9;
}

int ls_figure_cycles(struct ls_canvas **ret, const struct ls_material *m, struct ls_err *err) {
    struct ls_canvas *canvas;
    const struct ls_parameter *period = ls_material_period(m);
    if (!ls_material_has_cycles(m)) {
        return ls_err_set(err, LS_ERR_NOTFOUND, "incident %lld has no cycles to draw",
                          (long long)m->incident.id);
    }
    double most_on = 0.0;
    double most_off = 0.0;
    for (size_t i = 0; i < m->row_count; i++) {
        most_on = fmax(most_on, (double)m->rows[i].duration_ns / 1e9);
        most_off = fmax(most_off, off_before(m, i)); /* fmax passes over NAN */
    }
    most_off = fmin(most_off, 2.2 * period->value); /* cycles were missed in longer ones */
    int code = ls_canvas_create(&canvas, figure_width, 330.0,
                                "how long each cycle was on, above, and off before it, below", err);
    if (code != LS_OK) {
        return code;
    }
    struct ls_axes axes = {.canvas = canvas,
                           .left = left_edge,
                           .top = 32.0,
                           .width = frame_width,
                           .height = 246.0,
                           .x0 = 0.5,
                           .x1 = (double)m->row_count + 0.5,
                           .y0 = -1.3 * fmax(most_off, 0.2 * most_on),
                           .y1 = fmax(1.25 * most_on, 0.2 * most_off)};
    ls_canvas_text(canvas, left_edge, title_y, title_size, LS_ANCHOR_START,
                   "Each cycle: on (blue, up) and off before it (orange, down)");
    for (size_t i = 0; i < m->row_count; i++) {
        double x = (double)i + 1.0;
        double off_s = off_before(m, i);
        ls_axes_fill(&axes, x - 0.4, x + 0.4, 0.0, (double)m->rows[i].duration_ns / 1e9, 1.0,
                     LS_CANVAS_BLUE);
        if (off_s > 0.0) {
            ls_axes_fill(&axes, x - 0.4, x + 0.4, -fmin(off_s, most_off), 0.0, 1.0,
                         LS_CANVAS_ORANGE);
        }
    }
    ls_axes_frame(&axes);
    draw_estimate(&axes, m, "on_s", 1.0, "on");
    draw_estimate(&axes, m, "off_s", -1.0, "off");
    ls_axes_label_x(&axes, "cycle");
    ls_axes_label_y(&axes, "on (up) and off (down), s");
    *ret = canvas;
    return LS_OK;
}

/* --- names --- */

const char *const ls_figure_names[] = {"timeline", "folded", "cycles", "pass", NULL};

ls_figure_draw *ls_figure_find(const char *name) {
    static ls_figure_draw *const draws[] = {ls_figure_timeline, ls_figure_folded, ls_figure_cycles,
                                            ls_figure_pass};
    for (size_t i = 0; ls_figure_names[i] != NULL; i++) {
        if (strcmp(ls_figure_names[i], name) == 0) {
            return draws[i];
        }
    }
    return NULL;
}
