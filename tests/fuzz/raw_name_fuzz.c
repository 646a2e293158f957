/* Names of raw recordings: whatever is guessed is believable. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "hw/limits.h"
#include "hw/raw_name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char name[512];
    if (size >= sizeof name) {
        return 0;
    }
    memcpy(name, data, size);
    name[size] = '\0';
    struct ls_raw_name guess;
    ls_raw_name_guess(&guess, name);
    assert(guess.rate_sps == 0.0 || ls_limits_check_rate(guess.rate_sps, "", NULL) == LS_OK);
    assert(!guess.has_center || ls_limits_check_center(guess.center_hz, "", NULL) == LS_OK);
    return 0;
}
