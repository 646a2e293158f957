/* Primary and secondary synchronisation of an LTE cell within a part of its carrier (3GPP TS 36.211
 * clause 6.11). Cyclic prefixes say where symbols begin and how far the carrier is from a multiple
 * of 15 kHz, so that each symbol has one transform; the primary signal is then looked for among the
 * carriers in the middle, by products of neighbours, which timing turns all alike. */
#include <math.h>
#include <string.h>

#include "classify/look.h"
#include "dsp/versions.h"

enum {
    SHIFTS = 10, /* carriers that the middle of the band may be off */
    LOWEST = -31 - SHIFTS,
    ROW = 2 * (31 + SHIFTS) + 1,
    SYMBOLS = 96, /* looked at */
    POINTS = 320, /* samples of a symbol, a multiple of LANES */
    LANES = 8,
    NUMBERS = 3,
    BESIDE = 3, /* symbols from the secondary signal to the primary one in TDD; 1 in FDD */
};

static const double CARRIER_HZ = 15e3;
static const double SYMBOL_S = 1.0 / 14e3;
static const double LEAST_HZ = 0.9e6;
static const double WANTED_SPS = 1.92e6;
static const double PREFIX_S = 4.69e-6;
static const double LEAST_PREFIX = 3.5;     /* LS_FEATURE_PREFIX_15K of the part */
static const double LEAST_PRIMARY = 18.0;   /* exp(-18) in each of 6,000 places */
static const double LEAST_SECONDARY = 15.0; /* exp(-15) for each of 672 */
static const double ALL_S = 5.2e-3;         /* a part as long as that has the signals */
static const double SURE = 1e3;

struct grid {
    float complex *x; /* look->work: thinned out */
    size_t count;
    double sps;
    size_t points; /* of a symbol */
    double first;  /* sample of the first useful part */
    double off_hz; /* carrier from a multiple of 15 kHz */
};

/* Mean of triangles: what lies a rate away is 22 dB down at the edge of the middle carriers. */
static void thin_out(struct ls_look *look, struct grid *grid) {
    size_t step = (size_t)fmax(1.0, floor(look->iq->rate_sps / WANTED_SPS));
    grid->x = look->work;
    grid->sps = look->iq->rate_sps / (double)step;
    grid->count = 0;
    for (size_t n = 0; n + 2 * step < look->count + 2; n += step) {
        float complex sum = 0.0F;
        for (size_t k = 1; k < 2 * step; k++) {
            sum += look->x[n + k - 1] * (float)(k < step ? k : 2 * step - k);
        }
        grid->x[grid->count++] = sum / (float)(step * step);
    }
}

/* Where prefixes begin, folded at the period of symbols, and the turn from prefix to end. */
static bool find_symbols(struct grid *grid) {
    float complex folded[POINTS + POINTS / 8];
    size_t lag = (size_t)lround(grid->sps / CARRIER_HZ);
    size_t phases = (size_t)lround(SYMBOL_S * grid->sps);
    size_t window = (size_t)fmax(1.0, round(PREFIX_S * grid->sps));
    double step = (double)phases / (SYMBOL_S * grid->sps);
    grid->points = lag;
    if (lag > POINTS || phases > sizeof folded / sizeof folded[0] || grid->count < 4 * lag) {
        return false;
    }
    memset(folded, 0, phases * sizeof folded[0]);
    for (size_t n = 0; n + lag < grid->count; n++) {
        folded[(size_t)((double)n * step) % phases] +=
            ls_look_product(grid->x[n + lag], conjf(grid->x[n]));
    }
    float complex best = 0.0F;
    size_t at = 0;
    for (size_t p = 0; p < phases; p++) {
        float complex sum = 0.0F;
        for (size_t k = 0; k < window; k++) {
            sum += folded[(p + k) % phases];
        }
        if (cabsf(sum) > cabsf(best)) {
            best = sum;
            at = p;
        }
    }
    /* A little early: within the prefix nothing is lost. */
    grid->first = (double)at / step + 0.75 * (double)window;
    grid->off_hz = (double)cargf(best) / (2.0 * M_PI) * grid->sps / (double)lag;
    return true;
}

/* Samples of a symbol that turn from carrier to carrier, in lanes that a machine adds at once. */
struct turning {
    float re[POINTS], im[POINTS];             /* a symbol, the present carrier at 0 Hz */
    float step_re[POINTS], step_im[POINTS];   /* to the next carrier */
    float first_re[POINTS], first_im[POINTS]; /* from the samples to the lowest one */
    size_t count;                             /* a multiple of LANES */
};

static void begin_turning(struct turning *turning, const struct grid *grid) {
    double lowest_hz = grid->off_hz + LOWEST * CARRIER_HZ;
    memset(turning, 0, sizeof *turning);
    turning->count = (grid->points + LANES - 1) / LANES * LANES;
    for (size_t n = 0; n < grid->points; n++) {
        double angle = -2.0 * M_PI / grid->sps * (double)n;
        turning->step_re[n] = (float)cos(angle * CARRIER_HZ);
        turning->step_im[n] = (float)sin(angle * CARRIER_HZ);
        turning->first_re[n] = (float)cos(angle * lowest_hz);
        turning->first_im[n] = (float)sin(angle * lowest_hz);
    }
}

/* The sum of all samples, which is the present carrier; then on to the next one. */
LS_VERSIONS static float complex take_carrier(struct turning *turning) {
    float re[LANES] = {0.0F};
    float im[LANES] = {0.0F};
    for (size_t n = 0; n < turning->count; n += LANES) {
        for (size_t l = 0; l < LANES; l++) {
            float a = turning->re[n + l];
            float b = turning->im[n + l];
            re[l] += a;
            im[l] += b;
            turning->re[n + l] = a * turning->step_re[n + l] - b * turning->step_im[n + l];
            turning->im[n + l] = a * turning->step_im[n + l] + b * turning->step_re[n + l];
        }
    }
    for (size_t l = 1; l < LANES; l++) {
        re[0] += re[l];
        im[0] += im[l];
    }
    return CMPLXF(re[0], im[0]);
}

/* Carriers LOWEST and on of each symbol. Returns how many symbols there are. */
static size_t transform(const struct grid *grid, float complex ret[SYMBOLS][ROW]) {
    struct turning turning;
    size_t symbols = 0;
    begin_turning(&turning, grid);
    for (; symbols < SYMBOLS; symbols++) {
        size_t from = (size_t)(grid->first + (double)symbols * SYMBOL_S * grid->sps);
        if (from + grid->points > grid->count) {
            break;
        }
        for (size_t n = 0; n < grid->points; n++) {
            float complex first = CMPLXF(turning.first_re[n], turning.first_im[n]);
            float complex x = ls_look_product(grid->x[from + n], first);
            turning.re[n] = crealf(x);
            turning.im[n] = cimagf(x);
        }
        for (size_t k = 0; k < ROW; k++) {
            ret[symbols][k] = take_carrier(&turning);
        }
    }
    return symbols;
}

/* The 62 carriers about the middle, which is left out. */
static void middle_of(const float complex row[ROW], int shift,
                      float complex ret[LS_SECONDARY_CARRIERS]) {
    for (int n = 0; n < LS_SECONDARY_CARRIERS; n++) {
        int carrier = n < LS_SECONDARY_CARRIERS / 2 ? n - 31 : n - 30;
        ret[n] = row[carrier + shift - LOWEST];
    }
}

/* How much of the primary signal: 1 in the mean by chance, exponential; 60 at most. */
static double primary_at(const float complex carriers[LS_SECONDARY_CARRIERS],
                         const float complex wanted[LS_SECONDARY_CARRIERS]) {
    float complex sum = 0.0F;
    float energy = 0.0F;
    for (size_t n = 0; n + 1 < LS_SECONDARY_CARRIERS; n++) {
        float complex pair = ls_look_product(carriers[n + 1], conjf(carriers[n]));
        sum += ls_look_product(pair, conjf(wanted[n]));
        energy += crealf(pair) * crealf(pair) + cimagf(pair) * cimagf(pair);
    }
    float power = crealf(sum) * crealf(sum) + cimagf(sum) * cimagf(sum);
    return energy > 0.0F ? (double)(power / energy) : 0.0;
}

struct primary {
    double power;
    size_t symbol;
    int shift;
    int number;
};

static struct primary find_primary(float complex rows[SYMBOLS][ROW], size_t symbols) {
    struct primary best = {.power = 0.0};
    float complex wanted[NUMBERS][LS_SECONDARY_CARRIERS];
    float complex carriers[LS_SECONDARY_CARRIERS];
    for (int number = 0; number < NUMBERS; number++) {
        for (size_t n = 0; n + 1 < LS_SECONDARY_CARRIERS; n++) {
            wanted[number][n] =
                ls_secondary_primary(number, n + 1) * conjf(ls_secondary_primary(number, n));
        }
    }
    for (size_t s = 0; s < symbols; s++) {
        for (int shift = -SHIFTS; shift <= SHIFTS; shift++) {
            middle_of(rows[s], shift, carriers);
            for (int number = 0; number < NUMBERS; number++) {
                double power = primary_at(carriers, wanted[number]);
                if (power > best.power) {
                    best = (struct primary){power, s, shift, number};
                }
            }
        }
    }
    return best;
}

/* The strongest group in the symbol that comes so many before the primary one. */
static double secondary_of(const struct ls_look *look, float complex rows[SYMBOLS][ROW],
                           const struct primary *primary) {
    double best = 0.0;
    float complex first[LS_SECONDARY_CARRIERS];
    float complex second[LS_SECONDARY_CARRIERS];
    middle_of(rows[primary->symbol], primary->shift, first);
    for (size_t before = 1; before <= BESIDE && before <= primary->symbol; before += BESIDE - 1) {
        double powers[2][LS_SECONDARY_GROUPS] = {{0.0}};
        middle_of(rows[primary->symbol - before], primary->shift, second);
        ls_secondary_add(look->secondary, primary->number, first, second, powers);
        for (size_t g = 0; g < LS_SECONDARY_GROUPS; g++) {
            best = fmax(best, fmax(powers[0][g], powers[1][g]));
        }
    }
    return best;
}

void ls_cell_measure(struct ls_look *look, struct ls_features *features) {
    struct grid grid;
    float complex rows[SYMBOLS][ROW];
    bool like = ls_features_value(features, LS_FEATURE_PREFIX_15K) > LEAST_PREFIX;
    if (!like || look->iq->bandwidth_hz < LEAST_HZ || look->iq->rate_sps < 0.7 * WANTED_SPS) {
        return;
    }
    thin_out(look, &grid);
    if (!find_symbols(&grid)) {
        return;
    }
    struct primary primary = find_primary(rows, transform(&grid, rows));
    double power = primary.power > LEAST_PRIMARY ? secondary_of(look, rows, &primary) : 0.0;
    if (power > LEAST_SECONDARY) {
        ls_features_set(features, LS_FEATURE_LTE_SYNC, power, SURE);
    } else if ((double)look->count > ALL_S * look->iq->rate_sps) {
        ls_features_set(features, LS_FEATURE_LTE_SYNC, 0.0, 1.0);
    }
}
