/* survey/warm_up.h: what the search of a tuning needs is made once before the stream starts, and
 * thrown away: transforms are planned then, which takes a second on a machine that has not run this
 * rate before. Samples that come meanwhile would have to be dropped. */
#ifndef SURVEY_WARM_UP_H
#define SURVEY_WARM_UP_H

#include "model/tuning.h"
#include "survey/sensor.h"

/* o: filled in, as ls_settings_opts. What fails here fails again where it is told. Any thread. */
void ls_warm_up(const struct ls_sensor_opts *o, const struct ls_tuning *tuning);

#endif
