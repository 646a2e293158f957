/* Our own bank over a recording, beside peer_liquid.c for tests/evaluation/peers.py: 1024 channels,
 * 8 taps a branch, twice oversampled. Reading is part of it, as there; complex results come in a
 * few frames at a time and go nowhere, and so do their powers, which liquid's bank does not give.
 *
 *   peer_bank FILE SAMPLES     ci16 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/channelizer.h"

enum { CHANNELS = 1024, TAPS = 8, HOP = CHANNELS / 2, FRAMES = 128, SAMPLE_BYTES = 4 };

struct seen {
    float power;
    float complex bin;
};

static void see_frame(void *context, const float complex *bins) {
    struct seen *seen = context;
    seen->bin += bins[1];
}

static void see_pair(void *context, const float *power_sum) {
    struct seen *seen = context;
    seen->power += power_sum[1];
}

int main(int argc, char **argv) {
    FILE *file = argc == 3 ? fopen(argv[1], "rb") : NULL;
    struct ls_channelizer *bank = NULL;
    struct ls_err err;
    const struct ls_channelizer_opts opts = {
        .channels = CHANNELS, .taps = TAPS, .format = LS_FORMAT_CI16_LE};
    if (file == NULL) {
        fprintf(stderr, "peer_bank: give a recording that can be read and how many samples\n");
        return EXIT_FAILURE;
    }
    if (ls_channelizer_create(&bank, &opts, &err) != LS_OK) {
        fprintf(stderr, "peer_bank: %s\n", err.text);
        return EXIT_FAILURE;
    }
    setvbuf(file, NULL, _IONBF, 0); /* as long as what is read at once */
    unsigned long long count = strtoull(argv[2], NULL, 10);
    size_t kept = ls_channelizer_span(bank, FRAMES) - (size_t)FRAMES * HOP;
    unsigned char *samples = calloc(kept + (size_t)FRAMES * HOP, SAMPLE_BYTES);
    struct seen seen = {0};
    const struct ls_channelizer_pairs to = {.pair = see_pair, .frame = see_frame, .context = &seen};
    for (unsigned long long done = 0; samples != NULL && done + FRAMES * HOP <= count;
         done += FRAMES * HOP) {
        memmove(samples, samples + (size_t)FRAMES * HOP * SAMPLE_BYTES, kept * SAMPLE_BYTES);
        if (fread(samples + kept * SAMPLE_BYTES, SAMPLE_BYTES, FRAMES * HOP, file) !=
            FRAMES * HOP) {
            break;
        }
        ls_channelizer_pairs(bank, samples, FRAMES, &to, NULL);
    }
    int code = samples != NULL ? EXIT_SUCCESS : EXIT_FAILURE;
    free(samples);
    ls_channelizer_destroy(bank);
    fclose(file);
    return code;
}
