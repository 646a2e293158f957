/* Voice, lines and sweeps: what has no symbols. */
#include <math.h>

#include "classify/score.h"

static double constant_envelope(const struct ls_evidence *e) {
    return ls_score_in(ls_score_feature(e, LS_FEATURE_KURTOSIS), 0.85, 1.1, 0.15);
}

static double edge(const struct ls_evidence *e, enum ls_feature feature) {
    return fmin(ls_score_from(ls_score_feature(e, feature), 0.015, 0.03),
                ls_score_from(ls_score_deviations(e, feature), 4.0, 6.0));
}

/* A line of symbols is no voice. Voice leaves 11 dB of envelope line at most, linear modulation in
 * noise of 10 dB leaves 14 and more. */
static double no_symbols(const struct ls_evidence *e) {
    double lines = fmax(ls_score_from(ls_score_feature(e, LS_FEATURE_AIS_LINES_DB), 8.0, 11.0),
                        ls_score_from(ls_score_feature(e, LS_FEATURE_TETRA_LINE_DB), 8.0, 11.0));
    lines = fmax(lines, ls_score_from(ls_score_feature(e, LS_FEATURE_DMR_LINE_DB), 5.0, 8.0));
    lines =
        fmax(lines, ls_score_from(ls_score_feature(e, LS_FEATURE_ENVELOPE_LINE_DB), 11.5, 14.0));
    lines = fmax(lines, ls_score_from(ls_score_feature(e, LS_FEATURE_SHIFT_LINE_DB), 12.0, 15.0));
    lines = fmax(lines, fmax(edge(e, LS_FEATURE_EDGE_4800), edge(e, LS_FEATURE_EDGE_9600)));
    return 1.0 - fmax(lines, ls_score_from(ls_score_feature(e, LS_FEATURE_GSM_LINES_DB), 7.0, 9.0));
}

/* Noise makes one hump of any levels: the weaker, the narrower what is believed, and below 5 dB
 * nothing. Four levels at 6 dB: 0.69 and more. */
static double one_hump(const struct ls_evidence *e) {
    double snr_db = ls_score_feature(e, LS_FEATURE_SNR_DB);
    double most = snr_db > 8.0 ? 0.69 : 0.68;
    double slack = snr_db > 8.0 ? 0.04 : 0.02;
    double levels = ls_score_feature(e, LS_FEATURE_FREQ_LEVELS);
    return LS_SCORE_ALL(ls_score_in(levels, 0.45, most, slack), ls_score_from(snr_db, 4.5, 6.5));
}

static double score_fm(const struct ls_evidence *e) {
    double narrow = ls_score_in(e->bandwidth_hz, 4.5e3, 22e3, 1.5e3);
    double broadcast = ls_score_in(e->bandwidth_hz, 90e3, 260e3, 20e3);
    double shape = LS_SCORE_ALL(
        one_hump(e), ls_score_in(ls_score_feature(e, LS_FEATURE_FREQ_KURTOSIS), 2.3, 13.0, 0.5));
    double line = 1.0 - ls_score_from(ls_score_feature(e, LS_FEATURE_LINE), 0.7, 0.9);
    /* Tones that lie close together wander less than the channel is wide. */
    double wanders =
        ls_score_from(ls_score_feature(e, LS_FEATURE_FREQ_SPREAD_HZ) / e->bandwidth_hz, 0.07, 0.1);
    return LS_SCORE_ALL(shape, constant_envelope(e), no_symbols(e), line, wanders,
                        fmax(narrow, broadcast), ls_score_from(e->on_s, 0.2, 0.4));
}

const struct ls_class_row ls_class_fm = {
    .name = "fm",
    .rests_on = "constant envelope; frequency in one hump, without levels or symbols; goes on for "
                "tenths of a second",
    .fooled_by = "data sent as tones over a voice radio; a wandering oscillator",
    .score = score_fm};

/* Voice on the envelope leaves the line, but not the envelope; what is there half of the time in
 * pieces, such as slow phase keying near the floor, is something else. */
static double unkeyed(const struct ls_evidence *e) {
    double level = ls_score_in(ls_score_feature(e, LS_FEATURE_KURTOSIS), 0.85, 1.1, 0.08);
    /* In noise of its own band that says nothing: then that of what is near the line. */
    double alone = ls_score_feature(e, LS_FEATURE_LINE_KURTOSIS);
    double snr_db = ls_score_feature(e, LS_FEATURE_SNR_DB);
    if (snr_db < 0.0 && !isnan(alone)) {
        level = ls_score_in(alone, 0.8, 1.15, 0.13);
    }
    /* Well above the noise it shows slow phase keying, whose envelope goes through nothing between
     * symbols: 1.06 to 1.2 at 8 dB, against 0.98 to 1.03 of carriers that fade. */
    if (snr_db > 6.0 && !isnan(alone)) {
        level = fmin(level, ls_score_in(alone, 0.85, 1.04, 0.05));
    }
    double share = e->bursts < 4.0 ? 1.0 : ls_score_from(e->on_s / e->duration_s, 0.5, 0.7);
    return fmin(level, share);
}

static double score_carrier(const struct ls_evidence *e) {
    double snr_db = ls_score_feature(e, LS_FEATURE_SNR_DB);
    double share = ls_score_feature(e, LS_FEATURE_LINE);
    /* Near the floor a symbol of slow keying looks like that: more of it is wanted. */
    double times = snr_db < 4.0 ? 4.0 : 1.0;
    double length =
        fmax(ls_score_from(e->burst_s, 20e-3 * times, 40e-3 * times),
             e->bursts < 4.0 ? ls_score_from(e->on_s, 10e-3 * times, 30e-3 * times) : 0.0);
    double line = ls_score_from(share, 0.6, 0.8);
    /* Below the noise of its band it comes in pieces; more than all of the power in the line says
     * that what is measured of it was not all there is. */
    if (snr_db < 0.0) {
        length = fmin(ls_score_from(e->burst_s, 80e-3, 120e-3), ls_score_from(e->on_s, 0.3, 0.5));
        line = ls_score_in(share, 0.85, 1.35, 0.15);
    }
    double steady = 1.0 - ls_score_from(ls_score_feature(e, LS_FEATURE_PULSE_FIT), 0.7, 0.85) *
                              ls_score_from(-ls_score_feature(e, LS_FEATURE_DEPTH), -0.15, -0.08);
    return LS_SCORE_ALL(line, length, steady, unkeyed(e),
                        1.0 - ls_score_from(e->bandwidth_hz, 8e3, 12e3));
}

const struct ls_class_row ls_class_carrier = {
    .name = "carrier",
    .rests_on = "nearly all power in one line; constant envelope; on for tens of milliseconds",
    .fooled_by = "a telegram's long mark, a voice radio in a pause; modulation too weak to be seen",
    .score = score_carrier};

/* As wide as a box may make chirp spread spectrum, and with a slope of it: too much alike. */
static double may_spread(const struct ls_evidence *e) {
    double near = 0.0;
    for (int octave = 0; octave < 3; octave++) {
        double hz = ldexp(125e3, octave);
        near = fmax(near, ls_score_in(e->bandwidth_hz / hz, 0.8, 1.15, 0.04));
    }
    return fmin(near, ls_score_from(ls_score_feature(e, LS_FEATURE_LORA), 0.35, 0.55));
}

static double score_chirp(const struct ls_evidence *e) {
    double sweep = ls_score_from(ls_score_feature(e, LS_FEATURE_CHIRP), 0.25, 0.45);
    double far =
        ls_score_from(ls_score_feature(e, LS_FEATURE_CHIRP_HZ) / e->bandwidth_hz, 0.2, 0.4);
    double flat = ls_score_in(ls_score_feature(e, LS_FEATURE_FREQ_LEVELS), 0.7, 0.79, 0.04);
    return LS_SCORE_ALL(sweep, far, flat, constant_envelope(e), 1.0 - may_spread(e));
}

const struct ls_class_row ls_class_chirp = {
    .name = "chirp",
    .rests_on = "x(t) x*(t - d) is one line; frequencies evenly used; constant envelope",
    .fooled_by = "chirp spread spectrum of a bandwidth that LoRa does not have",
    .score = score_chirp};
