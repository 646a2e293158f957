/* SigMF metadata beside a short data file. */
#include "recording.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t samples[4001]; /* odd: ends within a sample */
    if (samples[1] == 0) {
        for (size_t i = 0; i < sizeof samples; i++) {
            samples[i] = (uint8_t)(i * 37 + 1);
        }
        recording_file("r.sigmf-data", samples, sizeof samples);
    }
    recording_read(recording_file("r.sigmf-meta", data, size));
    return 0;
}
