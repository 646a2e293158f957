#include "survey/reference.h"

#include <complex.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/time.h"
#include "dsp/convert.h"

enum { CARRIERS_MAX = 32, WINDOW = 8192, LOOKS_PER_S = 8 };

struct carrier {
    double hz;
    double pow; /* sum over looks */
    size_t looks;
};

struct ls_reference {
    pthread_mutex_t lock;
    struct carrier carriers[CARRIERS_MAX];
    size_t count;
    int64_t next_ns; /* event time of the next look */
    float window[WINDOW];
    double window_sum;
    float complex samples[WINDOW];
};

int ls_reference_create(struct ls_reference **ret, struct ls_err *err) {
    const double pi = acos(-1.0);
    struct ls_reference *reference = calloc(1, sizeof *reference);
    if (reference == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    pthread_mutex_init(&reference->lock, NULL);
    for (size_t i = 0; i < WINDOW; i++) { /* Hann: a strong neighbour does not leak in */
        reference->window[i] = (float)(0.5 - 0.5 * cos(2.0 * pi * ((double)i + 0.5) / WINDOW));
        reference->window_sum += (double)reference->window[i];
    }
    *ret = reference;
    return LS_OK;
}

void ls_reference_destroy(struct ls_reference *reference) {
    if (reference != NULL) {
        pthread_mutex_destroy(&reference->lock);
        free(reference);
    }
}

void ls_reference_set(struct ls_reference *reference, const double *carriers_hz, size_t count) {
    pthread_mutex_lock(&reference->lock);
    reference->count = count > CARRIERS_MAX ? CARRIERS_MAX : count;
    for (size_t i = 0; i < reference->count; i++) {
        reference->carriers[i] = (struct carrier){.hz = carriers_hz[i]};
    }
    pthread_mutex_unlock(&reference->lock);
}

/* Power of a full-scale carrier is 1. */
static double power_at(const struct ls_reference *reference, double cycles_per_sample) {
    const double pi = acos(-1.0);
    const float complex step = (float complex)cexp(CMPLX(0.0, -2.0 * pi * cycles_per_sample));
    float complex turn = 1.0F;
    double complex sum = 0.0;
    for (size_t i = 0; i < WINDOW; i++) {
        sum += (double complex)(reference->window[i] * reference->samples[i] * turn);
        turn *= step;
        if (i % 512 == 511) { /* rounding would let its length drift */
            turn /= cabsf(turn);
        }
    }
    double level = cabs(sum) / reference->window_sum;
    return level * level;
}

static void look(struct ls_reference *reference, const struct ls_block *block) {
    ls_convert(block->tuning.format, block->samples, WINDOW, reference->samples, NULL);
    for (size_t i = 0; i < reference->count; i++) {
        struct carrier *carrier = &reference->carriers[i];
        double cycles = (carrier->hz - block->tuning.center_hz) / block->tuning.rate_sps;
        if (fabs(cycles) < 0.45) {
            carrier->pow += power_at(reference, cycles);
            carrier->looks++;
        }
    }
}

void ls_reference_block(struct ls_reference *reference, const struct ls_block *block) {
    pthread_mutex_lock(&reference->lock);
    bool due = block->t_ns >= reference->next_ns ||
               reference->next_ns - block->t_ns > LS_NS_PER_S; /* the clock was set back */
    if (reference->count > 0 && due && block->count >= WINDOW) {
        reference->next_ns = block->t_ns + LS_NS_PER_S / LOOKS_PER_S;
        look(reference, block);
    }
    pthread_mutex_unlock(&reference->lock);
}

double ls_reference_level(struct ls_reference *reference, size_t i) {
    double level_dbfs = (double)NAN;
    pthread_mutex_lock(&reference->lock);
    if (i < reference->count && reference->carriers[i].looks > 0) {
        struct carrier *carrier = &reference->carriers[i];
        level_dbfs = 10.0 * log10(carrier->pow / (double)carrier->looks + 1e-20);
        carrier->pow = 0.0;
        carrier->looks = 0;
    }
    pthread_mutex_unlock(&reference->lock);
    return level_dbfs;
}
