#include "model/features.h"

#include <math.h>

static const char *const names[LS_FEATURE_COUNT] = {
    [LS_FEATURE_SNR_DB] = "snr_db",
    [LS_FEATURE_KURTOSIS] = "kurtosis",
    [LS_FEATURE_PEAK_DB] = "peak_db",
    [LS_FEATURE_LEVELS] = "envelope_levels",
    [LS_FEATURE_LOW_SHARE] = "envelope_low_share",
    [LS_FEATURE_DEPTH] = "envelope_depth",
    [LS_FEATURE_PULSE_FIT] = "pulse_fit",
    [LS_FEATURE_TRAIN_FIT] = "train_fit",
    [LS_FEATURE_LENGTH_S] = "length_s",
    [LS_FEATURE_KEYED] = "keyed",
    [LS_FEATURE_LINE] = "line",
    [LS_FEATURE_LINE_KURTOSIS] = "line_kurtosis",
    [LS_FEATURE_ENVELOPE_LINE_DB] = "envelope_line_db",
    [LS_FEATURE_ENVELOPE_RATE_HZ] = "envelope_rate_hz",
    [LS_FEATURE_SQUARE_LINE_DB] = "square_line_db",
    [LS_FEATURE_FREQ_KURTOSIS] = "freq_kurtosis",
    [LS_FEATURE_FREQ_LEVELS] = "freq_levels",
    [LS_FEATURE_FREQ_SPREAD_HZ] = "freq_spread_hz",
    [LS_FEATURE_FREQ_LINE_DB] = "freq_line_db",
    [LS_FEATURE_FREQ_RATE_HZ] = "freq_rate_hz",
    [LS_FEATURE_GSM_LINES_DB] = "gsm_lines_db",
    [LS_FEATURE_GSM_SYNC] = "gsm_sync",
    [LS_FEATURE_ACCESS_TRAINING] = "access_training",
    [LS_FEATURE_LTE_SYNC] = "lte_sync",
    [LS_FEATURE_AIS_LINES_DB] = "ais_lines_db",
    [LS_FEATURE_TETRA_LINE_DB] = "tetra_line_db",
    [LS_FEATURE_WCDMA_LINE_DB] = "wcdma_line_db",
    [LS_FEATURE_DMR_LINE_DB] = "dmr_line_db",
    [LS_FEATURE_PREFIX_15K] = "prefix_15k",
    [LS_FEATURE_PREFIX_30K] = "prefix_30k",
    [LS_FEATURE_PRACH] = "prach",
    [LS_FEATURE_NPRACH] = "nprach",
    [LS_FEATURE_LORA] = "lora",
    [LS_FEATURE_CHIRP] = "chirp",
    [LS_FEATURE_CHIRP_HZ] = "chirp_hz",
    [LS_FEATURE_SQUITTER] = "squitter",
    [LS_FEATURE_EDGE_4800] = "edge_4800",
    [LS_FEATURE_SYMBOLS_4800] = "symbols_4800",
    [LS_FEATURE_EDGE_9600] = "edge_9600",
    [LS_FEATURE_SYMBOLS_9600] = "symbols_9600",
    [LS_FEATURE_SHIFT_LINE_DB] = "shift_line_db",
    [LS_FEATURE_SHIFT_RATE_HZ] = "shift_rate_hz",
    [LS_FEATURE_ECHO_GSM] = "echo_gsm",
    [LS_FEATURE_ECHO_10MS] = "echo_10ms",
    [LS_FEATURE_ECHO_TETRA] = "echo_tetra",
    [LS_FEATURE_ECHO_AIS] = "echo_ais",
    [LS_FEATURE_ECHO_DMR] = "echo_dmr",
    [LS_FEATURE_FRAMES] = "frames",
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
