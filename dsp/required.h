/* dsp/required.h: the evidence that fitted windows need, by their size, remembered: fits ask for
 * the same few sizes again and again, and logarithms are what a fit would spend its time on. */
#ifndef DSP_REQUIRED_H
#define DSP_REQUIRED_H

#include <stddef.h>
#include <stdint.h>

#include "dsp/limits.h"

enum { LS_REQUIRED_KEPT = 4096 };

struct ls_required {
    const struct ls_limits *limits; /* borrowed */
    struct {
        uint32_t rows, channels; /* 0: none yet */
        float evidence;
    } kept[LS_REQUIRED_KEPT];
};

void ls_required_init(struct ls_required *required, const struct ls_limits *limits);

/* The evidence (dsp/fit.h) at which a fitted window of rows x channels, both from 1 on, stands
 * out. One thread at a time. */
float ls_required_evidence(struct ls_required *required, size_t rows, size_t channels);

#endif
