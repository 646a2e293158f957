#include "report/document.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/units.h"
#include "base/util.h"
#include "model/line.h"

/* Control characters, which a name from a foreign log may hold, could command a terminal. */
static void disarm(char *text) {
    for (; text != NULL && *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        *text = (byte < 0x20 || byte == 0x7F) ? '?' : *text;
    }
}

int ls_document_create(struct ls_document **ret, const char *title, struct ls_err *err) {
    struct ls_document *doc = calloc(1, sizeof *doc);
    if (doc != NULL) {
        doc->title = strdup(title);
        disarm(doc->title);
    }
    if (doc == NULL || doc->title == NULL) {
        free(doc);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for a report");
    }
    *ret = doc;
    return LS_OK;
}

static void finish_part(struct ls_part *part) {
    for (size_t i = 0; i < part->column_count; i++) {
        free(part->columns[i].key);
        free(part->columns[i].title);
    }
    for (size_t i = 0; i < part->cell_count; i++) {
        free(part->cells[i].text);
        free(part->cells[i].raw);
    }
    free(part->key);
    free(part->label);
    free(part->text);
    free(part->raw);
    free(part->columns);
    free(part->cells);
    free(part->numbers);
    free(part->svg);
}

void ls_document_destroy(struct ls_document *doc) {
    if (doc == NULL) {
        return;
    }
    for (size_t i = 0; i < doc->count; i++) {
        finish_part(&doc->parts[i]);
    }
    free(doc->parts);
    free(doc->title);
    free(doc);
}

int ls_document_check(const struct ls_document *doc, struct ls_err *err) {
    return doc->failed ? ls_err_set(err, LS_ERR_NOMEM, "out of memory for a report") : LS_OK;
}

/* --- parts --- */

static char *copy(struct ls_document *doc, const char *text) {
    char *ret = text == NULL ? NULL : strdup(text);
    doc->failed = doc->failed || (text != NULL && ret == NULL);
    disarm(ret);
    return ret;
}

/* NULL when there is no memory: the document is marked. */
static struct ls_part *add(struct ls_document *doc, enum ls_part_kind kind, const char *key,
                           const char *label) {
    void *parts = doc->parts;
    if (ls_grow(&parts, &doc->room, doc->count, sizeof *doc->parts) != LS_OK) {
        doc->failed = true;
        return NULL;
    }
    doc->parts = parts;
    struct ls_part *part = &doc->parts[doc->count++];
    *part = (struct ls_part){.kind = kind};
    part->key = copy(doc, key);
    part->label = copy(doc, label);
    return part;
}

void ls_document_section(struct ls_document *doc, const char *key, const char *label) {
    add(doc, LS_PART_SECTION, key, label);
}

static void __attribute__((format(printf, 3, 0)))
add_words(struct ls_document *doc, enum ls_part_kind kind, const char *format, va_list args) {
    struct ls_part *part = add(doc, kind, NULL, NULL);
    if (part != NULL && vasprintf(&part->text, format, args) < 0) {
        part->text = NULL;
        doc->failed = true;
    }
    if (part != NULL) {
        disarm(part->text);
    }
}

void ls_document_text(struct ls_document *doc, const char *format, ...) {
    va_list args;
    va_start(args, format);
    add_words(doc, LS_PART_TEXT, format, args);
    va_end(args);
}

void ls_document_item(struct ls_document *doc, const char *format, ...) {
    va_list args;
    va_start(args, format);
    add_words(doc, LS_PART_ITEM, format, args);
    va_end(args);
}

void ls_document_field(struct ls_document *doc, const char *key, const char *label,
                       struct ls_value value) {
    struct ls_part *part = add(doc, LS_PART_FIELD, key, label);
    if (part != NULL) {
        part->text = copy(doc, value.text);
        part->raw = copy(doc, value.raw);
    }
}

void ls_document_table(struct ls_document *doc, const char *key, const char *label) {
    add(doc, LS_PART_TABLE, key, label);
}

/* The table that is being written: the last part. */
static struct ls_part *table_of(struct ls_document *doc) {
    struct ls_part *part = doc->count > 0 ? &doc->parts[doc->count - 1] : NULL;
    return part != NULL && part->kind == LS_PART_TABLE && !doc->failed ? part : NULL;
}

void ls_document_column(struct ls_document *doc, const char *key, const char *title, bool right,
                        unsigned spare) {
    struct ls_part *part = table_of(doc);
    void *columns = part == NULL ? NULL : part->columns;
    if (part == NULL ||
        ls_grow(&columns, &part->column_room, part->column_count, sizeof *part->columns) != LS_OK) {
        doc->failed = true;
        return;
    }
    part->columns = columns;
    part->columns[part->column_count++] = (struct ls_document_column){
        .key = copy(doc, key), .title = copy(doc, title), .right = right, .spare = spare};
}

void ls_document_drawn(struct ls_document *doc) {
    struct ls_part *part = table_of(doc);
    if (part != NULL) {
        part->drawn = true;
    }
}

void ls_document_cell(struct ls_document *doc, struct ls_value value) {
    struct ls_part *part = table_of(doc);
    void *cells = part == NULL ? NULL : part->cells;
    if (part == NULL ||
        ls_grow(&cells, &part->cell_room, part->cell_count, sizeof *part->cells) != LS_OK) {
        doc->failed = true;
        return;
    }
    part->cells = cells;
    part->cells[part->cell_count++] =
        (struct ls_part_cell){.text = copy(doc, value.text), .raw = copy(doc, value.raw)};
}

void ls_document_strip(struct ls_document *doc, const char *key, const char *label,
                       const double *shares, size_t count, const char *ends) {
    struct ls_part *part = add(doc, LS_PART_STRIP, key, label);
    if (part == NULL) {
        return;
    }
    part->text = copy(doc, ends);
    part->numbers = malloc((count + 1) * sizeof *part->numbers);
    if (part->numbers == NULL) {
        doc->failed = true;
        return;
    }
    memcpy(part->numbers, shares, count * sizeof *shares);
    part->number_count = count;
}

void ls_document_figure(struct ls_document *doc, const char *key, char *svg) {
    struct ls_part *part = svg == NULL ? NULL : add(doc, LS_PART_FIGURE, key, NULL);
    if (part == NULL) {
        doc->failed = true;
        free(svg);
        return;
    }
    part->svg = svg;
}

/* --- values --- */

struct ls_value ls_value_text(const char *text) {
    return (struct ls_value){.text = text, .raw = NULL};
}

static struct ls_value unknown(void) { return (struct ls_value){.text = "-", .raw = "null"}; }

static struct ls_value shown(struct ls_shown *room) {
    room->value = (struct ls_value){.text = room->text, .raw = room->raw};
    return room->value;
}

struct ls_value ls_value_number(struct ls_shown *room, double value, int decimals) {
    if (!isfinite(value)) {
        return unknown();
    }
    char number[LS_LINE_NUMBER_BYTES];
    ls_line_number(value, number);
    bool is_zero = fabs(value) < 0.5 * pow(10.0, -(double)decimals);
    snprintf(room->text, sizeof room->text, "%.*f", decimals, is_zero ? 0.0 : value); /* no -0 */
    snprintf(room->raw, sizeof room->raw, "%s", number);
    return shown(room);
}

struct ls_value ls_value_count(struct ls_shown *room, uint64_t count) {
    snprintf(room->text, sizeof room->text, "%" PRIu64, count);
    snprintf(room->raw, sizeof room->raw, "%" PRIu64, count);
    return shown(room);
}

struct ls_value ls_value_seconds(struct ls_shown *room, double seconds) {
    if (!isfinite(seconds)) {
        return unknown();
    }
    char text[LS_UNIT_TEXT_BYTES];
    char number[LS_LINE_NUMBER_BYTES];
    ls_seconds_format(seconds, text);
    ls_line_number(seconds, number);
    snprintf(room->text, sizeof room->text, "%s", text);
    snprintf(room->raw, sizeof room->raw, "%s", number);
    return shown(room);
}

struct ls_value ls_value_time(struct ls_shown *room, int64_t ns, bool no_clock) {
    char text[LS_TIME_TEXT_BYTES];
    const int64_t half_ms = 500000;
    ls_time_format(ns, text);
    snprintf(room->raw, sizeof room->raw, "\"%s\"", text);
    if (no_clock) {
        snprintf(room->text, sizeof room->text, "%+.3f s", (double)ns / 1e9);
        return shown(room);
    }
    ls_time_format(ns > INT64_MAX - half_ms ? ns : ns + half_ms, text);
    snprintf(room->text, sizeof room->text, "%.10s %.12s", text, text + 11);
    return shown(room);
}

struct ls_value ls_value_mhz(struct ls_shown *room, double hz) {
    if (!isfinite(hz)) {
        return unknown();
    }
    char number[LS_LINE_NUMBER_BYTES];
    ls_line_number(hz, number);
    snprintf(room->text, sizeof room->text, "%.6f", hz / 1e6);
    snprintf(room->raw, sizeof room->raw, "%s", number);
    return shown(room);
}

struct ls_value ls_value_bool(bool yes) {
    return (struct ls_value){.text = yes ? "yes" : "no", .raw = yes ? "true" : "false"};
}
