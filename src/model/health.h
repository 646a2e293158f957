/* model/health.h: what the sensor says about itself: readings on a clock and events as they happen.
 * Health is data: it is stored beside what the sensor heard. */
#ifndef MODEL_HEALTH_H
#define MODEL_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "model/transmission.h"

enum ls_health_level { LS_HEALTH_OK, LS_HEALTH_WARN, LS_HEALTH_FAIL };

struct ls_health {
    int64_t id;
    char sensor[LS_SENSOR_BYTES];
    int64_t t_ns;
    char subject[32]; /* "stream", "receiver", "floor", "gain", "clipping", "temperature", "disk",
                         "queue", "clock", "store", "memory", "position", "gpsd" */
    enum ls_health_level level;
    double value;   /* NAN when the subject has none */
    char unit[16];  /* "dB", "s", "%", "bytes", ... */
    char text[160]; /* what happened, in words */
};

/* "ok", "warn", "fail". */
const char *ls_health_level_name(enum ls_health_level level);

#endif
