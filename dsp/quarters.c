/* Frames stay in the bank, and a ring says where. A slot has windows whose middles are five frames
 * apart, as many as fit: they hold 3 % fewer looks than with four, 0.06 dB for a fifth of the work,
 * and limits are told so. In a slot of 32 frames, of which five is no part, it would be three times
 * as much, and they are four apart. They lie in the middle of the slot, so that what the first and
 * the last one of a piece lack is the same. A few windows are taken at once, as most of their rows
 * are the same. */
#include "dsp/quarters.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/channelizer.h"
#include "dsp/kernels.h"
#include "dsp/prototype.h"
#include "dsp/versions.h"

enum {
    SIDE = LS_KERNELS_SIDE,
    POINTS = 8, /* of the transform */
    TAPS = 2,
    STEP = LS_KERNELS_STEP, /* from a window to the next, where a slot is long */
    LONG_FRAMES = 64,
    RING = STEP * (LS_KERNELS_WINDOWS - 1) + 2 * SIDE + 1,
    ALIGNMENT = 64,
    REACH_MAX = 64, /* frames: both stages' filters are no longer */
};

_Static_assert((int)RING == (int)LS_QUARTERS_KEEP, "a few windows fit in what is kept");
_Static_assert((int)LS_KERNELS_PAD <= (int)LS_CHANNELIZER_SLACK, "padded rows may be read");
_Static_assert((int)LS_QUARTERS == (int)LS_KERNELS_QUARTERS, "the kernel's quarters");
_Static_assert(POINTS == SIDE + 1, "the kernel folds the window to the transform's length");

/* Bins lie half a bin apart as it is, so a narrow transition counts for more than far sidelobes,
 * which the bank has taken out. */
static const double STOPBAND_DB = 40.0;

/* Where the windows of a slot are. */
struct lattice {
    size_t slot_frames;
    size_t step;
    size_t windows;
};

struct ls_quarters {
    const struct ls_kernels *kernels;
    size_t channels;
    size_t padded;
    struct lattice lattice;
    size_t slots;
    size_t frames;  /* of the piece so far */
    size_t slot;    /* of the windows that are next */
    size_t windows; /* of it that were taken */
    const float complex *ring[RING];
    float (*weights)[LS_KERNELS_PAD]; /* [SIDE + 1] */
    float pairs;                      /* of cells that a window stands for */
    float gains[LS_QUARTERS]; /* a quarter's cells as large as those pairs of the channel's */
    float *scale;             /* [channels] */
    float *sums;              /* [slots][LS_QUARTERS][padded], FFT order */
};

static struct lattice lattice_of(size_t slot_frames) {
    size_t step = slot_frames >= LONG_FRAMES ? STEP : LS_QUARTERS_HOP;
    return (struct lattice){
        .slot_frames = slot_frames, .step = step, .windows = (slot_frames + step - 1) / step};
}

/* The frame in the middle of a window of a slot. */
static size_t middle_of(const struct lattice *lattice, size_t slot, size_t window) {
    size_t span = lattice->step * (lattice->windows - 1);
    size_t before = (lattice->slot_frames - 1 - span) / 2;
    return slot * lattice->slot_frames + before + lattice->step * window;
}

/* Half of the window: w[i] is for the frames i before and behind the middle one. */
static int design(double w[SIDE + 1], struct ls_err *err) {
    float h[POINTS * TAPS];
    const struct ls_prototype_opts opts = {
        .channels = POINTS, .taps = TAPS, .stopband_db = STOPBAND_DB};
    int code = ls_prototype_design(&opts, h, err);
    for (size_t i = 0; code == LS_OK && i <= SIDE; i++) {
        w[i] = (double)h[POINTS + i];
    }
    return code;
}

/* Turn from a frame to the next of the quarters above the middle: pi / 8, and three times that. */
static double turn_of(size_t outer) { return M_PI / POINTS * (outer > 0 ? 3.0 : 1.0); }

/* Numbers come as real and imaginary parts of an even and an odd channel in turn. Odd channels of
 * every other frame have their sign turned. */
static void fill_weights(struct ls_quarters *quarters, const double *w) {
    for (size_t i = 0; i <= SIDE; i++) {
        for (size_t k = 0; k < LS_KERNELS_PAD; k++) {
            quarters->weights[i][k] = (float)(i % 2 != 0 && k / 2 % 2 != 0 ? -w[i] : w[i]);
        }
    }
}

/* Noise through both stages: the cells of a channel overlap in time. */
static void find_gains(struct ls_quarters *quarters, const struct ls_quarters_opts *opts,
                       const double *w) {
    double correlation[2 * SIDE + 1];
    for (size_t d = 0; d <= 2 * SIDE; d++) {
        correlation[d] =
            ls_prototype_correlation(opts->prototype, opts->length, opts->channels, d, 0);
    }
    for (size_t outer = 0; outer < 2; outer++) {
        double gain = 0.0;
        for (int i = -SIDE; i <= SIDE; i++) {
            for (int k = -SIDE; k <= SIDE; k++) {
                gain += w[abs(i)] * w[abs(k)] * correlation[abs(i - k)] *
                        cos(turn_of(outer) * (double)(i - k));
            }
        }
        quarters->gains[1 - outer] = (float)((double)quarters->pairs / gain);
        quarters->gains[2 + outer] = (float)((double)quarters->pairs / gain);
    }
}

static void *make(size_t bytes) {
    size_t whole = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    void *memory = aligned_alloc(ALIGNMENT, whole);
    if (memory != NULL) {
        memset(memory, 0, whole);
    }
    return memory;
}

static int create_arrays(struct ls_quarters *quarters) {
    quarters->scale = make(quarters->channels * sizeof(float));
    quarters->weights = make((SIDE + 1) * sizeof *quarters->weights);
    quarters->sums = make(quarters->slots * LS_QUARTERS * quarters->padded * sizeof(float));
    bool ok = quarters->scale != NULL && quarters->weights != NULL && quarters->sums != NULL;
    return ok ? LS_OK : LS_ERR_NOMEM;
}

int ls_quarters_create(struct ls_quarters **ret, const struct ls_quarters_opts *opts,
                       struct ls_err *err) {
    double w[SIDE + 1];
    int code = design(w, err);
    if (code != LS_OK) {
        return code;
    }
    struct ls_quarters *quarters = calloc(1, sizeof *quarters);
    if (quarters == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for quarters of channels");
    }
    quarters->kernels = ls_kernels_best();
    quarters->channels = opts->channels;
    quarters->padded = (opts->channels + LS_KERNELS_PAD - 1) / LS_KERNELS_PAD * LS_KERNELS_PAD;
    quarters->lattice = lattice_of(opts->slot_frames);
    quarters->slots = opts->slots;
    size_t pairs = opts->slot_frames / LS_QUARTERS_HOP / 2;
    quarters->pairs = (float)pairs / (float)quarters->lattice.windows;
    code = create_arrays(quarters);
    if (code != LS_OK) {
        ls_quarters_destroy(quarters);
        return ls_err_set(err, code, "out of memory for quarters of %zu channels", opts->channels);
    }
    fill_weights(quarters, w);
    find_gains(quarters, opts, w);
    *ret = quarters;
    return LS_OK;
}

void ls_quarters_destroy(struct ls_quarters *quarters) {
    if (quarters == NULL) {
        return;
    }
    free(quarters->scale);
    free(quarters->weights);
    free(quarters->sums);
    free(quarters);
}

void ls_quarters_begin(struct ls_quarters *quarters) {
    quarters->frames = 0;
    quarters->slot = 0;
    quarters->windows = 0;
    memset(quarters->sums, 0,
           quarters->slots * LS_QUARTERS * quarters->padded * sizeof *quarters->sums);
}

/* All its frames were there. */
static bool is_whole(const struct ls_quarters *quarters, size_t slot, size_t window) {
    size_t middle = middle_of(&quarters->lattice, slot, window);
    return middle >= SIDE && middle + SIDE < quarters->frames;
}

/* Windows that are next and are taken at once: up to which one of the slot? */
static size_t next_end(const struct ls_quarters *quarters) {
    size_t end = quarters->windows + LS_KERNELS_WINDOWS;
    return end < quarters->lattice.windows ? end : quarters->lattice.windows;
}

static void take_windows(struct ls_quarters *quarters) {
    size_t first = quarters->windows;
    size_t end = next_end(quarters);
    quarters->windows = end % quarters->lattice.windows;
    size_t slot = quarters->slot;
    quarters->slot += quarters->windows == 0;
    while (first < end && !is_whole(quarters, slot, first)) {
        first++;
    }
    while (first < end && !is_whole(quarters, slot, end - 1)) {
        end--;
    }
    if (first == end) {
        return;
    }
    struct ls_kernels_quarters work = {.weights = (const float(*)[LS_KERNELS_PAD])quarters->weights,
                                       .windows = end - first,
                                       .step = quarters->lattice.step,
                                       .count = quarters->padded};
    size_t from = middle_of(&quarters->lattice, slot, first) - SIDE;
    for (size_t i = 0; i <= 2 * SIDE + quarters->lattice.step * (end - first - 1); i++) {
        work.rows[i] = (const float *)quarters->ring[(from + i) % RING];
    }
    for (size_t q = 0; q < LS_QUARTERS; q++) {
        work.ret[q] = quarters->sums + (slot * LS_QUARTERS + q) * quarters->padded;
    }
    quarters->kernels->quarters(&work);
}

void ls_quarters_push(struct ls_quarters *quarters, const float complex *bins) {
    quarters->ring[quarters->frames++ % RING] = bins;
    if (quarters->slot < quarters->slots &&
        quarters->frames >
            middle_of(&quarters->lattice, quarters->slot, next_end(quarters) - 1) + SIDE) {
        take_windows(quarters);
    }
}

/* Windows of a slot that have all their frames. */
static size_t windows_in(const struct ls_quarters *quarters, size_t slot) {
    size_t count = 0;
    for (size_t w = 0; w < quarters->lattice.windows; w++) {
        count += is_whole(quarters, slot, w);
    }
    return count;
}

/* Channels [first, first + count) of a slot in FFT order, which are [at, at + count) in rising
 * frequency. missing: windows that stand in with the noise mean. */
LS_VERSIONS static void finish_half(const struct ls_quarters *quarters, size_t slot, size_t first,
                                    size_t at, float missing, float *restrict ret) {
    const float *restrict sums = quarters->sums + slot * LS_QUARTERS * quarters->padded + first;
    const float *restrict scale = quarters->scale + at;
    size_t padded = quarters->padded;
    size_t half = quarters->channels / 2;
    const float gains[LS_QUARTERS] = {quarters->gains[0], quarters->gains[1], quarters->gains[2],
                                      quarters->gains[3]};
    ret += LS_QUARTERS * at;
    for (size_t c = 0; c < half; c++) {
        for (size_t q = 0; q < LS_QUARTERS; q++) {
            ret[LS_QUARTERS * c + q] = sums[q * padded + c] * gains[q] * scale[c] + missing;
        }
    }
}

size_t ls_quarters_finish(struct ls_quarters *quarters, const float *floor_pow, float *ret_sums) {
    size_t half = quarters->channels / 2;
    size_t slots = quarters->frames / quarters->lattice.slot_frames;
    slots = slots < quarters->slots ? slots : quarters->slots;
    for (size_t c = 0; c < quarters->channels; c++) {
        quarters->scale[c] = 1.0F / floor_pow[c];
    }
    while (quarters->slot < slots) {
        take_windows(quarters);
    }
    for (size_t s = 0; s < slots; s++) {
        size_t lost = quarters->lattice.windows - windows_in(quarters, s);
        float missing = quarters->pairs * (float)lost;
        float *ret = ret_sums + s * LS_QUARTERS * quarters->channels;
        finish_half(quarters, s, half, 0, missing, ret);
        finish_half(quarters, s, 0, half, missing, ret);
    }
    return slots;
}

LS_VERSIONS void ls_quarters_spread(const float *restrict values, size_t channels,
                                    float *restrict ret) {
    for (size_t c = 0; c < channels; c++) {
        for (size_t q = 0; q < LS_QUARTERS; q++) {
            ret[LS_QUARTERS * c + q] = values[c];
        }
    }
}

/* Looks of a slot's windows, of one quarter: as dsp/looks.h has it, windows of the slots before and
 * behind included. shared: [REACH_MAX] squared correlations of frames so far apart. */
static double looks_of(const struct lattice *lattice, const double *shared) {
    double sum = 0.0;
    for (size_t i = 0; i < lattice->windows; i++) {
        for (size_t k = 0; k < 3 * lattice->windows; k++) {
            size_t a = middle_of(lattice, 1, i);
            size_t b = middle_of(lattice, k / lattice->windows, k % lattice->windows);
            size_t apart = a > b ? a - b : b - a;
            sum += apart < REACH_MAX ? shared[apart] : 0.0;
        }
    }
    return (double)(lattice->windows * lattice->windows) / sum;
}

double ls_quarters_looks_share(size_t channels, size_t slot_frames, const float *prototype,
                               size_t length) {
    struct lattice taken = lattice_of(slot_frames);
    struct lattice counted = {.slot_frames = slot_frames,
                              .step = LS_QUARTERS_HOP,
                              .windows = slot_frames / LS_QUARTERS_HOP};
    double shared[REACH_MAX];
    assert(2 * length <= REACH_MAX * channels);
    for (size_t d = 0; d < REACH_MAX; d++) {
        double rho = ls_prototype_correlation(prototype, length, channels, d, 0);
        shared[d] = rho * rho;
    }
    return looks_of(&taken, shared) / looks_of(&counted, shared);
}

size_t ls_quarters_length(size_t channels, size_t length) {
    /* 2 SIDE hops of half a channel's length each, up to whole taps of four times as many. */
    size_t wide = LS_QUARTERS * channels;
    size_t all = length + SIDE * channels;
    return (all + wide - 1) / wide * wide;
}

int ls_quarters_prototype(const struct ls_quarters_opts *opts, float *ret, struct ls_err *err) {
    double w[SIDE + 1];
    int code = design(w, err);
    if (code != LS_OK) {
        return code;
    }
    size_t length = ls_quarters_length(opts->channels, opts->length);
    memset(ret, 0, length * sizeof *ret);
    for (int i = -SIDE; i <= SIDE; i++) {
        ptrdiff_t shift = (ptrdiff_t)(length / 2) - (ptrdiff_t)(opts->length / 2) +
                          i * (ptrdiff_t)(opts->channels / 2);
        for (size_t t = 0; t < opts->length; t++) {
            ret[shift + (ptrdiff_t)t] += (float)(w[abs(i)] * (double)opts->prototype[t]);
        }
    }
    return LS_OK;
}
