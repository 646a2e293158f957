/* Figures say what the rows say: shapes are counted and measured on the canvas. */
#include "report/figures.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "report/ramp.h"

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

/* The half of the rows that comes a day later is another pass, on another scale of time. */
Test(figures, of_several_passes_the_one_that_is_estimated_is_drawn) {
    struct ls_transmission rows[ROWS];
    struct ls_coverage_span heard[2];
    struct ls_material m = clock_material(rows, heard);
    struct ls_canvas *canvas;
    const int64_t day_ns = 86400 * LS_NS_PER_S;
    ls_finding_number(&m.incident.finding, "closest_ns", (double)(t0 + 136 * LS_NS_PER_S),
                      (double)NAN, (double)NAN);
    for (size_t i = ROWS / 2; i < ROWS; i++) {
        rows[i].start_ns += day_ns;
    }
    m.coverage.stop_ns += day_ns;
    cr_assert_eq(ls_figure_pass(&canvas, &m, NULL), LS_OK);
    cr_expect_eq(count_shapes(canvas, LS_SHAPE_DOT, LS_CANVAS_BLUE), ROWS); /* twice a half */
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

/* --- figures of a recording --- */

enum { W_ROWS = 8, W_COLUMNS = 4 };

/* Noise at -90 dBFS, one cell at -30; the last column was never listened to. */
static struct ls_waterfall recording(float *mean, float *most, float *floor_pow) {
    struct ls_waterfall w = {.start_ns = t0,
                             .row_ns = 2 * LS_NS_PER_S,
                             .rows = W_ROWS,
                             .columns = W_COLUMNS,
                             .low_hz = 868.0e6,
                             .high_hz = 868.4e6,
                             .channel_hz = 100e3,
                             .mean_pow = mean,
                             .most_pow = most,
                             .floor_pow = floor_pow};
    for (size_t i = 0; i < W_ROWS * W_COLUMNS; i++) {
        bool known = i % W_COLUMNS < W_COLUMNS - 1;
        mean[i] = known ? 1e-9F : NAN;
        most[i] = known ? (i == 2 * W_COLUMNS + 1 ? 0.9999e-3F : 2e-9F) : NAN;
    }
    for (size_t c = 0; c < W_COLUMNS; c++) {
        floor_pow[c] = c < W_COLUMNS - 1 ? 1e-9F : NAN;
    }
    ls_waterfall_add_box(&w, &(struct ls_waterfall_box){.start_ns = t0 + 4 * LS_NS_PER_S,
                                                        .stop_ns = t0 + 6 * LS_NS_PER_S,
                                                        .low_hz = 868.1e6,
                                                        .high_hz = 868.2e6,
                                                        .snr_db = 60.0});
    return w;
}

static const struct ls_shape *find_shape(const struct ls_canvas *canvas, enum ls_shape_kind kind) {
    size_t count;
    const struct ls_shape *shapes = ls_canvas_shapes(canvas, &count);
    for (size_t i = 0; i < count; i++) {
        if (shapes[i].kind == kind) {
            return &shapes[i];
        }
    }
    cr_assert_fail("no such shape");
    return shapes;
}

Test(figures, a_waterfall_is_lightest_where_it_was_loudest_and_boxed_there) {
    float mean[W_ROWS * W_COLUMNS];
    float most[W_ROWS * W_COLUMNS];
    float floor_pow[W_COLUMNS];
    struct ls_waterfall w = recording(mean, most, floor_pow);
    struct ls_canvas *canvas;
    cr_assert_eq(ls_figure_waterfall(&canvas, &w, NULL), LS_OK);
    const struct ls_shape *image = find_shape(canvas, LS_SHAPE_IMAGE);
    cr_assert_eq(image->columns, W_COLUMNS);
    cr_assert_eq(image->rows, W_ROWS);
    for (size_t i = 0; i < W_ROWS * W_COLUMNS; i++) {
        cr_assert_eq(image->pixels[i] == ls_ramp_color(1.0), i == 2 * W_COLUMNS + 1);
        cr_assert_eq(image->pixels[i] == LS_CANVAS_PALE, i % W_COLUMNS == W_COLUMNS - 1);
    }
    /* The box is that cell, 1.5 pixels wider on each side. */
    const struct ls_shape *box = find_shape(canvas, LS_SHAPE_BOX);
    cr_assert_float_eq(box->x, image->x + image->width / W_COLUMNS - 1.5, 0.01);
    cr_assert_float_eq(box->width, image->width / W_COLUMNS + 3.0, 0.01);
    cr_assert_float_eq(box->y, image->y + 2.0 * image->height / W_ROWS - 1.5, 0.01);
    ls_canvas_destroy(canvas);
}

Test(figures, a_spectrum_has_gaps_where_nobody_listened_and_bars_where_something_was) {
    float mean[W_ROWS * W_COLUMNS];
    float most[W_ROWS * W_COLUMNS];
    float floor_pow[W_COLUMNS];
    struct ls_waterfall w = recording(mean, most, floor_pow);
    struct ls_canvas *canvas;
    cr_assert_eq(ls_figure_spectrum(&canvas, &w, NULL), LS_OK);
    const struct ls_shape *curve = find_shape(canvas, LS_SHAPE_CURVE);
    cr_assert_eq(curve->count, W_COLUMNS - 1);
    cr_assert_eq(count_shapes(canvas, LS_SHAPE_CURVE, LS_CANVAS_SKY), 1);
    cr_assert_eq(count_shapes(canvas, LS_SHAPE_DASHES, LS_CANVAS_GREEN), 2);
    cr_assert_lt(curve->points[3], curve->points[1], "the loud column is higher up");
    ls_canvas_destroy(canvas);
}

Test(figures, an_image_within_svg_is_a_png) {
    uint32_t pixels[6] = {0xFF0000, 0x00FF00, 0x0000FF, 0x000000, 0xFFFFFF, 0x808080};
    struct ls_canvas *canvas;
    cr_assert_eq(ls_canvas_create(&canvas, 30.0, 20.0, "six pixels", NULL), LS_OK);
    ls_canvas_image(canvas, 0.0, 0.0, 30.0, 20.0, pixels, 3, 2);
    char *svg = ls_canvas_svg(canvas);
    cr_assert_not_null(strstr(svg, "href=\"data:image/png;base64,iVBORw0KGgo"), "%s", svg);
    cr_assert_not_null(strstr(svg, "ElFTkSuQmCC\"/>"), "ends as a PNG does");
    free(svg);
    ls_canvas_destroy(canvas);
}

/* An incident may be older than the rows that were kept of it: emptiness is not what was heard. */
Test(figures, what_is_shown_begins_and_ends_with_the_rows_that_were_kept) {
    struct ls_transmission rows[ROWS];
    struct ls_coverage_span heard[2];
    struct ls_material m = clock_material(rows, heard);
    const int64_t first = m.coverage.start_ns;
    const int64_t last = m.coverage.stop_ns;
    double shares[4];
    m.coverage.start_ns -= 3600 * LS_NS_PER_S;
    struct ls_material_extent extent = ls_material_rows_extent(&m);
    cr_expect_eq(extent.start_ns, first);
    cr_expect_eq(extent.stop_ns, last);
    heard[0].start_ns = m.coverage.start_ns;
    m.coverage.start_ns = first;
    ls_coverage_shares(&m.coverage, 4, shares);
    cr_expect_float_eq(shares[0], 1.0, 1e-9, "%g", shares[0]);
    m.coverage.stop_ns += 3600 * LS_NS_PER_S;
    cr_expect_eq(ls_material_rows_extent(&m).stop_ns, last);
    m.coverage.stop_ns = last;
    cr_expect_eq(ls_material_rows_extent(&m).stop_ns, last);
}
