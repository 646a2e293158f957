#include "classify/classify.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "model/class_names.h"

/* What a normal train of GSM bursts shows at 20 dB. */
static struct ls_evidence gsm_evidence(struct ls_features *features) {
    memset(features, 0, sizeof *features);
    features->parts = 4;
    ls_features_set(features, LS_FEATURE_KURTOSIS, 1.02, 600.0);
    ls_features_set(features, LS_FEATURE_GSM_LINES_DB, 17.0, 600.0);
    ls_features_set(features, LS_FEATURE_FREQ_LEVELS, 0.68, 600.0);
    ls_features_set(features, LS_FEATURE_LENGTH_S, 550e-6, 4.0);
    return (struct ls_evidence){.features = features,
                                .bandwidth_hz = 240e3,
                                .snr_db = 20.0,
                                .duration_s = 1.0,
                                .on_s = 0.12,
                                .burst_s = 565e-6,
                                .period_s = 60e-3 / 13.0,
                                .bursts = 217.0};
}

Test(classify, every_row_has_a_known_name_of_its_own_and_says_what_fools_it) {
    size_t names;
    ls_class_names(&names);
    cr_assert_eq(ls_classify_count() + 1, names, "one row for each class but unknown");
    for (size_t i = 0; i < ls_classify_count(); i++) {
        const struct ls_class_row *row = ls_classify_at(i);
        cr_expect(ls_class_known(row->name), "%s", row->name);
        cr_expect_gt(strlen(row->rests_on), 20, "%s", row->name);
        cr_expect_gt(strlen(row->fooled_by), 20, "%s", row->name);
        for (size_t k = 0; k < i; k++) {
            cr_expect_str_neq(row->name, ls_classify_at(k)->name);
        }
    }
}

Test(classify, nothing_measured_is_unknown) {
    struct ls_features none = {.parts = 0};
    struct ls_evidence evidence = {.features = &none,
                                   .bandwidth_hz = 200e3,
                                   .burst_s = 546e-6,
                                   .period_s = 60e-3 / 13.0,
                                   .bursts = 100.0};
    struct ls_verdict verdict = ls_classify(&evidence);
    cr_expect_str_eq(verdict.class_name, "unknown");
    cr_expect_eq(verdict.score, 0.0);
    cr_expect_str_eq(verdict.rivals, "");
}

Test(classify, what_fits_is_named) {
    struct ls_features features;
    struct ls_evidence evidence = gsm_evidence(&features);
    struct ls_verdict verdict = ls_classify(&evidence);
    cr_expect_str_eq(verdict.class_name, "gsm");
    cr_expect_geq(verdict.score, 0.9);
}

/* Each class needs two features at least: none is named by any single one, whatever its value. */
Test(classify, one_feature_names_nothing) {
    static const double values[] = {0.0, 0.5, 0.75, 1.0, 1.2, 1.5, 2.0, 5.0, 10.0, 20.0, 1e5};
    for (int f = 0; f < LS_FEATURE_COUNT; f++) {
        for (size_t v = 0; v < sizeof values / sizeof values[0]; v++) {
            struct ls_features features = {.parts = 1};
            ls_features_set(&features, (enum ls_feature)f, values[v], 1000.0);
            struct ls_evidence evidence = {.features = &features,
                                           .bandwidth_hz = 200e3,
                                           .snr_db = 20.0,
                                           .duration_s = 1.0,
                                           .on_s = 1.0,
                                           .burst_s = 0.1,
                                           .period_s = NAN,
                                           .bursts = 10.0};
            cr_expect_str_eq(ls_classify(&evidence).class_name, "unknown", "%s %g",
                             ls_features_name((enum ls_feature)f), values[v]);
        }
    }
}

/* Any needed feature that is missing takes the name away. */
Test(classify, a_missing_feature_takes_the_name_away) {
    static const enum ls_feature needed[] = {LS_FEATURE_KURTOSIS, LS_FEATURE_GSM_LINES_DB,
                                             LS_FEATURE_FREQ_LEVELS};
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        struct ls_features features;
        struct ls_evidence evidence = gsm_evidence(&features);
        evidence.period_s = NAN;
        features.weight[needed[i]] = 0.0F;
        features.sum[needed[i]] = 0.0F;
        cr_expect_str_neq(ls_classify(&evidence).class_name, "gsm", "without %s",
                          ls_features_name(needed[i]));
    }
}

/* Features as simulated at 10 and 20 dB: what tells a name from the one it was taken for. */
Test(classify, one_feature_takes_a_name_from_what_only_looks_like_it) {
    static const struct {
        const char *name;
        double bandwidth_hz;
        enum ls_feature feature;
        double of_it, of_other;
        struct {
            enum ls_feature feature;
            double value;
        } all[7];
    } cases[] = {
        {.name = "carrier",
         .bandwidth_hz = 1.2e3,
         .feature = LS_FEATURE_LINE_KURTOSIS,
         .of_it = 1.01,
         .of_other = 1.1,
         .all = {{LS_FEATURE_SNR_DB, 8.5}, {LS_FEATURE_KURTOSIS, 1.06}, {LS_FEATURE_LINE, 0.8}}},
        {.name = "tetra",
         .bandwidth_hz = 22e3,
         .feature = LS_FEATURE_LINE,
         .of_it = 0.06,
         .of_other = 0.9,
         .all = {{LS_FEATURE_SNR_DB, 12.0},
                 {LS_FEATURE_KURTOSIS, 1.2},
                 {LS_FEATURE_TETRA_LINE_DB, 15.0}}},
        {.name = "ook",
         .bandwidth_hz = 24e3,
         .feature = LS_FEATURE_ENVELOPE_RATE_HZ,
         .of_it = 1.6e3,
         .of_other = 17.3e3,
         .all = {{LS_FEATURE_SNR_DB, 12.4},
                 {LS_FEATURE_KURTOSIS, 2.3},
                 {LS_FEATURE_LEVELS, 0.75},
                 {LS_FEATURE_DEPTH, 0.1},
                 {LS_FEATURE_PULSE_FIT, 0.7},
                 {LS_FEATURE_LINE, 0.5},
                 {LS_FEATURE_ENVELOPE_LINE_DB, 16.2}}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int other = 0; other < 2; other++) {
            struct ls_features features = {.parts = 1};
            struct ls_evidence evidence = {.features = &features,
                                           .bandwidth_hz = cases[i].bandwidth_hz,
                                           .snr_db = 12.0,
                                           .duration_s = 0.5,
                                           .on_s = 0.5,
                                           .burst_s = 0.5,
                                           .period_s = NAN,
                                           .bursts = 1.0};
            for (size_t k = 0; k < 7 && cases[i].all[k].value != 0.0; k++) {
                ls_features_set(&features, cases[i].all[k].feature, cases[i].all[k].value, 1000.0);
            }
            ls_features_set(&features, cases[i].feature, other ? cases[i].of_other : cases[i].of_it,
                            1000.0);
            cr_expect_str_eq(ls_classify(&evidence).class_name, other ? "unknown" : cases[i].name);
        }
    }
}

Test(classify, a_train_of_two_lengths_fits_and_a_random_one_does_not) {
    int64_t starts[64];
    float lengths[64];
    int64_t at = 0;
    for (int i = 0; i < 64; i++) {
        starts[i] = at;
        lengths[i] = i % 3 == 0 ? 1.5e-3F : 0.5e-3F;
        at += (int64_t)((double)lengths[i] * 1e9) + 1000000;
    }
    cr_expect_gt(ls_train_fit(starts, lengths, 64, 40e-6), 0.95);
    double length = 1e-4;
    at = 0;
    for (int i = 0; i < 64; i++) {
        length *= 1.13;
        starts[i] = at;
        lengths[i] = (float)length;
        at += (int64_t)(length * 1e9 * 2.7);
    }
    cr_expect_lt(ls_train_fit(starts, lengths, 64, 40e-6), 0.3);
    cr_expect(isnan(ls_train_fit(starts, lengths, 7, 40e-6)));
}

Test(features, sums_are_means_and_what_is_not_finite_is_left_out) {
    struct ls_features a = {.parts = 1};
    struct ls_features b = {.parts = 2, .skipped = 3};
    cr_expect(isnan(ls_features_value(&a, LS_FEATURE_LINE)));
    ls_features_set(&a, LS_FEATURE_LINE, 0.2, 1.0);
    ls_features_set(&b, LS_FEATURE_LINE, 0.8, 3.0);
    ls_features_set(&b, LS_FEATURE_LINE, NAN, 3.0);
    ls_features_add(&a, &b);
    cr_expect_float_eq(ls_features_value(&a, LS_FEATURE_LINE), 0.65, 1e-6);
    cr_expect_eq(a.parts, 3);
    cr_expect_eq(a.skipped, 3);
}
