/* tests/pattern/stand.h: kinds of pattern/kind.h on a stand of their own: rows go in, findings come
 * out, without the other kinds of the engine. */
#ifndef TESTS_PATTERN_STAND_H
#define TESTS_PATTERN_STAND_H

#include <stddef.h>
#include <stdint.h>

#include "model/observation.h"
#include "pattern/kind.h"

enum { STAND_KINDS = 4 };

struct stand {
    struct ls_exposure *exposure;
    struct ls_tracks *tracks;
    const struct ls_kind *kinds[STAND_KINDS];
    size_t kind_count;
    void *states[STAND_KINDS];
    struct ls_transmission *rows; /* planted so far */
    size_t count;
    size_t capacity;
    struct ls_report *report; /* of the last stand_report */
};

/* kinds: [count], in the order of the table. Asserts instead of errors. */
void stand_init(struct stand *stand, const struct ls_kind *const *kinds, size_t count);
void stand_finish(struct stand *stand);

/* Another transmission, in any order; level NAN: none. Its id counts from 1 in order of time. */
void stand_plant(struct stand *stand, const char *sensor, double t_s, double duration_s,
                 double center_hz, double bandwidth_hz, double level_dbfs);

/* The sensor listened from low_hz to high_hz; in order of time. Sensors without a call listened all
 * the time. Starts that listening cut are not marked: plant none. */
void stand_listen(struct stand *stand, const char *sensor, double from_s, double until_s,
                  double low_hz, double high_hz);

/* Pushes all that was planted, in order of time. every > 0: the states are saved and loaded after
 * so many rows. */
void stand_run(struct stand *stand, size_t every);

/* Findings of the last kind; the strongest one, or NULL when there was no search. Borrowed until
 * the next call. */
const struct ls_finding *stand_best(struct stand *stand);

/* How many of the last kind are reported; after stand_best. */
size_t stand_reported(const struct stand *stand);

#endif
