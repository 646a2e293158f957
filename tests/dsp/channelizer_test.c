#include "dsp/channelizer.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "dsp/prototype.h"

/* Knuth's 64 bit linear congruential generator: the same signal on every machine. */
static uint32_t next_random(uint64_t *state) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 32);
}

static double uniform(uint64_t *state) {
    return ((double)next_random(state) + 0.5) / 4294967296.0 * 2.0 - 1.0;
}

static struct ls_channelizer *create(size_t channels, size_t taps, enum ls_format format,
                                     const char *kernels) {
    struct ls_channelizer *ch = NULL;
    struct ls_err err = {0};
    const struct ls_channelizer_opts opts = {
        .channels = channels, .taps = taps, .format = format, .kernels = kernels};
    cr_assert_eq(ls_channelizer_create(&ch, &opts, &err), LS_OK, "%s", err.text);
    return ch;
}

/* n random samples in a format, and what they mean in double. Free both. */
static void make_samples(enum ls_format format, size_t n, uint64_t seed, void **ret,
                         double complex **ret_exact) {
    unsigned char *bytes = malloc(n * ls_format_bytes(format));
    double complex *exact = malloc(n * sizeof *exact);
    double *parts = (double *)exact;
    for (size_t i = 0; i < 2 * n; i++) {
        double v = uniform(&seed);
        if (format == LS_FORMAT_CU8) {
            bytes[i] = (unsigned char)lrint(v * 100.0 + 128.0);
            parts[i] = (bytes[i] - 127.5) / 127.5;
        } else if (format == LS_FORMAT_CI8) {
            ((int8_t *)bytes)[i] = (int8_t)lrint(v * 100.0);
            parts[i] = ((int8_t *)bytes)[i] / 128.0;
        } else if (format == LS_FORMAT_CI16_LE) {
            ((int16_t *)bytes)[i] = (int16_t)lrint(v * 30000.0);
            parts[i] = ((int16_t *)bytes)[i] / 32768.0;
        } else {
            ((float *)bytes)[i] = (float)v;
            parts[i] = (double)(float)v;
        }
    }
    *ret = bytes;
    *ret_exact = exact;
}

/* The formula of the header, in double. x[0] is the first sample of the span, so sample k * hop + n
 * - half of the stream is x[(k - first) * hop + n]. */
static double complex direct(const struct ls_channelizer *ch, const double complex *x,
                             size_t channels, uint64_t first, uint64_t k, size_t c) {
    size_t length = 0;
    const float *h = ls_channelizer_prototype(ch, &length);
    size_t hop = channels / 2;
    double complex sum = 0.0;
    for (size_t n = 0; n < length; n++) {
        /* c * (k * hop + n - half), modulo channels and exact. */
        size_t turns = (c * ((k * hop + n + length - length / 2) % channels)) % channels;
        double angle = -2.0 * M_PI * (double)turns / (double)channels;
        sum += (double)h[n] * x[(k - first) * hop + n] * CMPLX(cos(angle), sin(angle));
    }
    return sum;
}

/* Float sums of taps products and log2(channels) butterflies of values up to 1: 1e-6 of full scale
 * is some ten roundings. */
static const double float_tolerance = 1e-6;

static void check_against_direct(size_t channels, size_t taps, enum ls_format format,
                                 const char *kernels) {
    struct ls_channelizer *ch = create(channels, taps, format, kernels);
    const size_t frames = 11;
    const uint64_t first = 3;
    size_t span = ls_channelizer_span(ch, frames);
    void *samples;
    double complex *exact;
    make_samples(format, span, channels + taps, &samples, &exact);
    LS_AUTO(float) power = malloc(frames * channels * sizeof *power);
    LS_AUTO(float complex) bins = malloc(frames * channels * sizeof *bins);
    ls_channelizer_power(ch, samples, frames, power, channels, NULL);
    ls_channelizer_bins(ch, samples, first, frames, bins, channels, NULL);
    size_t step = channels > 64 ? channels / 37 : 1;
    for (size_t k = 0; k < frames; k++) {
        for (size_t c = 0; c < channels; c += step) {
            double complex want = direct(ch, exact, channels, first, first + k, c);
            double wrong = cabs((double complex)bins[k * channels + c] - want);
            double wrong_power = fabs((double)power[k * channels + c] - creal(want * conj(want)));
            cr_assert_lt(wrong, float_tolerance, "%zu channels, %zu taps, %s, %s: X[%zu][%zu]",
                         channels, taps, ls_format_name(format), kernels, k, c);
            cr_assert_lt(wrong_power, 2.0 * float_tolerance);
        }
    }
    free(samples);
    free(exact);
    ls_channelizer_destroy(ch);
}

Test(channelizer, equals_the_formula_for_every_size_and_tap_count) {
    static const size_t sizes[] = {4, 6, 10, 14, 16, 20, 64, 100, 126, 250, 256, 512, 1024, 2000};
    for (size_t i = 0; i < LS_COUNT(sizes); i++) {
        for (size_t taps = 4; taps <= 12; taps += 4) {
            check_against_direct(sizes[i], taps, LS_FORMAT_CF32_LE, "generic");
        }
    }
}

Test(channelizer, equals_the_formula_for_every_format_and_kernel) {
    static const char *const levels[] = {"generic", "v2", "v3", "v4"};
    for (size_t i = 0; i < LS_COUNT(levels); i++) {
        struct ls_channelizer *ch = NULL;
        const struct ls_channelizer_opts opts = {.format = LS_FORMAT_CU8, .kernels = levels[i]};
        if (ls_channelizer_create(&ch, &opts, NULL) != LS_OK) {
            continue; /* this processor lacks the level */
        }
        ls_channelizer_destroy(ch);
        for (enum ls_format format = LS_FORMAT_CU8; format <= LS_FORMAT_CF32_LE; format++) {
            for (size_t taps = 4; taps <= 12; taps += 4) {
                check_against_direct(16, taps, format, levels[i]);
                check_against_direct(70, taps, format, levels[i]);
            }
        }
    }
}
