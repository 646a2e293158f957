/* The filter is made once, at 16 points a symbol, from Laurent's pulses C0 and C1 of GMSK with BT =
 * 0.3 and a frequency pulse cut to four symbols: it minimises noise and what the neighbours of the
 * other axis (C0 an odd number of symbols away) and C1 add, with its own symbol at 1. */
#include "dsp/gmsk.h"

#include <gsl/gsl_linalg.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "dsp/fft.h"

enum {
    POINTS = 16, /* a symbol */
    PULSE = 4,   /* symbols of the frequency pulse */
    SPAN = 6,    /* symbols of the filter */
    TAPS = SPAN * POINTS + 1,
    SYMBOLS = 256,
    SYMBOLS_MIN = 100,
    EDGE = 2, /* symbols at either end, where the burst ramps */
    PADDED = 512,
    SAMPLES = 1024,
    PHASES = 16, /* of the symbol clock that are tried */
    ROUNDS = 2,
};

static const double symbol_sps = 1625e3 / 6.0;
static const double bt = 0.3;
static const double noise_weight = 0.3; /* for some 20 dB; 10 and 30 dB lose a tenth by it */
static const double coherent = 0.5;     /* of what one carrier would sum up to */

struct ls_gmsk {
    double filter[TAPS];
    struct ls_fft *fft;
    float complex *padded;
    float complex *bins;
    double complex turned[SAMPLES];
    double complex squares[SYMBOLS];
    double complex best[SYMBOLS];
};

bool ls_gmsk_is_burst(double burst_s, double bandwidth_hz) {
    return burst_s > 0.47e-3 && burst_s < 0.61e-3 && bandwidth_hz > 120e3 && bandwidth_hz < 350e3;
}

/* --- the filter --- */

/* Integral of the frequency pulse up to each point, 0 to pi/2: a Gauss filter behind a symbol. */
static void phase_pulse(double ret[PULSE * POINTS + 1]) {
    double k = 2.0 * M_PI * bt / sqrt(2.0 * log(2.0));
    double sum = 0.0;
    for (size_t i = 0; i < PULSE * POINTS; i++) {
        double t = ((double)i + 0.5) / POINTS - PULSE / 2.0;
        ret[i] = sum;
        sum += 0.5 * (erf(k * (t + 0.5)) - erf(k * (t - 0.5)));
    }
    ret[PULSE * POINTS] = sum;
    for (size_t i = 0; i <= PULSE * POINTS; i++) {
        ret[i] *= 0.5 * M_PI / sum;
    }
}

/* Laurent's generalised phase pulse as a sine, eq. (8) there, h = 1/2. */
static double lift(const double *phase, size_t point) {
    size_t whole = PULSE * POINTS;
    if (point > 2 * whole) {
        return 0.0;
    }
    return point <= whole ? sin(phase[point]) : sin(0.5 * M_PI - phase[point - whole]);
}

/* Products of lifts that are delayed by these symbols. */
static double product(const double *phase, size_t point, const size_t delays[PULSE]) {
    double value = 1.0;
    for (size_t i = 0; i < PULSE; i++) {
        value *= lift(phase, point + delays[i] * POINTS);
    }
    return value;
}

/* What a tap sees of a pulse of `length` symbols that is `later` symbols late; C0's middle is at
 * the middle of the filter. */
static double seen(const double *phase, const size_t delays[PULSE], size_t length, int tap,
                   int later) {
    int middle = (PULSE + 1) * POINTS / 2;
    int point = tap - SPAN * POINTS / 2 + middle + later * POINTS;
    if (point < 0 || point > (int)length * POINTS) {
        return 0.0;
    }
    return product(phase, (size_t)point, delays);
}

static void add_rival(gsl_matrix *into, const double *column, double weight) {
    for (size_t i = 0; i < TAPS; i++) {
        for (size_t k = 0; k < TAPS; k++) {
            *gsl_matrix_ptr(into, i, k) += weight * column[i] * column[k];
        }
    }
}

static void make_filter(double ret[TAPS], gsl_matrix *rivals, gsl_vector *own, gsl_vector *taps) {
    static const size_t first[PULSE] = {0, 1, 2, 3};
    static const size_t second[PULSE] = {0, 2, 3, 5};
    double phase[PULSE * POINTS + 1];
    double column[TAPS];
    phase_pulse(phase);
    gsl_matrix_set_identity(rivals);
    gsl_matrix_scale(rivals, noise_weight);
    for (int later = -SPAN - 3; later <= SPAN + 3; later++) {
        for (int tap = 0; tap < TAPS; tap++) {
            column[tap] = seen(phase, second, PULSE - 1, tap, later);
        }
        add_rival(rivals, column, 0.5);
        for (int tap = 0; tap < TAPS && later % 2 != 0; tap++) {
            column[tap] = seen(phase, first, PULSE + 1, tap, later);
        }
        if (later % 2 != 0) {
            add_rival(rivals, column, 1.0);
        }
    }
    for (int tap = 0; tap < TAPS; tap++) {
        gsl_vector_set(own, (size_t)tap, seen(phase, first, PULSE + 1, tap, 0));
    }
    gsl_linalg_cholesky_decomp1(rivals);
    gsl_linalg_cholesky_solve(rivals, own, taps);
    for (size_t i = 0; i < TAPS; i++) {
        ret[i] = gsl_vector_get(taps, i);
    }
}

int ls_gmsk_create(struct ls_gmsk **ret, struct ls_err *err) {
    struct ls_gmsk *gmsk = calloc(1, sizeof *gmsk);
    gsl_matrix *rivals = gsl_matrix_alloc(TAPS, TAPS);
    gsl_vector *own = gsl_vector_alloc(TAPS);
    gsl_vector *taps = gsl_vector_alloc(TAPS);
    int code = LS_OK;
    if (gmsk != NULL && rivals != NULL && own != NULL && taps != NULL) {
        make_filter(gmsk->filter, rivals, own, taps);
        gmsk->padded = ls_fft_alloc(PADDED);
        gmsk->bins = ls_fft_alloc(PADDED);
    }
    if (gmsk == NULL || gmsk->padded == NULL || gmsk->bins == NULL) {
        code = ls_err_set(err, LS_ERR_NOMEM, "out of memory for carrier offsets");
    } else {
        code = ls_fft_create(&gmsk->fft, &(struct ls_fft_opts){.length = PADDED}, err);
    }
    gsl_matrix_free(rivals);
    gsl_vector_free(own);
    gsl_vector_free(taps);
    if (code != LS_OK) {
        ls_gmsk_destroy(gmsk);
        return code;
    }
    *ret = gmsk;
    return LS_OK;
}

void ls_gmsk_destroy(struct ls_gmsk *gmsk) {
    if (gmsk != NULL) {
        ls_fft_destroy(gmsk->fft);
        free(gmsk->padded);
        free(gmsk->bins);
        free(gmsk);
    }
}

/* --- the offset --- */

/* The filter at a distance from its middle, in symbols. */
static double filter_at(const struct ls_gmsk *gmsk, double symbols) {
    double at = (symbols + SPAN / 2.0) * POINTS;
    if (at < 0.0 || at >= TAPS - 1) {
        return 0.0;
    }
    size_t i = (size_t)at;
    double part = at - (double)i;
    return gmsk->filter[i] * (1.0 - part) + gmsk->filter[i + 1] * part;
}

struct span {
    size_t count;
    double step;    /* symbols a sample */
    size_t symbols; /* whole ones */
};

/* Squares of the derotated symbols, the first of them at `phase`. */
static void square(const struct ls_gmsk *gmsk, const struct span *span, double phase,
                   double complex *ret) {
    double reach = 0.5 * SPAN / span->step;
    for (size_t k = 0; k < span->symbols; k++) {
        double middle = ((double)k + phase) / span->step;
        double first = fmax(ceil(middle - reach), 0.0);
        double complex sum = 0.0;
        for (size_t n = (size_t)first; n < span->count && (double)n <= middle + reach; n++) {
            sum += gmsk->turned[n] * filter_at(gmsk, ((double)n - middle) * span->step);
        }
        /* (-i)^k squared. */
        ret[k] = k % 2 == 0 ? sum * sum : -sum * sum;
    }
}

/* Strongest line of the squares: its amplitude, and where it is in cycles a symbol. */
static double line_of(struct ls_gmsk *gmsk, const double complex *squares, size_t symbols,
                      double *ret_cycles) {
    memset(gmsk->padded, 0, PADDED * sizeof *gmsk->padded);
    for (size_t k = 0; k < symbols; k++) {
        gmsk->padded[k] = (float complex)squares[k];
    }
    ls_fft_execute(gmsk->fft, gmsk->padded, gmsk->bins);
    size_t best = 0;
    for (size_t k = 1; k < PADDED; k++) {
        best = cabsf(gmsk->bins[k]) > cabsf(gmsk->bins[best]) ? k : best;
    }
    double at = (double)best / PADDED;
    *ret_cycles = at >= 0.5 ? at - 1.0 : at;
    return (double)cabsf(gmsk->bins[best]);
}

/* A line through the phases of the squares about *cycles; its standard deviation, or NAN. */
static double regress(const double complex *squares, size_t symbols, double *cycles) {
    double error = (double)NAN;
    for (int round = 0; round <= ROUNDS; round++) {
        double complex sum = 0.0;
        double weight = 0.0;
        double moment = 0.0;
        for (size_t k = EDGE; k + EDGE < symbols; k++) {
            sum += squares[k] * cexp(-2.0 * M_PI * (double complex)I * *cycles * (double)k);
            weight += cabs(squares[k]);
            moment += cabs(squares[k]) * (double)k;
        }
        if (weight <= 0.0 || cabs(sum) < coherent * weight) {
            return (double)NAN;
        }
        double complex back = conj(sum) / cabs(sum);
        double slope = 0.0;
        double spread = 0.0;
        double scatter = 0.0;
        for (size_t k = EDGE; k + EDGE < symbols; k++) {
            double w = cabs(squares[k]);
            double t = (double)k - moment / weight;
            double phase = carg(squares[k] *
                                cexp(-2.0 * M_PI * (double complex)I * *cycles * (double)k) * back);
            slope += w * phase * t;
            spread += w * t * t;
            scatter += w * phase * phase;
        }
        *cycles += slope / spread / (2.0 * M_PI);
        double n = (double)(symbols - 2 * EDGE);
        error = sqrt(scatter / weight * n / (n - 2.0) / (spread / weight * n)) / (2.0 * M_PI);
    }
    return error;
}

/* Carrier to begin with: the turn from sample to sample is that of the middle of the spectrum. */
static double middle_of(const float complex *iq, size_t count) {
    double complex sum = 0.0;
    for (size_t n = 1; n < count; n++) {
        sum += (double complex)iq[n] * conj((double complex)iq[n - 1]);
    }
    return carg(sum) / (2.0 * M_PI);
}

/* The phase of the symbol clock with the strongest line; *ret_cycles is where that is. */
static void find_line(struct ls_gmsk *gmsk, const struct span *span, double *ret_cycles) {
    double most = 0.0;
    for (size_t p = 0; p < PHASES; p++) {
        double at = 0.0;
        square(gmsk, span, (double)p / PHASES, gmsk->squares);
        double line = line_of(gmsk, gmsk->squares, span->symbols, &at);
        if (line > most) {
            most = line;
            *ret_cycles = at;
            memcpy(gmsk->best, gmsk->squares, sizeof gmsk->best);
        }
    }
}

bool ls_gmsk_offset(struct ls_gmsk *gmsk, const float complex *iq, size_t count, double rate_sps,
                    double *ret_hz, double *ret_error_hz) {
    struct span span = {.count = count < SAMPLES ? count : SAMPLES, .step = symbol_sps / rate_sps};
    size_t whole = (size_t)((double)span.count * span.step);
    span.symbols = whole < SYMBOLS ? whole : SYMBOLS;
    if (span.symbols < SYMBOLS_MIN || span.step > 0.91) {
        return false;
    }
    double hz = middle_of(iq, span.count) * rate_sps;
    double error = (double)NAN;
    for (int round = 0; round < ROUNDS; round++) {
        double cycles = 0.0;
        for (size_t n = 0; n < span.count; n++) {
            gmsk->turned[n] = (double complex)iq[n] *
                              cexp(-2.0 * M_PI * (double complex)I * hz / rate_sps * (double)n);
        }
        find_line(gmsk, &span, &cycles);
        error = regress(gmsk->best, span.symbols, &cycles);
        if (!isfinite(error)) {
            return false;
        }
        /* Twice the offset, of which whole cycles a symbol do not show. */
        hz += 0.5 * remainder(cycles, 1.0) * symbol_sps;
    }
    *ret_hz = hz;
    *ret_error_hz = 0.5 * error * symbol_sps;
    return true;
}
