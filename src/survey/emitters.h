/* survey/emitters.h: the emitter engine (detect/emitter.h) on the rows that a pattern run reads:
 * what it says is gathered and staged day by day, and stored with the findings. */
#ifndef SURVEY_EMITTERS_H
#define SURVEY_EMITTERS_H

#include "detect/emitter.h"
#include "store/emitters.h"

struct ls_emitter_run;

/* store: borrowed. bytes: a saved state, NULL to begin; from_ns: the rows to come start there or
 * later. LS_ERR_FORMAT: not such a state. The caller destroys *ret. */
int ls_emitter_run_create(struct ls_emitter_run **ret, struct ls_store *store, const void *bytes,
                          size_t size, int64_t from_ns, struct ls_err *err);
void ls_emitter_run_destroy(struct ls_emitter_run *run);

/* In order of start_ns; may be called within a walk of the store. */
int ls_emitter_run_push(struct ls_emitter_run *run, const struct ls_transmission *row,
                        struct ls_err *err);
/* Stages what has gathered; not within a walk. */
int ls_emitter_run_stage(struct ls_emitter_run *run, struct ls_err *err);
/* As ls_emitters_save. */
int ls_emitter_run_save(const struct ls_emitter_run *run, void **ret_bytes, size_t *ret_size,
                        struct ls_err *err);
/* Within the transaction of the findings. Everything has been staged, with ls_emitter_run_end. */
int ls_emitter_run_put(const struct ls_emitter_run *run, struct ls_err *err);
/* The same in a thread of its own: until end_put, which gives what it came to, nobody else uses the
 * store. end_put without a begin_put does nothing. LS_ERR_IO: no thread. */
int ls_emitter_run_begin_put(struct ls_emitter_run *run, struct ls_err *err);
int ls_emitter_run_end_put(struct ls_emitter_run *run, struct ls_err *err);
/* No more rows: stages the emitters as they are now. */
int ls_emitter_run_end(struct ls_emitter_run *run, struct ls_err *err);

#endif
