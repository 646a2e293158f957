#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "model/line.h"

void ls_line_number(double value, char ret[LS_LINE_NUMBER_BYTES]) {
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

static void write_text(FILE *out, const char *key, const char *text) {
    fprintf(out, ",\"%s\":\"", key);
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

static int write_transmission(FILE *out, int64_t id, const struct ls_transmission *row) {
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
    write_known_text(out, "class", row->class_name);
    write_known_number(out, "offset_hz", row->offset_hz);
    if (row->bursts > 0) {
        fprintf(out, ",\"bursts\":%llu", (unsigned long long)row->bursts);
    }
    return end_line(out);
}

int ls_line_write_transmission(FILE *out, const struct ls_transmission *row) {
    return write_transmission(out, 0, row);
}

int ls_line_write_stored_transmission(FILE *out, const struct ls_transmission *row) {
    return write_transmission(out, row->id, row);
}

int ls_line_write_observation(FILE *out, const struct ls_observation *row) {
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
