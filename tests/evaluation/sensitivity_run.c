/* One long recording made and searched on the fly, for tests/evaluation/sensitivity.py: white
 * Gaussian noise with bursts planted in it; prints the boxes found.
 *
 * Standard input: one line "rate_sps seconds seed false_alarms_per_day", then one line for each
 * burst: "start_s duration_s low_hz high_hz snr_db kind". SNR is in the band [low_hz, high_hz)
 * about the tuned centre. kind: gauss (flat Gaussian noise in the band), carrier (a line in its
 * middle, of the power that the SNR gives in the band), or a waveform of the simulator as ID or
 * ID/MODE, about the middle of the band. Standard output: "start_s duration_s low_hz high_hz" for
 * each box, in the order in which they ended. */
#include <complex.h>
#include <fftw3.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "simulate/random.h"
#include "simulate/waveform.h"
#include "survey/search.h"

enum { BLOCK = 1 << 16, LINE_BYTES = 256, KIND_BYTES = 64 };

static const double NOISE_POW = 1e-6;

struct setup {
    double rate_sps;
    double seconds;
    unsigned long long seed;
    double false_alarms_per_day;
};

/* Flat Gaussian noise in a band: frames of Gaussian bins under half-overlapping sine windows, whose
 * squares add up to 1, so it is stationary. */
struct band {
    size_t length;
    float complex *bins;
    float complex *frame;
    float complex *overlap; /* [length / 2] from the frame before */
    float complex *ready;   /* [length / 2] */
    float *rise;            /* [length]: the window */
    size_t at;              /* of ready */
    fftwf_plan plan;
};

struct burst {
    double low_hz;
    double high_hz;
    float amplitude;
    uint64_t start;
    uint64_t stop;
    char kind[KIND_BYTES];
    struct ls_random random;
    struct band band;
    struct ls_waveform *waveform;
};

static void fail(const char *what) {
    fprintf(stderr, "sensitivity_run: %s\n", what);
    exit(1);
}

static void *make(size_t count, size_t size) {
    void *memory = fftwf_malloc(count * size);
    if (memory == NULL) {
        fail("out of memory");
    }
    memset(memory, 0, count * size);
    return memory;
}

static void next_frame(struct burst *burst, double rate_sps) {
    struct band *band = &burst->band;
    size_t half = band->length / 2;
    memset(band->bins, 0, band->length * sizeof *band->bins);
    double spacing = rate_sps / (double)band->length;
    long first = lround(burst->low_hz / spacing);
    long stop = lround(burst->high_hz / spacing);
    double sigma = sqrt(0.5 / (double)(stop - first));
    for (long k = first; k < stop; k++) {
        size_t i = (size_t)(k < 0 ? k + (long)band->length : k);
        float real = (float)(sigma * ls_random_normal(&burst->random));
        band->bins[i] = CMPLXF(real, (float)(sigma * ls_random_normal(&burst->random)));
    }
    fftwf_execute(band->plan);
    for (size_t i = 0; i < half; i++) {
        band->ready[i] = band->overlap[i] + band->rise[i] * band->frame[i];
        band->overlap[i] = band->rise[half + i] * band->frame[half + i];
    }
    band->at = 0;
}

static void start_band(struct burst *burst, double rate_sps) {
    struct band *band = &burst->band;
    /* Edges to a sixteenth of the band. */
    band->length = 64;
    while ((double)band->length < 16.0 * rate_sps / (burst->high_hz - burst->low_hz)) {
        band->length *= 2;
    }
    band->bins = make(band->length, sizeof *band->bins);
    band->frame = make(band->length, sizeof *band->frame);
    band->overlap = make(band->length / 2, sizeof *band->overlap);
    band->ready = make(band->length / 2, sizeof *band->ready);
    band->rise = make(band->length, sizeof *band->rise);
    for (size_t i = 0; i < band->length; i++) {
        band->rise[i] = (float)sin(M_PI * ((double)i + 0.5) / (double)band->length);
    }
    band->plan =
        fftwf_plan_dft_1d((int)band->length, band->bins, band->frame, FFTW_BACKWARD, FFTW_ESTIMATE);
    next_frame(burst, rate_sps);
    next_frame(burst, rate_sps);
}

static void finish_band(struct band *band) {
    fftwf_destroy_plan(band->plan);
    fftwf_free(band->bins);
    fftwf_free(band->frame);
    fftwf_free(band->overlap);
    fftwf_free(band->ready);
    fftwf_free(band->rise);
}

static void add_band(struct burst *burst, float complex *x, size_t n, double rate_sps) {
    struct band *band = &burst->band;
    for (size_t i = 0; i < n; i++) {
        if (band->at == band->length / 2) {
            next_frame(burst, rate_sps);
        }
        x[i] += burst->amplitude * band->ready[band->at++];
    }
}

/* Shift by the middle of the band; phase from the sample's position, so that blocks join. */
static void add_turning(const struct burst *burst, float complex *x, const float complex *wave,
                        uint64_t position, size_t n, double rate_sps) {
    double cycles = 0.5 * (burst->low_hz + burst->high_hz) / rate_sps;
    double begin = 2.0 * M_PI * fmod(cycles * (double)position, 1.0);
    double complex turn = CMPLX(cos(2.0 * M_PI * cycles), sin(2.0 * M_PI * cycles));
    double complex phase = CMPLX(cos(begin), sin(begin));
    for (size_t i = 0; i < n; i++) {
        x[i] += burst->amplitude * (float complex)phase * (wave != NULL ? wave[i] : 1.0F);
        phase *= turn;
    }
}

static void start_waveform(struct burst *burst, const struct setup *setup, uint64_t seed) {
    char id[KIND_BYTES];
    memcpy(id, burst->kind, sizeof id);
    char *mode = strchr(id, '/');
    if (mode != NULL) {
        *mode++ = '\0';
    }
    struct ls_waveform_opts opts = {.id = id,
                                    .rate_sps = setup->rate_sps,
                                    .duration_s =
                                        (double)(burst->stop - burst->start) / setup->rate_sps,
                                    .seed = seed,
                                    .params = {.mode = mode}};
    struct ls_err err;
    if (ls_waveform_create(&burst->waveform, &opts, &err) != LS_OK) {
        fail(err.text);
    }
}

static void add_burst(struct burst *burst, const struct setup *setup, float complex *block,
                      uint64_t position, size_t n, uint64_t seed) {
    static float complex wave[BLOCK];
    if (burst->start >= position + n || burst->stop <= position) {
        return;
    }
    uint64_t from = burst->start > position ? burst->start : position;
    uint64_t to = burst->stop < position + n ? burst->stop : position + n;
    float complex *x = block + (from - position);
    size_t count = (size_t)(to - from);
    bool starts = burst->start >= position;
    if (strcmp(burst->kind, "carrier") == 0) {
        add_turning(burst, x, NULL, from, count, setup->rate_sps);
    } else if (strcmp(burst->kind, "gauss") == 0) {
        if (starts) {
            ls_random_init(&burst->random, setup->seed, seed);
            start_band(burst, setup->rate_sps);
        }
        add_band(burst, x, count, setup->rate_sps);
        if (to == burst->stop) {
            finish_band(&burst->band);
        }
    } else {
        if (starts) {
            start_waveform(burst, setup, seed);
        }
        if (ls_waveform_render(burst->waveform, wave, count)) {
            add_turning(burst, x, wave, from, count, setup->rate_sps);
        }
        if (to == burst->stop) {
            ls_waveform_destroy(burst->waveform);
        }
    }
}

static struct burst *read_bursts(const struct setup *setup, size_t *ret_count) {
    struct burst *bursts = NULL;
    size_t room = 0;
    size_t count = 0;
    char line[LINE_BYTES];
    while (fgets(line, sizeof line, stdin) != NULL) {
        struct burst burst = {0};
        double start_s;
        double duration_s;
        double snr_db;
        if (sscanf(line, "%lf %lf %lf %lf %lf %63s", &start_s, &duration_s, &burst.low_hz,
                   &burst.high_hz, &snr_db, burst.kind) != 6 ||
            ls_grow((void **)&bursts, &room, count, sizeof *bursts) != LS_OK) {
            fail("a line that is no burst");
        }
        double share = (burst.high_hz - burst.low_hz) / setup->rate_sps;
        burst.amplitude = (float)sqrt(NOISE_POW * share * exp10(snr_db / 10.0));
        burst.start = (uint64_t)llround(start_s * setup->rate_sps);
        burst.stop = burst.start + (uint64_t)llround(duration_s * setup->rate_sps);
        bursts[count++] = burst;
    }
    *ret_count = count;
    return bursts;
}

static double hang(const void *context, double hz) {
    (void)context;
    (void)hz;
    return 1e-3;
}

static int row_done(void *context, const struct ls_transmission *row, struct ls_err *err) {
    (void)context;
    (void)row;
    (void)err;
    return LS_OK;
}

static int burst_done(void *context, const struct ls_burst *burst, int64_t number,
                      struct ls_err *err) {
    (void)context;
    (void)number;
    (void)err;
    printf("%.7f %.7f %.1f %.1f\n", (double)burst->start_ns / 1e9, (double)burst->duration_ns / 1e9,
           burst->center_hz - burst->bandwidth_hz / 2.0,
           burst->center_hz + burst->bandwidth_hz / 2.0);
    return LS_OK;
}

static int run(const struct setup *setup, struct burst *bursts, size_t count, struct ls_err *err) {
    struct ls_transmissions *rows = NULL;
    struct ls_transmissions_opts row_opts = {.hang_s = hang, .done = row_done, .burst = burst_done};
    struct ls_search *search = NULL;
    struct ls_tuning tuning = {.rate_sps = setup->rate_sps, .format = LS_FORMAT_CF32_LE};
    int code = ls_transmissions_create(&rows, &row_opts, err);
    struct ls_search_opts opts = {
        .threads = 1, .false_alarms_per_day = setup->false_alarms_per_day, .transmissions = rows};
    code = code == LS_OK ? ls_search_create(&search, &opts, err) : code;
    code = code == LS_OK ? ls_search_begin(search, &tuning, 0, err) : code;
    static float complex block[BLOCK];
    struct ls_random noise;
    ls_random_init(&noise, setup->seed, 0);
    uint64_t total = (uint64_t)(setup->seconds * setup->rate_sps);
    for (uint64_t at = 0; at < total && code == LS_OK; at += BLOCK) {
        size_t n = total - at < BLOCK ? (size_t)(total - at) : BLOCK;
        memset(block, 0, n * sizeof *block);
        ls_random_add_noise(&noise, block, n, NOISE_POW);
        for (size_t i = 0; i < count; i++) {
            add_burst(&bursts[i], setup, block, at, n, i + 1);
        }
        code = ls_search_samples(search, block, n, err);
    }
    code = code == LS_OK ? ls_search_end(search, err) : code;
    ls_search_destroy(search);
    ls_transmissions_destroy(rows);
    return code;
}

int main(void) {
    struct setup setup;
    char line[LINE_BYTES];
    if (fgets(line, sizeof line, stdin) == NULL ||
        sscanf(line, "%lf %lf %llu %lf", &setup.rate_sps, &setup.seconds, &setup.seed,
               &setup.false_alarms_per_day) != 4) {
        fail("the first line must be: rate_sps seconds seed false_alarms_per_day");
    }
    size_t count;
    struct burst *bursts = read_bursts(&setup, &count);
    struct ls_err err;
    if (run(&setup, bursts, count, &err) != LS_OK) {
        fail(err.text);
    }
    free(bursts);
    return fflush(stdout) == 0 ? 0 : 1;
}
