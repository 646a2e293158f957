/* A canvas as PNG, twice as fine as its units, so that it is sharp on a screen and in print. */
#include <cairo.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "report/canvas.h"

static const double scale = 2.0;

static void use_color(cairo_t *cr, uint32_t color) {
    cairo_set_source_rgb(cr, (double)(color >> 16 & 0xFF) / 255.0,
                         (double)(color >> 8 & 0xFF) / 255.0, (double)(color & 0xFF) / 255.0);
}

static void draw_text(cairo_t *cr, const struct ls_shape *s) {
    cairo_text_extents_t extents;
    const char *text = s->text != NULL ? s->text : "";
    cairo_set_font_size(cr, s->width);
    cairo_text_extents(cr, text, &extents);
    double back = s->anchor == LS_ANCHOR_START ? 0.0
                  : s->anchor == LS_ANCHOR_END ? extents.x_advance
                                               : extents.x_advance / 2.0;
    cairo_save(cr);
    cairo_translate(cr, s->x, s->y);
    if (s->kind == LS_SHAPE_TEXT_UP) {
        cairo_rotate(cr, -M_PI / 2.0);
    }
    cairo_move_to(cr, -back, 0.0);
    cairo_show_text(cr, text);
    cairo_restore(cr);
}

static void draw_line(cairo_t *cr, const struct ls_shape *s) {
    static const double dashes[] = {5.0, 4.0};
    cairo_set_dash(cr, dashes, s->kind == LS_SHAPE_DASHES ? 2 : 0, 0.0);
    cairo_move_to(cr, s->x, s->y);
    cairo_line_to(cr, s->width, s->height);
    cairo_stroke(cr);
    cairo_set_dash(cr, dashes, 0, 0.0);
}

static void draw_curve(cairo_t *cr, const struct ls_shape *s) {
    cairo_set_line_width(cr, 1.5);
    for (size_t i = 0; i < s->count; i++) {
        cairo_line_to(cr, s->points[2 * i], s->points[2 * i + 1]);
    }
    cairo_stroke(cr);
    cairo_set_line_width(cr, 1.0);
}

static void draw(cairo_t *cr, const struct ls_shape *s) {
    use_color(cr, s->color);
    cairo_new_path(cr); /* a text leaves a point behind */
    switch (s->kind) {
    case LS_SHAPE_RECT:
        cairo_rectangle(cr, s->x, s->y, s->width, s->height);
        cairo_fill(cr);
        break;
    case LS_SHAPE_BOX:
        cairo_rectangle(cr, s->x, s->y, s->width, s->height);
        cairo_stroke(cr);
        break;
    case LS_SHAPE_LINE:
    case LS_SHAPE_DASHES:
        draw_line(cr, s);
        break;
    case LS_SHAPE_DOT:
        cairo_arc(cr, s->x, s->y, s->width, 0.0, 2.0 * M_PI);
        cairo_fill(cr);
        break;
    case LS_SHAPE_CURVE:
        draw_curve(cr, s);
        break;
    case LS_SHAPE_TEXT:
    case LS_SHAPE_TEXT_UP:
        draw_text(cr, s);
        break;
    }
}

static cairo_status_t write_bytes(void *closure, const unsigned char *data, unsigned length) {
    FILE *out = closure;
    return fwrite(data, 1, length, out) == length ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

int ls_canvas_write_png(const struct ls_canvas *canvas, FILE *out, struct ls_err *err) {
    double width;
    double height;
    size_t count;
    const struct ls_shape *shapes = ls_canvas_shapes(canvas, &count);
    ls_canvas_size(canvas, &width, &height);
    cairo_surface_t *surface = cairo_image_surface_create(
        CAIRO_FORMAT_RGB24, (int)lround(width * scale), (int)lround(height * scale));
    cairo_t *cr = cairo_create(surface);
    cairo_scale(cr, scale, scale);
    cairo_select_font_face(cr, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_line_width(cr, 1.0);
    for (size_t i = 0; i < count; i++) {
        draw(cr, &shapes[i]);
    }
    errno = 0;
    cairo_status_t status = cairo_status(cr);
    cairo_destroy(cr);
    if (status == CAIRO_STATUS_SUCCESS) {
        status = cairo_surface_write_to_png_stream(surface, write_bytes, out);
    }
    cairo_surface_destroy(surface);
    bool failed = status != CAIRO_STATUS_SUCCESS || fflush(out) != 0 || ferror(out) != 0;
    int e = errno == 0 ? EIO : errno;
    if (status == CAIRO_STATUS_NO_MEMORY) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for a figure");
    }
    return failed ? ls_err_set(err, ls_err_code_from_errno(e), "cannot write the figure: %s",
                               strerror(e))
                  : LS_OK;
}
