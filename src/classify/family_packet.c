/* Short-range radio: keyed amplitude, keyed frequency, chirp spread spectrum. */
#include <math.h>

#include "classify/score.h"

/* Trains of telegrams at 10 dB have 0.56 and more, nine of ten above 0.68 (seeds 1 to 24, 168 of
 * them); pulses of random lengths 0.23 to 0.66 (seeds 33 to 36, 8 of them). */
static const double TRAIN_NONE = 0.6;
static const double TRAIN_FULL = 0.76;

static double constant_envelope(const struct ls_evidence *e) {
    return ls_score_in(ls_score_feature(e, LS_FEATURE_KURTOSIS), 0.85, 1.1, 0.12);
}

/* Symbol length exp2(spreading) over bandwidth, of one of three bandwidths. */
static double lora_band(double bandwidth_hz) {
    static const double bands_hz[] = {125e3, 250e3, 500e3};
    double best = 0.0;
    for (size_t i = 0; i < sizeof bands_hz / sizeof bands_hz[0]; i++) {
        best = fmax(best, ls_score_in(bandwidth_hz / bands_hz[i], 0.82, 1.05, 0.08));
    }
    return best;
}

static double score_lora(const struct ls_evidence *e) {
    double dechirped = ls_score_from(ls_score_feature(e, LS_FEATURE_LORA), 0.35, 0.55);
    double flat = ls_score_in(ls_score_feature(e, LS_FEATURE_FREQ_LEVELS), 0.68, 0.79, 0.05);
    /* Shorter than a symbol, any line is one after dechirping. */
    return LS_SCORE_ALL(dechirped, lora_band(e->bandwidth_hz), flat, constant_envelope(e),
                        ls_score_from(e->on_s, 0.5e-3, 1.5e-3));
}

const struct ls_class_row ls_class_lora = {
    .name = "lora",
    .rests_on = "one line after dechirping with a spreading factor's slope; 125, 250 or 500 kHz; "
                "constant envelope",
    .fooled_by = "a sweep that has the slope and the width of a spreading factor by chance",
    .score = score_lora};

/* Pulses that are shorter than the levels are averaged over. One tone of a short telegram that the
 * detector took apart looks so too: only longer ones that are narrow, and above the noise. */
static double unresolved(const struct ls_evidence *e) {
    return LS_SCORE_ALL(ls_score_from(ls_score_feature(e, LS_FEATURE_KEYED), 0.71, 0.79),
                        ls_score_from(ls_score_feature(e, LS_FEATURE_SNR_DB), 4.5, 6.5),
                        ls_score_from(e->duration_s, 10e-3, 20e-3),
                        1.0 - ls_score_from(e->bandwidth_hz, 20e3, 30e3));
}

/* Marks and spaces within a burst; where there are many bursts, these are no pulses of any length.
 */
static double keyed_envelope(const struct ls_evidence *e) {
    double depth = ls_score_feature(e, LS_FEATURE_DEPTH);
    double levels =
        fmax(ls_score_from(ls_score_feature(e, LS_FEATURE_LEVELS), 0.68, 0.76), unresolved(e));
    double train = ls_score_feature(e, LS_FEATURE_TRAIN_FIT);
    double pulses = fmin(ls_score_from(ls_score_feature(e, LS_FEATURE_PULSE_FIT), 0.45, 0.7),
                         isnan(train) ? 1.0 : ls_score_from(train, 0.3, 0.5));
    double pace = fmax(pulses, ls_score_from(train, TRAIN_NONE, TRAIN_FULL));
    return LS_SCORE_ALL(levels, isnan(depth) ? 0.0 : ls_score_from(-depth, -0.3, -0.15), pace,
                        ls_score_from(ls_score_feature(e, LS_FEATURE_LINE), 0.15, 0.3));
}

/* Marks that are bursts of their own: lines that come in a few lengths, with gaps of a few. */
static double keyed_train(const struct ls_evidence *e) {
    double length = 1.0 - ls_score_from(e->burst_s, 15e-3, 30e-3);
    return LS_SCORE_ALL(
        ls_score_from(ls_score_feature(e, LS_FEATURE_TRAIN_FIT), TRAIN_NONE, TRAIN_FULL),
        ls_score_from(ls_score_feature(e, LS_FEATURE_LINE), 0.4, 0.7), length);
}

/* One tone of a telegram of keyed frequency is on and off by a clock of data, 16 to 33 kHz with 16
 * dB and more; keyed amplitude has such lines below 9 kHz, and less than 11 dB above. Amplitude
 * that is keyed faster than 12 kBd stays unknown by that. */
static double fast_clock(const struct ls_evidence *e) {
    return fmin(ls_score_from(ls_score_feature(e, LS_FEATURE_ENVELOPE_LINE_DB), 12.0, 15.0),
                ls_score_from(ls_score_feature(e, LS_FEATURE_ENVELOPE_RATE_HZ), 11e3, 14e3));
}

static double score_ook(const struct ls_evidence *e) {
    return LS_SCORE_ALL(fmax(keyed_envelope(e), keyed_train(e)), 1.0 - fast_clock(e),
                        1.0 - ls_score_from(e->bandwidth_hz, 0.6e6, 0.9e6),
                        ls_score_from(e->duration_s, 0.6e-3, 2e-3));
}

const struct ls_class_row ls_class_ook = {
    .name = "ook",
    .rests_on = "envelope of two levels, the lower near nothing, or a train of bare lines; pulses "
                "and gaps of a few lengths; a line at the carrier",
    .fooled_by = "a carrier that is interrupted at a steady pace; pulsed radar",
    .score = score_ook};

/* Four levels and the line of their symbols, or their clock, in a channel for data. */
static double four_levels(const struct ls_evidence *e) {
    double line =
        LS_SCORE_ALL(ls_score_in(ls_score_feature(e, LS_FEATURE_FREQ_LEVELS), 0.715, 0.77, 0.02),
                     ls_score_in(ls_score_feature(e, LS_FEATURE_FREQ_KURTOSIS), 1.9, 2.1, 0.1),
                     ls_score_from(ls_score_feature(e, LS_FEATURE_FREQ_LINE_DB), 7.0, 10.0));
    /* Simulated at 10 dB: 0.16 to 0.19, and 2.0 to 2.1. */
    double clock =
        LS_SCORE_ALL(ls_score_from(ls_score_feature(e, LS_FEATURE_EDGE_9600), 0.02, 0.045),
                     ls_score_from(ls_score_deviations(e, LS_FEATURE_EDGE_9600), 5.0, 8.0),
                     ls_score_in(ls_score_feature(e, LS_FEATURE_SYMBOLS_9600), 1.45, 2.35, 0.2));
    return LS_SCORE_ALL(fmax(line, clock),
                        1.0 - ls_score_from(ls_score_feature(e, LS_FEATURE_LINE), 0.1, 0.2),
                        ls_score_in(e->bandwidth_hz, 14e3, 50e3, 4e3));
}

/* The times at which the frequency shifts have a clock. Simulated at 10 dB: 15 to 26 dB for two
 * levels, below 13 for voice, four levels, linear modulation and minimum shift keying. */
static double shifts(const struct ls_evidence *e) {
    return ls_score_from(ls_score_feature(e, LS_FEATURE_SHIFT_LINE_DB), 13.0, 16.0);
}

/* A line that hops, as random access does, has two levels as well, but its symbols have no line;
 * one that steps slowly is so much of a line that its square is one too, of 36 dB and more. */
static double hops(const struct ls_evidence *e) {
    double symbols =
        fmax(ls_score_from(ls_score_feature(e, LS_FEATURE_FREQ_LINE_DB), 9.5, 11.0),
             ls_score_in(ls_score_feature(e, LS_FEATURE_SQUARE_LINE_DB), 21.5, 26.0, 1.0));
    double line = ls_score_feature(e, LS_FEATURE_LINE);
    double steps = fmin(ls_score_from(line, 0.4, 0.5),
                        ls_score_from(ls_score_feature(e, LS_FEATURE_SQUARE_LINE_DB), 38.0, 44.0));
    return fmax(steps, ls_score_from(line, 0.18, 0.24) * (1.0 - fmax(symbols, shifts(e))));
}

static double score_fsk(const struct ls_evidence *e) {
    double levels = ls_score_feature(e, LS_FEATURE_FREQ_LEVELS);
    /* Levels that are used unevenly have a high kurtosis: then they must be clear and apart. */
    double apart = LS_SCORE_ALL(
        ls_score_from(levels, 0.9, 0.95),
        ls_score_from(ls_score_feature(e, LS_FEATURE_FREQ_SPREAD_HZ) / e->bandwidth_hz, 0.2, 0.4));
    double even = 1.0 - ls_score_from(ls_score_feature(e, LS_FEATURE_FREQ_KURTOSIS), 1.5, 1.75);
    double two = LS_SCORE_ALL(ls_score_from(levels, 0.78, 0.84), fmax(even, apart));
    double symbols = fmax(ls_score_from(ls_score_feature(e, LS_FEATURE_FREQ_LINE_DB), 7.0, 10.0),
                          ls_score_from(ls_score_feature(e, LS_FEATURE_SQUARE_LINE_DB), 9.0, 13.0));
    /* Smoothed shifts: no two levels are left, but the symbols' line and those of the square. */
    double smooth =
        LS_SCORE_ALL(ls_score_in(ls_score_feature(e, LS_FEATURE_FREQ_LEVELS), 0.62, 0.9, 0.04),
                     ls_score_from(ls_score_feature(e, LS_FEATURE_SQUARE_LINE_DB), 13.0, 16.0),
                     1.0 - ls_score_from(ls_score_feature(e, LS_FEATURE_FREQ_KURTOSIS), 2.3, 2.8));
    /* Levels so far apart and so clear need no line of symbols, if they are not a line that hops.
     */
    double clear =
        fmin(apart, 1.0 - ls_score_from(ls_score_feature(e, LS_FEATURE_LINE), 0.13, 0.2));
    symbols = fmax(fmax(symbols, clear), shifts(e));
    /* A clock and the lines of x^2, where noise has closed the gap between two levels. */
    double clocked =
        LS_SCORE_ALL(ls_score_from(ls_score_feature(e, LS_FEATURE_SHIFT_LINE_DB), 14.0, 17.0),
                     fmax(ls_score_from(ls_score_feature(e, LS_FEATURE_SQUARE_LINE_DB), 11.0, 14.0),
                          ls_score_from(levels, 0.72, 0.78)));
    /* Minimum shift keying at 9.6 kBd, noisy. */
    double minimum =
        LS_SCORE_ALL(ls_score_from(ls_score_feature(e, LS_FEATURE_AIS_LINES_DB), 10.0, 13.0),
                     ls_score_in(levels, 0.62, 0.9, 0.04));
    double line = fmax(1.0 - ls_score_from(ls_score_feature(e, LS_FEATURE_LINE), 0.6, 0.75), apart);
    double others = fmax(fmax(ls_class_gsm.score(e), ls_class_gsm_access.score(e)),
                         fmax(ls_class_ais.score(e), ls_class_dmr.score(e)));
    /* Also where the hops are too few to be named. */
    others = fmax(others, ls_score_from(ls_score_feature(e, LS_FEATURE_NPRACH), 0.55, 0.75));
    /* A neighbour or a band cut too close bends what is sure all the same. */
    double steady =
        fmax(constant_envelope(e),
             fmin(fmax(clocked, minimum),
                  ls_score_in(ls_score_feature(e, LS_FEATURE_KURTOSIS), 0.85, 1.25, 0.1)));
    double keyed = fmax(fmax(fmin(two, symbols), smooth), fmax(clocked, minimum));
    return LS_SCORE_ALL(fmax(keyed, four_levels(e)), steady, line, 1.0 - hops(e),
                        ls_score_from(e->on_s, 0.5e-3, 1e-3)) *
           (1.0 - others);
}

const struct ls_class_row ls_class_fsk = {
    .name = "fsk",
    .rests_on =
        "constant envelope; two or four levels of frequency and a line at the symbol rate, two "
        "that are far apart, or the lines of x^2 of minimum shift keying",
    .fooled_by = "GMSK of another standard; a voice radio that sends tones",
    .score = score_fsk};
