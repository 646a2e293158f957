/* HTML: one page that needs nothing else: no script, no network, no font. It reads on a phone, in
 * print and through a screen reader. Colours are those of the figures, text is at least 7:1. */
#include <math.h>
#include <string.h>

#include "report/render.h"

enum { ROWS_MOST = 300 };

static const char style[] =
    "<style>\n"
    ":root{color-scheme:light}\n"
    "body{margin:0;background:#fff;color:#1a1a1a;font:16px/1.5 system-ui,sans-serif}\n"
    "main{max-width:56rem;margin:0 auto;padding:1rem}\n"
    "h1{font-size:1.5rem;line-height:1.25;margin:.5rem 0}\n"
    "h2{font-size:1.15rem;margin:1.75rem 0 .5rem;border-bottom:1px solid #767676}\n"
    "dl{display:grid;grid-template-columns:minmax(9rem,15rem) 1fr;gap:.2rem 1rem;margin:.5rem 0}\n"
    "dt{color:#4a4a4a}dd{margin:0;overflow-wrap:anywhere}\n"
    ".wide{overflow:auto;max-height:26rem}\n"
    "table{border-collapse:collapse;font-size:.85rem;font-variant-numeric:tabular-nums}\n"
    "caption{text-align:left;color:#4a4a4a;padding:.25rem 0}\n"
    "th,td{padding:.15rem .6rem .15rem 0;text-align:left;white-space:nowrap;"
    "border-bottom:1px solid #d0d0d0}\n"
    "th.n,td.n{text-align:right}\n"
    "figure{margin:1rem 0;break-inside:avoid;overflow-x:auto}\n"
    "figure svg{width:100%;min-width:38rem;height:auto;display:block}\n"
    "figure.strip svg{min-width:0}\n"
    "figcaption{color:#4a4a4a;font-size:.9rem}\n"
    "@media(max-width:38rem){dl{grid-template-columns:1fr;gap:0}dd{margin:0 0 .4rem}}\n"
    "@media "
    "print{body{font-size:10pt}main{max-width:none;padding:0}.wide{overflow:visible;max-height:"
    "none}"
    "table{font-size:7pt}h2{break-after:avoid}tr{break-inside:avoid}}\n"
    "</style>\n";

static void text_of(const char *text, FILE *out) {
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            fputc(*text, out);
        }
    }
}

static void element(const char *name, const char *text, FILE *out) {
    fprintf(out, "<%s>", name);
    text_of(text, out);
    fprintf(out, "</%s>\n", name);
}

static void cell(const char *name, const char *scope, bool right, const char *text, FILE *out) {
    fprintf(out, "<%s%s%s>", name, scope, right ? " class=\"n\"" : "");
    text_of(text, out);
    fprintf(out, "</%s>", name);
}

static void table(const struct ls_part *part, FILE *out) {
    struct ls_render_rows rows = ls_render_rows(part, ROWS_MOST);
    fputs("<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"", out);
    text_of(part->label, out);
    fputs("\"><table><caption>", out);
    text_of(part->label, out);
    fputs("</caption>\n<thead><tr>", out);
    for (size_t c = 0; c < part->column_count; c++) {
        cell("th", " scope=\"col\"", part->columns[c].right, part->columns[c].title, out);
    }
    fputs("</tr></thead>\n<tbody>\n", out);
    for (size_t i = 0; i < rows.first + rows.last; i++) {
        if (i == rows.first) {
            fprintf(out,
                    "<tr><td colspan=\"%zu\">%zu rows are left out here; --format json has "
                    "all</td></tr>\n",
                    part->column_count, rows.count - rows.first - rows.last);
        }
        fputs("<tr>", out);
        for (size_t c = 0; c < part->column_count; c++) {
            cell("td", "", part->columns[c].right,
                 part->cells[ls_render_row(&rows, i) * part->column_count + c].text, out);
        }
        fputs("</tr>\n", out);
    }
    fputs("</tbody></table></div>\n", out);
}

/* Bars of a height; hatched grey where nothing is known. */
static void strip(const struct ls_part *part, FILE *out) {
    const double width = 720.0;
    const double height = 36.0;
    double step = width / (double)(part->number_count > 0 ? part->number_count : 1);
    fputs("<figure class=\"strip\"><svg viewBox=\"0 0 720 38\" role=\"img\" "
          "shape-rendering=\"crispEdges\" aria-label=\"",
          out);
    text_of(part->label, out);
    fputs("\">\n", out);
    for (size_t i = 0; i < part->number_count; i++) {
        double share = part->numbers[i];
        bool known = isfinite(share);
        double tall = known ? height * fmin(1.0, fmax(0.0, share)) : 4.0;
        tall = share > 0.0 ? fmax(tall, 2.0) : tall; /* little is not nothing */
        if (tall > 0.0) {
            fprintf(out,
                    "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>\n",
                    (double)i * step, height - tall, step, tall, known ? "#0072b2" : "#999999");
        }
    }
    fputs("<path d=\"M0 36.5H720\" stroke=\"#1a1a1a\"/></svg>\n<figcaption>", out);
    text_of(part->label, out);
    fputs(". ", out);
    text_of(part->text, out);
    fputs("</figcaption></figure>\n", out);
}

static void figure(const struct ls_part *part, FILE *out) {
    /* On a phone it scrolls, and a key must get there. */
    fprintf(out, "<figure tabindex=\"0\">\n%s</figure>\n", part->svg);
}

/* The section of a part has figures, which say what its strips say, and better. */
static bool has_figures(const struct ls_document *doc, size_t at) {
    while (at > 0 && doc->parts[at].kind != LS_PART_SECTION) {
        at--;
    }
    for (at++; at < doc->count && doc->parts[at].kind != LS_PART_SECTION; at++) {
        if (doc->parts[at].kind == LS_PART_FIGURE) {
            return true;
        }
    }
    return false;
}

static void write_part(const struct ls_part *part, FILE *out) {
    switch (part->kind) {
    case LS_PART_SECTION:
        element("h2", part->label, out);
        break;
    case LS_PART_TEXT:
        element("p", part->text, out);
        break;
    case LS_PART_ITEM:
        element("li", part->text, out);
        break;
    case LS_PART_FIELD:
        fputs("<dt>", out);
        text_of(part->label, out);
        fputs("</dt><dd>", out);
        text_of(part->text, out);
        fputs("</dd>\n", out);
        break;
    case LS_PART_TABLE:
        table(part, out);
        break;
    case LS_PART_STRIP:
        strip(part, out);
        break;
    case LS_PART_FIGURE:
        figure(part, out);
        break;
    }
}

/* The list that parts of a kind stand in. */
static const char *list_of(enum ls_part_kind kind) {
    return kind == LS_PART_FIELD ? "dl" : kind == LS_PART_ITEM ? "ul" : NULL;
}

static void write_html(const struct ls_document *doc, const struct ls_render_opts *opts,
                       FILE *out) {
    (void)opts;
    fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<meta "
          "name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n",
          out);
    element("title", doc->title, out);
    fprintf(out, "%s</head><body><main>\n", style);
    element("h1", doc->title, out);
    const char *open = NULL;
    for (size_t i = 0; i < doc->count; i++) {
        const char *list = list_of(doc->parts[i].kind);
        bool drawn = doc->parts[i].kind == LS_PART_STRIP || doc->parts[i].drawn;
        if (drawn && has_figures(doc, i)) {
            continue;
        }
        if (open != NULL && open != list) {
            fprintf(out, "</%s>\n", open);
        }
        if (list != NULL && open != list) {
            fprintf(out, "<%s>\n", list);
        }
        open = list;
        write_part(&doc->parts[i], out);
    }
    if (open != NULL) {
        fprintf(out, "</%s>\n", open);
    }
    fputs("</main></body></html>\n", out);
}

const struct ls_renderer ls_render_html = {.name = "html", .write = write_html};
