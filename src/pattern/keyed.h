/* pattern/keyed.h: starts of emitters that coincide, pair by pair: the interval-jitter test.
 *
 * Time is cut into windows of 4 s. Where each of two emitters starts in one of them, the null says
 * that the second may start anywhere in it: the chance of being within 0.4 s of the first is known,
 * and hits are counted against it (Amarasingham, Harrison, Hatsopoulos, Geman, "Conditional
 * modeling and the jitter method of spike resampling", J. Neurophysiology 107, 2012). What drives
 * both on a scale of seconds and more, such as a train, thereby says nothing. A receiver that hops
 * hears a part of the window: the second may then have started anywhere in the stretch of listening
 * to both channels in which it did.
 *
 * What trains do on a finer scale is left out: windows with two starts of others within 6 s (a
 * storm at an area border; starts that hit the first emitter do not count as others, as a kit may
 * have many phones, nor do those of what starts all day); and starts in the first 150 s after five
 * minutes of silence, as a train that comes into sight with all that it carries is out of it by
 * then. A start that is a whole number of its emitter's recent intervals after the one before it is
 * left out too: two clocks of one period meet for hours on end.
 *
 * An emitter is what starts in one channel (pattern/channels.h) and sends for 5 s and more, or for
 * less: holds of calls may be of any length. */
#ifndef PATTERN_KEYED_H
#define PATTERN_KEYED_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "pattern/blob.h"
#include "pattern/exposure.h"
#include "pattern/kind.h"
#include "pattern/tally.h"

enum { LS_KEYED_EVIDENCE = 64 };

/* One side of a pair. */
struct ls_keyed_side {
    uint64_t serial; /* of its emitter; never used again */
    double center_hz;
    double bandwidth_hz;
};

/* Sums over the levels of hits, to tell what stays from what moves. */
struct ls_keyed_levels {
    uint64_t count;
    double sum;
    double squares;
};

struct ls_keyed_pair {
    uint32_t sensor;
    struct ls_keyed_side side[2];
    struct ls_tally all;
    struct ls_tally later; /* since it was first below 1e-4 */
    bool found;
    double mark;      /* 0 to 1, of the times of all trials: by how much a tie counts */
    int64_t first_ns; /* of the hits */
    int64_t last_ns;
    double lag_s; /* sums: side 1 after side 0 */
    double lag_squares;
    struct ls_keyed_levels levels[2];
    uint64_t evidence_count; /* a ring */
    int64_t evidence[LS_KEYED_EVIDENCE];
};

struct ls_keyed;

/* exposure: borrowed for its life. */
int ls_keyed_create(struct ls_keyed **ret, const struct ls_exposure *exposure, struct ls_err *err);
void ls_keyed_destroy(struct ls_keyed *keyed);
int ls_keyed_push(struct ls_keyed *keyed, const struct ls_event *event, struct ls_err *err);

/* Pairs that had a trial, in a fixed order, and how many gave way to others. */
size_t ls_keyed_count(const struct ls_keyed *keyed);
const struct ls_keyed_pair *ls_keyed_at(const struct ls_keyed *keyed, size_t index);
uint64_t ls_keyed_gone(const struct ls_keyed *keyed);

int ls_keyed_save(const struct ls_keyed *keyed, struct ls_blob *blob, struct ls_err *err);
int ls_keyed_load(struct ls_keyed *keyed, struct ls_blob_reader *in, struct ls_err *err);

#endif
