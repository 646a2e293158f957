/* survey/gpsd.h: position and time from a gpsd, over its own library, in a thread of its own that
 * connects again when the connection is lost. */
#ifndef SURVEY_GPSD_H
#define SURVEY_GPSD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct ls_gpsd;

struct ls_gpsd_state {
    bool connected;
    int mode;            /* 0 or 1: no fix, 2: two dimensions, 3: three */
    double latitude_deg; /* NAN without a fix, as the rest */
    double longitude_deg;
    double altitude_m; /* above mean sea level */
    double offset_s;   /* system clock minus GPS time: of its pulse, else of its sentences, which
                          come some 0.1 s late */
    bool pulse;        /* offset_s is of the pulse */
};

/* address: "localhost:2947", "[::1]:2947"; without a port, gpsd's own. LS_ERR_ARG; LS_ERR_IO: no
 * thread; LS_ERR_NOMEM. That nobody listens there is a state, not an error. The caller destroys
 * *ret. */
int ls_gpsd_create(struct ls_gpsd **ret, const char *address, struct ls_err *err);
void ls_gpsd_destroy(struct ls_gpsd *gpsd);

void ls_gpsd_read(struct ls_gpsd *gpsd, struct ls_gpsd_state *ret);

/* Metres between two places, on a sphere of 6371 km (the haversine formula; Sinnott, "Virtues of
 * the Haversine", Sky and Telescope 68(2), 1984). */
double ls_gpsd_distance_m(double latitude_a_deg, double longitude_a_deg, double latitude_b_deg,
                          double longitude_b_deg);

#endif
