/* Signals that no class of lineside covers, to see that what is not known is called unknown: linear
 * modulation at any symbol rate, keying of many tones, noise that hops, radar pulses. Content,
 * order and lengths are random. */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "simulate/exact.h"
#include "simulate/generator.h"
#include "simulate/linear.h"
#include "simulate/random.h"

enum {
    OVERSAMPLE = 4,
    REACH = 8,
    CONTINUOUS = 16, /* symbols of a segment */
    PULSE_SAMPLES = 40,
};

static const double ROLLOFF = 0.35;
static const double HOP_ROLLOFF = 0.2;
static const double HOP_ON = 0.9;          /* of its time that a hop is on the air */
static const double RADAR_CYCLE = 10.0;    /* pulse lengths from pulse to pulse */
static const double RADAR_EDGE = 0.1;      /* of a pulse, each */
static const double RANDOM_SHORTEST = 0.4; /* pulses, and the mean and least of gaps */
static const double RANDOM_LONGEST = 1.6;
static const double RANDOM_GAP = 3.0;
static const double RANDOM_GAP_LEAST = 0.4;

enum { BPSK, QPSK, QAM16 };
static const char *const linear_modes[] = {"bpsk", "qpsk", "qam16", NULL};
enum { RADAR_CHIRPED, RADAR_RANDOM };
static const char *const radar_modes[] = {"chirped", "random", NULL};
static const char *const no_modes[] = {NULL};

struct other {
    struct ls_linear linear;
    struct ls_random random;
    size_t mode;
    uint64_t left;  /* segments, or samples of random pulses */
    size_t samples; /* of a symbol, a hop or a pulse */
    size_t silence; /* after it */
    bool rest;      /* silence is due */
    double native_sps;
    double width_hz; /* swept, hopped over, or between the outermost tones */
    double step_hz;
    size_t tones;
    uint64_t phase; /* 2^-64 turns */
};

static void fill_line(struct ls_generator_plan *ret, double half_hz, double span_hz) {
    ret->info.high_hz = half_hz;
    ret->info.low_hz = -half_hz;
    ret->info.span_hz = span_hz;
}

static void fill_whole(struct ls_generator_plan *ret, double segment_s, double asked_s) {
    ret->info.duration_s = segment_s * fmax(1, round(asked_s / segment_s));
    ret->info.on_s = ret->info.duration_s;
    ret->info.burst_s = ret->info.duration_s;
}

static void stop_other(void *state) {
    struct other *other = state;
    ls_linear_finish(&other->linear);
}

/* Moves the phase on at a frequency. */
static float complex turn(struct other *other, double hz) {
    float complex value = ls_exact_cis((uint32_t)(other->phase >> 32));
    other->phase += ls_exact_turns(hz / other->native_sps);
    return value;
}

/* --- linear --- */

static int describe_linear(const struct ls_waveform_opts *opts, struct ls_generator_plan *ret,
                           struct ls_err *err) {
    double symbol_sps = ls_generator_or(opts->params.symbol_rate_sps, 25e3);
    ret->native_sps = OVERSAMPLE * symbol_sps;
    ret->segment_samples = (size_t)CONTINUOUS * OVERSAMPLE;
    fill_line(ret, ls_linear_bandwidth(ROLLOFF) * symbol_sps / 2, (1.1 + ROLLOFF) * symbol_sps);
    fill_whole(ret, CONTINUOUS / symbol_sps, ls_generator_or(opts->duration_s, 1));
    return ls_generator_check_range(opts, "symbol_rate_sps", symbol_sps, 1, 50e6, err);
}

static int start_linear(void *state, const struct ls_generator_start *start, struct ls_err *err) {
    struct other *other = state;
    other->mode = ls_generator_mode(start->opts, linear_modes);
    other->left = (uint64_t)llround(start->plan->info.duration_s * start->rate_sps /
                                    (CONTINUOUS * OVERSAMPLE));
    ls_random_init(&other->random, start->opts->seed, 1);
    return ls_linear_init(&other->linear, OVERSAMPLE, REACH, ROLLOFF, err);
}

/* Of mean power 1. */
static float complex random_symbol(struct other *other) {
    uint64_t bits = ls_random_bits(&other->random) >> 60;
    float real = (bits & 1) != 0 ? 1.0f : -1.0f;
    float imaginary = (bits & 2) != 0 ? 1.0f : -1.0f;
    if (other->mode == BPSK) {
        return CMPLXF(real, 0.0f);
    }
    if (other->mode == QPSK) {
        return CMPLXF(real * 0.70710678f, imaginary * 0.70710678f);
    }
    const float unit = 0.31622777f; /* of levels 1 and 3 */
    return CMPLXF(real * ((bits & 4) != 0 ? 3.0f : 1.0f) * unit,
                  imaginary * ((bits & 8) != 0 ? 3.0f : 1.0f) * unit);
}

static size_t next_linear(void *state, float complex *ret, bool *ret_silent) {
    (void)ret_silent;
    struct other *other = state;
    float complex symbols[CONTINUOUS];
    const size_t n = (size_t)CONTINUOUS * OVERSAMPLE;
    if (other->left == 0) {
        return 0;
    }
    other->left--;
    for (size_t i = 0; i < CONTINUOUS; i++) {
        symbols[i] = random_symbol(other);
    }
    ls_linear_modulate(&other->linear, symbols, CONTINUOUS, 0, ret, n);
    return n;
}

/* --- many tones --- */

static size_t tone_count(const struct ls_waveform_opts *opts) {
    return opts->params.steps > 0 ? opts->params.steps : 8;
}

static int describe_tones(const struct ls_waveform_opts *opts, struct ls_generator_plan *ret,
                          struct ls_err *err) {
    double symbol_sps = ls_generator_or(opts->params.symbol_rate_sps, 500);
    double step_hz = ls_generator_or(opts->params.step_hz, symbol_sps);
    double tones = (double)tone_count(opts);
    int code = ls_generator_check_range(opts, "symbol_rate_sps", symbol_sps, 1, 1e6, err);
    if (code == LS_OK) {
        code = ls_generator_check_range(opts, "steps", tones, 2, 256, err);
    }
    if (code == LS_OK) {
        code = ls_generator_check_range(opts, "step_hz", step_hz, symbol_sps / 4, 64 * symbol_sps,
                                        err);
    }
    if (code != LS_OK) {
        return code;
    }
    double samples = ceil(3 * (tones * step_hz / symbol_sps + 8));
    ret->native_sps = samples * symbol_sps;
    ret->segment_samples = (size_t)samples;
    /* Tones that go over into each other in phase fall off within half a symbol rate. */
    fill_line(ret, (tones - 1) / 2 * step_hz + 0.55 * symbol_sps,
              tones * step_hz + 12 * symbol_sps);
    fill_whole(ret, 1 / symbol_sps, ls_generator_or(opts->duration_s, 2));
    return LS_OK;
}

static int start_tones(void *state, const struct ls_generator_start *start, struct ls_err *err) {
    (void)err;
    struct other *other = state;
    const struct ls_waveform_params *params = &start->opts->params;
    double symbol_sps = ls_generator_or(params->symbol_rate_sps, 500);
    other->native_sps = start->rate_sps;
    other->samples = start->plan->segment_samples;
    other->tones = tone_count(start->opts);
    other->step_hz = ls_generator_or(params->step_hz, symbol_sps);
    other->left = (uint64_t)llround(start->plan->info.duration_s * symbol_sps);
    ls_random_init(&other->random, start->opts->seed, 1);
    return LS_OK;
}

static size_t next_tones(void *state, float complex *ret, bool *ret_silent) {
    (void)ret_silent;
    struct other *other = state;
    if (other->left == 0) {
        return 0;
    }
    other->left--;
    double tone = (double)ls_random_below(&other->random, other->tones);
    double hz = (tone - 0.5 * (double)(other->tones - 1)) * other->step_hz;
    for (size_t i = 0; i < other->samples; i++) {
        ret[i] = turn(other, hz);
    }
    return other->samples;
}

/* --- noise that hops --- */

static int describe_hops(const struct ls_waveform_opts *opts, struct ls_generator_plan *ret,
                         struct ls_err *err) {
    double width_hz = ls_generator_or(opts->params.bandwidth_hz, 500e3);
    double hop_hz = ls_generator_or(opts->params.step_hz, 25e3);
    double dwell_s = ls_generator_or(opts->params.dwell_s, 10e-3);
    int code = ls_generator_check_range(opts, "step_hz", hop_hz, 1e3, width_hz / 2, err);
    if (code == LS_OK) {
        code = ls_generator_check_range(opts, "bandwidth_hz", width_hz, 1e4, 100 * hop_hz, err);
    }
    if (code == LS_OK) {
        code = ls_generator_check_range(opts, "dwell_s", dwell_s, 50 / hop_hz, 0.1, err);
    }
    if (code != LS_OK) {
        return code;
    }
    double symbol_sps = hop_hz / ls_linear_bandwidth(HOP_ROLLOFF);
    ret->native_sps = ceil(1.3 * width_hz / symbol_sps) * symbol_sps;
    ret->segment_samples = (size_t)ceil(dwell_s * ret->native_sps);
    double hops =
        ls_generator_bursts(ls_generator_or(opts->duration_s, 1), HOP_ON * dwell_s, dwell_s);
    ret->info.bursts = (uint64_t)hops;
    ret->info.burst_s = HOP_ON * dwell_s;
    ret->info.period_s = dwell_s;
    ret->info.on_s = hops * HOP_ON * dwell_s;
    ret->info.duration_s = (hops - 1) * dwell_s + HOP_ON * dwell_s;
    /* Hops are spread evenly: 0.5 % at each side. */
    fill_line(ret, 0.495 * width_hz, 1.2 * width_hz);
    return LS_OK;
}

static int start_hops(void *state, const struct ls_generator_start *start, struct ls_err *err) {
    struct other *other = state;
    const struct ls_waveform_params *params = &start->opts->params;
    double dwell_s = ls_generator_or(params->dwell_s, 10e-3);
    other->native_sps = start->rate_sps;
    other->step_hz = ls_generator_or(params->step_hz, 25e3);
    other->width_hz = ls_generator_or(params->bandwidth_hz, 500e3);
    other->samples = (size_t)llround(HOP_ON * dwell_s * start->rate_sps);
    other->silence = (size_t)llround(dwell_s * start->rate_sps) - other->samples;
    other->left = start->plan->info.bursts;
    ls_random_init(&other->random, start->opts->seed, 1);
    double symbol_sps = other->step_hz / ls_linear_bandwidth(HOP_ROLLOFF);
    return ls_linear_init(&other->linear, (size_t)llround(start->rate_sps / symbol_sps), REACH,
                          HOP_ROLLOFF, err);
}

static size_t next_hop(void *state, float complex *ret, bool *ret_silent) {
    struct other *other = state;
    if (other->rest) {
        other->rest = false;
        *ret_silent = true;
        return other->silence;
    }
    if (other->left == 0) {
        return 0;
    }
    other->left--;
    other->rest = other->left > 0;
    double reach_hz = other->width_hz - other->step_hz;
    double hz = (ls_random_uniform(&other->random) - 0.5) * reach_hz;
    size_t k = other->linear.samples_per_symbol;
    for (size_t at = 0; at < other->samples; at += k) {
        size_t n = other->samples - at < k ? other->samples - at : k;
        float real = (float)(M_SQRT1_2 * ls_random_normal(&other->random));
        float complex symbol = CMPLXF(real, (float)(M_SQRT1_2 * ls_random_normal(&other->random)));
        ls_linear_modulate(&other->linear, &symbol, n == k, 0, &ret[at], n);
        for (size_t i = 0; i < n; i++) {
            ret[at + i] *= turn(other, hz);
        }
    }
    return other->samples;
}

/* --- radar --- */

static double pulse_length(const struct ls_waveform_opts *opts) {
    return ls_generator_or(opts->params.dwell_s, 50e-6);
}

static int describe_radar(const struct ls_waveform_opts *opts, struct ls_generator_plan *ret,
                          struct ls_err *err) {
    bool chirped = ls_generator_mode(opts, radar_modes) == RADAR_CHIRPED;
    double pulse_s = pulse_length(opts);
    double width_hz = ls_generator_or(opts->params.bandwidth_hz, 1e6);
    int code = ls_generator_check_range(opts, "dwell_s", pulse_s, 1e-6, 0.1, err);
    if (code == LS_OK && chirped) {
        code = ls_generator_check_range(opts, "bandwidth_hz", width_hz, 20 / pulse_s,
                                        2000 / pulse_s, err);
    }
    if (code != LS_OK) {
        return code;
    }
    double asked_s = ls_generator_or(opts->duration_s, 200 * pulse_s);
    struct ls_waveform_info *info = &ret->info;
    ret->native_sps = chirped ? 4 * width_hz : PULSE_SAMPLES / pulse_s;
    ret->segment_samples = 2 + (size_t)ceil(RANDOM_LONGEST * pulse_s * ret->native_sps);
    info->burst_s = pulse_s;
    if (chirped) {
        double cycle_s = RADAR_CYCLE * pulse_s;
        double pulses = ls_generator_bursts(asked_s, pulse_s, cycle_s);
        info->bursts = (uint64_t)pulses;
        info->period_s = cycle_s;
        info->duration_s = (pulses - 1) * cycle_s + pulse_s;
        fill_line(ret, 0.46 * width_hz, 1.1 * width_hz + 20 / pulse_s);
    } else {
        info->duration_s = fmax(asked_s, 8 * pulse_s);
        info->bursts = (uint64_t)fmax(1, info->duration_s / ((1 + RANDOM_GAP) * pulse_s));
        fill_line(ret, 3.4 / pulse_s, 30 / pulse_s);
    }
    info->on_s = (double)info->bursts * pulse_s;
    return LS_OK;
}

static int start_radar(void *state, const struct ls_generator_start *start, struct ls_err *err) {
    (void)err;
    struct other *other = state;
    double pulse_s = pulse_length(start->opts);
    const struct ls_waveform_info *info = &start->plan->info;
    other->native_sps = start->rate_sps;
    other->mode = ls_generator_mode(start->opts, radar_modes);
    other->width_hz =
        other->mode == RADAR_CHIRPED ? ls_generator_or(start->opts->params.bandwidth_hz, 1e6) : 0;
    other->samples = (size_t)llround(pulse_s * start->rate_sps);
    other->silence = (size_t)llround((RADAR_CYCLE - 1) * (double)other->samples);
    other->left = other->mode == RADAR_CHIRPED
                      ? info->bursts
                      : (uint64_t)llround(info->duration_s * start->rate_sps);
    ls_random_init(&other->random, start->opts->seed, 1);
    return LS_OK;
}

/* Edges are raised cosines, so that on the whole the pulse is as long as its half height. */
static void radar_pulse(struct other *other, float complex *ret, size_t n) {
    size_t edge = (size_t)ceil(RADAR_EDGE * (double)n);
    double scale = sqrt(1.0 / (1.0 - 1.25 * (double)edge / (double)n));
    for (size_t i = 0; i < n; i++) {
        size_t near = i < n - 1 - i ? i : n - 1 - i;
        double gain =
            near < edge ? 0.5 - 0.5 * cos(M_PI * ((double)near + 0.5) / (double)edge) : 1.0;
        double at = ((double)i + 0.5) / (double)n - 0.5;
        ret[i] = (float)(scale * gain) * turn(other, at * other->width_hz);
    }
}

static size_t next_chirped(struct other *other, float complex *ret, bool *ret_silent) {
    if (other->rest) {
        other->rest = false;
        *ret_silent = true;
        return other->silence;
    }
    if (other->left == 0) {
        return 0;
    }
    other->left--;
    other->rest = other->left > 0;
    radar_pulse(other, ret, other->samples);
    return other->samples;
}

/* Pulses and gaps of any length; the last pulse ends when all is over. Before a pulse there is room
 * for the longest one and nothing else, or for two. */
static size_t next_random(struct other *other, float complex *ret, bool *ret_silent) {
    double mean = (double)other->samples;
    size_t most = (size_t)llround(RANDOM_LONGEST * mean);
    double part = ls_random_uniform(&other->random);
    if (other->left == 0) {
        return 0;
    }
    if (other->rest) {
        double gap = mean * (RANDOM_GAP_LEAST + 2 * (RANDOM_GAP - RANDOM_GAP_LEAST) * part);
        size_t silence = (size_t)llround(gap);
        other->rest = false;
        *ret_silent = true;
        silence = other->left < silence + 2 * most ? (size_t)other->left - most : silence;
        other->left -= silence;
        return silence;
    }
    part = RANDOM_SHORTEST + (RANDOM_LONGEST - RANDOM_SHORTEST) * part;
    size_t pulse = other->left == most ? most : (size_t)llround(part * mean);
    other->left -= pulse;
    other->rest = other->left > 0;
    radar_pulse(other, ret, pulse);
    return pulse;
}

static size_t next_radar(void *state, float complex *ret, bool *ret_silent) {
    struct other *other = state;
    return other->mode == RADAR_CHIRPED ? next_chirped(other, ret, ret_silent)
                                        : next_random(other, ret, ret_silent);
}

const struct ls_generator ls_other_generators[] = {
    {.row = {.id = "linear",
             .class_name = "unknown",
             .summary = "continuous BPSK, QPSK or 16QAM at any rate, root raised cosine of 0.35",
             .modes = linear_modes,
             .uses = ",symbol_rate_sps,"},
     .describe = describe_linear,
     .state_bytes = sizeof(struct other),
     .start = start_linear,
     .stop = stop_other,
     .next = next_linear},
    {.row = {.id = "tones",
             .class_name = "unknown",
             .summary = "keying of many tones, 8 or as many as steps, step_hz apart",
             .modes = no_modes,
             .uses = ",symbol_rate_sps,step_hz,steps,"},
     .describe = describe_tones,
     .state_bytes = sizeof(struct other),
     .start = start_tones,
     .stop = stop_other,
     .next = next_tones},
    {.row = {.id = "noise-hops",
             .class_name = "unknown",
             .summary = "noise step_hz wide that hops over bandwidth_hz every dwell_s",
             .modes = no_modes,
             .uses = ",bandwidth_hz,step_hz,dwell_s,"},
     .describe = describe_hops,
     .state_bytes = sizeof(struct other),
     .start = start_hops,
     .stop = stop_other,
     .next = next_hop},
    {.row = {.id = "radar",
             .class_name = "unknown",
             .summary = "pulses of dwell_s: each swept over bandwidth_hz, or of random lengths and "
                        "gaps",
             .modes = radar_modes,
             .uses = ",bandwidth_hz,dwell_s,"},
     .describe = describe_radar,
     .state_bytes = sizeof(struct other),
     .start = start_radar,
     .stop = stop_other,
     .next = next_radar},
    {.row = {.id = NULL}},
};
