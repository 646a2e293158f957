/* What lineside calls the simulator's waveforms: class_run [--open] SEED TRIALS SNR_DB... [-- NAME]
 * (--open: those of no class) or what is in a recording: class_run --recording PATH...
 * One line for each row found in the band of what was put on the air: what that was, the SNR, the
 * class with its score and rivals, and every feature. A line with class "-" where nothing was
 * found. Each trial has an offset, a seed and a fading of its own: Rician, 10 dB, 0 to 30 Hz. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "hw/source.h"
#include "simulate/random.h"
#include "simulate/waveform.h"
#include "survey/search.h"

enum { ROWS_MAX = 4096, SNRS_MAX = 16 };

/* What is put on the air. class_name: what is expected, or "unknown" and, behind strokes, what is
 * as true: a pulse that is swept is a chirp. */
struct planted {
    const char *name;
    const char *class_name;
    double rate_sps;
    double duration_s; /* 0: natural */
    const char *id;
    struct ls_waveform_params params;
};

static const struct planted all[] = {
    {"gsm", "gsm", 1.2e6, 1.2, "gsm", {.mode = "call"}},
    {"gsm-speech", "gsm", 1.2e6, 0.8, "gsm", {.mode = "speech"}},
    {"gsm-sdcch", "gsm", 1.2e6, 1.2, "gsm", {.mode = "sdcch"}},
    {"gsm-gprs", "gsm", 1.2e6, 0.8, "gsm", {.mode = "gprs"}},
    {"gsm-bcch", "gsm", 1.2e6, 0.4, "gsm-bcch", {0}},
    {"gsm-access", "gsm-access", 1.2e6, 0.0, "gsm-access", {0}},
    {"tetra", "tetra", 300e3, 1.2, "tetra", {.mode = "voice"}},
    {"tetra-downlink", "tetra", 300e3, 0.8, "tetra", {.mode = "downlink"}},
    {"wcdma", "wcdma", 10e6, 0.1, "wcdma", {0}},
    {"dmr", "dmr", 250e3, 1.2, "dmr", {.mode = "mobile"}},
    {"dmr-base", "dmr", 250e3, 0.8, "dmr", {.mode = "base"}},
    {"ais", "ais", 250e3, 0.0, "ais", {0}},
    {"fsk-38k",
     "fsk",
     1e6,
     0.0,
     "fsk",
     {.symbol_rate_sps = 38400, .deviation_hz = 30e3, .bytes = 40}},
    {"fsk-10k",
     "fsk",
     500e3,
     0.0,
     "fsk",
     {.symbol_rate_sps = 10e3, .deviation_hz = 20e3, .bytes = 30}},
    {"lacrosse", "fsk", 1e6, 0.0, "lacrosse", {0}},
    {"bresser", "fsk", 1e6, 0.0, "bresser", {0}},
    {"davis", "fsk", 1e6, 0.0, "davis", {0}},
    {"wmbus-t1", "fsk", 1.6e6, 0.0, "wmbus", {.mode = "t1"}},
    {"wmbus-s", "fsk", 1.6e6, 0.0, "wmbus", {.mode = "s"}},
    {"pocsag", "fsk", 250e3, 0.0, "pocsag", {0}},
    {"rtk-gmsk", "fsk", 250e3, 0.0, "rtk", {.mode = "gmsk"}},
    {"rtk-4fsk", "fsk", 250e3, 0.0, "rtk", {.mode = "4fsk"}},
    {"ook-ppm", "ook", 250e3, 0.0, "ook", {.mode = "ppm"}},
    {"ook-pwm", "ook", 250e3, 0.0, "ook", {.mode = "pwm"}},
    {"ook-manchester", "ook", 250e3, 0.0, "ook", {.mode = "manchester"}},
    {"nexus", "ook", 250e3, 0.0, "nexus", {0}},
    {"prologue", "ook", 250e3, 0.0, "prologue", {0}},
    {"wh2", "ook", 250e3, 0.0, "wh2", {0}},
    {"acurite", "ook", 250e3, 0.0, "acurite", {0}},
    {"lora-7", "lora", 1e6, 0.0, "lora", {.spreading = 7, .bandwidth_hz = 125e3, .bytes = 20}},
    {"lora-10", "lora", 1e6, 0.0, "lora", {.spreading = 10, .bandwidth_hz = 125e3, .bytes = 20}},
    {"lora-12", "lora", 1e6, 0.0, "lora", {.spreading = 12, .bandwidth_hz = 125e3, .bytes = 12}},
    {"lora-9-500", "lora", 2e6, 0.0, "lora", {.spreading = 9, .bandwidth_hz = 500e3, .bytes = 30}},
    {"fm", "fm", 250e3, 1.5, "fm", {0}},
    {"fm-tone", "fm", 250e3, 1.5, "fm", {.tone_hz = 88.5}},
    {"carrier", "carrier", 250e3, 1.0, "carrier", {0}},
    {"chirp", "chirp", 2e6, 0.3, "chirp", {.mode = "up", .bandwidth_hz = 300e3, .dwell_s = 20e-3}},
    {"chirp-triangle",
     "chirp",
     2e6,
     0.3,
     "chirp",
     {.mode = "triangle", .bandwidth_hz = 400e3, .dwell_s = 8e-3}},
    {"ads-b", "ads-b", 4e6, 0.0, "ads-b", {0}},
    {"lte-uplink", "lte-uplink", 8e6, 0.1, "lte-uplink", {.bandwidth_hz = 5e6}},
    {"lte-uplink-6", "lte-uplink", 8e6, 0.1, "lte-uplink", {.bandwidth_hz = 5e6, .prbs = 6}},
    {"lte-voice", "lte-uplink", 4e6, 0.4, "lte-uplink", {.mode = "voice", .bandwidth_hz = 3e6}},
    {"lte-prach", "lte-prach", 4e6, 0.0, "lte-prach", {0}},
    {"lte-downlink", "lte-downlink", 8e6, 0.1, "lte-downlink", {.bandwidth_hz = 5e6}},
    {"lte-downlink-1.4", "lte-downlink", 2e6, 0.2, "lte-downlink", {.bandwidth_hz = 1.4e6}},
    {"nr-uplink", "nr", 15e6, 0.1, "nr-uplink", {.mode = "cp-ofdm", .bandwidth_hz = 10e6}},
    {"nr-uplink-dft", "nr", 15e6, 0.1, "nr-uplink", {.mode = "dft-s", .bandwidth_hz = 10e6}},
    {"nb-iot-npusch", "nb-iot", 500e3, 0.3, "nb-iot", {.mode = "npusch"}},
    {"nb-iot-nprach", "nb-iot", 500e3, 0.0, "nb-iot", {.mode = "nprach"}},
    {"nb-iot-downlink", "nb-iot", 500e3, 0.3, "nb-iot", {.mode = "downlink"}},
    {"ofdm", "wideband-noise-like", 8e6, 0.1, "ofdm", {.bandwidth_hz = 5e6}},
};

static const struct planted open_set[] = {
    {"psk31", "unknown", 250e3, 3.0, "linear", {.mode = "bpsk", .symbol_rate_sps = 31.25}},
    {"bpsk-1200", "unknown", 250e3, 0.5, "linear", {.mode = "bpsk", .symbol_rate_sps = 1200}},
    {"qpsk-12k", "unknown", 250e3, 0.4, "linear", {.mode = "qpsk", .symbol_rate_sps = 12e3}},
    {"qpsk-200k", "unknown", 1e6, 0.2, "linear", {.mode = "qpsk", .symbol_rate_sps = 200e3}},
    {"16qam-25k", "unknown", 250e3, 0.4, "linear", {.mode = "qam16", .symbol_rate_sps = 25e3}},
    {"16qam-1m",
     "unknown/wideband-noise-like",
     4e6,
     0.1,
     "linear",
     {.mode = "qam16", .symbol_rate_sps = 1e6}},
    {"spread-spectrum",
     "unknown/wideband-noise-like",
     4e6,
     0.1,
     "linear",
     {.mode = "bpsk", .symbol_rate_sps = 1.023e6}},
    {"8-tones-31", "unknown/fsk", 250e3, 3.0, "tones", {.symbol_rate_sps = 31.25}},
    {"8-tones-500", "unknown/fsk", 250e3, 0.5, "tones", {.symbol_rate_sps = 500}},
    {"32-tones", "unknown/fsk", 250e3, 0.8, "tones", {.symbol_rate_sps = 250, .steps = 32}},
    {"noise-hops", "unknown", 2e6, 0.3, "noise-hops", {.bandwidth_hz = 1e6}},
    {"noise-hops-5k",
     "unknown",
     1e6,
     0.5,
     "noise-hops",
     {.bandwidth_hz = 300e3, .step_hz = 5e3, .dwell_s = 20e-3}},
    {"stepped-carrier",
     "unknown/carrier",
     1e6,
     1.0,
     "stepped-carrier",
     {.step_hz = 25e3, .dwell_s = 50e-3, .steps = 20}},
    {"chirped-pulses",
     "unknown/chirp",
     4e6,
     0.1,
     "radar",
     {.mode = "chirped", .bandwidth_hz = 1e6, .dwell_s = 100e-6}},
    {"random-pulses", "unknown", 1e6, 0.2, "radar", {.mode = "random", .dwell_s = 300e-6}},
    {"random-pulses-long", "unknown", 250e3, 1.0, "radar", {.mode = "random", .dwell_s = 5e-3}},
    {"am-voice", "unknown", 250e3, 1.5, "am", {0}},
    {"ofdm-narrow", "unknown", 1e6, 0.2, "ofdm", {.bandwidth_hz = 96e3}},
    {"ofdm-television", "unknown/wideband-noise-like", 8e6, 0.1, "ofdm", {.bandwidth_hz = 6e6}},
};

struct found {
    struct ls_transmission rows[ROWS_MAX];
    struct ls_features features[ROWS_MAX];
    size_t count;
};

static struct found found;

static void fail(const char *text) {
    fprintf(stderr, "class_run: %s\n", text);
    exit(1);
}

static double hang(const void *context, double hz) {
    (void)context;
    (void)hz;
    return 0.06;
}

static int keep_row(void *context, const struct ls_transmission *row, struct ls_err *err) {
    (void)context;
    (void)err;
    if (found.count < ROWS_MAX) {
        found.rows[found.count++] = *row;
    }
    return LS_OK;
}

static void keep_features(void *context, const struct ls_features *features) {
    (void)context;
    if (found.count < ROWS_MAX) {
        found.features[found.count] = *features; /* the row follows */
    }
}

static void begin_search(struct ls_transmissions **rows, struct ls_search **search) {
    struct ls_err err;
    struct ls_transmissions_opts row_opts = {
        .hang_s = hang, .done = keep_row, .features = keep_features};
    found.count = 0;
    if (ls_transmissions_create(rows, &row_opts, &err) != LS_OK) {
        fail(err.text);
    }
    struct ls_search_opts opts = {
        .threads = 1, .false_alarms_per_day = 10.0, .transmissions = *rows};
    if (ls_search_create(search, &opts, &err) != LS_OK) {
        fail(err.text);
    }
}

static void search_samples(const float complex *x, size_t n, double rate_sps) {
    struct ls_err err;
    struct ls_transmissions *rows = NULL;
    struct ls_search *search = NULL;
    struct ls_tuning tuning = {
        .center_hz = 868e6, .rate_sps = rate_sps, .format = LS_FORMAT_CF32_LE};
    begin_search(&rows, &search);
    if (ls_search_begin(search, &tuning, 0, &err) != LS_OK ||
        ls_search_samples(search, x, n, &err) != LS_OK || ls_search_end(search, &err) != LS_OK) {
        fail(err.text);
    }
    ls_search_destroy(search);
    ls_transmissions_destroy(rows);
}

/* Each capture is a stretch of its own. */
static void search_recording(const char *path) {
    struct ls_err err;
    struct ls_source *source = NULL;
    struct ls_transmissions *rows = NULL;
    struct ls_search *search = NULL;
    struct ls_block block;
    bool on = false;
    begin_search(&rows, &search);
    int code = ls_source_open(&source, &(struct ls_source_opts){.path = path}, &err);
    while (code == LS_OK && (code = ls_source_read(source, &block, &err)) == LS_OK) {
        if (on && (block.flags & LS_BLOCK_FIRST) != 0) {
            code = ls_search_end(search, &err);
            on = false;
        }
        if (code == LS_OK && !on) {
            code = ls_search_begin(search, &block.tuning, block.t_ns, &err);
            on = true;
        }
        if (code == LS_OK) {
            code = ls_search_samples(search, block.samples, block.count, &err);
        }
    }
    if (code == LS_EOF && on) {
        code = ls_search_end(search, &err);
    }
    if (code != LS_OK && code != LS_EOF) {
        fprintf(stderr, "class_run: %s\n", err.text);
    }
    ls_search_destroy(search);
    ls_transmissions_destroy(rows);
    ls_source_destroy(source);
}

/* A line of sight and eight waves around it. */
struct fading {
    double hz[8], phase[8];
    double direct;
};

static double complex gain_at(const struct fading *fading, double t) {
    double complex sum = fading->direct;
    double wave = sqrt((1.0 - fading->direct * fading->direct) / 8.0);
    for (size_t k = 0; k < LS_COUNT(fading->hz); k++) {
        double angle = 2.0 * M_PI * fading->hz[k] * t + fading->phase[k];
        sum += wave * CMPLX(cos(angle), sin(angle));
    }
    return sum;
}

static void put_on_air(const struct planted *planted, float complex *x, size_t n, size_t at,
                       double offset_hz, double amplitude, struct ls_random *random,
                       uint64_t seed) {
    static float complex wave[4096];
    struct ls_err err;
    struct ls_waveform *waveform = NULL;
    struct ls_waveform_opts opts = {.id = planted->id,
                                    .rate_sps = planted->rate_sps,
                                    .duration_s = planted->duration_s,
                                    .seed = seed,
                                    .params = planted->params};
    struct fading fading = {.direct = sqrt(10.0 / 11.0)};
    double doppler_hz = 30.0 * ls_random_uniform(random);
    for (size_t k = 0; k < LS_COUNT(fading.hz); k++) {
        fading.hz[k] = doppler_hz * cos(2.0 * M_PI * ls_random_uniform(random));
        fading.phase[k] = 2.0 * M_PI * ls_random_uniform(random);
    }
    if (ls_waveform_create(&waveform, &opts, &err) != LS_OK) {
        fail(err.text);
    }
    for (size_t done = at; done < n; done += LS_COUNT(wave)) {
        size_t part = n - done < LS_COUNT(wave) ? n - done : LS_COUNT(wave);
        if (!ls_waveform_render(waveform, wave, part)) {
            continue;
        }
        double complex gain = amplitude * gain_at(&fading, (double)done / planted->rate_sps);
        for (size_t i = 0; i < part; i++) {
            double turns = offset_hz / planted->rate_sps * (double)(done + i);
            double angle = 2.0 * M_PI * (turns - floor(turns));
            x[done + i] +=
                (float complex)(gain * CMPLX(cos(angle), sin(angle)) * (double complex)wave[i]);
        }
    }
    ls_waveform_destroy(waveform);
}

static void print_row(const struct planted *planted, double snr_db, uint64_t seed, size_t i) {
    const struct ls_transmission *row = &found.rows[i];
    printf("%s %s %g %llu %s %.2f %s start=%.4f snr=%.1f bw=%.0f dur=%.5f bursts=%llu burst_s=%.6f "
           "period_s=%.6f parts=%u",
           planted->name, planted->class_name, snr_db, (unsigned long long)seed,
           row->class_name[0] != '\0' ? row->class_name : "-", row->class_score,
           row->class_rivals[0] != '\0' ? row->class_rivals : "-", (double)row->start_ns / 1e9,
           row->snr_db, row->bandwidth_hz, (double)row->duration_ns / 1e9,
           (unsigned long long)row->bursts, row->burst_s, row->period_s, found.features[i].parts);
    for (int f = 0; f < LS_FEATURE_COUNT; f++) {
        double value = ls_features_value(&found.features[i], (enum ls_feature)f);
        if (!isnan(value)) {
            printf(" %s=%.4g", ls_features_name((enum ls_feature)f), value);
        }
    }
    printf("\n");
}

static void run(const struct planted *planted, uint64_t number, double snr_db, uint64_t seed) {
    struct ls_err err;
    struct ls_random random;
    ls_random_init(&random, seed, number);
    struct ls_waveform_opts opts = {.id = planted->id,
                                    .duration_s = planted->duration_s,
                                    .seed = seed,
                                    .params = planted->params};
    struct ls_waveform_info info;
    if (ls_waveform_describe(&opts, &info, &err) != LS_OK) {
        fail(err.text);
    }
    double rate = planted->rate_sps;
    double lead_s = 0.2;
    size_t n = (size_t)((info.duration_s + 2.0 * lead_s) * rate);
    float complex *x = calloc(n, sizeof *x);
    if (x == NULL) {
        fail("out of memory");
    }
    const double noise = 1e-6;
    for (size_t i = 0; i < n; i++) {
        float real = (float)(sqrt(noise / 2.0) * ls_random_normal(&random));
        x[i] = CMPLXF(real, (float)(sqrt(noise / 2.0) * ls_random_normal(&random)));
    }
    double width = fmax(info.high_hz - info.low_hz, 500.0);
    double room = 0.45 * rate - 0.5 * width;
    double offset = (2.0 * ls_random_uniform(&random) - 1.0) * fmax(0.0, room);
    /* Off the tuned centre, which is masked. */
    double away = fmin(room, 0.5 * width + 0.05 * rate);
    offset = fabs(offset) < away ? copysign(away, offset) : offset;
    /* What is not in the middle of its channel still lies within the recording. */
    offset -= 0.5 * (info.low_hz + info.high_hz);
    double amplitude = sqrt(noise * width / rate * pow(10.0, snr_db / 10.0));
    put_on_air(planted, x, n, (size_t)(lead_s * rate), offset, amplitude, &random, seed);
    search_samples(x, n, rate);
    bool any = false;
    double middle = 868e6 + offset + 0.5 * (info.low_hz + info.high_hz);
    for (size_t i = 0; i < found.count; i++) {
        if (fabs(found.rows[i].center_hz - middle) <
            0.5 * width + 0.5 * found.rows[i].bandwidth_hz) {
            print_row(planted, snr_db, seed, i);
            any = true;
        }
    }
    if (!any) {
        printf("%s %s %g %llu - 0 -\n", planted->name, planted->class_name, snr_db,
               (unsigned long long)seed);
    }
    fflush(stdout);
    free(x);
}

int main(int argc, char **argv) {
    double snrs[SNRS_MAX];
    for (int i = 2; argc > 2 && strcmp(argv[1], "--recording") == 0 && i < argc; i++) {
        const struct planted recorded = {.name = argv[i], .class_name = "-"};
        search_recording(argv[i]);
        for (size_t k = 0; k < found.count; k++) {
            print_row(&recorded, 0.0, 0, k);
        }
        if (i + 1 == argc) {
            return 0;
        }
    }
    size_t snr_count = 0;
    bool open = argc > 1 && strcmp(argv[1], "--open") == 0;
    const struct planted *rows = open ? open_set : all;
    size_t row_count = open ? LS_COUNT(open_set) : LS_COUNT(all);
    argc -= open;
    argv += open;
    if (argc < 4) {
        fail("usage: class_run [--open] SEED TRIALS SNR_DB... [-- NAME...]");
    }
    uint64_t seed = strtoull(argv[1], NULL, 10);
    uint64_t trials = strtoull(argv[2], NULL, 10);
    int at = 3;
    while (at < argc && strcmp(argv[at], "--") != 0 && snr_count < SNRS_MAX) {
        snrs[snr_count++] = strtod(argv[at++], NULL);
    }
    for (size_t i = 0; i < row_count; i++) {
        bool wanted = at >= argc;
        for (int k = at + 1; k < argc; k++) {
            wanted = wanted || strcmp(argv[k], rows[i].name) == 0;
        }
        for (size_t s = 0; s < snr_count && wanted; s++) {
            for (uint64_t t = 0; t < trials; t++) {
                run(&rows[i], i, snrs[s], seed + t);
            }
        }
    }
    return 0;
}
