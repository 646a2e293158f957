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

static size_t zero_invalid(float complex *samples, size_t n) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (!usable(crealf(samples[i])) || !usable(cimagf(samples[i]))) {
            samples[i] = 0.0F;
            count++;
        }
    }
    return count;
}

/* One row that may hold something to count; puts right what must not stay. */
static struct ls_convert_stats look_closer(enum ls_format format, const void *in, size_t n,
                                           float complex *ret) {
    struct ls_convert_stats stats = {0};
    switch (format) {
    case LS_FORMAT_CU8:
        stats.clipped = count_clipped_8(in, n, 0, UINT8_MAX);
        break;
    case LS_FORMAT_CI8:
        stats.clipped = count_clipped_8(in, n, (uint8_t)INT8_MIN, INT8_MAX);
        break;
    case LS_FORMAT_CI16_LE:
        stats.clipped = count_clipped_16(in, n);
        break;
    case LS_FORMAT_CF32_LE:
        stats.invalid = zero_invalid(ret, n);
        break;
    case LS_FORMAT_NONE:
        assert(!"a format to convert from");
    }
    return stats;
}

void ls_convert_rows(const struct ls_kernels *kernels, const struct ls_convert_rows *shape,
                     const void *in, float complex *ret, struct ls_convert_stats *stats) {
    assert(shape->format != LS_FORMAT_NONE);
    const struct ls_kernels_rows floats = {
        .rows = shape->rows, .width = 2 * shape->width, .ret_stride = 2 * shape->ret_stride};
    if (!kernels->convert[shape->format](in, &floats, (float *)ret)) {
        return;
    }
    const char *row = in;
    for (size_t i = 0; i < shape->rows; i++) {
        struct ls_convert_stats found =
            look_closer(shape->format, row, shape->width, ret + i * shape->ret_stride);
        if (stats != NULL && i >= shape->counted_first && i < shape->counted_end) {
            stats->invalid += found.invalid;
            stats->clipped += found.clipped;
        }
        row += shape->width * ls_format_bytes(shape->format);
    }
}

void ls_convert(enum ls_format format, const void *in, size_t n, float complex *ret,
                struct ls_convert_stats *stats) {
    const struct ls_convert_rows shape = {
        .format = format, .rows = 1, .width = n, .ret_stride = n, .counted_end = 1};
    ls_convert_rows(ls_kernels_best(), &shape, in, ret, stats);
}
