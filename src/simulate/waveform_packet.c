/* Packets in frequency shift keying: sensors, meters, pagers, data radios. A row of `formats` says
 * how symbols are shaped; its build function writes one packet, symbol by symbol. Framing:
 *   fsk        32 alternating bits, then bytes of chance
 *   lacrosse   TX29-IT: 17.241 kbit/s, preamble, 2dd4, 4 bytes, CRC-8 (rtl_433 lacrosse_tx35.c)
 *   bresser    5-in-1: 124 us a bit, preamble, 2dd4, 13 bytes inverted, then plain (bresser_5in1.c)
 *   davis      19.2 kbit/s Gaussian: preamble, cb89, 8 bytes with CRC-16 CCITT, low bit first
 *   wmbus      EN 13757-4: T1 at 100 kchip/s in 3-of-6 code, S at 32.768 kchip/s in Manchester code
 *   pocsag     Rec. ITU-R M.584: 576 reversals, batches of a sync word and 16 code words
 *   rtk        correction bursts of survey radios: 9.6 kBd GMSK BT 0.3 or 4FSK */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "simulate/cpm.h"
#include "simulate/generator.h"
#include "simulate/random.h"

enum { SEGMENT_SYMBOLS = 32, SAMPLES_MAX = 64 };

static const char *const no_modes[] = {NULL};

enum { FSK_NRZ, FSK_MANCHESTER };
static const char *const fsk_modes[] = {"nrz", "manchester", NULL};
enum { WMBUS_T1, WMBUS_S };
static const char *const wmbus_modes[] = {"t1", "s", NULL};
enum { RTK_GMSK, RTK_4FSK };
static const char *const rtk_modes[] = {"gmsk", "4fsk", NULL};

/* Symbols as thirds of the peak deviation: -3, -1, 1, 3. With levels NULL it only counts. */
struct writer {
    int8_t *levels;
    size_t count;
};

struct format {
    double symbol_sps;
    double deviation_hz;
    enum ls_cpm_shape shape;
    double factor;
    size_t bytes;
    size_t mode;
};

struct packet {
    struct ls_cpm cpm;
    int8_t *levels;
    size_t count;
    size_t done;
    size_t ramp; /* samples */
};

static void put_level(struct writer *writer, int level) {
    if (writer->levels != NULL) {
        writer->levels[writer->count] = (int8_t)level;
    }
    writer->count++;
}

static void put_bit(struct writer *writer, bool one) { put_level(writer, one ? 3 : -3); }

/* The lowest `count` bits of word, highest first. */
static void put_word(struct writer *writer, uint32_t word, unsigned count) {
    while (count-- > 0) {
        put_bit(writer, word >> count & 1);
    }
}

static void put_reversals(struct writer *writer, size_t count) {
    for (size_t i = 0; i < count; i++) {
        put_bit(writer, i % 2 == 0);
    }
}

static uint8_t random_byte(struct ls_random *random) {
    return (uint8_t)(ls_random_bits(random) >> 56);
}

/* CRC of any width up to 16, highest bit first, start value 0. */
static uint16_t crc(const uint8_t *bytes, size_t count, unsigned width, uint16_t polynomial) {
    uint32_t top = UINT32_C(1) << width;
    uint32_t value = 0;
    for (size_t i = 0; i < 8 * count; i++) {
        uint32_t in = (uint32_t)(bytes[i / 8] >> (7 - i % 8) & 1) << (width - 1);
        value = (value ^ in) << 1;
        value = value & top ? (value ^ top ^ polynomial) : value;
    }
    return (uint16_t)value;
}

static void build_fsk(struct writer *writer, struct ls_random *random,
                      const struct format *format) {
    size_t bits = 32 + 8 * format->bytes;
    for (size_t i = 0; i < bits; i++) {
        bool one = i < 32 ? i % 2 == 0 : ls_random_bits(random) >> 63;
        put_bit(writer, one);
        if (format->mode == FSK_MANCHESTER) {
            put_bit(writer, !one);
        }
    }
}

/* Length 9, identity, temperature + 40 degrees in decimal digits, humidity, check. */
static void build_lacrosse(struct writer *writer, struct ls_random *random,
                           const struct format *format) {
    (void)format;
    unsigned tenths = 450 + (unsigned)ls_random_below(random, 250);
    uint8_t identity = random_byte(random) & 0x3f;
    uint8_t bytes[5] = {(uint8_t)(0x90 | identity >> 2), (uint8_t)(identity << 6 | tenths / 100),
                        (uint8_t)(tenths / 10 % 10 << 4 | tenths % 10),
                        (uint8_t)(20 + ls_random_below(random, 70)), 0};
    bytes[4] = (uint8_t)crc(bytes, 4, 8, 0x31);
    put_reversals(writer, 32);
    put_word(writer, 0x2dd4, 16);
    for (size_t i = 0; i < sizeof bytes; i++) {
        put_word(writer, bytes[i], 8);
    }
    put_reversals(writer, 8); /* the transmitter's run-out */
}

static uint8_t bcd(unsigned two_digits) {
    return (uint8_t)(two_digits / 10 % 10 << 4 | two_digits % 10);
}

/* 13 bytes: count of ones, identity, wind, temperature, humidity, rain; before them, inverted. */
static void build_bresser(struct writer *writer, struct ls_random *random,
                          const struct format *format) {
    (void)format;
    unsigned tenths = 50 + (unsigned)ls_random_below(random, 250);
    uint8_t data[13] = {0, random_byte(random), 0x80};
    data[3] = (uint8_t)ls_random_below(random, 100);
    data[4] = (uint8_t)(ls_random_below(random, 16) << 4);
    data[5] = bcd((unsigned)ls_random_below(random, 90));
    data[6] = 0x10;
    data[7] = bcd(tenths % 100);
    data[8] = (uint8_t)(tenths / 100);
    data[9] = bcd(20 + (unsigned)ls_random_below(random, 70));
    data[10] = bcd((unsigned)ls_random_below(random, 100));
    for (size_t i = 1; i < sizeof data; i++) {
        data[0] = (uint8_t)(data[0] + (unsigned)__builtin_popcount(data[i]));
    }
    put_reversals(writer, 40);
    put_word(writer, 0x2dd4, 16);
    for (size_t i = 0; i < sizeof data; i++) {
        put_word(writer, data[i] ^ 0xff, 8);
    }
    for (size_t i = 0; i < sizeof data; i++) {
        put_word(writer, data[i], 8);
    }
    put_reversals(writer, 16);
}

static void build_davis(struct writer *writer, struct ls_random *random,
                        const struct format *format) {
    (void)format;
    uint8_t bytes[8];
    for (size_t i = 0; i < 6; i++) {
        bytes[i] = random_byte(random);
    }
    uint16_t check = crc(bytes, 6, 16, 0x1021);
    bytes[6] = (uint8_t)(check >> 8);
    bytes[7] = (uint8_t)check;
    put_reversals(writer, 32);
    put_word(writer, 0xcb89, 16);
    for (size_t i = 0; i < sizeof bytes; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            put_bit(writer, bytes[i] >> bit & 1);
        }
    }
}

/* EN 13757-4 table of the 3-of-6 code. */
static const uint8_t three_of_six[16] = {0x16, 0x0d, 0x0e, 0x0b, 0x1c, 0x19, 0x1a, 0x13,
                                         0x2c, 0x25, 0x26, 0x23, 0x34, 0x31, 0x32, 0x29};

static void put_wmbus_byte(struct writer *writer, const struct format *format, uint8_t byte) {
    if (format->mode == WMBUS_T1) {
        put_word(writer, three_of_six[byte >> 4], 6);
        put_word(writer, three_of_six[byte & 15], 6);
        return;
    }
    for (unsigned bit = 8; bit-- > 0;) {
        put_word(writer, byte >> bit & 1 ? 1 : 2, 2);
    }
}

static void put_wmbus_block(struct writer *writer, const struct format *format,
                            const uint8_t *bytes, size_t count) {
    uint16_t check = (uint16_t)~crc(bytes, count, 16, 0x3d65);
    for (size_t i = 0; i < count; i++) {
        put_wmbus_byte(writer, format, bytes[i]);
    }
    put_wmbus_byte(writer, format, (uint8_t)(check >> 8));
    put_wmbus_byte(writer, format, (uint8_t)check);
}

/* Frame format A: a block of 10 bytes, then blocks of up to 16, each with its check. */
static void build_wmbus(struct writer *writer, struct ls_random *random,
                        const struct format *format) {
    uint8_t head[10] = {(uint8_t)(9 + format->bytes), 0x44, 0x2d, 0x2c};
    for (size_t i = 4; i < 8; i++) {
        head[i] = bcd((unsigned)ls_random_below(random, 100)); /* a serial number of digits */
    }
    head[8] = 1;
    head[9] = 7; /* a water meter */
    if (format->mode == WMBUS_T1) {
        for (size_t i = 0; i < 19; i++) {
            put_word(writer, 1, 2);
        }
        put_word(writer, 0x03d, 10); /* 0000111101 does not occur in 3-of-6 code */
    } else {
        for (size_t i = 0; i < 279; i++) {
            put_word(writer, 1, 2);
        }
        put_word(writer, 0x07696, 18);
    }
    put_wmbus_block(writer, format, head, sizeof head);
    for (size_t done = 0; done < format->bytes;) {
        uint8_t block[16];
        size_t count = format->bytes - done < 16 ? format->bytes - done : 16;
        for (size_t i = 0; i < count; i++) {
            block[i] = random_byte(random);
        }
        if (done == 0) {
            block[0] = 0xa0; /* manufacturer's own payload: nothing to interpret */
        }
        put_wmbus_block(writer, format, block, count);
        done += count;
    }
    put_word(writer, 1, 2);
}

/* 21 bits of chance, 10 check bits of BCH(31,21), even parity. */
static uint32_t pocsag_word(struct ls_random *random) {
    uint32_t data = (uint32_t)(ls_random_bits(random) >> 43) << 10;
    uint32_t rest = data;
    for (unsigned bit = 30; bit >= 10; bit--) {
        rest ^= rest >> bit & 1 ? UINT32_C(0x769) << (bit - 10) : 0;
    }
    uint32_t word = (data | rest) << 1;
    return word | ((uint32_t)__builtin_popcount(word) & 1);
}

static void build_pocsag(struct writer *writer, struct ls_random *random,
                         const struct format *format) {
    /* A one is sent as the lower frequency. */
    put_reversals(writer, 576);
    for (size_t batch = 0; batch < format->bytes; batch++) {
        put_word(writer, ~UINT32_C(0x7cd215d8), 32);
        for (size_t word = 0; word < 16; word++) {
            put_word(writer, ~pocsag_word(random), 32);
        }
    }
}

static void build_rtk(struct writer *writer, struct ls_random *random,
                      const struct format *format) {
    put_reversals(writer, 48);
    bool four = format->mode == RTK_4FSK;
    for (size_t i = 0; i < format->bytes * (four ? 4 : 8); i++) {
        uint64_t bits = ls_random_bits(random);
        put_level(writer, four ? 2 * (int)(bits >> 62) - 3 : (bits >> 63 ? 3 : -3));
    }
}

static const struct kind {
    const char *id;
    struct format format;
    void (*build)(struct writer *writer, struct ls_random *random, const struct format *format);
} kinds[] = {
    {"fsk", {9600, 20e3, LS_CPM_RECT, 0, 20, 0}, build_fsk},
    {"lacrosse", {17241, 60e3, LS_CPM_RECT, 0, 5, 0}, build_lacrosse},
    {"bresser", {1e6 / 124, 33e3, LS_CPM_RECT, 0, 26, 0}, build_bresser},
    {"davis", {19200, 9600, LS_CPM_GAUSSIAN, 0.5, 8, 0}, build_davis},
    {"wmbus", {100e3, 50e3, LS_CPM_RECT, 0, 30, 0}, build_wmbus},
    {"pocsag", {1200, 4500, LS_CPM_RECT, 0, 4, 0}, build_pocsag},
    {"rtk", {9600, 2400, LS_CPM_GAUSSIAN, 0.3, 250, 0}, build_rtk},
};

static const struct kind *find_kind(const char *id) {
    size_t i = 0;
    while (strcmp(kinds[i].id, id) != 0) {
        i++;
    }
    return &kinds[i];
}

static struct format format_of(const struct ls_waveform_opts *opts,
                               const struct ls_waveform_row *row) {
    struct format format = find_kind(opts->id)->format;
    format.mode = row->modes[0] == NULL ? 0 : ls_generator_mode(opts, row->modes);
    if (strcmp(opts->id, "wmbus") == 0 && format.mode == WMBUS_S) {
        format.symbol_sps = 32768;
    }
    if (strcmp(opts->id, "rtk") == 0 && format.mode == RTK_4FSK) {
        format.deviation_hz = 4800;
        format.shape = LS_CPM_RRC;
        format.factor = 0.2;
    }
    format.symbol_sps = ls_generator_or(opts->params.symbol_rate_sps, format.symbol_sps);
    format.deviation_hz = ls_generator_or(opts->params.deviation_hz, format.deviation_hz);
    if (strcmp(opts->id, "pocsag") == 0 && opts->duration_s > 0) {
        double batches = round((opts->duration_s * format.symbol_sps - 576) / 544);
        format.bytes = batches < 1 ? 1 : (size_t)batches;
    } else if (opts->params.bytes > 0) {
        format.bytes = opts->params.bytes;
    }
    return format;
}

/* 99 % bandwidth in symbol rates over peak deviation in symbol rates, of random symbols: computed
 * once from modulated noise-free symbols (two levels; four for the root raised cosine of 0.2). */
enum { COLUMN_RECT, COLUMN_BT_HALF, COLUMN_BT_THIRD, COLUMN_RRC, COLUMNS };
static const struct {
    double deviation;
    double width[COLUMNS];
} bandwidths[] = {
    {0.10, {0.785, 0.662, 0.549, 0.693}},     {0.25, {1.185, 1.029, 0.908, 1.077}},
    {0.50, {2.138, 1.647, 1.416, 1.812}},     {0.75, {2.936, 2.051, 1.904, 2.523}},
    {1.00, {3.356, 2.685, 2.434, 3.244}},     {1.50, {4.529, 3.686, 3.436, 4.610}},
    {2.00, {6.288, 4.683, 4.435, 6.037}},     {3.00, {8.655, 6.679, 6.430, 8.857}},
    {4.00, {10.851, 8.669, 8.428, 11.748}},   {6.00, {15.089, 12.661, 12.419, 17.587}},
    {8.00, {19.145, 16.660, 16.411, 23.403}}, {10.0, {23.244, 20.659, 20.405, 29.162}},
};

static double bandwidth(const struct format *format) {
    size_t column = format->shape == LS_CPM_RECT  ? COLUMN_RECT
                    : format->shape == LS_CPM_RRC ? COLUMN_RRC
                    : format->factor > 0.4        ? COLUMN_BT_HALF
                                                  : COLUMN_BT_THIRD;
    double d = format->deviation_hz / format->symbol_sps;
    size_t i = 1;
    while (i + 1 < LS_COUNT(bandwidths) && bandwidths[i].deviation < d) {
        i++;
    }
    double low = bandwidths[i - 1].deviation;
    double share = (d - low) / (bandwidths[i].deviation - low);
    return bandwidths[i - 1].width[column] * (1 - share) + bandwidths[i].width[column] * share;
}

static size_t oversampling(const struct format *format, double span_hz) {
    double k = ceil(1.3 * span_hz / format->symbol_sps);
    return k < 4 ? 4 : k > SAMPLES_MAX ? SAMPLES_MAX : (size_t)k;
}

static const struct ls_waveform_row *row_of(const char *id) {
    size_t i = 0;
    while (strcmp(ls_packet_generators[i].row.id, id) != 0) {
        i++;
    }
    return &ls_packet_generators[i].row;
}

static int describe_packet(const struct ls_waveform_opts *opts, struct ls_generator_plan *ret,
                           struct ls_err *err) {
    struct format format = format_of(opts, row_of(opts->id));
    double bytes = (double)format.bytes;
    double per_symbol = format.deviation_hz / format.symbol_sps;
    /* wM-Bus has one byte for the length of a frame. */
    double bytes_max = strcmp(opts->id, "wmbus") == 0 ? 240 : 1e5;
    int code = ls_generator_check_range(opts, "bytes", bytes, 1, bytes_max, err);
    if (code == LS_OK) {
        code = ls_generator_check_range(opts, "symbol_rate_sps", format.symbol_sps, 50, 2e6, err);
    }
    if (code == LS_OK) {
        code = ls_generator_check_range(opts, "deviation_hz", per_symbol * format.symbol_sps,
                                        0.1 * format.symbol_sps, 10 * format.symbol_sps, err);
    }
    if (code != LS_OK) {
        return code;
    }
    struct ls_random random;
    ls_random_init(&random, opts->seed, 1);
    struct writer writer = {.levels = NULL};
    find_kind(opts->id)->build(&writer, &random, &format);
    struct ls_waveform_info *info = &ret->info;
    info->high_hz = bandwidth(&format) * format.symbol_sps / 2;
    info->low_hz = -info->high_hz;
    info->span_hz = fmax(1.6 * (info->high_hz - info->low_hz), 4 * format.symbol_sps);
    size_t k = oversampling(&format, info->span_hz);
    ret->native_sps = (double)k * format.symbol_sps;
    ret->segment_samples = (SEGMENT_SYMBOLS + 16) * k;
    info->duration_s = ((double)writer.count + 1) / format.symbol_sps;
    info->on_s = info->duration_s;
    info->burst_s = info->duration_s;
    return LS_OK;
}

static int start_packet(void *state, const struct ls_generator_start *start, struct ls_err *err) {
    struct packet *packet = state;
    struct format format = format_of(start->opts, row_of(start->opts->id));
    const struct kind *kind = find_kind(start->opts->id);
    struct ls_random random;
    ls_random_init(&random, start->opts->seed, 1);
    struct writer writer = {.levels = NULL};
    kind->build(&writer, &random, &format);
    packet->levels = malloc(writer.count);
    if (packet->levels == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for a packet of %zu symbols",
                          writer.count);
    }
    writer = (struct writer){.levels = packet->levels};
    ls_random_init(&random, start->opts->seed, 1);
    kind->build(&writer, &random, &format);
    packet->count = writer.count;
    size_t k = (size_t)llround(start->rate_sps / format.symbol_sps);
    packet->ramp = k / 2;
    struct ls_cpm_opts cpm = {.samples_per_symbol = k,
                              .shape = format.shape,
                              .factor = format.factor,
                              .turns = format.deviation_hz / format.symbol_sps};
    return ls_cpm_init(&packet->cpm, &cpm, err);
}

static void stop_packet(void *state) {
    struct packet *packet = state;
    ls_cpm_finish(&packet->cpm);
    free(packet->levels);
}

static void ramp_up(const struct packet *packet, float complex *first, ptrdiff_t step) {
    for (size_t i = 0; i < packet->ramp; i++) {
        double share = ((double)i + 0.5) / (double)packet->ramp;
        first[(ptrdiff_t)i * step] *= 0.5f - 0.5f * (float)cos(M_PI * share);
    }
}

/* Half a symbol of ramp, the packet, half a symbol of ramp; the modulator's delay is cut off before
 * the first segment and made up for after the last one. */
static size_t next_packet(void *state, float complex *ret, bool *ret_silent) {
    (void)ret_silent;
    struct packet *packet = state;
    size_t k = packet->cpm.samples_per_symbol;
    if (packet->done == packet->count) {
        return 0;
    }
    bool first = packet->done == 0;
    size_t symbols = packet->count - packet->done;
    symbols = symbols < SEGMENT_SYMBOLS ? symbols : SEGMENT_SYMBOLS;
    float levels[SEGMENT_SYMBOLS];
    for (size_t i = 0; i < symbols; i++) {
        levels[i] = (float)packet->levels[packet->done + i] / 3;
    }
    packet->done += symbols;
    bool last = packet->done == packet->count;
    size_t delay = ls_cpm_delay(&packet->cpm);
    size_t n = symbols * k + (last ? delay + packet->ramp : 0);
    size_t offset = 0;
    if (first) {
        offset = packet->ramp > delay ? packet->ramp - delay : 0;
        n += offset;
    }
    ls_cpm_modulate(&packet->cpm, levels, symbols, offset, ret, n);
    size_t cut = first && delay > packet->ramp ? delay - packet->ramp : 0;
    memmove(ret, &ret[cut], (n - cut) * sizeof *ret);
    n -= cut;
    if (first) {
        ramp_up(packet, ret, 1);
    }
    if (last) {
        ramp_up(packet, &ret[n - 1], -1);
    }
    return n;
}

const struct ls_generator ls_packet_generators[] = {
    {.row = {.id = "fsk",
             .class_name = "fsk",
             .summary = "packet in 2-FSK, plain or Manchester coded; symbol_rate_sps counts chips",
             .modes = fsk_modes,
             .uses = ",symbol_rate_sps,deviation_hz,bytes,"},
     .describe = describe_packet,
     .state_bytes = sizeof(struct packet),
     .start = start_packet,
     .stop = stop_packet,
     .next = next_packet},
    {.row = {.id = "lacrosse",
             .class_name = "fsk",
             .summary = "LaCrosse TX29-IT temperature sensor, FSK",
             .modes = no_modes,
             .uses = ","},
     .describe = describe_packet,
     .state_bytes = sizeof(struct packet),
     .start = start_packet,
     .stop = stop_packet,
     .next = next_packet},
    {.row = {.id = "bresser",
             .class_name = "fsk",
             .summary = "Bresser 5-in-1 weather station, FSK",
             .modes = no_modes,
             .uses = ","},
     .describe = describe_packet,
     .state_bytes = sizeof(struct packet),
     .start = start_packet,
     .stop = stop_packet,
     .next = next_packet},
    {.row = {.id = "davis",
             .class_name = "fsk",
             .summary = "one packet of a hopping Davis weather station, GFSK",
             .modes = no_modes,
             .uses = ","},
     .describe = describe_packet,
     .state_bytes = sizeof(struct packet),
     .start = start_packet,
     .stop = stop_packet,
     .next = next_packet},
    {.row = {.id = "wmbus",
             .class_name = "fsk",
             .summary = "wireless M-Bus meter telegram, mode T1 or S (EN 13757-4)",
             .modes = wmbus_modes,
             .uses = ",bytes,"},
     .describe = describe_packet,
     .state_bytes = sizeof(struct packet),
     .start = start_packet,
     .stop = stop_packet,
     .next = next_packet},
    {.row = {.id = "pocsag",
             .class_name = "fsk",
             .summary = "pager transmission (Rec. ITU-R M.584)",
             .modes = no_modes,
             .uses = ",symbol_rate_sps,"},
     .describe = describe_packet,
     .state_bytes = sizeof(struct packet),
     .start = start_packet,
     .stop = stop_packet,
     .next = next_packet},
    {.row = {.id = "rtk",
             .class_name = "fsk",
             .summary = "correction burst of a survey radio, 9.6 kBd in 12.5 or 25 kHz",
             .modes = rtk_modes,
             .uses = ",symbol_rate_sps,deviation_hz,bytes,"},
     .describe = describe_packet,
     .state_bytes = sizeof(struct packet),
     .start = start_packet,
     .stop = stop_packet,
     .next = next_packet},
    {.row = {.id = NULL}},
};
