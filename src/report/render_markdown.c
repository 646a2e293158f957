/* Markdown as GitHub and CommonMark read it, with pipe tables. */
#include <string.h>

#include "report/render.h"

enum { ROWS_MOST = 60 };

/* What Markdown would take for marks is escaped. */
static void text_of(const char *text, FILE *out) {
    for (; *text != '\0'; text++) {
        if (strchr("\\`*_{}[]<>#|", *text) != NULL) {
            fputc('\\', out);
        }
        fputc(*text == '\n' ? ' ' : *text, out);
    }
}

static void table(const struct ls_part *part, FILE *out) {
    struct ls_render_rows rows = ls_render_rows(part, ROWS_MOST);
    text_of(part->label, out);
    fputs(":\n\n", out);
    for (size_t c = 0; c < part->column_count; c++) {
        fputs("| ", out);
        text_of(part->columns[c].title, out);
        fputc(' ', out);
    }
    fputs("|\n", out);
    for (size_t c = 0; c < part->column_count; c++) {
        fputs(part->columns[c].right ? "| ---: " : "| --- ", out);
    }
    fputs("|\n", out);
    for (size_t i = 0; i < rows.first + rows.last; i++) {
        for (size_t c = 0; c < part->column_count; c++) {
            fputs("| ", out);
            text_of(part->cells[ls_render_row(&rows, i) * part->column_count + c].text, out);
            fputc(' ', out);
        }
        fputs("|\n", out);
    }
    if (rows.last > 0) {
        fprintf(out, "\nThe first %zu and the last %zu of %zu rows; `--format json` has all.\n",
                rows.first, rows.last, rows.count);
    }
}

static void strip(const struct ls_part *part, FILE *out) {
    text_of(part->label, out);
    fputs(":\n\n    |", out);
    for (size_t i = 0; i < part->number_count; i++) {
        fputs(ls_render_block(part->numbers[i]), out);
    }
    fprintf(out, "|\n\n");
    text_of(part->text, out);
    fputc('\n', out);
}

static void write_part(const struct ls_part *part, FILE *out) {
    switch (part->kind) {
    case LS_PART_SECTION:
        fputs("## ", out);
        text_of(part->label, out);
        fputc('\n', out);
        break;
    case LS_PART_TEXT:
        text_of(part->text, out);
        fputc('\n', out);
        break;
    case LS_PART_ITEM:
        fputs("- ", out);
        text_of(part->text, out);
        fputc('\n', out);
        break;
    case LS_PART_FIELD:
        fputs("- **", out);
        text_of(part->label, out);
        fputs("**: ", out);
        text_of(part->text, out);
        fputc('\n', out);
        break;
    case LS_PART_TABLE:
        table(part, out);
        break;
    case LS_PART_STRIP:
        strip(part, out);
        break;
    case LS_PART_FIGURE:
        break; /* figures are in the HTML; strips and tables say the same here */
    }
}

static void write_markdown(const struct ls_document *doc, const struct ls_render_opts *opts,
                           FILE *out) {
    (void)opts;
    fputs("# ", out);
    text_of(doc->title, out);
    fputc('\n', out);
    enum ls_part_kind before = LS_PART_SECTION;
    for (size_t i = 0; i < doc->count; i++) {
        const struct ls_part *part = &doc->parts[i];
        if (part->kind == LS_PART_FIGURE) {
            continue;
        }
        bool together =
            part->kind == before && (part->kind == LS_PART_FIELD || part->kind == LS_PART_ITEM);
        if (!together) {
            fputc('\n', out);
        }
        write_part(part, out);
        before = part->kind;
    }
}

const struct ls_renderer ls_render_markdown = {.name = "md", .write = write_markdown};
