/* Narrow professional radio: symbol rates and slots that standards fix. */
#include <math.h>

#include "classify/score.h"

static double slots(const struct ls_evidence *e, double length_s, double slack_s, double period_s) {
    double periods = e->period_s / period_s;
    return LS_SCORE_ALL(ls_score_in(e->burst_s, length_s - slack_s, length_s + slack_s, slack_s),
                        ls_score_in(periods, 0.9, 40.0, 0.0),
                        ls_score_in(fabs(periods - round(periods)), 0.0, 0.01, 0.01));
}

static double score_tetra(const struct ls_evidence *e) {
    /* Slots that come again help a line that is not sure: 0.03 to 0.05 at 10 dB. */
    double echo = fmin(ls_score_from(ls_score_feature(e, LS_FEATURE_ECHO_TETRA), 0.0, 0.02),
                       ls_score_from(ls_score_deviations(e, LS_FEATURE_ECHO_TETRA), 2.0, 4.0));
    double baud = ls_score_from(ls_score_feature(e, LS_FEATURE_TETRA_LINE_DB), 6.0 - 2.0 * echo,
                                9.0 - 2.0 * echo);
    double shape = ls_score_in(ls_score_feature(e, LS_FEATURE_KURTOSIS), 1.1, 1.32, 0.1);
    /* The weaker, the more often chance has such a line. */
    double heard = ls_score_from(ls_score_feature(e, LS_FEATURE_SNR_DB), -1.5, 0.5);
    /* Pulses of a bare carrier, as wide and with such a line by chance, have 0.8 and more of their
     * power where they are; symbols leave 0.07. */
    double bare = ls_score_from(ls_score_feature(e, LS_FEATURE_LINE), 0.4, 0.6);
    return LS_SCORE_ALL(baud, shape, heard, 1.0 - bare,
                        ls_score_in(e->bandwidth_hz, 17e3, 26e3, 4e3));
}

const struct ls_class_row ls_class_tetra = {
    .name = "tetra",
    .rests_on = "line of |x|^2 at 18 kHz; kurtosis 1.2 of pi/4-DQPSK; 22 kHz",
    .fooled_by = "other linear modulation at 18 kBd in 25 kHz",
    .score = score_tetra};

static double score_dmr(const struct ls_evidence *e) {
    double baud = ls_score_from(ls_score_feature(e, LS_FEATURE_DMR_LINE_DB), 4.5, 7.5);
    double lattice = slots(e, 27.3e-3, 0.8e-3, 60e-3);
    double four =
        LS_SCORE_ALL(ls_score_in(ls_score_feature(e, LS_FEATURE_FREQ_LEVELS), 0.68, 0.78, 0.06),
                     ls_score_in(ls_score_feature(e, LS_FEATURE_FREQ_KURTOSIS), 1.6, 2.7, 0.3));
    /* Simulated at 10 dB: the edge 0.06 to 0.13 and the kurtosis in symbols 2.1 to 2.3, against
     * 0.01 and 2.4 to 4 of voice. */
    double edge = fmin(ls_score_from(ls_score_feature(e, LS_FEATURE_EDGE_4800), 0.02, 0.05),
                       ls_score_from(ls_score_deviations(e, LS_FEATURE_EDGE_4800), 5.0, 8.0));
    double symbols = ls_score_in(ls_score_feature(e, LS_FEATURE_SYMBOLS_4800), 1.45, 2.4, 0.15);
    /* A base station's slots: 0.12 to 0.24 down to 5 dB, against 0.03. */
    double echo = fmin(ls_score_from(ls_score_feature(e, LS_FEATURE_ECHO_DMR), 0.05, 0.1),
                       ls_score_from(ls_score_deviations(e, LS_FEATURE_ECHO_DMR), 4.0, 7.0));
    double clock = fmin(fmax(edge, echo), symbols);
    /* Minimum shift keying has lines that four levels do not. */
    double other = ls_score_from(ls_score_feature(e, LS_FEATURE_SQUARE_LINE_DB), 12.0, 15.0);
    return LS_SCORE_ALL(fmax(fmax(fmin(baud, four), clock), lattice), 1.0 - other,
                        ls_score_in(ls_score_feature(e, LS_FEATURE_KURTOSIS), 0.85, 1.15, 0.35),
                        ls_score_in(e->bandwidth_hz, 6e3, 13e3 + 4e3 * clock, 2e3));
}

const struct ls_class_row ls_class_dmr = {
    .name = "dmr",
    .rests_on =
        "four levels of frequency and their line at 4.8 kHz, or slots of 27.5 ms each 60 ms; "
        "constant envelope; 12.5 kHz",
    .fooled_by = "other 4FSK at 4.8 kBd, such as P25 and NXDN",
    .score = score_dmr};

static double score_ais(const struct ls_evidence *e) {
    double lines = ls_score_from(ls_score_feature(e, LS_FEATURE_AIS_LINES_DB), 8.0, 12.0);
    double shifts =
        LS_SCORE_ALL(ls_score_from(ls_score_feature(e, LS_FEATURE_SHIFT_LINE_DB), 13.0, 16.0),
                     ls_score_in(ls_score_feature(e, LS_FEATURE_SHIFT_RATE_HZ), 9.5e3, 9.7e3, 50.0),
                     ls_score_in(ls_score_feature(e, LS_FEATURE_FREQ_LEVELS), 0.62, 0.8, 0.04));
    double baud = fmax(lines, shifts);
    double slots_long = e->burst_s / 26.67e-3;
    double length = ls_score_in(slots_long, 0.75, 1.05, 0.1);
    return LS_SCORE_ALL(baud, length,
                        ls_score_in(ls_score_feature(e, LS_FEATURE_KURTOSIS), 0.75, 1.15, 0.2),
                        ls_score_in(e->bandwidth_hz, 7e3, 17e3, 3e3));
}

const struct ls_class_row ls_class_ais = {
    .name = "ais",
    .rests_on = "lines of x^2 9.6 kHz apart or shifts at that rate; one slot of 26.67 ms; constant "
                "envelope; 10 kHz",
    .fooled_by = "GMSK packets of 9.6 kBd that are as long; reports of several slots are not named",
    .score = score_ais};
