/* dsp/quarters.h: every channel of the bank in four, for what is narrow and long.
 *
 * A channel's samples come at twice its spacing. A window of 15 of them through an
 * 8-point transform of odd frequencies gives four bins at -3/8, -1/8, 1/8 and 3/8 of the spacing,
 * which tile the band evenly and are 2x oversampled as the bank itself is: a second stage of the
 * same kind (harris, Dick, Rice, as in dsp/channelizer.h; its window is dsp/prototype.h's of two
 * taps a branch). The transform is written out, as it is four of eight bins of real symmetric and
 * antisymmetric sums.
 *
 * Between two channels both stages fall: a tone there shows 2.4 dB less in its two quarters than
 * one elsewhere (tests/dsp/quarters_test.c holds it).
 *
 * Power is summed over slots of time; windows that end at the seams of a piece are left out, and
 * stand in with the noise mean. Quarter q of channel c is number 4 c + q in rising frequency. */
#ifndef DSP_QUARTERS_H
#define DSP_QUARTERS_H

#include <complex.h>
#include <stddef.h>

#include "base/err.h"

enum {
    LS_QUARTERS = 4,
    LS_QUARTERS_HOP = 4,   /* frames of the bank that a cell stands for */
    LS_QUARTERS_KEEP = 25, /* frames that the bank must keep */
};

struct ls_quarters;

struct ls_quarters_opts {
    size_t channels;        /* of the bank, even */
    const float *prototype; /* of the bank, 4 taps a branch or more; not kept */
    size_t length;          /* of the prototype */
    size_t slot_frames;     /* frames of a slot, a multiple of LS_QUARTERS_HOP */
    size_t slots;           /* of a piece at most */
};

/* LS_ERR_NOMEM. The caller destroys *ret. */
int ls_quarters_create(struct ls_quarters **ret, const struct ls_quarters_opts *opts,
                       struct ls_err *err);
void ls_quarters_destroy(struct ls_quarters *quarters);

/* A piece begins. */
void ls_quarters_begin(struct ls_quarters *quarters);

/* A frame, as struct ls_channelizer_pairs gives them; borrowed while LS_QUARTERS_KEEP come. */
void ls_quarters_push(struct ls_quarters *quarters, const float complex *bins);

/* floor_pow: [channels] noise power of the bank's cells, in rising frequency. ret_sums: [slots][4
 * channels], of pairs of cells with noise mean 1 each pair. Returns how many whole slots there
 * were. */
size_t ls_quarters_finish(struct ls_quarters *quarters, const float *floor_pow, float *ret_sums);

/* What channels have, for each of their quarters. values: [channels]; ret: [LS_QUARTERS *
 * channels]. */
void ls_quarters_spread(const float *values, size_t channels, float *ret);

/* Of the looks that windows LS_QUARTERS_HOP frames apart have, and with them the cells of the
 * filter below: so many are in windows as they are taken. prototype, length: of that filter. */
double ls_quarters_looks_share(size_t channels, size_t slot_frames, const float *prototype,
                               size_t length);

/* The filter of both stages, as the prototype of a bank of 4 x channels, for dsp/looks.h. ret: room
 * for ls_quarters_length(). */
size_t ls_quarters_length(size_t channels, size_t length);
int ls_quarters_prototype(const struct ls_quarters_opts *opts, float *ret, struct ls_err *err);

#endif
