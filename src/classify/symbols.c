/* Clocks of keyed frequency. The cut is filtered to the band of the burst, so that noise beside it
 * does not reach the discriminator, which fails below 10 dB all at once (Rice, "Noise in FM
 * Receivers", 1963); then there are two looks at its frequency while the burst is on:
 *
 * - The band's edge at half of a known symbol rate. Pulses of a symbol rate R make F(R/2 + u) and
 *   F*(R/2 - u) alike, so what is mixed down from R/2 is not circular: the mean of its square does
 *   not vanish (Franks, "Carrier and Bit Synchronization in Data Communication", IEEE Trans. COM
 *   28(8), 1980). It needs no excess bandwidth beyond a tenth and no knowledge of the pulse. The
 *   angle of the mean says where symbols lie, and the fourth moment of the frequency there how many
 *   levels there are.
 * - Times at which the frequency passes its middle, as a train of impulses: its line is the symbol
 *   rate of two levels, whatever it is.
 *
 * Instants and levels serve for these moments only. */
#include <math.h>

#include "base/util.h"
#include "classify/look.h"

enum {
    REACH_MAX = 24,   /* taps on a side */
    SAMPLES_MIN = 96, /* of a part */
    SYMBOLS_MIN = 24,
};

static const double KURTOSIS_MOST = 1.7; /* envelopes that are no constant have no such clocks */
static const double WIDEST_HZ = 250e3;
static const double SNR_LEAST = 1.5;
static const double CONSTANT = 1.12; /* ...and what says nothing but in its frequency */
static const float PEAK = 4.0F;
static const double GSM_SURE_DB = 12.0; /* the clock is known already */
static const double ON = 0.35;          /* of the power while on */
static const double CLICK = 0.6;       /* of the bandwidth: beyond, the discriminator lost a turn */
static const double HYSTERESIS = 0.35; /* of the deviation */

struct edge {
    double baud;
    enum ls_feature feature;
    enum ls_feature kurtosis;
};
static const struct edge edges[] = {
    {4800.0, LS_FEATURE_EDGE_4800, LS_FEATURE_SYMBOLS_4800},
    {9600.0, LS_FEATURE_EDGE_9600, LS_FEATURE_SYMBOLS_9600},
};

/* A sinc to the edges of the burst's band under a Hamming window, over look->x into look->work. */
static void filter_band(struct ls_look *look) {
    double cycles = fmin(0.5, 0.55 * look->iq->bandwidth_hz / look->iq->rate_sps);
    size_t reach = (size_t)fmin(REACH_MAX, ceil(1.2 / cycles));
    for (size_t n = 0; n < look->count; n++) {
        look->work[n] = (float)(2.0 * cycles) * look->x[n];
    }
    for (size_t k = 1; k <= reach; k++) {
        double at = M_PI * (double)k;
        double window = 0.54 + 0.46 * cos(at / ((double)reach + 1.0));
        float tap = (float)(sin(2.0 * cycles * at) / at * window);
        for (size_t n = k; n < look->count; n++) {
            look->work[n] += tap * look->x[n - k];
        }
        for (size_t n = k; n < look->count; n++) {
            look->work[n - k] += tap * look->x[n];
        }
    }
}

/* Mean power while on: that of the upper half of the samples in look->work. */
static float level_on(const struct ls_look *look) {
    double mean = 0.0;
    for (size_t n = 0; n < look->count; n++) {
        float complex y = look->work[n];
        mean += (double)(crealf(y) * crealf(y) + cimagf(y) * cimagf(y)) / (double)look->count;
    }
    double sum = 0.0;
    double count = 0.0;
    for (size_t n = 0; n < look->count; n++) {
        float complex y = look->work[n];
        double power = (double)(crealf(y) * crealf(y) + cimagf(y) * cimagf(y));
        sum += power > 0.5 * mean ? power : 0.0;
        count += power > 0.5 * mean ? 1.0 : 0.0;
    }
    return (float)(ON * sum / fmax(1.0, count));
}

/* Deviation from the middle of what is on, in units of the bandwidth, into look->scratch; 0 where
 * the burst is off. look->work becomes undefined. Returns how many samples are on. */
static size_t find_deviation(struct ls_look *look) {
    float on = level_on(look);
    size_t count = 0;
    double sum = 0.0;
    for (size_t n = look->count - 1; n > 0; n--) {
        look->work[n] = ls_look_product(look->work[n], conjf(look->work[n - 1]));
    }
    look->work[0] = look->work[1];
    float to_band = (float)(look->iq->rate_sps / (2.0 * M_PI * look->iq->bandwidth_hz));
    ls_look_phases(look->work, look->count, to_band, look->scratch);
    for (size_t n = 0; n < look->count; n++) {
        bool is_on = cabsf(look->work[n]) > on;
        sum += is_on ? (double)look->scratch[n] : 0.0;
        count += is_on;
        look->scratch[n] = is_on ? look->scratch[n] : NAN;
    }
    float middle = (float)(sum / fmax(1.0, (double)count));
    for (size_t n = 0; n < look->count; n++) {
        float d = look->scratch[n] - middle;
        look->scratch[n] = isnan(d) ? 0.0F : fminf((float)CLICK, fmaxf(-(float)CLICK, d));
    }
    return count;
}

/* Means over length samples, each in the place of the first. Returns how many are left. */
static size_t average(float complex *x, size_t count, size_t length) {
    double complex sum = 0.0;
    for (size_t n = 0; n < count; n++) {
        sum += (double complex)x[n];
        if (n + 1 >= length) {
            float complex first = x[n + 1 - length];
            x[n + 1 - length] = (float complex)(sum / (double)length);
            sum -= (double complex)first;
        }
    }
    return count + 1 - length;
}

/* Fourth moment over the square of the second, of the frequency averaged over each symbol. phase:
 * of the clock at sample 0, in turns. */
static void measure_levels(const struct ls_look *look, const struct edge *edge, double phase,
                           size_t on, struct ls_features *features) {
    double period = look->iq->rate_sps / edge->baud;
    double second = 0.0;
    double fourth = 0.0;
    double symbols = 0.0;
    for (double at = (1.0 - phase) * period; at + 0.5 * period < (double)look->count;
         at += period) {
        size_t from = (size_t)fmax(0.0, ceil(at - 0.5 * period));
        size_t to = (size_t)ceil(at + 0.5 * period);
        double sum = 0.0;
        bool whole = true;
        for (size_t n = from; n < to; n++) {
            sum += (double)look->scratch[n];
            whole = whole && look->scratch[n] != 0.0F;
        }
        double square = sum * sum / (double)((to - from) * (to - from));
        if (whole) {
            second += square;
            fourth += square * square;
            symbols += 1.0;
        }
    }
    if (symbols >= SYMBOLS_MIN && second > 0.0) {
        ls_features_set(features, edge->kurtosis, fourth * symbols / (second * second), (double)on);
    }
}

/* Share of the power at the band's edge that is not circular, less what chance gives: additive over
 * parts, 0 in the mean where there is no such clock. */
static void measure_edge(struct ls_look *look, const struct edge *edge, size_t on,
                         struct ls_features *features) {
    double period = look->iq->rate_sps / edge->baud;
    size_t length = (size_t)lround(2.0 * period);
    double symbols = (double)on / period;
    if (symbols < SYMBOLS_MIN || edge->baud > look->iq->bandwidth_hz || period < 1.6 ||
        4 * length > look->count) {
        return;
    }
    double complex at = 1.0;
    double complex step = cexp(-M_PI / period * (double complex)I);
    for (size_t n = 0; n < look->count; n++) {
        look->work[n] = look->scratch[n] * (float complex)at;
        at = CMPLX(creal(at) * creal(step) - cimag(at) * cimag(step),
                   creal(at) * cimag(step) + cimag(at) * creal(step));
    }
    size_t count = average(look->work, average(look->work, look->count, length), length);
    double complex square = 0.0;
    double power = 0.0;
    double fourth = 0.0;
    for (size_t n = 0; n < count; n++) {
        float complex z = look->work[n];
        double p = (double)(crealf(z) * crealf(z) + cimagf(z) * cimagf(z));
        square += (double complex)ls_look_product(z, z);
        power += p;
        fourth += p * p;
    }
    if (!(power > 0.0)) {
        return;
    }
    /* Two averages over 2 symbols each leave 2.7 symbols to an independent value. A frequency that
     * seldom moves has all its power in a few places, which are as many values as it has. */
    double chance = 1.35 * period * fourth / (power * power);
    double share = cabs(square) / power;
    ls_features_set(features, edge->feature, share * share - chance, 2.7 / chance);
    /* Averages moved everything by length - 1 samples, at half the rate's frequency. */
    double turns = -carg(square) / (2.0 * M_PI);
    double moved = ((double)length - 1.0) / period;
    double phase = moved - turns;
    measure_levels(look, edge, phase - floor(phase), on, features);
}

/* Impulses where the frequency passes its middle, and was well beyond it on both sides. */
static size_t write_passings(struct ls_look *look, size_t on) {
    size_t smooth = (size_t)fmax(1.0, round(0.7 * look->iq->rate_sps / look->iq->bandwidth_hz));
    for (size_t n = 0; n < look->count; n++) {
        look->work[n] = look->scratch[n];
    }
    size_t count = average(look->work, look->count, smooth);
    double power = 0.0;
    for (size_t n = 0; n < count; n++) {
        power += (double)(crealf(look->work[n]) * crealf(look->work[n]));
        look->scratch[n] = crealf(look->work[n]);
    }
    float beyond = (float)(HYSTERESIS * sqrt(power / (double)on));
    size_t passings = 0;
    size_t last = 0; /* where the middle was passed */
    int side = 0;
    for (size_t n = 0; n < look->count; n++) {
        look->work[n] = 0.0F;
    }
    for (size_t n = 1; n < count; n++) {
        float now = look->scratch[n];
        float before = look->scratch[n - 1];
        last = (now > 0.0F) != (before > 0.0F) ? n : last;
        int new_side = now > beyond ? 1 : now < -beyond ? -1 : side;
        if (side != 0 && new_side != side && last > 0) {
            float high = look->scratch[last];
            float low = look->scratch[last - 1];
            float part = low / (low - high); /* of a sample after last - 1 */
            look->work[last - 1] += 1.0F - part;
            look->work[last] += part;
            passings++;
        }
        side = now == 0.0F ? 0 : new_side;
    }
    return passings;
}

/* Power over its mean, into look->scratch. */
static void find_power(struct ls_look *look) {
    float mean = (float)(look->iq->noise_pow * (1.0 + look->snr));
    for (size_t n = 0; n < look->count; n++) {
        look->scratch[n] = fminf(look->power[n] / mean, PEAK) - 1.0F;
    }
}

void ls_symbols_measure(struct ls_look *look, struct ls_features *features) {
    const struct ls_narrow_iq *iq = look->iq;
    if (!(iq->bandwidth_hz < WIDEST_HZ) || look->count < SAMPLES_MIN || look->snr < SNR_LEAST) {
        return;
    }
    if (!(ls_features_value(features, LS_FEATURE_KURTOSIS) < CONSTANT)) {
        find_power(look);
        ls_echoes_measure(look, look->scratch, features);
    }
    if (!(ls_features_value(features, LS_FEATURE_KURTOSIS) < KURTOSIS_MOST) ||
        ls_features_value(features, LS_FEATURE_GSM_LINES_DB) > GSM_SURE_DB) {
        return;
    }
    filter_band(look);
    size_t on = find_deviation(look);
    if (ls_features_value(features, LS_FEATURE_KURTOSIS) < CONSTANT) {
        ls_echoes_measure(look, look->scratch, features);
    }
    for (size_t i = 0; i < LS_COUNT(edges); i++) {
        measure_edge(look, &edges[i], on, features);
    }
    if (on >= SAMPLES_MIN && write_passings(look, on) >= SYMBOLS_MIN / 2) {
        ls_look_spectrum(look, look->count);
        ls_look_set_line(look, features, LS_FEATURE_SHIFT_LINE_DB, LS_FEATURE_SHIFT_RATE_HZ);
    }
}
