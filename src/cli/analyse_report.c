#include "cli/analyse_report.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "base/text.h"
#include "base/time.h"
#include "base/units.h"
#include "base/util.h"

/* Seconds of recording analysed in a second of work; 0 when that was too short to measure. */
static double realtime(const struct ls_analyse_result *result) {
    double recorded_s = result->observed_s + result->lost_s;
    return result->elapsed_s > 0.0 ? recorded_s / result->elapsed_s : 0.0;
}

static const char *plural(size_t count) { return count == 1 ? "" : "s"; }

static void print_seconds(FILE *out, const char *before, double seconds) {
    char text[LS_UNIT_TEXT_BYTES];
    ls_seconds_format(seconds, text);
    fprintf(out, "%s%s", before, text);
}

static void print_doubts(FILE *out, const struct ls_analyse_result *result) {
    const char *before = "\n  ";
    if (result->run.incomplete) {
        fprintf(out, "%sincomplete", before);
        before = "; ";
    }
    if (result->run.note[0] != '\0') {
        fprintf(out, "%s%s", before, result->run.note);
        before = "; ";
    }
    if (result->clipped_samples > 0 && result->samples > 0) {
        double percent = 100.0 * (double)result->clipped_samples / (double)result->samples;
        fprintf(out, "%s%.2g %% of the samples are at full scale", before, percent);
        before = "; ";
    }
    if (result->boxes.skipped > 0) {
        fprintf(out, "%s%llu of %llu bursts' parts were too many to be measured closely", before,
                (unsigned long long)result->boxes.skipped, (unsigned long long)result->boxes.boxes);
    }
}

static void print_cells(FILE *out, const struct ls_stations *cells) {
    if (cells->count == 0) {
        return;
    }
    fprintf(out, "\n  receiver %.2f ppm %s (+-%.2f) against %zu cell%s", fabs(cells->ppm),
            cells->ppm < 0.0 ? "slow" : "fast", cells->error_ppm, cells->count,
            plural(cells->count));
}

int ls_analyse_report_text(FILE *out, const char *recording,
                           const struct ls_analyse_result *result) {
    fprintf(out, "%s: %zu transmission%s", recording, result->transmissions,
            plural(result->transmissions));
    print_seconds(out, "; observed ", result->observed_s);
    print_seconds(out, ", lost ", result->lost_s);
    if (result->off_s > 0.0) {
        print_seconds(out, ", off ", result->off_s);
    }
    double times = realtime(result);
    fprintf(out, "; %.*fx real time", times < 0.1 ? 2 : times < 10.0 ? 1 : 0, times);
    print_cells(out, &result->cells);
    print_doubts(out, result);
    return fputc('\n', out) == EOF || ferror(out) ? LS_ERR_IO : LS_OK;
}

static void set_time(json_t *object, const char *key, int64_t ns) {
    char text[LS_TIME_TEXT_BYTES];
    ls_time_format(ns, text);
    json_object_set_new(object, key, json_string(text));
}

/* Boxes that were candidates and are no bursts, by reason. */
static json_t *declined(const struct ls_analyse_result *result) {
    return json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I}", "leakage", (json_int_t)result->declined_leakage, "image",
        (json_int_t)result->declined_image, "product", (json_int_t)result->declined_product,
        "floor", (json_int_t)result->declined_floor, "impulse",
        (json_int_t)result->declined_impulse, "weak", (json_int_t)result->declined_weak);
}

/* How much of the boxes was looked at closely. */
static json_t *measured(const struct ls_analyse_result *result) {
    const struct ls_box_counts *c = &result->boxes;
    return json_pack("{s:I, s:I, s:I, s:I, s:I}", "boxes", (json_int_t)c->boxes, "without_spectrum",
                     (json_int_t)c->unmeasured, "alike", (json_int_t)c->alike, "skipped",
                     (json_int_t)c->skipped, "narrow_samples", (json_int_t)c->narrow_samples);
}

int ls_analyse_report_json(FILE *out, const char *recording, const char *db,
                           const struct ls_analyse_result *result) {
    const struct ls_run *run = &result->run;
    LS_AUTO(char) recording_text = ls_text_mended(recording);
    LS_AUTO(char) db_text = ls_text_mended(db);
    json_t *object =
        json_pack("{s:s, s:I, s:s, s:s, s:s}", "type", "run", "run", (json_int_t)run->id,
                  "recording", recording_text, "sensor", run->sensor, "db", db_text);
    if (object == NULL) {
        return LS_ERR_IO;
    }
    if (!run->no_clock) {
        set_time(object, "start", run->first_ns);
        set_time(object, "stop", run->last_ns);
    }
    json_t *rest =
        json_pack("{s:b, s:I, s:I, s:f, s:f, s:f, s:f, s:f, s:I, s:I, s:I, s:b, s:s, s:s, s:s}",
                  "no_clock", run->no_clock, "transmissions", (json_int_t)result->transmissions,
                  "bursts", (json_int_t)result->bursts, "observed_s", result->observed_s, "lost_s",
                  result->lost_s, "off_s", result->off_s, "elapsed_s", result->elapsed_s,
                  "realtime", realtime(result), "samples", (json_int_t)result->samples,
                  "invalid_samples", (json_int_t)result->invalid_samples, "clipped_samples",
                  (json_int_t)result->clipped_samples, "incomplete", run->incomplete, "note",
                  run->note, "plan", run->plan, "input_sha512", run->input_sha512);
    json_object_update_new(object, rest);
    if (result->cells.count > 0) {
        json_object_set_new(object, "cells", json_integer((json_int_t)result->cells.count));
        json_object_set_new(object, "receiver_ppm", json_real(result->cells.ppm));
        json_object_set_new(object, "receiver_ppm_error", json_real(result->cells.error_ppm));
    }
    json_object_set_new(object, "declined", declined(result));
    json_object_set_new(object, "measured", measured(result));
    char *text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(12));
    json_decref(object);
    int written = text == NULL ? -1 : fprintf(out, "%s\n", text);
    free(text);
    return written < 0 ? LS_ERR_IO : LS_OK;
}
