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
    LS_FEATURE_SNR_DB,    /* in the occupied band */
    LS_FEATURE_KURTOSIS,  /* of the signal without the noise: 1 constant envelope, 2 Gaussian */
    LS_FEATURE_PEAK_DB,   /* 99.9 % of the power over its mean */
    LS_FEATURE_LEVELS,    /* how well two levels explain the envelope, 0..1 */
    LS_FEATURE_LOW_SHARE, /* share of time at the lower one */
    LS_FEATURE_DEPTH,     /* lower over upper level of power, without the noise */
    LS_FEATURE_PULSE_FIT, /* share of pulses and gaps whose length occurs again and again */
    LS_FEATURE_TRAIN_FIT, /* the same of a train of bursts */
    LS_FEATURE_LENGTH_S,  /* of bursts seen whole, from the envelope */
    LS_FEATURE_KEYED, /* m2^2 / (m1 m3) of the power without the noise: 1 on or off, 2/3 Gaussian */
    LS_FEATURE_LINE,  /* share of the signal's power in its strongest line, 0..1 */
    LS_FEATURE_LINE_KURTOSIS,    /* of what is near that line alone, as LS_FEATURE_KURTOSIS */
    LS_FEATURE_ENVELOPE_LINE_DB, /* strongest line of |x|^2 over what surrounds it */
    LS_FEATURE_ENVELOPE_RATE_HZ, /* where it is */
    LS_FEATURE_SQUARE_LINE_DB,   /* the same of x^2 */
    LS_FEATURE_FREQ_KURTOSIS,    /* of the instantaneous frequency: 1 two levels, 3 Gaussian */
    LS_FEATURE_FREQ_LEVELS,      /* how well two levels explain it, 0..1 */
    LS_FEATURE_FREQ_SPREAD_HZ,   /* distance of the two */
    LS_FEATURE_FREQ_LINE_DB,     /* strongest line of its square over what surrounds it */
    LS_FEATURE_FREQ_RATE_HZ,     /* where it is */
    LS_FEATURE_GSM_LINES_DB,     /* pair of lines of x^2 at 270.833 kHz */
    LS_FEATURE_GSM_SYNC, /* correction burst and, a frame later, its training sequence, 0..1 */
    LS_FEATURE_ACCESS_TRAINING, /* synchronisation sequence of an access burst, 0..1 */
    LS_FEATURE_LTE_SYNC,        /* primary and secondary synchronisation, over chance, 0..62 */
    LS_FEATURE_AIS_LINES_DB,    /* pair of lines of x^2 at 9.6 kHz */
    LS_FEATURE_TETRA_LINE_DB,   /* line of |x|^2 at 18 kHz */
    LS_FEATURE_WCDMA_LINE_DB,   /* line of |x|^2 at 3.84 MHz */
    LS_FEATURE_DMR_LINE_DB,     /* line of the squared frequency at 4.8 kHz */
    LS_FEATURE_PREFIX_15K,      /* cyclic prefix of 66.7 us symbols, in deviations of chance */
    LS_FEATURE_PREFIX_30K,      /* the same of 33.3 us symbols */
    LS_FEATURE_PRACH,           /* cyclic prefix of an 800 us symbol, in deviations of chance */
    LS_FEATURE_NPRACH,    /* share of tones that hop by multiples of 3.75 kHz each 1.4 or 1.6 ms */
    LS_FEATURE_LORA,      /* share of power in one line after dechirping, best spreading factor */
    LS_FEATURE_CHIRP,     /* share of power in one line of x(t) x*(t - d), away from 0 Hz */
    LS_FEATURE_CHIRP_HZ,  /* how far that sweep goes in a burst */
    LS_FEATURE_SQUITTER,  /* preamble of four 0.5 us pulses, correlation 0..1 */
    LS_FEATURE_EDGE_4800, /* what of the frequency's power at 2.4 kHz has a clock of 4.8 kHz, 0..1
                           */
    LS_FEATURE_SYMBOLS_4800, /* kurtosis of the frequency in its symbols: 1 two levels, 1.64 four */
    LS_FEATURE_EDGE_9600,    /* the same at 4.8 kHz of 9.6 kHz */
    LS_FEATURE_SYMBOLS_9600,
    LS_FEATURE_SHIFT_LINE_DB, /* strongest line of the times at which the frequency shifts */
    LS_FEATURE_SHIFT_RATE_HZ, /* where it is */
    LS_FEATURE_ECHO_GSM,   /* correlation with itself 4.615 ms later, over that beside that lag */
    LS_FEATURE_ECHO_10MS,  /* the same after 10 ms, */
    LS_FEATURE_ECHO_TETRA, /* 14.167 ms, */
    LS_FEATURE_ECHO_AIS,   /* 26.67 ms */
    LS_FEATURE_ECHO_DMR,   /* and 30 ms */
    LS_FEATURE_FRAMES,     /* share of stretches of pulses that last 64 or 120 us */
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
