/* survey/reference.h: the level of carriers that are always on the air where the sensor stands, by
 * one Fourier coefficient each over a short window (Goertzel, "An Algorithm for the Evaluation of
 * Finite Trigonometric Series", Amer. Math. Monthly 65, 1958), some times a second. All of them
 * gone means that the receiver is deaf, whatever the noise does. */
#ifndef SURVEY_REFERENCE_H
#define SURVEY_REFERENCE_H

#include <stddef.h>

#include "base/err.h"
#include "model/block.h"

struct ls_reference;

/* LS_ERR_NOMEM. The caller destroys *ret. */
int ls_reference_create(struct ls_reference **ret, struct ls_err *err);
void ls_reference_destroy(struct ls_reference *reference);

/* Other carriers; levels begin anew. count: 32 at most. Any thread, as all below. */
void ls_reference_set(struct ls_reference *reference, const double *carriers_hz, size_t count);

/* Looks at the block when it is time. Allocates nothing; quick. */
void ls_reference_block(struct ls_reference *reference, const struct ls_block *block);

/* Level of carrier i in dBFS, averaged since the last call for it; NAN: not within what was
 * received. */
double ls_reference_level(struct ls_reference *reference, size_t i);

#endif
