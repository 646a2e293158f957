/* simulate/exact.h: sine and cosine made of IEEE 754 additions and multiplications alone, for code
 * that runs once a sample: libm picks its code by processor, and recordings must have the same
 * bytes on every machine of one architecture. */
#ifndef SIMULATE_EXACT_H
#define SIMULATE_EXACT_H

#include <complex.h>
#include <math.h>
#include <stdint.h>

/* exp(j 2 pi phase / 2^32); error below 1e-7 a component. */
static inline float complex ls_exact_cis(uint32_t phase) {
    /* Nearest quarter turn and what is left of it, within +-1/8 turn; Taylor about it. */
    uint32_t quarter = (phase + (UINT32_C(1) << 29)) >> 30;
    double x = (double)(int32_t)(phase - (quarter << 30)) * 1.4629180792671596e-09; /* 2 pi/2^32 */
    double y = x * x;
    double s = x * (1 + y * (-1.0 / 6 + y * (1.0 / 120 + y * (-1.0 / 5040 + y * (1.0 / 362880)))));
    double c = 1 + y * (-0.5 + y * (1.0 / 24 + y * (-1.0 / 720 + y * (1.0 / 40320 - y / 3628800))));
    switch (quarter & 3) {
    case 0:
        return CMPLXF((float)c, (float)s);
    case 1:
        return CMPLXF((float)-s, (float)c);
    case 2:
        return CMPLXF((float)-c, (float)-s);
    default:
        return CMPLXF((float)s, (float)-c);
    }
}

/* Turns in 2^-64 turns, for phases that run for hours; whole turns drop out. */
static inline uint64_t ls_exact_turns(double turns) {
    double part = turns - floor(turns); /* 1 for what is just below 0 */
    return part < 1 ? (uint64_t)(part * 0x1p64) : 0;
}

/* Turns as a phase for ls_exact_cis; whole turns drop out. |turns| < 2^62. */
static inline uint32_t ls_exact_phase(double turns) {
    return (uint32_t)(uint64_t)(int64_t)((turns - (double)(int64_t)turns) * 4294967296.0);
}

#endif
