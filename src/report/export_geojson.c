/* GeoJSON (RFC 7946) of incidents: sensors are points where a position was stated; an incident is a
 * line where two or more such sensors heard one pass, in the order in which they did, and has no
 * geometry otherwise: where an emitter was, nobody knows. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "model/line.h"
#include "report/export_walk.h"
#include "report/track.h"

/* An incident, written once the walk over all of them is done. */
struct shown {
    int64_t id;
    bool passes; /* its kind is about something that passes */
    char *properties;
};

struct geojson {
    struct shown *rows;
    size_t count;
    size_t room;
    bool begun; /* a feature is written */
    FILE *out;
};

static bool is_pass(const char *kind) {
    static const char *const kinds[] = {"pass-by", "repeat-pass", "corridor-track"};
    for (size_t i = 0; i < LS_COUNT(kinds); i++) {
        if (strcmp(kinds[i], kind) == 0) {
            return true;
        }
    }
    return false;
}

static int keep_incident(void *context, const struct ls_incident *row, struct ls_err *err) {
    struct geojson *geojson = context;
    void *items = geojson->rows;
    size_t size = 0;
    if (ls_grow(&items, &geojson->room, geojson->count, sizeof *geojson->rows) != LS_OK) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    geojson->rows = items;
    struct shown *shown = &geojson->rows[geojson->count++];
    *shown = (struct shown){.id = row->id, .passes = is_pass(row->finding.kind)};
    FILE *out = open_memstream(&shown->properties, &size);
    if (out == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    int code = ls_line_write_incident(out, row);
    if (fclose(out) != 0 || code != LS_OK) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    shown->properties[size - 1] = '\0'; /* its line feed */
    return LS_OK;
}

static void begin_feature(struct geojson *geojson) {
    fprintf(geojson->out, "%s\n{\"type\":\"Feature\",\"geometry\":", geojson->begun ? "," : "");
    geojson->begun = true;
}

static void write_point(FILE *out, const struct ls_position *position) {
    char longitude[LS_LINE_NUMBER_BYTES];
    char latitude[LS_LINE_NUMBER_BYTES];
    ls_line_number(position->longitude_deg, longitude);
    ls_line_number(position->latitude_deg, latitude);
    fprintf(out, "[%s,%s", longitude, latitude);
    if (!isnan(position->altitude_m)) {
        char altitude[LS_LINE_NUMBER_BYTES];
        ls_line_number(position->altitude_m, altitude);
        fprintf(out, ",%s", altitude);
    }
    fputc(']', out);
}

/* Names of sensors come from logs of others. */
static void write_name(FILE *out, const char *name) {
    for (const char *p = name; *p != '\0'; p++) {
        if (*p == '"' || *p == '\\') {
            fprintf(out, "\\%c", *p);
        } else if ((unsigned char)*p < 0x20) {
            fprintf(out, "\\u%04x", *p);
        } else {
            fputc(*p, out);
        }
    }
}

static void write_sensor(struct geojson *geojson, const struct ls_position *position) {
    char since[LS_TIME_TEXT_BYTES];
    ls_time_format(position->since_ns, since);
    begin_feature(geojson);
    fputs("{\"type\":\"Point\",\"coordinates\":", geojson->out);
    write_point(geojson->out, position);
    fputs("},\"properties\":{\"type\":\"sensor\",\"sensor\":\"", geojson->out);
    write_name(geojson->out, position->sensor);
    fprintf(geojson->out, "\",\"stated\":\"%s\",\"source\":\"%s\"}}", since, position->source);
}

static int write_incident(struct geojson *geojson, struct ls_store *store,
                          const struct ls_track *places, const struct shown *row,
                          struct ls_err *err) {
    struct ls_track track = {.count = 0};
    int code = row->passes ? ls_track_of(&track, store, row->id, places, err) : LS_OK;
    if (code != LS_OK) {
        return code;
    }
    begin_feature(geojson);
    if (track.count >= 2) {
        fputs("{\"type\":\"LineString\",\"coordinates\":[", geojson->out);
        for (size_t i = 0; i < track.count; i++) {
            fputs(i > 0 ? "," : "", geojson->out);
            write_point(geojson->out, &track.places[i]);
        }
        fputs("]}", geojson->out);
    } else {
        fputs("null", geojson->out);
    }
    fprintf(geojson->out, ",\"properties\":%s}", row->properties);
    ls_track_finish(&track);
    return LS_OK;
}

int ls_export_geojson(struct ls_store *store, const struct ls_export_opts *opts, FILE *out,
                      size_t *ret_rows, struct ls_err *err) {
    static const struct ls_export_sink sink = {.incident = keep_incident};
    struct geojson geojson = {.out = out};
    struct ls_track places = {.count = 0};
    if (opts->what != LS_EXPORT_INCIDENTS) {
        return ls_err_set(err, LS_ERR_ARG,
                          "geojson is for incidents: nobody knows where a transmission came from");
    }
    int code = ls_export_walk(store, opts, &sink, &geojson, ret_rows, err);
    if (code == LS_OK) {
        code = ls_track_places(&places, store, err);
    }
    fputs("{\"type\":\"FeatureCollection\",\"features\":[", out);
    for (size_t i = 0; i < places.count && code == LS_OK; i++) {
        write_sensor(&geojson, &places.places[i]);
    }
    for (size_t i = 0; i < geojson.count; i++) {
        if (code == LS_OK) {
            code = write_incident(&geojson, store, &places, &geojson.rows[i], err);
        }
        free(geojson.rows[i].properties);
    }
    fputs("\n]}\n", out);
    ls_track_finish(&places);
    free(geojson.rows);
    return code;
}
