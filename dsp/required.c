#include "dsp/required.h"

#include <string.h>

#include "dsp/fit.h"

void ls_required_init(struct ls_required *required, const struct ls_limits *limits) {
    memset(required, 0, sizeof *required);
    required->limits = limits;
}

/* Fibonacci hashing: Knuth, "The Art of Computer Programming", vol. 3, 1998, section 6.4. */
static size_t place_of(size_t rows, size_t channels) {
    uint32_t key = (uint32_t)(rows << 16 | channels) * UINT32_C(2654435769);
    return key >> 20;
}

_Static_assert(LS_REQUIRED_KEPT == 1 << (32 - 20), "a place for each hash");

float ls_required_evidence(struct ls_required *required, size_t rows, size_t channels) {
    size_t i = place_of(rows, channels);
    if (required->kept[i].rows != rows || required->kept[i].channels != channels) {
        required->kept[i].rows = (uint32_t)rows;
        required->kept[i].channels = (uint32_t)channels;
        required->kept[i].evidence =
            ls_fit_evidence(ls_limits_excess(required->limits, rows, channels));
    }
    return required->kept[i].evidence;
}
