/* dsp/blobs.h: marked cells of a piece become boxes. Connected marks (8 neighbours) are one blob;
 * blobs inside another's extent, and blobs that go on and off together side by side (the tones of
 * one FSK burst), are joined; edges are then found on the power of the whole box, in frequency 30
 * dB below its strongest channel, in time where the power crosses a quarter, which is half the
 * amplitude: the middle of the bank's step response. */
#ifndef DSP_BLOBS_H
#define DSP_BLOBS_H

#include <stddef.h>

#include "dsp/detector.h"

struct ls_blobs;

/* LS_ERR_NOMEM. The caller destroys *ret. */
int ls_blobs_create(struct ls_blobs **ret, size_t rows_max, size_t channels);
void ls_blobs_destroy(struct ls_blobs *blobs);

/* Mark the cell (row, channel) and every cell above limit that is connected to it. */
void ls_blobs_grow(struct ls_blobs *blobs, const float *cells, unsigned char *marks, size_t rows,
                   size_t row, size_t channel, float limit);

struct ls_blobs_input {
    const float *cells;     /* [rows][channels], noise mean 1 */
    unsigned char *marks;   /* [rows][channels]: 1 where claimed, 0 where not. Afterwards not 0
                               where claimed, and 0 again where only the floor had risen */
    const float *floor_pow; /* [channels] */
    size_t rows;
    size_t channels;
    bool clipped;      /* the converter was at its limits in this piece */
    float leakage_pow; /* as in ls_detector_opts */
};

/* Boxes in order of row_start, then channel_low; borrowed until the next call. Adds to declined[].
 */
const struct ls_box *ls_blobs_boxes(struct ls_blobs *blobs, const struct ls_blobs_input *in,
                                    size_t *ret_count, size_t declined[LS_DECLINED_COUNT]);

#endif
