#include "report/period_report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/units.h"
#include "base/util.h"
#include "report/figures.h"
#include "report/period.h"
#include "report/sections.h"
#include "store/health.h"

enum { CELLS = 72, CLASSES_MAX = 64 };

struct period {
    struct ls_store *store;
    const struct ls_period_report_opts *opts;
    struct ls_filter filter; /* with both times */
    bool no_clock;           /* all runs are without one */
    struct ls_document *doc;
    struct ls_coverage coverage;
    struct ls_run *runs; /* within it */
    size_t run_count;
    size_t run_room;
    struct ls_pruning *prunings;
    size_t pruning_count;
    size_t pruning_room;
    struct ls_permit *permits;
    size_t permit_count;
    size_t permit_room;
    struct ls_health health[LS_SECTIONS_HEALTH_MAX];
    size_t health_count;
    struct ls_health readings[LS_SECTIONS_READINGS_MAX];
    size_t reading_count;
    size_t severities[LS_ALERT + 1];
    size_t incidents;
    uint64_t transmissions;
    double starts[CELLS];
    struct class_use {
        char name[LS_CLASS_BYTES];
        uint64_t rows;
        double airtime_s;
        double low_hz;
        double high_hz;
    } classes[CLASSES_MAX];
    size_t class_count;
};

/* --- reading --- */

static int no_memory(struct ls_err *err) {
    return ls_err_set(err, LS_ERR_NOMEM, "out of memory for a report");
}

static bool of_sensor(const struct period *period, const char *sensor) {
    const char *wanted = period->opts->filter.sensor;
    return wanted == NULL || strcmp(wanted, sensor) == 0;
}

static int take_run(void *context, const struct ls_run *run, struct ls_err *err) {
    struct period *period = context;
    if (!of_sensor(period, run->sensor) || run->last_ns <= period->filter.since_ns ||
        run->first_ns >= period->filter.until_ns) {
        return LS_OK;
    }
    void *runs = period->runs;
    if (ls_grow(&runs, &period->run_room, period->run_count, sizeof *run) != LS_OK) {
        return no_memory(err);
    }
    period->runs = runs;
    period->runs[period->run_count++] = *run;
    return LS_OK;
}

static int take_pruning(void *context, const struct ls_pruning *row, struct ls_err *err) {
    struct period *period = context;
    void *prunings = period->prunings;
    if (ls_grow(&prunings, &period->pruning_room, period->pruning_count, sizeof *row) != LS_OK) {
        return no_memory(err);
    }
    period->prunings = prunings;
    period->prunings[period->pruning_count++] = *row;
    return LS_OK;
}

static int take_permit(void *context, const struct ls_permit *row, struct ls_err *err) {
    struct period *period = context;
    bool meets = row->since_ns < period->filter.until_ns && row->until_ns > period->filter.since_ns;
    bool here = row->place[0] == '\0' || of_sensor(period, row->place);
    void *permits = period->permits;
    if (!meets || !here) {
        return LS_OK;
    }
    if (ls_grow(&permits, &period->permit_room, period->permit_count, sizeof *row) != LS_OK) {
        return no_memory(err);
    }
    period->permits = permits;
    period->permits[period->permit_count++] = *row;
    return LS_OK;
}

static int take_health(void *context, const struct ls_health *row, struct ls_err *err) {
    struct period *period = context;
    (void)err;
    if (row->level != LS_HEALTH_OK && period->health_count < LS_SECTIONS_HEALTH_MAX) {
        period->health[period->health_count++] = *row;
    }
    ls_sections_reading(period->readings, &period->reading_count, row);
    return LS_OK;
}

static struct class_use *use_of(struct period *period, const char *name) {
    size_t i = 0;
    while (i < period->class_count && strcmp(period->classes[i].name, name) != 0) {
        i++;
    }
    if (i == CLASSES_MAX) {
        return NULL;
    }
    if (i == period->class_count) {
        period->class_count++;
        period->classes[i].low_hz = HUGE_VAL;
        period->classes[i].high_hz = -HUGE_VAL;
        ls_copy_text(period->classes[i].name, sizeof period->classes[i].name, name);
    }
    return &period->classes[i];
}

static int take_transmission(void *context, const struct ls_transmission *row, struct ls_err *err) {
    struct period *period = context;
    struct class_use *use = use_of(period, row->class_name);
    double width = (double)(period->filter.until_ns - period->filter.since_ns) / CELLS;
    double at = (double)(row->start_ns - period->filter.since_ns) / width;
    (void)err;
    period->transmissions++;
    if (at >= 0.0 && at < CELLS) {
        period->starts[(size_t)at] += 1.0;
    }
    if (use != NULL) {
        use->rows++;
        use->airtime_s += (double)row->duration_ns / 1e9;
        use->low_hz = fmin(use->low_hz, row->center_hz);
        use->high_hz = fmax(use->high_hz, row->center_hz);
    }
    return LS_OK;
}

static int count_incident(void *context, const struct ls_incident *row, struct ls_err *err) {
    struct period *period = context;
    (void)err;
    period->severities[row->severity]++;
    period->incidents++;
    return LS_OK;
}

static int read_all(struct period *period, struct ls_err *err) {
    const struct ls_filter *filter = &period->filter;
    struct ls_incident_filter incidents = {.rows = *filter};
    struct ls_coverage_box box = {.sensor = filter->sensor,
                                  .start_ns = filter->since_ns,
                                  .stop_ns = filter->until_ns,
                                  .low_hz = filter->low_hz,
                                  .high_hz = filter->high_hz,
                                  .any_range = !filter->has_freq};
    struct ls_store *store = period->store;
    int code = ls_store_each_run(store, take_run, period, err);
    if (code == LS_OK) {
        code = ls_store_each_incident(store, &incidents, count_incident, period, err);
    }
    if (code == LS_OK) {
        code = ls_store_each_transmission(store, filter, take_transmission, period, err);
    }
    if (code == LS_OK) {
        code = ls_store_each_permit(store, take_permit, period, err);
    }
    if (code == LS_OK) {
        code = ls_store_each_pruning(store, take_pruning, period, err);
    }
    if (code == LS_OK) {
        code = ls_store_each_health(store, filter, take_health, period, err);
    }
    return code == LS_OK ? ls_coverage_init(&period->coverage, store, &box, err) : code;
}

/* --- what was found --- */

static void put_parameter(char *ret, size_t size, const struct ls_finding *finding) {
    static const char *const telling[] = {"period_s",  "cadence_s", "on_s",  "step_hz",
                                          "speed_mps", "days",      "hours", "airtime_s_per_day"};
    snprintf(ret, size, "-");
    for (size_t i = 0; i < LS_COUNT(telling); i++) {
        const struct ls_parameter *p = ls_finding_parameter(finding, telling[i]);
        if (p != NULL && isfinite(p->value)) {
            snprintf(ret, size, "%s %.5g", p->name, p->value);
            return;
        }
    }
}

static int put_incident(void *context, const struct ls_incident *row, struct ls_err *err) {
    struct period *period = context;
    struct ls_document *doc = period->doc;
    struct ls_shown shown;
    struct ls_shown time;
    struct ls_shown p;
    char parameter[64];
    (void)err;
    ls_value_time(&time, row->finding.start_ns, period->no_clock);
    time.text[period->no_clock ? strlen(time.text) : 16] = '\0';
    ls_value_number(&p, ls_finding_probability(&row->finding), 0);
    ls_finding_p_text(row->finding.log10_p, 1, p.text);
    put_parameter(parameter, sizeof parameter, &row->finding);
    ls_document_cell(doc, ls_value_count(&shown, (uint64_t)row->id));
    ls_document_cell(doc, ls_value_text(ls_severity_name(row->severity)));
    ls_document_cell(doc, ls_value_text(row->finding.kind));
    ls_document_cell(doc, time.value);
    double center_hz = (row->finding.low_hz + row->finding.high_hz) / 2.0;
    ls_value_mhz(&shown, center_hz);
    if (ls_incident_is_wide(&row->finding)) {
        snprintf(shown.text, sizeof shown.text, "%.1f-%.1f", row->finding.low_hz / 1e6,
                 row->finding.high_hz / 1e6);
    } else {
        snprintf(shown.text, sizeof shown.text, "%.3f", center_hz / 1e6);
    }
    ls_document_cell(doc, shown.value);
    ls_document_cell(doc, p.value);
    ls_document_cell(doc, ls_value_text(parameter));
    ls_document_cell(doc, ls_value_text(row->finding.sensor));
    return LS_OK;
}

static int found(struct period *period, struct ls_err *err) {
    struct ls_document *doc = period->doc;
    struct ls_incident_filter filter = {.rows = period->filter};
    struct ls_shown shown;
    ls_document_section(doc, "found", "What was found");
    if (period->incidents == 0) {
        ls_document_text(doc, "Nothing stood out: no regularity was found in this time that chance "
                              "does not explain. That holds for what was listened to, and for "
                              "what the pattern engine has been run over ('lineside patterns').");
    } else {
        ls_document_text(doc,
                         "%zu incident%s overlap%s this time: %zu alert, %zu watch, %zu note, "
                         "%zu explained by a permit.",
                         period->incidents, period->incidents == 1 ? "" : "s",
                         period->incidents == 1 ? "s" : "", period->severities[LS_ALERT],
                         period->severities[LS_WATCH], period->severities[LS_NOTE],
                         period->severities[LS_PERMITTED]);
    }
    ls_sections_label(doc, period->runs, period->run_count);
    ls_document_field(doc, "start", period->no_clock ? "from" : "from (UTC)",
                      ls_value_time(&shown, period->filter.since_ns, period->no_clock));
    ls_document_field(doc, "stop", period->no_clock ? "to" : "to (UTC)",
                      ls_value_time(&shown, period->filter.until_ns, period->no_clock));
    ls_document_field(doc, "sensor", "sensor",
                      ls_value_text(period->filter.sensor != NULL ? period->filter.sensor : "all"));
    ls_document_field(doc, "incidents", "incidents", ls_value_count(&shown, period->incidents));
    if (period->incidents == 0) {
        return LS_OK;
    }
    ls_document_table(doc, "list", "Incidents; 'lineside report ID' tells all about one");
    ls_document_column(doc, "id", "ID", true, 0);
    ls_document_column(doc, "severity", "SEVERITY", false, 0);
    ls_document_column(doc, "kind", "KIND", false, 0);
    ls_document_column(doc, "start", period->no_clock ? "FROM" : "FROM (UTC)", false, 0);
    ls_document_column(doc, "center_hz", "MHz", true, 0);
    ls_document_column(doc, "false_alarm_probability", "P FALSE", true, 0);
    ls_document_column(doc, "parameter", "WHAT", false, 1);
    ls_document_column(doc, "sensor", "SENSOR", false, 2);
    return ls_store_each_incident(period->store, &filter, put_incident, period, err);
}

/* --- what was on the air --- */

static int by_rows(const void *left, const void *right) {
    const struct class_use *a = left;
    const struct class_use *b = right;
    int order = (a->rows < b->rows) - (a->rows > b->rows);
    return order != 0 ? order : strcmp(a->name, b->name);
}

static void starts_strip(struct period *period) {
    double heard[CELLS];
    double most = 0.0;
    char each[LS_UNIT_TEXT_BYTES];
    char ends[160];
    ls_coverage_shares(&period->coverage, CELLS, heard);
    for (size_t i = 0; i < CELLS; i++) {
        most = fmax(most, period->starts[i]);
    }
    for (size_t i = 0; i < CELLS; i++) {
        bool deaf = heard[i] <= 0.0 && period->starts[i] <= 0.0;
        period->starts[i] = deaf ? (double)NAN : period->starts[i] / fmax(most, 1.0);
    }
    ls_seconds_format((double)(period->filter.until_ns - period->filter.since_ns) / 1e9 / CELLS,
                      each);
    snprintf(ends, sizeof ends,
             "From the first moment to the last; a cell is %s, the fullest has %.0f. Dots, or "
             "grey: nobody listened.",
             each, most);
    ls_document_strip(period->doc, "starts", "Transmissions that begin", period->starts, CELLS,
                      ends);
}

/* Nothing to draw is no failure; the canvas goes into the report. */
static int heat_figure(struct period *period, enum ls_heat_kind kind, const char *key,
                       struct ls_err *err) {
    struct ls_heat heat;
    struct ls_canvas *canvas;
    struct ls_heat_opts opts = {
        .kind = kind, .filter = period->filter, .no_clock = period->no_clock};
    int code = ls_heat_init(&heat, period->store, &opts, err);
    if (code != LS_OK) {
        return code == LS_ERR_NOTFOUND ? LS_OK : code;
    }
    code = ls_figure_occupancy(&canvas, &heat, err);
    if (code == LS_OK) {
        ls_document_figure(period->doc, key, ls_canvas_svg(canvas));
        ls_canvas_destroy(canvas);
    }
    if (code == LS_OK && kind == LS_HEAT_HOURS) {
        ls_sections_hours(period->doc, &heat);
    }
    ls_heat_finish(&heat);
    return code;
}

static int heat_figures(struct period *period, struct ls_err *err) {
    static const int64_t day_ns = 86400 * LS_NS_PER_S;
    int code = heat_figure(period, LS_HEAT_CHANNELS, "occupancy", err);
    if (code == LS_OK && period->filter.until_ns - period->filter.since_ns > day_ns) {
        code = heat_figure(period, LS_HEAT_HOURS, "hours", err);
    }
    return code;
}

static void class_table(struct period *period) {
    struct ls_document *doc = period->doc;
    struct ls_shown shown;
    qsort(period->classes, period->class_count, sizeof period->classes[0], by_rows);
    ls_document_table(doc, "classes", "By class of signal");
    ls_document_column(doc, "class", "CLASS", false, 0);
    ls_document_column(doc, "rows", "TRANSMISSIONS", true, 0);
    ls_document_column(doc, "airtime_s", "AIRTIME", true, 0);
    ls_document_column(doc, "low_hz", "FROM MHz", true, 0);
    ls_document_column(doc, "high_hz", "TO MHz", true, 0);
    for (size_t i = 0; i < period->class_count; i++) {
        const struct class_use *use = &period->classes[i];
        ls_document_cell(doc, ls_value_text(use->name[0] == '\0' ? "not classified" : use->name));
        ls_document_cell(doc, ls_value_count(&shown, use->rows));
        ls_document_cell(doc, ls_value_seconds(&shown, use->airtime_s));
        ls_document_cell(doc, ls_value_mhz(&shown, use->low_hz));
        ls_document_cell(doc, ls_value_mhz(&shown, use->high_hz));
    }
}

static int on_air(struct period *period, struct ls_err *err) {
    struct ls_shown shown;
    ls_document_section(period->doc, "on_air", "What was on the air");
    ls_document_field(period->doc, "transmissions", "transmissions",
                      ls_value_count(&shown, period->transmissions));
    if (period->transmissions == 0) {
        return LS_OK;
    }
    starts_strip(period);
    class_table(period);
    return heat_figures(period, err);
}

/* They lie on top of each other in 1970, and the pattern engine takes one of them at most. */
static void limits_without_clock(struct period *period) {
    size_t without = 0;
    for (size_t i = 0; i < period->run_count; i++) {
        without += period->runs[i].no_clock;
    }
    if (without > 1) {
        ls_document_item(period->doc,
                         "%zu of its runs are of recordings without a start time: nobody knows "
                         "which came first. All their times count from the beginning of 1970, and "
                         "no regularity was looked for in them.",
                         without);
    }
}

static void limits(struct period *period) {
    struct ls_document *doc = period->doc;
    const struct ls_coverage *coverage = &period->coverage;
    double all_s = (double)(coverage->stop_ns - coverage->start_ns) / 1e9;
    double heard_s = coverage->seconds[LS_COVERAGE_WHOLE] + coverage->seconds[LS_COVERAGE_PART];
    ls_document_section(doc, "limits", "What could not have been seen");
    ls_document_item(doc, "A receiver that only listens gives nothing away: rigs are seen only "
                          "when they send.");
    limits_without_clock(period);
    if (heard_s < 0.9999 * all_s) {
        ls_document_item(doc,
                         "%.2f %% of this time was not listened to at all; what was sent then is "
                         "not known.",
                         100.0 * (1.0 - heard_s / all_s));
    }
    ls_document_item(doc, "What is sent by wire, on frequencies that were not tuned to, or too "
                          "weak to rise above the noise here, is not seen.");
    ls_document_item(doc, "A train takes what it carries past one sensor in less time than a call "
                          "cycle lasts: rigs aboard show over many passes and several sensors.");
    ls_document_item(doc, "Nothing here says who sends, what is sent, from where, or why.");
}

static void period_finish(struct period *period) {
    ls_coverage_finish(&period->coverage);
    free(period->runs);
    free(period->prunings);
    free(period->permits);
}

static void again(struct period *period) {
    char since[LS_TIME_TEXT_BYTES];
    char until[LS_TIME_TEXT_BYTES];
    const char *sensor = period->filter.sensor;
    ls_time_format(period->filter.since_ns, since);
    ls_time_format(period->filter.until_ns, until);
    ls_document_section(period->doc, "again", "How to get the same");
    ls_document_item(period->doc, "lineside report --since %s --until %s%s%s --db %s", since, until,
                     sensor != NULL ? " --sensor " : "", sensor != NULL ? sensor : "",
                     period->opts->database);
}

static int write_all(struct period *period, struct ls_err *err) {
    int code = found(period, err);
    if (code == LS_OK) {
        code = on_air(period, err);
    }
    if (code != LS_OK) {
        return code;
    }
    limits(period);
    ls_sections_coverage(period->doc, &period->coverage,
                         period->filter.has_freq ? "the range asked for"
                                                 : "whatever a sensor was tuned to");
    ls_sections_instrument(period->doc, &(struct ls_sections_instrument){
                                            .health = period->health,
                                            .health_count = period->health_count,
                                            .readings = period->readings,
                                            .reading_count = period->reading_count,
                                            .runs = period->runs,
                                            .run_count = period->run_count,
                                            .no_clock = period->no_clock,
                                        });
    ls_sections_permits(period->doc, period->permits, period->permit_count,
                        "No permit overlaps this time.");
    ls_sections_deletions(period->doc, period->prunings, period->pruning_count);
    ls_sections_provenance(period->doc, period->runs, period->run_count);
    again(period);
    return ls_document_check(period->doc, err);
}

int ls_period_report(struct ls_document **ret, struct ls_store *store,
                     const struct ls_period_report_opts *opts, struct ls_err *err) {
    struct period *period = calloc(1, sizeof *period);
    struct ls_shown from;
    struct ls_shown to;
    char title[256];
    if (period == NULL) {
        return no_memory(err);
    }
    period->store = store;
    period->opts = opts;
    period->filter = opts->filter;
    int code = ls_period_find(&period->filter, &period->no_clock, store, err);
    if (code == LS_OK) {
        code = read_all(period, err);
    }
    if (code == LS_OK) {
        snprintf(title, sizeof title, "%s to %s: %s",
                 ls_sections_time(&from, period->filter.since_ns, period->no_clock),
                 ls_sections_time(&to, period->filter.until_ns, period->no_clock),
                 period->filter.sensor != NULL ? period->filter.sensor : "all sensors");
        code = ls_document_create(&period->doc, title, err);
    }
    if (code == LS_OK) {
        code = write_all(period, err);
    }
    if (code == LS_OK) {
        *ret = period->doc;
    } else {
        ls_document_destroy(period->doc);
    }
    period_finish(period);
    free(period);
    return code;
}
