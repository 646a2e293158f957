/* How fast a whole analysis is, from the file to committed rows, in multiples of the transforms it
 * cannot do without: the same FFTW, the same process, processor time of all threads. The recording
 * is a sparse scene of 20 MS/s ci16 that the program writes first: noise, a carrier, and a burst of
 * 1 ms every 50 ms. Each turn times both sides; the row shows medians. Provenance needs the SHA-512
 * of the input, which is timed on its own as well. */
#include <complex.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "dsp/fft.h"
#include "hw/source.h"
#include "store/store.h"
#include "survey/analyse.h"

enum { CHANNELS = 1024, TURNS = 5, BARE_FRAMES = 4096 };

static const double RATE = 20e6;
static const double SECONDS = 3.0;

static double cpu_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double wall_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t count) {
    qsort(values, count, sizeof *values, compare);
    return values[count / 2];
}

static void fail(const char *text) {
    fprintf(stderr, "analysis_bench: %s\n", text);
    exit(EXIT_FAILURE);
}

/* Sum of four uniforms: near enough to a Gaussian for a bench. */
static double noise(uint64_t *state) {
    double sum = -2.0;
    for (int i = 0; i < 4; i++) {
        *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        sum += (double)(*state >> 40) / 16777216.0;
    }
    return sum * 300.0;
}

static void write_recording(const char *path) {
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        fail("cannot write the recording");
    }
    uint64_t state = 1;
    size_t count = (size_t)(RATE * SECONDS);
    size_t burst = (size_t)(RATE * 1e-3);
    size_t every = (size_t)(RATE * 50e-3);
    for (size_t n = 0; n < count; n++) {
        double t = (double)n / RATE;
        double carrier = 20.0;
        double bursts = n % every < burst ? 200.0 : 0.0;
        double re = carrier * cos(2e6 * t) + bursts * cos(-3e7 * t);
        double im = carrier * sin(2e6 * t) + bursts * sin(-3e7 * t);
        int16_t sample[2] = {(int16_t)lrint(re + noise(&state)),
                             (int16_t)lrint(im + noise(&state))};
        if (fwrite(sample, sizeof sample, 1, file) != 1) {
            fail("cannot write the recording");
        }
    }
    if (fclose(file) != 0) {
        fail("cannot write the recording");
    }
}

/* Two frames for each CHANNELS samples, out of place in L1. */
static double time_bare(struct ls_fft *fft, const float complex *in, float complex *out) {
    double start = cpu_seconds();
    for (size_t i = 0; i < BARE_FRAMES; i++) {
        ls_fft_execute(fft, in + (i % 16) * CHANNELS, out);
    }
    return (cpu_seconds() - start) / BARE_FRAMES * 2.0 * RATE * SECONDS / CHANNELS;
}

static double time_hash(const struct ls_source_opts *opts) {
    struct ls_source *source;
    struct ls_err err;
    char hex[129];
    if (ls_source_open(&source, opts, &err) != LS_OK) {
        fail(err.text);
    }
    double start = cpu_seconds();
    if (ls_source_hash(source, NULL, hex, &err) != LS_OK) {
        fail(err.text);
    }
    double took = cpu_seconds() - start;
    ls_source_destroy(source);
    return took;
}

static double time_analysis(const struct ls_source_opts *source, const char *db, size_t threads,
                            double *wall) {
    struct ls_store *store;
    struct ls_err err;
    struct ls_analyse_result result;
    struct ls_analyse_opts opts = {.source = *source, .threads = threads};
    double start_wall = wall_seconds();
    double start = cpu_seconds();
    if (ls_store_open(&store, db, LS_STORE_WRITE, &err) != LS_OK ||
        ls_analyse(store, &opts, &result, &err) != LS_OK) {
        fail(err.text);
    }
    ls_store_close(store);
    *wall = wall_seconds() - start_wall;
    if (result.transmissions == 0) {
        fail("nothing was found in a scene with bursts");
    }
    return cpu_seconds() - start;
}

static void bench(const struct ls_source_opts *source, const char *db, size_t threads) {
    struct ls_fft *fft;
    struct ls_err err;
    if (ls_fft_create(&fft, &(struct ls_fft_opts){.length = CHANNELS}, &err) != LS_OK) {
        fail(err.text);
    }
    float complex *in = ls_fft_alloc(16 * CHANNELS);
    float complex *out = ls_fft_alloc(CHANNELS);
    double bare[TURNS];
    double hash[TURNS];
    double whole[TURNS];
    double wall[TURNS];
    double ratio[TURNS];
    double search[TURNS];
    for (size_t i = 0; i < TURNS; i++) {
        bare[i] = time_bare(fft, in, out);
        hash[i] = time_hash(source);
        whole[i] = time_analysis(source, db, threads, &wall[i]);
        ratio[i] = whole[i] / bare[i];
        search[i] = (whole[i] - hash[i]) / bare[i];
    }
    double samples = RATE * SECONDS * 1e-6;
    printf("%7zu %9.1f %9.1f %9.1f %9.1f %12.2f %15.2f\n", threads, samples / median(whole, TURNS),
           samples / median(wall, TURNS), samples / median(bare, TURNS),
           samples / median(hash, TURNS), median(ratio, TURNS), median(search, TURNS));
    free(in);
    free(out);
    ls_fft_destroy(fft);
}

int main(void) {
    char folder[] = "/tmp/lineside-bench-XXXXXX";
    if (mkdtemp(folder) == NULL) {
        fail("cannot make a folder for the recording");
    }
    char path[128];
    char db[128];
    snprintf(path, sizeof path, "%s/scene_878M_20M.cs16", folder);
    snprintf(db, sizeof db, "%s/bench.db", folder);
    write_recording(path);
    struct ls_source_opts source = {.path = path};
    printf("whole analysis, file to committed rows, %.0f MS of ci16, %d channels, 8 taps; MS/s of "
           "processor time\n",
           RATE * SECONDS * 1e-6, CHANNELS);
    printf("threads analysis      wall  bare FFT   SHA-512  x bare, all  x bare, no hash\n");
    bench(&source, db, 1);
    bench(&source, db, 2);
    unlink(path);
    unlink(db);
    rmdir(folder);
    return 0;
}
