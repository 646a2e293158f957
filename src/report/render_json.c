/* JSON: one object. Sections by their key; in each the words, the fields by their key, tables as
 * lists of objects and strips as lists of numbers. Values carry no words for people. */
#include <math.h>
#include <string.h>

#include "report/render.h"

static void string(const char *text, FILE *out) {
    fputc('"', out);
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') {
            fprintf(out, "\\%c", c);
        } else if (c < 0x20 || c == 0x7F) {
            fprintf(out, "\\u%04x", c);
        } else {
            fputc(c, out);
        }
    }
    fputc('"', out);
}

static void value(const char *text, const char *raw, FILE *out) {
    if (raw != NULL) {
        fputs(raw, out);
    } else {
        string(text, out);
    }
}

static void table(const struct ls_part *part, FILE *out) {
    size_t rows = part->column_count > 0 ? part->cell_count / part->column_count : 0;
    fputc('[', out);
    for (size_t row = 0; row < rows; row++) {
        fprintf(out, "%s\n   {", row > 0 ? "," : "");
        for (size_t c = 0; c < part->column_count; c++) {
            const struct ls_part_cell *cell = &part->cells[row * part->column_count + c];
            fputs(c > 0 ? ", " : "", out);
            string(part->columns[c].key, out);
            fputs(": ", out);
            value(cell->text, cell->raw, out);
        }
        fputc('}', out);
    }
    fputs(rows > 0 ? "\n  ]" : "]", out);
}

static void strip(const struct ls_part *part, FILE *out) {
    fputc('[', out);
    for (size_t i = 0; i < part->number_count; i++) {
        fputs(i > 0 ? ", " : "", out);
        if (isfinite(part->numbers[i])) {
            fprintf(out, "%.4g", part->numbers[i]);
        } else {
            fputs("null", out);
        }
    }
    fputc(']', out);
}

static bool is_words(const struct ls_part *part) {
    return part->kind == LS_PART_TEXT || part->kind == LS_PART_ITEM;
}

static bool is_keyed(const struct ls_part *part) {
    return part->kind == LS_PART_FIELD || part->kind == LS_PART_TABLE ||
           part->kind == LS_PART_STRIP;
}

static void keyed(const struct ls_part *part, FILE *out) {
    fputs(",\n  ", out);
    string(part->key, out);
    fputs(": ", out);
    if (part->kind == LS_PART_FIELD) {
        value(part->text, part->raw, out);
    } else if (part->kind == LS_PART_TABLE) {
        table(part, out);
    } else {
        strip(part, out);
    }
}

/* One section: from parts[0], which names it, to before parts[count]. */
static void section(const struct ls_part *parts, size_t count, FILE *out) {
    size_t words = 0;
    fputs(",\n ", out);
    string(parts[0].key, out);
    fputs(": {\n  \"title\": ", out);
    string(parts[0].label, out);
    fputs(",\n  \"text\": [", out);
    for (size_t i = 1; i < count; i++) {
        if (is_words(&parts[i])) {
            fputs(words++ > 0 ? ",\n   " : "\n   ", out);
            string(parts[i].text, out);
        }
    }
    fputs(words > 0 ? "\n  ]" : "]", out);
    for (size_t i = 1; i < count; i++) {
        if (is_keyed(&parts[i])) {
            keyed(&parts[i], out);
        }
    }
    fputs("\n }", out);
}

static void write_json(const struct ls_document *doc, const struct ls_render_opts *opts,
                       FILE *out) {
    (void)opts;
    fputs("{\n \"type\": \"report\",\n \"title\": ", out);
    string(doc->title, out);
    for (size_t i = 0; i < doc->count;) {
        size_t end = i + 1;
        while (end < doc->count && doc->parts[end].kind != LS_PART_SECTION) {
            end++;
        }
        section(&doc->parts[i], end - i, out);
        i = end;
    }
    fputs("\n}\n", out);
}

const struct ls_renderer ls_render_json = {.name = "json", .write = write_json};
