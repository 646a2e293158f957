/* detect/trail.h: level and carrier along a transmission, gathered part by part in bounded memory:
 * bins of equal length, which are joined two by two when the transmission outgrows them. */
#ifndef DETECT_TRAIL_H
#define DETECT_TRAIL_H

#include "model/carrier.h"
#include "model/trail.h"

/* What one piece of samples holds of a burst. */
struct ls_burst_part {
    int64_t t_ns; /* middle */
    double seconds;
    double power; /* mean, linear, as level_dbfs of a burst */
    struct ls_carrier carrier;
};

struct ls_trail_bin {
    double seconds;
    double energy;
    double moment; /* of time, seconds squared */
    /* The carrier counts by time, not by its error: where it sweeps within a part its error is
     * larger, and a mean without such parts is that of another moment. */
    double carrier_s;
    double turns; /* of frequency, Hz s */
};

struct ls_trail_builder { /* all-zero begins */
    int64_t origin_ns;
    double bin_s; /* 0: nothing yet */
    struct ls_trail_bin bins[LS_TRAIL_POINTS];
};

/* Parts in any order, none before the first one by more than a bin: those count to the first. */
void ls_trail_add(struct ls_trail_builder *trail, const struct ls_burst_part *part);

/* Carriers are taken less center_hz, both from the same place. None of fewer than eight points. */
void ls_trail_finish(const struct ls_trail_builder *trail, int64_t start_ns, double center_hz,
                     struct ls_trail *ret);

#endif
