/* GSM and GSM-R: GMSK BT 0.3 at 13/48 MHz, slots of 156.25 symbols, frames of 8 slots (60/13 ms).
 * Sources: ETSI TS 145 002 (bursts, multiframes), TS 145 004 (modulation), TS 145 005 annex B
 * (ramps). Four samples a symbol make a slot 625 samples, a frame 5000. */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "simulate/cpm.h"
#include "simulate/generator.h"
#include "simulate/random.h"

enum {
    OVERSAMPLE = 4,
    SLOT = 625,
    FRAME = 8 * SLOT,
    NORMAL_BITS = 148,
    ACCESS_BITS = 88,
    RAMP = 3 * OVERSAMPLE, /* up before the first bit, down after the last one */
};

static const double SYMBOL_SPS = 13e6 / 48;
static const double FRAME_S = 60e-3 / 13;
/* 99 % of GMSK BT 0.3 lies within 0.91 symbol rates (Murota, Hirade, IEEE Trans. Commun. 29(7),
 * 1981, table I: 0.86 for BT 0.25, 0.92 and 0.91 about 0.3). */
static const double BANDWIDTH_HZ = 0.91 * 13e6 / 48;

enum { MODE_CALL, MODE_SPEECH, MODE_DATA, MODE_SDCCH, MODE_GPRS };
static const char *const call_modes[] = {"call", "speech", "data", "sdcch", "gprs", NULL};
static const char *const no_modes[] = {NULL};

struct gsm {
    struct ls_cpm cpm;
    struct ls_random random;
    size_t mode;
    double activity;
    uint64_t frames;    /* to make */
    uint64_t frame;     /* the next one */
    bool rest;          /* the seven other slots of the present frame are due */
    uint64_t spurt_end; /* frame at which speech starts or stops */
    bool talking;
    uint64_t slot; /* downlink: the next slot */
    uint64_t slots;
};

/* Training sequences 0-7 of normal bursts, the synchronisation sequences of access and
 * synchronisation bursts: TS 145 002 clauses 5.2.3, 5.2.7, 5.2.5. */
static const char training[] = "00100101110000100010010111";
static const char access_sync[] = "01001011011111111001100110101010001111000";
static const char extended_training[] =
    "1011100101100010000001000000111100101101010001010111011000011011";

static void put_text(char *bits, size_t *at, const char *text) {
    size_t length = strlen(text);
    memcpy(&bits[*at], text, length);
    *at += length;
}

static void put_random(struct gsm *gsm, char *bits, size_t *at, size_t count) {
    for (size_t i = 0; i < count; i++) {
        bits[(*at)++] = (char)('0' + (ls_random_bits(&gsm->random) >> 63));
    }
}

static void normal_burst(struct gsm *gsm, char *bits) {
    size_t at = 0;
    put_text(bits, &at, "000");
    put_random(gsm, bits, &at, 58);
    put_text(bits, &at, training);
    put_random(gsm, bits, &at, 58);
    put_text(bits, &at, "000");
}

static void access_burst(struct gsm *gsm, char *bits) {
    size_t at = 0;
    put_text(bits, &at, "00111010");
    put_text(bits, &at, access_sync);
    put_random(gsm, bits, &at, 36);
    put_text(bits, &at, "000");
}

static void synchronisation_burst(struct gsm *gsm, char *bits) {
    size_t at = 0;
    put_text(bits, &at, "000");
    put_random(gsm, bits, &at, 39);
    put_text(bits, &at, extended_training);
    put_random(gsm, bits, &at, 39);
    put_text(bits, &at, "000");
}

/* Differential encoding of TS 145 004 clause 2.3; the bit before the first one is 1. */
static void encode(const char *bits, size_t count, float *ret_levels) {
    char before = '1';
    for (size_t i = 0; i < count; i++) {
        ret_levels[i] = bits[i] == before ? 1.0f : -1.0f;
        before = bits[i];
    }
}

/* A burst in a segment of `length` samples: ramp, bits, ramp, nothing. */
static void burst_samples(struct gsm *gsm, const char *bits, size_t count, float complex *ret,
                          size_t length) {
    float levels[NORMAL_BITS];
    encode(bits, count, levels);
    ls_cpm_modulate(&gsm->cpm, levels, count, RAMP - ls_cpm_delay(&gsm->cpm), ret, length);
    size_t end = RAMP + count * OVERSAMPLE;
    for (size_t i = 0; i < RAMP; i++) {
        float up = 0.5f - 0.5f * (float)cos(M_PI * ((double)i + 0.5) / RAMP);
        ret[i] *= up;
        ret[end + RAMP - 1 - i] *= up;
    }
    memset(&ret[end + RAMP], 0, (length - end - RAMP) * sizeof *ret);
}

static int check_activity(const struct ls_waveform_opts *opts, double activity,
                          struct ls_err *err) {
    return ls_generator_check_range(opts, "activity", activity, 0.01, 1, err);
}

static void fill_band(struct ls_generator_plan *ret) {
    ret->native_sps = OVERSAMPLE * SYMBOL_SPS;
    ret->segment_samples = SLOT + OVERSAMPLE;
    ret->info.low_hz = -BANDWIDTH_HZ / 2;
    ret->info.high_hz = BANDWIDTH_HZ / 2;
    ret->info.span_hz = 500e3;
}

static const double natural_s[] = {60, 60, 60, 2.5, 5}; /* by mode */

/* Share of frames that carry a burst: TS 145 002 clause 7, tables 1 to 6. */
static double frame_share(size_t mode, double activity) {
    switch (mode) {
    case MODE_CALL:
        /* Of 104 frames: 100 with speech; 4 SACCH and 8 comfort noise without. */
        return (100 * activity + 12 * (1 - activity)) / 104;
    case MODE_SPEECH:
    case MODE_DATA:
        return 25.0 / 26;
    case MODE_SDCCH:
        return (4.0 + 2.0) / 51;
    default:
        return 48.0 / 52 * activity;
    }
}

static double activity_of(const struct ls_waveform_opts *opts, size_t mode) {
    return mode == MODE_CALL || mode == MODE_GPRS
               ? ls_generator_or(opts->params.activity, mode == MODE_CALL ? 0.45 : 0.6)
               : 1;
}

static int describe_call(const struct ls_waveform_opts *opts, struct ls_generator_plan *ret,
                         struct ls_err *err) {
    size_t mode = ls_generator_mode(opts, call_modes);
    double activity = activity_of(opts, mode);
    int code = check_activity(opts, activity, err);
    if (code != LS_OK) {
        return code;
    }
    fill_band(ret);
    double asked_s = ls_generator_or(opts->duration_s, natural_s[mode]);
    double sent_s = (NORMAL_BITS * OVERSAMPLE + 2 * RAMP) / ret->native_sps;
    double frames = ls_generator_bursts(asked_s, sent_s, FRAME_S);
    ret->info.burst_s = NORMAL_BITS / SYMBOL_SPS;
    ret->info.duration_s = (frames - 1) * FRAME_S + sent_s;
    ret->info.period_s = FRAME_S;
    double bursts = fmax(1, round(frames * frame_share(mode, activity)));
    ret->info.bursts = (uint64_t)bursts;
    ret->info.on_s = bursts * ret->info.burst_s;
    return LS_OK;
}

static int start_gsm(struct gsm *gsm, const struct ls_generator_start *start, struct ls_err *err) {
    struct ls_cpm_opts cpm = {
        .samples_per_symbol = OVERSAMPLE, .shape = LS_CPM_GAUSSIAN, .factor = 0.3, .turns = 0.25};
    ls_random_init(&gsm->random, start->opts->seed, 1);
    return ls_cpm_init(&gsm->cpm, &cpm, err);
}

static int start_call(void *state, const struct ls_generator_start *start, struct ls_err *err) {
    struct gsm *gsm = state;
    gsm->mode = ls_generator_mode(start->opts, call_modes);
    gsm->activity = activity_of(start->opts, gsm->mode);
    gsm->frames = 1 + (uint64_t)(start->plan->info.duration_s / FRAME_S);
    int code = start_gsm(gsm, start, err);
    gsm->talking = ls_random_uniform(&gsm->random) < gsm->activity;
    return code;
}

static void stop_gsm(void *state) {
    struct gsm *gsm = state;
    ls_cpm_finish(&gsm->cpm);
}

/* Talk spurts of 1 s and pauses by activity, both exponential (ITU-T P.59 has means of this size).
 */
static void step_speech(struct gsm *gsm) {
    if (gsm->frame < gsm->spurt_end) {
        return;
    }
    if (gsm->spurt_end > 0) {
        gsm->talking = !gsm->talking;
    }
    double mean_s = gsm->talking ? 1.0 : 1.0 / gsm->activity - 1.0;
    double length_s = -mean_s * log(1 - ls_random_uniform(&gsm->random));
    gsm->spurt_end = gsm->frame + 1 + (uint64_t)(length_s / FRAME_S);
}

static bool frame_active(struct gsm *gsm) {
    uint64_t f = gsm->frame;
    if (f == 0 || f + 1 == gsm->frames) {
        return true; /* first and last burst are what truth calls start and stop */
    }
    switch (gsm->mode) {
    case MODE_CALL:
        step_speech(gsm);
        if (f % 26 == 25) {
            return false;
        }
        /* Comfort noise in frames 52-59 of 104, TS 145 008 clause 8.3. */
        return gsm->talking || f % 26 == 12 || (f % 104 >= 52 && f % 104 < 60);
    case MODE_SPEECH:
    case MODE_DATA:
        return f % 26 != 25;
    case MODE_SDCCH:
        return f % 51 < 4 || (f % 102 >= 32 && f % 102 < 36);
    default:
        if (f % 13 == 12) {
            return false; /* timing advance and idle frames of the 52-multiframe */
        }
        if (f % 13 % 4 == 0) {
            gsm->talking = ls_random_uniform(&gsm->random) < gsm->activity; /* a radio block */
        }
        return gsm->talking;
    }
}

static size_t next_call(void *state, float complex *ret, bool *ret_silent) {
    struct gsm *gsm = state;
    if (gsm->rest) {
        gsm->rest = false;
        *ret_silent = true;
        return FRAME - SLOT;
    }
    if (gsm->frame == gsm->frames) {
        return 0;
    }
    bool active = frame_active(gsm);
    gsm->frame++;
    if (!active) {
        *ret_silent = true;
        return FRAME;
    }
    char bits[NORMAL_BITS];
    normal_burst(gsm, bits);
    burst_samples(gsm, bits, NORMAL_BITS, ret, SLOT);
    gsm->rest = gsm->frame < gsm->frames;
    return SLOT;
}

static int describe_access(const struct ls_waveform_opts *opts, struct ls_generator_plan *ret,
                           struct ls_err *err) {
    (void)opts;
    (void)err;
    fill_band(ret);
    ret->info.burst_s = ACCESS_BITS / SYMBOL_SPS;
    ret->info.duration_s = (ACCESS_BITS * OVERSAMPLE + 2 * RAMP) / ret->native_sps;
    ret->info.on_s = ret->info.burst_s;
    return LS_OK;
}

static int start_access(void *state, const struct ls_generator_start *start, struct ls_err *err) {
    struct gsm *gsm = state;
    gsm->frames = 1;
    return start_gsm(gsm, start, err);
}

static size_t next_access(void *state, float complex *ret, bool *ret_silent) {
    (void)ret_silent;
    struct gsm *gsm = state;
    if (gsm->frame == gsm->frames) {
        return 0;
    }
    gsm->frame++;
    char bits[ACCESS_BITS];
    access_burst(gsm, bits);
    burst_samples(gsm, bits, ACCESS_BITS, ret, SLOT);
    return SLOT;
}

static int describe_bcch(const struct ls_waveform_opts *opts, struct ls_generator_plan *ret,
                         struct ls_err *err) {
    (void)err;
    fill_band(ret);
    double slots = fmax(4, 4 * round(ls_generator_or(opts->duration_s, 1) / FRAME_S * 2));
    ret->info.duration_s = slots / 8 * FRAME_S;
    ret->info.on_s = ret->info.duration_s;
    ret->info.burst_s = ret->info.duration_s;
    return LS_OK;
}

static int start_bcch(void *state, const struct ls_generator_start *start, struct ls_err *err) {
    struct gsm *gsm = state;
    gsm->slots = (uint64_t)llround(start->plan->info.duration_s / FRAME_S * 8);
    return start_gsm(gsm, start, err);
}

/* The carrier of a cell's broadcast channel never goes down; guard times carry bits as well. Four
 * slots of 156, 156, 156 and 157 symbols are allowed for 156.25 (TS 145 010 clause 5.7). */
static size_t next_bcch(void *state, float complex *ret, bool *ret_silent) {
    (void)ret_silent;
    struct gsm *gsm = state;
    if (gsm->slot == gsm->slots) {
        return 0;
    }
    char bits[157];
    size_t count = gsm->slot % 4 == 3 ? 157 : 156;
    size_t at = NORMAL_BITS;
    uint64_t frame = gsm->slot / 8 % 51;
    normal_burst(gsm, bits);
    if (gsm->slot % 8 == 0 && frame % 10 == 0 && frame < 50) {
        memset(bits, '0', NORMAL_BITS); /* frequency correction: a tone at +67.7 kHz */
    } else if (gsm->slot % 8 == 0 && frame % 10 == 1) {
        synchronisation_burst(gsm, bits);
    }
    put_random(gsm, bits, &at, count - NORMAL_BITS);
    float levels[157];
    encode(bits, count, levels);
    ls_cpm_modulate(&gsm->cpm, levels, count, 0, ret, count * OVERSAMPLE);
    gsm->slot++;
    return count * OVERSAMPLE;
}

const struct ls_generator ls_gsm_generators[] = {
    {.row = {.id = "gsm",
             .class_name = "gsm",
             .summary = "GSM or GSM-R mobile on one slot: call with DTX, speech or circuit data "
                        "without, SDCCH, GPRS (TS 145 002)",
             .modes = call_modes,
             .uses = ",activity,"},
     .describe = describe_call,
     .state_bytes = sizeof(struct gsm),
     .start = start_call,
     .stop = stop_gsm,
     .next = next_call},
    {.row = {.id = "gsm-access",
             .class_name = "gsm-access",
             .summary = "one GSM access burst of 88 symbols (TS 145 002)",
             .modes = no_modes,
             .uses = ""},
     .describe = describe_access,
     .state_bytes = sizeof(struct gsm),
     .start = start_access,
     .stop = stop_gsm,
     .next = next_access},
    {.row = {.id = "gsm-bcch",
             .class_name = "gsm",
             .summary = "GSM broadcast carrier, never off, with FCCH and SCH (TS 145 002)",
             .modes = no_modes,
             .uses = ""},
     .describe = describe_bcch,
     .state_bytes = sizeof(struct gsm),
     .start = start_bcch,
     .stop = stop_gsm,
     .next = next_bcch},
    {.row = {.id = NULL}},
};
