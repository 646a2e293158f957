/* How fast a whole analysis is, from the file to committed rows, in multiples of the transforms it
 * cannot do without: the same FFTW, the same process, processor time of all threads. The recordings
 * are 20 MS/s ci16 that the program writes first (bench_scene.h). Each turn times both sides; rows
 * show medians. Provenance needs the SHA-512 of the input, which has a thread of its own and is
 * timed alone as well; "search" is all but that. Wanted: 2.5 and less for "search" of the sparse
 * scene, the dense one at most twice that.
 *
 *   analysis_bench                          the table
 *   analysis_bench write SCENE SECONDS FILE writes one recording of it, for profilers and peers */
#include <complex.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench_scene.h"
#include "dsp/fft.h"
#include "hw/source.h"
#include "store/store.h"
#include "survey/analyse.h"

enum { CHANNELS = 1024, TURNS = 5, BARE_FRAMES = 4096 };

static const double RATE = 20e6;
static const double SECONDS = 5.0;

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
    return cpu_seconds() - start;
}

struct transform {
    struct ls_fft *fft;
    float complex *in;
    float complex *out;
};

static void bench(const struct transform *bare_fft, enum bench_scene scene,
                  const struct ls_source_opts *source, const char *db, size_t threads) {
    double bare[TURNS];
    double hash[TURNS];
    double whole[TURNS];
    double wall[TURNS];
    double ratio[TURNS];
    double search[TURNS];
    for (size_t i = 0; i < TURNS; i++) {
        unlink(db);
        bare[i] = time_bare(bare_fft->fft, bare_fft->in, bare_fft->out);
        hash[i] = time_hash(source);
        whole[i] = time_analysis(source, db, threads, &wall[i]);
        ratio[i] = whole[i] / bare[i];
        search[i] = (whole[i] - hash[i]) / bare[i];
    }
    double samples = RATE * SECONDS * 1e-6;
    printf("%-7s %7zu %9.1f %9.1f %9.1f %9.1f %9.2f %9.2f\n", bench_scene_names[scene], threads,
           samples / median(whole, TURNS), samples / median(wall, TURNS),
           samples / median(bare, TURNS), samples / median(hash, TURNS), median(ratio, TURNS),
           median(search, TURNS));
    fflush(stdout);
}

static void bench_scenes(const char *folder) {
    char path[128];
    char db[128];
    snprintf(path, sizeof path, "%s/scene_878M_20M.cs16", folder);
    snprintf(db, sizeof db, "%s/bench.db", folder);
    struct transform bare = {.in = ls_fft_alloc(16 * CHANNELS), .out = ls_fft_alloc(CHANNELS)};
    struct ls_err err;
    if (bare.in == NULL || bare.out == NULL ||
        ls_fft_create(&bare.fft, &(struct ls_fft_opts){.length = CHANNELS}, &err) != LS_OK) {
        fail("no transform");
    }
    printf("whole analysis, file to committed rows, %.0f MS of ci16, %d channels, 8 taps; MS/s of "
           "processor time\n",
           RATE * SECONDS * 1e-6, CHANNELS);
    printf("scene   threads  analysis      wall  bare FFT   SHA-512    x bare    search\n");
    for (int scene = 0; scene < BENCH_SCENES; scene++) {
        if (!bench_scene_write(path, scene, RATE, SECONDS)) {
            fail("cannot write the recording");
        }
        struct ls_source_opts source = {.path = path};
        bench(&bare, scene, &source, db, 1);
        if (scene == BENCH_SPARSE) {
            bench(&bare, scene, &source, db, 2);
        }
    }
    ls_fft_destroy(bare.fft);
    free(bare.in);
    free(bare.out);
    unlink(path);
    unlink(db);
}

static int write_scene(char **argv) {
    for (int scene = 0; scene < BENCH_SCENES; scene++) {
        if (strcmp(argv[2], bench_scene_names[scene]) == 0) {
            if (!bench_scene_write(argv[4], scene, RATE, atof(argv[3]))) {
                fail("cannot write the recording");
            }
            return 0;
        }
    }
    fail("the scenes are noise, sparse and dense");
    return 1;
}

int main(int argc, char **argv) {
    if (argc == 5 && strcmp(argv[1], "write") == 0) {
        return write_scene(argv);
    }
    char folder[] = "/tmp/lineside-bench-XXXXXX";
    if (mkdtemp(folder) == NULL) {
        fail("cannot make a folder for the recording");
    }
    bench_scenes(folder);
    rmdir(folder);
    return 0;
}
