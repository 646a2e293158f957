/* Stockham's autosort algorithm (Van Loan, "Computational Frameworks for the Fast Fourier
 * Transform", 1992, algorithm 1.7.2) with radices 4, 2, 3 and 5: each pass takes n = radix * m
 * points at `stride` interleaved transforms and leaves them sorted for the next pass. */
#include "simulate/dft.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int ls_dft_init(struct ls_dft *dft, size_t n, struct ls_err *err) {
    *dft = (struct ls_dft){.n = n};
    dft->twiddles = malloc(n * sizeof *dft->twiddles);
    dft->work = malloc(n * sizeof *dft->work);
    if (dft->twiddles == NULL || dft->work == NULL) {
        ls_dft_finish(dft);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for a transform of %zu points", n);
    }
    for (size_t k = 0; k < n; k++) {
        double angle = -2 * M_PI * (double)k / (double)n;
        dft->twiddles[k] = CMPLXF((float)cos(angle), (float)sin(angle));
    }
    return LS_OK;
}

void ls_dft_finish(struct ls_dft *dft) {
    free(dft->twiddles);
    free(dft->work);
    *dft = (struct ls_dft){0};
}

static float complex times(float complex a, float complex b) {
    return CMPLXF(crealf(a) * crealf(b) - cimagf(a) * cimagf(b),
                  crealf(a) * cimagf(b) + cimagf(a) * crealf(b));
}

static float complex times_minus_j(float complex a) { return CMPLXF(cimagf(a), -crealf(a)); }

struct pass {
    const struct ls_dft *dft;
    const float complex *in;
    float complex *out;
    size_t m;
    size_t stride;
};

static void pass4(const struct pass *pass) {
    size_t s = pass->stride;
    size_t quarter = pass->m * s;
    for (size_t p = 0; p < pass->m; p++) {
        /* The twiddle of this pass's size lies every `stride` entries of the table. */
        float complex w1 = pass->dft->twiddles[p * s];
        float complex w2 = times(w1, w1);
        float complex w3 = times(w1, w2);
        const float complex *x = &pass->in[p * s];
        float complex *y = &pass->out[4 * p * s];
        for (size_t q = 0; q < s; q++) {
            float complex a = x[q] + x[q + 2 * quarter];
            float complex b = x[q] - x[q + 2 * quarter];
            float complex c = x[q + quarter] + x[q + 3 * quarter];
            float complex d = times_minus_j(x[q + quarter] - x[q + 3 * quarter]);
            y[q] = a + c;
            y[q + s] = times(w1, b + d);
            y[q + 2 * s] = times(w2, a - c);
            y[q + 3 * s] = times(w3, b - d);
        }
    }
}

static void pass_any(const struct pass *pass, size_t radix) {
    size_t s = pass->stride;
    size_t n = pass->dft->n;
    assert(radix <= 5);
    for (size_t p = 0; p < pass->m; p++) {
        for (size_t q = 0; q < s; q++) {
            for (size_t j = 0; j < radix; j++) {
                float complex sum = 0;
                for (size_t k = 0; k < radix; k++) {
                    float complex w = pass->dft->twiddles[(j * k % radix) * (n / radix)];
                    sum += times(w, pass->in[q + s * (p + pass->m * k)]);
                }
                pass->out[q + s * (radix * p + j)] = times(sum, pass->dft->twiddles[j * p * s % n]);
            }
        }
    }
}

void ls_dft_forward(struct ls_dft *dft, float complex *data) {
    struct pass pass = {.dft = dft, .in = data, .out = dft->work, .stride = 1};
    for (size_t left = dft->n; left > 1;) {
        size_t radix = left % 4 == 0 ? 4 : left % 2 == 0 ? 2 : left % 3 == 0 ? 3 : 5;
        assert(left % radix == 0);
        pass.m = left / radix;
        if (radix == 4) {
            pass4(&pass);
        } else {
            pass_any(&pass, radix);
        }
        left = pass.m;
        pass.stride *= radix;
        float complex *result = pass.out;
        pass.out = result == data ? dft->work : data;
        pass.in = result;
    }
    if (pass.in != data) {
        memcpy(data, dft->work, dft->n * sizeof *data);
    }
}

void ls_dft_inverse(struct ls_dft *dft, float complex *data) {
    /* The forward transform read backwards. */
    ls_dft_forward(dft, data);
    for (size_t i = 1; i < dft->n - i; i++) {
        float complex keep = data[i];
        data[i] = data[dft->n - i];
        data[dft->n - i] = keep;
    }
}
