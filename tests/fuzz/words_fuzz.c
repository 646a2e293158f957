/* The words people write on the command line and in files: frequencies, durations, counts, times.
 * What is refused carries a line of text; what is taken is finite and reads the same once written.
 */
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/time.h"
#include "base/units.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_time(const char *text) {
    struct ls_err err;
    int64_t ns;
    if (ls_time_parse(text, &ns, &err) != LS_OK) {
        assert(err.text[0] != '\0');
        return;
    }
    char written[LS_TIME_TEXT_BYTES];
    int64_t again;
    ls_time_format(ns, written);
    assert(ls_time_parse(written, &again, &err) == LS_OK && again == ns);
}

static void try_numbers(const char *text) {
    struct ls_err err;
    double low;
    double high;
    size_t count;
    if (ls_hz_parse(text, "frequency", &low, &err) == LS_OK) {
        assert(isfinite(low));
    }
    if (ls_hz_range_parse(text, &low, &high, &err) == LS_OK) {
        assert(low <= high);
    }
    if (ls_seconds_parse(text, "duration", &low, &err) == LS_OK) {
        assert(isfinite(low));
    }
    if (ls_count_parse(text, "count", 1, 64, &count, &err) == LS_OK) {
        assert(count >= 1 && count <= 64);
    } else {
        assert(err.code == LS_ERR_ARG);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char text[256];
    if (size >= sizeof text) {
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    try_time(text);
    try_numbers(text);
    return 0;
}
