#include "classify/score.h"

#include <math.h>

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
