/* LTE base station: 3GPP TS 36.211 clause 6, one antenna port, FDD. Always on the air: cell
 * reference signals, PSS and SSS; a control symbol at the start of each subframe; data blocks by
 * activity. Reference signals are chance that repeats every frame, as a cell's do. */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "simulate/generator.h"
#include "simulate/ofdm.h"
#include "simulate/random.h"

enum {
    TONES = 12,
    SYMBOLS = 14,
    SUBFRAMES = 10,
    SYNC_TONES = 62,
    SYNC_SPAN = 72, /* with the empty tones beside */
    PRBS_MAX = 100,
};

static const double SPACING_HZ = 15e3;
static const double CONTROL_LOAD = 0.6;
static const char *const no_modes[] = {NULL};

static const struct {
    double bandwidth_hz;
    size_t prbs;
    size_t points;
} channels[] = {{1.4e6, 6, 128},  {3e6, 15, 256},   {5e6, 25, 512},
                {10e6, 50, 1024}, {15e6, 75, 2048}, {20e6, 100, 2048}};

struct cell {
    struct ls_ofdm ofdm;
    struct ls_random random;
    uint64_t seed;
    size_t prbs;
    size_t points;
    double activity;
    float scale;
    size_t identity; /* 0..503 */
    uint64_t symbols;
    uint64_t symbol;
    bool loaded[PRBS_MAX]; /* blocks with data in this subframe */
    float sync_secondary[2][SYNC_TONES];
    float complex sync_primary[SYNC_TONES];
};

static size_t channel_of(const struct ls_waveform_opts *opts) {
    double bandwidth_hz = ls_generator_or(opts->params.bandwidth_hz, 10e6);
    size_t i = 0;
    while (i < LS_COUNT(channels) && fabs(channels[i].bandwidth_hz - bandwidth_hz) > 1e4) {
        i++;
    }
    return i;
}

static int describe_cell(const struct ls_waveform_opts *opts, struct ls_generator_plan *ret,
                         struct ls_err *err) {
    size_t channel = channel_of(opts);
    if (channel == LS_COUNT(channels)) {
        return ls_err_set(err, LS_ERR_ARG,
                          "waveform '%s': 'bandwidth_hz' is %g; it has to be 1.4, 3, 5, 10, 15 or "
                          "20 MHz",
                          opts->id, opts->params.bandwidth_hz);
    }
    size_t points = channels[channel].points;
    ret->native_sps = SPACING_HZ * (double)points;
    ret->segment_samples = points + points / 8;
    struct ls_waveform_info *info = &ret->info;
    info->duration_s = 1e-3 * fmax(1, round(1e3 * ls_generator_or(opts->duration_s, 1)));
    info->on_s = info->duration_s;
    info->burst_s = info->duration_s;
    /* 99 % of a flat band, and half a tone at each side for the symbols' sidelobes. */
    info->high_hz = 0.495 * SPACING_HZ * (double)(channels[channel].prbs * TONES + 1);
    info->low_hz = -info->high_hz;
    info->span_hz = SPACING_HZ * (double)(channels[channel].prbs * TONES + 6);
    return ls_generator_check_range(opts, "activity", opts->params.activity, 0, 1, err);
}

/* Maximum length sequence of period 31: x(i + 5) = sum of x(i + taps), x = 0, 0, 0, 0, 1. */
static void m_sequence(unsigned taps, float ret[31]) {
    unsigned x[36] = {0, 0, 0, 0, 1};
    for (size_t i = 0; i < 31; i++) {
        for (unsigned tap = 0; tap < 5; tap++) {
            x[i + 5] ^= taps >> tap & 1 ? x[i + tap] : 0;
        }
        ret[i] = x[i] ? -1.0f : 1.0f;
    }
}

/* TS 36.211 clause 6.11.2.1: two sequences, shifted by m0 and m1, scrambled, interleaved; they
 * change places between the two halves of the frame. */
static void secondary_sync(struct cell *cell) {
    float s[31];
    float c[31];
    float z[31];
    m_sequence(0x05, s); /* x(i + 2) + x(i) */
    m_sequence(0x09, c); /* x(i + 3) + x(i) */
    m_sequence(0x17, z); /* x(i + 4) + x(i + 2) + x(i + 1) + x(i) */
    size_t n1 = cell->identity / 3;
    size_t n2 = cell->identity % 3;
    size_t q1 = n1 / 30;
    size_t q = (n1 + q1 * (q1 + 1) / 2) / 30;
    size_t m = n1 + q * (q + 1) / 2;
    size_t m0 = m % 31;
    size_t m1 = (m0 + m / 31 + 1) % 31;
    for (size_t half = 0; half < 2; half++) {
        size_t first = half == 0 ? m0 : m1;
        size_t second = half == 0 ? m1 : m0;
        for (size_t n = 0; n < 31; n++) {
            cell->sync_secondary[half][2 * n] = s[(n + first) % 31] * c[(n + n2) % 31];
            cell->sync_secondary[half][2 * n + 1] =
                s[(n + second) % 31] * c[(n + n2 + 3) % 31] * z[(n + first % 8) % 31];
        }
    }
}

static void primary_sync(struct cell *cell) {
    static const size_t roots[] = {25, 29, 34};
    for (size_t n = 0; n < SYNC_TONES; n++) {
        cell->sync_primary[n] =
            ls_ofdm_zadoff_chu(roots[cell->identity % 3], n < 31 ? n : n + 1, 63);
    }
}

/* Mean power of a symbol, one a tone. */
static double mean_tones(const struct cell *cell) {
    double tones = (double)(cell->prbs * TONES);
    double references = (double)cell->prbs * 2 * 4;
    double control = CONTROL_LOAD * (tones - (double)cell->prbs * 2);
    double data = cell->activity * (tones * 13 - (double)cell->prbs * 2 * 3);
    return (references + control + data) / SYMBOLS;
}

static int start_cell(void *state, const struct ls_generator_start *start, struct ls_err *err) {
    struct cell *cell = state;
    size_t channel = channel_of(start->opts);
    cell->seed = start->opts->seed;
    ls_random_init(&cell->random, cell->seed, 1);
    cell->prbs = channels[channel].prbs;
    cell->points = channels[channel].points;
    cell->activity = ls_generator_or(start->opts->params.activity, 0.5);
    cell->scale = (float)(1 / sqrt(mean_tones(cell)));
    cell->symbols = (uint64_t)llround(start->plan->info.duration_s * 1e3) * SYMBOLS;
    cell->identity = (size_t)ls_random_below(&cell->random, 504);
    primary_sync(cell);
    secondary_sync(cell);
    return ls_ofdm_init(&cell->ofdm, cell->points, false, err);
}

static void stop_cell(void *state) {
    struct cell *cell = state;
    ls_ofdm_finish(&cell->ofdm);
}

static float complex *tone(struct cell *cell, size_t k) {
    return &cell->ofdm.bins[ls_ofdm_bin(&cell->ofdm, k, cell->prbs * TONES, true)];
}

static void put_references(struct cell *cell, size_t subframe, size_t symbol) {
    size_t in_slot = symbol % 7;
    if (in_slot != 0 && in_slot != 4) {
        return;
    }
    struct ls_random fixed;
    ls_random_init(&fixed, cell->seed, 1000 + subframe * SYMBOLS + symbol);
    size_t offset = ((in_slot == 0 ? 0 : 3) + cell->identity) % 6;
    for (size_t i = 0; i < 2 * cell->prbs; i++) {
        *tone(cell, 6 * i + offset) = ls_ofdm_qpsk(&fixed);
    }
}

static void put_data(struct cell *cell, size_t subframe, size_t symbol) {
    size_t count = cell->prbs * TONES;
    bool broadcast = subframe == 0 && symbol >= 7 && symbol < 11;
    size_t middle = count / 2 - SYNC_SPAN / 2;
    for (size_t k = 0; k < count; k++) {
        bool central = k >= middle && k < middle + SYNC_SPAN;
        bool on = symbol == 0 ? ls_random_uniform(&cell->random) < CONTROL_LOAD
                              : cell->loaded[k / TONES] || (broadcast && central);
        if (on) {
            *tone(cell, k) = ls_ofdm_qpsk(&cell->random);
        }
    }
}

static void put_sync(struct cell *cell, size_t subframe, size_t symbol) {
    if (subframe % 5 != 0 || (symbol != 5 && symbol != 6)) {
        return;
    }
    size_t middle = cell->prbs * TONES / 2;
    for (size_t k = middle - SYNC_SPAN / 2; k < middle + SYNC_SPAN / 2; k++) {
        *tone(cell, k) = 0;
    }
    for (size_t n = 0; n < SYNC_TONES; n++) {
        *tone(cell, middle - SYNC_TONES / 2 + n) =
            symbol == 6 ? cell->sync_primary[n] : cell->sync_secondary[subframe / 5][n];
    }
}

static size_t next_cell(void *state, float complex *ret, bool *ret_silent) {
    (void)ret_silent;
    struct cell *cell = state;
    if (cell->symbol == cell->symbols) {
        return 0;
    }
    size_t symbol = (size_t)(cell->symbol % SYMBOLS);
    size_t subframe = (size_t)(cell->symbol / SYMBOLS % SUBFRAMES);
    for (size_t i = 0; symbol == 0 && i < cell->prbs; i++) {
        cell->loaded[i] = ls_random_uniform(&cell->random) < cell->activity;
    }
    put_data(cell, subframe, symbol);
    put_references(cell, subframe, symbol);
    put_sync(cell, subframe, symbol);
    cell->symbol++;
    size_t prefix = cell->points / 128 * (symbol % 7 == 0 ? 10 : 9);
    return ls_ofdm_symbol(&cell->ofdm, prefix, cell->scale, ret);
}

const struct ls_generator ls_cell_generators[] = {
    {.row = {.id = "lte-downlink",
             .class_name = "lte-downlink",
             .summary =
                 "LTE cell with PSS, SSS, reference signals and data by activity (TS 36.211)",
             .modes = no_modes,
             .uses = ",bandwidth_hz,activity,"},
     .describe = describe_cell,
     .state_bytes = sizeof(struct cell),
     .start = start_cell,
     .stop = stop_cell,
     .next = next_cell},
    {.row = {.id = NULL}},
};
