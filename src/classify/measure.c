#include "classify/measure.h"

#include <math.h>
#include <stdlib.h>

#include "classify/look.h"

enum { SAMPLES_MIN = 32 };

/* Of a part, in its own band: less shows nothing but that something is on. */
static const double SNR_LEAST = 0.5;
/* A line may stand far above the noise all the same. */
static const double SNR_LINE = 0.06;
static const double LINE_BAND_HZ = 12e3;
/* 120 dB: no receiver has that range, and powers of what is beyond it may not fit a float. */
static const double SNR_MOST = 1e12;

struct ls_measure {
    struct ls_look *look;
};

int ls_measure_create(struct ls_measure **ret, struct ls_err *err) {
    struct ls_measure *measure = calloc(1, sizeof *measure);
    if (measure == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for features");
    }
    int code = ls_look_create(&measure->look, err);
    if (code != LS_OK) {
        ls_measure_destroy(measure);
        return code;
    }
    *ret = measure;
    return LS_OK;
}

void ls_measure_destroy(struct ls_measure *measure) {
    if (measure != NULL) {
        ls_look_destroy(measure->look);
        free(measure);
    }
}

void ls_measure_iq(struct ls_measure *measure, const struct ls_narrow_iq *iq,
                   struct ls_features *features) {
    bool sane = iq->noise_pow > 0.0 && iq->snr >= SNR_LINE && iq->snr <= SNR_MOST;
    bool weak = iq->snr < SNR_LEAST;
    if (iq->on_to - iq->on_from < SAMPLES_MIN || !sane ||
        (weak && iq->bandwidth_hz > LINE_BAND_HZ)) {
        return;
    }
    struct ls_look *look = measure->look;
    ls_look_begin(look, iq);
    features->parts++;
    ls_features_set(features, LS_FEATURE_SNR_DB, 10.0 * log10(iq->snr), (double)look->count);
    if (weak) {
        ls_line_measure(look, features);
        return;
    }
    ls_moments_measure(look, features);
    ls_lines_measure(look, features);
    ls_cyclic_measure(look, features);
    ls_lattice_measure(look, features);
    ls_broadcast_measure(look, features);
    ls_sweeps_measure(look, features);
    ls_pulses_measure(look, features);
    ls_symbols_measure(look, features);
}
