/* survey/floors.h: the floors of a run, one for each tuning that was listened to, so that a stretch
 * after a gap goes on with what is known and short dwells of a hopping receiver add up what they
 * learn. The tunings not listened to for longest are forgotten. */
#ifndef SURVEY_FLOORS_H
#define SURVEY_FLOORS_H

#include <stdint.h>

#include "dsp/floor.h"
#include "model/tuning.h"

enum { LS_FLOORS_MAX = 64 };

struct ls_floors;

/* LS_ERR_NOMEM. The caller destroys *ret. */
int ls_floors_create(struct ls_floors **ret, struct ls_err *err);
void ls_floors_destroy(struct ls_floors *floors);

/* The floor of a tuning, created with opts (whose masked is required) when there is none. A stretch
 * begins there at t_ns: *ret_away_s is how long ago the last one ended, 0 for the first. *ret is
 * borrowed until the next call but one. One that was made with other masked channels is learned
 * anew. */
int ls_floors_take(struct ls_floors *floors, const struct ls_tuning *tuning, int64_t t_ns,
                   const struct ls_floor_opts *opts, struct ls_floor **ret, double *ret_away_s,
                   struct ls_err *err);

/* Marks the receiver's own lines, as far as the stretches that ended have shown them
 * (survey/lines.h): before a floor is taken. ret_masked: [channels]. */
void ls_floors_mask(const struct ls_floors *floors, double rate_sps, bool *ret_masked,
                    size_t channels);

/* Those lines, as ls_lines_list. */
size_t ls_floors_lines(const struct ls_floors *floors, double *ret_hz, size_t room);

/* The stretch that took the floor last ended at t_ns. channels: of its floor; 0 when it was too
 * short to learn one. */
void ls_floors_leave(struct ls_floors *floors, int64_t t_ns, size_t channels);

#endif
