/* model/tuning.h: how a receiver was set while it listened. */
#ifndef MODEL_TUNING_H
#define MODEL_TUNING_H

#include "base/iq.h"

struct ls_tuning {
    double center_hz; /* frequency of 0 Hz in the baseband */
    double rate_sps;  /* complex samples per second, > 0 */
    enum ls_format format;
};

#endif
