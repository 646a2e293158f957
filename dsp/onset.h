/* dsp/onset.h: when a weak signal came on, by maximum likelihood: of all instants on a grid of a
 * quarter of a frame the one that its rows before, behind and on the slope fit best. A single row
 * that crosses a level says it no better than noise lets it; here every row near the edge does
 * (change-point estimation after D. V. Hinkley, "Inference About the Change-Point in a Sequence of
 * Random Variables", Biometrika 57(1), 1970, for means of exponentials). */
#ifndef DSP_ONSET_H
#define DSP_ONSET_H

#include <stddef.h>

enum { LS_ONSET_ROWS_MAX = 24 };

/* What comes on. */
struct ls_onset {
    double level; /* of the signal, in units of the noise */
    /* 1 when the signal is a line in the middle of one channel, of whose steps the bank shows the
     * square of a slope, since the rest lies in the channels beside it; 0 when it fills several or
     * lies between two. */
    double alone;
    size_t channels; /* whose powers a row is the mean of: so steady is it */
};

/* power: [rows] power of rows of 2 frames in order of time, noise mean 1; rows <=
 * LS_ONSET_ROWS_MAX. Returns frames: row r is centred on 2 r + 0.5; between 0 and 2 rows. */
double ls_onset_find(const struct ls_onset *onset, const double *power, size_t rows);

#endif
