#include "report/export.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "model/csv.h"
#include "model/line.h"

struct export {
    const struct ls_export_opts *opts;
    struct ls_csv csv; /* its out also takes the lines */
    size_t rows;
};

static int cannot_write(struct ls_err *err) {
    int e = errno;
    int code = ls_err_code_from_errno(e);
    return ls_err_set(err, code == LS_ERR_FULL ? LS_ERR_FULL : LS_ERR_IO, "cannot write rows: %s",
                      strerror(e));
}

/* --- CSV --- */

static int csv_heading(struct ls_csv *csv, const struct ls_export_opts *opts) {
    static const char *const transmissions = "sensor,start,duration_s,center_hz,bandwidth_hz,"
                                             "snr_db,level_dbfs,class,offset_hz,bursts";
    static const char *const observations = "sensor,start,stop,low_hz,high_hz";
    if (opts->what == LS_EXPORT_TRANSMISSIONS) {
        fprintf(csv->out, "%s%s", opts->whole ? "id," : "", transmissions);
    } else {
        fprintf(csv->out, "%s%s", observations, opts->whole ? ",state,cause" : "");
    }
    return ls_csv_end(csv);
}

static int csv_transmission(struct ls_csv *csv, bool whole, const struct ls_transmission *row) {
    if (whole) {
        ls_csv_count(csv, (uint64_t)row->id);
    }
    ls_csv_text(csv, row->sensor);
    ls_csv_time(csv, row->start_ns);
    ls_csv_number(csv, (double)row->duration_ns / 1e9);
    ls_csv_number(csv, row->center_hz);
    ls_csv_number(csv, row->bandwidth_hz);
    ls_csv_number(csv, row->snr_db);
    ls_csv_number(csv, row->level_dbfs);
    ls_csv_text(csv, row->class_name);
    ls_csv_number(csv, row->offset_hz);
    ls_csv_number(csv, row->bursts > 0 ? (double)row->bursts : (double)NAN);
    return ls_csv_end(csv);
}

static int csv_observation(struct ls_csv *csv, bool whole, const struct ls_observation *row) {
    ls_csv_text(csv, row->sensor);
    ls_csv_time(csv, row->start_ns);
    ls_csv_time(csv, row->stop_ns);
    ls_csv_number(csv, row->low_hz);
    ls_csv_number(csv, row->high_hz);
    if (whole) {
        ls_csv_text(csv, ls_observation_state_name(row->state));
        ls_csv_text(csv, row->cause);
    }
    return ls_csv_end(csv);
}

/* --- rows --- */

static bool wanted(const struct export *export, int64_t run_id) {
    return export->opts->keep == NULL || export->opts->keep(export->opts->keep_context, run_id);
}

/* Only rows that are written count, so the limit is kept here and not by the store. */
static bool enough(const struct export *export) {
    size_t limit = export->opts->filter.limit;
    return limit > 0 && export->rows == limit;
}

static int write_transmission(struct export *export, const struct ls_transmission *row) {
    bool whole = export->opts->whole;
    if (export->opts->format == LS_EXPORT_CSV) {
        return csv_transmission(&export->csv, whole, row);
    }
    return whole ? ls_line_write_stored_transmission(export->csv.out, row)
                 : ls_line_write_transmission(export->csv.out, row);
}

static int write_observation(struct export *export, const struct ls_observation *row) {
    return export->opts->format == LS_EXPORT_CSV
               ? csv_observation(&export->csv, export->opts->whole, row)
               : ls_line_write_observation(export->csv.out, row);
}

static int each_transmission(void *context, const struct ls_transmission *row, struct ls_err *err) {
    struct export *export = context;
    if (!wanted(export, row->run_id)) {
        return LS_OK;
    }
    if (enough(export)) {
        return LS_EOF;
    }
    export->rows++;
    return write_transmission(export, row) == LS_OK ? LS_OK : cannot_write(err);
}

static int each_observation(void *context, const struct ls_observation *row, struct ls_err *err) {
    struct export *export = context;
    bool told = row->state == LS_OBSERVED || export->opts->whole;
    if (!told || !wanted(export, row->run_id)) {
        return LS_OK;
    }
    if (enough(export)) {
        return LS_EOF;
    }
    export->rows++;
    return write_observation(export, row) == LS_OK ? LS_OK : cannot_write(err);
}

int ls_export(struct ls_store *store, const struct ls_export_opts *opts, FILE *out,
              size_t *ret_rows, struct ls_err *err) {
    struct export export = {.opts = opts, .csv = {.out = out}};
    struct ls_filter filter = opts->filter;
    filter.limit = 0;
    if (opts->format == LS_EXPORT_CSV && csv_heading(&export.csv, opts) != LS_OK) {
        return cannot_write(err);
    }
    int code;
    if (opts->what == LS_EXPORT_TRANSMISSIONS) {
        code = ls_store_each_transmission(store, &filter, each_transmission, &export, err);
    } else {
        code = ls_store_each_observation(store, &filter, each_observation, &export, err);
    }
    code = code == LS_EOF ? LS_OK : code;
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
