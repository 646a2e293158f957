/* survey/watch.h: the live sensor with everything around it that makes it a service: health on a
 * clock and as it happens, metrics, gpsd, retention, snippets, and a configuration that can change
 * while samples flow. Who started it, and what is told to whom, is the caller's. */
#ifndef SURVEY_WATCH_H
#define SURVEY_WATCH_H

#include <stdatomic.h>

#include "base/log.h"
#include "model/config.h"
#include "survey/sensor.h"

struct ls_watch_view {
    const struct ls_config *config;
    const struct ls_sensor_status *sensor;
    enum ls_health_level health; /* the worst of all subjects */
    const char *worst;           /* a subject of that level; "" when all is ok */
    uint64_t transmissions;      /* stored since the start */
};

struct ls_watch_opts {
    struct ls_config *config; /* checked; borrowed until ls_watch_run returns */
    /* A new configuration, checked, when *reload was raised; *ret is then the watch's. */
    int (*load)(void *context, struct ls_config **ret, struct ls_err *err);
    atomic_int *reload; /* raised by whoever wants the configuration read again */
    const atomic_int *stop;
    const struct ls_sensor_device *device; /* as in survey/sensor.h */
    /* All on the thread of ls_watch_run, but for say: any. */
    void *context;
    void (*ready)(void *context);     /* once, after the first good block */
    void (*alive)(void *context);     /* samples were searched since the last call, or a device
                                         that is not there is tried again and again */
    void (*reloading)(void *context); /* before load, and ready comes again after it */
    void (*say)(void *context, enum ls_log_level level, const char *text); /* worth a line of log */
    void (*show)(void *context, const struct ls_watch_view *now);          /* once a second */
};

struct ls_watch_result {
    struct ls_sensor_status last; /* the last one */
    bool incomplete;              /* samples or rows were lost */
};

/* As ls_sensor_run. LS_ERR_BUSY: the port of the metrics is in use. */
int ls_watch_run(const struct ls_watch_opts *opts, struct ls_watch_result *ret, struct ls_err *err);

#endif
