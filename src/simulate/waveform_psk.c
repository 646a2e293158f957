/* Phase keying behind root raised cosines: TETRA and WCDMA-like.
 * TETRA: ETSI EN 300 392-2 clauses 5 (pi/4-DQPSK, 18 ksym/s, roll-off 0.35) and 9 (bursts, slots of
 * 255 symbols, frames of 4 slots, multiframes of 18 frames). WCDMA: 3GPP TS 25.213 and 25.101
 * (3.84 Mchip/s, roll-off 0.22); its chips are random QPSK here, without power control. */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "simulate/generator.h"
#include "simulate/linear.h"
#include "simulate/random.h"

enum {
    TETRA_OVERSAMPLE = 4,
    TETRA_REACH = 8,
    TETRA_SLOT = 255 * TETRA_OVERSAMPLE,
    TETRA_FRAME = 4 * TETRA_SLOT,
    NORMAL_SYMBOLS = 231,
    CONTROL_SYMBOLS = 103,
    RAMP = 2, /* symbols before the first and after the last one */
    /* Of a shaped burst, the ramps are kept and the weak ends of the pulses are not. */
    TRIM = (TETRA_REACH - RAMP) * TETRA_OVERSAMPLE,
    SHAPED_MAX = (NORMAL_SYMBOLS + 2 * TETRA_REACH) * TETRA_OVERSAMPLE,
    CONTINUOUS = 64,
    WCDMA_OVERSAMPLE = 2,
    WCDMA_REACH = 12,
};

static const double TETRA_SPS = 18e3;
static const double WCDMA_SPS = 3.84e6;
static const double FRAME_S = 1020 / 18e3;

enum { MODE_VOICE, MODE_CONTROL, MODE_DOWNLINK };
static const char *const tetra_modes[] = {"voice", "control", "downlink", NULL};
static const char *const no_modes[] = {NULL};

struct psk {
    struct ls_linear linear;
    struct ls_random random;
    size_t mode;
    unsigned turn; /* phase of the last symbol, eighths */
    uint64_t left; /* frames or continuous segments */
    uint64_t frame;
    bool rest;
    float complex shaped[SHAPED_MAX];
};

/* Eighths of a turn, 45 degrees each. */
static float complex eighth(unsigned turn) {
    static const float steps[8] = {1,  0.70710678f,  0, -0.70710678f,
                                   -1, -0.70710678f, 0, 0.70710678f};
    return CMPLXF(steps[turn % 8], steps[(turn + 6) % 8]);
}

/* Random dibits turn the phase by odd multiples of 45 degrees. */
static void dqpsk(struct psk *psk, float complex *ret, size_t count) {
    for (size_t i = 0; i < count; i++) {
        psk->turn = (psk->turn + 1 + 2 * (unsigned)(ls_random_bits(&psk->random) >> 62)) % 8;
        ret[i] = eighth(psk->turn);
    }
}

static void qpsk(struct psk *psk, float complex *ret, size_t count) {
    for (size_t i = 0; i < count; i++) {
        ret[i] = eighth(1 + 2 * (unsigned)(ls_random_bits(&psk->random) >> 62));
    }
}

static size_t burst_length(size_t symbols) { return (symbols + 2 * RAMP) * TETRA_OVERSAMPLE; }

static void fill_band(struct ls_generator_plan *ret, double symbol_sps, double rolloff) {
    ret->info.high_hz = ls_linear_bandwidth(rolloff) * symbol_sps / 2;
    ret->info.low_hz = -ret->info.high_hz;
    ret->info.span_hz = (1.1 + rolloff) * symbol_sps;
}

static int describe_tetra(const struct ls_waveform_opts *opts, struct ls_generator_plan *ret,
                          struct ls_err *err) {
    (void)err;
    size_t mode = ls_generator_mode(opts, tetra_modes);
    fill_band(ret, TETRA_SPS, 0.35);
    ret->native_sps = TETRA_OVERSAMPLE * TETRA_SPS;
    ret->segment_samples = SHAPED_MAX;
    struct ls_waveform_info *info = &ret->info;
    if (mode == MODE_CONTROL) {
        info->burst_s = (double)burst_length(CONTROL_SYMBOLS) / ret->native_sps;
        info->duration_s = info->burst_s;
        info->on_s = info->burst_s;
        return LS_OK;
    }
    if (mode == MODE_DOWNLINK) {
        double step_s = CONTINUOUS / TETRA_SPS;
        info->duration_s = fmax(1, round(ls_generator_or(opts->duration_s, 1) / step_s)) * step_s;
        info->burst_s = info->duration_s;
        info->on_s = info->duration_s;
        return LS_OK;
    }
    info->burst_s = (double)burst_length(NORMAL_SYMBOLS) / ret->native_sps;
    double frames =
        ls_generator_bursts(ls_generator_or(opts->duration_s, 6), info->burst_s, FRAME_S);
    info->bursts = (uint64_t)(frames - floor((frames - 1) / 18));
    info->on_s = (double)info->bursts * info->burst_s;
    info->duration_s = (frames - 1) * FRAME_S + info->burst_s;
    info->period_s = FRAME_S;
    return LS_OK;
}

static int start_tetra(void *state, const struct ls_generator_start *start, struct ls_err *err) {
    struct psk *psk = state;
    psk->mode = ls_generator_mode(start->opts, tetra_modes);
    double duration_s = start->plan->info.duration_s;
    psk->left = psk->mode == MODE_CONTROL ? 1
                : psk->mode == MODE_DOWNLINK
                    ? (uint64_t)llround(duration_s * TETRA_SPS / CONTINUOUS)
                    : 1 + (uint64_t)(duration_s / FRAME_S);
    ls_random_init(&psk->random, start->opts->seed, 1);
    return ls_linear_init(&psk->linear, TETRA_OVERSAMPLE, TETRA_REACH, 0.35, err);
}

static void stop_psk(void *state) {
    struct psk *psk = state;
    ls_linear_finish(&psk->linear);
}

static size_t burst(struct psk *psk, size_t count, float complex *ret) {
    float complex symbols[NORMAL_SYMBOLS];
    dqpsk(psk, symbols, count);
    size_t shaped = (count + 2 * TETRA_REACH) * TETRA_OVERSAMPLE;
    ls_linear_modulate(&psk->linear, symbols, count, 0, psk->shaped, shaped);
    size_t length = burst_length(count);
    memcpy(ret, &psk->shaped[TRIM], length * sizeof *ret);
    const size_t ramp = RAMP * TETRA_OVERSAMPLE;
    for (size_t i = 0; i < ramp; i++) {
        float up = 0.5f - 0.5f * (float)cos(M_PI * ((double)i + 0.5) / (double)ramp);
        ret[i] *= up;
        ret[length - 1 - i] *= up;
    }
    return length;
}

static size_t next_tetra(void *state, float complex *ret, bool *ret_silent) {
    struct psk *psk = state;
    if (psk->rest) {
        psk->rest = false;
        *ret_silent = true;
        return TETRA_FRAME - burst_length(NORMAL_SYMBOLS);
    }
    if (psk->left == 0) {
        return 0;
    }
    psk->left--;
    if (psk->mode == MODE_DOWNLINK) {
        float complex symbols[CONTINUOUS];
        dqpsk(psk, symbols, CONTINUOUS);
        ls_linear_modulate(&psk->linear, symbols, CONTINUOUS, 0, ret,
                           (size_t)CONTINUOUS * TETRA_OVERSAMPLE);
        return (size_t)CONTINUOUS * TETRA_OVERSAMPLE;
    }
    /* The 18th frame belongs to control signalling; a mobile in a call is silent in it. */
    if (psk->frame++ % 18 == 17 && psk->left > 0) {
        *ret_silent = true;
        return TETRA_FRAME;
    }
    psk->rest = psk->left > 0;
    return burst(psk, psk->mode == MODE_VOICE ? NORMAL_SYMBOLS : CONTROL_SYMBOLS, ret);
}

static int describe_wcdma(const struct ls_waveform_opts *opts, struct ls_generator_plan *ret,
                          struct ls_err *err) {
    (void)err;
    fill_band(ret, WCDMA_SPS, 0.22);
    ret->native_sps = WCDMA_OVERSAMPLE * WCDMA_SPS;
    ret->segment_samples = (size_t)CONTINUOUS * WCDMA_OVERSAMPLE;
    /* Whole slots of 2560 chips, 10/15 ms. */
    double slots = fmax(1, round(ls_generator_or(opts->duration_s, 1) * 1500));
    ret->info.duration_s = slots / 1500;
    ret->info.on_s = ret->info.duration_s;
    ret->info.burst_s = ret->info.duration_s;
    return LS_OK;
}

static int start_wcdma(void *state, const struct ls_generator_start *start, struct ls_err *err) {
    struct psk *psk = state;
    psk->left = (uint64_t)llround(start->plan->info.duration_s * WCDMA_SPS / CONTINUOUS);
    ls_random_init(&psk->random, start->opts->seed, 1);
    return ls_linear_init(&psk->linear, WCDMA_OVERSAMPLE, WCDMA_REACH, 0.22, err);
}

static size_t next_wcdma(void *state, float complex *ret, bool *ret_silent) {
    (void)ret_silent;
    struct psk *psk = state;
    if (psk->left == 0) {
        return 0;
    }
    psk->left--;
    float complex symbols[CONTINUOUS];
    qpsk(psk, symbols, CONTINUOUS);
    ls_linear_modulate(&psk->linear, symbols, CONTINUOUS, 0, ret,
                       (size_t)CONTINUOUS * WCDMA_OVERSAMPLE);
    return (size_t)CONTINUOUS * WCDMA_OVERSAMPLE;
}

const struct ls_generator ls_psk_generators[] = {
    {.row = {.id = "tetra",
             .class_name = "tetra",
             .summary = "TETRA: mobile in a call on one slot of four, one control burst, or a base "
                        "station's carrier (EN 300 392-2)",
             .modes = tetra_modes,
             .uses = ","},
     .describe = describe_tetra,
     .state_bytes = sizeof(struct psk),
     .start = start_tetra,
     .stop = stop_psk,
     .next = next_tetra},
    {.row = {.id = "wcdma",
             .class_name = "wcdma",
             .summary = "continuous QPSK at 3.84 Mchip/s behind a root raised cosine (TS 25.213)",
             .modes = no_modes,
             .uses = ","},
     .describe = describe_wcdma,
     .state_bytes = sizeof(struct psk),
     .start = start_wcdma,
     .stop = stop_psk,
     .next = next_wcdma},
    {.row = {.id = NULL}},
};
