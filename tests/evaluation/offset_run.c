/* Error of the carrier offset (dsp/offset.h) over the Cramer-Rao bound, for bursts of the simulator
 * in white noise: offset_run TRIALS SEED [--check].
 *
 * The bound is that of a receiver that knows the symbols: of a carrier of the same energy over the
 * same time (for on-off keying, the times that it is on). Of FSK that cannot be reached without
 * deciding what was sent, as the phase of each stretch of a tone depends on all symbols before it;
 * the bound stated for it is that of stretches with phases of their own, and the other one beside
 * it. SNR is in the occupied bandwidth. */
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "dsp/offset.h"
#include "simulate/waveform.h"

struct kind {
    const char *name;
    enum ls_offset_form form;
    struct ls_waveform_opts wave;
    double times; /* rate over occupied bandwidth, as the cut of a burst has it */
    double most_s;
    double ceiling; /* of rms over the bound at 20 dB: what --check holds */
};

static const struct kind kinds[] = {
    {"gsm", LS_OFFSET_GMSK, {.id = "gsm", .params.mode = "data"}, 2.1, 0.5428e-3, 2.0},
    {"gsm, least rate", LS_OFFSET_GMSK, {.id = "gsm", .params.mode = "data"}, 1.4, 0.5428e-3, 2.0},
    {"ook, 4 kbd", LS_OFFSET_TONE, {.id = "ook"}, 2.0, 0.03, 2.0},
    {"carrier", LS_OFFSET_TONE, {.id = "carrier", .duration_s = 0.01}, 2.0, 0.01, 2.0},
    {"fsk, 20 kbd, 10 kHz",
     LS_OFFSET_FSK,
     {.id = "fsk", .params = {.symbol_rate_sps = 20e3, .deviation_hz = 20e3}},
     2.0,
     0.02,
     2.0},
    {"fsk, 10 kbd, 25 kHz",
     LS_OFFSET_FSK,
     {.id = "fsk", .params = {.symbol_rate_sps = 10e3, .deviation_hz = 25e3}},
     2.0,
     0.03,
     2.0},
};

static double power(float complex x) {
    return (double)(crealf(x) * crealf(x) + cimagf(x) * cimagf(x));
}

/* Variance of the phase slope of samples [from, to), cycles a sample, against noise of `noise`. */
static double information(const float complex *x, size_t from, size_t to, double noise) {
    double weight = 0.0;
    double moment = 0.0;
    double squares = 0.0;
    for (size_t n = from; n < to; n++) {
        weight += power(x[n]);
        moment += power(x[n]) * (double)n;
    }
    for (size_t n = from; n < to && weight > 0.0; n++) {
        double t = (double)n - moment / weight;
        squares += power(x[n]) * t * t;
    }
    return 4.0 * M_PI * M_PI * 2.0 * squares / noise;
}

/* The bound when each stretch of one tone has a phase of its own. */
static double stretches(const float complex *x, size_t count, double noise) {
    double of_tone[2] = {0.0, 0.0};
    size_t from = 0;
    int side = 0;
    for (size_t n = 1; n <= count; n++) {
        int now = n < count && cargf(x[n] * conjf(x[n - 1])) > 0.0F;
        if (n == count || now != side) {
            of_tone[side] += information(x, from, n, noise);
            from = n;
            side = now;
        }
    }
    return 0.25 * (1.0 / of_tone[0] + 1.0 / of_tone[1]);
}

static int run_kind(const struct kind *kind, double snr_db, size_t trials, gsl_rng *rng,
                    double *ret_ratio) {
    struct ls_waveform_opts wave = kind->wave;
    struct ls_waveform_info info;
    struct ls_err err;
    struct ls_offset *offset;
    if (ls_waveform_describe(&wave, &info, &err) != LS_OK ||
        ls_offset_create(&offset, &err) != LS_OK) {
        fprintf(stderr, "%s: %s\n", kind->name, err.text);
        return 1;
    }
    double width = fmax(info.high_hz - info.low_hz, 2e3);
    wave.rate_sps = kind->times * width;
    size_t count = (size_t)(fmin(kind->most_s, info.duration_s) * wave.rate_sps);
    count = count < LS_OFFSET_SAMPLES ? count : LS_OFFSET_SAMPLES;
    float complex *clean = calloc(count, sizeof *clean);
    float complex *x = calloc(count, sizeof *x);
    double squares = 0.0;
    double known = 0.0;
    double coherent = 0.0;
    double bound = 0.0;
    double told = 0.0;
    for (size_t trial = 0; trial < trials; trial++) {
        struct ls_waveform *waveform;
        wave.seed = gsl_rng_get(rng);
        if (clean == NULL || x == NULL || ls_waveform_create(&waveform, &wave, &err) != LS_OK) {
            fprintf(stderr, "%s: %s\n", kind->name, err.text);
            return 1;
        }
        ls_waveform_render(waveform, clean, count);
        ls_waveform_destroy(waveform);
        double noise = kind->times / exp10(snr_db / 10.0);
        double hz = (gsl_rng_uniform(rng) - 0.5) * 0.05 * width;
        double start = gsl_rng_uniform(rng);
        for (size_t n = 0; n < count; n++) {
            double complex turn =
                cexp(2.0 * M_PI * (double complex)I * (start + hz / wave.rate_sps * (double)n));
            x[n] = clean[n] * (float complex)turn +
                   (float complex)(gsl_ran_gaussian(rng, sqrt(noise / 2.0)) +
                                   (double complex)I * gsl_ran_gaussian(rng, sqrt(noise / 2.0)));
        }
        struct ls_offset_burst burst = {
            .iq = x, .count = count, .rate_sps = wave.rate_sps, .noise_pow = noise};
        struct ls_offset_value value;
        if (ls_offset_measure(offset, kind->form, &burst, &value)) {
            squares += (value.hz - hz) * (value.hz - hz);
            told += value.error_hz * value.error_hz;
            known += 1.0;
        }
        double square = wave.rate_sps * wave.rate_sps;
        double whole = square / information(clean, 0, count, noise);
        coherent += whole;
        bound += kind->form == LS_OFFSET_FSK ? square * stretches(clean, count, noise) : whole;
    }
    double rms = sqrt(squares / fmax(known, 1.0));
    *ret_ratio = rms / sqrt(bound / (double)trials);
    printf("%-22s %6.0f %8zu %9.1f %11.2f %10.2f %8.2f %14.2f\n", kind->name, snr_db, trials,
           100.0 * known / (double)trials, rms, *ret_ratio, sqrt(told / fmax(known, 1.0)) / rms,
           rms / sqrt(coherent / (double)trials));
    free(clean);
    free(x);
    ls_offset_destroy(offset);
    return 0;
}

int main(int argc, char **argv) {
    static const double snrs_db[] = {30.0, 20.0, 15.0, 10.0};
    if (argc < 3) {
        fprintf(stderr, "usage: offset_run TRIALS SEED [--check]\n");
        return 2;
    }
    size_t trials = strtoul(argv[1], NULL, 10);
    bool check = argc > 3 && strcmp(argv[3], "--check") == 0;
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, strtoul(argv[2], NULL, 10));
    int wrong = 0;
    printf("%-22s %6s %8s %9s %11s %10s %8s %14s\n", "form", "SNR dB", "bursts", "told %", "rms Hz",
           "rms/bound", "told/rms", "symbols known");
    for (size_t k = 0; k < LS_COUNT(kinds); k++) {
        for (size_t s = 0; s < LS_COUNT(snrs_db); s++) {
            double ratio = 0.0;
            if (check && snrs_db[s] != 20.0) {
                continue;
            }
            if (run_kind(&kinds[k], snrs_db[s], trials, rng, &ratio) != 0) {
                return 1;
            }
            wrong += snrs_db[s] == 20.0 && !(ratio <= kinds[k].ceiling);
        }
    }
    gsl_rng_free(rng);
    return check && wrong > 0 ? 1 : 0;
}
