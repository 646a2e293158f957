/* Figures say what the rows say: shapes are counted and measured on the canvas. */
#include "report/figures.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"

enum { ROWS = 20 };

static const int64_t t0 = INT64_C(1760000000) * LS_NS_PER_S;

/* A packet of 2 s each 30 s, listened to but for 60 s in the middle. */
static struct ls_material clock_material(struct ls_transmission *rows,
                                         struct ls_coverage_span *heard) {
    struct ls_material m = {.rows = rows, .row_count = ROWS, .evidence_count = ROWS};
    struct ls_finding *finding = &m.incident.finding;
    for (int64_t i = 0; i < ROWS; i++) {
        rows[i] = (struct ls_transmission){.start_ns = t0 + 30 * i * LS_NS_PER_S,
                                           .duration_ns = 2 * LS_NS_PER_S,
                                           .center_hz = 868.3e6,
                                           .bandwidth_hz = 60e3,
                                           .level_dbfs = -40.0};
    }
    m.coverage.start_ns = t0;
    m.coverage.stop_ns = t0 + (30 * (ROWS - 1) + 2) * LS_NS_PER_S;
    heard[0] = (struct ls_coverage_span){t0, t0 + 245 * LS_NS_PER_S};
    heard[1] = (struct ls_coverage_span){t0 + 305 * LS_NS_PER_S, m.coverage.stop_ns};
    m.coverage.listened = heard;
    m.coverage.count = 2;
    finding->low_hz = 868.27e6;
    finding->high_hz = 868.33e6;
    finding->start_ns = t0;
    finding->stop_ns = m.coverage.stop_ns;
    ls_finding_number(finding, "period_s", 30.0, 29.9, 30.1);
    return m;
}

static size_t count_shapes(const struct ls_canvas *canvas, enum ls_shape_kind kind,
                           uint32_t color) {
    size_t count;
    size_t n = 0;
    const struct ls_shape *shapes = ls_canvas_shapes(canvas, &count);
    for (size_t i = 0; i < count; i++) {
        n += shapes[i].kind == kind && shapes[i].color == color;
    }
    return n;
}

Test(figures, a_timeline_has_a_bar_for_each_row_and_grey_where_nobody_listened) {
    struct ls_transmission rows[ROWS];
    struct ls_coverage_span heard[2];
    struct ls_material m = clock_material(rows, heard);
    struct ls_canvas *canvas;
    size_t count;
    cr_assert_eq(ls_figure_timeline(&canvas, &m, NULL), LS_OK);
    cr_assert_eq(count_shapes(canvas, LS_SHAPE_RECT, LS_CANVAS_BLUE), ROWS);
    cr_assert_eq(count_shapes(canvas, LS_SHAPE_RECT, LS_CANVAS_PALE), 1);
    const struct ls_shape *shapes = ls_canvas_shapes(canvas, &count);
    for (size_t i = 0; i < count; i++) {
        if (shapes[i].kind == LS_SHAPE_RECT && shapes[i].color == LS_CANVAS_PALE) {
            /* 60 s of 572 s in a frame of 654 pixels, to half a pixel each side */
            cr_assert_float_eq(shapes[i].width, 654.0 * 60.0 / 572.0, 1.0);
        }
    }
    ls_canvas_destroy(canvas);
}

Test(figures, starts_on_a_clock_fold_onto_one_column) {
    struct ls_transmission rows[ROWS];
    struct ls_coverage_span heard[2];
    struct ls_material m = clock_material(rows, heard);
    struct ls_canvas *canvas;
    size_t count;
    double x = (double)NAN;
    cr_assert_eq(ls_figure_folded(&canvas, &m, NULL), LS_OK);
    cr_assert_eq(count_shapes(canvas, LS_SHAPE_DOT, LS_CANVAS_BLUE), ROWS);
    const struct ls_shape *shapes = ls_canvas_shapes(canvas, &count);
    for (size_t i = 0; i < count; i++) {
        if (shapes[i].kind == LS_SHAPE_DOT) {
            x = isnan(x) ? shapes[i].x : x;
            cr_assert_float_eq(shapes[i].x, x, 0.1);
        }
    }
    ls_canvas_destroy(canvas);
}

Test(figures, what_waits_after_a_release_is_not_folded) {
    struct ls_transmission rows[ROWS];
    struct ls_coverage_span heard[2];
    struct ls_material m = clock_material(rows, heard);
    struct ls_canvas *canvas;
    ls_finding_word(&m.incident.finding, "timing", "wait-after-release");
    cr_assert_eq(ls_figure_folded(&canvas, &m, NULL), LS_ERR_NOTFOUND);
    cr_assert_eq(ls_figure_pass(&canvas, &m, NULL), LS_ERR_NOTFOUND);
    cr_assert_eq(ls_figure_cycles(&canvas, &m, NULL), LS_OK);
    cr_assert_eq(count_shapes(canvas, LS_SHAPE_RECT, LS_CANVAS_BLUE), ROWS);
    cr_assert_eq(count_shapes(canvas, LS_SHAPE_RECT, LS_CANVAS_ORANGE), ROWS - 1);
    ls_canvas_destroy(canvas);
}

/* A bell of 40 dB falls by 3 dB within a tau of the closest moment, and the curve goes through. */
Test(figures, the_curve_of_a_pass_goes_through_its_points) {
    struct ls_transmission rows[ROWS];
    struct ls_coverage_span heard[2];
    struct ls_material m = clock_material(rows, heard);
    struct ls_canvas *canvas;
    size_t count;
    const double tau_s = 40.0;
    ls_finding_number(&m.incident.finding, "closest_ns", (double)(t0 + 286 * LS_NS_PER_S),
                      (double)NAN, (double)NAN);
    for (size_t i = 0; i < ROWS; i++) {
        double u = (30.0 * (double)i + 1.0 - 286.0) / tau_s;
        rows[i].level_dbfs = -30.0 - 10.0 * log10(1.0 + u * u);
        rows[i].center_hz = 868.3e6 - 100.0 * u / sqrt(1.0 + u * u);
    }
    cr_assert_eq(ls_figure_pass(&canvas, &m, NULL), LS_OK);
    const struct ls_shape *shapes = ls_canvas_shapes(canvas, &count);
    const struct ls_shape *curve = NULL;
    for (size_t i = 0; i < count; i++) {
        curve = shapes[i].kind == LS_SHAPE_CURVE ? &shapes[i] : curve;
        if (shapes[i].kind == LS_SHAPE_DOT && curve != NULL) {
            double nearest = HUGE_VAL;
            for (size_t k = 0; k < curve->count; k++) {
                double dx = curve->points[2 * k] - shapes[i].x;
                double dy = curve->points[2 * k + 1] - shapes[i].y;
                nearest = fmin(nearest, sqrt(dx * dx + dy * dy));
            }
            /* Points of the curve are 3.3 pixels apart and steep ones 10; tau is searched in 7 %
             * steps. */
            cr_assert_lt(nearest, 8.0, "%g pixels", nearest);
        }
    }
    cr_assert_eq(count_shapes(canvas, LS_SHAPE_CURVE, LS_CANVAS_RED), 2);
    ls_canvas_destroy(canvas);
}

Test(figures, svg_is_the_same_twice_and_png_is_one) {
    struct ls_transmission rows[ROWS];
    struct ls_coverage_span heard[2];
    struct ls_material m = clock_material(rows, heard);
    struct ls_canvas *canvas;
    char *png = NULL;
    size_t size = 0;
    cr_assert_eq(ls_figure_cycles(&canvas, &m, NULL), LS_OK);
    char *one = ls_canvas_svg(canvas);
    char *two = ls_canvas_svg(canvas);
    FILE *out = open_memstream(&png, &size);
    cr_assert_str_eq(one, two);
    cr_assert_eq(ls_canvas_write_png(canvas, out, NULL), LS_OK);
    fclose(out);
    cr_assert_gt(size, 1000);
    cr_assert_eq(memcmp(png, "\x89PNG", 4), 0);
    free(one);
    free(two);
    free(png);
    ls_canvas_destroy(canvas);
}
