/* threads: a recording analysed with four threads beside a fifth that hashes it, and stopped
 * halfway; a plain program, since Criterion does not run under the thread sanitizer. Prints what is
 * wrong and exits 1. */
#include <complex.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "survey/analyse.h"

enum { SAMPLES = 600000 };

/* Uniform in [-1, 1): Knuth's 64 bit linear congruential generator. */
static float next_noise(uint64_t *state) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (float)((double)(*state >> 32) / 2147483648.0 - 1.0);
}

/* Noise at -60 dBFS, and a tone that is on for half of every 16384 samples. */
static bool write_recording(int file) {
    float complex *x = malloc(SAMPLES * sizeof *x);
    uint64_t state = 1;
    for (size_t i = 0; x != NULL && i < SAMPLES; i++) {
        float re = next_noise(&state);
        double angle = 2.0 * M_PI * 0.2 * (double)i;
        float amplitude = i / 8192 % 2 != 0 ? 0.01F : 0.0F;
        x[i] = 1e-3F * CMPLXF(re, next_noise(&state)) +
               amplitude * CMPLXF((float)cos(angle), (float)sin(angle));
    }
    bool ok = x != NULL && write(file, x, SAMPLES * sizeof *x) == (ssize_t)(SAMPLES * sizeof *x);
    free(x);
    return ok;
}

static void stop_at_once(void *context, const struct ls_analyse_progress *now) {
    (void)now;
    atomic_store((atomic_int *)context, 1);
}

static bool check(const char *path) {
    struct ls_err err = {0};
    struct ls_analyse_result one;
    struct ls_analyse_result four;
    struct ls_analyse_opts opts = {
        .source = {
            .path = path, .format = LS_FORMAT_CF32_LE, .rate_sps = 250e3, .center_given = true}};
    opts.threads = 1;
    int code = ls_analyse(NULL, &opts, &one, &err);
    opts.threads = 4;
    code = code == LS_OK ? ls_analyse(NULL, &opts, &four, &err) : code;
    if (code != LS_OK) {
        fprintf(stderr, "analysis failed: %s\n", err.text);
        return false;
    }
    atomic_int stop = 0;
    opts.stop = &stop;
    opts.progress = stop_at_once;
    opts.progress_context = &stop;
    struct ls_analyse_result stopped;
    code = ls_analyse(NULL, &opts, &stopped, &err);
    bool same = one.transmissions == four.transmissions && one.bursts == four.bursts &&
                strcmp(one.run.input_sha512, four.run.input_sha512) == 0;
    if (!same || one.bursts < 30 || code != LS_ERR_STOPPED) {
        fprintf(stderr, "one thread: %zu bursts, four: %zu; stopped: code %d\n", one.bursts,
                four.bursts, code);
        return false;
    }
    return true;
}

int main(void) {
    char path[] = "/tmp/lineside-threads-XXXXXX";
    int file = mkstemp(path);
    if (file < 0 || !write_recording(file)) {
        fprintf(stderr, "cannot write '%s'\n", path);
        return 1;
    }
    close(file);
    bool ok = check(path);
    unlink(path);
    return ok ? 0 : 1;
}
