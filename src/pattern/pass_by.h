/* pattern/pass_by.h: one moving emitter: its level rises and falls and its frequency goes from high
 * to low about one moment. Model: Ferguson, Quinn, "Application of the short-time Fourier transform
 * and the Wigner-Ville distribution to the acoustic localization of aircraft", JASA 96(2), 1994,
 * and Quinn, "Doppler speed and range estimation using frequency and amplitude estimates", JASA
 * 98(5), 1995: f(t) = f0 - (f0 v/c) x / sqrt(1 + x^2),  P(t) = P0 - B 5 log10(1 + x^2),  x = (t -
 * t0) / tau, with the frequency offset f0 free, as a free-running carrier has one, and the exponent
 * B free. */
#ifndef PATTERN_PASS_BY_H
#define PATTERN_PASS_BY_H

#include "pattern/kind.h"
#include "pattern/pass_grid.h"

extern const struct ls_kind ls_pass_by_kind;

/* What least squares make of it, with 90 % intervals. */
struct ls_pass_fit {
    double t0_s;
    double t0_error_s;
    double speed_mps;       /* NAN: not estimable */
    double speed_error_mps; /* half of the interval */
    const char *why;        /* it is not estimable; NULL otherwise */
};

struct ls_pass_fit ls_pass_fit(const struct ls_visit *visit, const struct ls_pass *pass);

#endif
