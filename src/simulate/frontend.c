#include "simulate/frontend.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "simulate/exact.h"
#include "simulate/random.h"

enum { TAPS = 49, DELAY = TAPS / 2, GRID = 512, LANES = 8, PAIRS = (2 * TAPS + LANES - 1) / LANES };

/* The droop sets in near the edge, as behind a converter's decimation filter. */
static const double EDGE_POWER = 8;

struct spur {
    float amplitude;
    uint64_t step; /* 2^-64 turns a sample */
};

struct ls_frontend {
    enum ls_format format;
    bool shaped;
    float taps[LANES * PAIRS]; /* each twice, for real and imaginary part; zeros to the end */
    float complex history[TAPS - 1];
    float complex *line; /* history and the samples of a call, line_capacity of them */
    bool balanced;
    float q_from_q;
    float q_from_i;
    float complex dc;
    struct spur *spurs;
    size_t spur_count;
    struct ls_random noise;
};

enum { STRETCH = 4096 };

/* Amplitude at f cycles a sample, |f| <= 0.5. */
static double passband(const struct ls_frontend_opts *opts, double f) {
    double ripple = opts->ripple_db * cos(2 * M_PI * 3 * f);
    double droop = opts->edge_db * pow(fabs(2 * f), EDGE_POWER);
    return pow(10, (ripple - droop) / 20);
}

/* Frequency sampling: the impulse response of the wanted gain, cut by a Hann window. */
static void design(struct ls_frontend *receiver, const struct ls_frontend_opts *opts) {
    for (size_t k = 0; k < TAPS; k++) {
        double n = (double)k - DELAY;
        double sum = 0;
        for (size_t g = 0; g < GRID; g++) {
            double f = ((double)g + 0.5) / GRID - 0.5;
            sum += passband(opts, f) * cos(2 * M_PI * f * n);
        }
        double window = 0.5 + 0.5 * cos(M_PI * n / (DELAY + 1));
        receiver->taps[2 * k] = (float)(sum / GRID * window);
        receiver->taps[2 * k + 1] = receiver->taps[2 * k];
    }
}

int ls_frontend_create(struct ls_frontend **ret, const struct ls_frontend_opts *opts,
                       struct ls_err *err) {
    if (!(opts->rate_sps > 0) || ls_format_bytes(opts->format) == 0 || !(opts->edge_db >= 0)) {
        return ls_err_set(err, LS_ERR_ARG,
                          "a receiver needs a rate, a sample format and a droop of 0 dB or more");
    }
    struct ls_frontend *receiver = calloc(1, sizeof *receiver);
    if (receiver == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for a receiver");
    }
    receiver->format = opts->format;
    receiver->shaped = opts->ripple_db != 0 || opts->edge_db != 0;
    receiver->spur_count = opts->spur_count;
    receiver->spurs = calloc(opts->spur_count + 1, sizeof *receiver->spurs);
    /* A multiple of the lanes may reach past the last tap: room for it, times 0. */
    receiver->line = calloc(STRETCH + LANES * PAIRS, sizeof *receiver->line);
    if (receiver->spurs == NULL || receiver->line == NULL) {
        ls_frontend_destroy(receiver);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for a receiver");
    }
    if (receiver->shaped) {
        design(receiver, opts);
    }
    double gain = pow(10, opts->iq_gain_db / 20);
    double angle = opts->iq_phase_deg * M_PI / 180;
    receiver->balanced = opts->iq_gain_db == 0 && opts->iq_phase_deg == 0;
    receiver->q_from_q = (float)(gain * cos(angle));
    receiver->q_from_i = (float)(gain * sin(angle));
    /* Leakage of the oscillator has some phase; this one stays. */
    receiver->dc = CMPLXF(0.8f * (float)opts->dc_amplitude, -0.6f * (float)opts->dc_amplitude);
    for (size_t i = 0; i < opts->spur_count; i++) {
        double turns = opts->spurs[i].offset_hz / opts->rate_sps;
        receiver->spurs[i].step = ls_exact_turns(turns);
        receiver->spurs[i].amplitude = (float)pow(10, opts->spurs[i].level_dbfs / 20);
    }
    ls_random_init(&receiver->noise, opts->seed, 1);
    *ret = receiver;
    return LS_OK;
}

void ls_frontend_destroy(struct ls_frontend *receiver) {
    if (receiver != NULL) {
        free(receiver->spurs);
        free(receiver->line);
        free(receiver);
    }
}

size_t ls_frontend_delay(const struct ls_frontend *receiver) {
    return receiver->shaped ? DELAY : 0;
}

static void filter(struct ls_frontend *receiver, float complex *samples, size_t n) {
    float complex *line = receiver->line;
    memcpy(line, receiver->history, sizeof receiver->history);
    memcpy(&line[TAPS - 1], samples, n * sizeof *samples);
    memset(&line[TAPS - 1 + n], 0, LANES * sizeof *line);
    for (size_t i = 0; i < n; i++) {
        const float *x = (const float *)&line[i];
        float sum[LANES] = {0};
        for (size_t k = 0; k < (size_t)PAIRS * LANES; k += LANES) {
            for (size_t lane = 0; lane < LANES; lane++) {
                sum[lane] += x[k + lane] * receiver->taps[k + lane];
            }
        }
        samples[i] =
            CMPLXF((sum[0] + sum[2]) + (sum[4] + sum[6]), (sum[1] + sum[3]) + (sum[5] + sum[7]));
    }
    memcpy(receiver->history, &line[n], sizeof receiver->history);
}

static void add_spurs(const struct ls_frontend *receiver, uint64_t first, float complex *samples,
                      size_t n) {
    for (size_t s = 0; s < receiver->spur_count; s++) {
        const struct spur *spur = &receiver->spurs[s];
        uint64_t phase = spur->step * first;
        for (size_t i = 0; i < n; i++) {
            samples[i] += spur->amplitude * ls_exact_cis((uint32_t)(phase >> 32));
            phase += spur->step;
        }
    }
}

uint64_t ls_frontend_process(struct ls_frontend *receiver, uint64_t first, double noise_pow,
                             float complex *samples, size_t n, void *ret_bytes) {
    uint64_t clipped = 0;
    for (size_t done = 0; done < n;) {
        size_t count = n - done < STRETCH ? n - done : STRETCH;
        float complex *x = &samples[done];
        ls_random_add_noise(&receiver->noise, x, count, noise_pow);
        if (receiver->shaped) {
            filter(receiver, x, count);
        }
        if (!receiver->balanced) {
            for (size_t i = 0; i < count; i++) {
                float in_phase = crealf(x[i]);
                x[i] = CMPLXF(in_phase,
                              receiver->q_from_q * cimagf(x[i]) + receiver->q_from_i * in_phase);
            }
        }
        if (receiver->dc != 0) {
            for (size_t i = 0; i < count; i++) {
                x[i] += receiver->dc;
            }
        }
        add_spurs(receiver, first + done, x, count);
        clipped +=
            ls_frontend_quantise(receiver->format, x, count,
                                 (char *)ret_bytes + done * ls_format_bytes(receiver->format));
        done += count;
    }
    return clipped;
}

/* value times scale plus offset, rounded, within low..high. */
static int32_t rounded(float value, float scale, float offset, int32_t low, int32_t high,
                       uint64_t *clipped) {
    float v = value * scale + offset;
    /* The comparisons are false for NaN, which takes the zero of the format. */
    if (v >= (float)high + 0.5f) {
        (*clipped)++;
        return high;
    }
    if (v <= (float)low - 0.5f) {
        (*clipped)++;
        return low;
    }
    return isnan(v) ? (int32_t)lrintf(offset) : (int32_t)lrintf(v);
}

static uint64_t to_bytes(const float *in, size_t n, float scale, float offset, int32_t low,
                         uint8_t *ret) {
    uint64_t clipped = 0;
    for (size_t i = 0; i < n; i++) {
        ret[i] = (uint8_t)rounded(in[i], scale, offset, low, low + 255, &clipped);
    }
    return clipped;
}

static uint64_t to_words(const float *in, size_t n, uint8_t *ret) {
    uint64_t clipped = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t word = (uint32_t)rounded(in[i], 32768, 0, INT16_MIN, INT16_MAX, &clipped);
        ret[2 * i] = (uint8_t)word;
        ret[2 * i + 1] = (uint8_t)(word >> 8);
    }
    return clipped;
}

static void to_floats(const float *in, size_t n, uint8_t *ret) {
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &in[i], sizeof bits);
        for (size_t byte = 0; byte < 4; byte++) {
            ret[4 * i + byte] = (uint8_t)(bits >> (8 * byte));
        }
    }
}

uint64_t ls_frontend_quantise(enum ls_format format, const float complex *in, size_t n,
                              void *ret_bytes) {
    const float *flat = (const float *)in;
    switch (format) {
    case LS_FORMAT_CU8:
        return to_bytes(flat, 2 * n, 127.5f, 127.5f, 0, ret_bytes);
    case LS_FORMAT_CI8:
        return to_bytes(flat, 2 * n, 128, 0, -128, ret_bytes);
    case LS_FORMAT_CI16_LE:
        return to_words(flat, 2 * n, ret_bytes);
    case LS_FORMAT_CF32_LE:
        to_floats(flat, 2 * n, ret_bytes);
        return 0;
    case LS_FORMAT_NONE:
        break;
    }
    assert(!"a sample format");
    return 0;
}
