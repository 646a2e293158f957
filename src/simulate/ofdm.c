#include "simulate/ofdm.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int ls_ofdm_init(struct ls_ofdm *ofdm, size_t n, bool half_shift, struct ls_err *err) {
    assert(n % 128 == 0);
    *ofdm = (struct ls_ofdm){0};
    int code = ls_dft_init(&ofdm->dft, n, err);
    if (code != LS_OK) {
        return code;
    }
    ofdm->bins = calloc(n, sizeof *ofdm->bins);
    ofdm->shift = half_shift ? malloc(n * sizeof *ofdm->shift) : NULL;
    if (ofdm->bins == NULL || (half_shift && ofdm->shift == NULL)) {
        ls_ofdm_finish(ofdm);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for symbols of %zu points", n);
    }
    for (size_t i = 0; half_shift && i < n; i++) {
        double angle = M_PI * (double)i / (double)n;
        ofdm->shift[i] = CMPLXF((float)cos(angle), (float)sin(angle));
    }
    return LS_OK;
}

void ls_ofdm_finish(struct ls_ofdm *ofdm) {
    ls_dft_finish(&ofdm->dft);
    free(ofdm->bins);
    free(ofdm->shift);
    *ofdm = (struct ls_ofdm){0};
}

size_t ls_ofdm_bin(const struct ls_ofdm *ofdm, size_t k, size_t count, bool skip_dc) {
    size_t half = count / 2;
    return k < half ? ofdm->dft.n - half + k : k - half + (skip_dc ? 1 : 0);
}

size_t ls_ofdm_symbol(struct ls_ofdm *ofdm, size_t prefix, float scale, float complex *ret) {
    size_t n = ofdm->dft.n;
    ls_dft_inverse(&ofdm->dft, ofdm->bins);
    float complex *body = &ret[prefix];
    for (size_t i = 0; i < n; i++) {
        float complex x = ofdm->bins[i] * scale;
        body[i] = ofdm->shift == NULL ? x : x * ofdm->shift[i];
        ofdm->bins[i] = 0;
    }
    for (size_t i = 0; i < prefix; i++) {
        /* Half a subcarrier turns by half a cycle in n samples. */
        ret[i] = ofdm->shift == NULL ? body[n - prefix + i] : -body[n - prefix + i];
    }
    return prefix + n;
}

float complex ls_ofdm_qpsk(struct ls_random *random) {
    uint64_t bits = ls_random_bits(random) >> 62;
    const float a = 0.70710678f;
    return CMPLXF(bits & 1 ? a : -a, bits & 2 ? a : -a);
}

float complex ls_ofdm_zadoff_chu(size_t root, size_t index, size_t length) {
    size_t i = index % length;
    double turns = (double)(root * i % (2 * length) * (i + 1) % (2 * length)) / (double)length / 2;
    return CMPLXF((float)cos(2 * M_PI * turns), -(float)sin(2 * M_PI * turns));
}

double ls_ofdm_skirt(double width_hz) {
    /* Beyond x from its edge a block of width B of symbols of T has about ln(1 + B/x) / (pi^2 T B)
     * of its power; T of 75 us fits what LTE symbols of 71 us measure, within 4 kHz for 1 to 6
     * blocks. */
    const double symbol_s = 75e-6;
    return width_hz / expm1(0.01 * M_PI * M_PI * symbol_s * width_hz);
}

size_t ls_ofdm_prime(size_t n) {
    for (;; n--) {
        bool prime = true;
        for (size_t d = 2; prime && d * d <= n; d++) {
            prime = n % d != 0;
        }
        if (prime) {
            return n;
        }
    }
}
