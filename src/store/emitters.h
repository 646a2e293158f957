/* store/emitters.h: emitters and their links to transmissions. A pattern run stages what it finds
 * in temporary files (of the folder that TMPDIR names) as it reads, and puts it in the transaction
 * of its findings. */
#ifndef STORE_EMITTERS_H
#define STORE_EMITTERS_H

#include "model/emitter.h"
#include "store/store.h"

struct ls_emitter_rows {
    const struct ls_tie *links;
    size_t link_count;
    const struct ls_emitter *emitters;
    size_t emitter_count;
    const struct ls_emitter_event *events;
    size_t event_count;
};

/* Nothing is staged any more. */
int ls_store_clear_emitters(struct ls_store *store, struct ls_err *err);
/* A link or an emitter that is staged already gives way. Not within a walk. LS_ERR_FULL: the disk
 * of the temporary files. */
int ls_store_stage_emitters(struct ls_store *store, const struct ls_emitter_rows *rows,
                            struct ls_err *err);
/* Between ls_store_begin_patterns and finish. Emitters up to known_id, and events before from_ns,
 * stay but for those staged anew; known_id 0: none stays. */
int ls_store_put_emitters(struct ls_store *store, int64_t known_id, int64_t from_ns,
                          struct ls_err *err);

/* In order of first_ns, then id; those that are part of another are not shown. id: 0 for all. The
 * filter's class is that of the emitter. What each returns but LS_OK ends the walk. */
typedef int ls_emitter_each(void *context, const struct ls_emitter *row, struct ls_err *err);
int ls_store_each_emitter(struct ls_store *store, const struct ls_filter *filter, int64_t id,
                          ls_emitter_each *each, void *context, struct ls_err *err);

/* Merges and splits of an emitter and its parts, in order of time. */
typedef int ls_emitter_event_each(void *context, const struct ls_emitter_event *row,
                                  struct ls_err *err);
int ls_store_each_emitter_event(struct ls_store *store, int64_t id, ls_emitter_event_each *each,
                                void *context, struct ls_err *err);

/* Its transmissions, in order of time, and why each is one of them. limit: 0 for all. */
typedef int ls_emitter_row_each(void *context, const struct ls_transmission *row,
                                const char *reason, unsigned percent, struct ls_err *err);
int ls_store_each_emitter_row(struct ls_store *store, int64_t id, size_t limit,
                              ls_emitter_row_each *each, void *context, struct ls_err *err);

#endif
