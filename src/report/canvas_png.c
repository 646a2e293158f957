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

/* The image as a surface of its own; the caller destroys it, also when it is in error. */
static cairo_surface_t *surface_of(const struct ls_shape *s) {
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)s->columns, (int)s->rows);
    if (cairo_surface_status(surface) != CAIRO_STATUS_SUCCESS) {
        return surface;
    }
    cairo_surface_flush(surface);
    unsigned char *data = cairo_image_surface_get_data(surface);
    int stride = cairo_image_surface_get_stride(surface);
    for (size_t row = 0; row < s->rows; row++) {
        memcpy(data + row * (size_t)stride, s->pixels + row * s->columns,
               s->columns * sizeof *s->pixels);
    }
    cairo_surface_mark_dirty(surface);
    return surface;
}

static void draw_image(cairo_t *cr, const struct ls_shape *s) {
    cairo_surface_t *surface = surface_of(s);
    cairo_save(cr);
    cairo_translate(cr, s->x, s->y);
    cairo_scale(cr, s->width / (double)s->columns, s->height / (double)s->rows);
    cairo_set_source_surface(cr, surface, 0.0, 0.0);
    cairo_pattern_set_filter(cairo_get_source(cr), CAIRO_FILTER_NEAREST);
    cairo_paint(cr);
    cairo_restore(cr);
    cairo_surface_destroy(surface);
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
    case LS_SHAPE_IMAGE:
        draw_image(cr, s);
        break;
    }
}

static cairo_status_t write_bytes(void *closure, const unsigned char *data, unsigned length) {
    FILE *out = closure;
    return fwrite(data, 1, length, out) == length ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

static void put_base64(const unsigned char *data, size_t size, FILE *out) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        unsigned bits = (unsigned)data[i] << 16 | (left > 1 ? (unsigned)data[i + 1] << 8 : 0) |
                        (left > 2 ? data[i + 2] : 0);
        fputc(digits[bits >> 18], out);
        fputc(digits[bits >> 12 & 63], out);
        fputc(left > 1 ? digits[bits >> 6 & 63] : '=', out);
        fputc(left > 2 ? digits[bits & 63] : '=', out);
    }
}

/* The whole of a stream as text or bytes; frees it and returns NULL when anything of it failed. */
static char *whole(FILE *out, char **text, bool good) {
    bool closed = fclose(out) == 0;
    if (!good || !closed) {
        free(*text);
        *text = NULL;
    }
    return *text;
}

char *ls_canvas_image_base64(const struct ls_shape *image) {
    char *png = NULL;
    char *text = NULL;
    size_t size = 0;
    size_t length = 0;
    FILE *out = open_memstream(&png, &size);
    if (out == NULL) {
        return NULL;
    }
    cairo_surface_t *surface = surface_of(image);
    bool good =
        cairo_surface_write_to_png_stream(surface, write_bytes, out) == CAIRO_STATUS_SUCCESS;
    cairo_surface_destroy(surface);
    FILE *digits = whole(out, &png, good) == NULL ? NULL : open_memstream(&text, &length);
    if (digits != NULL) {
        put_base64((const unsigned char *)png, size, digits);
        whole(digits, &text, true);
    }
    free(png);
    return text;
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
