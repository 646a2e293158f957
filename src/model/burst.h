/* model/burst.h: a box in time and frequency that stands out of the noise, measured. */
#ifndef MODEL_BURST_H
#define MODEL_BURST_H

#include <stdint.h>

#include "model/features.h"

enum {
    LS_BURST_CUT_START = 1 << 0, /* was on already when listening began (file edge, gap, retune) */
    LS_BURST_CUT_STOP = 1 << 1,  /* was still on when listening ended */
    LS_BURST_CLIPPED = 1 << 2,   /* overlaps samples at full scale */
    LS_BURST_BAND_EDGE =
        1 << 3 /* touches the edge of the analysed band: wider than measured, or an alias */
};

struct ls_burst {
    int64_t start_ns;    /* UTC */
    int64_t duration_ns; /* > 0 */
    double center_hz;    /* middle of the occupied bandwidth */
    double bandwidth_hz; /* 99 % of the power (Rec. ITU-R SM.443, beta/2 = 0.5 %) */
    double snr_db;       /* in the bandwidth above, mean over the duration */
    double level_dbfs;   /* signal power over the duration; 0 dBFS as in base/iq.h */
    uint32_t flags;      /* LS_BURST_* */
    struct ls_features features;
};

#endif
