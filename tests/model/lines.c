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
    lost.state = LS_LOST;
    ls_copy_text(lost.cause, sizeof lost.cause, "overflow");
    struct ls_burst burst = {.duration_ns = 577000, .snr_db = 21.4, .level_dbfs = unknown};
    int code = ls_line_write_transmission(stdout, &full);
    code |= ls_line_write_transmission(stdout, &bare);
    code |= ls_line_write_observation(stdout, &observed);
    code |= ls_line_write_observation(stdout, &lost);
    code |= ls_line_write_burst(stdout, "km-12.4", &burst, 12);
    code |= ls_line_write_burst(stdout, "", &burst, 0);
    return code == LS_OK && fflush(stdout) == 0 ? 0 : 1;
}
