/* dsp/edges.h: where a box begins and ends, and what power it holds: in frequency 30 dB below its
 * strongest channel (15 dB while the converter clips), in time where the power crosses a quarter of
 * what lies just behind; its edges are where it reaches half, the middle of the bank's step
 * response. What stands 10 dB out of the noise is on, however weak beside the rest: a transmitter
 * may fade in. */
#ifndef DSP_EDGES_H
#define DSP_EDGES_H

#include <stdbool.h>
#include <stddef.h>

#include "dsp/box.h"

struct ls_edges;

/* LS_ERR_NOMEM. The caller destroys *ret. */
int ls_edges_create(struct ls_edges **ret, size_t rows_max, size_t channels);
void ls_edges_destroy(struct ls_edges *edges);

/* Narrow the box to its edges and fill in the rest of it. False when no power is left in it. */
bool ls_edges_measure(struct ls_edges *edges, const struct ls_cells *in, struct ls_box *box);

/* Cut the boxes at their silences: coarse windows bridge the gaps of a train of bursts. boxes: room
 * for room. Appends the later bursts of a box; returns how many boxes there are then. Only rows and
 * channels of cut boxes hold. */
size_t ls_edges_split(struct ls_edges *edges, const struct ls_cells *in, struct ls_box *boxes,
                      size_t count, size_t room);

#endif
