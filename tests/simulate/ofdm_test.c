/* Multi-carrier waveforms: prefix, grid, sequences; and the transforms that make them. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "simulate/dft.h"
#include "simulate/measure.h"
#include "simulate/random.h"

Test(ofdm, transform_equals_its_definition) {
    const size_t sizes[] = {1, 2, 3, 4, 5, 6, 8, 12, 15, 60, 128, 180, 300, 512, 1200, 1536};
    for (size_t s = 0; s < LS_COUNT(sizes); s++) {
        size_t n = sizes[s];
        struct ls_dft dft;
        cr_assert_eq(ls_dft_init(&dft, n, NULL), LS_OK);
        struct ls_random random;
        ls_random_init(&random, n, 0);
        LS_AUTO(float complex) x = calloc(n, sizeof *x);
        LS_AUTO(float complex) y = calloc(n, sizeof *y);
        ls_random_add_noise(&random, x, n, 1);
        memcpy(y, x, n * sizeof *x);
        ls_dft_forward(&dft, y);
        double worst = 0;
        for (size_t k = 0; k < n; k++) {
            double complex sum = 0;
            for (size_t i = 0; i < n; i++) {
                double turns = -(double)(i * k % n) / (double)n;
                sum += (double complex)x[i] * cexp(CMPLX(0, 2 * M_PI * turns));
            }
            worst = fmax(worst, cabs(sum - (double complex)y[k]));
        }
        /* Single precision, log2(n) passes. */
        cr_expect_lt(worst, 2e-6 * sqrt((double)n) * (1 + log2((double)n)), "%zu: %g", n, worst);
        ls_dft_inverse(&dft, y);
        worst = 0;
        for (size_t i = 0; i < n; i++) {
            worst = fmax(worst, cabs((double complex)(y[i] / (float)n - x[i])));
        }
        cr_expect_lt(worst, 1e-5, "back from %zu", n);
        ls_dft_finish(&dft);
    }
}

/* Correlation over the prefix with what comes n samples later, over its own power; start counts
 * samples of the native rate. */
static double complex prefix_correlation(const struct measured *m, double start, double points,
                                         double prefix) {
    double complex sum = 0;
    double power = 0;
    for (double k = 0; k < prefix; k++) {
        double complex a = m->samples[(size_t)(start + k)];
        double complex b = m->samples[(size_t)(start + k + points)];
        sum += b * conj(a);
        power += (pow(cabs(a), 2) + pow(cabs(b), 2)) / 2;
    }
    return sum / power;
}

/* At the native rate the prefix repeats the symbol's end; half a subcarrier turns it by half. */
Test(ofdm, lte_uplink_repeats_each_prefix_a_symbol_later) {
    struct ls_waveform_opts opts = {.id = "lte-uplink",
                                    .rate_sps = 3.84e6,
                                    .duration_s = 0.01,
                                    .seed = 3,
                                    .params = {.prbs = 12, .activity = 1}};
    struct measured m;
    measure_render(&opts, 1, &m);
    const size_t points = 256;
    size_t at = 0;
    for (size_t symbol = 0; symbol < 140; symbol++) {
        size_t prefix = symbol % 7 == 0 ? 20 : 18; /* 160 and 144 of 2048 */
        double complex r = prefix_correlation(&m, (double)at, (double)points, (double)prefix);
        cr_expect_lt(cabs(r + 1), 0.02, "symbol %zu: %.3f%+.3fj", symbol, creal(r), cimag(r));
        /* Not so in the middle of the symbol. */
        double complex other = prefix_correlation(&m, (double)at + 100, (double)points, 18);
        cr_expect_lt(cabs(other), 0.9);
        at += prefix + points;
    }
    cr_expect_eq(at, 38400, "10 ms");
    measure_free(&m);
}

Test(ofdm, lte_cell_has_its_prefix_and_its_synchronisation_every_5_ms) {
    struct ls_waveform_opts opts = {.id = "lte-downlink",
                                    .rate_sps = 1.92e6,
                                    .duration_s = 0.04,
                                    .seed = 4,
                                    .params = {.bandwidth_hz = 1.4e6}};
    struct measured m;
    measure_render(&opts, 1, &m);
    cr_expect_gt(creal(prefix_correlation(&m, 0, 128, 10)), 0.99);
    /* TS 36.211 table 6.11.1.1-1: three roots; the strongest peaks lie 5 ms apart, in symbol 6. */
    const double roots[] = {25, 29, 34};
    double best[3] = {0};
    size_t best_at[3] = {0};
    for (size_t r = 0; r < 3; r++) {
        double complex time[128] = {0};
        for (size_t n = 0; n < 62; n++) {
            double i = (double)(n < 31 ? n : n + 1);
            double complex d = cexp(CMPLX(0, -M_PI * fmod(roots[r] * i * (i + 1), 126) / 63));
            size_t bin = n < 31 ? 128 - 31 + n : n - 30;
            time[bin] = d;
        }
        measure_fft(time, 128, 1);
        for (size_t at = 0; at < 9600; at++) {
            double complex sum = 0;
            double power = 0;
            for (size_t k = 0; k < 128; k++) {
                double complex v = m.samples[at + k];
                sum += v * conj(time[k]);
                power += pow(cabs(v), 2);
            }
            double score = pow(cabs(sum), 2) / (power * 62 * 128);
            if (score > best[r]) {
                best[r] = score;
                best_at[r] = at;
            }
        }
    }
    size_t r = best[0] > best[1] && best[0] > best[2] ? 0 : best[1] > best[2] ? 1 : 2;
    cr_expect_gt(best[r], 0.95, "%.3f", best[r]);
    cr_expect_eq(best_at[r], 6 * 128 + 10 + 6 * 9, "at sample %zu", best_at[r]);
    double complex sum = 0;
    double power = 0;
    for (size_t k = 0; k < 128; k++) {
        double complex a = m.samples[best_at[r] + k];
        double complex b = m.samples[best_at[r] + 9600 + k];
        sum += a * conj(b);
        power += (pow(cabs(a), 2) + pow(cabs(b), 2)) / 2;
    }
    cr_expect_gt(cabs(sum) / power, 0.95, "5 ms later");
    measure_free(&m);
}

Test(ofdm, preamble_is_flat_and_lasts_903_us) {
    struct ls_waveform_opts opts = {.id = "lte-prach", .rate_sps = 1.92e6, .seed = 4};
    struct measured m;
    measure_render(&opts, 1, &m);
    cr_expect_float_eq(m.info.duration_s, (3168 + 24576) / 30.72e6, 1e-9);
    cr_expect_lt(cabs(prefix_correlation(&m, 10, 1536, 180) - 1), 0.01);
    /* The 839 tones have one power. */
    double least = 1e9;
    double most = 0;
    for (long tone = -419; tone <= 419; tone++) {
        double complex sum = 0;
        for (size_t k = 0; k < 1536; k++) {
            double turns = -(double)((tone * (long)k) % 1536) / 1536;
            sum += (double complex)m.samples[198 + k] * cexp(CMPLX(0, 2 * M_PI * turns));
        }
        least = fmin(least, cabs(sum));
        most = fmax(most, cabs(sum));
    }
    cr_expect_lt(most / least, 1.1, "%.3f", most / least);
    measure_free(&m);
}

Test(ofdm, nr_phone_sends_one_slot_in_five_with_its_prefix) {
    struct ls_waveform_opts opts = {.id = "nr-uplink",
                                    .rate_sps = 15.36e6,
                                    .duration_s = 0.1,
                                    .seed = 3,
                                    .params = {.prbs = 20, .activity = 1}};
    struct measured m;
    measure_render(&opts, 1, &m);
    /* 512 points of 30 kHz; prefixes of 36, the first one of a slot 44 (TS 38.211 clause 5.3.1). */
    double complex r = prefix_correlation(&m, 0, 512, 44);
    cr_expect_lt(cabs(r - 1), 0.02);
    r = prefix_correlation(&m, 44 + 512, 512, 36);
    cr_expect_lt(cabs(r - 1), 0.02);
    size_t slot = 7680;
    for (size_t s = 0; s < 200; s++) {
        double power = measure_power(&m.samples[s * slot + 100], slot - 200);
        cr_expect((power > 0.5) == (s % 5 == 0), "slot %zu", s);
    }
    measure_free(&m);
}

Test(ofdm, lte_voice_is_a_millisecond_in_twenty) {
    struct ls_waveform_opts opts = {
        .id = "lte-uplink", .rate_sps = 1.92e6, .duration_s = 0.3, .params = {.mode = "voice"}};
    struct measured m;
    measure_render(&opts, 1, &m);
    for (size_t ms = 0; ms < 280; ms++) {
        double power = measure_power(&m.samples[ms * 1920 + 100], 1720);
        cr_expect((power > 0.5) == (ms % 20 == 0), "millisecond %zu: %.3f", ms, power);
    }
    measure_free(&m);
}

/* Groups of 1.6 ms on one tone of the 3.75 kHz raster: hops of 1, 6 and 1 tones. */
Test(ofdm, nb_iot_preamble_hops_over_its_raster) {
    struct ls_waveform_opts opts = {
        .id = "nb-iot", .rate_sps = 240e3, .seed = 3, .params = {.mode = "nprach", .repeats = 4}};
    struct measured m;
    measure_render(&opts, 1, &m);
    double before = 0;
    for (size_t group = 0; group < 16; group++) {
        double turns = 0;
        for (size_t k = 20; k < 360; k++) {
            double complex a = m.samples[group * 384 + k];
            double complex b = m.samples[group * 384 + k + 1];
            turns += carg(b * conj(a)) / (2 * M_PI);
        }
        double tone = turns / 340 * 240e3 / 3750;
        cr_expect_float_eq(tone - 0.5, round(tone - 0.5), 0.01, "group %zu: %.3f", group, tone);
        double hop = fabs(tone - before);
        if (group % 4 != 0) {
            cr_expect_float_eq(hop, group % 4 == 2 ? 6 : 1, 0.01, "group %zu hops %.2f", group,
                               hop);
        }
        before = tone;
    }
    measure_free(&m);
}
