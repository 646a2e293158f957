/* detect/transmission.h: bursts to transmissions. A burst joins the transmission on its frequency
 * when the silence before it is within the hang time of the band; otherwise it begins a new one. A
 * call of 26,000 TDMA bursts is one row with its lattice: burst length and period. Two calls in two
 * slots of one GSM carrier are two rows; one radio that sends in two slots apart is two as well. */
#ifndef DETECT_TRANSMISSION_H
#define DETECT_TRANSMISSION_H

#include <stdint.h>

#include "base/err.h"
#include "detect/burst.h"
#include "model/transmission.h"

struct ls_transmissions;

struct ls_transmissions_opts {
    /* Hang time in seconds at a frequency, > 0; required. */
    double (*hang_s)(const void *context, double hz);
    const void *hang_context;
    /* Centre of the raster's channel nearest to a frequency; NAN: there is no raster. NULL: never.
     */
    double (*channel_hz)(const void *context, double hz);
    /* A transmission is over: row->id is its number, counted from 1 in order of beginning; the rest
     * of the row but sensor and run_id is filled in. */
    int (*done)(void *context, const struct ls_transmission *row, struct ls_err *err);
    /* A burst is over; number is the transmission it became part of. NULL: nobody asks. */
    int (*burst)(void *context, const struct ls_burst *burst, int64_t number, struct ls_err *err);
    /* A tap, or NULL: what was measured of the row that done is called with next. */
    void (*features)(void *context, const struct ls_features *features);
    void *context;
};

/* The caller destroys *ret. */
int ls_transmissions_create(struct ls_transmissions **ret, const struct ls_transmissions_opts *opts,
                            struct ls_err *err);
void ls_transmissions_destroy(struct ls_transmissions *all);

/* What a burst builder reports to (detect/burst.h). Borrowed; valid as long as the object. */
const struct ls_burst_listener *ls_transmissions_listener(struct ls_transmissions *all);

/* A new stretch: frequencies of fine bins change. All transmissions must have been ended. */
void ls_transmissions_begin(struct ls_transmissions *all, const struct ls_stretch *stretch);

/* No burst that begins before now_ns will come any more: ends what has been silent for longer than
 * its hang time. */
int ls_transmissions_advance(struct ls_transmissions *all, int64_t now_ns, struct ls_err *err);

/* Every transmission that began before since_ns and is not over, as if it ended now: the id is the
 * one that done will give, flags hold LS_BURST_CUT_STOP. bursts: those that are on. In order of
 * number. Changes nothing. */
int ls_transmissions_open(const struct ls_transmissions *all, const struct ls_bursts *bursts,
                          int64_t since_ns,
                          int (*each)(void *context, const struct ls_transmission *row,
                                      struct ls_err *err),
                          void *context, struct ls_err *err);

/* Listening stops: ends everything. */
int ls_transmissions_end(struct ls_transmissions *all, struct ls_err *err);

#endif
