/* simulate/observe.h: what a detector would have written about an emission that the receiver was
 * exposed to: found or not, and measured with errors. A model that stands for samples and detector
 * in logs; the detector itself plays no part in it.
 *
 * Detection: each burst is judged by the exact radiometer in its own bandwidth and at most 0.1 s
 * (Urkowitz, "Energy detection of unknown deterministic signals", Proc. IEEE 55(4), 1967, for a
 * Gaussian signal): N = max(1, B T) looks, threshold from a false-alarm probability of 1e-9,
 * Pd = Q(N, t / (1 + s)) with Q the upper regularised gamma function and s the SNR less 1 dB of
 * implementation loss. A transmission is found when one of its bursts is; it begins with the first
 * one and ends with the last one that was.
 *
 * Errors, normal: start and stop 0.1 ms (1 + 1/sqrt(s)); centre 1 % of the bandwidth at 10 dB, as
 * 1/sqrt(s); bandwidth 3 % + 10 % / sqrt(s); SNR and level 0.3 dB; offset 7e-4 B / sqrt(s n) for n
 * bursts found, at least 0.5 Hz (45 Hz for one GSM burst at 10 dB, as measured). The class is named
 * with probability 1 / (1 + exp(5 - SNR in dB)), else "unknown". */
#ifndef SIMULATE_OBSERVE_H
#define SIMULATE_OBSERVE_H

#include <gsl/gsl_rng.h>
#include <stdbool.h>
#include <stdint.h>

#include "model/burst.h"
#include "model/transmission.h"
#include "simulate/scene.h"

/* One stretch of listening. */
struct ls_observe_window {
    int64_t start_ns;
    int64_t stop_ns;
    double center_hz; /* tuning */
};

/* Probability that one burst of bandwidth_hz and length_s at snr_db is found. */
double ls_observe_detection(double bandwidth_hz, double length_s, double snr_db);

/* False: outside the band or the window, or not found. rng: of the measurements of this sensor. */
bool ls_observe_emission(const struct ls_scene *scene, size_t site,
                         const struct ls_emission *emission, const struct ls_waveform_info *info,
                         const struct ls_observe_window *window, const gsl_rng *rng,
                         struct ls_transmission *ret);

/* A row of noise alone at t_ns: a short box near the threshold, anywhere in the band. */
void ls_observe_noise(const struct ls_scene *scene, size_t site,
                      const struct ls_observe_window *window, int64_t t_ns, const gsl_rng *rng,
                      struct ls_transmission *ret);

#endif
