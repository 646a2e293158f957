/* Rows as comma-separated values, with a column for the label where some run has one. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "model/csv.h"
#include "model/line.h"
#include "report/export_walk.h"

static int write_heading(struct ls_csv *csv, const struct ls_export_opts *opts, bool labelled) {
    static const char *const transmissions = "sensor,start,duration_s,center_hz,bandwidth_hz,"
                                             "snr_db,level_dbfs,class,offset_hz,bursts";
    static const char *const observations = "sensor,start,stop,low_hz,high_hz";
    static const char *const incidents =
        "id,kind,severity,false_alarm_probability,start,stop,low_hz,high_hz,sensor,parameters,"
        "transmissions,confirmed,permit,band,detector";
    static const char *const emitters =
        "id,sensor,start,stop,transmissions,on_s,low_hz,high_hz,center_hz,bandwidth_hz,duration_s,"
        "level_dbfs,level_spread_db,class,offset_hz,period_s,jitter_s,hops,score";
    if (opts->what == LS_EXPORT_EMITTERS) {
        fputs(emitters, csv->out); /* of several runs: no label */
        return ls_csv_end(csv);
    }
    if (opts->what == LS_EXPORT_INCIDENTS) {
        fputs(incidents, csv->out);
    } else if (opts->what == LS_EXPORT_TRANSMISSIONS) {
        fprintf(csv->out, "%s%s", opts->whole ? "id," : "", transmissions);
    } else {
        fprintf(csv->out, "%s%s", observations,
                opts->whole ? ",state,cause,floor_dbfs_hz,floor_error_db,weakest_dbfs" : "");
    }
    fputs(labelled ? ",label" : "", csv->out);
    return ls_csv_end(csv);
}

struct csv_export {
    const struct ls_export_opts *opts;
    struct ls_csv csv;
    bool labelled;
};

/* Ends a row: LS_ERR_IO when it could not be written. */
static int end_row(struct csv_export *export, const char *label) {
    if (export->labelled) {
        ls_csv_text(&export->csv, label);
    }
    return ls_csv_end(&export->csv);
}

static int write_transmission(void *context, const struct ls_transmission *row, const char *label,
                              struct ls_err *err) {
    struct csv_export *export = context;
    struct ls_csv *csv = &export->csv;
    (void)err;
    if (export->opts->whole) {
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
    return end_row(export, label);
}

static int write_observation(void *context, const struct ls_observation *row, const char *label,
                             struct ls_err *err) {
    struct csv_export *export = context;
    struct ls_csv *csv = &export->csv;
    (void)err;
    ls_csv_text(csv, row->sensor);
    ls_csv_time(csv, row->start_ns);
    ls_csv_time(csv, row->stop_ns);
    ls_csv_number(csv, row->low_hz);
    ls_csv_number(csv, row->high_hz);
    if (export->opts->whole) {
        ls_csv_text(csv, ls_observation_state_name(row->state));
        ls_csv_text(csv, row->cause);
        ls_csv_number(csv, row->noise.known ? row->noise.floor_dbfs_hz : (double)NAN);
        ls_csv_number(csv, row->noise.known ? row->noise.floor_error_db : (double)NAN);
        ls_csv_number(csv, row->noise.known ? row->noise.weakest_dbfs : (double)NAN);
    }
    return end_row(export, label);
}

/* Parameters as one text: "period_s=48.01 clock=locked". */
static void write_parameters(struct ls_csv *csv, const struct ls_finding *finding) {
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

static int write_incident(void *context, const struct ls_incident *row, struct ls_err *err) {
    struct csv_export *export = context;
    struct ls_csv *csv = &export->csv;
    (void)err;
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
    write_parameters(csv, finding);
    ls_csv_count(csv, finding->evidence_count);
    ls_csv_text(csv, row->confirmed ? "true" : "false");
    ls_csv_number(csv, row->permit != 0 ? (double)row->permit : (double)NAN);
    ls_csv_text(csv, row->band);
    ls_csv_text(csv, detector);
    return end_row(export, row->label);
}

static int write_emitter(void *context, const struct ls_emitter *row, struct ls_err *err) {
    struct csv_export *export = context;
    struct ls_csv *csv = &export->csv;
    const double numbers[] = {row->on_s,       row->low_hz,         row->high_hz,
                              row->center_hz,  row->bandwidth_hz,   row->duration_s,
                              row->level_dbfs, row->level_spread_db};
    (void)err;
    ls_csv_count(csv, (uint64_t)row->id);
    ls_csv_text(csv, row->sensor);
    ls_csv_time(csv, row->first_ns);
    ls_csv_time(csv, row->last_ns);
    ls_csv_count(csv, row->transmissions);
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

int ls_export_csv(struct ls_store *store, const struct ls_export_opts *opts, FILE *out,
                  size_t *ret_rows, struct ls_err *err) {
    static const struct ls_export_sink sink = {.transmission = write_transmission,
                                               .observation = write_observation,
                                               .incident = write_incident,
                                               .emitter = write_emitter};
    struct csv_export export = {.opts = opts, .csv = {.out = out}};
    int code = ls_export_labelled(store, &export.labelled, err);
    if (code == LS_OK) {
        code = write_heading(&export.csv, opts, export.labelled);
    }
    return code == LS_OK ? ls_export_walk(store, opts, &sink, &export, ret_rows, err) : code;
}
