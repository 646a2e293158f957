/* Pulses: how long the burst is by its envelope, whether pulses and gaps have few lengths, and the
 * shape of an aeronautical squitter. */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "classify/look.h"
#include "dsp/sort.h"

enum {
    RUNS_MAX = 512,
    RUNS_MIN = 6,
    RUN_SAMPLES = 3, /* shorter ones are noise */
};

static const double FRAME_GAP_US = 5.0;
static const double FRAME_TAIL_US = 3.0; /* how much longer a frame seems by that */
static const double SIMILAR = 0.12;      /* of a length */
static const double ALIKE_SHARE = 0.2;   /* of all that must be similar for a length to be usual */

/* Mean power while on: that of what is above the mean. Which samples are is chance: no branch may
 * depend on it. */
static double upper_mean(const struct ls_look *look) {
    enum { LANES = 4 };
    double mean = look->iq->noise_pow * (1.0 + look->snr);
    double sums[LANES] = {0.0};
    double counts[LANES] = {0.0};
    for (size_t n = 0; n < look->count; n++) {
        double up = (double)look->power[n] > mean ? 1.0 : 0.0;
        sums[n % LANES] += up * (double)look->power[n];
        counts[n % LANES] += up;
    }
    double sum = 0.0;
    double count = 0.0;
    for (size_t k = 0; k < LANES; k++) {
        sum += sums[k];
        count += counts[k];
    }
    return count > 0.0 ? sum / count : mean;
}

/* From where the envelope rises to half of what it reaches to where it falls below, in samples of
 * the whole cut; smoothed over a twelfth of the burst, so that noise does not reach half. */
static void measure_length(const struct ls_look *look, double upper, struct ls_features *features) {
    const struct ls_narrow_iq *iq = look->iq;
    size_t smooth = look->count / 12 > 3 ? look->count / 12 : 3;
    if (!iq->has_start || !iq->has_stop || look->snr < 2.0 || iq->count < 4 * smooth) {
        return;
    }
    double up = fmin(upper, 1.5 * iq->noise_pow * (1.0 + look->snr));
    double level = 0.5 * (up - iq->noise_pow) + iq->noise_pow;
    double sum = 0.0;
    size_t first = SIZE_MAX;
    size_t last = 0;
    for (size_t n = 0; n < iq->count; n++) {
        sum +=
            (double)(crealf(iq->iq[n]) * crealf(iq->iq[n]) + cimagf(iq->iq[n]) * cimagf(iq->iq[n]));
        if (n >= smooth) {
            float complex old = iq->iq[n - smooth];
            sum -= (double)(crealf(old) * crealf(old) + cimagf(old) * cimagf(old));
        }
        if (n + 1 >= smooth && sum > level * (double)smooth) {
            first = first == SIZE_MAX ? n : first;
            last = n;
        }
    }
    /* Both edges lie in the middle of their windows. A burst that fills the cut has none. */
    if (first != SIZE_MAX && first + 1 > smooth && last + 1 < iq->count) {
        ls_features_set(features, LS_FEATURE_LENGTH_S, (double)(last - first + 1) / iq->rate_sps,
                        1.0);
    }
}

/* Lengths of runs above and below a level; the first and last are not whole. Returns how many. */
static size_t find_runs(const struct ls_look *look, double level, float *ret) {
    size_t runs = 0;
    size_t from = 0;
    bool up = (double)look->power[0] > level;
    size_t pending = 0;
    for (size_t n = 1; n < look->count && runs < RUNS_MAX; n++) {
        bool now = (double)look->power[n] > level;
        pending = now != up ? pending + 1 : 0;
        if (pending == RUN_SAMPLES) {
            size_t at = n + 1 - RUN_SAMPLES;
            if (from > 0) {
                ret[runs++] = (float)(at - from);
            }
            from = at;
            up = now;
            pending = 0;
        }
    }
    return runs;
}

/* The share of runs that have enough others of about their length. Telegrams have a few lengths of
 * pulses and gaps; a fading or noise-like envelope has all. */
static void measure_pulse_fit(const struct ls_look *look, double upper,
                              struct ls_features *features) {
    float runs[RUNS_MAX];
    size_t count = find_runs(look, 0.3 * upper, runs);
    if (count < RUNS_MIN) {
        return;
    }
    ls_sort_powers(runs, count);
    double wanted = fmax(3.0, ALIKE_SHARE * (double)count);
    size_t usual = 0;
    size_t low = 0;
    size_t high = 0;
    for (size_t i = 0; i < count; i++) {
        double run = (double)runs[i];
        double reach = fmax(1.0, SIMILAR * run);
        for (; (double)runs[low] < run - reach; low++) {
        }
        for (; high < count && (double)runs[high] <= run + reach; high++) {
        }
        usual += (double)(high - low) >= wanted;
    }
    ls_features_set(features, LS_FEATURE_PULSE_FIT, (double)usual / (double)count, (double)count);
}

/* Preamble of a Mode S squitter: pulses of 0.5 us at 0, 1, 3.5 and 4.5 us, then none until 8 us
 * (ICAO annex 10 volume IV). The correlation of the envelope with that where it begins at a sample,
 * which need not be whole; the bits behind it are not looked at. sum, squares: of amplitude[count]
 * from there. */
static double preamble_at(const float *amplitude, double at, double us, double count, double sum,
                          double squares) {
    static const double pulses_us[] = {0.0, 1.0, 3.5, 4.5};
    double on = 0.0;
    double on_count = 0.0;
    for (size_t k = 0; k < LS_COUNT(pulses_us); k++) {
        size_t from = (size_t)ceil(at + pulses_us[k] * us);
        size_t to = (size_t)ceil(at + (pulses_us[k] + 0.5) * us);
        for (size_t n = from; n < to; n++) {
            on += (double)amplitude[n];
            on_count += 1.0;
        }
    }
    double covariance = on / count - on_count / count * (sum / count);
    double variance = squares / count - sum / count * (sum / count);
    double shape = on_count / count * (1.0 - on_count / count);
    return variance > 0.0 && shape > 0.0 ? covariance / sqrt(variance * shape) : 0.0;
}

/* Best over the cut, in quarters of a sample. */
static double best_preamble(struct ls_look *look) {
    const struct ls_narrow_iq *iq = look->iq;
    double us = iq->rate_sps * 1e-6;
    size_t count = iq->count < LS_LOOK_SAMPLES ? iq->count : LS_LOOK_SAMPLES;
    size_t window = (size_t)(8.0 * us);
    double sum = 0.0;
    double squares = 0.0;
    double best = 0.0;
    for (size_t n = 0; n < count; n++) {
        float power = crealf(iq->iq[n]) * crealf(iq->iq[n]) + cimagf(iq->iq[n]) * cimagf(iq->iq[n]);
        look->scratch[n] = sqrtf(power);
        sum += (double)look->scratch[n];
        squares += (double)power;
        if (n + 1 < window) {
            continue;
        }
        size_t first = n + 1 - window;
        for (double part = 0.0; part < 1.0 && n + 2 < count; part += 0.25) {
            best = fmax(best, preamble_at(look->scratch, (double)first + part, us, (double)window,
                                          sum, squares));
        }
        double old = (double)look->scratch[first];
        sum -= old;
        squares -= old * old;
    }
    return best;
}

/* Stretches in which pulses follow each other within microseconds: how many of them are as long as
 * a squitter, 64 or 120 us. Between preamble and bits nothing is sent for 3 or 3.5 us. */
static void measure_frames(const struct ls_look *look, struct ls_features *features) {
    const struct ls_narrow_iq *iq = look->iq;
    double us = iq->rate_sps * 1e-6;
    size_t smooth = (size_t)ceil(FRAME_GAP_US * us);
    double level = 0.08 * upper_mean(look) + iq->noise_pow;
    double sum = 0.0;
    double stretches = 0.0;
    double fitting = 0.0;
    size_t first = 0;
    bool on = false;
    for (size_t n = 0; n < iq->count; n++) {
        sum +=
            (double)(crealf(iq->iq[n]) * crealf(iq->iq[n]) + cimagf(iq->iq[n]) * cimagf(iq->iq[n]));
        if (n >= smooth) {
            float complex old = iq->iq[n - smooth];
            sum -= (double)(crealf(old) * crealf(old) + cimagf(old) * cimagf(old));
        }
        bool now = sum > level * (double)smooth;
        if (now && !on) {
            first = n;
        } else if (!now && on && (double)(n - first) > 20.0 * us) {
            double length_us = (double)(n - first) / us - FRAME_TAIL_US;
            stretches += 1.0;
            fitting += fabs(length_us - 120.0) < 5.0 || fabs(length_us - 64.0) < 5.0 ? 1.0 : 0.0;
        }
        on = now;
    }
    if (stretches > 0.0) {
        ls_features_set(features, LS_FEATURE_FRAMES, fitting / stretches, stretches);
    }
}

static void measure_squitter(struct ls_look *look, struct ls_features *features) {
    const struct ls_narrow_iq *iq = look->iq;
    double seconds = (double)look->count / iq->rate_sps;
    if (iq->rate_sps < 1.8e6 || seconds < 30e-6 || seconds > 5e-3 || iq->bandwidth_hz < 0.6e6) {
        return;
    }
    ls_features_set(features, LS_FEATURE_SQUITTER, best_preamble(look), 1.0);
    measure_frames(look, features);
}

void ls_pulses_measure(struct ls_look *look, struct ls_features *features) {
    double upper = upper_mean(look);
    measure_length(look, upper, features);
    measure_pulse_fit(look, upper, features);
    measure_squitter(look, features);
}
