/* Cellular waveforms: what 3GPP fixes of each, beside its spectrum: lines of minimum shift keying,
 * slots, cyclic prefixes, chips. */
#include <math.h>

#include "classify/score.h"

static const double GSM_FRAME_S = 60e-3 / 13.0;
static const double GSM_BURST_S = 546e-6;
static const double NB_IOT_SYMBOLS_HZ = 14e3;

/* Length of a burst: from its envelope where that was measured, else as the detector has it. */
static double burst_length_s(const struct ls_evidence *e) {
    double measured = ls_score_feature(e, LS_FEATURE_LENGTH_S);
    return isnan(measured) ? e->burst_s : measured;
}

static double constant_envelope(const struct ls_evidence *e) {
    return ls_score_in(ls_score_feature(e, LS_FEATURE_KURTOSIS), 0.8, 1.18, 0.22);
}

/* What a cell broadcasts, and what a phone begins with, each beyond what chance makes: 0.35 of 64
 * bits once in a million windows, 0.2 of 41 bits in most bursts, 15 times the mean of a group once
 * in 5,000 symbols. */
static double gsm_sync(const struct ls_evidence *e) {
    return ls_score_from(ls_score_feature(e, LS_FEATURE_GSM_SYNC), 0.3, 0.4);
}

static double access_training(const struct ls_evidence *e) {
    return ls_score_from(ls_score_feature(e, LS_FEATURE_ACCESS_TRAINING), 0.35, 0.5);
}

static double lte_sync(const struct ls_evidence *e) {
    return ls_score_from(ls_score_feature(e, LS_FEATURE_LTE_SYNC), 13.0, 17.0);
}

/* GMSK of BT 0.3 in 200 kHz: the lines of its square, or its frame, beside band and envelope. */
static double gmsk_band(const struct ls_evidence *e) {
    /* Lines that are beyond doubt allow for a neighbour, or for a receiver's own noise. */
    double sure = ls_score_from(ls_score_feature(e, LS_FEATURE_GSM_LINES_DB), 13.0, 16.0);
    sure = fmax(sure, gsm_sync(e));
    return LS_SCORE_ALL(ls_score_in(e->bandwidth_hz, 170e3, 270e3 + 230e3 * sure, 60e3),
                        constant_envelope(e),
                        ls_score_in(ls_score_feature(e, LS_FEATURE_FREQ_LEVELS), 0.6, 0.73, 0.06));
}

static double score_gsm(const struct ls_evidence *e) {
    double lines = ls_score_from(ls_score_feature(e, LS_FEATURE_GSM_LINES_DB), 6.0, 10.0);
    double frames = e->period_s / GSM_FRAME_S;
    double lattice = LS_SCORE_ALL(ls_score_in(frames, 0.995, 26.0, 0.0),
                                  ls_score_in(fabs(frames - round(frames)), 0.0, 0.01, 0.01));
    double length = burst_length_s(e);
    double slot = ls_score_in(length, GSM_BURST_S - 40e-6, GSM_BURST_S + 70e-6, 40e-6);
    double steady = e->on_s > 5e-3 && length > 4e-3 ? 1.0 : 0.0;
    double sync = gsm_sync(e);
    double slots = fmax(fmax(slot, steady), fmax(lattice, sync));
    return LS_SCORE_ALL(gmsk_band(e), fmax(fmax(lines, sync), fmin(lattice, slot)), slots);
}

const struct ls_class_row ls_class_gsm = {
    .name = "gsm",
    .rests_on = "lines of x^2 270.833 kHz apart; 546 us bursts or a 4.615 ms frame, or never off; "
                "or a cell's correction burst and, a frame later, training sequence; constant "
                "envelope; 200 kHz",
    .fooled_by = "other minimum shift keying at the same rate, such as GSM-R and test transmitters",
    .score = score_gsm};

static double score_gsm_access(const struct ls_evidence *e) {
    double lines = ls_score_from(ls_score_feature(e, LS_FEATURE_GSM_LINES_DB), 4.0, 8.0);
    double length_s = burst_length_s(e);
    /* 41 bits that fit leave less to ask of envelope, band and length, which are of one short burst
     * and, where noise hides its edges, as long as the detector's windows make it. */
    double known = LS_SCORE_ALL(
        access_training(e), ls_score_in(ls_score_feature(e, LS_FEATURE_KURTOSIS), 0.7, 1.5, 0.2),
        ls_score_in(e->bandwidth_hz, 120e3, 300e3, 40e3),
        ls_score_in(length_s, 290e-6, 440e-6, 30e-6));
    double outside =
        LS_SCORE_ALL(gmsk_band(e), lines, ls_score_in(length_s, 300e-6, 355e-6, 30e-6));
    return fmax(known, outside);
}

const struct ls_class_row ls_class_gsm_access = {
    .name = "gsm-access",
    .rests_on = "lines of x^2 270.833 kHz apart or the synchronisation sequence of access bursts; "
                "burst of 325 us; constant envelope; 200 kHz",
    .fooled_by = "a normal burst cut short by a fade or by the end of listening",
    .score = score_gsm_access};

static double score_lte_uplink(const struct ls_evidence *e) {
    double prefix = ls_score_from(ls_score_feature(e, LS_FEATURE_PREFIX_15K), 2.9, 4.2);
    double single = ls_score_in(ls_score_feature(e, LS_FEATURE_KURTOSIS), 1.2, 1.68, 0.1);
    /* Binary phase keying, which has that kurtosis, has a line where it is squared. */
    double binary = ls_score_from(ls_score_feature(e, LS_FEATURE_SQUARE_LINE_DB), 15.0, 19.0);
    /* So have shaped symbols of one carrier, with a line at their rate. */
    double shaped = ls_score_from(ls_score_feature(e, LS_FEATURE_ENVELOPE_LINE_DB), 14.0, 18.0);
    return LS_SCORE_ALL(prefix, single, 1.0 - fmax(binary, shaped), 1.0 - lte_sync(e),
                        ls_score_from(e->bandwidth_hz, 130e3, 170e3));
}

const struct ls_class_row ls_class_lte_uplink = {
    .name = "lte-uplink",
    .rests_on = "cyclic prefix of 66.7 us symbols; kurtosis of single-carrier symbols, 1.3 to 1.6",
    .fooled_by = "NR at 15 kHz with transform precoding and sidelink, which are the same waveform",
    .score = score_lte_uplink};

static double score_lte_prach(const struct ls_evidence *e) {
    double prefix = ls_score_from(ls_score_feature(e, LS_FEATURE_PRACH), 4.0, 6.0);
    return LS_SCORE_ALL(prefix, ls_score_in(burst_length_s(e), 860e-6, 950e-6, 40e-6),
                        ls_score_in(e->bandwidth_hz, 0.95e6, 1.12e6, 0.1e6));
}

const struct ls_class_row ls_class_lte_prach = {
    .name = "lte-prach",
    .rests_on = "103 us prefix of an 800 us symbol; burst of 903 us; 1.05 MHz",
    .fooled_by = "NR random access of long format, which is the same waveform",
    .score = score_lte_prach};

static double score_lte_downlink(const struct ls_evidence *e) {
    double prefix = ls_score_from(ls_score_feature(e, LS_FEATURE_PREFIX_15K), 4.0, 6.0);
    prefix = fmax(prefix, lte_sync(e));
    /* A receiver at its limits cuts the peaks off, but leaves the synchronisation. */
    double many =
        fmax(ls_score_in(ls_score_feature(e, LS_FEATURE_KURTOSIS), 1.8, 8.0, 0.15), lte_sync(e));
    return LS_SCORE_ALL(prefix, many, ls_score_from(e->bandwidth_hz, 0.7e6, 0.9e6));
}

const struct ls_class_row ls_class_lte_downlink = {
    .name = "lte-downlink",
    .rests_on = "cyclic prefix of 66.7 us symbols, or primary and secondary synchronisation; "
                "Gaussian envelope; a band of 1 MHz or more",
    .fooled_by = "NR at 15 kHz and other OFDM of the same symbols",
    .score = score_lte_downlink};

static double score_nr(const struct ls_evidence *e) {
    double prefix = ls_score_feature(e, LS_FEATURE_PREFIX_30K);
    double other = ls_score_feature(e, LS_FEATURE_PREFIX_15K);
    double more = prefix > 1.3 * other || isnan(other) ? 1.0 : 0.0;
    double kurtosis = ls_score_in(ls_score_feature(e, LS_FEATURE_KURTOSIS), 1.25, 2.4, 0.1);
    return LS_SCORE_ALL(ls_score_from(prefix, 3.6, 5.0), more, kurtosis, 1.0 - lte_sync(e),
                        ls_score_from(e->bandwidth_hz, 0.5e6, 1e6));
}

const struct ls_class_row ls_class_nr = {
    .name = "nr",
    .rests_on = "cyclic prefix of 33.3 us symbols; envelope of OFDM or of single-carrier symbols",
    .fooled_by = "other OFDM of 30 kHz carriers; NR at 15 kHz is taken for LTE",
    .score = score_nr};

static double score_wcdma(const struct ls_evidence *e) {
    double chips = ls_score_from(ls_score_feature(e, LS_FEATURE_WCDMA_LINE_DB), 4.0, 6.0);
    double kurtosis = ls_score_in(ls_score_feature(e, LS_FEATURE_KURTOSIS), 1.1, 2.1, 0.1);
    return LS_SCORE_ALL(chips, kurtosis, ls_score_in(e->bandwidth_hz, 3.7e6, 4.9e6, 0.4e6));
}

const struct ls_class_row ls_class_wcdma = {
    .name = "wcdma",
    .rests_on = "line of |x|^2 at 3.84 MHz; 4.2 MHz; kurtosis of shaped chips",
    .fooled_by = "any linear modulation at that rate; carriers side by side hide the line",
    .score = score_wcdma};

/* One tone whose phase steps 14,000 times a second, the mean of 15 kHz symbols with their prefixes:
 * where the band is too narrow for the prefix. */
static double phase_steps(const struct ls_evidence *e) {
    double rate = ls_score_feature(e, LS_FEATURE_FREQ_RATE_HZ) / NB_IOT_SYMBOLS_HZ;
    return LS_SCORE_ALL(ls_score_in(rate, 0.997, 1.003, 0.003),
                        ls_score_from(ls_score_feature(e, LS_FEATURE_FREQ_LINE_DB), 14.0, 18.0),
                        ls_score_from(ls_score_feature(e, LS_FEATURE_FREQ_KURTOSIS), 2.4, 2.8));
}

/* Hops on the lattice; where boxes overlap, not all of them. By chance their mean is 0 +- 1 /
 * sqrt(2 hops). */
static double random_access(const struct ls_evidence *e) {
    double share = ls_score_feature(e, LS_FEATURE_NPRACH);
    double hops = (double)e->features->weight[LS_FEATURE_NPRACH];
    return LS_SCORE_ALL(ls_score_from(share, 0.3, 0.5),
                        ls_score_from(share * sqrt(2.0 * hops), 2.2, 3.0),
                        ls_score_in(ls_score_feature(e, LS_FEATURE_KURTOSIS), 0.85, 1.15, 0.25),
                        ls_score_in(e->bandwidth_hz, 4e3, 60e3, 10e3));
}

static double score_nb_iot(const struct ls_evidence *e) {
    double prefix = ls_score_feature(e, LS_FEATURE_PREFIX_15K);
    double kurtosis = ls_score_feature(e, LS_FEATURE_KURTOSIS);
    double cell =
        LS_SCORE_ALL(ls_score_from(prefix, 4.0, 5.5), ls_score_in(kurtosis, 1.75, 2.5, 0.15),
                     ls_score_in(e->bandwidth_hz, 140e3, 330e3, 40e3));
    double tone =
        LS_SCORE_ALL(fmax(ls_score_from(prefix, 5.0, 7.0), phase_steps(e)),
                     ls_score_in(kurtosis, 0.85, 1.2, 0.1),
                     ls_score_from(ls_score_feature(e, LS_FEATURE_FREQ_LINE_DB), 10.0, 14.0),
                     ls_score_in(e->bandwidth_hz, 10e3, 180e3, 20e3));
    return fmax(fmax(cell, tone), random_access(e));
}

const struct ls_class_row ls_class_nb_iot = {
    .name = "nb-iot",
    .rests_on =
        "cyclic prefix of 66.7 us symbols or phase steps at 14 kHz; a cell's Gaussian "
        "envelope in 180 kHz or one tone's constant envelope; or tones that hop by multiples "
        "of 3.75 kHz each 1.4 or 1.6 ms",
    .fooled_by = "one resource block of an LTE cell seen alone; unshaped phase keying at 14 kBd",
    .score = score_nb_iot};
