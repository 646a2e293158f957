#include "pattern/incidents.h"

#include <criterion/criterion.h>
#include <math.h>

#include "base/time.h"
#include "base/util.h"

static const int64_t hour_ns = 3600 * LS_NS_PER_S;

static struct ls_finding finding_at(int64_t start_ns, int64_t stop_ns, double log10_p) {
    struct ls_finding finding = {.version = 1,
                                 .log10_p = log10_p,
                                 .reported = true,
                                 .start_ns = start_ns,
                                 .stop_ns = stop_ns,
                                 .low_hz = 868.2e6,
                                 .high_hz = 868.3e6,
                                 .company = (double)NAN,
                                 .confirm_log10_p = (double)NAN};
    ls_copy_text(finding.kind, sizeof finding.kind, "pass-by");
    ls_copy_text(finding.sensor, sizeof finding.sensor, "km-1");
    return finding;
}

/* A run over the findings, with what an earlier one knew (NULL: nothing); the first incident. */
static struct ls_incident run(const struct ls_finding *findings, size_t count,
                              const struct ls_incident *known, const struct ls_permit *permit) {
    struct ls_incidents *incidents = NULL;
    struct ls_incidents_opts opts = {
        .permits = permit, .permit_count = permit != NULL, .kinds = 12};
    size_t index;
    cr_assert_eq(ls_incidents_create(&incidents, &opts, NULL), LS_OK);
    if (known != NULL) {
        cr_assert_eq(ls_incidents_know(incidents, known, NULL), LS_OK);
    }
    for (size_t i = 0; i < count; i++) {
        cr_assert_eq(ls_incidents_add(incidents, &findings[i], 1.0, &index, NULL), LS_OK);
    }
    ls_incidents_conclude(incidents);
    cr_assert_eq(ls_incidents_count(incidents), 1, "one growing incident");
    struct ls_incident incident = *ls_incidents_at(incidents, 0);
    ls_incidents_destroy(incidents);
    return incident;
}

Test(incidents, alert_wants_a_disjoint_confirmation_and_keeps_it) {
    struct ls_finding findings[] = {finding_at(10 * hour_ns, 11 * hour_ns, -20.0),
                                    finding_at(5 * hour_ns, 6 * hour_ns, -10.0)};
    struct ls_incident alone = run(findings, 1, NULL, NULL);
    cr_assert_eq(alone.severity, LS_WATCH);
    struct ls_incident both = run(findings, 2, NULL, NULL);
    cr_assert_eq(both.severity, LS_ALERT);
    cr_assert_eq(both.finding.start_ns, 5 * hour_ns);
    cr_assert_eq(both.findings, 2);
    struct ls_incident again = run(findings, 2, &both, NULL);
    cr_assert_eq(again.severity, LS_ALERT, "the same findings give the same incident");
    cr_assert_eq(again.finding.start_ns, 5 * hour_ns);
}

Test(incidents, overlapping_findings_do_not_confirm_each_other) {
    struct ls_finding findings[] = {finding_at(10 * hour_ns, 11 * hour_ns, -20.0),
                                    finding_at(10 * hour_ns + 1, 12 * hour_ns, -10.0)};
    cr_assert_eq(run(findings, 2, NULL, NULL).severity, LS_WATCH);
}

Test(incidents, permit_explains_and_does_not_hide) {
    struct ls_finding findings[] = {finding_at(10 * hour_ns, 11 * hour_ns, -20.0)};
    struct ls_permit permit = {
        .id = 7, .low_hz = 868e6, .high_hz = 869e6, .since_ns = 0, .until_ns = 11 * hour_ns};
    struct ls_incident permitted = run(findings, 1, NULL, &permit);
    cr_assert_eq(permitted.severity, LS_PERMITTED);
    cr_assert_eq(permitted.permit, 7);
    permit.until_ns = 11 * hour_ns - 1;
    cr_assert_eq(run(findings, 1, NULL, &permit).severity, LS_WATCH, "it went on after the permit");
}

static void set_period(struct ls_finding *finding, double period_s) {
    ls_copy_text(finding->kind, sizeof finding->kind, "periodic-telemetry");
    ls_finding_number(finding, "period_s", period_s, period_s - 1e-5, period_s + 1e-5);
}

/* What lies beside a permitted regularity, and partly outside its band, is an incident of its own:
 * it neither hides behind the permit nor takes it away. */
Test(incidents, permit_is_not_lost_to_a_neighbour) {
    struct ls_finding inside = finding_at(10 * hour_ns, 11 * hour_ns, -200.0);
    struct ls_finding beside = finding_at(10 * hour_ns, 11 * hour_ns, -20.0);
    set_period(&inside, 12.0);
    set_period(&beside, 48.0);
    beside.low_hz = 868.1e6;
    beside.high_hz = 868.25e6;
    struct ls_permit permit = {
        .id = 7, .low_hz = 868.15e6, .high_hz = 868.4e6, .until_ns = INT64_MAX};
    struct ls_incidents *incidents = NULL;
    struct ls_incidents_opts opts = {.permits = &permit, .permit_count = 1, .kinds = 12};
    size_t index;
    cr_assert_eq(ls_incidents_create(&incidents, &opts, NULL), LS_OK);
    cr_assert_eq(ls_incidents_add(incidents, &inside, 1.0, &index, NULL), LS_OK);
    cr_assert_eq(ls_incidents_add(incidents, &beside, 1.0, &index, NULL), LS_OK);
    ls_incidents_conclude(incidents);
    cr_assert_eq(ls_incidents_count(incidents), 2);
    cr_assert_eq(ls_incidents_at(incidents, 0)->severity, LS_PERMITTED);
    cr_assert_eq(ls_incidents_at(incidents, 1)->severity, LS_WATCH);
    ls_incidents_destroy(incidents);
}

/* Three in a row of which each meets the next: the first and the last are not one. */
Test(incidents, neighbours_are_no_chain) {
    struct ls_finding findings[3];
    struct ls_incidents *incidents = NULL;
    struct ls_incidents_opts opts = {.kinds = 12};
    size_t index;
    cr_assert_eq(ls_incidents_create(&incidents, &opts, NULL), LS_OK);
    for (size_t i = 0; i < LS_COUNT(findings); i++) {
        findings[i] = finding_at(10 * hour_ns, 11 * hour_ns, -20.0 + (double)i);
        findings[i].low_hz = 868e6 + 80e3 * (double)i;
        findings[i].high_hz = findings[i].low_hz + 100e3;
        cr_assert_eq(ls_incidents_add(incidents, &findings[i], 1.0, &index, NULL), LS_OK);
        cr_assert_eq(index, i == 2 ? 1 : 0);
    }
    ls_incidents_destroy(incidents);
}

/* What the permit hid is judged by what was known when it was found. */
Test(incidents, what_rode_on_trains_is_a_note_when_its_permit_ends) {
    struct ls_finding findings[] = {finding_at(10 * hour_ns, 11 * hour_ns, -20.0)};
    struct ls_permit permit = {.id = 7, .low_hz = 868e6, .high_hz = 869e6, .until_ns = INT64_MAX};
    findings[0].company = 0.9;
    struct ls_incident permitted = run(findings, 1, NULL, &permit);
    cr_assert_eq(permitted.severity, LS_PERMITTED);
    cr_assert_eq(run(NULL, 0, &permitted, NULL).severity, LS_NOTE);
    permitted.finding.company = 0.1;
    cr_assert_eq(run(NULL, 0, &permitted, NULL).severity, LS_WATCH);
}

Test(incidents, what_rides_on_trains_is_a_note) {
    struct ls_finding findings[] = {finding_at(10 * hour_ns, 11 * hour_ns, -20.0)};
    findings[0].company = 0.9;
    cr_assert_eq(run(findings, 1, NULL, NULL).severity, LS_NOTE);
}

/* A hopper over five channels, and one of them by itself with the better tail. */
Test(incidents, hopper_is_known_by_its_own_period) {
    struct ls_finding hopper = finding_at(10 * hour_ns, 11 * hour_ns, -250.0);
    struct ls_finding channel = finding_at(10 * hour_ns, 14 * hour_ns, -900.0);
    set_period(&hopper, 2.5625);
    set_period(&channel, 12.8125);
    hopper.high_hz = hopper.low_hz + 500e3;
    channel.high_hz = channel.low_hz + 30e3;
    cr_assert_lt(ls_incidents_order(&hopper, &channel), 0);
    cr_assert_gt(ls_incidents_order(&channel, &hopper), 0);
    struct ls_finding findings[] = {hopper, channel};
    struct ls_incident incident = run(findings, 2, NULL, NULL);
    cr_assert_eq(ls_finding_parameter(&incident.finding, "period_s")->value, 2.5625);
}

Test(incidents, company_is_that_of_all_rows) {
    static const int64_t ids[] = {1, 2, 3, 4};
    struct ls_finding findings[] = {finding_at(10 * hour_ns, 11 * hour_ns, -20.0),
                                    finding_at(10 * hour_ns, 11 * hour_ns, -10.0)};
    findings[0].company = 1.0;
    findings[0].evidence_count = 1;
    findings[1].company = 0.0;
    findings[1].evidence_count = 3;
    findings[0].evidence = findings[1].evidence = ids;
    struct ls_incident incident = run(findings, 2, NULL, NULL);
    cr_assert_float_eq(incident.finding.company, 0.25, 1e-12);
    cr_assert_eq(incident.severity, LS_WATCH);
}
