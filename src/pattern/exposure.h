/* pattern/exposure.h: when was which sensor listening at a frequency: good-time intervals made of
 * observation rows. A receiver that hops, loses samples or is off makes periods of its own; every
 * statistic of time looks at its events on the clock that runs only while somebody listened.
 * The idea is that of good-time intervals in X-ray timing (Huppenkothen et al., "Stingray", ApJ
 * 881, 2019). */
#ifndef PATTERN_EXPOSURE_H
#define PATTERN_EXPOSURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/observation.h"
#include "pattern/blob.h"

enum {
    LS_SENSORS_MAX = 256,
    LS_EXPOSURE_ROWS_MAX = 1 << 20, /* intervals kept for a sensor; the oldest give way */
    /* A start within this of the start of listening (a stop, of its end) is taken for the
     * receiver's own edge: logs do not say that a transmission was cut. Longer than one hop of any
     * analysis. */
    LS_EXPOSURE_EDGE_NS = 20000000
};

struct ls_exposure;

int ls_exposure_create(struct ls_exposure **ret, struct ls_err *err);
void ls_exposure_destroy(struct ls_exposure *exposure);

/* Index of the sensor, new or old; LS_ERR_FULL: more than LS_SENSORS_MAX. */
int ls_exposure_sensor(struct ls_exposure *exposure, const char *name, uint32_t *ret_sensor,
                       struct ls_err *err);
const char *ls_exposure_name(const struct ls_exposure *exposure, uint32_t sensor);
uint32_t ls_exposure_sensors(const struct ls_exposure *exposure);

/* A row of the ledger, in order of start_ns. Only observed time counts. */
int ls_exposure_push(struct ls_exposure *exposure, const struct ls_observation *row,
                     struct ls_err *err);

/* False when the sensor has no observation rows: it counts as listening all the time. */
bool ls_exposure_known(const struct ls_exposure *exposure, uint32_t sensor);

/* When the listening at hz that holds t_ns began and will end as far as is known; false when nobody
 * is known to have listened then. INT64_MIN and INT64_MAX for a sensor without rows. */
bool ls_exposure_at(const struct ls_exposure *exposure, uint32_t sensor, double hz, int64_t t_ns,
                    int64_t *ret_start_ns, int64_t *ret_stop_ns);

/* Good time at one frequency between two moments. */
struct ls_good_time {
    size_t count;      /* intervals, ascending, that neither touch nor overlap; >= 1 */
    double *start_s;   /* [count], from origin_ns */
    double *stop_s;    /* [count] */
    double *before_s;  /* [count + 1]: good time before each interval; the last one is the total */
    int64_t origin_ns; /* the first of the two moments */
};

/* Good time at hz from from_ns to until_ns > from_ns. When nothing is known of that time it is one
 * interval. Finish *ret with ls_good_time_finish. */
int ls_exposure_good_time(const struct ls_exposure *exposure, uint32_t sensor, double hz,
                          int64_t from_ns, int64_t until_ns, struct ls_good_time *ret,
                          struct ls_err *err);
void ls_good_time_finish(struct ls_good_time *good);

/* Total good time, seconds. */
double ls_good_time_total(const struct ls_good_time *good);
/* Good time before t_s (from origin_ns), and the moment before which there is so much of it. */
double ls_good_time_clock(const struct ls_good_time *good, double t_s);
double ls_good_time_moment(const struct ls_good_time *good, double clock_s);
/* Whether somebody listened at t_s. */
bool ls_good_time_holds(const struct ls_good_time *good, double t_s);

int ls_exposure_save(const struct ls_exposure *exposure, struct ls_blob *blob, struct ls_err *err);
int ls_exposure_load(struct ls_exposure *exposure, struct ls_blob_reader *in, struct ls_err *err);

#endif
