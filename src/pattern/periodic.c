#include "pattern/periodic.h"

#include <math.h>
#include <stdio.h>

#include "base/time.h"
#include "base/util.h"
#include "pattern/regular.h"
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
    double low_s = 0.0;
    double high_s = 0.0;
    double mean_s = ls_words_on(unit, &low_s, &high_s);
    ls_finding_number(finding, "on_s", mean_s, low_s, high_s);
    snprintf(finding->words, sizeof finding->words,
             "%zu transmissions of about %.3g s, one every %.6g s (%s), near %.4f MHz",
             fit->members, mean_s, fit->period_s, ls_words_timing(fit),
             0.5 * (finding->low_hz + finding->high_hz) / 1e6);
    ls_copy_text(finding->limits, sizeof finding->limits, ls_periodic_kind.fooled);
    finding->reported = fit->members >= LS_TRIAL_EVENTS_MIN;
}

static int create(void **ret, const struct ls_kind_input *input, struct ls_err *err) {
    struct ls_regular_opts opts = {.input = input, .takes = takes, .describe = describe};
    struct ls_regular *regular = NULL;
    int rc = ls_regular_create(&regular, &opts, err);
    *ret = regular;
    return rc;
}

static void destroy(void *state) { ls_regular_destroy(state); }

static int push(void *state, const struct ls_event *event, struct ls_err *err) {
    return ls_regular_push(state, event, err);
}

static int report(const void *state, struct ls_report *report, struct ls_err *err) {
    return ls_regular_report(state, report, err);
}

static int save(const void *state, struct ls_blob *blob, struct ls_err *err) {
    return ls_regular_save(state, blob, err);
}

static int load(void *state, struct ls_blob_reader *in, struct ls_err *err) {
    return ls_regular_load(state, in, err);
}

const struct ls_kind ls_periodic_kind = {
    .id = "periodic-telemetry",
    .version = 1,
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
    .destroy = destroy,
    .push = push,
    .report = report,
    .save = save,
    .load = load,
};
