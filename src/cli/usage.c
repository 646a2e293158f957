#include "cli/usage.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "cli/show.h"
#include "cli/table.h"
#include "store/positions.h"
#include "store/usage.h"

static const struct ls_option rows[] = {
    {.name = "sensor",
     .kind = LS_OPTION_NAME,
     .value = "NAME",
     .high = LS_SENSOR_BYTES - 1,
     .help = "place: the sensor that stands there"},
    {.name = "at",
     .kind = LS_OPTION_TEXT,
     .value = "LAT,LON",
     .help = "place: degrees, WGS 84, north and east positive: 51.0504,13.7373"},
};
const struct ls_option_table ls_usage_options = {
    .title = "Places", .rows = rows, .count = LS_COUNT(rows)};

/* "51.0504,13.7373" */
static int read_place(const char *text, struct ls_position *ret, struct ls_err *err) {
    char *end = NULL;
    ret->latitude_deg = strtod(text, &end);
    bool ok = end != text && *end == ',';
    const char *second = ok ? end + 1 : text;
    ret->longitude_deg = strtod(second, &end);
    if (!ok || end == second || *end != '\0') {
        return ls_err_set(err, LS_ERR_ARG, "option '--at': '%.60s' is no LAT,LON in degrees", text);
    }
    return LS_OK;
}

int ls_usage_place(struct ls_store *store, const struct ls_call *call, struct ls_err *err) {
    const char *sensor = ls_args_text(call->args, "sensor");
    const char *at = ls_args_text(call->args, "at");
    struct ls_position position = {.since_ns = ls_time_now(), .altitude_m = (double)NAN};
    if (sensor == NULL || at == NULL) {
        return ls_err_set(err, LS_ERR_ARG, "'db place' needs '--sensor NAME' and '--at LAT,LON'");
    }
    ls_copy_text(position.sensor, sizeof position.sensor, sensor);
    ls_copy_text(position.source, sizeof position.source, "person");
    int code = read_place(at, &position, err);
    if (code == LS_OK) {
        code = ls_store_add_position(store, &position, err);
    }
    if (code == LS_OK) {
        printf("sensor '%s' stands at %.6f, %.6f\n", sensor, position.latitude_deg,
               position.longitude_deg);
    }
    return code;
}

/* --- tables --- */

enum { SENSOR, SINCE, LATITUDE, LONGITUDE, SOURCE, PLACE_COLUMNS };

static const struct ls_column place_columns[PLACE_COLUMNS] = {
    [SENSOR] = {.title = "SENSOR", .align = LS_ALIGN_LEFT, .text = true},
    [SINCE] = {.title = "STATED (UTC)", .align = LS_ALIGN_LEFT},
    [LATITUDE] = {.title = "LATITUDE", .align = LS_ALIGN_RIGHT},
    [LONGITUDE] = {.title = "LONGITUDE", .align = LS_ALIGN_RIGHT},
    [SOURCE] = {.title = "BY", .align = LS_ALIGN_LEFT},
};

static int draw_place(void *context, const struct ls_position *position, struct ls_err *err) {
    char since[LS_SHOW_BYTES];
    char latitude[LS_SHOW_BYTES];
    char longitude[LS_SHOW_BYTES];
    ls_show_time(position->since_ns, false, since);
    ls_show_number(position->latitude_deg, 6, latitude);
    ls_show_number(position->longitude_deg, 6, longitude);
    const char *cells[PLACE_COLUMNS] = {[SENSOR] = position->sensor,
                                        [SINCE] = since,
                                        [LATITUDE] = latitude,
                                        [LONGITUDE] = longitude,
                                        [SOURCE] = position->source};
    return ls_table_add(context, cells, err);
}

enum { DAY, WHAT, DID, ROWS, BYTES, DAY_COLUMNS };

static const struct ls_column day_columns[DAY_COLUMNS] = {
    [DAY] = {.title = "DAY (UTC)", .align = LS_ALIGN_LEFT},
    [WHAT] = {.title = "WHAT", .align = LS_ALIGN_LEFT, .text = true},
    [DID] = {.title = "WAS", .align = LS_ALIGN_LEFT},
    [ROWS] = {.title = "ROWS", .align = LS_ALIGN_RIGHT},
    [BYTES] = {.title = "BYTES", .align = LS_ALIGN_RIGHT},
};

static int draw_day(void *context, const struct ls_usage *usage, struct ls_err *err) {
    char day[LS_TIME_TEXT_BYTES];
    char count[LS_SHOW_BYTES];
    char bytes[LS_SHOW_BYTES];
    ls_time_format(usage->day * 86400 * LS_NS_PER_S, day);
    day[10] = '\0';
    snprintf(count, sizeof count, "%llu", (unsigned long long)usage->rows);
    snprintf(bytes, sizeof bytes, "%.0f", usage->bytes);
    const char *cells[DAY_COLUMNS] = {
        [DAY] = day, [WHAT] = usage->what, [DID] = usage->did, [ROWS] = count, [BYTES] = bytes};
    return ls_table_add(context, cells, err);
}

int ls_usage_places(struct ls_store *store, const struct ls_call *call, struct ls_err *err) {
    struct ls_table *table;
    (void)call;
    int code = ls_table_create(&table, stdout, place_columns, PLACE_COLUMNS, err);
    if (code != LS_OK) {
        return code;
    }
    code = ls_store_each_position(store, draw_place, table, err);
    if (code == LS_OK) {
        code = ls_table_finish(table, err);
    }
    ls_table_destroy(table);
    return code;
}

int ls_usage_days(struct ls_store *store, const struct ls_call *call, struct ls_err *err) {
    struct ls_table *table;
    (void)call;
    int code = ls_table_create(&table, stdout, day_columns, DAY_COLUMNS, err);
    if (code != LS_OK) {
        return code;
    }
    code = ls_store_each_usage(store, draw_day, table, err);
    if (code == LS_OK) {
        code = ls_table_finish(table, err);
    }
    ls_table_destroy(table);
    return code;
}
