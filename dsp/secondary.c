#include "dsp/secondary.h"

#include <math.h>
#include <stdlib.h>

enum { LENGTH = 31, NUMBERS = 3, BESIDE = 2 };

struct ls_secondary {
    signed char signs[NUMBERS][2][LS_SECONDARY_GROUPS][LS_SECONDARY_CARRIERS];
};

/* Sequences of maximum length: x(i + 5) is the sum of x(i + k) for each bit k of taps. */
static void shift_register(unsigned taps, signed char ret[LENGTH]) {
    unsigned state = 16; /* x(0) to x(3) are 0, x(4) is 1 */
    for (size_t i = 0; i < LENGTH; i++) {
        unsigned sum = state & taps;
        ret[i] = (state & 1) != 0 ? -1 : 1;
        sum ^= sum >> 4;
        sum ^= sum >> 2;
        sum ^= sum >> 1;
        state = state >> 1 | (sum & 1) << 4;
    }
}

static void make_group(struct ls_secondary *secondary, int number, size_t group) {
    signed char s[LENGTH];
    signed char c[LENGTH];
    signed char z[LENGTH];
    shift_register(0x05, s);
    shift_register(0x09, c);
    shift_register(0x17, z);
    size_t rows = group / 30;
    size_t q = (group + rows * (rows + 1) / 2) / 30;
    size_t m = group + q * (q + 1) / 2;
    size_t shifts[2] = {m % LENGTH, (m % LENGTH + m / LENGTH + 1) % LENGTH};
    for (size_t half = 0; half < 2; half++) {
        size_t even = shifts[half];
        size_t odd = shifts[1 - half];
        signed char *ret = secondary->signs[number][half][group];
        for (size_t n = 0; n < LENGTH; n++) {
            int at = s[(n + even) % LENGTH] * c[(n + (size_t)number) % LENGTH];
            int next = s[(n + odd) % LENGTH] * c[(n + (size_t)number + 3) % LENGTH] *
                       z[(n + even % 8) % LENGTH];
            ret[2 * n] = (signed char)at;
            ret[2 * n + 1] = (signed char)next;
        }
    }
}

int ls_secondary_create(struct ls_secondary **ret, struct ls_err *err) {
    struct ls_secondary *secondary = calloc(1, sizeof *secondary);
    if (secondary == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for synchronisation");
    }
    for (int number = 0; number < NUMBERS; number++) {
        for (size_t group = 0; group < LS_SECONDARY_GROUPS; group++) {
            make_group(secondary, number, group);
        }
    }
    *ret = secondary;
    return LS_OK;
}

void ls_secondary_destroy(struct ls_secondary *secondary) { free(secondary); }

float complex ls_secondary_primary(int number, size_t n) {
    static const double roots[NUMBERS] = {25.0, 29.0, 34.0};
    double m = n < LENGTH ? (double)n : (double)(n + 1);
    double turns = -roots[number] * m * (m + 1.0) / 126.0;
    return (float complex)cexp(2.0 * M_PI * (double complex)I * (turns - floor(turns)));
}

/* The channel at a carrier: the mean of it and its neighbours, which noise moves less. */
static double complex channel_at(const double complex *raw, size_t n) {
    size_t from = n < BESIDE ? 0 : n - BESIDE;
    size_t to = n + BESIDE + 1 < LS_SECONDARY_CARRIERS ? n + BESIDE + 1 : LS_SECONDARY_CARRIERS;
    double complex sum = 0.0;
    for (size_t k = from; k < to; k++) {
        sum += raw[k];
    }
    return sum;
}

void ls_secondary_add(const struct ls_secondary *secondary, int number,
                      const float complex *primary, const float complex *received,
                      double ret_powers[2][LS_SECONDARY_GROUPS]) {
    double complex raw[LS_SECONDARY_CARRIERS];
    float complex even[LS_SECONDARY_CARRIERS]; /* as an ideal channel would give */
    double energy = 0.0;
    for (size_t n = 0; n < LS_SECONDARY_CARRIERS; n++) {
        raw[n] = (double complex)(primary[n] * conjf(ls_secondary_primary(number, n)));
    }
    for (size_t n = 0; n < LS_SECONDARY_CARRIERS; n++) {
        double complex y = (double complex)received[n] * conj(channel_at(raw, n));
        energy += creal(y) * creal(y) + cimag(y) * cimag(y);
        even[n] = (float complex)y;
    }
    for (size_t half = 0; half < 2 && energy > 0.0; half++) {
        for (size_t group = 0; group < LS_SECONDARY_GROUPS; group++) {
            const signed char *signs = secondary->signs[number][half][group];
            float re = 0.0F;
            float im = 0.0F;
            for (size_t n = 0; n < LS_SECONDARY_CARRIERS; n++) {
                re += crealf(even[n]) * (float)signs[n];
                im += cimagf(even[n]) * (float)signs[n];
            }
            ret_powers[half][group] += (double)(re * re + im * im) / energy;
        }
    }
}
