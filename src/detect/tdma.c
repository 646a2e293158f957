#include "detect/tdma.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

static const struct ls_tdma gsm = {.frame_s = 60e-3 / 13.0, .slot_s = 7.5e-3 / 13.0};

const struct ls_tdma *ls_tdma_of(double burst_s, double bandwidth_hz) {
    /* Sent are 0.543 ms with ramps of 28 us at either end, found to a hop; 99 % of GMSK with BT 0.3
     * is some 220 kHz, less by what lies in the noise, more by what weak bursts are taken for. */
    bool form =
        burst_s > 0.47e-3 && burst_s < 0.61e-3 && bandwidth_hz > 120e3 && bandwidth_hz < 350e3;
    return form ? &gsm : NULL;
}

double ls_tdma_apart_s(const struct ls_tdma *tdma, int64_t from_ns, int64_t to_ns) {
    return remainder((double)(to_ns - from_ns) / 1e9, tdma->frame_s);
}
