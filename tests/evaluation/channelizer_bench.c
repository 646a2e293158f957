/* How fast the channelizer is, in input samples a second and in multiples of the transforms it
 * cannot do without (the same FFTW, the same process). Thread CPU time; a row times its two sides
 * in turns and shows medians, so that a busy machine disturbs both alike; "best" is the ratio of
 * the shortest turns, what an idle machine gives. Samples stay in cache, calls are as long as those
 * of the search. "bare" is the faster one of a contiguous batch and single transforms. Wanted: 1.6
 * at 1024 channels, 8 taps. */
#include <liquid/liquid.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/util.h"
#include "dsp/channelizer.h"
#include "dsp/fft.h"
#include "dsp/kernels.h"

enum { TURNS = 15 };

/* A turn of a side takes about this long. */
static const double turn_seconds = 0.02;

static double cpu_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t count) {
    qsort(values, count, sizeof *values, compare);
    return values[count / 2];
}

struct job {
    struct ls_channelizer *ch;
    size_t frames;
    size_t channels;
    void *samples;
    float sum;
    struct ls_fft *batch;
    struct ls_fft *single;
    float complex *in;
    float complex *out;
};

enum { BARE_SAMPLES = 16384 };

/* What the search does with a pair is timed in analysis_bench. */
static void drop_pair(void *context, const float *power_sum) {
    float *sum = context;
    *sum += power_sum[0];
}

static void run_bank(struct job *job) {
    const struct ls_channelizer_pairs to = {.pair = drop_pair, .context = &job->sum};
    ls_channelizer_pairs(job->ch, job->samples, job->frames, &to, NULL);
}

static void run_batch(struct job *job) { ls_fft_execute(job->batch, job->in, job->out); }

static void run_single(struct job *job) {
    for (size_t i = 0; i + job->channels <= BARE_SAMPLES; i += job->channels) {
        ls_fft_execute(job->single, job->in + i, job->out + i);
    }
}

/* Seconds of one call, by as many calls as fill a turn. */
static double time_calls(void (*run)(struct job *), struct job *job, size_t *calls) {
    for (;;) {
        double start = cpu_seconds();
        for (size_t i = 0; i < *calls; i++) {
            run(job);
        }
        double took = cpu_seconds() - start;
        if (took >= 0.5 * turn_seconds) {
            return took / (double)*calls;
        }
        *calls = took < 0.05 * turn_seconds ? 10 * *calls : 2 * *calls;
    }
}

struct result {
    double bank_sps;
    double bare_sps; /* input samples a second that the transforms alone would allow */
    double ratio;
    double best; /* ratio of the shortest turns */
};

static struct result measure(struct job *job) {
    double bank[TURNS];
    double bare[TURNS];
    double ratio[TURNS];
    size_t calls[3] = {1, 1, 1};
    size_t bare_frames = BARE_SAMPLES / job->channels;
    for (size_t turn = 0; turn < TURNS; turn++) {
        bank[turn] = time_calls(run_bank, job, &calls[0]) / (double)job->frames;
        double batch = time_calls(run_batch, job, &calls[1]);
        double single = time_calls(run_single, job, &calls[2]);
        bare[turn] = (batch < single ? batch : single) / (double)bare_frames;
        ratio[turn] = bank[turn] / bare[turn];
    }
    double hop = (double)job->channels / 2.0;
    struct result r = {.bank_sps = hop / median(bank, TURNS),
                       .bare_sps = hop / median(bare, TURNS),
                       .ratio = median(ratio, TURNS)};
    r.best = bank[0] / bare[0]; /* median() has sorted them */
    return r;
}

/* Quiet noise, which is what a receiver hears most of the time. */
static void fill(enum ls_format format, void *samples, size_t n) {
    uint32_t state = 1;
    for (size_t i = 0; i < 2 * n; i++) {
        state = state * 1664525u + 1013904223u;
        int v = (int)(state >> 26) - 32;
        if (format == LS_FORMAT_CI16_LE) {
            ((int16_t *)samples)[i] = (int16_t)(16 * v);
        } else if (format == LS_FORMAT_CF32_LE) {
            ((float *)samples)[i] = (float)v / 256.0F;
        } else {
            ((uint8_t *)samples)[i] = (uint8_t)(format == LS_FORMAT_CU8 ? v + 128 : v);
        }
    }
}

static void bench(size_t channels, size_t taps, enum ls_format format, const char *kernels) {
    struct job job = {.channels = channels};
    struct ls_err err = {0};
    const struct ls_channelizer_opts opts = {
        .channels = channels, .taps = taps, .format = format, .kernels = kernels};
    const struct ls_fft_opts batch = {.length = channels, .batch = BARE_SAMPLES / channels};
    const struct ls_fft_opts single = {.length = channels};
    if (ls_channelizer_create(&job.ch, &opts, &err) != LS_OK ||
        ls_fft_create(&job.batch, &batch, &err) != LS_OK ||
        ls_fft_create(&job.single, &single, &err) != LS_OK) {
        fprintf(stderr, "channelizer_bench: %s\n", err.text);
        exit(EXIT_FAILURE);
    }
    job.frames = 131072 / channels < 32 ? 32 : 131072 / channels;
    size_t span = ls_channelizer_span(job.ch, job.frames);
    job.samples = ls_fft_alloc(span);
    job.in = ls_fft_alloc(BARE_SAMPLES);
    job.out = ls_fft_alloc(BARE_SAMPLES);
    if (job.samples == NULL || job.in == NULL || job.out == NULL) {
        exit(EXIT_FAILURE);
    }
    fill(format, job.samples, span);
    fill(LS_FORMAT_CF32_LE, job.in, BARE_SAMPLES);
    struct result r = measure(&job);
    printf("%8zu %5zu  %-8s %-8s %9.0f %9.0f %9.2f %9.2f\n", channels, taps, ls_format_name(format),
           kernels, 1e-6 * r.bank_sps, 1e-6 * r.bare_sps, r.ratio, r.best);
    fflush(stdout);
    ls_channelizer_destroy(job.ch);
    ls_fft_destroy(job.batch);
    ls_fft_destroy(job.single);
    free(job.samples);
    free(job.in);
    free(job.out);
}

/* liquid-dsp's bank of the same shape (complex bins, no power), as a peer. */
static void bench_liquid(size_t channels, size_t taps) {
    unsigned half = (unsigned)channels / 2;
    ls_fft_lock();
    firpfbch2_crcf bank = firpfbch2_crcf_create_kaiser(LIQUID_ANALYZER, (unsigned)channels,
                                                       (unsigned)taps / 2, 60.0F);
    ls_fft_unlock();
    LS_AUTO(float complex) in = ls_fft_alloc(channels);
    LS_AUTO(float complex) out = ls_fft_alloc(channels);
    double seconds[TURNS];
    enum { CALLS = 200 };
    fill(LS_FORMAT_CF32_LE, in, channels);
    for (size_t turn = 0; turn < TURNS; turn++) {
        double start = cpu_seconds();
        for (size_t i = 0; i < CALLS; i++) {
            firpfbch2_crcf_execute(bank, in, out);
        }
        seconds[turn] = (cpu_seconds() - start) / CALLS;
    }
    printf("%8zu %5zu  %-8s %-8s %9.1f\n", channels, taps, "cf32_le", "liquid",
           1e-6 * half / median(seconds, TURNS));
    ls_fft_lock();
    firpfbch2_crcf_destroy(bank);
    ls_fft_unlock();
}

int main(void) {
    static const size_t sizes[] = {64, 256, 1024, 4096};
    static const char *const levels[] = {"generic", "v2", "v3", "v4"};
    const char *best = ls_kernels_best()->name;
    printf("%8s %5s  %-8s %-8s %9s %9s %9s %9s\n", "channels", "taps", "format", "kernels", "MS/s",
           "bare MS/s", "x bare", "best");
    for (size_t i = 0; i < LS_COUNT(sizes); i++) {
        for (enum ls_format format = LS_FORMAT_CU8; format <= LS_FORMAT_CF32_LE; format++) {
            bench(sizes[i], 8, format, best);
        }
    }
    bench(1024, 4, LS_FORMAT_CI16_LE, best);
    bench(1024, 12, LS_FORMAT_CI16_LE, best);
    for (size_t i = 0; i < LS_COUNT(levels); i++) {
        if (ls_kernels_find(levels[i]) != NULL) {
            bench(1024, 8, LS_FORMAT_CI16_LE, levels[i]);
        }
    }
    bench_liquid(1024, 8);
    return EXIT_SUCCESS;
}
