#include "survey/noise.h"

#include <math.h>
#include <string.h>

/* The window that fits a burst of LS_WEAKEST_S and LS_WEAKEST_HZ, in whole rows and channels. */
static size_t whole(double parts) { return (size_t)fmax(1.0, round(parts)); }

/* As rows are stored: to 0.01 dB, the same wherever the transforms were planned. */
static double rounded_db(double db) { return round(100.0 * db) / 100.0; }

struct ls_noise ls_noise_of(const struct ls_cut *cut, const struct ls_floor *floor,
                            const struct ls_limits *limits, float *scratch) {
    size_t n = cut->channels;
    double spacing_hz = cut->rate_sps / (double)n;
    double row_s = 2.0 * (double)cut->hop / cut->rate_sps;
    size_t channels = whole(LS_WEAKEST_HZ / spacing_hz);
    size_t rows = whole(LS_WEAKEST_S / row_s);
    memcpy(scratch, ls_floor_power(floor), n * sizeof *scratch);
    double sample_pow = ls_cut_middle(scratch, n) / cut->prototype_energy;
    double floor_dbfs_hz = 10.0 * log10(sample_pow / cut->rate_sps);
    double width_db = 10.0 * log10((double)channels * spacing_hz);
    double snr_db = ls_limits_sensitivity_db(limits, cut->looks, rows, channels);
    return (struct ls_noise){
        .known = true,
        .floor_dbfs_hz = rounded_db(floor_dbfs_hz),
        .floor_error_db = rounded_db(10.0 * log10(1.0 + ls_floor_error(floor))),
        .weakest_dbfs = rounded_db(floor_dbfs_hz + width_db + snr_db),
    };
}
