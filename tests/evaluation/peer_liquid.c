/* liquid-dsp's 2x oversampled bank over a recording, for tests/evaluation/peers.py: 1024 channels,
 * 8 taps a branch, complex results that go nowhere.
 *
 *   peer_liquid FILE SAMPLES     ci16, whole pushes of 512 samples */
#include <complex.h>
#include <liquid/liquid.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHANNELS = 1024, HALF_TAPS = 4, HOP = CHANNELS / 2 };

int main(int argc, char **argv) {
    FILE *file = argc == 3 ? fopen(argv[1], "rb") : NULL;
    if (file == NULL) {
        fprintf(stderr, "peer_liquid: give a recording that can be read and how many samples\n");
        return EXIT_FAILURE;
    }
    unsigned long long count = strtoull(argv[2], NULL, 10);
    firpfbch2_crcf bank = firpfbch2_crcf_create_kaiser(LIQUID_ANALYZER, CHANNELS, HALF_TAPS, 60.0F);
    static int16_t raw[2 * HOP];
    static float complex in[HOP];
    static float complex out[CHANNELS];
    for (unsigned long long done = 0; done + HOP <= count; done += HOP) {
        if (fread(raw, 2 * sizeof *raw, HOP, file) != HOP) {
            break;
        }
        for (size_t i = 0; i < HOP; i++) {
            in[i] = CMPLXF((float)raw[2 * i] / 32768.0F, (float)raw[2 * i + 1] / 32768.0F);
        }
        firpfbch2_crcf_execute(bank, in, out);
    }
    firpfbch2_crcf_destroy(bank);
    fclose(file);
    return EXIT_SUCCESS;
}
