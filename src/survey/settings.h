/* survey/settings.h: what a live sensor was asked, checked and copied, shared by its threads. Never
 * changed: a reload makes new ones. */
#ifndef SURVEY_SETTINGS_H
#define SURVEY_SETTINGS_H

#include "base/err.h"
#include "model/run.h"
#include "survey/sensor.h"

struct ls_settings;

/* LS_ERR_ARG names what is out of range; LS_ERR_NOMEM. The caller drops *ret. */
int ls_settings_create(struct ls_settings **ret, const struct ls_sensor_opts *opts,
                       struct ls_err *err);

/* Everything filled in: no option is 0 where that means a default. Valid while held. */
const struct ls_sensor_opts *ls_settings_opts(const struct ls_settings *settings);

/* One more, one less who uses it; the last one frees it. Any thread; drop accepts NULL. */
struct ls_settings *ls_settings_hold(struct ls_settings *settings);
void ls_settings_drop(struct ls_settings *settings);

/* Would rows of the two differ, so that they belong to two runs? */
bool ls_settings_new_run(const struct ls_settings *a, const struct ls_settings *b);

/* Does the receiver have to be opened again to go from one to the other? */
bool ls_settings_reopen(const struct ls_settings *a, const struct ls_settings *b);

/* sensor, verb, version, options and plan of a run. */
void ls_settings_describe(const struct ls_settings *settings, struct ls_run *ret);

#endif
