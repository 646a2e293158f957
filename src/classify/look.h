/* classify/look.h: what the parts of a measurement share: one cut of I/Q, the power and the
 * instantaneous frequency of its samples, and averaged spectra of what is made of them. */
#ifndef CLASSIFY_LOOK_H
#define CLASSIFY_LOOK_H

#include <complex.h>
#include <stddef.h>

#include "dsp/fft.h"
#include "dsp/narrow.h"
#include "dsp/secondary.h"
#include "dsp/training.h"
#include "model/features.h"

enum {
    LS_LOOK_SAMPLES = 32768, /* the most of a cut that is looked at */
    LS_LOOK_BINS_MIN = 64,
    LS_LOOK_BINS_MAX = 2048, /* of a spectrum */
    LS_LOOK_SIZES = 6,
};

struct ls_look {
    const struct ls_narrow_iq *iq;
    const float complex *x; /* [count] the samples while the burst is on */
    size_t count;
    double snr;          /* linear, in the band of the cut */
    float *power;        /* [count] |x|^2 */
    float *freq;         /* [count] Hz, over two samples; [0] = [1] */
    float complex *work; /* [LS_LOOK_SAMPLES] for the callers of ls_look_spectrum */
    float *spectrum;     /* [bins] of the last ls_look_spectrum, 0 Hz first */
    size_t bins;
    float *scratch;                      /* [LS_LOOK_SAMPLES] */
    float *window[LS_LOOK_SIZES];        /* the last one for each size, */
    size_t window_length[LS_LOOK_SIZES]; /* so long */
    struct ls_fft *fft[LS_LOOK_SIZES];
    float complex *sweep;   /* [LS_LOOK_BINS_MAX] that dechirps */
    float complex *segment; /* [LS_LOOK_BINS_MAX] */
    float complex *result;  /* [LS_LOOK_BINS_MAX] */
    struct ls_training *access;
    struct ls_training *extended;
    struct ls_secondary *secondary;
};

/* a times b, without the care for infinities of the language's own, which takes longer. */
static inline float complex ls_look_product(float complex a, float complex b) {
    return CMPLXF(crealf(a) * crealf(b) - cimagf(a) * cimagf(b),
                  crealf(a) * cimagf(b) + cimagf(a) * crealf(b));
}

/* Phases of x[n], to 1e-5 rad, times scale: Abramowitz, Stegun, "Handbook of Mathematical
 * Functions", 4.4.47. 0 of 0. */
void ls_look_phases(const float complex *x, size_t n, float scale, float *ret);

/* LS_ERR_NOMEM. The caller destroys *ret. */
int ls_look_create(struct ls_look **ret, struct ls_err *err);
void ls_look_destroy(struct ls_look *look);

/* Look at a cut, from now on. */
void ls_look_begin(struct ls_look *look, const struct ls_narrow_iq *iq);

/* Averaged power spectrum of look->work[count] into look->spectrum, look->bins long: Hann windows
 * of LS_LOOK_BINS_MAX that follow each other, or one as long as there are samples. The sum over all
 * bins is the mean power. */
void ls_look_spectrum(struct ls_look *look, size_t count);

/* Bin of a frequency, which may be negative, taken round. */
size_t ls_look_bin(const struct ls_look *look, double hz);
double ls_look_bin_hz(const struct ls_look *look, size_t bin);

/* Power of a bin, the strongest of it and its two neighbours, over the median of those around, in
 * dB. */
double ls_look_over_median_db(struct ls_look *look, size_t bin);

/* The strongest line of the last spectrum, of something real, between the slowest rate that the cut
 * can show and half its rate: how far it stands out, and where it is. */
void ls_look_set_line(struct ls_look *look, struct ls_features *features, enum ls_feature line,
                      enum ls_feature rate);

/* What of x [look->count] comes again after a frame: envelope or frequency, 0 in the mean. */
void ls_echoes_measure(const struct ls_look *look, const float *x, struct ls_features *features);

/* The features that each part measures. */
void ls_moments_measure(struct ls_look *look, struct ls_features *features);
void ls_line_measure(struct ls_look *look, struct ls_features *features); /* part of the next */
void ls_lines_measure(struct ls_look *look, struct ls_features *features);
void ls_cyclic_measure(struct ls_look *look, struct ls_features *features);
void ls_lattice_measure(struct ls_look *look, struct ls_features *features);
void ls_broadcast_measure(struct ls_look *look, struct ls_features *features);
/* After the prefixes of the same part, on which it rests. */
void ls_cell_measure(struct ls_look *look, struct ls_features *features);
void ls_sweeps_measure(struct ls_look *look, struct ls_features *features);
void ls_pulses_measure(struct ls_look *look, struct ls_features *features);
void ls_symbols_measure(struct ls_look *look, struct ls_features *features); /* last */

#endif
