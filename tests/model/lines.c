/* Writes one line of each kind, full and bare, for schema_test.py. */
#include <math.h>

#include "base/util.h"
#include "model/line.h"

int main(void) {
    const double unknown = (double)NAN;
    struct ls_transmission full = {.sensor = "km-12.4",
                                   .start_ns = INT64_C(1795161600000000001),
                                   .duration_ns = 118203100000,
                                   .center_hz = 876412345.25,
                                   .bandwidth_hz = 210e3,
                                   .snr_db = 23.1,
                                   .level_dbfs = -41.2,
                                   .class_name = "gsm",
                                   .offset_hz = -12.3,
                                   .bursts = 25601};
    struct ls_transmission bare = {.start_ns = -1,
                                   .duration_ns = 1,
                                   .snr_db = unknown,
                                   .level_dbfs = unknown,
                                   .offset_hz = unknown};
    struct ls_observation observed = {
        .sensor = "a \"b\"", .stop_ns = 1, .low_hz = 876e6, .high_hz = 880e6};
    struct ls_observation lost = observed;
    observed.noise = (struct ls_noise){
        .known = true, .floor_dbfs_hz = -113.98, .floor_error_db = 0.07, .weakest_dbfs = -72.0};
    lost.state = LS_LOST;
    ls_copy_text(lost.cause, sizeof lost.cause, "overflow");
    struct ls_burst burst = {.duration_ns = 577000, .snr_db = 21.4, .level_dbfs = unknown};
    int code = ls_line_write_transmission(stdout, &full);
    code |= ls_line_write_transmission(stdout, &bare);
    code |= ls_line_write_observation(stdout, &observed);
    code |= ls_line_write_observation(stdout, &lost);
    code |= ls_line_write_burst(stdout, "km-12.4", &burst, 12);
    code |= ls_line_write_burst(stdout, "", &burst, 0);
    struct ls_incident incident = {.id = 3,
                                   .severity = LS_ALERT,
                                   .findings = 2,
                                   .confirmed = true,
                                   .permit = 7,
                                   .finding = {.kind = "scripted-cycle",
                                               .version = 1,
                                               .sensor = "km-12.4",
                                               .log10_p = -8.5,
                                               .searches = 48,
                                               .trials = 91000,
                                               .stop_ns = 1,
                                               .low_hz = 876e6,
                                               .high_hz = 880e6,
                                               .rivals = {"a \"clock\" of 150 s"},
                                               .rival_count = 1,
                                               .evidence = (const int64_t[]){12, 13},
                                               .evidence_count = 2}};
    struct ls_finding *finding = &incident.finding;
    ls_finding_number(finding, "on_s", 120.0, 119.5, 120.5);
    ls_finding_number(finding, "off_s", unknown, unknown, unknown);
    ls_finding_word(finding, "clock", "wait-after-release");
    code |= ls_line_write_finding(stdout, finding);
    code |= ls_line_write_incident(stdout, &incident);
    struct ls_finding nothing = {.kind = "lockstep", .searches = 1, .trials = 1};
    code |= ls_line_write_finding(stdout, &nothing);
    incident = (struct ls_incident){
        .id = 1, .finding = {.kind = "pass-by", .version = 2, .log10_p = -1000.0, .stop_ns = 1}};
    code |= ls_line_write_incident(stdout, &incident);
    struct ls_emitter emitter = {.id = 4,
                                 .sensor = "km-12.4",
                                 .class_name = "gsm",
                                 .transmissions = 12,
                                 .last_ns = 1,
                                 .on_s = 1440.0,
                                 .low_hz = 876.3e6,
                                 .high_hz = 876.5e6,
                                 .center_hz = 876.4e6,
                                 .bandwidth_hz = 210e3,
                                 .duration_s = 120.0,
                                 .level_dbfs = -41.2,
                                 .level_spread_db = 2.0,
                                 .offset_hz = -12.3,
                                 .period_s = 150.0,
                                 .jitter_s = 0.01,
                                 .score = 0.98};
    code |= ls_line_write_emitter(stdout, &emitter);
    emitter = (struct ls_emitter){.id = 5,
                                  .transmissions = 1,
                                  .last_ns = 1,
                                  .duration_s = unknown,
                                  .level_dbfs = unknown,
                                  .level_spread_db = unknown,
                                  .offset_hz = unknown,
                                  .period_s = unknown,
                                  .jitter_s = unknown,
                                  .hops = true,
                                  .score = unknown};
    code |= ls_line_write_emitter(stdout, &emitter);
    return code == LS_OK && fflush(stdout) == 0 ? 0 : 1;
}
