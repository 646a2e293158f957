/* Claims that hold for every row of the table of waveforms. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "simulate/measure.h"
#include "simulate/random.h"

/* How to look at each row: long enough for its statistics, at a rate that holds its skirts. */
struct look {
    const char *id;
    const char *mode;
    double rate_sps;
    double duration_s;
    size_t seeds;    /* short ones are averaged over so many */
    double width_hz; /* 99 % bandwidth known from elsewhere; 0: only what describe says */
    struct ls_waveform_params params;
};

static const struct look looks[] = {
    {"stepped-carrier", NULL, 2e6, 4, 1, 975e3, {0}},
    {"chirp", "up", 2e6, 0.5, 1, 990e3, {0}},
    /* GMSK BT 0.3 at 270.833 kBd: about 0.91 symbol rates. */
    {"gsm", "data", 1e6, 3, 1, 246e3, {0}},
    {"gsm", "sdcch", 1e6, 3, 1, 246e3, {0}},
    {"gsm-access", NULL, 1e6, 0, 40, 246e3, {0}},
    {"gsm-bcch", NULL, 1e6, 1, 1, 246e3, {0}},
    /* Root raised cosines: 1.169 and 1.085 symbol rates, from their spectrum in closed form. */
    {"tetra", "voice", 100e3, 5, 1, 21.04e3, {0}},
    {"tetra", "downlink", 100e3, 3, 1, 21.04e3, {0}},
    {"wcdma", NULL, 12e6, 0.04, 1, 4.17e6, {0}},
    {"dmr", "mobile", 100e3, 10, 1, 0, {0}},
    {"dmr", "base", 100e3, 5, 1, 0, {0}},
    {"ais", NULL, 100e3, 0, 40, 0, {0}},
    {"nexus", NULL, 500e3, 0, 4, 0, {0}},
    {"prologue", NULL, 500e3, 0, 4, 0, {0}},
    {"wh2", NULL, 500e3, 0, 10, 0, {0}},
    {"acurite", NULL, 500e3, 0, 10, 0, {0}},
    {"ook", "ppm", 500e3, 0, 20, 0, {0}},
    {"ook", "pwm", 500e3, 0, 20, 0, {0}},
    {"ook", "manchester", 500e3, 0, 20, 0, {0}},
    {"fsk", "nrz", 1e6, 0, 20, 0, {.bytes = 200}},
    {"davis", NULL, 1e6, 0, 40, 0, {0}},
    {"wmbus", "t1", 2e6, 0, 20, 0, {0}},
    {"rtk", "gmsk", 250e3, 0, 4, 0.91 * 9600, {0}},
    {"rtk", "4fsk", 250e3, 0, 4, 0, {0}},
    {"lora", NULL, 1e6, 0, 10, 0, {.spreading = 7}},
    {"lora", NULL, 500e3, 0, 3, 125e3, {.spreading = 10}},
    {"lora", NULL, 500e3, 0, 1, 125e3, {.spreading = 12}},
    {"fm", NULL, 100e3, 20, 1, 0, {0}},
    {"fm", NULL, 100e3, 20, 1, 0, {.deviation_hz = 5000, .tone_hz = 123}},
    {"ads-b", NULL, 20e6, 0, 60, 0, {0}},
    /* 50 blocks of 180 kHz are 9 MHz; 839 tones of 1.25 kHz are 1.049 MHz. */
    {"lte-uplink", "data", 20e6, 0.12, 1, 0, {.activity = 1}},
    {"lte-uplink", "data", 20e6, 0.03, 1, 0.99 * 9e6, {.prbs = 50, .activity = 1}},
    {"lte-uplink", "data", 4e6, 0.3, 1, 0, {.prbs = 1, .activity = 1}},
    {"lte-uplink", "voice", 4e6, 2, 1, 0, {.prbs = 2}},
    {"lte-prach", NULL, 4e6, 0, 40, 1.04e6, {0}},
    {"lte-downlink", NULL, 20e6, 0.04, 1, 0.99 * 9e6, {0}},
    {"lte-downlink", NULL, 4e6, 0.1, 1, 0, {.bandwidth_hz = 1.4e6}},
    {"nr-uplink", "cp-ofdm", 40e6, 0.03, 1, 0.99 * 18.36e6, {0}},
    {"nr-uplink", "dft-s", 20e6, 0.1, 1, 0.99 * 7.2e6, {.prbs = 20}},
    {"ofdm", NULL, 20e6, 0.05, 1, 0.99 * 8e6, {0}},
    {"nb-iot", "npusch", 2e6, 0, 10, 0, {0}},
    {"nb-iot", "nprach", 2e6, 0, 20, 42.75e3, {.repeats = 16}},
    {"nb-iot", "downlink", 2e6, 1, 1, 0, {0}},
    {"am", NULL, 100e3, 20, 1, 0, {0}},
    /* A root raised cosine of 0.35: 1.169 symbol rates. */
    {"linear", "bpsk", 200e3, 2, 1, 29.2e3, {0}},
    {"linear", "qam16", 200e3, 2, 1, 29.2e3, {0}},
    {"tones", NULL, 50e3, 8, 1, 0, {0}},
    {"noise-hops", NULL, 2e6, 4, 3, 0, {0}},
    {"radar", "chirped", 8e6, 0.05, 1, 0, {0}},
    {"radar", "random", 4e6, 0.5, 1, 0, {0}},
};

static struct ls_waveform_opts opts_of(const struct look *look, uint64_t seed) {
    struct ls_waveform_opts opts = {.id = look->id,
                                    .rate_sps = look->rate_sps,
                                    .duration_s = look->duration_s,
                                    .seed = seed,
                                    .params = look->params};
    opts.params.mode = look->mode;
    return opts;
}

Test(waveform, rows_are_complete_and_ids_unique) {
    for (size_t i = 0; i < ls_waveform_count(); i++) {
        const struct ls_waveform_row *row = ls_waveform_at(i);
        cr_expect_eq(ls_waveform_find(row->id), row, "%s is there twice", row->id);
        cr_expect(strlen(row->summary) > 10 && row->class_name[0] != '\0' && row->modes != NULL);
    }
    cr_expect_null(ls_waveform_at(ls_waveform_count()));
    cr_expect_null(ls_waveform_find("morse"));
}

/* The 99 % edges lie where describe says: within 5 % of the width, which is the spread of bursts as
 * short as these, or 2 bins. */
Test(waveform, ninety_nine_percent_of_the_power_lies_where_described, .timeout = 120) {
    enum { BINS = 1 << 14 };
    LS_AUTO(double) spectrum = malloc(BINS * sizeof *spectrum);
    for (size_t i = 0; i < LS_COUNT(looks); i++) {
        const struct look *look = &looks[i];
        memset(spectrum, 0, BINS * sizeof *spectrum);
        double low = 0;
        double high = 0;
        /* Tones that the seed chooses move the edges: they are taken against their own. */
        double about = 0;
        for (size_t seed = 0; seed < look->seeds; seed++) {
            struct measured m;
            struct ls_waveform_opts opts = opts_of(look, seed + 1);
            measure_render(&opts, 20, &m);
            about = (m.info.low_hz + m.info.high_hz) / 2;
            for (size_t k = 0; k < m.count; k++) {
                double turns = fmod(-about / m.rate_sps * (double)k, 1);
                m.samples[k] *= (float complex)cexp(CMPLX(0, 2 * M_PI * turns));
            }
            measure_spectrum(m.samples, m.count, BINS, spectrum);
            low += (m.info.low_hz - about) / (double)look->seeds;
            high += (m.info.high_hz - about) / (double)look->seeds;
            measure_free(&m);
        }
        double width = high - low;
        /* Keyed marks in fixed distances make a lumpy spectrum: their edges are known to 15 %. */
        bool keyed = ls_waveform_find(look->id)->class_name[0] == 'o';
        double tolerance =
            (keyed ? 0.15 : 0.05) * width / (keyed ? 2 : 1) + 2 * look->rate_sps / BINS;
        double got_low = measure_quantile(spectrum, BINS, 0.005) * look->rate_sps;
        double got_high = measure_quantile(spectrum, BINS, 0.995) * look->rate_sps;
        const char *mode = look->mode == NULL ? "" : look->mode;
        cr_expect_float_eq(got_low, low, tolerance, "%s %s low: %.0f, described %.0f", look->id,
                           mode, got_low, low);
        cr_expect_float_eq(got_high, high, tolerance, "%s %s high: %.0f, described %.0f", look->id,
                           mode, got_high, high);
        if (look->width_hz > 0) {
            cr_expect_float_eq(got_high - got_low, look->width_hz, 0.05 * look->width_hz,
                               "%s %s: width %.0f, known %.0f", look->id, mode, got_high - got_low,
                               look->width_hz);
        }
    }
}

/* Energy over time on the air. Ramps take up to 3 % of a short burst; random activity is avoided.
 */
Test(waveform, power_is_one_while_on_the_air, .timeout = 60) {
    for (size_t i = 0; i < LS_COUNT(looks); i++) {
        const struct look *look = &looks[i];
        bool random_time = strcmp(look->id, "nr-uplink") == 0 ||
                           (look->mode != NULL && (strcmp(look->mode, "sdcch") == 0 ||
                                                   strcmp(look->mode, "random") == 0));
        double tolerance = 0.03;
        if (strcmp(look->id, "ads-b") == 0 || strcmp(look->id, "lte-downlink") == 0 ||
            (look->mode != NULL && strcmp(look->mode, "downlink") == 0)) {
            tolerance = 0.15; /* edges of 0.1 us in 0.5 us; load that changes by the frame */
        }
        if (strcmp(look->id, "gsm-access") == 0 || strcmp(look->id, "acurite") == 0 ||
            strcmp(look->id, "ook") == 0 || strcmp(look->id, "tetra") == 0 ||
            strcmp(look->id, "nexus") == 0 || strcmp(look->id, "prologue") == 0) {
            tolerance = 0.08; /* edges of 20 us in 220 us, of 2 symbols in 100 */
        }
        if (random_time) {
            continue;
        }
        struct measured m;
        struct ls_waveform_opts opts = opts_of(look, 3);
        measure_render(&opts, 30, &m);
        double energy = measure_power(m.samples, m.count) * (double)m.count / m.rate_sps;
        cr_expect_float_eq(energy / m.info.on_s, 1, tolerance, "%s %s: %.4f", look->id,
                           look->mode == NULL ? "" : look->mode, energy / m.info.on_s);
        measure_free(&m);
    }
}

Test(waveform, any_split_and_skip_gives_the_same_samples, .timeout = 60) {
    for (size_t i = 0; i < ls_waveform_count(); i++) {
        /* A rate that is no multiple of any symbol rate, and a delay that is no whole sample. */
        struct ls_waveform_opts opts = {.id = ls_waveform_at(i)->id,
                                        .rate_sps = 1.234567e6,
                                        .duration_s = 0.02,
                                        .delay_s = 1.23456789e-3,
                                        .seed = 9};
        enum { N = 60000 };
        LS_AUTO(float complex) whole = calloc(N, sizeof *whole);
        LS_AUTO(float complex) parts = calloc(N, sizeof *parts);
        struct ls_waveform *a;
        struct ls_waveform *b;
        cr_assert_eq(ls_waveform_create(&a, &opts, NULL), LS_OK, "%s", opts.id);
        cr_assert_eq(ls_waveform_create(&b, &opts, NULL), LS_OK, "%s", opts.id);
        if (!ls_waveform_render(a, whole, N)) {
            memset(whole, 0, N * sizeof *whole);
        }
        struct ls_random random;
        ls_random_init(&random, 1, i);
        for (size_t at = 0; at < N;) {
            size_t n = 1 + (size_t)ls_random_below(&random, at % 3 == 0 ? 3 : 900);
            n = n < N - at ? n : N - at;
            if (ls_random_below(&random, 8) == 0) {
                ls_waveform_skip(b, n);
                memcpy(&parts[at], &whole[at], n * sizeof *parts);
            } else if (!ls_waveform_render(b, &parts[at], n)) {
                memset(&parts[at], 0, n * sizeof *parts);
            }
            at += n;
        }
        bool equal = true;
        for (size_t k = 0; k < N; k++) {
            equal = equal && whole[k] == parts[k];
        }
        cr_expect(equal, "%s", opts.id);
        ls_waveform_destroy(a);
        ls_waveform_destroy(b);
    }
}

Test(waveform, ends_when_described_and_stays_silent, .timeout = 60) {
    for (size_t i = 0; i < ls_waveform_count(); i++) {
        struct ls_waveform_opts opts = {.id = ls_waveform_at(i)->id, .duration_s = 0.05, .seed = 4};
        struct ls_waveform_info info;
        struct ls_waveform *waveform;
        cr_assert_eq(ls_waveform_describe(&opts, &info, NULL), LS_OK);
        opts.rate_sps = fmax(1e6, info.span_hz);
        cr_assert_eq(ls_waveform_create(&waveform, &opts, NULL), LS_OK);
        float complex x[500];
        size_t done = 0;
        size_t last = 0;
        while (!ls_waveform_ended(waveform) && (double)done < 5 * opts.rate_sps) {
            if (ls_waveform_render(waveform, x, LS_COUNT(x))) {
                for (size_t k = 0; k < LS_COUNT(x); k++) {
                    double complex v = x[k];
                    last = creal(v * conj(v)) > 0.02 ? done + k : last;
                }
            }
            done += LS_COUNT(x);
        }
        /* Half a symbol of the slowest one (POCSAG, 1/1200 s), or a guard time. */
        cr_expect_float_eq((double)(last + 1) / opts.rate_sps, info.duration_s, 0.6e-3,
                           "%s: %.6f s, described %.6f", opts.id,
                           (double)(last + 1) / opts.rate_sps, info.duration_s);
        cr_expect_not(ls_waveform_render(waveform, x, LS_COUNT(x)), "%s goes on", opts.id);
        ls_waveform_destroy(waveform);
    }
}

Test(waveform, describing_a_described_length_changes_nothing) {
    const double asked[] = {0, 1e-4, 0.0123, 1, 17.3, 119.98};
    for (size_t i = 0; i < ls_waveform_count(); i++) {
        const struct ls_waveform_row *row = ls_waveform_at(i);
        for (size_t m = 0; m == 0 || (row->modes[0] != NULL && row->modes[m] != NULL); m++) {
            for (size_t a = 0; a < LS_COUNT(asked); a++) {
                struct ls_waveform_opts opts = {.id = row->id,
                                                .duration_s = asked[a],
                                                .seed = 8,
                                                .params = {.mode = row->modes[m]}};
                struct ls_waveform_info first;
                struct ls_waveform_info again;
                cr_assert_eq(ls_waveform_describe(&opts, &first, NULL), LS_OK);
                /* Scenes keep lengths in whole nanoseconds. */
                opts.duration_s = round(first.duration_s * 1e9) / 1e9;
                cr_assert_eq(ls_waveform_describe(&opts, &again, NULL), LS_OK);
                cr_expect_float_eq(again.duration_s, first.duration_s, 1e-9, "%s %g: %.9f, %.9f",
                                   row->id, asked[a], first.duration_s, again.duration_s);
                cr_expect_eq(again.bursts, first.bursts, "%s", row->id);
                cr_expect(first.on_s <= first.duration_s * (1 + 1e-12) && first.on_s > 0, "%s",
                          row->id);
            }
        }
    }
}

Test(waveform, seed_changes_content_and_nothing_else_does) {
    const char *const random[] = {"gsm", "tetra", "lora", "fsk", "lte-uplink", "ais", "ads-b"};
    for (size_t i = 0; i < LS_COUNT(random); i++) {
        struct ls_waveform_opts opts = {
            .id = random[i], .rate_sps = 2e6, .duration_s = 0.01, .seed = 1};
        struct measured a;
        struct measured b;
        struct measured c;
        measure_render(&opts, 2e-2, &a);
        measure_render(&opts, 2e-2, &b);
        opts.seed = 2;
        measure_render(&opts, 2e-2, &c);
        size_t bytes = a.count * sizeof *a.samples;
        cr_expect_arr_eq(a.samples, b.samples, bytes, "%s", random[i]);
        cr_expect(a.count != c.count || memcmp(a.samples, c.samples, bytes) != 0, "%s", random[i]);
        measure_free(&a);
        measure_free(&b);
        measure_free(&c);
    }
}

Test(waveform, wrong_options_get_one_line_that_helps) {
    static const struct {
        struct ls_waveform_opts opts;
        const char *says;
    } wrong[] = {
        {{.id = NULL}, "needs an id"},
        {{.id = "tetrra"}, "did you mean 'tetra'?"},
        {{.id = "zzzzzzzzz"}, "no waveform is called 'zzzzzzzzz'"},
        {{.id = "gsm", .params = {.mode = "sddch"}}, "did you mean 'sdcch'?"},
        {{.id = "lora", .params = {.mode = "x"}}, "has no modes"},
        {{.id = "gsm", .params = {.bytes = 3}}, "does not use 'bytes'"},
        {{.id = "lora", .params = {.spreading = 13}}, "'spreading' is 13; it has to be 6 to 12"},
        {{.id = "lora", .params = {.bandwidth_hz = -1}}, "give a positive value"},
        {{.id = "gsm", .duration_s = -1}, "duration -1 s"},
        {{.id = "gsm", .duration_s = NAN}, "duration nan s"},
        {{.id = "gsm", .params = {.activity = 1.5}}, "'activity' is 1.5"},
        {{.id = "lte-uplink", .params = {.bandwidth_hz = 7e6}}, "'bandwidth_hz' is 7e+06"},
        {{.id = "lte-uplink", .params = {.prbs = 7}}, "'prbs' is 7"},
        {{.id = "nr-uplink", .params = {.prbs = 20, .bandwidth_hz = 20e6}}, "not both"},
        {{.id = "fsk", .params = {.deviation_hz = 1}}, "'deviation_hz' is 1"},
        {{.id = "wmbus", .params = {.bytes = 250}}, "'bytes' is 250"},
        {{.id = "ook", .params = {.repeats = 2000}}, "'repeats' is 2000"},
        {{.id = "chirp", .params = {.dwell_s = 1e-9}}, "'dwell_s'"},
    };
    for (size_t i = 0; i < LS_COUNT(wrong); i++) {
        struct ls_err err = {0};
        struct ls_waveform_info info;
        cr_expect_eq(ls_waveform_describe(&wrong[i].opts, &info, &err), LS_ERR_ARG, "%zu", i);
        cr_expect(strstr(err.text, wrong[i].says) != NULL, "%s", err.text);
    }
    struct ls_err err = {0};
    struct ls_waveform *waveform = NULL;
    struct ls_waveform_opts no_rate = {.id = "gsm"};
    cr_expect_eq(ls_waveform_create(&waveform, &no_rate, &err), LS_ERR_ARG);
    struct ls_waveform_opts slow = {.id = "wcdma", .rate_sps = 1000};
    cr_expect_eq(ls_waveform_create(&waveform, &slow, &err), LS_ERR_ARG);
    cr_expect_null(waveform);
    ls_waveform_destroy(NULL);
}
