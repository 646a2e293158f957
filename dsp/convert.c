#include "dsp/convert.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "dsp/kernels.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "samples are read in place");

/* Counts that fit a lane: the compiler makes vectors of these loops. */
enum { CHUNK_8 = UINT8_MAX, CHUNK_16 = UINT16_MAX };

static uint8_t count_chunk_8(const uint8_t *in, size_t n, uint8_t low, uint8_t high) {
    uint8_t count = 0;
    for (size_t i = 0; i < n; i++) {
        count += (in[2 * i] == low) | (in[2 * i] == high) | (in[2 * i + 1] == low) |
                 (in[2 * i + 1] == high);
    }
    return count;
}

static uint16_t count_chunk_16(const int16_t *in, size_t n) {
    uint16_t count = 0;
    for (size_t i = 0; i < n; i++) {
        count += (in[2 * i] == INT16_MIN) | (in[2 * i] == INT16_MAX) |
                 (in[2 * i + 1] == INT16_MIN) | (in[2 * i + 1] == INT16_MAX);
    }
    return count;
}

static size_t count_clipped_8(const uint8_t *in, size_t n, uint8_t low, uint8_t high) {
    size_t count = 0;
    for (size_t i = 0; i < n; i += CHUNK_8) {
        count += count_chunk_8(in + 2 * i, n - i < CHUNK_8 ? n - i : CHUNK_8, low, high);
    }
    return count;
}

static size_t count_clipped_16(const int16_t *in, size_t n) {
    size_t count = 0;
    for (size_t i = 0; i < n; i += CHUNK_16) {
        count += count_chunk_16(in + 2 * i, n - i < CHUNK_16 ? n - i : CHUNK_16);
    }
    return count;
}

static bool usable(float v) { return v <= LS_CONVERT_LARGEST && v >= -LS_CONVERT_LARGEST; }

static bool invalid(float complex x) { return !usable(crealf(x)) || !usable(cimagf(x)); }

static size_t count_invalid(const char *in, size_t n) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        float complex x;
        memcpy(&x, in + i * sizeof x, sizeof x);
        count += invalid(x);
    }
    return count;
}

void ls_convert_count(enum ls_format format, const void *in, size_t n,
                      struct ls_convert_stats *stats) {
    switch (format) {
    case LS_FORMAT_CU8:
        stats->clipped += count_clipped_8(in, n, 0, UINT8_MAX);
        break;
    case LS_FORMAT_CI8:
        stats->clipped += count_clipped_8(in, n, (uint8_t)INT8_MIN, INT8_MAX);
        break;
    case LS_FORMAT_CI16_LE:
        stats->clipped += count_clipped_16(in, n);
        break;
    case LS_FORMAT_CF32_LE:
        stats->invalid += count_invalid(in, n);
        break;
    case LS_FORMAT_NONE:
        assert(!"a format to convert from");
    }
}

void ls_convert_repair(enum ls_format format, float complex *samples, size_t n) {
    for (size_t i = 0; format == LS_FORMAT_CF32_LE && i < n; i++) {
        samples[i] = invalid(samples[i]) ? 0.0F : samples[i];
    }
}

void ls_convert_with(const struct ls_kernels *kernels, enum ls_format format, const void *in,
                     size_t n, float complex *ret, struct ls_convert_stats *stats) {
    assert(format != LS_FORMAT_NONE);
    const struct ls_kernels_rows row = {.rows = 1, .width = 2 * n};
    if (kernels->convert[format](in, &row, (float *)ret)) {
        ls_convert_repair(format, ret, n);
        if (stats != NULL) {
            ls_convert_count(format, in, n, stats);
        }
    }
}

void ls_convert(enum ls_format format, const void *in, size_t n, float complex *ret,
                struct ls_convert_stats *stats) {
    ls_convert_with(ls_kernels_best(), format, in, n, ret, stats);
}
