#include "pattern/scripted.h"

#include <math.h>
#include <stdio.h>

#include "base/util.h"
#include "model/incident.h"
#include "pattern/fold.h"
#include "pattern/words.h"

static bool takes(const struct ls_track *track) {
    return track->span == LS_SPAN_HOLD && track->way == LS_WAY_PLAIN;
}

static void describe(const struct ls_unit *unit, struct ls_finding *finding) {
    const struct ls_fit *fit = unit->fit;
    struct ls_mean on = ls_words_on(unit);
    struct ls_mean off = ls_words_off(unit);
    ls_finding_number(finding, "on_s", on.mean, on.low, on.high);
    ls_finding_number(finding, "off_s", off.mean, off.low, off.high);
    ls_finding_number(finding, "period_s", fit->period_s, fit->period_low_s, fit->period_high_s);
    ls_finding_number(finding, "cycles", (double)fit->members, (double)NAN, (double)NAN);
    ls_words_missed(unit, finding);
    ls_finding_number(finding, "jitter_s", fit->jitter_s, fit->jitter_low_s, fit->jitter_high_s);
    ls_finding_number(finding, "on_spread_s", on.spread, (double)NAN, (double)NAN);
    ls_finding_number(finding, "off_spread_s", off.spread, (double)NAN, (double)NAN);
    ls_finding_word(finding, "timing", ls_words_timing(fit));
    ls_words_rivals(unit, finding);
    char rhythm[LS_RHYTHM_BYTES];
    char between[LS_RHYTHM_BYTES] = "";
    char where[LS_INCIDENT_WHERE_BYTES];
    ls_words_rhythm(unit, rhythm);
    ls_incident_where(finding, 4, where);
    if (isfinite(off.mean)) { /* two cycles that follow each other were heard */
        snprintf(between, sizeof between, "with %.4g s between them, ", off.mean);
    }
    snprintf(finding->words, sizeof finding->words,
             "%zu transmissions held for %.4g s, %s%s (%s), %s", fit->members, on.mean, between,
             rhythm, ls_words_timing(fit), where);
    ls_copy_text(finding->limits, sizeof finding->limits, ls_scripted_kind.fooled);
    finding->reported = fit->members >= LS_TRIAL_EVENTS_MIN;
}

static int create(void **ret, const struct ls_kind_input *input, struct ls_err *err) {
    struct ls_regular_opts opts = {.takes = takes, .describe = describe};
    return ls_fold_create(ret, input, &opts, err);
}

const struct ls_kind ls_scripted_kind = {
    .id = "scripted-cycle",
    .version = 6,
    .null = "calls of one length on one channel begin at times that follow nothing finer than two "
            "minutes; day, timetable and the receiver's schedule may be anything",
    .test = "repetition of the time from start to start, misses and strays allowed for, and the "
            "H-test; both against surrogates moved within two minutes of good time",
    .evidence = "8 transmissions of 5 to 300 s of one emitter in 12 hours of each other",
    .rivals = "clock-locked against wait-after-release; simple fractions and multiples of the "
              "period; exponential, log-normal and Weibull intervals",
    .fooled = "lift and alarm diallers, call centres and the operator's or regulator's own test "
              "calls repeat as well. A rig on a train passes in less than one cycle and is not "
              "seen here; nor is one that only listens",
    .create = create,
    .destroy = ls_fold_destroy,
    .push = ls_fold_push,
    .report = ls_fold_report,
    .save = ls_fold_save,
    .load = ls_fold_load,
};
