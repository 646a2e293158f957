#include "simulate/linear.h"

#include <assert.h>
#include <liquid/liquid.h>
#include <math.h>
#include <stdlib.h>

int ls_linear_init(struct ls_linear *linear, size_t samples_per_symbol, size_t reach,
                   double rolloff, struct ls_err *err) {
    *linear = (struct ls_linear){.samples_per_symbol = samples_per_symbol,
                                 .length = 2 * samples_per_symbol * reach + 1};
    linear->pulse = calloc(linear->length, sizeof *linear->pulse);
    linear->carry = calloc(linear->length, sizeof *linear->carry);
    if (linear->pulse == NULL || linear->carry == NULL) {
        ls_linear_finish(linear);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for a modulator");
    }
    liquid_firdes_rrcos((unsigned)samples_per_symbol, (unsigned)reach, (float)rolloff, 0,
                        linear->pulse);
    double energy = 0;
    for (size_t i = 0; i < linear->length; i++) {
        energy += (double)linear->pulse[i] * (double)linear->pulse[i];
    }
    float scale = (float)sqrt((double)samples_per_symbol / energy);
    for (size_t i = 0; i < linear->length; i++) {
        linear->pulse[i] *= scale;
    }
    return LS_OK;
}

void ls_linear_finish(struct ls_linear *linear) {
    free(linear->pulse);
    free(linear->carry);
    *linear = (struct ls_linear){0};
}

static void add_pulse(struct ls_linear *linear, float complex symbol) {
    size_t first = linear->length - linear->head;
    float *ring = (float *)&linear->carry[linear->head];
    float re = crealf(symbol);
    float im = cimagf(symbol);
    for (size_t j = 0; j < linear->length; j++) {
        if (j == first) {
            ring = (float *)linear->carry - 2 * first;
        }
        ring[2 * j] += re * linear->pulse[j];
        ring[2 * j + 1] += im * linear->pulse[j];
    }
}

void ls_linear_modulate(struct ls_linear *linear, const float complex *symbols, size_t count,
                        size_t offset, float complex *ret, size_t n) {
    size_t k = linear->samples_per_symbol;
    assert(offset + count * k <= n);
    size_t symbol = 0;
    for (size_t i = 0; i < n; i++) {
        if (symbol < count && i == offset + symbol * k) {
            add_pulse(linear, symbols[symbol]);
            symbol++;
        }
        ret[i] = linear->carry[linear->head];
        linear->carry[linear->head] = 0;
        linear->head = linear->head + 1 == linear->length ? 0 : linear->head + 1;
    }
}

double ls_linear_bandwidth(double rolloff) {
    /* The spectrum is flat to (1 - a)/2 and a half cosine to (1 + a)/2. Beyond the share u of that
     * slope lies a (1 - u)/2 - a sin(pi u)/(2 pi) of the power; half a percent is wanted. */
    double low = 0;
    double high = 1;
    for (int i = 0; i < 50; i++) {
        double u = (low + high) / 2;
        double beyond = rolloff * ((1 - u) / 2 - sin(M_PI * u) / (2 * M_PI));
        *(beyond > 0.005 ? &low : &high) = u;
    }
    return (1 - rolloff) + 2 * rolloff * low;
}
