/* Linear sweeps: chirp spread spectrum, whose slope is one of a few, and chirps of any slope. */
#include <assert.h>
#include <math.h>

#include "classify/look.h"
#include "dsp/rows.h"

enum {
    WINDOWS = 6,       /* of a part, evenly spread */
    WINDOWS_LEAST = 2, /* of a slope that shows nothing */
    SPREADING_MIN = 7,
    SPREADING_MAX = 12,
    SWEEP_LAG = 8, /* samples */
};

/* Share in a line below which more windows of that slope are not looked at. */
static const double HOPELESS = 0.1;

/* Chirps have 1; where it could not be measured, they are looked for. */
static const double KURTOSIS_MOST = 1.6;

/* LoRa bandwidths (Semtech, AN1200.22). */
static const double bandwidths_hz[] = {125e3, 250e3, 500e3};

/* Share of the signal's power in the strongest line of look->work[count], without noise. */
static double line_share(struct ls_look *look, size_t count, double noise_pow, double snr,
                         size_t *ret_bin) {
    ls_look_spectrum(look, count);
    assert(look->bins > 0);
    size_t best = ls_rows_peak(look->spectrum, look->bins);
    double line = 0.0;
    for (size_t k = 0; k < 5; k++) {
        line += (double)look->spectrum[(best + look->bins + k - 2) % look->bins];
    }
    *ret_bin = best;
    return (line - noise_pow * 5.0 / (double)look->bins) / (noise_pow * snr + 1e-30);
}

static double complex times(double complex a, double complex b) {
    return CMPLX(creal(a) * creal(b) - cimag(a) * cimag(b),
                 creal(a) * cimag(b) + cimag(a) * creal(b));
}

/* The conjugate sweep from 0 Hz on: each sample turns by a little more than the one before. */
static void write_sweep(struct ls_look *look, double slope_hz_s, size_t count) {
    double sps = look->iq->rate_sps;
    double half = M_PI * slope_hz_s / (sps * sps); /* angle of the first turn */
    double complex turn = CMPLX(cos(half), -sin(half));
    double complex more = times(turn, turn);
    double complex at = 1.0;
    for (size_t n = 0; n < count; n++) {
        look->sweep[n] = (float complex)at;
        at = times(at, turn);
        turn = times(turn, more);
    }
}

/* A window shorter than a symbol, times the conjugate sweep, is one line, or two where it wraps.
 * Works from -7 dB (spreading factor 7) down to -20 dB (12). */
static double dechirped(struct ls_look *look, double slope_hz_s, size_t window) {
    double sum = 0.0;
    write_sweep(look, slope_hz_s, window);
    for (size_t w = 0; w < WINDOWS; w++) {
        size_t from = (look->count - window) * w / (WINDOWS - 1);
        for (size_t n = 0; n < window; n++) {
            look->work[n] = ls_look_product(look->x[from + n], look->sweep[n]);
        }
        size_t bin;
        sum += line_share(look, window, look->iq->noise_pow, look->snr, &bin);
        if (w + 1 == WINDOWS_LEAST && sum < HOPELESS * WINDOWS_LEAST) {
            return sum / WINDOWS_LEAST;
        }
    }
    return sum / WINDOWS;
}

static void measure_lora(struct ls_look *look, struct ls_features *features) {
    double band_hz = look->iq->bandwidth_hz;
    double sps = look->iq->rate_sps;
    if (ls_features_value(features, LS_FEATURE_KURTOSIS) > KURTOSIS_MOST) {
        return;
    }
    for (size_t b = 0; b < sizeof bandwidths_hz / sizeof bandwidths_hz[0]; b++) {
        double wide_hz = bandwidths_hz[b];
        if (band_hz < 0.75 * wide_hz || band_hz > 1.35 * wide_hz) {
            continue;
        }
        double best = 0.0;
        for (int sf = SPREADING_MIN; sf <= SPREADING_MAX; sf++) {
            double symbol_s = exp2(sf) / wide_hz;
            double fit = fmin(0.6 * symbol_s * sps, LS_LOOK_BINS_MAX);
            size_t window = (size_t)fit < look->count ? (size_t)fit : look->count;
            if (window >= LS_LOOK_BINS_MIN) {
                best = fmax(best, dechirped(look, wide_hz / symbol_s, window));
            }
        }
        ls_features_set(features, LS_FEATURE_LORA, best, (double)look->count);
    }
}

/* x(t) x*(t - d) of a sweep is a line at slope times d (Djuric, Kay, "Parameter Estimation of Chirp
 * Signals", IEEE Trans. ASSP 38(12), 1990). */
static void measure_sweep(struct ls_look *look, struct ls_features *features) {
    size_t count = look->count < LS_LOOK_BINS_MAX ? look->count : LS_LOOK_BINS_MAX;
    if (count < 4 * SWEEP_LAG || look->snr < 3.0) {
        return;
    }
    /* The lag grows with the length, so that a sweep of the band in the part is seen well. */
    size_t lag = count / 32 > SWEEP_LAG ? count / 32 : SWEEP_LAG;
    for (size_t n = 0; n + lag < count; n++) {
        look->work[n] = ls_look_product(look->x[n + lag], conjf(look->x[n]));
    }
    double s = look->snr;
    double product_pow = look->iq->noise_pow * look->iq->noise_pow;
    size_t bin;
    /* Noise of the product: (1 + s)^2 - s^2 in units of the noise squared. */
    double share =
        line_share(look, count - lag, product_pow * (1.0 + 2.0 * s), s * s / (1.0 + 2.0 * s), &bin);
    double slope = ls_look_bin_hz(look, bin) * look->iq->rate_sps / (double)lag; /* Hz a second */
    bool still = bin <= 3 || bin + 3 >= look->bins;
    ls_features_set(features, LS_FEATURE_CHIRP, still ? 0.0 : share, (double)count);
    ls_features_set(features, LS_FEATURE_CHIRP_HZ,
                    fabs(slope) * (double)look->count / look->iq->rate_sps, (double)count);
}

void ls_sweeps_measure(struct ls_look *look, struct ls_features *features) {
    measure_lora(look, features);
    measure_sweep(look, features);
}
