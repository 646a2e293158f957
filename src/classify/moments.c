/* Moments and levels: of the envelope, and of the instantaneous frequency. */
#include <math.h>

#include "classify/look.h"

enum {
    END = 8,     /* samples at an end of a burst that are looked at together */
    BLOCK = 128, /* samples over which fading is taken as constant */
    SMOOTH = 4,  /* samples of the envelope, and of the frequency, that are averaged */
    HISTOGRAM = 64,
    PEAKS_MAX = LS_LOOK_SAMPLES / 1000 + 3, /* of a cut, above 99.9 % of it */
};

static const double SNR_LEAST = 1.0;
static const double QUARTER = 0.35;
static const double NO_CONSTANT = 1.35; /* kurtosis of the whole */

/* A quarter of a block is off: a slot or a pulse ends in it. Quarters of a Gaussian of twice the
 * band's rate are below that share in 1 of 1000. */
static bool is_interrupted(const float *power, double sum) {
    double least = sum;
    for (size_t q = 0; q < 4; q++) {
        double quarter = 0.0;
        for (size_t n = 0; n < BLOCK / 4; n++) {
            quarter += (double)power[q * BLOCK / 4 + n];
        }
        least = fmin(least, quarter);
    }
    return least < QUARTER * sum / 4.0;
}

static bool end_is_off(const float *power, double mean) {
    double sum = 0.0;
    for (size_t n = 0; n < END; n++) {
        sum += (double)power[n];
    }
    return sum < QUARTER * mean * END;
}

/* A box is wider than the burst: ends that are off are left out, at least half is kept. */
static void trim(const struct ls_look *look, double mean, size_t *from, size_t *to) {
    size_t most = look->count / 4;
    while (*from + END <= most && end_is_off(look->power + *from, mean)) {
        *from += END;
    }
    while (look->count - *to + END <= most && end_is_off(look->power + *to - END, mean)) {
        *to -= END;
    }
}

/* Third against the others, of the power: with s that of the signal and v that of the noise, E p =
 * s + v, E p^2 = s^2 + 4 s v + 2 v^2, E p^3 = s^3 + 9 s^2 v + 18 s v^2 + 6 v^3. A constant envelope
 * has 1 as well: only where the second says that it is none. */
static void measure_keying(const struct ls_look *look, struct ls_features *features) {
    double v = look->iq->noise_pow;
    double count = (double)look->count;
    double sums[3] = {0.0};
    for (size_t n = 0; n < look->count; n++) {
        double p = (double)look->power[n];
        sums[0] += p;
        sums[1] += p * p;
        sums[2] += p * p * p;
    }
    double first = sums[0] / count - v;
    double second = sums[1] / count - 4.0 * first * v - 2.0 * v * v;
    double third = sums[2] / count - 9.0 * second * v - 18.0 * first * v * v - 6.0 * v * v * v;
    if (look->snr > SNR_LEAST && second > NO_CONSTANT * first * first && third > 0.0) {
        ls_features_set(features, LS_FEATURE_KEYED, second * second / (first * third), count);
    }
}

/* Fourth moment over the square of the second, without the noise: with s the SNR and ks that of the
 * signal, k = (s^2 ks + 4 s + 2) / (1 + s)^2. Block by block, so that fading does not count, and
 * only where the burst is on. Constant envelopes are told from others from 10 dB and 500 samples
 * on; its deviation is about 2 / sqrt(samples). */
static void measure_kurtosis(const struct ls_look *look, struct ls_features *features) {
    double all = look->iq->noise_pow * (1.0 + look->snr);
    size_t from = 0;
    size_t to = look->count;
    trim(look, all, &from, &to);
    size_t block = to - from < BLOCK ? to - from : BLOCK;
    for (size_t at = from; at + block <= to; at += block) {
        double second = 0.0;
        double fourth = 0.0;
        for (size_t n = at; n < at + block; n++) {
            double p = (double)look->power[n];
            second += p;
            fourth += p * p;
        }
        if (block == BLOCK && is_interrupted(look->power + at, second)) {
            continue;
        }
        second /= (double)block;
        fourth /= (double)block;
        double s = second / look->iq->noise_pow - 1.0;
        if (s > SNR_LEAST && second > 0.3 * all) {
            double k = fourth / (second * second);
            double value = (k * (1.0 + s) * (1.0 + s) - 4.0 * s - 2.0) / (s * s);
            ls_features_set(features, LS_FEATURE_KURTOSIS, value, (double)block);
        }
    }
}

/* Two levels by Otsu's threshold ("A Threshold Selection Method from Gray-Level Histograms", IEEE
 * Trans. SMC 9(1), 1979): the share of the variance that lies between the classes. 0.64 for one
 * Gaussian, 0.75 for a uniform density, near 1 for two levels. */
struct levels {
    double fit;
    double low, high; /* means of the two */
    double low_share;
};

static struct levels find_levels(const float *values, size_t count, double from, double to) {
    double sums[HISTOGRAM] = {0.0};
    size_t counts[HISTOGRAM] = {0};
    double total = 0.0;
    double squares = 0.0;
    double kept = 0.0;
    for (size_t n = 0; n < count; n++) {
        double v = (double)values[n];
        double at = (v - from) / (to - from) * (HISTOGRAM - 1);
        if (!(at >= 0.0 && at <= HISTOGRAM - 1)) { /* also what is no number */
            continue;
        }
        size_t bin = (size_t)at;
        sums[bin] += v;
        counts[bin]++;
        total += v;
        squares += v * v;
        kept += 1.0;
    }
    struct levels best = {.fit = 0.0};
    double variance = kept > 0.0 ? squares / kept - total / kept * total / kept : 0.0;
    double below = 0.0;
    double below_sum = 0.0;
    for (size_t i = 0; i + 1 < HISTOGRAM && variance > 0.0; i++) {
        below += (double)counts[i];
        below_sum += sums[i];
        double above = kept - below;
        if (below < 1.0 || above < 1.0) {
            continue;
        }
        double low = below_sum / below;
        double high = (total - below_sum) / above;
        double between = below * above / (kept * kept) * (high - low) * (high - low);
        if (between / variance > best.fit) {
            best = (struct levels){between / variance, low, high, below / kept};
        }
    }
    return best;
}

/* Smoothed power and then its root, which has about the same scatter at either level. */
static void smooth_envelope(struct ls_look *look) {
    for (size_t n = 0; n + SMOOTH <= look->count; n++) {
        float sum = 0.0F;
        for (size_t k = 0; k < SMOOTH; k++) {
            sum += look->power[n + k];
        }
        look->scratch[n] = sqrtf(sum / SMOOTH);
    }
}

/* 99.9 % of the power: the least of the few that are higher or that. */
static float find_peak(const struct ls_look *look) {
    float top[PEAKS_MAX]; /* rising */
    size_t wanted = look->count - (size_t)(0.999 * (double)(look->count - 1));
    size_t have = 0;
    for (size_t n = 0; n < look->count; n++) {
        float power = look->power[n];
        if (have == wanted && power <= top[0]) {
            continue;
        }
        size_t k = 0;
        if (have == wanted) {
            for (; k + 1 < have && top[k + 1] < power; k++) {
                top[k] = top[k + 1];
            }
        } else {
            for (k = have++; k > 0 && top[k - 1] > power; k--) {
                top[k] = top[k - 1];
            }
        }
        top[k] = power;
    }
    return top[0];
}

static void measure_envelope(struct ls_look *look, struct ls_features *features) {
    size_t count = look->count - SMOOTH + 1;
    double mean = look->iq->noise_pow * (1.0 + look->snr);
    double peak = (double)find_peak(look);
    ls_features_set(features, LS_FEATURE_PEAK_DB, 10.0 * log10(peak / mean), (double)count);
    smooth_envelope(look);
    double top = sqrt(peak) * 1.2;
    struct levels levels = find_levels(look->scratch, count, 0.0, top);
    double noise = look->iq->noise_pow;
    double high = fmax(levels.high * levels.high - noise, 1e-3 * noise);
    double low = fmax(levels.low * levels.low - noise, 0.0);
    ls_features_set(features, LS_FEATURE_LEVELS, levels.fit, (double)count);
    ls_features_set(features, LS_FEATURE_LOW_SHARE, levels.low_share, (double)count);
    ls_features_set(features, LS_FEATURE_DEPTH, fmin(1.0, low / high), (double)count);
}

/* Instantaneous frequency, weighted by power over SMOOTH samples, where the envelope is up: moments
 * and levels. */
static void measure_frequency(struct ls_look *look, struct ls_features *features) {
    double mean_pow = look->iq->noise_pow * (1.0 + look->snr);
    size_t count = 0;
    double sum = 0.0;
    float to_hz = (float)(look->iq->rate_sps / (2.0 * M_PI));
    for (size_t n = 1; n < look->count; n++) {
        look->work[n] = ls_look_product(look->x[n], conjf(look->x[n - 1]));
    }
    /* What is kept is written over what has been used. */
    for (size_t n = SMOOTH; n < look->count; n++) {
        float power = look->power[n] + look->power[n - 1] + look->power[n - 2];
        if ((double)power > 0.3 * (SMOOTH - 1) * mean_pow) {
            look->work[count++] = look->work[n] + look->work[n - 1] + look->work[n - 2];
        }
    }
    ls_look_phases(look->work, count, to_hz, look->scratch);
    for (size_t n = 0; n < count; n++) {
        sum += (double)look->scratch[n];
    }
    if (count < LS_LOOK_BINS_MIN) {
        return;
    }
    double mean = sum / (double)count;
    double second = 0.0;
    double fourth = 0.0;
    for (size_t n = 0; n < count; n++) {
        double d = (double)look->scratch[n] - mean;
        second += d * d;
        fourth += d * d * d * d;
    }
    double weight = (double)count;
    double spread = sqrt(second / weight);
    struct levels levels =
        find_levels(look->scratch, count, mean - 3.0 * spread, mean + 3.0 * spread);
    ls_features_set(features, LS_FEATURE_FREQ_KURTOSIS, fourth * weight / (second * second),
                    weight);
    ls_features_set(features, LS_FEATURE_FREQ_LEVELS, levels.fit, weight);
    ls_features_set(features, LS_FEATURE_FREQ_SPREAD_HZ, levels.high - levels.low, weight);
}

void ls_moments_measure(struct ls_look *look, struct ls_features *features) {
    measure_kurtosis(look, features);
    measure_keying(look, features);
    measure_envelope(look, features);
    measure_frequency(look, features);
}
