/* report/render.h: a document as text for a terminal, HTML, Markdown or JSON. The same document
 * gives the same bytes. */
#ifndef REPORT_RENDER_H
#define REPORT_RENDER_H

#include <stdio.h>

#include "report/document.h"

struct ls_render_opts { /* all-zero: the defaults */
    bool color;         /* escape sequences, in text alone */
};

/* One form: a const record, one file a form, one row in the table of render.c. */
struct ls_renderer {
    const char *name;
    void (*write)(const struct ls_document *doc, const struct ls_render_opts *opts, FILE *out);
};
extern const struct ls_renderer ls_render_text;
extern const struct ls_renderer ls_render_html;
extern const struct ls_renderer ls_render_markdown;
extern const struct ls_renderer ls_render_json;

/* Rows of a table that a form for people shows: all, or the first and the last ones. */
struct ls_render_rows {
    size_t count;
    size_t first; /* shown of the beginning */
    size_t last;  /* shown of the end; between them count - first - last are left out */
};
struct ls_render_rows ls_render_rows(const struct ls_part *part, size_t most);
/* Row of the table behind line [i] of what is shown. */
size_t ls_render_row(const struct ls_render_rows *rows, size_t i);

/* One character of a bar: blank for 0, eight heights up to 1, a dot where it is not known. */
const char *ls_render_block(double share);

/* "text", "html", "md", "json"; NULL when name is none of them. */
const struct ls_renderer *ls_render_find(const char *name);

/* Writes, then flushes. LS_ERR_NOMEM: the document is not whole. LS_ERR_IO, LS_ERR_FULL. */
int ls_render_document(const struct ls_document *doc, const struct ls_renderer *renderer,
                       const struct ls_render_opts *opts, FILE *out, struct ls_err *err);

#endif
