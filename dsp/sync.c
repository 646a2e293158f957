#include "dsp/sync.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/fft.h"
#include "dsp/offset.h"
#include "dsp/rows.h"
#include "dsp/secondary.h"
#include "dsp/training.h"

/* Blocks stay in L1; their bins are no farther apart than a few tenths of what a symbol resolves.
 */
enum { BLOCK = 2048, BLOCKS = 256, ROOTS = 3, BURSTS = 8, CARRIERS = 62, DISTANCES = 4 };

static const double look_gsm_s = 0.16;
static const double look_lte_s = 0.08;
static const double least_s = 0.06;
static const double step_hz = 5e3;
static const double carrier_hz = 15e3;
static const double half_frame_s = 5e-3;
static const double symbol_sps = 1625e3 / 6.0;
static const double burst_symbols = 140.0; /* of 148: without the edges */
static const double least_turn = 0.85;     /* mean of the products; noise of 10 dB leaves 0.91 */
static const double multiframe_s = 60e-3 / 13.0; /* a frame */
static const double in_step_s = 0.2e-3;
static const double reach_gsm_hz = 45e3;
static const double false_alarm = 1e-6;
static const double into_burst_symbols = 42.0; /* the training sequence of a burst */
static const double look_symbols = 12.0;       /* around where it should be */
static const double least_training = 0.35;     /* of 64 bits: 1e-6 for others */

struct ls_sync {
    struct ls_sync_opts opts;
    struct ls_fft *forward;
    struct ls_fft *inverse;
    float complex *in;
    float complex *spectra; /* [BLOCKS][BLOCK] */
    size_t blocks;
    float complex *product;
    float complex *back;
    float complex *replica[ROOTS]; /* spectra, conjugate */
    double complex *symbol[ROOTS]; /* [symbol_count] */
    size_t symbol_count;
    size_t fold;   /* bins of half a frame */
    float *folded; /* [fold] */
    struct ls_offset *offset;
    struct ls_training *training;
    struct ls_secondary *secondary;
};

static int out_of_memory(struct ls_err *err) {
    return ls_err_set(err, LS_ERR_NOMEM, "out of memory for synchronisation");
}

/* --- making --- */

/* The symbol at any rate: its 62 carriers, Zadoff-Chu of length 63 with its middle left out. */
static void make_symbol(struct ls_sync *sync, int root) {
    static const double roots[ROOTS] = {25.0, 29.0, 34.0};
    double energy = 0.0;
    for (size_t n = 0; n < sync->symbol_count; n++) {
        double complex sum = 0.0;
        for (int i = 0; i < CARRIERS; i++) {
            double m = i < CARRIERS / 2 ? (double)i : (double)(i + 1);
            double at = (double)(i < CARRIERS / 2 ? i - CARRIERS / 2 : i - CARRIERS / 2 + 1);
            double turns = -roots[root] * m * (m + 1.0) / 126.0 +
                           at * carrier_hz * (double)n / sync->opts.rate_sps;
            sum += cexp(2.0 * M_PI * (double complex)I * turns);
        }
        sync->symbol[root][n] = sum;
        energy += creal(sum * conj(sum));
    }
    for (size_t n = 0; n < sync->symbol_count; n++) {
        sync->symbol[root][n] /= sqrt(energy);
        sync->in[n] = (float complex)sync->symbol[root][n];
    }
    memset(sync->in + sync->symbol_count, 0, (BLOCK - sync->symbol_count) * sizeof *sync->in);
    ls_fft_execute(sync->forward, sync->in, sync->replica[root]);
    for (size_t k = 0; k < BLOCK; k++) {
        sync->replica[root][k] = conjf(sync->replica[root][k]);
    }
}

static int create_lte(struct ls_sync *sync, struct ls_err *err) {
    sync->symbol_count = (size_t)floor(sync->opts.rate_sps / carrier_hz);
    sync->fold = (size_t)ceil(half_frame_s * sync->opts.rate_sps);
    sync->in = ls_fft_alloc(BLOCK);
    sync->spectra = ls_fft_alloc((size_t)BLOCKS * BLOCK);
    sync->product = ls_fft_alloc(BLOCK);
    sync->back = ls_fft_alloc(BLOCK);
    sync->folded = calloc(sync->fold, sizeof *sync->folded);
    bool ok = sync->in != NULL && sync->spectra != NULL && sync->product != NULL &&
              sync->back != NULL && sync->folded != NULL;
    for (int r = 0; r < ROOTS; r++) {
        sync->replica[r] = ls_fft_alloc(BLOCK);
        sync->symbol[r] = calloc(sync->symbol_count, sizeof *sync->symbol[r]);
        ok = ok && sync->replica[r] != NULL && sync->symbol[r] != NULL;
    }
    if (!ok) {
        return out_of_memory(err);
    }
    int code = ls_fft_create(&sync->forward, &(struct ls_fft_opts){.length = BLOCK}, err);
    if (code == LS_OK) {
        code = ls_fft_create(&sync->inverse,
                             &(struct ls_fft_opts){.length = BLOCK, .inverse = true}, err);
    }
    for (int r = 0; r < ROOTS && code == LS_OK; r++) {
        make_symbol(sync, r);
    }
    return code == LS_OK ? ls_secondary_create(&sync->secondary, err) : code;
}

static int create_gsm(struct ls_sync *sync, struct ls_err *err) {
    int code = ls_offset_create(&sync->offset, err);
    return code == LS_OK ? ls_training_create(&sync->training, LS_TRAINING_EXTENDED, err) : code;
}

int ls_sync_create(struct ls_sync **ret, const struct ls_sync_opts *opts, struct ls_err *err) {
    double least_sps = opts->lte ? 1e6 : 300e3;
    if (!(opts->rate_sps >= least_sps) || opts->rate_sps > 4e6) {
        return ls_err_set(err, LS_ERR_ARG, "synchronisation is looked for at %g to 4 MS/s",
                          least_sps / 1e6);
    }
    struct ls_sync *sync = calloc(1, sizeof *sync);
    if (sync == NULL) {
        return out_of_memory(err);
    }
    sync->opts = *opts;
    sync->opts.reach_hz = opts->reach_hz > 0.0 ? opts->reach_hz : 100e3;
    int code = opts->lte ? create_lte(sync, err) : create_gsm(sync, err);
    if (code != LS_OK) {
        ls_sync_destroy(sync);
        return code;
    }
    *ret = sync;
    return LS_OK;
}

void ls_sync_destroy(struct ls_sync *sync) {
    if (sync == NULL) {
        return;
    }
    ls_fft_destroy(sync->forward);
    ls_fft_destroy(sync->inverse);
    ls_offset_destroy(sync->offset);
    ls_training_destroy(sync->training);
    ls_secondary_destroy(sync->secondary);
    free(sync->in);
    free(sync->spectra);
    free(sync->product);
    free(sync->back);
    free(sync->folded);
    for (int r = 0; r < ROOTS; r++) {
        free(sync->replica[r]);
        free(sync->symbol[r]);
    }
    free(sync);
}

/* --- GSM --- */

struct burst {
    size_t at;
    double hz;
    double error_hz;
};

/* The tone in a window of steady turns; false when it is not where such a burst has it. */
static bool measure_burst(struct ls_sync *sync, const float complex *iq, size_t at, size_t length,
                          struct burst *ret) {
    struct ls_offset_burst tone = {.iq = iq + at, .count = length, .rate_sps = sync->opts.rate_sps};
    struct ls_offset_value value;
    if (!ls_offset_measure(sync->offset, LS_OFFSET_TONE, &tone, &value)) {
        return false;
    }
    *ret = (struct burst){
        .at = at, .hz = value.hz - symbol_sps / 4.0, .error_hz = fmax(value.error_hz, 0.5)};
    return fabs(ret->hz) <= reach_gsm_hz;
}

/* Of two samples that are so far apart: the turn between them and its power. Neither takes the care
 * for infinities of the language's own functions, which takes longer than all else here. */
static double complex turn_between(const float complex *iq, size_t n, size_t lag,
                                   double *ret_size) {
    double a = (double)crealf(iq[n]);
    double b = (double)cimagf(iq[n]);
    double c = (double)crealf(iq[n - lag]);
    double d = (double)cimagf(iq[n - lag]);
    double complex turn = CMPLX(a * c + b * d, b * c - a * d);
    *ret_size = sqrt((a * a + b * b) * (c * c + d * d));
    return turn;
}

/* Windows in which the products one symbol apart point the same way, each the best for 30 ms. */
static size_t find_bursts(struct ls_sync *sync, const float complex *iq, size_t count,
                          struct burst ret[BURSTS]) {
    size_t lag = (size_t)fmax(1.0, round(sync->opts.rate_sps / symbol_sps));
    size_t length = (size_t)(burst_symbols / symbol_sps * sync->opts.rate_sps);
    size_t apart = (size_t)(0.03 * sync->opts.rate_sps);
    double complex sum = 0.0;
    double whole = 0.0;
    double best = least_turn;
    size_t best_at = 0;
    bool any = false;
    size_t found = 0;
    for (size_t n = lag; n < count && found < BURSTS; n++) {
        double size;
        sum += turn_between(iq, n, lag, &size);
        whole += size;
        if (n >= lag + length) {
            sum -= turn_between(iq, n - length, lag, &size);
            whole -= size;
            double square = creal(sum) * creal(sum) + cimag(sum) * cimag(sum);
            if (whole > 0.0 && square > best * whole * best * whole) {
                best = sqrt(square) / whole;
                best_at = n - length;
                any = true;
            }
        }
        if (any && (n - best_at > apart || n + 1 == count)) {
            found += measure_burst(sync, iq, best_at, length, &ret[found]);
            best = least_turn;
            any = false;
        }
    }
    return found;
}

/* Is there a synchronisation burst a frame after this one? */
static bool is_followed(struct ls_sync *sync, const float complex *iq, size_t count, size_t at) {
    double a_symbol = sync->opts.rate_sps / symbol_sps;
    /* The window of the tone begins within the first eight symbols of its burst. */
    double middle = (double)at + multiframe_s * sync->opts.rate_sps +
                    (into_burst_symbols - 0.5 * (148.0 - burst_symbols)) * a_symbol;
    size_t from = (size_t)fmax(0.0, middle - look_symbols * a_symbol);
    size_t to = (size_t)(middle + (64.0 + look_symbols) * a_symbol);
    if (to > count) {
        return false;
    }
    struct ls_training_match match =
        ls_training_find(sync->training, iq + from, to - from, sync->opts.rate_sps);
    return match.share > least_training;
}

static bool find_gsm(struct ls_sync *sync, const float complex *iq, size_t count,
                     struct ls_sync_value *ret) {
    struct burst bursts[BURSTS];
    size_t found = find_bursts(sync, iq, count, bursts);
    double weight = 0.0;
    double sum = 0.0;
    size_t seen = 0;
    for (size_t i = 0; i < found; i++) {
        bool in_step = false;
        for (size_t k = 0; k < found; k++) {
            double apart_s =
                fabs((double)bursts[i].at - (double)bursts[k].at) / sync->opts.rate_sps;
            double frames = apart_s / multiframe_s;
            /* Ten frames but for eleven once in 51. */
            bool whole = fabs(apart_s - rint(frames) * multiframe_s) < in_step_s;
            double left = fmod(rint(frames), 10.0);
            in_step = in_step || (k != i && whole && frames > 9.0 && left <= rint(frames) / 10.0);
        }
        if (in_step) {
            double w = 1.0 / (bursts[i].error_hz * bursts[i].error_hz);
            ret->at = seen == 0 ? (double)bursts[i].at : ret->at;
            weight += w;
            sum += w * bursts[i].hz;
            seen++;
            ret->followed += is_followed(sync, iq, count, bursts[i].at);
        }
    }
    if (seen < 2) {
        return false;
    }
    ret->hz = sum / weight;
    ret->error_hz = 1.0 / sqrt(weight);
    ret->seen = seen;
    ret->root = 0;
    return true;
}

/* --- LTE --- */

static void transform(struct ls_sync *sync, const float complex *iq, size_t count) {
    size_t valid = BLOCK - sync->symbol_count;
    sync->blocks = 0;
    for (size_t from = 0; from + BLOCK <= count && sync->blocks < BLOCKS; from += valid) {
        memcpy(sync->in, iq + from, BLOCK * sizeof *sync->in);
        ls_fft_execute(sync->forward, sync->in, sync->spectra + sync->blocks * BLOCK);
        sync->blocks++;
    }
}

/* ret[k] = a[k] b[k], without the care for infinities of the language's own. */
static void multiply(const float complex *a, const float complex *b, size_t n, float complex *ret) {
    for (size_t k = 0; k < n; k++) {
        ret[k] = CMPLXF(crealf(a[k]) * crealf(b[k]) - cimagf(a[k]) * cimagf(b[k]),
                        crealf(a[k]) * cimagf(b[k]) + cimagf(a[k]) * crealf(b[k]));
    }
}

static void add_powers(const float complex *c, size_t n, float *sums) {
    const float scale = 1.0F / ((float)BLOCK * (float)BLOCK);
    for (size_t k = 0; k < n; k++) {
        sums[k] += scale * (crealf(c[k]) * crealf(c[k]) + cimagf(c[k]) * cimagf(c[k]));
    }
}

/* Powers of the correlation with one root, shifted in frequency, folded at half a frame. */
static void fold(struct ls_sync *sync, int root, long shift) {
    size_t valid = BLOCK - sync->symbol_count;
    double period = half_frame_s * sync->opts.rate_sps;
    double into = 0.0;
    size_t turn = (size_t)(shift + BLOCK) % BLOCK;
    memset(sync->folded, 0, sync->fold * sizeof *sync->folded);
    for (size_t b = 0; b < sync->blocks; b++) {
        const float complex *spectrum = sync->spectra + b * BLOCK;
        multiply(spectrum + turn, sync->replica[root], BLOCK - turn, sync->product);
        multiply(spectrum, sync->replica[root] + BLOCK - turn, turn, sync->product + BLOCK - turn);
        ls_fft_execute(sync->inverse, sync->product, sync->back);
        for (size_t n = 0; n < valid;) {
            size_t left = (size_t)ceil(period - into); /* of this period */
            size_t some = left < valid - n ? left : valid - n;
            add_powers(sync->back + n, some, sync->folded + (size_t)into);
            n += some;
            into += (double)some;
            into -= into >= period ? period : 0.0;
        }
    }
}

struct peak {
    double ratio; /* to the mean of all bins */
    size_t bin;
    int root;
    double hz;
};

static void look(const struct ls_sync *sync, int root, double hz, struct peak *best) {
    double mean = 0.0;
    size_t most = ls_rows_peak(sync->folded, sync->fold);
    for (size_t n = 0; n < sync->fold; n++) {
        mean += (double)sync->folded[n];
    }
    mean /= (double)sync->fold;
    double ratio = mean > 0.0 ? (double)sync->folded[most] / mean : 0.0;
    if (ratio > best->ratio) {
        *best = (struct peak){.ratio = ratio, .bin = most, .root = root, .hz = hz};
    }
}

/* Correlation of one half of the symbol at a sample, with the carrier at hz. */
static double complex half(const struct ls_sync *sync, const float complex *iq, size_t at,
                           const struct peak *peak, bool second) {
    size_t from = second ? sync->symbol_count / 2 : 0;
    size_t to = second ? sync->symbol_count : sync->symbol_count / 2;
    double complex sum = 0.0;
    for (size_t n = from; n < to; n++) {
        double turns = -peak->hz * (double)n / sync->opts.rate_sps;
        sum += (double complex)iq[at + n] * conj(sync->symbol[peak->root][n]) *
               cexp(2.0 * M_PI * (double complex)I * turns);
    }
    return sum;
}

/* Mean turn from half to half over the half-frames, and its scatter. */
static size_t measure_turn(const struct ls_sync *sync, const float complex *iq, size_t count,
                           const struct peak *peak, double *ret_hz, double *ret_error_hz) {
    double complex sum = 0.0;
    double squares = 0.0;
    double weight = 0.0;
    size_t seen = 0;
    for (int round = 0; round < 2; round++) {
        double complex back = round == 0 ? 1.0 : conj(sum) / cabs(sum);
        for (size_t k = 0;; k++) {
            double exact = (double)peak->bin + (double)k * half_frame_s * sync->opts.rate_sps;
            size_t at = (size_t)llround(exact);
            if (at + sync->symbol_count >= count) {
                break;
            }
            double complex turn =
                half(sync, iq, at, peak, true) * conj(half(sync, iq, at, peak, false));
            if (round == 0) {
                sum += turn;
                seen++;
            } else {
                double phase = carg(turn * back);
                squares += cabs(turn) * phase * phase;
                weight += cabs(turn);
            }
        }
        if (cabs(sum) <= 0.0) {
            return 0;
        }
    }
    double hz_a_turn = sync->opts.rate_sps / ((double)sync->symbol_count / 2.0);
    *ret_hz = peak->hz + carg(sum) / (2.0 * M_PI) * hz_a_turn;
    *ret_error_hz = sqrt(squares / weight / (double)seen) / (2.0 * M_PI) * hz_a_turn;
    return seen;
}

/* Power of the whole symbol over the half-frames, with its carrier at hz. */
static double power_at(const struct ls_sync *sync, const float complex *iq, size_t count,
                       const struct peak *peak) {
    double sum = 0.0;
    for (size_t k = 0;; k++) {
        double exact = (double)peak->bin + (double)k * half_frame_s * sync->opts.rate_sps;
        size_t at = (size_t)llround(exact);
        if (at + sync->symbol_count >= count) {
            return sum;
        }
        double complex c = half(sync, iq, at, peak, true) + half(sync, iq, at, peak, false);
        sum += creal(c * conj(c));
    }
}

/* A chirp that is late looks like one that is high: of the places one and two carriers and some
 * samples away the one with most power is the right one, once each has its own offset. */
static struct peak settle(const struct ls_sync *sync, const float complex *iq, size_t count,
                          const struct peak *found) {
    struct peak best = *found;
    double most = 0.0;
    for (int carriers = -2; carriers <= 2; carriers++) {
        for (long late = -4; late <= 4; late++) {
            struct peak at = *found;
            double error_hz = 0.0;
            if ((long)found->bin + late < 0) {
                continue;
            }
            at.bin = (size_t)((long)found->bin + late);
            at.hz += (double)carriers * carrier_hz;
            if (measure_turn(sync, iq, count, &at, &at.hz, &error_hz) == 0) {
                continue;
            }
            double power = power_at(sync, iq, count, &at);
            if (power > most) {
                most = power;
                best = at;
            }
        }
    }
    return best;
}

/* The 62 carriers of the symbol whose useful part begins at a sample. */
static void carriers_at(const struct ls_sync *sync, const float complex *iq, double at, double hz,
                        float complex ret[CARRIERS]) {
    size_t from = (size_t)llround(at);
    for (int i = 0; i < CARRIERS; i++) {
        double k = (double)(i < CARRIERS / 2 ? i - CARRIERS / 2 : i - CARRIERS / 2 + 1);
        double turn = -2.0 * M_PI * (hz + k * carrier_hz) / sync->opts.rate_sps;
        double complex step = CMPLX(cos(turn), sin(turn));
        double complex phase = 1.0;
        double complex sum = 0.0;
        for (size_t n = 0; n < sync->symbol_count; n++) {
            sum += (double complex)iq[from + n] * phase;
            phase *= step;
        }
        ret[i] = (float complex)sum;
    }
}

/* Powers of each group, with the secondary symbol so long before the primary one; the halves of a
 * frame take turns. Returns how many half-frames there were. */
static size_t add_groups(const struct ls_sync *sync, const float complex *iq, size_t count,
                         const struct peak *peak, double before_s,
                         double ret[2][LS_SECONDARY_GROUPS]) {
    float complex primary[CARRIERS];
    float complex received[CARRIERS];
    double one[2][LS_SECONDARY_GROUPS];
    size_t seen = 0;
    memset(ret, 0, sizeof one);
    for (size_t k = 0;; k++) {
        double at = (double)peak->bin + (double)k * half_frame_s * sync->opts.rate_sps;
        double before = at - before_s * sync->opts.rate_sps;
        if (at + (double)sync->symbol_count >= (double)count) {
            return seen;
        }
        if (before < 0.0) {
            continue;
        }
        memset(one, 0, sizeof one);
        carriers_at(sync, iq, at, peak->hz, primary);
        carriers_at(sync, iq, before, peak->hz, received);
        ls_secondary_add(sync->secondary, peak->root, primary, received, one);
        for (size_t g = 0; g < LS_SECONDARY_GROUPS; g++) {
            ret[0][g] += one[k % 2][g];
            ret[1][g] += one[1 - k % 2][g];
        }
        seen++;
    }
}

static void find_group(const struct ls_sync *sync, const float complex *iq, size_t count,
                       const struct peak *peak, struct ls_sync_value *ret) {
    /* Between the useful parts: FDD and TDD, with normal and extended prefixes of 144 and 512 units
     * of 1/30.72 us; the first symbol of a slot has 160. */
    static const double before_s[DISTANCES] = {2192.0 / 30.72e6, 2560.0 / 30.72e6, 6592.0 / 30.72e6,
                                               7680.0 / 30.72e6};
    double best = 0.0;
    double powers[2][LS_SECONDARY_GROUPS];
    ret->group = -1;
    for (size_t b = 0; b < DISTANCES; b++) {
        size_t seen = add_groups(sync, iq, count, peak, before_s[b], powers);
        for (size_t i = 0; i < (size_t)2 * LS_SECONDARY_GROUPS; i++) {
            double power = powers[i / LS_SECONDARY_GROUPS][i % LS_SECONDARY_GROUPS];
            const double trials = 2.0 * LS_SECONDARY_GROUPS * DISTANCES;
            bool chance =
                seen == 0 || gsl_cdf_gamma_Q(power, (double)seen, 1.0) * trials > false_alarm;
            if (!chance && power > best) {
                best = power;
                ret->group = (int)(i % LS_SECONDARY_GROUPS);
                ret->followed = seen;
            }
        }
    }
}

static bool find_lte(struct ls_sync *sync, const float complex *iq, size_t count,
                     struct ls_sync_value *ret) {
    struct peak best = {.ratio = 0.0};
    double bin_hz = sync->opts.rate_sps / BLOCK;
    double trials = 0.0;
    transform(sync, iq, count);
    long steps = (long)floor(sync->opts.reach_hz / step_hz);
    for (long i = -steps; i <= steps; i++) {
        for (int root = 0; root < ROOTS; root++) {
            long shift = lround((double)i * step_hz / bin_hz);
            fold(sync, root, shift);
            look(sync, root, (double)shift * bin_hz, &best);
            trials += (double)sync->fold;
        }
    }
    /* A bin of noise is the mean of so many exponentials. */
    double heard = (double)(sync->blocks * (BLOCK - sync->symbol_count));
    double folds = floor(heard / sync->opts.rate_sps / half_frame_s);
    double p = gsl_cdf_gamma_Q(best.ratio * folds, folds, 1.0) * trials;
    if (p > false_alarm) {
        return false;
    }
    best = settle(sync, iq, count, &best);
    ret->seen = measure_turn(sync, iq, count, &best, &ret->hz, &ret->error_hz);
    ret->at = (double)best.bin;
    ret->root = best.root;
    find_group(sync, iq, count, &best, ret);
    return ret->seen > 1;
}

bool ls_sync_find(struct ls_sync *sync, const float complex *iq, size_t count,
                  struct ls_sync_value *ret) {
    double look_s = sync->opts.lte ? look_lte_s : look_gsm_s;
    size_t most = (size_t)(look_s * sync->opts.rate_sps);
    struct ls_sync_value value = {.group = -1};
    count = count < most ? count : most;
    if ((double)count < least_s * sync->opts.rate_sps) {
        return false;
    }
    bool found =
        sync->opts.lte ? find_lte(sync, iq, count, &value) : find_gsm(sync, iq, count, &value);
    if (found) {
        *ret = value;
    }
    return found;
}
