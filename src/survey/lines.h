/* survey/lines.h: lines that the receiver makes itself, told from those of the air by retuning: a
 * line of the receiver's own that comes after its mixer stays where it is in the baseband, whatever
 * is tuned to; a transmitter moves. One that stays in nearly every one of four tunings or more is
 * learned, and remains so. What the receiver makes before its mixer, such as a harmonic of a clock,
 * keeps its frequency as a transmitter does and looks like one: record with a load in place of the
 * antenna, and name what is then found to the search.
 *
 * Channels are in rising frequency. */
#ifndef SURVEY_LINES_H
#define SURVEY_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "model/tuning.h"

struct ls_lines;

/* LS_ERR_NOMEM. The caller destroys *ret. */
int ls_lines_create(struct ls_lines **ret, struct ls_err *err);
void ls_lines_destroy(struct ls_lines *lines);

/* At this tuning these channels were occupied all through learning. occupied: [channels], even.
 * Another rate begins anew. */
void ls_lines_heard(struct ls_lines *lines, const struct ls_tuning *tuning, const bool *occupied,
                    size_t channels);

/* Marks the learned lines of this rate. ret_masked: [channels]. */
void ls_lines_mask(const struct ls_lines *lines, double rate_sps, bool *ret_masked,
                   size_t channels);

/* Centres of the learned lines, Hz from the tuned centre, rising; the first room of them. Returns
 * how many there are. */
size_t ls_lines_list(const struct ls_lines *lines, double *ret_hz, size_t room);

#endif
