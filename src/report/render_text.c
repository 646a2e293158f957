/* Text in 80 columns. */
#include <stdint.h>
#include <string.h>

#include "report/render.h"

enum { COLUMNS = 80, LABEL_COLUMNS = 26, ROWS_MOST = 30, INDENT = 2 };

/* Columns that UTF-8 text takes; all its characters here take one. */
static size_t columns_of(const char *text, size_t bytes) {
    size_t n = 0;
    for (size_t i = 0; i < bytes; i++) {
        n += ((unsigned char)text[i] & 0xC0) != 0x80;
    }
    return n;
}

static void spaces(size_t n, FILE *out) { fprintf(out, "%*s", (int)n, ""); }

/* Bytes of the next word; a word longer than a line (a digest) is cut to what fits. */
static size_t word_bytes(const char *text, size_t room) {
    size_t bytes = strcspn(text, " \n");
    while (columns_of(text, bytes) > room) {
        bytes--;
    }
    return bytes;
}

/* Wraps; the cursor is at column `at`, further lines begin at `indent`. */
static void wrap(const char *text, size_t at, size_t indent, FILE *out) {
    size_t column = at;
    while (*text != '\0') {
        size_t bytes = word_bytes(text, COLUMNS - indent);
        size_t wide = columns_of(text, bytes);
        if (column > indent && column + 1 + wide > COLUMNS) {
            fputc('\n', out);
            spaces(indent, out);
            column = indent;
        } else if (column > at) {
            fputc(' ', out);
            column++;
        }
        fwrite(text, 1, bytes, out);
        column += wide;
        text += bytes;
        text += strspn(text, " \n");
        at = indent;
    }
    fputc('\n', out);
}

static void heading(const char *text, char line, bool color, FILE *out) {
    size_t wide = columns_of(text, strlen(text));
    fputs(color ? "\033[1m" : "", out);
    wrap(text, 0, 0, out);
    fputs(color ? "\033[0m" : "", out);
    for (size_t i = wide < COLUMNS ? wide : COLUMNS; i > 0; i--) {
        fputc(line, out);
    }
    fputs("\n", out);
}

static void field(const struct ls_part *part, FILE *out) {
    size_t used = columns_of(part->label, strlen(part->label));
    spaces(INDENT, out);
    fputs(part->label, out);
    size_t indent = INDENT + LABEL_COLUMNS;
    if (used + 1 > LABEL_COLUMNS) {
        fputc('\n', out);
        spaces(indent, out);
    } else {
        spaces(LABEL_COLUMNS - used, out);
    }
    wrap(part->text, indent, indent, out);
}

/* --- tables --- */

enum { TABLE_COLUMNS_MAX = 16 };

struct layout {
    size_t width[TABLE_COLUMNS_MAX];
    bool shown[TABLE_COLUMNS_MAX];
};

static size_t total_width(const struct ls_part *part, const struct layout *layout) {
    size_t sum = 0;
    for (size_t c = 0; c < part->column_count; c++) {
        sum += layout->shown[c] ? layout->width[c] + 2 : 0;
    }
    return sum;
}

static bool drop_one(const struct ls_part *part, struct layout *layout) {
    size_t worst = part->column_count;
    for (size_t c = 0; c < part->column_count; c++) {
        if (layout->shown[c] && part->columns[c].spare > 0 &&
            (worst == part->column_count || part->columns[c].spare > part->columns[worst].spare)) {
            worst = c;
        }
    }
    if (worst < part->column_count) {
        layout->shown[worst] = false;
    }
    return worst < part->column_count;
}

/* Widths of the rows that are shown; spare columns go until a line holds the rest. */
static void lay_out(const struct ls_part *part, const struct ls_render_rows *rows,
                    struct layout *ret) {
    for (size_t c = 0; c < part->column_count; c++) {
        ret->shown[c] = true;
        ret->width[c] = columns_of(part->columns[c].title, strlen(part->columns[c].title));
        for (size_t i = 0; i < rows->first + rows->last; i++) {
            const char *text = part->cells[ls_render_row(rows, i) * part->column_count + c].text;
            size_t wide = columns_of(text, strlen(text));
            ret->width[c] = wide > ret->width[c] ? wide : ret->width[c];
        }
    }
    while (total_width(part, ret) > COLUMNS && drop_one(part, ret)) {
    }
}

/* Text to the left or right of its column; no blanks at the end of a line. */
static void put_cell(const char *text, size_t width, bool right, size_t *blanks, FILE *out) {
    size_t used = columns_of(text, strlen(text));
    size_t fill = used < width ? width - used : 0;
    if (used == 0) {
        *blanks += width + 2;
        return;
    }
    spaces(*blanks + (right ? fill : 0), out);
    fputs(text, out);
    *blanks = 2 + (right ? 0 : fill);
}

static void put_row(const struct ls_part *part, const struct layout *layout, size_t row,
                    bool titles, FILE *out) {
    size_t blanks = INDENT;
    for (size_t c = 0; c < part->column_count; c++) {
        const struct ls_document_column *column = &part->columns[c];
        const char *text = titles ? column->title : part->cells[row * part->column_count + c].text;
        if (layout->shown[c]) {
            put_cell(text, layout->width[c], column->right, &blanks, out);
        }
    }
    fputc('\n', out);
}

static void table(const struct ls_part *part, FILE *out) {
    struct ls_render_rows rows = ls_render_rows(part, ROWS_MOST);
    struct layout layout;
    if (part->column_count == 0 || part->column_count > TABLE_COLUMNS_MAX) {
        return;
    }
    lay_out(part, &rows, &layout);
    spaces(INDENT, out);
    wrap(part->label, INDENT, INDENT, out);
    fputc('\n', out);
    put_row(part, &layout, 0, true, out);
    for (size_t i = 0; i < rows.first + rows.last; i++) {
        if (i == rows.first && rows.last > 0) {
            fprintf(out, "  ... %zu rows are left out here; --format json has all\n",
                    rows.count - rows.first - rows.last);
        }
        put_row(part, &layout, ls_render_row(&rows, i), false, out);
    }
}

/* --- strips --- */

static void strip(const struct ls_part *part, FILE *out) {
    fprintf(out, "  %s\n  |", part->label);
    for (size_t i = 0; i < part->number_count; i++) {
        fputs(ls_render_block(part->numbers[i]), out);
    }
    fprintf(out, "|\n");
    spaces(INDENT, out);
    wrap(part->text, INDENT, INDENT, out);
}

/* --- the whole --- */

static void write_part(const struct ls_part *part, const struct ls_render_opts *opts, FILE *out) {
    switch (part->kind) {
    case LS_PART_SECTION:
        heading(part->label, '-', opts->color, out);
        break;
    case LS_PART_TEXT:
        wrap(part->text, 0, 0, out);
        break;
    case LS_PART_ITEM:
        fputs("  - ", out);
        wrap(part->text, 4, 4, out);
        break;
    case LS_PART_FIELD:
        field(part, out);
        break;
    case LS_PART_TABLE:
        table(part, out);
        break;
    case LS_PART_STRIP:
        strip(part, out);
        break;
    case LS_PART_FIGURE:
        break; /* its strips and tables say the same */
    }
}

/* Parts of one kind stand together; others are set off by a blank line. */
static bool set_off(const struct ls_part *before, const struct ls_part *part) {
    bool together =
        before->kind == part->kind && (part->kind == LS_PART_FIELD || part->kind == LS_PART_ITEM);
    return !together && before->kind != LS_PART_SECTION && part->kind != LS_PART_FIGURE;
}

static void write_text(const struct ls_document *doc, const struct ls_render_opts *opts,
                       FILE *out) {
    heading(doc->title, '=', opts->color, out);
    const struct ls_part *before = NULL;
    for (size_t i = 0; i < doc->count; i++) {
        const struct ls_part *part = &doc->parts[i];
        if (before == NULL || set_off(before, part)) {
            fputc('\n', out);
        }
        write_part(part, opts, out);
        before = part->kind == LS_PART_FIGURE ? before : part;
    }
}

const struct ls_renderer ls_render_text = {.name = "text", .write = write_text};
