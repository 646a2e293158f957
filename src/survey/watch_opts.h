/* survey/watch_opts.h: the configuration of a sensor as the options of survey/sensor.h. */
#ifndef SURVEY_WATCH_OPTS_H
#define SURVEY_WATCH_OPTS_H

#include "model/config.h"
#include "survey/sensor.h"

/* What options point to; free with ls_watch_opts_finish once ls_sensor_create or _reload has copied
 * it. */
struct ls_watch_opts_memory {
    double *centers_hz;
    struct ls_receiver_gain *gains;
};

/* Callbacks, stop and device are left to the caller. config: checked, and borrowed. LS_ERR_NOMEM.
 */
int ls_watch_opts_init(struct ls_sensor_opts *ret, struct ls_watch_opts_memory *ret_memory,
                       const struct ls_config *config, struct ls_err *err);
void ls_watch_opts_finish(struct ls_watch_opts_memory *memory);

/* Tunings that cover the ranges in steps of step_hz at most, each range by itself with even
 * spacing, none twice. ret: room for ls_watch_opts_centers_max. Returns how many. */
size_t ls_watch_opts_centers_max(const struct ls_config_range *ranges, size_t count,
                                 double step_hz);
size_t ls_watch_opts_centers(const struct ls_config_range *ranges, size_t count, double step_hz,
                             double *ret);

#endif
