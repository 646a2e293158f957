/* model/features.h: what the outside of a signal says of it, as numbers that can be added up over
 * the parts of a burst and the bursts of a transmission. They are measured from narrowband I/Q
 * (classify/measure.h) and are all that is kept of it: no bit, symbol or sample is among them.
 *
 * A feature is a mean over what it could be measured on. Each is described where it is measured;
 * the table in features.c is the whole list of what may be stored. */
#ifndef MODEL_FEATURES_H
#define MODEL_FEATURES_H

#include <stddef.h>
#include <stdint.h>

enum ls_feature {
    LS_FEATURE_SNR_DB,   /* in the occupied band */
    LS_FEATURE_KURTOSIS, /* of the signal without the noise: 1 constant envelope, 2 Gaussian */
    LS_FEATURE_LINE,     /* share of the signal's power in its strongest line, 0..1 */
    LS_FEATURE_COUNT
};

/* All-zero: nothing measured. */
struct ls_features {
    float sum[LS_FEATURE_COUNT]; /* value times weight */
    float weight[LS_FEATURE_COUNT];
    uint32_t parts;   /* cut-outs of I/Q that were measured */
    uint32_t skipped; /* boxes that the budget did not reach */
};

/* weight > 0; a value that is not finite is left out. */
void ls_features_set(struct ls_features *features, enum ls_feature feature, double value,
                     double weight);

void ls_features_add(struct ls_features *into, const struct ls_features *from);

/* NAN: not measured. */
double ls_features_value(const struct ls_features *features, enum ls_feature feature);

/* "snr_db", ... Static. */
const char *ls_features_name(enum ls_feature feature);

#endif
