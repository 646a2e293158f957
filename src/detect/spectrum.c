#include "detect/spectrum.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "dsp/versions.h"

static const double OUTSIDE_SHARE = 0.005; /* SM.443: beta/2 */
static const double STANDS_OUT_SHARE =
    0.0025; /* of the strongest bin: 26 dB, the x of SM.443's x dB bandwidth */
static const double STANDS_OUT_SHARE_CLIPPED =
    0.03; /* 15 dB: clipping's products are not the signal */
enum {
    SMOOTH_BINS = 16,
    BLOCK = 64, /* bins smoothed in one go */
};
/* Of the noise in a smoothed bin: of the best bin of a run of bins, and of the others in it. A
 * spectrum holds some hundred runs of noise. */
static const double RUN_SIGMA = 5.0;
static const double BIN_SIGMA = 2.0;
/* Of the energy: when runs that stand out hold less, the rest is below what they show. */
static const double SEEN_SHARE = 0.7;
static const double BINS_PER_LOOK = 1.5; /* of a Hann window: its noise bandwidth */

void ls_spectrum_finish(struct ls_spectrum *spectrum) {
    free(spectrum->energy);
    memset(spectrum, 0, sizeof *spectrum);
}

/* Make [first, stop) part of the spectrum; new bins hold the noise of the time gathered so far. */
static int widen(struct ls_spectrum *s, uint32_t first, uint32_t stop, double noise_pow) {
    uint32_t from = s->count > 0 && s->first < first ? s->first : first;
    uint32_t to = s->count > 0 && s->first + s->count > stop ? s->first + s->count : stop;
    uint32_t count = to - from;
    if (count == s->count) {
        return LS_OK;
    }
    if (count > s->room) {
        float *grown = realloc(s->energy, count * sizeof *grown);
        if (grown == NULL) {
            return LS_ERR_NOMEM;
        }
        s->energy = grown;
        s->room = count;
    }
    uint32_t shift = s->count > 0 ? s->first - from : 0;
    memmove(s->energy + shift, s->energy, s->count * sizeof *s->energy);
    float noise = (float)(noise_pow * s->seconds);
    for (uint32_t i = 0; i < count; i++) {
        if (i < shift || i >= shift + s->count) {
            s->energy[i] = noise;
        }
    }
    s->first = from;
    s->count = count;
    return LS_OK;
}

int ls_spectrum_add(struct ls_spectrum *into, uint32_t first, const float *power, uint32_t count,
                    double seconds, double averages, double noise_pow) {
    int code = widen(into, first, first + count, noise_pow);
    if (code != LS_OK) {
        return code;
    }
    uint32_t offset = first - into->first;
    float noise = (float)(noise_pow * seconds);
    for (uint32_t i = 0; i < into->count; i++) {
        bool inside = i >= offset && i < offset + count;
        into->energy[i] += inside ? power[i - offset] * (float)seconds : noise;
    }
    into->seconds += seconds;
    into->averages += averages;
    return LS_OK;
}

int ls_spectrum_add_all(struct ls_spectrum *into, const struct ls_spectrum *from,
                        double noise_pow) {
    if (from->count == 0) {
        return LS_OK;
    }
    int code = widen(into, from->first, from->first + from->count, noise_pow);
    if (code != LS_OK) {
        return code;
    }
    uint32_t offset = from->first - into->first;
    float noise = (float)(noise_pow * from->seconds);
    for (uint32_t i = 0; i < into->count; i++) {
        bool inside = i >= offset && i < offset + from->count;
        into->energy[i] += inside ? from->energy[i - offset] : noise;
    }
    into->seconds += from->seconds;
    into->averages += from->averages;
    into->clipped = into->clipped || from->clipped;
    return LS_OK;
}

/* A spectrum that is smoothed a block at a time, as bins are asked for one after the other. */
struct smooth {
    const struct ls_spectrum *s;
    uint32_t from; /* bins [from, to) are in means */
    uint32_t to;
    double means[BLOCK];
};

/* Energy around bin i, averaged over SMOOTH_BINS: a channel of the bank or so, lest the carrier
 * line of a keyed signal hide its sidebands, which hold more than one percent of its power. */
static double mean_around(const struct ls_spectrum *s, uint32_t i, double *ret_bins) {
    uint32_t from = i > SMOOTH_BINS / 2 ? i - SMOOTH_BINS / 2 : 0;
    uint32_t to = i + SMOOTH_BINS / 2 + 1 < s->count ? i + SMOOTH_BINS / 2 + 1 : s->count;
    double sum = 0.0;
    for (uint32_t k = from; k < to; k++) {
        sum += (double)s->energy[k];
    }
    *ret_bins = (double)(to - from);
    return sum / *ret_bins;
}

/* The same of n <= BLOCK bins that are no nearer than that to the ends, side by side: each is added
 * up in the same order. energy: from SMOOTH_BINS / 2 before the first on. */
LS_VERSIONS static void means_around(const float *restrict energy, size_t n, double *restrict ret) {
    for (size_t i = 0; i < n; i++) {
        ret[i] = (double)energy[i];
    }
    for (size_t k = 1; k <= SMOOTH_BINS; k++) {
        for (size_t i = 0; i < n; i++) {
            ret[i] += (double)energy[i + k];
        }
    }
    for (size_t i = 0; i < n; i++) {
        ret[i] /= SMOOTH_BINS + 1;
    }
}

/* The block from bin i on, as far as bins have neighbours on both sides. */
static void smooth_block(struct smooth *smooth, uint32_t i) {
    const struct ls_spectrum *s = smooth->s;
    const uint32_t side = SMOOTH_BINS / 2;
    uint32_t left = s->count - side - i;
    smooth->from = i;
    smooth->to = i + (left < BLOCK ? left : BLOCK);
    means_around(s->energy + i - side, smooth->to - i, smooth->means);
}

static double smoothed(struct smooth *smooth, uint32_t i, double *ret_bins) {
    const uint32_t side = SMOOTH_BINS / 2;
    if (i < side || i + side >= smooth->s->count) {
        return mean_around(smooth->s, i, ret_bins);
    }
    if (i < smooth->from || i >= smooth->to) {
        smooth_block(smooth, i);
    }
    *ret_bins = SMOOTH_BINS + 1;
    return smooth->means[i - smooth->from];
}

static double strongest(struct smooth *smooth, double noise) {
    double best = 0.0;
    double bins;
    for (uint32_t i = 0; i < smooth->s->count; i++) {
        best = fmax(best, smoothed(smooth, i, &bins) - noise);
    }
    return best;
}

/* How far bin i stands out of the noise, in deviations of it; 0 when less than least. */
static double bin_sigmas(struct smooth *smooth, uint32_t i, double noise, double least) {
    double bins;
    double excess = smoothed(smooth, i, &bins) - noise;
    double looks = fmax(1.0, smooth->s->averages) * fmax(1.0, bins / BINS_PER_LOOK);
    return excess > least ? excess * sqrt(looks) / noise : 0.0;
}

/* The run of bins that stand out from bin i on: its end, or i + 1 when bin i does not. ret_signal:
 * it is no run of noise. Keying clicks and the pedestal of an overdriven receiver are below least:
 * they would else carry the edges away from the signal. */
static uint32_t run_end(struct smooth *smooth, uint32_t i, double noise, double least,
                        bool *ret_signal) {
    double best = 0.0;
    uint32_t end = i;
    double sigmas = bin_sigmas(smooth, end, noise, least);
    while (sigmas > BIN_SIGMA) {
        best = fmax(best, sigmas);
        end++;
        sigmas = end < smooth->s->count ? bin_sigmas(smooth, end, noise, least) : 0.0;
    }
    *ret_signal = best > RUN_SIGMA;
    return end > i ? end : i + 1;
}

static double bin_energy(const struct ls_spectrum *s, uint32_t i, double noise) {
    return fmax(0.0, (double)s->energy[i] - noise);
}

bool ls_spectrum_stands_out(const struct ls_spectrum *s, double noise_pow) {
    struct smooth smooth = {.s = s};
    double noise = noise_pow * s->seconds;
    double all = 0.0;
    double seen = 0.0;
    for (uint32_t i = 0, end; i < s->count; i = end) {
        bool signal;
        end = run_end(&smooth, i, noise, 0.0, &signal);
        for (uint32_t k = i; k < end; k++) {
            double energy = (double)s->energy[k] - noise;
            all += energy;
            seen += signal ? energy : 0.0;
        }
    }
    return seen > SEEN_SHARE * all && seen > 0.0;
}

struct ls_occupied ls_spectrum_occupied(const struct ls_spectrum *s, double noise_pow) {
    struct smooth smooth = {.s = s};
    double noise = noise_pow * s->seconds;
    double least =
        (s->clipped ? STANDS_OUT_SHARE_CLIPPED : STANDS_OUT_SHARE) * strongest(&smooth, noise);
    struct ls_occupied ret = {.low_bin = s->first, .high_bin = (double)s->first + (double)s->count};
    bool signal;
    double total = 0.0;
    for (uint32_t i = 0, end; i < s->count; i = end) {
        end = run_end(&smooth, i, noise, least, &signal);
        for (uint32_t k = i; signal && k < end; k++) {
            total += bin_energy(s, k, noise);
        }
    }
    if (total <= 0.0) {
        return ret;
    }
    double below = 0.0;
    double low_at = OUTSIDE_SHARE * total;
    double high_at = (1.0 - OUTSIDE_SHARE) * total;
    for (uint32_t i = 0, end; i < s->count; i = end) {
        end = run_end(&smooth, i, noise, least, &signal);
        for (uint32_t k = i; signal && k < end; k++) {
            double energy = bin_energy(s, k, noise);
            double at = (double)s->first + (double)k;
            if (below < low_at && below + energy >= low_at) {
                ret.low_bin = at + (low_at - below) / energy;
            }
            if (below < high_at && below + energy >= high_at) {
                ret.high_bin = at + (high_at - below) / energy;
            }
            below += energy;
        }
    }
    return ret;
}
