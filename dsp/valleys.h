/* dsp/valleys.h: is what lies on both sides of a gap in frequency one signal or two? The tones of
 * one frequency-shift keyed burst alternate; neighbours do not know each other. Between neighbours
 * is a valley; a wide signal has none. */
#ifndef DSP_VALLEYS_H
#define DSP_VALLEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "dsp/box.h"

struct ls_valleys;

/* LS_ERR_NOMEM. The caller destroys *ret. */
int ls_valleys_create(struct ls_valleys **ret, size_t channels);
void ls_valleys_destroy(struct ls_valleys *valleys);

/* Are two boxes, low below high with a channel between them at least, two signals? False when they
 * are too short to tell. */
bool ls_valleys_apart(const struct ls_cells *in, const struct ls_box *low,
                      const struct ls_box *high);

/* Cut boxes at the valleys between neighbours whose skirts touch. boxes: room for room. Appends the
 * upper parts; returns how many boxes there are then. Only rows and channels of cut boxes hold. */
size_t ls_valleys_cut(struct ls_valleys *valleys, const struct ls_cells *in, struct ls_box *boxes,
                      size_t count, size_t room);

#endif
