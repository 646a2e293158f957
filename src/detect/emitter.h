/* detect/emitter.h: transmissions to emitters: which of them look like one radio? One pass over the
 * rows in order of time; each row goes to the emitter that explains it best, against the rival that
 * somebody else with the same kind of radio sent it, or begins a new one.
 *
 * What speaks for one radio is summed as log-likelihood ratios (Bar-Shalom, Li, "Multitarget-
 * Multisensor Tracking", 1995, ch. 6: nearest neighbour with features), trait by trait: frequency
 * within the channel, level, bandwidth, length, class, burst lattice, and the clock it keeps.
 * Spreads are learnt for each emitter, so that a beacon is held to its length and a person is not.
 * The carrier counts only where the radio runs free (0.5 ppm in 10 minutes, 3 ppm over days): what
 * is locked to a cell has no carrier of its own. A radio sends one thing at a time: what begins
 * while its last transmission goes on is somebody else's, unless both share a slot of TDMA frames
 * on different channels, as a call that hops does.
 *
 * Split: when the starts of one emitter hold a clock and other starts besides, the clock becomes an
 * emitter of its own, and its latest transmissions go with it. Merge: when look-alikes on three or
 * more channels keep one clock between them, they are one that hops. Where starts are told in whole
 * seconds it is enough that all intervals are multiples of one number of seconds: meters do so that
 * send at will on the ticks of a clock.
 *
 * Memory is bounded: the emitter silent for longest gives way. The same rows give the same
 * emitters. Each sensor has its own: what several sensors hear is compared by corridor-track
 * (src/pattern).
 *
 * The pattern engine does not search these emitters but those of pattern/track.h, which look at
 * neither clocks nor slots: a clock must not be found in what a clock put together. */
#ifndef DETECT_EMITTER_H
#define DETECT_EMITTER_H

#include "base/err.h"
#include "model/emitter.h"

struct ls_emitters;

/* Each may return an error, which ends the push. Borrowed for the call. */
struct ls_emitters_opts {
    size_t max; /* emitters kept at once; 0 means 2048 */
    /* A transmission is put to an emitter; one that is split off comes again and counts anew. */
    int (*link)(void *context, const struct ls_tie *link, struct ls_err *err);
    /* An emitter gave way: its last state. */
    int (*gone)(void *context, const struct ls_emitter *emitter, struct ls_err *err);
    int (*event)(void *context, const struct ls_emitter_event *event, struct ls_err *err);
    void *context;
};

/* LS_ERR_NOMEM. The caller destroys *ret. */
int ls_emitters_create(struct ls_emitters **ret, const struct ls_emitters_opts *opts,
                       struct ls_err *err);
void ls_emitters_destroy(struct ls_emitters *emitters);

/* In order of start_ns; a row that starts before the one before it, lasts no time or has no
 * frequency is left out. LS_ERR_FULL: more than 256 sensors. */
int ls_emitters_push(struct ls_emitters *emitters, const struct ls_transmission *row,
                     struct ls_err *err);

/* Those that are kept, in order of id. */
int ls_emitters_each(const struct ls_emitters *emitters,
                     int (*each)(void *context, const struct ls_emitter *emitter,
                                 struct ls_err *err),
                     void *context, struct ls_err *err);

/* How many emitters there were so far: ids beyond are of later rows. */
int64_t ls_emitters_count(const struct ls_emitters *emitters);

/* The state as bytes, for the same program version and kind of machine; the caller frees
 * *ret_bytes. What was loaded goes on as what was saved would have. opts->max as at save.
 * LS_ERR_FORMAT. */
int ls_emitters_save(const struct ls_emitters *emitters, void **ret_bytes, size_t *ret_size,
                     struct ls_err *err);
int ls_emitters_load(struct ls_emitters **ret, const struct ls_emitters_opts *opts,
                     const void *bytes, size_t size, struct ls_err *err);

#endif
