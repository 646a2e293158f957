#include "detect/tdma.h"

#include <math.h>
#include <stddef.h>

#include "dsp/gmsk.h"

static const struct ls_tdma gsm = {.frame_s = 60e-3 / 13.0, .slot_s = 7.5e-3 / 13.0};

const struct ls_tdma *ls_tdma_of(double burst_s, double bandwidth_hz) {
    return ls_gmsk_is_burst(burst_s, bandwidth_hz) ? &gsm : NULL;
}

double ls_tdma_apart_s(const struct ls_tdma *tdma, int64_t from_ns, int64_t to_ns) {
    return remainder((double)(to_ns - from_ns) / 1e9, tdma->frame_s);
}
