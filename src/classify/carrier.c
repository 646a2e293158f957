#include "classify/carrier.h"

#include <math.h>
#include <stdlib.h>

#include "dsp/gmsk.h"
#include "dsp/offset.h"

static const double least_snr = 4.0;       /* linear */
static const double least_error_hz = 0.05; /* no crystal is steadier meanwhile */
static const double largest_error = 0.01;  /* of the bandwidth: else it says less than the centre */
static const double steady_envelope = 1.25; /* fourth moment over the square of the second */

struct ls_carriers {
    struct ls_offset *offset;
};

int ls_carriers_create(struct ls_carriers **ret, struct ls_err *err) {
    struct ls_carriers *carriers = calloc(1, sizeof *carriers);
    if (carriers == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for carriers");
    }
    int code = ls_offset_create(&carriers->offset, err);
    if (code != LS_OK) {
        free(carriers);
        return code;
    }
    *ret = carriers;
    return LS_OK;
}

void ls_carriers_destroy(struct ls_carriers *carriers) {
    if (carriers != NULL) {
        ls_offset_destroy(carriers->offset);
        free(carriers);
    }
}

/* Moments of the envelope without the noise, as LS_FEATURE_KURTOSIS. */
static bool envelope_is_steady(const struct ls_narrow_iq *iq) {
    double second = 0.0;
    double fourth = 0.0;
    for (size_t n = iq->on_from; n < iq->on_to; n++) {
        float complex x = iq->iq[n];
        double p = (double)(crealf(x) * crealf(x) + cimagf(x) * cimagf(x));
        second += p;
        fourth += p * p;
    }
    double count = (double)(iq->on_to - iq->on_from);
    double s = second / count / iq->noise_pow - 1.0;
    double k = fourth * count / (second * second);
    return s > 1.0 && (k * (1.0 + s) * (1.0 + s) - 4.0 * s - 2.0) / (s * s) < steady_envelope;
}

void ls_carriers_measure(struct ls_carriers *carriers, const struct ls_narrow_iq *iq,
                         struct ls_carrier *carrier) {
    struct ls_offset_burst burst = {.iq = iq->iq + iq->on_from,
                                    .count = iq->on_to - iq->on_from,
                                    .rate_sps = iq->rate_sps,
                                    .noise_pow = iq->noise_pow};
    struct ls_offset_value value;
    if (iq->snr < least_snr || iq->clipped || !iq->whole_band || iq->noise_pow <= 0.0) {
        return;
    }
    bool known;
    if (ls_gmsk_is_burst((double)burst.count / burst.rate_sps, iq->bandwidth_hz)) {
        known = ls_offset_measure(carriers->offset, LS_OFFSET_GMSK, &burst, &value);
    } else {
        known = ls_offset_measure(carriers->offset, LS_OFFSET_TONE, &burst, &value) ||
                (envelope_is_steady(iq) &&
                 ls_offset_measure(carriers->offset, LS_OFFSET_FSK, &burst, &value));
    }
    if (!known || !(value.error_hz < largest_error * iq->bandwidth_hz)) {
        return;
    }
    double error_hz = fmax(value.error_hz, least_error_hz);
    struct ls_carrier part = {.weight = 1.0 / (error_hz * error_hz),
                              .sum_hz = (iq->center_hz + value.hz) / (error_hz * error_hz)};
    ls_carrier_add(carrier, &part);
}
