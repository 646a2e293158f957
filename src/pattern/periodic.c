#include "pattern/periodic.h"

#include <math.h>
#include <stdio.h>

#include "base/time.h"
#include "base/util.h"
#include "model/incident.h"
#include "pattern/fold.h"
#include "pattern/words.h"

static bool takes(const struct ls_track *track) {
    return track->span == LS_SPAN_SHORT && track->way == LS_WAY_PLAIN;
}

static void describe(const struct ls_unit *unit, struct ls_finding *finding) {
    const struct ls_fit *fit = unit->fit;
    ls_finding_number(finding, "period_s", fit->period_s, fit->period_low_s, fit->period_high_s);
    ls_finding_number(finding, "period_error_s", 0.5 * (fit->period_high_s - fit->period_low_s),
                      (double)NAN, (double)NAN);
    ls_words_phase(unit, finding);
    ls_words_missed(unit, finding);
    ls_finding_number(finding, "jitter_s", fit->jitter_s, fit->jitter_low_s, fit->jitter_high_s);
    ls_finding_number(finding, "events", (double)fit->members, (double)NAN, (double)NAN);
    ls_finding_word(finding, "timing", ls_words_timing(fit));
    ls_words_rivals(unit, finding);
    struct ls_mean on = ls_words_on(unit);
    ls_finding_number(finding, "on_s", on.mean, on.low, on.high);
    char rhythm[LS_RHYTHM_BYTES];
    char where[LS_INCIDENT_WHERE_BYTES];
    ls_words_rhythm(unit, rhythm);
    ls_incident_where(finding, 4, where);
    ls_words_cycle(unit, finding);
    snprintf(finding->words, sizeof finding->words,
             "%zu transmissions of about %.3g s, %s (%s), %s", fit->members, on.mean, rhythm,
             ls_words_timing(fit), where);
    ls_copy_text(finding->limits, sizeof finding->limits, ls_periodic_kind.fooled);
    finding->reported = fit->members >= LS_TRIAL_EVENTS_MIN;
}

static int create(void **ret, const struct ls_kind_input *input, struct ls_err *err) {
    struct ls_regular_opts opts = {.takes = takes, .describe = describe};
    return ls_fold_create(ret, input, &opts, err);
}

const struct ls_kind ls_periodic_kind = {
    .id = "periodic-telemetry",
    .version = 6,
    .null =
        "the packets of an emitter come, alone or in clumps, at times that follow nothing finer "
        "than two minutes; day, timetable and the receiver's schedule may be anything",
    .test =
        "H-test over periods from a fifth of the mean interval to a quarter of the window, and "
        "repetition of intervals; both against surrogates moved within two minutes of good time",
    .evidence = "8 packets of one emitter in 12 hours of each other",
    .rivals = "drifting instead of clock-locked timing; simple fractions and multiples of the "
              "period; a second device on the channel",
    .fooled = "domestic sensors, meters and alarms keep clocks too: a period says nothing of the "
              "purpose. A receiver that only listens, or sends by wire, is not seen. Two devices "
              "of one period and frequency are told apart by phase alone",
    .create = create,
    .destroy = ls_fold_destroy,
    .push = ls_fold_push,
    .report = ls_fold_report,
    .save = ls_fold_save,
    .load = ls_fold_load,
};
