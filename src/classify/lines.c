/* Lines: of the signal itself (a carrier), of its square and its envelope, and of its squared
 * frequency (symbol rates). Source: Gardner, "Statistical Spectral Analysis", 1988, chapter 12. */
#include <assert.h>
#include <math.h>

#include "classify/look.h"
#include "dsp/rows.h"

enum {
    LINE_REACH = 2, /* bins on each side that a windowed line fills */
    NEAR = 16,      /* bins on each side that a line is held against */
    STRETCH = 16,   /* values near a line whose moments are taken together */
};

static const double NEAR_LINE_HZ = 20e3; /* wider bursts are no carriers */
static const double LINE_SNR = 12.0;     /* of a line, in the band that is kept about it */
static const double GSM_BAUD = 13e6 / 48.0;
static const double AIS_BAUD = 9600.0;
/* How far twice the carrier may lie off, of the cut's rate: a box of two channels of the bank may
 * hold one of 10 kHz in its outer one. */
static const double GSM_REACH = 1.0 / 8.0;
static const double AIS_REACH = 1.0 / 4.0;
static const double TETRA_BAUD = 18000.0;
static const double WCDMA_CHIPS = 3.84e6;
static const double DMR_BAUD = 4800.0;

/* What lies within a narrow band about the strongest line, alone: its moments in stretches of that
 * band's samples, so short that fading does not count. Works for lines far below the noise. */
static void measure_near_line(const struct ls_look *look, size_t bin, double line_pow,
                              struct ls_features *features) {
    double noise_pow = look->iq->noise_pow;
    double length = fmax(1.0, ceil(LINE_SNR * noise_pow / line_pow));
    if (!(line_pow > 0.0) || look->iq->bandwidth_hz > NEAR_LINE_HZ ||
        length * STRETCH * 2.0 > (double)look->count) {
        return;
    }
    double complex step =
        cexp(-2.0 * M_PI * ls_look_bin_hz(look, bin) / look->iq->rate_sps * (double complex)I);
    double noise = noise_pow / length;
    double complex at = 1.0;
    size_t n = 0;
    while (n + (size_t)length * STRETCH <= look->count) {
        double second = 0.0;
        double fourth = 0.0;
        for (size_t k = 0; k < STRETCH; k++) {
            double complex sum = 0.0;
            for (size_t end = n + (size_t)length; n < end; n++) {
                double complex x = (double complex)look->x[n];
                sum += CMPLX(creal(x) * creal(at) - cimag(x) * cimag(at),
                             creal(x) * cimag(at) + cimag(x) * creal(at));
                at = CMPLX(creal(at) * creal(step) - cimag(at) * cimag(step),
                           creal(at) * cimag(step) + cimag(at) * creal(step));
            }
            double p = (creal(sum) * creal(sum) + cimag(sum) * cimag(sum)) / (length * length);
            second += p / STRETCH;
            fourth += p * p / STRETCH;
        }
        double s = second / noise - 1.0;
        double k = fourth / (second * second);
        if (s > 2.0) {
            ls_features_set(features, LS_FEATURE_LINE_KURTOSIS,
                            (k * (1.0 + s) * (1.0 + s) - 4.0 * s - 2.0) / (s * s),
                            STRETCH * length);
        }
    }
}

/* Share of the power of the signal in the strongest line of it. */
void ls_line_measure(struct ls_look *look, struct ls_features *features) {
    for (size_t n = 0; n < look->count; n++) {
        look->work[n] = look->x[n];
    }
    ls_look_spectrum(look, look->count);
    assert(look->bins > 0);
    size_t best = ls_rows_peak(look->spectrum, look->bins);
    double line = 0.0;
    for (size_t k = 0; k <= (size_t)2 * LINE_REACH; k++) {
        line += (double)look->spectrum[(best + look->bins + k - LINE_REACH) % look->bins];
    }
    double bins = (2.0 * LINE_REACH + 1.0) / (double)look->bins;
    line -= look->iq->noise_pow * bins;
    measure_near_line(look, best, line, features);
    ls_features_set(features, LS_FEATURE_LINE, line / (look->iq->noise_pow * look->snr + 1e-30),
                    (double)look->count);
}

/* The bin in [from, to) that stands out the most of the mean of those near it. */
static size_t strongest(const struct ls_look *look, size_t from, size_t to) {
    size_t bins = look->bins;
    size_t last = bins - 1; /* bins is a power of two */
    const float *power = look->spectrum;
    size_t best = from;
    double best_ratio = 0.0;
    double below = 0.0; /* of the bins near k, on each side */
    double above = 0.0;
    for (size_t d = LINE_REACH + 1; d <= NEAR; d++) {
        below += (double)power[(from + bins - d) & last];
        above += (double)power[(from + d) & last];
    }
    for (size_t k = from; k < to; k++) {
        double near = fmax(below + above, 0.0);
        if ((double)power[k] > best_ratio * near) {
            best_ratio = (double)power[k] / near;
            best = k;
        }
        below +=
            (double)power[(k + bins - LINE_REACH) & last] - (double)power[(k + bins - NEAR) & last];
        above += (double)power[(k + NEAR + 1) & last] - (double)power[(k + LINE_REACH + 1) & last];
    }
    return best;
}

/* Does a rate lie where this cut can show it? */
static bool can_show(const struct ls_look *look, double rate_hz) {
    double sps = look->iq->rate_sps;
    double periods = (double)look->count / sps * rate_hz;
    return rate_hz < 0.95 * sps && rate_hz > 0.08 * sps && periods > 24.0;
}

static void set_known(struct ls_look *look, struct ls_features *features, enum ls_feature feature,
                      double rate_hz) {
    if (can_show(look, rate_hz)) {
        ls_features_set(features, feature, ls_look_over_median_db(look, ls_look_bin(look, rate_hz)),
                        (double)look->count);
    }
}

void ls_look_set_line(struct ls_look *look, struct ls_features *features, enum ls_feature line,
                      enum ls_feature rate) {
    size_t from = look->bins / 32 > NEAR ? look->bins / 32 : NEAR;
    if (from + NEAR >= look->bins / 2) {
        return;
    }
    size_t best = strongest(look, from, look->bins / 2);
    double db = ls_look_over_median_db(look, best);
    ls_features_set(features, line, db, (double)look->count);
    ls_features_set(features, rate, ls_look_bin_hz(look, best),
                    (double)look->count * pow(10.0, db / 10.0));
}

static double mean_of(const float *values, size_t count) {
    double sum = 0.0;
    for (size_t n = 0; n < count; n++) {
        sum += (double)values[n];
    }
    return sum / (double)count;
}

/* Linear modulation with bandwidth beyond its symbol rate: 22 dB for a slot of pi/4-DQPSK; needs 8
 * dB and 200 symbols. None for GMSK. */
static void measure_envelope_lines(struct ls_look *look, struct ls_features *features) {
    float mean = (float)mean_of(look->power, look->count);
    for (size_t n = 0; n < look->count; n++) {
        look->work[n] = fminf(look->power[n], 4.0F * mean) - mean;
    }
    ls_look_spectrum(look, look->count);
    ls_look_set_line(look, features, LS_FEATURE_ENVELOPE_LINE_DB, LS_FEATURE_ENVELOPE_RATE_HZ);
    set_known(look, features, LS_FEATURE_TETRA_LINE_DB, TETRA_BAUD);
    set_known(look, features, LS_FEATURE_WCDMA_LINE_DB, WCDMA_CHIPS);
}

/* Squared deviation of the frequency: dips where symbols change. */
static void measure_frequency_lines(struct ls_look *look, struct ls_features *features) {
    double mean = mean_of(look->freq, look->count);
    float square = 0.0F;
    for (size_t n = 0; n < look->count; n++) {
        float d = look->freq[n] - (float)mean;
        look->scratch[n] = d * d;
        square += d * d / (float)look->count;
    }
    float mean_pow = (float)(look->iq->noise_pow * (1.0 + look->snr));
    for (size_t n = 0; n < look->count; n++) {
        /* Where the envelope is low, the frequency says nothing. */
        bool up = look->power[n] > 0.2F * mean_pow;
        look->work[n] = up ? fminf(look->scratch[n], 4.0F * square) - square : 0.0F;
    }
    ls_look_spectrum(look, look->count);
    ls_look_set_line(look, features, LS_FEATURE_FREQ_LINE_DB, LS_FEATURE_FREQ_RATE_HZ);
    set_known(look, features, LS_FEATURE_DMR_LINE_DB, DMR_BAUD);
}

/* The weaker of two lines rate_hz apart, best over their middle within reach of the band: the
 * square of minimum shift keying, which has lines at twice the offset +- half the rate. One normal
 * burst of GSM at 6 dB: 13.9 dB (10 % quantile), noise below 10.0 (99 %). */
static void set_pair(struct ls_look *look, struct ls_features *features, enum ls_feature feature,
                     double rate_hz, double share) {
    double seconds = (double)look->count / look->iq->rate_sps;
    if (seconds * rate_hz < 64.0 || rate_hz > 0.97 * look->iq->rate_sps ||
        rate_hz < 0.2 * look->iq->rate_sps) {
        return;
    }
    size_t bins = look->bins;
    double best = 0.0;
    long reach = (long)(share * (double)bins);
    size_t best_low = 0;
    size_t best_high = 0;
    for (long k = -reach; k <= reach; k++) {
        double middle_hz = (double)k * look->iq->rate_sps / (double)bins;
        size_t low = ls_look_bin(look, middle_hz - rate_hz / 2.0);
        size_t high = ls_look_bin(look, middle_hz + rate_hz / 2.0);
        double weaker = fmin((double)look->spectrum[low], (double)look->spectrum[high]);
        if (weaker > best) {
            best = weaker;
            best_low = low;
            best_high = high;
        }
    }
    double db =
        fmin(ls_look_over_median_db(look, best_low), ls_look_over_median_db(look, best_high));
    ls_features_set(features, feature, db, (double)look->count);
}

static void measure_square_lines(struct ls_look *look, struct ls_features *features) {
    for (size_t n = 0; n < look->count; n++) {
        look->work[n] = ls_look_product(look->x[n], look->x[n]);
    }
    ls_look_spectrum(look, look->count);
    ls_features_set(features, LS_FEATURE_SQUARE_LINE_DB,
                    ls_look_over_median_db(look, strongest(look, 0, look->bins)),
                    (double)look->count);
    set_pair(look, features, LS_FEATURE_GSM_LINES_DB, GSM_BAUD, GSM_REACH);
    set_pair(look, features, LS_FEATURE_AIS_LINES_DB, AIS_BAUD, AIS_REACH);
}

void ls_lines_measure(struct ls_look *look, struct ls_features *features) {
    ls_line_measure(look, features);
    measure_envelope_lines(look, features);
    measure_frequency_lines(look, features);
    measure_square_lines(look, features);
}
