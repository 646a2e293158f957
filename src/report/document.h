/* report/document.h: a report as parts in order: sections, sentences, values, tables, strips and
 * figures. Writers add parts; renderers (report/render.h) read them. Every value has a key that
 * stays, its words for people, and what it is in JSON.
 *
 * Adding cannot fail: when memory runs out the document is marked, and ls_document_check says so at
 * the end. */
#ifndef REPORT_DOCUMENT_H
#define REPORT_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum ls_part_kind {
    LS_PART_SECTION, /* key, label */
    LS_PART_TEXT,    /* text: a paragraph */
    LS_PART_ITEM,    /* text: one of a list */
    LS_PART_FIELD,   /* key, label, value */
    LS_PART_TABLE,   /* key, label, columns, cells */
    LS_PART_STRIP,   /* key, label, numbers from 0 to 1, text: what its two ends are */
    LS_PART_FIGURE,  /* key, svg */
};

/* A value: text for people, raw as JSON ("12.5", "null"); raw NULL: the text is it. */
struct ls_value {
    const char *text;
    const char *raw;
};

enum { LS_SHOWN_BYTES = 64 };

/* Room for a value that is made on the way. */
struct ls_shown {
    char text[LS_SHOWN_BYTES];
    char raw[LS_SHOWN_BYTES];
    struct ls_value value; /* of the two above */
};

struct ls_document_column {
    char *key;
    char *title;
    bool right;     /* numbers are set to the right */
    unsigned spare; /* > 0: goes first where there is no room, the highest first */
};

struct ls_part {
    enum ls_part_kind kind;
    char *key;
    char *label;
    char *text;
    char *raw;
    struct ls_document_column *columns;
    size_t column_count;
    size_t column_room;
    struct ls_part_cell {
        char *text;
        char *raw;
    } * cells; /* rows of column_count */
    size_t cell_count;
    size_t cell_room;
    double *numbers; /* of a strip; NAN: not known */
    size_t number_count;
    char *svg;
    bool drawn; /* of a table: a figure of its section shows the same */
};

struct ls_document {
    char *title;
    struct ls_part *parts;
    size_t count;
    size_t room;
    bool failed;
};

/* The caller destroys *ret. LS_ERR_NOMEM. */
int ls_document_create(struct ls_document **ret, const char *title, struct ls_err *err);
void ls_document_destroy(struct ls_document *doc);
/* LS_ERR_NOMEM: some part is missing. */
int ls_document_check(const struct ls_document *doc, struct ls_err *err);

/* Everything is copied. */
void ls_document_section(struct ls_document *doc, const char *key, const char *label);
void ls_document_text(struct ls_document *doc, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void ls_document_item(struct ls_document *doc, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void ls_document_field(struct ls_document *doc, const char *key, const char *label,
                       struct ls_value value);

/* A table takes columns, then cells row by row. */
void ls_document_table(struct ls_document *doc, const char *key, const char *label);
void ls_document_column(struct ls_document *doc, const char *key, const char *title, bool right,
                        unsigned spare);
void ls_document_cell(struct ls_document *doc, struct ls_value value);

/* The table that was begun last says what a figure of its section shows: forms with figures go
 * without it. */
void ls_document_drawn(struct ls_document *doc);

/* shares: [count], 0 to 1; NAN: not known. ends: what the left and the right end are. */
void ls_document_strip(struct ls_document *doc, const char *key, const char *label,
                       const double *shares, size_t count, const char *ends);

/* svg: a whole <svg> element, which says what it shows; taken over, freed with the document; NULL
 * marks the document. Where figures are shown, the strips of their section are not. */
void ls_document_figure(struct ls_document *doc, const char *key, char *svg);

/* --- values --- */

struct ls_value ls_value_text(const char *text);
/* "-" and null where the value is not known (NAN). The returned value points into room. */
struct ls_value ls_value_number(struct ls_shown *room, double value, int decimals);
struct ls_value ls_value_count(struct ls_shown *room, uint64_t count);
struct ls_value ls_value_seconds(struct ls_shown *room, double seconds);
/* To the ms for people, to the ns in JSON. no_clock: from the start of the recording. */
struct ls_value ls_value_time(struct ls_shown *room, int64_t ns, bool no_clock);
/* In MHz for people, in Hz in JSON. */
struct ls_value ls_value_mhz(struct ls_shown *room, double hz);
struct ls_value ls_value_bool(bool yes);

#endif
