#include "report/incident_report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "base/util.h"
#include "model/line.h"
#include "report/evidence.h"
#include "report/sections.h"

static const char *severity_words(enum ls_severity severity) {
    switch (severity) {
    case LS_PERMITTED:
        return "permitted: a registered activity explains it";
    case LS_NOTE:
        return "note: chance alone does this about once in a thousand runs of the engine";
    case LS_WATCH:
        return "watch: chance alone does this about once in a hundred thousand runs";
    case LS_ALERT:
        break;
    }
    return "alert: chance alone does this less than once in ten million runs, and it was found "
           "again in a later stretch of time that had no part in the finding";
}

static void range_of(const struct ls_finding *finding, char *ret, size_t size) {
    snprintf(ret, size, "%.6f to %.6f MHz", finding->low_hz / 1e6, finding->high_hz / 1e6);
}

/* --- what was found --- */

static void found(struct ls_document *doc, const struct ls_material *m) {
    const struct ls_incident *incident = &m->incident;
    const struct ls_finding *finding = &incident->finding;
    struct ls_shown shown;
    char text[LS_WORDS_BYTES];
    ls_document_section(doc, "found", "What was found");
    ls_document_text(doc, "%s", finding->words);
    if (incident->label[0] != '\0') {
        ls_document_field(doc, "label", "classification", ls_value_text(incident->label));
    }
    ls_document_field(doc, "id", "incident", ls_value_count(&shown, (uint64_t)incident->id));
    ls_document_field(doc, "kind", "kind", ls_value_text(finding->kind));
    char raw[32];
    snprintf(raw, sizeof raw, "\"%s\"", ls_severity_name(incident->severity));
    ls_document_field(doc, "severity", "severity",
                      (struct ls_value){.text = severity_words(incident->severity), .raw = raw});
    ls_document_field(doc, "sensor", "sensor", ls_value_text(finding->sensor));
    ls_document_field(doc, "start", m->no_clock ? "from" : "from (UTC)",
                      ls_value_time(&shown, finding->start_ns, m->no_clock));
    ls_document_field(doc, "stop", m->no_clock ? "to" : "to (UTC)",
                      ls_value_time(&shown, finding->stop_ns, m->no_clock));
    ls_document_field(
        doc, "duration_s", "lasts",
        ls_value_seconds(&shown, (double)(finding->stop_ns - finding->start_ns) / 1e9));
    range_of(finding, text, sizeof text);
    ls_document_field(doc, "range", "frequencies", ls_value_text(text));
    ls_document_field(doc, "band", "band of the plan",
                      ls_value_text(incident->band[0] == '\0' ? "-" : incident->band));
    ls_document_field(doc, "permit", "permit",
                      incident->permit != 0 ? ls_value_count(&shown, (uint64_t)incident->permit)
                                            : (struct ls_value){.text = "none", .raw = "null"});
}

/* --- how sure --- */

static void grown(struct ls_document *doc, const struct ls_material *m) {
    ls_document_table(doc, "growth", "How it grew, from run to run of the engine");
    ls_document_column(doc, "last", m->no_clock ? "ROWS UNTIL" : "ROWS UNTIL (UTC)", false, 0);
    ls_document_column(doc, "severity", "SEVERITY", false, 0);
    ls_document_column(doc, "false_alarm_probability", "P FALSE", true, 0);
    ls_document_column(doc, "findings", "FINDINGS", true, 0);
    ls_document_column(doc, "evidence", "EVIDENCE", true, 0);
    for (size_t i = 0; i < m->growth_count; i++) {
        const struct ls_incident_growth *row = &m->growth[i];
        struct ls_shown shown;
        struct ls_shown p;
        double value = pow(10.0, fmax(row->log10_p, -300.0));
        ls_value_number(&p, value, 0);
        ls_finding_p_text(row->log10_p, 2, p.text);
        ls_document_cell(doc, ls_value_time(&shown, row->last_ns, m->no_clock));
        ls_document_cell(doc, ls_value_text(ls_severity_name(row->severity)));
        ls_document_cell(doc, p.value);
        ls_document_cell(doc, ls_value_count(&shown, row->findings));
        ls_document_cell(doc, ls_value_count(&shown, row->evidence));
    }
}

/* A power of ten, to people no further than its law was held against anything. */
static struct ls_value power_of_ten(struct ls_shown *shown, double log10_p) {
    struct ls_value value = ls_value_number(shown, log10_p, 1);
    if (log10_p < LS_FINDING_LEAST_LOG10) {
        snprintf(shown->text, sizeof shown->text, "below %d", LS_FINDING_LEAST_LOG10);
    }
    return value;
}

static void sureness_fields(struct ls_document *doc, const struct ls_incident *incident) {
    const struct ls_finding *finding = &incident->finding;
    struct ls_shown shown;
    ls_value_number(&shown, ls_finding_probability(finding), 0);
    ls_finding_p_text(finding->log10_p, 2, shown.text);
    ls_document_field(doc, "false_alarm_probability", "p, after all trials", shown.value);
    ls_document_field(doc, "log10_p", "its power of ten", power_of_ten(&shown, finding->log10_p));
    ls_document_field(doc, "searches", "searches of this kind",
                      ls_value_count(&shown, finding->searches));
    ls_document_field(doc, "trials", "trials in them", ls_value_number(&shown, finding->trials, 0));
    ls_document_field(doc, "findings", "findings it grew from",
                      ls_value_count(&shown, incident->findings));
    ls_document_field(doc, "confirmed", "found again later", ls_value_bool(incident->confirmed));
    ls_document_field(doc, "confirm_log10_p", "p of that, power of ten",
                      power_of_ten(&shown, finding->confirm_log10_p));
}

static void sure(struct ls_document *doc, const struct ls_material *m,
                 const struct ls_report_method *method) {
    const struct ls_finding *finding = &m->incident.finding;
    char detector[LS_KIND_BYTES + 16];
    ls_document_section(doc, "sureness", "How sure that is");
    ls_document_text(doc,
                     "p is the probability that chance alone, without any pattern, makes something "
                     "as regular as this somewhere in the run: every period, phase, grouping and "
                     "emitter that was tried is allowed for. It is not the probability that "
                     "somebody meant it, and it says nothing of why. What is less than 1e-12 is "
                     "written so: no number of logs without a pattern could hold it to more.");
    sureness_fields(doc, &m->incident);
    snprintf(detector, sizeof detector, "%s/%u", finding->kind, finding->version);
    ls_document_field(doc, "detector", "detector and version", ls_value_text(detector));
    if (method->null != NULL) {
        ls_document_field(doc, "null", "null hypothesis", ls_value_text(method->null));
    }
    if (method->test != NULL) {
        ls_document_field(doc, "test", "tested by", ls_value_text(method->test));
    }
    if (method->evidence != NULL) {
        ls_document_field(doc, "least", "least that is reported", ls_value_text(method->evidence));
    }
    if (m->growth_count > 0) {
        grown(doc, m);
    }
}

/* --- parameters --- */

/* "period_s": "period", "s"; the unit is what DESIGN puts last. */
static void split_name(const char *name, char *ret_label, size_t size, const char **ret_unit) {
    static const struct {
        const char *ending;
        const char *unit;
    } units[] = {{"_s_per_day", "s a day"},
                 {"_hz_per_hour", "Hz an hour"},
                 {"_per_hour", "an hour"},
                 {"_mps", "m/s"},
                 {"_hz", "Hz"},
                 {"_ns", "UTC"},
                 {"_db", "dB"},
                 {"_s", "s"}};
    size_t length = strlen(name);
    *ret_unit = "";
    for (size_t i = 0; i < LS_COUNT(units); i++) {
        size_t n = strlen(units[i].ending);
        if (length > n && strcmp(name + length - n, units[i].ending) == 0) {
            length -= n;
            *ret_unit = units[i].unit;
            break;
        }
    }
    if (strcmp(name, "phase") == 0) {
        *ret_unit = "s of day"; /* after 00:00 UTC of the day of the cycle */
    }
    snprintf(ret_label, size, "%.*s", (int)length, name);
    for (char *c = ret_label; *c != '\0'; c++) {
        *c = *c == '_' ? ' ' : *c;
    }
}

/* Decimals of a parameter and its ends: two digits of half the interval, which is all that is known
 * of it. -1: there is no interval to go by. */
static int decimals_of(const struct ls_parameter *p, double scale) {
    double half = 0.5 * scale * (p->high - p->low);
    if (!isfinite(half) || half <= 0.0) {
        return -1;
    }
    return (int)fmin(fmax(1.0 - floor(log10(half)), 0.0), 9.0);
}

static struct ls_value parameter_value(struct ls_shown *shown, const char *unit, double value,
                                       int decimals, bool no_clock) {
    if (!isfinite(value)) {
        return (struct ls_value){.text = "-", .raw = "null"};
    }
    char number[LS_LINE_NUMBER_BYTES];
    ls_line_number(value, number);
    snprintf(shown->raw, sizeof shown->raw, "%s", number);
    if (strcmp(unit, "UTC") == 0) {
        struct ls_shown time;
        snprintf(shown->text, sizeof shown->text, "%s",
                 ls_sections_time(&time, (int64_t)value, no_clock));
    } else if (decimals >= 0) {
        snprintf(shown->text, sizeof shown->text, "%.*f", decimals, value);
    } else if (value == rint(value) && fabs(value) < 1e6) {
        snprintf(shown->text, sizeof shown->text, "%.0f", value);
    } else {
        snprintf(shown->text, sizeof shown->text, "%.4g", value);
    }
    return (struct ls_value){.text = shown->text, .raw = shown->raw};
}

/* An end of its interval; of a moment, how far away it is: three moments are wider than a page. */
static struct ls_value parameter_end(struct ls_shown *shown, const char *unit, double end,
                                     const struct ls_parameter *p) {
    bool moment = strcmp(unit, "UTC") == 0;
    int decimals = decimals_of(p, moment ? 1e-9 : 1.0);
    struct ls_value value = parameter_value(shown, moment ? "ns" : unit, end, decimals, false);
    if (moment && isfinite(end)) {
        snprintf(shown->text, sizeof shown->text, "%+.*f s", decimals < 0 ? 3 : decimals,
                 (end - p->value) / 1e9);
    }
    return value;
}

static void parameters(struct ls_document *doc, const struct ls_material *m) {
    const struct ls_finding *finding = &m->incident.finding;
    ls_document_section(doc, "parameters", "What was estimated");
    ls_document_table(doc, "parameters", "Estimates with their 90 % intervals");
    ls_document_column(doc, "name", "WHAT", false, 0);
    ls_document_column(doc, "value", "VALUE", true, 0);
    ls_document_column(doc, "low", "FROM", true, 0);
    ls_document_column(doc, "high", "TO", true, 0);
    ls_document_column(doc, "unit", "UNIT", false, 0);
    for (size_t i = 0; i < finding->parameter_count; i++) {
        const struct ls_parameter *p = &finding->parameters[i];
        char label[LS_PARAMETER_NAME_BYTES];
        char raw[LS_PARAMETER_NAME_BYTES + 2];
        const char *unit;
        struct ls_shown shown;
        int digits = decimals_of(p, 1.0);
        split_name(p->name, label, sizeof label, &unit);
        snprintf(raw, sizeof raw, "\"%.31s\"", p->name);
        ls_document_cell(doc, (struct ls_value){.text = label, .raw = raw});
        ls_document_cell(doc, p->text[0] != '\0'
                                  ? ls_value_text(p->text)
                                  : parameter_value(&shown, unit, p->value, digits, m->no_clock));
        ls_document_cell(doc, parameter_end(&shown, unit, p->low, p));
        ls_document_cell(doc, parameter_end(&shown, unit, p->high, p));
        ls_document_cell(doc, ls_value_text(p->text[0] != '\0' ? "" : unit));
    }
}

/* --- against it --- */

static void rivals(struct ls_document *doc, const struct ls_finding *finding) {
    ls_document_section(doc, "rivals", "Other explanations that were tried");
    if (finding->rival_count == 0) {
        ls_document_text(doc, "None was tried by this detector.");
    }
    for (size_t i = 0; i < finding->rival_count; i++) {
        ls_document_item(doc, "%s", finding->rivals[i]);
    }
}

static void limits(struct ls_document *doc, const struct ls_material *m,
                   const struct ls_report_method *method) {
    const struct ls_finding *finding = &m->incident.finding;
    const struct ls_coverage *coverage = &m->coverage;
    double all_s = (double)(coverage->stop_ns - coverage->start_ns) / 1e9;
    double heard_s = coverage->seconds[LS_COVERAGE_WHOLE] + coverage->seconds[LS_COVERAGE_PART];
    ls_document_section(doc, "limits", "What may fool this, and what could not have been seen");
    ls_document_item(doc, "%s", finding->limits);
    if (method->fooled != NULL && strstr(finding->limits, method->fooled) == NULL) {
        ls_document_item(doc, "%s", method->fooled);
    }
    if (heard_s < 0.995 * all_s) {
        ls_document_item(doc,
                         "For %.1f %% of the time its frequencies were not listened to; what was "
                         "sent then is not known, and may be more of the same, or something else.",
                         100.0 * (1.0 - heard_s / all_s));
    }
    if (coverage->seconds[LS_COVERAGE_PART] > 0.0) {
        ls_document_item(doc, "Some of the time only a part of its range was listened to.");
    }
    ls_document_item(doc, "Nothing here says who sends, what is sent, from where, or why. A "
                          "transmission is a power that rose above the noise: what it carries was "
                          "not looked at.");
}

/* --- again --- */

static void again_run(struct ls_document *doc, const struct ls_run *run) {
    const char *plan = run->plan;
    if (strcmp(run->verb, "watch") == 0) {
        ls_document_item(doc,
                         "'%s' was a receiver that listened: its samples are gone, and its "
                         "rows are what there is.",
                         run->input);
        return;
    }
    ls_document_item(doc, "lineside %s %s%s%.*s --db NEW.db", run->verb, run->input,
                     plan[0] != '\0' ? " --plan " : "", (int)strcspn(plan, "/"), plan);
}

static void again(struct ls_document *doc, const struct ls_material *m, const char *database) {
    enum { RUNS_MAX = 8 };
    ls_document_section(doc, "again", "How to get the same");
    ls_document_text(doc, "With the same input, options and program version the same rows come "
                          "out, byte for byte; options that are not the defaults stand above, with "
                          "each run:");
    for (size_t i = 0; i < m->run_count && i < RUNS_MAX; i++) {
        again_run(doc, &m->runs[i]);
    }
    if (m->run_count > RUNS_MAX) {
        ls_document_item(doc, "and the inputs of %zu more runs", m->run_count - RUNS_MAX);
    }
    ls_document_item(doc, "lineside patterns --db NEW.db");
    ls_document_item(doc, "lineside incidents --json --db NEW.db");
    ls_document_item(doc, "lineside report %lld --db %s", (long long)m->incident.id, database);
    ls_document_text(doc, "The SHA-512 above is that of the samples (or of the log); compare it "
                          "with sha512sum before you begin. 'lineside db check' says whether the "
                          "database is whole, 'lineside db verify' whether anything in it was "
                          "changed since.");
}

int ls_incident_report(struct ls_document **ret, const struct ls_material *material,
                       const struct ls_incident_report_opts *opts, struct ls_err *err) {
    const struct ls_incident *incident = &material->incident;
    struct ls_document *doc;
    char title[256];
    char where[LS_INCIDENT_WHERE_BYTES];
    ls_incident_where(&incident->finding, 3, where);
    snprintf(title, sizeof title, "Incident %lld: %s %s at %s", (long long)incident->id,
             incident->finding.kind, where, incident->finding.sensor);
    int code = ls_document_create(&doc, title, err);
    if (code != LS_OK) {
        return code;
    }
    found(doc, material);
    sure(doc, material, &opts->method);
    parameters(doc, material);
    ls_evidence_sections(doc, material);
    rivals(doc, &incident->finding);
    limits(doc, material, &opts->method);
    ls_sections_coverage(doc, &material->coverage, "the range of the incident");
    ls_sections_instrument(doc, &(struct ls_sections_instrument){
                                    .health = material->health,
                                    .health_count = material->health_count,
                                    .readings = material->readings,
                                    .reading_count = material->reading_count,
                                    .runs = material->runs,
                                    .run_count = material->run_count,
                                    .no_clock = material->no_clock,
                                });
    ls_sections_permits(doc, material->permits, material->permit_count,
                        "No permit overlaps it in time, frequency and place.");
    ls_sections_deletions(doc, material->prunings, material->pruning_count);
    ls_sections_provenance(doc, material->runs, material->run_count);
    again(doc, material, opts->database);
    code = ls_document_check(doc, err);
    if (code != LS_OK) {
        ls_document_destroy(doc);
        return code;
    }
    *ret = doc;
    return LS_OK;
}
