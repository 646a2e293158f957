#include "report/sections.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "base/units.h"
#include "base/util.h"
#include "model/calibration.h"
#include "report/render.h"

enum { STRIP_CELLS = 72 };

const char *ls_sections_time(struct ls_shown *room, int64_t ns, bool no_clock) {
    return ls_value_time(room, ns, no_clock).text;
}

/* --- coverage --- */

static void coverage_states(struct ls_document *doc, const struct ls_coverage *coverage) {
    static const char *const keys[LS_COVERAGE_STATES] = {
        [LS_COVERAGE_WHOLE] = "observed_s",    [LS_COVERAGE_PART] = "observed_in_part_s",
        [LS_COVERAGE_LOST] = "lost_s",         [LS_COVERAGE_RETUNING] = "retuning_s",
        [LS_COVERAGE_AWAY] = "hopped_away_s",  [LS_COVERAGE_OFF] = "off_s",
        [LS_COVERAGE_UNKNOWN] = "no_record_s",
    };
    double all_s = (double)(coverage->stop_ns - coverage->start_ns) / 1e9;
    for (size_t i = 0; i < LS_COVERAGE_STATES; i++) {
        struct ls_shown shown;
        double seconds = fmax(0.0, coverage->seconds[i]);
        ls_value_seconds(&shown, seconds);
        size_t used = strlen(shown.text);
        snprintf(shown.text + used, sizeof shown.text - used, " (%.2f %%)",
                 100.0 * seconds / all_s);
        ls_document_field(doc, keys[i], ls_coverage_words((enum ls_coverage_state)i), shown.value);
    }
}

static void coverage_causes(struct ls_document *doc, const struct ls_coverage *coverage) {
    if (coverage->cause_count == 0) {
        return;
    }
    ls_document_table(doc, "causes", "When it did not listen, as the ledger says it");
    ls_document_column(doc, "state", "STATE", false, 0);
    ls_document_column(doc, "cause", "CAUSE", false, 0);
    ls_document_column(doc, "times", "TIMES", true, 0);
    ls_document_column(doc, "seconds", "IN ALL", true, 0);
    for (size_t i = 0; i < coverage->cause_count; i++) {
        const struct ls_coverage_cause *cause = &coverage->causes[i];
        struct ls_shown rows;
        struct ls_shown seconds;
        ls_document_cell(doc, ls_value_text(ls_observation_state_name(cause->state)));
        ls_document_cell(doc, ls_value_text(cause->cause[0] == '\0' ? "-" : cause->cause));
        ls_document_cell(doc, ls_value_count(&rows, cause->rows));
        ls_document_cell(doc, ls_value_seconds(&seconds, cause->seconds));
    }
}

/* What could have been heard: "no transmission" means no stronger one. */
static void coverage_weakest(struct ls_document *doc, const struct ls_coverage *coverage) {
    if (isnan(coverage->weakest_most_dbfs)) {
        return;
    }
    struct ls_shown shown;
    ls_value_number(&shown, coverage->weakest_most_dbfs, 1);
    ls_document_field(doc, "weakest_dbfs", "weakest found, dBFS", shown.value);
    ls_document_text(doc,
                     "The last is the level from which a burst of 25 kHz and 10 ms is found nine "
                     "times in ten, at the worst of times; at the best it was %.1f dBFS. Weaker "
                     "bursts, and shorter ones of that level, would mostly have been missed.",
                     coverage->weakest_least_dbfs);
}

void ls_sections_coverage(struct ls_document *doc, const struct ls_coverage *coverage,
                          const char *range) {
    double shares[STRIP_CELLS];
    char each[LS_UNIT_TEXT_BYTES];
    char ends[160];
    ls_document_section(doc, "coverage", "When the receiver listened");
    ls_document_text(doc,
                     "Of the time of this report, %s was covered as follows; each moment counts "
                     "once, for the best the ledger has.",
                     range);
    coverage_states(doc, coverage);
    coverage_weakest(doc, coverage);
    ls_coverage_shares(coverage, STRIP_CELLS, shares);
    ls_seconds_format((double)(coverage->stop_ns - coverage->start_ns) / 1e9 / STRIP_CELLS, each);
    snprintf(ends, sizeof ends,
             "From the first moment to the last; a cell is %s, full where all "
             "of it was listened to, empty where none was.",
             each);
    ls_document_strip(doc, "listened", "Share of time listened to", shares, STRIP_CELLS, ends);
    coverage_causes(doc, coverage);
}

/* --- the instrument --- */

void ls_sections_reading(struct ls_health *readings, size_t *count, const struct ls_health *row) {
    static const char *const subjects[] = {"clock", "ntp", "gpsd", "position", "gain", "receiver"};
    size_t i = 0;
    while (i < LS_COUNT(subjects) && strcmp(subjects[i], row->subject) != 0) {
        i++;
    }
    if (i == LS_COUNT(subjects)) {
        return;
    }
    for (i = 0; i < *count; i++) {
        if (strcmp(readings[i].subject, row->subject) == 0 &&
            strcmp(readings[i].sensor, row->sensor) == 0) {
            readings[i] = *row;
            return;
        }
    }
    if (*count < LS_SECTIONS_READINGS_MAX) {
        readings[(*count)++] = *row;
    }
}

static void health_columns(struct ls_document *doc) {
    ls_document_column(doc, "t", "TIME (UTC)", false, 0);
    ls_document_column(doc, "subject", "SUBJECT", false, 0);
    ls_document_column(doc, "level", "LEVEL", false, 0);
    ls_document_column(doc, "text", "WHAT", false, 0);
}

static void health_row(struct ls_document *doc, const struct ls_health *row) {
    struct ls_shown time;
    ls_document_cell(doc, ls_value_time(&time, row->t_ns, false));
    ls_document_cell(doc, ls_value_text(row->subject));
    ls_document_cell(doc, ls_value_text(ls_health_level_name(row->level)));
    ls_document_cell(doc, ls_value_text(row->text));
}

static void clock_words(struct ls_document *doc, bool no_clock) {
    if (no_clock) {
        ls_document_text(doc, "The recording names no time of day: times count from its start, and "
                              "nothing here can be set against other clocks.");
    } else {
        ls_document_text(doc, "Times are UTC, from the position of the samples and the clock of "
                              "the source (for an imported log, as the log says them); they are "
                              "as true as that clock was.");
    }
}

static size_t count_calibrated(const struct ls_run *runs, size_t count) {
    struct ls_calibration calibration;
    size_t calibrated = 0;
    for (size_t i = 0; i < count; i++) {
        ls_calibration_of_options(runs[i].options, &calibration);
        calibrated += calibration.count > 0;
    }
    return calibrated;
}

static void calibration_items(struct ls_document *doc, const struct ls_run *runs, size_t count) {
    enum { SHOWN = 8 };
    struct ls_calibration calibration;
    for (size_t i = 0; i < count && i < SHOWN; i++) {
        ls_calibration_of_options(runs[i].options, &calibration);
        if (calibration.count > 0) {
            ls_document_item(doc, "run %lld: %.1f dBm at full scale%s", (long long)runs[i].id,
                             calibration.points[0].dbm,
                             calibration.count > 1
                                 ? " at the lowest frequency; its options have the others"
                                 : "");
        }
    }
}

static void level_words(struct ls_document *doc, const struct ls_run *runs, size_t count) {
    size_t calibrated = count_calibrated(runs, count);
    if (calibrated == 0) {
        ls_document_text(doc, "Levels are in dBFS, decibels below full scale of the receiver: no "
                              "calibration is stored with these rows, so a level compares with "
                              "others of one sensor at one gain, and says nothing of the power "
                              "sent.");
        return;
    }
    ls_document_text(doc,
                     "Levels are in dBFS, decibels below full scale of the receiver. %zu of %zu "
                     "runs state a calibration: their levels in dBm are those at the antenna "
                     "connector, as true as that calibration was at the gain in use. They say "
                     "nothing of the power sent.",
                     calibrated, count);
    calibration_items(doc, runs, count);
}

void ls_sections_instrument(struct ls_document *doc, const struct ls_sections_instrument *state) {
    ls_document_section(doc, "instrument", "Calibration and clock");
    level_words(doc, state->runs, state->run_count);
    clock_words(doc, state->no_clock);
    if (state->reading_count > 0) {
        ls_document_table(doc, "readings", "What the sensor last read of its clock and receiver");
        health_columns(doc);
        for (size_t i = 0; i < state->reading_count; i++) {
            health_row(doc, &state->readings[i]);
        }
    }
    if (state->health_count == 0) {
        ls_document_text(doc, "The sensor recorded no trouble with itself in this time. A "
                              "recording or an imported log has no such record.");
        return;
    }
    ls_document_table(doc, "health",
                      state->health_count < LS_SECTIONS_HEALTH_MAX
                          ? "Trouble that the sensor had with itself"
                          : "Trouble that the sensor had with itself: the first rows; 'lineside "
                            "health' has all");
    health_columns(doc);
    for (size_t i = 0; i < state->health_count; i++) {
        health_row(doc, &state->health[i]);
    }
}

/* --- by day and hour --- */

/* "|▁▂ ··|": two characters an hour. */
static void hours_bar(const struct ls_heat *heat, size_t row, char *ret, size_t size) {
    size_t used = (size_t)snprintf(ret, size, "|");
    for (size_t hour = 0; hour < heat->columns; hour++) {
        const char *block = ls_render_block(ls_heat_share(heat, row, hour));
        used += (size_t)snprintf(ret + used, size - used, "%s%s", block, block);
    }
    snprintf(ret + used, size - used, "|");
}

static void hours_raw(const struct ls_heat *heat, size_t row, char *ret, size_t size) {
    size_t used = (size_t)snprintf(ret, size, "[");
    for (size_t hour = 0; hour < heat->columns; hour++) {
        double share = ls_heat_share(heat, row, hour);
        used += (size_t)snprintf(ret + used, size - used, "%s", hour > 0 ? ", " : "");
        used += (size_t)snprintf(ret + used, size - used, isnan(share) ? "null" : "%.4g", share);
    }
    snprintf(ret + used, size - used, "]");
}

void ls_sections_hours(struct ls_document *doc, const struct ls_heat *heat) {
    enum { CELL_BYTES = 512 };
    char bar[CELL_BYTES];
    char raw[CELL_BYTES];
    char day[LS_TIME_TEXT_BYTES];
    ls_document_table(doc, "hours",
                      "Share of the time listened to that was in use, by day and hour (UTC); dots: "
                      "nobody listened");
    ls_document_column(doc, "day", heat->row_days > 1 ? "DAYS FROM" : "DAY", false, 0);
    ls_document_column(doc, "shares", " 00          06          12          18", false, 0);
    ls_document_drawn(doc);
    for (size_t row = 0; row < heat->rows; row++) {
        ls_time_format(heat->start_ns + (int64_t)row * heat->row_days * LS_NS_PER_DAY, day);
        day[strlen("2026-11-20")] = '\0';
        hours_bar(heat, row, bar, sizeof bar);
        hours_raw(heat, row, raw, sizeof raw);
        ls_document_cell(doc, ls_value_text(day));
        ls_document_cell(doc, (struct ls_value){.text = bar, .raw = raw});
    }
}

/* --- permits and deletions --- */

void ls_sections_permits(struct ls_document *doc, const struct ls_permit *permits, size_t count,
                         const char *none) {
    ls_document_section(doc, "permits", "Permits");
    if (count == 0) {
        ls_document_text(doc, "%s", none);
        return;
    }
    ls_document_table(doc, "permits", "Registered activities that overlap it");
    ls_document_column(doc, "id", "ID", true, 0);
    ls_document_column(doc, "owner", "OWNER", false, 0);
    ls_document_column(doc, "purpose", "PURPOSE", false, 0);
    ls_document_column(doc, "low_hz", "FROM MHz", true, 0);
    ls_document_column(doc, "high_hz", "TO MHz", true, 0);
    ls_document_column(doc, "since", "SINCE (UTC)", false, 1);
    ls_document_column(doc, "until", "UNTIL (UTC)", false, 2);
    for (size_t i = 0; i < count; i++) {
        const struct ls_permit *permit = &permits[i];
        struct ls_shown shown;
        struct ls_value ever = {.text = "not ended", .raw = "null"};
        ls_document_cell(doc, ls_value_count(&shown, (uint64_t)permit->id));
        ls_document_cell(doc, ls_value_text(permit->owner));
        ls_document_cell(doc, ls_value_text(permit->purpose));
        ls_document_cell(doc, ls_value_mhz(&shown, permit->low_hz));
        ls_document_cell(doc, ls_value_mhz(&shown, permit->high_hz));
        ls_document_cell(doc, ls_value_time(&shown, permit->since_ns, false));
        ls_document_cell(doc, permit->until_ns == INT64_MAX
                                  ? ever
                                  : ls_value_time(&shown, permit->until_ns, false));
    }
}

void ls_sections_label(struct ls_document *doc, const struct ls_run *runs, size_t count) {
    char text[256] = "";
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        bool known = runs[i].label[0] == '\0' || length + LS_LABEL_BYTES + 4 > sizeof text;
        for (size_t j = 0; j < i && !known; j++) {
            known = strcmp(runs[i].label, runs[j].label) == 0;
        }
        if (!known) {
            length += (size_t)snprintf(text + length, sizeof text - length, "%s%s",
                                       length > 0 ? " + " : "", runs[i].label);
        }
    }
    if (length > 0) {
        ls_document_field(doc, "label", "classification", ls_value_text(text));
    }
}

void ls_sections_deletions(struct ls_document *doc, const struct ls_pruning *prunings,
                           size_t count) {
    ls_document_section(doc, "deletions", "What was deleted");
    if (count == 0) {
        ls_document_text(doc, "Retention has deleted nothing from this database.");
        return;
    }
    ls_document_text(doc, "Rows that an incident rests on, and pinned ones, stay; others were "
                          "deleted by age or size, and cannot be looked at again.");
    ls_document_table(doc, "deletions", "Deletions");
    ls_document_column(doc, "t", "DONE (UTC)", false, 0);
    ls_document_column(doc, "what", "TABLE", false, 0);
    ls_document_column(doc, "reason", "REASON", false, 0);
    ls_document_column(doc, "rows", "ROWS", true, 0);
    ls_document_column(doc, "pinned", "KEPT", true, 0);
    for (size_t i = 0; i < count; i++) {
        struct ls_shown shown;
        ls_document_cell(doc, ls_value_time(&shown, prunings[i].t_ns, false));
        ls_document_cell(doc, ls_value_text(prunings[i].what));
        ls_document_cell(doc, ls_value_text(prunings[i].reason));
        ls_document_cell(doc, ls_value_count(&shown, prunings[i].rows));
        ls_document_cell(doc, ls_value_count(&shown, prunings[i].pinned));
    }
}

/* --- provenance --- */

static const char *or_dash(const char *text) { return text[0] == '\0' ? "-" : text; }

static void run_fields(struct ls_document *doc, const struct ls_run *run) {
    char key[64];
    char label[64];
    char text[320];
    struct ls_shown first;
    struct ls_shown last;
    const struct {
        const char *key;
        const char *label;
        const char *text;
    } fields[] = {
        {"input", "input", or_dash(run->input)},
        {"input_sha512", "SHA-512 of the input", or_dash(run->input_sha512)},
        {"verb", "read by", run->verb},
        {"version", "program version", run->version},
        {"options", "options", or_dash(run->options)},
        {"plan", "band plan", or_dash(run->plan)},
        {"note", "note", or_dash(run->note)},
    };
    snprintf(text, sizeof text, "%s to %s%s",
             ls_sections_time(&first, run->first_ns, run->no_clock),
             ls_sections_time(&last, run->last_ns, run->no_clock),
             run->incomplete ? "; incomplete" : "");
    snprintf(key, sizeof key, "run_%lld_time", (long long)run->id);
    snprintf(label, sizeof label, "run %lld", (long long)run->id);
    ls_document_field(doc, key, label, ls_value_text(text));
    for (size_t i = 0; i < LS_COUNT(fields); i++) {
        snprintf(key, sizeof key, "run_%lld_%s", (long long)run->id, fields[i].key);
        snprintf(label, sizeof label, "  %s", fields[i].label);
        ls_document_field(doc, key, label, ls_value_text(fields[i].text));
    }
}

void ls_sections_provenance(struct ls_document *doc, const struct ls_run *runs, size_t count) {
    enum { RUNS_MAX = 20 };
    ls_document_section(doc, "provenance", "Where it comes from");
    ls_document_field(doc, "report_version", "report written by",
                      ls_value_text("lineside " LS_VERSION));
    struct ls_shown shown;
    ls_document_field(doc, "runs", "runs behind it", ls_value_count(&shown, count));
    for (size_t i = 0; i < count && i < RUNS_MAX; i++) {
        run_fields(doc, &runs[i]);
    }
    if (count > RUNS_MAX) {
        ls_document_text(doc, "%zu more runs are not listed here; the database has them.",
                         count - RUNS_MAX);
    }
}
