/* survey/rounds.h: the rounds that a running sensor makes of its own health: readings of the
 * stream, the receiver, the computer, gpsd and the database, judged by survey/judge.h. */
#ifndef SURVEY_ROUNDS_H
#define SURVEY_ROUNDS_H

#include "model/config.h"
#include "survey/gpsd.h"
#include "survey/judge.h"
#include "survey/reference.h"
#include "survey/sensor.h"
#include "survey/vitals.h"

struct ls_rounds;

/* config: borrowed until configure gives another. reference and gpsd: borrowed until destroy; NULL:
 * none. LS_ERR_NOMEM. The caller destroys *ret. */
int ls_rounds_create(struct ls_rounds **ret, const struct ls_config *config,
                     struct ls_reference *reference, struct ls_gpsd *gpsd, struct ls_err *err);
void ls_rounds_destroy(struct ls_rounds *rounds);

/* Other thresholds. Medians begin anew when the gain or the receiver has changed. */
void ls_rounds_configure(struct ls_rounds *rounds, const struct ls_config *config);

/* One round: calls each for the rows that are due. steady_ns: now. */
void ls_rounds_make(struct ls_rounds *rounds, const struct ls_sensor_status *status,
                    int64_t steady_ns, void (*each)(void *context, const struct ls_health *row),
                    void *context);

/* What the last round saw. */
const struct ls_judge *ls_rounds_judge(const struct ls_rounds *rounds);
const struct ls_vitals *ls_rounds_vitals(const struct ls_rounds *rounds);
const struct ls_gpsd_state *ls_rounds_gpsd(const struct ls_rounds *rounds);

#endif
