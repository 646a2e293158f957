#include "dsp/offset.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "dsp/fft.h"
#include "dsp/gmsk.h"
#include "dsp/rows.h"

enum {
    SAMPLES_MIN = 32,
    ROUNDS = 3,
    RUN_MIN = 4,
    BLOCKS = 8,
    EXACT = 64, /* turns after which rounding is taken out of their product */
};

/* Of the periodogram: at least twice the samples of a burst. */
static const size_t lengths[] = {512, 2048, 2 * LS_OFFSET_SAMPLES};

static const double coherent = 0.7;  /* of the amplitude that one carrier would sum up to */
static const double on_noise = 4.0;  /* times the noise: the carrier is on */
static const double trimmed = 0.125; /* of a stretch at each end: the tone is changing there */

struct ls_offset {
    struct ls_fft *fft[LS_COUNT(lengths)];
    float complex *padded; /* [2 * LS_OFFSET_SAMPLES] */
    float complex *bins;   /* the same */
    float *power;          /* the same */
    struct ls_gmsk *gmsk;
    double hz[LS_OFFSET_SAMPLES]; /* scratch: instantaneous frequency, in cycles a sample */
};

int ls_offset_create(struct ls_offset **ret, struct ls_err *err) {
    struct ls_offset *offset = calloc(1, sizeof *offset);
    if (offset == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for carrier offsets");
    }
    offset->padded = ls_fft_alloc((size_t)2 * LS_OFFSET_SAMPLES);
    offset->bins = ls_fft_alloc((size_t)2 * LS_OFFSET_SAMPLES);
    offset->power = calloc((size_t)2 * LS_OFFSET_SAMPLES, sizeof *offset->power);
    int code = offset->padded != NULL && offset->bins != NULL && offset->power != NULL
                   ? LS_OK
                   : ls_err_set(err, LS_ERR_NOMEM, "out of memory for carrier offsets");
    for (size_t i = 0; i < LS_COUNT(lengths) && code == LS_OK; i++) {
        code = ls_fft_create(&offset->fft[i], &(struct ls_fft_opts){.length = lengths[i]}, err);
    }
    code = code == LS_OK ? ls_gmsk_create(&offset->gmsk, err) : code;
    if (code != LS_OK) {
        ls_offset_destroy(offset);
        return code;
    }
    *ret = offset;
    return LS_OK;
}

void ls_offset_destroy(struct ls_offset *offset) {
    if (offset != NULL) {
        for (size_t i = 0; i < LS_COUNT(lengths); i++) {
            ls_fft_destroy(offset->fft[i]);
        }
        ls_gmsk_destroy(offset->gmsk);
        free(offset->padded);
        free(offset->bins);
        free(offset->power);
        free(offset);
    }
}

static double power(float complex x) {
    return (double)(crealf(x) * crealf(x) + cimagf(x) * cimagf(x));
}

/* a times b, without the care for infinities of the language's own, which takes longer. */
static double complex times(double complex a, double complex b) {
    return CMPLX(creal(a) * creal(b) - cimag(a) * cimag(b),
                 creal(a) * cimag(b) + cimag(a) * creal(b));
}

/* Turns samples back by the phase that a carrier has gained until each of them. */
struct turn {
    double cycles; /* a sample */
    double complex step;
    double complex at; /* for the next sample */
    size_t next;
};

static struct turn turn_from(size_t n, double cycles) {
    return (struct turn){.cycles = cycles,
                         .step = cexp(-2.0 * M_PI * (double complex)I * cycles),
                         .at = cexp(-2.0 * M_PI * (double complex)I * cycles * (double)n),
                         .next = n};
}

/* For the next sample. */
static double complex next_turn(struct turn *turn) {
    double complex present = turn->at;
    turn->next++;
    turn->at = turn->next % EXACT != 0
                   ? times(present, turn->step)
                   : cexp(-2.0 * M_PI * (double complex)I * turn->cycles * (double)turn->next);
    return present;
}

/* --- a tone --- */

/* Peak of the periodogram, in cycles a sample, -0.5 to 0.5. */
static double peak(struct ls_offset *offset, const float complex *iq, size_t count) {
    size_t i = 0;
    while (lengths[i] < 2 * count) {
        i++;
    }
    memset(offset->padded, 0, lengths[i] * sizeof *offset->padded);
    memcpy(offset->padded, iq, count * sizeof *iq);
    ls_fft_execute(offset->fft[i], offset->padded, offset->bins);
    for (size_t k = 0; k < lengths[i]; k++) {
        float complex x = offset->bins[k];
        offset->power[k] = crealf(x) * crealf(x) + cimagf(x) * cimagf(x);
    }
    double at = (double)ls_rows_peak(offset->power, lengths[i]) / (double)lengths[i];
    return at >= 0.5 ? at - 1.0 : at;
}

/* A line through the phases of what the carrier is left with at *cycles; moves *cycles by its
 * slope. Returns its standard deviation in cycles a sample, or NAN when the samples do not point
 * the same way. */
static double regress(const float complex *iq, size_t from, size_t to, double least_pow,
                      double *cycles) {
    double complex sum = 0.0;
    double amplitude = 0.0;
    double weight = 0.0;
    double moment = 0.0;
    struct turn turn = turn_from(from, *cycles);
    for (size_t n = from; n < to; n++) {
        double p = power(iq[n]);
        double complex back = next_turn(&turn);
        if (p >= least_pow) {
            sum += times((double complex)iq[n], back) * sqrt(p);
            amplitude += p;
            weight += p;
            moment += p * (double)n;
        }
    }
    if (weight <= 0.0 || cabs(sum) < coherent * amplitude) {
        return (double)NAN;
    }
    double middle = moment / weight;
    double complex mean_back = conj(sum) / cabs(sum);
    double slope = 0.0;
    double spread = 0.0;
    double on = 0.0;
    double scatter = 0.0;
    turn = turn_from(from, *cycles);
    for (size_t n = from; n < to; n++) {
        double p = power(iq[n]);
        double complex back = next_turn(&turn);
        if (p >= least_pow) {
            double phase = carg(times(times((double complex)iq[n], back), mean_back));
            double t = (double)n - middle;
            slope += p * phase * t;
            spread += p * t * t;
            scatter += p * phase * phase;
            on += 1.0;
        }
    }
    if (spread <= 0.0 || on < 3.0) {
        return (double)NAN;
    }
    *cycles += slope / spread / (2.0 * M_PI);
    double variance = scatter / weight * on / (on - 2.0);
    return sqrt(variance / (spread / weight * on)) / (2.0 * M_PI);
}

/* Mean turn from one sample to the next, over the samples that are on. */
static double mean_turn(const float complex *iq, size_t from, size_t to, double least_pow) {
    double complex sum = 0.0;
    for (size_t n = from + 1; n < to; n++) {
        if (power(iq[n]) >= least_pow && power(iq[n - 1]) >= least_pow) {
            sum += times((double complex)iq[n], conj((double complex)iq[n - 1]));
        }
    }
    return carg(sum) / (2.0 * M_PI);
}

/* Pulses with phases of their own: the mean of what each block of them says. */
static bool measure_pulses(const struct ls_offset_burst *burst, size_t count, double least_pow,
                           struct ls_offset_value *ret) {
    double whole = mean_turn(burst->iq, 0, count, least_pow);
    double squares = 0.0;
    for (size_t b = 0; b < BLOCKS; b++) {
        double part = mean_turn(burst->iq, b * count / BLOCKS, (b + 1) * count / BLOCKS, least_pow);
        double apart = remainder(part - whole, 1.0);
        squares += apart * apart;
    }
    ret->hz = whole * burst->rate_sps;
    ret->error_hz = sqrt(squares / (double)(BLOCKS * (BLOCKS - 1))) * burst->rate_sps;
    return isfinite(ret->hz);
}

static bool measure_tone(struct ls_offset *offset, const struct ls_offset_burst *burst,
                         size_t count, struct ls_offset_value *ret) {
    double least_pow = on_noise * burst->noise_pow;
    double cycles = peak(offset, burst->iq, count);
    double error = (double)NAN;
    for (int round = 0; round < ROUNDS; round++) {
        error = regress(burst->iq, 0, count, least_pow, &cycles);
        if (!isfinite(error)) {
            return measure_pulses(burst, count, least_pow, ret);
        }
    }
    *ret = (struct ls_offset_value){.hz = cycles * burst->rate_sps,
                                    .error_hz = error * burst->rate_sps};
    return true;
}

/* --- two tones --- */

/* Instantaneous frequency over three samples, which is enough to tell the tones apart. */
static void follow_frequency(struct ls_offset *offset, const float complex *iq, size_t count) {
    for (size_t n = 0; n < count; n++) {
        double complex sum = 0.0;
        for (size_t k = n > 1 ? n - 1 : 1; k <= n + 2 && k < count; k++) {
            sum += times((double complex)iq[k], conj((double complex)iq[k - 1]));
        }
        offset->hz[n] = carg(sum) / (2.0 * M_PI);
    }
}

/* Means of what lies below and above their middle (Lloyd's two levels). */
static bool find_tones(const struct ls_offset *offset, size_t count, double tones[2]) {
    double low = 0.0;
    double high = 0.0;
    double mean = 0.0;
    for (size_t n = 0; n < count; n++) {
        mean += offset->hz[n] / (double)count;
    }
    double middle = mean;
    for (int round = 0; round < 10; round++) {
        double sums[2] = {0.0, 0.0};
        double counts[2] = {0.0, 0.0};
        for (size_t n = 0; n < count; n++) {
            int side = offset->hz[n] > middle;
            sums[side] += offset->hz[n];
            counts[side] += 1.0;
        }
        if (counts[0] < RUN_MIN || counts[1] < RUN_MIN) {
            return false;
        }
        low = sums[0] / counts[0];
        high = sums[1] / counts[1];
        middle = 0.5 * (low + high);
    }
    tones[0] = low;
    tones[1] = high;
    return true;
}

/* What the stretches of one tone say together. */
struct tone {
    double information;
    double sum;
    double squares;
    size_t runs;
};

static void add_run(struct tone *tone, const float complex *iq, size_t from, size_t to,
                    double cycles) {
    size_t trim = (size_t)ceil(trimmed * (double)(to - from));
    if (to - from < RUN_MIN + 2 * trim) {
        return;
    }
    from += trim;
    to -= trim;
    double at = cycles + remainder(mean_turn(iq, from, to, 0.0) - cycles, 1.0);
    if (!isfinite(regress(iq, from, to, 0.0, &at))) {
        return;
    }
    double length = (double)(to - from);
    double information = length * (length * length - 1.0) / 12.0;
    tone->information += information;
    tone->sum += information * at;
    tone->squares += information * at * at;
    tone->runs++;
}

static double error_of(const struct tone *tone) {
    double mean = tone->sum / tone->information;
    double variance = fmax(tone->squares / tone->information - mean * mean, 0.0);
    return sqrt(variance / (double)(tone->runs - 1));
}

static bool measure_fsk(struct ls_offset *offset, const struct ls_offset_burst *burst, size_t count,
                        struct ls_offset_value *ret) {
    struct tone tones[2] = {{.runs = 0}, {.runs = 0}};
    double cycles[2];
    follow_frequency(offset, burst->iq, count);
    if (!find_tones(offset, count, cycles)) {
        return false;
    }
    double middle = 0.5 * (cycles[0] + cycles[1]);
    size_t from = 0;
    for (size_t n = 1; n <= count; n++) {
        int side = offset->hz[from] > middle;
        if (n == count || (offset->hz[n] > middle) != side) {
            add_run(&tones[side], burst->iq, from, n, cycles[side]);
            from = n;
        }
    }
    if (tones[0].runs < 2 || tones[1].runs < 2) {
        return false;
    }
    double low = tones[0].sum / tones[0].information;
    double high = tones[1].sum / tones[1].information;
    *ret = (struct ls_offset_value){
        .hz = 0.5 * (low + high) * burst->rate_sps,
        .error_hz = 0.5 * hypot(error_of(&tones[0]), error_of(&tones[1])) * burst->rate_sps};
    return true;
}

/* --- */

bool ls_offset_measure(struct ls_offset *offset, enum ls_offset_form form,
                       const struct ls_offset_burst *burst, struct ls_offset_value *ret) {
    size_t count = burst->count < LS_OFFSET_SAMPLES ? burst->count : LS_OFFSET_SAMPLES;
    struct ls_offset_value value;
    bool known = false;
    if (count < SAMPLES_MIN) {
        return false;
    }
    switch (form) {
    case LS_OFFSET_TONE:
        known = measure_tone(offset, burst, count, &value);
        break;
    case LS_OFFSET_FSK:
        known = measure_fsk(offset, burst, count, &value);
        break;
    case LS_OFFSET_GMSK:
        known = ls_gmsk_offset(offset->gmsk, burst->iq, count, burst->rate_sps, &value.hz,
                               &value.error_hz);
        break;
    }
    if (known) {
        *ret = value;
    }
    return known;
}
