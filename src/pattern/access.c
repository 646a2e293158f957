#include "pattern/access.h"

#include <math.h>
#include <stdio.h>

#include "base/util.h"
#include "model/incident.h"
#include "pattern/regular.h"
#include "pattern/words.h"

static const double rare_s = 600.0; /* slower than this nobody would call it a storm */

static bool takes(const struct ls_track *track) {
    return track->way == LS_WAY_ACCESS && track->span == LS_SPAN_SHORT;
}

static void describe(const struct ls_unit *unit, struct ls_finding *finding) {
    const struct ls_fit *fit = unit->fit;
    double heard = (double)fit->members / fmax(fit->expected, 1.0);
    double rate = 3600.0 / fit->period_s * heard;
    ls_finding_number(finding, "cadence_s", fit->period_s, fit->period_low_s, fit->period_high_s);
    ls_words_missed(unit, finding);
    /* The interval is that of the misses: the cadence is known far better. */
    const struct ls_parameter *missed = ls_finding_parameter(finding, "missed_fraction");
    ls_finding_number(finding, "rate_per_hour", rate, 3600.0 / fit->period_s * (1.0 - missed->high),
                      3600.0 / fit->period_s * (1.0 - missed->low));
    ls_finding_number(finding, "jitter_s", fit->jitter_s, fit->jitter_low_s, fit->jitter_high_s);
    ls_finding_number(finding, "events", (double)fit->members, (double)NAN, (double)NAN);
    ls_finding_word(finding, "timing", ls_words_timing(fit));
    ls_words_rivals(unit, finding);
    char rhythm[LS_RHYTHM_BYTES];
    char where[LS_INCIDENT_WHERE_BYTES];
    ls_words_rhythm(unit, rhythm);
    ls_incident_where(finding, 4, where);
    snprintf(finding->words, sizeof finding->words, "%zu access bursts, %s (%s), %.3g an hour, %s",
             fit->members, rhythm, ls_words_timing(fit), rate, where);
    ls_copy_text(finding->limits, sizeof finding->limits, ls_access_kind.fooled);
    finding->reported = fit->members >= LS_TRIAL_EVENTS_MIN && fit->period_s <= rare_s;
}

static int create(void **ret, const struct ls_kind_input *input, struct ls_err *err) {
    struct ls_regular_opts opts = {.takes = takes, .describe = describe};
    return ls_regular_create(ret, input, &opts, err);
}

const struct ls_kind ls_access_kind = {
    .id = "access-storm",
    .version = 6,
    .null = "access bursts on one channel come, alone or in clumps, at times that follow nothing "
            "finer than two minutes; trains and the time of day may be anything",
    .test = "H-test and repetition of intervals, both against surrogates moved within two minutes "
            "of good time",
    .evidence = "8 bursts of class gsm-access or lte-prach at most 10 minutes apart",
    .rivals = "clock-locked against drifting; simple fractions and multiples of the cadence",
    .fooled = "a modem at the edge of its cell, or one without credit, tries again on a timer too. "
              "Access bursts that were not told from others by class are not looked at",
    .create = create,
    .destroy = ls_regular_destroy,
    .push = ls_regular_push,
    .report = ls_regular_report,
    .save = ls_regular_save,
    .load = ls_regular_load,
};
