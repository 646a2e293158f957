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
    static const char *const incidents =
        "id,kind,severity,false_alarm_probability,start,stop,low_hz,high_hz,sensor,parameters,"
        "transmissions,confirmed,permit,band,detector";
    static const char *const emitters =
        "id,sensor,start,stop,transmissions,on_s,low_hz,high_hz,center_hz,bandwidth_hz,duration_s,"
        "level_dbfs,level_spread_db,class,offset_hz,period_s,jitter_s,hops,score";
    if (opts->what == LS_EXPORT_INCIDENTS || opts->what == LS_EXPORT_EMITTERS) {
        fputs(opts->what == LS_EXPORT_INCIDENTS ? incidents : emitters, csv->out);
        return ls_csv_end(csv);
    }
    if (opts->what == LS_EXPORT_TRANSMISSIONS) {
        fprintf(csv->out, "%s%s", opts->whole ? "id," : "", transmissions);
    } else {
        fprintf(csv->out, "%s%s", observations,
                opts->whole ? ",state,cause,floor_dbfs_hz,floor_error_db,weakest_dbfs" : "");
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
        ls_csv_number(csv, row->noise.known ? row->noise.floor_dbfs_hz : (double)NAN);
        ls_csv_number(csv, row->noise.known ? row->noise.floor_error_db : (double)NAN);
        ls_csv_number(csv, row->noise.known ? row->noise.weakest_dbfs : (double)NAN);
    }
    return ls_csv_end(csv);
}

/* Parameters as one text: "period_s=48.01 clock=locked". */
static void csv_parameters(struct ls_csv *csv, const struct ls_finding *finding) {
    enum { PARAMETER_BYTES = LS_PARAMETER_NAME_BYTES + LS_PARAMETER_TEXT_BYTES + 2 };
    char text[LS_PARAMETERS_MAX * PARAMETER_BYTES] = "";
    char *end = text;
    for (size_t i = 0; i < finding->parameter_count; i++) {
        const struct ls_parameter *p = &finding->parameters[i];
        char number[LS_LINE_NUMBER_BYTES] = "";
        if (isfinite(p->value)) {
            ls_line_number(p->value, number);
        }
        end += snprintf(end, PARAMETER_BYTES, "%s%s=%s", i > 0 ? " " : "", p->name,
                        p->text[0] != '\0' ? p->text : number);
    }
    ls_csv_text(csv, text);
}

static int csv_incident(struct ls_csv *csv, const struct ls_incident *row) {
    const struct ls_finding *finding = &row->finding;
    char detector[LS_KIND_BYTES + 16];
    snprintf(detector, sizeof detector, "%s/%u", finding->kind, finding->version);
    ls_csv_count(csv, (uint64_t)row->id);
    ls_csv_text(csv, finding->kind);
    ls_csv_text(csv, ls_severity_name(row->severity));
    ls_csv_number(csv, ls_finding_probability(finding));
    ls_csv_time(csv, finding->start_ns);
    ls_csv_time(csv, finding->stop_ns);
    ls_csv_number(csv, finding->low_hz);
    ls_csv_number(csv, finding->high_hz);
    ls_csv_text(csv, finding->sensor);
    csv_parameters(csv, finding);
    ls_csv_count(csv, finding->evidence_count);
    ls_csv_text(csv, row->confirmed ? "true" : "false");
    ls_csv_number(csv, row->permit != 0 ? (double)row->permit : (double)NAN);
    ls_csv_text(csv, row->band);
    ls_csv_text(csv, detector);
    return ls_csv_end(csv);
}

static int csv_emitter(struct ls_csv *csv, const struct ls_emitter *row) {
    ls_csv_count(csv, (uint64_t)row->id);
    ls_csv_text(csv, row->sensor);
    ls_csv_time(csv, row->first_ns);
    ls_csv_time(csv, row->last_ns);
    ls_csv_count(csv, row->transmissions);
    const double numbers[] = {row->on_s,       row->low_hz,         row->high_hz,
                              row->center_hz,  row->bandwidth_hz,   row->duration_s,
                              row->level_dbfs, row->level_spread_db};
    for (size_t i = 0; i < LS_COUNT(numbers); i++) {
        ls_csv_number(csv, numbers[i]);
    }
    ls_csv_text(csv, row->class_name);
    ls_csv_number(csv, row->offset_hz);
    ls_csv_number(csv, row->period_s);
    ls_csv_number(csv, row->jitter_s);
    ls_csv_text(csv, row->hops ? "true" : "false");
    ls_csv_number(csv, row->score);
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

static int each_incident(void *context, const struct ls_incident *row, struct ls_err *err) {
    struct export *export = context;
    if (enough(export)) {
        return LS_EOF;
    }
    export->rows++;
    int code = export->opts->format == LS_EXPORT_CSV ? csv_incident(&export->csv, row)
                                                     : ls_line_write_incident(export->csv.out, row);
    return code == LS_OK ? LS_OK : cannot_write(err);
}

static int each_emitter(void *context, const struct ls_emitter *row, struct ls_err *err) {
    struct export *export = context;
    if (enough(export)) {
        return LS_EOF;
    }
    export->rows++;
    int code = export->opts->format == LS_EXPORT_CSV ? csv_emitter(&export->csv, row)
                                                     : ls_line_write_emitter(export->csv.out, row);
    return code == LS_OK ? LS_OK : cannot_write(err);
}

static int walk(struct ls_store *store, const struct ls_filter *filter, struct export *export,
                struct ls_err *err) {
    struct ls_incident_filter incidents = {
        .rows = *filter, .kind = export->opts->kind, .min_severity = export->opts->min_severity};
    switch (export->opts->what) {
    case LS_EXPORT_TRANSMISSIONS:
        return ls_store_each_transmission(store, filter, each_transmission, export, err);
    case LS_EXPORT_OBSERVATIONS:
        return ls_store_each_observation(store, filter, each_observation, export, err);
    case LS_EXPORT_INCIDENTS:
        return ls_store_each_incident(store, &incidents, each_incident, export, err);
    case LS_EXPORT_EMITTERS:
        return ls_store_each_emitter(store, filter, 0, each_emitter, export, err);
    }
    return LS_OK;
}

int ls_export(struct ls_store *store, const struct ls_export_opts *opts, FILE *out,
              size_t *ret_rows, struct ls_err *err) {
    struct export export = {.opts = opts, .csv = {.out = out}};
    struct ls_filter filter = opts->filter;
    filter.limit = 0;
    if (opts->format == LS_EXPORT_CSV && csv_heading(&export.csv, opts) != LS_OK) {
        return cannot_write(err);
    }
    int code = walk(store, &filter, &export, err);
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
    static const char *const names[] = {[LS_EXPORT_TRANSMISSIONS] = "transmissions",
                                        [LS_EXPORT_OBSERVATIONS] = "observations",
                                        [LS_EXPORT_INCIDENTS] = "incidents",
                                        [LS_EXPORT_EMITTERS] = "emitters"};
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
