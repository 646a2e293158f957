/* model/transmission.h: a train of bursts of one radio, such as one call: the row that is stored
 * and exchanged. */
#ifndef MODEL_TRANSMISSION_H
#define MODEL_TRANSMISSION_H

#include <stdbool.h>
#include <stdint.h>

#include "model/trail.h"

enum { LS_SENSOR_BYTES = 64, LS_CLASS_BYTES = 24, LS_RIVALS_BYTES = 64 };

struct ls_transmission {
    int64_t id;     /* row id in the store; 0 before it is stored */
    int64_t run_id; /* the run that found it; 0 before it is stored */
    char sensor[LS_SENSOR_BYTES];
    int64_t start_ns;    /* UTC, or from the start of the recording when the run has no clock */
    int64_t duration_ns; /* > 0: from the start of the first burst to the stop of the last */
    double center_hz;
    double bandwidth_hz;             /* 99 %, Rec. ITU-R SM.443 */
    double snr_db;                   /* NAN when not known */
    double level_dbfs;               /* NAN when not known */
    bool has_dbm;                    /* its run has a calibration: level_dbm holds */
    double level_dbm;                /* at the antenna connector; not stored: of level_dbfs and the
                                        calibration of the run */
    char class_name[LS_CLASS_BYTES]; /* "" when not classified; names as in DESIGN section 3 */
    double class_score;              /* 0..1; NAN when not known */
    char class_rivals[LS_RIVALS_BYTES]; /* other classes that fit, best first, with commas; "" */
    double offset_hz;                   /* carrier offset from its raster; NAN when not known */
    uint64_t bursts;                    /* >= 1; 0 when not known (imported) */
    double on_s;                        /* seconds on the air, <= duration; NAN when not known */
    double burst_s;                     /* typical burst length; NAN when not known */
    double period_s; /* burst lattice: spacing of the bursts; NAN when there is none */
    uint32_t flags;  /* LS_BURST_*, of any burst in it; CUT_* of the first and last one */
    struct ls_trail trail;
};

/* As an assignment, but for points beyond those of the trail, which stay what they were: most rows
 * have none, and they are two thirds of the bytes. */
void ls_transmission_copy(struct ls_transmission *ret, const struct ls_transmission *row);

#endif
