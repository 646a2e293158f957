/* pattern/regular.h: the search for regular timing, emitter by emitter, that several kinds share.
 * An emitter's events are looked at in windows of 256; the window that looks most regular is
 * judged, and the number of windows is among the trials. Once a window is beyond doubt it stays,
 * and later ones confirm it or do not. Devices that share an emitter slot are told apart by timing:
 * the members of the strongest regularity are taken out and the rest is searched again (sequence
 * extraction, as after the PRI transform of Nishiguchi, Kobayashi, "Improved algorithm for
 * estimating pulse repetition intervals", IEEE Trans. AES 36(2), 2000). Where the events of the
 * best window fall into parts by level or by long silences (pattern/parts.h), each part is searched
 * too, and is reported in place of the whole when it keeps another time. */
#ifndef PATTERN_REGULAR_H
#define PATTERN_REGULAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pattern/fit.h"
#include "pattern/kind.h"

enum { LS_WINDOW_EVENTS = 256 };

struct ls_heard {
    int64_t t_ns;
    int64_t stop_ns;
    int64_t id;
    double center_hz;
    float level_dbfs; /* NAN: not known */
    bool company;     /* several others were passing */
};

/* One regularity: what a kind makes its finding of. Borrowed for the call. */
struct ls_unit {
    const struct ls_track *track;
    const struct ls_heard *heard; /* [count]: the window */
    size_t count;
    const unsigned char *member; /* [count]: 1 for those of this unit */
    const struct ls_fit *fit;
    const struct ls_verdict *verdict;
    int64_t last_ns; /* last window that confirmed it, or the last member */
    size_t number;   /* 0: the strongest of its emitter */
};

struct ls_regular_opts {
    /* Whether the kind looks at the transmissions of this emitter at all. */
    bool (*takes)(const struct ls_track *track);
    /* Adds parameters, words, rivals and limits; sets reported. */
    void (*describe)(const struct ls_unit *unit, struct ls_finding *finding);
};

/* A state for one kind, and what it does: the slots of struct ls_kind. */
int ls_regular_create(void **ret, const struct ls_kind_input *input,
                      const struct ls_regular_opts *opts, struct ls_err *err);
void ls_regular_destroy(void *state);
int ls_regular_push(void *state, const struct ls_event *event, struct ls_err *err);
int ls_regular_report(const void *state, struct ls_report *report, struct ls_err *err);
int ls_regular_save(const void *state, struct ls_blob *blob, struct ls_err *err);
int ls_regular_load(void *state, struct ls_blob_reader *in, struct ls_err *err);

#endif
