#include "classify/score.h"

#include <math.h>

/* classify/symbols.c: how many symbols of an edge make one independent value. */
static const double SYMBOLS_A_VALUE = 2.7;
/* classify/echoes.c: a correlation less half of two others. */
static const double ASIDE = 1.22;

double ls_score_in(double value, double low, double high, double slack) {
    if (isnan(value)) {
        return 0.0;
    }
    double outside = fmax(low - value, value - high);
    if (outside <= 0.0) {
        return 1.0;
    }
    return slack > 0.0 ? fmax(0.0, 1.0 - outside / slack) : 0.0;
}

double ls_score_from(double value, double none, double full) {
    if (isnan(value)) {
        return 0.0;
    }
    return fmin(1.0, fmax(0.0, (value - none) / (full - none)));
}

double ls_score_least(const double *scores, size_t count) {
    double least = 1.0;
    for (size_t i = 0; i < count; i++) {
        least = fmin(least, scores[i]);
    }
    return least;
}

double ls_score_feature(const struct ls_evidence *evidence, enum ls_feature feature) {
    return ls_features_value(evidence->features, feature);
}

double ls_score_deviations(const struct ls_evidence *evidence, enum ls_feature feature) {
    const struct ls_features *features = evidence->features;
    double sum = (double)features->sum[feature];
    double weight = (double)features->weight[feature];
    bool edge = feature == LS_FEATURE_EDGE_4800 || feature == LS_FEATURE_EDGE_9600;
    double chance = edge ? SYMBOLS_A_VALUE * sqrt((double)features->parts) : ASIDE * sqrt(weight);
    return weight > 0.0 ? sum / chance : (double)NAN;
}
