#include "simulate/cpm.h"

#include <assert.h>
#include <liquid/liquid.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "simulate/exact.h"

enum { PULSE_MAX = 4096 };

/* Half-length in symbols: Gaussian pulses of BT 0.3 and more are below 1e-4 there, root raised
 * cosines below -40 dB. */
static const unsigned GAUSSIAN_REACH = 2;
static const unsigned RRC_REACH = 6;

static void design(struct ls_cpm *cpm, const struct ls_cpm_opts *opts) {
    unsigned k = (unsigned)opts->samples_per_symbol;
    switch (opts->shape) {
    case LS_CPM_RECT:
        for (size_t i = 0; i < cpm->length; i++) {
            cpm->pulse[i] = 1;
        }
        break;
    case LS_CPM_GAUSSIAN:
        liquid_firdes_gmsktx(k, GAUSSIAN_REACH, (float)opts->factor, 0, cpm->pulse);
        break;
    case LS_CPM_RRC:
        liquid_firdes_rrcos(k, RRC_REACH, (float)opts->factor, 0, cpm->pulse);
        break;
    }
    double sum = 0;
    for (size_t i = 0; i < cpm->length; i++) {
        sum += (double)cpm->pulse[i];
    }
    for (size_t i = 0; i < cpm->length; i++) {
        cpm->pulse[i] = (float)((double)cpm->pulse[i] / sum * opts->turns * 0x1p32);
    }
}

int ls_cpm_init(struct ls_cpm *cpm, const struct ls_cpm_opts *opts, struct ls_err *err) {
    size_t k = opts->samples_per_symbol;
    assert(k >= 2);
    size_t reach = opts->shape == LS_CPM_GAUSSIAN ? GAUSSIAN_REACH : RRC_REACH;
    *cpm = (struct ls_cpm){.samples_per_symbol = k,
                           .length = opts->shape == LS_CPM_RECT ? k : 2 * k * reach + 1};
    assert(cpm->length <= PULSE_MAX);
    cpm->pulse = calloc(cpm->length, sizeof *cpm->pulse);
    cpm->carry = calloc(cpm->length, sizeof *cpm->carry);
    if (cpm->pulse == NULL || cpm->carry == NULL) {
        ls_cpm_finish(cpm);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for a modulator");
    }
    design(cpm, opts);
    return LS_OK;
}

void ls_cpm_finish(struct ls_cpm *cpm) {
    free(cpm->pulse);
    free(cpm->carry);
    *cpm = (struct ls_cpm){0};
}

size_t ls_cpm_delay(const struct ls_cpm *cpm) {
    return (cpm->length - cpm->samples_per_symbol) / 2;
}

void ls_cpm_modulate(struct ls_cpm *cpm, const float *levels, size_t count, size_t offset,
                     float complex *ret, size_t n) {
    size_t k = cpm->samples_per_symbol;
    assert(offset + count * k <= n);
    size_t symbol = 0;
    for (size_t i = 0; i < n; i++) {
        if (symbol < count && i == offset + symbol * k) {
            for (size_t j = 0; j < cpm->length; j++) {
                cpm->carry[j] += levels[symbol] * cpm->pulse[j];
            }
            symbol++;
        }
        /* carry[0] is the frequency of this sample. Shifting a few floats beats a ring here. */
        cpm->phase += (uint32_t)(int32_t)cpm->carry[0];
        memmove(cpm->carry, cpm->carry + 1, (cpm->length - 1) * sizeof *cpm->carry);
        cpm->carry[cpm->length - 1] = 0;
        ret[i] = ls_exact_cis(cpm->phase);
    }
}
