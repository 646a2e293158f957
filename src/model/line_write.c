#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "model/line.h"

/* Most numbers of a log are decimals of a few places. One of no more than fifteen digits comes out
 * of "%.15g" as it is, and is the number if dividing gives it back. False: another kind of number.
 */
static bool write_decimal(double value, char ret[LS_LINE_NUMBER_BYTES]) {
    static const double tens[] = {1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6};
    double size = fabs(value);
    size_t places = 0;
    if (!(size >= 1e-4 && size < 1e9)) { /* beyond: an exponent, or too many digits */
        return false;
    }
    while (places < LS_COUNT(tens) && rint(size * tens[places]) / tens[places] != size) {
        places++;
    }
    if (places == LS_COUNT(tens)) {
        return false;
    }
    uint64_t rest = (uint64_t)rint(size * tens[places]);
    char reversed[LS_LINE_NUMBER_BYTES];
    size_t count = 0;
    for (size_t digit = 0; digit <= places || rest > 0; digit++, rest /= 10) {
        if (digit == places && places > 0) {
            reversed[count++] = '.';
        }
        reversed[count++] = (char)('0' + rest % 10);
    }
    *ret = '-';
    ret += value < 0.0;
    for (size_t i = 0; i < count; i++) {
        ret[i] = reversed[count - 1 - i];
    }
    ret[count] = '\0';
    return true;
}

void ls_line_number(double value, char ret[LS_LINE_NUMBER_BYTES]) {
    if (write_decimal(value, ret)) {
        return;
    }
    /* Fifteen digits always survive text, seventeen always suffice (IEEE 754, 5.12.2). */
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(ret, LS_LINE_NUMBER_BYTES, "%.*g", digits, value);
        if (strtod(ret, NULL) == value) {
            break;
        }
    }
    /* The user's locale may write a comma. */
    char *comma = strchr(ret, ',');
    if (comma != NULL) {
        *comma = '.';
    }
}

static void write_string(FILE *out, const char *text) {
    putc('"', out);
    for (const char *p = text; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;
        if (c == '"' || c == '\\') {
            putc('\\', out);
            putc(c, out);
        } else if (c < 0x20 || c == 0x7f) {
            fprintf(out, "\\u%04x", c);
        } else {
            putc(c, out);
        }
    }
    putc('"', out);
}

static void write_text(FILE *out, const char *key, const char *text) {
    fprintf(out, ",\"%s\":", key);
    write_string(out, text);
}

static void write_known_text(FILE *out, const char *key, const char *text) {
    if (text[0] != '\0') {
        write_text(out, key, text);
    }
}

static void write_time(FILE *out, const char *key, int64_t ns) {
    char text[LS_TIME_TEXT_BYTES];
    ls_time_format(ns, text);
    write_text(out, key, text);
}

static void write_known_number(FILE *out, const char *key, double value) {
    if (!isfinite(value)) {
        return;
    }
    char text[LS_LINE_NUMBER_BYTES];
    ls_line_number(value, text);
    fprintf(out, ",\"%s\":%s", key, text);
}

static double seconds(int64_t ns) { return (double)ns / 1e9; }

static int end_line(FILE *out) {
    fputs("}\n", out);
    return ferror(out) ? LS_ERR_IO : LS_OK;
}

/* Names with commas as an array; class names need no escapes. */
static void write_rivals(FILE *out, const char *rivals) {
    const char *before = ",\"class_rivals\":[";
    while (rivals[0] != '\0') {
        size_t length = strcspn(rivals, ",");
        fprintf(out, "%s\"%.*s\"", before, (int)length, rivals);
        before = ",";
        rivals += length + (rivals[length] == ',');
    }
    fputs(before[1] != '\0' ? "" : "]", out);
}

static int write_transmission(FILE *out, int64_t id, const struct ls_transmission *row,
                              const char *label) {
    fputs("{\"type\":\"transmission\"", out);
    if (id != 0) {
        fprintf(out, ",\"id\":%lld", (long long)id);
    }
    write_known_text(out, "sensor", row->sensor);
    write_time(out, "start", row->start_ns);
    write_known_number(out, "duration_s", seconds(row->duration_ns));
    write_known_number(out, "center_hz", row->center_hz);
    write_known_number(out, "bandwidth_hz", row->bandwidth_hz);
    write_known_number(out, "snr_db", row->snr_db);
    write_known_number(out, "level_dbfs", row->level_dbfs);
    if (row->has_dbm) {
        write_known_number(out, "level_dbm", row->level_dbm);
    }
    write_known_text(out, "class", row->class_name);
    if (row->class_name[0] != '\0') {
        write_known_number(out, "class_score", row->class_score);
        write_rivals(out, row->class_rivals);
    }
    write_known_number(out, "offset_hz", row->offset_hz);
    if (row->bursts > 0) {
        fprintf(out, ",\"bursts\":%llu", (unsigned long long)row->bursts);
    }
    write_known_text(out, "label", label);
    return end_line(out);
}

int ls_line_write_transmission(FILE *out, const struct ls_transmission *row) {
    return write_transmission(out, 0, row, "");
}

int ls_line_write_labelled_transmission(FILE *out, const struct ls_transmission *row,
                                        const char *label) {
    return write_transmission(out, 0, row, label);
}

int ls_line_write_stored_transmission(FILE *out, const struct ls_transmission *row,
                                      const char *label) {
    return write_transmission(out, row->id, row, label);
}

int ls_line_write_observation(FILE *out, const struct ls_observation *row) {
    return ls_line_write_labelled_observation(out, row, "");
}

int ls_line_write_labelled_observation(FILE *out, const struct ls_observation *row,
                                       const char *label) {
    fputs("{\"type\":\"observation\"", out);
    write_known_text(out, "sensor", row->sensor);
    write_time(out, "start", row->start_ns);
    write_time(out, "stop", row->stop_ns);
    write_known_number(out, "low_hz", row->low_hz);
    write_known_number(out, "high_hz", row->high_hz);
    if (row->state != LS_OBSERVED) {
        write_text(out, "state", ls_observation_state_name(row->state));
        write_known_text(out, "cause", row->cause);
    }
    if (row->noise.known) {
        write_known_number(out, "floor_dbfs_hz", row->noise.floor_dbfs_hz);
        write_known_number(out, "floor_error_db", row->noise.floor_error_db);
        write_known_number(out, "weakest_dbfs", row->noise.weakest_dbfs);
    }
    write_known_text(out, "label", label);
    return end_line(out);
}

int ls_line_write_burst(FILE *out, const char *sensor, const struct ls_burst *row,
                        int64_t transmission) {
    fputs("{\"type\":\"burst\"", out);
    write_known_text(out, "sensor", sensor);
    write_time(out, "start", row->start_ns);
    write_known_number(out, "duration_s", seconds(row->duration_ns));
    write_known_number(out, "center_hz", row->center_hz);
    write_known_number(out, "bandwidth_hz", row->bandwidth_hz);
    write_known_number(out, "snr_db", row->snr_db);
    write_known_number(out, "level_dbfs", row->level_dbfs);
    if (transmission > 0) {
        fprintf(out, ",\"transmission\":%lld", (long long)transmission);
    }
    return end_line(out);
}

/* --- emitters --- */

int ls_line_write_emitter(FILE *out, const struct ls_emitter *row) {
    fprintf(out, "{\"type\":\"emitter\",\"id\":%lld", (long long)row->id);
    write_known_text(out, "sensor", row->sensor);
    write_time(out, "start", row->first_ns);
    write_time(out, "stop", row->last_ns);
    fprintf(out, ",\"transmissions\":%llu", (unsigned long long)row->transmissions);
    write_known_number(out, "on_s", row->on_s);
    write_known_number(out, "low_hz", row->low_hz);
    write_known_number(out, "high_hz", row->high_hz);
    write_known_number(out, "center_hz", row->center_hz);
    write_known_number(out, "bandwidth_hz", row->bandwidth_hz);
    write_known_number(out, "duration_s", row->duration_s);
    write_known_number(out, "level_dbfs", row->level_dbfs);
    write_known_number(out, "level_spread_db", row->level_spread_db);
    write_known_text(out, "class", row->class_name);
    write_known_number(out, "offset_hz", row->offset_hz);
    write_known_number(out, "period_s", row->period_s);
    write_known_number(out, "jitter_s", row->jitter_s);
    fprintf(out, ",\"hops\":%s", row->hops ? "true" : "false");
    write_known_number(out, "score", row->score);
    return end_line(out);
}

int ls_line_write_link(FILE *out, int64_t emitter_id, const struct ls_transmission *row,
                       const char *reason, unsigned percent) {
    fprintf(out, "{\"type\":\"link\",\"emitter\":%lld,\"transmission\":%lld", (long long)emitter_id,
            (long long)row->id);
    write_time(out, "start", row->start_ns);
    write_text(out, "reason", reason);
    fprintf(out, ",\"percent\":%u", percent);
    return end_line(out);
}

int ls_line_write_emitter_event(FILE *out, const struct ls_emitter_event *row) {
    fprintf(out, "{\"type\":\"%s\",\"emitter\":%lld,\"other\":%lld", row->split ? "split" : "merge",
            (long long)row->emitter_id, (long long)row->other_id);
    write_time(out, "start", row->t_ns);
    write_text(out, "reason", row->text);
    return end_line(out);
}

/* --- findings and incidents --- */

static void write_number(FILE *out, double value) {
    char text[LS_LINE_NUMBER_BYTES];
    if (!isfinite(value)) {
        fputs("null", out);
        return;
    }
    ls_line_number(value, text);
    fputs(text, out);
}

void ls_line_write_parameters(FILE *out, const struct ls_finding *row) {
    putc('{', out);
    for (size_t i = 0; i < row->parameter_count; i++) {
        const struct ls_parameter *p = &row->parameters[i];
        fprintf(out, "%s\"%s\":", i > 0 ? "," : "", p->name);
        if (p->text[0] != '\0') {
            write_string(out, p->text);
        } else {
            write_number(out, p->value);
        }
    }
    putc('}', out);
}

void ls_line_write_intervals(FILE *out, const struct ls_finding *row) {
    bool begun = false;
    putc('{', out);
    for (size_t i = 0; i < row->parameter_count; i++) {
        const struct ls_parameter *p = &row->parameters[i];
        if (!isfinite(p->low) || !isfinite(p->high)) {
            continue;
        }
        fprintf(out, "%s\"%s\":[", begun ? "," : "", p->name);
        write_number(out, p->low);
        putc(',', out);
        write_number(out, p->high);
        putc(']', out);
        begun = true;
    }
    putc('}', out);
}

void ls_line_write_rivals(FILE *out, const struct ls_finding *row) {
    putc('[', out);
    for (size_t i = 0; i < row->rival_count; i++) {
        fputs(i > 0 ? "," : "", out);
        write_string(out, row->rivals[i]);
    }
    putc(']', out);
}

static void write_range(FILE *out, const struct ls_finding *row) {
    write_time(out, "start", row->start_ns);
    write_time(out, "stop", row->stop_ns);
    write_known_number(out, "low_hz", row->low_hz);
    write_known_number(out, "high_hz", row->high_hz);
}

int ls_line_write_finding(FILE *out, const struct ls_finding *row) {
    fputs("{\"type\":\"finding\"", out);
    write_text(out, "kind", row->kind);
    write_known_number(out, "false_alarm_probability", ls_finding_probability(row));
    fprintf(out, ",\"reported\":%s,\"searches\":%llu", row->reported ? "true" : "false",
            (unsigned long long)row->searches);
    write_known_number(out, "trials", row->trials);
    if (row->stop_ns > row->start_ns) {
        write_range(out, row);
    }
    fputs(",\"parameters\":", out);
    ls_line_write_parameters(out, row);
    return end_line(out);
}

static void write_evidence(FILE *out, const struct ls_finding *row) {
    fputs(",\"transmissions\":[", out);
    for (size_t i = 0; i < row->evidence_count; i++) {
        fprintf(out, "%s%lld", i > 0 ? "," : "", (long long)row->evidence[i]);
    }
    putc(']', out);
}

int ls_line_write_incident(FILE *out, const struct ls_incident *row) {
    const struct ls_finding *finding = &row->finding;
    fprintf(out, "{\"type\":\"incident\",\"id\":%lld", (long long)row->id);
    write_text(out, "kind", finding->kind);
    write_text(out, "severity", ls_severity_name(row->severity));
    write_known_number(out, "false_alarm_probability", ls_finding_probability(finding));
    write_range(out, finding);
    write_known_text(out, "sensor", finding->sensor);
    fputs(",\"parameters\":", out);
    ls_line_write_parameters(out, finding);
    write_evidence(out, finding);
    fputs(",\"rivals\":", out);
    ls_line_write_rivals(out, finding);
    write_text(out, "limits", finding->limits);
    fprintf(out, ",\"detector\":\"%s/%u\",\"intervals\":", finding->kind, finding->version);
    ls_line_write_intervals(out, finding);
    fprintf(out, ",\"confirmed\":%s,\"findings\":%llu", row->confirmed ? "true" : "false",
            (unsigned long long)row->findings);
    if (row->permit != 0) {
        fprintf(out, ",\"permit\":%lld", (long long)row->permit);
    }
    write_known_text(out, "band", row->band);
    write_text(out, "words", finding->words);
    write_known_text(out, "label", row->label);
    return end_line(out);
}
