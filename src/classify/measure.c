#include "classify/measure.h"

#include <math.h>
#include <stdlib.h>

enum { SAMPLES_MIN = 32 };

struct ls_measure {
    size_t parts;
};

int ls_measure_create(struct ls_measure **ret, struct ls_err *err) {
    *ret = calloc(1, sizeof **ret);
    return *ret != NULL ? LS_OK : ls_err_set(err, LS_ERR_NOMEM, "out of memory for features");
}

void ls_measure_destroy(struct ls_measure *measure) { free(measure); }

/* Fourth moment over the square of the second, without the noise: with s the SNR and ks that of the
 * signal, k = (s^2 ks + 4 s + 2) / (1 + s)^2. Constant envelopes are told from others from 10 dB
 * and 500 samples on; its deviation is about 2 / sqrt(samples). */
static void measure_kurtosis(const struct ls_narrow_iq *iq, struct ls_features *features) {
    double second = 0.0;
    double fourth = 0.0;
    for (size_t n = iq->on_from; n < iq->on_to; n++) {
        double p =
            (double)(crealf(iq->iq[n]) * crealf(iq->iq[n]) + cimagf(iq->iq[n]) * cimagf(iq->iq[n]));
        second += p;
        fourth += p * p;
    }
    double count = (double)(iq->on_to - iq->on_from);
    double s = second / count / iq->noise_pow - 1.0;
    if (s > 1.0) {
        double k = fourth * count / (second * second);
        ls_features_set(features, LS_FEATURE_KURTOSIS,
                        (k * (1.0 + s) * (1.0 + s) - 4.0 * s - 2.0) / (s * s), count);
    }
}

void ls_measure_iq(struct ls_measure *measure, const struct ls_narrow_iq *iq,
                   struct ls_features *features) {
    if (iq->on_to - iq->on_from < SAMPLES_MIN || iq->noise_pow <= 0.0) {
        return;
    }
    measure->parts++;
    features->parts++;
    ls_features_set(features, LS_FEATURE_SNR_DB, 10.0 * log10(fmax(iq->snr, 1e-9)), 1.0);
    measure_kurtosis(iq, features);
}
