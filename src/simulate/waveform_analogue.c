/* Analogue voice and aircraft position reports: what is neither a carrier nor a modem.
 * FM: speech-like noise of 300 Hz to 3 kHz with syllables, pre-emphasised and limited as in
 * ETSI EN 300 086, with a sub-audible tone (CTCSS, 67 to 254 Hz).
 * AM: the same speech on the envelope of a carrier, as in the aeronautical bands.
 * ADS-B: ICAO annex 10 volume IV clause 3.1.2.2: 1090ES, preamble of four pulses in 8 us, 112 bits
 * in pulse position of 0.5 us, 24 bits of check; content random. */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "simulate/exact.h"
#include "simulate/generator.h"
#include "simulate/random.h"

enum {
    SEGMENT = 512,
    HALF_BIT = 8, /* samples of 0.5 us at the rate of ADS-B */
    ADSB_BITS = 112,
    ADSB_LEAD = 1, /* the first edge starts before its half height */
    ADSB_SAMPLES = (16 + 2 * ADSB_BITS) * HALF_BIT + 2 * ADSB_LEAD,
};

static const char *const no_modes[] = {NULL};
static const double FM_SPS = 80e3;
static const double TONE_HZ_DEVIATION = 350; /* of the sub-audible tone: 10 to 15 % of the peak */
static const double AM_DEPTH = 0.9;
static const double AM_CARRIER = 0.92; /* speech adds the rest of the power */
static const double ADSB_SPS = 16e6;

struct fm {
    struct ls_random random;
    uint64_t samples;
    uint64_t done;
    double deviation_hz;
    double tone_hz;
    double low; /* states of the audio filters */
    double high;
    double pole;
    double syllable; /* loudness now and where it goes */
    double target;
    uint64_t phase; /* 2^-64 turns */
};

static int describe_fm(const struct ls_waveform_opts *opts, struct ls_generator_plan *ret,
                       struct ls_err *err) {
    double deviation_hz = ls_generator_or(opts->params.deviation_hz, 2500);
    int code = ls_generator_check_range(opts, "deviation_hz", deviation_hz, 500, 10e3, err);
    if (code == LS_OK) {
        code = ls_generator_check_range(opts, "tone_hz", opts->params.tone_hz, 0, 3000, err);
    }
    if (code != LS_OK) {
        return code;
    }
    ret->native_sps = FM_SPS;
    ret->segment_samples = SEGMENT;
    ret->info.duration_s = ls_generator_or(opts->duration_s, 5);
    ret->info.on_s = ret->info.duration_s;
    ret->info.burst_s = ret->info.duration_s;
    /* Speech has its power at small deviations: measured 99 % bandwidths are 7.8 kHz at
     * a peak of 2.5 kHz and 12.7 kHz at 5 kHz, less than Carson's rule gives. */
    ret->info.high_hz = 0.97 * deviation_hz + 1500;
    ret->info.low_hz = -ret->info.high_hz;
    ret->info.span_hz = 2 * (deviation_hz + 6000);
    return LS_OK;
}

static int start_fm(void *state, const struct ls_generator_start *start, struct ls_err *err) {
    (void)err;
    struct fm *fm = state;
    ls_random_init(&fm->random, start->opts->seed, 1);
    fm->samples = (uint64_t)llround(start->plan->info.duration_s * FM_SPS);
    fm->deviation_hz = ls_generator_or(start->opts->params.deviation_hz, 2500);
    fm->tone_hz = start->opts->params.tone_hz;
    fm->syllable = 0.5;
    fm->target = 1;
    return LS_OK;
}

/* One sample of audio within +-1: white noise through one-pole filters, times a loudness that
 * changes four times a second. */
static double audio(struct fm *fm) {
    if (fm->done % (uint64_t)(FM_SPS / 4) == 0) {
        fm->target = ls_random_uniform(&fm->random) < 0.3 ? 0.02 : ls_random_uniform(&fm->random);
    }
    fm->syllable += (fm->target - fm->syllable) * 5e-4;
    double white = 2 * ls_random_uniform(&fm->random) - 1;
    fm->low += (white - fm->low) * 0.2;         /* 3 kHz */
    fm->pole += (fm->low - fm->pole) * 0.2;     /* twice, as transmitters must */
    fm->high += (fm->pole - fm->high) * 0.0236; /* 300 Hz, taken away */
    double out = 10.0 * fm->syllable * (fm->pole - fm->high);
    return out > 1 ? 1 : out < -1 ? -1 : out;
}

static size_t next_fm(void *state, float complex *ret, bool *ret_silent) {
    (void)ret_silent;
    struct fm *fm = state;
    uint64_t left = fm->samples - fm->done;
    size_t n = left < SEGMENT ? (size_t)left : SEGMENT;
    double voice_hz = fm->deviation_hz - (fm->tone_hz > 0 ? TONE_HZ_DEVIATION : 0);
    for (size_t k = 0; k < n; k++) {
        double hz = voice_hz * audio(fm);
        if (fm->tone_hz > 0) {
            double turns = fm->tone_hz / FM_SPS * (double)fm->done;
            hz += TONE_HZ_DEVIATION * (double)crealf(ls_exact_cis(ls_exact_phase(turns)));
        }
        fm->phase += (uint64_t)(int64_t)(hz / FM_SPS * 0x1p64);
        ret[k] = ls_exact_cis((uint32_t)(fm->phase >> 32));
        fm->done++;
    }
    return n;
}

static int describe_am(const struct ls_waveform_opts *opts, struct ls_generator_plan *ret,
                       struct ls_err *err) {
    (void)err;
    ret->native_sps = FM_SPS;
    ret->segment_samples = SEGMENT;
    ret->info.duration_s = ls_generator_or(opts->duration_s, 5);
    ret->info.on_s = ret->info.duration_s;
    ret->info.burst_s = ret->info.duration_s;
    /* The carrier has most of the power: 0.5 % lie beyond this on each side (measured). */
    ret->info.high_hz = 5.2e3;
    ret->info.low_hz = -ret->info.high_hz;
    ret->info.span_hz = 20e3;
    return LS_OK;
}

static size_t next_am(void *state, float complex *ret, bool *ret_silent) {
    (void)ret_silent;
    struct fm *fm = state;
    uint64_t left = fm->samples - fm->done;
    size_t n = left < SEGMENT ? (size_t)left : SEGMENT;
    for (size_t k = 0; k < n; k++) {
        ret[k] = (float)(AM_CARRIER * (1 + AM_DEPTH * audio(fm)));
        fm->done++;
    }
    return n;
}

struct adsb {
    struct ls_random random;
    bool done;
};

static int describe_adsb(const struct ls_waveform_opts *opts, struct ls_generator_plan *ret,
                         struct ls_err *err) {
    (void)opts;
    (void)err;
    ret->native_sps = ADSB_SPS;
    ret->segment_samples = ADSB_SAMPLES;
    ret->info.duration_s = 120e-6;
    /* Half of the time is on within the bits, a quarter within the preamble. */
    ret->info.on_s = 58e-6;
    ret->info.burst_s = 120e-6;
    ret->info.high_hz = 2.98e6; /* measured for pulses with edges of 0.1 us */
    ret->info.low_hz = -ret->info.high_hz;
    ret->info.span_hz = 12e6;
    return LS_OK;
}

static int start_adsb(void *state, const struct ls_generator_start *start, struct ls_err *err) {
    (void)err;
    struct adsb *adsb = state;
    ls_random_init(&adsb->random, start->opts->seed, 1);
    return LS_OK;
}

/* Format 17, then chance, then the check: polynomial 0xfff409. */
static void adsb_message(struct adsb *adsb, uint8_t bits[ADSB_BITS]) {
    uint32_t crc = 0;
    for (size_t i = 0; i < ADSB_BITS - 24; i++) {
        bits[i] = i < 5 ? 17 >> (4 - i) & 1 : (uint8_t)(ls_random_bits(&adsb->random) >> 63);
        uint32_t carry = (crc >> 23 ^ bits[i]) & 1;
        crc = (crc << 1 & 0xffffff) ^ (carry ? 0xfff409 : 0);
    }
    for (size_t i = 0; i < 24; i++) {
        bits[ADSB_BITS - 24 + i] = crc >> (23 - i) & 1;
    }
}

/* 0.5 us at half height; edges of neighbours add up to a longer pulse. */
static void pulse(float complex *ret, size_t half_bit) {
    float complex *p = &ret[half_bit * HALF_BIT];
    p[0] += 0.25f;
    p[1] += 0.75f;
    for (size_t i = 2; i < HALF_BIT; i++) {
        p[i] += 1.0f;
    }
    p[HALF_BIT] += 0.75f;
    p[HALF_BIT + 1] += 0.25f;
}

static size_t next_adsb(void *state, float complex *ret, bool *ret_silent) {
    (void)ret_silent;
    struct adsb *adsb = state;
    if (adsb->done) {
        return 0;
    }
    adsb->done = true;
    memset(ret, 0, ADSB_SAMPLES * sizeof *ret);
    static const size_t preamble[] = {0, 2, 7, 9}; /* half microseconds */
    for (size_t i = 0; i < LS_COUNT(preamble); i++) {
        pulse(ret, preamble[i]);
    }
    uint8_t bits[ADSB_BITS];
    adsb_message(adsb, bits);
    for (size_t i = 0; i < ADSB_BITS; i++) {
        pulse(ret, 16 + 2 * i + (bits[i] ? 0 : 1));
    }
    return ADSB_SAMPLES;
}

const struct ls_generator ls_analogue_generators[] = {
    {.row = {.id = "fm",
             .class_name = "fm",
             .summary = "analogue FM voice, with a sub-audible tone when tone_hz is given",
             .modes = no_modes,
             .uses = ",deviation_hz,tone_hz,"},
     .describe = describe_fm,
     .state_bytes = sizeof(struct fm),
     .start = start_fm,
     .stop = ls_generator_stop_nothing,
     .next = next_fm},
    {.row = {.id = "am",
             .class_name = "unknown",
             .summary = "amplitude modulated voice with its carrier",
             .modes = no_modes,
             .uses = ","},
     .describe = describe_am,
     .state_bytes = sizeof(struct fm),
     .start = start_fm,
     .stop = ls_generator_stop_nothing,
     .next = next_am},
    {.row = {.id = "ads-b",
             .class_name = "ads-b",
             .summary = "one 120 us ADS-B squitter, pulse position at 1 Mbit/s (ICAO annex 10)",
             .modes = no_modes,
             .uses = ","},
     .describe = describe_adsb,
     .state_bytes = sizeof(struct adsb),
     .start = start_adsb,
     .stop = ls_generator_stop_nothing,
     .next = next_adsb},
    {.row = {.id = NULL}},
};
