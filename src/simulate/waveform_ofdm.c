/* Other multi-carrier signals: an NR phone and wideband OFDM of no particular system.
 * NR: 3GPP TS 38.211, 30 kHz spacing, slots of 0.5 ms, one uplink slot in five (pattern DDDSU),
 * reference symbol 2. OFDM: 1024 points, 800 tones, prefix 1/8, always on, as digital television
 * and video links are. */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "simulate/generator.h"
#include "simulate/ofdm.h"
#include "simulate/random.h"

enum {
    TONES = 12,
    SYMBOLS = 14,
    PATTERN = 5, /* slots; the last one is for the uplink */
    PRBS_MAX = 273,
    WIDE_POINTS = 1024,
    WIDE_TONES = 800,
    WIDE_PREFIX = 128,
};

static const double NR_SPACING_HZ = 30e3;
static const double SLOT_S = 0.5e-3;

enum { MODE_OFDM, MODE_DFT_S };
static const char *const nr_modes[] = {"cp-ofdm", "dft-s", NULL};
static const char *const no_modes[] = {NULL};

/* TS 38.101-1 table 5.3.2-1, 30 kHz. */
static const struct {
    double bandwidth_hz;
    size_t prbs;
} channels[] = {{5e6, 11},   {10e6, 24},  {15e6, 38},  {20e6, 51},  {30e6, 78},
                {40e6, 106}, {50e6, 133}, {60e6, 162}, {80e6, 217}, {100e6, 273}};

struct multi {
    struct ls_ofdm ofdm;
    struct ls_dft precoder;
    struct ls_random random;
    size_t mode;
    double activity;
    size_t tones;
    size_t points;
    uint64_t slots;
    uint64_t slot;
    size_t symbol;
    float complex row[PRBS_MAX * TONES];
};

static size_t allowed_below(size_t prbs) {
    for (;; prbs--) {
        size_t rest = prbs;
        for (size_t factor = 2; factor <= 5; factor++) {
            while (rest % factor == 0) {
                rest /= factor;
            }
        }
        if (rest == 1) {
            return prbs;
        }
    }
}

static int nr_prbs(const struct ls_waveform_opts *opts, size_t *ret, struct ls_err *err) {
    size_t prbs = opts->params.prbs;
    double bandwidth_hz = ls_generator_or(opts->params.bandwidth_hz, prbs > 0 ? 0 : 20e6);
    if (prbs > 0 && bandwidth_hz > 0) {
        return ls_err_set(err, LS_ERR_ARG, "waveform '%s': give 'bandwidth_hz' or 'prbs', not both",
                          opts->id);
    }
    for (size_t i = 0; i < LS_COUNT(channels); i++) {
        if (fabs(channels[i].bandwidth_hz - bandwidth_hz) < 1e4) {
            prbs = channels[i].prbs;
        }
    }
    if (prbs == 0 || prbs > PRBS_MAX) {
        return ls_err_set(err, LS_ERR_ARG,
                          "waveform '%s': no NR channel of %g Hz and %zu blocks; take 5, 10, 15, "
                          "20, 30, 40, 50, 60, 80 or 100 MHz, or up to %d blocks",
                          opts->id, bandwidth_hz, prbs, PRBS_MAX);
    }
    /* The precoder takes only some sizes; so does a scheduler. */
    *ret = ls_generator_mode(opts, nr_modes) == MODE_DFT_S ? allowed_below(prbs) : prbs;
    return LS_OK;
}

static void fill_band(struct ls_generator_plan *ret, size_t tones, double spacing_hz) {
    ret->info.high_hz = 0.495 * spacing_hz * (double)(tones + 1);
    ret->info.low_hz = -ret->info.high_hz;
    ret->info.span_hz = spacing_hz * (double)(tones + 6);
}

static int describe_nr(const struct ls_waveform_opts *opts, struct ls_generator_plan *ret,
                       struct ls_err *err) {
    size_t prbs;
    double activity = ls_generator_or(opts->params.activity, 0.8);
    int code = nr_prbs(opts, &prbs, err);
    if (code == LS_OK) {
        code = ls_generator_check_range(opts, "activity", activity, 0.01, 1, err);
    }
    if (code != LS_OK) {
        return code;
    }
    size_t points = 128;
    while ((double)points < 1.15 * (double)(prbs * TONES)) {
        points *= 2;
    }
    ret->native_sps = NR_SPACING_HZ * (double)points;
    ret->segment_samples = points + points / 8;
    fill_band(ret, prbs * TONES, NR_SPACING_HZ);
    struct ls_waveform_info *info = &ret->info;
    double period_s = PATTERN * SLOT_S;
    double turns = ls_generator_bursts(ls_generator_or(opts->duration_s, 1), SLOT_S, period_s);
    info->bursts = (uint64_t)round(fmin(turns, 2) + fmax(0, turns - 2) * activity);
    info->burst_s = SLOT_S;
    info->period_s = period_s;
    info->on_s = (double)info->bursts * SLOT_S;
    info->duration_s = (turns - 1) * period_s + SLOT_S;
    return LS_OK;
}

static int start_nr(void *state, const struct ls_generator_start *start, struct ls_err *err) {
    struct multi *multi = state;
    size_t prbs;
    int code = nr_prbs(start->opts, &prbs, err);
    if (code != LS_OK) {
        return code;
    }
    multi->tones = prbs * TONES;
    multi->mode = ls_generator_mode(start->opts, nr_modes);
    multi->activity = ls_generator_or(start->opts->params.activity, 0.8);
    multi->points = (size_t)llround(start->rate_sps / NR_SPACING_HZ);
    multi->slots =
        1 + PATTERN * (uint64_t)llround(floor(start->plan->info.duration_s / (PATTERN * SLOT_S)));
    ls_random_init(&multi->random, start->opts->seed, 1);
    code = ls_ofdm_init(&multi->ofdm, multi->points, false, err);
    if (code == LS_OK && multi->mode == MODE_DFT_S) {
        code = ls_dft_init(&multi->precoder, multi->tones, err);
    }
    return code;
}

static void stop_multi(void *state) {
    struct multi *multi = state;
    ls_ofdm_finish(&multi->ofdm);
    ls_dft_finish(&multi->precoder);
}

static size_t send_row(struct multi *multi, size_t prefix, float complex *ret) {
    for (size_t i = 0; i < multi->tones; i++) {
        multi->ofdm.bins[ls_ofdm_bin(&multi->ofdm, i, multi->tones, false)] = multi->row[i];
    }
    return ls_ofdm_symbol(&multi->ofdm, prefix, 1 / sqrtf((float)multi->tones), ret);
}

static void random_row(struct multi *multi) {
    for (size_t i = 0; i < multi->tones; i++) {
        multi->row[i] = ls_ofdm_qpsk(&multi->random);
    }
}

static void nr_row(struct multi *multi) {
    if (multi->mode == MODE_DFT_S && multi->symbol == 2) {
        size_t length = ls_ofdm_prime(multi->tones);
        size_t root = 1 + (size_t)ls_random_below(&multi->random, length - 1);
        for (size_t i = 0; i < multi->tones; i++) {
            multi->row[i] = ls_ofdm_zadoff_chu(root, i, length);
        }
        return;
    }
    random_row(multi);
    if (multi->mode == MODE_DFT_S) {
        ls_dft_forward(&multi->precoder, multi->row);
        float scale = 1 / sqrtf((float)multi->tones);
        for (size_t i = 0; i < multi->tones; i++) {
            multi->row[i] *= scale;
        }
    }
}

static size_t next_nr(void *state, float complex *ret, bool *ret_silent) {
    struct multi *multi = state;
    size_t points = multi->points;
    if (multi->symbol == 0) {
        if (multi->slot == multi->slots) {
            return 0;
        }
        bool forced = multi->slot == 0 || multi->slot + 1 == multi->slots;
        if (multi->slot % PATTERN != 0 ||
            (!forced && ls_random_uniform(&multi->random) >= multi->activity)) {
            multi->slot++;
            *ret_silent = true;
            return 15 * points;
        }
    }
    nr_row(multi);
    size_t prefix = points / 128 * 9 + (multi->symbol == 0 ? points / 64 : 0);
    if (++multi->symbol == SYMBOLS) {
        multi->symbol = 0;
        multi->slot++;
    }
    return send_row(multi, prefix, ret);
}

static double wide_bandwidth(const struct ls_waveform_opts *opts) {
    return ls_generator_or(opts->params.bandwidth_hz, 8e6);
}

static int describe_wide(const struct ls_waveform_opts *opts, struct ls_generator_plan *ret,
                         struct ls_err *err) {
    double bandwidth_hz = wide_bandwidth(opts);
    double spacing_hz = bandwidth_hz / WIDE_TONES;
    ret->native_sps = spacing_hz * WIDE_POINTS;
    ret->segment_samples = WIDE_POINTS + WIDE_PREFIX;
    fill_band(ret, WIDE_TONES, spacing_hz);
    double symbol_s = (WIDE_POINTS + WIDE_PREFIX) / ret->native_sps;
    ret->info.duration_s =
        symbol_s * fmax(1, round(ls_generator_or(opts->duration_s, 1) / symbol_s));
    ret->info.on_s = ret->info.duration_s;
    ret->info.burst_s = ret->info.duration_s;
    return ls_generator_check_range(opts, "bandwidth_hz", bandwidth_hz, 10e3, 200e6, err);
}

static int start_wide(void *state, const struct ls_generator_start *start, struct ls_err *err) {
    struct multi *multi = state;
    multi->tones = WIDE_TONES;
    multi->points = WIDE_POINTS;
    multi->slots = (uint64_t)llround(start->plan->info.duration_s * start->rate_sps /
                                     (WIDE_POINTS + WIDE_PREFIX));
    ls_random_init(&multi->random, start->opts->seed, 1);
    return ls_ofdm_init(&multi->ofdm, WIDE_POINTS, false, err);
}

static size_t next_wide(void *state, float complex *ret, bool *ret_silent) {
    (void)ret_silent;
    struct multi *multi = state;
    if (multi->slot == multi->slots) {
        return 0;
    }
    multi->slot++;
    random_row(multi);
    return send_row(multi, WIDE_PREFIX, ret);
}

const struct ls_generator ls_ofdm_generators[] = {
    {.row = {.id = "nr-uplink",
             .class_name = "nr",
             .summary = "NR phone in a TDD cell: one slot of 0.5 ms in five, 30 kHz (TS 38.211)",
             .modes = nr_modes,
             .uses = ",bandwidth_hz,prbs,activity,"},
     .describe = describe_nr,
     .state_bytes = sizeof(struct multi),
     .start = start_nr,
     .stop = stop_multi,
     .next = next_nr},
    {.row = {.id = "ofdm",
             .class_name = "wideband-noise-like",
             .summary = "continuous OFDM of any bandwidth: television, video links",
             .modes = no_modes,
             .uses = ",bandwidth_hz,"},
     .describe = describe_wide,
     .state_bytes = sizeof(struct multi),
     .start = start_wide,
     .stop = stop_multi,
     .next = next_wide},
    {.row = {.id = NULL}},
};
