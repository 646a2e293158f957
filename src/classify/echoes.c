/* What comes again after a frame: training sequences and synchronisation words repeat in every slot
 * or frame, so the envelope of a carrier that never goes off is correlated with itself one frame
 * later (Gardner, "Statistical Spectral Analysis", 1988, chapter 12, takes it as one more cycle).
 * Where the envelope is constant, the frequency takes its place. Only what stands out of the lags
 * beside it counts: fading and voice are alike over all of them. */
#include <math.h>

#include "base/util.h"
#include "classify/look.h"

enum { PERIODS_MIN = 3, SYMBOLS_ASIDE = 4 };

static const struct echo {
    double lag_s;
    enum ls_feature feature;
} echoes[] = {
    {60e-3 / 13.0, LS_FEATURE_ECHO_GSM},  /* 3GPP TS 45.002: eight slots */
    {10e-3, LS_FEATURE_ECHO_10MS},        /* ETSI EN 300 175-2, and radio frames of 3GPP */
    {85e-3 / 6.0, LS_FEATURE_ECHO_TETRA}, /* ETSI EN 300 392-2: a slot */
    {80e-3 / 3.0, LS_FEATURE_ECHO_AIS},   /* Rec. ITU-R M.1371: a slot; 32 symbols of 1200 Bd */
    {30e-3, LS_FEATURE_ECHO_DMR},         /* ETSI TS 102 361-1: a slot */
};

static double correlate(const float *x, size_t count, size_t lag) {
    float sums[8] = {0.0F};
    double sum = 0.0;
    size_t n = 0;
    /* Sums of their own for each lane, and never so long that they lose bits. */
    while (n + lag + LS_COUNT(sums) <= count) {
        for (size_t turn = 0; turn < 64 && n + lag + LS_COUNT(sums) <= count; turn++) {
            for (size_t k = 0; k < LS_COUNT(sums); k++) {
                sums[k] += x[n + k] * x[n + k + lag];
            }
            n += LS_COUNT(sums);
        }
        for (size_t k = 0; k < LS_COUNT(sums); k++) {
            sum += (double)sums[k];
            sums[k] = 0.0F;
        }
    }
    return sum / (double)(count - lag);
}

void ls_echoes_measure(const struct ls_look *look, const float *x, struct ls_features *features) {
    double sps = look->iq->rate_sps;
    double power = correlate(x, look->count, 0);
    size_t aside = (size_t)ceil(SYMBOLS_ASIDE * sps / look->iq->bandwidth_hz);
    for (size_t i = 0; i < LS_COUNT(echoes) && power > 0.0; i++) {
        size_t lag = (size_t)lround(echoes[i].lag_s * sps);
        if (lag <= 4 * aside || PERIODS_MIN * lag > look->count) {
            continue;
        }
        double beside =
            correlate(x, look->count, lag - aside) + correlate(x, look->count, lag + aside);
        double rise = (correlate(x, look->count, lag) - 0.5 * beside) / power;
        double values = (double)(look->count - lag) / sps * look->iq->bandwidth_hz;
        ls_features_set(features, echoes[i].feature, rise, values);
    }
}
