#include "dsp/zoom.h"

#include <complex.h>
#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/util.h"

enum { BINS = 256 };
static const struct ls_zoom_band whole_band = {.first = 0, .count = BINS};

static struct ls_zoom *create(enum ls_format format) {
    struct ls_zoom *zoom = NULL;
    struct ls_err err = {0};
    struct ls_zoom_opts opts = {.bins = BINS, .format = format};
    cr_assert_eq(ls_zoom_create(&zoom, &opts, &err), LS_OK, "%s", err.text);
    return zoom;
}

/* A tone at bin k in rising order: bin BINS / 2 is 0 Hz. */
static float complex *tone(size_t n, double bin, double amplitude) {
    float complex *samples = malloc(n * sizeof *samples);
    for (size_t i = 0; i < n; i++) {
        double angle = 2.0 * M_PI * (bin / BINS - 0.5) * (double)i;
        samples[i] = (float complex)(amplitude * CMPLX(cos(angle), sin(angle)));
    }
    return samples;
}

static double total(const float *power) {
    double sum = 0.0;
    for (size_t i = 0; i < BINS; i++) {
        sum += (double)power[i];
    }
    return sum;
}

static size_t strongest(const float *power) {
    size_t best = 0;
    for (size_t i = 1; i < BINS; i++) {
        best = power[i] > power[best] ? i : best;
    }
    return best;
}

Test(zoom, power_of_a_tone_is_kept_and_in_its_bin_at_every_length) {
    static const size_t lengths[] = {1, 17, BINS - 1, BINS, BINS + 1, 3 * BINS, 40 * BINS + 5};
    struct ls_zoom *zoom = create(LS_FORMAT_CF32_LE);
    float power[BINS];
    for (size_t i = 0; i < LS_COUNT(lengths); i++) {
        LS_AUTO(float complex) samples = tone(lengths[i], 200.0, 0.5);
        size_t averages = ls_zoom_spectrum(zoom, samples, lengths[i], 16, whole_band, power);
        cr_expect(averages >= 1 && averages <= 16);
        /* A tone has the same power under any window: single precision is all that is lost. */
        cr_expect_float_eq(total(power), 0.25, 1e-5, "%zu samples: %g", lengths[i], total(power));
        if (lengths[i] > 1) {
            cr_expect_eq(strongest(power), 200);
        }
    }
    ls_zoom_destroy(zoom);
}

Test(zoom, averages_at_half_overlap_up_to_the_most_that_is_allowed) {
    struct ls_zoom *zoom = create(LS_FORMAT_CF32_LE);
    float power[BINS];
    LS_AUTO(float complex) samples = tone(20 * BINS, 40.0, 1.0);
    cr_expect_eq(ls_zoom_spectrum(zoom, samples, BINS / 2, 16, whole_band, power), 1);
    cr_expect_eq(ls_zoom_spectrum(zoom, samples, BINS, 16, whole_band, power), 1);
    cr_expect_eq(ls_zoom_spectrum(zoom, samples, 2 * BINS, 16, whole_band, power), 3);
    cr_expect_eq(ls_zoom_spectrum(zoom, samples, 20 * BINS, 16, whole_band, power), 16);
    cr_expect_eq(ls_zoom_spectrum(zoom, samples, 20 * BINS, 5, whole_band, power), 5);
    ls_zoom_destroy(zoom);
}

/* A second tone in the second half only: spread transforms see both. */
Test(zoom, transforms_are_spread_over_the_whole_stretch) {
    struct ls_zoom *zoom = create(LS_FORMAT_CF32_LE);
    float power[BINS];
    size_t n = 100 * BINS;
    LS_AUTO(float complex) samples = tone(n, 64.0, 1.0);
    LS_AUTO(float complex) late = tone(n, 192.0, 1.0);
    for (size_t i = n / 2; i < n; i++) {
        samples[i] = late[i];
    }
    ls_zoom_spectrum(zoom, samples, n, 8, whole_band, power);
    /* Four of eight transforms each; the peak of a Hann window holds two thirds of the power. */
    cr_expect_float_eq(power[64], power[192], 1e-3F);
    cr_expect_float_eq(power[64], 1.0F / 3.0F, 0.01F);
    ls_zoom_destroy(zoom);
}

Test(zoom, formats_agree) {
    enum { N = 4 * BINS };
    LS_AUTO(float complex) samples = tone(N, 100.0, 0.9);
    static int16_t wide[2 * N];
    static int8_t narrow[2 * N];
    static uint8_t plain[2 * N];
    const float *parts = (const float *)samples;
    for (size_t i = 0; i < 2 * N; i++) {
        wide[i] = (int16_t)lrintf(parts[i] * 32767.0F);
        narrow[i] = (int8_t)lrintf(parts[i] * 127.0F);
        plain[i] = (uint8_t)lrintf(parts[i] * 127.5F + 127.5F);
    }
    const void *const inputs[] = {[LS_FORMAT_CU8] = plain,
                                  [LS_FORMAT_CI8] = narrow,
                                  [LS_FORMAT_CI16_LE] = wide,
                                  [LS_FORMAT_CF32_LE] = samples};
    for (int format = LS_FORMAT_CU8; format <= LS_FORMAT_CF32_LE; format++) {
        struct ls_zoom *zoom = create(format);
        float power[BINS];
        ls_zoom_spectrum(zoom, inputs[format], N, 16, whole_band, power);
        cr_expect_eq(strongest(power), 100);
        /* 127 / 128 of the amplitude, and rounding noise 45 dB down at most. */
        cr_expect_float_eq(total(power), 0.81, 0.02, "%s: %g", ls_format_name(format),
                           total(power));
        ls_zoom_destroy(zoom);
    }
}

Test(zoom, refuses_odd_lengths_and_no_format) {
    struct ls_zoom *zoom = NULL;
    struct ls_err err = {0};
    struct ls_zoom_opts odd = {.bins = 255, .format = LS_FORMAT_CU8};
    struct ls_zoom_opts none = {.bins = 256};
    cr_expect_eq(ls_zoom_create(&zoom, &odd, &err), LS_ERR_ARG);
    cr_expect_eq(ls_zoom_create(&zoom, &none, &err), LS_ERR_ARG);
    cr_expect_null(zoom);
}
