#include "detect/stretch.h"

#include <math.h>

#include "base/time.h"

double ls_stretch_spacing_hz(const struct ls_stretch *s) {
    return s->tuning.rate_sps / (double)s->channels;
}

static double hop(const struct ls_stretch *s) { return (double)s->channels / 2.0; }

int64_t ls_stretch_time_ns(const struct ls_stretch *s, double frame) {
    /* Whole samples first: a month of samples in ns does not fit a double to the ns. */
    double samples = frame * hop(s);
    double whole = floor(samples);
    int64_t ns = whole >= 0.0 ? ls_time_of_samples((uint64_t)whole, s->tuning.rate_sps) : 0;
    return s->t_ns + ns +
           (int64_t)llround((samples - (whole >= 0.0 ? whole : 0.0)) * 1e9 / s->tuning.rate_sps);
}

double ls_stretch_seconds(const struct ls_stretch *s, double frames) {
    return frames * hop(s) / s->tuning.rate_sps;
}

double ls_stretch_bin_hz(const struct ls_stretch *s, double bin) {
    double bins = (double)s->fine_bins;
    return s->tuning.center_hz + (bin - 0.5 - bins / 2.0) / bins * s->tuning.rate_sps;
}

double ls_stretch_channel_hz(const struct ls_stretch *s, double channel) {
    return s->tuning.center_hz +
           (channel - 0.5 - (double)s->channels / 2.0) * ls_stretch_spacing_hz(s);
}

double ls_stretch_signal_pow(const struct ls_stretch *s, double cells_pow) {
    return cells_pow / ((double)s->channels * s->prototype_energy);
}

double ls_stretch_noise_per_hz(const struct ls_stretch *s, double cell_pow) {
    return cell_pow / (s->tuning.rate_sps * s->prototype_energy);
}

double ls_stretch_noise_per_bin(const struct ls_stretch *s, double cell_pow) {
    return cell_pow / ((double)s->fine_bins * s->prototype_energy);
}

double ls_stretch_round(double value, double parts) {
    /* A quotient is the double nearest to the decimal, which then prints short. */
    return isfinite(value) ? round(value * parts) / parts : value;
}

int64_t ls_stretch_event_ns(const struct ls_stretch *s, double frame) {
    enum { NS_PER_US = 1000 };
    int64_t offset = ls_stretch_time_ns(s, frame) - s->t_ns;
    int64_t rest = offset % NS_PER_US;
    rest += rest < 0 ? NS_PER_US : 0;
    return s->t_ns + offset - rest + (rest >= NS_PER_US / 2 ? NS_PER_US : 0);
}
