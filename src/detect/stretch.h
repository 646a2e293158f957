/* detect/stretch.h: a contiguous stretch of listening at one tuning, and how its frames and bins
 * map to time and frequency. Everything in src/detect works on one stretch at a time; nothing is
 * joined across its ends. */
#ifndef DETECT_STRETCH_H
#define DETECT_STRETCH_H

#include <stddef.h>
#include <stdint.h>

#include "model/tuning.h"

struct ls_stretch {
    int64_t t_ns; /* time of its first sample; frame k is centred on sample k * channels / 2 */
    struct ls_tuning tuning;
    size_t channels;  /* of the bank, in rising frequency: channel c is centred on center + (c -
                         channels/2) * spacing */
    size_t fine_bins; /* of the fine spectrum, a multiple of channels */
    double prototype_energy; /* sum h^2 of the bank's filter: noise of mean |x|^2 = v gives cells of
                                v * sum h^2 */
};

double ls_stretch_spacing_hz(const struct ls_stretch *s);

/* Time of a frame, fractions allowed. */
int64_t ls_stretch_time_ns(const struct ls_stretch *s, double frame);

/* The same for the edge of an event: to 1 us from the beginning of the stretch. */
int64_t ls_stretch_event_ns(const struct ls_stretch *s, double frame);

/* Seconds that frames last. */
double ls_stretch_seconds(const struct ls_stretch *s, double frames);

/* Frequency of a position in fine bins (0: -rate/2; bin k spans [k - 1/2, k + 1/2) around its
 * centre). */
double ls_stretch_bin_hz(const struct ls_stretch *s, double bin);

/* Lower edge of a channel in Hz. */
double ls_stretch_channel_hz(const struct ls_stretch *s, double channel);

/* Power at the antenna connector's full scale (|x|^2) that a sum of cells stands for. */
double ls_stretch_signal_pow(const struct ls_stretch *s, double cells_pow);

/* Noise density per Hz, and per fine bin, from the noise power of a cell. */
double ls_stretch_noise_per_hz(const struct ls_stretch *s, double cell_pow);
double ls_stretch_noise_per_bin(const struct ls_stretch *s, double cell_pow);

/* Values are stored no finer than they mean anything, so that rounding in the transforms, which
 * differs between processors, does not show: frequencies to 0.1 Hz, levels to 0.01 dB, times to 1
 * us. */
double ls_stretch_round(double value, double parts); /* to 1 / parts */

#endif
