/* detect/tdma.h: systems in which radios take turns on one carrier. A burst of such a form belongs
 * to one slot of the frame, and bursts in two slots are of two radios. */
#ifndef DETECT_TDMA_H
#define DETECT_TDMA_H

#include <stdint.h>

struct ls_tdma {
    double frame_s;
    double slot_s;
};

/* GSM normal bursts: 156.25 symbols a slot, of which 147 to 148 are sent, at 1625/6 kS/s, 8 slots a
 * frame (3GPP TS 45.002 clause 5.2, 45.010). NULL for any other form. Two slots of one radio side
 * by side make one longer burst and are no such form. */
const struct ls_tdma *ls_tdma_of(double burst_s, double bandwidth_hz);

/* From one start to another, less whole frames: -frame/2 to frame/2, seconds. */
double ls_tdma_apart_s(const struct ls_tdma *tdma, int64_t from_ns, int64_t to_ns);

#endif
