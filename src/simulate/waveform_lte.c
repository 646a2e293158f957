/* LTE uplink: SC-FDMA of one phone and random access preambles. 3GPP TS 36.211 clauses 5.3 to 5.7:
 * 15 kHz, 14 symbols a subframe of 1 ms, reference symbols 3 and 10, DFT precoding, half a
 * subcarrier of shift. Content and reference roots are random; every subframe that is sent has
 * power 1. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "simulate/generator.h"
#include "simulate/ofdm.h"
#include "simulate/random.h"

enum {
    TONES = 12, /* of a resource block */
    SYMBOLS = 14,
    POINTS_MAX = 2048,
    PRBS_MAX = 100,
    PREAMBLE_POINTS = 1536, /* 800 us at 1.92 MS/s */
    PREAMBLE_PREFIX = 198,  /* 103.1 us */
    PREAMBLE_TONES = 839,
};

static const double SPACING_HZ = 15e3;
static const double VOICE_S = 0.02; /* a packet of speech every 20 ms */

enum { MODE_DATA, MODE_VOICE };
static const char *const uplink_modes[] = {"data", "voice", NULL};
static const char *const no_modes[] = {NULL};

/* TS 36.101 table 5.6-1. */
static const struct {
    double bandwidth_hz;
    size_t prbs;
} channels[] = {{1.4e6, 6}, {3e6, 15}, {5e6, 25}, {10e6, 50}, {15e6, 75}, {20e6, 100}};

struct layout {
    size_t channel_prbs; /* what the channel holds */
    size_t points;
    size_t prbs; /* of each allocation; 0: random */
    size_t first_prb;
    double activity;
};

struct uplink {
    struct ls_ofdm ofdm;
    struct ls_dft precoders[PRBS_MAX + 1]; /* by resource blocks; only sizes that are allowed */
    struct ls_random random;
    struct layout layout;
    size_t mode;
    uint64_t subframes;
    uint64_t subframe;
    size_t symbol;
    size_t prbs; /* of this subframe */
    size_t first_prb;
    float complex row[PRBS_MAX * TONES];
};

static bool allowed(size_t prbs) {
    while (prbs % 2 == 0) {
        prbs /= 2;
    }
    while (prbs % 3 == 0) {
        prbs /= 3;
    }
    while (prbs % 5 == 0) {
        prbs /= 5;
    }
    return prbs == 1;
}

static size_t points_for(size_t prbs) {
    size_t points = 128;
    while ((double)points < 1.25 * (double)(prbs * TONES)) {
        points *= 2;
    }
    return points;
}

/* With a bandwidth the waveform is centred on the channel; without one, on the allocation. */
static int make_layout(const struct ls_waveform_opts *opts, struct layout *ret,
                       struct ls_err *err) {
    const struct ls_waveform_params *params = &opts->params;
    struct layout layout = {.prbs = params->prbs, .first_prb = params->first_prb};
    layout.activity = ls_generator_or(params->activity, 0.5);
    if (ls_generator_mode(opts, uplink_modes) == MODE_VOICE && layout.prbs == 0) {
        layout.prbs = 2;
    }
    if (layout.prbs > PRBS_MAX || (layout.prbs > 0 && !allowed(layout.prbs))) {
        return ls_err_set(err, LS_ERR_ARG,
                          "waveform '%s': 'prbs' is %zu; it has to be 2^a 3^b 5^c up to %d",
                          opts->id, layout.prbs, PRBS_MAX);
    }
    if (params->bandwidth_hz == 0 && layout.prbs > 0) {
        layout.channel_prbs = layout.prbs;
        layout.first_prb = 0;
    } else {
        double bandwidth_hz = ls_generator_or(params->bandwidth_hz, 10e6);
        for (size_t i = 0; i < LS_COUNT(channels); i++) {
            if (fabs(channels[i].bandwidth_hz - bandwidth_hz) < 1e4) {
                layout.channel_prbs = channels[i].prbs;
            }
        }
        if (layout.channel_prbs == 0) {
            return ls_err_set(err, LS_ERR_ARG,
                              "waveform '%s': 'bandwidth_hz' is %g; it has to be 1.4, 3, 5, 10, 15 "
                              "or 20 MHz",
                              opts->id, bandwidth_hz);
        }
    }
    layout.points = points_for(layout.channel_prbs);
    *ret = layout;
    int code = ls_generator_check_range(opts, "first_prb", (double)layout.first_prb, 0,
                                        (double)(layout.channel_prbs - layout.prbs), err);
    return code == LS_OK ? ls_generator_check_range(opts, "activity", layout.activity, 0.01, 1, err)
                         : code;
}

static int describe_uplink(const struct ls_waveform_opts *opts, struct ls_generator_plan *ret,
                           struct ls_err *err) {
    struct layout layout;
    int code = make_layout(opts, &layout, err);
    if (code != LS_OK) {
        return code;
    }
    bool voice = ls_generator_mode(opts, uplink_modes) == MODE_VOICE;
    struct ls_waveform_info *info = &ret->info;
    ret->native_sps = SPACING_HZ * (double)layout.points;
    ret->segment_samples = layout.points + layout.points / 8;
    double prb_hz = SPACING_HZ * TONES;
    double middle = (double)layout.channel_prbs / 2;
    size_t prbs = layout.prbs > 0 ? layout.prbs : layout.channel_prbs;
    info->low_hz = ((double)layout.first_prb - middle) * prb_hz;
    info->high_hz = info->low_hz + (double)prbs * prb_hz;
    if (layout.prbs > 0) {
        double skirt_hz = ls_ofdm_skirt((double)prbs * prb_hz);
        info->low_hz -= skirt_hz;
        info->high_hz += skirt_hz;
    } else {
        /* Random allocations reach the edges of the channel rarely: measured 98 % of it. */
        info->low_hz *= 0.98;
        info->high_hz *= 0.98;
    }
    info->span_hz = 2 * fmax(fabs(info->low_hz), fabs(info->high_hz)) + 6 * SPACING_HZ;
    double subframes = fmax(1, round(1e3 * ls_generator_or(opts->duration_s, 1)));
    if (voice) {
        double packets = ls_generator_bursts(subframes / 1e3, 1e-3, VOICE_S);
        subframes = (packets - 1) * 20 + 1;
        info->bursts = (uint64_t)packets;
        info->burst_s = 1e-3;
        info->on_s = packets * 1e-3;
        info->period_s = VOICE_S;
    } else {
        /* Subframes are on or off by chance: runs of 1/(1 - activity), but for the forced ends. */
        double inner = fmax(0, subframes - 2);
        info->on_s = 1e-3 * (fmin(2, subframes) + inner * layout.activity);
        info->bursts = 1 + (uint64_t)round(inner * layout.activity * (1 - layout.activity));
        info->burst_s = info->on_s / (double)info->bursts;
    }
    info->duration_s = subframes * 1e-3;
    return LS_OK;
}

static int start_uplink(void *state, const struct ls_generator_start *start, struct ls_err *err) {
    struct uplink *up = state;
    int code = make_layout(start->opts, &up->layout, err);
    if (code == LS_OK) {
        code = ls_ofdm_init(&up->ofdm, up->layout.points, true, err);
    }
    for (size_t prbs = 1; code == LS_OK && prbs <= up->layout.channel_prbs; prbs++) {
        if (allowed(prbs) && (up->layout.prbs == 0 || up->layout.prbs == prbs)) {
            code = ls_dft_init(&up->precoders[prbs], prbs * TONES, err);
        }
    }
    up->mode = ls_generator_mode(start->opts, uplink_modes);
    up->subframes = (uint64_t)llround(start->plan->info.duration_s * 1e3);
    ls_random_init(&up->random, start->opts->seed, 1);
    return code;
}

static void stop_uplink(void *state) {
    struct uplink *up = state;
    ls_ofdm_finish(&up->ofdm);
    for (size_t i = 0; i < LS_COUNT(up->precoders); i++) {
        ls_dft_finish(&up->precoders[i]);
    }
}

/* Whether this subframe is sent, and on which blocks. */
static bool schedule(struct uplink *up) {
    bool forced = up->subframe == 0 || up->subframe + 1 == up->subframes;
    if (up->mode == MODE_VOICE ? up->subframe % 20 != 0
                               : !forced && ls_random_uniform(&up->random) >= up->layout.activity) {
        return false;
    }
    up->prbs = up->layout.prbs;
    up->first_prb = up->layout.first_prb;
    if (up->prbs == 0) {
        do {
            up->prbs = 1 + (size_t)ls_random_below(&up->random, up->layout.channel_prbs);
        } while (!allowed(up->prbs));
        up->first_prb =
            (size_t)ls_random_below(&up->random, up->layout.channel_prbs - up->prbs + 1);
    }
    return true;
}

static void fill_row(struct uplink *up, bool reference) {
    size_t tones = up->prbs * TONES;
    if (reference && up->prbs >= 3) {
        size_t length = ls_ofdm_prime(tones);
        size_t root = 1 + (size_t)ls_random_below(&up->random, length - 1);
        for (size_t i = 0; i < tones; i++) {
            up->row[i] = ls_ofdm_zadoff_chu(root, i, length);
        }
        return;
    }
    for (size_t i = 0; i < tones; i++) {
        up->row[i] = ls_ofdm_qpsk(&up->random);
    }
    if (!reference) {
        ls_dft_forward(&up->precoders[up->prbs], up->row);
        float scale = 1 / sqrtf((float)tones);
        for (size_t i = 0; i < tones; i++) {
            up->row[i] *= scale;
        }
    }
}

static size_t next_uplink(void *state, float complex *ret, bool *ret_silent) {
    struct uplink *up = state;
    size_t points = up->layout.points;
    if (up->symbol == 0) {
        if (up->subframe == up->subframes) {
            return 0;
        }
        if (!schedule(up)) {
            up->subframe++;
            *ret_silent = true;
            return 15 * points;
        }
    }
    fill_row(up, up->symbol % 7 == 3);
    size_t tones = up->prbs * TONES;
    for (size_t i = 0; i < tones; i++) {
        size_t k = up->first_prb * TONES + i;
        up->ofdm.bins[ls_ofdm_bin(&up->ofdm, k, up->layout.channel_prbs * TONES, false)] =
            up->row[i];
    }
    size_t prefix = points / 128 * (up->symbol % 7 == 0 ? 10 : 9);
    size_t length = ls_ofdm_symbol(&up->ofdm, prefix, 1 / sqrtf((float)tones), ret);
    if (++up->symbol == SYMBOLS) {
        up->symbol = 0;
        up->subframe++;
    }
    return length;
}

struct preamble {
    struct ls_dft dft;
    struct ls_random random;
    bool done;
    float complex bins[PREAMBLE_POINTS];
};

static int describe_preamble(const struct ls_waveform_opts *opts, struct ls_generator_plan *ret,
                             struct ls_err *err) {
    (void)opts;
    (void)err;
    ret->native_sps = 1.92e6;
    ret->segment_samples = PREAMBLE_PREFIX + PREAMBLE_POINTS;
    ret->info.duration_s = (PREAMBLE_PREFIX + PREAMBLE_POINTS) / 1.92e6;
    ret->info.on_s = ret->info.duration_s;
    ret->info.burst_s = ret->info.duration_s;
    ret->info.high_hz = 0.495 * PREAMBLE_TONES * 1250;
    ret->info.low_hz = -ret->info.high_hz;
    ret->info.span_hz = 1.15e6;
    return LS_OK;
}

static int start_preamble(void *state, const struct ls_generator_start *start, struct ls_err *err) {
    struct preamble *preamble = state;
    ls_random_init(&preamble->random, start->opts->seed, 1);
    return ls_dft_init(&preamble->dft, PREAMBLE_POINTS, err);
}

static void stop_preamble(void *state) {
    struct preamble *preamble = state;
    ls_dft_finish(&preamble->dft);
}

/* The transform of a Zadoff-Chu sequence is one as well (of another root), so that the tones can be
 * filled with it straight away. */
static size_t next_preamble(void *state, float complex *ret, bool *ret_silent) {
    (void)ret_silent;
    struct preamble *preamble = state;
    if (preamble->done) {
        return 0;
    }
    preamble->done = true;
    size_t root = 1 + (size_t)ls_random_below(&preamble->random, PREAMBLE_TONES - 1);
    const float scale = 1 / sqrtf((float)PREAMBLE_TONES);
    memset(preamble->bins, 0, sizeof preamble->bins);
    for (size_t i = 0; i < PREAMBLE_TONES; i++) {
        size_t bin = (i + PREAMBLE_POINTS - PREAMBLE_TONES / 2) % PREAMBLE_POINTS;
        preamble->bins[bin] = scale * ls_ofdm_zadoff_chu(root, i, PREAMBLE_TONES);
    }
    ls_dft_inverse(&preamble->dft, preamble->bins);
    memcpy(&ret[PREAMBLE_PREFIX], preamble->bins, sizeof preamble->bins);
    memcpy(ret, &ret[PREAMBLE_POINTS], PREAMBLE_PREFIX * sizeof *ret);
    return PREAMBLE_PREFIX + PREAMBLE_POINTS;
}

const struct ls_generator ls_lte_generators[] = {
    {.row = {.id = "lte-uplink",
             .class_name = "lte-uplink",
             .summary = "LTE phone: data on random blocks of a channel, or on prbs alone; voice "
                        "every 20 ms (TS 36.211)",
             .modes = uplink_modes,
             .uses = ",bandwidth_hz,prbs,first_prb,activity,"},
     .describe = describe_uplink,
     .state_bytes = sizeof(struct uplink),
     .start = start_uplink,
     .stop = stop_uplink,
     .next = next_uplink},
    {.row = {.id = "lte-prach",
             .class_name = "lte-prach",
             .summary = "one LTE random access preamble of format 0: 839 tones of 1.25 kHz, 903 us "
                        "(TS 36.211)",
             .modes = no_modes,
             .uses = ","},
     .describe = describe_preamble,
     .state_bytes = sizeof(struct preamble),
     .start = start_preamble,
     .stop = stop_preamble,
     .next = next_preamble},
    {.row = {.id = NULL}},
};
