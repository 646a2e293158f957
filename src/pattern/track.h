/* pattern/track.h: transmissions to emitters, without any identifier: by frequency, bandwidth,
 * duration and level. An emitter is a slot; each transmission belongs to exactly one. Timing plays
 * no part here, so that what is found in the timing of an emitter is not made by the grouping;
 * several devices that look alike share a slot and are told apart by timing later. The emitters
 * that people are shown (detect/emitter.h) are others: they are put together by clocks and slots
 * too, and a clock found in those would be found in what a clock put together.
 *
 * Gates: frequency within 3 ppm (free-running crystals over days, DESIGN section 1) or 4 % of the
 * bandwidth (twice the error of a measured centre) of where the emitter was last; bandwidth within
 * a third; level within 20 dB; duration within a quarter or
 * 1 ms. A transmission whose start or stop was
 * cut off says nothing of its duration. */
#ifndef PATTERN_TRACK_H
#define PATTERN_TRACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/transmission.h"
#include "pattern/blob.h"

/* How long it sends; slots never mix these. */
enum ls_span {
    LS_SPAN_SHORT, /* below 5 s: packets, set-ups */
    LS_SPAN_HOLD,  /* 5 to 300 s: calls, transfers */
    LS_SPAN_LONG,  /* above */
    LS_SPAN_CUT    /* not known */
};

enum ls_way {
    LS_WAY_PLAIN,
    LS_WAY_ACCESS /* random-access bursts, by class: gsm-access, lte-prach */
};

struct ls_track {
    uint64_t serial; /* counts emitters, from 1; never used again */
    uint32_t sensor;
    enum ls_span span;
    enum ls_way way;
    uint64_t count;      /* transmissions so far */
    double center_hz;    /* recent mean */
    double bandwidth_hz; /* recent mean */
    double duration_s;   /* recent mean */
    double level_dbfs;   /* recent mean; NAN: not known */
    double low_hz;       /* extremes of the centre */
    double high_hz;
    int64_t first_ns;
    int64_t last_ns;
    char class_name[LS_CLASS_BYTES]; /* of the first that had one */
};

struct ls_tracks;

struct ls_tracks_opts {
    size_t max;       /* slots, > 0; required */
    bool any_channel; /* families of what looks alike: frequency within 1.5 % is enough, and says no
                         more than that */
};
int ls_tracks_create(struct ls_tracks **ret, const struct ls_tracks_opts *opts, struct ls_err *err);
void ls_tracks_destroy(struct ls_tracks *tracks);

size_t ls_tracks_max(const struct ls_tracks *tracks);

/* Puts a transmission to an emitter. cut: its duration is not known. Returns its slot; *ret_begins:
 * the emitter is new, and what the slot held before is over. */
uint32_t ls_tracks_push(struct ls_tracks *tracks, const struct ls_transmission *row,
                        uint32_t sensor, bool cut, bool *ret_begins);

/* NULL when the slot holds none. */
const struct ls_track *ls_tracks_at(const struct ls_tracks *tracks, uint32_t slot);

int ls_tracks_save(const struct ls_tracks *tracks, struct ls_blob *blob, struct ls_err *err);
int ls_tracks_load(struct ls_tracks *tracks, struct ls_blob_reader *in, struct ls_err *err);

#endif
