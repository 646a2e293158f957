/* cli/verbs.h: the table of verbs. */
#ifndef CLI_VERBS_H
#define CLI_VERBS_H

#include <stddef.h>

#include "cli/verb.h"

extern const struct ls_verb ls_verb_analyse;
extern const struct ls_verb ls_verb_config;
extern const struct ls_verb ls_verb_db;
extern const struct ls_verb ls_verb_devices;
extern const struct ls_verb ls_verb_emitters;
extern const struct ls_verb ls_verb_export;
extern const struct ls_verb ls_verb_health;
extern const struct ls_verb ls_verb_completion;
extern const struct ls_verb ls_verb_help;
extern const struct ls_verb ls_verb_import;
extern const struct ls_verb ls_verb_incidents;
extern const struct ls_verb ls_verb_observations;
extern const struct ls_verb ls_verb_occupancy;
extern const struct ls_verb ls_verb_patterns;
extern const struct ls_verb ls_verb_permits;
extern const struct ls_verb ls_verb_plan;
extern const struct ls_verb ls_verb_plot;
extern const struct ls_verb ls_verb_report;
extern const struct ls_verb ls_verb_simulate;
extern const struct ls_verb ls_verb_transmissions;
extern const struct ls_verb ls_verb_watch;

/* In the order of the help. */
const struct ls_verb *const *ls_verbs(size_t *ret_count);

/* LS_ERR_ARG names the nearest verb. */
int ls_verbs_find(const char *name, const struct ls_verb **ret, struct ls_err *err);

#endif
