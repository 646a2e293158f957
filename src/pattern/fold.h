/* pattern/fold.h: the search of pattern/regular.h, made twice: emitter by emitter, and folded over
 * channels. A hopper is on another channel each time, and a phone is given one for each call; each
 * channel alone sees a few of its transmissions, at multiples of the period. Here transmissions of
 * one sensor that agree in bandwidth, duration and level are put together wherever they are, as far
 * as the receiver hears all those channels at the same times. */
#ifndef PATTERN_FOLD_H
#define PATTERN_FOLD_H

#include "pattern/regular.h"

/* A state for one kind, and what it does: the slots of struct ls_kind. */
int ls_fold_create(void **ret, const struct ls_kind_input *input,
                   const struct ls_regular_opts *opts, struct ls_err *err);
void ls_fold_destroy(void *state);
int ls_fold_push(void *state, const struct ls_event *event, struct ls_err *err);
int ls_fold_report(const void *state, struct ls_report *report, struct ls_err *err);
int ls_fold_save(const void *state, struct ls_blob *blob, struct ls_err *err);
int ls_fold_load(void *state, struct ls_blob_reader *in, struct ls_err *err);

#endif
