/* What cells broadcast for synchronisation, and what a phone begins to call with, found within a
 * burst: nobody's content (dsp/training.h, dsp/secondary.h). A part shows it only when it is long
 * enough; one in which it was found weighs more than all that were cut elsewhere. */
#include <math.h>

#include "classify/look.h"

static const double SYMBOL_SPS = 1625e3 / 6.0;
static const double FRAME_S = 60e-3 / 13.0;
static const double GSM_LEAST_HZ = 120e3;
static const double GSM_MOST_HZ = 600e3;
static const double GSM_LEAST_SPS = 300e3;
static const double GSM_MOST_SPS = 1.7e6;
static const double ACCESS_LEAST_S = 250e-6;
static const double ACCESS_MOST_S = 480e-6;
static const double TONE_SYMBOLS = 140.0;  /* of 148 of a frequency correction burst */
static const double TONE_TURN = 0.8;       /* of steady products; other bits leave 0.6 */
static const double APART_S = 30e-3;       /* of correction bursts: 46 ms */
static const double INTO_SYMBOLS = 38.0;   /* from the window to the training sequence */
static const double AROUND_SYMBOLS = 12.0; /* where that may be wrong */
static const double FOUND = 0.35;          /* of 64 bits: by chance once in a million */
static const double SURE = 1e3;            /* how much more a part counts that has it */

/* The extended training sequence a frame after a correction burst. */
static double training_after(struct ls_look *look, size_t at) {
    const struct ls_narrow_iq *iq = look->iq;
    double a_symbol = iq->rate_sps / SYMBOL_SPS;
    double middle = (double)at + FRAME_S * iq->rate_sps + INTO_SYMBOLS * a_symbol;
    size_t from = (size_t)(middle - AROUND_SYMBOLS * a_symbol);
    size_t to = (size_t)(middle + (64.0 + AROUND_SYMBOLS) * a_symbol);
    if (to > iq->count) {
        return 0.0;
    }
    return ls_training_find(look->extended, iq->iq + from, to - from, iq->rate_sps).share;
}

/* Best over all windows of steady turns, each the steadiest for 30 ms. */
static double find_correction(struct ls_look *look) {
    const struct ls_narrow_iq *iq = look->iq;
    size_t lag = (size_t)fmax(1.0, round(iq->rate_sps / SYMBOL_SPS));
    size_t length = (size_t)(TONE_SYMBOLS / SYMBOL_SPS * iq->rate_sps);
    size_t apart = (size_t)(APART_S * iq->rate_sps);
    size_t count = iq->count < LS_LOOK_SAMPLES ? iq->count : LS_LOOK_SAMPLES;
    double complex sum = 0.0;
    double whole = 0.0;
    double steadiest = 0.0;
    double best = 0.0;
    size_t at = 0;
    for (size_t n = lag; n < count; n++) {
        float complex p = ls_look_product(iq->iq[n], conjf(iq->iq[n - lag]));
        look->work[n] = p;
        look->scratch[n] = cabsf(p);
        sum += (double complex)p;
        whole += (double)look->scratch[n];
        if (n >= lag + length) {
            sum -= (double complex)look->work[n - length];
            whole -= (double)look->scratch[n - length];
        }
        double turn = n >= lag + length && whole > 0.0 ? cabs(sum) / whole : 0.0;
        if (turn > TONE_TURN && turn > steadiest) {
            steadiest = turn;
            at = n - lag - length;
        }
        if (steadiest > 0.0 && (n - at > apart || n + 1 == count)) {
            best = fmax(best, training_after(look, at));
            steadiest = 0.0;
        }
    }
    return best;
}

static void measure_gsm(struct ls_look *look, struct ls_features *features) {
    const struct ls_narrow_iq *iq = look->iq;
    double seconds = (double)look->count / iq->rate_sps;
    if (iq->bandwidth_hz < GSM_LEAST_HZ || iq->bandwidth_hz > GSM_MOST_HZ ||
        iq->rate_sps < GSM_LEAST_SPS || iq->rate_sps > GSM_MOST_SPS) {
        return;
    }
    if (seconds > ACCESS_LEAST_S && seconds < ACCESS_MOST_S) {
        size_t count = iq->count < LS_TRAINING_SAMPLES ? iq->count : LS_TRAINING_SAMPLES;
        double share = ls_training_find(look->access, iq->iq, count, iq->rate_sps).share;
        ls_features_set(features, LS_FEATURE_ACCESS_TRAINING, share, 1.0);
    }
    if (seconds > 1.25 * FRAME_S) {
        double share = find_correction(look);
        bool found = share > FOUND;
        ls_features_set(features, LS_FEATURE_GSM_SYNC, found ? share : 0.0, found ? SURE : 1.0);
    }
}

void ls_broadcast_measure(struct ls_look *look, struct ls_features *features) {
    measure_gsm(look, features);
    ls_cell_measure(look, features);
}
