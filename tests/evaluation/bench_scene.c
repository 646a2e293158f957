#include "bench_scene.h"

#include <complex.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

const char *const bench_scene_names[BENCH_SCENES] = {"noise", "sparse", "dense"};

static const double TILE_SECONDS = 0.5;
static const double NOISE = 150.0; /* standard deviation of I and of Q, steps of the converter */

/* Knuth's 64-bit linear congruential generator, MMIX; uniform in [0, 1). */
static double uniform(uint64_t *state) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(*state >> 11) * 0x1p-53;
}

static void add_noise(float complex *tile, size_t count) {
    uint64_t state = 1;
    for (size_t n = 0; n < count; n++) {
        /* Box and Muller, 1958: both of the pair. */
        double radius = NOISE * sqrt(-2.0 * log(1.0 - uniform(&state)));
        double angle = 2.0 * M_PI * uniform(&state);
        tile[n] += (float complex)(radius * cexp((double complex)I * angle));
    }
}

/* A tone of a whole number of periods a tile, from sample first on. */
static void add_tone(float complex *tile, double rate_sps, double hz, double amplitude,
                     size_t first, size_t count) {
    double whole = round(hz * TILE_SECONDS) / TILE_SECONDS;
    double complex step = cexp((double complex)I * 2.0 * M_PI * whole / rate_sps);
    double complex at =
        amplitude * cexp((double complex)I * 2.0 * M_PI * whole / rate_sps * (double)first);
    for (size_t n = first; n < first + count; n++, at *= step) {
        tile[n] += (float complex)at;
    }
}

static void add_sparse(float complex *tile, double rate_sps, size_t count) {
    size_t burst = (size_t)(rate_sps * 1e-3);
    size_t every = (size_t)(rate_sps * 50e-3);
    add_tone(tile, rate_sps, 0.015 * rate_sps, 20.0, 0, count);
    for (size_t at = 0; at + burst <= count; at += every) {
        add_tone(tile, rate_sps, -0.24 * rate_sps, 200.0, at, burst);
    }
}

/* Two-level frequency shift keying, deviation and symbol rate such that its power fills width_hz.
 */
static void add_keyed(float complex *tile, double rate_sps, double hz, double width_hz,
                      double amplitude, size_t first, size_t count, uint64_t *state) {
    size_t symbol = (size_t)(rate_sps / (0.5 * width_hz));
    double complex steps[2];
    for (int s = 0; s < 2; s++) {
        double deviation = s == 0 ? -0.25 * width_hz : 0.25 * width_hz;
        steps[s] = cexp((double complex)I * 2.0 * M_PI * (hz + deviation) / rate_sps);
    }
    double complex at = amplitude;
    for (size_t n = 0; n < count;) {
        double complex step = steps[uniform(state) < 0.5];
        for (size_t k = 0; k < symbol && n < count; k++, n++, at *= step) {
            tile[first + n] += (float complex)at;
        }
    }
}

static void add_dense(float complex *tile, double rate_sps, size_t count) {
    enum { TRANSMITTERS = 40 };
    uint64_t state = 7;
    double width_hz = rate_sps / 80.0;
    double amplitude = NOISE * sqrt(2.0 * 30.0 / 80.0); /* 15 dB in its own band */
    for (int k = 0; k < TRANSMITTERS; k++) {
        double hz = rate_sps * (((double)k + 0.5) / TRANSMITTERS - 0.5);
        size_t at = (size_t)(10e-3 * rate_sps * uniform(&state));
        for (;;) {
            size_t on = (size_t)(rate_sps * (5e-3 + 20e-3 * uniform(&state)));
            if (at + on > count) {
                break;
            }
            add_keyed(tile, rate_sps, hz, width_hz, amplitude, at, on, &state);
            at += on + (size_t)((double)on * (0.4 / 0.6) * (0.5 + uniform(&state)));
        }
    }
}

static int16_t quantise(float v) { return (int16_t)lrintf(fmaxf(-32767.0F, fminf(32766.0F, v))); }

static bool write_tiles(FILE *file, const float complex *tile, size_t count, size_t tiles) {
    int16_t *samples = malloc(2 * count * sizeof *samples);
    bool good = samples != NULL;
    for (size_t n = 0; good && n < count; n++) {
        samples[2 * n] = quantise(crealf(tile[n]));
        samples[2 * n + 1] = quantise(cimagf(tile[n]));
    }
    for (size_t i = 0; good && i < tiles; i++) {
        good = fwrite(samples, 2 * sizeof *samples, count, file) == count;
    }
    free(samples);
    return good;
}

bool bench_scene_write(const char *path, enum bench_scene scene, double rate_sps, double seconds) {
    size_t count = (size_t)(rate_sps * TILE_SECONDS);
    size_t tiles = seconds > TILE_SECONDS ? (size_t)(seconds / TILE_SECONDS) : 1;
    float complex *tile = calloc(count, sizeof *tile);
    FILE *file = fopen(path, "wb");
    bool good = tile != NULL && file != NULL;
    if (good) {
        add_noise(tile, count);
        if (scene == BENCH_SPARSE) {
            add_sparse(tile, rate_sps, count);
        } else if (scene == BENCH_DENSE) {
            add_dense(tile, rate_sps, count);
        }
        good = write_tiles(file, tile, count, tiles);
    }
    free(tile);
    return file != NULL && fclose(file) == 0 && good;
}
