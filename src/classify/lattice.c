/* Random access of NB-IoT: one tone that hops to another one after each group of symbols, of 12
 * tones 3.75 kHz apart (3GPP TS 36.211 clause 10.1.6: groups of 1.4 ms with the short prefix, 1.6
 * ms with the long one). Where the hops leave gaps in a channel, the detector has each stay there
 * as a burst of two groups or more, so that hops are counted over all bursts. */
#include <math.h>

#include "classify/look.h"

static const double group_s[] = {1.4e-3, 1.6e-3};
static const double TONE_HZ = 3750.0;
static const double EDGE = 0.1; /* of a group, left out at either end: the burst's start is rough */
static const double CLEAN = 0.8; /* of the turns that a tone in that noise would show */
static const double QUIET = 0.3; /* of the mean power: a tone outside the band that was cut out */
static const double SPS_MAX = 200e3;

struct group {
    double hz;
    bool heard;
    bool tone;
};

/* The tone of samples [from, to): the mean of products one sample apart. */
static struct group look_at(const struct ls_look *look, size_t from, size_t to) {
    double complex sum = 0.0;
    double power = 0.0;
    for (size_t n = from; n + 1 < to; n++) {
        sum += (double complex)ls_look_product(look->x[n + 1], conjf(look->x[n]));
        power += (double)look->power[n];
    }
    double count = (double)(to - from - 1);
    double signal = power / count - look->iq->noise_pow;
    double mean = look->iq->noise_pow * look->snr;
    return (struct group){.hz = carg(sum) * look->iq->rate_sps / (2.0 * M_PI),
                          .heard = signal > QUIET * mean,
                          .tone = cabs(sum) / count > CLEAN * signal};
}

/* Mean over the hops, and how many there are; what is no tone or stays counts as no hop. */
static double fit(const struct ls_look *look, double seconds, double *ret_hops) {
    double length = seconds * look->iq->rate_sps;
    size_t edge = (size_t)ceil(EDGE * length);
    struct group before = {.heard = false};
    double sum = 0.0;
    *ret_hops = 0.0;
    for (size_t g = 0; (double)(g + 1) * length <= (double)look->count + (double)edge; g++) {
        size_t from = (size_t)((double)g * length) + edge;
        size_t to = (size_t)((double)(g + 1) * length) - edge;
        struct group now = look_at(look, from, to < look->count ? to : look->count);
        if (before.heard && now.heard) {
            double hop = (now.hz - before.hz) / TONE_HZ;
            bool hops = before.tone && now.tone && fabs(hop) > 0.5;
            sum += hops ? cos(2.0 * M_PI * hop) : 0.0;
            *ret_hops += 1.0;
        }
        before = now;
    }
    return sum;
}

void ls_lattice_measure(struct ls_look *look, struct ls_features *features) {
    double best = 0.0;
    double best_hops = 0.0;
    double shortest = 2.0 * group_s[0] * look->iq->rate_sps;
    if (!look->iq->has_start || look->iq->rate_sps > SPS_MAX || look->snr < 2.0 ||
        (double)look->count < shortest * (1.0 - EDGE)) {
        return;
    }
    for (size_t i = 0; i < sizeof group_s / sizeof group_s[0]; i++) {
        double hops;
        double sum = fit(look, group_s[i], &hops);
        if (hops > 0.0 && (best_hops <= 0.0 || sum / hops > best / best_hops)) {
            best = sum;
            best_hops = hops;
        }
    }
    if (best_hops > 0.0) {
        ls_features_set(features, LS_FEATURE_NPRACH, best / best_hops, best_hops);
    }
}
