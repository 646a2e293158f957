/* LoRa: chirp spread spectrum. Preamble of up-chirps, two sync symbols, 2.25 down-chirps, then
 * symbols of chance; 2^SF chips of 1/bandwidth a symbol. Sources: US patent 9647718 (modulation)
 * and Semtech SX1276 data sheet clause 4.1.1 (packet, symbol count). A phase function of time. */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "simulate/exact.h"
#include "simulate/generator.h"
#include "simulate/random.h"

enum { SEGMENT = 1024, PREAMBLE = 8, SYNC = 2, SPREADING_MAX = 12 };

static const char *const no_modes[] = {NULL};

struct lora {
    struct ls_random random;
    double rate_sps;
    double lead;
    double bandwidth_hz;
    double symbol_s;
    size_t spreading;
    size_t payload;
    size_t symbols; /* in all; the one before the payload lasts a quarter */
    size_t symbol;
    uint64_t done;
    double symbol_start;   /* samples from the start */
    double symbol_samples; /* that the present symbol lasts */
    double start_chips;    /* value of the present symbol */
    double phase_turns;    /* at its start */
};

static double bandwidth_of(const struct ls_waveform_opts *opts) {
    return ls_generator_or(opts->params.bandwidth_hz, 125e3);
}

static size_t spreading_of(const struct ls_waveform_opts *opts) {
    return opts->params.spreading == 0 ? 7 : opts->params.spreading;
}

/* Data sheet formula with explicit header, CRC, coding rate 4/5; low data rate optimisation from
 * 16 ms a symbol on. */
static size_t payload_symbols(const struct ls_waveform_opts *opts) {
    double spreading = (double)spreading_of(opts);
    double bytes = ls_generator_or((double)opts->params.bytes, 20);
    double slow = exp2(spreading) / bandwidth_of(opts) > 16e-3 ? 2 : 0;
    double blocks = ceil((8 * bytes - 4 * spreading + 28 + 16) / (4 * (spreading - slow)));
    return 8 + (size_t)fmax(0, blocks) * 5;
}

static int describe_lora(const struct ls_waveform_opts *opts, struct ls_generator_plan *ret,
                         struct ls_err *err) {
    double spreading = (double)spreading_of(opts);
    double bandwidth_hz = bandwidth_of(opts);
    int code = ls_generator_check_range(opts, "spreading", spreading, 6, SPREADING_MAX, err);
    if (code == LS_OK) {
        code = ls_generator_check_range(opts, "bandwidth_hz", bandwidth_hz, 7e3, 2e6, err);
    }
    if (code == LS_OK) {
        code = ls_generator_check_range(opts, "bytes", (double)opts->params.bytes, 0, 255, err);
    }
    if (code != LS_OK) {
        return code;
    }
    double symbol_s = exp2(spreading) / bandwidth_hz;
    double symbols = PREAMBLE + SYNC + 2.25 + (double)payload_symbols(opts);
    ret->info.duration_s = symbols * symbol_s;
    ret->info.on_s = ret->info.duration_s;
    ret->info.burst_s = ret->info.duration_s;
    /* 99 % of a chirp's band, and what its frequency jumps add (fit, within 2 % for SF 7 to 12). */
    ret->info.high_hz = (0.495 + 0.3 * exp2(-spreading / 2)) * bandwidth_hz;
    ret->info.low_hz = -ret->info.high_hz;
    ret->info.span_hz = 1.5 * bandwidth_hz;
    ret->segment_samples = SEGMENT;
    return LS_OK;
}

static int start_lora(void *state, const struct ls_generator_start *start, struct ls_err *err) {
    (void)err;
    struct lora *lora = state;
    ls_random_init(&lora->random, start->opts->seed, 1);
    lora->rate_sps = start->rate_sps;
    lora->lead = start->lead;
    lora->bandwidth_hz = bandwidth_of(start->opts);
    lora->spreading = spreading_of(start->opts);
    lora->symbol_s = exp2((double)lora->spreading) / lora->bandwidth_hz;
    lora->payload = payload_symbols(start->opts);
    lora->symbols = PREAMBLE + SYNC + 3 + lora->payload;
    lora->symbol_samples = lora->symbol_s * lora->rate_sps;
    return LS_OK;
}

static bool is_down(const struct lora *lora) {
    return lora->symbol >= PREAMBLE + SYNC && lora->symbol < PREAMBLE + SYNC + 3;
}

static double seconds_of(const struct lora *lora) {
    return lora->symbol == PREAMBLE + SYNC + 2 ? lora->symbol_s / 4 : lora->symbol_s;
}

/* Turns at t seconds into the symbol: the frequency rises over the bandwidth from the symbol's
 * value, and falls by the bandwidth when it reaches the upper edge. */
static double turns_at(const struct lora *lora, double t) {
    double slope = lora->bandwidth_hz / lora->symbol_s;
    if (is_down(lora)) {
        return (lora->bandwidth_hz / 2 - 0.5 * slope * t) * t;
    }
    double start_hz = lora->start_chips / lora->symbol_s - lora->bandwidth_hz / 2;
    double fold_s = (lora->bandwidth_hz / 2 - start_hz) / slope;
    double turns = (start_hz + 0.5 * slope * t) * t;
    return t > fold_s ? turns - lora->bandwidth_hz * (t - fold_s) : turns;
}

static void begin_symbol(struct lora *lora) {
    lora->phase_turns += turns_at(lora, seconds_of(lora));
    lora->phase_turns -= floor(lora->phase_turns);
    lora->symbol_start += lora->symbol_samples;
    lora->symbol++;
    lora->symbol_samples = seconds_of(lora) * lora->rate_sps;
    lora->start_chips = 0;
    if (lora->symbol >= PREAMBLE && lora->symbol < PREAMBLE + SYNC) {
        lora->start_chips =
            8 * (double)(lora->symbol - PREAMBLE + 1); /* sync word of public nets */
    } else if (lora->symbol >= PREAMBLE + SYNC + 3) {
        lora->start_chips = (double)ls_random_below(&lora->random, UINT64_C(1) << lora->spreading);
    }
}

static size_t next_lora(void *state, float complex *ret, bool *ret_silent) {
    (void)ret_silent;
    struct lora *lora = state;
    for (size_t k = 0; k < SEGMENT; k++) {
        double samples = (double)lora->done + lora->lead - lora->symbol_start;
        while (lora->symbol < lora->symbols && samples >= lora->symbol_samples) {
            samples -= lora->symbol_samples;
            begin_symbol(lora);
        }
        if (lora->symbol == lora->symbols) {
            return k;
        }
        double turns = lora->phase_turns + turns_at(lora, samples / lora->rate_sps);
        ret[k] = ls_exact_cis(ls_exact_phase(turns));
        lora->done++;
    }
    return SEGMENT;
}

const struct ls_generator ls_lora_generators[] = {
    {.row = {.id = "lora",
             .class_name = "lora",
             .summary = "LoRa packet of given spreading factor, bandwidth and payload",
             .modes = no_modes,
             .uses = ",spreading,bandwidth_hz,bytes,"},
     .describe = describe_lora,
     .state_bytes = sizeof(struct lora),
     .start = start_lora,
     .stop = ls_generator_stop_nothing,
     .next = next_lora},
    {.row = {.id = NULL}},
};
