/* What each stage of an analysis costs, in units of the transforms that the bank cannot do without:
 * the same FFTW, the same process, processor time of one thread. Each line adds a stage to the one
 * before and shows the difference; every turn times all of them, and medians are shown. What is
 * done once a run, however long the recording, is told from the rest by a tenth of the recording;
 * the row after it leaves that out, as a long recording does. The last row holds two threads
 * against one, start-up left out: wall time of one over that of two, and processor time of two over
 * that of one.
 * Recordings are those of analysis_bench (bench_scene.h). */
#include <complex.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "bench_scene.h"
#include "dsp/channelizer.h"
#include "dsp/detector.h"
#include "dsp/fft.h"
#include "dsp/looks.h"
#include "dsp/prototype.h"
#include "survey/analyse.h"
#include "survey/cut.h"

enum { TURNS = 3, BARE_FRAMES = 4096, CHUNK_SAMPLES = 1 << 16, TAPS = 8, SAMPLE_BYTES = 4 };

static const double RATE = 20e6;
static const double SECONDS = 5.0;
static const double SHORT_SECONDS = 0.5;
static const double FALSE_ALARMS_PER_DAY = 10.0;
static const double FLOOR_ERROR = 0.02;
/* Of bench_scene.c: standard deviation of I and of Q over the range of the converter. */
static const double NOISE = 150.0 / 32768.0;

enum stage { BARE, READ, BANK, FIRST_PASS, SECOND_PASS, START, WHOLE, STAGES };

static const char *const stage_names[STAGES] = {
    [BARE] = "bare transforms",
    [READ] = "reading",
    [BANK] = "conversion, fold, transform, power",
    [FIRST_PASS] = "detector, streaming pass",
    [SECOND_PASS] = "detector, where something crossed",
    [START] = "once a run: limits, first floor",
    [WHOLE] = "long windows, spectra, features, rows",
};

struct tools {
    struct ls_cut cut;
    struct ls_channelizer *bank;
    struct ls_looks *looks;
    struct ls_detector *detector;
    float *floor_pow; /* [channels] */
    unsigned char *samples;
    struct ls_fft *fft;
    float complex *in;
    float complex *out;
    const char *path;
    const char *short_path;
    int file;
};

static double seconds_of(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double cpu_seconds(void) { return seconds_of(CLOCK_PROCESS_CPUTIME_ID); }

static int compare(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void fail(const char *text) {
    fprintf(stderr, "stage_bench: %s\n", text);
    exit(EXIT_FAILURE);
}

static void create_detector(struct tools *t) {
    struct ls_err err;
    size_t length;
    const float *h = ls_channelizer_prototype(t->bank, &length);
    size_t n = t->cut.channels;
    if (ls_looks_create(&t->looks, h, length, n, &err) != LS_OK) {
        fail(err.text);
    }
    struct ls_detector_opts opts = {.channels = n,
                                    .frames = t->cut.piece_frames,
                                    .first_channel = 1,
                                    .last_channel = n,
                                    .looks = t->looks,
                                    .false_alarms = t->cut.false_alarms,
                                    .floor_error = FLOOR_ERROR};
    if (ls_detector_create(&t->detector, &opts, &err) != LS_OK) {
        fail(err.text);
    }
    for (size_t c = 0; c < n; c++) {
        t->floor_pow[c] = (float)(2.0 * NOISE * NOISE * ls_prototype_energy(h, length));
    }
}

static void create_tools(struct tools *t) {
    struct ls_err err;
    struct ls_tuning tuning = {.rate_sps = RATE, .format = LS_FORMAT_CI16_LE};
    ls_cut_plan(&t->cut, &tuning, 0.0, TAPS, FALSE_ALARMS_PER_DAY, NULL);
    size_t n = t->cut.channels;
    t->samples = malloc(t->cut.piece_samples * SAMPLE_BYTES);
    t->floor_pow = calloc(n, sizeof *t->floor_pow);
    t->in = ls_fft_alloc(16 * n);
    t->out = ls_fft_alloc(n);
    if (t->samples == NULL || t->floor_pow == NULL || t->in == NULL || t->out == NULL) {
        fail("out of memory");
    }
    struct ls_channelizer_opts bank = {.channels = n, .taps = TAPS, .format = tuning.format};
    if (ls_fft_create(&t->fft, &(struct ls_fft_opts){.length = n}, &err) != LS_OK ||
        ls_channelizer_create(&t->bank, &bank, &err) != LS_OK) {
        fail(err.text);
    }
    create_detector(t);
}

static void destroy_tools(struct tools *t) {
    ls_detector_destroy(t->detector);
    ls_looks_destroy(t->looks);
    ls_channelizer_destroy(t->bank);
    ls_fft_destroy(t->fft);
    free(t->samples);
    free(t->floor_pow);
    free(t->in);
    free(t->out);
}

static void drop_row(void *context, const float *power_sum) {
    float *kept = context;
    *kept += power_sum[0];
}

static void push_row(void *context, const float *power_sum) {
    ls_detector_push(context, power_sum);
}

/* A piece as survey/searcher.c takes it, up to a stage. */
static void run_piece(struct tools *t, size_t piece, enum stage stage) {
    float kept = 0.0F;
    const struct ls_channelizer_pairs drop = {.pair = drop_row, .context = &kept};
    const struct ls_channelizer_pairs push = {.pair = push_row, .context = t->detector};
    size_t hop = t->cut.hop;
    size_t step = CHUNK_SAMPLES / hop;
    size_t have = 0;
    off_t at = (off_t)(piece * t->cut.piece_frames * hop * SAMPLE_BYTES);
    ls_detector_begin(t->detector, t->floor_pow);
    for (size_t done = 0; done < t->cut.piece_frames; done += step) {
        size_t end = ((done + step - 1) * hop + 2 * t->cut.half) * SAMPLE_BYTES;
        if (pread(t->file, t->samples + have, end - have, at + (off_t)have) < 0) {
            fail("cannot read the recording");
        }
        have = end;
        if (stage >= BANK) {
            struct ls_convert_stats stats = {0};
            ls_channelizer_pairs(t->bank, t->samples + done * hop * SAMPLE_BYTES, step,
                                 stage >= FIRST_PASS ? &push : &drop, &stats);
        }
    }
    if (stage >= SECOND_PASS) {
        struct ls_detection found;
        ls_detector_finish(t->detector, false, &found);
    }
}

/* Two frames for each sample of a channel, out of place in L1. */
static double time_bare(struct tools *t) {
    size_t n = t->cut.channels;
    double start = cpu_seconds();
    for (size_t i = 0; i < BARE_FRAMES; i++) {
        ls_fft_execute(t->fft, t->in + (i % 16) * n, t->out);
    }
    return (cpu_seconds() - start) / BARE_FRAMES * 2.0 * RATE * SECONDS / (double)n;
}

struct taken {
    double cpu;
    double wall;
};

static struct taken time_whole(const char *path, size_t threads) {
    struct ls_analyse_opts opts = {.source = {.path = path}, .threads = threads, .skip_hash = true};
    struct ls_analyse_result result;
    struct ls_err err;
    struct taken start = {.cpu = cpu_seconds(), .wall = seconds_of(CLOCK_MONOTONIC)};
    if (ls_analyse(NULL, &opts, &result, &err) != LS_OK) {
        fail(err.text);
    }
    return (struct taken){.cpu = cpu_seconds() - start.cpu,
                          .wall = seconds_of(CLOCK_MONOTONIC) - start.wall};
}

/* Start-up left out. */
static struct taken time_rest(const struct tools *t, size_t threads) {
    struct taken whole = time_whole(t->path, threads);
    struct taken part = time_whole(t->short_path, threads);
    return (struct taken){.cpu = whole.cpu - part.cpu, .wall = whole.wall - part.wall};
}

static double time_stage(struct tools *t, enum stage stage) {
    if (stage == BARE) {
        return time_bare(t);
    }
    if (stage == START || stage == WHOLE) {
        return time_whole(stage == START ? t->short_path : t->path, 1).cpu;
    }
    size_t samples = t->cut.piece_frames * t->cut.hop;
    size_t pieces = (size_t)(RATE * SECONDS) / samples - 1;
    double start = cpu_seconds();
    for (size_t i = 0; i < pieces; i++) {
        run_piece(t, i, stage);
    }
    return (cpu_seconds() - start) * RATE * SECONDS / (double)(pieces * samples);
}

static double median(double values[TURNS]) {
    qsort(values, TURNS, sizeof *values, compare);
    return values[TURNS / 2];
}

static void print_row(const char *scene, const char *stage, double alone, double sum) {
    printf("%-7s %-42s %6.2f %6.2f\n", scene, stage, alone, sum);
}

static void bench_threads(const struct tools *t, const char *name) {
    double wall[TURNS];
    double cpu[TURNS];
    for (size_t turn = 0; turn < TURNS; turn++) {
        struct taken one = time_rest(t, 1);
        struct taken two = time_rest(t, 2);
        wall[turn] = one.wall / two.wall;
        cpu[turn] = two.cpu / one.cpu;
    }
    print_row(name, "two threads: times as fast, processor time", median(wall), median(cpu));
    fflush(stdout);
}

static void bench(struct tools *t, const char *name) {
    double ratio[STAGES][TURNS];
    for (size_t turn = 0; turn < TURNS; turn++) {
        ratio[BARE][turn] = 1.0;
        for (enum stage stage = READ; stage < STAGES; stage++) {
            double bare = time_stage(t, BARE);
            ratio[stage][turn] = time_stage(t, stage) / bare;
        }
        double more = ratio[WHOLE][turn] - ratio[START][turn];
        double start = ratio[START][turn] - more / (SECONDS / SHORT_SECONDS - 1.0);
        ratio[START][turn] = ratio[SECOND_PASS][turn] + start;
    }
    double before = 0.0;
    double start = 0.0;
    for (enum stage stage = BARE; stage < STAGES; stage++) {
        double sum = median(ratio[stage]);
        print_row(name, stage_names[stage], stage == BARE ? sum : sum - before, sum);
        start = stage == START ? sum - before : start;
        before = stage == BARE ? 0.0 : sum;
    }
    print_row(name, "a long recording: without what is once", -start, before - start);
    bench_threads(t, name);
}

int main(void) {
    char folder[] = "/tmp/lineside-stages-XXXXXX";
    char path[128];
    if (mkdtemp(folder) == NULL) {
        fail("cannot make a folder for the recording");
    }
    snprintf(path, sizeof path, "%s/scene_878M_20M.cs16", folder);
    char short_path[128];
    snprintf(short_path, sizeof short_path, "%s/short_878M_20M.cs16", folder);
    struct tools tools = {.path = path, .short_path = short_path};
    create_tools(&tools);
    printf("%.0f MS of ci16 at 20 MS/s, %zu channels, %d taps, one thread; units of the bare "
           "transforms\nscene   stage                                       alone so far\n",
           RATE * SECONDS * 1e-6, tools.cut.channels, TAPS);
    for (int scene = 0; scene < BENCH_SCENES; scene++) {
        if (!bench_scene_write(path, scene, RATE, SECONDS) ||
            !bench_scene_write(short_path, scene, RATE, SHORT_SECONDS)) {
            fail("cannot write the recording");
        }
        tools.file = open(path, O_RDONLY | O_CLOEXEC);
        if (tools.file < 0) {
            fail("cannot open the recording");
        }
        bench(&tools, bench_scene_names[scene]);
        close(tools.file);
    }
    destroy_tools(&tools);
    unlink(path);
    unlink(short_path);
    rmdir(folder);
    return 0;
}
