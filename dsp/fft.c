#include "dsp/fft.h"

#include <assert.h>
#include <fftw3.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/wisdom.h"

enum {
    LENGTH_MAX = 1 << 24,
    /* Above this FFTW_PATIENT gains 17 % and more (measured at 8192), below nothing. */
    MEASURE_MAX = 2048,
};

/* FFTW tries ever more patient plans until this is over and keeps the best. */
static const double plan_seconds_max = 2.0;

/* The planner is the one part of FFTW that threads must not share. */
static pthread_mutex_t planner = PTHREAD_MUTEX_INITIALIZER;
static bool wisdom_loaded; /* guarded by planner */

struct ls_fft {
    fftwf_plan plan;
};

void ls_fft_lock(void) {
    int rc = pthread_mutex_lock(&planner);
    assert(rc == 0);
}

void ls_fft_unlock(void) {
    int rc = pthread_mutex_unlock(&planner);
    assert(rc == 0);
}

bool ls_fft_good_length(size_t length) {
    static const size_t primes[] = {2, 3, 5, 7};
    if (length == 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof primes / sizeof primes[0]; i++) {
        while (length % primes[i] == 0) {
            length /= primes[i];
        }
    }
    return length == 1;
}

float complex *ls_fft_alloc(size_t count) {
    if (count > SIZE_MAX / sizeof(float complex) - LS_FFT_ALIGNMENT) {
        return NULL;
    }
    size_t bytes = count * sizeof(float complex);
    bytes += (LS_FFT_ALIGNMENT - bytes % LS_FFT_ALIGNMENT) % LS_FFT_ALIGNMENT;
    bytes = bytes == 0 ? LS_FFT_ALIGNMENT : bytes;
    float complex *ret = aligned_alloc(LS_FFT_ALIGNMENT, bytes);
    if (ret != NULL) {
        memset(ret, 0, bytes);
    }
    return ret;
}

static fftwf_plan plan_with(const struct ls_fft_opts *o, float complex *in, float complex *out,
                            unsigned flags) {
    int n = (int)o->length;
    return fftwf_plan_many_dft(1, &n, (int)o->batch, in, NULL, 1, (int)o->in_stride, out, NULL, 1,
                               (int)o->ret_stride, o->inverse ? FFTW_BACKWARD : FFTW_FORWARD,
                               flags | FFTW_PRESERVE_INPUT);
}

/* Wisdom first, at either patience: a plan that ran out of time must not be sought anew by the next
 * object of the same process, which would wait again and perhaps round differently. */
static fftwf_plan plan_locked(const struct ls_fft_opts *o, float complex *in, float complex *out) {
    if (!wisdom_loaded) {
        ls_wisdom_load();
        wisdom_loaded = true;
    }
    fftwf_plan plan = plan_with(o, in, out, FFTW_MEASURE | FFTW_WISDOM_ONLY);
    if (plan != NULL) {
        return plan;
    }
    fftwf_set_timelimit(plan_seconds_max);
    plan = plan_with(o, in, out, o->length <= MEASURE_MAX ? FFTW_MEASURE : FFTW_PATIENT);
    fftwf_set_timelimit(FFTW_NO_TIMELIMIT);
    ls_wisdom_save();
    return plan;
}

static int check(struct ls_fft_opts *o, struct ls_err *err) {
    o->batch = o->batch == 0 ? 1 : o->batch;
    o->in_stride = o->in_stride == 0 ? o->length : o->in_stride;
    o->ret_stride = o->ret_stride == 0 ? o->length : o->ret_stride;
    if (o->length == 0 || o->length > LENGTH_MAX) {
        return ls_err_set(err, LS_ERR_ARG, "transform length %zu is not within 1 to %d", o->length,
                          LENGTH_MAX);
    }
    if (o->in_stride < o->length || o->ret_stride < o->length || o->batch > LENGTH_MAX ||
        o->in_stride > LENGTH_MAX || o->ret_stride > LENGTH_MAX) {
        return ls_err_set(err, LS_ERR_ARG,
                          "a batch of %zu transforms of length %zu cannot be %zu and %zu apart",
                          o->batch, o->length, o->in_stride, o->ret_stride);
    }
    return LS_OK;
}

int ls_fft_create(struct ls_fft **ret, const struct ls_fft_opts *opts, struct ls_err *err) {
    struct ls_fft_opts o = *opts;
    int rc = check(&o, err);
    if (rc != LS_OK) {
        return rc;
    }
    struct ls_fft *fft = calloc(1, sizeof *fft);
    /* Measuring runs transforms, so it needs arrays of the real size. */
    float complex *in = ls_fft_alloc(o.batch * o.in_stride);
    float complex *out = ls_fft_alloc(o.batch * o.ret_stride);
    if (fft != NULL && in != NULL && out != NULL) {
        ls_fft_lock();
        fft->plan = plan_locked(&o, in, out);
        ls_fft_unlock();
    }
    free(in);
    free(out);
    if (fft == NULL || fft->plan == NULL) {
        free(fft);
        return ls_err_set(err, LS_ERR_NOMEM, "no memory to plan a transform of length %zu",
                          o.length);
    }
    *ret = fft;
    return LS_OK;
}

void ls_fft_destroy(struct ls_fft *fft) {
    if (fft == NULL) {
        return;
    }
    ls_fft_lock();
    fftwf_destroy_plan(fft->plan);
    ls_fft_unlock();
    free(fft);
}

void ls_fft_execute(const struct ls_fft *fft, const float complex *in, float complex *ret_bins) {
    /* FFTW takes no const, but an out-of-place plan with FFTW_PRESERVE_INPUT leaves in alone. */
    fftwf_execute_dft(fft->plan, (float complex *)(uintptr_t)in, ret_bins);
}
