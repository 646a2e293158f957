#include "dsp/narrow.h"

#include <criterion/criterion.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>

enum { LENGTH = 640, BLOCKS = 40, SAMPLES = (BLOCKS + 1) * LENGTH / 2 };

struct bench {
    struct ls_narrow *narrow;
    float complex *in;  /* [SAMPLES] */
    float complex *out; /* [SAMPLES] before decimation */
    float complex *ret; /* [SAMPLES] */
};

static void bench_init(struct bench *bench) {
    struct ls_narrow_opts opts = {.length = LENGTH, .format = LS_FORMAT_CF32_LE};
    cr_assert_eq(ls_narrow_create(&bench->narrow, &opts, NULL), LS_OK);
    bench->in = calloc(SAMPLES, sizeof *bench->in);
    bench->out = calloc(SAMPLES, sizeof *bench->out);
    bench->ret = calloc(SAMPLES, sizeof *bench->ret);
    cr_assert_not_null(bench->in);
    cr_assert_not_null(bench->out);
    cr_assert_not_null(bench->ret);
}

static void bench_finish(struct bench *bench) {
    ls_narrow_destroy(bench->narrow);
    free(bench->in);
    free(bench->out);
    free(bench->ret);
}

static size_t cut(struct bench *bench, const struct ls_narrow_band *band) {
    size_t count = 0;
    for (size_t b = 0; b < BLOCKS; b++) {
        ls_narrow_block(bench->narrow, bench->in + b * LENGTH / 2, b);
        ls_narrow_cut(bench->narrow, band, bench->out + count);
        count += band->bins / 2;
    }
    return ls_narrow_decimate(bench->narrow, band, bench->out, count, bench->ret);
}

static void put_tone(struct bench *bench, double f) {
    for (size_t n = 0; n < SAMPLES; n++) {
        bench->in[n] = (float complex)cexp(2.0 * M_PI * f * (double)n * (double complex)I);
    }
}

/* A tone in the band comes out whole and without a break, at the time and frequency that are said;
 * what wraps round in a block stays 35 dB below. The widths take each kind of band. */
Test(narrow, a_tone_keeps_amplitude_phase_and_time) {
    static const double widths[] = {0.003, 0.02, 0.05, 0.11, 0.3, 0.7};
    static const double centers[] = {-0.41, -0.1003, 0.0, 0.2222};
    struct bench bench;
    bench_init(&bench);
    for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++) {
        for (size_t c = 0; c < sizeof centers / sizeof centers[0]; c++) {
            struct ls_narrow_band band = ls_narrow_plan(bench.narrow, centers[c], widths[w]);
            double f = centers[c] + 0.3 * widths[w];
            put_tone(&bench, f);
            size_t count = cut(&bench, &band);
            size_t edge = 8; /* the low-pass reaches over the ends */
            for (size_t i = edge; i + edge < count; i++) {
                double at = LENGTH / 4.0 + (double)i / band.rate; /* in samples of the input */
                double complex want = cexp(2.0 * M_PI * (double complex)I * (f - band.center) * at);
                cr_assert_lt(cabs((double complex)bench.ret[i] - want), 0.035,
                             "width %g centre %g sample %zu", widths[w], centers[c], i);
            }
        }
    }
    bench_finish(&bench);
}

Test(narrow, a_tone_beside_the_band_is_gone) {
    struct bench bench;
    bench_init(&bench);
    struct ls_narrow_band band = ls_narrow_plan(bench.narrow, 0.1, 0.05);
    put_tone(&bench, 0.1 + 1.2 * band.rate);
    size_t count = cut(&bench, &band);
    for (size_t i = 0; i < count; i++) {
        cr_assert_lt(cabsf(bench.ret[i]), 0.02F); /* -34 dB: what wraps round */
    }
    bench_finish(&bench);
}

/* 2 % is three deviations of the fewest samples. */
Test(narrow, noise_has_the_power_that_the_plan_says) {
    static const double widths[] = {0.01, 0.05, 0.3};
    struct bench bench;
    bench_init(&bench);
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, 5);
    for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++) {
        struct ls_narrow_band band = ls_narrow_plan(bench.narrow, -0.2, widths[w]);
        double power = 0.0;
        size_t all = 0;
        while (all < 40000) {
            for (size_t n = 0; n < SAMPLES; n++) {
                bench.in[n] = CMPLXF((float)gsl_ran_gaussian(rng, sqrt(0.5)),
                                     (float)gsl_ran_gaussian(rng, sqrt(0.5)));
            }
            size_t count = cut(&bench, &band);
            for (size_t i = 8; i + 8 < count; i++) {
                power += (double)(bench.ret[i] * conjf(bench.ret[i]));
                all++;
            }
        }
        cr_assert_float_eq(power / (double)all / band.noise, 1.0, 0.02, "width %g: %g", widths[w],
                           power / (double)all / band.noise);
    }
    gsl_rng_free(rng);
    bench_finish(&bench);
}

Test(narrow, bands_are_kept_wider_than_asked_and_say_when_not_whole) {
    struct ls_narrow *narrow;
    struct ls_narrow_opts opts = {.length = 4096, .format = LS_FORMAT_CI16_LE};
    cr_assert_eq(ls_narrow_create(&narrow, &opts, NULL), LS_OK);
    for (double width = 1e-4; width < 0.35; width *= 1.1) {
        struct ls_narrow_band band = ls_narrow_plan(narrow, 0.0, width);
        cr_assert(band.whole);
        cr_assert_geq(band.rate, 1.35 * width);
        cr_assert(band.rate <= 2.85 * width || band.decimation == 64);
    }
    cr_assert_not(ls_narrow_plan(narrow, 0.0, 0.9).whole);
    ls_narrow_destroy(narrow);
}

Test(narrow, odd_lengths_are_refused) {
    struct ls_narrow *narrow;
    struct ls_narrow_opts opts = {.length = 90, .format = LS_FORMAT_CU8};
    cr_assert_eq(ls_narrow_create(&narrow, &opts, NULL), LS_ERR_ARG);
    opts = (struct ls_narrow_opts){.length = 128};
    cr_assert_eq(ls_narrow_create(&narrow, &opts, NULL), LS_ERR_ARG);
}
