/* report/ramp.h: colours for a number between two ends: from dark blue over green to yellow, even
 * in lightness, so that it reads the same to the colour-blind and on paper without colour. */
#ifndef REPORT_RAMP_H
#define REPORT_RAMP_H

#include <stdint.h>

#include "report/axes.h"

/* 0xRRGGBB for 0 to 1, in 64 steps; beyond them as at the ends; grey for NAN. */
uint32_t ls_ramp_color(double share);

/* The same where small values matter: from lowest, which is > 0, up over so many decades; the
 * darkest colour is kept for 0. */
double ls_ramp_decades(double value, double lowest, double decades);

/* A scale to the right of the frame of axes: what the colours between low and high mean. */
void ls_ramp_scale(const struct ls_axes *axes, double low, double high, const char *label);

void ls_ramp_scale_decades(const struct ls_axes *axes, double lowest, double decades,
                           const char *label);

#endif
