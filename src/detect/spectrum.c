#include "detect/spectrum.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

static const double OUTSIDE_SHARE = 0.005; /* SM.443: beta/2 */
static const double STANDS_OUT_SHARE =
    0.0025; /* of the strongest bin: 26 dB, the x of SM.443's x dB bandwidth */
static const double STANDS_OUT_SHARE_CLIPPED =
    0.03; /* 15 dB: clipping's products are not the signal */
enum { SMOOTH_BINS = 16 };
static const double STANDS_OUT_SIGMA = 2.0; /* of the noise in a smoothed bin */

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

/* Energy around bin i, averaged over SMOOTH_BINS: a channel of the bank or so, lest the carrier
 * line of a keyed signal hide its sidebands, which hold more than one percent of its power. */
static double smoothed(const struct ls_spectrum *s, uint32_t i, double *ret_bins) {
    uint32_t from = i > SMOOTH_BINS / 2 ? i - SMOOTH_BINS / 2 : 0;
    uint32_t to = i + SMOOTH_BINS / 2 + 1 < s->count ? i + SMOOTH_BINS / 2 + 1 : s->count;
    double sum = 0.0;
    for (uint32_t k = from; k < to; k++) {
        sum += (double)s->energy[k];
    }
    *ret_bins = (double)(to - from);
    return sum / *ret_bins;
}

static double strongest(const struct ls_spectrum *s, double noise) {
    double best = 0.0;
    double bins;
    for (uint32_t i = 0; i < s->count; i++) {
        best = fmax(best, smoothed(s, i, &bins) - noise);
    }
    return best;
}

/* Energy of bin i without its noise, or 0 where the spectrum does not stand out: keying clicks and
 * the pedestal of an overdriven receiver would else carry the edges away from the signal. */
static double signal_energy(const struct ls_spectrum *s, uint32_t i, double noise, double least) {
    double bins;
    double level = smoothed(s, i, &bins);
    double sigma = noise / sqrt(fmax(1.0, s->averages) * bins);
    bool stands_out = level > noise + fmax(STANDS_OUT_SIGMA * sigma, least);
    return stands_out ? fmax(0.0, (double)s->energy[i] - noise) : 0.0;
}

struct ls_occupied ls_spectrum_occupied(const struct ls_spectrum *s, double noise_pow) {
    double noise = noise_pow * s->seconds;
    double least = (s->clipped ? STANDS_OUT_SHARE_CLIPPED : STANDS_OUT_SHARE) * strongest(s, noise);
    double total = 0.0;
    for (uint32_t i = 0; i < s->count; i++) {
        total += signal_energy(s, i, noise, least);
    }
    struct ls_occupied ret = {.low_bin = s->first, .high_bin = (double)s->first + (double)s->count};
    if (total <= 0.0) {
        return ret;
    }
    double below = 0.0;
    double low_at = OUTSIDE_SHARE * total;
    double high_at = (1.0 - OUTSIDE_SHARE) * total;
    for (uint32_t i = 0; i < s->count; i++) {
        double energy = signal_energy(s, i, noise, least);
        double at = (double)s->first + (double)i;
        if (below < low_at && below + energy >= low_at) {
            ret.low_bin = at + (low_at - below) / energy;
        }
        if (below < high_at && below + energy >= high_at) {
            ret.high_bin = at + (high_at - below) / energy;
            break;
        }
        below += energy;
    }
    return ret;
}
