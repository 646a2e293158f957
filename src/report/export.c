#include "report/export.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "model/line.h"

struct export {
    const struct ls_export_opts *opts;
    FILE *out;
    size_t rows;
};

static int cannot_write(struct ls_err *err) {
    int e = errno;
    int code = ls_err_code_from_errno(e);
    return ls_err_set(err, code == LS_ERR_FULL ? LS_ERR_FULL : LS_ERR_IO, "cannot write rows: %s",
                      strerror(e));
}

/* --- CSV: a field with a comma, a quote or a line end is quoted, and a quote in it doubled; a
 * value that is not known is an empty field --- */

static const char *const headings[] = {
    [LS_EXPORT_TRANSMISSIONS] = "sensor,start,duration_s,center_hz,bandwidth_hz,snr_db,level_dbfs,"
                                "class,offset_hz,bursts\r\n",
    [LS_EXPORT_OBSERVATIONS] = "sensor,start,stop,low_hz,high_hz\r\n",
};

static void csv_text(FILE *out, const char *text) {
    if (strpbrk(text, ",\"\r\n") == NULL) {
        fputs(text, out);
        return;
    }
    putc('"', out);
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '"') {
            putc('"', out);
        }
        putc(*p, out);
    }
    putc('"', out);
}

static void csv_time(FILE *out, int64_t ns) {
    char text[LS_TIME_TEXT_BYTES];
    ls_time_format(ns, text);
    fprintf(out, ",%s", text);
}

static void csv_number(FILE *out, double value) {
    putc(',', out);
    if (isfinite(value)) {
        char text[LS_LINE_NUMBER_BYTES];
        ls_line_number(value, text);
        fputs(text, out);
    }
}

static int csv_end(FILE *out) {
    fputs("\r\n", out);
    return ferror(out) ? LS_ERR_IO : LS_OK;
}

static int csv_transmission(FILE *out, const struct ls_transmission *row) {
    csv_text(out, row->sensor);
    csv_time(out, row->start_ns);
    csv_number(out, (double)row->duration_ns / 1e9);
    csv_number(out, row->center_hz);
    csv_number(out, row->bandwidth_hz);
    csv_number(out, row->snr_db);
    csv_number(out, row->level_dbfs);
    putc(',', out);
    csv_text(out, row->class_name);
    csv_number(out, row->offset_hz);
    csv_number(out, row->bursts > 0 ? (double)row->bursts : (double)NAN);
    return csv_end(out);
}

static int csv_observation(FILE *out, const struct ls_observation *row) {
    csv_text(out, row->sensor);
    csv_time(out, row->start_ns);
    csv_time(out, row->stop_ns);
    csv_number(out, row->low_hz);
    csv_number(out, row->high_hz);
    return csv_end(out);
}

/* --- rows --- */

static int each_transmission(void *context, const struct ls_transmission *row, struct ls_err *err) {
    struct export *export = context;
    int code = export->opts->format == LS_EXPORT_CSV ? csv_transmission(export->out, row)
                                                     : ls_line_write_transmission(export->out, row);
    export->rows++;
    return code == LS_OK ? LS_OK : cannot_write(err);
}

static int each_observation(void *context, const struct ls_observation *row, struct ls_err *err) {
    struct export *export = context;
    if (row->state != LS_OBSERVED) {
        return LS_OK;
    }
    int code = export->opts->format == LS_EXPORT_CSV ? csv_observation(export->out, row)
                                                     : ls_line_write_observation(export->out, row);
    export->rows++;
    return code == LS_OK ? LS_OK : cannot_write(err);
}

int ls_export(struct ls_store *store, const struct ls_export_opts *opts, FILE *out,
              size_t *ret_rows, struct ls_err *err) {
    struct export export = {.opts = opts, .out = out};
    int code;
    if (opts->format == LS_EXPORT_CSV) {
        fputs(headings[opts->what], out);
    }
    if (opts->what == LS_EXPORT_TRANSMISSIONS) {
        code = ls_store_each_transmission(store, &opts->filter, each_transmission, &export, err);
    } else {
        code = ls_store_each_observation(store, &opts->filter, each_observation, &export, err);
    }
    if (code == LS_OK && (fflush(out) != 0 || ferror(out))) {
        code = cannot_write(err);
    }
    if (code == LS_OK) {
        *ret_rows = export.rows;
    }
    return code;
}

/* --- names --- */

static bool find_name(const char *name, const char *const *names, size_t count, size_t *ret) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            *ret = i;
            return true;
        }
    }
    return false;
}

bool ls_export_what_parse(const char *name, enum ls_export_what *ret) {
    static const char *const names[] = {
        [LS_EXPORT_TRANSMISSIONS] = "transmissions", [LS_EXPORT_OBSERVATIONS] = "observations"};
    size_t i;
    bool known = find_name(name, names, LS_COUNT(names), &i);
    *ret = known ? (enum ls_export_what)i : *ret;
    return known;
}

bool ls_export_format_parse(const char *name, enum ls_export_format *ret) {
    static const char *const names[] = {[LS_EXPORT_JSONL] = "jsonl", [LS_EXPORT_CSV] = "csv"};
    size_t i;
    bool known = find_name(name, names, LS_COUNT(names), &i);
    *ret = known ? (enum ls_export_format)i : *ret;
    return known;
}
