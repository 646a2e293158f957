/* Wide signals: aeronautical squitters, and what looks like noise. */
#include <math.h>

#include "classify/score.h"

static double score_ads_b(const struct ls_evidence *e) {
    double preamble = ls_score_from(ls_score_feature(e, LS_FEATURE_SQUITTER), 0.68, 0.78);
    /* Below half of that score are 0 of 40 squitters simulated at 20 dB and 1 of 39 at 10 dB (seeds
     * 1 to 40). The limit is so low for one recording, in which frames overlap. */
    double frame = ls_score_from(ls_score_feature(e, LS_FEATURE_FRAMES), 0.15, 0.35);
    double keyed = LS_SCORE_ALL(ls_score_from(ls_score_feature(e, LS_FEATURE_LEVELS), 0.6, 0.68),
                                ls_score_from(ls_score_feature(e, LS_FEATURE_LINE), 0.12, 0.25));
    return LS_SCORE_ALL(preamble, frame, keyed, ls_score_in(e->bandwidth_hz, 1e6, 6e6, 0.4e6));
}

const struct ls_class_row ls_class_ads_b = {
    .name = "ads-b",
    .rests_on = "preamble of four 0.5 us pulses; 120 or 64 us; envelope of two levels; above 1 MHz",
    .fooled_by = "replies of the same transponders in another mode",
    .score = score_ads_b};

static double score_noise_like(const struct ls_evidence *e) {
    double gaussian = ls_score_in(ls_score_feature(e, LS_FEATURE_KURTOSIS), 1.85, 2.15, 0.1);
    double peak = ls_score_from(ls_score_feature(e, LS_FEATURE_PEAK_DB), 6.8, 7.6);
    double prefix = fmax(ls_score_from(ls_score_feature(e, LS_FEATURE_PREFIX_15K), 3.6, 4.4),
                         ls_score_from(ls_score_feature(e, LS_FEATURE_PREFIX_30K), 3.6, 4.4));
    prefix = fmax(prefix, ls_score_from(ls_score_feature(e, LS_FEATURE_LTE_SYNC), 13.0, 17.0));
    double line = ls_score_from(ls_score_feature(e, LS_FEATURE_LINE), 0.1, 0.2);
    /* Pulses have the kurtosis of noise at one duty cycle, but two levels. */
    double one_level = ls_score_in(ls_score_feature(e, LS_FEATURE_LEVELS), 0.4, 0.68, 0.05);
    return LS_SCORE_ALL(gaussian, peak, one_level, 1.0 - prefix, 1.0 - line,
                        ls_score_from(e->bandwidth_hz, 0.5e6, 0.8e6),
                        ls_score_from(e->on_s, 0.2e-3, 0.5e-3));
}

const struct ls_class_row ls_class_noise_like = {
    .name = "wideband-noise-like",
    .rests_on = "kurtosis and peaks of a Gaussian; above 0.8 MHz; no prefix and no line",
    .fooled_by = "OFDM and spread spectrum of every kind, several radios at once, broadband noise",
    .score = score_noise_like};
