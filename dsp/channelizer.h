/* dsp/channelizer.h: split one wide stream into equal, 2x oversampled channels (weighted
 * overlap-add, WOLA). Source: harris, Dick, Rice, "Digital Receivers and Transmitters Using
 * Polyphase Filter Banks for Wireless Communications", IEEE Trans. MTT 51(4), 2003; here with a
 * Kaiser prototype from liquid-dsp and FFTW transforms.
 *
 * Frame k is centred on input sample k * hop (hop = channels / 2): X[k][c] = sum_n h[n] x[k * hop +
 * n - half] exp(-2 pi i c (k * hop + n - half) / channels), half = channels * taps / 2. Bin 0 is at
 * 0 Hz, bins rise with frequency modulo channels (FFT order). The prototype (dsp/prototype.h) has
 * unit gain at the channel centre: a tone of amplitude A on a channel centre gives |X| = A, white
 * noise of mean |x|^2 = v gives mean |X|^2 = v * sum h^2.
 *
 * A frame depends on its own samples alone: however a stream is cut into calls, the results are the
 * same bits. Each call converts 2 * taps - 1 hops of history again, so calls of 100 frames and more
 * are cheap. */
#ifndef DSP_CHANNELIZER_H
#define DSP_CHANNELIZER_H

#include <complex.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/iq.h"
#include "dsp/convert.h"

struct ls_channelizer;

enum { LS_CHANNELIZER_SLACK = 16 };

struct ls_channelizer_opts {
    size_t channels;        /* even, 4 to 2^20, product of 2, 3, 5, 7; 0 means 64 */
    size_t taps;            /* prototype taps a branch: 4, 8 or 12; 1: a plain windowed transform;
                               0 means 8 */
    double stopband_db;     /* 30 to 90; 0 means 60 */
    const float *prototype; /* [channels * taps] as ls_channelizer_prototype of a bank of the same
                               options; copied; NULL: designed */
    size_t keep_frames;     /* how long frames stay for struct ls_channelizer_pairs; 0: they do
                               not outlive the call */
    enum ls_format format;  /* of the input; required */
    const char *kernels;    /* level of dsp/kernels.h, for tests; NULL means the best of this CPU */
};

/* LS_ERR_ARG, LS_ERR_NOMEM. The caller destroys *ret. Plans with FFTW under its lock; wisdom is
 * cached (dsp/fft.h). */
int ls_channelizer_create(struct ls_channelizer **ret, const struct ls_channelizer_opts *opts,
                          struct ls_err *err);
void ls_channelizer_destroy(struct ls_channelizer *ch);

/* The prototype: taps * channels coefficients, for noise bandwidth and correlation; borrowed. */
const float *ls_channelizer_prototype(const struct ls_channelizer *ch, size_t *ret_length);

/* Samples that frames [first, first + count) need: input samples [first*hop - half, (first + count
 * - 1)*hop + half). 0 for no frames. */
size_t ls_channelizer_span(const struct ls_channelizer *ch, size_t frames);

/* frames of power |X|^2: samples: ls_channelizer_span(ch, frames) input samples in the native
 * format, contiguous, aligned to one I or Q. ret_power: [frames][stride] floats, channel fastest,
 * FFT order, stride >= channels. Invalid cf32 samples count as zero. Adds to *stats (may be NULL)
 * the invalid and clipped samples among [first*hop, (first + frames)*hop), so that consecutive
 * calls count each once. Allocates nothing, cannot fail; one thread per object. */
void ls_channelizer_power(struct ls_channelizer *ch, const void *samples, size_t frames,
                          float *ret_power, size_t stride, struct ls_convert_stats *stats);

/* Powers of two frames at a time, summed, with nothing kept: pair() gets [channels] in FFT order,
 * in order of time, still in L1; they hold until it returns. frames is even. */
struct ls_channelizer_pairs {
    void (*pair)(void *context, const float *power_sum);
    /* Before that, each of the two frames: [channels] as ls_channelizer_bins, but that of each two
     * consecutive frames one has the sign of its odd channels turned. They stay there until
     * keep_frames more have come; behind them LS_CHANNELIZER_SLACK channels may be read. NULL: not
     * wanted. */
    void (*frame)(void *context, const float complex *bins);
    void *context;
};
void ls_channelizer_pairs(struct ls_channelizer *ch, const void *samples, size_t frames,
                          const struct ls_channelizer_pairs *to, struct ls_convert_stats *stats);

/* As ls_channelizer_power with complex results, for burst I/Q; first_frame is the index k of the
 * first frame, which fixes the phase (odd channels of odd frames change sign). */
void ls_channelizer_bins(struct ls_channelizer *ch, const void *samples, uint64_t first_frame,
                         size_t frames, float complex *ret_bins, size_t stride,
                         struct ls_convert_stats *stats);

#endif
