#include "survey/pad.h"

#include <complex.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "dsp/convert.h"

enum { CHUNK_SAMPLES = 256 };

static double complex mean_of(enum ls_format format, const unsigned char *samples, size_t count) {
    float complex chunk[CHUNK_SAMPLES];
    double complex sum = 0.0;
    size_t bytes = ls_format_bytes(format);
    for (size_t done = 0; done < count; done += CHUNK_SAMPLES) {
        size_t part = count - done < CHUNK_SAMPLES ? count - done : CHUNK_SAMPLES;
        ls_convert(format, samples + done * bytes, part, chunk, NULL);
        for (size_t i = 0; i < part; i++) {
            sum += (double complex)chunk[i];
        }
    }
    return count > 0 ? sum / (double)count : 0.0;
}

/* Uniform in [0, 1): Numerical Recipes' linear congruential generator. */
static double next_uniform(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return (double)*state / 4294967296.0;
}

/* One I or Q of value v in full scale 1.0; dsp/convert.h has the scales. Never at an end of the
 * range, which would count as clipped. */
static void write_part(enum ls_format format, double v, double dither, unsigned char *ret) {
    if (format == LS_FORMAT_CF32_LE) {
        float value = (float)v;
        memcpy(ret, &value, sizeof value);
    } else if (format == LS_FORMAT_CI16_LE) {
        int16_t value = (int16_t)fmax(-32767.0, fmin(32766.0, floor(v * 32768.0 + dither)));
        memcpy(ret, &value, sizeof value);
    } else if (format == LS_FORMAT_CI8) {
        int8_t value = (int8_t)fmax(-127.0, fmin(126.0, floor(v * 128.0 + dither)));
        memcpy(ret, &value, sizeof value);
    } else {
        *ret = (unsigned char)fmax(1.0, fmin(254.0, floor(v * 127.5 + 127.5 + dither)));
    }
}

void ls_pad_write(enum ls_format format, const void *beside, size_t near, void *ret, size_t count) {
    double complex mean = mean_of(format, beside, near);
    size_t bytes = ls_format_bytes(format);
    unsigned char *at = ret;
    uint32_t state = 1;
    for (size_t i = 0; i < count; i++) {
        write_part(format, creal(mean), next_uniform(&state), at);
        write_part(format, cimag(mean), next_uniform(&state), at + bytes / 2);
        at += bytes;
    }
}
