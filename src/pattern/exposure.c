#include "pattern/exposure.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"

/* Rows that follow each other within this are one interval: rounding of sample positions to ns and
 * of times to what a log writes. */
static const int64_t abut_ns = 2000000;

struct interval {
    int64_t start_ns;
    int64_t stop_ns;
    double low_hz;
    double high_hz;
};

/* Intervals in order of start_ns in a ring: the oldest gives way. */
struct sensor {
    char name[LS_SENSOR_BYTES];
    struct interval *items;
    size_t capacity;
    size_t first;
    size_t count;
    int64_t longest_ns; /* of all so far */
    uint64_t known;     /* rows so far */
};

struct ls_exposure {
    struct sensor *sensors;
    size_t capacity;
    uint32_t count;
};

int ls_exposure_create(struct ls_exposure **ret, struct ls_err *err) {
    struct ls_exposure *exposure = calloc(1, sizeof *exposure);
    if (exposure == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for the ledger of listening");
    }
    *ret = exposure;
    return LS_OK;
}

void ls_exposure_destroy(struct ls_exposure *exposure) {
    if (exposure == NULL) {
        return;
    }
    for (uint32_t i = 0; i < exposure->count; i++) {
        free(exposure->sensors[i].items);
    }
    free(exposure->sensors);
    free(exposure);
}

int ls_exposure_sensor(struct ls_exposure *exposure, const char *name, uint32_t *ret_sensor,
                       struct ls_err *err) {
    for (uint32_t i = 0; i < exposure->count; i++) {
        if (strcmp(exposure->sensors[i].name, name) == 0) {
            *ret_sensor = i;
            return LS_OK;
        }
    }
    if (exposure->count == LS_SENSORS_MAX) {
        return ls_err_set(err, LS_ERR_FULL, "more than %d sensors: take some out with --sensor",
                          LS_SENSORS_MAX);
    }
    if (ls_grow((void **)&exposure->sensors, &exposure->capacity, exposure->count,
                sizeof *exposure->sensors) != LS_OK) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for a sensor");
    }
    struct sensor *sensor = &exposure->sensors[exposure->count];
    *sensor = (struct sensor){.items = NULL};
    ls_copy_text(sensor->name, sizeof sensor->name, name);
    *ret_sensor = exposure->count++;
    return LS_OK;
}

const char *ls_exposure_name(const struct ls_exposure *exposure, uint32_t sensor) {
    return exposure->sensors[sensor].name;
}

uint32_t ls_exposure_sensors(const struct ls_exposure *exposure) { return exposure->count; }

static struct interval *item(const struct sensor *sensor, size_t index) {
    return &sensor->items[(sensor->first + index) & (sensor->capacity - 1)];
}

/* Room for one more: grows by doubling until the ring has its full size, then forgets the oldest.
 */
static int make_room(struct sensor *sensor, struct ls_err *err) {
    if (sensor->count < sensor->capacity) {
        return LS_OK;
    }
    if (sensor->capacity == LS_EXPOSURE_ROWS_MAX) {
        sensor->first = (sensor->first + 1) & (sensor->capacity - 1);
        sensor->count--;
        return LS_OK;
    }
    size_t capacity = sensor->capacity == 0 ? 16 : 2 * sensor->capacity;
    struct interval *items = calloc(capacity, sizeof *items);
    if (items == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for %zu intervals", capacity);
    }
    for (size_t i = 0; i < sensor->count; i++) {
        items[i] = *item(sensor, i);
    }
    free(sensor->items);
    sensor->items = items;
    sensor->capacity = capacity;
    sensor->first = 0;
    return LS_OK;
}

int ls_exposure_push(struct ls_exposure *exposure, const struct ls_observation *row,
                     struct ls_err *err) {
    uint32_t index = 0;
    int rc = ls_exposure_sensor(exposure, row->sensor, &index, err);
    if (rc != LS_OK || row->state != LS_OBSERVED) {
        return rc;
    }
    struct sensor *sensor = &exposure->sensors[index];
    sensor->known++;
    /* A stretch that goes on: look back over what may run beside it on other frequencies. */
    for (size_t back = 1; back <= sensor->count && back <= 8; back++) {
        struct interval *last = item(sensor, sensor->count - back);
        if (last->low_hz == row->low_hz && last->high_hz == row->high_hz &&
            row->start_ns >= last->start_ns && row->start_ns - last->stop_ns <= abut_ns) {
            if (row->stop_ns > last->stop_ns) {
                last->stop_ns = row->stop_ns;
            }
            if (last->stop_ns - last->start_ns > sensor->longest_ns) {
                sensor->longest_ns = last->stop_ns - last->start_ns;
            }
            return LS_OK;
        }
    }
    rc = make_room(sensor, err);
    if (rc != LS_OK) {
        return rc;
    }
    *item(sensor, sensor->count++) =
        (struct interval){row->start_ns, row->stop_ns, row->low_hz, row->high_hz};
    if (row->stop_ns - row->start_ns > sensor->longest_ns) {
        sensor->longest_ns = row->stop_ns - row->start_ns;
    }
    return LS_OK;
}

bool ls_exposure_known(const struct ls_exposure *exposure, uint32_t sensor) {
    return exposure->sensors[sensor].known > 0;
}

/* First interval that starts after t_ns. */
static size_t after(const struct sensor *sensor, int64_t t_ns) {
    size_t low = 0;
    size_t high = sensor->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (item(sensor, middle)->start_ns > t_ns) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

static bool covers(const struct interval *one, double hz) {
    return hz >= one->low_hz && hz <= one->high_hz;
}

bool ls_exposure_at(const struct ls_exposure *exposure, uint32_t sensor, double hz, int64_t t_ns,
                    int64_t *ret_start_ns, int64_t *ret_stop_ns) {
    const struct sensor *s = &exposure->sensors[sensor];
    if (s->known == 0) {
        *ret_start_ns = INT64_MIN;
        *ret_stop_ns = INT64_MAX;
        return true;
    }
    bool found = false;
    for (size_t i = after(s, t_ns); i > 0; i--) {
        const struct interval *one = item(s, i - 1);
        if (t_ns - one->start_ns > s->longest_ns) {
            break;
        }
        /* Intervals of other ranges may overlap this one: the widest counts. */
        if (covers(one, hz) && one->stop_ns > t_ns) {
            *ret_start_ns = found && *ret_start_ns < one->start_ns ? *ret_start_ns : one->start_ns;
            *ret_stop_ns = found && *ret_stop_ns > one->stop_ns ? *ret_stop_ns : one->stop_ns;
            found = true;
        }
    }
    return found;
}

static int reserve(struct ls_good_time *good, size_t room, struct ls_err *err) {
    assert(room > 0);
    *good = (struct ls_good_time){.start_s = malloc(room * sizeof(double)),
                                  .stop_s = malloc(room * sizeof(double)),
                                  .before_s = malloc((room + 1) * sizeof(double))};
    if (good->start_s == NULL || good->stop_s == NULL || good->before_s == NULL) {
        ls_good_time_finish(good);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for %zu intervals", room);
    }
    return LS_OK;
}

static void total(struct ls_good_time *good) {
    good->before_s[0] = 0.0;
    for (size_t i = 0; i < good->count; i++) {
        good->before_s[i + 1] = good->before_s[i] + (good->stop_s[i] - good->start_s[i]);
    }
}

/* Appends [start, stop), joined with the one before where they touch. */
static void append(struct ls_good_time *good, double start_s, double stop_s) {
    if (good->count > 0 &&
        start_s - good->stop_s[good->count - 1] <= (double)abut_ns / (double)LS_NS_PER_S) {
        good->stop_s[good->count - 1] = fmax(good->stop_s[good->count - 1], stop_s);
        return;
    }
    good->start_s[good->count] = start_s;
    good->stop_s[good->count] = stop_s;
    good->count++;
}

int ls_exposure_good_time(const struct ls_exposure *exposure, uint32_t sensor, double hz,
                          int64_t from_ns, int64_t until_ns, struct ls_good_time *ret,
                          struct ls_err *err) {
    const struct sensor *s = &exposure->sensors[sensor];
    size_t last = after(s, until_ns);
    size_t first =
        after(s, from_ns > INT64_MIN + s->longest_ns ? from_ns - s->longest_ns - 1 : INT64_MIN);
    struct ls_good_time good;
    int rc = reserve(&good, last - first + 1, err);
    if (rc != LS_OK) {
        return rc;
    }
    good.origin_ns = from_ns;
    for (size_t i = first; i < last; i++) {
        const struct interval *one = item(s, i);
        int64_t start = one->start_ns > from_ns ? one->start_ns : from_ns;
        int64_t stop = one->stop_ns < until_ns ? one->stop_ns : until_ns;
        if (covers(one, hz) && stop > start) {
            append(&good, (double)(start - from_ns) / (double)LS_NS_PER_S,
                   (double)(stop - from_ns) / (double)LS_NS_PER_S);
        }
    }
    if (good.count == 0) {
        append(&good, 0.0, (double)(until_ns - from_ns) / (double)LS_NS_PER_S);
    }
    total(&good);
    *ret = good;
    return LS_OK;
}

void ls_good_time_finish(struct ls_good_time *good) {
    free(good->start_s);
    free(good->stop_s);
    free(good->before_s);
    *good = (struct ls_good_time){.count = 0};
}

double ls_good_time_total(const struct ls_good_time *good) { return good->before_s[good->count]; }

/* Last interval whose key is at or before value; 0 when there is none. */
static size_t at_or_before(const double *keys, size_t count, double value) {
    size_t low = 0;
    size_t high = count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (keys[middle] <= value) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

double ls_good_time_clock(const struct ls_good_time *good, double t_s) {
    size_t i = at_or_before(good->start_s, good->count, t_s);
    double into = fmin(fmax(t_s - good->start_s[i], 0.0), good->stop_s[i] - good->start_s[i]);
    return good->before_s[i] + into;
}

double ls_good_time_moment(const struct ls_good_time *good, double clock_s) {
    size_t i = at_or_before(good->before_s, good->count, clock_s);
    return fmin(good->start_s[i] + fmax(clock_s - good->before_s[i], 0.0), good->stop_s[i]);
}

bool ls_good_time_holds(const struct ls_good_time *good, double t_s) {
    size_t i = at_or_before(good->start_s, good->count, t_s);
    return t_s >= good->start_s[i] && t_s < good->stop_s[i];
}

int ls_exposure_save(const struct ls_exposure *exposure, struct ls_blob *blob, struct ls_err *err) {
    int rc = ls_blob_put_count(blob, exposure->count, err);
    for (uint32_t i = 0; rc == LS_OK && i < exposure->count; i++) {
        const struct sensor *s = &exposure->sensors[i];
        rc = ls_blob_put(blob, s->name, sizeof s->name, err);
        rc = rc == LS_OK ? ls_blob_put(blob, &s->longest_ns, sizeof s->longest_ns, err) : rc;
        rc = rc == LS_OK ? ls_blob_put_count(blob, s->known, err) : rc;
        rc = rc == LS_OK ? ls_blob_put_count(blob, s->count, err) : rc;
        for (size_t k = 0; rc == LS_OK && k < s->count; k++) {
            rc = ls_blob_put(blob, item(s, k), sizeof(struct interval), err);
        }
    }
    return rc;
}

static int load_sensor(struct ls_exposure *exposure, struct ls_blob_reader *in,
                       struct ls_err *err) {
    char name[LS_SENSOR_BYTES];
    uint32_t index = 0;
    int rc = ls_blob_get(in, name, sizeof name, err);
    name[sizeof name - 1] = '\0';
    rc = rc == LS_OK ? ls_exposure_sensor(exposure, name, &index, err) : rc;
    if (rc != LS_OK) {
        return rc;
    }
    struct sensor *s = &exposure->sensors[index];
    uint64_t count = 0;
    rc = ls_blob_get(in, &s->longest_ns, sizeof s->longest_ns, err);
    rc = rc == LS_OK ? ls_blob_get_count(in, UINT64_MAX, &s->known, err) : rc;
    rc = rc == LS_OK ? ls_blob_get_count(in, LS_EXPOSURE_ROWS_MAX, &count, err) : rc;
    for (uint64_t k = 0; rc == LS_OK && k < count; k++) {
        rc = make_room(s, err);
        rc = rc == LS_OK ? ls_blob_get(in, item(s, s->count), sizeof(struct interval), err) : rc;
        s->count += rc == LS_OK ? 1 : 0;
    }
    return rc;
}

int ls_exposure_load(struct ls_exposure *exposure, struct ls_blob_reader *in, struct ls_err *err) {
    uint64_t count = 0;
    int rc = ls_blob_get_count(in, LS_SENSORS_MAX, &count, err);
    for (uint64_t i = 0; rc == LS_OK && i < count; i++) {
        rc = load_sensor(exposure, in, err);
    }
    return rc;
}
