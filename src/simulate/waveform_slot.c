/* Slotted frequency modulation: AIS and DMR.
 * AIS: Rec. ITU-R M.1371 annex 2: 9.6 kbit/s GMSK BT 0.4, slots of 256 bits (26.67 ms): ramp of 8
 * bits, 24 bits of training, flag, 168 bits, CRC-16, flag; bit stuffing and NRZI.
 * DMR: ETSI TS 102 361-1 clauses 4 and 10: 4FSK at 4.8 kBd behind a root raised cosine of 0.2, peak
 * deviation 1944 Hz, slots of 30 ms in frames of 60 ms; a mobile sends 27.5 ms of its slot. */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "simulate/cpm.h"
#include "simulate/generator.h"
#include "simulate/random.h"

enum {
    OVERSAMPLE = 10,
    DMR_BURST = 132, /* symbols */
    DMR_SLOT = 144,
    DMR_SYNC = 24,
    AIS_RAMP = 8, /* bits */
    AIS_DATA = 168,
    AIS_BITS_MAX = 256,
    PULSE_MAX = 2 * 6 * OVERSAMPLE + 1,
    SCRATCH = AIS_BITS_MAX * OVERSAMPLE + PULSE_MAX,
};

static const double DMR_SPS = 4800;
static const double AIS_SPS = 9600;

enum { MODE_MOBILE, MODE_BASE };
static const char *const dmr_modes[] = {"mobile", "base", NULL};
static const char *const no_modes[] = {NULL};

struct slot {
    struct ls_cpm cpm;
    struct ls_random random;
    size_t mode;
    uint64_t bursts;
    uint64_t burst;
    bool rest;
    float levels[AIS_BITS_MAX];
    size_t count;
    float complex scratch[SCRATCH];
};

static int describe_dmr(const struct ls_waveform_opts *opts, struct ls_generator_plan *ret,
                        struct ls_err *err) {
    (void)err;
    struct ls_waveform_info *info = &ret->info;
    bool mobile = ls_generator_mode(opts, dmr_modes) == MODE_MOBILE;
    double step_s = mobile ? 0.06 : 0.03;
    double sent_s = mobile ? DMR_BURST / DMR_SPS : step_s;
    double bursts = ls_generator_bursts(ls_generator_or(opts->duration_s, 3), sent_s, step_s);
    ret->native_sps = OVERSAMPLE * DMR_SPS;
    ret->segment_samples = (size_t)DMR_SLOT * OVERSAMPLE;
    /* Random symbols at a peak deviation of 0.405 symbol rates; measured as in waveform_packet.c.
     */
    info->high_hz = 3990;
    info->low_hz = -info->high_hz;
    info->span_hz = 14e3;
    info->burst_s = mobile ? sent_s : bursts * step_s;
    info->bursts = mobile ? (uint64_t)bursts : 1;
    info->duration_s = mobile ? (bursts - 1) * step_s + info->burst_s : info->burst_s;
    info->on_s = (double)info->bursts * info->burst_s;
    info->period_s = mobile ? step_s : (double)NAN;
    return LS_OK;
}

static int start_dmr(void *state, const struct ls_generator_start *start, struct ls_err *err) {
    struct slot *slot = state;
    slot->mode = ls_generator_mode(start->opts, dmr_modes);
    slot->bursts = slot->mode == MODE_MOBILE
                       ? start->plan->info.bursts
                       : (uint64_t)llround(start->plan->info.duration_s / 0.03);
    ls_random_init(&slot->random, start->opts->seed, 1);
    struct ls_cpm_opts cpm = {.samples_per_symbol = OVERSAMPLE,
                              .shape = LS_CPM_RRC,
                              .factor = 0.2,
                              .turns = 1944 / DMR_SPS};
    return ls_cpm_init(&slot->cpm, &cpm, err);
}

static void stop_slot(void *state) {
    struct slot *slot = state;
    ls_cpm_finish(&slot->cpm);
}

/* The middle 48 bits are a synchronisation pattern of outer symbols; here one sent by mobiles. */
static void dmr_levels(struct slot *slot, float *ret, size_t count) {
    static const char sync[DMR_SYNC + 1] = "+---+++-+---+--++-+-+++-";
    size_t from = DMR_BURST / 2 - DMR_SYNC / 2;
    for (size_t i = 0; i < count; i++) {
        ret[i] = (float)(2 * (int)(ls_random_bits(&slot->random) >> 62) - 3) / 3;
        if (i >= from && i < from + DMR_SYNC) {
            ret[i] = sync[i - from] == '+' ? 1.0f : -1.0f;
        }
    }
}

static void ramp(float complex *first, ptrdiff_t step, size_t samples) {
    for (size_t i = 0; i < samples; i++) {
        double share = ((double)i + 0.5) / (double)samples;
        first[(ptrdiff_t)i * step] *= 0.5f - 0.5f * (float)cos(M_PI * share);
    }
}

/* A burst that lasts exactly its symbols: what the pulses need before and after is cut off. */
static size_t burst(struct slot *slot, const float *levels, size_t count, size_t ramp_samples,
                    float complex *ret) {
    size_t delay = ls_cpm_delay(&slot->cpm);
    size_t n = count * OVERSAMPLE;
    ls_cpm_modulate(&slot->cpm, levels, count, 0, slot->scratch, n + 2 * delay);
    memcpy(ret, &slot->scratch[delay], n * sizeof *ret);
    ramp(ret, 1, ramp_samples);
    ramp(&ret[n - 1], -1, ramp_samples);
    return n;
}

static size_t next_dmr(void *state, float complex *ret, bool *ret_silent) {
    struct slot *slot = state;
    if (slot->rest) {
        slot->rest = false;
        *ret_silent = true;
        return (2 * (size_t)DMR_SLOT - DMR_BURST) * OVERSAMPLE;
    }
    if (slot->burst == slot->bursts) {
        return 0;
    }
    slot->burst++;
    float levels[DMR_SLOT];
    if (slot->mode == MODE_BASE) {
        dmr_levels(slot, levels, DMR_SLOT);
        ls_cpm_modulate(&slot->cpm, levels, DMR_SLOT, 0, ret, (size_t)DMR_SLOT * OVERSAMPLE);
        return (size_t)DMR_SLOT * OVERSAMPLE;
    }
    dmr_levels(slot, levels, DMR_BURST);
    slot->rest = slot->burst < slot->bursts;
    return burst(slot, levels, DMR_BURST, OVERSAMPLE, ret);
}

/* Bits into levels: a zero turns the level, a one keeps it. */
static void put_ais_bit(struct slot *slot, bool one) {
    float before = slot->count > 0 ? slot->levels[slot->count - 1] : -1.0f;
    slot->levels[slot->count++] = one ? before : -before;
}

static void put_ais_byte(struct slot *slot, unsigned byte) {
    for (unsigned bit = 0; bit < 8; bit++) {
        put_ais_bit(slot, byte >> bit & 1);
    }
}

/* CRC-16 of HDLC over bits in the order sent, sent inverted. */
static void ais_frame(struct slot *slot, struct ls_random *random) {
    slot->count = 0;
    for (size_t i = 0; i < AIS_RAMP + 24; i++) {
        put_ais_bit(slot, i % 2 != 0);
    }
    put_ais_byte(slot, 0x7e);
    unsigned crc = 0xffff;
    unsigned ones = 0;
    for (size_t i = 0; i < AIS_DATA + 16; i++) {
        bool one = i < AIS_DATA ? ls_random_bits(random) >> 63 : ~crc >> (i - AIS_DATA) & 1;
        if (i < AIS_DATA) {
            crc = (crc ^ one) & 1 ? crc >> 1 ^ 0x8408 : crc >> 1;
        }
        put_ais_bit(slot, one);
        ones = one ? ones + 1 : 0;
        if (ones == 5) {
            put_ais_bit(slot, false); /* stuffed, so that no flag occurs in the data */
            ones = 0;
        }
    }
    put_ais_byte(slot, 0x7e);
}

static int describe_ais(const struct ls_waveform_opts *opts, struct ls_generator_plan *ret,
                        struct ls_err *err) {
    (void)err;
    struct slot slot = {.count = 0};
    struct ls_random random;
    ls_random_init(&random, opts->seed, 1);
    ais_frame(&slot, &random);
    ret->native_sps = OVERSAMPLE * AIS_SPS;
    ret->segment_samples = (size_t)AIS_BITS_MAX * OVERSAMPLE;
    /* GMSK BT 0.4 has 99 % within 0.98 symbol rates (measured). */
    ret->info.high_hz = 0.98 * AIS_SPS / 2;
    ret->info.low_hz = -ret->info.high_hz;
    ret->info.span_hz = 28e3;
    ret->info.duration_s = (double)slot.count / AIS_SPS;
    ret->info.burst_s = ret->info.duration_s;
    ret->info.on_s = ret->info.duration_s;
    return LS_OK;
}

static int start_ais(void *state, const struct ls_generator_start *start, struct ls_err *err) {
    struct slot *slot = state;
    slot->bursts = 1;
    ls_random_init(&slot->random, start->opts->seed, 1);
    ais_frame(slot, &slot->random);
    struct ls_cpm_opts cpm = {
        .samples_per_symbol = OVERSAMPLE, .shape = LS_CPM_GAUSSIAN, .factor = 0.4, .turns = 0.25};
    return ls_cpm_init(&slot->cpm, &cpm, err);
}

static size_t next_ais(void *state, float complex *ret, bool *ret_silent) {
    (void)ret_silent;
    struct slot *slot = state;
    if (slot->burst == slot->bursts) {
        return 0;
    }
    slot->burst++;
    return burst(slot, slot->levels, slot->count, (size_t)AIS_RAMP * OVERSAMPLE / 2, ret);
}

const struct ls_generator ls_slot_generators[] = {
    {.row = {.id = "dmr",
             .class_name = "dmr",
             .summary = "DMR: mobile on one slot of two, or a base station's carrier "
                        "(TS 102 361-1)",
             .modes = dmr_modes,
             .uses = ","},
     .describe = describe_dmr,
     .state_bytes = sizeof(struct slot),
     .start = start_dmr,
     .stop = stop_slot,
     .next = next_dmr},
    {.row = {.id = "ais",
             .class_name = "ais",
             .summary = "one AIS position report in its slot of 26.67 ms (Rec. ITU-R M.1371)",
             .modes = no_modes,
             .uses = ","},
     .describe = describe_ais,
     .state_bytes = sizeof(struct slot),
     .start = start_ais,
     .stop = stop_slot,
     .next = next_ais},
    {.row = {.id = NULL}},
};
