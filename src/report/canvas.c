#include "report/canvas.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

struct ls_canvas {
    double width;
    double height;
    char *words;
    struct ls_shape *shapes;
    size_t count;
    size_t room;
    bool failed;
};

int ls_canvas_create(struct ls_canvas **ret, double width, double height, const char *words,
                     struct ls_err *err) {
    struct ls_canvas *canvas = calloc(1, sizeof *canvas);
    if (canvas != NULL) {
        canvas->width = width;
        canvas->height = height;
        canvas->words = strdup(words);
    }
    if (canvas == NULL || canvas->words == NULL) {
        free(canvas);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for a figure");
    }
    *ret = canvas;
    ls_canvas_rect(canvas, 0.0, 0.0, width, height, 0xFFFFFF);
    return LS_OK;
}

void ls_canvas_destroy(struct ls_canvas *canvas) {
    if (canvas == NULL) {
        return;
    }
    for (size_t i = 0; i < canvas->count; i++) {
        free(canvas->shapes[i].text);
        free(canvas->shapes[i].points);
        free(canvas->shapes[i].pixels);
    }
    free(canvas->shapes);
    free(canvas->words);
    free(canvas);
}

const struct ls_shape *ls_canvas_shapes(const struct ls_canvas *canvas, size_t *ret_count) {
    *ret_count = canvas->count;
    return canvas->shapes;
}

void ls_canvas_size(const struct ls_canvas *canvas, double *ret_width, double *ret_height) {
    *ret_width = canvas->width;
    *ret_height = canvas->height;
}

/* --- shapes --- */

/* NULL when there is no memory: the canvas is marked. */
static struct ls_shape *add(struct ls_canvas *canvas, const struct ls_shape *shape) {
    void *shapes = canvas->shapes;
    if (ls_grow(&shapes, &canvas->room, canvas->count, sizeof *shape) != LS_OK) {
        canvas->failed = true;
        return NULL;
    }
    canvas->shapes = shapes;
    canvas->shapes[canvas->count] = *shape;
    return &canvas->shapes[canvas->count++];
}

static void *copy(struct ls_canvas *canvas, const void *items, size_t bytes) {
    void *ret = malloc(bytes + 1);
    if (ret == NULL) {
        canvas->failed = true;
        return NULL;
    }
    memcpy(ret, items, bytes);
    return ret;
}

void ls_canvas_rect(struct ls_canvas *canvas, double x, double y, double width, double height,
                    uint32_t color) {
    add(canvas, &(struct ls_shape){LS_SHAPE_RECT, x, y, width, height, .color = color});
}

void ls_canvas_box(struct ls_canvas *canvas, double x, double y, double width, double height,
                   uint32_t color) {
    add(canvas, &(struct ls_shape){LS_SHAPE_BOX, x, y, width, height, .color = color});
}

void ls_canvas_line(struct ls_canvas *canvas, double x0, double y0, double x1, double y1,
                    uint32_t color) {
    add(canvas, &(struct ls_shape){LS_SHAPE_LINE, x0, y0, x1, y1, .color = color});
}

void ls_canvas_dashes(struct ls_canvas *canvas, double x0, double y0, double x1, double y1,
                      uint32_t color) {
    add(canvas, &(struct ls_shape){LS_SHAPE_DASHES, x0, y0, x1, y1, .color = color});
}

void ls_canvas_dot(struct ls_canvas *canvas, double x, double y, double radius, uint32_t color) {
    add(canvas, &(struct ls_shape){LS_SHAPE_DOT, x, y, radius, .color = color});
}

void ls_canvas_curve(struct ls_canvas *canvas, const double *points, size_t count, uint32_t color) {
    struct ls_shape *shape =
        add(canvas, &(struct ls_shape){.kind = LS_SHAPE_CURVE, .color = color});
    if (shape != NULL) {
        shape->points = copy(canvas, points, 2 * count * sizeof *points);
        shape->count = shape->points != NULL ? count : 0;
    }
}

void ls_canvas_image(struct ls_canvas *canvas, double x, double y, double width, double height,
                     const uint32_t *pixels, size_t columns, size_t rows) {
    struct ls_shape *shape =
        add(canvas, &(struct ls_shape){LS_SHAPE_IMAGE, x, y, width, height, .columns = columns});
    if (shape != NULL) {
        shape->pixels = copy(canvas, pixels, columns * rows * sizeof *pixels);
        shape->rows = shape->pixels != NULL ? rows : 0;
    }
}

static void add_text(struct ls_canvas *canvas, struct ls_shape shape, const char *text) {
    struct ls_shape *place = add(canvas, &shape);
    if (place != NULL) {
        place->text = copy(canvas, text, strlen(text) + 1);
    }
}

void ls_canvas_text(struct ls_canvas *canvas, double x, double y, double size,
                    enum ls_anchor anchor, const char *text) {
    struct ls_shape shape = {LS_SHAPE_TEXT, x, y, size, .color = LS_CANVAS_BLACK, .anchor = anchor};
    add_text(canvas, shape, text);
}

void ls_canvas_text_up(struct ls_canvas *canvas, double x, double y, double size,
                       const char *text) {
    struct ls_shape shape = {LS_SHAPE_TEXT_UP,          x, y, size, .color = LS_CANVAS_BLACK,
                             .anchor = LS_ANCHOR_MIDDLE};
    add_text(canvas, shape, text);
}

/* --- SVG --- */

static void text_of(const char *text, FILE *out) {
    for (; *text != '\0'; text++) {
        if (*text == '&') {
            fputs("&amp;", out);
        } else if (*text == '<') {
            fputs("&lt;", out);
        } else if (*text == '"') {
            fputs("&quot;", out);
        } else {
            fputc((unsigned char)*text < 0x20 ? '?' : *text, out);
        }
    }
}

static void svg_text(const struct ls_shape *s, FILE *out) {
    static const char *const anchors[] = {"start", "middle", "end"};
    fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" font-size=\"%.0f\" text-anchor=\"%s\"", s->x, s->y,
            s->width, anchors[s->anchor]);
    if (s->kind == LS_SHAPE_TEXT_UP) {
        fprintf(out, " transform=\"rotate(-90 %.1f %.1f)\"", s->x, s->y);
    }
    fputs(">", out);
    text_of(s->text != NULL ? s->text : "", out);
    fputs("</text>\n", out);
}

static void svg_curve(const struct ls_shape *s, FILE *out) {
    fputs("<polyline fill=\"none\" stroke-width=\"1.5\" points=\"", out);
    for (size_t i = 0; i < s->count; i++) {
        fprintf(out, "%s%.1f,%.1f", i > 0 ? " " : "", s->points[2 * i], s->points[2 * i + 1]);
    }
    fprintf(out, "\" stroke=\"#%06x\"/>\n", s->color);
}

static void svg_image(const struct ls_shape *s, FILE *out) {
    char *base64 = ls_canvas_image_base64(s);
    if (base64 != NULL) {
        fprintf(out,
                "<image x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
                "preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\" "
                "href=\"data:image/png;base64,%s\"/>\n",
                s->x, s->y, s->width, s->height, base64);
    }
    free(base64);
}

static void svg_shape(const struct ls_shape *s, FILE *out) {
    switch (s->kind) {
    case LS_SHAPE_RECT:
    case LS_SHAPE_BOX:
        fprintf(
            out, "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" %s=\"#%06x\"%s/>\n",
            s->x, s->y, s->width, s->height, s->kind == LS_SHAPE_RECT ? "fill" : "stroke", s->color,
            s->kind == LS_SHAPE_RECT ? " shape-rendering=\"crispEdges\"" : " fill=\"none\"");
        break;
    case LS_SHAPE_LINE:
    case LS_SHAPE_DASHES:
        fprintf(out, "<path d=\"M%.1f %.1fL%.1f %.1f\" stroke=\"#%06x\"%s/>\n", s->x, s->y,
                s->width, s->height, s->color,
                s->kind == LS_SHAPE_DASHES ? " stroke-dasharray=\"5 4\"" : "");
        break;
    case LS_SHAPE_DOT:
        fprintf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" fill=\"#%06x\"/>\n", s->x, s->y,
                s->width, s->color);
        break;
    case LS_SHAPE_CURVE:
        svg_curve(s, out);
        break;
    case LS_SHAPE_TEXT:
    case LS_SHAPE_TEXT_UP:
        svg_text(s, out);
        break;
    case LS_SHAPE_IMAGE:
        svg_image(s, out);
        break;
    }
}

static void write_svg(const struct ls_canvas *canvas, FILE *out) {
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" "
            "font-family=\"system-ui,'DejaVu Sans',sans-serif\" fill=\"#%06x\" aria-label=\"",
            canvas->width, canvas->height, (unsigned)LS_CANVAS_BLACK);
    text_of(canvas->words, out);
    fputs("\">\n", out);
    for (size_t i = 0; i < canvas->count; i++) {
        svg_shape(&canvas->shapes[i], out);
    }
    fputs("</svg>\n", out);
}

char *ls_canvas_svg(const struct ls_canvas *canvas) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = canvas->failed ? NULL : open_memstream(&text, &size);
    if (out == NULL) {
        return NULL;
    }
    write_svg(canvas, out);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

int ls_canvas_write_svg(const struct ls_canvas *canvas, FILE *out, struct ls_err *err) {
    if (canvas->failed) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for a figure");
    }
    errno = 0;
    write_svg(canvas, out);
    if (fflush(out) != 0 || ferror(out)) {
        int e = errno == 0 ? EIO : errno;
        return ls_err_set(err, ls_err_code_from_errno(e), "cannot write the figure: %s",
                          strerror(e));
    }
    return LS_OK;
}
