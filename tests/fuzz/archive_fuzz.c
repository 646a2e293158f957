/* SigMF archives (tar) as they come. */
#include "recording.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    recording_read(recording_file("r.sigmf", data, size));
    return 0;
}
