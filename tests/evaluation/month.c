#include "tests/evaluation/month.h"

#include <math.h>

#include "base/util.h"

const int64_t month_start_ns = INT64_C(1793491200000000000);
const double month_s = 30.0 * 86400.0;

static uint64_t random_state = 1;

double month_uniform(void) {
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (double)(random_state >> 11) * 0x1p-53;
}

struct ls_transmission month_row(size_t i, size_t rows) {
    double kind = month_uniform();
    double duration_s = kind < 0.001  ? 86400.0 * month_uniform()
                        : kind < 0.02 ? 600.0 * month_uniform()
                                      : 0.001 + 2.0 * month_uniform();
    double t = month_s * ((double)i + month_uniform()) / (double)rows;
    struct ls_transmission row = {
        .start_ns = month_start_ns + (int64_t)(t * 1e9),
        .duration_ns = 1 + (int64_t)(duration_s * 1e9),
        .center_hz = 400e6 + 12.5e3 * floor(4000.0 * month_uniform()) + 400.0 * month_uniform(),
        .bandwidth_hz = kind < 0.001 ? 5e6 * month_uniform() : 8e3 + 3e3 * month_uniform(),
        .snr_db = 6.0 + 30.0 * month_uniform(),
        .level_dbfs = -90.0 + 60.0 * month_uniform(),
        .offset_hz = 100.0 * month_uniform(),
        .bursts = 1 + (uint64_t)(20.0 * month_uniform()),
        .on_s = duration_s * month_uniform(),
        .burst_s = duration_s / 20.0,
        .period_s = month_uniform() < 0.5 ? (double)NAN : duration_s / 10.0,
    };
    static const char *const classes[] = {"gsm", "fsk", "ook", "fm", "tetra", "unknown"};
    ls_copy_text(row.class_name, sizeof row.class_name, classes[(int)(6.0 * month_uniform())]);
    return row;
}
