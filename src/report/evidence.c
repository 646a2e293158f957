#include "report/evidence.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "base/units.h"
#include "model/burst.h"
#include "report/figures.h"
#include "report/sections.h"

enum { STRIP_CELLS = 72, PHASE_BINS = 48 };

/* --- in time --- */

/* Share of each cell in which something of the evidence was on the air; NAN where nobody listened.
 */
static void airtime(const struct ls_material *m, double *ret) {
    struct ls_material_extent extent = ls_material_rows_extent(m);
    struct ls_coverage shown = m->coverage;
    shown.start_ns = extent.start_ns;
    shown.stop_ns = extent.stop_ns;
    double width = (double)(extent.stop_ns - extent.start_ns) / STRIP_CELLS;
    double heard[STRIP_CELLS];
    memset(ret, 0, STRIP_CELLS * sizeof *ret);
    for (size_t i = 0; i < m->row_count; i++) {
        double from = fmax(0.0, (double)(m->rows[i].start_ns - extent.start_ns) / width);
        double to = from + (double)m->rows[i].duration_ns / width;
        for (size_t bin = (size_t)from; bin < STRIP_CELLS && (double)bin < to; bin++) {
            ret[bin] += fmin(to, (double)bin + 1.0) - fmax(from, (double)bin);
        }
    }
    ls_coverage_shares(&shown, STRIP_CELLS, heard);
    for (size_t bin = 0; bin < STRIP_CELLS; bin++) {
        ret[bin] = heard[bin] <= 0.0 && ret[bin] <= 0.0 ? (double)NAN : fmin(1.0, ret[bin]);
    }
}

static void in_time(struct ls_document *doc, const struct ls_material *m) {
    double shares[STRIP_CELLS];
    char each[LS_UNIT_TEXT_BYTES];
    char ends[200];
    airtime(m, shares);
    struct ls_material_extent extent = ls_material_rows_extent(m);
    bool late = extent.start_ns > m->coverage.start_ns;
    bool cut = extent.stop_ns < m->coverage.stop_ns;
    ls_seconds_format((double)(extent.stop_ns - extent.start_ns) / 1e9 / STRIP_CELLS, each);
    snprintf(ends, sizeof ends,
             "From the first %s to the last%s; a cell is %s. "
             "Dots (grey): nobody listened.",
             late ? "row that is kept as evidence" : "moment of the incident",
             cut    ? " row that is kept as evidence"
             : late ? " moment of the incident"
                    : "",
             each);
    ls_document_strip(doc, "airtime", "Share of time on the air, of the rows it rests on", shares,
                      STRIP_CELLS, ends);
}

/* --- cycles --- */

static const char *cut_words(uint32_t flags) {
    bool start = (flags & LS_BURST_CUT_START) != 0;
    bool stop = (flags & LS_BURST_CUT_STOP) != 0;
    return start && stop ? "cut at both ends"
           : start       ? "cut at its start"
           : stop        ? "cut at its end"
                         : "";
}

/* What lies between two rows, in words: periods without one. */
static void cycle_note(char *ret, size_t size, const struct ls_transmission *row, double spacing_s,
                       double period_s) {
    double turns = period_s > 0.0 && isfinite(spacing_s) ? round(spacing_s / period_s) : 1.0;
    const char *cut = cut_words(row->flags);
    snprintf(ret, size, "%s", cut);
    if (turns > 1.0) {
        snprintf(ret, size, "%s%s%.0f missed", cut, cut[0] != '\0' ? "; " : "", turns - 1.0);
    }
}

static void cycles(struct ls_document *doc, const struct ls_material *m) {
    const struct ls_parameter *period = ls_material_period(m);
    ls_document_table(doc, "cycles", "Cycles: how long each was on, and off before it");
    ls_document_column(doc, "n", "N", true, 0);
    ls_document_column(doc, "start", m->no_clock ? "START" : "START (UTC)", false, 0);
    ls_document_column(doc, "on_s", "ON s", true, 0);
    ls_document_column(doc, "off_s", "OFF s", true, 0);
    ls_document_column(doc, "spacing_s", "SPACING s", true, 0);
    ls_document_column(doc, "note", "NOTE", false, 0);
    for (size_t i = 0; i < m->row_count; i++) {
        const struct ls_transmission *row = &m->rows[i];
        const struct ls_transmission *before = i > 0 ? row - 1 : NULL;
        double spacing_s =
            before == NULL ? (double)NAN : (double)(row->start_ns - before->start_ns) / 1e9;
        double off_s = before == NULL ? (double)NAN : spacing_s - (double)before->duration_ns / 1e9;
        char note[64];
        struct ls_shown shown;
        cycle_note(note, sizeof note, row, spacing_s, period != NULL ? period->value : 0.0);
        ls_document_cell(doc, ls_value_count(&shown, i + 1));
        ls_document_cell(doc, ls_value_time(&shown, row->start_ns, m->no_clock));
        ls_document_cell(doc, ls_value_number(&shown, (double)row->duration_ns / 1e9, 3));
        ls_document_cell(doc, ls_value_number(&shown, off_s, 3));
        ls_document_cell(doc, ls_value_number(&shown, spacing_s, 3));
        ls_document_cell(doc, ls_value_text(note));
    }
}

/* --- folded --- */

bool ls_evidence_fold(const struct ls_material *material, struct ls_fold *ret) {
    const struct ls_parameter *period = ls_material_period(material);
    const struct ls_parameter *timing = ls_finding_parameter(&material->incident.finding, "timing");
    if (period == NULL || material->row_count == 0 ||
        (timing != NULL && strcmp(timing->text, "clock-locked") != 0)) {
        return false;
    }
    /* As the phase is counted: from the midnight before the cycle that is known best. */
    const struct ls_parameter *cycle =
        ls_finding_parameter(&material->incident.finding, "cycle_ns");
    int64_t first_ns = material->rows[0].start_ns;
    int64_t midnight_ns = ls_time_midnight(cycle != NULL ? (int64_t)cycle->value : first_ns);
    double turns = floor((double)(first_ns - midnight_ns) / 1e9 / period->value);
    *ret =
        (struct ls_fold){.period_s = period->value,
                         .origin_ns = midnight_ns + (int64_t)llround(turns * period->value * 1e9)};
    return true;
}

double ls_fold_phase(const struct ls_fold *fold, int64_t t_ns) {
    double turns = (double)(t_ns - fold->origin_ns) / 1e9 / fold->period_s;
    double phase = turns - floor(turns);
    return phase < 1.0 ? phase : 0.0;
}

static void folded(struct ls_document *doc, const struct ls_material *m,
                   const struct ls_fold *fold) {
    double starts[PHASE_BINS] = {0.0};
    double heard_s[PHASE_BINS];
    double most = 0.0;
    double most_s = 0.0;
    char period[LS_UNIT_TEXT_BYTES];
    char ends[160];
    ls_coverage_by_phase(&m->coverage, fold->origin_ns, fold->period_s, PHASE_BINS, heard_s);
    for (size_t i = 0; i < m->row_count; i++) {
        starts[(size_t)(ls_fold_phase(fold, m->rows[i].start_ns) * PHASE_BINS)] += 1.0;
    }
    for (size_t i = 0; i < PHASE_BINS; i++) {
        most = fmax(most, starts[i]);
        most_s = fmax(most_s, heard_s[i]);
    }
    for (size_t i = 0; i < PHASE_BINS; i++) {
        starts[i] = heard_s[i] <= 0.0 && starts[i] <= 0.0 ? (double)NAN : starts[i] / most;
        heard_s[i] = most_s > 0.0 ? heard_s[i] / most_s : 0.0;
    }
    ls_seconds_format(fold->period_s, period);
    snprintf(ends, sizeof ends,
             "One period of %s, counted from midnight, UTC; the fullest cell "
             "has %.0f of %zu.",
             period, most, m->row_count);
    ls_document_strip(doc, "phase_starts", "Starts, folded by the period", starts, PHASE_BINS,
                      ends);
    ls_document_strip(doc, "phase_listened", "Time listened to, folded the same", heard_s,
                      PHASE_BINS,
                      "Where this is uneven, so may the starts be; the probability allows for it.");
}

/* --- rows --- */

static bool several_sensors(const struct ls_material *m) {
    for (size_t i = 1; i < m->row_count; i++) {
        if (strcmp(m->rows[i].sensor, m->rows[0].sensor) != 0) {
            return true;
        }
    }
    return false;
}

static bool any_dbm(const struct ls_material *m) {
    for (size_t i = 0; i < m->row_count; i++) {
        if (m->rows[i].has_dbm) {
            return true;
        }
    }
    return false;
}

static void rows(struct ls_document *doc, const struct ls_material *m) {
    bool sensors = several_sensors(m);
    bool dbm = any_dbm(m);
    ls_document_table(doc, "transmissions", "Transmissions it rests on");
    ls_document_column(doc, "id", "ID", true, 0);
    ls_document_column(doc, "start", m->no_clock ? "START" : "START (UTC)", false, 0);
    ls_document_column(doc, "duration_s", "LASTS", true, 0);
    if (sensors) {
        ls_document_column(doc, "sensor", "SENSOR", false, 0);
    }
    ls_document_column(doc, "center_hz", "MHz", true, 0);
    ls_document_column(doc, "bandwidth_hz", "kHz", true, 0);
    ls_document_column(doc, "snr_db", "SNR dB", true, 1);
    ls_document_column(doc, "level_dbfs", "dBFS", true, 0);
    if (dbm) {
        ls_document_column(doc, "level_dbm", "dBm", true, 0);
    }
    ls_document_column(doc, "class", "CLASS", false, 2);
    ls_document_column(doc, "run", "RUN", true, 3);
    for (size_t i = 0; i < m->row_count; i++) {
        const struct ls_transmission *row = &m->rows[i];
        struct ls_shown shown;
        struct ls_shown width;
        ls_value_number(&width, row->bandwidth_hz, 0);
        snprintf(width.text, sizeof width.text, "%.1f", row->bandwidth_hz / 1e3);
        ls_document_cell(doc, ls_value_count(&shown, (uint64_t)row->id));
        ls_document_cell(doc, ls_value_time(&shown, row->start_ns, m->no_clock));
        ls_document_cell(doc, ls_value_seconds(&shown, (double)row->duration_ns / 1e9));
        if (sensors) {
            ls_document_cell(doc, ls_value_text(row->sensor));
        }
        ls_document_cell(doc, ls_value_mhz(&shown, row->center_hz));
        ls_document_cell(doc, (struct ls_value){.text = width.text, .raw = width.raw});
        ls_document_cell(doc, ls_value_number(&shown, row->snr_db, 1));
        ls_document_cell(doc, ls_value_number(&shown, row->level_dbfs, 1));
        if (dbm) {
            double level_dbm = row->has_dbm ? row->level_dbm : (double)NAN;
            ls_document_cell(doc, ls_value_number(&shown, level_dbm, 1));
        }
        ls_document_cell(doc, ls_value_text(row->class_name[0] == '\0' ? "-" : row->class_name));
        ls_document_cell(doc, ls_value_count(&shown, (uint64_t)row->run_id));
    }
}

static void hours(struct ls_document *doc, const struct ls_material *m) {
    struct ls_canvas *canvas;
    int code = ls_figure_occupancy(&canvas, &m->hours, NULL);
    if (code == LS_OK) {
        ls_document_figure(doc, "hours", ls_canvas_svg(canvas));
        ls_canvas_destroy(canvas);
    }
    doc->failed = doc->failed || code != LS_OK;
    ls_sections_hours(doc, &m->hours);
}

/* Every figure that there is something for. */
static void figures(struct ls_document *doc, const struct ls_material *m) {
    for (size_t i = 0; ls_figure_names[i] != NULL; i++) {
        struct ls_canvas *canvas;
        int code = ls_figure_find(ls_figure_names[i])(&canvas, m, NULL);
        if (code == LS_OK) {
            ls_document_figure(doc, ls_figure_names[i], ls_canvas_svg(canvas));
            ls_canvas_destroy(canvas);
        }
        doc->failed = doc->failed || code == LS_ERR_NOMEM;
    }
}

void ls_evidence_sections(struct ls_document *doc, const struct ls_material *m) {
    struct ls_fold fold;
    struct ls_shown shown;
    ls_document_section(doc, "timing", "When it was on the air");
    figures(doc, m);
    if (m->row_count > 0) {
        in_time(doc, m);
    }
    if (ls_evidence_fold(m, &fold)) {
        folded(doc, m, &fold);
    }
    if (ls_material_has_cycles(m)) {
        cycles(doc, m);
    }
    if (m->has_hours) {
        hours(doc, m);
    }
    ls_document_section(doc, "evidence", "What it rests on");
    ls_document_field(doc, "evidence", "transmissions", ls_value_count(&shown, m->evidence_count));
    if (m->row_count < m->evidence_count) {
        ls_document_text(doc, "%zu of them are in the database no more.",
                         m->evidence_count - m->row_count);
    }
    struct ls_material_extent extent = ls_material_rows_extent(m);
    if (extent.start_ns > m->coverage.start_ns) {
        ls_document_text(doc,
                         "The rows kept as evidence begin at %s. What came before, from the "
                         "beginning of the incident on, counted towards it and is not listed.",
                         ls_sections_time(&shown, extent.start_ns, m->no_clock));
    }
    if (extent.stop_ns < m->coverage.stop_ns) {
        ls_document_text(doc,
                         "The rows kept as evidence end at %s. What followed, up to the end of the "
                         "incident, counted towards it and is not listed.",
                         ls_sections_time(&shown, extent.stop_ns, m->no_clock));
    }
    if (m->row_count > 0) {
        rows(doc, m);
    }
}
