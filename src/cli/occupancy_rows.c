/* Observations are read once and kept, as they say which bands are worth a query; transmissions are
 * read band by band, so memory holds those of one band.
 *
 * Recordings without a clock all begin at 1970. Only durations matter here, so each of them is
 * moved to a stretch of time of its own, behind everything else. */
#include "cli/occupancy_rows.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

struct boxes {
    struct ls_occupancy_box *items;
    size_t count;
    size_t capacity;
};

struct sensor {
    char name[LS_SENSOR_BYTES];
    struct boxes observed;
};

/* A run without a clock: where it lies in its own time, and by how much it is moved. */
struct shifted {
    int64_t run_id;
    int64_t first_ns;
    int64_t last_ns;
    int64_t shift_ns;
};

struct gather {
    const struct ls_occupancy_ask *ask;
    struct sensor *sensors;
    size_t sensor_count;
    size_t sensor_capacity;
    struct shifted *shifted;
    size_t shifted_count;
    size_t shifted_capacity;
    int64_t last_ns;            /* of runs with a clock */
    struct boxes transmissions; /* of the sensor and band at hand */
};

static int out_of_memory(struct ls_err *err) {
    return ls_err_set(err, LS_ERR_NOMEM, "out of memory: ask for a shorter time or one band");
}

/* --- runs without a clock --- */

static struct shifted *find_shifted(const struct gather *gather, int64_t run_id) {
    for (size_t i = 0; i < gather->shifted_count; i++) {
        if (gather->shifted[i].run_id == run_id) {
            return &gather->shifted[i];
        }
    }
    return NULL;
}

static bool has_no_clock(const struct gather *gather, int64_t run_id) {
    const struct ls_runs_entry *run = ls_runs_find(gather->ask->query->runs, run_id);
    return run != NULL && run->no_clock;
}

static int note_extent(struct gather *gather, const struct ls_observation *row,
                       struct ls_err *err) {
    if (!has_no_clock(gather, row->run_id)) {
        gather->last_ns = row->stop_ns > gather->last_ns ? row->stop_ns : gather->last_ns;
        return LS_OK;
    }
    struct shifted *shifted = find_shifted(gather, row->run_id);
    if (shifted == NULL) {
        void *items = gather->shifted;
        if (ls_grow(&items, &gather->shifted_capacity, gather->shifted_count,
                    sizeof *gather->shifted) != LS_OK) {
            return out_of_memory(err);
        }
        gather->shifted = items;
        shifted = &gather->shifted[gather->shifted_count++];
        *shifted = (struct shifted){row->run_id, row->start_ns, row->stop_ns, 0};
    }
    shifted->first_ns = row->start_ns < shifted->first_ns ? row->start_ns : shifted->first_ns;
    shifted->last_ns = row->stop_ns > shifted->last_ns ? row->stop_ns : shifted->last_ns;
    return LS_OK;
}

static void place_shifted(struct gather *gather) {
    int64_t next_ns = gather->last_ns;
    for (size_t i = 0; i < gather->shifted_count; i++) {
        struct shifted *shifted = &gather->shifted[i];
        shifted->shift_ns = next_ns - shifted->first_ns;
        next_ns += shifted->last_ns - shifted->first_ns;
    }
}

static int64_t shift_of(const struct gather *gather, int64_t run_id) {
    const struct shifted *shifted =
        has_no_clock(gather, run_id) ? find_shifted(gather, run_id) : NULL;
    return shifted == NULL ? 0 : shifted->shift_ns;
}

/* --- rows into boxes --- */

static struct sensor *sensor_named(struct gather *gather, const char *name) {
    for (size_t i = 0; i < gather->sensor_count; i++) {
        if (strcmp(gather->sensors[i].name, name) == 0) {
            return &gather->sensors[i];
        }
    }
    void *items = gather->sensors;
    if (ls_grow(&items, &gather->sensor_capacity, gather->sensor_count, sizeof *gather->sensors) !=
        LS_OK) {
        return NULL;
    }
    gather->sensors = items;
    struct sensor *sensor = &gather->sensors[gather->sensor_count++];
    *sensor = (struct sensor){.name = ""};
    ls_copy_text(sensor->name, sizeof sensor->name, name);
    return sensor;
}

/* Only the part between --since and --until. */
static int add_box(struct gather *gather, struct boxes *boxes, struct ls_occupancy_box box,
                   struct ls_err *err) {
    const struct ls_filter *filter = &gather->ask->query->filter;
    if (filter->has_since && box.start_ns < filter->since_ns) {
        box.start_ns = filter->since_ns;
    }
    if (filter->has_until && box.stop_ns > filter->until_ns) {
        box.stop_ns = filter->until_ns;
    }
    if (box.stop_ns <= box.start_ns) {
        return LS_OK;
    }
    void *items = boxes->items;
    if (ls_grow(&items, &boxes->capacity, boxes->count, sizeof *boxes->items) != LS_OK) {
        return out_of_memory(err);
    }
    boxes->items = items;
    boxes->items[boxes->count++] = box;
    return LS_OK;
}

static int take_extent(void *context, const struct ls_observation *row, struct ls_err *err) {
    return row->state == LS_OBSERVED ? note_extent(context, row, err) : LS_OK;
}

static int take_observation(void *context, const struct ls_observation *row, struct ls_err *err) {
    struct gather *gather = context;
    if (row->state != LS_OBSERVED) {
        return LS_OK;
    }
    struct sensor *sensor = sensor_named(gather, row->sensor);
    if (sensor == NULL) {
        return out_of_memory(err);
    }
    int64_t shift = shift_of(gather, row->run_id);
    return add_box(gather, &sensor->observed,
                   (struct ls_occupancy_box){row->start_ns + shift, row->stop_ns + shift,
                                             row->low_hz, row->high_hz},
                   err);
}

static int take_transmission(void *context, const struct ls_transmission *row, struct ls_err *err) {
    struct gather *gather = context;
    int64_t start = row->start_ns + shift_of(gather, row->run_id);
    /* A carrier has next to no width, yet it is there. */
    double half = fmax(row->bandwidth_hz, 1.0) / 2.0;
    return add_box(gather, &gather->transmissions,
                   (struct ls_occupancy_box){start, start + row->duration_ns, row->center_hz - half,
                                             row->center_hz + half},
                   err);
}

static int compare_sensors(const void *a, const void *b) {
    const struct sensor *x = a;
    const struct sensor *y = b;
    return strcmp(x->name, y->name);
}

static int gather_observations(struct gather *gather, size_t *ret_left_out, struct ls_err *err) {
    struct ls_query query = *gather->ask->query;
    query.filter.has_freq = false;
    int code = ls_query_each_observation(&query, take_extent, gather, ret_left_out, err);
    if (code == LS_OK) {
        place_shifted(gather);
        code = ls_query_each_observation(&query, take_observation, gather, NULL, err);
    }
    if (gather->sensor_count > 0) {
        qsort(gather->sensors, gather->sensor_count, sizeof *gather->sensors, compare_sensors);
    }
    return code;
}

static int gather_transmissions(struct gather *gather, const struct sensor *sensor,
                                const struct ls_band *band, struct ls_err *err) {
    struct ls_query query = *gather->ask->query;
    query.filter.sensor = sensor->name;
    query.filter.has_freq = true;
    query.filter.low_hz = band->low_hz;
    query.filter.high_hz = band->high_hz;
    gather->transmissions.count = 0;
    return ls_query_each_transmission(&query, take_transmission, gather, NULL, err);
}

static void gather_finish(struct gather *gather) {
    for (size_t i = 0; i < gather->sensor_count; i++) {
        free(gather->sensors[i].observed.items);
    }
    free(gather->sensors);
    free(gather->shifted);
    free(gather->transmissions.items);
}

/* --- rows of the answer --- */

struct answer {
    struct gather *gather;
    const struct sensor *sensor;
    ls_occupancy_row_each *each;
    void *context;
};

static struct ls_occupancy_input input_of(const struct answer *answer) {
    const struct boxes *observed = &answer->sensor->observed;
    const struct boxes *transmissions = &answer->gather->transmissions;
    return (struct ls_occupancy_input){observed->items, observed->count, transmissions->items,
                                       transmissions->count};
}

static bool is_observed(const struct sensor *sensor, const struct ls_band *band) {
    for (size_t i = 0; i < sensor->observed.count; i++) {
        const struct ls_occupancy_box *box = &sensor->observed.items[i];
        if (box->low_hz < band->high_hz && box->high_hz > band->low_hz) {
            return true;
        }
    }
    return false;
}

static int answer_channels(const struct answer *answer, const struct ls_band *band,
                           struct ls_err *err) {
    struct ls_occupancy_input input = input_of(answer);
    size_t count = ls_plan_channels(band);
    int code = LS_OK;
    for (size_t k = 0; k < count && code == LS_OK; k++) {
        double center_hz = band->first_hz + (double)k * band->raster_hz;
        struct ls_occupancy_row row = {.sensor = answer->sensor->name,
                                       .band = band,
                                       .is_channel = true,
                                       .low_hz = center_hz - band->raster_hz / 2.0,
                                       .high_hz = center_hz + band->raster_hz / 2.0};
        code = ls_occupancy_of_channel(&input, center_hz, band->raster_hz, &row.value, err);
        if (code == LS_OK &&
            (answer->gather->ask->silent_channels || row.value.transmissions > 0)) {
            code = answer->each(answer->context, &row, err);
        }
    }
    return code;
}

static int answer_band(const struct answer *answer, const struct ls_band *band,
                       struct ls_err *err) {
    struct ls_occupancy_input input = input_of(answer);
    struct ls_occupancy_row row = {.sensor = answer->sensor->name,
                                   .band = band,
                                   .low_hz = band->low_hz,
                                   .high_hz = band->high_hz};
    int code = ls_occupancy_of_band(&input, band->low_hz, band->high_hz, &row.value, err);
    if (code == LS_OK) {
        code = answer->each(answer->context, &row, err);
    }
    if (code == LS_OK && answer->gather->ask->channels && row.value.observed_s > 0.0) {
        code = answer_channels(answer, band, err);
    }
    return code;
}

static int answer_sensor(const struct answer *answer, struct ls_err *err) {
    const struct ls_occupancy_ask *ask = answer->gather->ask;
    int code = LS_OK;
    for (size_t b = 0; b < ask->band_count && code == LS_OK; b++) {
        if (ask->never_observed || is_observed(answer->sensor, &ask->bands[b])) {
            code = gather_transmissions(answer->gather, answer->sensor, &ask->bands[b], err);
            if (code == LS_OK) {
                code = answer_band(answer, &ask->bands[b], err);
            }
        }
    }
    return code;
}

int ls_occupancy_rows(const struct ls_occupancy_ask *ask, ls_occupancy_row_each *each,
                      void *context, size_t *ret_left_out, struct ls_err *err) {
    struct gather gather = {.ask = ask};
    int code = gather_observations(&gather, ret_left_out, err);
    for (size_t i = 0; i < gather.sensor_count && code == LS_OK; i++) {
        const struct answer answer = {&gather, &gather.sensors[i], each, context};
        code = answer_sensor(&answer, err);
    }
    gather_finish(&gather);
    return code;
}
