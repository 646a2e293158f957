#include "model/csv.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/err.h"
#include "base/time.h"
#include "model/line.h"

static void begin_field(struct ls_csv *csv) {
    if (csv->begun) {
        putc(',', csv->out);
    }
    csv->begun = true;
}

void ls_csv_text(struct ls_csv *csv, const char *text) {
    begin_field(csv);
    if (strpbrk(text, ",\"\r\n") == NULL) {
        fputs(text, csv->out);
        return;
    }
    putc('"', csv->out);
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '"') {
            putc('"', csv->out);
        }
        putc(*p, csv->out);
    }
    putc('"', csv->out);
}

void ls_csv_number(struct ls_csv *csv, double value) {
    begin_field(csv);
    if (isfinite(value)) {
        char text[LS_LINE_NUMBER_BYTES];
        ls_line_number(value, text);
        fputs(text, csv->out);
    }
}

void ls_csv_count(struct ls_csv *csv, uint64_t count) {
    begin_field(csv);
    fprintf(csv->out, "%" PRIu64, count);
}

void ls_csv_time(struct ls_csv *csv, int64_t ns) {
    char text[LS_TIME_TEXT_BYTES];
    ls_time_format(ns, text);
    ls_csv_text(csv, text);
}

int ls_csv_end(struct ls_csv *csv) {
    putc('\n', csv->out);
    csv->begun = false;
    return ferror(csv->out) ? LS_ERR_IO : LS_OK;
}
