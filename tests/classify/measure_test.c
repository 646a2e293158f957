#include "classify/measure.h"

#include <criterion/criterion.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>

enum { SAMPLES = 8192 };

static const double noise_pow = 0.01; /* 20 dB below the signals, whose power is 1 */

struct bench {
    gsl_rng *rng;
    float complex *x;
    struct ls_measure *measure;
    struct ls_features features;
};

static void bench_init(struct bench *bench) {
    *bench = (struct bench){.rng = gsl_rng_alloc(gsl_rng_mt19937)};
    gsl_rng_set(bench->rng, 17);
    bench->x = calloc(SAMPLES, sizeof *bench->x);
    cr_assert_not_null(bench->x);
    cr_assert_eq(ls_measure_create(&bench->measure, NULL), LS_OK);
}

static void bench_finish(struct bench *bench) {
    gsl_rng_free(bench->rng);
    free(bench->x);
    ls_measure_destroy(bench->measure);
}

static float complex normal(gsl_rng *rng, double power) {
    double sigma = sqrt(power / 2.0);
    return CMPLXF((float)gsl_ran_gaussian(rng, sigma), (float)gsl_ran_gaussian(rng, sigma));
}

/* Adds noise, and measures all of x as one burst, of which the start was seen or not. */
static double measured(struct bench *bench, double rate_sps, double bandwidth_hz, bool has_start,
                       enum ls_feature feature) {
    for (size_t n = 0; n < SAMPLES; n++) {
        bench->x[n] += normal(bench->rng, noise_pow);
    }
    struct ls_narrow_iq iq = {.iq = bench->x,
                              .count = SAMPLES,
                              .rate_sps = rate_sps,
                              .on_to = SAMPLES,
                              .bandwidth_hz = bandwidth_hz,
                              .noise_pow = noise_pow,
                              .snr = 1.0 / noise_pow,
                              .has_start = has_start,
                              .whole_band = true};
    bench->features = (struct ls_features){.parts = 0};
    ls_measure_iq(bench->measure, &iq, &bench->features);
    cr_expect_eq(bench->features.parts, 1);
    return ls_features_value(&bench->features, feature);
}

static double value(struct bench *bench, double rate_sps, double bandwidth_hz,
                    enum ls_feature feature) {
    return measured(bench, rate_sps, bandwidth_hz, false, feature);
}

static float complex turn(double turns) {
    return (float complex)cexp(2.0 * M_PI * (turns - floor(turns)) * (double complex)I);
}

/* Two deviations of 8192 samples are 0.05. */
Test(measure, kurtosis_is_one_of_a_carrier_and_two_of_noise) {
    struct bench bench;
    bench_init(&bench);
    for (size_t n = 0; n < SAMPLES; n++) {
        bench.x[n] = turn(0.013 * (double)n);
    }
    cr_expect_float_eq(value(&bench, 50e3, 5e3, LS_FEATURE_KURTOSIS), 1.0, 0.05);
    cr_expect_gt(ls_features_value(&bench.features, LS_FEATURE_LINE), 0.95);
    for (size_t n = 0; n < SAMPLES; n++) {
        bench.x[n] = normal(bench.rng, 1.0);
    }
    cr_expect_float_eq(value(&bench, 50e3, 35e3, LS_FEATURE_KURTOSIS), 2.0, 0.1);
    cr_expect_lt(ls_features_value(&bench.features, LS_FEATURE_LINE), 0.05);
    bench_finish(&bench);
}

Test(measure, two_frequencies_are_two_levels_their_distance_apart) {
    struct bench bench;
    bench_init(&bench);
    double phase = 0.0;
    double shift = 0.0;
    for (size_t n = 0; n < SAMPLES; n++) {
        if (n % 16 == 0) {
            shift = gsl_rng_uniform(bench.rng) < 0.5 ? -0.1 : 0.1;
        }
        phase += shift;
        bench.x[n] = turn(phase);
    }
    cr_expect_gt(value(&bench, 100e3, 40e3, LS_FEATURE_FREQ_LEVELS), 0.9);
    cr_expect_float_eq(ls_features_value(&bench.features, LS_FEATURE_FREQ_SPREAD_HZ), 20e3, 1500.0);
    bench_finish(&bench);
}

Test(measure, keying_on_and_off_has_two_levels_and_few_lengths) {
    struct bench bench;
    bench_init(&bench);
    size_t left = 0;
    bool on = false;
    for (size_t n = 0; n < SAMPLES; n++) {
        if (left == 0) {
            on = !on;
            left = on ? 40 : gsl_rng_uniform(bench.rng) < 0.5 ? 40 : 80;
        }
        left--;
        bench.x[n] = on ? (float)sqrt(2.5) * turn(0.02 * (double)n) : 0.0F;
    }
    cr_expect_gt(value(&bench, 50e3, 10e3, LS_FEATURE_LEVELS), 0.9);
    cr_expect_lt(ls_features_value(&bench.features, LS_FEATURE_DEPTH), 0.05);
    cr_expect_gt(ls_features_value(&bench.features, LS_FEATURE_PULSE_FIT), 0.9);
    bench_finish(&bench);
}

/* OFDM of 15 kHz carriers with a prefix of 7 %, and the same without the prefix. */
Test(measure, a_cyclic_prefix_stands_out_and_noise_has_none) {
    enum { USEFUL = 128, PREFIX = 9 };
    struct bench bench;
    bench_init(&bench);
    for (int with = 0; with <= 1; with++) {
        float complex symbol[USEFUL];
        for (size_t n = 0; n < SAMPLES; n++) {
            size_t at = n % (USEFUL + PREFIX);
            if (at == 0) {
                for (size_t k = 0; k < USEFUL; k++) {
                    symbol[k] = normal(bench.rng, 1.0);
                }
            }
            bool prefix = at < PREFIX && with == 1;
            bench.x[n] = prefix         ? symbol[USEFUL - PREFIX + at]
                         : at >= PREFIX ? symbol[at - PREFIX]
                                        : normal(bench.rng, 1.0);
        }
        double found = value(&bench, 1.92e6, 1.08e6, LS_FEATURE_PREFIX_15K);
        /* Noise: the largest of 137 phases, which exceeds 4 in 1 run of 10^5. */
        cr_expect(with == 1 ? found > 12.0 : found < 4.0, "prefix %d: %g", with, found);
    }
    bench_finish(&bench);
}

Test(measure, a_sweep_of_spreading_factor_9_is_dechirped) {
    struct bench bench;
    bench_init(&bench);
    double rate = 250e3;
    double symbol = 512.0 / 125e3 * rate;
    double phase = 0.0;
    double first = 0.0;
    for (size_t n = 0; n < SAMPLES; n++) {
        if (fmod((double)n, symbol) < 1.0) {
            first = gsl_rng_uniform(bench.rng);
        }
        double at = fmod(first + fmod((double)n, symbol) / symbol, 1.0);
        phase += (at - 0.5) * 125e3 / rate;
        bench.x[n] = turn(phase);
    }
    cr_expect_gt(value(&bench, rate, 125e3, LS_FEATURE_LORA), 0.6);
    for (size_t n = 0; n < SAMPLES; n++) {
        bench.x[n] = normal(bench.rng, 1.0);
    }
    /* Nothing with such an envelope is dechirped. */
    cr_expect(isnan(value(&bench, rate, 125e3, LS_FEATURE_LORA)));
    for (size_t n = 0; n < SAMPLES; n++) {
        bench.x[n] = turn(gsl_rng_uniform(bench.rng));
    }
    cr_expect_lt(value(&bench, rate, 125e3, LS_FEATURE_LORA), 0.2);
    bench_finish(&bench);
}

/* Pulses of 0.5 us at 0, 1, 3.5 and 4.5 us, then one half of each microsecond from 8 us on. */
static void write_squitter(struct bench *bench, size_t at, size_t bits) {
    const size_t half = 2; /* samples of 0.5 us at 4 MS/s */
    static const size_t preamble[] = {0, 2, 7, 9};
    for (size_t k = 0; k < sizeof preamble / sizeof preamble[0]; k++) {
        bench->x[at + preamble[k] * half] = bench->x[at + preamble[k] * half + 1] = 2.0F;
    }
    for (size_t k = 0; k < bits; k++) {
        size_t pulse = at + (16 + 2 * k + (gsl_rng_uniform(bench->rng) < 0.5 ? 0 : 1)) * half;
        bench->x[pulse] = bench->x[pulse + 1] = 2.0F;
    }
}

Test(measure, squitters_are_64_or_120_us_long_and_others_are_not) {
    struct bench bench;
    bench_init(&bench);
    static const size_t bits[] = {112, 56, 84};
    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++) {
        for (size_t n = 0; n < SAMPLES; n++) {
            bench.x[n] = 0.0F;
        }
        for (size_t at = 500; at < 7500; at += 1000) {
            write_squitter(&bench, at, bits[i]);
        }
        double fitting = value(&bench, 4e6, 2e6, LS_FEATURE_FRAMES);
        cr_expect_float_eq(fitting, bits[i] == 84 ? 0.0 : 1.0, 0.2, "%zu bits: %g", bits[i],
                           fitting);
        cr_expect_gt(ls_features_value(&bench.features, LS_FEATURE_SQUITTER), 0.75);
    }
    bench_finish(&bench);
}

/* Groups of 1.6 ms on tones 3.75 kHz apart; the same on tones of another lattice, and a tone that
 * stays. */
Test(measure, tones_that_hop_over_the_lattice_of_random_access_are_seen) {
    static const int tones[] = {3, 2, 8, 9, 0, 1, 7, 6, 5, 4, 10, 11};
    static const double steps_hz[] = {3750.0, 5600.0, 0.0};
    const double rate_sps = 80e3;
    for (size_t s = 0; s < 3; s++) {
        struct bench bench;
        bench_init(&bench);
        double turns = 0.0;
        for (size_t n = 0; n < SAMPLES; n++) {
            size_t group = (size_t)((double)n / rate_sps / 1.6e-3);
            bench.x[n] = turn(turns);
            turns += ((double)tones[group % 12] - 5.5) * steps_hz[s] / rate_sps;
        }
        double got = measured(&bench, rate_sps, 45e3, true, LS_FEATURE_NPRACH);
        cr_expect(s == 0 ? got > 0.95 : fabs(got) < 0.5, "step %g Hz: %g", steps_hz[s], got);
        bench_finish(&bench);
    }
}

/* Frequency of one of four levels, a new one after each length samples, or after random ones of
 * that mean. */
static void write_levels(struct bench *bench, size_t levels, double step, size_t length,
                         bool clocked) {
    double phase = 0.0;
    double shift = 0.0;
    for (size_t n = 0; n < SAMPLES; n++) {
        bool next = clocked ? n % length == 0 : gsl_rng_uniform_int(bench->rng, length) == 0;
        if (next || n == 0) {
            double level = (double)gsl_rng_uniform_int(bench->rng, levels);
            shift = (level - 0.5 * (double)(levels - 1)) * step;
        }
        phase += shift;
        bench->x[n] = turn(phase);
    }
}

/* By chance the share is 0 +- 2.7 / 1638 symbols; four levels have a kurtosis of 1.64. */
Test(measure, four_levels_at_4800_symbols_have_a_clock_and_at_random_times_none) {
    struct bench bench;
    bench_init(&bench);
    write_levels(&bench, 4, 0.05, 5, true);
    cr_expect_gt(value(&bench, 24e3, 10e3, LS_FEATURE_EDGE_4800), 0.1);
    cr_expect_float_eq(ls_features_value(&bench.features, LS_FEATURE_SYMBOLS_4800), 1.64, 0.25);
    write_levels(&bench, 4, 0.05, 5, false);
    cr_expect_float_eq(value(&bench, 24e3, 10e3, LS_FEATURE_EDGE_4800), 0.0, 0.01);
    bench_finish(&bench);
}

Test(measure, shifts_at_a_pace_have_a_line_and_shifts_at_random_times_none) {
    struct bench bench;
    bench_init(&bench);
    write_levels(&bench, 2, 0.2, 16, true);
    cr_expect_gt(value(&bench, 100e3, 40e3, LS_FEATURE_SHIFT_LINE_DB), 18.0);
    double rate = ls_features_value(&bench.features, LS_FEATURE_SHIFT_RATE_HZ) / 6250.0;
    cr_expect_float_eq(rate, round(rate), 0.02, "%g symbol rates", rate);
    write_levels(&bench, 2, 0.2, 16, false);
    cr_expect_lt(value(&bench, 100e3, 40e3, LS_FEATURE_SHIFT_LINE_DB), 12.0);
    bench_finish(&bench);
}

/* A tenth of each 30 ms is the same; by chance 0 +- 0.015. */
Test(measure, what_comes_again_each_30_ms_has_an_echo_there_and_nowhere_else) {
    enum { FRAME = 750 };
    struct bench bench;
    bench_init(&bench);
    float complex word[FRAME / 10];
    for (size_t k = 0; k < FRAME / 10; k++) {
        word[k] = normal(bench.rng, 1.0);
    }
    for (size_t n = 0; n < SAMPLES; n++) {
        bench.x[n] = n % FRAME < FRAME / 10 ? word[n % FRAME] : normal(bench.rng, 1.0);
    }
    cr_expect_float_eq(value(&bench, 25e3, 18e3, LS_FEATURE_ECHO_DMR), 0.1, 0.06);
    cr_expect_float_eq(ls_features_value(&bench.features, LS_FEATURE_ECHO_TETRA), 0.0, 0.05);
    cr_expect_float_eq(ls_features_value(&bench.features, LS_FEATURE_ECHO_GSM), 0.0, 0.05);
    bench_finish(&bench);
}

Test(measure, what_is_on_or_off_is_told_from_noise_by_three_moments) {
    struct bench bench;
    bench_init(&bench);
    for (size_t n = 0; n < SAMPLES; n++) {
        bench.x[n] = n / 20 % 2 == 0 ? (float)sqrt(2.0) * turn(0.02 * (double)n) : 0.0F;
    }
    cr_expect_float_eq(value(&bench, 50e3, 10e3, LS_FEATURE_KEYED), 1.0, 0.02);
    for (size_t n = 0; n < SAMPLES; n++) {
        bench.x[n] = normal(bench.rng, 1.0);
    }
    /* Three deviations: the third moment of 8192 samples is known to 5 %. */
    cr_expect_float_eq(value(&bench, 50e3, 35e3, LS_FEATURE_KEYED), 0.667, 0.1);
    bench_finish(&bench);
}

/* Noise alone, near its strongest line, has 2. */
Test(measure, a_carrier_9_db_below_the_noise_is_constant_near_its_line) {
    struct bench bench;
    bench_init(&bench);
    for (size_t n = 0; n < SAMPLES; n++) {
        bench.x[n] = (float)sqrt(noise_pow / 8.0) * turn(0.013 * (double)n);
    }
    for (size_t n = 0; n < SAMPLES; n++) {
        bench.x[n] += normal(bench.rng, noise_pow);
    }
    struct ls_narrow_iq iq = {.iq = bench.x,
                              .count = SAMPLES,
                              .rate_sps = 10e3,
                              .on_to = SAMPLES,
                              .bandwidth_hz = 6e3,
                              .noise_pow = noise_pow,
                              .snr = 1.0 / 8.0,
                              .whole_band = true};
    ls_measure_iq(bench.measure, &iq, &bench.features);
    cr_expect_float_eq(ls_features_value(&bench.features, LS_FEATURE_LINE), 1.0, 0.2);
    cr_expect_float_eq(ls_features_value(&bench.features, LS_FEATURE_LINE_KURTOSIS), 1.0, 0.1);
    cr_expect(isnan(ls_features_value(&bench.features, LS_FEATURE_KURTOSIS)));
    bench_finish(&bench);
}

Test(measure, a_short_or_weak_part_says_nothing) {
    struct bench bench;
    bench_init(&bench);
    struct ls_narrow_iq iq = {.iq = bench.x,
                              .count = SAMPLES,
                              .rate_sps = 1e6,
                              .bandwidth_hz = 50e3,
                              .on_to = 31,
                              .noise_pow = 1.0,
                              .snr = 10.0};
    ls_measure_iq(bench.measure, &iq, &bench.features);
    iq.on_to = SAMPLES;
    iq.snr = 0.1;
    ls_measure_iq(bench.measure, &iq, &bench.features);
    cr_expect_eq(bench.features.parts, 0);
    bench_finish(&bench);
}
