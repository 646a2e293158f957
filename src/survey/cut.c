#include "survey/cut.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/fft.h"
#include "dsp/quarters.h"

enum {
    CHANNELS_MIN = 16,
    CHANNELS_MAX = 1024,
    FINE_PER_CHANNEL = 16,
    PIECE_CELLS = 1 << 19, /* 2 MB of cells: the detector's second pass finds them in cache */
    PIECE_ROWS_MAX = 2048,
    PIECE_ROWS_MIN = 64,
    LEARN_SAMPLES_MAX = 1 << 21,
    /* Of a slot of quarters: searching one costs as much however short it is. */
    QUARTER_FRAMES_MIN = 32,
    QUARTER_SLOTS_MAX = 128, /* of a piece */
    QUARTER_TAPS_MIN = 4, /* of the bank: fewer let through what quarters would take for theirs */
};

/* Of a slot of quarters: windows are four and more. */
static const double QUARTER_SLOT_S = 2e-3;
static const double CHANNEL_HZ = 6250.0;
static const double LEARN_SECONDS = 2.0;
static const double LOOKS_A_SECOND = 10.0; /* at something long */
static const double SECONDS_PER_DAY = 86400.0;
/* Of a channel's spacing: a line farther off is 60 dB down (dsp/prototype.h). */
static const double LINE_REACH = 0.8;

size_t ls_cut_channels(double rate_sps, double channel_hz) {
    double wanted = rate_sps / (channel_hz > 0.0 ? channel_hz : CHANNEL_HZ);
    wanted = fmin(CHANNELS_MAX, fmax(CHANNELS_MIN, wanted));
    size_t best = CHANNELS_MIN;
    for (size_t n = CHANNELS_MIN; n <= CHANNELS_MAX; n += 2) {
        bool nearer = fabs((double)n - wanted) < fabs((double)best - wanted);
        if (ls_fft_good_length(n) && nearer) {
            best = n;
        }
    }
    return best;
}

static size_t piece_rows(size_t channels) {
    size_t rows = PIECE_ROWS_MAX;
    while (rows > PIECE_ROWS_MIN && rows * channels > PIECE_CELLS) {
        rows /= 2;
    }
    return rows;
}

/* Slots part a piece evenly. */
static size_t quarter_frames(const struct ls_cut *cut) {
    if (cut->taps < QUARTER_TAPS_MIN) {
        return 0;
    }
    double frame_s = (double)cut->hop / cut->rate_sps;
    size_t frames = cut->piece_frames / QUARTER_SLOTS_MAX;
    while (frames < cut->piece_frames &&
           (frames < QUARTER_FRAMES_MIN || (double)frames * frame_s < QUARTER_SLOT_S)) {
        frames *= 2;
    }
    return frames;
}

/* The laws behind thresholds hold for tails, so noise may fill this share of the places, one a
 * second and hertz, in which boxes lie apart. */
static const double noise_share_max = 1e-3;

int ls_cut_plan(struct ls_cut *ret, const struct ls_tuning *tuning, double channel_hz, size_t taps,
                double budget_per_day, struct ls_err *err) {
    double most_per_day = noise_share_max * tuning->rate_sps * SECONDS_PER_DAY;
    if (budget_per_day > most_per_day) {
        return ls_err_set(err, LS_ERR_ARG,
                          "%.3g false alarms a day are more than thresholds can be set for at %.6g "
                          "samples/s: ask for %.3g at most",
                          budget_per_day, tuning->rate_sps, most_per_day);
    }
    memset(ret, 0, sizeof *ret);
    ret->channels = ls_cut_channels(tuning->rate_sps, channel_hz);
    ret->hop = ret->channels / 2;
    ret->taps = taps;
    ret->half = ret->channels * taps / 2;
    ret->piece_frames = 2 * piece_rows(ret->channels);
    ret->piece_samples = (ret->piece_frames - 1) * ret->hop + 2 * ret->half;
    ret->fine_bins = FINE_PER_CHANNEL * ret->channels;
    ret->format = tuning->format;
    ret->rate_sps = tuning->rate_sps;
    ret->quarter_frames = quarter_frames(ret);
    double seconds = (double)(ret->piece_frames * ret->hop) / tuning->rate_sps;
    ret->false_alarms = (1.0 - LS_CUT_SLOW_SHARE) * budget_per_day * seconds / SECONDS_PER_DAY;
    return LS_OK;
}

size_t ls_cut_learn_samples(const struct ls_cut *cut) {
    double samples = fmin(LEARN_SAMPLES_MAX, LEARN_SECONDS * cut->rate_sps);
    size_t least = cut->piece_samples;
    return samples > (double)least ? (size_t)samples : least;
}

size_t ls_cut_frames(const struct ls_cut *cut, size_t samples) {
    size_t context = 2 * cut->half;
    return samples >= context ? (samples - context) / cut->hop + 1 : 0;
}

size_t ls_cut_clear_frames(const struct ls_cut *cut, size_t samples) {
    size_t whole = ls_cut_frames(cut, samples);
    size_t padded = cut->half / cut->hop;
    return whole > padded ? whole - padded : 0;
}

double ls_cut_least_power(const struct ls_cut *cut) {
    static const double steps[] = {[LS_FORMAT_CU8] = 1.0 / 127.5,
                                   [LS_FORMAT_CI8] = 1.0 / 128.0,
                                   [LS_FORMAT_CI16_LE] = 1.0 / 32768.0,
                                   [LS_FORMAT_CF32_LE] = 1e-14};
    double step = steps[cut->format];
    return 0.25 * step * step / 6.0 * cut->prototype_energy;
}

double ls_cut_floor_error(double error) {
    double step = 0.005;
    while (step < error && step < 1.0) {
        step *= M_SQRT2;
    }
    return step;
}

void ls_cut_mask(const struct ls_cut *cut, double center_hz, const double *spurs_hz, size_t count,
                 bool *ret_masked) {
    size_t n = cut->channels;
    double spacing = cut->rate_sps / (double)n;
    memset(ret_masked, 0, n * sizeof *ret_masked);
    ret_masked[n / 2] = true;
    for (size_t i = 0; i < count; i++) {
        double at = (spurs_hz[i] - center_hz) / spacing + (double)n / 2.0;
        for (size_t c = 0; c < n; c++) {
            ret_masked[c] = ret_masked[c] || fabs((double)c - at) < LINE_REACH;
        }
    }
}

static int compare_powers(const void *a, const void *b) {
    float x = *(const float *)a;
    float y = *(const float *)b;
    return (x > y) - (x < y);
}

bool ls_cut_looks_at(const struct ls_cut *cut, uint64_t first_frame, const struct ls_box *box) {
    double seconds = (double)(cut->piece_frames * cut->hop) / cut->rate_sps;
    uint64_t turn = (uint64_t)ceil(1.0 / (LOOKS_A_SECOND * seconds));
    uint64_t piece = first_frame / cut->piece_frames;
    return !box->from_start || !box->to_stop || piece % turn == 0;
}

double ls_cut_middle(float *powers, size_t n) {
    qsort(powers, n, sizeof *powers, compare_powers);
    return (double)powers[n / 2];
}
