/* dsp/narrow.h: narrowband I/Q of a burst, cut out of wideband samples: blocks of samples that
 * overlap by half are transformed once for all bursts in them, each burst's bins are taken out,
 * weighted and transformed back, and the middle half of the result is kept (overlap-save with a
 * decimating inverse: Borgerding, "Turning overlap-save into a multiband mixing, downsampling
 * filter bank", IEEE Signal Processing Magazine 23(2), 2006). Bins are weighted 1 over the wanted
 * band and fall as a raised cosine to the edges of what is kept. What is much narrower than the
 * fewest bins is decimated once more, by a whole number. */
#ifndef DSP_NARROW_H
#define DSP_NARROW_H

#include <complex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/iq.h"

struct ls_narrow;

enum { LS_NARROW_BINS_MIN = 32, LS_NARROW_BINS_MAX = 2048 };

struct ls_narrow_opts {
    size_t length;         /* samples of a block, a multiple of 4, >= 64; required */
    enum ls_format format; /* of the samples; required */
};

/* How a band is cut out. */
struct ls_narrow_band {
    size_t first;      /* lowest bin, index 0 at -rate/2; it may lie beyond the band's edge: taken
                          round */
    size_t bins;       /* a block gives bins / 2 samples */
    size_t decimation; /* of those, >= 1 */
    double rate;       /* of the result after decimation, as a share of the input's */
    double center;     /* its 0 Hz, as a share of the input's rate, -0.5 to 0.5 */
    double noise;      /* white noise of mean |x|^2 = 1 has this in the result */
    bool whole;        /* all of the wanted band; false: its middle, as wide as may be kept */
};

/* I/Q of one burst, or of a part of it; what measurements of bursts work on. */
struct ls_narrow_iq {
    const float complex *iq; /* [count] 0 dBFS as in base/iq.h; borrowed */
    size_t count;
    double rate_sps;
    double center_hz; /* of its 0 Hz, from the tuned centre */
    size_t on_from;   /* the burst is on in [on_from, on_to) */
    size_t on_to;
    double bandwidth_hz; /* of the burst, as far as the channels tell */
    double noise_pow;    /* mean |x|^2 of the noise in iq */
    double snr;          /* mean power of the burst over it in iq, linear, >= 0 */
    bool has_start;      /* the burst begins at on_from, not before */
    bool has_stop;       /* the same for its end */
    bool whole_band;     /* as in struct ls_narrow_band */
    bool clipped;        /* the converter was at its limits */
};

/* LS_ERR_ARG, LS_ERR_NOMEM. The caller destroys *ret. One thread at a time. */
int ls_narrow_create(struct ls_narrow **ret, const struct ls_narrow_opts *opts, struct ls_err *err);
void ls_narrow_destroy(struct ls_narrow *narrow);

/* The cut that keeps a band of bandwidth about center, both as shares of the input's rate, at 1.4
 * to 2.8 times its width. A band as wide as the input is kept up to LS_NARROW_BINS_MAX bins. */
struct ls_narrow_band ls_narrow_plan(const struct ls_narrow *narrow, double center,
                                     double bandwidth);

/* samples: [length] in the native format, block index of a run of blocks that begin length / 2
 * samples apart. Their transform stays until the next call. */
void ls_narrow_block(struct ls_narrow *narrow, const void *samples, uint64_t index);

/* What the block holds of the band: ret [band->bins / 2], before decimation. The first of them is
 * at sample length / 4 of the block. */
void ls_narrow_cut(struct ls_narrow *narrow, const struct ls_narrow_band *band, float complex *ret);

/* Decimates count samples by band->decimation into ret, which has room for all of them (1: copies).
 * Returns how many are left; the first keeps its time. */
size_t ls_narrow_decimate(struct ls_narrow *narrow, const struct ls_narrow_band *band,
                          const float complex *samples, size_t count, float complex *ret);

#endif
