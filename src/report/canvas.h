/* report/canvas.h: a drawing that is kept as shapes, and written as SVG or PNG. The SVG has its
 * text as text, so that it is found, read aloud and set in the reader's own font, and the same
 * shapes give the same bytes on every machine; the PNG comes from cairo.
 *
 * Units are pixels, y points down. Adding cannot fail: when memory runs out the canvas is marked,
 * and writing it says so. */
#ifndef REPORT_CANVAS_H
#define REPORT_CANVAS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

/* Colours as 0xRRGGBB. Okabe and Ito, "Color Universal Design", 2008: told apart with any of the
 * common kinds of colour blindness. */
enum {
    LS_CANVAS_BLACK = 0x1A1A1A,
    LS_CANVAS_GREY = 0x6A6A6A,
    LS_CANVAS_PALE = 0xDDDDDD,
    LS_CANVAS_BLUE = 0x0072B2,
    LS_CANVAS_ORANGE = 0xE69F00,
    LS_CANVAS_GREEN = 0x009E73,
    LS_CANVAS_RED = 0xD55E00,
    LS_CANVAS_PINK = 0xCC79A7,
    LS_CANVAS_SKY = 0x56B4E9,
};

enum ls_anchor { LS_ANCHOR_START, LS_ANCHOR_MIDDLE, LS_ANCHOR_END };

struct ls_canvas;

/* words: what the drawing shows, for those who do not see it. The caller destroys *ret.
 * LS_ERR_NOMEM. */
int ls_canvas_create(struct ls_canvas **ret, double width, double height, const char *words,
                     struct ls_err *err);
void ls_canvas_destroy(struct ls_canvas *canvas);

void ls_canvas_rect(struct ls_canvas *canvas, double x, double y, double width, double height,
                    uint32_t color);
/* Not filled. */
void ls_canvas_box(struct ls_canvas *canvas, double x, double y, double width, double height,
                   uint32_t color);
void ls_canvas_line(struct ls_canvas *canvas, double x0, double y0, double x1, double y1,
                    uint32_t color);
void ls_canvas_dashes(struct ls_canvas *canvas, double x0, double y0, double x1, double y1,
                      uint32_t color);
void ls_canvas_dot(struct ls_canvas *canvas, double x, double y, double radius, uint32_t color);
/* points: [2 * count], x and y of each; copied. */
void ls_canvas_curve(struct ls_canvas *canvas, const double *points, size_t count, uint32_t color);
/* y is the base line; size in pixels. */
void ls_canvas_text(struct ls_canvas *canvas, double x, double y, double size,
                    enum ls_anchor anchor, const char *text);
/* Reads upward, in the middle of y. */
void ls_canvas_text_up(struct ls_canvas *canvas, double x, double y, double size, const char *text);

/* pixels: [rows][columns], 0xRRGGBB, top row first; copied. Pixels stay sharp when the image is
 * made larger. In SVG it is a PNG within the file. */
void ls_canvas_image(struct ls_canvas *canvas, double x, double y, double width, double height,
                     const uint32_t *pixels, size_t columns, size_t rows);

/* The whole <svg> element; the caller frees it. NULL when memory ran out. */
char *ls_canvas_svg(const struct ls_canvas *canvas);

/* As files. LS_ERR_NOMEM, LS_ERR_IO, LS_ERR_FULL. */
int ls_canvas_write_svg(const struct ls_canvas *canvas, FILE *out, struct ls_err *err);
int ls_canvas_write_png(const struct ls_canvas *canvas, FILE *out, struct ls_err *err);

/* --- for the writers --- */

enum ls_shape_kind {
    LS_SHAPE_RECT,
    LS_SHAPE_BOX,
    LS_SHAPE_LINE,
    LS_SHAPE_DASHES,
    LS_SHAPE_DOT,
    LS_SHAPE_CURVE,
    LS_SHAPE_TEXT,
    LS_SHAPE_TEXT_UP,
    LS_SHAPE_IMAGE
};

struct ls_shape {
    enum ls_shape_kind kind;
    double x;
    double y;
    double width; /* of a line: x of its end; of a dot: its radius; of a text: its size */
    double height;
    uint32_t color;
    enum ls_anchor anchor;
    char *text;
    double *points; /* [2 * count] */
    size_t count;
    uint32_t *pixels; /* [rows][columns] */
    size_t columns;
    size_t rows;
};

const struct ls_shape *ls_canvas_shapes(const struct ls_canvas *canvas, size_t *ret_count);
void ls_canvas_size(const struct ls_canvas *canvas, double *ret_width, double *ret_height);
/* A PNG of the pixels in base64, as a URL holds it; the caller frees it. NULL: out of memory. */
char *ls_canvas_image_base64(const struct ls_shape *image);

#endif
