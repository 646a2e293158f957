/* NB-IoT: 3GPP TS 36.211 clause 10.
 * npusch    one tone of 15 kHz, pi/4-QPSK, resource units of 8 ms; repeats units in a row
 * nprach    one tone of 3.75 kHz, groups of prefix + 5 symbols (1.6 ms) that hop by 1 and 6 tones
 * downlink  12 tones of 15 kHz, always on; NPSS in subframe 5, data by activity in the others */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "simulate/exact.h"
#include "simulate/generator.h"
#include "simulate/ofdm.h"
#include "simulate/random.h"

enum {
    TONES = 12,
    POINTS = 128,
    SYMBOLS = 14,
    UNIT_SYMBOLS = 8 * SYMBOLS,
    GROUP = 384 * 8, /* samples of 1.6 ms at 1.92 MS/s */
    GROUPS = 4,      /* of a repetition */
};

static const double NATIVE_SPS = 1.92e6;
static const double TONE_HZ = 15e3;
static const double PRACH_TONE_HZ = 3.75e3;

enum { MODE_NPUSCH, MODE_NPRACH, MODE_DOWNLINK };
static const char *const modes[] = {"npusch", "nprach", "downlink", NULL};

struct nbiot {
    struct ls_ofdm ofdm;
    struct ls_random random;
    size_t mode;
    double activity;
    float scale; /* downlink: of a tone */
    double tone_hz;
    size_t tone;       /* NPRACH: where the first group of a repetition lies */
    unsigned quarter;  /* NPUSCH: phase of the last symbol, eighths */
    uint64_t segments; /* symbols or groups */
    uint64_t segment;
    bool loaded;
};

/* The tone of an NPUSCH, about the carrier; fixed by the seed. */
static double npusch_tone(uint64_t seed) {
    struct ls_random random;
    ls_random_init(&random, seed, 2);
    return ((double)ls_random_below(&random, TONES) - 5.5) * TONE_HZ;
}

static int describe_nbiot(const struct ls_waveform_opts *opts, struct ls_generator_plan *ret,
                          struct ls_err *err) {
    size_t mode = ls_generator_mode(opts, modes);
    double repeats = ls_generator_or((double)opts->params.repeats, mode == MODE_NPRACH ? 8 : 4);
    int code = ls_generator_check_range(opts, "repeats", repeats, 1, 2048, err);
    if (code == LS_OK) {
        code = ls_generator_check_range(opts, "activity", opts->params.activity, 0, 1, err);
    }
    if (code != LS_OK) {
        return code;
    }
    struct ls_waveform_info *info = &ret->info;
    ret->native_sps = NATIVE_SPS;
    ret->segment_samples = GROUP;
    switch (mode) {
    case MODE_NPUSCH:
        info->duration_s = 8e-3 * repeats;
        /* Phase steps without shaping have wide skirts (measured). */
        info->low_hz = npusch_tone(opts->seed) - 8.8 * TONE_HZ;
        info->high_hz = npusch_tone(opts->seed) + 8.8 * TONE_HZ;
        break;
    case MODE_NPRACH:
        info->duration_s = 1.6e-3 * GROUPS * repeats;
        info->high_hz = 5.7 * PRACH_TONE_HZ;
        info->low_hz = -info->high_hz;
        break;
    default:
        info->duration_s = 1e-3 * fmax(1, round(1e3 * ls_generator_or(opts->duration_s, 1)));
        info->high_hz = 6 * TONE_HZ + ls_ofdm_skirt(12 * TONE_HZ);
        info->low_hz = -info->high_hz;
        break;
    }
    info->on_s = info->duration_s;
    info->burst_s = info->duration_s;
    info->span_hz = 500e3;
    return LS_OK;
}

/* Mean share of tones that are on: of ten subframes two are full, one holds NPSS (11 tones of 11
 * symbols), seven have data or 8 reference tones in 14 symbols. */
static double mean_load(double activity) {
    double references = 8.0 / (TONES * SYMBOLS);
    double primary = 11.0 * 11.0 / (TONES * SYMBOLS);
    return (2 + primary + 7 * (activity + (1 - activity) * references)) / 10;
}

static int start_nbiot(void *state, const struct ls_generator_start *start, struct ls_err *err) {
    struct nbiot *nb = state;
    nb->mode = ls_generator_mode(start->opts, modes);
    double segment_s = nb->mode == MODE_NPRACH ? 1.6e-3 : 1e-3 / SYMBOLS;
    nb->segments = (uint64_t)llround(start->plan->info.duration_s / segment_s);
    nb->activity = ls_generator_or(start->opts->params.activity, 0.7);
    nb->scale = (float)(1 / sqrt(TONES * mean_load(nb->activity)));
    nb->tone_hz = npusch_tone(start->opts->seed);
    ls_random_init(&nb->random, start->opts->seed, 1);
    return ls_ofdm_init(&nb->ofdm, POINTS, true, err);
}

static void stop_nbiot(void *state) {
    struct nbiot *nb = state;
    ls_ofdm_finish(&nb->ofdm);
}

static size_t symbol_samples(size_t symbol) { return POINTS + (symbol % 7 == 0 ? 10 : 9); }

static size_t tone_samples(double hz, uint32_t phase, size_t n, float complex *ret) {
    uint32_t step = (uint32_t)(int32_t)llround(hz / NATIVE_SPS * 0x1p32);
    for (size_t i = 0; i < n; i++) {
        ret[i] = ls_exact_cis(phase);
        phase += step;
    }
    return n;
}

/* The tone's phase starts anew with each symbol; data turn it by odd multiples of 45 degrees. */
static size_t npusch_symbol(struct nbiot *nb, float complex *ret) {
    nb->quarter = (nb->quarter + 1 + 2 * (unsigned)(ls_random_bits(&nb->random) >> 62)) % 8;
    size_t n = symbol_samples((size_t)(nb->segment % SYMBOLS));
    return tone_samples(nb->tone_hz, nb->quarter << 29, n, ret);
}

/* Clause 10.1.6.1: groups hop by one tone, six tones, one tone back; the next repetition begins on
 * a tone of chance. */
static size_t nprach_group(struct nbiot *nb, float complex *ret) {
    size_t group = (size_t)(nb->segment % GROUPS);
    if (group == 0) {
        nb->tone = (size_t)ls_random_below(&nb->random, TONES);
    }
    size_t tone = nb->tone;
    tone = group == 1 || group == 2 ? tone ^ 1 : tone;
    tone = group >= 2 ? (tone + 6) % TONES : tone;
    return tone_samples(((double)tone - 5.5) * PRACH_TONE_HZ, 0, GROUP, ret);
}

static size_t downlink_symbol(struct nbiot *nb, float complex *ret) {
    size_t symbol = (size_t)(nb->segment % SYMBOLS);
    size_t subframe = (size_t)(nb->segment / SYMBOLS % 10);
    bool primary = subframe == 5;
    if (symbol == 0) {
        nb->loaded =
            subframe == 0 || subframe == 9 || ls_random_uniform(&nb->random) < nb->activity;
    }
    for (size_t k = 0; k < TONES; k++) {
        float complex value = 0;
        bool reference = !primary && symbol % 7 >= 5 && k % 6 == (symbol % 7 == 5 ? 0 : 3);
        if (primary) {
            value = k < 11 && symbol >= 3 ? ls_ofdm_zadoff_chu(5, k, 11) : 0;
        } else if (nb->loaded || reference) {
            value = ls_ofdm_qpsk(&nb->random);
        }
        nb->ofdm.bins[ls_ofdm_bin(&nb->ofdm, k, TONES, false)] = value;
    }
    return ls_ofdm_symbol(&nb->ofdm, symbol_samples(symbol) - POINTS, nb->scale, ret);
}

static size_t next_nbiot(void *state, float complex *ret, bool *ret_silent) {
    (void)ret_silent;
    struct nbiot *nb = state;
    if (nb->segment == nb->segments) {
        return 0;
    }
    size_t n = nb->mode == MODE_NPUSCH   ? npusch_symbol(nb, ret)
               : nb->mode == MODE_NPRACH ? nprach_group(nb, ret)
                                         : downlink_symbol(nb, ret);
    nb->segment++;
    return n;
}

const struct ls_generator ls_nbiot_generators[] = {
    {.row = {.id = "nb-iot",
             .class_name = "nb-iot",
             .summary = "NB-IoT: single-tone uplink, hopping random access, or a cell's carrier "
                        "(TS 36.211 clause 10)",
             .modes = modes,
             .uses = ",repeats,activity,"},
     .describe = describe_nbiot,
     .state_bytes = sizeof(struct nbiot),
     .start = start_nbiot,
     .stop = stop_nbiot,
     .next = next_nbiot},
    {.row = {.id = NULL}},
};
