#include "dsp/channelizer.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "dsp/kernels.h"
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
        check_against_direct(sizes[i], 1, LS_FORMAT_CF32_LE, ls_kernels_best()->name);
    }
}

Test(channelizer, equals_the_formula_for_every_format_and_kernel) {
    static const char *const levels[] = {"generic", "v2", "v3", "v4"};
    for (size_t i = 0; i < LS_COUNT(levels); i++) {
        if (ls_kernels_find(levels[i]) == NULL) {
            continue; /* this processor lacks the level */
        }
        for (enum ls_format format = LS_FORMAT_CU8; format <= LS_FORMAT_CF32_LE; format++) {
            for (size_t taps = 4; taps <= 12; taps += 4) {
                check_against_direct(16, taps, format, levels[i]);
                check_against_direct(70, taps, format, levels[i]);
            }
        }
    }
}

/* Unit white Gaussian noise: mean |x|^2 = 1 (Box and Muller, 1958). */
static void make_noise(size_t n, uint64_t seed, float complex *ret) {
    for (size_t i = 0; i < n; i++) {
        double radius = sqrt(-log(0.5 + 0.5 * uniform(&seed)));
        double angle = M_PI * uniform(&seed);
        ret[i] = CMPLXF((float)(radius * cos(angle)), (float)(radius * sin(angle)));
    }
}

Test(channelizer, tone_in_one_bin) {
    static const size_t sizes[] = {16, 50, 64, 250, 1024};
    for (size_t i = 0; i < LS_COUNT(sizes); i++) {
        size_t channels = sizes[i];
        struct ls_channelizer *ch = create(channels, 8, LS_FORMAT_CF32_LE, NULL);
        size_t span = ls_channelizer_span(ch, 3);
        LS_AUTO(float complex) in = malloc(span * sizeof *in);
        LS_AUTO(float) power = malloc(3 * channels * sizeof *power);
        for (size_t c = 0; c < channels; c += channels / 5) {
            for (size_t n = 0; n < span; n++) {
                double angle = 2.0 * M_PI * (double)(c * n % channels) / (double)channels;
                in[n] = CMPLXF((float)(0.5 * cos(angle)), (float)(0.5 * sin(angle)));
            }
            ls_channelizer_power(ch, in, 3, power, channels, NULL);
            for (size_t other = 0; other < channels; other++) {
                double got = (double)power[channels + other];
                if (other == c) {
                    cr_expect_float_eq(got, 0.25, 1e-5, "%zu channels, tone in %zu", channels, c);
                } else {
                    /* 63 dB below, from the first neighbour on (dsp/prototype.h). */
                    cr_expect_lt(got, 0.25 * 5e-7, "%zu channels, tone in %zu: %zu has %g",
                                 channels, c, other, got);
                }
            }
        }
        ls_channelizer_destroy(ch);
    }
}

Test(channelizer, frame_is_centred_on_its_sample) {
    const size_t channels = 40;
    const size_t hop = channels / 2;
    const size_t taps = 8;
    const uint64_t first = 100;
    struct ls_channelizer *ch = create(channels, taps, LS_FORMAT_CF32_LE, NULL);
    enum { FRAMES = 41, AT = 20 };
    size_t length = 0;
    const float *h = ls_channelizer_prototype(ch, &length);
    size_t half = length / 2;
    LS_AUTO(float complex) in = calloc(ls_channelizer_span(ch, FRAMES), sizeof *in);
    LS_AUTO(float complex) bins = malloc(FRAMES * channels * sizeof *bins);
    in[half + AT * hop] = 1.0F; /* sample (first + AT) * hop */
    ls_channelizer_bins(ch, in, first, FRAMES, bins, channels, NULL);
    for (size_t k = 0; k < FRAMES; k++) {
        size_t apart = k < AT ? AT - k : k - AT;
        float want = apart * hop < half ? h[half + apart * hop] : 0.0F;
        for (size_t c = 0; c < channels; c++) {
            /* exp(-2 pi i c (first + AT) hop / channels) = (-1)^(c (first + AT)) = 1. */
            float complex got = bins[k * channels + c];
            cr_expect_lt(cabsf(got - want), 1e-6F, "frame %zu, channel %zu", k, c);
        }
    }
    ls_channelizer_destroy(ch);
}

/* All frames of in by calls of `step` frames. */
static void run_in_steps(struct ls_channelizer *ch, const float complex *in, size_t channels,
                         size_t frames, size_t step, float *ret_power, float complex *ret_bins) {
    for (size_t k = 0; k < frames; k += step) {
        size_t count = frames - k < step ? frames - k : step;
        const float complex *from = in + k * channels / 2;
        ls_channelizer_power(ch, from, count, ret_power + k * channels, channels, NULL);
        ls_channelizer_bins(ch, from, k, count, ret_bins + k * channels, channels, NULL);
    }
}

static void check_split(size_t channels, size_t taps, const char *kernels) {
    enum { FRAMES = 213 };
    static const size_t steps[] = {1, 2, 3, 7, 8, 15, 16, 17, 33, 100, 128, 212};
    struct ls_channelizer *ch = create(channels, taps, LS_FORMAT_CF32_LE, kernels);
    size_t span = ls_channelizer_span(ch, FRAMES);
    size_t cells = FRAMES * channels;
    LS_AUTO(float complex) in = malloc(span * sizeof *in);
    LS_AUTO(float) whole = malloc(cells * sizeof *whole);
    LS_AUTO(float) split = malloc(cells * sizeof *split);
    LS_AUTO(float complex) whole_bins = malloc(cells * sizeof *whole_bins);
    LS_AUTO(float complex) split_bins = malloc(cells * sizeof *split_bins);
    make_noise(span, channels, in);
    run_in_steps(ch, in, channels, FRAMES, FRAMES, whole, whole_bins);
    for (size_t i = 0; i < LS_COUNT(steps); i++) {
        run_in_steps(ch, in, channels, FRAMES, steps[i], split, split_bins);
        cr_assert_eq(memcmp(whole, split, cells * sizeof *whole), 0,
                     "%zu channels, %zu taps, %s: calls of %zu frames differ", channels, taps,
                     kernels, steps[i]);
        cr_assert_eq(memcmp(whole_bins, split_bins, cells * sizeof *whole_bins), 0);
    }
    ls_channelizer_destroy(ch);
}

Test(channelizer, split_input_equals_whole_input_to_the_bit) {
    static const char *const levels[] = {"generic", "v2", "v3", "v4"};
    static const size_t sizes[] = {4, 10, 60, 64, 250, 512, 1024};
    for (size_t level = 0; level < LS_COUNT(levels); level++) {
        if (ls_kernels_find(levels[level]) == NULL) {
            continue;
        }
        for (size_t i = 0; i < LS_COUNT(sizes); i++) {
            check_split(sizes[i], 4 + 4 * (i % 3), levels[level]);
        }
    }
}

struct pairs {
    float *next;
    size_t channels;
};

static void keep_pair(void *context, const float *power_sum) {
    struct pairs *pairs = context;
    memcpy(pairs->next, power_sum, pairs->channels * sizeof *power_sum);
    pairs->next += pairs->channels;
}

/* Sums of two frames' powers, by calls of `step` frames. */
static void run_pairs(struct ls_channelizer *ch, const float complex *in, size_t channels,
                      size_t frames, size_t step, float *ret) {
    struct pairs kept = {.next = ret, .channels = channels};
    const struct ls_channelizer_pairs to = {.pair = keep_pair, .context = &kept};
    for (size_t k = 0; k < frames; k += step) {
        size_t count = frames - k < step ? frames - k : step;
        ls_channelizer_pairs(ch, in + k * channels / 2, count, &to, NULL);
    }
    cr_assert_eq(kept.next, ret + frames / 2 * channels);
}

Test(channelizer, pairs_are_sums_of_two_frames_however_calls_are_cut) {
    enum { FRAMES = 212 };
    static const char *const levels[] = {"generic", "v2", "v3", "v4"};
    static const size_t sizes[] = {4, 10, 60, 64, 250, 1024};
    static const size_t steps[] = {2, 6, 30, 100, FRAMES};
    for (size_t i = 0; i < LS_COUNT(levels) * LS_COUNT(sizes); i++) {
        const char *level = levels[i % LS_COUNT(levels)];
        size_t channels = sizes[i / LS_COUNT(levels)];
        if (ls_kernels_find(level) == NULL) {
            continue;
        }
        struct ls_channelizer *ch = create(channels, 8, LS_FORMAT_CF32_LE, level);
        size_t span = ls_channelizer_span(ch, FRAMES);
        size_t cells = FRAMES * channels;
        LS_AUTO(float complex) in = malloc(span * sizeof *in);
        LS_AUTO(float) power = malloc(cells * sizeof *power);
        LS_AUTO(float) whole = malloc(cells / 2 * sizeof *whole);
        LS_AUTO(float) split = malloc(cells / 2 * sizeof *split);
        make_noise(span, channels, in);
        ls_channelizer_power(ch, in, FRAMES, power, channels, NULL);
        run_pairs(ch, in, channels, FRAMES, FRAMES, whole);
        for (size_t r = 0; r < FRAMES / 2; r++) {
            for (size_t c = 0; c < channels; c++) {
                float want = power[2 * r * channels + c] + power[(2 * r + 1) * channels + c];
                /* Four squares are added in another order. */
                cr_assert_float_eq(whole[r * channels + c], want, 1e-6F * want);
            }
        }
        for (size_t k = 0; k < LS_COUNT(steps); k++) {
            run_pairs(ch, in, channels, FRAMES, steps[k], split);
            cr_assert_eq(memcmp(whole, split, cells / 2 * sizeof *whole), 0,
                         "%zu channels, %s: calls of %zu frames differ", channels, level, steps[k]);
        }
        ls_channelizer_destroy(ch);
    }
}

Test(channelizer, noise_is_flat_and_has_the_stated_power) {
    enum { CHANNELS = 64, FRAMES = 20000 };
    struct ls_channelizer *ch = create(CHANNELS, 8, LS_FORMAT_CF32_LE, NULL);
    size_t span = ls_channelizer_span(ch, FRAMES);
    LS_AUTO(float complex) in = malloc(span * sizeof *in);
    LS_AUTO(float) power = malloc((size_t)FRAMES * CHANNELS * sizeof *power);
    make_noise(span, 11, in);
    ls_channelizer_power(ch, in, FRAMES, power, CHANNELS, NULL);
    size_t length = 0;
    const float *h = ls_channelizer_prototype(ch, &length);
    double want = ls_prototype_noise_bandwidth(h, length, CHANNELS) / CHANNELS;
    double all = 0.0;
    for (size_t c = 0; c < CHANNELS; c++) {
        double sum = 0.0;
        for (size_t k = 0; k < FRAMES; k++) {
            sum += (double)power[k * CHANNELS + c];
        }
        all += sum / FRAMES / want / CHANNELS;
        /* A mean of 20000 exponential cells, correlated in time as sum rho^2 = 1.8: sigma 0.95 %.
         * Five of them. */
        cr_expect_float_eq(sum / FRAMES / want, 1.0, 0.048, "channel %zu", c);
    }
    cr_expect_float_eq(all, 1.0, 0.006, "mean over all channels, sigma 0.12 %%: %g", all);
    ls_channelizer_destroy(ch);
}

Test(channelizer, cells_of_noise_correlate_as_the_prototype_says) {
    enum { CHANNELS = 16, FRAMES = 40000 };
    static const struct {
        size_t frames;
        size_t channels;
    } apart[] = {{0, 1}, {0, 2}, {1, 0}, {2, 0}, {3, 0}, {1, 1}, {3, 1}, {5, 0}};
    struct ls_channelizer *ch = create(CHANNELS, 8, LS_FORMAT_CF32_LE, NULL);
    size_t span = ls_channelizer_span(ch, FRAMES);
    LS_AUTO(float complex) in = malloc(span * sizeof *in);
    LS_AUTO(float complex) bins = malloc((size_t)FRAMES * CHANNELS * sizeof *bins);
    make_noise(span, 12, in);
    ls_channelizer_bins(ch, in, 0, FRAMES, bins, CHANNELS, NULL);
    size_t length = 0;
    const float *h = ls_channelizer_prototype(ch, &length);
    for (size_t i = 0; i < LS_COUNT(apart); i++) {
        /* Even channels of even frames, where the phase of a pair is the same all over. */
        double complex sum = 0.0;
        double norm = 0.0;
        for (size_t k = 0; k + apart[i].frames < FRAMES; k += 2) {
            for (size_t c = 0; c + apart[i].channels < CHANNELS; c += 2) {
                double complex a = (double complex)bins[k * CHANNELS + c];
                double complex b =
                    (double complex)bins[(k + apart[i].frames) * CHANNELS + c + apart[i].channels];
                sum += a * conj(b);
                norm += creal(a * conj(a));
            }
        }
        double want =
            ls_prototype_correlation(h, length, CHANNELS, apart[i].frames, apart[i].channels);
        /* 140000 pairs and more: sigma 0.3 %; four of them. */
        cr_expect_float_eq(cabs(sum) / norm, fabs(want), 0.012, "%zu frames, %zu channels apart",
                           apart[i].frames, apart[i].channels);
    }
    ls_channelizer_destroy(ch);
}

Test(channelizer, bad_samples_count_as_zero_and_once) {
    enum { CHANNELS = 32, HOP = CHANNELS / 2, TAPS = 8, HALF = CHANNELS * TAPS / 2, FRAMES = 60 };
    struct ls_channelizer *ch = create(CHANNELS, TAPS, LS_FORMAT_CF32_LE, NULL);
    size_t span = ls_channelizer_span(ch, FRAMES);
    LS_AUTO(float complex) bad = malloc(span * sizeof *bad);
    LS_AUTO(float complex) zeroed = malloc(span * sizeof *zeroed);
    make_noise(span, 13, bad);
    memcpy(zeroed, bad, span * sizeof *bad);
    /* First and last sample that are counted, one inside, and the neighbours that are not. */
    static const size_t at[] = {HALF, HALF + 777, HALF + FRAMES * HOP - 1, HALF - 1,
                                HALF + FRAMES * HOP};
    for (size_t i = 0; i < LS_COUNT(at); i++) {
        bad[at[i]] = i % 2 == 0 ? CMPLXF(NAN, 0.0F) : CMPLXF(0.1F, INFINITY);
        zeroed[at[i]] = 0.0F;
    }
    float got[FRAMES * CHANNELS];
    float want[FRAMES * CHANNELS];
    struct ls_convert_stats stats = {0};
    ls_channelizer_power(ch, bad, FRAMES, got, CHANNELS, &stats);
    ls_channelizer_power(ch, zeroed, FRAMES, want, CHANNELS, NULL);
    cr_expect_arr_eq(got, want, sizeof want);
    cr_expect_eq(stats.invalid, 3);
    for (size_t step = 1; step < 40; step += 6) {
        stats = (struct ls_convert_stats){0};
        for (size_t k = 0; k < FRAMES; k += step) {
            size_t count = FRAMES - k < step ? FRAMES - k : step;
            ls_channelizer_power(ch, bad + k * HOP, count, got, CHANNELS, &stats);
        }
        cr_expect_eq(stats.invalid, 3, "calls of %zu frames", step);
    }
    ls_channelizer_destroy(ch);
}

Test(channelizer, rows_may_lie_apart) {
    enum { CHANNELS = 10, STRIDE = 13, FRAMES = 20 };
    struct ls_channelizer *ch = create(CHANNELS, 4, LS_FORMAT_CI16_LE, NULL);
    void *samples;
    double complex *exact;
    make_samples(LS_FORMAT_CI16_LE, ls_channelizer_span(ch, FRAMES), 3, &samples, &exact);
    float packed[FRAMES * CHANNELS];
    float apart[FRAMES * STRIDE];
    for (size_t i = 0; i < LS_COUNT(apart); i++) {
        apart[i] = -1.0F;
    }
    ls_channelizer_power(ch, samples, FRAMES, packed, CHANNELS, NULL);
    ls_channelizer_power(ch, samples, FRAMES, apart, STRIDE, NULL);
    for (size_t k = 0; k < FRAMES; k++) {
        cr_expect_arr_eq(apart + k * STRIDE, packed + k * CHANNELS, CHANNELS * sizeof *packed);
        for (size_t c = CHANNELS; c < STRIDE; c++) {
            cr_expect_eq(apart[k * STRIDE + c], -1.0F);
        }
    }
    free(samples);
    free(exact);
    ls_channelizer_destroy(ch);
}

Test(channelizer, no_frames_need_no_samples) {
    struct ls_channelizer *ch = create(0, 0, LS_FORMAT_CU8, NULL);
    cr_expect_eq(ls_channelizer_span(ch, 0), 0);
    cr_expect_eq(ls_channelizer_span(ch, 1), 64 * 8, "the defaults of the header");
    ls_channelizer_power(ch, NULL, 0, NULL, 64, NULL);
    ls_channelizer_destroy(ch);
    ls_channelizer_destroy(NULL);
}

Test(channelizer, refuses_what_it_cannot_do) {
    static const struct {
        struct ls_channelizer_opts opts;
        const char *word;
    } rows[] = {
        {{.channels = 2, .format = LS_FORMAT_CU8}, "channels"},
        {{.channels = 7, .format = LS_FORMAT_CU8}, "channels"},
        {{.channels = 22, .format = LS_FORMAT_CU8}, "channels"},
        {{.channels = (size_t)1 << 21, .format = LS_FORMAT_CU8}, "channels"},
        {{.channels = 64, .taps = 6, .format = LS_FORMAT_CU8}, "taps"},
        {{.channels = 64, .stopband_db = 200.0, .format = LS_FORMAT_CU8}, "stopband"},
        {{.channels = 64, .stopband_db = -60.0, .format = LS_FORMAT_CU8}, "stopband"},
        {{.channels = 64}, "format"},
        {{.channels = 64, .format = LS_FORMAT_CU8, .kernels = "v9"}, "v9"},
    };
    for (size_t i = 0; i < LS_COUNT(rows); i++) {
        struct ls_channelizer *ch = NULL;
        struct ls_err err = {0};
        cr_expect_eq(ls_channelizer_create(&ch, &rows[i].opts, &err), LS_ERR_ARG, "row %zu", i);
        cr_expect_not_null(strstr(err.text, rows[i].word), "%s", err.text);
        cr_expect_null(ch);
    }
}
