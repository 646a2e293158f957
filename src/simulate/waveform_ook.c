/* On-off keyed telegrams of small sensors: pulse width, pulse position and Manchester coding.
 * The named sensors carry random readings under the framing and check sums that rtl_433's decoder
 * documentation gives (github.com/merbanan/rtl_433, files of the same names), so that it reads
 * them: nexus     36 bits, 500 us marks, gaps of 1 and 2 ms; 12 copies prologue  36 bits, 500 us
 * marks, gaps of 2 and 4 ms; 7 copies wh2       Fine Offset: 48 bits by mark width (500 and 1500
 * us), CRC-8 acurite   592TXR: 4 long marks, 56 bits by mark width, parity and sum; 3 copies */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "simulate/generator.h"
#include "simulate/random.h"

enum {
    MESSAGE_MAX = 64, /* bytes */
    RUNS_MAX = 2 * (8 * MESSAGE_MAX + 24) + 2,
    RAMP = 10,        /* samples of a mark's edge */
    MARK_MAX = 20000, /* samples of the longest mark */
};

static const double NATIVE_SPS = 500e3; /* edges of 20 us, as of a keyed SAW oscillator */
static const char *const no_modes[] = {NULL};

enum { CODE_PPM, CODE_PWM, CODE_MANCHESTER };
static const char *const code_modes[] = {"ppm", "pwm", "manchester", NULL};

/* Marks and spaces in turn, a mark first. */
struct frame {
    double run_us[RUNS_MAX];
    size_t count;
};

struct message {
    uint8_t bytes[MESSAGE_MAX];
    size_t bits;
};

struct coding {
    size_t code;
    double short_us;
    double long_us;
    double fixed_us; /* the mark of PPM, the pause or the period of PWM */
    bool period;     /* PWM: mark and pause together last fixed_us */
    bool long_is_one;
    size_t sync_marks; /* marks and pauses of sync_us before the bits */
    double sync_us;
    double pause_us; /* after the last bit */
    size_t repeats;
};

struct ook {
    struct frame frame;
    size_t repeats;
    size_t repeat;
    size_t run;
    double time_us; /* where the present run starts */
    uint64_t done;  /* samples */
};

static void put_run(struct frame *frame, bool mark, double us) {
    bool last_is_mark = frame->count % 2 == 1;
    if (frame->count == 0 ? !mark : mark == last_is_mark) {
        if (frame->count > 0) {
            frame->run_us[frame->count - 1] += us;
        }
        return; /* a space before the first mark says nothing */
    }
    if (frame->count < RUNS_MAX) {
        frame->run_us[frame->count++] = us;
    }
}

static void put_bit(struct frame *frame, const struct coding *coding, bool one) {
    double varied = one == coding->long_is_one ? coding->long_us : coding->short_us;
    switch (coding->code) {
    case CODE_PPM:
        put_run(frame, true, coding->fixed_us);
        put_run(frame, false, varied);
        break;
    case CODE_PWM:
        put_run(frame, true, varied);
        put_run(frame, false, coding->period ? coding->fixed_us - varied : coding->fixed_us);
        break;
    default:
        put_run(frame, one, coding->fixed_us);
        put_run(frame, !one, coding->fixed_us);
        break;
    }
}

static void make_frame(struct frame *frame, const struct coding *coding,
                       const struct message *message) {
    frame->count = 0;
    for (size_t i = 0; i < coding->sync_marks; i++) {
        put_run(frame, true, coding->sync_us);
        put_run(frame, false, coding->sync_us);
    }
    for (size_t i = 0; i < message->bits; i++) {
        put_bit(frame, coding, message->bytes[i / 8] >> (7 - i % 8) & 1);
    }
    if (coding->code == CODE_PPM) {
        put_run(frame, true, coding->fixed_us); /* what ends the last gap */
    }
    put_run(frame, false, coding->pause_us);
}

/* CRC-8, polynomial 0x31, most significant bit first. */
static uint8_t crc8(const uint8_t *bytes, size_t count) {
    uint8_t crc = 0;
    for (size_t i = 0; i < count; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (uint8_t)(crc & 0x80 ? crc << 1 ^ 0x31 : crc << 1);
        }
    }
    return crc;
}

static uint8_t even_parity(uint8_t seven) {
    uint8_t sum = seven;
    sum ^= sum >> 4;
    sum ^= sum >> 2;
    sum ^= sum >> 1;
    return (uint8_t)(seven | (sum & 1) << 7);
}

static uint8_t random_byte(struct ls_random *random) {
    return (uint8_t)(ls_random_bits(random) >> 56);
}

/* Readings: 5.0 to 30.0 degrees in tenths, 20 to 90 %. */
static unsigned random_tenths(struct ls_random *random) {
    return 50 + (unsigned)ls_random_below(random, 251);
}

static uint8_t random_humidity(struct ls_random *random) {
    return (uint8_t)(20 + ls_random_below(random, 71));
}

/* Nine nibbles: identity (2), flags, temperature (3), a constant, humidity (2). */
static void nexus_message(struct ls_random *random, struct message *ret) {
    unsigned tenths = random_tenths(random);
    uint8_t humidity = random_humidity(random);
    uint8_t *b = ret->bytes;
    b[0] = random_byte(random) | 1;
    b[1] = (uint8_t)(0x80 | ls_random_below(random, 3) << 4 | tenths >> 8);
    b[2] = (uint8_t)tenths;
    b[3] = (uint8_t)(0xf0 | humidity >> 4);
    b[4] = (uint8_t)(humidity << 4);
    ret->bits = 36;
}

/* Nine nibbles: type 9, identity (2), flags, temperature (3), humidity (2). */
static void prologue_message(struct ls_random *random, struct message *ret) {
    unsigned tenths = random_tenths(random);
    uint8_t humidity = random_humidity(random);
    uint8_t identity = random_byte(random);
    uint8_t *b = ret->bytes;
    b[0] = (uint8_t)(0x90 | identity >> 4);
    b[1] = (uint8_t)(identity << 4 | 8 | ls_random_below(random, 3));
    b[2] = (uint8_t)(tenths >> 4);
    b[3] = (uint8_t)(tenths << 4 | humidity >> 4);
    b[4] = (uint8_t)(humidity << 4);
    ret->bits = 36;
}

/* A byte of ones, type 4, identity, temperature, humidity, check. */
static void wh2_message(struct ls_random *random, struct message *ret) {
    unsigned tenths = random_tenths(random);
    uint8_t identity = random_byte(random);
    uint8_t *b = ret->bytes;
    b[0] = 0xff;
    b[1] = (uint8_t)(0x40 | identity >> 4);
    b[2] = (uint8_t)(identity << 4 | tenths >> 8);
    b[3] = (uint8_t)tenths;
    b[4] = random_humidity(random);
    b[5] = crc8(&b[1], 4);
    ret->bits = 48;
}

/* Channel and identity, battery and type 4, humidity, temperature + 100 degrees, sum; bytes 2 to 5
 * have even parity. */
static void acurite_message(struct ls_random *random, struct message *ret) {
    unsigned tenths = 1000 + random_tenths(random);
    uint8_t *b = ret->bytes;
    b[0] = (uint8_t)(0xc0 | (random_byte(random) & 0x3f));
    b[1] = random_byte(random);
    b[2] = even_parity(0x44);
    b[3] = even_parity(random_humidity(random));
    b[4] = even_parity((uint8_t)(tenths >> 7));
    b[5] = even_parity((uint8_t)(tenths & 0x7f));
    b[6] = 0;
    for (size_t i = 0; i < 6; i++) {
        b[6] = (uint8_t)(b[6] + b[i]);
    }
    ret->bits = 56;
}

static const struct {
    const char *id;
    void (*message)(struct ls_random *random, struct message *ret);
    struct coding coding;
} sensors[] = {
    {"nexus",
     nexus_message,
     {.code = CODE_PPM,
      .short_us = 1000,
      .long_us = 2000,
      .fixed_us = 500,
      .long_is_one = true,
      .pause_us = 4000,
      .repeats = 12}},
    {"prologue",
     prologue_message,
     {.code = CODE_PPM,
      .short_us = 2000,
      .long_us = 4000,
      .fixed_us = 500,
      .long_is_one = true,
      .pause_us = 9000,
      .repeats = 7}},
    {"wh2",
     wh2_message,
     {.code = CODE_PWM,
      .short_us = 500,
      .long_us = 1500,
      .fixed_us = 1000,
      .pause_us = 40000,
      .repeats = 1}},
    {"acurite",
     acurite_message,
     {.code = CODE_PWM,
      .short_us = 220,
      .long_us = 408,
      .fixed_us = 610,
      .period = true,
      .long_is_one = true,
      .sync_marks = 4,
      .sync_us = 610,
      .pause_us = 2300,
      .repeats = 3}},
};

/* Any telegram: 16 alternating bits, then bytes of chance. */
static int generic_frame(const struct ls_waveform_opts *opts, struct ls_random *random,
                         struct coding *ret_coding, struct message *ret, struct ls_err *err) {
    double rate = ls_generator_or(opts->params.symbol_rate_sps, 2000);
    double bytes = ls_generator_or((double)opts->params.bytes, 6);
    int code = ls_generator_check_range(opts, "symbol_rate_sps", rate, 100, 10e3, err);
    if (code == LS_OK) {
        code = ls_generator_check_range(opts, "bytes", bytes, 1, MESSAGE_MAX - 2, err);
    }
    if (code != LS_OK) {
        return code;
    }
    double unit_us = 1e6 / rate;
    *ret_coding = (struct coding){.code = ls_generator_mode(opts, code_modes),
                                  .short_us = unit_us,
                                  .long_us = 2 * unit_us,
                                  .fixed_us = unit_us,
                                  .long_is_one = true,
                                  .pause_us = 10 * unit_us,
                                  .repeats = 1};
    ret->bits = 16 + 8 * (size_t)bytes;
    memset(ret->bytes, 0xaa, 2);
    for (size_t i = 2; i < ret->bits / 8; i++) {
        ret->bytes[i] = random_byte(random);
    }
    return LS_OK;
}

static int build(const struct ls_waveform_opts *opts, struct frame *ret, size_t *ret_repeats,
                 struct ls_err *err) {
    struct ls_random random;
    ls_random_init(&random, opts->seed, 1);
    struct message message = {.bits = 0};
    struct coding coding = {.repeats = 0};
    for (size_t i = 0; i < LS_COUNT(sensors); i++) {
        if (strcmp(sensors[i].id, opts->id) == 0) {
            coding = sensors[i].coding;
            sensors[i].message(&random, &message);
        }
    }
    if (message.bits == 0) {
        int code = generic_frame(opts, &random, &coding, &message, err);
        if (code != LS_OK) {
            return code;
        }
    }
    make_frame(ret, &coding, &message);
    double repeats = ls_generator_or((double)opts->params.repeats, (double)coding.repeats);
    *ret_repeats = (size_t)repeats;
    return ls_generator_check_range(opts, "repeats", repeats, 1, 1000, err);
}

static int describe_ook(const struct ls_waveform_opts *opts, struct ls_generator_plan *ret,
                        struct ls_err *err) {
    struct frame frame;
    size_t repeats;
    int code = build(opts, &frame, &repeats, err);
    if (code != LS_OK) {
        return code;
    }
    double on_us = 0;
    double all_us = 0;
    for (size_t i = 0; i < frame.count; i++) {
        on_us += i % 2 == 0 ? frame.run_us[i] : 0;
        all_us += frame.run_us[i];
    }
    double pause_us = frame.run_us[frame.count - 1];
    ret->native_sps = NATIVE_SPS;
    ret->segment_samples = MARK_MAX;
    struct ls_waveform_info *info = &ret->info;
    info->burst_s = 1e-6 * (all_us - pause_us);
    info->duration_s = 1e-6 * (all_us * (double)repeats - pause_us);
    info->on_s = 1e-6 * on_us * (double)repeats;
    info->bursts = repeats;
    info->period_s = repeats > 1 ? 1e-6 * all_us : (double)NAN;
    /* Beyond f a sharp mark of length T has 1 / (pi^2 f T) of its energy: 1 % at 10.1 / T for the
     * mean T. Edges of 20 us end that tail at about 27 kHz (fit to measured spectra, within 5 %).
     */
    size_t marks = (frame.count + 1) / 2;
    double sharp_hz = 1e6 * (double)marks / (0.01 * M_PI * M_PI * on_us);
    info->high_hz = 1 / (1 / sharp_hz + 1 / 27e3);
    info->low_hz = -info->high_hz;
    info->span_hz = 200e3;
    return LS_OK;
}

static int start_ook(void *state, const struct ls_generator_start *start, struct ls_err *err) {
    struct ook *ook = state;
    return build(start->opts, &ook->frame, &ook->repeats, err);
}

/* Runs end at the nearest sample, counted from the start, so that errors do not add up. */
static size_t next_ook(void *state, float complex *ret, bool *ret_silent) {
    struct ook *ook = state;
    if (ook->repeat == ook->repeats || (ook->repeat + 1 == ook->repeats &&
                                        ook->run + 1 >= ook->frame.count && ook->run % 2 == 1)) {
        return 0;
    }
    bool mark = ook->run % 2 == 0;
    ook->time_us += ook->frame.run_us[ook->run];
    uint64_t end = (uint64_t)llround(ook->time_us * 1e-6 * NATIVE_SPS);
    size_t n = (size_t)(end - ook->done);
    ook->done = end;
    if (++ook->run == ook->frame.count) {
        ook->run = 0;
        ook->repeat++;
    }
    if (!mark) {
        *ret_silent = true;
        return n;
    }
    for (size_t i = 0; i < n; i++) {
        ret[i] = 1;
    }
    for (size_t i = 0; i < RAMP && 2 * i + 1 < n; i++) {
        float up = 0.5f - 0.5f * (float)cos(M_PI * ((double)i + 0.5) / RAMP);
        ret[i] = up;
        ret[n - 1 - i] = up;
    }
    return n;
}

const struct ls_generator ls_ook_generators[] = {
    {.row = {.id = "ook",
             .class_name = "ook",
             .summary = "on-off keyed telegram with any of three codes; symbol_rate_sps is that of "
                        "the shortest mark",
             .modes = code_modes,
             .uses = ",symbol_rate_sps,bytes,repeats,"},
     .describe = describe_ook,
     .state_bytes = sizeof(struct ook),
     .start = start_ook,
     .stop = ls_generator_stop_nothing,
     .next = next_ook},
    {.row = {.id = "nexus",
             .class_name = "ook",
             .summary = "Nexus-TH temperature and humidity sensor, on-off keyed",
             .modes = no_modes,
             .uses = ",repeats,"},
     .describe = describe_ook,
     .state_bytes = sizeof(struct ook),
     .start = start_ook,
     .stop = ls_generator_stop_nothing,
     .next = next_ook},
    {.row = {.id = "prologue",
             .class_name = "ook",
             .summary = "Prologue-TH temperature and humidity sensor, on-off keyed",
             .modes = no_modes,
             .uses = ",repeats,"},
     .describe = describe_ook,
     .state_bytes = sizeof(struct ook),
     .start = start_ook,
     .stop = ls_generator_stop_nothing,
     .next = next_ook},
    {.row = {.id = "wh2",
             .class_name = "ook",
             .summary = "Fine Offset WH2 temperature and humidity sensor, on-off keyed",
             .modes = no_modes,
             .uses = ",repeats,"},
     .describe = describe_ook,
     .state_bytes = sizeof(struct ook),
     .start = start_ook,
     .stop = ls_generator_stop_nothing,
     .next = next_ook},
    {.row = {.id = "acurite",
             .class_name = "ook",
             .summary = "Acurite 592TXR temperature and humidity sensor, on-off keyed",
             .modes = no_modes,
             .uses = ",repeats,"},
     .describe = describe_ook,
     .state_bytes = sizeof(struct ook),
     .start = start_ook,
     .stop = ls_generator_stop_nothing,
     .next = next_ook},
    {.row = {.id = NULL}},
};
