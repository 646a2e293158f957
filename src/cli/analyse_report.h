/* cli/analyse_report.h: what 'analyse' says about a recording that it has stored. */
#ifndef CLI_ANALYSE_REPORT_H
#define CLI_ANALYSE_REPORT_H

#include <stdio.h>

#include "survey/analyse.h"

/* One line, and a second one when something was guessed or is not whole. LS_OK or LS_ERR_IO. */
int ls_analyse_report_text(FILE *out, const char *recording,
                           const struct ls_analyse_result *result);

/* One JSON object on a line. Keys are stable: type "run", run, recording, sensor, db, start and
 * stop (absent without a clock), no_clock, transmissions, bursts, observed_s, lost_s, off_s,
 * elapsed_s, realtime, samples, invalid_samples, clipped_samples, incomplete, note, plan,
 * input_sha512. */
int ls_analyse_report_json(FILE *out, const char *recording, const char *db,
                           const struct ls_analyse_result *result);

#endif
