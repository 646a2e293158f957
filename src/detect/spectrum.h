/* detect/spectrum.h: the energy spectrum of a burst or a transmission, gathered piece by piece, and
 * its occupied bandwidth. Bins are the fine bins of the stretch (dsp/zoom.h), in rising frequency.
 */
#ifndef DETECT_SPECTRUM_H
#define DETECT_SPECTRUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All-zero is empty. Finish frees; init is all-zero. */
struct ls_spectrum {
    uint32_t first; /* index of energy[0] */
    uint32_t count;
    uint32_t room;
    float *energy;   /* [count]: power with the noise left in, times seconds */
    double seconds;  /* how long it was gathered over */
    double averages; /* transforms it is made of */
    bool clipped; /* the converter clipped meanwhile: only bins within 15 dB of the strongest count
                   */
};

void ls_spectrum_finish(struct ls_spectrum *spectrum);

/* Add bins [first, first + count) of power, which lasted for seconds. Bins outside one of the two
 * are taken as noise_pow (power of noise in a bin). LS_ERR_NOMEM. */
int ls_spectrum_add(struct ls_spectrum *into, uint32_t first, const float *power, uint32_t count,
                    double seconds, double averages, double noise_pow);
int ls_spectrum_add_all(struct ls_spectrum *into, const struct ls_spectrum *from, double noise_pow);

/* Do the parts that stand out of what the noise scatters hold most of its energy? Otherwise they
 * say little of its edges. noise_pow as below. */
bool ls_spectrum_stands_out(const struct ls_spectrum *spectrum, double noise_pow);

struct ls_occupied {
    double low_bin; /* edges of the occupied bandwidth, in bins; a whole number is the lower edge of
                       a bin */
    double high_bin;
};

/* Occupied bandwidth: half a percent of the power lies below low_bin and half a percent above
 * high_bin (Rec. ITU-R SM.443, beta/2 = 0.5 %), after the noise (noise_pow a bin) is taken off and
 * only bins that stand out of it count. The whole range when nothing stands out. count > 0. */
struct ls_occupied ls_spectrum_occupied(const struct ls_spectrum *spectrum, double noise_pow);

#endif
