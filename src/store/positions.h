/* store/positions.h: where sensors stand, as somebody stated it: never worked out from signals. */
#ifndef STORE_POSITIONS_H
#define STORE_POSITIONS_H

#include "store/store.h"

struct ls_position {
    char sensor[LS_SENSOR_BYTES];
    int64_t since_ns;
    double latitude_deg; /* WGS 84, north and east positive */
    double longitude_deg;
    double altitude_m; /* NAN: not known */
    char source[16];   /* "configuration", "person" */
};

/* Nothing when the last position of the sensor is the same. LS_ERR_ARG: it is not on Earth. */
int ls_store_add_position(struct ls_store *store, const struct ls_position *position,
                          struct ls_err *err);

/* In order of sensor and time. */
typedef int ls_position_each(void *context, const struct ls_position *position, struct ls_err *err);
int ls_store_each_position(struct ls_store *store, ls_position_each *each, void *context,
                           struct ls_err *err);

#endif
