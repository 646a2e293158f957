#include "model/features.h"

#include <math.h>

static const char *const names[LS_FEATURE_COUNT] = {
    [LS_FEATURE_SNR_DB] = "snr_db",
    [LS_FEATURE_KURTOSIS] = "kurtosis",
    [LS_FEATURE_LINE] = "line",
};

void ls_features_set(struct ls_features *features, enum ls_feature feature, double value,
                     double weight) {
    if (isfinite(value)) {
        features->sum[feature] += (float)(value * weight);
        features->weight[feature] += (float)weight;
    }
}

void ls_features_add(struct ls_features *into, const struct ls_features *from) {
    for (int i = 0; i < LS_FEATURE_COUNT; i++) {
        into->sum[i] += from->sum[i];
        into->weight[i] += from->weight[i];
    }
    into->parts += from->parts;
    into->skipped += from->skipped;
}

double ls_features_value(const struct ls_features *features, enum ls_feature feature) {
    float weight = features->weight[feature];
    return weight > 0.0F ? (double)features->sum[feature] / (double)weight : (double)NAN;
}

const char *ls_features_name(enum ls_feature feature) { return names[feature]; }
