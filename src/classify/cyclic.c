/* Cyclic prefixes: what an OFDM symbol begins with is what it ends with. The product x(n) x*(n +
 * Tu) is folded at the symbol period, where prefixes add up and all else averages out (van de Beek,
 * Sandell, Borjesson, "ML Estimation of Time and Frequency Offset in OFDM Systems", IEEE Trans. SP
 * 45(7), 1997). */
#include <math.h>
#include <string.h>

#include "classify/look.h"

enum { PHASES_MAX = 2048 };

/* 3GPP TS 36.211 and 38.211, normal prefix: 14 symbols in 1 ms at 15 kHz, of which the first of
 * seven is 0.5 us longer; that is less than a sample or two here and left out. */
struct grid {
    enum ls_feature feature;
    double useful_s;
    double prefix_s;
    double period_s;
    double least_hz; /* narrower bands have no such carriers */
};
static const struct grid grids[] = {
    {LS_FEATURE_PREFIX_15K, 1.0 / 15e3, 4.69e-6, 1.0 / 14e3, 60e3},
    {LS_FEATURE_PREFIX_30K, 1.0 / 30e3, 2.34e-6, 1.0 / 28e3, 120e3},
};

static const double PRACH_USEFUL_S = 800e-6;
static const double PRACH_PREFIX_S = 90e-6; /* of 103.1 us: edges are known to that */

/* Coherent sum of the products in a window over that of their powers: in deviations of chance. */
static double deviations(float complex sum, float energy) {
    return energy > 0.0F ? (double)(cabsf(sum) / sqrtf(energy)) : 0.0;
}

static void measure_grid(struct ls_look *look, const struct grid *grid,
                         struct ls_features *features) {
    double sps = look->iq->rate_sps;
    size_t lag = (size_t)lround(grid->useful_s * sps);
    size_t phases = (size_t)lround(grid->period_s * sps);
    size_t window = (size_t)fmax(1.0, round(grid->prefix_s * sps));
    /* Less than ten symbols are too few for a fold. */
    if (look->iq->bandwidth_hz < grid->least_hz || phases > PHASES_MAX || phases < 8 ||
        (double)look->count < 10.0 * grid->period_s * sps) {
        return;
    }
    float complex folded[PHASES_MAX];
    float energy[PHASES_MAX];
    memset(folded, 0, phases * sizeof folded[0]);
    memset(energy, 0, phases * sizeof energy[0]);
    double step = (double)phases / (grid->period_s * sps);
    for (size_t n = 0; n + lag < look->count; n++) {
        size_t phase = (size_t)((double)n * step) % phases;
        float complex product = ls_look_product(look->x[n], conjf(look->x[n + lag]));
        folded[phase] += product;
        energy[phase] += look->power[n] * look->power[n + lag];
    }
    double best = 0.0;
    for (size_t p = 0; p < phases; p++) {
        float complex sum = 0.0F;
        float all = 0.0F;
        for (size_t k = 0; k < window; k++) {
            sum += folded[(p + k) % phases];
            all += energy[(p + k) % phases];
        }
        best = fmax(best, deviations(sum, all));
    }
    /* What has lines of its own repeats at every phase: only what rises above the mean counts. */
    float complex mean = 0.0F;
    float all = 0.0F;
    for (size_t p = 0; p < phases; p++) {
        mean += folded[p];
        all += energy[p];
    }
    double steady = deviations(mean, all) * sqrt((double)window / (double)phases);
    ls_features_set(features, grid->feature, best - steady, (double)look->count);
}

/* One long symbol and its prefix: needs 0 dB and all of the burst. */
static void measure_prach(const struct ls_look *look, struct ls_features *features) {
    double sps = look->iq->rate_sps;
    double seconds = (double)look->count / sps;
    size_t lag = (size_t)lround(PRACH_USEFUL_S * sps);
    size_t window = (size_t)lround(PRACH_PREFIX_S * sps);
    if (seconds < PRACH_USEFUL_S + PRACH_PREFIX_S || seconds > 3e-3 ||
        look->iq->bandwidth_hz < 0.6e6 || lag + window >= look->count) {
        return;
    }
    double best = 0.0;
    for (size_t from = 0; from + lag + window <= look->count; from += window / 8 + 1) {
        float complex sum = 0.0F;
        float energy = 0.0F;
        for (size_t n = from; n < from + window; n++) {
            sum += ls_look_product(look->x[n], conjf(look->x[n + lag]));
            energy += look->power[n] * look->power[n + lag];
        }
        best = fmax(best, deviations(sum, energy));
    }
    ls_features_set(features, LS_FEATURE_PRACH, best, 1.0);
}

void ls_cyclic_measure(struct ls_look *look, struct ls_features *features) {
    for (size_t i = 0; i < sizeof grids / sizeof grids[0]; i++) {
        measure_grid(look, &grids[i], features);
    }
    measure_prach(look, features);
}
