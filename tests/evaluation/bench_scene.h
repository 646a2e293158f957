/* Recordings for the benchmarks: ci16 at a rate, one tile of half a second over and over, in which
 * every frequency and every burst repeats without a seam. */
#ifndef EVALUATION_BENCH_SCENE_H
#define EVALUATION_BENCH_SCENE_H

#include <stdbool.h>

enum bench_scene {
    BENCH_NOISE,  /* Gaussian noise alone */
    BENCH_SPARSE, /* a carrier, and a burst of 1 ms every 50 ms */
    BENCH_DENSE,  /* 40 transmitters of 250 kHz over 20 MHz that are on for 60 % of the time, in
                     bursts of 5 to 25 ms, 15 dB over the noise: 30 % of the cells */
    BENCH_SCENES
};

extern const char *const bench_scene_names[BENCH_SCENES];

/* Returns false when the file cannot be written. seconds: whole tiles are written, one at least. */
bool bench_scene_write(const char *path, enum bench_scene scene, double rate_sps, double seconds);

#endif
